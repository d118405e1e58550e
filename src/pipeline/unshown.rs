//! Posts that are kept though their files are missing → those that left every window are buried, some at a time.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use chrono::{DateTime, Utc};

use super::{Error, Pipeline};
use crate::{
    catalog::{LEAVING, Row},
    config::{OnDelete, Window},
};

/// How far that is.
#[derive(Debug, Default)]
pub(super) struct Unshown {
    /// Of how many folders the posts are listed.
    listed: usize,
    /// Those of the last one that are still to be looked at, from the end.
    posts: Vec<i64>,
}

/// Posts in a window of a collection, or of what is in a category itself, by that window.
type Shown = HashMap<(i64, bool, Window), HashSet<i64>>;

impl Pipeline {
    /// Looks at some posts that are kept. False where none is left.
    pub(super) fn bury_unshown(&mut self, unshown: &mut Unshown, now: DateTime<Utc>) -> Result<bool, Error> {
        // A crawler that is just writing everything again is not done yet.
        let until = now.timestamp() - i64::try_from(self.settings.delete_grace.as_secs()).unwrap_or(0);
        while unshown.posts.is_empty() {
            let Some(folder) = self.settings.folders.get(unshown.listed) else { return Ok(false) };
            unshown.listed += 1;
            if folder.on_delete == OnDelete::Keep {
                unshown.posts = self.catalog.missing(&folder.read.folder, until)?;
            }
        }
        let (mut shown, mut left) = (Shown::new(), Vec::new());
        for post in unshown.posts.split_off(unshown.posts.len().saturating_sub(LEAVING)) {
            if let Some(row) = self.catalog.row(post)?
                && !self.is_shown(&row, &mut shown)?
            {
                left.push(post);
            }
        }
        let mut batch = self.catalog.batch(now.timestamp())?;
        left.into_iter().try_for_each(|post| batch.bury_missing(post))?;
        batch.commit()?;
        Ok(true)
    }

    /// Whether a post is in the window of any feed.
    fn is_shown(&self, row: &Row, shown: &mut Shown) -> Result<bool, Error> {
        let of_its_folder = self.settings.folder(&row.folder).and_then(|folder| folder.window);
        for &(collection, is_direct) in &row.members {
            let Some(key) = self.catalog.key(collection).filter(|key| self.has_feed(key)) else { continue };
            let own = self.places.own(key).and_then(|feed| feed.window);
            let windows = [Some(own.unwrap_or(self.settings.window)), of_its_folder];
            // Of a category itself, both its feed and the one of its own posts show a post.
            for (direct, window) in [false, is_direct].into_iter().flat_map(|direct| windows.map(|one| (direct, one))) {
                let Some(window) = window else { continue };
                let posts = match shown.entry((collection, direct, window)) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert(self.in_window(collection, direct, window)?.into_iter().collect()),
                };
                if posts.contains(&row.post) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
