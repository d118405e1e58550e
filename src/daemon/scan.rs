//! When everything is scanned, and what a scan leaves for later.

use std::{
    cell::RefCell,
    path::Path,
    sync::atomic::Ordering,
    time::{Duration, Instant, SystemTime},
};

use chrono::Utc;

use super::{Daemon, POLL, Soon, watched};
use crate::{
    meters::Rescan,
    pipeline::{self, Unsettled},
    systemd,
    watch::{Folder, STILL, Stat, Watcher, moves},
};

impl Daemon<'_> {
    /// Looks at everything.
    pub(super) fn scan(&mut self, why: Rescan) -> Result<(), pipeline::Error> {
        self.meters.rescan(why);
        self.warn_if_degraded();
        let started = Instant::now();
        self.untaken.clear();
        let soon = RefCell::default();
        let pass = if self.last_scan.is_none() {
            // At the start everybody waits, and no more is known of writers than that a file changes.
            let moves = moves(watched(&self.pipeline), SystemTime::now());
            let (pulse, watcher) = (&mut *self.pulse, &self.watcher);
            let mut progress = |_| pulse.beat(watcher, Instant::now());
            self.pipeline.scan(Utc::now(), &moves, Unsettled::Read, &mut progress)?
        } else {
            let patience = patience(&self.watcher, watched(&self.pipeline), &soon);
            let (pulse, watcher) = (&mut *self.pulse, &self.watcher);
            let mut progress = |_| pulse.beat(watcher, Instant::now());
            self.pipeline.scan(Utc::now(), &patience, Unsettled::Left, &mut progress)?
        };
        tracing::debug!("scanned in {:?}: {pass:?}", started.elapsed());
        let refused = pass.refused + u64::from(self.pipeline.has_unrendered());
        self.note(pass, soon.take(), started);
        self.due = self.pipeline.settle(Utc::now())?;
        if self.stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        if !self.ready {
            self.pipeline.index_titles()?;
        }
        self.last_scan = Some(Utc::now());
        if self.retry.trouble().is_some() {
            tracing::info!("all is well again");
        }
        let (now, every) = (Instant::now(), self.scan_interval());
        self.scan_at = self.retry.scanned(refused, every, now).unwrap_or(now + every);
        if self.ready {
            systemd::status(&self.status());
        } else {
            self.ready = true;
            self.pipeline.set_ready();
            self.pulse.set_ready();
            systemd::ready(&self.status());
        }
        self.end_reload();
        // Much may have been read, and the next change must not find the log full.
        self.pipeline.tidy_catalog()
    }

    /// Tells the service manager of the end of a reload, once the new settings hold everywhere.
    pub(super) fn end_reload(&mut self) {
        if self.reloading && !self.pipeline.is_behind() {
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
