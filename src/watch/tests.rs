use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::symlink,
    path::Path,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::*;

/// How long anything may take on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(20);

struct Watched {
    parent: TempDir,
    watcher: Watcher,
    seen: BTreeSet<PathBuf>,
    rescans: usize,
}

impl Watched {
    fn new() -> Self {
        let parent = TempDir::new().unwrap();
        let root = parent.path().join("posts");
        fs::create_dir(&root).unwrap();
        let watcher = Watcher::start(&[Folder { root, filter: Filter::default() }], || {});
        Self { parent, watcher, seen: BTreeSet::new(), rescans: 0 }
    }

    fn root(&self) -> PathBuf {
        self.parent.path().join("posts")
    }

    fn poll(&mut self) {
        let changes = self.watcher.take(Instant::now());
        self.rescans += usize::from(changes.rescan);
        self.seen.extend(changes.paths.into_iter().map(|(_, path)| path));
    }

    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let end = Instant::now() + DEADLINE;
        while !done(self) {
            assert!(Instant::now() < end, "{what}: saw only {:?}", self.seen);
            self.poll();
            std::thread::yield_now();
        }
    }

    fn until_seen(&mut self, path: &str) {
        self.until(path, |watched| watched.seen.contains(Path::new(path)));
        self.seen.clear();
    }
}

#[test]
fn a_file_is_seen_when_it_is_closed() {
    let mut watched = Watched::new();
    let path = watched.root().join("a.md");
    let mut file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
    file.write_all(b"half").unwrap();
    // Another file's close comes after this one's write: when it is seen, so was the write.
    fs::write(watched.root().join("b.md"), "x").unwrap();
    watched.until("b.md", |watched| watched.seen.contains(Path::new("b.md")));
    assert!(!watched.seen.contains(Path::new("a.md")));
    drop(file);
    watched.until_seen("a.md");
}

#[test]
fn renames_replacements_and_removals_are_seen() {
    let mut watched = Watched::new();
    let root = watched.root();
    fs::write(root.join(".a.tmp"), "x").unwrap();
    fs::rename(root.join(".a.tmp"), root.join("a.md")).unwrap();
    watched.until_seen("a.md");
    // As vim does: the old file aside, a new one in its place.
    fs::rename(root.join("a.md"), root.join("a.md~")).unwrap();
    fs::write(root.join("a.md"), "y").unwrap();
    watched.until_seen("a.md");
    fs::remove_file(root.join("a.md")).unwrap();
    watched.until_seen("a.md");
    // A hard link is made and never closed.
    fs::hard_link(root.join("a.md~"), root.join("linked.md")).unwrap();
    watched.until_seen("linked.md");
}

#[test]
fn directories_made_and_filled_at_once_are_seen() {
    let mut watched = Watched::new();
    let root = watched.root();
    let mut expected = BTreeSet::new();
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let root = root.clone();
            std::thread::spawn(move || {
                for number in 0..100 {
                    let directory = root.join(format!("t{thread}/{number}/x"));
                    fs::create_dir_all(&directory).unwrap();
                    fs::write(directory.join("p.md"), "x").unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    for thread in 0..4 {
        expected.extend((0..100).map(|number| PathBuf::from(format!("t{thread}/{number}/x/p.md"))));
    }
    watched.until("400 files", |watched| watched.seen.is_superset(&expected));
}

#[test]
fn a_moved_directory_asks_for_a_scan_and_is_watched_at_its_new_place() {
    let mut watched = Watched::new();
    let root = watched.root();
    fs::create_dir(root.join("a")).unwrap();
    fs::write(root.join("a/x.md"), "x").unwrap();
    watched.until_seen("a/x.md");
    fs::rename(root.join("a"), root.join("b")).unwrap();
    watched.until("a scan", |watched| watched.rescans > 0);
    fs::write(root.join("b/y.md"), "y").unwrap();
    watched.until_seen("b/y.md");
}

#[test]
fn a_root_that_goes_and_comes_again_is_watched_again() {
    let mut watched = Watched::new();
    let root = watched.root();
    fs::rename(&root, watched.parent.path().join("away")).unwrap();
    watched.until("a scan", |watched| watched.rescans > 0);
    let before = watched.rescans;
    fs::create_dir(&root).unwrap();
    watched.until("another scan", |watched| watched.rescans > before);
    fs::write(root.join("new.md"), "x").unwrap();
    watched.until("new.md", |watched| watched.seen.contains(Path::new("new.md")) || watched.rescans > before + 1);
}

#[test]
fn a_walk_finds_posts_and_names_what_cannot_be_one() {
    let parent = TempDir::new().unwrap();
    let root = parent.path().join("posts");
    fs::create_dir_all(root.join("知乎/_drafts")).unwrap();
    for name in ["b.md", "知乎/a.html", "知乎/_drafts/no.md", "x.txt", "z.md"] {
        fs::write(root.join(name), "x").unwrap();
    }
    fs::write(parent.path().join("secret.md"), "x").unwrap();
    symlink(parent.path().join("secret.md"), root.join("out.md")).unwrap();
    symlink("nowhere.md", root.join("dangling.md")).unwrap();
    symlink("loop.md", root.join("loop.md")).unwrap();
    symlink("b.md", root.join("inside.md")).unwrap();
    symlink(&root, root.join("self")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, root.join("pipe.md"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();

    let mut found = Vec::new();
    let folder = Folder { root, filter: Filter::default() };
    let walked = walk(0, &folder, &mut |one| {
        let kind = match one.kind {
            Kind::File(_) => String::from("file"),
            Kind::Odd(message) => message.split(':').next().unwrap_or_default().to_owned(),
            Kind::Gone => String::from("gone"),
        };
        found.push((one.path.to_string_lossy().into_owned(), kind));
    });

    assert_eq!(walked.files, found.len());
    let expected = [
        ("b.md", "file"),
        ("dangling.md", "this link leads nowhere"),
        ("inside.md", "file"),
        ("loop.md", "this link cannot be followed"),
        ("out.md", "this link leads out of the folder"),
        ("pipe.md", "this is a FIFO, socket or device, not a file"),
        ("z.md", "file"),
        ("知乎/a.html", "file"),
    ];
    assert_eq!(found, expected.map(|(path, kind)| (path.to_owned(), kind.to_owned())));
}

#[test]
fn a_missing_folder_says_so() {
    let folder = Folder { root: "/nonexistent/posts".into(), filter: Filter::default() };
    let walked = walk(0, &folder, &mut |_| {});
    assert_eq!(walked.root, Root::Missing("/nonexistent does not exist: make it, or correct the path".into()));
}
