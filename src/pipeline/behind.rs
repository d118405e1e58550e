//! What new settings ask for → done in parts, while nothing else is to be done.
//!
//! A reload may mean every post and every document. Who writes a post meanwhile waits for a part of that, and not for all:
//! what a change touches is made at once, under the new settings. Only where settings say who may read what is everything
//! done first.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use super::{Error, Pass, Pipeline, press::GROUP};
use crate::catalog::{Effects, Key};

/// Files that are looked at together: they are read, committed and published within a tenth of a second.
pub const PART: usize = 500;

/// What is still to be done for new settings.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// Files that are to be read again though they are unchanged, by their folder's index; taken from the end.
    files: Vec<(usize, Vec<PathBuf>)>,
    /// Collections that had posts under the settings of before, until all is read.
    before: Option<BTreeSet<Key>>,
    /// Collections that a change touched meanwhile.
    urgent: BTreeSet<i64>,
}

impl Behind {
    /// A scan has found these files, and with those of other folders all that is to be read again.
    pub(super) fn leave(&mut self, index: usize, files: Vec<PathBuf>) {
        if !files.is_empty() {
            self.files.push((index, files));
        }
    }

    /// Whether files of a folder are still to be read.
    pub(super) fn has_files_of(&self, index: usize) -> bool {
        self.files.iter().any(|(of, _)| *of == index)
    }

    /// Whether no file is to be read again.
    pub(super) fn has_read_all(&self) -> bool {
        self.files.is_empty()
    }

    /// The collections that had posts before, once: for what follows when all is read.
    pub(super) fn take_before(&mut self) -> Option<BTreeSet<Key>> {
        self.before.take()
    }

    /// A scan begins, which finds again what is to be read.
    pub(super) fn begin(&mut self, before: &BTreeSet<Key>) {
        self.files.clear();
        self.before.get_or_insert_default().extend(before.iter().cloned());
    }

    /// The collections that somebody waits for.
    pub(super) fn take_urgent(&mut self) -> BTreeSet<i64> {
        std::mem::take(&mut self.urgent)
    }
}

impl Pipeline {
    /// Whether the last settings are not applied to everything yet.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.behind.is_some()
    }

    /// Notes for whom the next documents are made.
    pub(super) fn note_touched(&mut self, effects: &Effects) {
        if let Some(behind) = &mut self.behind {
            behind.urgent.extend(effects.touched.keys());
        }
    }

    /// Does a part of what the settings ask for.
    ///
    /// # Errors
    /// When the catalog fails; then the part is still to be done.
    pub fn catch_up(&mut self, now: DateTime<Utc>) -> Result<Pass, Error> {
        // While it is away nothing is urgent, and a press is for all.
        let Some(mut behind) = self.behind.take() else { return Ok(Pass::default()) };
        let mut pass = Pass::default();
        match self.part(&mut behind, &mut pass, now) {
            Ok(true) => {}
            done => {
                self.behind = Some(behind);
                done?;
            }
        }
        Ok(pass)
    }

    /// True when it was the last.
    fn part(&mut self, behind: &mut Behind, pass: &mut Pass, now: DateTime<Utc>) -> Result<bool, Error> {
        if let Some((index, files)) = behind.files.last_mut() {
            let rest = files.len().saturating_sub(PART);
            let paths: Vec<&Path> = files[rest..].iter().map(PathBuf::as_path).collect();
            self.look_at(*index, &paths, &|_, _, _| false, now, pass)?;
            if self.is_stopped() {
                return Ok(false);
            }
            files.truncate(rest);
            if files.is_empty() {
                self.settings_applied(*index, now)?;
                behind.files.pop();
            }
            return Ok(false);
        }
        if let Some(before) = &behind.before {
            self.conclude(before, now)?;
            if self.is_stopped() {
                return Ok(false);
            }
            self.warn_of_collections();
            behind.before = None;
            return Ok(false);
        }
        pass.documents = self.press_some(GROUP, now)?;
        let is_done = self.catalog.dirty()?.is_empty() && self.catalog.stale_pages()?.is_empty();
        if is_done {
            self.tidy_output()?;
        }
        Ok(is_done)
    }
}
