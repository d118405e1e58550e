//! Archives: every post of a feed, in pages that do not move (RFC 5005 §4).
//!
//! A post has a number in each archive that it is in, given once: in the order of publication when the archive begins,
//! then in the order in which posts come. A page is a hundred numbers. A post that goes leaves a gap; one that comes
//! back finds its place.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Catalog, CatalogError, members::Member};

/// How many posts a page has.
pub const PAGE: u64 = 100;

/// A page in the output folder that is older than its posts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StalePage {
    /// The collection's number.
    pub collection: i64,
    /// Of its own posts, not of those below it.
    pub direct: bool,
    /// From 1.
    pub page: u64,
}

impl Catalog {
    /// How many pages the archive of a feed has; the last one is still filling.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn archive_pages(&self, collection: i64, direct: bool) -> Result<u64, CatalogError> {
        let Some(known) = self.collections.numbered(collection) else { return Ok(0) };
        let posts = if known.archives.has(direct) {
            last_number(&self.db, collection, direct)?
        } else {
            self.size(collection, direct)
        };
        Ok(posts.div_ceil(PAGE))
    }

    /// The posts of a page, from 1, that are public now, in any order; none before [`Catalog::begin_archive`].
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn archive_page(&self, collection: i64, direct: bool, page: u64) -> Result<Vec<i64>, CatalogError> {
        let last = page.saturating_mul(PAGE);
        // What a post's row says of its collections, not the table of members: where a byte of that is another one, SQLite
        // does not notice, and the post would be nowhere.
        let mut statement = self.db.prepare_cached(
            "SELECT post FROM archive a JOIN post p USING (post) \
             WHERE a.collection = ?1 AND a.direct = ?2 AND a.number > ?3 AND a.number <= ?4 \
             AND p.state = 'published' AND p.gone IS NULL AND EXISTS (SELECT 1 FROM json_each(p.members) AS one \
             WHERE one.value ->> 0 = ?1 AND one.value ->> 1 >= ?2)",
        )?;
        let rows =
            statement.query_map(params![collection, direct, last.saturating_sub(PAGE), last], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Gives every post of a feed its number, if that has not been done.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn begin_archive(&mut self, collection: i64, direct: bool) -> Result<(), CatalogError> {
        if self.collections.numbered(collection).is_none_or(|known| known.archives.has(direct)) {
            return Ok(());
        }
        let transaction = self.db.transaction()?;
        // `published` is negated.
        transaction.execute(
            "INSERT INTO archive SELECT ?1, ?2, row_number() OVER (ORDER BY arrival NULLS FIRST, published DESC, tie), \
             post FROM member WHERE collection = ?1 AND direct >= ?2",
            params![collection, direct],
        )?;
        let bit = if direct { 2 } else { 1 };
        transaction.execute("UPDATE collection SET archives = archives | ? WHERE collection = ?", [bit, collection])?;
        if self.keeps_pages {
            mark_all(&transaction, "collection = ?1 AND direct = ?2", params![collection, direct])?;
        }
        transaction.commit()?;
        self.note_archive(collection, direct);
        Ok(())
    }

    /// Says whether archive pages lie in the output folder.
    pub fn keep_pages(&mut self, kept: bool) {
        self.keeps_pages = kept;
    }

    /// Marks every archive page, because what documents are made of has changed.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn mark_all_pages(&mut self) -> Result<(), CatalogError> {
        self.db.execute("DELETE FROM stale_page", [])?;
        if self.keeps_pages {
            mark_all(&self.db, "TRUE", [])?;
        }
        Ok(())
    }

    /// The pages in the output folder that are older than their posts.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn stale_pages(&self) -> Result<Vec<StalePage>, CatalogError> {
        self.stale_pages_after(StalePage::default(), u32::MAX)
    }

    /// The same after one of them, in their order, at most so many.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn stale_pages_after(&self, after: StalePage, most: u32) -> Result<Vec<StalePage>, CatalogError> {
        let StalePage { collection, direct, page } = after;
        let sql = "SELECT collection, direct, page FROM stale_page WHERE (collection, direct, page) > (?, ?, ?) \
                   ORDER BY collection, direct, page LIMIT ?";
        let mut statement = self.db.prepare_cached(sql)?;
        let pages = statement.query_map(params![collection, direct, page, most], |row| {
            Ok(StalePage { collection: row.get(0)?, direct: row.get(1)?, page: row.get(2)? })
        })?;
        Ok(pages.collect::<rusqlite::Result<_>>()?)
    }

    /// Takes the mark off a page that was made anew.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn clean_page(&mut self, stale: StalePage) -> Result<(), CatalogError> {
        let StalePage { collection, direct, page } = stale;
        self.db
            .prepare_cached("DELETE FROM stale_page WHERE collection = ? AND direct = ? AND page = ?")?
            .execute(params![collection, direct, page])?;
        Ok(())
    }
}

/// Marks the pages of the archives' rows that a condition selects.
fn mark_all(db: &Connection, condition: &str, values: impl rusqlite::Params) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT OR IGNORE INTO stale_page SELECT DISTINCT collection, direct, (number + {PAGE} - 1) / {PAGE} \
         FROM archive WHERE {condition}"
    );
    db.prepare_cached(&sql)?.execute(values)?;
    Ok(())
}

/// Marks the pages that a post is on.
pub(super) fn mark(db: &Connection, post: i64) -> rusqlite::Result<()> {
    mark_all(db, "post = ?1", [post])
}

/// Gives a member its number in an archive that has begun, unless it has one; the number, if it is new.
pub(super) fn append(db: &Connection, member: &Member, direct: bool) -> rusqlite::Result<Option<u64>> {
    let known = db
        .prepare_cached("SELECT 1 FROM archive WHERE collection = ? AND direct = ? AND post = ?")?
        .query_row(params![member.collection, direct, member.post], |_| Ok(()))
        .optional()?;
    if known.is_some() {
        return Ok(None);
    }
    let number = last_number(db, member.collection, direct)? + 1;
    db.prepare_cached("INSERT INTO archive VALUES (?, ?, ?, ?)")?.execute(params![
        member.collection,
        direct,
        number,
        member.post
    ])?;
    Ok(Some(number))
}

/// Marks the page that a new number is on, and the one before, which has one after it now.
pub(super) fn mark_end(db: &Connection, member: &Member, direct: bool, number: u64) -> rusqlite::Result<()> {
    let condition = "collection = ?1 AND direct = ?2 AND number IN (?3, ?3 - 1)";
    mark_all(db, condition, params![member.collection, direct, number])
}

fn last_number(db: &Connection, collection: i64, direct: bool) -> rusqlite::Result<u64> {
    db.prepare_cached("SELECT COALESCE(MAX(number), 0) FROM archive WHERE collection = ? AND direct = ?")?
        .query_row(params![collection, direct], |row| row.get(0))
}
