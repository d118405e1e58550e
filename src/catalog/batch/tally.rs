//! How many rows stand for what, written once a batch.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::super::row::{Row, State};

/// Rows that were written and are not counted yet.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By the names of their folders, by what they stand for, and whether their files are missing.
    rows: HashMap<String, HashMap<(State, bool), i64>>,
}

impl Tally {
    /// Counts a row that was written.
    pub(super) fn count(&mut self, db: &Connection, row: &Row) -> rusqlite::Result<()> {
        if row.gone.is_some() {
            return Ok(());
        }
        let kind = (row.state, row.missing.is_some());
        if let Some(rows) = self.rows.get_mut(&row.folder).and_then(|kinds| kinds.get_mut(&kind)) {
            *rows += 1;
            return Ok(());
        }
        // The first of its kind at once: triggers take from what is counted, and nothing can be taken from what is not there.
        self.rows.entry(row.folder.clone()).or_default().insert(kind, 0);
        add(db, &row.folder, kind, 1)
    }

    /// Writes down what was counted.
    pub(super) fn keep(&mut self, db: &Connection) -> rusqlite::Result<()> {
        for (folder, kinds) in self.rows.drain() {
            for (kind, rows) in kinds.into_iter().filter(|&(_, rows)| rows > 0) {
                add(db, &folder, kind, rows)?;
            }
        }
        Ok(())
    }
}

fn add(db: &Connection, folder: &str, (state, is_missing): (State, bool), rows: i64) -> rusqlite::Result<()> {
    let add = "INSERT INTO tally VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT (folder, state, missing) DO UPDATE SET posts = posts + ?4";
    db.prepare_cached(add)?.execute(params![folder, state.name(), is_missing, rows]).map(drop)
}
