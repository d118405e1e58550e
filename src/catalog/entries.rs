//! Rendered entries: on disk all of them, in memory those that were used last.

use std::sync::Arc;

use lru::LruCache;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Catalog, CatalogError, digest, measured, mentions};
use crate::feed::{Format, Fragments};

/// Bytes of entries that are held in memory: those of the feeds that change most often.
const HELD: usize = 4 * 1024 * 1024;

/// The digests of an entry's forms, one after the other, in the order of [`Format::ALL`].
pub(super) type Digests = [u8; 48];

/// An entry as it was rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Digest of all that its bytes depend on besides the post.
    pub version: [u8; 16],
    /// The entry in each format.
    pub fragments: Arc<Fragments>,
    /// What other posts are called that it names, as [`super::mention_name`] has it.
    pub mentions: Vec<String>,
    /// Which sounds and films were measured for it, and how long they are: (url, bytes).
    pub measured: Vec<(String, Option<u64>)>,
}

/// What is known of an entry that is kept, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptEntry {
    /// As in [`StoredEntry`].
    pub version: [u8; 16],
    /// Bytes of its longest form.
    pub length: usize,
    /// Older catalogs have none.
    digests: Option<Digests>,
}

/// Entries by post, with the digests by which they are known: one that was changed or forgotten meanwhile is not found.
#[derive(Debug)]
pub(super) struct Held {
    entries: LruCache<i64, (Digests, Arc<Fragments>)>,
    bytes: usize,
}

impl Default for Held {
    fn default() -> Self {
        Self { entries: LruCache::unbounded(), bytes: 0 }
    }
}

impl Held {
    /// Holds the entry of a post, at the expense of those that were not used for longest.
    pub(super) fn put(&mut self, post: i64, digests: Digests, fragments: &Arc<Fragments>) {
        self.bytes += size(fragments);
        if let Some((_, before)) = self.entries.put(post, (digests, Arc::clone(fragments))) {
            self.bytes -= size(&before);
        }
        while self.bytes > HELD
            && let Some((_, (_, oldest))) = self.entries.pop_lru()
        {
            self.bytes -= size(&oldest);
        }
    }

    fn get(&mut self, post: i64, digests: Digests) -> Option<Arc<Fragments>> {
        self.entries.get(&post).filter(|(held, _)| *held == digests).map(|(_, fragments)| Arc::clone(fragments))
    }
}

impl Catalog {
    /// What is known of a post's entry, if one is kept.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn kept_entry(&self, post: i64) -> Result<Option<KeptEntry>, CatalogError> {
        let mut statement = self.db.prepare_cached("SELECT version, length, digests FROM entry WHERE post = ?")?;
        let read =
            |row: &rusqlite::Row<'_>| Ok(KeptEntry { version: row.get(0)?, length: row.get(1)?, digests: row.get(2)? });
        Ok(statement.query_row([post], read).optional()?)
    }

    /// The rendered entry of a post. One that is not what was kept is forgotten, to be rendered again.
    ///
    /// # Errors
    /// When SQLite refuses, or the entry is not what was kept.
    pub fn fragments(&self, post: i64, kept: &KeptEntry) -> Result<Arc<Fragments>, CatalogError> {
        if let Some(held) = kept.digests.and_then(|digests| self.entries.borrow_mut().get(post, digests)) {
            return Ok(held);
        }
        let sql = "SELECT CAST(rss AS BLOB), CAST(atom AS BLOB), CAST(json AS BLOB) FROM entry WHERE post = ?";
        let read = |row: &rusqlite::Row<'_>| Ok([row.get::<_, Vec<u8>>(0)?, row.get(1)?, row.get(2)?]);
        let forms = self.db.prepare_cached(sql)?.query_row([post], read).optional()?;
        let found = forms.and_then(|forms| {
            let [rss, atom, json] = forms.map(String::from_utf8);
            let fragments = Fragments { rss: rss.ok()?, atom: atom.ok()?, json: json.ok()? };
            Some((digests(&fragments), Arc::new(fragments)))
        });
        match found {
            Some((digests, fragments)) if kept.digests.is_none_or(|kept| kept == digests) => {
                self.entries.borrow_mut().put(post, digests, &fragments);
                Ok(fragments)
            }
            _ => {
                self.db.prepare_cached("DELETE FROM entry WHERE post = ?")?.execute([post])?;
                Err(CatalogError::Altered { post })
            }
        }
    }
}

/// Keeps the entry of a post; returns the digests by which it is known.
pub(super) fn insert(db: &Connection, post: i64, entry: &StoredEntry) -> rusqlite::Result<Digests> {
    let StoredEntry { version, fragments, mentions, measured } = entry;
    let digests = digests(fragments);
    db.prepare_cached(
        "INSERT OR REPLACE INTO entry (post, version, length, digests, rss, atom, json) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        post,
        version,
        fragments.longest(),
        digests,
        fragments.rss,
        fragments.atom,
        fragments.json,
    ])?;
    mentions::remember(db, post, mentions)?;
    measured::remember(db, post, measured)?;
    Ok(digests)
}

fn digests(fragments: &Fragments) -> Digests {
    let mut digests = [0; 48];
    for (place, format) in digests.chunks_mut(16).zip(Format::ALL) {
        place.copy_from_slice(&digest(fragments.get(format).as_bytes()));
    }
    digests
}

fn size(fragments: &Fragments) -> usize {
    Format::ALL.into_iter().map(|format| fragments.get(format).len()).sum()
}
