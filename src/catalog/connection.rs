//! The database file: opening it, and what lies beside it.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, config::DbConfig};

use super::{CatalogError, Room, collection, schema};

/// An open database, and what it says of collections.
pub(super) struct Connected {
    pub(super) db: Connection,
    pub(super) collections: collection::Names,
    /// There was none, and it has no log yet: see [`super::log`].
    pub(super) is_new: bool,
}

/// Opens a database, or makes one.
pub(super) fn connect(file: &Path) -> Result<Connected, CatalogError> {
    let mut db = Connection::open(file)?;
    if schema::version(&db)? == schema::UNFINISHED {
        drop(db);
        fs::remove_file(file)
            .and_then(|()| remove_companions(file))
            .map_err(|source| CatalogError::Folder { path: file.to_owned(), source })?;
        db = Connection::open(file)?;
    }
    let is_new = schema::version(&db)? == 0;
    db.pragma_update(None, "journal_mode", if is_new { "MEMORY" } else { "WAL" })?;
    db.pragma_update(None, "synchronous", "FULL")?;
    // Nothing is written into the database before its sum is gone: [`super::log`] says when.
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    db.pragma_update(None, "cache_size", -Room::Scant.kibibytes())?;
    // More than there are statements: those that fall out are parsed again at every use.
    db.set_prepared_statement_cache_capacity(256);
    // Without it a statement is planned anew whenever a value is bound that a partial index might be chosen by: a quarter of
    // a cold build.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // A row that is replaced is one less and one more for the triggers.
    db.pragma_update(None, "recursive_triggers", true)?;
    schema::migrate(&mut db, if is_new { schema::UNFINISHED } else { schema::CURRENT })?;
    if is_new {
        db.pragma_update(None, "synchronous", "OFF")?;
    }
    // The main feed is there before the first post: a subscriber must never be told that there is none.
    db.execute(
        "INSERT OR IGNORE INTO collection (key, direct, dirty) VALUES (?, 1, 1)",
        [collection::Key::All.text()],
    )?;
    let collections = collection::Names::load(&db)?;
    Ok(Connected { db, collections, is_new })
}

/// Device and inode of a file.
pub(super) fn identity(file: &Path) -> Option<(u64, u64)> {
    fs::metadata(file).ok().map(|found| (found.dev(), found.ino()))
}

/// Renames the database and its companions; returns the new name.
pub(super) fn set_aside(file: &Path) -> io::Result<PathBuf> {
    let free = (1..1_000).map(|n: u32| file.with_extension(format!("broken-{n}"))).find(|name| !name.exists());
    let aside = free.unwrap_or_else(|| file.with_extension("broken"));
    match fs::rename(file, &aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    remove_companions(file)?;
    Ok(aside)
}

/// Removes what SQLite keeps beside a database.
pub(super) fn remove_companions(file: &Path) -> io::Result<()> {
    for companion in ["sqlite-wal", "sqlite-shm"] {
        match fs::remove_file(file.with_extension(companion)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
