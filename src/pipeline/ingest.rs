//! Files → posts → catalog.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{
    Error, PART, Pass, Pipeline,
    files::{Look, Reader, Taken, is_settled},
    remarks::Remarks,
};
use crate::{
    bytes::UNKNOWN,
    catalog::{Room, Seen},
    config::Folder,
    post::Outcome,
    watch::{self, Found, Kind, Stat},
};

/// From so many files on, the catalog takes more memory for as long as they are carried in.
pub(super) const LONG: usize = 2_000;

/// Whether somebody may still be writing a file: asked of new and changed files that no event told of, with the folder's
/// index. What may be written is left as it was, and is among [`Pass::unsettled`].
pub type MayBeWritten<'a> = &'a dyn Fn(usize, &Path, &Stat) -> bool;

impl Pipeline {
    /// Looks at single paths, and at all that is known below directories that went, each with its folder's index; publishes
    /// what came of it. What is too much for one look is left to the next: see [`Self::misses`].
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
        for (index, directory) in directories {
            let Some(folder) = self.settings.folders.get(*index) else { continue };
            let known = self.catalog.known_below(&folder.read.folder, directory.as_os_str().as_bytes())?;
            self.note_gone(known.into_iter().map(|path| (*index, PathBuf::from(OsString::from_vec(path)))));
        }
        let part = std::iter::from_fn(|| self.gone.pop_first()).take(PART);
        let all: BTreeSet<_> = paths.iter().cloned().chain(part).collect();
        for (index, folder) in Arc::clone(&self.settings).folders.iter().enumerate() {
            let here = all.iter().filter(|(owner, _)| *owner == index);
            let found = here.map(|(_, path)| look_at(index, folder, path)).collect();
            self.take_found(index, found, written, now, &mut pass, &mut |_| {})?;
        }
        pass.documents = self.press(now)?;
        Ok(pass)
    }

    /// Notes what is gone, to be looked at some at a time. No grace is over before all of it is missed.
    pub fn note_gone(&mut self, paths: impl IntoIterator<Item = (usize, PathBuf)>) {
        self.gone.extend(paths);
    }

    /// Whether there are posts that are gone and not missed yet.
    #[must_use]
    pub fn misses(&self) -> bool {
        !self.gone.is_empty()
    }

    /// Carries what was found in one folder into the catalog. Returns the paths that were not read.
    pub(super) fn take_found(
        &mut self,
        index: usize,
        found: Vec<Found>,
        written: MayBeWritten<'_>,
        now: DateTime<Utc>,
        pass: &mut Pass,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Vec<PathBuf>, Error> {
        let Some(folder) = self.settings.folders.get(index) else { return Ok(Vec::new()) };
        let look = |Found { path, kind, .. }| {
            let known = self.catalog.known(&folder.read.folder, path.as_os_str().as_bytes())?;
            Ok(Look { path, kind, known: known.map(Box::new) })
        };
        let looks = found.into_iter().map(look).collect::<Result<_, Error>>()?;
        self.take(index, looks, written, now, pass, progress)
    }

    /// Carries files into the catalog: vanished ones first, so that a move is seen as one. Returns those that are left for now:
    /// they may still be written, or are not whole yet.
    pub(super) fn take(
        &mut self,
        index: usize,
        mut looks: Vec<Look>,
        written: MayBeWritten<'_>,
        now: DateTime<Utc>,
        pass: &mut Pass,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Vec<PathBuf>, Error> {
        if looks.is_empty() {
            return Ok(Vec::new());
        }
        looks.sort_unstable_by(|a, b| (a.kind != Kind::Gone, &a.path).cmp(&(b.kind != Kind::Gone, &b.path)));
        self.carry(index, looks.into_iter(), written, now, pass, progress)
    }

    /// The same for files in their order, which may not all be found yet.
    pub(super) fn carry(
        &mut self,
        index: usize,
        looks: impl Iterator<Item = Look>,
        written: MayBeWritten<'_>,
        now: DateTime<Utc>,
        pass: &mut Pass,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Vec<PathBuf>, Error> {
        let settings = Arc::clone(&self.settings);
        let Some(folder) = settings.folders.get(index) else { return Ok(Vec::new()) };
        let is_gone = |name: &str, path: &[u8]| {
            let at = settings.folders.iter().position(|folder| folder.read.folder == name);
            let found = at.map(|at| look_at(at, &settings.folders[at], Path::new(OsStr::from_bytes(path))));
            found.is_some_and(|found| found.kind == Kind::Gone)
        };
        let reread = self.reread.contains(&folder.read.folder);
        let is_long = looks.size_hint().1.is_none_or(|most| most >= LONG);
        if is_long {
            self.catalog.make_room(Room::Ample)?;
        }
        let mut batch = self.catalog.batch(now.timestamp())?;
        let mut remarks = Remarks::default();
        let stop = Arc::clone(&self.stop);
        let places = &self.places;
        let (mut left, mut unfinished) = (Vec::new(), Vec::new());
        let looks = looks.filter(|look| {
            let is_left = may_be_written(index, look, written);
            if is_left {
                left.push(look.path.clone());
            }
            !is_left
        });
        Reader { settings: &settings, places, folder, now, reread }.read_in_order(looks, &stop, |look, taken| {
            match taken {
                Taken::Gone if look.kind == Kind::Gone => {
                    if look.known.is_some() {
                        batch.vanish(folder, &look.path)?;
                    }
                }
                Taken::Gone => _ = pass.unsettled.insert((index, look.path)),
                Taken::Later => {
                    pass.unfinished += 1;
                    unfinished.push(look.path);
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
                    let unreadable = content == UNKNOWN && matches!(reading.outcome, Outcome::Skipped);
                    pass.refused += u64::from(unreadable);
                    // Said once, however often it is tried.
                    if !unreadable || look.known.as_ref().is_none_or(|known| known.content != UNKNOWN) {
                        remarks.tell(folder, &look.path, &reading.diagnostics);
                    }
                    let settled = is_settled(stat, now);
                    let path = &look.path;
                    let seen = Seen { path, stat, settled, content, reading: &reading, collections };
                    batch.see(folder, &seen, &is_gone)?;
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
        left.append(&mut unfinished);
        pass.unsettled.extend(left.iter().map(|path| (index, path.clone())));
        Ok(left)
    }
}

/// What stands at a path of a folder: nothing, where its settings leave it out.
pub(super) fn look_at(index: usize, folder: &Folder, path: &Path) -> Found {
    let found = watch::look(index, &folder.path, path);
    let is_left_out = matches!(found.kind, Kind::File(_)) && !folder.filter.matches(path);
    if is_left_out { Found { kind: Kind::Gone, ..found } } else { found }
}

/// Whether somebody may still be writing what was found.
fn may_be_written(index: usize, look: &Look, written: MayBeWritten<'_>) -> bool {
    let Kind::File(stat) = &look.kind else { return false };
    let is_news = look.known.as_ref().is_none_or(|known| known.missing || known.stat != *stat);
    is_news && written(index, &look.path, stat)
}
