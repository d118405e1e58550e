//! Folders → the files in them: one stat a file, nothing opened but folders.
//!
//! A walk and a look judge alike, so that a path found by an event and the same path found by a scan agree. Symbolic
//! links to files inside the folder are followed, links to folders never: a loop cannot be entered, and no post is
//! found under two names.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    ffi::{CStr, OsStr, OsString},
    ops::ControlFlow,
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, Access, AtFlags, FileType, Mode, OFlags, RawDir},
    io::Errno,
};

use super::{Filter, Folder, Found, Kind, Root, Stat, Walked, filter};
use crate::cores::on_all_cores;

/// Folders nested deeper than this are not read: each level holds a file descriptor open.
const MAX_DEPTH: usize = 64;

/// Bytes for one reading of a folder; about a thousand names.
const BUFFER: usize = 64 * 1024;

/// Files that are looked at together, by all cores.
const TOGETHER: usize = 2_048;

/// Visits every file that looks like a post, and everything that looks like one and cannot be read, in the byte
/// order of their paths.
pub fn walk(folder: usize, of: &Folder, found: &mut dyn FnMut(Found)) -> Walked {
    walk_while(folder, of, &mut |one| {
        found(one);
        ControlFlow::Continue(())
    })
}

/// The same for as long as it is wanted; what is said of a walk that was broken off is of no use.
pub(super) fn walk_while(folder: usize, of: &Folder, found: &mut dyn FnMut(Found) -> ControlFlow<()>) -> Walked {
    let opened = open(&of.root).and_then(|fd| Ok((fs::fstat(&fd)?.st_dev, fd)));
    let (device, fd) = match opened {
        Ok(opened) => opened,
        Err(error) => return Walked { root: unread(&of.root, error), files: 0 },
    };
    let mut buffer = Vec::with_capacity(BUFFER);
    let first = entries(&fd, &mut buffer);
    let mut walk = Walk { folder, of, links: Links::new(&of.root), files: 0, buffer, found };
    let _ = match first {
        Ok(entries) => walk.entries(&fd, &entries, Path::new(""), 0),
        Err(error) => return Walked { root: unread(&of.root, error), files: 0 },
    };
    Walked { root: Root::Present { device }, files: walk.files }
}

/// Looks at one path below a folder's root, by the same judgement as [`walk`] except for its name.
///
/// A folder, and whatever lies behind a symbolic link to a folder, is nothing.
#[must_use]
pub fn look(folder: usize, root: &Path, path: &Path) -> Found {
    Found { folder, path: path.to_owned(), kind: kind_at(root, path) }
}

/// What stands at paths that a walk did not find, by its own judgement: a file that came meanwhile is there; one that the filter
/// leaves out is not, nor one that no folder lists, whatever a file system says of it that has old news or folds case.
#[must_use]
pub fn look_again(folder: usize, of: &Folder, paths: Vec<PathBuf>) -> Vec<Found> {
    let mut listings = BTreeMap::new();
    let mut lists = |at: &Path, name: &OsStr| -> bool {
        let list = |at: &Path| {
            let entries = entries_of(&of.root.join(at)).ok()?;
            Some(entries.into_iter().map(|entry| entry.name).collect::<BTreeSet<OsString>>())
        };
        let names = listings.entry(at.to_owned()).or_insert_with(|| list(at));
        // Who cannot read does not know.
        names.as_ref().is_none_or(|names| names.contains(name))
    };
    let mut is_found = |path: &Path| {
        let mut below = path.ancestors().filter_map(|path| Some((path.parent()?, path.file_name()?)));
        of.filter.matches(path) && below.all(|(at, name)| lists(at, name))
    };
    let look = |path: PathBuf| match kind_at(&of.root, &path) {
        Kind::File(_) if !is_found(&path) => Found { folder, path, kind: Kind::Gone },
        kind => Found { folder, path, kind },
    };
    paths.into_iter().map(look).collect()
}

fn kind_at(root: &Path, path: &Path) -> Kind {
    let mut parent = root.to_owned();
    for part in path.parent().into_iter().flat_map(Path::components) {
        parent.push(part);
        match fs::lstat(&parent) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => {}
            Ok(_) | Err(Errno::NOENT | Errno::NOTDIR) => return Kind::Gone,
            Err(error) => return Kind::Odd(unreadable(error)),
        }
    }
    match fs::lstat(root.join(path)) {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink => Links::new(root).judge(path),
        Ok(stat) => judge(&stat),
        Err(Errno::NOENT | Errno::NOTDIR) => Kind::Gone,
        Err(error) => Kind::Odd(unreadable(error)),
    }
}

/// Opens a folder; its last segment may be a symbolic link.
fn open(path: &Path) -> Result<OwnedFd, Errno> {
    fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// One name in a folder.
pub(super) struct Entry {
    /// Never `.` or `..`.
    pub(super) name: OsString,
    /// Never [`FileType::Unknown`].
    pub(super) kind: FileType,
}

/// What is in the folder at this path, which is no symbolic link, in the order of [`walk`].
pub(super) fn entries_of(path: &Path) -> Result<Vec<Entry>, Errno> {
    entries(&open(path)?, &mut Vec::with_capacity(BUFFER))
}

/// Reads a folder through a buffer that stays empty.
fn entries(fd: &OwnedFd, buffer: &mut Vec<u8>) -> Result<Vec<Entry>, Errno> {
    let mut entries = Vec::new();
    let mut folder = RawDir::new(fd, buffer.spare_capacity_mut());
    while let Some(entry) = folder.next() {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        let kind = match entry.file_type() {
            // Some file systems leave the type to stat.
            FileType::Unknown => match lstat_at(fd, name) {
                Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                Err(Errno::NOENT) => continue,
                // What is left out here would count as vanished.
                Err(error) => return Err(error),
            },
            kind => kind,
        };
        entries.push(Entry { name: OsStr::from_bytes(name.to_bytes()).to_owned(), kind });
    }
    entries.sort_unstable_by(|a, b| in_a_path(a).cmp(in_a_path(b)));
    Ok(entries)
}

/// The bytes of a name as they stand in the paths of what is below it.
fn in_a_path(entry: &Entry) -> impl Iterator<Item = &u8> {
    let slash: &[u8] = if entry.kind == FileType::Directory { b"/" } else { b"" };
    entry.name.as_bytes().iter().chain(slash)
}

fn lstat_at(fd: impl AsFd, name: &CStr) -> Result<fs::Stat, Errno> {
    fs::statat(fd, name, AtFlags::SYMLINK_NOFOLLOW)
}

struct Walk<'a> {
    folder: usize,
    of: &'a Folder,
    links: Links<'a>,
    files: usize,
    buffer: Vec<u8>,
    found: &'a mut dyn FnMut(Found) -> ControlFlow<()>,
}

impl Walk<'_> {
    fn entries(&mut self, fd: &OwnedFd, entries: &[Entry], at: &Path, depth: usize) -> ControlFlow<()> {
        let filter: &Filter = &self.of.filter;
        let judged = |Entry { name, kind }: &Entry| {
            let path = at.join(name);
            let is_file = !matches!(kind, FileType::Directory | FileType::Symlink) && filter.takes(&path);
            let kind = is_file.then(|| match fs::statat(fd, name.as_os_str(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => judge(&stat),
                Err(Errno::NOENT) => Kind::Gone,
                Err(error) => Kind::Odd(unreadable(error)),
            });
            (path, kind)
        };
        for entries in entries.chunks(TOGETHER) {
            let judged = if entries.len() < TOGETHER / 8 {
                entries.iter().map(judged).collect()
            } else {
                on_all_cores(entries, judged)
            };
            for (Entry { name, kind }, (path, file)) in entries.iter().zip(judged) {
                match (kind, file) {
                    (_, Some(kind)) => self.tell(path, kind)?,
                    (FileType::Directory, None) if filter::enters(name) => self.enter(fd, name, path, depth + 1)?,
                    (FileType::Symlink, None) if filter.takes(&path) => {
                        let kind = self.links.judge(&path);
                        self.tell(path, kind)?;
                    }
                    (FileType::Symlink, None) if filter::enters(name) && !filter.exclude.is_match(&path) => {
                        let kind = self.links.judge_folder(&path);
                        self.tell(path, kind)?;
                    }
                    _ => {}
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn enter(&mut self, parent: &OwnedFd, name: &OsStr, path: PathBuf, depth: usize) -> ControlFlow<()> {
        if depth > MAX_DEPTH {
            let message = format!("folders nested deeper than {MAX_DEPTH} levels are not read: move this one up");
            return self.tell(path, Kind::Odd(message));
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let read = fs::openat(parent, name, flags, Mode::empty());
        let read = read.and_then(|fd| Ok((entries(&fd, &mut self.buffer)?, fd)));
        match read {
            Ok((entries, fd)) => self.entries(&fd, &entries, &path, depth),
            // It went, or became something else, while we walked: its event is on the way.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => ControlFlow::Continue(()),
            Err(error) => self.tell(path, Kind::Odd(unreadable(error))),
        }
    }

    fn tell(&mut self, path: PathBuf, kind: Kind) -> ControlFlow<()> {
        match kind {
            Kind::Gone => return ControlFlow::Continue(()),
            Kind::File(_) => self.files += 1,
            Kind::Odd(_) => {}
        }
        (self.found)(Found { folder: self.folder, path, kind })
    }
}

/// Judges symbolic links by where they lead; finds out where the root really is at the first one.
struct Links<'a> {
    root: &'a Path,
    real: OnceCell<Option<PathBuf>>,
}

impl<'a> Links<'a> {
    fn new(root: &'a Path) -> Self {
        Self { root, real: OnceCell::new() }
    }

    /// What a link named like a post is.
    fn judge(&self, path: &Path) -> Kind {
        let full = self.root.join(path);
        let stat = match fs::stat(&full) {
            Ok(stat) => stat,
            Err(Errno::NOENT | Errno::NOTDIR) => {
                return Kind::Odd("a symbolic link to nothing: restore the file it names, or remove the link".into());
            }
            Err(Errno::LOOP) => return Kind::Odd("a symbolic link that leads back to itself: remove it".into()),
            Err(error) => return Kind::Odd(unreadable(error)),
        };
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            return Kind::Odd(FOLDER_LINK.into());
        }
        let real = self.real.get_or_init(|| self.root.canonicalize().ok());
        match (full.canonicalize(), real) {
            (Ok(target), Some(root)) if target.starts_with(root) => judge(&stat),
            _ => Kind::Odd(
                "a symbolic link that leads out of the posts folder is not followed: put the file itself here".into(),
            ),
        }
    }

    /// What a link is that is not named like a post: only one to a folder is worth a word.
    fn judge_folder(&self, path: &Path) -> Kind {
        match fs::stat(self.root.join(path)) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => Kind::Odd(FOLDER_LINK.into()),
            _ => Kind::Gone,
        }
    }
}

const FOLDER_LINK: &str =
    "a symbolic link to a folder is not followed: list that folder under `posts`, or mount it here";

/// What stands there, by its own stat.
fn judge(stat: &fs::Stat) -> Kind {
    let odd = |what: &str| Kind::Odd(format!("{what} cannot be a post: remove it, or leave it out by `exclude`"));
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File(known_by(stat)),
        FileType::Directory => Kind::Gone,
        FileType::Fifo => odd("a named pipe"),
        FileType::Socket => odd("a socket"),
        FileType::BlockDevice | FileType::CharacterDevice => odd("a device"),
        FileType::Symlink | FileType::Unknown => odd("something unknown"),
    }
}

/// What a regular file is known by.
pub(super) fn known_by(stat: &fs::Stat) -> Stat {
    Stat {
        size: u64::try_from(stat.st_size).unwrap_or_default(),
        modified: nanoseconds(stat.st_mtime, i64::try_from(stat.st_mtime_nsec)),
        changed: nanoseconds(stat.st_ctime, i64::try_from(stat.st_ctime_nsec)),
        inode: stat.st_ino,
    }
}

fn nanoseconds<E>(seconds: i64, rest: Result<i64, E>) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest.unwrap_or_default())
}

fn unreadable(error: Errno) -> String {
    match error {
        Errno::ACCESS | Errno::PERM => {
            "not readable for this user: allow it, for example with `setfacl -R -m u:feedwright:rX`".into()
        }
        Errno::MFILE | Errno::NFILE => "too many files are open: raise LimitNOFILE= of the unit".into(),
        Errno::IO | Errno::STALE => format!("the file system fails ({error}): check the disk or the mount"),
        error => format!("not readable: {error}"),
    }
}

fn unread(root: &Path, error: Errno) -> Root {
    let message = missing(root, error);
    if matches!(error, Errno::NOENT | Errno::NOTDIR) { Root::Missing(message) } else { Root::Closed(message) }
}

/// Why a root cannot be read; names the first folder on the way that is closed to us.
fn missing(root: &Path, error: Errno) -> String {
    match error {
        Errno::NOENT => "no such folder: create it, or correct the path".into(),
        Errno::NOTDIR => "not a folder: name the folder that holds the posts".into(),
        Errno::ACCESS => {
            let mut way: Vec<&Path> = root.ancestors().skip(1).collect();
            way.reverse();
            match way.into_iter().find(|folder| fs::access(*folder, Access::EXEC_OK).is_err()) {
                Some(closed) => format!(
                    "{} cannot be searched by this user: allow it, for example with `setfacl -m u:feedwright:x {0}`",
                    closed.display()
                ),
                None => unreadable(error),
            }
        }
        error => unreadable(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_that_cannot_be_read_is_no_root_that_is_gone() {
        let check = |error: Errno, is_gone: bool| {
            let root = unread(Path::new("/srv/posts"), error);
            assert_eq!(matches!(root, Root::Missing(_)), is_gone, "{error}: {root:?}");
        };

        check(Errno::NOENT, true);
        check(Errno::NOTDIR, true);
        check(Errno::ACCESS, false);
        check(Errno::MFILE, false);
        check(Errno::IO, false);
    }
}
