//! Which posts of a feed are one entry that came from several places: the same link, or the same title on the same day.
//!
//! Kept only for feeds that fold such entries. The one that was seen first stands for all: of a first scan the earliest, of
//! others the one that arrived first, so that no reader is shown another one later. One that another hides may hide a third.

use std::collections::HashSet;

use rusqlite::{Connection, params};

use super::{
    Catalog, CatalogError, Key,
    collection::Names,
    members::tie,
    row::{Row, select},
};

/// Seconds of a day.
const DAY: i64 = 24 * 3600;

impl Catalog {
    /// Says which collections fold their entries; those that are new are read through.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn set_folding(&mut self, keys: &[Key]) -> Result<(), CatalogError> {
        let folding: HashSet<i64> = keys.iter().filter_map(|key| Some(self.collection(key)?.number)).collect();
        let transaction = self.db.transaction()?;
        let before: HashSet<i64> = {
            let mut statement = transaction.prepare_cached("SELECT collection FROM folding")?;
            let numbers = statement.query_map([], |row| row.get(0))?;
            numbers.collect::<rusqlite::Result<_>>()?
        };
        for number in before.difference(&folding) {
            transaction.execute("DELETE FROM folding WHERE collection = ?", [number])?;
            transaction.execute("DELETE FROM likeness WHERE collection = ?", [number])?;
        }
        for number in folding.difference(&before) {
            transaction.execute("INSERT INTO folding VALUES (?)", [number])?;
            for row in select(&transaction, "post IN (SELECT post FROM member WHERE collection = ?)", [number])? {
                write(&transaction, *number, &row)?;
            }
        }
        transaction.commit()?;
        self.collections.folding = folding;
        Ok(())
    }

    /// Whether a post stands for itself in a collection that folds its entries.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn is_first(&self, collection: i64, post: i64) -> Result<bool, CatalogError> {
        let mut statement = self.db.prepare_cached(
            "SELECT NOT EXISTS (SELECT 1 FROM likeness a JOIN likeness b USING (collection, likeness) \
             WHERE a.collection = ?1 AND a.post = ?2 \
             AND (b.arrival, b.published, b.tie, b.post) < (a.arrival, a.published, a.tie, a.post))",
        )?;
        Ok(statement.query_row([collection, post], |row| row.get(0))?)
    }
}

/// Takes note of what a post is like now. Returns the posts that it may hide from now on, or hides no more.
pub(super) fn follow(db: &Connection, names: &Names, row: &Row) -> rusqlite::Result<Vec<i64>> {
    if names.folding.is_empty() {
        return Ok(Vec::new());
    }
    let before = standing(db, row.post)?;
    let mut others = leave(db, row.post)?;
    if row.is_public() {
        for (collection, _) in row.members.iter().filter(|(number, _)| names.folding.contains(number)) {
            write(db, *collection, row)?;
        }
    }
    if standing(db, row.post)? == before {
        return Ok(Vec::new());
    }
    others.extend(like(db, row.post)?);
    Ok(others)
}

/// Forgets a post that is in no feed any more. Returns the posts that it may have hidden.
pub(super) fn leave(db: &Connection, post: i64) -> rusqlite::Result<Vec<i64>> {
    let others = like(db, post)?;
    db.prepare_cached("DELETE FROM likeness WHERE post = ?")?.execute([post])?;
    Ok(others)
}

/// The posts that are like a post.
fn like(db: &Connection, post: i64) -> rusqlite::Result<Vec<i64>> {
    let mut statement = db.prepare_cached(
        "SELECT DISTINCT b.post FROM likeness a JOIN likeness b USING (collection, likeness) \
         WHERE a.post = ?1 AND b.post <> ?1",
    )?;
    statement.query_map([post], |row| row.get(0))?.collect()
}

/// What decides whether a post hides others: in which collection by what, and its order there.
type Standing = (i64, String, [i64; 3]);

fn standing(db: &Connection, post: i64) -> rusqlite::Result<Vec<Standing>> {
    let mut statement = db.prepare_cached(
        "SELECT collection, likeness, arrival, published, tie FROM likeness WHERE post = ? ORDER BY collection, likeness",
    )?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, [row.get(2)?, row.get(3)?, row.get(4)?]));
    statement.query_map([post], read)?.collect()
}

fn write(db: &Connection, collection: i64, row: &Row) -> rusqlite::Result<()> {
    let title = format!("{} {}", row.published.div_euclid(DAY), row.title.to_lowercase());
    let mut insert = db.prepare_cached("INSERT OR IGNORE INTO likeness VALUES (?, ?, ?, ?, ?, ?)")?;
    for likeness in row.link.iter().chain([&title]) {
        insert.execute(params![
            collection,
            likeness,
            row.arrival.unwrap_or(0),
            row.published,
            tie(row.id.as_deref().unwrap_or_default()),
            row.post
        ])?;
    }
    Ok(())
}
