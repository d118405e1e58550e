//! All folders → what is news in them → posts.
//!
//! A walk finds the files on a thread of its own; this one compares them with the catalog and looks at what is news. At the
//! start that is done at once, and a folder of which nothing is known is read while it is walked through. Later it is done in
//! parts, while nothing else is to be done: all folders are walked through; what vanished is missed, all of it together and
//! before anything new is seen, so that a move is seen as one; then come the news. Whoever writes a post meanwhile waits for a
//! part.

use std::{
    collections::{BTreeSet, VecDeque},
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use super::{
    Error, MayBeWritten, Pass, Pipeline,
    behind::{Behind, PART},
    files::Look,
    ingest::look_at,
};
use crate::{
    catalog::{Key, Known, Room},
    watch::{self, Found, Kind, Root, Step, Walked, Walking},
};

/// A scan that is done in parts.
#[derive(Debug)]
pub(super) struct Scan {
    walking: Walking,
    /// The folders whose news are not all taken: while they are walked through, all up to the present one.
    folders: VecDeque<News>,
    /// All news are shown together.
    at_once: bool,
}

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
        self.bury_other_folders(now)?;
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
        self.end(&before, &mut pass, now)?;
        Ok(pass)
    }

    /// Begins a scan that is done in parts, in place of one that is under way; `wake` is called whenever there is one to do.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn begin_scan(&mut self, wake: impl Fn() + Send + 'static) -> Result<(), Error> {
        let before = self.begin()?;
        if !self.reread.is_empty() {
            self.behind.get_or_insert_default();
        }
        if let Some(behind) = &mut self.behind {
            behind.begin(before);
        }
        let (walking, folders) = (self.walk(wake), VecDeque::from([self.news_of(0)?]));
        self.scan = Some(Scan { walking, folders, at_once: false });
        Ok(())
    }

    /// Whether a scan was begun that is not at its end.
    #[must_use]
    pub fn is_scanning(&self) -> bool {
        self.scan.is_some()
    }

    /// Whether it is still to be found out what vanished.
    #[must_use]
    pub fn is_walking(&self) -> bool {
        self.scan.as_ref().is_some_and(|scan| !scan.walking.is_over())
    }

    /// Whether the next part of a scan can be done without waiting for the disk.
    pub fn has_scan_part(&mut self) -> bool {
        self.scan.as_mut().is_some_and(|scan| scan.walking.is_over() || scan.walking.is_ready())
    }

    /// Whether the next scan must be done at once: nothing is shown before every post was read.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn must_scan_at_once(&mut self) -> Result<bool, Error> {
        // Settings that were half applied may say so.
        self.recover()?;
        Ok(self.withheld)
    }

    /// Does the next part of a scan and publishes what came of it.
    ///
    /// # Errors
    /// When the catalog fails; then the scan is given up.
    pub fn scan_part(
        &mut self,
        now: DateTime<Utc>,
        written: MayBeWritten<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Pass, Error> {
        let mut pass = Pass::default();
        if let Some(mut scan) = self.scan.take()
            && !self.part_of_scan(&mut scan, now, written, &mut pass, progress)?
        {
            self.scan = Some(scan);
        }
        Ok(pass)
    }

    /// True when it was the last.
    fn part_of_scan(
        &mut self,
        scan: &mut Scan,
        now: DateTime<Utc>,
        written: MayBeWritten<'_>,
        pass: &mut Pass,
        progress: &mut dyn FnMut(u64),
    ) -> Result<bool, Error> {
        if let Some(step) = scan.walking.next() {
            let Some(news) = scan.folders.back_mut() else { return Ok(false) };
            match step {
                Step::Found(found) => self.compare(news, found, Unchanged::Left, pass)?,
                Step::Walked(walked) => {
                    self.miss(news, &walked, pass, now)?;
                    let next = self.news_of(news.index + 1)?;
                    scan.folders.push_back(next);
                }
            }
            if !scan.walking.is_over() {
                return Ok(false);
            }
            // In one step with what is gone, so that nobody sees a folder without its posts that only has another name now.
            self.bury_other_folders(now)?;
            for news in &mut scan.folders {
                self.take_gone(news, now, written, pass, progress)?;
                // Of a part of a folder that was never scanned, the newest would not be the newest.
                scan.at_once |= !news.found.is_empty() && !self.was_scanned(news.index)?;
            }
            if !scan.at_once {
                return Ok(false);
            }
        }
        while let Some(news) = scan.folders.front_mut() {
            if self.is_stopped() {
                return Ok(false);
            }
            let most = if scan.at_once { usize::MAX } else { PART };
            let part: Vec<Look> = news.found.drain(..most.min(news.found.len())).collect();
            if part.is_empty() {
                self.end_folder(news, news.is_new, now)?;
                scan.folders.pop_front();
                continue;
            }
            self.take_found(news.index, self.found_now(news.index, part), written, now, pass, progress)?;
            if !scan.at_once {
                pass.documents = self.press(now)?;
                return Ok(false);
            }
        }
        self.end(&BTreeSet::new(), pass, now)?;
        Ok(true)
    }

    /// Takes note of what vanished from a folder that was walked through.
    fn take_gone(
        &mut self,
        news: &mut News,
        now: DateTime<Utc>,
        written: MayBeWritten<'_>,
        pass: &mut Pass,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), Error> {
        let Some(folder) = self.settings.folders.get(news.index) else { return Ok(()) };
        let found = watch::look_again(news.index, &folder.watched(), std::mem::take(&mut news.gone));
        self.take_found(news.index, found, written, now, pass, progress)?;
        Ok(())
    }

    /// What stands now where something was found.
    fn found_now(&self, index: usize, looks: Vec<Look>) -> Vec<Found> {
        let Some(folder) = self.settings.folders.get(index) else { return Vec::new() };
        let now = |Look { path, kind, .. }| match kind {
            // A directory that cannot be read is nothing to a look.
            Kind::Odd(_) if folder.path.join(&path).is_dir() => Found { folder: index, path, kind },
            _ => look_at(index, folder, &path),
        };
        looks.into_iter().map(now).collect()
    }

    /// All news of a folder were taken; `is_read` says that with them all that it has was read under the present settings.
    fn end_folder(&mut self, news: &News, is_read: bool, now: DateTime<Utc>) -> Result<(), Error> {
        let Some(folder) = self.settings.folders.get(news.index) else { return Ok(()) };
        if !news.is_closed {
            let mut batch = self.catalog.batch(now.timestamp())?;
            batch.scanned(&folder.read.folder)?;
            batch.commit()?;
        }
        if is_read { self.settings_applied(news.index, now) } else { Ok(()) }
    }

    fn was_scanned(&self, index: usize) -> Result<bool, Error> {
        let Some(folder) = self.settings.folders.get(index) else { return Ok(false) };
        Ok(self.catalog.fact::<i64>(&format!("scanned {}", folder.read.folder))?.is_some())
    }

    /// A scan begins. Returns the collections that had posts before, where new settings are to be applied to them.
    fn begin(&mut self) -> Result<BTreeSet<Key>, Error> {
        self.scan = None;
        self.recover()?;
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

    /// Takes leave of folders that are no more: before anything is seen, so that one which is only called otherwise now finds its
    /// posts again.
    fn bury_other_folders(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        let names: Vec<&str> = self.settings.folders.iter().map(|folder| folder.read.folder.as_str()).collect();
        let mut batch = self.catalog.batch(now.timestamp())?;
        batch.bury_other_folders(&names)?;
        batch.commit()?;
        Ok(())
    }

    fn walk(&self, wake: impl Fn() + Send + 'static) -> Walking {
        Walking::start(self.settings.folders.iter().map(crate::config::Folder::watched).collect(), wake)
    }

    fn news_of(&self, index: usize) -> Result<News, Error> {
        let is_new = match self.settings.folders.get(index) {
            Some(folder) => !self.catalog.knows(&folder.read.folder)?,
            None => false,
        };
        Ok(News { index, is_new, ..News::default() })
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
        self.take_gone(&mut news, now, written, pass, progress)?;
        let looks = std::mem::take(&mut news.found).into();
        unread.extend(self.take(news.index, looks, written, now, pass, progress)?);
        if self.is_stopped() {
            return Ok(());
        }
        self.apply_to_hidden(news.index, &unread, now)?;
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
            self.conclude(before_reload.as_ref().unwrap_or(before), now)?;
        }
        if self.unrendered.take() {
            self.shelf.forget_on_demand();
        }
        pass.documents += self.press_all(now)? + self.press_lists(now)?;
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
    pub(super) fn conclude(&mut self, before: &BTreeSet<Key>, now: DateTime<Utc>) -> Result<(), Error> {
        self.bury_unshown(now)?;
        if self.is_stopped() {
            return Ok(());
        }
        // An address can lead only to where something is known to be.
        self.learn_places()?;
        self.follow_categories(before)
    }
}

fn has_its_stat(known: Option<Known>, kind: &Kind) -> bool {
    matches!((known, kind), (Some(known), Kind::File(stat)) if !known.missing && known.stat == *stat)
}
