//! Files → posts → catalog.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{
    Error, Pass, Pipeline,
    behind::Behind,
    files::{Look, Reader, Taken, UNREADABLE, is_settled},
    remarks::Remarks,
};
use crate::{
    catalog::{Key, Known, Room, Seen},
    config::Folder,
    post::{CategoryPath, Outcome},
    watch::{self, Found, Kind, Stat},
};

/// From so many files on, the catalog takes more memory for as long as they are carried in.
const LONG: usize = 2_000;

/// Whether somebody may still be writing a file: asked of new and changed files that no event told of, with the folder's
/// index. What may be written is left as it was, and is among [`Pass::unsettled`].
pub type MayBeWritten<'a> = &'a dyn Fn(usize, &Path, &Stat) -> bool;

/// What a scan does with files that were too young to be known by their stat when they were read, and have that stat still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsettled {
    /// Reads them again.
    Read,
    /// Leaves them for a look, and has them among [`Pass::unsettled`]: thousands would keep others waiting.
    Left,
}

impl Pipeline {
    /// Scans every folder whole and publishes what came of it.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn scan(
        &mut self,
        now: DateTime<Utc>,
        written: MayBeWritten<'_>,
        unsettled: Unsettled,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Pass, Error> {
        match self.scan_once(now, written, unsettled, progress) {
            Err(error) if error.is_damage() => {
                self.note_failure(&error);
                self.scan_once(now, written, unsettled, progress)
            }
            scanned => scanned,
        }
    }

    fn scan_once(
        &mut self,
        now: DateTime<Utc>,
        written: MayBeWritten<'_>,
        unsettled: Unsettled,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Pass, Error> {
        self.recover()?;
        if self.withheld {
            // Nobody may read what was made under other rules: everything is done at once.
            self.behind = None;
        }
        let file = self.catalog.file().display().to_string();
        match self.catalog.put_back() {
            Ok(true) => tracing::warn!("{file} was taken away and is written anew"),
            Ok(false) => {}
            // What is open still serves.
            Err(error) => tracing::error!("{file} was taken away and cannot be written anew: {error}"),
        }
        let mut pass = Pass::default();
        let before: BTreeSet<Key> = if self.reread.is_empty() {
            BTreeSet::new()
        } else {
            self.catalog.collections().into_iter().filter(|one| one.size > 0).map(|one| one.key.clone()).collect()
        };
        if let Some(behind) = &mut self.behind {
            behind.begin(&before);
        }
        // First, so that a folder which is only called otherwise now finds its posts again.
        let names: Vec<&str> = self.settings.folders.iter().map(|folder| folder.read.folder.as_str()).collect();
        let mut batch = self.catalog.batch(now.timestamp())?;
        batch.bury_other_folders(&names)?;
        batch.commit()?;
        for index in 0..self.settings.folders.len() {
            self.scan_folder(index, now, (written, unsettled), &mut pass, progress)?;
        }
        let mut batch = self.catalog.batch(now.timestamp())?;
        batch.clear_tombstones()?;
        batch.commit()?;
        self.measure_again(now)?;
        let is_all_read = self.behind.as_ref().is_none_or(Behind::has_read_all);
        if is_all_read {
            let before = self.behind.as_mut().and_then(Behind::take_before).unwrap_or(before);
            self.conclude(&before, now)?;
        }
        if self.unrendered.take() {
            self.shelf.forget_on_demand();
        }
        pass.documents = self.press(now)?;
        self.tidy_output()?;
        self.check_documents()?;
        self.check_output(now)?;
        if !self.is_stopped() {
            self.show_withheld()?;
        }
        // The pages that say what is known are not needed again before the next scan.
        self.catalog.make_room(Room::Usual)?;
        if pass.read > 0 && is_all_read {
            self.warn_of_collections();
        }
        Ok(pass)
    }

    /// Follows what all posts together say, once each was read. `before` are collections that had some under other settings.
    pub(super) fn conclude(&mut self, before: &BTreeSet<Key>, now: DateTime<Utc>) -> Result<(), Error> {
        self.bury_unshown(now)?;
        if !self.is_stopped() {
            self.follow_categories(before)?;
        }
        Ok(())
    }

    /// Says what is probably not meant so, now that all collections are known.
    pub(super) fn warn_of_collections(&self) {
        self.warn_of_order();
        self.warn_of_unused_access();
    }

    /// What is meant to be private and is called otherwise is public.
    fn warn_of_unused_access(&self) {
        let collections = self.catalog.collections();
        for name in self.settings.names.iter().filter(|name| name.access.is_private()) {
            let is_it =
                |path: &CategoryPath| *path == name.path || (name.path.len() == 1 && path.contains(&name.path[0]));
            if !collections.iter().any(|one| matches!(&one.key, Key::Category(path) if is_it(path))) {
                let path = name.path.join("/");
                tracing::warn!(
                    "no category is called `{path}`, so its `access` keeps nothing private: is it spelled so?"
                );
            }
        }
    }

    /// Names that stand in both orders look like categories of their own, written as a list.
    fn warn_of_order(&self) {
        let pairs: BTreeSet<[&String; 2]> = self
            .catalog
            .collections()
            .into_iter()
            .filter_map(|collection| match &collection.key {
                Key::Category(path) => path.last_chunk::<2>().map(|[parent, child]| [parent, child]),
                _ => None,
            })
            .collect();
        for [parent, child] in
            pairs.iter().filter(|[parent, child]| parent < child && pairs.contains(&[*child, *parent]))
        {
            tracing::warn!(
                "`{parent}` is the parent of `{child}` in one post and its child in another; these look independent: set \
                 `categories.list: flat`"
            );
        }
    }

    /// Looks at single paths, and at all that is known below directories, each with its folder's index; publishes what
    /// came of it.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn look(
        &mut self,
        paths: &[(usize, PathBuf)],
        directories: &[(usize, PathBuf)],
        written: MayBeWritten<'_>,
        now: DateTime<Utc>,
    ) -> Result<Pass, Error> {
        let mut pass = Pass::default();
        for index in 0..self.settings.folders.len() {
            let folder = self.settings.folders[index].clone();
            let mut here: BTreeSet<PathBuf> =
                paths.iter().filter(|(owner, _)| *owner == index).map(|(_, path)| path.clone()).collect();
            for (_, directory) in directories.iter().filter(|(owner, _)| *owner == index) {
                let known = self.catalog.known_below(&folder.read.folder, directory.as_os_str().as_bytes())?;
                here.extend(known.into_iter().map(|path| PathBuf::from(OsStr::from_bytes(&path))));
            }
            let here: Vec<&Path> = here.iter().map(PathBuf::as_path).collect();
            self.look_at(index, &here, written, now, &mut pass)?;
        }
        pass.documents = self.press(now)?;
        Ok(pass)
    }

    /// Looks at single paths of one folder.
    pub(super) fn look_at(
        &mut self,
        index: usize,
        paths: &[&Path],
        written: MayBeWritten<'_>,
        now: DateTime<Utc>,
        pass: &mut Pass,
    ) -> Result<(), Error> {
        let Some(folder) = self.settings.folders.get(index).cloned() else { return Ok(()) };
        let mut looks = Vec::with_capacity(paths.len());
        for path in paths {
            let Found { kind, path, .. } = watch::look(index, &folder.path, path);
            let known = self.catalog.known(&folder.read.folder, path.as_os_str().as_bytes())?;
            looks.push(Look { path, kind, known: known.map(Box::new) });
        }
        leave_written(index, &mut looks, written, pass);
        self.take(index, &folder, looks, now, pass, &mut |_| {})
    }

    fn scan_folder(
        &mut self,
        index: usize,
        now: DateTime<Utc>,
        (written, unsettled): (MayBeWritten<'_>, Unsettled),
        pass: &mut Pass,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), Error> {
        let folder = self.settings.folders[index].clone();
        let name = &folder.read.folder;
        let reread = self.reread.contains(name);
        let mut looks = Vec::new();
        let mut closed = Vec::new();
        // Unchanged files that new settings read otherwise, where they can wait.
        let mut left = Vec::new();
        let may_leave = reread && self.behind.is_some();
        let (walked, vanished) = self.catalog.along(name, |along| {
            watch::walk(index, &folder.watched(), &mut |found: Found| {
                if matches!(found.kind, Kind::Odd(_)) {
                    closed.push(found.path.clone());
                }
                let before = along.known(found.path.as_os_str().as_bytes());
                let is_settled = before.is_some_and(|known| known.settled);
                let has_its_stat = has_its_stat(before, &found.kind);
                if has_its_stat && is_settled && may_leave {
                    left.push(found.path);
                    return;
                }
                let has_its_stat = has_its_stat && !reread;
                if has_its_stat && !is_settled && unsettled == Unsettled::Left {
                    pass.unsettled.insert((index, found.path));
                } else if !has_its_stat || !is_settled {
                    looks.push(Look { path: found.path, kind: found.kind, known: before.map(Box::new) });
                }
            })
        })?;
        self.note_presence(name, &walked, now)?;
        if matches!(walked.root, watch::Root::Closed(_)) {
            pass.refused += 1;
            return Ok(());
        }
        let vanished = vanished.into_iter().map(|(path, known)| Look {
            path: PathBuf::from(OsStr::from_bytes(&path)),
            kind: Kind::Gone,
            known: Some(Box::new(known)),
        });
        // Nothing is known of what lies in a directory that cannot be read.
        looks.extend(
            vanished.filter(|look| !closed.iter().any(|closed| look.path.starts_with(closed) && look.path != *closed)),
        );
        leave_written(index, &mut looks, written, pass);
        self.take(index, &folder, looks, now, pass, progress)?;
        if self.is_stopped() {
            return Ok(());
        }
        let mut batch = self.catalog.batch(now.timestamp())?;
        batch.scanned(&folder.read.folder)?;
        batch.commit()?;
        if let Some(behind) = &mut self.behind {
            behind.leave(index, left);
            if behind.has_files_of(index) {
                return Ok(());
            }
        }
        self.settings_applied(index, now)
    }

    /// Remembers since when a folder is there, for the grace of its missing posts.
    fn note_presence(&mut self, name: &str, walked: &watch::Walked, now: DateTime<Utc>) -> Result<(), Error> {
        let (device, since) = (format!("device {name}"), format!("present since {name}"));
        match walked.root {
            watch::Root::Present { device: found } => {
                let found = found.cast_signed();
                if self.catalog.fact::<i64>(&device)? != Some(found) {
                    self.catalog.set_fact(&device, found)?;
                    self.catalog.set_fact(&since, now.timestamp())?;
                }
            }
            watch::Root::Missing(ref message) => {
                tracing::warn!("{message}");
                self.catalog.set_fact(&device, -1_i64)?;
            }
            watch::Root::Closed(ref message) => tracing::warn!("{message}"),
        }
        Ok(())
    }

    /// Carries files into the catalog: vanished ones first, so that a move is seen as one.
    fn take(
        &mut self,
        index: usize,
        folder: &Folder,
        mut looks: Vec<Look>,
        now: DateTime<Utc>,
        pass: &mut Pass,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), Error> {
        if looks.is_empty() {
            return Ok(());
        }
        let gone: Vec<_> = looks.extract_if(.., |look| look.kind == Kind::Gone).collect();
        looks.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let reread = self.reread.contains(&folder.read.folder);
        let is_long = looks.len() >= LONG;
        if is_long {
            self.catalog.make_room(Room::Ample)?;
        }
        let mut batch = self.catalog.batch(now.timestamp())?;
        for look in gone.iter().filter(|look| look.known.is_some()) {
            batch.vanish(folder, &look.path)?;
        }
        let mut remarks = Remarks::default();
        let stop = Arc::clone(&self.stop);
        let (settings, places) = (&self.settings, &self.places);
        Reader { settings, places, folder, now, reread }.read_in_order(looks, &stop, |look, taken| {
            match taken {
                Taken::Later => {
                    pass.unfinished += 1;
                    pass.unsettled.insert((index, look.path));
                }
                Taken::Same(stat) => match look.known {
                    Some(known) if known.missing => batch.back(known.post, stat, is_settled(stat, now))?,
                    // Nothing is written of what is as it was, as thousands may be.
                    Some(known) if known.stat == stat && known.settled == is_settled(stat, now) => {}
                    Some(known) => batch.same(known.post, stat, is_settled(stat, now))?,
                    None => {}
                },
                Taken::Read { stat, content, reading, collections } => {
                    pass.read += 1;
                    progress(pass.read);
                    let unreadable = content == UNREADABLE && matches!(reading.outcome, Outcome::Skipped);
                    pass.refused += u64::from(unreadable);
                    // Said once, however often it is tried.
                    if !unreadable || look.known.as_ref().is_none_or(|known| known.content != UNREADABLE) {
                        remarks.tell(folder, &look.path, &reading.diagnostics);
                    }
                    let settled = is_settled(stat, now);
                    let path = &look.path;
                    batch.see(folder, &Seen { path, stat, settled, content, reading: &reading, collections })?;
                    if !settled {
                        pass.unsettled.insert((index, look.path));
                    }
                }
            }
            Ok(())
        })?;
        let effects = batch.commit()?;
        self.note_touched(&effects);
        if is_long {
            self.catalog.make_room(Room::Usual)?;
        }
        pass.arrived += effects.arrived;
        for (path, note) in &effects.notes {
            remarks.tell(folder, Path::new(OsStr::from_bytes(path)), std::slice::from_ref(note));
        }
        remarks.sum_up();
        Ok(())
    }
}

/// Sets aside what may still be written.
fn leave_written(index: usize, looks: &mut Vec<Look>, written: MayBeWritten<'_>, pass: &mut Pass) {
    looks.retain(|look| {
        let Kind::File(stat) = &look.kind else { return true };
        let is_news = look.known.as_ref().is_none_or(|known| known.missing || known.stat != *stat);
        if is_news && written(index, &look.path, stat) {
            pass.unsettled.insert((index, look.path.clone()));
            return false;
        }
        true
    });
}

fn has_its_stat(known: Option<Known>, kind: &Kind) -> bool {
    matches!((known, kind), (Some(known), Kind::File(stat)) if !known.missing && known.stat == *stat)
}
