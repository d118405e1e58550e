//! Which files changed. The only user of notify; also walks the folders.
//!
//! Events only mark paths dirty; a scan against the catalog is the truth.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

/// A posts folder as the watcher sees it.
#[derive(Debug, Clone)]
pub struct Folder {
    /// An absolute path.
    pub root: PathBuf,
    /// Which files below it are looked at.
    pub filter: Filter,
}

/// Which files of a folder look like posts.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Globs over the relative path that bring in more names than the usual endings; empty: the usual endings.
    pub include: globset::GlobSet,
    /// Globs over the relative path that leave files out.
    pub exclude: globset::GlobSet,
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
#[derive(Debug, Default)]
pub struct Changes {
    /// Paths to look at, in path order, each with its folder's index.
    pub paths: Vec<(usize, PathBuf)>,
    /// Folders whose events were lost or that came back: to be scanned whole.
    pub rescan: bool,
    /// When there is more that is not yet settled: the time to ask again.
    pub again: Option<SystemTime>,
}

/// Looks at one path.
#[must_use]
pub fn look(_folder: usize, _root: &Path, _path: &Path) -> Found {
    todo!()
}
