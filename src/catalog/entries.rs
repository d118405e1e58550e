//! Rendered entries: on disk all of them, in memory those that were used last.

use std::sync::Arc;

use bytes::Bytes;
use lru::LruCache;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Catalog, CatalogError, measured, mentions};
use crate::feed::Fragments;

/// Bytes of entries that are held in memory: those of the feeds that change most often.
const HELD: usize = 8 * 1024 * 1024;

/// The digest of an entry's forms and its HTML.
pub(super) type Digest = [u8; 16];

/// An entry as it was rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Digest of all that its bytes depend on besides the post.
    pub version: [u8; 16],
    /// The entry in each format.
    pub fragments: Arc<Fragments>,
    /// Bytes of its longest form.
    pub length: usize,
    /// What other posts are called that it names, as [`super::Catalog::called`] has it.
    pub mentions: Vec<String>,
    /// Which sounds and films were measured for it, and how long they are: (url, bytes).
    pub measured: Vec<(String, Option<u64>)>,
}

impl StoredEntry {
    /// An entry that was just rendered.
    #[must_use]
    pub fn new(
        version: [u8; 16],
        fragments: Fragments,
        mentions: Vec<String>,
        measured: Vec<(String, Option<u64>)>,
    ) -> Self {
        let length = fragments.longest();
        Self { version, fragments: Arc::new(fragments), length, mentions, measured }
    }

    /// What will be known of it once it is kept.
    #[must_use]
    pub fn kept(&self) -> KeptEntry {
        KeptEntry { version: self.version, length: self.length, digest: Some(self.fragments.digest()) }
    }
}

/// What is known of an entry that is kept, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptEntry {
    /// As in [`StoredEntry`].
    pub version: [u8; 16],
    /// Bytes of its longest form.
    pub length: usize,
    /// Older catalogs have none.
    digest: Option<Digest>,
}

/// Entries by post, with the digest by which each is known: one that was changed or forgotten meanwhile is not found.
#[derive(Debug)]
pub(super) struct Held {
    entries: LruCache<i64, Arc<Fragments>>,
    bytes: usize,
}

impl Default for Held {
    fn default() -> Self {
        Self { entries: LruCache::unbounded(), bytes: 0 }
    }
}

impl Held {
    /// Holds the entry of a post, at the expense of those that were not used for longest.
    pub(super) fn put(&mut self, post: i64, fragments: &Arc<Fragments>) {
        self.bytes += fragments.size();
        if let Some(before) = self.entries.put(post, Arc::clone(fragments)) {
            self.bytes -= before.size();
        }
        while self.bytes > HELD
            && let Some((_, oldest)) = self.entries.pop_lru()
        {
            self.bytes -= oldest.size();
        }
    }

    fn get(&mut self, post: i64, digest: Digest) -> Option<Arc<Fragments>> {
        self.entries.get(&post).filter(|held| held.digest() == digest).map(Arc::clone)
    }
}

impl Catalog {
    /// What is known of a post's entry, if one is kept.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn kept_entry(&self, post: i64) -> Result<Option<KeptEntry>, CatalogError> {
        let mut statement = self.db.prepare_cached("SELECT version, length, digest FROM entry WHERE post = ?")?;
        Ok(statement.query_row([post], |row| kept_at(row, 0)).optional()?)
    }

    /// The rendered entry of a post. One that is not what was kept is forgotten, to be rendered again.
    ///
    /// # Errors
    /// When SQLite refuses, or the entry is not what was kept.
    pub fn fragments(&self, post: i64, kept: &KeptEntry) -> Result<Arc<Fragments>, CatalogError> {
        if let Some(held) = kept.digest.and_then(|digest| self.entries.borrow_mut().get(post, digest)) {
            return Ok(held);
        }
        let sql = "SELECT CAST(rss AS BLOB), CAST(atom AS BLOB), CAST(json AS BLOB), CAST(html AS BLOB) FROM entry \
                   WHERE post = ?";
        let read = |row: &rusqlite::Row<'_>| {
            Ok((
                row.get::<_, Vec<u8>>(0)?,
                row.get::<_, Vec<u8>>(1)?,
                row.get::<_, Vec<u8>>(2)?,
                row.get::<_, Option<Vec<u8>>>(3)?,
            ))
        };
        let found = self.db.prepare_cached(sql)?.query_row([post], read).optional()?;
        let found = found.map(|(rss, atom, json, html)| {
            Arc::new(Fragments::of([rss, atom, json].map(Bytes::from), html.map(Bytes::from)))
        });
        match found {
            Some(fragments) if kept.digest.is_none_or(|kept| kept == fragments.digest()) => {
                self.entries.borrow_mut().put(post, &fragments);
                Ok(fragments)
            }
            _ => {
                self.db.prepare_cached("DELETE FROM entry WHERE post = ?")?.execute([post])?;
                Err(CatalogError::Altered { post })
            }
        }
    }
}

/// What is known of an entry, from its version on.
pub(super) fn kept_at(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<KeptEntry> {
    Ok(KeptEntry { version: row.get(first)?, length: row.get(first + 1)?, digest: row.get(first + 2)? })
}

/// Keeps the entry of a post.
pub(super) fn insert(db: &Connection, post: i64, entry: &StoredEntry) -> rusqlite::Result<()> {
    let StoredEntry { version, fragments, length, mentions, measured } = entry;
    let [rss, atom, json] = fragments.forms();
    db.prepare_cached(
        "INSERT OR REPLACE INTO entry (post, version, length, digest, rss, atom, json, html) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![post, version, length, fragments.digest(), rss, atom, json, fragments.html()])?;
    mentions::remember(db, post, mentions)?;
    measured::remember(db, post, measured)
}
