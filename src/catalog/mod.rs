//! What was seen when, and under which id. The only user of SQLite.
//!
//! The post files stay the truth: without a catalog everything is rebuilt from them. What only the catalog knows is
//! what the files cannot tell: when a post was first seen, which time and picture were pinned, what moved where, what
//! is missing since when, in which order posts arrived.
//!
//! Writes happen in a [`Batch`], which is one transaction and says which collections it touched. A collection stays
//! marked until its documents are made, so that a crash between the two loses nothing.
//!
//! Invariants: the clock is the caller's; no row of a post is deleted before its tombstone is a year old; two rows never
//! share an id.

mod along;
mod archive;
mod batch;
mod collection;
mod connection;
mod departures;
mod documents;
mod entries;
mod first_scan;
mod former_folders;
mod identity;
mod insert;
mod likeness;
mod log;
mod measured;
mod members;
mod mentions;
mod row;
mod schema;
mod search;
mod sum;
#[cfg(test)]
mod tests;
mod words;

use std::{
    cell::RefCell,
    fs::{self, File, TryLockError},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use connection::{Connected, connect, identity, remove_companions, set_aside};
use rusqlite::{Connection, DropBehavior, OptionalExtension, Transaction, config::DbConfig, types::FromSql};

pub use along::Along;
pub use archive::{PAGE, StalePage};
pub use batch::{Batch, Effects, IsGone, Seen};
pub use collection::{Archives, Collection, Dirty, Key, Version};
pub use departures::LEAVING;
pub use documents::{CLEAN, DocumentRecord, Former, StoredDocument};
pub use entries::{KeptEntry, StoredEntry};
pub use former_folders::Leaving;
pub use measured::Measured;
pub use members::Candidate;
pub use row::{Counts, Known, Problem, Row, State};
pub use search::{Found, Progress};
pub use words::{LONGEST_QUERY, Query};

/// The catalog of one state folder, locked against other processes.
#[derive(Debug)]
pub struct Catalog {
    db: Connection,
    file: PathBuf,
    /// Device and inode of the file that is open.
    identity: Option<(u64, u64)>,
    log: log::Log,
    sum: sum::Sum,
    /// Held, never read: the lock ends with the process.
    _lock: File,
    collections: collection::Names,
    entries: RefCell<entries::Held>,
    /// Archive pages lie in the output folder, and those that get old are marked.
    keeps_pages: bool,
    /// By their names: those of which something is known and that are no more.
    former_folders: Vec<String>,
    /// What opening it had to do that a person should know.
    pub notice: Option<String>,
}

/// How much memory the catalog's pages may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Until the first scan is done, which goes through most rows once: what they took would not be given back to the system.
    Scant,
    /// For one change after the other: what one touches. The rest is in the memory of the kernel, which takes it back when
    /// others need it.
    Usual,
    /// For thousands at once.
    Ample,
}

impl Room {
    const fn kibibytes(self) -> i64 {
        match self {
            Self::Scant => 256,
            Self::Usual => 2 * 1024,
            Self::Ample => 16 * 1024,
        }
    }
}

/// Why the catalog cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// Another process has it.
    #[error("{} is in use by another feedwright process: stop it, or give this one another folder with --state", .0.display())]
    InUse(PathBuf),
    /// A newer version wrote it.
    #[error(
        "the catalog has format {found} and this version knows up to {known}: install the newer version again, or move \
         the catalog away to rebuild it from the posts"
    )]
    Newer {
        /// The format found.
        found: i64,
        /// The newest format known.
        known: i64,
    },
    /// The folder cannot be used.
    #[error("cannot use the state folder {}: {source}; give another one with --state", path.display())]
    Folder {
        /// The folder or a file in it.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An entry is not what was kept.
    #[error(
        "the entry of post {post} in the catalog is not what was written there; it is made again: look at the disk"
    )]
    Altered {
        /// The row's number.
        post: i64,
    },
    /// SQLite refused.
    #[error("the catalog cannot be read or written: {}", refusal(.0))]
    Sqlite(#[from] rusqlite::Error),
}

/// What SQLite says, with the cure.
fn refusal(error: &rusqlite::Error) -> String {
    use rusqlite::ErrorCode;

    let cure = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "free some space where the state folder is",
        Some(ErrorCode::SystemIoFailure) => "check the disk that the state folder is on, and that it is not full",
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            "let this user write to the state folder, for example with `chown -R feedwright`, or give another one with --state"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "end the other program that has it open",
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "it is to be set aside and rebuilt from the posts"
        }
        _ => return error.to_string(),
    };
    format!("{error}: {cure}")
}

impl CatalogError {
    /// The connection may be what fails: another one may help.
    #[must_use]
    pub fn is_of_the_connection(&self) -> bool {
        // Where there is no room, another one could not even be opened.
        let is_full = |error: &rusqlite::Error| error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull);
        match self {
            Self::Folder { .. } => true,
            Self::Sqlite(error) => !is_full(error),
            Self::InUse(_) | Self::Newer { .. } | Self::Altered { .. } => false,
        }
    }

    /// The file is damaged, as opposed to unreachable or full: only a new one helps.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        use rusqlite::{Error, ErrorCode};
        match self {
            // What was written can be read back, unless it is not what was written; and a statement is right, unless the
            // tables are not those that were made.
            Self::Sqlite(
                Error::SqlInputError { .. }
                | Error::FromSqlConversionFailure(..)
                | Error::IntegralValueOutOfRange(..)
                | Error::InvalidColumnType(..)
                | Error::Utf8Error(..),
            ) => true,
            // There is no code for tables that are missing, or there twice.
            Self::Sqlite(Error::SqliteFailure(_, Some(words)))
                if words.starts_with("no such ")
                    || words.starts_with("duplicate column ")
                    || words.ends_with(" already exists") =>
            {
                true
            }
            Self::Sqlite(error) => {
                matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
            }
            _ => false,
        }
    }
}

impl Catalog {
    /// Opens the catalog in `state`, making both if needed. One that is damaged, or other than [`Catalog::close`] left it, is set
    /// aside, with a [`Catalog::notice`].
    ///
    /// # Errors
    /// When another process has it, a newer version wrote it, or the folder cannot be used.
    pub fn open(state: &Path) -> Result<Self, CatalogError> {
        let folder_error = |path: &Path| {
            let path = path.to_owned();
            move |source| CatalogError::Folder { path, source }
        };
        fs::create_dir_all(state).map_err(folder_error(state))?;
        let lock_path = state.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(folder_error(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(CatalogError::InUse(state.to_owned())),
            Err(TryLockError::Error(source)) => return Err(folder_error(&lock_path)(source)),
        }

        let file = state.join("catalog.sqlite");
        let sum = sum::Sum::beside(&file);
        let connected = if sum.is_belied() {
            None
        } else {
            match connect(&file) {
                Err(error) if error.is_damage() => None,
                connected => Some(connected?),
            }
        };
        let is_damaged = connected.is_none();
        let nothing = || {
            let db = Connection::open_in_memory()?;
            Ok::<_, CatalogError>(Connected { db, collections: collection::Names::default(), is_new: false })
        };
        let Connected { mut db, collections, is_new } = connected.map_or_else(nothing, Ok)?;
        let log = log::Log::beside(&file, is_new);
        log.follow(&mut db)?;
        let mut catalog = Self {
            db,
            identity: identity(&file),
            log,
            sum,
            file,
            _lock: lock,
            collections,
            entries: RefCell::default(),
            keeps_pages: false,
            former_folders: Vec::new(),
            notice: None,
        };
        if is_damaged {
            catalog.start_over()?;
        }
        Ok(catalog)
    }

    /// Opens the catalog again after a failure: SQLite may hold a lock that it could not give back, or a file that is gone.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn reopen(&mut self) -> Result<(), CatalogError> {
        self.log.rest();
        // The old connection must be closed before: both would share what SQLite knows of the locks.
        self.db = Connection::open_in_memory()?;
        self.identity = None;
        if let Some(state) = self.file.parent() {
            fs::create_dir_all(state).map_err(|source| CatalogError::Folder { path: state.to_owned(), source })?;
        }
        let mut connected = connect(&self.file)?;
        connected.collections.folding = std::mem::take(&mut self.collections.folding);
        self.take_on(connected)
    }

    /// Whether the catalog's own file is open, as it is unless [`Self::reopen`] failed: then nothing is found in it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.identity.is_some()
    }

    /// Writes the catalog anew where its file was taken away while it was in use: the connection still has it all. Returns
    /// whether that was so.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_back(&mut self) -> Result<bool, CatalogError> {
        let is_gone = match fs::metadata(&self.file) {
            Ok(found) if Some((found.dev(), found.ino())) == self.identity => return Ok(false),
            Ok(_) => false,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            // Who cannot look does not know.
            Err(_) => return Ok(false),
        };
        if is_gone {
            if self.log.is_awaited() {
                // The copy will have it all, and be on the disk before it is found.
                self.db.pragma_update(None, "user_version", schema::CURRENT)?;
            }
            // In its place only when it is whole.
            let copy = self.file.with_extension("copy");
            let folder_error = |source| CatalogError::Folder { path: copy.clone(), source };
            if let Some(state) = self.file.parent() {
                fs::create_dir_all(state).map_err(folder_error)?;
            }
            drop(fs::remove_file(&copy));
            self.db.execute("VACUUM INTO ?", [copy.to_string_lossy()])?;
            File::open(&copy).and_then(|file| file.sync_all()).map_err(folder_error)?;
            // A log of the old file must not be taken for one of the new.
            remove_companions(&self.file).map_err(folder_error)?;
            fs::rename(&copy, &self.file).map_err(folder_error)?;
        }
        self.reopen()?;
        Ok(true)
    }

    /// Sets a damaged catalog aside and begins a new one, with a [`Catalog::notice`].
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn start_over(&mut self) -> Result<(), CatalogError> {
        self.log.rest();
        // Closes the damaged one: it must not write into files that have its names afterwards.
        self.db = Connection::open_in_memory()?;
        let aside = set_aside(&self.file).map_err(|source| CatalogError::Folder { path: self.file.clone(), source })?;
        self.notice = Some(format!(
            "the catalog was damaged and is set aside as {}; it is rebuilt from the posts",
            aside.display()
        ));
        self.take_on(connect(&self.file)?)
    }

    fn take_on(&mut self, Connected { db, collections, is_new }: Connected) -> Result<(), CatalogError> {
        (self.db, self.collections, self.identity) = (db, collections, identity(&self.file));
        if is_new {
            self.log = log::Log::beside(&self.file, true);
        } else {
            // What it owes to the disk it still owes.
            self.log.begin();
        }
        Ok(self.log.follow(&mut self.db)?)
    }

    /// The database file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// A fact about the catalog itself.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn fact<T: FromSql>(&self, name: &str) -> Result<Option<T>, CatalogError> {
        let mut statement = self.db.prepare_cached("SELECT value FROM fact WHERE name = ?")?;
        Ok(statement.query_row([name], |row| row.get(0)).optional()?)
    }

    /// Writes a fact about the catalog itself.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn set_fact(&mut self, name: &str, value: impl rusqlite::ToSql) -> Result<(), CatalogError> {
        set_fact(&self.db, name, value)
    }

    /// Commits what is done here without waiting for the disk: it is durable with the next [`Batch`], or when the system writes
    /// it. For what is made again as it was.
    fn without_waiting<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, CatalogError>,
    ) -> Result<T, CatalogError> {
        log::wait_at_commits(&self.db, &self.log, false)?;
        let done = work(self);
        log::wait_at_commits(&self.db, &self.log, true)?;
        done
    }

    /// Holds the state that is read until the guard goes: many small reads then cost their work alone, not each the locks
    /// of a transaction of its own.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn reading(&self) -> Result<Transaction<'_>, CatalogError> {
        let mut reading = self.db.unchecked_transaction()?;
        // What was found altered meanwhile is forgotten for good.
        reading.set_drop_behavior(DropBehavior::Commit);
        Ok(reading)
    }

    /// Takes more memory for the pages of the catalog, or gives it back. With little, a long batch writes the pages of its
    /// indexes out and reads them back again and again, for keys such as digests are in no order.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn make_room(&self, room: Room) -> Result<(), CatalogError> {
        self.db.pragma_update(None, "cache_size", -room.kibibytes())?;
        if room == Room::Usual {
            self.db.execute_batch("PRAGMA shrink_memory")?;
        }
        Ok(())
    }

    /// Bytes on disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        [&*self.file, self.log.file()].iter().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len()).sum()
    }

    /// Bytes of the write-ahead log that are not moved into the database.
    #[must_use]
    pub fn log_bytes(&self) -> u64 {
        self.log.length()
    }

    /// Whether the log is being moved into the database meanwhile. Who writes much now makes others wait for it.
    #[must_use]
    pub fn is_moving_log(&self) -> bool {
        self.log.is_moving()
    }

    /// Moves the write-ahead log into the database; cheap when there is none. For idle moments. False while another program
    /// reads what would be overwritten.
    ///
    /// # Errors
    /// When SQLite refuses, or the sum of the database as it was cannot be removed.
    pub fn checkpoint(&mut self) -> Result<bool, CatalogError> {
        self.move_log("RESTART")
    }

    /// The same; how SQLite calls it decides what becomes of the file: RESTART leaves it to be written over, TRUNCATE empties it
    /// (<https://sqlite.org/pragma.html#pragma_wal_checkpoint>).
    fn move_log(&mut self, how: &str) -> Result<bool, CatalogError> {
        if self.log.is_awaited() {
            self.begin_log()?;
        }
        self.log.rest();
        // An empty log changes nothing.
        if !self.log.is_empty() {
            self.sum.remove().map_err(|source| CatalogError::Folder { path: self.file.clone(), source })?;
        }
        let is_moved =
            self.db.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |row| Ok(!row.get::<_, bool>(0)?))?;
        if is_moved {
            self.log.begin_anew();
        }
        Ok(is_moved)
    }

    /// Waits until every batch that was committed is durable: before anybody is shown what follows from it.
    ///
    /// # Errors
    /// When the disk refuses it.
    pub fn make_durable(&mut self) -> Result<(), CatalogError> {
        if self.log.is_awaited() {
            return self.begin_log();
        }
        let Err(source) = self.log.wait() else { return self.shorten_log() };
        // Who failed to sync a file is not told again whether it lacks something (fsync(2)): the database gets it all instead.
        if !self.checkpoint()? {
            return Err(CatalogError::Folder { path: self.log.file().to_owned(), source });
        }
        self.log.forgive();
        Ok(())
    }

    /// Calls a new catalog whole once all of it is on the disk. From then on there is a log.
    fn begin_log(&mut self) -> Result<(), CatalogError> {
        // Once more, for what was written since.
        self.log.sync_meanwhile();
        let folder_error = |source| CatalogError::Folder { path: self.file.clone(), source };
        self.log.wait().map_err(folder_error)?;
        self.db.pragma_update(None, "synchronous", "FULL")?;
        self.db.pragma_update(None, "journal_mode", "WAL")?;
        self.db.pragma_update(None, "user_version", schema::CURRENT)?;
        self.file.parent().map_or(Ok(()), |state| File::open(state)?.sync_all()).map_err(folder_error)?;
        self.log.begin();
        Ok(())
    }

    /// Keeps the log from growing for as long as a pass does.
    fn shorten_log(&mut self) -> Result<(), CatalogError> {
        match self.log.judge() {
            // Who cannot remove the sum leaves all to the checkpoint, which says so.
            log::Length::Long if self.sum.remove().is_ok() => self.log.move_meanwhile(&self.file),
            log::Length::Fine | log::Length::Long => {}
            log::Length::TooLong => _ = self.checkpoint()?,
        }
        Ok(())
    }

    /// Ends in good order: the log is moved into the database, and whatever this is not at the next start is damage.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn close(mut self) -> Result<(), CatalogError> {
        if self.move_log("TRUNCATE")? {
            // It is empty: nothing is written when SQLite removes it.
            self.db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
            drop(self.db);
            self.sum.make();
        }
        Ok(())
    }
}

fn set_fact(db: &Connection, name: &str, value: impl rusqlite::ToSql) -> Result<(), CatalogError> {
    db.prepare_cached("INSERT INTO fact VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value")?
        .execute(rusqlite::params![name, value])?;
    Ok(())
}

/// The version of SQLite that is built in.
#[must_use]
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}
