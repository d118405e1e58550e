//! One pass: paths → posts → catalog → feeds → documents → published. `build` runs it once, the daemon for ever.
//!
//! A change goes: catalog commit, then the shelf that HTTP answers from, then the output folder. Work is proportional to
//! the change: a post touches its row, the windows of its collections and their documents, nothing else.
//!
//! Invariants: the clock is the caller's; what could not be written to the output folder is tried again and never takes
//! a document off the shelf.

mod adopt;
mod behind;
mod entry;
mod files;
mod ingest;
mod made;
mod media;
mod members;
mod mentions;
mod output;
mod pages;
mod places;
mod press;
mod remarks;
mod render;
mod scan;
mod search;
mod state;
mod tree;
mod unshown;
mod window;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::{DateTime, Utc};

use crate::{
    bytes::UNKNOWN,
    catalog::{CLEAN, Catalog, CatalogError, Version},
    config::{Archives, Folder, Settings},
    publish::{Output, PublishError},
    serve::Shelf,
};
pub use behind::PART;
pub use files::{SETTLED, UNFINISHED};
pub use ingest::MayBeWritten;
use places::Places;
pub use scan::Awaited;
pub use state::Health;

/// How large the catalog's log may be in quiet times.
const LOG: u64 = 4 << 20;

/// What keeps a pass from going on. A post that cannot be read never does.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The catalog failed.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The output folder cannot be used.
    #[error("cannot publish to {}: {source}", path.display())]
    Output {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: PublishError,
    },
}

impl Error {
    /// The catalog is damaged, as opposed to unreachable: the next scan begins a new one.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Catalog(error) if error.is_damage())
    }
}

/// What one pass came to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Pass {
    /// Files that were read.
    pub read: u64,
    /// Posts that became public.
    pub arrived: u64,
    /// Documents whose bytes changed.
    pub documents: u64,
    /// Paths that may still be written, to be looked at again, each with its folder's index.
    pub unsettled: BTreeSet<(usize, PathBuf)>,
    /// How many of these were not taken at all, because they end in the middle.
    pub unfinished: u64,
    /// Files and folders that the system refused to read. Nothing may tell when it will not: they are to be tried again.
    pub refused: u64,
}

/// Everything between the folders and the documents.
#[derive(Debug)]
pub struct Pipeline {
    settings: Arc<Settings>,
    catalog: Catalog,
    output: Option<Output>,
    /// Has the output folder meanwhile.
    writing: Option<output::Writing>,
    shelf: Arc<Shelf>,
    places: Arc<Places>,
    /// Digest of all that an entry's bytes depend on besides its post.
    version: [u8; 16],
    /// Paths of documents that are not in the output folder as they should be.
    unwritten: BTreeSet<String>,
    /// Folders whose files must be read again though they are unchanged.
    reread: BTreeSet<String>,
    /// A scan that is done in parts.
    scan: Option<scan::Scan>,
    /// Posts that are gone, by their folders' index, and not missed yet.
    gone: BTreeSet<(usize, PathBuf)>,
    /// What new settings still ask for.
    behind: Option<behind::Behind>,
    /// Which categories are below which; made when a page needs it.
    categories: std::cell::OnceCell<tree::CategoryTree>,
    /// Which version of the collections `places` and the lists of feeds were made of.
    learnt: Option<Version>,
    /// Of which of them the lists of feeds tell.
    listed: Option<Version>,
    /// Documents made under other rules on who may read what are not shown before they were made anew.
    withheld: bool,
    /// Set from outside to end a long pass early.
    stop: Arc<AtomicBool>,
    unfinished: Unfinished,
    /// Something was made without a post whose file could not be read just then.
    unrendered: Cell<bool>,
    /// Addresses of feeds that are too full for all their young entries, as the log was told.
    full: RefCell<BTreeSet<String>>,
    /// How far the output folder was compared with what was published.
    compared: Compared,
    /// The output folder was written to, or had to be read: at a clean end that is to be written down.
    wrote: bool,
}

/// How far the output folder was compared with what was published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Compared {
    /// Since this program was started, not at all: an earlier one may have been killed.
    #[default]
    Never,
    /// Just now: the next scan need not do it again.
    Now,
    /// Before.
    Once,
}

/// What a failure may leave half done, for the next scan to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Unfinished {
    /// The settings are not compared with the catalog.
    adopting: bool,
    /// The output folder may hold documents that are no more.
    tidying: bool,
    catalog: Repair,
}

/// What the catalog needs before it can be used again; the later, the more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Repair {
    /// It is well.
    #[default]
    Nothing,
    /// It is to be opened again.
    Reopening,
    /// It was found damaged.
    StartingOver,
}

impl Pipeline {
    /// Opens the catalog and the output folder, and puts on the shelf what was published last time.
    ///
    /// # Errors
    /// When the catalog or the output folder cannot be used.
    pub fn open(settings: Settings, shelf: Arc<Shelf>) -> Result<Self, Error> {
        let catalog = Catalog::open(&settings.state)?;
        let output = match Output::open(&settings.output) {
            // It may be full or away: that is no reason not to serve the feeds.
            Err(source @ PublishError::Io(_)) => {
                tracing::error!("{}", unwritable(&settings.output, &source));
                None
            }
            opened => Some(opened.map_err(|source| Error::Output { path: settings.output.clone(), source })?),
        };
        let places = Arc::new(Places::new(&settings));
        let mut pipeline = Self {
            version: entry::version(&settings, &places),
            settings: Arc::new(settings),
            catalog,
            output,
            writing: None,
            shelf,
            places,
            unwritten: BTreeSet::new(),
            reread: BTreeSet::new(),
            scan: None,
            gone: BTreeSet::new(),
            behind: None,
            categories: std::cell::OnceCell::new(),
            learnt: None,
            listed: None,
            withheld: false,
            stop: Arc::default(),
            unfinished: Unfinished::default(),
            unrendered: Cell::default(),
            full: RefCell::default(),
            compared: Compared::default(),
            wrote: false,
        };
        match pipeline.adopt() {
            Err(error) if error.is_damage() => pipeline.start_over()?,
            adopted => adopted?,
        }
        if let Some(notice) = &pipeline.catalog.notice {
            tracing::warn!("{notice}");
        }
        Ok(pipeline)
    }

    /// Takes new settings; the next scan applies them, and [`Self::catch_up`] what can wait. Output and state folder stay what
    /// they are.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn reconfigure(&mut self, settings: Settings) -> Result<(), Error> {
        self.places = Arc::new(Places::new(&settings));
        self.version = entry::version(&settings, &self.places);
        let Settings { output, state, .. } = &*self.settings;
        self.settings = Arc::new(Settings { output: output.clone(), state: state.clone(), ..settings });
        self.scan = None;
        self.gone.clear();
        self.behind.get_or_insert_default().restart();
        self.adopt()
    }

    /// While this is true, a pass ends as soon as it can; what it leaves undone is done by the next.
    #[must_use]
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The first scan is published.
    pub fn set_ready(&self) {
        self.shelf.set_ready();
    }

    /// The address of the whole tree.
    #[must_use]
    pub fn base(&self) -> String {
        self.places.url("")
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Every public post by its id: its path, and a digest that differs when its entry does.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn public(&self) -> Result<BTreeMap<String, (String, [u8; 16])>, Error> {
        Ok(self.catalog.public()?)
    }

    /// Sets a damaged catalog aside and begins a new one. Whatever is on the shelf stays there until it is made anew.
    fn start_over(&mut self) -> Result<(), Error> {
        self.catalog.start_over()?;
        self.unfinished.catalog = Repair::Nothing;
        self.adopt()
    }

    /// Opens the catalog again, if this failure may be its connection's: whatever is asked next would wait for locks that it
    /// cannot give back. Lets the next scan begin a new one, if the failure says that the present one is damaged.
    pub fn note_failure(&mut self, error: &Error) {
        let needed = match error {
            Error::Catalog(error) if error.is_damage() && self.catalog.is_open() => Repair::StartingOver,
            Error::Catalog(error) if error.is_of_the_connection() => Repair::Reopening,
            _ => Repair::Nothing,
        };
        self.unfinished.catalog = self.unfinished.catalog.max(needed);
        // It was compared with what may not be so any more; the next one begins anew.
        self.scan = None;
        if needed == Repair::Reopening
            && let Err(error) = self.recover()
        {
            tracing::debug!(%error, "the catalog is still not open");
        }
    }

    /// Makes good what a failure left of the catalog.
    fn recover(&mut self) -> Result<(), Error> {
        match self.unfinished.catalog {
            Repair::StartingOver => {
                self.start_over()?;
                if let Some(notice) = &self.catalog.notice {
                    tracing::warn!("{notice}");
                }
            }
            Repair::Reopening => {
                self.catalog.reopen()?;
                (self.learnt, self.listed) = (None, None);
                // A state folder that was taken away is made anew, from nothing.
                self.unfinished.adopting |= self.catalog.fact::<i64>(CLEAN)?.is_none();
                self.unfinished.catalog = Repair::Nothing;
            }
            Repair::Nothing => {}
        }
        if self.unfinished.adopting { self.adopt() } else { Ok(()) }
    }

    /// Compares the catalog with the settings: whose files must be read again, which documents made anew, what moved.
    fn adopt(&mut self) -> Result<(), Error> {
        self.unfinished.adopting = true;
        for remark in self.settings.remarks() {
            tracing::warn!("{remark}");
        }
        // One that is no more is buried with all that it has.
        self.reread.retain(|name| self.settings.folder(name).is_some());
        for folder in &self.settings.folders {
            let name = &folder.read.folder;
            let fact = format!("settings {name}");
            let now = self.reading_digest(folder);
            let before = self.catalog.fact::<[u8; 16]>(&fact)?;
            if before != Some(now) {
                self.reread.insert(name.clone());
                // From now on some are read so and some so: whatever cuts that off, all are to be read again.
                self.catalog.set_fact(&fact, UNKNOWN)?;
            }
        }
        self.catalog.keep_pages(self.settings.archives == Archives::Disk);
        let windows: Vec<_> = self.settings.folders.iter().map(|folder| folder.window).collect();
        let documents = digest_of(&(
            self.version,
            self.settings.window,
            windows,
            &self.settings.site,
            self.settings.archives,
            &self.settings.feeds,
        ));
        if self.catalog.fact::<[u8; 16]>("documents")? != Some(documents) {
            self.catalog.mark_all_dirty()?;
            self.catalog.mark_all_pages()?;
            self.catalog.set_fact("documents", documents)?;
        }
        self.catalog.search_in(self.settings.search)?;
        self.follow_settings()?;
        self.categories.take();
        (self.learnt, self.listed) = (None, None);
        self.shelf.forget_on_demand();
        self.restore_shelf()?;
        self.unfinished.adopting = false;
        Ok(())
    }

    /// What keeps posts from some. What everybody may read may come and go.
    pub(super) fn restrictions(&self) -> [u8; 16] {
        let folders = self.settings.folders.iter().filter(|folder| folder.access.is_private());
        let folders = folders.map(|folder| (&folder.read.folder, &folder.path, &folder.access));
        let feeds = self.settings.feeds.iter().filter(|feed| feed.access.is_private());
        let feeds = feeds.map(|feed| (&feed.name, &feed.access));
        digest_of(&(folders.collect::<Vec<_>>(), feeds.collect::<Vec<_>>(), self.places.restrictions()))
    }

    /// Differs when a folder's files have to be read again, though they are unchanged.
    fn reading_digest(&self, folder: &Folder) -> [u8; 16] {
        let Folder { read, selection, future, volatile, path_reuse, access, .. } = folder;
        let members = (&self.settings.feeds, access, self.places.restrictions());
        digest_of(&(read, selection, volatile, future, path_reuse, members))
    }

    /// Applies new settings to posts of a folder that are not read now, as far as that can be done: it is closed, or a writer is
    /// at them.
    fn apply_to_hidden(&mut self, index: usize, paths: &[PathBuf], now: DateTime<Utc>) -> Result<(), Error> {
        let (settings, places) = (&self.settings, &self.places);
        let is_meant = |folder: &&Folder| !paths.is_empty() && self.reread.contains(&folder.read.folder);
        let Some(folder) = settings.folders.get(index).filter(is_meant) else { return Ok(()) };
        let mut batch = self.catalog.batch(now.timestamp())?;
        for path in paths {
            batch.apply_to_hidden(folder, path, |keys| members::still_in(settings, places, folder, keys))?;
        }
        let effects = batch.commit()?;
        self.note_touched(&effects);
        Ok(())
    }

    /// The same for posts whose files are missing, or are none any more.
    fn apply_to_unread(&mut self, index: usize, posts: &[i64], now: DateTime<Utc>) -> Result<(), Error> {
        let (settings, places) = (&self.settings, &self.places);
        let Some(folder) = settings.folders.get(index) else { return Ok(()) };
        let mut batch = self.catalog.batch(now.timestamp())?;
        for post in posts {
            batch.apply_to_unread(*post, |keys| members::still_in(settings, places, folder, keys))?;
        }
        let effects = batch.commit()?;
        self.note_touched(&effects);
        Ok(())
    }

    /// The folder's posts were read under the present settings.
    fn settings_applied(&mut self, index: usize) -> Result<(), Error> {
        let settings = Arc::clone(&self.settings);
        if let Some(folder) = settings.folders.get(index)
            && self.reread.contains(&folder.read.folder)
        {
            let digest = self.reading_digest(folder);
            self.catalog.set_fact(&format!("settings {}", folder.read.folder), digest)?;
            self.reread.remove(&folder.read.folder);
        }
        Ok(())
    }

    /// Releases scheduled posts, withdraws expired ones, buries what has been missing for too long, and publishes what
    /// came of it. Returns when it must be called next.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn settle(&mut self, now: DateTime<Utc>) -> Result<Option<i64>, Error> {
        let seconds = |duration: std::time::Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 4);
        let (grace, mass) = (seconds(self.settings.delete_grace), seconds(self.settings.mass_delete_grace));
        let mut due = None;
        if self.catalog.next_due()?.is_some_and(|at| at <= now.timestamp()) {
            let mut batch = self.catalog.batch(now.timestamp())?;
            batch.release(&self.settings.folders)?;
            let effects = batch.commit()?;
            self.note_touched(&effects);
        }
        let (mut are_many, mut some_left) = (false, false);
        for (index, folder) in self.settings.folders.iter().enumerate() {
            let name = &folder.read.folder;
            // How many vanished together is known once all of them are missed.
            let misses = self.gone.range((index, PathBuf::new())..).next().is_some_and(|(of, _)| *of == index)
                || self.scan.as_ref().is_some_and(|scan| scan.misses(index));
            if !misses && self.catalog.any_missing(name)? {
                let back = self.catalog.fact::<i64>(&format!("present since {name}"))?;
                let present_since = if folder.path.is_dir() { Some(back.unwrap_or(0)) } else { None };
                let mut batch = self.catalog.batch(now.timestamp())?;
                let next = batch.expire(folder, present_since, grace, mass)?;
                some_left |= !batch.commit()?.touched.is_empty();
                are_many |= next.is_some_and(|at| at <= now.timestamp());
                due = earlier(due, next);
            }
        }
        if are_many {
            // Documents without them can wait like others.
            self.behind.get_or_insert_default();
        }
        if some_left {
            self.note_left();
        }
        self.press(now)?;
        self.tidy_output()?;
        Ok(earlier(due, self.catalog.next_due()?))
    }

    /// The clock was set while the program ran: graces that have begun go on as if it had not been.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn clock_set(&mut self, by: chrono::TimeDelta, now: DateTime<Utc>) -> Result<(), Error> {
        let mut batch = self.catalog.batch(now.timestamp())?;
        batch.shift(by.num_seconds())?;
        batch.commit()?;
        Ok(())
    }

    /// Drops posts that are kept though their file is missing. Returns the paths that name none.
    ///
    /// # Errors
    /// When the catalog fails.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method's lifetime is not general enough")]
    pub fn forget(&mut self, paths: &[PathBuf], now: DateTime<Utc>) -> Result<Vec<PathBuf>, Error> {
        self.each_path(paths, now, |batch, folder, path| batch.forget(folder, path))
    }

    /// Lets the next scan take the date and picture of posts afresh. Returns the paths that name none.
    ///
    /// # Errors
    /// When the catalog fails.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method's lifetime is not general enough")]
    pub fn refresh(&mut self, paths: &[PathBuf], now: DateTime<Utc>) -> Result<Vec<PathBuf>, Error> {
        self.each_path(paths, now, |batch, folder, path| batch.refresh(folder, path))
    }

    fn each_path(
        &mut self,
        paths: &[PathBuf],
        now: DateTime<Utc>,
        act: impl Fn(&mut crate::catalog::Batch<'_>, &Folder, &std::path::Path) -> Result<bool, CatalogError>,
    ) -> Result<Vec<PathBuf>, Error> {
        let mut unknown = Vec::new();
        let mut batch = self.catalog.batch(now.timestamp())?;
        for path in paths {
            let mut found = false;
            for folder in &self.settings.folders {
                // A path may be given as it stands on disk, or below its folder.
                let below = path.strip_prefix(&folder.path).unwrap_or(path);
                found |= act(&mut batch, folder, below)?;
            }
            if !found {
                unknown.push(path.clone());
            }
        }
        batch.commit()?;
        Ok(unknown)
    }

    /// Moves the catalog's log into the catalog once it has grown. For a moment at which nothing happens.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn tidy_catalog(&mut self) -> Result<(), Error> {
        if self.catalog.log_bytes() > LOG {
            self.catalog.checkpoint()?;
        }
        Ok(())
    }

    /// Ends in good order: what could not be written is tried once more, and the next start can trust the output folder.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn close(mut self, now: DateTime<Utc>) -> Result<(), Error> {
        if self.are_lists_behind() {
            self.press_lists(now)?;
        }
        self.check_output(now)?;
        let is_clean = self.unwritten.is_empty() && !self.unfinished.tidying;
        let stopped = now.timestamp_nanos_opt().filter(|_| is_clean);
        let known = self.catalog.fact::<i64>(CLEAN)?.is_some_and(|at| at > 0);
        // Where nothing was published, what was written down at an earlier end still holds.
        if !(known && is_clean) || self.wrote {
            self.catalog.set_fact(CLEAN, stopped.unwrap_or(0))?;
        }
        Ok(self.catalog.close()?)
    }
}

/// Says that the output folder cannot be used for now.
fn unwritable(folder: &std::path::Path, error: &PublishError) -> String {
    format!(
        "{} cannot be written: {error}; the feeds are still served over HTTP, and written as soon as that is possible",
        folder.display()
    )
}

/// A digest of anything by its debug form, which names every field; only ever compared for equality.
fn digest_of(value: &impl std::fmt::Debug) -> [u8; 16] {
    crate::bytes::digest(format!("{value:?}"))
}

fn earlier(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
