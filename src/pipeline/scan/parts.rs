//! A scan in parts, beside all other work.
//!
//! All folders are walked through; what vanished is missed; then come the news, and at last folders that are no more take their
//! leave. A folder that was never scanned is walked through again for its news, so that nobody holds them all, and is shown when
//! all of it was read. Whoever writes a post meanwhile waits for a part.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{News, Reading, Unchanged, former_folders::FormerFolders};
use crate::{
    catalog::Room,
    pipeline::{Error, MayBeWritten, Pass, Pipeline, behind::PART, files::Look, ingest::look_at, unshown::Unshown},
    watch::{Found, Kind, Root, Step, Walked, Walking},
};

/// A scan that is done in parts.
#[derive(Debug)]
pub(in crate::pipeline) struct Scan {
    walking: Walking,
    /// The folders whose news are not all taken: while they are walked through, all up to the present one.
    folders: VecDeque<News>,
    /// Through those that were never scanned, to read them.
    reading: Walking,
    former: FormerFolders,
    unshown: Unshown,
}

/// What a scan waits for while others go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// The disk of a posts folder.
    Folder,
    /// That of the catalog, whose log is being moved: who writes more meanwhile makes it too long, and then all wait.
    Log,
}

impl Scan {
    /// Whether some of what vanished from a folder is noted, and some is not.
    pub(in crate::pipeline) fn misses(&self, index: usize) -> bool {
        self.walking.is_over() && self.folders.iter().any(|news| news.index == index && !news.gone.is_empty())
    }

    /// Whether the next part waits for no disk.
    fn is_ready(&mut self) -> bool {
        if !self.walking.is_over() {
            return self.walking.is_ready();
        }
        let waits = self.folders.front().is_some_and(News::awaits_files);
        !waits || self.reading.is_over() || self.reading.is_ready()
    }
}

impl Pipeline {
    /// Begins a scan that is done in parts, in place of one that is under way; `wake` is called whenever there is one to do.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn begin_scan(&mut self, wake: impl Fn() + Clone + Send + 'static) -> Result<(), Error> {
        let before = self.begin()?;
        if !self.reread.is_empty() {
            self.behind.get_or_insert_default();
        }
        if let Some(behind) = &mut self.behind {
            behind.begin(before);
        }
        let settings = Arc::clone(&self.settings);
        let mut unread = Vec::new();
        for (index, folder) in settings.folders.iter().enumerate() {
            let name = &folder.read.folder;
            if !self.catalog.was_scanned(name)? {
                self.catalog.begin_unseen(name)?;
                unread.push(folder.watched());
                if !self.catalog.knows(name)? {
                    // All that comes is read under these. What is cut off goes on where it was.
                    self.settings_applied(index)?;
                }
            }
        }
        let walking = self.walk(wake.clone());
        let folders = VecDeque::from([self.news_of(0)?]);
        let reading = Walking::start(unread, wake);
        let (former, unshown) = (FormerFolders::default(), Unshown::default());
        self.scan = Some(Scan { walking, folders, reading, former, unshown });
        Ok(())
    }

    /// Whether a scan was begun that is not at its end.
    #[must_use]
    pub fn is_scanning(&self) -> bool {
        self.scan.is_some()
    }

    /// Whether it is still to be found out what there is, and what is not.
    #[must_use]
    pub fn is_walking(&self) -> bool {
        self.scan.as_ref().is_some_and(|scan| !scan.walking.is_over())
    }

    /// What keeps the next part of a scan from being done now, if there is one.
    pub fn awaited_by_scan(&mut self) -> Option<Awaited> {
        let scan = self.scan.as_mut()?;
        if !scan.is_ready() {
            Some(Awaited::Folder)
        } else if scan.walking.is_over() && self.catalog.is_moving_log() {
            Some(Awaited::Log)
        } else {
            None
        }
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
                Step::Found(found) => {
                    self.compare(news, found, Unchanged::Left, pass)?;
                    if news.reading == Reading::Begun {
                        // They are found again when what vanished is missed.
                        news.found.clear();
                    }
                }
                Step::Walked(walked) => {
                    self.miss(news, &walked, pass, now)?;
                    let next = self.news_of(news.index + 1)?;
                    scan.folders.push_back(next);
                }
            }
            if !scan.walking.is_over() {
                return Ok(false);
            }
            scan.folders.iter_mut().for_each(|news| news.at.clear());
            // News of others do not wait for all that is new in a folder.
            scan.folders.make_contiguous().sort_by_key(|news| news.reading == Reading::Begun);
            return Ok(false);
        }
        let Scan { folders, reading, former, unshown, .. } = scan;
        if let Some(news) = folders.iter_mut().find(|news| !news.gone.is_empty()) {
            self.take_gone(news, now, written, pass, progress)?;
            return Ok(false);
        }
        while let Some(news) = folders.front_mut() {
            if self.is_stopped() || !self.part_of_folder(news, reading, written, now, pass, progress)? {
                return Ok(false);
            }
            if news.shown > 0 {
                let (folder, posts) = (self.settings.folders.get(news.index), news.shown);
                let path = folder.map_or_else(Default::default, |folder| folder.path.display().to_string());
                tracing::info!(posts, "{path} was read for the first time: {posts} new posts");
                self.warn_of_collections();
            }
            self.end_folder(news, news.is_new || news.was_read_whole(), now)?;
            folders.pop_front();
            if folders.front().is_some_and(News::awaits_files) {
                // It may be that its disk is to be waited for.
                return Ok(false);
            }
        }
        if self.bury_former(former, now)? {
            // Documents without them can wait like others.
            self.behind.get_or_insert_default();
            return Ok(false);
        }
        if self.reread.is_empty() && self.bury_unshown(unshown, now)? {
            self.behind.get_or_insert_default();
            return Ok(false);
        }
        self.end(&BTreeSet::new(), pass, now)?;
        Ok(true)
    }

    /// Takes some of a folder's news; true where there are none left.
    fn part_of_folder(
        &mut self,
        news: &mut News,
        reading: &mut Walking,
        written: MayBeWritten<'_>,
        now: DateTime<Utc>,
        pass: &mut Pass,
        progress: &mut dyn FnMut(u64),
    ) -> Result<bool, Error> {
        if news.awaits_files() {
            self.catalog.make_room(Room::Ample)?;
            match reading.next() {
                Some(Step::Found(found)) => {
                    self.compare(news, found, Unchanged::Read, pass)?;
                    // They are missed already, or events tell of them.
                    news.gone.clear();
                }
                Some(Step::Walked(Walked { root: Root::Closed(message), .. })) if !news.is_closed => {
                    tracing::warn!("{message}");
                    pass.refused += 1;
                    (news.is_closed, news.reading) = (true, Reading::Done);
                }
                Some(Step::Walked(_)) | None => news.reading = Reading::Done,
            }
        }
        let part: Vec<Look> = news.found.drain(..PART.min(news.found.len())).collect();
        if !part.is_empty() {
            let left = self.take_found(news.index, self.found_now(news.index, part), written, now, pass, progress)?;
            if news.reading == Reading::Other {
                pass.documents = self.press(now)?;
            } else {
                self.apply_to_hidden(news.index, &left, now)?;
            }
            return Ok(false);
        }
        let is_shown = news.reading != Reading::Done || !self.show_unseen(news, now)?;
        if !is_shown {
            // Their documents can wait; what a change touches meanwhile is made at once.
            self.behind.get_or_insert_default();
        }
        Ok(is_shown && !news.awaits_files())
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
}
