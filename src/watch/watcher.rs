//! Keep one watch a directory, and gather what happens until it is settled.
//!
//! Watches are not recursive: a recursive one adds itself too late to a directory that is made and filled at once. Here a
//! directory is watched first and read after, so that nothing falls between.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use notify::{Config, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::{
    Changes, Folder,
    events::{Mark, marks},
};

/// A file that was written or made and not closed is looked at after this long without another event.
const QUIET: Duration = Duration::from_secs(5);

/// File systems whose changes do not all come as events, by the number that `statfs` tells.
const UNTRUSTED: [(u64, &str); 9] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x6573_5546, "FUSE"),
    (0x794c_7630, "overlay"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
];

/// Watches folders on a thread of its own, until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    state: Arc<Mutex<State>>,
    /// Closed to end the thread.
    messages: mpsc::Sender<Message>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    dirty: BTreeMap<(usize, PathBuf), Dirt>,
    rescan: bool,
    degraded: Option<String>,
}

/// How far a path is from being settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dirt {
    Settled,
    /// Made at this time: it will be closed, unless it is a link.
    Created(Instant),
    /// Written at this time: it will be closed.
    Writing(Instant),
}

enum Message {
    Mark(Mark),
    Stop,
}

impl Watcher {
    /// Starts to watch. `wake` is called, often and from another thread, when there may be something to take.
    pub fn start(folders: &[Folder], wake: impl Fn() + Send + 'static) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let (messages, inbox) = mpsc::channel();
        let sender = messages.clone();
        let handler = move |event| {
            for mark in marks(event) {
                // The thread is gone only when nobody wants to know any more.
                let _ = sender.send(Message::Mark(mark));
            }
        };
        let config = Config::default().with_follow_symlinks(false);
        let thread = match RecommendedWatcher::new(handler, config) {
            Ok(notify) => {
                let mut thread = Thread {
                    notify,
                    folders: folders.to_vec(),
                    state: Arc::clone(&state),
                    watched: HashSet::new(),
                    wake: Box::new(wake),
                };
                // Every watch stands before the first scan reads.
                thread.watch_all();
                thread::Builder::new().name("watch".into()).spawn(move || thread.run(&inbox)).ok()
            }
            Err(error) => {
                lock(&state).degraded = Some(explain(&error));
                None
            }
        };
        Self { state, messages, thread }
    }

    /// Takes what is settled.
    #[must_use]
    pub fn take(&self, now: Instant) -> Changes {
        let mut state = lock(&self.state);
        if std::mem::take(&mut state.rescan) {
            // The scan will see it all, but what is being written waits for its close.
            state.dirty.retain(|_, dirt| matches!(dirt, Dirt::Writing(_)));
            return Changes { rescan: true, ..Changes::default() };
        }
        let trusted = state.degraded.is_none();
        let mut changes = Changes::default();
        let mut again: Option<Instant> = None;
        state.dirty.retain(|path, dirt| {
            let ready_at = match dirt {
                Dirt::Settled => now,
                Dirt::Writing(_) if trusted => return true,
                Dirt::Created(since) | Dirt::Writing(since) => *since + QUIET,
            };
            if ready_at <= now {
                changes.paths.push(path.clone());
                return false;
            }
            again = Some(again.map_or(ready_at, |again| again.min(ready_at)));
            true
        });
        changes.again = again;
        changes
    }

    /// Why events cannot be trusted, with the cure; then the folders must be polled.
    #[must_use]
    pub fn degraded(&self) -> Option<String> {
        lock(&self.state).degraded.clone()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

// Nothing panics half-way through a change, so a poisoned lock guards a whole state.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Thread {
    notify: RecommendedWatcher,
    folders: Vec<Folder>,
    state: Arc<Mutex<State>>,
    watched: HashSet<PathBuf>,
    wake: Box<dyn Fn() + Send>,
}

impl Thread {
    fn run(&mut self, inbox: &mpsc::Receiver<Message>) {
        while let Ok(Message::Mark(mark)) = inbox.recv() {
            self.take_in(mark);
            // What else has come meanwhile is one wake.
            while let Ok(message) = inbox.try_recv() {
                match message {
                    Message::Mark(mark) => self.take_in(mark),
                    Message::Stop => return,
                }
            }
            (self.wake)();
        }
    }

    /// Watches the folders, and the parent of each, from where its removal and return are seen.
    fn watch_all(&mut self) {
        for index in 0..self.folders.len() {
            let root = self.folders[index].root.clone();
            if let Some(parent) = root.parent() {
                self.watch(parent);
            }
            self.enter(index, &root, false);
            if let Some(name) = untrusted(&root) {
                self.degrade(format!(
                    "{} is on {name}, where not every change is reported; new posts are found by looking every few seconds",
                    root.display()
                ));
            }
        }
    }

    fn take_in(&mut self, mark: Mark) {
        let (path, dirt) = match mark {
            Mark::Lost => {
                lock(&self.state).rescan = true;
                // Directories may have been made unseen.
                return self.watch_all();
            }
            Mark::Settled(path) => (path, Dirt::Settled),
            Mark::Created(path) => (path, Dirt::Created(Instant::now())),
            Mark::Writing(path) => (path, Dirt::Writing(Instant::now())),
            Mark::Removed(path) => {
                self.leave(&path);
                (path, Dirt::Settled)
            }
        };
        if let Some(index) = self.folders.iter().position(|folder| folder.root == path) {
            // The folder itself came or went.
            lock(&self.state).rescan = true;
            self.enter(index, &path, false);
            return;
        }
        let Some((index, below)) = self.below(&path) else { return };
        if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
            let descends = below.iter().all(|name| self.folders[index].filter.descends(name));
            if descends && !self.watched.contains(&path) {
                self.enter(index, &path, true);
            }
        } else if self.folders[index].filter.matches(&below) {
            lock(&self.state).dirty.insert((index, below), dirt);
        }
    }

    /// The folder that a path is in, and its path below it.
    fn below(&self, path: &Path) -> Option<(usize, PathBuf)> {
        self.folders
            .iter()
            .enumerate()
            .find_map(|(index, folder)| Some((index, path.strip_prefix(&folder.root).ok()?.to_owned())))
    }

    /// Watches a directory and all below it, each before it is read; with `mark`, what is in them is dirty.
    fn enter(&mut self, index: usize, directory: &Path, mark: bool) {
        let mut directories = vec![directory.to_owned()];
        while let Some(directory) = directories.pop() {
            if !self.watch(&directory) {
                continue;
            }
            let Ok(entries) = fs::read_dir(&directory) else { continue };
            let folder = &self.folders[index];
            for entry in entries.flatten() {
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    if folder.filter.descends(&entry.file_name()) {
                        directories.push(path);
                    }
                } else if mark
                    && let Ok(below) = path.strip_prefix(&folder.root)
                    && folder.filter.matches(below)
                {
                    // It may still be written: its close, if that is to come, is seen by the watch.
                    lock(&self.state).dirty.entry((index, below.to_owned())).or_insert(Dirt::Settled);
                }
            }
        }
    }

    /// Watches one directory. False if it cannot be.
    fn watch(&mut self, directory: &Path) -> bool {
        match self.notify.watch(directory, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.watched.insert(directory.to_owned());
                true
            }
            Err(error) => {
                // A directory that is gone by now is no reason for alarm.
                if directory.exists() {
                    self.degrade(explain(&error));
                }
                false
            }
        }
    }

    /// A directory went, or moved: its watches would tell of wrong paths.
    fn leave(&mut self, path: &Path) {
        if !self.watched.contains(path) {
            return;
        }
        let gone: Vec<PathBuf> = self.watched.iter().filter(|one| one.starts_with(path)).cloned().collect();
        for directory in gone {
            // The system drops the watch of a removed directory by itself.
            let _ = self.notify.unwatch(&directory);
            self.watched.remove(&directory);
        }
        // What was in it moved along without a word.
        lock(&self.state).rescan = true;
    }

    fn degrade(&self, reason: String) {
        let mut state = lock(&self.state);
        if state.degraded.is_none() {
            tracing::warn!("{reason}");
            state.degraded = Some(reason);
        }
    }
}

fn explain(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => String::from(
            "the limit of watched directories is reached; raise it with `sysctl fs.inotify.max_user_watches=524288`",
        ),
        notify::ErrorKind::Io(error) if error.raw_os_error() == Some(24) => {
            String::from("the limit of watchers is reached; raise it with `sysctl fs.inotify.max_user_instances=512`")
        }
        _ => format!("folders cannot be watched: {error}"),
    }
}

/// The name of the file system, if its events cannot be trusted.
fn untrusted(path: &Path) -> Option<&'static str> {
    let kind = rustix::fs::statfs(path).ok()?.f_type;
    let kind = u64::try_from(kind).ok()? & 0xffff_ffff;
    UNTRUSTED.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name)
}
