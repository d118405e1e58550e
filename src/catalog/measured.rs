//! Sounds and films whose length was measured when an entry was rendered: it changes without the post.

use rusqlite::{Connection, params};

use super::{Batch, Catalog, CatalogError, row::only};

/// A file that an entry says the length of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// The post's row.
    pub post: i64,
    /// The name of its posts folder.
    pub folder: String,
    /// The post's path below it, raw bytes.
    pub path: Vec<u8>,
    /// Where the file is for readers.
    pub url: String,
    /// Bytes; absent where there was no file.
    pub length: Option<u64>,
}

impl Catalog {
    /// Every file that was measured for an entry.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn measured(&self) -> Result<Vec<Measured>, CatalogError> {
        let sql = "SELECT post, folder, path, url, length FROM measured JOIN post USING (post) WHERE missing IS NULL";
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            let (post, folder, path, url, length) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            Ok(Measured { post, folder, path, url, length })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Batch<'_> {
    /// Lets the entry of a post be made anew, since a file that it names has another length.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn measure_again(&mut self, post: i64) -> Result<(), CatalogError> {
        if let Some(row) = only(&self.db, "post = ?", [post])?.filter(super::Row::is_public) {
            self.outdate(post)?;
            self.touch(&row)?;
        }
        Ok(())
    }
}

/// Remembers what was measured for an entry: (url, length).
pub(super) fn remember(db: &Connection, post: i64, measured: &[(String, Option<u64>)]) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM measured WHERE post = ?")?.execute([post])?;
    let mut insert = db.prepare_cached("INSERT OR REPLACE INTO measured VALUES (?, ?, ?)")?;
    for (url, length) in measured {
        insert.execute(params![post, url, length])?;
    }
    Ok(())
}
