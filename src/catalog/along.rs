//! What is known of the files of a folder, for whoever goes through them in the order of their paths: a row at a time, however
//! many there are.

use rusqlite::{Rows, params};

use super::{
    Catalog, CatalogError,
    row::{Known, known_at},
};

/// A path and what is known of it.
type File = (Vec<u8>, Known);

/// The rows of a folder, in the byte order of their paths.
pub struct Along<'s> {
    rows: Rows<'s>,
    /// The next row; none at the end, or after a failure.
    next: Option<File>,
    /// Files that nobody asked for, but for those that were missing before.
    passed: Vec<File>,
    failure: Option<rusqlite::Error>,
}

impl Along<'_> {
    /// What is known of a file. Asked in the order of paths; what is asked later than its turn is found all the same, slowly.
    pub fn known(&mut self, path: &[u8]) -> Option<Known> {
        while self.next.as_ref().is_some_and(|(next, _)| next.as_slice() < path) {
            self.pass();
        }
        if self.next.as_ref().is_some_and(|(next, _)| next == path) {
            let found = self.next.take();
            self.advance();
            return found.map(|(_, known)| known);
        }
        let late = self.passed.binary_search_by(|(passed, _)| passed.as_slice().cmp(path)).ok()?;
        Some(self.passed.remove(late).1)
    }

    fn pass(&mut self) {
        self.passed.extend(self.next.take().filter(|(_, known)| !known.missing));
        self.advance();
    }

    fn advance(&mut self) {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, known_at(row, 1)?));
        match self.rows.next().and_then(|row| row.map(read).transpose()) {
            Ok(next) => self.next = next,
            Err(error) => self.failure = Some(error),
        }
    }
}

impl Catalog {
    /// Goes along what is known of a folder's files. Returns, beside what `go` does, the paths that nobody asked for and what is
    /// known of them, but for those that were missing before.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn along<R>(&self, folder: &str, go: impl FnOnce(&mut Along<'_>) -> R) -> Result<(R, Vec<File>), CatalogError> {
        let mut statement = self.db.prepare_cached(
            "SELECT path, size, modified, changed, inode, post, settled, missing IS NOT NULL, content FROM post \
             WHERE folder = ? AND here ORDER BY path",
        )?;
        let rows = statement.query([folder])?;
        let mut along = Along { rows, next: None, passed: Vec::new(), failure: None };
        along.advance();
        let done = go(&mut along);
        while along.next.is_some() {
            along.pass();
        }
        match along.failure {
            Some(error) => Err(error.into()),
            None => Ok((done, along.passed)),
        }
    }

    /// The paths at and below a directory that are known.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn known_below(&self, folder: &str, directory: &[u8]) -> Result<Vec<Vec<u8>>, CatalogError> {
        let mut statement = self.db.prepare_cached(
            "SELECT path FROM post WHERE folder = ?1 AND here AND path = ?2 \
             UNION SELECT path FROM post WHERE folder = ?1 AND here AND path >= ?3 AND path < ?4",
        )?;
        let (first, end) = match directory {
            // No name is as long.
            [] => (Vec::new(), vec![u8::MAX; 256]),
            directory => ([directory, b"/"].concat(), [directory, b"0"].concat()),
        };
        let paths = statement.query_map(params![folder, directory, first, end], |row| row.get(0))?;
        Ok(paths.collect::<rusqlite::Result<_>>()?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn everything_is_found_once_or_passed(
            rows in proptest::collection::btree_map("[ab./]{1,3}", any::<bool>(), 0..12),
            asked in proptest::collection::btree_set("[ab./]{1,3}", 0..12),
            late in "[ab./]{1,3}",
        ) {
            let state = tempfile::tempdir().unwrap();
            let catalog = Catalog::open(state.path()).unwrap();
            for (path, missing) in &rows {
                let sql = "INSERT INTO post (folder, path, here, size, modified, changed, inode, settled, content, state, \
                           missing, together, first_seen, published, dated_from, updated, pinned, digest, rendering, members) \
                           VALUES ('posts', ?, 1, 0, 0, 0, 0, 1, zeroblob(16), 'published', ?, 0, 0, 0, '', 0, 1, x'', x'', '')";
                catalog.db.execute(sql, params![path.as_bytes(), missing.then_some(1)]).unwrap();
            }
            let ask = |along: &mut Along<'_>, path: &String| along.known(path.as_bytes()).is_some();
            let ((found, was_late), passed) = catalog.along("posts", |along| {
                let found: Vec<bool> = asked.iter().map(|path| ask(along, path)).collect();
                (found, ask(along, &late))
            }).unwrap();

            prop_assert_eq!(found, asked.iter().map(|path| rows.contains_key(path)).collect::<Vec<_>>());
            let is_last = asked.last().is_none_or(|last| *last < late);
            let expected = rows.get(&late).is_some_and(|missing| !asked.contains(&late) && (is_last || !missing));
            prop_assert_eq!(was_late, expected);
            let rest = rows.iter().filter(|(path, missing)| !**missing && !asked.contains(*path) && **path != late);
            let rest: Vec<&[u8]> = rest.map(|(path, _)| path.as_bytes()).collect();
            prop_assert_eq!(passed.iter().map(|(path, _)| path.as_slice()).collect::<Vec<_>>(), rest);

            let below: Vec<_> = rows.keys().filter(|path| *path == "a" || path.starts_with("a/")).map(|path| path.as_bytes().to_vec()).collect();
            prop_assert_eq!(catalog.known_below("posts", b"a").unwrap(), below);
            prop_assert_eq!(catalog.known_below("posts", b"").unwrap().len(), rows.len());
        }
    }
}
