//! The manifest: the file in the output folder that says that it is ours, and which documents are.
//!
//! Plain text: a sentence, then a path a line. New paths are appended before their documents are written; the file is
//! written anew when documents were removed. A last line without its end was cut by a crash, and names nothing.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
};

use rustix::{
    fs::{self, AtFlags, Mode, OFlags},
    io::Errno,
};

use super::{
    PublishError,
    place::{self, split},
};

/// Its name in the output folder.
pub(super) const NAME: &str = ".feedwright";

const HEADER: &str =
    "Feedwright wrote the files named below, and removes them when their posts go; leave this file here.";

/// The paths that a folder's manifest names; `None` without one.
pub(super) fn read(folder: &OwnedFd) -> Result<Option<BTreeSet<String>>, PublishError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match fs::openat(folder, NAME, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => return Err(PublishError::NotOurs(NAME.into())),
        Err(error) => return Err(error.into()),
    };
    let mut text = Vec::new();
    File::from(file).read_to_end(&mut text).map_err(place::io)?;
    parse(&String::from_utf8_lossy(&text)).map(Some)
}

fn parse(text: &str) -> Result<BTreeSet<String>, PublishError> {
    let lines = text.strip_prefix(HEADER).and_then(|rest| rest.strip_prefix('\n'));
    let lines = lines.ok_or_else(|| PublishError::NotOurs(NAME.into()))?;
    let whole = lines.rsplit_once('\n').map_or("", |(whole, _)| whole);
    Ok(whole.lines().filter(|path| split(path).is_some()).map(str::to_owned).collect())
}

/// Whether there still is one.
pub(super) fn stands(folder: &OwnedFd) -> Result<bool, PublishError> {
    match fs::statat(folder, NAME, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Writes it whole.
pub(super) fn write<'a>(folder: &OwnedFd, paths: impl Iterator<Item = &'a String>) -> Result<(), PublishError> {
    let mut text = format!("{HEADER}\n");
    for path in paths {
        text.push_str(path);
        text.push('\n');
    }
    place::replace(folder, NAME, text.as_bytes())?;
    Ok(fs::fsync(folder)?)
}

/// Adds paths, durably.
pub(super) fn append(folder: &OwnedFd, paths: &[&str]) -> Result<(), PublishError> {
    if paths.is_empty() {
        return Ok(());
    }
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(fs::openat(folder, NAME, flags, Mode::empty())?);
    let before = file.metadata().map_err(place::io)?.len();
    let mut text = paths.join("\n");
    text.push('\n');
    file.write_all(text.as_bytes()).and_then(|()| file.sync_data()).map_err(|error| {
        // Half a line must not run into the next one. If even this fails, the next opening drops it.
        let _ = file.set_len(before);
        place::io(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_with_proper_paths_count() {
        let check = |rest: &str, expected: &[&str]| {
            let paths = parse(&format!("{HEADER}\n{rest}")).unwrap();
            assert_eq!(paths.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{rest}");
        };

        check("", &[]);
        check("rss.xml\ncategories/社/rss.xml\n", &["categories/社/rss.xml", "rss.xml"]);
        check("rss.xml\ncategories/社", &["rss.xml"]);
        check("../etc/passwd\n/etc/passwd\n\na/../b\n", &[]);
        assert_eq!(parse("# my notes\n"), Err(PublishError::NotOurs(NAME.into())));
        assert_eq!(parse(""), Err(PublishError::NotOurs(NAME.into())));
    }
}
