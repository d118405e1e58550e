//! Documents → the output folder, atomically; knows what is already there.
//!
//! A file is written beside its place, synced and renamed; then its folder is synced, once. A manifest in the output
//! folder names the files that were written here, so that nothing else is ever removed, even after the catalog is lost.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Component, Path, PathBuf},
};

/// Marks a folder as ours and names its files.
const MANIFEST: &str = ".feedwright";

/// The first line of the manifest.
const HEADING: &str = "# Written by feedwright, which may remove the files named here. Leave this file where it is.";

/// How a name begins while its file is being written.
const TEMPORARY: &str = ".feedwright-tmp-";

/// The output folder, open for writing.
#[derive(Debug)]
pub struct Output {
    root: PathBuf,
    ours: BTreeSet<String>,
    /// Length and hash of what stands in a file, as far as that is known.
    known: BTreeMap<String, (u64, [u8; 16])>,
}

/// Why a folder cannot be published to.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It holds files that somebody else put there.
    #[error(
        "the output folder {} is not empty and was not made by feedwright: choose an empty one with --output, or empty \
         it yourself", .0.display()
    )]
    Foreign(PathBuf),
    /// The system refused.
    #[error("{} cannot be written: {source}; {}", path.display(), cure(source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A document that could not be written; its old bytes stand.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Failure {
    /// The document, in our form.
    pub path: String,
    /// Why.
    pub error: PublishError,
}

fn cure(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space",
        io::ErrorKind::ReadOnlyFilesystem => "mount it writable, or choose another folder with --output",
        io::ErrorKind::PermissionDenied => "let the user that runs feedwright write there, or choose another folder",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "remove what stands in its place",
        _ => "look at the disk and the folder's rights",
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> PublishError {
    let path = path.to_owned();
    move |source| PublishError::Io { path, source }
}

impl Output {
    /// Opens the folder, makes it if needed, and removes temporaries that a killed process left.
    ///
    /// # Errors
    /// When it cannot be made or written to, or holds files that are not ours.
    pub fn open(root: &Path) -> Result<Self, PublishError> {
        fs::create_dir_all(root).map_err(failed(root))?;
        let manifest = root.join(MANIFEST);
        let ours = match fs::read_to_string(&manifest) {
            Ok(text) => text.lines().skip(1).filter(|line| is_sound(line)).map(str::to_owned).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if !is_empty(root).map_err(failed(root))? {
                    return Err(PublishError::Foreign(root.to_owned()));
                }
                BTreeSet::new()
            }
            Err(error) => return Err(failed(&manifest)(error)),
        };
        let output = Self { root: root.to_owned(), ours, known: BTreeMap::new() };
        output.remove_temporaries()?;
        // Written at once, so that a folder that cannot be written to is known before the first document.
        output.write_manifest()?;
        Ok(output)
    }

    /// Whether a document stands as the caller remembers it. Without `trusted`, its bytes are compared; otherwise only
    /// its length.
    pub fn holds(&mut self, path: &str, length: u64, hash: [u8; 16], trusted: bool) -> bool {
        let file = self.root.join(path);
        let same = self.ours.contains(path)
            && fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_file() && metadata.len() == length)
            && (trusted || fs::read(&file).is_ok_and(|bytes| hash_of(&bytes) == hash));
        if same {
            self.known.insert(path.to_owned(), (length, hash));
        }
        same
    }

    /// Writes documents, skipping those whose bytes stand there already. A path is in our form (see
    /// [`crate::feed::address`]). All are tried; those that could not be written are returned.
    pub fn write(&mut self, documents: &[(&str, &[u8])]) -> Vec<Failure> {
        let mut failures = Vec::new();
        let before = self.ours.len();
        let mut folders: BTreeMap<PathBuf, Vec<(&str, [u8; 16], u64)>> = BTreeMap::new();
        for (path, bytes) in documents {
            let (hash, length) = (hash_of(bytes), bytes.len() as u64);
            if self.known.get(*path) == Some(&(length, hash)) {
                continue;
            }
            match self.replace(path, bytes) {
                Ok(folder) => folders.entry(folder).or_default().push((path, hash, length)),
                Err(error) => failures.push(Failure { path: (*path).to_owned(), error }),
            }
        }
        for (folder, written) in folders {
            let synced = sync(&folder);
            for (path, hash, length) in written {
                self.ours.insert(path.to_owned());
                match &synced {
                    Ok(()) => {
                        self.known.insert(path.to_owned(), (length, hash));
                    }
                    Err(error) => failures.push(Failure {
                        path: path.to_owned(),
                        error: failed(&folder)(io::Error::from(error.kind())),
                    }),
                }
            }
        }
        if self.ours.len() != before
            && let Err(error) = self.write_manifest()
        {
            failures.push(Failure { path: String::from(MANIFEST), error });
        }
        failures
    }

    /// Removes every document of ours whose path is not in `keep`, and folders that are empty then.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn retain(&mut self, keep: &dyn Fn(&str) -> bool) -> Result<(), PublishError> {
        let stale: Vec<String> = self.ours.iter().filter(|path| !keep(path)).cloned().collect();
        for path in &stale {
            let file = self.root.join(path);
            match fs::remove_file(&file) {
                Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    return Err(failed(&file)(error));
                }
                _ => {}
            }
            self.ours.remove(path);
            self.known.remove(path);
            // Folders that hold nothing any more go too; one that is not empty refuses.
            for folder in Path::new(path).ancestors().skip(1).take_while(|folder| !folder.as_os_str().is_empty()) {
                if fs::remove_dir(self.root.join(folder)).is_err() {
                    break;
                }
            }
        }
        if stale.is_empty() { Ok(()) } else { self.write_manifest() }
    }

    /// Replaces one file; returns its folder, which is not yet synced.
    fn replace(&self, path: &str, bytes: &[u8]) -> Result<PathBuf, PublishError> {
        let file = self.root.join(path);
        let (true, Some(folder), Some(name)) = (is_sound(path), file.parent(), file.file_name()) else {
            return Err(failed(&file)(io::Error::from(io::ErrorKind::InvalidFilename)));
        };
        self.make_folder(folder)?;
        let mut temporary_name = std::ffi::OsString::from(TEMPORARY);
        // A document's name is short; a folder's may be 200 bytes long, but folders are not written.
        temporary_name.push(name);
        let temporary = folder.join(temporary_name);
        let result = write_file(&temporary, bytes).and_then(|()| fs::rename(&temporary, &file));
        if let Err(error) = result {
            // What could not be renamed is of no use to anyone.
            let _ = fs::remove_file(&temporary);
            return Err(failed(&file)(error));
        }
        Ok(folder.to_owned())
    }

    /// Makes a folder and its parents, each of them durable; never through a symbolic link.
    fn make_folder(&self, folder: &Path) -> Result<(), PublishError> {
        let Ok(below) = folder.strip_prefix(&self.root) else { return Ok(()) };
        let mut at = self.root.clone();
        for part in below {
            let parent = at.clone();
            at.push(part);
            match fs::symlink_metadata(&at) {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => return Err(failed(&at)(io::Error::from(io::ErrorKind::NotADirectory))),
                Err(_) => {
                    fs::create_dir(&at).map_err(failed(&at))?;
                    sync(&parent).map_err(failed(&parent))?;
                }
            }
        }
        Ok(())
    }

    fn write_manifest(&self) -> Result<(), PublishError> {
        let mut text = String::from(HEADING);
        for path in &self.ours {
            text.push('\n');
            text.push_str(path);
        }
        text.push('\n');
        self.replace(MANIFEST, text.as_bytes())?;
        sync(&self.root).map_err(failed(&self.root))
    }

    /// Removes what a killed process was writing, in the folders of our files.
    fn remove_temporaries(&self) -> Result<(), PublishError> {
        let mut folders: BTreeSet<PathBuf> = BTreeSet::from([self.root.clone()]);
        for path in &self.ours {
            folders.extend(Path::new(path).ancestors().skip(1).map(|folder| self.root.join(folder)));
        }
        for folder in folders {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                    fs::remove_file(entry.path()).map_err(failed(&entry.path()))?;
                }
            }
        }
        Ok(())
    }
}

fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Nothing in it but what version control and people keep in an empty folder.
fn is_empty(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if !matches!(name.to_str(), Some(".gitkeep" | ".gitignore")) && !name.to_string_lossy().starts_with(TEMPORARY) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A relative path that stays inside.
fn is_sound(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\0', '\n'])
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

fn hash_of(bytes: &[u8]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    half
}
