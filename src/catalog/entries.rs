//! Rendered entries: on disk all of them, in memory those that were used last.

use std::sync::Arc;

use lru::LruCache;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Catalog, CatalogError, measured, mentions};
use crate::{bytes, feed::Fragments};

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
    /// By which it is known.
    pub(super) digest: Digest,
    /// What other posts are called that it names, as [`super::mention_name`] has it.
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
        let (length, digest) = (fragments.longest(), digest(&fragments));
        Self { version, fragments: Arc::new(fragments), length, digest, mentions, measured }
    }

    /// What will be known of it once it is kept.
    #[must_use]
    pub fn kept(&self) -> KeptEntry {
        KeptEntry { version: self.version, length: self.length, digest: Some(self.digest) }
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
    entries: LruCache<i64, (Digest, Arc<Fragments>)>,
    bytes: usize,
}

impl Default for Held {
    fn default() -> Self {
        Self { entries: LruCache::unbounded(), bytes: 0 }
    }
}

impl Held {
    /// Holds the entry of a post, at the expense of those that were not used for longest.
    pub(super) fn put(&mut self, post: i64, digest: Digest, fragments: &Arc<Fragments>) {
        self.bytes += fragments.size();
        if let Some((_, before)) = self.entries.put(post, (digest, Arc::clone(fragments))) {
            self.bytes -= before.size();
        }
        while self.bytes > HELD
            && let Some((_, (_, oldest))) = self.entries.pop_lru()
        {
            self.bytes -= oldest.size();
        }
    }

    fn get(&mut self, post: i64, digest: Digest) -> Option<Arc<Fragments>> {
        self.entries.get(&post).filter(|(held, _)| *held == digest).map(|(_, fragments)| Arc::clone(fragments))
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
        let forms = self.db.prepare_cached(sql)?.query_row([post], read).optional()?;
        let found = forms.and_then(|(rss, atom, json, html)| {
            let [rss, atom, json] = [rss, atom, json].map(String::from_utf8);
            let html = html.map(String::from_utf8).transpose().ok()?;
            let fragments = Fragments::of([rss.ok()?, atom.ok()?, json.ok()?], html);
            Some((digest(&fragments), Arc::new(fragments)))
        });
        match found {
            Some((digest, fragments)) if kept.digest.is_none_or(|kept| kept == digest) => {
                self.entries.borrow_mut().put(post, digest, &fragments);
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
    let StoredEntry { version, fragments, length, digest, mentions, measured } = entry;
    let [rss, atom, json] = fragments.forms();
    db.prepare_cached(
        "INSERT OR REPLACE INTO entry (post, version, length, digest, rss, atom, json, html) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![post, version, length, digest, rss, atom, json, fragments.html()])?;
    mentions::remember(db, post, mentions)?;
    measured::remember(db, post, measured)
}

fn digest(fragments: &Fragments) -> Digest {
    let [rss, atom, json] = fragments.forms();
    // No text has a NUL.
    bytes::digest([rss, b"\0", atom, b"\0", json, b"\0", fragments.html().unwrap_or_default()].concat())
}
