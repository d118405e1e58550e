//! Stories on a real disk: what is done to a folder, and which paths come out. Nothing sleeps; what must happen is
//! waited for until a deadline, what must not happen is ruled out by a later event that has come out.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    io::Write as _,
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    path::{Path, PathBuf},
    sync::mpsc,
    time::{Duration, Instant, SystemTime},
};

use rustix::fs::{FileType, Mode};
use tempfile::TempDir;

use super::*;
use crate::meters::Meters;

const DEADLINE: Duration = Duration::from_secs(20);

/// A posts folder in a folder of its own, so that it can be moved away.
struct Posts {
    above: TempDir,
}

impl Posts {
    fn new() -> Self {
        let above = tempfile::tempdir().unwrap();
        fs::create_dir(above.path().join("posts")).unwrap();
        Self { above }
    }

    fn root(&self) -> PathBuf {
        self.above.path().join("posts")
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
    }

    fn folder(&self) -> Folder {
        Folder { root: self.root(), filter: Filter::default() }
    }

    fn walk(&self) -> (Walked, Vec<(String, Kind)>) {
        let mut all = Vec::new();
        let walked = walk(0, &self.folder(), &mut |found| {
            assert_eq!(look(0, &self.root(), &found.path).kind, found.kind, "a look judges as a walk does");
            all.push((found.path.to_string_lossy().into_owned(), found.kind));
        });
        (walked, all)
    }

    fn names(&self) -> Vec<String> {
        self.walk().1.into_iter().map(|(path, _)| path).collect()
    }

    fn odd(&self) -> Vec<(String, String)> {
        let odd = |(path, kind)| if let Kind::Odd(message) = kind { Some((path, message)) } else { None };
        self.walk().1.into_iter().filter_map(odd).collect()
    }

    fn mkfifo(&self, path: &str) {
        rustix::fs::mknodat(rustix::fs::CWD, self.at(path), FileType::Fifo, Mode::RUSR, 0).unwrap();
    }
}

/// A watcher, and everything that it returned.
struct Seen {
    watcher: Watcher,
    woken: mpsc::Receiver<()>,
    paths: BTreeSet<PathBuf>,
    directories: BTreeSet<PathBuf>,
    rescans: usize,
    again: Option<SystemTime>,
    markers: usize,
}

impl Seen {
    fn of(posts: &Posts) -> Self {
        let (sender, woken) = mpsc::channel();
        let watcher = Watcher::start(&[posts.folder()], Meters::default(), move || _ = sender.send(()));
        let mut seen = Self {
            watcher,
            woken,
            paths: BTreeSet::new(),
            directories: BTreeSet::new(),
            rescans: 0,
            again: None,
            markers: 0,
        };
        seen.until("the watches stand", |seen| seen.rescans == 1);
        assert_eq!(seen.watcher.degraded(), None);
        assert_eq!(seen.paths, BTreeSet::new(), "what was there before is left to the scan");
        seen
    }

    /// Takes on each wake, and when it was told to ask again, until `done`.
    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let end = Instant::now() + DEADLINE;
        while !done(self) {
            assert!(Instant::now() < end, "{what} never came: {:?} {:?}", self.paths, self.directories);
            let again = self.again.and_then(|again| again.duration_since(SystemTime::now()).ok());
            let _ = self.woken.recv_timeout(again.unwrap_or_default().clamp(Duration::from_millis(5), DEADLINE));
            let changes = self.watcher.take(SystemTime::now());
            assert!(changes.paths.is_sorted());
            self.paths.extend(changes.paths.into_iter().map(|(_, path)| path));
            self.directories.extend(changes.directories.into_iter().map(|(_, path)| path));
            self.rescans += usize::from(changes.rescan.is_some());
            self.again = changes.again;
        }
    }

    /// Waits until exactly these paths have come out, then forgets them. A marker, made last, is out when all is.
    #[track_caller]
    fn paths(&mut self, posts: &Posts, expected: &[&str]) {
        let mut expected: BTreeSet<PathBuf> = expected.iter().map(PathBuf::from).collect();
        self.until("a path", |seen| seen.paths.is_superset(&expected));
        self.markers += 1;
        let marker = format!("marker{}.md", self.markers);
        posts.write(&marker, "text");
        self.until("the marker", |seen| seen.paths.contains(Path::new(&marker)));
        expected.insert(marker.into());
        assert_eq!(std::mem::take(&mut self.paths), expected);
    }

    /// Waits until this file has come out, or a scan was asked for that finds it.
    fn notices(&mut self, posts: &Posts, path: &str) {
        let before = self.rescans;
        posts.write(path, "text");
        self.until("a post", |seen| seen.paths.contains(Path::new(path)) || seen.rescans > before);
        assert!(posts.names().iter().any(|name| name == path));
    }
}

#[test]
fn thousands_in_one_folder_come_in_the_order_of_their_paths() {
    let posts = Posts::new();
    let mut expected: Vec<String> = Vec::new();
    for number in 0..5_000 {
        let path = match number % 1_000 {
            10 => format!("{number:04}/x.md"),
            20 => format!("{number:04}-link.md"),
            30 => format!("{number:04}-pipe.md"),
            _ => format!("{number:04}.md"),
        };
        match number % 1_000 {
            20 => symlink(posts.at("0000.md"), posts.at(&path)).unwrap(),
            30 => posts.mkfifo(&path),
            _ => posts.write(&path, ""),
        }
        expected.push(path);
    }
    posts.write("4000.txt", "no post");

    let (walked, all) = posts.walk();
    assert_eq!(walked.files, 4_995);
    assert_eq!(all.iter().filter(|(_, kind)| matches!(kind, Kind::Odd(_))).count(), 5, "the pipes");
    assert_eq!(all.into_iter().map(|(path, _)| path).collect::<Vec<_>>(), expected);
}

#[test]
fn a_walk_finds_posts_in_path_order() {
    let posts = Posts::new();
    for path in ["b.md", "a/z.md", "a/b/c.html", "a.md", "a-b.md", "_drafts/x.md", ".git/x.md", "x.txt", "README.md"] {
        posts.write(path, "text");
    }
    fs::create_dir(posts.at("empty")).unwrap();
    fs::create_dir(posts.at("folder.md")).unwrap();

    let (walked, all) = posts.walk();

    assert_eq!(walked.files, 5);
    assert!(matches!(walked.root, Root::Present { device } if device != 0));
    let paths: Vec<PathBuf> = all.iter().map(|(path, _)| path.into()).collect();
    assert!(paths.is_sorted_by_key(|path| path.as_os_str().as_bytes()));
    assert_eq!(posts.names(), ["a-b.md", "a.md", "a/b/c.html", "a/z.md", "b.md"]);
    let Kind::File(stat) = &all[4].1 else { panic!("{all:?}") };
    assert_eq!(stat.size, 4);
    assert!(stat.modified > 1_600_000_000_000_000_000 && stat.changed >= stat.modified && stat.inode > 0);
}

#[test]
fn a_walk_on_a_thread_finds_the_same_a_part_at_a_time() {
    let (many, few) = (Posts::new(), Posts::new());
    for number in 0..3_000 {
        many.write(&format!("{}/{number}.md", number % 3), "");
    }
    few.write("a.md", "");
    let none = Folder { root: few.at("none"), filter: Filter::default() };
    let (wake, woken) = mpsc::channel();
    let mut walking = Walking::start(vec![many.folder(), none, few.folder()], move || _ = wake.send(()));

    let (mut found, mut walked, mut steps) = (Vec::new(), Vec::new(), 0);
    while !walking.is_over() {
        // One that is not ready wakes when it is.
        while !walking.is_ready() {
            woken.recv_timeout(DEADLINE).unwrap();
        }
        steps += 1;
        match walking.next().unwrap() {
            Step::Found(part) => found.extend(part),
            Step::Walked(one) => walked.push(one),
        }
    }

    assert_eq!(walking.next(), None);
    assert_eq!(steps, 3 + 1 + 3, "parts, and ends of folders");
    assert_eq!(walked.iter().map(|one| one.files).collect::<Vec<_>>(), [3_000, 0, 1]);
    assert!(matches!(walked[1].root, Root::Missing(_)), "{walked:?}");
    let mut expected = Vec::new();
    walk(0, &many.folder(), &mut |one| expected.push(one));
    walk(2, &few.folder(), &mut |one| expected.push(one));
    assert_eq!(found, expected);
}

#[test]
fn the_rest_of_a_folder_ends_where_its_walk_does() {
    let (many, few) = (Posts::new(), Posts::new());
    for number in 0..3_000 {
        many.write(&format!("{number}.md"), "");
    }
    few.write("a.md", "");
    let (wake, woken) = mpsc::channel();
    let mut walking = Walking::start(vec![many.folder(), few.folder()], move || _ = wake.send(()));
    let Some(Step::Found(first)) = walking.next() else { panic!("its files") };
    // What was taken off the line already is among the rest.
    while !walking.is_ready() {
        woken.recv_timeout(DEADLINE).unwrap();
    }

    let mut rest = walking.rest_of_folder();
    assert_eq!(first.len() + rest.by_ref().count(), 3_000);
    assert_eq!(rest.next(), None);
    drop(rest);

    assert_eq!(walking.rest_of_folder().next(), None);
    assert!(matches!(walking.next(), Some(Step::Walked(one)) if one.files == 3_000));
    assert_eq!(walking.rest_of_folder().count(), 1);
    assert!(matches!(walking.next(), Some(Step::Walked(one)) if one.files == 1));
    assert!(walking.is_over());
}

#[test]
fn what_a_walk_did_not_find_is_looked_at_by_its_judgement() {
    let posts = Posts::new();
    for path in ["came.md", "b/came.md", "left/out.md", "_drafts/x.md", "no.txt"] {
        posts.write(path, "text");
    }
    let exclude = globset::GlobSetBuilder::new().add(globset::Glob::new("left/**").unwrap()).build().unwrap();
    let folder = Folder { filter: Filter { exclude, ..Filter::default() }, ..posts.folder() };
    let paths = ["came.md", "b/came.md", "b/gone.md", "none/x.md", "left/out.md", "_drafts/x.md", "no.txt"];

    let found = look_again(0, &folder, paths.iter().map(PathBuf::from).collect());

    let there = found.iter().filter(|one| matches!(one.kind, Kind::File(_))).map(|one| one.path.to_str().unwrap());
    assert_eq!(there.collect::<Vec<_>>(), ["came.md", "b/came.md"]);
    assert_eq!(found.iter().filter(|one| one.kind == Kind::Gone).count(), 5);
}

#[test]
fn a_walk_that_nobody_wants_any_more_ends() {
    let posts = Posts::new();
    for number in 0..10_000 {
        posts.write(&format!("{number}.md"), "");
    }
    let (wake, woken) = mpsc::channel();
    let walking = Walking::start(vec![posts.folder(); 100], move || _ = wake.send(()));
    woken.recv_timeout(DEADLINE).unwrap();
    drop(walking);

    // Its thread has the other end, and lets go of it at its own.
    let steps = std::iter::from_fn(|| match woken.recv_timeout(DEADLINE) {
        Ok(()) => Some(()),
        Err(mpsc::RecvTimeoutError::Disconnected) => None,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it walks on"),
    });
    assert!(steps.count() < 20);
}

#[test]
fn a_name_that_is_not_utf8_is_found() {
    let posts = Posts::new();
    let name = OsStr::from_bytes(b"\xd6\xd0\xce\xc4.md"); // 中文 in GBK
    fs::write(posts.root().join(name), "text").unwrap();

    let mut all = Vec::new();
    walk(0, &posts.folder(), &mut |found| all.push(found.path));

    assert_eq!(all, [Path::new(name)]);
}

#[test]
fn what_cannot_be_a_post_is_named_with_its_cure() {
    let posts = Posts::new();
    fs::write(posts.above.path().join("outside.md"), "text").unwrap();
    posts.write("inside.txt", "text");
    posts.write("sub/x.txt", "text");
    posts.mkfifo("pipe.md");
    posts.mkfifo("pipe.txt");
    let _socket = std::os::unix::net::UnixListener::bind(posts.at("socket.md")).unwrap();
    symlink("inside.txt", posts.at("good.md")).unwrap();
    symlink("nothing", posts.at("dangling.md")).unwrap();
    symlink("loop.md", posts.at("loop.md")).unwrap();
    symlink("../outside.md", posts.at("outside.md")).unwrap();
    symlink("nothing", posts.at("dangling.txt")).unwrap();
    symlink("..", posts.at("sub/up")).unwrap();
    symlink("sub", posts.at("_drafts")).unwrap();

    let odd = posts.odd();

    let check = |path: &str, words: &str| {
        let message = odd.iter().find(|(odd, _)| odd == path).map(|(_, message)| message.as_str());
        assert!(message.is_some_and(|message| message.contains(words)), "{path}: {message:?}");
    };
    check("pipe.md", "a named pipe cannot be a post: remove it");
    check("socket.md", "a socket");
    check("dangling.md", "a symbolic link to nothing");
    check("loop.md", "leads back to itself");
    check("outside.md", "leads out of the posts folder");
    check("sub/up", "a symbolic link to a folder is not followed");
    assert_eq!(odd.len(), 6, "{odd:?}");
    assert_eq!(posts.walk().0.files, 1);
    assert_eq!(look(0, &posts.root(), Path::new("sub/up/inside.txt")).kind, Kind::Gone, "behind a link to a folder");
    assert_eq!(look(0, &posts.root(), Path::new("no/such.md")).kind, Kind::Gone);
    assert_eq!(look(0, &posts.root(), Path::new("inside.txt/a.md")).kind, Kind::Gone);
}

#[test]
fn folders_nested_without_end_are_left_out() {
    let posts = Posts::new();
    let deep = "d/".repeat(65);
    posts.write(&format!("{deep}a.md"), "text");
    posts.write("a.md", "text");

    let mut all = Vec::new();
    let walked = walk(0, &posts.folder(), &mut |found| all.push(found));
    assert_eq!(walked.files, 1);
    assert!(matches!(&all[1].kind, Kind::Odd(message) if message.contains("nested deeper than 64")), "{all:?}");
}

#[test]
fn a_missing_root_is_no_empty_root() {
    let posts = Posts::new();
    assert!(matches!(posts.walk().0, Walked { root: Root::Present { .. }, files: 0 }));

    let check = |root: PathBuf, words: &str| {
        let walked = walk(0, &Folder { root, filter: Filter::default() }, &mut |_| panic!("nothing is there"));
        assert!(matches!(&walked.root, Root::Missing(message) if message.contains(words)), "{walked:?}");
    };
    check(posts.at("none"), "no such folder");
    posts.write("file", "");
    check(posts.at("file"), "not a folder");
}

#[test]
fn writers_of_every_kind_are_followed() {
    let posts = Posts::new();
    posts.write("old.md", "old");
    let mut seen = Seen::of(&posts);

    posts.write("new.md", "text");
    seen.paths(&posts, &["new.md"]);

    // Renamed into place; over a file, too.
    posts.write("x.txt", "text");
    fs::rename(posts.at("x.txt"), posts.at("arrived.md")).unwrap();
    seen.paths(&posts, &["arrived.md"]);
    posts.write(".old.md.tmp", "newer");
    fs::rename(posts.at(".old.md.tmp"), posts.at("old.md")).unwrap();
    seen.paths(&posts, &["old.md"]);

    // vim: probe, backup by rename, write, remove the backup.
    posts.write("4913", "");
    fs::remove_file(posts.at("4913")).unwrap();
    fs::rename(posts.at("old.md"), posts.at("old.md~")).unwrap();
    posts.write("old.md", "by vim");
    fs::remove_file(posts.at("old.md~")).unwrap();
    seen.paths(&posts, &["old.md"]);

    // sed -i: a temporary with the bytes, renamed over.
    posts.write("sedAbCdEf", "by sed");
    fs::rename(posts.at("sedAbCdEf"), posts.at("old.md")).unwrap();
    seen.paths(&posts, &["old.md"]);

    // VS Code: truncated and written in place.
    posts.write("old.md", "by an editor");
    seen.paths(&posts, &["old.md"]);

    // Removed and written again.
    fs::remove_file(posts.at("old.md")).unwrap();
    posts.write("old.md", "again");
    seen.paths(&posts, &["old.md"]);

    // Removed.
    fs::remove_file(posts.at("old.md")).unwrap();
    seen.paths(&posts, &["old.md"]);
    assert_eq!(look(0, &posts.root(), Path::new("old.md")).kind, Kind::Gone);

    // Never opened: a hard link, a symbolic link, a change of mode; and a file renamed from one post to another.
    fs::hard_link(posts.at("new.md"), posts.at("hard.md")).unwrap();
    symlink("new.md", posts.at("soft.md")).unwrap();
    seen.paths(&posts, &["hard.md", "soft.md"]);
    rustix::fs::chmod(posts.at("arrived.md"), Mode::RUSR | Mode::WUSR).unwrap();
    seen.paths(&posts, &["arrived.md"]);
    fs::rename(posts.at("arrived.md"), posts.at("renamed.md")).unwrap();
    seen.paths(&posts, &["arrived.md", "renamed.md"]);
    posts.mkfifo("pipe.md");
    seen.paths(&posts, &["pipe.md"]);

    let name = OsStr::from_bytes(b"\xff.md");
    fs::write(posts.root().join(name), "text").unwrap();
    seen.until("a name that is not UTF-8", |seen| seen.paths.contains(Path::new(name)));
    assert_eq!(seen.rescans, 1);
}

#[test]
fn a_slow_writer_is_waited_for() {
    let posts = Posts::new();
    let mut seen = Seen::of(&posts);

    let mut slow = fs::File::create(posts.at("slow.md")).unwrap();
    for _ in 0..5 {
        slow.write_all(b"a part").unwrap();
        seen.paths(&posts, &[]);
        assert!(seen.again.is_some(), "the writer is waited for");
    }
    drop(slow);

    seen.paths(&posts, &["slow.md"]);
}

#[test]
fn new_folders_are_read_however_fast_they_come() {
    let posts = Posts::new();
    let mut seen = Seen::of(&posts);

    std::thread::scope(|scope| {
        for worker in 0..4 {
            let posts = &posts;
            scope.spawn(move || {
                for number in 0..125 {
                    posts.write(&format!("w{worker}n{number}/b/c/社.md"), "text");
                }
            });
        }
    });

    let expected: BTreeSet<PathBuf> =
        (0..4).flat_map(|w| (0..125).map(move |n| format!("w{w}n{n}/b/c/社.md").into())).collect();
    seen.until("one of 500 posts", |seen| seen.paths.is_superset(&expected));
    assert_eq!(seen.paths, expected);
    assert_eq!(seen.rescans, 1, "no event was lost");

    // They are watched, too.
    seen.paths.clear();
    seen.until("the second look at young files", |seen| seen.again.is_none());
    seen.paths.clear();
    posts.write("w3n124/b/c/later.md", "text");
    seen.paths(&posts, &["w3n124/b/c/later.md"]);
}

#[test]
fn a_folder_that_moves_takes_its_posts_along() {
    let posts = Posts::new();
    posts.write("a/b/one.md", "text");
    posts.write("a/two.md", "text");
    posts.write("keep/three.md", "text");
    let mut seen = Seen::of(&posts);

    fs::rename(posts.at("a"), posts.at("z")).unwrap();
    seen.until("the folder is gone", |seen| seen.directories.contains(Path::new("a")));
    seen.until("its posts are here", |seen| seen.paths.len() == 2);
    seen.paths(&posts, &["z/b/one.md", "z/two.md"]);

    posts.write("z/b/new.md", "text");
    seen.until("a post below", |seen| seen.paths.contains(Path::new("z/b/new.md")));
    seen.until("young files are done", |seen| seen.again.is_none());
    seen.paths.clear();
    seen.directories.clear();

    // Out of sight, then removed with all that is in it.
    fs::rename(posts.at("z"), posts.above.path().join("elsewhere")).unwrap();
    seen.until("it went out", |seen| seen.directories.contains(Path::new("z")));
    fs::remove_dir_all(posts.at("keep")).unwrap();
    seen.until("it was removed", |seen| seen.directories.contains(Path::new("keep")));
    seen.paths(&posts, &["keep/three.md"]);

    // Made again at once under the same name, several times: the last one is watched.
    for _ in 0..20 {
        posts.write("keep/three.md", "text");
        fs::remove_dir_all(posts.at("keep")).unwrap();
    }
    posts.write("keep/four.md", "text");
    seen.until("the new post", |seen| seen.paths.contains(Path::new("keep/four.md")));
    seen.until("young files are done", |seen| seen.again.is_none());
    seen.paths.clear();
    posts.write("keep/five.md", "text");
    seen.paths(&posts, &["keep/five.md"]);
    assert_eq!(seen.rescans, 1);
}

#[test]
fn a_root_may_go_and_come_back() {
    let posts = Posts::new();
    posts.write("sub/a.md", "text");
    let mut seen = Seen::of(&posts);

    // Moved away: what happens there is none of our business any more.
    let elsewhere = posts.above.path().join("elsewhere");
    fs::rename(posts.root(), &elsewhere).unwrap();
    seen.until("the root went", |seen| seen.rescans >= 2);
    fs::write(elsewhere.join("sub/b.md"), "text").unwrap();

    fs::create_dir(posts.root()).unwrap();
    seen.notices(&posts, "sub/c.md");
    seen.notices(&posts, "sub/d.md");
    assert!(!seen.paths.contains(Path::new("sub/b.md")));

    // A crawler's hourly round: the whole folder removed and written again. Whether by an event or by the scan that is
    // asked for, nothing stays unseen. It may be removed again while its watches are being set: one that is made then has
    // the number of the one before.
    for round in 0..100 {
        fs::remove_dir_all(posts.root()).unwrap();
        seen.notices(&posts, &format!("sub/round{round}.md"));
        if round % 2 == 0 {
            seen.notices(&posts, &format!("sub/late{round}.md"));
        }
    }
}

#[test]
fn a_root_that_is_a_file_is_none_until_it_is_a_folder() {
    let posts = Posts::new();
    fs::remove_dir_all(posts.root()).unwrap();
    fs::write(posts.root(), "text").unwrap();
    let mut seen = Seen::of(&posts);
    for _ in 0..20 {
        let beats = seen.watcher.beats();
        seen.watcher.ask();
        seen.until("an answer", |seen| seen.watcher.beats() > beats);
    }
    assert_eq!(seen.rescans, 1, "nothing happened");

    fs::remove_file(posts.root()).unwrap();
    seen.notices(&posts, "sub/a.md");
    seen.notices(&posts, "sub/b.md");
}

#[test]
fn a_root_replaced_from_further_up_is_noticed() {
    let above = tempfile::tempdir().unwrap();
    let root = above.path().join("x/y/posts");
    fs::create_dir_all(&root).unwrap();
    let watcher = Watcher::start(&[Folder { root: root.clone(), filter: Filter::default() }], Meters::default(), || {});
    let rescanned = |watcher: &Watcher| {
        let end = Instant::now() + DEADLINE;
        while watcher.take(SystemTime::now()).rescan.is_none() {
            assert!(Instant::now() < end, "no scan was asked for");
            std::thread::yield_now();
        }
    };
    rescanned(&watcher);

    fs::rename(above.path().join("x"), above.path().join("z")).unwrap();
    fs::create_dir_all(&root).unwrap();

    rescanned(&watcher);
}

#[test]
fn nothing_to_watch_is_no_reason_to_fail() {
    let (sender, woken) = mpsc::channel();
    let folder = Folder { root: "/nowhere/at/all".into(), filter: Filter::default() };

    let watcher = Watcher::start(&[folder], Meters::default(), move || _ = sender.send(()));
    woken.recv_timeout(DEADLINE).unwrap();

    assert_eq!(watcher.take(SystemTime::now()).rescan, Some(Lost::Watches));
    drop(watcher);
    assert!(woken.recv().is_err(), "both threads have let go of what they were given");
}

#[test]
fn a_writer_outlives_the_watcher_that_saw_it() {
    let posts = Posts::new();
    let mut seen = Seen::of(&posts);
    let path = Path::new("slow.md");
    let mut file = fs::File::create(posts.at("slow.md")).unwrap();
    file.write_all(b"half").unwrap();
    let stat = |posts: &Posts| match look(0, &posts.root(), path).kind {
        Kind::File(stat) => stat,
        other => panic!("{other:?}"),
    };
    let far = SystemTime::now() + Duration::from_hours(1);
    seen.until("the writer", |seen| seen.watcher.may_be_written(0, path, &stat(&posts), far));

    let next = Seen::of(&posts);
    next.watcher.take_over(&seen.watcher);

    assert!(next.watcher.may_be_written(0, path, &stat(&posts), far));
    assert!(!next.watcher.may_be_written(0, Path::new("other.md"), &stat(&posts), SystemTime::now()));
}

#[test]
fn a_watcher_tells_its_successor_of_what_is_his() {
    type Told = BTreeSet<(usize, PathBuf)>;
    let (posts, other) = (Posts::new(), Posts::new());
    let (sender, woken) = mpsc::channel();
    let watcher = Watcher::start(&[posts.folder(), other.folder()], Meters::default(), move || _ = sender.send(()));
    let next = Watcher::start(&[other.folder()], Meters::default(), || {});
    let (mut told, end) = (Told::new(), Instant::now() + DEADLINE);
    let mut until = |done: &dyn Fn(&Changes, &Told) -> bool| {
        loop {
            let changes = watcher.take_for(&next, SystemTime::now());
            told.extend(changes.paths.iter().cloned());
            if done(&changes, &told) {
                return told.clone();
            }
            assert!(Instant::now() < end, "{told:?}");
            let _ = woken.recv_timeout(Duration::from_millis(5));
        }
    };
    until(&|changes, _| changes.rescan.is_some());

    posts.write("a.md", "text");
    for name in ["b.md", "c.md"] {
        other.write(name, "text");
        until(&|_, told| told.contains(&(0, name.into())));
    }
    assert_eq!(until(&|_, _| true), Told::from([(0, "b.md".into()), (0, "c.md".into())]));
}

#[test]
fn what_changes_while_one_looks_is_being_written() {
    let posts = Posts::new();
    posts.write("a.md", "text");
    let Kind::File(stat) = look(0, &posts.root(), Path::new("a.md")).kind else { panic!() };
    let shorter = Stat { size: stat.size - 1, ..stat };
    let check = |now: SystemTime, stat: Stat, expected: bool| {
        assert_eq!(moves(vec![posts.folder()], now)(0, Path::new("a.md"), &stat), expected);
    };

    check(stat.modified(), stat, false);
    check(stat.modified(), shorter, true);
    check(stat.modified() - Duration::from_secs(1), shorter, true);
    check(stat.modified() + Duration::from_secs(1), shorter, false);
}

#[test]
fn a_folder_that_comes_and_cannot_be_read_is_left_to_a_scan() {
    let posts = Posts::new();
    let mut seen = Seen::of(&posts);
    // Nothing is closed to root, but nobody reads a folder below so long a path.
    let mut folder = posts.above.path().join("outside");
    fs::create_dir(&folder).unwrap();
    while folder.as_os_str().len() < 3_900 {
        folder.push("n".repeat(100));
        fs::create_dir(&folder).unwrap();
    }

    fs::rename(posts.above.path().join("outside"), posts.at(&"n".repeat(250))).unwrap();

    seen.until("a scan", |seen| seen.rescans == 2);
}
