//! What is known of the files of a folder, for whoever goes through them in the order of their paths: a row at a time, however
//! many there are.

use rusqlite::{Rows, params};

use super::{
    Catalog, CatalogError,
    row::{Known, known_at},
};

/// Behind every path: no name is as long.
const LAST: [u8; 256] = [u8::MAX; 256];

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
    /// Goes along what is known of a folder's files, behind the path `after` up to and with the path `to`, or to the end.
    /// Returns, beside what `go` does, the paths that nobody asked for, but for those that were missing before.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn along<R>(
        &self,
        folder: &str,
        after: &[u8],
        to: Option<&[u8]>,
        go: impl FnOnce(&mut Along<'_>) -> R,
    ) -> Result<(R, Vec<Vec<u8>>), CatalogError> {
        let mut statement = self.db.prepare_cached(
            "SELECT path, size, modified, changed, inode, post, settled, missing IS NOT NULL, content FROM post \
             WHERE folder = ? AND here AND path > ? AND path <= ? ORDER BY path",
        )?;
        let rows = statement.query(params![folder, after, to.unwrap_or(&LAST)])?;
        let mut along = Along { rows, next: None, passed: Vec::new(), failure: None };
        along.advance();
        let done = go(&mut along);
        while along.next.is_some() {
            along.pass();
        }
        match along.failure {
            Some(error) => Err(error.into()),
            None => Ok((done, along.passed.into_iter().map(|(path, _)| path).collect())),
        }
    }

    /// Whether it knows a file of a folder, be it one that is missing.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn knows(&self, folder: &str) -> Result<bool, CatalogError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM post WHERE folder = ? AND here)";
        Ok(self.db.prepare_cached(sql)?.query_row([folder], |row| row.get(0))?)
    }

    /// The next paths of a folder that are known and not missing, in byte order, behind the path `after`; at most so many.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn known_after(&self, folder: &str, after: &[u8], most: usize) -> Result<Vec<Vec<u8>>, CatalogError> {
        let mut statement = self.db.prepare_cached(
            "SELECT path FROM post WHERE folder = ? AND here AND missing IS NULL AND path > ? ORDER BY path LIMIT ?",
        )?;
        let paths = statement.query_map(params![folder, after, most], |row| row.get(0))?;
        Ok(paths.collect::<rusqlite::Result<_>>()?)
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
            [] => (Vec::new(), LAST.to_vec()),
            directory => ([directory, b"/"].concat(), [directory, b"0"].concat()),
        };
        let paths = statement.query_map(params![folder, directory, first, end], |row| row.get(0))?;
        Ok(paths.collect::<rusqlite::Result<_>>()?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{
        collection::{btree_map, btree_set},
        prelude::*,
    };
    use tempfile::TempDir;

    use super::*;

    /// A catalog that knows these files, and which of them are missing.
    fn catalog_of(rows: &BTreeMap<String, bool>) -> (TempDir, Catalog) {
        let state = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(state.path()).unwrap();
        for (path, missing) in rows {
            let sql = "INSERT INTO post (folder, path, here, size, modified, changed, inode, settled, content, state, \
                       missing, together, first_seen, published, dated_from, updated, pinned, digest, rendering, members) \
                       VALUES ('posts', ?, 1, 0, 0, 0, 0, 1, zeroblob(16), 'published', ?, 0, 0, 0, '', 0, 1, x'', x'', '')";
            catalog.db.execute(sql, params![path.as_bytes(), missing.then_some(1)]).unwrap();
        }
        (state, catalog)
    }

    fn ask(along: &mut Along<'_>, path: &str) -> bool {
        along.known(path.as_bytes()).is_some()
    }

    fn bytes<'p>(paths: impl Iterator<Item = &'p String>) -> Vec<Vec<u8>> {
        paths.map(|path| path.as_bytes().to_vec()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn everything_is_found_once_or_passed(
            rows in btree_map("[ab./]{1,3}", any::<bool>(), 0..12),
            asked in btree_set("[ab./]{1,3}", 0..12),
            late in "[ab./]{1,3}",
        ) {
            let (_state, catalog) = catalog_of(&rows);
            let ((found, was_late), passed) = catalog.along("posts", b"", None, |along| {
                let found: Vec<bool> = asked.iter().map(|path| ask(along, path)).collect();
                (found, ask(along, &late))
            }).unwrap();

            prop_assert_eq!(found, asked.iter().map(|path| rows.contains_key(path)).collect::<Vec<_>>());
            let is_last = asked.last().is_none_or(|last| *last < late);
            let expected = rows.get(&late).is_some_and(|missing| !asked.contains(&late) && (is_last || !missing));
            prop_assert_eq!(was_late, expected);
            let there = rows.iter().filter(|(_, missing)| !**missing).map(|(path, _)| path);
            let rest = there.filter(|path| !asked.contains(*path) && **path != late);
            prop_assert_eq!(passed, bytes(rest));
            prop_assert_eq!(catalog.knows("posts").unwrap(), !rows.is_empty());
            prop_assert!(!catalog.knows("other").unwrap());

            let below = rows.keys().filter(|path| *path == "a" || path.starts_with("a/"));
            prop_assert_eq!(catalog.known_below("posts", b"a").unwrap(), bytes(below));
            prop_assert_eq!(catalog.known_below("posts", b"").unwrap().len(), rows.len());
        }

        #[test]
        fn parts_are_together_what_the_whole_is(
            rows in btree_map("[ab./]{1,3}", any::<bool>(), 0..12),
            asked in btree_set("[ab./]{1,3}", 0..12),
        ) {
            let (_state, catalog) = catalog_of(&rows);
            let there = || rows.iter().filter(|(_, missing)| !**missing).map(|(path, _)| path);
            let asked: Vec<&String> = asked.iter().collect();
            let (mut after, mut found, mut passed) = (Vec::new(), 0, Vec::new());
            for part in asked.chunks(2).chain([&[][..]]) {
                let to = part.last().map(|path| path.as_bytes());
                let go = |along: &mut Along<'_>| part.iter().filter(|path| ask(along, path)).count();
                let (here, not_here) = catalog.along("posts", &after, to, go).unwrap();
                found += here;
                passed.extend(not_here);
                after = to.unwrap_or_default().to_vec();
            }
            prop_assert_eq!(found, asked.iter().filter(|path| rows.contains_key(**path)).count());
            prop_assert_eq!(passed, bytes(there().filter(|path| !asked.contains(path))));

            let (mut after, mut all) = (Vec::new(), Vec::new());
            loop {
                let part = catalog.known_after("posts", &after, 3).unwrap();
                let Some(last) = part.last() else { break };
                after.clone_from(last);
                all.extend(part);
            }
            prop_assert_eq!(all, bytes(there()));
        }
    }
}
