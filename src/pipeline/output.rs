//! Documents → the output folder; what cannot be written now is written later.

use std::{
    collections::BTreeSet,
    thread::{self, JoinHandle},
};

use chrono::{DateTime, Utc};

use super::{Compared, Error, Pipeline, press::GROUP, unwritable};
use crate::{
    catalog::StoredDocument,
    feed::address,
    publish::{Failed, Output, PublishError, Report, Trust},
    rope::Rope,
};

/// Documents to be written: path and bytes of each.
pub(super) type Files = Vec<(String, Rope)>;

/// A thread that writes has the output folder, and gives it back with what came of it.
pub(super) type Writing = JoinHandle<(Output, Report)>;

impl Pipeline {
    /// Writes documents to the output folder; what fails is tried again with the next pass.
    pub(super) fn write(&mut self, files: &Files) -> Result<(), Error> {
        let Some(mut output) = self.lend_output(files)? else { return Ok(()) };
        let report = write_to(&mut output, files);
        self.take_back(output, report)
    }

    /// The same while this thread goes on, until [`Self::finish_writing`] or the next call.
    pub(super) fn write_meanwhile(&mut self, files: Files) -> Result<(), Error> {
        let Some(mut output) = self.lend_output(&files)? else { return Ok(()) };
        let write = move || {
            let report = write_to(&mut output, &files);
            (output, report)
        };
        match thread::Builder::new().name("publish".into()).spawn(write) {
            Ok(writing) => self.writing = Some(writing),
            Err(error) => {
                tracing::warn!("the system refused a thread: {error}");
                self.reopen_output();
            }
        }
        Ok(())
    }

    /// Waits until everything is written.
    pub(super) fn finish_writing(&mut self) -> Result<(), Error> {
        match self.writing.take().map(JoinHandle::join) {
            Some(Ok((output, report))) => return self.take_back(output, report),
            // It panicked, and the folder went with it.
            Some(Err(_)) => self.reopen_output(),
            None => {}
        }
        Ok(())
    }

    /// The output folder, for writing; where there is none the files are to be written later.
    fn lend_output(&mut self, files: &Files) -> Result<Option<Output>, Error> {
        self.wrote |= !files.is_empty();
        // They are known as made: until they are handed on, nobody else would write them.
        self.unwritten.extend(files.iter().map(|(path, _)| path.clone()));
        self.finish_writing()?;
        let output = self.output.take();
        if output.is_some() {
            for (path, _) in files {
                self.unwritten.remove(path);
            }
        }
        Ok(output)
    }

    fn take_back(&mut self, output: Output, Report { stands, failed, .. }: Report) -> Result<(), Error> {
        self.output = Some(output);
        let replaced = failed.iter().any(|one| one.error == PublishError::Replaced);
        if let Some(Failed { path, error }) = failed.first() {
            tracing::error!("{}", unwritable(&self.settings.output.join(path), error));
        }
        self.unwritten.extend(failed.into_iter().map(|one| one.path));
        if replaced {
            self.reopen_output();
        }
        Ok(self.catalog.note_files(&stands)?)
    }

    /// Notices that the output folder was removed or replaced while it was in use, and writes it again.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn check_output(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        if self.output.as_ref().is_some_and(Output::is_replaced) {
            self.reopen_output();
        }
        self.write_again(now)
    }

    /// Notices documents that were removed from the output folder, or cut.
    pub(super) fn check_documents(&mut self) -> Result<(), Error> {
        if std::mem::replace(&mut self.compared, Compared::Once) == Compared::Now {
            return Ok(());
        }
        let stored = self.catalog.stored_documents()?;
        if let Some(output) = &mut self.output {
            let away = stored.into_iter().filter(|one| !is_there(output, one, Trust::Size));
            self.unwritten.extend(away.map(|one| one.path));
        }
        Ok(())
    }

    /// The output folder was removed or replaced: everything is written into the new one.
    fn reopen_output(&mut self) {
        match self.catalog.stored_documents() {
            Ok(stored) => self.unwritten.extend(stored.into_iter().map(|one| one.path)),
            Err(error) => tracing::error!("{error}"),
        }
        match Output::open(&self.settings.output) {
            Ok(output) => self.output = Some(output),
            Err(error) => tracing::error!("{}", unwritable(&self.settings.output, &error)),
        }
    }

    /// Tries again what could not be written: some folders at a time, for it may be everything.
    fn write_again(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        if self.unwritten.is_empty() || self.withheld {
            return Ok(());
        }
        if self.output.is_none() {
            let Ok(output) = Output::open(&self.settings.output) else { return Ok(()) };
            self.output = Some(output);
            self.unfinished.tidying = true;
        }
        let folder = |path: &String| address::split(path).0.to_owned();
        let folders: BTreeSet<String> = self.unwritten.iter().map(folder).collect();
        for folders in folders.into_iter().collect::<Vec<_>>().chunks(GROUP) {
            if self.is_stopped() {
                break;
            }
            let made = self.unwritten_documents(folders, now)?;
            // Of what was not made nothing is known any more.
            self.unwritten.retain(|path| !folders.contains(&folder(path)));
            self.write(&made.into_iter().filter_map(|(path, document)| Some((path, document.bytes?))).collect())?;
        }
        Ok(())
    }

    /// Removes what the output folder has beside the documents that are kept there, once all of these are made: with a new
    /// catalog nothing is known of most of them before.
    pub(super) fn tidy_output(&mut self) -> Result<(), Error> {
        if !self.unfinished.tidying || self.is_stopped() || !self.catalog.dirty()?.is_empty() {
            return Ok(());
        }
        let known: BTreeSet<String> = self.catalog.stored_documents()?.into_iter().map(|one| one.path).collect();
        self.unfinished.tidying = !self.remove(&|path| !known.contains(path));
        Ok(())
    }

    /// Removes documents from the output folder; false where something could not be removed.
    pub(super) fn remove(&mut self, gone: &dyn Fn(&str) -> bool) -> bool {
        self.wrote = true;
        let Some(output) = &mut self.output else { return false };
        let folder = self.settings.output.display();
        let failed = match output.retain(&|path| !gone(path)) {
            Ok(report) => report.failed,
            Err(error) => {
                tracing::warn!("{folder} cannot be tidied up: {error}");
                return false;
            }
        };
        for Failed { path, error } in &failed {
            tracing::warn!("{folder}/{path} is stale and cannot be removed: {error}");
        }
        failed.is_empty()
    }

    /// Whether something was made without a post whose file could not be read just then: the next scan makes it again.
    #[must_use]
    pub fn has_unrendered(&self) -> bool {
        self.unrendered.get()
    }

    /// Whether something waits to be written to the output folder.
    #[must_use]
    pub fn has_unwritten(&self) -> bool {
        !self.unwritten.is_empty()
    }
}

/// Whether a document's file stands as it was written.
pub(super) fn is_there(output: &mut Output, document: &StoredDocument, trust: Trust) -> bool {
    let StoredDocument { path, record, file } = document;
    file.is_some_and(|digest| output.holds(path, record.length, digest, trust))
}

/// Writes files, and says what came of it.
fn write_to(output: &mut Output, files: &Files) -> Report {
    output.write(files).unwrap_or_else(|error| {
        let failed = files.iter().map(|(path, _)| Failed { path: path.clone(), error: error.clone() }).collect();
        Report { failed, ..Report::default() }
    })
}
