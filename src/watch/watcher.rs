//! What events left behind, for who looks at it; and what notify's thread, the keeper and the owner share.
//!
//! notify's own thread only marks paths and passes folders on to the [`super::keeper`]; it never waits for anybody.

use std::{
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

use rustix::fs::{self, FileType};

use super::{
    Changes, Folder, Lost, Stat,
    bell::Bell,
    events::What,
    keeper::Keeper,
    settle::{Dirty, Mark, QUIET, QUIET_UNTRUSTED, Seen},
    walk,
};
use crate::meters::Meters;

/// Watches folders from its own thread until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    shared: Arc<Shared>,
    tasks: Tasks,
    thread: Option<Thread>,
}

/// The watching thread.
#[derive(Debug)]
struct Thread {
    handle: JoinHandle<()>,
    /// Nobody sends: it is hung up when the thread ends.
    end: Receiver<()>,
}

/// How long a watcher that is dropped waits for its thread, and thus its watches, to be gone: a folder may not answer.
const GOODBYE: Duration = Duration::from_millis(300);

/// The way to the watching thread.
#[derive(Debug, Clone)]
pub(super) struct Tasks {
    sender: Sender<Task>,
    /// Absent where there is no thread to be woken.
    bell: Option<Arc<Bell>>,
}

impl Tasks {
    pub(super) fn send(&self, task: Task) {
        // Where the thread has ended, nobody needs to know.
        let _ = self.sender.send(task);
        if let Some(bell) = &self.bell {
            bell.ring();
        }
    }
}

/// What the two threads and the watcher's owner share.
pub(super) struct Shared {
    pub(super) folders: Vec<Folder>,
    pub(super) meters: Meters,
    pub(super) dirty: Mutex<Dirty>,
    pub(super) troubles: Mutex<Troubles>,
    wake: Mutex<Box<dyn Fn() + Send>>,
    pub(super) stopping: AtomicBool,
    /// Grows with everything that the watching thread does.
    pub(super) beats: AtomicU64,
    /// Whether it waits for others; else it works, and may wait for a disk.
    pub(super) rests: AtomicBool,
}

/// Why events are not enough.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    /// The kernel refuses a watch, or all of them.
    pub(super) refused: Option<String>,
    /// By folder: a file system that does not tell what others do to it.
    pub(super) untold: Vec<Option<&'static str>>,
}

/// What notify's thread leaves to ours.
#[derive(Debug)]
pub(super) enum Task {
    /// A name appeared that may be a folder's.
    Appeared(PathBuf),
    /// A mode changed: a folder that could not be watched may be open now.
    Touched(PathBuf),
    /// A name went that may have been a folder's.
    Vanished(PathBuf),
    /// A root came or went, or events were lost.
    Rewatch(Lost),
    /// A sign of life is wanted, of notify's thread too.
    Answer,
    /// The watcher was dropped.
    Stop,
}

impl Watcher {
    /// Starts watching. `wake` is called, from another thread and never for long, whenever there is something to take.
    ///
    /// Returns at once. The first [`Changes`] with `rescan` says that all watches stand: a scan from then on misses
    /// nothing.
    #[must_use]
    pub fn start(folders: &[Folder], meters: Meters, wake: impl Fn() + Send + 'static) -> Self {
        let shared = Arc::new(Shared {
            folders: folders.to_vec(),
            meters,
            dirty: Mutex::default(),
            troubles: Mutex::default(),
            wake: Mutex::new(Box::new(wake)),
            stopping: AtomicBool::new(false),
            beats: AtomicU64::new(0),
            rests: AtomicBool::new(false),
        });
        let (sender, receiver) = mpsc::channel();
        let bell = Bell::new().map(Arc::new);
        let tasks = Tasks { sender, bell: bell.as_ref().ok().map(Arc::clone) };
        let thread = bell.map_err(io::Error::from).and_then(|bell| {
            let keeper = Keeper::new(Arc::clone(&shared), tasks.clone(), receiver, bell);
            let (lives, end) = mpsc::channel();
            let run = move || {
                keeper.run();
                drop(lives);
            };
            Ok(Thread { handle: thread::Builder::new().name("watch".into()).spawn(run)?, end })
        });
        if let Err(error) = &thread {
            lock(&shared.troubles).refused = Some(format!("the watching thread cannot be started: {error}"));
            shared.tell(|dirty| dirty.rescan(Lost::Watches));
        }
        Self { shared, tasks, thread: thread.ok() }
    }

    /// Takes what is settled at `now`.
    #[must_use]
    pub fn take(&self, now: SystemTime) -> Changes {
        let dirty = lock(&self.shared.dirty).take();
        let (changes, unsettled) = {
            let quiet = |folder| if self.is_trusted(folder) { QUIET } else { QUIET_UNTRUSTED };
            dirty.settled(now, &quiet, &|folder, path| self.see(folder, path))
        };
        lock(&self.shared.dirty).put_back(unsettled);
        changes
    }

    /// Whether somebody may still be writing a file that a scan found as it is in `stat`: one whose writer was seen, or
    /// a young one where events cannot be trusted.
    #[must_use]
    pub fn may_be_written(&self, folder: usize, path: &Path, stat: &Stat, now: SystemTime) -> bool {
        lock(&self.shared.dirty).is_being_written(&(folder, path.to_owned()))
            || !self.is_trusted(folder) && stat.is_younger(QUIET_UNTRUSTED, now)
    }

    /// Takes over from a watcher of before who was being written.
    pub fn take_over(&self, before: &Self) {
        let writing = lock(&before.shared.dirty).being_written();
        for path in writing.iter().filter_map(|path| before.known_to(self, path)) {
            self.shared.tell(|dirty| dirty.mark(path, Mark::Doubted { since: None }));
        }
    }

    /// Takes what is settled at `now`, each path with the index that its folder has for the `next` watcher; where that has no such
    /// folder it is of no interest any more.
    #[must_use]
    pub fn take_for(&self, next: &Self, now: SystemTime) -> Changes {
        let Changes { paths, directories, rescan, again } = self.take(now);
        let [paths, directories] =
            [paths, directories].map(|all| all.iter().filter_map(|path| self.known_to(next, path)).collect());
        Changes { paths, directories, rescan, again }
    }

    /// A path with the index that its folder has for another watcher.
    fn known_to(&self, other: &Self, (folder, path): &(usize, PathBuf)) -> Option<(usize, PathBuf)> {
        let full = self.shared.folders.get(*folder)?.root.join(path);
        other.shared.find(&full).map(|(index, below)| (index, below.to_owned()))
    }

    /// Whether all that happens in a folder is told.
    fn is_trusted(&self, folder: usize) -> bool {
        let troubles = lock(&self.shared.troubles);
        troubles.refused.is_none() && troubles.untold.get(folder).is_none_or(Option::is_none)
    }

    /// Sets all watches anew if some could not be had: there may be room for them by now.
    pub fn watch_again(&self) {
        if lock(&self.shared.troubles).refused.is_some() {
            self.tasks.send(Task::Rewatch(Lost::Watches));
        }
    }

    /// Asks the watching threads for a sign of life: [`Self::beats`] grows.
    pub fn ask(&self) {
        self.tasks.send(Task::Answer);
    }

    /// Grows with everything that the watching thread does. It stands still when nothing happens, until it is asked, and where a
    /// folder does not answer.
    #[must_use]
    pub fn beats(&self) -> u64 {
        self.shared.beats.load(Ordering::Relaxed)
    }

    /// Whether the watching thread ended by itself, which it never should.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| thread.handle.is_finished())
    }

    /// Whether the watching thread waits for others; else it works, and may wait for a disk.
    #[must_use]
    pub fn rests(&self) -> bool {
        self.shared.rests.load(Ordering::Relaxed)
    }

    /// Why events alone are not enough, in words with the cure. While it says something, folders are to be scanned on
    /// a timer.
    #[must_use]
    pub fn degraded(&self) -> Option<String> {
        let troubles = lock(&self.shared.troubles);
        let mut words = troubles.refused.clone().unwrap_or_default();
        for (folder, kind) in self.shared.folders.iter().zip(&troubles.untold) {
            if let Some(kind) = kind {
                let gap = if words.is_empty() { "" } else { "; " };
                let root = folder.root.display();
                let _ = write!(
                    words,
                    "{gap}{root} is on {kind}, which does not tell of every change: folders are scanned on a timer; \
                     keep posts on a local disk to have changes at once"
                );
            }
        }
        (!words.is_empty()).then_some(words)
    }

    fn see(&self, folder: usize, path: &Path) -> Seen {
        let stat = self.shared.folders.get(folder).and_then(|of| fs::lstat(of.root.join(path)).ok());
        match stat {
            Some(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && stat.st_nlink == 1 => {
                Seen::File { empty: stat.st_size == 0, modified: walk::known_by(&stat).modified() }
            }
            _ => Seen::Other,
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.tasks.send(Task::Stop);
        if let Some(Thread { handle, end }) = self.thread.take()
            && end.recv_timeout(GOODBYE) == Err(RecvTimeoutError::Disconnected)
        {
            let _ = handle.join();
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").field("folders", &self.folders).finish_non_exhaustive()
    }
}

/// A thread that panicked has left nothing half done under these locks.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Changes what is dirty, and wakes the reader if the change asks for it.
    pub(super) fn tell(&self, change: impl FnOnce(&mut Dirty) -> bool) {
        let wake = change(&mut lock(&self.dirty));
        if wake {
            lock(&self.wake)();
        }
    }

    /// The folder that a path lies in, and the path below it.
    pub(super) fn find<'a>(&self, path: &'a Path) -> Option<(usize, &'a Path)> {
        self.folders.iter().enumerate().find_map(|(index, folder)| Some((index, folder.relative(path)?)))
    }

    /// Notes one event. Runs in notify's thread: marks and passes on, and never waits for a watch.
    pub(super) fn note(&self, path: PathBuf, what: What, tasks: &Tasks) {
        let pass = |task| tasks.send(task);
        if self.folders.iter().any(|folder| folder.root == path) {
            match what {
                What::Touched => pass(Task::Touched(path)),
                What::Written | What::Closed => {}
                _ => pass(Task::Rewatch(Lost::Watches)),
            }
            return;
        }
        let Some((folder, below)) = self.find(&path) else { return };
        let mark = match what {
            What::FolderMade | What::FolderRemoved => None,
            What::Made => Some(Mark::Made { since: None }),
            What::Written => Some(Mark::Written { since: None }),
            What::Closed | What::Arrived | What::Left | What::Removed => Some(Mark::Settled),
            What::Touched => Some(Mark::Touched),
        };
        if let Some(mark) = mark
            && self.folders.get(folder).is_some_and(|of| of.filter.matches(below))
        {
            self.tell(|dirty| dirty.mark((folder, below.to_owned()), mark));
        }
        match what {
            What::FolderMade | What::Arrived => pass(Task::Appeared(path)),
            What::FolderRemoved | What::Left => pass(Task::Vanished(path)),
            What::Touched => pass(Task::Touched(path)),
            What::Made | What::Written | What::Closed | What::Removed => {}
        }
    }
}
