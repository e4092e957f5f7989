//! The database: one file a noun, one SQL for SQLite and PostgreSQL, and the job table.
