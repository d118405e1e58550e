//! What each document last was, and addresses that moved.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Catalog, CatalogError, StoredEntry, entries};

/// The fact that says when the output folder was last left as the catalog has it, in nanoseconds since the Unix epoch; 0
/// from the moment on at which the catalog gets ahead of it.
pub const CLEAN: &str = "clean";

/// Before documents are written or removed: who ends in the middle must not be believed.
fn mark_unclean(db: &Connection) -> rusqlite::Result<usize> {
    db.prepare_cached("UPDATE fact SET value = 0 WHERE name = ? AND value <> 0")?.execute([CLEAN])
}

/// What a document last was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentRecord {
    /// Digest of its bytes, as [`crate::rope::Rope::digest`] has it.
    pub hash: [u8; 16],
    /// Bytes.
    pub length: u64,
    /// `Last-Modified`, seconds since the Unix epoch.
    pub modified: i64,
}

/// A document of the output folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// Below the output folder, in our form.
    pub path: String,
    /// What it last was.
    pub record: DocumentRecord,
    /// The digest of its file, as [`crate::bytes::digest`] has it; absent until that is known to be written.
    pub file: Option<[u8; 16]>,
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
    /// Keeps rendered entries, what documents became of them, and takes the marks off their collections: one transaction.
    ///
    /// It is durable with the next [`super::Batch`], or when the system writes it: until then a power cut leaves the marks,
    /// and everything is made again as it was.
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
        self.without_waiting(|catalog| catalog.keep_all(entries, documents, stored, clean))?;
        let mut held = self.entries.borrow_mut();
        for (post, entry) in entries {
            held.put(*post, &entry.fragments);
        }
        Ok(())
    }

    fn keep_all(
        &mut self,
        entries: &[(i64, StoredEntry)],
        documents: &[(String, DocumentRecord)],
        stored: bool,
        clean: &[i64],
    ) -> Result<(), CatalogError> {
        let transaction = self.db.transaction()?;
        if !documents.is_empty() {
            mark_unclean(&transaction)?;
        }
        {
            for (post, entry) in entries {
                entries::insert(&transaction, *post, entry)?;
            }
            let insert =
                "INSERT OR REPLACE INTO document (path, hash, length, modified, stored) VALUES (?, ?, ?, ?, ?)";
            let mut insert = transaction.prepare_cached(insert)?;
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

    /// Whether the path of a document in the output folder holds these characters.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn any_stored_with(&self, part: &str) -> Result<bool, CatalogError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM document WHERE stored AND instr(path, ?))";
        Ok(self.db.prepare_cached(sql)?.query_row([part], |row| row.get(0))?)
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
    pub fn stored_documents(&self) -> Result<Vec<StoredDocument>, CatalogError> {
        let sql = "SELECT path, hash, length, modified, file FROM document WHERE stored ORDER BY path";
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            let record = DocumentRecord { hash: row.get(1)?, length: row.get(2)?, modified: row.get(3)? };
            Ok(StoredDocument { path: row.get(0)?, record, file: row.get(4)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Writes down which files stand in the output folder, by path, with their digests. Nobody waits for the disk: what a power
    /// cut takes of it is made again, and found there.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_files(&mut self, files: &[(String, [u8; 16])]) -> Result<(), CatalogError> {
        self.without_waiting(|catalog| {
            let transaction = catalog.db.transaction()?;
            {
                let mut update = transaction.prepare_cached("UPDATE document SET file = ? WHERE path = ?")?;
                for (path, digest) in files {
                    update.execute(params![digest, path])?;
                }
            }
            Ok(transaction.commit()?)
        })
    }

    /// Forgets documents that are no more, and remembers what became of their folders: (old path, what).
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn drop_documents(&mut self, paths: &[String], fates: &[(String, Former)]) -> Result<(), CatalogError> {
        let transaction = self.db.transaction()?;
        if !paths.is_empty() {
            mark_unclean(&transaction)?;
        }
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
