//! New settings are applied in parts: nobody waits for all of them, and what comes out is what a restart makes.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use chrono::{DateTime, Utc};
use feedwright::{
    config::{Loader, Overrides, Settings, Surroundings},
    pipeline::{Pipeline, Unsettled},
    serve::Shelf,
};
use tempfile::TempDir;

use crate::site::post;

const POSTS: usize = 1_200;
const CATEGORIES: usize = 40;

/// A folder of posts under a daemon's loop, without the daemon.
struct Scene {
    place: TempDir,
    pipeline: Pipeline,
    now: DateTime<Utc>,
}

impl Scene {
    fn new() -> Self {
        let place = TempDir::new().unwrap();
        fs::create_dir(place.path().join("posts")).unwrap();
        for number in 0..POSTS {
            write(place.path(), &format!("{number}.md"), &format!("t{number}"), number % CATEGORIES);
        }
        let mut scene = Self { pipeline: open(place.path(), "one"), place, now: Utc::now() };
        scene.scan(Unsettled::Read);
        scene.pipeline.set_ready();
        scene
    }

    fn scan(&mut self, unsettled: Unsettled) {
        self.pipeline.scan(self.now, &|_, _, _| false, unsettled, &mut |_| {}).unwrap();
    }

    /// As the daemon takes new settings.
    fn reload(&mut self, title: &str) {
        self.pipeline.reconfigure(settings(self.place.path(), title)).unwrap();
        self.scan(Unsettled::Left);
    }

    fn restart(&mut self, title: &str) {
        // One at a time has the state folder.
        let elsewhere = TempDir::new().unwrap();
        fs::create_dir(elsewhere.path().join("posts")).unwrap();
        drop(std::mem::replace(&mut self.pipeline, open(elsewhere.path(), title)));
        self.pipeline = open(self.place.path(), title);
        self.scan(Unsettled::Read);
    }

    fn late(&mut self) {
        write(self.place.path(), "late.md", "late", 0);
    }

    fn catch_up(&mut self, most: usize) -> usize {
        (0..most).take_while(|_| self.pipeline.is_behind() && self.pipeline.catch_up(self.now).is_ok()).count()
    }

    fn document(&self, path: &str) -> String {
        fs::read_to_string(self.place.path().join("out").join(path)).unwrap()
    }

    /// Every document by its path.
    fn documents(&self) -> BTreeMap<PathBuf, String> {
        fn add(folder: &Path, to: &mut BTreeMap<PathBuf, String>) {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.path().is_dir() {
                    add(&entry.path(), to);
                } else if !entry.file_name().to_string_lossy().starts_with('.') {
                    to.insert(entry.path(), fs::read_to_string(entry.path()).unwrap());
                }
            }
        }
        let mut documents = BTreeMap::new();
        let out = self.place.path().join("out");
        add(&out, &mut documents);
        documents.into_iter().map(|(path, text)| (path.strip_prefix(&out).unwrap().to_owned(), text)).collect()
    }
}

fn write(place: &Path, name: &str, title: &str, category: usize) {
    let path = place.join("posts").join(name);
    fs::write(&path, post(title, &format!("[c{category}, d]"), "Fri, 25 Feb 2022 08:54:46 GMT")).unwrap();
    // Old enough to be known by its stat.
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_hours(1)).unwrap();
}

/// Settings of this title, under which every post has to be read again, and every document made.
fn settings(place: &Path, title: &str) -> Settings {
    let text = format!(
        "title: {title}\noutput: out\nstate: state\nposts:\n  - path: posts\n    categories: {{aliases: {{d: {title}}}}}\n"
    );
    fs::write(place.join("c.yaml"), text).unwrap();
    let loader = Loader {
        file: Some(place.join("c.yaml")),
        overrides: Overrides::default(),
        surroundings: Surroundings { directory: place.to_owned(), ..Surroundings::of_process().unwrap() },
    };
    loader.load().unwrap().into_settings().unwrap()
}

fn open(place: &Path, title: &str) -> Pipeline {
    Pipeline::open(settings(place, title), Arc::new(Shelf::new(1 << 20))).unwrap()
}

/// What a restart under the last settings makes, a post having come meanwhile.
fn of_a_restart(titles: &[&str]) -> BTreeMap<PathBuf, String> {
    let mut scene = Scene::new();
    scene.late();
    for title in titles {
        scene.restart(title);
    }
    scene.documents()
}

fn assert_same(documents: &BTreeMap<PathBuf, String>, expected: &BTreeMap<PathBuf, String>) {
    let paths = |of: &BTreeMap<PathBuf, String>| of.keys().cloned().collect::<Vec<_>>();
    assert_eq!(paths(documents), paths(expected));
    for (path, text) in documents {
        assert_eq!(text, &expected[path], "{}", path.display());
    }
}

#[test]
fn a_post_does_not_wait_for_new_settings_to_hold_everywhere() {
    let mut scene = Scene::new();
    scene.reload("two");
    assert!(scene.document("categories/c1/feed.json").contains("\"one: c1\""), "still as it was");
    scene.catch_up(1);
    scene.late();

    let pass = scene.pipeline.look(&[(0, "late.md".into())], &[], &|_, _, _| false, scene.now).unwrap();

    assert!(scene.pipeline.is_behind());
    assert!(pass.documents > 0 && pass.documents < 30, "{} documents", pass.documents);
    let feed = scene.document("categories/c0/feed.json");
    assert!(feed.contains("\"late\"") && feed.contains("\"two: c0\""), "{feed}");

    let parts = scene.catch_up(1_000);
    assert!(parts > 4 && !scene.pipeline.is_behind(), "{parts} parts");
    assert_same(&scene.documents(), &of_a_restart(&["two"]));
}

#[test]
fn settings_that_change_again_or_are_cut_off_are_applied_all_the_same() {
    let mut scene = Scene::new();
    scene.late();
    scene.reload("two");
    assert_eq!(scene.catch_up(2), 2);
    scene.reload("three");
    assert_eq!(scene.catch_up(4), 4, "files, and then documents");
    scene.scan(Unsettled::Left);
    scene.catch_up(1);
    scene.restart("three");
    assert!(!scene.pipeline.is_behind());
    assert_same(&scene.documents(), &of_a_restart(&["two", "three"]));
}
