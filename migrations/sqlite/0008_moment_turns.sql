-- Who speaks in a moment's excerpt: as JSON, pairs of a channel and the character at which it begins to speak. Moments
-- of before have none until something at them changes; then their excerpt is read anew, corrections and all.
ALTER TABLE moments ADD COLUMN turns TEXT NOT NULL DEFAULT '[]';
