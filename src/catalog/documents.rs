//! Rendered entries, what each document last was, and addresses that moved.

use rusqlite::{OptionalExtension, params};

use super::{Catalog, CatalogError, digest, measured, mentions};
use crate::feed::{Format, Fragments};

/// What a document last was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentRecord {
    /// Hash of its bytes.
    pub hash: [u8; 16],
    /// Bytes.
    pub length: u64,
    /// `Last-Modified`, seconds since the Unix epoch.
    pub modified: i64,
}

/// An entry as it was rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Digest of all that its bytes depend on besides the post.
    pub version: [u8; 16],
    /// The entry in each format.
    pub fragments: Fragments,
    /// What other posts are called that it names, as [`super::mention_name`] has it.
    pub mentions: Vec<String>,
    /// Which sounds and films were measured for it, and how long they are: (url, bytes).
    pub measured: Vec<(String, Option<u64>)>,
}

/// What became of a folder of feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Former {
    /// It is at another path for ever.
    Moved(String),
    /// It was removed on purpose.
    Gone,
}

impl Catalog {
    /// Which version of a post's entry is kept, and the bytes of its longest form.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn entry_version(&self, post: i64) -> Result<Option<([u8; 16], usize)>, CatalogError> {
        let mut statement = self.db.prepare_cached("SELECT version, length FROM entry WHERE post = ?")?;
        Ok(statement.query_row([post], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// The rendered entry of a post in one format. One that is not what was kept is forgotten, to be rendered again.
    ///
    /// # Errors
    /// When SQLite refuses, or the entry is not what was kept.
    pub fn fragment(&self, post: i64, format: Format) -> Result<Option<String>, CatalogError> {
        let (sql, at) = match format {
            Format::Rss => ("SELECT digests, CAST(rss AS BLOB) FROM entry WHERE post = ?", 0),
            Format::Atom => ("SELECT digests, CAST(atom AS BLOB) FROM entry WHERE post = ?", 1),
            Format::Json => ("SELECT digests, CAST(json AS BLOB) FROM entry WHERE post = ?", 2),
        };
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<Vec<u8>>>(0)?, row.get::<_, Vec<u8>>(1)?));
        let Some((digests, form)) = self.db.prepare_cached(sql)?.query_row([post], read).optional()? else {
            return Ok(None);
        };
        let is_kept = digests.is_none_or(|digests| digests.chunks(16).nth(at) == Some(&digest(&form)));
        match String::from_utf8(form) {
            Ok(form) if is_kept => Ok(Some(form)),
            _ => {
                self.db.prepare_cached("DELETE FROM entry WHERE post = ?")?.execute([post])?;
                Err(CatalogError::Altered { post })
            }
        }
    }

    /// Keeps rendered entries, what documents became of them, and takes the marks off their collections: one transaction.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn keep(
        &mut self,
        entries: &[(i64, StoredEntry)],
        documents: &[(String, DocumentRecord)],
        stored: bool,
        clean: &[i64],
    ) -> Result<(), CatalogError> {
        let transaction = self.db.transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)")?;
            for (post, StoredEntry { version, fragments, mentions, measured }) in entries {
                let length = fragments.longest();
                let digests = Format::ALL.map(|format| digest(fragments.get(format).as_bytes())).concat();
                insert.execute(params![
                    post,
                    version,
                    length,
                    fragments.rss,
                    fragments.atom,
                    fragments.json,
                    digests
                ])?;
                mentions::remember(&transaction, *post, mentions)?;
                measured::remember(&transaction, *post, measured)?;
            }
            let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?)")?;
            for (path, DocumentRecord { hash, length, modified }) in documents {
                insert.execute(params![path, hash, length, modified, stored])?;
            }
            let mut update = transaction.prepare_cached("UPDATE collection SET dirty = 0 WHERE collection = ?")?;
            for collection in clean {
                update.execute([collection])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// What a document last was.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn document(&self, path: &str) -> Result<Option<DocumentRecord>, CatalogError> {
        let mut statement = self.db.prepare_cached("SELECT hash, length, modified FROM document WHERE path = ?")?;
        Ok(statement
            .query_row([path], |row| {
                Ok(DocumentRecord { hash: row.get(0)?, length: row.get(1)?, modified: row.get(2)? })
            })
            .optional()?)
    }

    /// Whether a document of the output folder last had these bytes.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn is_stored(&self, path: &str, hash: [u8; 16]) -> Result<bool, CatalogError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM document WHERE path = ? AND hash = ? AND stored)";
        Ok(self.db.prepare_cached(sql)?.query_row(params![path, hash], |row| row.get(0))?)
    }

    /// Every document of the output folder, in path order.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn stored_documents(&self) -> Result<Vec<(String, DocumentRecord)>, CatalogError> {
        let mut statement =
            self.db.prepare_cached("SELECT path, hash, length, modified FROM document WHERE stored ORDER BY path")?;
        let rows = statement.query_map([], |row| {
            Ok((row.get(0)?, DocumentRecord { hash: row.get(1)?, length: row.get(2)?, modified: row.get(3)? }))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Forgets documents that are no more, and remembers what became of their folders: (old path, what).
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn drop_documents(&mut self, paths: &[String], fates: &[(String, Former)]) -> Result<(), CatalogError> {
        let transaction = self.db.transaction()?;
        for path in paths {
            transaction.prepare_cached("DELETE FROM document WHERE path = ?")?.execute([path])?;
        }
        for (old, fate) in fates {
            let target = match fate {
                Former::Moved(target) => Some(target),
                Former::Gone => None,
            };
            transaction.prepare_cached("INSERT OR REPLACE INTO former VALUES (?, ?)")?.execute(params![old, target])?;
            // What moved here before moves on; what lives here again has not moved.
            let mut follow = transaction.prepare_cached("UPDATE former SET target = ?2 WHERE target = ?1")?;
            follow.execute(params![old, target])?;
            if let Some(target) = target {
                transaction.prepare_cached("DELETE FROM former WHERE path = ?")?.execute([target])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Whether a former address leads to a path, or to a folder above it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn has_moved_to(&self, path: &str) -> Result<bool, CatalogError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM former WHERE substr(?, 1, length(target)) = target)";
        Ok(self.db.prepare_cached(sql)?.query_row([path], |row| row.get(0))?)
    }

    /// The folders at and below a path that moved: (old path, target).
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn moved_from(&self, path: &str) -> Result<Vec<(String, String)>, CatalogError> {
        let sql = "SELECT path, target FROM former WHERE substr(path, 1, length(?1)) = ?1 AND target IS NOT NULL";
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement.query_map([path], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// What became of a path, by the nearest folder above it that is no more.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn former(&self, path: &str) -> Result<Option<Former>, CatalogError> {
        let mut statement = self.db.prepare_cached("SELECT target FROM former WHERE path = ?")?;
        let whole = format!("{path}/");
        let ends = whole.match_indices('/').map(|(at, _)| at + 1).collect::<Vec<_>>();
        for end in ends.into_iter().rev() {
            let (folder, rest) = (whole.get(..end).unwrap_or_default(), path.get(end..).unwrap_or_default());
            let found: Option<Option<String>> = statement.query_row([folder], |row| row.get(0)).optional()?;
            if let Some(target) = found {
                return Ok(Some(target.map_or(Former::Gone, |target| Former::Moved(target + rest))));
            }
        }
        Ok(None)
    }
}
