//! What new settings ask for → done in parts, while nothing else is to be done.
//!
//! A reload may mean every post and every document. Who writes a post meanwhile waits for a part of that, and not for all:
//! what a change touches is made at once, under the new settings. Only where settings keep something from some is everything
//! done first.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use super::{Error, MayBeWritten, Pass, Pipeline, ingest::look_at, press::Wanted, unshown::Unshown};
use crate::{
    catalog::{Effects, Key, LEAVING, StalePage},
    config::Folder,
    watch::{Found, Kind},
};

/// Files that are looked at together: they are read, committed and published within a tenth of a second.
pub const PART: usize = 500;

/// Collections whose documents are made together, and pages of archives: it may be that each entry of theirs is to be rendered.
const TOGETHER: u32 = 4;

/// What is still to be done for new settings.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// The last file that was read again, with its folder's index: others follow in the order of their paths.
    at: Option<(usize, Vec<u8>)>,
    /// Posts of that folder which cannot be read, once all others were, until the settings are applied to them.
    unread: Option<Vec<i64>>,
    unshown: Unshown,
    /// Collections that had posts under the settings of before, until all is read.
    before: Option<BTreeSet<Key>>,
    /// Collections that a change touched meanwhile.
    urgent: BTreeSet<i64>,
    /// The last collection whose documents were made since the last scan, and the last page of an archive: others follow in the
    /// order of their numbers. Those that lack a post which cannot be read are left to the next scan.
    made: i64,
    made_page: StalePage,
}

impl Behind {
    /// The collections that had posts before, once: for what follows when all is read.
    pub(super) fn take_before(&mut self) -> Option<BTreeSet<Key>> {
        self.before.take()
    }

    /// The settings are other ones now.
    pub(super) fn restart(&mut self) {
        (self.at, self.unread) = (None, None);
    }

    /// A scan begins; `before` had posts by then.
    pub(super) fn begin(&mut self, before: BTreeSet<Key>) {
        (self.made, self.made_page, self.unshown) = (0, StalePage::default(), Unshown::default());
        self.before.get_or_insert_default().extend(before);
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
            // For them no page of an archive is made.
            behind.made_page = StalePage::default();
        }
    }

    /// Notes that documents were outdated for which nobody waits; what is behind may have passed theirs.
    pub(super) fn note_left(&mut self) {
        if let Some(behind) = &mut self.behind {
            behind.made = 0;
            behind.made_page = StalePage::default();
        }
    }

    /// Does a part of what the settings ask for.
    ///
    /// # Errors
    /// When the catalog fails; then the part is still to be done.
    pub fn catch_up(&mut self, written: MayBeWritten<'_>, now: DateTime<Utc>) -> Result<Pass, Error> {
        // While it is away nothing is urgent, and a press is for all.
        let Some(mut behind) = self.behind.take() else { return Ok(Pass::default()) };
        let mut pass = Pass::default();
        match self.part(&mut behind, written, &mut pass, now) {
            Ok(true) => {}
            done => {
                self.behind = Some(behind);
                done?;
            }
        }
        Ok(pass)
    }

    /// True when it was the last.
    fn part(
        &mut self,
        behind: &mut Behind,
        written: MayBeWritten<'_>,
        pass: &mut Pass,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let is_unread = |folder: &Folder| self.reread.contains(&folder.read.folder);
        if let Some(index) = self.settings.folders.iter().position(is_unread) {
            self.read_again(behind, index, written, pass, now)?;
            return Ok(false);
        }
        if let Some(before) = &behind.before {
            if self.bury_unshown(&mut behind.unshown, now)? {
                return Ok(false);
            }
            self.conclude(before)?;
            self.warn_of_collections();
            behind.before = None;
            return Ok(false);
        }
        let dirty = self.catalog.dirty_after(behind.made, TOGETHER)?;
        let pages = self.catalog.stale_pages_after(behind.made_page, TOGETHER)?;
        behind.made = dirty.last().map_or(behind.made, |mark| mark.collection);
        behind.made_page = pages.last().copied().unwrap_or(behind.made_page);
        pass.documents = self.press_these(&dirty, Wanted::Spare(&pages), now)?;
        let is_done = dirty.is_empty() && pages.is_empty();
        if is_done {
            pass.documents += self.press_lists(now)?;
            self.tidy_output()?;
        }
        Ok(is_done)
    }

    /// Reads the next files of a folder, though they are unchanged.
    fn read_again(
        &mut self,
        behind: &mut Behind,
        index: usize,
        written: MayBeWritten<'_>,
        pass: &mut Pass,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let Some(folder) = self.settings.folders.get(index) else { return Ok(()) };
        let after = behind.at.as_ref().filter(|(of, _)| *of == index).map_or(&[][..], |(_, path)| path);
        let paths = self.catalog.known_after(&folder.read.folder, after, PART)?;
        let Some(last) = paths.last().cloned() else { return self.apply_to_rest(behind, index, now) };
        let look = |path: Vec<u8>| look_at(index, folder, Path::new(OsStr::from_bytes(&path)));
        let mut found: Vec<Found> = paths.into_iter().map(look).collect();
        // Of what is gone, or cannot be read just now, scans and events tell.
        let hidden = found.extract_if(.., |found| matches!(found.kind, Kind::Odd(_)));
        let mut unread: Vec<PathBuf> = hidden.map(|found| found.path).collect();
        found.retain(|found| found.kind != Kind::Gone);
        unread.extend(self.take_found(index, found, written, now, pass, &mut |_| {})?);
        if !self.is_stopped() {
            self.apply_to_hidden(index, &unread, now)?;
            behind.at = Some((index, last));
        }
        Ok(())
    }

    /// Applies the settings to the next posts of a folder of which all that can be read was.
    fn apply_to_rest(&mut self, behind: &mut Behind, index: usize, now: DateTime<Utc>) -> Result<(), Error> {
        let Some(folder) = self.settings.folders.get(index) else { return Ok(()) };
        let mut unread = match behind.unread.take() {
            Some(unread) => unread,
            None => self.catalog.unread(&folder.read.folder)?,
        };
        if unread.is_empty() {
            return self.settings_applied(index);
        }
        let part = unread.split_off(unread.len().saturating_sub(LEAVING));
        // Where that fails, all are listed again.
        self.apply_to_unread(index, &part, now)?;
        behind.unread = Some(unread);
        Ok(())
    }
}
