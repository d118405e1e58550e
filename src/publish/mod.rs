//! Documents → the output folder, atomically; knows what is already there.
//!
//! A file is written beside its place, synced and renamed; then its folder is synced, once. Bytes that stand there
//! already are not written again. A manifest names the files that were written here, so that nothing else is ever
//! overwritten or removed, and no symbolic link is followed below the output folder.

mod manifest;
mod place;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    os::{fd::OwnedFd, unix::fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use rustix::io::Errno;

use place::{Job, Wrote};

use crate::{bytes, rope::Rope};

/// The output folder, open for writing.
#[derive(Debug)]
pub struct Output {
    root: PathBuf,
    identity: place::Identity,
    /// The documents that were written here, by path, and what is known of their bytes.
    ours: BTreeMap<String, Option<Known>>,
    /// Whether a document had to be read to be compared.
    has_read: bool,
}

/// The bytes of a document, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    size: u64,
    hash: [u8; 16],
}

impl Known {
    fn of(bytes: &[u8]) -> Self {
        Self { size: bytes.len() as u64, hash: bytes::digest(bytes) }
    }
}

/// When the size of a document is enough to know that it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Always.
    Size,
    /// If nothing touched the file since then, in nanoseconds since the Unix epoch.
    UntouchedSince(i64),
    /// Never: after a crash, which may have taken bytes back, they are compared.
    Nothing,
}

/// Why a folder, or a document in it, cannot be published. Who knows the path adds it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The folder has files and no manifest of ours.
    #[error(
        "it holds files that feedwright did not write, such as `{0}`: name an empty folder, or a new one, with --output"
    )]
    NotOurs(String),
    /// Another file stands in a document's place.
    #[error("a file that feedwright did not write stands here: move it out of the output folder")]
    Foreign,
    /// A document's path leads nowhere, or out of the output.
    #[error("this is no path of a document: segments are plain names, without `..` or control characters")]
    Path,
    /// A symbolic link or a file stands where a folder is needed.
    #[error("a symbolic link or a file stands where a folder is needed: remove it")]
    NotAFolder,
    /// The output folder is not the one that was opened.
    #[error("the output folder was removed or replaced while it was in use: open it again and write everything")]
    Replaced,
    /// The operating system refuses.
    #[error("{}", place::words(*.0))]
    Io(Errno),
}

/// What became of the documents.
#[derive(Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Report {
    /// How many were written, or removed.
    pub changed: usize,
    /// How many stood there already, byte for byte.
    pub unchanged: usize,
    /// Those of them that were to be written, in no order, and the digest of each, as [`bytes::digest`] has it.
    pub stands: Vec<(String, [u8; 16])>,
    /// Those that could not be written or removed. Each keeps its old bytes, and can be tried again.
    pub failed: Vec<Failed>,
}

/// One document that could not be written or removed.
#[derive(Debug, PartialEq, Eq)]
pub struct Failed {
    /// In our form.
    pub path: String,
    /// Why.
    pub error: PublishError,
}

impl Output {
    /// Opens the folder, makes it if needed, and removes temporaries that a killed process left.
    ///
    /// An existing folder must be ours already, or hold nothing but dot files.
    ///
    /// # Errors
    /// When it cannot be made or written to, or holds files that are not ours.
    pub fn open(root: &Path) -> Result<Self, PublishError> {
        place::make_root(root)?;
        let (folder, identity) = place::open_root(root)?;
        let paths = match manifest::read(&folder)? {
            Some(paths) => paths,
            None => match place::first_visible(&folder)? {
                Some(name) => return Err(PublishError::NotOurs(name)),
                None => BTreeSet::new(),
            },
        };
        for at in folders_of(paths.iter()) {
            place::sweep(&folder, &at)?;
        }
        // Written whole, which ends a half-written line and shows that the folder can be written to.
        manifest::write(&folder, paths.iter())?;
        Ok(Self {
            root: root.to_owned(),
            identity,
            ours: paths.into_iter().map(|path| (path, None)).collect(),
            has_read: false,
        })
    }

    /// The paths of all documents that were written here, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.ours.keys().map(String::as_str)
    }

    /// Whether a document stands as the caller remembers it: `hash` is the digest of its bytes, as [`bytes::digest`] has it.
    pub fn holds(&mut self, path: &str, size: u64, hash: [u8; 16], trust: Trust) -> bool {
        let Some(ours) = self.ours.get_mut(path) else { return false };
        let file = self.root.join(path);
        let known = Known { size, hash };
        let Ok(found) = std::fs::symlink_metadata(&file) else {
            *ours = None;
            return false;
        };
        let trusted = match trust {
            Trust::Size => true,
            Trust::UntouchedSince(then) => {
                found.ctime().saturating_mul(1_000_000_000).saturating_add(found.ctime_nsec()) <= then
            }
            Trust::Nothing => false,
        };
        let stands = found.is_file() && found.len() == size;
        self.has_read |= stands && !trusted;
        let same = stands && (trusted || std::fs::read(&file).is_ok_and(|bytes| Known::of(&bytes) == known));
        *ours = same.then_some(known);
        same
    }

    /// Whether [`Self::holds`] had to read a document, because its time alone was not to be trusted.
    #[must_use]
    pub fn has_read(&self) -> bool {
        self.has_read
    }

    /// Whether the folder was removed or replaced since it was opened.
    #[must_use]
    pub fn is_replaced(&self) -> bool {
        self.folder().is_err_and(|error| error == PublishError::Replaced)
    }

    /// Writes documents, skipping those whose bytes stand there already. A path is in our form (see
    /// [`crate::feed::address`]), and comes once. All are tried.
    ///
    /// # Errors
    /// When the output folder itself is gone or cannot be opened; nothing was written then.
    pub fn write(&mut self, documents: &[(String, Rope)]) -> Result<Report, PublishError> {
        let folder = self.folder()?;
        let mut report = Report::default();
        let mut jobs = Vec::with_capacity(documents.len());
        let mut new = Vec::new();
        for (path, bytes) in documents {
            let Some((at, name)) = place::split(path) else {
                report.failed.push(Failed { path: path.clone(), error: PublishError::Path });
                continue;
            };
            if !self.ours.contains_key(path) {
                match place::refuse_alien(&self.root.join(path), bytes) {
                    Ok(()) => new.push(path.as_str()),
                    Err(error) => {
                        report.failed.push(Failed { path: path.clone(), error });
                        continue;
                    }
                }
            }
            let known = self.ours.get(path).copied().flatten();
            jobs.push(Job { path, at, name, bytes, known });
        }
        // Named first and written after: what a crash leaves behind is still known as ours.
        if let Err(error) = manifest::append(&folder, &new) {
            let new: BTreeSet<&str> = new.drain(..).collect();
            jobs.retain(|job| !new.contains(job.path));
            report.failed.extend(new.into_iter().map(|path| Failed { path: path.to_owned(), error: error.clone() }));
        }
        self.ours.extend(new.into_iter().map(|path| (path.to_owned(), None)));

        for (path, result) in place::write_all(&folder, jobs) {
            let known = match result {
                Ok(Wrote::New(known)) => {
                    report.changed += 1;
                    Some(known)
                }
                Ok(Wrote::Same(known)) => {
                    report.unchanged += 1;
                    Some(known)
                }
                Err(error) => {
                    report.failed.push(Failed { path: path.to_owned(), error });
                    None
                }
            };
            report.stands.extend(known.map(|known| (path.to_owned(), known.hash)));
            if let Some(ours) = self.ours.get_mut(path) {
                *ours = known;
            }
        }
        report.failed.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(report)
    }

    /// Removes every document of ours whose path is not in `keep`, and folders that are empty then. All are tried.
    ///
    /// # Errors
    /// When the output folder itself is gone or cannot be opened; nothing was removed then.
    pub fn retain(&mut self, keep: &dyn Fn(&str) -> bool) -> Result<Report, PublishError> {
        let folder = self.folder()?;
        let mut report = Report::default();
        let stale: Vec<String> = self.ours.keys().filter(|path| !keep(path)).cloned().collect();
        report.unchanged = self.ours.len() - stale.len();
        if stale.is_empty() {
            return Ok(report);
        }
        for path in &stale {
            match place::remove(&folder, path) {
                Ok(()) => {
                    self.ours.remove(path);
                    report.changed += 1;
                }
                Err(error) => report.failed.push(Failed { path: path.clone(), error }),
            }
        }
        let mut touched = folders_of(stale.iter());
        while let Some(at) = touched.pop_last() {
            if let Err(error) = place::close_up(&folder, &at) {
                report.failed.push(Failed { path: at, error });
            }
        }
        if let Err(error) = manifest::write(&folder, self.ours.keys()) {
            report.failed.push(Failed { path: manifest::NAME.to_owned(), error });
        }
        Ok(report)
    }

    /// The output folder, if it is still the one that was opened.
    fn folder(&self) -> Result<OwnedFd, PublishError> {
        match place::open_root(&self.root) {
            Ok((folder, identity)) if identity == self.identity && manifest::stands(&folder)? => Ok(folder),
            Ok(_) | Err(PublishError::Io(Errno::NOENT)) => Err(PublishError::Replaced),
            Err(error) => Err(error),
        }
    }
}

/// Every folder on the way to these documents, the output folder itself (`""`) included.
fn folders_of<'a>(paths: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    let mut folders = BTreeSet::from([String::new()]);
    for path in paths {
        let mut rest = path.as_str();
        while let Some((at, _)) = rest.rsplit_once('/') {
            if !folders.insert(at.to_owned()) {
                break;
            }
            rest = at;
        }
    }
    folders
}

impl From<Errno> for PublishError {
    fn from(error: Errno) -> Self {
        match error {
            Errno::NOTDIR | Errno::LOOP => Self::NotAFolder,
            error => Self::Io(error),
        }
    }
}
