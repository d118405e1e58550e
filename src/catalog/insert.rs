//! Rows that are new, or at least replace what has their keys.
//!
//! A statement that may replace rows, be undone or start triggers keeps copies of all pages that it changes until it ends:
//! ten times what is written otherwise in a first scan. One that may fail half-way does not. What it leaves then is replaced.

use rusqlite::{Connection, ErrorCode, Params, params_from_iter};

/// Rows that are inserted together: to begin and end a statement costs as much as a row of it.
const TOGETHER: usize = 64;

/// How a single row is inserted: whole or not at all.
pub(super) struct Insert {
    pub(super) or_fail: &'static str,
    pub(super) or_replace: &'static str,
}

impl Insert {
    pub(super) fn put(&self, db: &Connection, values: impl Params + Copy) -> rusqlite::Result<()> {
        match db.prepare_cached(self.or_fail)?.execute(values) {
            Err(error) if is_taken(&error) => db.prepare_cached(self.or_replace)?.execute(values).map(drop),
            done => done.map(drop),
        }
    }
}

/// Inserts a row of numbers for each of some things, into a table that has nothing else.
pub(super) fn insert_all<T, const COLUMNS: usize>(
    db: &Connection,
    table: &str,
    things: &[T],
    row: impl Fn(&T) -> [Option<i64>; COLUMNS] + Copy,
) -> rusqlite::Result<()> {
    let insert = |or: &str, part: &[T]| {
        let places = format!("({})", ["?"; COLUMNS].join(", "));
        let sql = format!("INSERT OR {or} INTO {table} VALUES {}", vec![places; part.len()].join(", "));
        db.prepare_cached(&sql)?.execute(params_from_iter(part.iter().flat_map(row))).map(drop)
    };
    let (whole, rest) = things.as_chunks::<TOGETHER>();
    // Of two lengths, so that there are few statements.
    for part in whole.iter().map(<[_; TOGETHER]>::as_slice).chain(rest.chunks(1)) {
        match insert("FAIL", part) {
            Err(error) if is_taken(&error) => insert("REPLACE", part)?,
            done => done?,
        }
    }
    Ok(())
}

fn is_taken(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_inserted_and_replace_those_with_their_keys() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE number (key INTEGER PRIMARY KEY, value INTEGER)").unwrap();
        let sum = || {
            let sums = "SELECT COUNT(*), SUM(key), SUM(value) FROM number";
            db.query_row(sums, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap()
        };
        for (keys, value, expected) in [
            (0..0, None, (0, None, None)),
            (0..1, Some(1), (1, Some(0), Some(1))),
            (1..200, None, (200, Some(19_900), Some(1))),
            // Those that are there lie in the middle of a part, and at its end.
            (190..250, Some(2), (250, Some(31_125), Some(121))),
            (249..251, Some(3), (251, Some(31_375), Some(125))),
        ] {
            insert_all(&db, "number", &keys.clone().collect::<Vec<_>>(), |key| [Some(*key), value]).unwrap();
            assert_eq!(sum(), expected, "{keys:?}");
        }
    }
}
