//! Whether something may have changed on the ways to the posts folders: paths in, a word out.
//!
//! A folder that moves with one further up, or is mounted over, tells nobody who watches it. So every folder on the way is
//! watched for moves of its own; above a posts folder, where the way leads through a symbolic link, and where it ends early,
//! for names in it; and the kernel says when mounts change. Nothing wakes while nothing of that happens. Where it cannot be
//! had (a folder that may be entered and not read, a share, no /proc, no watch left) it is said twice a second that something
//! may have changed.
//!
//! Never says what changed: who is told compares.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ffi::{OsStr, OsString},
    fs::File,
    mem::MaybeUninit,
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::{OsStrExt as _, OsStringExt as _},
    },
    path::{Component, Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{self, FileType, inotify},
    io::Errno,
};

use super::mounts::tells_of_moves;

/// How often something may have changed where nothing tells.
const LOOK: Duration = Duration::from_millis(500);

/// How often it is tried to be told, where nothing tells.
const TRY_AGAIN: Duration = Duration::from_secs(20);

/// How often the ways may change while they are being watched, before it is left to the clock.
const ATTEMPTS: usize = 4;

/// Symbolic links on one way, as many as the kernel follows.
const LINKS: usize = 40;

/// The folders that paths lead through, each with the names in it that matter; none where it is the folder alone.
type Ways = BTreeMap<PathBuf, BTreeSet<OsString>>;

/// What stands at one step of a way.
enum Step {
    Folder,
    Link(PathBuf),
    /// Nothing, no folder, or what nobody may look at.
    End,
}

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Woken {
    /// Ways are other ones, or may be watched by now: [`Roots::follow`] them, and look at where they lead.
    Ways,
    /// Something may have changed on a way.
    Roots,
    /// The bell was rung, or the time is up.
    Else,
}

/// The ways to the posts folders, watched.
#[derive(Debug)]
pub(super) struct Roots {
    paths: Vec<PathBuf>,
    /// Tells of mounts.
    mounts: Option<File>,
    watches: Option<Watches>,
    /// When it is to be looked next, where not everything is told.
    look_at: Option<Instant>,
    tried: Instant,
}

/// Watches on ways.
#[derive(Debug)]
struct Watches {
    inotify: OwnedFd,
    /// By the kernel's number: the names that matter.
    names: HashMap<i32, BTreeSet<OsString>>,
}

impl Roots {
    /// The ways to these absolute paths. Nothing is watched before [`Self::follow`].
    pub(super) fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths, mounts: None, watches: None, look_at: None, tried: Instant::now() }
    }

    /// Watches the ways as they are now. What changed before is not told of: it is to be looked at after this.
    pub(super) fn follow(&mut self) {
        self.tried = Instant::now();
        // Those of before are given back first: there may be no others.
        self.watches = None;
        if self.mounts.is_none() {
            self.mounts = File::open("/proc/self/mountinfo").ok();
        }
        let mut ways = ways(&self.paths, &step);
        for _ in 0..ATTEMPTS {
            let watches = Watches::new(&ways);
            // What changed before it was watched shows now.
            let before = std::mem::replace(&mut ways, self::ways(&self.paths, &step));
            match watches {
                Ok(watches) if before == ways => {
                    let all_told = self.mounts.is_some() && ways.keys().all(|folder| tells_of_moves(folder));
                    self.watches = Some(watches);
                    self.look_at = (!all_told).then(|| Instant::now() + LOOK);
                    return;
                }
                Err(errno) if before == ways => {
                    tracing::debug!(%errno, "the ways to the posts folders cannot be watched");
                    break;
                }
                _ => {}
            }
        }
        self.look_at = Some(Instant::now() + LOOK);
    }

    /// Whether the watches have told of a change since they were asked last.
    pub(super) fn tell(&self) -> bool {
        self.watches.as_ref().is_some_and(Watches::tell)
    }

    /// Waits for a change, for the bell, or until `end`; for no disk.
    pub(super) fn wait(&mut self, bell: impl AsFd, end: Option<Instant>) -> Woken {
        let now = Instant::now();
        let end = [end, self.look_at].into_iter().flatten().min();
        let timeout = end.and_then(|end| Timespec::try_from(end.saturating_duration_since(now)).ok());
        let mut fds = vec![PollFd::new(&bell, PollFlags::IN)];
        fds.extend(self.watches.iter().map(|watches| PollFd::new(&watches.inotify, PollFlags::IN)));
        // An error is how it tells.
        fds.extend(self.mounts.iter().map(|mounts| PollFd::new(mounts, PollFlags::PRI)));
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            // No memory, perhaps: nothing that gets better by asking at once.
            Err(_) => thread::sleep(LOOK),
        }
        let mounted = self.mounts.is_some() && fds.last().is_some_and(|fd| !fd.revents().is_empty());
        let moved = self.tell();
        let now = Instant::now();
        if mounted || moved || (self.look_at.is_some() && self.tried + TRY_AGAIN <= now) {
            return Woken::Ways;
        }
        if self.look_at.is_some_and(|at| at <= now) {
            self.look_at = Some(now + LOOK);
            return Woken::Roots;
        }
        Woken::Else
    }
}

impl Watches {
    /// # Errors
    /// When one of the folders cannot be watched: it went just now, it cannot be read, or there is no watch left.
    fn new(ways: &Ways) -> Result<Self, Errno> {
        use inotify::{CreateFlags, WatchFlags};

        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let own = WatchFlags::MOVE_SELF | WatchFlags::DELETE_SELF | WatchFlags::ONLYDIR;
        // In a folder that is busy with other things, this wakes for each of them.
        let of_names = WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::ATTRIB;
        let mut watches = Self { inotify, names: HashMap::new() };
        for (folder, names) in ways {
            let what = if names.is_empty() { own } else { own | of_names };
            let number = inotify::add_watch(&watches.inotify, folder, what)?;
            watches.names.insert(number, names.clone());
        }
        Ok(watches)
    }

    /// Whether one of the events that came matters.
    fn tell(&self) -> bool {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut told = false;
        loop {
            match events.next() {
                Ok(event) => {
                    // What has no name is of the folder itself, or says that events were lost.
                    let matters = event.file_name().is_none_or(|name| {
                        let name = OsStr::from_bytes(name.to_bytes());
                        self.names.get(&event.wd()).is_some_and(|names| names.contains(name))
                    });
                    told |= matters;
                }
                Err(Errno::WOULDBLOCK) => return told,
                Err(Errno::INTR) => {}
                Err(_) => return true,
            }
        }
    }
}

fn step(path: &Path) -> Step {
    match fs::lstat(path).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
        Ok(FileType::Directory) => Step::Folder,
        Ok(FileType::Symlink) => match fs::readlink(path, Vec::new()) {
            Ok(target) => Step::Link(OsString::from_vec(target.into_bytes()).into()),
            Err(_) => Step::End,
        },
        _ => Step::End,
    }
}

/// The folders on the ways to these absolute paths.
fn ways(paths: &[PathBuf], step: &dyn Fn(&Path) -> Step) -> Ways {
    let mut ways = Ways::new();
    for path in paths {
        add_way(&mut ways, path, step);
    }
    ways
}

fn add_way(ways: &mut Ways, path: &Path, step: &dyn Fn(&Path) -> Step) {
    let mut at = PathBuf::from("/");
    let mut rest = steps(path);
    let mut passed = Vec::new();
    let mut links = 0;
    while let Some(name) = rest.pop() {
        if name == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&name);
        match step(&next) {
            Step::Folder => {
                ways.entry(next.clone()).or_default();
                if rest.is_empty() {
                    // A posts folder that is removed while somebody has it open tells nothing itself.
                    ways.entry(at.clone()).or_default().insert(name.clone());
                }
                passed.push((at, name));
                at = next;
            }
            Step::Link(target) if links < LINKS => {
                links += 1;
                ways.entry(at.clone()).or_default().insert(name);
                rest.extend(steps(&target));
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
            }
            // What comes here, or in place of a folder before, which nobody may be told of that is held open, is a change.
            Step::Link(_) | Step::End => {
                passed.push((at, name));
                for (folder, name) in passed {
                    ways.entry(folder).or_default().insert(name);
                }
                return;
            }
        }
    }
}

/// The names that a path consists of, the last one first.
fn steps(path: &Path) -> Vec<OsString> {
    let name = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().rev().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::watch::bell::Bell;

    #[test]
    fn a_way_is_watched_for_moves_and_where_it_leads_elsewhere_for_names() {
        let folders = ["/srv", "/srv/blog", "/srv/blog/posts", "/mnt", "/mnt/disk", "/mnt/disk/posts"];
        let links = [
            ("/srv/up", "../mnt/./disk"),
            ("/srv/far", "/mnt/disk/posts"),
            ("/srv/loop", "loop"),
            ("/srv/two", "up"),
            ("/srv/lost", "blog/none"),
        ];
        let step = |path: &Path| {
            if folders.iter().any(|folder| Path::new(folder) == path) {
                return Step::Folder;
            }
            let link = links.iter().find(|(link, _)| Path::new(link) == path);
            link.map_or(Step::End, |(_, target)| Step::Link(target.into()))
        };
        let check = |path: &str, expected: &[(&str, &[&str])]| {
            let found = ways(&[path.into()], &step);
            let shown: Vec<(&str, Vec<&str>)> = found
                .iter()
                .map(|(folder, names)| {
                    (folder.to_str().unwrap(), names.iter().filter_map(|name| name.to_str()).collect())
                })
                .collect();
            let expected: Vec<(&str, Vec<&str>)> = expected.iter().map(|(at, names)| (*at, names.to_vec())).collect();
            assert_eq!(shown, expected, "{path}");
        };

        check("/srv/blog/posts", &[("/srv", &[]), ("/srv/blog", &["posts"]), ("/srv/blog/posts", &[])]);
        check("/", &[]);
        check("/srv/blog/none/posts", &[("/", &["srv"]), ("/srv", &["blog"]), ("/srv/blog", &["none"])]);
        check("/none", &[("/", &["none"])]);
        check(
            "/srv/up/posts",
            &[("/mnt", &[]), ("/mnt/disk", &["posts"]), ("/mnt/disk/posts", &[]), ("/srv", &["up"])],
        );
        check("/srv/far", &[("/mnt", &[]), ("/mnt/disk", &["posts"]), ("/mnt/disk/posts", &[]), ("/srv", &["far"])]);
        check(
            "/srv/two/posts",
            &[("/mnt", &[]), ("/mnt/disk", &["posts"]), ("/mnt/disk/posts", &[]), ("/srv", &["two", "up"])],
        );
        check("/srv/loop/x", &[("/", &["srv"]), ("/srv", &["loop"])]);
        check("/srv/lost", &[("/", &["srv"]), ("/srv", &["blog", "lost"]), ("/srv/blog", &["none"])]);
    }

    #[test]
    fn what_happens_on_a_way_is_told_and_what_happens_beside_it_is_not() {
        let place = tempfile::tempdir().unwrap();
        let at = |path: &str| place.path().canonicalize().unwrap().join(path);
        std::fs::create_dir_all(at("real/blog/posts")).unwrap();
        symlink("real", at("link")).unwrap();
        let mut roots = Roots::new(vec![at("link/blog/posts")]);
        roots.follow();
        assert!(roots.look_at.is_none(), "here, all is told");
        // Mounts aside, which others make. What is told is told by now: the kernel does it before the call returns.
        let told = |roots: &mut Roots| {
            let told = roots.watches.as_ref().unwrap().tell();
            if told {
                roots.follow();
            }
            told
        };

        assert!(!told(&mut roots));
        std::fs::write(at("beside"), "").unwrap();
        std::fs::write(at("real/blog/posts/a.md"), "").unwrap();
        std::fs::create_dir(at("real/other")).unwrap();
        assert!(!told(&mut roots));

        let mut change = |what: &str, change: &dyn Fn()| {
            change();
            assert!(told(&mut roots), "{what}");
            assert!(!told(&mut roots), "{what}, once");
        };
        change("moved above", &|| std::fs::rename(at("real"), at("away")).unwrap());
        change("made again", &|| std::fs::create_dir(at("real")).unwrap());
        change("and below", &|| std::fs::create_dir(at("real/blog")).unwrap());
        change("and the last", &|| std::fs::create_dir(at("real/blog/posts")).unwrap());
        change("removed", &|| std::fs::remove_dir(at("real/blog/posts")).unwrap());
        change("all of it", &|| std::fs::remove_dir(at("real/blog")).unwrap());
        change("back", &|| {
            std::fs::remove_dir(at("real")).unwrap();
            std::fs::rename(at("away"), at("real")).unwrap();
        });
        change("another link", &|| {
            symlink("elsewhere", at("new")).unwrap();
            std::fs::rename(at("new"), at("link")).unwrap();
        });
        change("to what comes", &|| std::fs::create_dir(at("elsewhere")).unwrap());
    }

    #[test]
    fn a_folder_that_is_removed_while_it_is_held_open_is_missed() {
        let place = tempfile::tempdir().unwrap();
        let posts = place.path().canonicalize().unwrap().join("posts");
        std::fs::create_dir(&posts).unwrap();
        let mut roots = Roots::new(vec![posts.clone()]);
        roots.follow();
        let _open = File::open(&posts).unwrap();
        std::fs::remove_dir(&posts).unwrap();

        assert!(roots.watches.as_ref().unwrap().tell());
    }

    #[test]
    fn where_nothing_tells_it_is_looked_all_the_same() {
        let place = tempfile::tempdir().unwrap();
        let bell = Bell::new().unwrap();
        let posts = place.path().join("posts");
        std::fs::create_dir(&posts).unwrap();
        let mut roots = Roots::new(vec![posts]);
        roots.follow();
        roots.look_at = Some(Instant::now());

        // Others may mount something meanwhile.
        let look = |roots: &mut Roots| {
            let woken = std::iter::repeat_with(|| roots.wait(&bell, None)).find(|woken| *woken != Woken::Ways);
            assert_eq!(woken, Some(Woken::Roots));
        };
        look(&mut roots);
        let next = roots.look_at.unwrap();
        look(&mut roots);
        assert!(Instant::now() >= next);
        bell.ring();
        roots.wait(&bell, None);
        assert!(Instant::now() < roots.look_at.unwrap(), "who rings is heard at once");
        bell.hear();
        roots.tried -= TRY_AGAIN;
        assert_eq!(roots.wait(&bell, None), Woken::Ways);
        roots.follow();
        assert!(roots.look_at.is_none(), "it tells again");
    }
}
