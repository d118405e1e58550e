//! New settings are applied in parts: nobody waits for all of them, and what comes out is what a restart makes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime},
};

use chrono::{DateTime, TimeDelta, Utc};
use feedwright::{
    config::{Loader, Overrides, Settings, Surroundings},
    pipeline::{Health, Pass, Pipeline},
    serve::{Answer, Ask, Shelf},
    watch::Stat,
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
        scene.scan();
        scene.pipeline.set_ready();
        scene
    }

    /// As at the start, all at once.
    fn scan(&mut self) {
        self.pipeline.scan(self.now, &|_, _, _| false, &mut |_| {}).unwrap();
    }

    /// As later on, part by part, and then what it left. Returns how many parts there were.
    fn scan_in_parts(&mut self) -> usize {
        self.pipeline.begin_scan(|| {}).unwrap();
        let (mut parts, mut left) = (0, Vec::new());
        while self.pipeline.is_scanning() {
            left.extend(self.scan_part().unsettled);
            parts += 1;
        }
        self.pipeline.look(&left, &[], &|_, _, _| false, self.now).unwrap();
        parts
    }

    fn scan_part(&mut self) -> Pass {
        self.pipeline.scan_part(self.now, &|_, _, _| false, &mut |_| {}).unwrap()
    }

    /// What the catalog says to a question about numbers.
    fn ask_catalog(&self, question: &str) -> i64 {
        let db = rusqlite::Connection::open(self.place.path().join("state/catalog.sqlite")).unwrap();
        db.query_row(question, [], |row| row.get(0)).unwrap()
    }

    /// As the daemon takes new settings.
    fn reload(&mut self, title: &str) {
        self.pipeline.reconfigure(settings(self.place.path(), title)).unwrap();
        self.scan_in_parts();
    }

    fn restart(&mut self, title: &str) {
        self.restart_under(|place| settings(place, title));
    }

    fn restart_under(&mut self, settings: impl Fn(&Path) -> Settings) {
        // One at a time has the state folder.
        let elsewhere = TempDir::new().unwrap();
        fs::create_dir(elsewhere.path().join("posts")).unwrap();
        drop(std::mem::replace(&mut self.pipeline, open(elsewhere.path(), "another")));
        self.pipeline = opened(settings(self.place.path()));
        self.scan();
    }

    fn late(&mut self) {
        write(self.place.path(), "late.md", "late", 0);
    }

    fn catch_up(&mut self, most: usize) -> usize {
        (0..most)
            .take_while(|_| self.pipeline.is_behind() && self.pipeline.catch_up(&|_, _, _| false, self.now).is_ok())
            .count()
    }

    /// What the loop is asked for by who finds nothing on the shelf.
    fn ask(&mut self, path: &str) -> Option<Answer> {
        let (reply, _) = tokio::sync::oneshot::channel();
        let ask = Ask { path: path.to_owned(), credential: None, query: None, reply };
        self.pipeline.answer(&ask, &Health::default(), self.now).unwrap()
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
    let text = post(title, &format!("[c{category}, d]"), "Fri, 25 Feb 2022 08:54:46 GMT");
    write_old(place, &format!("posts/{name}"), &text);
}

/// Writes a file that is old enough to be known by its stat.
fn write_old(place: &Path, path: &str, text: &str) {
    let path = place.join(path);
    fs::write(&path, text).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_hours(1)).unwrap();
}

/// Settings of this title, under which every post has to be read again, and every document made.
fn settings(place: &Path, title: &str) -> Settings {
    configured(place, &format!("title: {title}\n"), &format!("    categories: {{aliases: {{d: {title}}}}}\n"))
}

/// Settings with more lines, and more of the posts folder.
fn configured(place: &Path, more: &str, of_the_folder: &str) -> Settings {
    let text = format!("{more}output: out\nstate: state\nposts:\n  - path: posts\n{of_the_folder}");
    fs::write(place.join("c.yaml"), text).unwrap();
    let loader = Loader {
        file: Some(place.join("c.yaml")),
        overrides: Overrides::default(),
        surroundings: Surroundings { directory: place.to_owned(), ..Surroundings::of_process().unwrap() },
    };
    loader.load().unwrap().into_settings().unwrap()
}

fn open(place: &Path, title: &str) -> Pipeline {
    opened(settings(place, title))
}

fn opened(settings: Settings) -> Pipeline {
    Pipeline::open(settings, Arc::new(Shelf::new(1 << 20))).unwrap()
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
    assert_eq!(scene.catch_up(5), 5, "files, and then documents");
    scene.scan_in_parts();
    scene.catch_up(1);
    scene.restart("three");
    assert!(!scene.pipeline.is_behind());
    assert_same(&scene.documents(), &of_a_restart(&["two", "three"]));
}

#[test]
fn settings_that_are_taken_back_change_nothing_of_what_stood() {
    let mut scene = Scene::new();
    scene.late();
    scene.reload("two");
    scene.catch_up(1);
    scene.restart("one");
    let (mut documents, mut expected) = (scene.documents(), of_a_restart(&["one"]));
    // Categories that there were for a moment are still there, empty, and listed.
    expected.retain(|path, _| !path.to_string_lossy().starts_with("opml"));
    documents.retain(|path, _| expected.contains_key(path));
    assert_same(&documents, &expected);
}

#[test]
fn a_folder_that_cannot_be_read_for_a_while_takes_new_settings_afterwards() {
    let mut scene = Scene::new();
    let (posts, aside) = (scene.place.path().join("posts"), scene.place.path().join("aside"));
    let ids = |scene: &Scene| scene.document("categories/c1/feed.json").matches("urn:uuid:").count();
    let before = ids(&scene);
    fs::rename(&posts, &aside).unwrap();
    symlink("posts", &posts).unwrap();
    scene.reload("two");
    scene.catch_up(1_000);
    assert!(!scene.pipeline.is_behind());
    assert_eq!(ids(&scene), before, "nothing is known to be gone");

    fs::remove_file(&posts).unwrap();
    fs::rename(&aside, &posts).unwrap();
    scene.late();
    scene.scan_in_parts();
    scene.scan_in_parts();

    assert_same(&scene.documents(), &of_a_restart(&["two"]));
}

#[test]
fn posts_that_cannot_be_read_do_not_keep_new_settings_from_ending() {
    let mut scene = Scene::new();
    scene.reload("two");
    assert_eq!(scene.catch_up(4), 4, "all are read, no document is made");
    // Their texts are not those that the catalog knows: nobody told of it yet.
    for number in 0..CATEGORIES - 1 {
        write(scene.place.path(), &format!("{number}.md"), &format!("changed {number}"), number);
    }

    assert!(scene.catch_up(1_000) < 1_000 && !scene.pipeline.is_behind());

    assert!(scene.pipeline.has_unrendered());
    let last = format!("categories/c{}/feed.json", CATEGORIES - 1);
    assert!(scene.document(&last).contains(&format!("\"two: c{}\"", CATEGORIES - 1)));
    scene.scan_in_parts();
    assert!(scene.document("categories/c3/feed.json").contains("\"changed 3\""));
    assert!(!scene.pipeline.has_unrendered());
}

#[test]
fn a_folder_that_cannot_be_read_follows_new_rules_on_who_may_read_it() {
    let mut scene = Scene::new();
    let shows_posts = |scene: &Scene| scene.documents().values().any(|text| text.contains("<item>"));
    assert!(shows_posts(&scene));
    let posts = scene.place.path().join("posts");
    let aside = scene.place.path().join("aside");
    fs::rename(&posts, &aside).unwrap();
    // It is there, and the system refuses to open it, whoever asks.
    symlink("posts", &posts).unwrap();
    let private = configured(scene.place.path(), "title: one\n", "    access: token\n");
    scene.pipeline.reconfigure(private).unwrap();
    scene.scan();

    assert!(!shows_posts(&scene), "they are for nobody any more");
    fs::remove_file(&posts).unwrap();
    fs::rename(&aside, &posts).unwrap();
    scene.scan();
    assert!(!shows_posts(&scene));
    scene.pipeline.reconfigure(settings(scene.place.path(), "one")).unwrap();
    scene.scan();
    assert!(shows_posts(&scene), "all were read again");
}

#[test]
fn a_post_that_is_being_written_follows_new_rules_on_who_may_read_it() {
    let mut scene = Scene::new();
    let private = configured(scene.place.path(), "title: one\n", "    access: token\n");
    scene.pipeline.reconfigure(private).unwrap();
    write(scene.place.path(), "0.md", "changed", 0);
    let is_written = |_: usize, path: &Path, _: &Stat| path == Path::new("0.md");
    scene.pipeline.scan(scene.now, &is_written, &mut |_| {}).unwrap();
    assert!(!scene.documents().values().any(|text| text.contains("<item>")));
}

#[test]
fn rules_on_who_may_read_it_that_were_half_taken_are_followed_at_once() {
    let mut scene = Scene::new();
    let db = rusqlite::Connection::open(scene.place.path().join("state/catalog.sqlite")).unwrap();
    let fail = "CREATE TRIGGER fail BEFORE INSERT ON fact BEGIN SELECT RAISE(ABORT, 'as a disk might'); END";
    db.execute_batch(fail).unwrap();
    let private = configured(scene.place.path(), "title: one\n", "    access: token\n");
    scene.pipeline.reconfigure(private).unwrap_err();
    db.execute_batch("DROP TRIGGER fail").unwrap();

    assert!(scene.pipeline.must_scan_at_once().unwrap(), "not in parts, which show what there was");
    scene.scan();
    assert!(!scene.pipeline.must_scan_at_once().unwrap());
    assert!(!scene.documents().values().any(|text| text.contains("<item>")));
}

#[test]
fn nothing_is_shown_until_new_rules_on_who_may_read_it_hold() {
    let mut scene = Scene::new();
    let private = configured(scene.place.path(), "title: one\n", "    access: token\n");
    scene.pipeline.reconfigure(private).unwrap();
    let stop = scene.pipeline.stop_flag();
    stop.store(true, Ordering::Relaxed);
    scene.scan();
    stop.store(false, Ordering::Relaxed);

    assert!(scene.ask("rss.xml").is_none() && scene.ask("categories/c1/").is_none());
    assert!(matches!(scene.ask("status.json"), Some(Answer::Document(_))));
    scene.late();
    let pass = scene.pipeline.look(&[(0, "late.md".into())], &[], &|_, _, _| false, scene.now).unwrap();
    assert_eq!(pass.documents, 0);
    scene.scan();
    let Some(Answer::Document(document)) = scene.ask("rss.xml") else { panic!("it has no posts, but is there") };
    let text = document.bytes.as_ref().unwrap().whole();
    assert!(!String::from_utf8_lossy(&text).contains("<item>"));
}

#[test]
fn an_output_folder_that_is_gone_is_written_again() {
    let mut scene = Scene::new();
    let before = scene.documents();
    fs::remove_dir_all(scene.place.path().join("out")).unwrap();
    scene.pipeline.check_output(scene.now).unwrap();
    assert_same(&scene.documents(), &before);
    assert!(!scene.pipeline.has_unwritten());
}

#[test]
fn another_output_folder_waits_for_the_next_start() {
    let mut scene = Scene::new();
    let (here, there) = (scene.place.path().join("out"), scene.place.path().join("elsewhere"));
    let elsewhere = Settings { output: there.clone(), ..settings(scene.place.path(), "two") };
    scene.pipeline.reconfigure(elsewhere).unwrap();
    scene.scan_in_parts();
    // What brings the folder back must not be what moves it.
    fs::remove_dir_all(&here).unwrap();
    scene.pipeline.check_output(scene.now).unwrap();
    assert!(here.join("rss.xml").exists() && !there.exists());
}

#[test]
fn a_new_category_is_shown_at_once_and_listed_when_there_is_time() {
    let mut scene = Scene::new();
    while scene.pipeline.has_idle_work() {
        scene.pipeline.work_idly(scene.now).unwrap();
    }
    write(scene.place.path(), "late.md", "late", CATEGORIES);
    scene.pipeline.look(&[(0, "late.md".into())], &[], &|_, _, _| false, scene.now).unwrap();
    let address = format!("categories/c{CATEGORIES}/");
    assert!(scene.document(&format!("{address}feed.json")).contains("\"late\""));
    assert!(!scene.document("opml.xml").contains(&address) && scene.pipeline.has_idle_work());

    scene.pipeline.work_idly(scene.now).unwrap();
    assert!(scene.document("opml.xml").contains(&address));
    // A new tag changes no list, and is known all the same.
    let tagged = post("tagged", "[c0]\ntags: [new, other]", "Fri, 25 Feb 2022 08:54:46 GMT");
    for name in ["tagged.md", "tagged-2.md"] {
        fs::write(scene.place.path().join("posts").join(name), &tagged).unwrap();
    }
    let paths = [(0, "tagged.md".into()), (0, "tagged-2.md".into())];
    scene.pipeline.look(&paths, &[], &|_, _, _| false, scene.now).unwrap();
    assert!(matches!(scene.ask("tags/new/rss.xml"), Some(Answer::Document(_))));
}

#[test]
fn many_files_that_new_settings_leave_out_keep_nobody_waiting_and_are_known_to_have_gone_together() {
    let mut scene = Scene::new();
    let globs = configured(
        scene.place.path(),
        "title: one\ndelete_grace: 0s\n",
        "    exclude: ['*[0-9].md']\n    future: publish\n",
    );
    scene.pipeline.reconfigure(globs).unwrap();
    scene.pipeline.begin_scan(|| {}).unwrap();
    let (mut kept, mut marked) = (vec![0], vec![0]);
    while scene.pipeline.is_scanning() {
        scene.scan_part();
        write(scene.place.path(), "late.md", &format!("late {}", kept.len()), 0);
        scene.pipeline.look(&[(0, "late.md".into())], &[], &|_, _, _| false, scene.now).unwrap();
        assert!(scene.document("categories/c0/feed.json").contains(&format!("\"late {}\"", kept.len())));
        scene.pipeline.settle(scene.now + TimeDelta::seconds(5)).unwrap();
        kept.push(scene.pipeline.counts().unwrap().kept);
        marked.push(scene.ask_catalog("SELECT COUNT(*) FROM post WHERE together"));
    }
    assert!(kept.windows(2).all(|two| two[1] <= two[0] + 100), "{kept:?}");
    assert!(marked.windows(2).all(|two| two[1] <= two[0] + 1_000), "{marked:?}");
    assert_eq!(marked.last().copied().and_then(|posts| usize::try_from(posts).ok()), Some(POSTS));
    let counts = scene.pipeline.counts().unwrap();
    assert_eq!((counts.published, counts.kept), (POSTS as u64 + 1, POSTS as u64), "all have their grace");

    let later = scene.now + TimeDelta::hours(7);
    let mut left = vec![counts.published];
    while scene.pipeline.settle(later).unwrap() == Some(later.timestamp()) {
        left.push(scene.pipeline.counts().unwrap().published);
    }
    assert!(left.windows(2).all(|two| two[0] <= two[1] + 100), "then they leave as slowly: {left:?}");
    assert!(scene.pipeline.is_behind(), "documents without them are made when there is time");
    scene.catch_up(1_000);
    assert_eq!((scene.pipeline.counts().unwrap().published, scene.pipeline.counts().unwrap().kept), (1, 0));
    assert!(!scene.document("feed.json").contains("\"t1\""));
}

#[test]
fn files_that_new_settings_leave_out_count_as_gone() {
    let left_out = |scene: &Scene| scene.pipeline.counts().unwrap().kept;
    for is_reload in [true, false] {
        let mut scene = Scene::new();
        let globs = configured(scene.place.path(), "title: one\n", "    exclude: ['1*.md']\n");
        if is_reload {
            scene.pipeline.reconfigure(globs).unwrap();
            scene.scan_in_parts();
            // What a watcher of before still tells of does not bring it back.
            scene.pipeline.look(&[(0, "1.md".into())], &[], &|_, _, _| false, scene.now).unwrap();
        } else {
            scene.pipeline.reconfigure(globs).unwrap();
            scene.scan();
        }
        assert_eq!(left_out(&scene), 311, "1, 10 to 19, 100 to 199, 1000 to 1199: {is_reload}");
    }
}

/// Settings with a second folder, `more`.
fn with_another(place: &Path, of_it: &str) -> Settings {
    configured(place, "title: one\n", &format!("    name: posts\n  - path: more\n    name: more\n{of_it}"))
}

/// Posts for that folder, and their titles, the newest first. The order of their paths is another one.
fn another_folder(place: &Path) -> Vec<String> {
    fs::create_dir(place.join("more")).unwrap();
    let first = DateTime::parse_from_rfc3339("2023-01-01T00:00:00Z").unwrap();
    let mut dated: Vec<_> = (0..POSTS)
        .map(|number| (first + TimeDelta::hours(i64::try_from(number * 7 % POSTS).unwrap()), number))
        .collect();
    for (published, number) in &dated {
        let categories = format!("[c{}, d]", number % (2 * CATEGORIES));
        write_old(
            place,
            &format!("more/{number}.md"),
            &post(&format!("more {number}"), &categories, &published.to_rfc2822()),
        );
    }
    dated.sort_unstable_by(|one, other| other.cmp(one));
    dated.into_iter().map(|(_, number)| format!("more {number}")).collect()
}

/// A scene that serves both folders.
fn of_two_folders(of_it: &str) -> Scene {
    let mut scene = Scene::new();
    another_folder(scene.place.path());
    scene.restart_under(|place| with_another(place, of_it));
    scene
}

/// The titles of that folder's posts that a feed shows.
fn shown_of_it(scene: &Scene, feed: &str) -> Vec<String> {
    let feed: serde_json::Value = serde_json::from_str(&scene.document(feed)).unwrap();
    let titles = feed["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned());
    titles.filter(|title| title.starts_with("more")).collect()
}

#[test]
fn a_folder_that_new_settings_add_keeps_nobody_waiting_and_is_shown_the_newest_first() {
    let mut scene = Scene::new();
    let titles = another_folder(scene.place.path());
    scene.pipeline.reconfigure(with_another(scene.place.path(), "")).unwrap();
    assert!(!scene.pipeline.must_scan_at_once().unwrap(), "nothing is kept from anybody");
    scene.pipeline.begin_scan(|| {}).unwrap();
    let (mut parts, mut seen) = (0, Vec::new());
    while scene.pipeline.is_scanning() {
        let pass = scene.scan_part();
        assert!(pass.read <= 500);
        parts += 1;
        // Somebody writes a post of each folder meanwhile.
        write(scene.place.path(), "late.md", &format!("late {parts}"), 0);
        write_old(
            scene.place.path(),
            "more/0.md",
            &post(&format!("more {parts}"), "[c0]", "Fri, 25 Feb 2022 08:54:46 GMT"),
        );
        let looks = [(0, "late.md".into()), (1, "0.md".into())];
        scene.pipeline.look(&looks, &[], &|_, _, _| false, scene.now).unwrap();
        let feed = scene.document("categories/c0/feed.json");
        assert!(feed.contains(&format!("\"late {parts}\"")), "it is shown at once");
        let shown = shown_of_it(&scene, "feed.json");
        assert_eq!(shown, titles[..shown.len()], "the newest first, and none between is left out");
        seen.push((shown.len(), scene.pipeline.counts().unwrap().published));
    }
    let posts = POSTS as u64;
    assert!(seen.contains(&(0, posts + 1)), "first it is read: {seen:?}");
    assert_eq!(seen.last().unwrap().1, 2 * posts + 1, "{seen:?}");
    assert!(scene.pipeline.is_behind(), "its documents are made when there is time");
    scene.catch_up(1_000);

    let mut expected = Scene::new();
    another_folder(expected.place.path());
    write(expected.place.path(), "late.md", &format!("late {parts}"), 0);
    write_old(
        expected.place.path(),
        "more/0.md",
        &post(&format!("more {parts}"), "[c0]", "Fri, 25 Feb 2022 08:54:46 GMT"),
    );
    expected.restart_under(|place| with_another(place, ""));
    assert!(scene.documents().keys().eq(expected.documents().keys()));
    for feed in ["feed.json", "categories/c1/feed.json", "categories/c41/d/feed.json"] {
        assert_eq!(shown_of_it(&scene, feed), shown_of_it(&expected, feed), "{feed}");
        assert!(!shown_of_it(&scene, feed).is_empty());
    }
}

#[test]
fn a_folder_whose_first_scan_is_cut_off_is_not_taken_for_scanned() {
    let expected = {
        let mut scene = Scene::new();
        another_folder(scene.place.path());
        scene.restart_under(|place| with_another(place, ""));
        scene.documents()
    };
    // While it is walked through, read and shown.
    for cut in [1, 6, 8, 10, 11] {
        let mut scene = Scene::new();
        another_folder(scene.place.path());
        scene.pipeline.reconfigure(with_another(scene.place.path(), "")).unwrap();
        let db = rusqlite::Connection::open(scene.place.path().join("state/catalog.sqlite")).unwrap();
        let was_scanned = "SELECT value > 0 FROM fact WHERE name = 'scanned more'";
        let was_scanned = || db.query_row(was_scanned, [], |row| row.get::<_, bool>(0)).unwrap();
        scene.pipeline.begin_scan(|| {}).unwrap();
        for _ in 0..cut {
            scene.scan_part();
        }
        let stop = scene.pipeline.stop_flag();
        stop.store(true, Ordering::Relaxed);
        scene.scan_part();
        assert!(scene.pipeline.is_scanning() && !was_scanned(), "{cut}");
        stop.store(false, Ordering::Relaxed);

        if cut % 2 == 0 {
            scene.scan_in_parts();
            scene.catch_up(1_000);
        } else {
            scene.restart_under(|place| with_another(place, ""));
        }
        assert!(was_scanned(), "{cut}");
        assert_eq!(scene.pipeline.counts().unwrap().published, 2 * POSTS as u64);
        assert_same(&scene.documents(), &expected);
    }
}

/// Begins a scan in parts, and does them until so many posts of the second folder are known.
fn scan_until(scene: &mut Scene, posts: i64) {
    scene.pipeline.begin_scan(|| {}).unwrap();
    while scene.ask_catalog("SELECT COUNT(*) FROM post WHERE folder <> 'posts' AND here") < posts {
        scene.scan_part();
    }
}

#[test]
fn a_folder_that_goes_before_all_of_it_is_read_is_shown_when_it_is_back() {
    for (is_refused, begins_anew) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut scene = Scene::new();
        another_folder(scene.place.path());
        let (more, aside) = (scene.place.path().join("more"), scene.place.path().join("aside"));
        scene.pipeline.reconfigure(with_another(scene.place.path(), "    categories: {aliases: {d: old}}\n")).unwrap();
        scan_until(&mut scene, 500);
        fs::rename(&more, &aside).unwrap();
        if is_refused {
            symlink("more", &more).unwrap();
        }
        if begins_anew {
            scene
                .pipeline
                .reconfigure(with_another(scene.place.path(), "    categories: {aliases: {d: new}}\n"))
                .unwrap();
            scene.scan_in_parts();
        } else {
            while scene.pipeline.is_scanning() {
                scene.scan_part();
            }
        }
        scene.catch_up(1_000);
        let shown = |scene: &Scene| scene.pipeline.counts().unwrap().published;
        assert_eq!(shown(&scene), POSTS as u64, "{is_refused}, {begins_anew}");

        drop(fs::remove_file(&more));
        fs::rename(&aside, &more).unwrap();
        scene.scan_in_parts();
        scene.catch_up(1_000);
        assert_eq!(shown(&scene), 2 * POSTS as u64, "{is_refused}, {begins_anew}");
        assert_eq!(
            scene.ask_catalog("SELECT COUNT(*) FROM post WHERE folder = 'more' AND arrival > 0"),
            0,
            "none is late"
        );
        let of_before = "SELECT COUNT(*) FROM member JOIN collection USING (collection) WHERE key LIKE '%old'";
        assert!(!begins_anew || scene.ask_catalog(of_before) == 0, "{is_refused}: all follow the settings of now");
    }
}

#[test]
fn a_folder_that_has_another_name_now_is_shown_all_the_while() {
    let mut scene = of_two_folders("");
    let (shown, ids) = (shown_of_it(&scene, "feed.json"), scene.pipeline.public().unwrap());
    let renamed = "    name: posts\n  - path: more\n    name: less\n";
    scene.pipeline.reconfigure(configured(scene.place.path(), "title: one\n", renamed)).unwrap();
    scene.pipeline.begin_scan(|| {}).unwrap();
    // An event tells of it before the scan does.
    scene.pipeline.look(&[(1, "7.md".into())], &[], &|_, _, _| false, scene.now).unwrap();
    assert!(scene.pipeline.public().unwrap().keys().eq(ids.keys()));
    for part in 0.. {
        write(scene.place.path(), "late.md", &format!("late {part}"), 0);
        scene.pipeline.look(&[(0, "late.md".into())], &[], &|_, _, _| false, scene.now).unwrap();
        assert_eq!(shown_of_it(&scene, "feed.json"), shown);
        if !scene.pipeline.is_scanning() {
            break;
        }
        scene.scan_part();
    }
    let now = scene.pipeline.public().unwrap();
    assert!(ids.keys().all(|id| now.contains_key(id)) && now.len() == ids.len() + 1);
    assert_eq!(scene.ask_catalog("SELECT COUNT(*) FROM post WHERE folder = 'more'"), 0);
}

#[test]
fn a_folder_that_new_settings_take_away_keeps_nobody_waiting_and_goes_the_oldest_first() {
    let mut scene = of_two_folders("");
    let (shown, ids) = (shown_of_it(&scene, "feed.json"), scene.pipeline.public().unwrap());
    // One of its posts is carried over to the folder that stays.
    fs::rename(scene.place.path().join("more/7.md"), scene.place.path().join("posts/moved.md")).unwrap();
    let without = |place: &Path| configured(place, "title: one\n", "    name: posts\n");
    scene.pipeline.reconfigure(without(scene.place.path())).unwrap();
    scene.pipeline.begin_scan(|| {}).unwrap();
    let mut left = vec![scene.pipeline.counts().unwrap().published];
    while scene.pipeline.is_scanning() {
        scene.scan_part();
        write(scene.place.path(), "late.md", &format!("late {}", left.len()), 0);
        scene.pipeline.look(&[(0, "late.md".into())], &[], &|_, _, _| false, scene.now).unwrap();
        assert!(scene.document("categories/c0/feed.json").contains(&format!("\"late {}\"", left.len())));
        let mut now = shown_of_it(&scene, "feed.json");
        now.retain(|title| title != "more 7");
        assert_eq!(now, shown[..now.len()], "none that leaves comes into the window before");
        left.push(scene.pipeline.counts().unwrap().published);
    }
    assert!(left.windows(2).all(|two| two[0] <= two[1] + 100), "{left:?}");
    scene.catch_up(1_000);
    let now = scene.pipeline.public().unwrap();
    let of_path = |posts: &BTreeMap<String, (String, _)>, wanted: &str| {
        posts.iter().find(|(_, (path, _))| path == wanted).map(|(id, _)| id.clone())
    };
    assert!(of_path(&now, "moved.md").is_some_and(|id| ids[&id].0 == "7.md"), "it is the same post");
    assert_eq!(now.len(), POSTS + 2);
    assert_eq!(scene.ask_catalog("SELECT COUNT(*) FROM fact WHERE name GLOB '* more'"), 0);

    let mut expected = Scene::new();
    another_folder(expected.place.path());
    fs::rename(expected.place.path().join("more/7.md"), expected.place.path().join("posts/moved.md")).unwrap();
    write(expected.place.path(), "late.md", &format!("late {}", left.len() - 1), 0);
    expected.restart_under(without);
    for feed in ["feed.json", "categories/c7/feed.json", "categories/c7/d/feed.json"] {
        assert_eq!(shown_of_it(&scene, feed), ["more 7"], "{feed}");
        assert_eq!(shown_of_it(&expected, feed), ["more 7"], "{feed}");
    }
    assert_eq!(scene.document("categories/c1/feed.json"), expected.document("categories/c1/feed.json"));
    assert!(scene.document("categories/c41/feed.json").contains("\"items\":[]"), "it is kept for who subscribed to it");
}

#[test]
fn a_folder_that_comes_back_before_all_of_it_has_left_is_as_it_was() {
    for most in [2 * POSTS, 2 * POSTS - 1, POSTS + 1] {
        let mut scene = of_two_folders("    on_delete: remove\n");
        let ids: Vec<String> = scene.pipeline.public().unwrap().into_keys().collect();
        let without = configured(scene.place.path(), "title: one\n", "    name: posts\n");
        scene.pipeline.reconfigure(without).unwrap();
        scene.pipeline.begin_scan(|| {}).unwrap();
        scene.scan_part();
        let published = |scene: &Scene| usize::try_from(scene.pipeline.counts().unwrap().published).unwrap();
        while published(&scene) > most {
            scene.scan_part();
        }
        let left = published(&scene);

        let with = with_another(scene.place.path(), "    on_delete: remove\n");
        scene.pipeline.reconfigure(with).unwrap();
        scene.pipeline.begin_scan(|| {}).unwrap();
        scene.pipeline.settle(scene.now).unwrap();
        assert_eq!(published(&scene), left, "no more leave");
        while scene.pipeline.is_scanning() {
            scene.scan_part();
        }
        scene.catch_up(1_000);
        assert!(scene.pipeline.public().unwrap().into_keys().eq(ids), "{left}");
        assert_eq!(scene.ask_catalog("SELECT COUNT(*) FROM post WHERE arrival > 0"), 0, "none is late: {left}");
    }
}

#[test]
fn news_of_a_folder_do_not_wait_for_all_of_one_that_was_added_before_it() {
    let mut scene = Scene::new();
    another_folder(scene.place.path());
    // The watcher told of it just before it was replaced.
    scene.late();
    let mut settings = with_another(scene.place.path(), "");
    settings.folders.reverse();
    scene.pipeline.reconfigure(settings).unwrap();
    scene.pipeline.begin_scan(|| {}).unwrap();
    while !scene.document("categories/c0/feed.json").contains("\"late\"") {
        scene.scan_part();
    }
    assert_eq!(scene.ask_catalog("SELECT COUNT(*) FROM post WHERE folder = 'more'"), 0, "not even read");
}

#[test]
fn what_begins_anew_does_not_read_again_what_is_unseen() {
    let mut scene = Scene::new();
    another_folder(scene.place.path());
    scene.pipeline.reconfigure(with_another(scene.place.path(), "")).unwrap();
    scan_until(&mut scene, 1_000);
    // Events were lost.
    scene.pipeline.begin_scan(|| {}).unwrap();
    let mut read = 0;
    while scene.pipeline.is_scanning() {
        read += scene.scan_part().read;
    }
    assert_eq!((read, scene.pipeline.counts().unwrap().published), (POSTS as u64 - 1_000, 2 * POSTS as u64));
}

#[test]
fn a_post_that_is_broken_before_it_is_shown_is_rejected() {
    let mut scene = Scene::new();
    another_folder(scene.place.path());
    scene.pipeline.reconfigure(with_another(scene.place.path(), "")).unwrap();
    scan_until(&mut scene, 1_000);
    write_old(scene.place.path(), "more/0.md", "---\ntitle: [broken\n---\nwords\n");
    let look =
        |scene: &mut Scene| scene.pipeline.look(&[(1, "0.md".into())], &[], &|_, _, _| false, scene.now).unwrap();
    look(&mut scene);
    while scene.pipeline.is_scanning() {
        scene.scan_part();
    }
    scene.catch_up(1_000);
    let counts = |scene: &Scene| scene.pipeline.counts().map(|counts| (counts.published, counts.rejected)).unwrap();
    assert_eq!((counts(&scene), scene.pipeline.has_unrendered()), ((2 * POSTS as u64 - 1, 1), false));
    write_old(scene.place.path(), "more/0.md", &post("mended", "[c0]", "Fri, 25 Feb 2022 08:54:46 GMT"));
    look(&mut scene);
    assert_eq!(counts(&scene), (2 * POSTS as u64, 0));
}

#[test]
fn a_scheduled_post_that_is_broken_before_its_time_is_rejected() {
    let mut scene = Scene::new();
    let time = scene.now + TimeDelta::hours(1);
    for text in [post("soon", "[c0]", &time.to_rfc2822()), "---\ntitle: [broken\n---\nwords\n".to_owned()] {
        write_old(scene.place.path(), "posts/soon.md", &text);
        scene.pipeline.look(&[(0, "soon.md".into())], &[], &|_, _, _| false, scene.now).unwrap();
    }
    scene.now = time + TimeDelta::minutes(1);
    scene.pipeline.settle(scene.now).unwrap();
    let counts = scene.pipeline.counts().unwrap();
    assert_eq!((counts.published, counts.scheduled, counts.rejected), (POSTS as u64, 0, 1));
    assert!(!scene.pipeline.has_unrendered());
}

#[test]
fn what_was_missing_for_too_long_is_in_no_document_however_its_parts_come() {
    let mut scene = Scene::new();
    let paths: Vec<_> = (0..POSTS / 4).map(|number| (0, PathBuf::from(format!("{number}.md")))).collect();
    for (_, path) in &paths {
        fs::remove_file(scene.place.path().join("posts").join(path)).unwrap();
    }
    scene.pipeline.look(&paths, &[], &|_, _, _| false, scene.now).unwrap();
    scene.now += TimeDelta::minutes(10);
    let (mut parts, is_due) = (0, |at: Option<i64>, now: DateTime<Utc>| at.is_some_and(|at| at <= now.timestamp()));
    while is_due(scene.pipeline.settle(scene.now).unwrap(), scene.now) {
        parts += 1;
        scene.catch_up(1);
    }
    assert!(scene.catch_up(1_000) < 1_000 && parts > 1);
    let shown = scene.documents();
    scene.restart("one");
    assert_same(&shown, &scene.documents());
}

#[test]
fn a_directory_that_moves_holds_the_same_posts_all_the_while() {
    for on_delete in ["auto", "remove"] {
        let mut scene = Scene::new();
        let posts = scene.place.path().join("posts");
        fs::create_dir(posts.join("old")).unwrap();
        for number in 0..POSTS {
            fs::rename(posts.join(format!("{number}.md")), posts.join(format!("old/{number}.md"))).unwrap();
        }
        let at_once =
            configured(scene.place.path(), "title: one\ndelete_grace: 0s\n", &format!("    on_delete: {on_delete}\n"));
        scene.pipeline.reconfigure(at_once).unwrap();
        scene.scan();
        let ids = scene.pipeline.public().unwrap();
        assert_eq!(ids.len(), POSTS);

        fs::rename(posts.join("old"), posts.join("new")).unwrap();
        let new = |numbers: std::ops::Range<usize>| {
            numbers.map(|number| (0, PathBuf::from(format!("new/{number}.md")))).collect::<Vec<_>>()
        };
        let look = |scene: &mut Scene, paths: &[(usize, PathBuf)], directories: &[(usize, PathBuf)]| {
            let pass = scene.pipeline.look(paths, directories, &|_, _, _| false, scene.now).unwrap();
            assert!(pass.arrived == 0 || on_delete == "remove");
            scene.now += TimeDelta::seconds(1);
            scene.pipeline.settle(scene.now).unwrap();
        };
        look(&mut scene, &new(0..POSTS / 2), &[]);
        assert!(scene.pipeline.public().unwrap().keys().eq(ids.keys()), "before any of them is missed");
        look(&mut scene, &[], &[(0, PathBuf::from("old"))]);
        let mut parts = 1;
        while scene.pipeline.misses() {
            look(&mut scene, &[], &[]);
            parts += 1;
        }
        assert!(parts > 1);
        if on_delete == "auto" {
            assert!(scene.pipeline.public().unwrap().keys().eq(ids.keys()), "half of the folder waits for longer");
        }
        look(&mut scene, &new(POSTS / 2..POSTS), &[]);
        assert!(scene.pipeline.public().unwrap().keys().eq(ids.keys()));
        assert_eq!(scene.pipeline.counts().unwrap().kept, 0);
    }
}

#[test]
fn what_is_kept_goes_once_no_feed_shows_it_and_keeps_nobody_waiting() {
    for way in ["a scan", "a reload", "a restart"] {
        let mut scene = Scene::new();
        for number in 0..8 {
            // A tag of one post has no feed, and of these the last five that arrived are in others.
            let text = post("alone", &format!("[c1, d]\ntags: [only {number}]"), "Tue, 01 Feb 2022 08:54:46 GMT");
            write_old(scene.place.path(), &format!("posts/alone-{number}.md"), &text);
        }
        let keeping = |place: &Path, title: &str| {
            let few = "window: {entries: 5, hours: 0, max_entries: 20}\narchives: off\n";
            configured(place, &format!("title: {title}\n{few}"), "    on_delete: keep\n")
        };
        scene.pipeline.reconfigure(keeping(scene.place.path(), "one")).unwrap();
        scene.scan();
        let ids = |documents: &BTreeMap<PathBuf, String>| -> BTreeSet<String> {
            let feeds = documents.iter().filter(|(path, _)| path.ends_with("feed.json"));
            let items = |text: &String| serde_json::from_str::<serde_json::Value>(text).unwrap()["items"].clone();
            let items = feeds.flat_map(|(_, text)| items(text).as_array().unwrap().clone());
            items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
        };
        let shown = ids(&scene.documents());
        assert!((5 * CATEGORIES..POSTS).contains(&shown.len()), "{}", shown.len());

        let posts = scene.place.path().join("posts");
        fs::remove_dir_all(&posts).unwrap();
        fs::create_dir(&posts).unwrap();
        scene.scan_in_parts();
        assert_eq!(scene.pipeline.public().unwrap().len(), POSTS + 8, "the grace is not over");
        scene.now += TimeDelta::minutes(10);
        match way {
            "a scan" => assert!(scene.scan_in_parts() > POSTS / 100),
            "a reload" => {
                scene.pipeline.reconfigure(keeping(scene.place.path(), "two")).unwrap();
                scene.scan_in_parts();
                assert!(scene.catch_up(1_000) > 2 * POSTS / 100);
            }
            _ => scene.restart_under(|place| keeping(place, "one")),
        }
        scene.catch_up(1_000);
        let kept: BTreeSet<String> = scene.pipeline.public().unwrap().into_keys().collect();
        // A window holds one more than a feed shows, which tells that there are more, and what came last.
        assert!(kept.is_superset(&shown) && kept.len() <= shown.len() + CATEGORIES + 5, "{way}: {}", kept.len());
        let alone = "SELECT COUNT(*) FROM post WHERE gone IS NULL AND title = 'alone'";
        assert_eq!(scene.ask_catalog(alone), 5, "{way}");
        assert_eq!(ids(&scene.documents()), shown, "{way}");
    }
}

#[test]
fn only_what_is_kept_from_some_has_all_wait_for_new_settings() {
    let mut scene = Scene::new();
    another_folder(scene.place.path());
    let all_wait = |scene: &mut Scene, settings: Settings| {
        scene.pipeline.reconfigure(settings).unwrap();
        let waits = scene.pipeline.must_scan_at_once().unwrap();
        scene.scan();
        waits
    };
    let place = scene.place.path().to_owned();
    let named = "title: one\ncategories: {names: {c1: {title: One}}}\n";
    let fed = "title: one\nfeeds: {best: {any: [\"category:c1\"]}}\n";
    for (what, settings, waits) in [
        ("a folder", with_another(&place, ""), false),
        ("a private folder", with_another(&place, "    access: token\n"), true),
        ("one that is public again", with_another(&place, ""), true),
        ("one folder less", settings(&place, "one"), false),
        ("the words of a category", configured(&place, named, ""), false),
        ("a feed", configured(&place, fed, ""), false),
    ] {
        assert_eq!(all_wait(&mut scene, settings), waits, "{what}");
    }
}

#[test]
fn a_file_that_is_being_written_is_not_read_for_new_settings() {
    let mut scene = Scene::new();
    scene.reload("two");
    write(scene.place.path(), "0.md", "half", 99);
    let is_written = |_: usize, path: &Path, _: &Stat| path == Path::new("0.md");
    let mut left = Vec::new();
    while scene.pipeline.is_behind() {
        left.extend(scene.pipeline.catch_up(&is_written, scene.now).unwrap().unsettled);
    }
    assert!(!scene.documents().contains_key(Path::new("categories/c99/feed.json")));

    scene.pipeline.look(&left, &[], &|_, _, _| false, scene.now).unwrap();

    assert!(scene.document("categories/c99/two/feed.json").contains("\"half\""), "read under the new settings");
}

#[test]
fn a_scan_in_parts_finds_what_nothing_told_of() {
    let mut scene = Scene::new();
    let posts = scene.place.path().join("posts");
    let id = |scene: &Scene, title: &str| {
        let feed: serde_json::Value = serde_json::from_str(&scene.document("categories/c99/feed.json")).unwrap();
        let items = feed["items"].as_array().unwrap().clone();
        items.into_iter().find(|item| item["title"] == title).map(|item| item["id"].clone())
    };
    write(scene.place.path(), "newest.md", "newest", 99);
    scene.scan_in_parts();
    let before = id(&scene, "newest").unwrap();
    // Where it is now comes first, and before it are more news than one part has.
    fs::create_dir(posts.join("0")).unwrap();
    fs::rename(posts.join("newest.md"), posts.join("0/z.md")).unwrap();
    for number in 0..POSTS {
        write(scene.place.path(), &format!("0/{number}.md"), &format!("n{number}"), number % CATEGORIES);
    }
    fs::remove_file(posts.join("1.md")).unwrap();

    assert!(scene.scan_in_parts() > 4);

    assert_eq!(id(&scene, "newest").unwrap(), before, "it moved");
    assert_eq!(scene.pipeline.counts().unwrap().published, 2 * POSTS as u64 + 1);
    assert_eq!(
        scene.scan_in_parts(),
        5,
        "three of files, the end of them, and that of the scan: nothing is news any more"
    );
}

#[test]
fn a_name_that_changes_again_leads_on_once_all_is_read() {
    let mut scene = Scene::new();
    for name in ["two", "three"] {
        let aliases = format!("    categories: {{aliases: {{d: one, c1: {name}}}}}\n");
        scene.pipeline.reconfigure(configured(scene.place.path(), "", &aliases)).unwrap();
        scene.scan_in_parts();
        scene.catch_up(1_000);
    }
    for from in ["categories/c1/rss.xml", "categories/two/rss.xml"] {
        let Some(Answer::Moved(to)) = scene.ask(from) else { panic!("{from} leads nowhere") };
        assert_eq!(to, "categories/three/rss.xml");
    }
}
