//! All folders → what is news in them → posts.
//!
//! A walk finds the files on a thread of its own; this one compares them with the catalog and looks at what is news. At the
//! start that is done at once, and a folder of which nothing is known is read while it is walked through. Later it is done in
//! parts ([`parts`]), while nothing else is to be done.

mod former_folders;
mod parts;

use std::{
    collections::{BTreeSet, VecDeque},
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use former_folders::FormerFolders;

use super::{Error, MayBeWritten, Pass, Pipeline, behind::Behind, files::Look, ingest::LONG, unshown::Unshown};
use crate::{
    catalog::{Key, Known, LEAVING, Room},
    config::Folder,
    watch::{self, Found, Kind, Root, Step, Walked, Walking},
};

pub use parts::Awaited;
pub(super) use parts::Scan;

/// Posts that are shown together: as many as are carried into the catalog within some hundredths of a second.
const SHOWN: usize = 1_000;

/// What a walk found in a folder, and the catalog does not know so.
#[derive(Debug, Default)]
struct News {
    /// The folder's.
    index: usize,
    /// The last path that was compared; none is before it.
    at: Vec<u8>,
    found: VecDeque<Look>,
    /// Known files that were not found.
    gone: Vec<PathBuf>,
    /// Directories that cannot be read.
    closed: Vec<PathBuf>,
    /// The folder itself cannot be.
    is_closed: bool,
    /// Nothing was known of it when the walk through it began.
    is_new: bool,
    reading: Reading,
    /// Its posts that were read unseen and are shown now.
    shown: usize,
}

/// How far a folder is that was never scanned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Reading {
    /// It was scanned before.
    #[default]
    Other,
    /// Its files are still to be found, some at a time.
    Begun,
    /// All of it was read.
    Done,
}

impl News {
    /// Whether more of its files are to be found before anything else is done.
    fn awaits_files(&self) -> bool {
        self.reading == Reading::Begun && self.found.is_empty()
    }

    /// Whether it is there, and was not refused: else it was not scanned, and nothing of it is shown that was not.
    fn is_open(&self, folder: &Folder) -> bool {
        !self.is_closed && folder.path.is_dir()
    }

    /// Whether it was never scanned, and all that it has was read.
    fn was_read_whole(&self) -> bool {
        self.reading == Reading::Done && !self.is_closed && self.closed.is_empty()
    }
}

/// What is done with files that are as they were when they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unchanged {
    /// They are read again where new settings read them otherwise, or they were too young to be known by their stat.
    Read,
    /// They are left: for [`Pipeline::catch_up`], or for a look, among [`Pass::unsettled`].
    Left,
}

impl Pipeline {
    /// Scans every folder whole and publishes what came of it, all at once.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn scan(
        &mut self,
        now: DateTime<Utc>,
        written: MayBeWritten<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Pass, Error> {
        match self.scan_once(now, written, progress) {
            Err(error) if error.is_damage() => {
                self.note_failure(&error);
                self.scan_once(now, written, progress)
            }
            scanned => scanned,
        }
    }

    fn scan_once(
        &mut self,
        now: DateTime<Utc>,
        written: MayBeWritten<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Pass, Error> {
        let mut before = self.begin()?;
        before.extend(self.behind.take().and_then(|mut behind| behind.take_before()).unwrap_or_default());
        let mut pass = Pass::default();
        let mut news = self.news_of(0)?;
        let mut walking = self.walk(|| {});
        while let Some(step) = walking.next() {
            if self.is_stopped() {
                break;
            }
            match step {
                Step::Found(found) if news.is_new => {
                    let found = found.into_iter().chain(walking.rest_of_folder());
                    self.take_unknown(&mut news, found, written, now, &mut pass, progress)?;
                }
                Step::Found(found) => self.compare(&mut news, found, Unchanged::Read, &mut pass)?,
                Step::Walked(walked) => {
                    let next = self.news_of(news.index + 1)?;
                    let folder = std::mem::replace(&mut news, next);
                    self.take_whole(folder, &walked, written, now, &mut pass, progress)?;
                }
            }
        }
        let mut former = FormerFolders::default();
        while !self.is_stopped() && self.bury_former(&mut former, now)? {
            progress(pass.read);
        }
        let mut unshown = Unshown::default();
        while !self.is_stopped() && self.reread.is_empty() && self.bury_unshown(&mut unshown, now)? {
            progress(pass.read);
        }
        self.end(&before, &mut pass, now)?;
        Ok(pass)
    }

    /// Shows some posts of a folder that was read unseen. False where there are none.
    fn show_unseen(&mut self, news: &mut News, now: DateTime<Utc>) -> Result<bool, Error> {
        let settings = Arc::clone(&self.settings);
        let Some(folder) = settings.folders.get(news.index).filter(|folder| news.is_open(folder)) else {
            return Ok(false);
        };
        let mut batch = self.catalog.batch(now.timestamp())?;
        let shown = batch.show_unseen(folder, SHOWN)?;
        batch.commit()?;
        news.shown += shown;
        Ok(shown > 0)
    }

    /// Takes note of some of what vanished from a folder that was walked through.
    fn take_gone(
        &mut self,
        news: &mut News,
        now: DateTime<Utc>,
        written: MayBeWritten<'_>,
        pass: &mut Pass,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), Error> {
        let Some(folder) = self.settings.folders.get(news.index) else { return Ok(()) };
        if news.gone.len() >= LONG {
            self.catalog.make_room(Room::Ample)?;
        }
        let gone = news.gone.split_off(news.gone.len().saturating_sub(LEAVING));
        let found = watch::look_again(news.index, &folder.watched(), gone);
        self.take_found(news.index, found, written, now, pass, progress)?;
        Ok(())
    }

    /// All news of a folder were taken and are shown; `is_read` says that with them all that it has was read under the present
    /// settings.
    fn end_folder(&mut self, news: &News, is_read: bool, now: DateTime<Utc>) -> Result<(), Error> {
        let Some(folder) = self.settings.folders.get(news.index) else { return Ok(()) };
        if news.is_open(folder) {
            let mut batch = self.catalog.batch(now.timestamp())?;
            batch.scanned(&folder.read.folder)?;
            batch.commit()?;
        }
        if !is_read {
            return Ok(());
        }
        if self.reread.contains(&folder.read.folder) {
            let unread = self.catalog.unread(&folder.read.folder)?;
            self.apply_to_unread(news.index, &unread, now)?;
        }
        self.settings_applied(news.index)
    }

    /// A scan begins. Returns the collections that had posts before, where new settings are to be applied to them.
    fn begin(&mut self) -> Result<BTreeSet<Key>, Error> {
        self.scan = None;
        self.recover()?;
        self.set_folders()?;
        let file = self.catalog.file().display().to_string();
        match self.catalog.put_back() {
            Ok(true) => tracing::warn!("{file} was taken away and is written anew"),
            Ok(false) => {}
            // What is open still serves.
            Err(error) => tracing::error!("{file} was taken away and cannot be written anew: {error}"),
        }
        if self.reread.is_empty() {
            return Ok(BTreeSet::new());
        }
        Ok(self.catalog.collections().into_iter().filter(|one| one.size > 0).map(|one| one.key.clone()).collect())
    }

    fn walk(&self, wake: impl Fn() + Send + 'static) -> Walking {
        Walking::start(self.settings.folders.iter().map(crate::config::Folder::watched).collect(), wake)
    }

    fn news_of(&self, index: usize) -> Result<News, Error> {
        let Some(folder) = self.settings.folders.get(index) else { return Ok(News { index, ..News::default() }) };
        let name = &folder.read.folder;
        let is_new = !self.catalog.knows(name)?;
        let reading = if self.catalog.was_scanned(name)? { Reading::Other } else { Reading::Begun };
        Ok(News { index, is_new, reading, ..News::default() })
    }

    /// Compares what was found next in a folder with what is known of it up to there.
    fn compare(&self, news: &mut News, found: Vec<Found>, unchanged: Unchanged, pass: &mut Pass) -> Result<(), Error> {
        // A folder that cannot be read is told of behind what is in the order of its name.
        let to = found.iter().map(|found| found.path.as_os_str().as_bytes()).max().map(<[u8]>::to_vec);
        self.compare_to(news, found, to, unchanged, pass)
    }

    fn compare_to(
        &self,
        news: &mut News,
        found: Vec<Found>,
        to: Option<Vec<u8>>,
        unchanged: Unchanged,
        pass: &mut Pass,
    ) -> Result<(), Error> {
        let Some(folder) = self.settings.folders.get(news.index) else { return Ok(()) };
        let name = &folder.read.folder;
        let rereads = unchanged == Unchanged::Read && self.reread.contains(name);
        let News { index, at, found: looks, gone, closed, .. } = news;
        let ((), passed) = self.catalog.along(name, at, to.as_deref(), |along| {
            for Found { path, kind, .. } in found {
                if matches!(kind, Kind::Odd(_)) {
                    closed.push(path.clone());
                }
                let known = along.known(path.as_os_str().as_bytes());
                let is_settled = known.is_some_and(|known| known.settled);
                let is_same = has_its_stat(known, &kind) && !rereads;
                if is_same && !is_settled && unchanged == Unchanged::Left {
                    pass.unsettled.insert((*index, path));
                } else if !is_same || !is_settled {
                    looks.push_back(Look { path, kind, known: known.map(Box::new) });
                }
            }
        })?;
        gone.extend(passed.iter().map(|path| PathBuf::from(OsStr::from_bytes(path))));
        *at = to.unwrap_or_default();
        Ok(())
    }

    /// A folder was walked through: what is known of it and was not found is gone, unless nobody can know. Returns the paths of
    /// which that is so.
    fn miss(
        &mut self,
        news: &mut News,
        walked: &Walked,
        pass: &mut Pass,
        now: DateTime<Utc>,
    ) -> Result<Vec<PathBuf>, Error> {
        let Some(folder) = self.settings.folders.get(news.index) else { return Ok(Vec::new()) };
        let name = folder.read.folder.clone();
        self.compare_to(news, Vec::new(), None, Unchanged::Left, pass)?;
        self.note_presence(&name, walked, now)?;
        news.is_closed = matches!(walked.root, Root::Closed(_));
        pass.refused += u64::from(news.is_closed);
        let News { gone, closed, is_closed, .. } = news;
        // Nothing is known of what lies in a directory that cannot be read.
        let is_hidden =
            |path: &Path| *is_closed || closed.iter().any(|closed| path.starts_with(closed) && path != *closed);
        Ok(gone.extract_if(.., |path| is_hidden(path)).collect())
    }

    /// Carries what is in a folder of which nothing is known into the catalog, while it is walked through: nothing can have
    /// vanished from it that would have to be missed before, and of a million files nobody holds more than are read next.
    fn take_unknown(
        &mut self,
        news: &mut News,
        found: impl Iterator<Item = Found>,
        written: MayBeWritten<'_>,
        now: DateTime<Utc>,
        pass: &mut Pass,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), Error> {
        let News { index, at, .. } = news;
        let looks = found.map(|Found { path, kind, .. }| {
            if path.as_os_str().as_bytes() > at.as_slice() {
                at.clear();
                at.extend_from_slice(path.as_os_str().as_bytes());
            }
            Look { path, kind, known: None }
        });
        self.carry(*index, looks, written, now, pass, progress)?;
        Ok(())
    }

    /// Carries a folder into the catalog that was walked through.
    fn take_whole(
        &mut self,
        mut news: News,
        walked: &Walked,
        written: MayBeWritten<'_>,
        now: DateTime<Utc>,
        pass: &mut Pass,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), Error> {
        let mut unread = self.miss(&mut news, walked, pass, now)?;
        while !news.gone.is_empty() && !self.is_stopped() {
            self.take_gone(&mut news, now, written, pass, progress)?;
            progress(pass.read);
        }
        let looks = std::mem::take(&mut news.found).into();
        unread.extend(self.take(news.index, looks, written, now, pass, progress)?);
        if self.is_stopped() {
            return Ok(());
        }
        self.apply_to_hidden(news.index, &unread, now)?;
        // What a scan in parts began is ended so.
        while !self.is_stopped() && self.show_unseen(&mut news, now)? {
            progress(pass.read);
        }
        if self.is_stopped() {
            return Ok(());
        }
        pass.arrived += news.shown as u64;
        self.end_folder(&news, true, now)
    }

    /// Remembers since when a folder is there, for the grace of its missing posts.
    fn note_presence(&mut self, name: &str, walked: &Walked, now: DateTime<Utc>) -> Result<(), Error> {
        let (device, since) = (format!("device {name}"), format!("present since {name}"));
        match walked.root {
            Root::Present { device: found } => {
                let found = found.cast_signed();
                if self.catalog.fact::<i64>(&device)? != Some(found) {
                    self.catalog.set_fact(&device, found)?;
                    self.catalog.set_fact(&since, now.timestamp())?;
                }
            }
            Root::Missing(ref message) => {
                tracing::warn!("{message}");
                self.catalog.set_fact(&device, -1_i64)?;
            }
            Root::Closed(ref message) => tracing::warn!("{message}"),
        }
        Ok(())
    }

    /// A scan ends: what follows from all folders together. `before` are collections that had posts under other settings.
    fn end(&mut self, before: &BTreeSet<Key>, pass: &mut Pass, now: DateTime<Utc>) -> Result<(), Error> {
        let mut batch = self.catalog.batch(now.timestamp())?;
        batch.clear_tombstones()?;
        batch.commit()?;
        self.measure_again(now)?;
        let is_all_read = self.reread.is_empty();
        if is_all_read {
            let before_reload = self.behind.as_mut().and_then(Behind::take_before);
            self.conclude(before_reload.as_ref().unwrap_or(before))?;
        }
        if self.unrendered.take() {
            self.shelf.forget_on_demand();
        }
        pass.documents += self.press_all(now)?;
        if self.behind.is_none() {
            pass.documents += self.press_lists(now)?;
        }
        self.tidy_output()?;
        self.check_documents()?;
        if is_all_read && !self.is_stopped() {
            self.show_withheld()?;
        }
        self.check_output(now)?;
        // The pages that say what is known are not needed again before the next scan.
        self.catalog.make_room(Room::Usual)?;
        if pass.read > 0 && is_all_read {
            self.warn_of_collections();
        }
        Ok(())
    }

    /// Follows what all posts together say, once each was read. `before` are collections that had some under other settings.
    pub(super) fn conclude(&mut self, before: &BTreeSet<Key>) -> Result<(), Error> {
        // An address can lead only to where something is known to be.
        self.learn_places()?;
        self.follow_categories(before)
    }
}

fn has_its_stat(known: Option<Known>, kind: &Kind) -> bool {
    matches!((known, kind), (Some(known), Kind::File(stat)) if !known.missing && known.stat == *stat)
}
