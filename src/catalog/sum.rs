//! What the database file was when the catalog was last closed in good order, in a small file beside it.
//!
//! SQLite sees to the structure of its pages; a value that the disk gives back as another one would be believed. So the digest
//! of the whole file is kept, with its time and inode: where these are what they were, so must its bytes be. Where they are
//! not, somebody has put another file there or worked on this one, which is no damage: the sum says nothing of it.
//!
//! Invariants: the sum is true of the file or says nothing of it, at whatever point the program or the power ends. So it is
//! gone for good before the log is moved, for nothing else writes into a file that has a sum, and is made again when that is
//! durable.
//! The file is opened here only while SQLite does not have it: to close it gives up the locks that SQLite holds
//! (<https://sqlite.org/howtocorrupt.html>, "Posix advisory locks canceled").

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use crate::{bytes, cores::on_all_cores};

/// The file is hashed in parts, by all cores: a start waits for it.
const PART: u64 = 1 << 20;

/// The sum of one database.
#[derive(Debug)]
pub(super) struct Sum {
    database: PathBuf,
    file: PathBuf,
    /// There is none, and a power cut brings none back.
    is_gone: bool,
}

/// What a sum says.
#[derive(Debug)]
struct Said {
    /// How the digest is made, and of which file: its time and inode.
    of: String,
    digest: String,
}

impl Sum {
    /// The sum beside a database.
    pub(super) fn beside(database: &Path) -> Self {
        Self { database: database.to_owned(), file: database.with_extension("sum"), is_gone: false }
    }

    /// Whether the database is other than it was written. Who cannot read it does not know.
    pub(super) fn is_belied(&self) -> bool {
        self.compare().unwrap_or_else(|error| {
            tracing::debug!(%error, "the catalog is not compared with its sum");
            false
        })
    }

    fn compare(&self) -> io::Result<bool> {
        let Some(said) = self.read()? else { return Ok(false) };
        let database = File::open(&self.database)?;
        Ok(said.of == stat(&database)? && Said::of(&database)?.is_some_and(|found| found.digest != said.digest))
    }

    /// Removes it for good: before the database is written to.
    ///
    /// # Errors
    /// When it may still be there, or be there again after a power cut.
    pub(super) fn remove(&mut self) -> io::Result<()> {
        if !self.is_gone {
            match fs::remove_file(&self.file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => self.sync_folder()?,
            }
            self.is_gone = true;
        }
        Ok(())
    }

    /// Says what the database is now, unless that is said already. Where it cannot be written there is none.
    pub(super) fn make(self) {
        if let Err(error) = self.write() {
            tracing::debug!(%error, "the catalog is left without a sum");
        }
    }

    fn write(&self) -> io::Result<()> {
        let database = File::open(&self.database)?;
        if self.read()?.is_some_and(|said| stat(&database).is_ok_and(|now| said.of == now)) {
            return Ok(());
        }
        // SQLite waits for the bytes, but not for the time.
        database.sync_all()?;
        let Some(said) = Said::of(&database)? else { return Ok(()) };
        let new = self.file.with_extension("sum-new");
        let mode = database.metadata()?.mode() & 0o777;
        let mut file = File::options().write(true).create(true).truncate(true).mode(mode).open(&new)?;
        file.write_all(said.text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &self.file)?;
        self.sync_folder()
    }

    /// What it says. Nothing where there is none, or where it is itself not what was written.
    fn read(&self) -> io::Result<Option<Said>> {
        match fs::read(&self.file) {
            Ok(text) => Ok(Said::read(&String::from_utf8_lossy(&text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What happened in the folder is durable then, unless that was taken away.
    fn sync_folder(&self) -> io::Result<()> {
        match self.file.parent().map(File::open) {
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Some(folder) => folder?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Said {
    /// What is to be said of a database. Nothing where somebody writes into it meanwhile.
    fn of(database: &File) -> io::Result<Option<Self>> {
        let of = stat(database)?;
        let digest = hex(digest(database)?);
        Ok((of == stat(database)?).then_some(Self { of, digest }))
    }

    /// One line that says it, and a digest of that line.
    fn text(&self) -> String {
        let line = format!("{} {}", self.of, self.digest);
        let check = hex(bytes::fingerprint(&line));
        format!("{line}\n{check}\n")
    }

    fn read(text: &str) -> Option<Self> {
        let (line, _) = text.split_once('\n')?;
        let (of, digest) = line.rsplit_once(' ')?;
        let said = Self { of: of.to_owned(), digest: digest.to_owned() };
        (said.text() == text).then_some(said)
    }
}

/// Differs where a file was written to or is another one, or where digests are made in another way.
fn stat(file: &File) -> io::Result<String> {
    let found = file.metadata()?;
    Ok(format!("xxh3/{PART} {}.{:09} {}", found.mtime(), found.mtime_nsec(), found.ino()))
}

/// The digest of the digests of a file's parts.
fn digest(file: &File) -> io::Result<[u8; 16]> {
    let length = file.metadata()?.len();
    let parts: Vec<u64> = (0..length.div_ceil(PART)).map(|part| part * PART).collect();
    let digest_of = |&at: &u64| {
        let mut bytes = vec![0; usize::try_from(PART.min(length - at)).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, at)?;
        Ok(bytes::fingerprint(bytes))
    };
    let digests: io::Result<Vec<[u8; 16]>> = on_all_cores(&parts, digest_of).into_iter().collect();
    Ok(bytes::fingerprint(digests?.concat()))
}

fn hex(digest: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(digest))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use tempfile::TempDir;

    use super::*;
    use crate::catalog::Catalog;

    /// A state folder whose catalog was closed in good order.
    struct State(TempDir);

    impl State {
        fn new() -> Self {
            let state = Self(tempfile::tempdir().unwrap());
            let mut catalog = state.open();
            catalog.set_fact("written", 1).unwrap();
            // So that it has two parts.
            catalog.set_fact("much", vec![7_u8; 5 << 20]).unwrap();
            catalog.close().unwrap();
            assert!(state.at("sum").exists());
            state
        }

        fn at(&self, extension: &str) -> PathBuf {
            self.0.path().join("catalog.sqlite").with_extension(extension)
        }

        fn open(&self) -> Catalog {
            Catalog::open(self.0.path()).unwrap()
        }

        fn sum(&self) -> Sum {
            Sum::beside(&self.at("sqlite"))
        }

        /// What is written in it when it is opened, unless it is set aside.
        fn written(&self) -> Option<i64> {
            let catalog = self.open();
            let written = catalog.fact("written").unwrap();
            assert_eq!(written.is_none(), catalog.notice.is_some());
            written
        }

        fn write_as_another_program(&self) {
            let db = Connection::open(self.at("sqlite")).unwrap();
            db.execute("UPDATE fact SET value = 2 WHERE name = 'written'", []).unwrap();
        }
    }

    /// Turns a bit over, as the disk does: no time changes.
    fn rot(path: &Path, at: u64) {
        let file = File::options().read(true).write(true).open(path).unwrap();
        let before = file.metadata().unwrap().modified().unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 1], at).unwrap();
        file.set_modified(before).unwrap();
    }

    #[test]
    fn a_bit_is_missed_wherever_it_is() {
        let state = State::new();
        let (database, size) = (state.at("sqlite"), fs::metadata(state.at("sqlite")).unwrap().len());
        for at in (0..size).step_by(99_991).chain([PART - 1, PART, size - 1]) {
            rot(&database, at);
            assert!(state.sum().is_belied(), "byte {at} of {size}");
            rot(&database, at);
        }
        assert_eq!(state.written(), Some(1));

        let file = File::options().write(true).open(&database).unwrap();
        let before = file.metadata().unwrap().modified().unwrap();
        file.set_len(size - 1).unwrap();
        file.set_modified(before).unwrap();
        assert_eq!(state.written(), None);
        assert!(state.at("broken-1").exists());
    }

    #[test]
    fn what_somebody_did_on_purpose_is_no_damage() {
        type Deed = fn(&State);
        let deeds: [(&str, Deed, i64); 6] = [
            ("nothing", |_| {}, 1),
            ("an edit", State::write_as_another_program, 2),
            ("no sum, as with an older version", |state| fs::remove_file(state.at("sum")).unwrap(), 1),
            ("a cut sum", |state| fs::write(state.at("sum"), "xxh3").unwrap(), 1),
            (
                "a file of which only the time is another",
                |state| {
                    let file = File::options().write(true).open(state.at("sqlite")).unwrap();
                    file.set_modified(std::time::UNIX_EPOCH).unwrap();
                },
                1,
            ),
            (
                "an older backup, put back beside a newer sum",
                |state| {
                    fs::copy(state.at("sqlite"), state.at("backup")).unwrap();
                    let mut catalog = state.open();
                    catalog.set_fact("written", 3).unwrap();
                    catalog.close().unwrap();
                    fs::rename(state.at("backup"), state.at("sqlite")).unwrap();
                },
                1,
            ),
        ];
        for (what, deed, written) in deeds {
            let state = State::new();
            deed(&state);
            assert_eq!(state.written(), Some(written), "{what}");
            state.open().close().unwrap();
            assert!(state.sum().read().unwrap().is_some(), "{what}: there is a sum again");
            rot(&state.at("sqlite"), 5 << 20);
            assert!(state.sum().is_belied(), "{what}: and it is of the file that there is");
        }
    }

    #[test]
    fn a_sum_that_is_itself_not_what_was_written_says_nothing() {
        let state = State::new();
        let size = fs::metadata(state.at("sum")).unwrap().len();
        for at in 0..size {
            rot(&state.at("sum"), at);
            assert!(!state.sum().is_belied() && state.sum().read().unwrap().is_none(), "byte {at} of {size}");
            rot(&state.at("sum"), at);
        }
    }

    #[test]
    fn whoever_ends_at_any_step_leaves_no_wrong_sum() {
        type Step = fn(&mut Catalog);
        let write: Step = |catalog| catalog.set_fact("written", 4).unwrap();
        let checkpoint: Step = |catalog| assert!(catalog.checkpoint().unwrap());
        let reopen: Step = |catalog| catalog.reopen().unwrap();
        for (steps, has_sum, written) in [
            (&[] as &[Step], true, 1),
            (&[checkpoint], true, 1),
            (&[write], true, 4),
            (&[write, reopen], true, 4),
            (&[write, checkpoint], false, 4),
            (&[write, checkpoint, write], false, 4),
            (&[write, checkpoint, reopen, checkpoint], false, 4),
        ] {
            let state = State::new();
            let mut catalog = state.open();
            for step in steps {
                step(&mut catalog);
            }
            // As a kill does, this writes nothing.
            drop(catalog);
            assert_eq!((state.at("sum").exists(), state.written()), (has_sum, Some(written)), "{} steps", steps.len());
        }
    }

    #[test]
    fn nothing_is_written_into_a_database_whose_sum_cannot_be_removed() {
        let state = State::new();
        let mut catalog = state.open();
        fs::remove_file(state.at("sum")).unwrap();
        fs::create_dir(state.at("sum")).unwrap();
        catalog.set_fact("written", 5).unwrap();
        let before = fs::read(state.at("sqlite")).unwrap();
        assert!(catalog.checkpoint().is_err());
        assert!(fs::read(state.at("sqlite")).unwrap() == before);
        fs::remove_dir(state.at("sum")).unwrap();
        assert!(catalog.checkpoint().unwrap());
        assert!(fs::read(state.at("sqlite")).unwrap() != before);
    }

    #[test]
    fn a_database_that_is_as_it_was_is_not_summed_up_again() {
        let state = State::new();
        let inode = || fs::metadata(state.at("sum")).unwrap().ino();
        let before = inode();
        state.open().close().unwrap();
        assert_eq!(inode(), before);
        let left: Vec<_> = fs::read_dir(state.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 3, "the database, its sum and the lock: {left:?}");
    }

    #[test]
    fn another_database_gets_another_sum() {
        type Deed = fn(&State, &mut Catalog);
        let put_back: Deed = |state, catalog| {
            fs::remove_file(state.at("sqlite")).unwrap();
            assert!(catalog.put_back().unwrap());
        };
        let start_over: Deed = |_, catalog| {
            catalog.start_over().unwrap();
            catalog.set_fact("written", 1).unwrap();
            catalog.make_durable().unwrap();
        };
        for deed in [put_back, start_over] {
            let state = State::new();
            let mut catalog = state.open();
            deed(&state, &mut catalog);
            drop(catalog);
            assert_eq!(state.written(), Some(1));
            state.open().close().unwrap();
            assert_eq!(state.written(), Some(1));
            rot(&state.at("sqlite"), 100);
            assert!(state.sum().is_belied());
        }
    }
}
