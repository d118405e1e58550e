//! Folders that are no more → their posts leave, some at a time.
//!
//! They are missed before anything is seen, so that a folder which is only called otherwise now finds its posts again, and buried
//! after all was seen.

use chrono::{DateTime, Utc};

use super::LEAVING;
use crate::{
    catalog::{Batch, Leaving, Room},
    pipeline::{Error, Pipeline},
};

/// How far folders are that are no more.
#[derive(Debug)]
pub(super) struct FormerFolders {
    /// Their names.
    names: Vec<String>,
    /// Whose posts are all missed.
    missed: usize,
    /// The last path that was missed in the next one.
    at: Vec<u8>,
    /// The posts that were missed; then the oldest comes last, which is buried first.
    posts: Vec<Leaving>,
}

impl FormerFolders {
    /// Whether posts are still to be missed.
    pub(super) fn begins(&self) -> bool {
        self.missed < self.names.len()
    }
}

impl Pipeline {
    /// Begins with the folders that are known and that the settings do not name.
    pub(super) fn former_folders(&self) -> Result<FormerFolders, Error> {
        let present: Vec<&str> = self.settings.folders.iter().map(|folder| folder.read.folder.as_str()).collect();
        let names = self.catalog.former_folders(&present)?;
        Ok(FormerFolders { names, missed: 0, at: Vec::new(), posts: Vec::new() })
    }

    /// Misses some posts. False where there were none left.
    pub(super) fn miss_former(&mut self, former: &mut FormerFolders, now: DateTime<Utc>) -> Result<bool, Error> {
        let Some(folder) = former.names.get(former.missed) else { return Ok(false) };
        let mut batch = self.ample_batch(now)?;
        let last = batch.miss_former(folder, &former.at, LEAVING, &mut former.posts)?;
        batch.commit()?;
        former.missed += usize::from(last.is_none());
        former.at = last.unwrap_or_default();
        if !former.begins() {
            former.posts.sort_unstable_by(|one, other| other.cmp(one));
        }
        Ok(true)
    }

    /// Buries some that were found nowhere else, and forgets folders that have none. False where nothing is left to do.
    pub(super) fn bury_former(&mut self, former: &mut FormerFolders, now: DateTime<Utc>) -> Result<bool, Error> {
        let FormerFolders { names, posts, .. } = former;
        if names.is_empty() {
            return Ok(false);
        }
        let mut batch = self.ample_batch(now)?;
        let oldest = posts.split_off(posts.len().saturating_sub(LEAVING));
        if oldest.is_empty() {
            names.pop().map_or(Ok(()), |name| batch.forget_folder(&name))?;
        } else {
            batch.bury_former(&oldest, names)?;
        }
        batch.commit()?;
        Ok(true)
    }

    /// For posts that lie all over the catalog.
    fn ample_batch(&mut self, now: DateTime<Utc>) -> Result<Batch<'_>, Error> {
        self.catalog.make_room(Room::Ample)?;
        Ok(self.catalog.batch(now.timestamp())?)
    }
}
