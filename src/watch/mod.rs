//! Which files changed. The only user of notify; also walks the folders.
//!
//! Folders in; paths worth a look out: all of them from [`walk`] and [`Walking`], those that changed from a [`Watcher`]. [`look`] says
//! what stands at one path, by the judgement that a walk has, and [`read`] opens it. Nothing here reads the wall clock.
//!
//! Events only mark paths dirty; a scan against the catalog is the truth.

mod bell;
mod events;
mod filter;
mod keeper;
mod mounts;
mod roots;
mod settle;
mod source;
mod still;
mod walk;
mod walking;
mod watcher;

#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

pub use filter::Filter;
pub use settle::STILL;
pub use source::{LIMIT, length, read};
pub use still::moves;
pub use walk::{look, look_again, walk};
pub use walking::{Step, Walking};
pub use watcher::Watcher;

/// A posts folder as the watcher sees it.
#[derive(Debug, Clone)]
pub struct Folder {
    /// An absolute path. It may be a symbolic link; below it, symbolic links to folders are not followed.
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
    /// Something that looks like a post by name and cannot be one: FIFO, device, dangling or looping link; or a folder
    /// that cannot be read or is not followed. Holds a message in lower case that tells the cure. Where the path is a
    /// folder's, nothing is known of what lies below: known posts there have not vanished.
    Odd(String),
    /// Nothing.
    Gone,
}

/// What a walk has to say of the folder as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// Whether there is a folder at all.
    pub root: Root,
    /// How many regular files were found; none in a folder that had many is no deletion, but an accident.
    pub files: usize,
}

/// Whether there is a posts folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// It was read.
    Present {
        /// The number of the device that it is on; another number means that something was mounted or unmounted.
        device: u64,
    },
    /// There is none. Holds a message in lower case that tells the cure.
    Missing(String),
    /// It cannot be read: nothing is known of what lies in it, and known posts have not vanished. Holds such a message.
    Closed(String),
}

/// What has happened since it was last asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Paths to look at, in path order, each with its folder's index.
    pub paths: Vec<(usize, PathBuf)>,
    /// Folders that were moved away or removed: whatever is known below them is to be looked at. In path order.
    pub directories: Vec<(usize, PathBuf)>,
    /// Why all folders are to be walked, if they are.
    pub rescan: Option<Lost>,
    /// When there is more that is not yet settled: the time to ask again.
    pub again: Option<SystemTime>,
}

/// What was lost, so that only a walk tells what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// Events: the kernel had no room for them.
    Events,
    /// All watches: a posts folder came, went or was replaced, or nothing was watched before.
    Watches,
}

impl Folder {
    /// The path below this folder, where it is one.
    fn relative<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        path.strip_prefix(&self.root).ok()
    }
}
