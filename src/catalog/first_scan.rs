//! The first scan of a folder: nothing in it is late, and where others go on meanwhile it is shown only at its end.
//!
//! Files come in the order of their paths. Of a part of them the newest would not be the newest, so what is read beside other
//! work is unseen at first ([`Catalog::begin_unseen`]) and then shown ([`Batch::show_unseen`]), the newest first: a feed that is
//! made meanwhile lacks older posts at most.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    Batch, Catalog, CatalogError,
    row::{Row, select},
    set_fact,
};
use crate::{config::Folder, post::Visibility};

/// What is asked for every part that is shown: none of it may look at every post.
pub(super) const NEWEST_UNSEEN: &str = "post IN (SELECT post FROM post WHERE folder = ? AND state = 'unseen' AND gone IS NULL \
                             ORDER BY published DESC LIMIT ?)";
const SHOW: &str = "UPDATE post SET state = ?2, due = ?3, arrival = ?4 WHERE post = ?1";

/// What the fact of a folder says while its first scan is under way beside other work; later it says since when it is known.
const UNSEEN: i64 = 0;

fn fact(folder: &str) -> String {
    format!("scanned {folder}")
}

/// Since when a folder is known whole; nothing where it was never scanned.
fn known_since(db: &Connection, folder: &str) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT value FROM fact WHERE name = ?")?.query_row([fact(folder)], |row| row.get(0)).optional()
}

impl Catalog {
    /// Whether a folder was ever scanned whole.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn was_scanned(&self, folder: &str) -> Result<bool, CatalogError> {
        Ok(known_since(&self.db, folder)?.is_some_and(|since| since != UNSEEN))
    }

    /// From now on, what comes from a folder that was never scanned whole is unseen until [`Batch::scanned`].
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn begin_unseen(&mut self, folder: &str) -> Result<(), CatalogError> {
        // Once: it may be that it cannot be read for days.
        if known_since(&self.db, folder)?.is_some() { Ok(()) } else { self.set_fact(&fact(folder), UNSEEN) }
    }
}

impl Batch<'_> {
    /// Shows the newest `most` of a folder's unseen posts. Returns how many there were.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn show_unseen(&mut self, folder: &Folder, most: usize) -> Result<usize, CatalogError> {
        let unseen = select(&self.db, NEWEST_UNSEEN, params![folder.read.folder, most])?;
        for before in &unseen {
            let mut row = before.clone();
            (row.state, row.due) = self.state(folder, &row, Visibility::Public);
            self.give_arrival(&mut row)?;
            // The row alone, not all that is found by it; a trigger counts it.
            self.db.prepare_cached(SHOW)?.execute(params![row.post, row.state.name(), row.due, row.arrival])?;
            self.follow(before, &row, true)?;
        }
        Ok(unseen.len())
    }

    /// The folder was scanned whole: what comes from now on arrives.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn scanned(&mut self, folder: &str) -> Result<(), CatalogError> {
        let is_first = self.is_first_scan(folder)?;
        self.known_since = None;
        // Since when it is known is of no interest.
        if is_first { set_fact(&self.db, &fact(folder), self.now) } else { Ok(()) }
    }

    /// Counts a post that becomes public.
    pub(super) fn give_arrival(&mut self, row: &mut Row) -> Result<(), CatalogError> {
        if row.is_public() && row.arrival.is_none() {
            row.arrival = Some(if self.is_first_scan(&row.folder)? { 0 } else { self.next_arrival });
            self.next_arrival += row.arrival.map_or(0, |arrival| arrival.min(1));
        }
        Ok(())
    }

    fn is_first_scan(&mut self, folder: &str) -> Result<bool, CatalogError> {
        Ok(self.known_since(folder)?.is_none_or(|since| since == UNSEEN))
    }

    /// Whether what comes from a folder is not shown yet.
    pub(super) fn is_unseen(&mut self, folder: &str) -> Result<bool, CatalogError> {
        Ok(self.known_since(folder)? == Some(UNSEEN))
    }

    /// Asked for every post.
    fn known_since(&mut self, folder: &str) -> Result<Option<i64>, CatalogError> {
        if let Some((_, since)) = self.known_since.as_ref().filter(|(of, _)| of == folder) {
            return Ok(*since);
        }
        let since = known_since(&self.db, folder)?;
        self.known_since = Some((folder.to_owned(), since));
        Ok(since)
    }
}
