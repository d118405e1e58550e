//! Documents → the output folder, atomically; knows what is already there.
//!
//! A file is written beside its place, synced and renamed; then its folder is synced, once. A marker names the files
//! that were written here, so that nothing else is ever removed.

use std::path::{Path, PathBuf};

/// The output folder, open for writing.
#[derive(Debug)]
pub struct Output {
    _root: PathBuf,
}

/// Why a folder cannot be published to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {}

impl Output {
    /// Opens the folder, makes it if needed, and removes temporaries that a killed process left.
    ///
    /// # Errors
    /// When it cannot be made or written to, or holds files that are not ours.
    pub fn open(_root: &Path) -> Result<Self, PublishError> {
        todo!()
    }

    /// Writes documents, skipping those whose bytes stand there already. A path is in our form (see
    /// [`crate::feed::address`]). All are tried; the first error is returned.
    ///
    /// # Errors
    /// When a document cannot be written; it keeps its old bytes.
    pub fn write(&mut self, _documents: &[(&str, &[u8])]) -> Result<(), PublishError> {
        todo!()
    }

    /// Removes every document of ours whose path is not in `keep`, and folders that are empty then.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn retain(&mut self, _keep: &dyn Fn(&str) -> bool) -> Result<(), PublishError> {
        todo!()
    }
}
