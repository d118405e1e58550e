//! What was seen when, and under which id. The only user of SQLite.
