//! Young files → those that somebody is writing at this moment, found out by looking twice.

use std::{
    cell::Cell,
    path::Path,
    thread,
    time::{Duration, SystemTime},
};

use super::{Folder, Kind, Stat, look, settle::STILL};

/// Whether a file is other than a walk found it. Only what is young at `now` is looked at again; the first such file waits,
/// for all of them.
pub fn moves(folders: Vec<Folder>, now: SystemTime) -> impl Fn(usize, &Path, &Stat) -> bool {
    let waited = Cell::new(false);
    move |index, path, stat| {
        // What is dated later may have been written since.
        if now.duration_since(stat.modified()).is_ok_and(|old| old >= STILL) {
            return false;
        }
        if !waited.replace(true) {
            thread::sleep(STILL);
        }
        folders.get(index).is_some_and(|folder| look(index, &folder.root, path).kind != Kind::File(*stat))
    }
}

impl Stat {
    /// Whether it was last written less than this before `now`.
    #[must_use]
    pub fn is_younger(&self, age: Duration, now: SystemTime) -> bool {
        now.duration_since(self.modified()).is_ok_and(|old| old < age)
    }

    /// When it was last written; the Unix epoch for what is before it.
    #[must_use]
    pub fn modified(&self) -> SystemTime {
        let since = Duration::from_nanos(u64::try_from(self.modified).unwrap_or_default());
        SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}
