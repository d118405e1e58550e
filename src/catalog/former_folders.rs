//! Folders that are no more: their posts are found in other folders or buried, some at a time.
//!
//! Tombstones keep ids and pins, for a folder that comes back or has another name now.

use rusqlite::params;

use super::{Batch, Catalog, CatalogError, row::only};

const OTHERS: &str = "SELECT folder FROM tally WHERE posts > 0 \
                      UNION SELECT substr(name, length('scanned ') + 1) FROM fact WHERE name GLOB 'scanned *'";
/// What is asked for every part: none of it may look at every post.
pub(super) const NEXT: &str =
    "SELECT published, post, path FROM post WHERE folder = ? AND here AND path > ? ORDER BY path LIMIT ?";
pub(super) const ELSEWHERE: &str =
    "SELECT published, post FROM post WHERE folder = ? AND missing IS NOT NULL AND NOT here";

/// A row of a folder that is no more. In their order the oldest is the first: they are to be buried so, and no older one comes
/// into a window meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaving {
    published: i64,
    post: i64,
}

impl Catalog {
    /// From now on these are the folders that there are: a post of another, by its name, is taken for the same that is found in
    /// one of them.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn set_folders(&mut self, names: &[&str]) -> Result<(), CatalogError> {
        let known: Vec<String> =
            self.db.prepare_cached(OTHERS)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        self.former_folders = known.into_iter().filter(|name| !names.contains(&name.as_str())).collect();
        Ok(())
    }

    /// The names of folders that are no more, and of which something is still known.
    #[must_use]
    pub fn former_folders(&self) -> &[String] {
        &self.former_folders
    }

    /// The next rows of such a folder behind the path `after`, at most so many; `after` is the last one's then.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn leaving_after(&self, folder: &str, after: &mut Vec<u8>, most: usize) -> Result<Vec<Leaving>, CatalogError> {
        let mut leaving = Vec::new();
        let mut statement = self.db.prepare_cached(NEXT)?;
        let mut rows = statement.query(params![folder, after.clone(), most])?;
        while let Some(row) = rows.next()? {
            leaving.push(Leaving { published: row.get(0)?, post: row.get(1)? });
            *after = row.get(2)?;
        }
        Ok(leaving)
    }

    /// Those rows of such a folder where another file stands now.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn leaving_elsewhere(&self, folder: &str) -> Result<Vec<Leaving>, CatalogError> {
        let mut statement = self.db.prepare_cached(ELSEWHERE)?;
        let rows = statement.query_map([folder], |row| Ok(Leaving { published: row.get(0)?, post: row.get(1)? }))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Batch<'_> {
    /// Buries those rows that were found in no other folder. Returns how many posts that leaves the feeds without.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn bury_former(&mut self, leaving: &[Leaving]) -> Result<u64, CatalogError> {
        let mut shown = 0;
        for Leaving { post, .. } in leaving {
            let row = only(&self.db, "post = ? AND gone IS NULL", [post])?;
            match row.filter(|row| self.former_folders.contains(&row.folder)) {
                Some(row) if row.id.is_some() => {
                    shown += u64::from(row.is_public());
                    self.bury(row)?;
                }
                Some(_) => _ = self.db.prepare_cached("DELETE FROM post WHERE post = ?")?.execute([post])?,
                None => {}
            }
        }
        Ok(shown)
    }

    /// Forgets what is known of the folders themselves that are no more: should one come back, it was never scanned.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn forget_former(&mut self) -> Result<(), CatalogError> {
        for name in self.former_folders {
            for fact in ["scanned", "settings", "device", "present since"] {
                self.db.prepare_cached("DELETE FROM fact WHERE name = ?")?.execute([format!("{fact} {name}")])?;
            }
        }
        Ok(())
    }
}
