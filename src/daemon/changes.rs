//! What the watcher tells of is looked at: at once, or in parts where it is much.

use std::{
    cell::RefCell,
    path::PathBuf,
    time::{Instant, SystemTime},
};

use chrono::Utc;

use super::{Daemon, Soon, scan::patience, watched};
use crate::{
    meters::Rescan,
    pipeline, systemd,
    watch::{self, Changes, Kind, Lost},
};

impl Daemon<'_> {
    /// Looks at what happened in the folders since this was asked last.
    pub(super) fn take_changes(&mut self) -> Result<(), pipeline::Error> {
        let Changes { paths, directories, rescan, again } = self.told(SystemTime::now());
        self.take_at = again;
        match rescan {
            Some(Lost::Events) => self.scan(Rescan::Overflow)?,
            // The first word of a watcher: from now on a scan misses nothing.
            Some(Lost::Watches) if !std::mem::replace(&mut self.watched, true) => self.scan(Rescan::Start)?,
            Some(Lost::Watches) => self.scan(Rescan::Root)?,
            None => {}
        }
        if paths.len() <= 2 * pipeline::PART {
            return self.look(&paths, &directories);
        }
        // In parts, each with a chance for what comes meanwhile.
        let folders = watched(&self.pipeline);
        let is_gone = |(folder, path): &(usize, PathBuf)| {
            folders.get(*folder).is_none_or(|of| watch::look(*folder, &of.root, path).kind == Kind::Gone)
        };
        let (gone, there): (Vec<_>, Vec<_>) = paths.into_iter().partition(is_gone);
        self.pipeline.note_gone(gone);
        self.untaken.add(there);
        let part = self.untaken.take();
        self.look(&part, &directories)
    }

    /// What the watcher tells, and the one before it where it is still needed.
    fn told(&mut self, now: SystemTime) -> Changes {
        let mut told = self.watcher.take(now);
        let Some(leaving) = &self.leaving else { return told };
        let before = leaving.take_for(&self.watcher, now);
        if told.rescan.is_some() {
            self.leaving = None;
            // Until now the watches of both counted.
            self.watcher.watch_again();
        }
        for (all, more) in [(&mut told.paths, before.paths), (&mut told.directories, before.directories)] {
            all.extend(more);
            all.sort_unstable();
            all.dedup();
        }
        // That its own watches are lost is of no interest any more.
        told.rescan = before.rescan.filter(|lost| *lost == Lost::Events).or(told.rescan);
        told.again = [told.again, before.again].into_iter().flatten().min();
        told
    }

    /// Whether there is something that there was no time for.
    pub(super) fn has_rest(&self) -> bool {
        !self.untaken.is_empty() || self.pipeline.misses()
    }

    /// Looks at a part of it.
    pub(super) fn take_rest(&mut self) -> Result<(), pipeline::Error> {
        let paths = self.untaken.take();
        self.look(&paths, &[])
    }

    /// Looks at what the watcher told of.
    fn look(&mut self, paths: &[(usize, PathBuf)], directories: &[(usize, PathBuf)]) -> Result<(), pipeline::Error> {
        if !paths.is_empty() || !directories.is_empty() || self.pipeline.misses() {
            let started = Instant::now();
            let pass = self.pipeline.look(paths, directories, &|_, _, _| false, Utc::now())?;
            if pass.documents > 0 {
                self.meters.published(started.elapsed());
            }
            self.note(pass, Soon::new(), started);
            self.due = self.pipeline.settle(Utc::now())?;
            systemd::status(&self.status());
        }
        Ok(())
    }

    /// Looks again at files that may be whole by now.
    pub(super) fn take_unsettled(&mut self, now: Instant) -> Result<(), pipeline::Error> {
        let paths = self.unsettled.take(now);
        if !paths.is_empty() {
            let soon = RefCell::default();
            let patience = patience(&self.watcher, watched(&self.pipeline), &soon);
            let pass = self.pipeline.look(&paths, &[], &patience, Utc::now())?;
            drop(patience);
            self.note(pass, soon.take(), now);
            self.due = self.pipeline.settle(Utc::now())?;
        }
        Ok(())
    }
}
