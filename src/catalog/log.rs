//! The write-ahead log on its way to the disk, and into the database, while this thread goes on.
//!
//! A transaction is durable once the log is on the disk (<https://sqlite.org/wal.html>). SQLite can wait for that at each
//! commit, or leave it to others; a [`super::Batch`] leaves it to [`Log`], so that documents can be made meanwhile. Nothing
//! that follows from a batch may be shown before [`super::Catalog::make_durable`].
//!
//! While a pass makes it longer and longer, a connection of its own moves what is in it into the database, as far as nobody
//! reads what would be overwritten. It begins anew only when all of it was moved: that is left to
//! [`super::Catalog::checkpoint`], which then has little to do. Its file stays as long as it is, up to [`KEPT`], and is
//! overwritten: to carry that to the disk takes a third of what it takes to make a file longer.
//!
//! A new catalog is written without a log, which would take each page to the disk twice: it holds nothing yet that the posts
//! do not say, so a crash may have all of it. Its `user_version` is [`super::schema::UNFINISHED`] until all of it is on the
//! disk, and what is found with that mark is removed.

mod carrier;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

use carrier::{Carried, Carrier};
use rusqlite::{Connection, OpenFlags, config::DbConfig, hooks::Wal};

/// How much longer it may get, in bytes, before it is moved into the database even if there is more to be done.
const TOO_LONG: u64 = 80 << 20;

/// How much longer it gets before that is begun meanwhile.
const LONG: u64 = 16 << 20;

/// How long its file stays at most, in bytes: twice as long as the log gets in quiet times.
const KEPT: u64 = 8 << 20;

/// What one page takes in it (<https://sqlite.org/fileformat.html>, "The WAL File Format").
const FRAME: u64 = 24 + 4096;

/// The log of one catalog.
#[derive(Debug)]
pub(super) struct Log {
    file: PathBuf,
    /// While there is no log: the database, which is written to instead.
    unlogged: Option<PathBuf>,
    /// Its bytes, as SQLite counts them; its file may be longer.
    length: Arc<AtomicU64>,
    /// What is not known to be on the disk.
    owed: Option<io::Result<Carried>>,
    /// Who carries it there, once there was something.
    carrier: Option<Carrier>,
    /// How long it was when it was found too long last.
    borne: u64,
    /// How long it was when it was moved meanwhile last.
    moved: u64,
    /// Who moves it.
    moving: Option<JoinHandle<()>>,
}

/// What is to be done about the length of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// Nothing.
    Fine,
    /// It should be moved into the database meanwhile.
    Long,
    /// It should be moved now.
    TooLong,
}

impl Log {
    /// The log beside a database, with nothing owed; of a new one there will be one.
    pub(super) fn beside(database: &Path, is_new: bool) -> Self {
        let file = database.with_extension("sqlite-wal");
        Self {
            // What a kill left may be all in use.
            length: Arc::new(AtomicU64::new(file_length(&file).unwrap_or(0))),
            file,
            unlogged: is_new.then(|| database.to_owned()),
            owed: None,
            carrier: None,
            borne: 0,
            moved: 0,
            moving: None,
        }
    }

    /// Whether there is no log yet.
    pub(super) fn is_awaited(&self) -> bool {
        self.unlogged.is_some()
    }

    /// From now on there is one.
    pub(super) fn begin(&mut self) {
        self.unlogged = None;
    }

    /// Where it is.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Follows what a connection adds to it.
    pub(super) fn follow(&self, db: &mut Connection) -> rusqlite::Result<()> {
        db.pragma_update(None, "journal_size_limit", KEPT)?;
        let length = Arc::clone(&self.length);
        db.wal_hook(Some(move |_: &mut Wal, pages: i32| {
            length.store(u64::try_from(pages).unwrap_or(0) * FRAME, Ordering::Relaxed);
            Ok(())
        }))
    }

    /// Its bytes.
    pub(super) fn length(&self) -> u64 {
        self.length.load(Ordering::Relaxed)
    }

    /// Whether its file is there and holds nothing. One that was taken away may hold anything: SQLite goes on with it.
    pub(super) fn is_empty(&self) -> bool {
        file_length(&self.file) == Some(0)
    }

    /// All of it was moved into the database: what comes next is written over it.
    pub(super) fn begin_anew(&self) {
        self.length.store(0, Ordering::Relaxed);
    }

    /// Whether it should be moved into the database. What somebody keeps from being moved is not asked about at every batch.
    pub(super) fn judge(&mut self) -> Length {
        let length = self.length();
        (self.borne, self.moved) = (self.borne.min(length), self.moved.min(length));
        if length - self.borne > TOO_LONG {
            (self.borne, self.moved) = (length, length);
            Length::TooLong
        } else if length - self.moved > LONG && !self.is_moving() {
            self.moved = length;
            Length::Long
        } else {
            Length::Fine
        }
    }

    /// Begins to move what is in the log now into the database. What fails is left to who moves all of it.
    pub(super) fn move_meanwhile(&mut self, database: &Path) {
        self.rest();
        let database = database.to_owned();
        let work = move || {
            if let Err(error) = move_into(&database) {
                tracing::debug!(%error, "the catalog's log is not moved meanwhile");
            }
        };
        self.moving = thread::Builder::new().name("log".into()).spawn(work).ok();
    }

    /// Whether somebody moves it just now.
    pub(super) fn is_moving(&self) -> bool {
        self.moving.as_ref().is_some_and(|moving| !moving.is_finished())
    }

    /// Waits until nobody moves it: before it is moved by others, or the database is another one.
    pub(super) fn rest(&mut self) {
        if let Some(moving) = self.moving.take() {
            // What it panicked for is not moved.
            drop(moving.join());
        }
    }

    /// Begins to carry what is in the log now to the disk, and goes on with what was begun before.
    pub(super) fn sync_meanwhile(&mut self) {
        let path = self.unlogged.as_ref().unwrap_or(&self.file).clone();
        self.owed = Some(self.owed.take().transpose().and_then(|before| {
            let carrier = match self.carrier.take() {
                Some(carrier) => carrier,
                None => Carrier::start()?,
            };
            Ok(self.carrier.insert(carrier).carry(path, before))
        }));
    }

    /// Waits until all of it is there.
    ///
    /// # Errors
    /// When some of it may not be: it stays owed.
    pub(super) fn wait(&mut self) -> io::Result<()> {
        let Some(owed) = self.owed.take() else { return Ok(()) };
        owed.and_then(Carried::wait).map(drop).inspect_err(|error| self.owed = Some(Err(error.kind().into())))
    }

    /// What was owed got to the disk in another way.
    pub(super) fn forgive(&mut self) {
        self.owed = None;
    }
}

/// Nobody may move the log of a database that others may have by then.
impl Drop for Log {
    fn drop(&mut self) {
        self.rest();
        if let Some(carrier) = self.carrier.take() {
            carrier.end();
        }
    }
}

/// Whether SQLite waits for the disk at the end of a transaction. It never does while there is no log.
pub(super) fn wait_at_commits(db: &Connection, log: &Log, waits: bool) -> rusqlite::Result<()> {
    let how = match (log.is_awaited(), waits) {
        (true, _) => "OFF",
        (false, false) => "NORMAL",
        (false, true) => "FULL",
    };
    db.pragma_update(None, "synchronous", how)
}

fn file_length(file: &Path) -> Option<u64> {
    fs::metadata(file).ok().map(|file| file.len())
}

fn move_into(database: &Path) -> rusqlite::Result<()> {
    let db =
        Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_moved_is_tried_again_only_when_it_has_grown_as_much() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log::beside(&folder.path().join("catalog.sqlite"), false);
        assert_eq!(log.judge(), Length::Fine, "there is none");
        for (length, expected) in [
            (LONG, Length::Fine),
            (LONG + 1, Length::Long),
            (LONG + 2, Length::Fine),
            (TOO_LONG, Length::Long),
            (TOO_LONG + 1, Length::TooLong),
            (TOO_LONG + 2, Length::Fine),
            (TOO_LONG + LONG + 2, Length::Long),
            (2 * TOO_LONG + 2, Length::TooLong),
            (0, Length::Fine),
            (TOO_LONG + 1, Length::TooLong),
        ] {
            log.length.store(length, Ordering::Relaxed);
            assert_eq!(log.judge(), expected, "{length} bytes");
        }
    }
}
