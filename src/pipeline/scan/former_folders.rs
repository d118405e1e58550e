//! Folders that are no more → their posts leave, some at a time.
//!
//! Until everything was seen they stay where they are: it may be that they are found in another folder, or that theirs only has
//! another name now. Then they are buried, the oldest first.

use chrono::{DateTime, Utc};

use crate::{
    catalog::{LEAVING, Leaving, Room},
    pipeline::{Error, Pipeline},
};

/// Rows that are looked up together.
const LISTED: usize = 1_000;

/// How far folders are that are no more.
#[derive(Debug, Default)]
pub(super) struct FormerFolders {
    /// Of how many the posts are listed.
    listed: usize,
    /// The last path that was listed of the next one.
    at: Vec<u8>,
    /// In the end the oldest comes last.
    posts: Vec<Leaving>,
    /// How many left the feeds.
    left: u64,
}

impl Pipeline {
    /// From now on the folders are those that the settings name.
    pub(super) fn set_folders(&mut self) -> Result<(), Error> {
        let names: Vec<&str> = self.settings.folders.iter().map(|folder| folder.read.folder.as_str()).collect();
        Ok(self.catalog.set_folders(&names)?)
    }

    /// Buries some posts of folders that are no more. False where none is left.
    pub(super) fn bury_former(&mut self, former: &mut FormerFolders, now: DateTime<Utc>) -> Result<bool, Error> {
        if self.catalog.former_folders().is_empty() {
            return Ok(false);
        }
        if let Some(name) = self.catalog.former_folders().get(former.listed) {
            let listed = self.catalog.leaving_after(name, &mut former.at, LISTED)?;
            if listed.is_empty() {
                former.posts.extend(self.catalog.leaving_elsewhere(name)?);
                former.posts.sort_unstable_by(|one, other| other.cmp(one));
                former.at.clear();
                former.listed += 1;
            }
            former.posts.extend(listed);
            return Ok(true);
        }
        self.catalog.make_room(Room::Ample)?;
        let oldest = former.posts.split_off(former.posts.len().saturating_sub(LEAVING));
        let mut batch = self.catalog.batch(now.timestamp())?;
        batch.forget_former()?;
        former.left += batch.bury_former(&oldest)?;
        batch.commit()?;
        if oldest.is_empty() {
            let (names, posts) = (self.catalog.former_folders().join(", "), former.left);
            tracing::info!(posts, "no folder is called {names} any more: {posts} posts left the feeds");
            self.set_folders()?;
        }
        Ok(!oldest.is_empty())
    }
}
