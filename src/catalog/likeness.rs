//! Which posts of a feed are one entry that came from several places: the same link, or the same title on the same day.
//!
//! Kept only for feeds that fold such entries. The one that was seen first stands for all: of a first scan the earliest, of
//! others the one that arrived first, so that no reader is shown another one later. One that another hides may hide a third.

use std::collections::{BTreeSet, HashSet};

use rusqlite::{Connection, OptionalExtension as _, params};

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
                standing(*number, &row).try_for_each(|one| write(&transaction, &one, row.post))?;
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

/// Takes note of what a post is like now. Returns the posts that come out from behind it, or go behind it.
pub(super) fn follow(db: &Connection, names: &Names, row: &Row) -> rusqlite::Result<Vec<i64>> {
    if names.folding.is_empty() {
        return Ok(Vec::new());
    }
    let folding = row.members.iter().filter(|(number, _)| row.is_public() && names.folding.contains(number));
    let now: Vec<Standing> = folding.flat_map(|(number, _)| standing(*number, row)).collect();
    if stood(db, row.post)? == now.iter().cloned().collect() {
        return Ok(Vec::new());
    }
    let mut others = leave(db, row.post)?;
    for one in &now {
        write(db, one, row.post)?;
        others.extend(first_beside(db, one, row.post)?);
    }
    Ok(others)
}

/// Forgets a post that is in no feed any more. Returns the posts that come out from behind it.
pub(super) fn leave(db: &Connection, post: i64) -> rusqlite::Result<Vec<i64>> {
    let mut others = Vec::new();
    for one in stood(db, post)? {
        others.extend(first_beside(db, &one, post)?);
    }
    db.prepare_cached("DELETE FROM likeness WHERE post = ?")?.execute([post])?;
    Ok(others)
}

/// What decides whether a post hides others: a collection, what it is like, and its order there.
type Standing = (i64, String, [i64; 3]);

/// What a row is like in a collection.
fn standing(collection: i64, row: &Row) -> impl Iterator<Item = Standing> {
    let title = format!("{} {}", row.published.div_euclid(DAY), row.title.to_lowercase());
    let order = [row.arrival.unwrap_or(0), row.published, tie(row.id.as_deref().unwrap_or_default())];
    row.link.clone().into_iter().chain([title]).map(move |likeness| (collection, likeness, order))
}

/// What was written of a post.
fn stood(db: &Connection, post: i64) -> rusqlite::Result<BTreeSet<Standing>> {
    let sql = "SELECT collection, likeness, arrival, published, tie FROM likeness WHERE post = ?";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, [row.get(2)?, row.get(3)?, row.get(4)?]));
    db.prepare_cached(sql)?.query_map([post], read)?.collect()
}

/// The first of the others that are like a post. It alone may come out, or go behind it: it hides the rest.
fn first_beside(db: &Connection, (collection, likeness, _): &Standing, post: i64) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT post FROM likeness WHERE collection = ? AND likeness = ? AND post <> ? \
               ORDER BY arrival, published, tie, post LIMIT 1";
    db.prepare_cached(sql)?.query_row(params![collection, likeness, post], |row| row.get(0)).optional()
}

fn write(
    db: &Connection,
    (collection, likeness, [arrival, published, tie]): &Standing,
    post: i64,
) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached("INSERT OR IGNORE INTO likeness VALUES (?, ?, ?, ?, ?, ?)")?;
    insert.execute(params![collection, likeness, arrival, published, tie, post]).map(drop)
}
