//! What touches the disk: folders opened segment by segment, files replaced by rename.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _, Write as _},
    os::fd::{AsFd, OwnedFd},
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use rustix::{
    fs::{self, AtFlags, Dir, FileType, Mode, OFlags},
    io::Errno,
};

use super::{Known, PublishError, manifest};
use crate::rope::Rope;

const FILE_MODE: u32 = 0o644;
const FOLDER_MODE: u32 = 0o755;

/// Names of files that are not yet in their place.
const TEMPORARY: (&str, &str) = (".feedwright-", ".tmp");

/// Documents of one folder that are written together; each holds a file descriptor until it is renamed.
const BATCH: usize = 32;

/// Threads that write; they wait for the disk, not for the processor.
const WRITERS: usize = 4;

/// Which folder it is: device and inode.
pub(super) type Identity = (u64, u64);

/// One document to write.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub(super) path: &'a str,
    /// The folder's path, empty for the output folder itself.
    pub(super) at: &'a str,
    pub(super) name: &'a str,
    pub(super) bytes: &'a Rope,
    /// What stands there, as far as it is remembered.
    pub(super) known: Option<Known>,
}

/// What was done for a document.
#[derive(Debug)]
pub(super) enum Wrote {
    /// Its bytes are new.
    New(Known),
    /// Its bytes stood there.
    Same(Known),
}

/// A path as its folder and its name; `None` if it is not in our form, or could be one of our own files.
pub(super) fn split(path: &str) -> Option<(&str, &str)> {
    let proper = |segment: &str| !matches!(segment, "" | "." | "..") && !segment.contains(char::is_control);
    let (at, name) = path.rsplit_once('/').unwrap_or(("", path));
    (path.split('/').all(proper) && !name.starts_with(manifest::NAME)).then_some((at, name))
}

/// Makes the output folder and those above it, each synced into its parent.
pub(super) fn make_root(root: &Path) -> Result<(), PublishError> {
    let missing: Vec<&Path> =
        root.ancestors().take_while(|path| !path.as_os_str().is_empty() && fs::stat(*path).is_err()).collect();
    for path in missing.into_iter().rev() {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (parent, _) = open_root(parent)?;
        make_folder(&parent, path.file_name().ok_or(PublishError::Path)?)?;
    }
    Ok(())
}

/// Opens the output folder, which may be a symbolic link.
pub(super) fn open_root(root: &Path) -> Result<(OwnedFd, Identity), PublishError> {
    let folder = fs::open(root, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let stat = fs::fstat(&folder)?;
    Ok((folder, (stat.st_dev, stat.st_ino)))
}

fn open_folder(parent: impl AsFd, name: impl rustix::path::Arg) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    fs::openat(parent, name, flags, Mode::empty())
}

fn make_folder(parent: &OwnedFd, name: impl rustix::path::Arg + Copy) -> Result<OwnedFd, Errno> {
    match fs::mkdirat(parent, name, Mode::from_raw_mode(FOLDER_MODE)) {
        Ok(()) => {
            let folder = open_folder(parent, name)?;
            // A web server reads here: the umask has no say.
            fs::fchmod(&folder, Mode::from_raw_mode(FOLDER_MODE))?;
            fs::fsync(parent)?;
            Ok(folder)
        }
        Err(Errno::EXIST) => open_folder(parent, name),
        Err(error) => Err(error),
    }
}

/// Opens a folder below the output folder, without following a symbolic link.
fn descend(root: &OwnedFd, at: &str) -> Result<OwnedFd, Errno> {
    at.split('/').filter(|name| !name.is_empty()).try_fold(root.try_clone().map_err(errno)?, open_folder)
}

/// The same, making the folders that are missing.
fn descend_making(root: &OwnedFd, at: &str) -> Result<OwnedFd, Errno> {
    descend(root, at).or_else(|error| match error {
        Errno::NOENT => {
            at.split('/').try_fold(root.try_clone().map_err(errno)?, |folder, name| make_folder(&folder, name))
        }
        error => Err(error),
    })
}

/// A name in the folder that is no dot file, if there is one.
pub(super) fn first_visible(folder: &OwnedFd) -> Result<Option<String>, PublishError> {
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Removes the temporaries in one folder.
pub(super) fn sweep(root: &OwnedFd, at: &str) -> Result<(), PublishError> {
    let folder = match descend(root, at) {
        Ok(folder) => folder,
        // Gone, or something else now: nothing of ours is in there.
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let (start, end) = TEMPORARY;
        if name.to_bytes().starts_with(start.as_bytes())
            && name.to_bytes().ends_with(end.as_bytes())
            && entry.file_type() != FileType::Directory
        {
            fs::unlinkat(&folder, name, AtFlags::empty())?;
        }
    }
    Ok(())
}

/// Refuses a place that was never ours and where anything but these very bytes stands.
pub(super) fn refuse_alien(path: &Path, bytes: &Rope) -> Result<(), PublishError> {
    match fs::lstat(path) {
        Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(stat)
            if is_file_of(&stat, bytes.len() as u64) && std::fs::read(path).is_ok_and(|there| bytes.is(&there)) =>
        {
            Ok(())
        }
        Ok(_) => Err(PublishError::Foreign),
    }
}

fn is_file_of(stat: &fs::Stat, size: u64) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && u64::try_from(stat.st_size) == Ok(size)
}

/// Writes all, folder by folder, several folders at a time.
pub(super) fn write_all<'a>(root: &OwnedFd, jobs: Vec<Job<'a>>) -> Vec<(&'a str, Result<Wrote, PublishError>)> {
    let mut folders: BTreeMap<&str, Vec<Job<'a>>> = BTreeMap::new();
    for job in jobs {
        folders.entry(job.at).or_default().push(job);
    }
    let folders: Vec<(&str, Vec<Job<'a>>)> = folders.into_iter().collect();
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some((at, jobs)) = folders.get(next.fetch_add(1, Ordering::Relaxed)) {
            let written = write_folder(root, at, jobs);
            results.lock().unwrap_or_else(PoisonError::into_inner).extend(written);
        }
    };
    thread::scope(|scope| {
        // Not being given a thread is no harm: this one does the work.
        for _ in 1..folders.len().div_ceil(2).min(WRITERS) {
            let _ = thread::Builder::new().name("publish".into()).spawn_scoped(scope, work);
        }
        work();
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

type Results<'a> = Vec<(&'a str, Result<Wrote, PublishError>)>;

fn write_folder<'a>(root: &OwnedFd, at: &str, jobs: &[Job<'a>]) -> Results<'a> {
    let folder = match descend_making(root, at) {
        Ok(folder) => folder,
        Err(error) => return jobs.iter().map(|job| (job.path, Err(error.into()))).collect(),
    };
    let mut results: Results<'a> = jobs.chunks(BATCH).flat_map(|batch| write_batch(&folder, batch)).collect();
    if results.iter().any(|(_, result)| matches!(result, Ok(Wrote::New(_))))
        && let Err(error) = fs::fsync(&folder)
    {
        for (_, result) in results.iter_mut().filter(|(_, result)| matches!(result, Ok(Wrote::New(_)))) {
            *result = Err(error.into());
        }
    }
    results
}

/// Writes every temporary, then syncs them, then renames them: the disk works on all while it is waited for one.
fn write_batch<'a>(folder: &OwnedFd, batch: &[Job<'a>]) -> Results<'a> {
    let mut results = Vec::with_capacity(batch.len());
    let mut written = Vec::with_capacity(batch.len());
    let mut whole = Vec::new();
    for job in batch {
        whole.clear();
        job.bytes.append_to(&mut whole);
        let known = Known::of(&whole);
        if already_stands(folder, job, known) {
            results.push((job.path, Ok(Wrote::Same(known))));
            continue;
        }
        match Temporary::write(folder, &whole) {
            Ok(temporary) => written.push((job, known, temporary)),
            Err(error) => results.push((job.path, Err(error))),
        }
    }
    for (job, known, temporary) in written {
        results.push((job.path, temporary.put(job.name).map(|()| Wrote::New(known))));
    }
    results
}

/// Whether the bytes stand there: by what is remembered of an untouched file, else by reading it.
fn already_stands(folder: &OwnedFd, job: &Job<'_>, known: Known) -> bool {
    let Ok(stat) = fs::statat(folder, job.name, AtFlags::SYMLINK_NOFOLLOW) else { return false };
    if !is_file_of(&stat, known.size) || job.known.is_some_and(|remembered| remembered != known) {
        return false;
    }
    job.known.is_some() || read(folder, job.name).is_ok_and(|there| job.bytes.is(&there))
}

fn read(folder: &OwnedFd, name: &str) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut bytes = Vec::new();
    File::from(fs::openat(folder, name, flags, Mode::empty())?).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Replaces one file by rename; the folder is left to be synced.
pub(super) fn replace(folder: &OwnedFd, name: &str, bytes: &[u8]) -> Result<(), PublishError> {
    Temporary::write(folder, bytes)?.put(name)
}

/// A file that is written and not yet in its place; removed when dropped before it gets there.
struct Temporary<'a> {
    folder: &'a OwnedFd,
    name: String,
    file: File,
    placed: bool,
}

impl<'a> Temporary<'a> {
    fn write(folder: &'a OwnedFd, bytes: &[u8]) -> Result<Self, PublishError> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}{}-{number}{}", TEMPORARY.0, std::process::id(), TEMPORARY.1);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(FILE_MODE);
        let file = File::from(fs::openat(folder, name.as_str(), flags, mode)?);
        let mut temporary = Self { folder, name, file, placed: false };
        temporary.file.write_all(bytes).map_err(io)?;
        fs::fchmod(&temporary.file, mode)?;
        Ok(temporary)
    }

    fn put(mut self, name: &str) -> Result<(), PublishError> {
        fs::fdatasync(&self.file)?;
        match fs::renameat(self.folder, self.name.as_str(), self.folder, name) {
            Ok(()) => self.placed = true,
            Err(Errno::ISDIR) => return Err(PublishError::Foreign),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.placed {
            // What stays is removed at the next start.
            let _ = fs::unlinkat(self.folder, self.name.as_str(), AtFlags::empty());
        }
    }
}

/// Removes a document of ours; whatever else took its place stays.
pub(super) fn remove(root: &OwnedFd, path: &str) -> Result<(), PublishError> {
    let (at, name) = split(path).ok_or(PublishError::Path)?;
    let removed = descend(root, at).and_then(|folder| {
        let stat = fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Ok(());
        }
        fs::unlinkat(&folder, name, AtFlags::empty())
    });
    match removed {
        Ok(()) | Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Removes a folder that is empty, or syncs it.
pub(super) fn close_up(root: &OwnedFd, at: &str) -> Result<(), PublishError> {
    let closed = if at.is_empty() {
        fs::fsync(root)
    } else {
        let (above, name) = at.rsplit_once('/').unwrap_or(("", at));
        descend(root, above).and_then(|above| match fs::unlinkat(&above, name, AtFlags::REMOVEDIR) {
            Err(Errno::NOTEMPTY | Errno::EXIST) => fs::fsync(open_folder(&above, name)?),
            result => result,
        })
    };
    match closed {
        Ok(()) | Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// An error of the standard library as ours.
#[allow(clippy::needless_pass_by_value)] // made for `map_err`
pub(super) fn io(error: io::Error) -> PublishError {
    errno(error).into()
}

#[allow(clippy::needless_pass_by_value)] // made for `map_err`
fn errno(error: io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}

/// What the operating system says, with the cure.
pub(super) fn words(error: Errno) -> String {
    match error {
        Errno::NOSPC | Errno::DQUOT => "no space is left: free some, or raise the quota".into(),
        Errno::ROFS => "the file system is read-only: mount it writable, or name the folder in ReadWritePaths= of the \
            unit"
            .into(),
        Errno::ACCESS | Errno::PERM => "not writable for this user: give it the folder, for example with \
            `chown -R feedwright`"
            .into(),
        Errno::MFILE | Errno::NFILE => "too many files are open: raise LimitNOFILE= of the unit".into(),
        Errno::NAMETOOLONG => "the name is too long for this file system".into(),
        Errno::NOENT => "no such folder: create it, or correct the path".into(),
        Errno::IO | Errno::STALE => format!("the file system fails ({error}): check the disk or the mount"),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// No path that is let through leads out of the output, or touches what we keep there ourselves.
        #[test]
        fn a_path_stays_inside(path in r"([./a社\x00\n~]|\.\.|/|\.feedwright){0,8}") {
            if let Some((at, name)) = split(&path) {
                let plain = |part| matches!(part, std::path::Component::Normal(_));
                proptest::prop_assert!(Path::new(&path).components().all(plain));
                proptest::prop_assert_eq!(Path::new(at).join(name), Path::new(&path));
                proptest::prop_assert!(!name.starts_with(manifest::NAME));
            }
        }
    }
}
