//! Which posts are in a collection, and which of them its feeds may show.

use std::collections::HashSet;

use rusqlite::{OptionalExtension as _, Row, params, types::ValueRef};

use super::{
    Catalog, CatalogError,
    entries::{KeptEntry, kept_at},
};

pub(super) const AWAITED: &str = "SELECT EXISTS (SELECT 1 FROM post, json_each(post.members) AS one \
    WHERE due IS NOT NULL AND gone IS NULL AND state = 'scheduled' AND one.value ->> 0 = ?1) \
    OR EXISTS (SELECT 1 FROM post, json_each(post.members) AS one \
    WHERE gone IS NULL AND state = 'unseen' AND one.value ->> 0 = ?1)";

/// The members of a collection in an order: all of them, which SQLite merges from what is in a category itself and what is below
/// it, or only the former.
macro_rules! members {
    ($columns:literal, $that:literal, $order:literal) => {
        [
            concat!(members!(@ $columns, "0", $that), " UNION ALL ", members!(@ $columns, "1", $that), $order),
            concat!(members!(@ $columns, "1", $that), $order),
        ]
    };
    (@ $columns:literal, $direct:literal, $that:literal) => {
        concat!("SELECT ", $columns, " FROM member WHERE collection = ?1 AND direct = ", $direct, $that)
    };
}

/// By whether only those are asked for that are in a category itself; `published` is negated.
pub(super) const NEWEST: [&str; 2] =
    members!("post, published, tie", "", " ORDER BY published, tie LIMIT ?2 OFFSET ?3");
pub(super) const LAST_ARRIVED: [&str; 2] =
    members!("post, arrival", " AND arrival IS NOT NULL", " ORDER BY arrival DESC LIMIT ?2");

/// A post in a collection, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    /// The collection's number.
    pub(super) collection: i64,
    /// In this category itself, not in one below it.
    pub(super) direct: bool,
    /// Negated seconds, so that the newest comes first.
    pub(super) published: i64,
    /// Orders equal times.
    pub(super) tie: i64,
    /// The post's row.
    pub(super) post: i64,
    /// See [`super::Row::arrival`].
    pub(super) arrival: Option<i64>,
}

/// A post that a window may show. Times are seconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The post's row.
    pub post: i64,
    /// Its publication.
    pub published: i64,
    /// The post's id.
    pub id: String,
    /// The name of its posts folder.
    pub folder: String,
    /// Time of its last significant edit.
    pub updated: i64,
    /// The entry that is kept of it.
    pub kept: Option<KeptEntry>,
}

/// A number that orders posts of one second by id, as far as its first bytes tell; the feed orders them exactly.
pub(super) fn tie(id: &str) -> i64 {
    let hex: String = id
        .strip_prefix("urn:uuid:")
        .map(|uuid| uuid.chars().filter(char::is_ascii_hexdigit).take(16).collect())
        .unwrap_or_default();
    let bits = u64::from_str_radix(&hex, 16).unwrap_or_else(|_| {
        let hash = blake3::hash(id.as_bytes());
        u64::from_be_bytes(hash.as_bytes()[..8].try_into().unwrap_or_default())
    });
    // Signed order as unsigned order.
    (bits ^ (1 << 63)).cast_signed()
}

impl Catalog {
    /// The posts of a collection, newest first: `most` of them after the first `skip`.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn members(&self, collection: i64, direct: bool, skip: u64, most: usize) -> Result<Vec<i64>, CatalogError> {
        let mut statement = self.db.prepare_cached(NEWEST[usize::from(direct)])?;
        let rows = statement.query_map(params![collection, most, skip], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether a post will come out in a collection. Looks at every post that waits for its time, or is unseen.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn is_awaited(&self, collection: i64) -> Result<bool, CatalogError> {
        Ok(self.db.prepare_cached(AWAITED)?.query_row([collection], |row| row.get(0))?)
    }

    /// The posts that a window may show: the newest `entries`, those published within `seconds` before the newest, and
    /// the last `entries` that arrived; at most `most` of the first two together, and one more, which tells that there are.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn window(
        &self,
        collection: i64,
        direct: bool,
        entries: u32,
        seconds: i64,
        most: u32,
    ) -> Result<Vec<i64>, CatalogError> {
        let mut chosen = Vec::new();
        let mut statement = self.db.prepare_cached(NEWEST[usize::from(direct)])?;
        let mut rows = statement.query(params![collection, i64::from(most) + 1, 0])?;
        let mut line = i64::MIN;
        while let Some(row) = rows.next()? {
            let published = -row.get::<_, i64>(1)?;
            if chosen.is_empty() {
                line = published.saturating_sub(seconds);
            }
            if chosen.len() >= entries as usize && published < line {
                break;
            }
            chosen.push(row.get(0)?);
        }
        let mut seen: HashSet<i64> = chosen.iter().copied().collect();
        let mut statement = self.db.prepare_cached(LAST_ARRIVED[usize::from(direct)])?;
        for post in statement.query_map(params![collection, entries], |row| row.get(0))? {
            let post = post?;
            if seen.insert(post) {
                chosen.push(post);
            }
        }
        Ok(chosen)
    }

    /// What a window needs to know of a post.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn candidate(&self, post: i64) -> Result<Option<Candidate>, CatalogError> {
        let sql = "SELECT p.id, p.folder, p.published, p.updated, e.version, e.length, e.digest \
                   FROM post p LEFT JOIN entry e USING (post) WHERE post = ?";
        let read = |row: &Row<'_>| {
            Ok(Candidate {
                post,
                id: row.get::<_, Option<String>>(0)?.unwrap_or_default(),
                folder: row.get(1)?,
                published: row.get(2)?,
                updated: row.get(3)?,
                kept: if row.get_ref(4)? == ValueRef::Null { None } else { Some(kept_at(row, 4)?) },
            })
        };
        Ok(self.db.prepare_cached(sql)?.query_row([post], read).optional()?)
    }
}
