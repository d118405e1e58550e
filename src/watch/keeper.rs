//! The thread that keeps the watches.
//!
//! One watch a folder, none recursive, all set by this thread: watched first and read after, so that nothing made
//! between the two is missed. When a root comes, goes or is replaced, or events are lost, everything is watched anew and a
//! scan asked for.

use std::{
    collections::BTreeSet,
    ops::Bound,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering, mpsc::Receiver},
    time::{Duration, Instant},
};

use notify::{RecursiveMode, Watcher as _};
use rustix::{
    fs::{self, FileType},
    io::Errno,
};

use super::{
    Folder, Lost,
    bell::Bell,
    events::{Event, translate},
    filter,
    mounts::untold,
    roots::{Roots, Woken},
    settle::Mark,
    walk,
    watcher::{Shared, Task, Tasks, Troubles, lock},
};

/// How often folders that could not be read are tried again, and roots that were never the same: not everything that opens
/// one is told.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// How often in a row the roots may be others than those that were just watched.
const CHECKS: usize = 3;

/// Tasks that are done before it is asked again what happens on the ways to the roots.
const AT_ONCE: usize = 256;

/// Whether the files of a folder that is newly watched are news.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Files {
    /// Each is marked.
    Marked,
    /// A scan will find them.
    LeftToScan,
}

/// Which folder a path is: device and inode.
type Identity = (u64, u64);

/// The thread's own.
pub(super) struct Keeper {
    shared: Arc<Shared>,
    sender: Tasks,
    tasks: Receiver<Task>,
    bell: Arc<Bell>,
    ways: Roots,
    notify: Option<notify::RecommendedWatcher>,
    /// Every folder that was read.
    watched: BTreeSet<PathBuf>,
    /// Folders that could not be read, to be tried again.
    unread: BTreeSet<PathBuf>,
    /// The roots, as they were when they were last entered.
    roots: Vec<Option<Identity>>,
    /// Each of a few attempts to watch the roots left others standing there.
    is_unsure: bool,
}

impl Keeper {
    pub(super) fn new(shared: Arc<Shared>, sender: Tasks, tasks: Receiver<Task>, bell: Arc<Bell>) -> Self {
        let ways = Roots::new(shared.folders.iter().map(|folder| folder.root.clone()).collect());
        Self {
            shared,
            sender,
            tasks,
            bell,
            ways,
            notify: None,
            watched: BTreeSet::new(),
            unread: BTreeSet::new(),
            roots: Vec::new(),
            is_unsure: false,
        }
    }

    pub(super) fn run(mut self) {
        self.rewatch(Lost::Watches);
        self.check_roots();
        let mut try_at = Instant::now() + TRY_AGAIN;
        while !self.is_stopping() {
            let mut done = 0;
            while done < AT_ONCE
                && let Ok(task) = self.tasks.try_recv()
            {
                if self.is_stopping() {
                    return;
                }
                self.work(task);
                done += 1;
            }
            let end = match done {
                AT_ONCE => Some(Instant::now()),
                _ => (self.is_unsure || !self.unread.is_empty()).then_some(try_at),
            };
            let woken = self.rest(|keeper| keeper.ways.wait(&*keeper.bell, end));
            self.bell.hear();
            if woken == Woken::Ways {
                self.ways.follow();
            }
            if woken != Woken::Else {
                self.check_roots();
            }
            if try_at <= Instant::now() {
                for folder in self.unread.clone() {
                    self.appeared(&folder);
                }
                if self.is_unsure {
                    self.check_roots();
                }
                try_at = Instant::now() + TRY_AGAIN;
            }
        }
    }

    fn work(&mut self, task: Task) {
        match task {
            Task::Rewatch(lost) => {
                self.rewatch(lost);
                self.check_roots();
            }
            Task::Touched(path) if self.watched.contains(&path) => {}
            Task::Appeared(path) | Task::Touched(path) => self.appeared(&path),
            Task::Vanished(path) => self.vanished(&path),
            // Without it there are no events: that is no sign of life.
            Task::Answer if !self.rest(Self::notify_answers) => return,
            Task::Answer | Task::Stop => {}
        }
        self.beat();
    }

    /// Watches anew where the roots are not those that are watched.
    fn check_roots(&mut self) {
        for _ in 0..CHECKS {
            self.is_unsure = !self.is_stopping() && self.identities() != self.entered();
            if !self.is_unsure {
                return;
            }
            self.rewatch(Lost::Watches);
        }
    }

    /// The roots that were entered, or will be once they can be read. One that comes while there is none may have the number
    /// of the one before.
    fn entered(&self) -> Vec<Option<Identity>> {
        let is_held = |root: &PathBuf| self.watched.contains(root) || self.unread.contains(root);
        let folders = self.shared.folders.iter().zip(&self.roots);
        folders.map(|(folder, root)| root.filter(|_| is_held(&folder.root))).collect()
    }

    fn is_stopping(&self) -> bool {
        self.shared.stopping.load(Ordering::Relaxed)
    }

    /// Waits for others, and for no disk.
    fn rest<T>(&mut self, wait: impl FnOnce(&mut Self) -> T) -> T {
        self.shared.rests.store(true, Ordering::Relaxed);
        let woken = wait(self);
        self.shared.rests.store(false, Ordering::Relaxed);
        woken
    }

    fn beat(&self) {
        self.shared.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until notify's thread has answered, if there is one; false where it has ended.
    fn notify_answers(&mut self) -> bool {
        let configuration = notify::Config::default().with_follow_symlinks(false);
        self.notify.as_mut().is_none_or(|notify| notify.configure(configuration).is_ok())
    }

    fn identities(&self) -> Vec<Option<Identity>> {
        let identity = |folder: &Folder| {
            let stat = fs::stat(&folder.root).ok()?;
            (FileType::from_raw_mode(stat.st_mode) == FileType::Directory).then_some((stat.st_dev, stat.st_ino))
        };
        self.shared.folders.iter().map(identity).collect()
    }

    /// Drops all watches and sets them anew: a watch stays with a folder that is moved away, under the old name.
    fn rewatch(&mut self, lost: Lost) {
        self.notify = None;
        self.watched.clear();
        self.unread.clear();
        // Whatever is asked of us here is about to be done.
        while self.tasks.try_recv().is_ok() {}
        lock(&self.shared.dirty).doubt();
        // From here on it is news.
        self.ways.tell();
        self.roots = self.identities();

        let shared = Arc::clone(&self.shared);
        let untold = shared.folders.iter().map(|folder| untold(&folder.root)).collect();
        *lock(&shared.troubles) = Troubles { refused: None, untold };
        let (handler, tasks) = (Arc::clone(&shared), self.sender.clone());
        let watcher = notify::RecommendedWatcher::new(
            move |event| {
                handler.meters.event();
                match translate(event) {
                    Some(Event::At(path, what)) => handler.note(path, what, &tasks),
                    Some(Event::Lost) => tasks.send(Task::Rewatch(Lost::Events)),
                    None => {}
                }
            },
            notify::Config::default().with_follow_symlinks(false),
        );
        match watcher {
            Ok(watcher) => self.notify = Some(watcher),
            // No folder is named yet.
            Err(error) => drop(self.refuse(&error)),
        }
        for folder in &shared.folders {
            self.enter(&folder.root, Files::LeftToScan);
        }
        // What went away with a folder above it, and came back, was not met.
        if self.ways.tell() {
            self.roots.clear();
        }
        // After what tells of posts: where watches run out, the clock tells of roots.
        self.ways.follow();
        shared.tell(|dirty| dirty.rescan(lost));
    }

    fn appeared(&mut self, path: &Path) {
        if !self.shared.find(path).is_some_and(|(_, below)| filter::enters_all(below)) {
            return;
        }
        match fs::lstat(path) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => {
                self.enter(path, Files::Marked);
            }
            Ok(_) | Err(Errno::NOENT | Errno::NOTDIR) => {
                self.unread.remove(path);
            }
            Err(_) => {
                self.unread.insert(path.to_owned());
            }
        }
    }

    /// Watches a folder and all below: each is watched first and read after.
    fn enter(&mut self, folder: &Path, files: Files) {
        let mut rest = vec![folder.to_owned()];
        while let Some(folder) = rest.pop() {
            if self.is_stopping() {
                return;
            }
            self.distrust(&folder);
            self.beat();
            let entries = match self.watch(&folder).and_then(|()| walk::entries_of(&folder)) {
                Ok(entries) => entries,
                // It went while we came. If it is there again, that is told above it.
                Err(Errno::NOENT | Errno::NOTDIR) => {
                    self.unread.remove(&folder);
                    continue;
                }
                // Only a scan names what cannot be read.
                Err(_) => {
                    if self.unread.insert(folder) && files == Files::Marked {
                        self.shared.tell(|dirty| dirty.rescan(Lost::Watches));
                    }
                    continue;
                }
            };
            for entry in entries {
                let path = folder.join(&entry.name);
                if entry.kind == FileType::Directory {
                    if filter::enters(&entry.name) {
                        rest.push(path);
                    }
                } else if files == Files::Marked
                    && let Some((index, below)) = self.shared.find(&path)
                    && self.shared.folders.get(index).is_some_and(|of| of.filter.matches(below))
                {
                    self.shared.tell(|dirty| dirty.mark((index, below.to_owned()), Mark::Read));
                }
            }
            self.unread.remove(&folder);
            self.watched.insert(folder);
        }
    }

    /// Notes a file system, mounted somewhere below a root, that does not tell of every change.
    fn distrust(&self, folder: &Path) {
        let Some(kind) = untold(folder) else { return };
        let Some((index, _)) = self.shared.find(folder) else { return };
        let is_news = {
            let mut troubles = lock(&self.shared.troubles);
            troubles.untold.get_mut(index).is_some_and(|known| known.replace(kind).is_none())
        };
        if is_news {
            self.shared.tell(|dirty| dirty.rescan(Lost::Watches));
        }
    }

    fn vanished(&mut self, path: &Path) {
        let below: Vec<PathBuf> = self
            .watched
            .range::<Path, _>((Bound::Included(path), Bound::Unbounded))
            .take_while(|watched| watched.starts_with(path))
            .cloned()
            .collect();
        for folder in &below {
            self.watched.remove(folder);
        }
        if !below.is_empty()
            && let Some((index, below)) = self.shared.find(path)
        {
            self.shared.tell(|dirty| dirty.gone((index, below.to_owned())));
        }
    }

    /// Watches one folder, as far as watches can be had.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    fn watch(&mut self, path: &Path) -> Result<(), Errno> {
        let Some(watcher) = &mut self.notify else { return Ok(()) };
        watcher.watch(path, RecursiveMode::NonRecursive).or_else(|error| self.refuse(&error))
    }

    /// Keeps the first reason why a watch, or all of them, could not be had; from then on scans must find what is new.
    ///
    /// # Errors
    /// When the reason is the folder's own.
    fn refuse(&self, error: &notify::Error) -> Result<(), Errno> {
        let words = refusal(&error.kind)?;
        {
            let mut troubles = lock(&self.shared.troubles);
            if troubles.refused.is_some() {
                return Ok(());
            }
            troubles.refused = Some(words);
        }
        self.shared.tell(|dirty| dirty.rescan(Lost::Watches));
        Ok(())
    }
}

/// Why watches cannot be had.
///
/// # Errors
/// What is wrong with the folder alone, of which a scan or a later event tells.
fn refusal(kind: &notify::ErrorKind) -> Result<String, Errno> {
    use notify::ErrorKind::{Io, MaxFilesWatch, PathNotFound};

    let errno = match kind {
        PathNotFound => Some(Errno::NOENT),
        Io(error) => error.raw_os_error().map(Errno::from_raw_os_error),
        _ => None,
    };
    Ok(match (kind, errno) {
        (_, Some(errno @ (Errno::ACCESS | Errno::NOENT | Errno::NOTDIR))) => return Err(errno),
        (MaxFilesWatch, _) => "the limit on watched folders is reached: raise it with `sysctl \
            fs.inotify.max_user_watches=1048576` and reload; until then folders are scanned on a timer"
            .into(),
        (_, Some(Errno::MFILE | Errno::NFILE)) => "no more watchers can be had: raise `sysctl \
            fs.inotify.max_user_instances` (or LimitNOFILE= of the unit) and reload; until then folders are scanned on a \
            timer"
            .into(),
        (kind, _) => format!("folders cannot be watched ({kind:?}): they are scanned on a timer"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_the_cure() {
        let check = |kind: notify::ErrorKind, expected: Option<&str>| {
            let words = refusal(&kind).ok();
            assert_eq!(words.is_some(), expected.is_some(), "{kind:?}: {words:?}");
            assert!(words.unwrap_or_default().contains(expected.unwrap_or_default()), "{kind:?}");
        };
        let io = |errno: Errno| notify::ErrorKind::Io(errno.into());

        check(notify::ErrorKind::MaxFilesWatch, Some("fs.inotify.max_user_watches"));
        check(io(Errno::MFILE), Some("fs.inotify.max_user_instances"));
        check(io(Errno::NOSYS), Some("cannot be watched"));
        check(io(Errno::ACCESS), None);
        check(io(Errno::NOTDIR), None);
        check(notify::ErrorKind::PathNotFound, None);
    }
}
