//! Find the files that look like posts.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{Folder, Found, Kind, Stat};

/// What a walk came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// The folder itself.
    pub root: Root,
    /// How many files look like posts.
    pub files: usize,
}

/// A posts folder as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// It is there, on this device.
    Present {
        /// The device's number.
        device: u64,
    },
    /// It cannot be listed. Holds a message that tells the cure.
    Missing(String),
}

/// Visits every file of a folder that looks like a post, in path order within each directory. Opens no file.
///
/// Symbolic links are followed to files inside the folder; linked directories are not entered, so there are no loops.
pub fn walk(index: usize, folder: &Folder, visit: &mut dyn FnMut(Found)) -> Walked {
    let device = match fs::metadata(&folder.root) {
        Ok(metadata) if metadata.is_dir() => metadata.dev(),
        Ok(_) => return missing(format!("{} is no folder", folder.root.display())),
        Err(error) => return missing(unsearchable(&folder.root, &error)),
    };
    if let Err(error) = fs::read_dir(&folder.root) {
        return missing(unsearchable(&folder.root, &error));
    }
    let mut walk = Walk { index, folder, visit, files: 0 };
    walk.directory(Path::new(""));
    Walked { root: Root::Present { device }, files: walk.files }
}

fn missing(message: String) -> Walked {
    Walked { root: Root::Missing(message), files: 0 }
}

/// Names the first directory on the way that is the trouble.
fn unsearchable(path: &Path, error: &io::Error) -> String {
    let mut way: Vec<&Path> = path.ancestors().collect();
    way.reverse();
    let culprit = way.into_iter().find(|part| fs::read_dir(part).is_err() && fs::symlink_metadata(part.join(".")).is_err());
    let culprit = culprit.unwrap_or(path).display();
    match error.kind() {
        io::ErrorKind::NotFound => format!("{culprit} does not exist: make it, or correct the path"),
        io::ErrorKind::PermissionDenied => {
            format!("{culprit} cannot be read: let feedwright in with `setfacl -m u:feedwright:rx {culprit}`")
        }
        _ => format!("{culprit} cannot be read: {error}"),
    }
}

struct Walk<'a> {
    index: usize,
    folder: &'a Folder,
    visit: &'a mut dyn FnMut(Found),
    files: usize,
}

impl Walk<'_> {
    fn directory(&mut self, below: &Path) {
        let entries = match fs::read_dir(self.folder.root.join(below)) {
            Ok(entries) => entries,
            // Removed since it was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                let message = unsearchable(&self.folder.root.join(below), &error);
                return self.found(below.to_owned(), Kind::Odd(message));
            }
        };
        let mut names: Vec<_> =
            entries.flatten().map(|entry| (entry.file_name(), entry.file_type().is_ok_and(|kind| kind.is_dir()))).collect();
        names.sort_unstable();
        for (name, is_directory) in names {
            let path = below.join(&name);
            if is_directory {
                if self.folder.filter.descends(&name) {
                    self.directory(&path);
                }
            } else if self.folder.filter.matches(&path) {
                let Found { kind, .. } = look(self.index, &self.folder.root, &path);
                if kind != Kind::Gone {
                    self.found(path, kind);
                }
            }
        }
    }

    fn found(&mut self, path: PathBuf, kind: Kind) {
        self.files += 1;
        (self.visit)(Found { folder: self.index, path, kind });
    }
}

/// Looks at one path below a folder.
#[must_use]
pub fn look(folder: usize, root: &Path, path: &Path) -> Found {
    let full = root.join(path);
    let kind = match fs::symlink_metadata(&full) {
        Ok(metadata) if metadata.is_symlink() => linked(root, &full),
        Ok(metadata) => judge(&metadata),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Kind::Gone,
        Err(error) => Kind::Odd(format!("cannot be looked at: {error}")),
    };
    Found { folder, path: path.to_owned(), kind }
}

fn judge(metadata: &fs::Metadata) -> Kind {
    if metadata.is_file() {
        Kind::File(Stat::of(metadata))
    } else if metadata.is_dir() {
        // A directory with the name of a post: its files are looked at, itself is nothing.
        Kind::Gone
    } else {
        Kind::Odd(String::from("this is a FIFO, socket or device, not a file: move it elsewhere"))
    }
}

/// A symbolic link counts as the file it leads to, if that is inside the folder.
fn linked(root: &Path, full: &Path) -> Kind {
    let inside = root.canonicalize().and_then(|root| Ok(full.canonicalize()?.starts_with(root)));
    match inside {
        Ok(true) => fs::metadata(full).map_or(Kind::Gone, |metadata| judge(&metadata)),
        Ok(false) => Kind::Odd(String::from("this link leads out of the folder: put the file itself here")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Kind::Odd(String::from("this link leads nowhere: remove it, or restore its target"))
        }
        Err(error) => Kind::Odd(format!("this link cannot be followed: {error}; remove it")),
    }
}
