//! Documents → the output folder; what cannot be written now is written later.

use chrono::{DateTime, Utc};

use super::{Error, Pipeline};
use crate::{
    publish::{Failed, Output, PublishError},
    serve::Document,
};

impl Pipeline {
    /// Writes documents to the output folder; what fails is tried again with the next pass.
    pub(super) fn write(&mut self, documents: &[(&str, &Document)]) {
        let Some(output) = &mut self.output else { return };
        let bytes: Vec<(&str, &[u8])> =
            documents.iter().filter_map(|(path, document)| Some((*path, document.bytes.as_deref()?))).collect();
        let folder = self.settings.output.display();
        for (path, _) in &bytes {
            self.unwritten.remove(*path);
        }
        let failed = match output.write(&bytes) {
            Ok(report) => report.failed,
            Err(error) => {
                let failed = |(path, _): &(&str, _)| Failed { path: (*path).to_owned(), error: error.clone() };
                bytes.iter().map(failed).collect()
            }
        };
        let replaced = failed.iter().any(|one| one.error == PublishError::Replaced);
        if let Some(Failed { path, error }) = failed.first() {
            tracing::error!(
                "{folder}/{path} cannot be written: {error}; the feeds are still served over HTTP, and written as soon as \
                 that is possible"
            );
        }
        self.unwritten.extend(failed.into_iter().map(|one| one.path));
        if replaced {
            self.reopen_output();
        }
    }

    /// The output folder was removed or replaced: everything is written into the new one.
    fn reopen_output(&mut self) {
        match (Output::open(&self.settings.output), self.catalog.stored_documents()) {
            (Ok(output), Ok(stored)) => {
                self.output = Some(output);
                self.unwritten.extend(stored.into_iter().map(|(path, _)| path));
            }
            (Err(error), _) => tracing::error!("{} cannot be used: {error}", self.settings.output.display()),
            (_, Err(error)) => tracing::error!("{error}"),
        }
    }

    /// Tries again what could not be written.
    pub(super) fn write_again(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let mut again = Vec::new();
        for path in self.unwritten.clone() {
            match self.stored_document(&path, now)? {
                Some(document) => again.push((path, document)),
                None => {
                    self.unwritten.remove(&path);
                }
            }
        }
        self.write(&again.iter().map(|(path, document)| (path.as_str(), document)).collect::<Vec<_>>());
        Ok(())
    }

    /// Whether something waits to be written to the output folder.
    #[must_use]
    pub fn has_unwritten(&self) -> bool {
        !self.unwritten.is_empty()
    }
}
