//! Posts whose files are gone: missed, found elsewhere, kept for a while, buried, forgotten.

use std::{collections::BTreeMap, path::Path};

use rusqlite::{Connection, params};

use super::{
    Batch, Catalog, CatalogError, Key,
    batch::{Others, path_bytes},
    identity, likeness, measured, mentions,
    row::{Row, State, only, select},
};
use crate::{
    bytes::UNKNOWN,
    config::{Folder, OnDelete},
};

/// How long the row of a post that is gone is remembered, in seconds.
const TOMBSTONE_LIFE: i64 = 366 * 24 * 3600;

/// Posts that are marked at once as gone together: what is more waits until others had their turn.
const MARKED: usize = 1_000;

/// Posts that are missed, restricted or buried at once: each lies on many pages of the catalog, which are all written then.
pub const LEAVING: usize = 100;

/// How long before a file vanished its copy may have appeared to count as the same file moved, in seconds.
const PAIR_WITHIN: i64 = 300;

/// What is asked after every change while any post is missing: none of it may look at every post.
const ALL_MISSING: &str = "folder = ? AND missing IS NOT NULL LIMIT ?";
const MISSING_FOR_LONG: &str = "folder = ? AND together = ? AND missing <= ? LIMIT ?";
const FIRST_MISSING: &str = "SELECT MIN(missing) FROM post WHERE folder = ? AND together = ? AND missing IS NOT NULL";
const MARK_TOGETHER: &str = "UPDATE post SET together = 1 WHERE post IN \
    (SELECT post FROM post WHERE folder = ? AND together = 0 AND missing IS NOT NULL LIMIT ?)";
/// What is asked after every scan, or every reload.
const UNREAD: &str = "SELECT post FROM post WHERE folder = ?1 AND id IS NOT NULL AND gone IS NULL AND post IN (\
    SELECT post FROM post WHERE folder = ?1 AND missing IS NOT NULL \
    UNION ALL SELECT post FROM post WHERE diagnostics IS NOT NULL AND state = 'published')";
const MISSING_SINCE: &str =
    "SELECT post FROM post WHERE folder = ? AND missing <= ? ORDER BY together DESC, missing DESC";
const CLEAR_ARCHIVES: &str = "DELETE FROM archive WHERE post IN (SELECT post FROM post WHERE gone < ?)";
const CLEAR_NAMES: &str = "DELETE FROM called WHERE post IN (SELECT post FROM post WHERE gone < ?)";
const CLEAR_TOMBSTONES: &str = "DELETE FROM post WHERE gone < ?";

impl Catalog {
    /// The posts of a folder whose files are missing since `until` or before, the longest last.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn missing(&self, folder: &str, until: i64) -> Result<Vec<i64>, CatalogError> {
        numbers(&self.db, MISSING_SINCE, params![folder, until])
    }

    /// The posts of a folder whose files are missing or cannot be read as posts any more.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn unread(&self, folder: &str) -> Result<Vec<i64>, CatalogError> {
        numbers(&self.db, UNREAD, [folder])
    }
}

fn numbers(db: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<Vec<i64>, CatalogError> {
    let mut statement = db.prepare_cached(sql)?;
    let posts = statement.query_map(values, |row| row.get(0))?;
    Ok(posts.collect::<rusqlite::Result<_>>()?)
}

impl Batch<'_> {
    /// Takes note of a path that holds nothing any more.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn vanish(&mut self, folder: &Folder, path: &Path) -> Result<(), CatalogError> {
        let values = params![folder.read.folder, path_bytes(path)];
        if let Some(row) = only(&self.db, "folder = ? AND path = ? AND here AND missing IS NULL", values)? {
            self.lose(folder, row)?;
        }
        Ok(())
    }

    /// The file of a row vanished.
    pub(super) fn lose(&mut self, folder: &Folder, mut row: Row) -> Result<(), CatalogError> {
        self.others = Others::Lost;
        if row.id.is_none() {
            self.db.prepare_cached("DELETE FROM post WHERE post = ?")?.execute([row.post])?;
            return Ok(());
        }
        if let Some(copy) = self.moved_before(&row)? {
            return self.take_over(row, copy);
        }
        if row.diagnostics.take().is_some() && row.state == State::Published {
            // What could not be read is looked into again when it comes back, so that it is told again.
            row.content = UNKNOWN;
        }
        if row.state != State::Published || folder.on_delete == OnDelete::Remove {
            return self.bury(row);
        }
        row.missing = Some(self.now);
        self.write(&mut row)?;
        Ok(())
    }

    /// The new place of a row that vanished, where its copy was seen before it was missed.
    fn moved_before(&self, row: &Row) -> Result<Option<Row>, CatalogError> {
        let since = self.now - PAIR_WITHIN;
        // Another folder has other rules, and what cannot be read as a post is like any other such file.
        if row.diagnostics.is_some() && row.state == State::Published {
            return Ok(None);
        }
        let copies = "folder = ? AND content = ? AND post <> ? AND here AND missing IS NULL AND gone IS NULL";
        Ok(only(&self.db, copies, params![row.folder, row.content, row.post])?
            .filter(|copy| copy.first_seen >= since && copy.first_seen >= row.first_seen && copy.id.is_some())
            // What is shown is not taken away for what is not.
            .filter(|copy| row.is_public() || !copy.is_public()))
    }

    /// A row takes the place of its copy. The copy's id stays taken, but speaks for no path and no text any more: the row may
    /// be buried too, and what comes back is the row's.
    fn take_over(&mut self, mut row: Row, copy: Row) -> Result<(), CatalogError> {
        let (path, stat, settled, link) = (copy.path.clone(), copy.stat, copy.settled, copy.link.clone());
        self.bury(Row { path: Vec::new(), content: UNKNOWN, ..copy })?;
        let before = std::mem::replace(&mut row.path, path);
        (row.stat, row.settled, row.link) = (stat, settled, link);
        (row.here, row.missing, row.together) = (true, None, false);
        self.write(&mut row)?;
        // Its address may be made of its path.
        self.outdate(row.post)?;
        self.touch_mentioning(&[&before, &row.path])?;
        self.touch(&row)
    }

    /// Takes a post out of the feeds and keeps its tombstone.
    pub(super) fn bury(&mut self, mut row: Row) -> Result<(), CatalogError> {
        self.others = Others::Lost;
        if row.is_public() {
            self.touch(&row)?;
            self.remove_members(&row)?;
            self.touch_mentioning(&[&row.path])?;
            self.to_index.leave(&self.db, row.post)?;
            let others = likeness::leave(&self.db, row.post)?;
            self.touch_pages(&others)?;
        }
        mentions::remember(&self.db, row.post, &[])?;
        measured::remember(&self.db, row.post, &[])?;
        self.db.prepare_cached("DELETE FROM entry WHERE post = ?")?.execute([row.post])?;
        (row.here, row.missing, row.due, row.gone) = (false, None, None, Some(self.now));
        self.write(&mut row)?;
        Ok(())
    }

    /// The clock was set by so many seconds: what is missing, and what it waits for, is moved along, so that a grace is as
    /// long as it is.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn shift(&mut self, seconds: i64) -> Result<(), CatalogError> {
        self.db.execute("UPDATE post SET missing = missing + ? WHERE missing IS NOT NULL", [seconds])?;
        self.db.execute("UPDATE fact SET value = value + ? WHERE name GLOB 'present since *'", [seconds])?;
        Ok(())
    }

    /// Marks posts that went missing together, and buries those whose grace is over, some at a time. Returns when the next one is
    /// due: now, where there are more.
    ///
    /// `present_since` is when the folder came back, `None` while it is away; `grace` and `mass_grace` are in seconds.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn expire(
        &mut self,
        folder: &Folder,
        present_since: Option<i64>,
        grace: i64,
        mass_grace: i64,
    ) -> Result<Option<i64>, CatalogError> {
        let name = &folder.read.folder;
        match folder.on_delete {
            OnDelete::Keep => return Ok(None),
            OnDelete::Auto => {}
            OnDelete::Remove => {
                // They were missed under another rule.
                let has_more = self.bury_some(ALL_MISSING, params![name, LEAVING])?;
                return Ok(has_more.then_some(self.now));
            }
        }
        if self.missing_since(name, false)?.is_some() && self.vanished_together(name, present_since)? {
            let marked = self.db.prepare_cached(MARK_TOGETHER)?.execute(params![name, MARKED])?;
            if marked == MARKED {
                // Nobody is buried before all are marked.
                return Ok(Some(self.now));
            }
        }
        let mut next: Option<i64> = None;
        // No post that went missing alone is gone before the folder has been there for the grace.
        for (together, grace, from) in [(false, grace, present_since.unwrap_or(i64::MIN)), (true, mass_grace, i64::MIN)]
        {
            if from <= self.now.saturating_sub(grace) {
                let until = self.now.saturating_sub(grace);
                if self.bury_some(MISSING_FOR_LONG, params![name, together, until, LEAVING])? {
                    return Ok(Some(self.now));
                }
            }
            if let Some(since) = self.missing_since(name, together)? {
                let end = since.max(from).saturating_add(grace);
                next = Some(next.map_or(end, |next| next.min(end)));
            }
        }
        Ok(next)
    }

    /// Buries as many as are buried at once. True where there may be more.
    fn bury_some(&mut self, condition: &str, values: impl rusqlite::Params) -> Result<bool, CatalogError> {
        let rows = select(&self.db, condition, values)?;
        let has_more = rows.len() == LEAVING;
        rows.into_iter().try_for_each(|row| self.bury(row))?;
        Ok(has_more)
    }

    /// Since when the first post of a folder is missing, of those that went together with many or of the others.
    fn missing_since(&self, folder: &str, together: bool) -> Result<Option<i64>, CatalogError> {
        Ok(self.db.prepare_cached(FIRST_MISSING)?.query_row(params![folder, together], |row| row.get(0))?)
    }

    /// Whether what is missing from a folder vanished together.
    fn vanished_together(&self, folder: &str, present_since: Option<i64>) -> Result<bool, CatalogError> {
        let counted = "SELECT COALESCE(SUM(posts) FILTER (WHERE missing), 0), \
                       COALESCE(SUM(posts) FILTER (WHERE NOT missing AND state = 'published'), 0) FROM tally WHERE folder = ?";
        let (missing, present) =
            self.db.prepare_cached(counted)?.query_row([folder], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(present_since.is_none() || identity::vanished_together(missing, present))
    }

    /// Buries a post whose file is missing.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn bury_missing(&mut self, post: i64) -> Result<(), CatalogError> {
        only(&self.db, "post = ? AND missing IS NOT NULL", [post])?.map_or(Ok(()), |row| self.bury(row))
    }

    /// Drops a post whose file is missing. False if there is none at that path.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn forget(&mut self, folder: &Folder, path: &Path) -> Result<bool, CatalogError> {
        let condition = "folder = ? AND path = ? AND missing IS NOT NULL AND gone IS NULL";
        let rows = select(&self.db, condition, params![folder.read.folder, path_bytes(path)])?;
        let found = !rows.is_empty();
        rows.into_iter().try_for_each(|row| self.bury(row))?;
        Ok(found)
    }

    /// Applies new settings to a post whose file could not be read under them, one of [`Catalog::unread`]: it stays only where
    /// `still_in` says, and a file that comes back is read, though its bytes are known.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn apply_to_unread(
        &mut self,
        post: i64,
        still_in: impl Fn(&[(Key, bool)]) -> BTreeMap<Key, bool>,
    ) -> Result<(), CatalogError> {
        let unread = "post = ? AND gone IS NULL AND (missing IS NOT NULL OR diagnostics IS NOT NULL)";
        let Some(before) = only(&self.db, unread, [post])? else { return Ok(()) };
        let mut row = before.clone();
        if row.missing.is_some() {
            row.content = UNKNOWN;
        }
        self.restrict(&before, row, &still_in)
    }

    /// The same for one post whose file cannot be read yet: once it can be, it is read, though its stat is known.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn apply_to_hidden(
        &mut self,
        folder: &Folder,
        path: &Path,
        still_in: impl Fn(&[(Key, bool)]) -> BTreeMap<Key, bool>,
    ) -> Result<(), CatalogError> {
        let at = params![folder.read.folder, path_bytes(path)];
        for before in select(&self.db, "folder = ? AND path = ? AND here", at)? {
            let row = Row { content: UNKNOWN, settled: false, ..before.clone() };
            self.restrict(&before, row, &still_in)?;
        }
        Ok(())
    }

    /// Leaves a post in those of its collections alone in which it still is.
    fn restrict(
        &mut self,
        before: &Row,
        mut row: Row,
        still_in: &impl Fn(&[(Key, bool)]) -> BTreeMap<Key, bool>,
    ) -> Result<(), CatalogError> {
        let key = |(number, direct): &(i64, bool)| Some((self.names.numbered(*number)?.key.clone(), *direct));
        let keys: Vec<(Key, bool)> = before.members.iter().filter_map(key).collect();
        row.members.clear();
        for (key, direct) in still_in(&keys) {
            row.members.push((self.names.number(&self.db, &key, direct)?, direct));
        }
        self.write_public(before, &mut row, true)
    }

    /// Drops tombstones that are over a year old.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn clear_tombstones(&mut self) -> Result<(), CatalogError> {
        let before = self.now - TOMBSTONE_LIFE;
        // The number of a row may be given to another post.
        self.db.prepare_cached(CLEAR_ARCHIVES)?.execute([before])?;
        self.db.prepare_cached(CLEAR_NAMES)?.execute([before])?;
        self.db.prepare_cached(CLEAR_TOMBSTONES)?.execute([before])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{first_scan::NEWEST_UNSEEN, former_folders, members::AWAITED, mentions::NAMED, row};

    #[test]
    fn what_is_rare_is_found_without_a_look_at_every_post() {
        let state = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(state.path()).unwrap();
        let plan = |sql: &str| -> Vec<String> {
            let mut statement = catalog.db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let nothing = vec![rusqlite::types::Null; statement.parameter_count()];
            let steps = statement.query_map(rusqlite::params_from_iter(nothing), |row| row.get(3)).unwrap();
            steps.map(Result::unwrap).collect()
        };
        assert_eq!(plan("SELECT * FROM post WHERE title = ?"), ["SCAN post"]);
        let selected = [ALL_MISSING, MISSING_FOR_LONG, NEWEST_UNSEEN, NAMED].map(row::selection);
        let [all_missing, missing_for_long, newest_unseen, named] = selected.each_ref().map(String::as_str);
        let check = |sql: &str, through: &[&str]| {
            let steps = plan(sql);
            let looks = steps.iter().filter(|step| step.contains(" post ") || *step == "SCAN post");
            let others: Vec<_> = looks.filter(|step| !through.iter().any(|index| step.contains(index))).collect();
            assert!(others.is_empty(), "{sql}: {others:?} of {steps:?}");
        };
        let by_number = "INTEGER PRIMARY KEY";
        for sql in [all_missing, missing_for_long, FIRST_MISSING, MISSING_SINCE] {
            check(sql, &["INDEX post_missing (folder=?"]);
        }
        check(MARK_TOGETHER, &["INDEX post_missing (folder=?", by_number]);
        check(UNREAD, &["INDEX post_missing (folder=?", "INDEX post_problem", by_number]);
        check(newest_unseen, &["INDEX post_unseen (folder=?", by_number]);
        check(named, &[by_number]);
        check(CLEAR_ARCHIVES, &["INDEX post_gone (gone<?"]);
        check(CLEAR_NAMES, &["INDEX post_gone (gone<?"]);
        check(CLEAR_TOMBSTONES, &["INDEX post_gone (gone<?"]);
        check(former_folders::NEXT, &["INDEX post_path (folder=? AND path>?)"]);
        check(former_folders::ELSEWHERE, &["INDEX post_missing (folder=?"]);
        check(AWAITED, &["INDEX post_due", "INDEX post_unseen"]);
    }
}
