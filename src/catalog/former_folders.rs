//! Folders that are no more: their posts are missed, found in other folders or buried, and the folders forgotten, some posts at a
//! time.
//!
//! Tombstones keep ids and pins, for a folder that comes back or has another name now.

use rusqlite::params;

use super::{
    Batch, Catalog, CatalogError,
    batch::Others,
    departures::ALL_MISSING,
    row::{only, select},
};

const OTHERS: &str = "SELECT folder FROM tally WHERE posts > 0 \
                      UNION SELECT substr(name, length('scanned ') + 1) FROM fact WHERE name GLOB 'scanned *'";
/// What is asked for every part: none of it may look at every post.
pub(super) const NEXT: &str = "SELECT post, id IS NOT NULL, published, path FROM post WHERE folder = ? AND here AND path > ? ORDER BY path LIMIT ?";
const MISS: &str = "UPDATE post SET missing = ? WHERE post = ? AND missing IS NULL";

/// A post of a folder that is no more. In their order the oldest is the first: they are to be buried so, and no older one comes
/// into a window meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaving {
    published: i64,
    post: i64,
}

impl Catalog {
    /// The names of all folders but these of which anything is known.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn former_folders(&self, names: &[&str]) -> Result<Vec<String>, CatalogError> {
        let known: Vec<String> =
            self.db.prepare_cached(OTHERS)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(known.into_iter().filter(|name| !names.contains(&name.as_str())).collect())
    }
}

impl Batch<'_> {
    /// Misses the next posts of a folder behind a path, at most so many: they stay where they are until they are found in another
    /// folder, or buried. They are added to `leaving`. Returns the last path; nothing where there are no more.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn miss_former(
        &mut self,
        folder: &str,
        after: &[u8],
        most: usize,
        leaving: &mut Vec<Leaving>,
    ) -> Result<Option<Vec<u8>>, CatalogError> {
        self.others = Others::Lost;
        let mut next = self.db.prepare_cached(NEXT)?;
        let rows = next
            .query_map(params![folder, after, most], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        let mut last = None;
        for (post, is_post, published, path) in rows.collect::<rusqlite::Result<Vec<(i64, bool, i64, _)>>>()? {
            if is_post {
                self.db.prepare_cached(MISS)?.execute([self.now, post])?;
                leaving.push(Leaving { published, post });
            } else {
                self.db.prepare_cached("DELETE FROM post WHERE post = ?")?.execute([post])?;
            }
            last = Some(path);
        }
        Ok(last)
    }

    /// Buries those of them that still are in these folders.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn bury_former(&mut self, leaving: &[Leaving], folders: &[String]) -> Result<(), CatalogError> {
        for Leaving { post, .. } in leaving {
            let row = only(&self.db, "post = ? AND gone IS NULL", [post])?;
            row.filter(|row| folders.contains(&row.folder)).map_or(Ok(()), |row| self.bury(row))?;
        }
        Ok(())
    }

    /// Forgets a folder whose posts are buried.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn forget_folder(&mut self, name: &str) -> Result<(), CatalogError> {
        // Another file stood where they were.
        for row in select(&self.db, ALL_MISSING, [name])? {
            self.bury(row)?;
        }
        for fact in ["scanned", "settings", "device", "present since"] {
            self.db.prepare_cached("DELETE FROM fact WHERE name = ?")?.execute([format!("{fact} {name}")])?;
        }
        Ok(())
    }
}
