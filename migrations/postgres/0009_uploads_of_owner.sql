-- Before an upload begins, its owner's are counted.
CREATE INDEX uploads_of_owner ON uploads (owner_id);
