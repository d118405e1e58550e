//! Which files changed. The only user of notify; also walks the folders and reads their files.
//!
//! Events only mark paths dirty; a scan against the catalog is the truth. In reading order: `filter` says which names
//! look like posts, `walk` finds them, `source` reads one, `events` translates what the system says into [`events::Mark`]s,
//! `watcher` keeps the watches and gathers the marks until they are settled.

mod events;
mod filter;
mod source;
#[cfg(test)]
mod tests;
mod walk;
mod watcher;

use std::{os::unix::fs::MetadataExt, path::PathBuf, time::Instant};

pub use filter::Filter;
pub use source::{LIMIT, read};
pub use walk::{Root, Walked, look, walk};
pub use watcher::Watcher;

/// A posts folder as the watcher sees it.
#[derive(Debug, Clone)]
pub struct Folder {
    /// An absolute path.
    pub root: PathBuf,
    /// Which files below it are looked at.
    pub filter: Filter,
}

/// What the file system says of a file, enough to know it unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since the Unix epoch.
    pub modified: i64,
    /// Nanoseconds since the Unix epoch.
    pub changed: i64,
    /// The inode's number.
    pub inode: u64,
}

impl Stat {
    fn of(metadata: &std::fs::Metadata) -> Self {
        let nanoseconds = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Self {
            size: metadata.size(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }
}

/// A file that a walk or an event found, or found gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Index of its folder.
    pub folder: usize,
    /// The path below the folder.
    pub path: PathBuf,
    /// What is there.
    pub kind: Kind,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file (symbolic links to files inside the folder included).
    File(Stat),
    /// Something that looks like a post by name and cannot be one: FIFO, device, dangling or looping link, unreadable.
    /// Holds a message in lower case that tells the cure.
    Odd(String),
    /// Nothing.
    Gone,
}

/// What has happened since it was last asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Paths to look at, in path order, each with its folder's index.
    pub paths: Vec<(usize, PathBuf)>,
    /// Events were lost, or whole folders moved: everything is to be scanned.
    pub rescan: bool,
    /// When there is more that is not yet settled: the time to ask again.
    pub again: Option<Instant>,
}
