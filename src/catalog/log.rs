//! The write-ahead log on its way to the disk, while this thread goes on.
//!
//! A transaction is durable once the log is on the disk (<https://sqlite.org/wal.html>). SQLite can wait for that at each
//! commit, or leave it to others; a [`super::Batch`] leaves it to [`Log`], so that documents can be made meanwhile. Nothing
//! that follows from a batch may be shown before [`super::Catalog::make_durable`].

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
};

/// The log of one catalog.
#[derive(Debug)]
pub(super) struct Log {
    file: PathBuf,
    /// What is not known to be on the disk, and who carries it there.
    owed: Option<io::Result<JoinHandle<io::Result<()>>>>,
}

impl Log {
    /// The log beside a database, with nothing owed.
    pub(super) fn beside(database: &Path) -> Self {
        Self { file: database.with_extension("sqlite-wal"), owed: None }
    }

    /// Where it is.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Begins to carry what is in the log now to the disk, and goes on with what was begun before.
    pub(super) fn sync_meanwhile(&mut self) {
        let (file, before) = (self.file.clone(), self.owed.take());
        let sync = move || {
            before.map_or(Ok(()), |before| before.and_then(joined))?;
            File::open(&file)?.sync_data()
        };
        self.owed = Some(thread::Builder::new().name("log".into()).spawn(sync));
    }

    /// Waits until all of it is there.
    ///
    /// # Errors
    /// When some of it may not be: it stays owed.
    pub(super) fn wait(&mut self) -> io::Result<()> {
        let Some(owed) = self.owed.take() else { return Ok(()) };
        owed.and_then(joined).inspect_err(|error| self.owed = Some(Err(error.kind().into())))
    }

    /// What was owed got to the disk in another way.
    pub(super) fn forgive(&mut self) {
        self.owed = None;
    }
}

fn joined(syncing: JoinHandle<io::Result<()>>) -> io::Result<()> {
    syncing.join().unwrap_or_else(|_| Err(io::Error::other("it panicked")))
}
