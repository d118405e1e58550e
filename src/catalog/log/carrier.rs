//! A thread that carries files to the disk, one after the other, and waits for the next.
//!
//! It stays, because nobody knows when a new one gets a core while others work: it sleeps most of the time, and who slept has
//! its turn at once.

use std::{
    fs::File,
    io,
    path::PathBuf,
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
};

/// The thread, until this is ended or dropped.
#[derive(Debug)]
pub(super) struct Carrier {
    loads: Sender<Load>,
    thread: JoinHandle<()>,
}

/// A file that is on its way to the disk, and comes back: to close a database's file gives up the locks that SQLite holds
/// (<https://sqlite.org/howtocorrupt.html>, "Posix advisory locks canceled"), so that is left to who knows that it holds none.
#[derive(Debug)]
pub(super) struct Carried(Receiver<io::Result<File>>);

/// A file that is to be carried.
struct Load {
    path: PathBuf,
    /// The same, as it was carried before: it need not be opened again.
    before: Option<Carried>,
    back: Sender<io::Result<File>>,
}

impl Carrier {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system refuses it.
    pub(super) fn start() -> io::Result<Self> {
        let (loads, taken) = mpsc::channel::<Load>();
        let work = move || {
            for Load { path, before, back } in taken {
                // Who does not want it back any more knows that it may be closed.
                let _ = back.send(carry(path, before));
            }
        };
        Ok(Self { loads, thread: thread::Builder::new().name("log".into()).spawn(work)? })
    }

    /// Begins to carry what is in a file now, after what was to be carried before.
    pub(super) fn carry(&self, path: PathBuf, before: Option<Carried>) -> Carried {
        let (back, carried) = mpsc::channel();
        // Where the thread has ended, who waits for the file is told.
        let _ = self.loads.send(Load { path, before, back });
        // Where it shares this core it has its turn now: it asks the disk, and sleeps again.
        thread::yield_now();
        Carried(carried)
    }

    /// Waits until all is carried, and ends the thread.
    pub(super) fn end(self) {
        drop(self.loads);
        // What it panicked for is not on the disk, and who waits for it is told.
        drop(self.thread.join());
    }
}

impl Carried {
    /// Waits until it is on the disk.
    ///
    /// # Errors
    /// When it may not be.
    pub(super) fn wait(self) -> io::Result<File> {
        self.0.recv().unwrap_or_else(|_| Err(io::Error::other("the thread that waits for the disk has ended")))
    }
}

fn carry(path: PathBuf, before: Option<Carried>) -> io::Result<File> {
    let file = before.map_or_else(|| File::open(path), Carried::wait)?;
    file.sync_data()?;
    Ok(file)
}
