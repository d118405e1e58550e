//! The bytes of one post file.

use std::{
    fs::OpenOptions,
    io::{self, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use super::Stat;

/// Bytes that a post may have at most.
pub const LIMIT: u64 = 8 << 20;

/// Reads a file up to [`LIMIT`]; the [`Stat`] is that of the bytes. Never waits on a FIFO.
///
/// # Errors
/// When it cannot be opened or read, is no regular file any more, or is larger.
pub fn read(path: &Path) -> io::Result<(Stat, Vec<u8>)> {
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    if metadata.size() > LIMIT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("a post has at most {} MiB", LIMIT >> 20)));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.size()).unwrap_or(0));
    file.by_ref().take(LIMIT).read_to_end(&mut bytes)?;
    let nanoseconds = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
    let stat = Stat {
        size: metadata.size(),
        modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        inode: metadata.ino(),
    };
    Ok((stat, bytes))
}

/// How many bytes a regular file has; nothing if there is none.
#[must_use]
pub fn length(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|found| found.len())
}
