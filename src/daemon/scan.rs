//! When everything is scanned, and what a scan leaves for later.

use std::{
    cell::RefCell,
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant, SystemTime},
};

use chrono::Utc;

use super::{Daemon, POLL, Soon, watched};
use crate::{
    meters::Rescan,
    pipeline::{self, Awaited},
    systemd,
    watch::{Folder, STILL, Stat, Watcher, moves},
};

/// So long a walk may wait for a folder until that is said.
const STUCK: Duration = Duration::from_mins(1);
const SILENT: &str = "a posts folder does not answer: check its disk or its mount";

/// A scan that is done in parts.
#[derive(Clone, Copy)]
pub(super) struct Scanning {
    why: Rescan,
    started: Instant,
    /// When the last part was done.
    moved: Instant,
    is_stuck: bool,
    /// Files and folders that the system refused to read so far.
    refused: u64,
}

impl Daemon<'_> {
    /// Looks at everything: at the start at once, later in parts while nothing else is to be done. What is under way is ended
    /// first, but for a reload, and but for news that are taken while more events were lost.
    pub(super) fn scan(&mut self, why: Rescan) -> Result<(), pipeline::Error> {
        let begins_anew = why == Rescan::Reload || (loses(why) && !self.pipeline.is_walking());
        if self.scanning.is_some() && !begins_anew {
            self.again = self.again.filter(|before| loses(*before)).or(Some(why));
            return Ok(());
        }
        (self.scanning, self.again) = (None, None);
        self.meters.rescan(why);
        self.warn_if_degraded();
        let started = Instant::now();
        if self.last_scan.is_none() || self.pipeline.must_scan_at_once()? {
            let refused = self.scan_at_once(started)?;
            return self.end_scan(started, refused);
        }
        let changed = Arc::clone(&self.changed);
        self.pipeline.begin_scan(move || changed.notify_one())?;
        self.scanning = Some(Scanning { why, started, moved: started, is_stuck: false, refused: 0 });
        Ok(())
    }

    /// Returns how many files and folders the system refused to read.
    pub(super) fn scan_at_once(&mut self, started: Instant) -> Result<u64, pipeline::Error> {
        self.untaken.clear();
        let soon = RefCell::default();
        let (pulse, watcher) = (&mut *self.pulse, &self.watcher);
        let mut beat = || pulse.beat(watcher, Instant::now());
        let pass = if self.last_scan.is_none() {
            // At the start everybody waits, and no more is known of writers than that a file changes.
            let moves = moves(watched(&self.pipeline), SystemTime::now());
            let told = (self.watch)(&self.pipeline);
            let mut progress = |read| {
                beat();
                told(read);
            };
            self.pipeline.scan(Utc::now(), &moves, &mut progress)?
        } else {
            let patience = patience(watcher, watched(&self.pipeline), &soon);
            self.pipeline.scan(Utc::now(), &patience, &mut |_| beat())?
        };
        let refused = pass.refused;
        self.note(pass, soon.take(), started);
        Ok(refused)
    }

    /// Does a part of the scan that is under way.
    pub(super) fn scan_part(&mut self) -> Result<(), pipeline::Error> {
        let Some(Scanning { why, started, mut refused, .. }) = self.scanning else { return Ok(()) };
        let (began, soon) = (Instant::now(), RefCell::default());
        let patience = patience(&self.watcher, watched(&self.pipeline), &soon);
        let (pulse, watcher) = (&mut *self.pulse, &self.watcher);
        let mut progress = |_| pulse.beat(watcher, Instant::now());
        let pass = self.pipeline.scan_part(Utc::now(), &patience, &mut progress)?;
        drop(patience);
        refused += pass.refused;
        self.note(pass, soon.take(), began);
        if self.pipeline.is_scanning() {
            self.scanning = Some(Scanning { why, started, moved: Instant::now(), is_stuck: false, refused });
            return Ok(());
        }
        self.scanning = None;
        self.end_scan(started, refused)?;
        self.again.take().map_or(Ok(()), |why| self.scan(why))
    }

    /// Whether a scan is to find what events did not tell.
    pub(super) fn lacks_events(&self) -> bool {
        self.scanning.map(|one| one.why).into_iter().chain(self.again).any(loses)
    }

    /// Says that a walk does not go on; nobody else waits for it then.
    pub(super) fn note_stuck(&mut self) {
        let waits = self.pipeline.awaited_by_scan() == Some(Awaited::Folder);
        let stuck = |one: &&mut Scanning| waits && one.moved.elapsed() > STUCK;
        let Some(scanning) = self.scanning.as_mut().filter(stuck) else { return };
        if !std::mem::replace(&mut scanning.is_stuck, true) {
            tracing::error!("{SILENT}");
            systemd::status(&self.status());
        }
    }

    /// Why a scan does not go on.
    pub(super) fn stuck(&self) -> Option<&'static str> {
        self.scanning.filter(|scanning| scanning.is_stuck).map(|_| SILENT)
    }

    /// Everything was looked at.
    fn end_scan(&mut self, started: Instant, refused: u64) -> Result<(), pipeline::Error> {
        tracing::debug!("scanned in {:?}", started.elapsed());
        let refused = refused + u64::from(self.pipeline.has_unrendered());
        self.due = self.pipeline.settle(Utc::now())?;
        if self.stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let is_first = self.last_scan.is_none();
        if is_first {
            self.pipeline.index_titles()?;
        }
        self.last_scan = Some(Utc::now());
        if self.retry.trouble().is_some() {
            tracing::info!("all is well again");
        }
        let (now, every) = (Instant::now(), self.scan_interval());
        self.scan_at = self.retry.scanned(refused, every, now).unwrap_or(now + every);
        if is_first {
            self.pipeline.set_ready();
            self.pulse.set_ready();
            systemd::ready(&self.status());
        } else {
            systemd::status(&self.status());
        }
        self.end_reload();
        // Much may have been read, and the next change must not find the log full.
        self.pipeline.tidy_catalog()
    }

    /// Tells the service manager of the end of a reload, once the new settings hold everywhere.
    pub(super) fn end_reload(&mut self) {
        if self.reloading && self.scanning.is_none() && !self.pipeline.is_behind() {
            self.reloading = false;
            let (read, documents) = std::mem::take(&mut self.applied);
            tracing::info!(
                read,
                documents,
                "the settings hold everywhere: {read} files read again, {documents} documents published"
            );
            systemd::ready(&self.status());
        }
    }

    /// Says in the log when events begin not to be enough, and when they are again.
    fn warn_if_degraded(&mut self) {
        let degraded = self.watcher.degraded();
        if degraded != self.degraded {
            if let Some(why) = &degraded {
                tracing::warn!("{why}");
            } else {
                tracing::info!("events of the file system are trusted again");
            }
            systemd::status(&self.status());
            self.degraded = degraded;
        }
    }

    /// An hour, a quarter more or less, so that many daemons on one machine do not scan together.
    fn scan_interval(&self) -> Duration {
        if self.watcher.degraded().is_some() {
            return POLL.min(self.pipeline.settings().scan_interval);
        }
        let thousandths = 750 + Utc::now().timestamp_subsec_nanos() % 500;
        self.pipeline.settings().scan_interval * thousandths / 1000
    }
}

/// Whether events were lost.
fn loses(why: Rescan) -> bool {
    matches!(why, Rescan::Overflow | Rescan::Root)
}

/// Whether somebody may still be writing a file. A young one is not waited for: it is left until it is older, and is among
/// `soon`.
pub(super) fn patience<'a>(
    watcher: &'a Watcher,
    folders: Vec<Folder>,
    soon: &'a RefCell<Soon>,
) -> impl Fn(usize, &Path, &Stat) -> bool + 'a {
    let moves = moves(folders, SystemTime::now());
    move |folder, path, stat| {
        let now = SystemTime::now();
        if watcher.may_be_written(folder, path, stat, now) {
            return true;
        }
        if stat.is_younger(STILL, now) {
            let age = now.duration_since(stat.modified()).unwrap_or_default();
            soon.borrow_mut().push(((folder, path.to_owned()), Instant::now() + STILL.saturating_sub(age)));
            return true;
        }
        // When one that is dated later was written is not known.
        stat.modified() > now && moves(folder, path, stat)
    }
}
