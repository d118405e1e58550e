//! Stories of posts that come, change, move and go, told to the catalog alone.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use chrono::DateTime;
use tempfile::TempDir;

use super::{
    members::{LAST_ARRIVED, NEWEST},
    *,
};
use crate::{
    bytes::digest,
    config::{self, Folder, OnDelete, PathReuse},
    post::{self, SourceFile},
    watch::Stat,
};

pub(super) struct Story {
    state: TempDir,
    pub(super) catalog: Catalog,
    pub(super) folder: Folder,
    now: i64,
}

impl Story {
    pub(super) fn new() -> Self {
        let mut story = Self::of_a_new_catalog();
        story.catalog.make_durable().unwrap();
        story
    }

    fn of_a_new_catalog() -> Self {
        let state = TempDir::new().unwrap();
        let catalog = Catalog::open(state.path()).unwrap();
        let folder = config::settings_at(state.path()).folders.remove(0);
        Self { state, catalog, folder, now: 1_700_000_000 }
    }

    pub(super) fn batch(&mut self, act: impl FnOnce(&mut Batch<'_>, &Folder)) -> Effects {
        self.now += 1;
        let mut batch = self.catalog.batch(self.now).unwrap();
        act(&mut batch, &self.folder);
        batch.commit().unwrap()
    }

    pub(super) fn see(&mut self, path: &str, text: &str) -> String {
        self.see_together(&[(path, text)]).remove(0)
    }

    /// The ids of posts that are seen in one batch.
    fn see_together(&mut self, posts: &[(&str, &str)]) -> Vec<String> {
        self.batch(|batch, folder| posts.iter().for_each(|(path, text)| Self::see_in(batch, folder, path, text)));
        posts.iter().map(|(path, _)| self.row(path).id.unwrap()).collect()
    }

    fn see_in(batch: &mut Batch<'_>, folder: &Folder, path: &str, text: &str) {
        Self::see_without(batch, folder, path, text, "");
    }

    /// While nothing is at another path any more.
    fn see_without(batch: &mut Batch<'_>, folder: &Folder, path: &str, text: &str, gone: &str) {
        let now = batch.now;
        let modified = DateTime::from_timestamp(now, 0).unwrap();
        let file = SourceFile { path: Path::new(path), bytes: text.as_bytes(), modified };
        let reading = post::read(&file, &folder.read);
        let stat = Stat { size: text.len() as u64, modified: now * 1_000_000_000, changed: 0, inode: 1 };
        let content = digest(text.as_bytes());
        let mut collections = BTreeMap::from([(Key::All, true)]);
        if let post::Outcome::Post(post) = &reading.outcome {
            for path in &post.categories {
                collections
                    .extend((1..=path.len()).map(|depth| (Key::Category(path[..depth].to_vec()), depth == path.len())));
            }
            collections.extend(post.tags.iter().map(|tag| (Key::Tag(tag.clone()), true)));
        }
        let seen = Seen { path: Path::new(path), stat, settled: true, content, reading: &reading, collections };
        batch.see(folder, &seen, &|_, path| path == gone.as_bytes()).unwrap();
    }

    pub(super) fn vanish(&mut self, path: &str) {
        self.batch(|batch, folder| batch.vanish(folder, Path::new(path)).unwrap());
    }

    fn expire(&mut self, seconds: i64) {
        self.now += seconds;
        self.batch(|batch, folder| {
            batch.expire(folder, Some(0), 300, 6 * 3600).unwrap();
        });
    }

    fn row(&self, path: &str) -> Row {
        self.catalog
            .at(&self.folder.read.folder, path.as_bytes())
            .unwrap()
            .unwrap_or_else(|| panic!("no row at {path}"))
    }

    fn public(&self) -> Vec<String> {
        self.catalog
            .public()
            .unwrap()
            .into_values()
            .map(|(path, _)| path)
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect()
    }
}

fn text(title: &str, date: &str, body: &str) -> String {
    format!("---\ntitle: {title}\ndate: {date}\ncategories: [a, b]\n---\n{body}\n")
}

#[test]
fn a_rewrite_with_another_stamp_moves_nothing() {
    let mut story = Story::new();
    let stamp = |story: &Story| DateTime::from_timestamp(story.now, 0).unwrap().format("%Y-%m-%d %H:%M:%S").to_string();
    let first = text("T", &stamp(&story), "words");
    let id = story.see("a.md", &first);
    let before = story.row("a.md");
    story.now += 3600;
    let again = text("T", &stamp(&story), "words");
    assert_eq!(story.see("a.md", &again), id);
    let after = story.row("a.md");
    assert_eq!((after.published, after.updated, after.rendering), (before.published, before.updated, before.rendering));
    // Any other date is followed.
    story.see("a.md", &text("T", "2020-01-01", "words"));
    assert_eq!(story.row("a.md").published, 1_577_836_800);
}

#[test]
fn an_edit_is_dated_by_its_file_and_never_goes_back() {
    let mut story = Story::new();
    story.see("a.md", &text("T", "2020-01-01", "one"));
    let row = story.row("a.md");
    assert_eq!(row.updated, row.published);
    story.see("a.md", &text("T", "2020-01-01", "two"));
    let edited = story.row("a.md").updated;
    assert!(edited > row.updated);
    story.see("a.md", &text("T", "2020-01-01\nupdated: 2020-01-02", "two"));
    assert_eq!(story.row("a.md").updated, edited);
}

#[test]
fn a_move_keeps_the_id_in_either_order() {
    let mut story = Story::new();
    let post = text("T", "2020-01-01", "words");
    let id = story.see("a.md", &post);
    story.vanish("a.md");
    assert_eq!(story.see("b.md", &post), id);
    // The copy first, then the original goes.
    story.see("c.md", &post);
    story.vanish("b.md");
    assert_eq!(story.row("c.md").id.unwrap(), id);
    assert_eq!(story.public(), ["c.md"]);
}

#[test]
fn what_is_seen_at_its_new_place_before_it_is_missed_at_the_old_one_is_itself() {
    let words = |more: &str| text("T", &format!("2020-01-01{more}"), "words");
    for (post, twin) in [(words(""), None), (words("\nid: https://e.org/1"), None), (words(""), Some("twin.md"))] {
        let mut story = Story::new();
        let id = story.see("a.md", &post);
        if let Some(twin) = twin {
            story.see(twin, &post);
        }
        let before = story.public();
        let effects = story.batch(|batch, folder| Story::see_without(batch, folder, "b.md", &post, "a.md"));
        assert_eq!((story.row("b.md").id.unwrap(), effects.arrived), (id, 0), "{post}");
        assert_eq!(effects.notes, []);
        assert_eq!(story.public().len(), before.len(), "{post}");
        // Nothing is missed any more.
        story.vanish("a.md");
        assert_eq!(story.catalog.counts().unwrap().kept, 0);
    }
}

#[test]
fn what_moved_comes_back_as_itself_not_as_its_copy() {
    let mut story = Story::new();
    let words = text("T", "2020-01-01 10:00:00", "words");
    story.see("stays.md", &text("Stays", "2020-01-01 10:00:00", "other words"));
    let id = story.see("a.md", &words);
    // The copy is seen first, and is a post of its own until the original goes.
    assert_ne!(story.see("b/a.md", &words), id);
    story.vanish("a.md");
    assert_eq!(story.row("b/a.md").id.as_ref(), Some(&id));
    story.vanish("b/a.md");
    story.expire(600);
    assert_eq!(story.public(), ["stays.md"]);
    assert_eq!(story.see("b/a.md", &words), id);
    // The same by its text alone, at a third place.
    story.vanish("b/a.md");
    story.expire(600);
    assert_eq!(story.see("c/a.md", &words), id);
}

#[test]
fn one_that_vanishes_alone_goes_after_the_grace_and_comes_back_as_itself() {
    let mut story = Story::new();
    let id = story.see("a.md", &text("A", "2020-01-01", "words"));
    story.see("b.md", &text("B", "2020-01-01", "other"));
    story.vanish("a.md");
    story.expire(100);
    assert_eq!(story.public(), ["a.md", "b.md"]);
    story.expire(300);
    assert_eq!(story.public(), ["b.md"]);
    assert_eq!(story.see("a.md", &text("A", "2020-01-01", "words, edited")), id);
}

#[test]
fn a_grace_is_as_long_as_it_is_however_the_clock_is_set() {
    let mut story = Story::new();
    story.see("a.md", &text("A", "2020-01-01", "words"));
    story.see("b.md", &text("B", "2020-01-01", "other"));
    story.vanish("a.md");
    for set_by in [86_400, -7 * 86_400] {
        story.now += set_by;
        story.batch(|batch, _| batch.shift(set_by).unwrap());
        story.expire(100);
        assert_eq!(story.public(), ["a.md", "b.md"], "set by {set_by}");
    }
    story.expire(100);
    assert_eq!(story.public(), ["b.md"]);
}

#[test]
fn what_cannot_be_written_is_as_it_was() {
    let mut story = Story::new();
    story.see("a.md", &text("A", "2020-01-01", "words"));
    let categories = |catalog: &Catalog| catalog.collections().into_iter().cloned().collect::<Vec<_>>();
    let before = categories(&story.catalog);
    let own = Key::Own("mine".into());
    story.catalog.db.pragma_update(None, "query_only", true).unwrap();
    assert!(story.catalog.found(&own).is_err());
    assert!(before.iter().all(|one| story.catalog.drop_collection(&one.key).is_err()));
    assert_eq!(categories(&story.catalog), before);

    story.catalog.db.pragma_update(None, "query_only", false).unwrap();
    story.catalog.found(&own).unwrap();
    let number = story.catalog.collection(&own).unwrap().number;
    assert!(story.catalog.dirty().unwrap().iter().any(|one| one.collection == number), "its feed is to be made");
    story.catalog.drop_collection(&own).unwrap();
    assert_eq!(categories(&story.catalog), before);
}

#[test]
fn a_catalog_that_is_taken_away_is_put_back() {
    let mut story = Story::new();
    let id = story.see("a.md", &text("A", "2020-01-01", "words"));
    let collections = story.catalog.collections().len();
    assert!(!story.catalog.put_back().unwrap());
    for entry in fs::read_dir(story.state.path()).unwrap() {
        let _ = fs::remove_file(entry.unwrap().path());
    }
    assert!(story.catalog.put_back().unwrap() && !story.catalog.put_back().unwrap());
    assert_eq!(story.row("a.md").id, Some(id.clone()));

    let Story { state, catalog, folder, now } = story;
    drop(catalog);
    let story = Story { catalog: Catalog::open(state.path()).unwrap(), state, folder, now };
    assert_eq!((story.row("a.md").id, story.catalog.collections().len()), (Some(id), collections));
    assert_eq!(story.catalog.notice, None);
}

#[test]
fn many_that_vanish_together_stay() {
    let mut story = Story::new();
    for number in 0..20 {
        story.see(&format!("{number}.md"), &text(&number.to_string(), "2020-01-01", &format!("body {number}")));
    }
    for number in 0..12 {
        story.vanish(&format!("{number}.md"));
    }
    story.expire(0);
    // Some come back; the rest keep the long grace.
    for number in 0..6 {
        story.see(&format!("{number}.md"), &text(&number.to_string(), "2020-01-01", &format!("body {number}")));
    }
    story.expire(3600);
    assert_eq!(story.public().len(), 20);
    story.expire(6 * 3600);
    assert_eq!(story.public().len(), 14);
}

#[test]
fn a_path_that_crawlers_use_again_is_another_post() {
    let mut story = Story::new();
    (story.folder.path_reuse, story.folder.on_delete) = (PathReuse::New, OnDelete::Keep);
    let first = story.see("转发.md", &text("转发", "2020-01-01", "one"));
    assert_eq!(story.see("转发.md", &text("转发", "2020-01-01", "edited")), first, "the same date: an edit");
    let second = story.see("转发.md", &text("转发", "2020-02-02", "another"));
    assert_ne!(second, first);
    assert!(story.catalog.by_id(&first).unwrap().unwrap().is_public(), "the old one is kept");
    assert_eq!(story.see("转发.md", &text("转发", "2020-02-02", "another")), second);
}

#[test]
fn what_is_in_a_category_itself_is_found_without_a_look_at_what_is_below_it() {
    let mut story = Story::new();
    // The first scan is over: what comes now arrives.
    story.batch(|batch, folder| batch.scanned(&folder.read.folder).unwrap());
    for number in 0..40 {
        let below = if number % 4 == 0 { "" } else { ", b" };
        let post = format!(
            "---\ntitle: T{number}\ndate: 2020-01-{:02}\ncategories: [a{below}]\n---\nx\n",
            1 + number * 7 % 30
        );
        story.see(&format!("{number}.md"), &post);
    }
    let a = story.catalog.collection(&Key::Category(vec!["a".into()])).unwrap().number;
    let published = |post: &i64| story.catalog.row(*post).unwrap().unwrap().published;
    for (direct, posts) in [(false, 40), (true, 10)] {
        let all = story.catalog.members(a, direct, 0, 100).unwrap();
        assert_eq!((all.len(), story.catalog.size(a, direct)), (posts, posts as u64));
        assert!(all.is_sorted_by_key(|post| std::cmp::Reverse(published(post))), "newest first");
        assert_eq!(story.catalog.members(a, direct, 5, 3).unwrap(), all[5..8]);
        let window = story.catalog.window(a, direct, 3, 0, 100).unwrap();
        assert_eq!(window[..3], all[..3]);
        let last: Vec<String> = if direct { [36, 32, 28] } else { [39, 38, 37] }.map(|one| format!("{one}.md")).into();
        let path = |post: &i64| String::from_utf8(story.catalog.row(*post).unwrap().unwrap().path).unwrap();
        assert!(last.iter().all(|path_of| window.iter().any(|post| path(post) == *path_of)), "and what came last");
    }
    for sql in NEWEST.into_iter().chain(LAST_ARRIVED) {
        let mut statement = story.catalog.db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let nothing = vec![rusqlite::types::Null; statement.parameter_count()];
        let steps = statement.query_map(rusqlite::params_from_iter(nothing), |row| row.get::<_, String>(3)).unwrap();
        for step in steps.map(Result::unwrap) {
            assert!(!step.contains("SCAN") && !step.contains("TEMP B-TREE"), "{step}: {sql}");
        }
    }
}

#[test]
fn two_posts_with_one_id_are_told_apart() {
    let mut story = Story::new();
    let first = story.see("a.md", &text("A", "2020-01-01\nid: https://e.org/1", "one"));
    assert_eq!(first, "https://e.org/1");
    assert_ne!(story.see("b.md", &text("B", "2020-01-01\nid: https://e.org/1", "two")), first);
}

#[test]
fn a_draft_goes_at_once_and_what_is_scheduled_waits() {
    let mut story = Story::new();
    story.see("a.md", &text("A", "2020-01-01", "one"));
    story.see("a.md", &text("A", "2020-01-01\ndraft: true", "one"));
    assert_eq!(story.row("a.md").state, State::Draft);
    story.see("b.md", &text("B", "2033-01-01", "two"));
    assert_eq!((story.row("b.md").state, story.public().len()), (State::Scheduled, 0));
    story.now = story.catalog.next_due().unwrap().unwrap();
    let folders = [story.folder.clone()];
    story.batch(|batch, _| batch.release(&folders).unwrap());
    assert_eq!(story.public(), ["b.md"]);
}

#[test]
fn a_dropped_batch_leaves_no_trace() {
    let mut story = Story::new();
    let post = text("T", "2020-01-01", "words");
    let reading = {
        let file = SourceFile { path: Path::new("a.md"), bytes: post.as_bytes(), modified: DateTime::UNIX_EPOCH };
        post::read(&file, &story.folder.read)
    };
    let stat = Stat { size: 1, modified: 0, changed: 0, inode: 1 };
    let seen = Seen {
        path: Path::new("a.md"),
        stat,
        settled: true,
        content: [1; 16],
        reading: &reading,
        collections: BTreeMap::new(),
    };
    let mut batch = story.catalog.batch(1).unwrap();
    batch.see(&story.folder, &seen, &|_, _| false).unwrap();
    drop(batch);
    assert_eq!((story.catalog.collections().len(), story.public().len()), (1, 0));
    story.see("a.md", &post);
    assert_eq!(story.catalog.collections().len(), 3);
}

#[test]
fn a_catalog_is_locked_set_aside_when_damaged_and_refused_when_newer() {
    let story = Story::new();
    assert!(matches!(Catalog::open(story.state.path()), Err(CatalogError::InUse(_))));
    let Story { state, catalog, .. } = story;
    catalog.db.pragma_update(None, "user_version", 99).unwrap();
    drop(catalog);
    let newer = Catalog::open(state.path()).unwrap_err();
    assert!(matches!(newer, CatalogError::Newer { found: 99, .. }), "{newer}");
    fs::write(state.path().join("catalog.sqlite"), vec![b'x'; 8192]).unwrap();
    let _ = fs::remove_file(state.path().join("catalog.sqlite-wal"));
    let rebuilt = Catalog::open(state.path()).unwrap();
    assert!(rebuilt.notice.unwrap().contains("broken-1"));
    assert!(state.path().join("catalog.broken-1").exists());
}

#[test]
fn a_catalog_whose_tables_are_others_is_set_aside() {
    for damage in [
        "ALTER TABLE collection RENAME COLUMN direct_size TO direct_sise",
        "DROP TABLE member",
        "ALTER TABLE post RENAME TO pest",
        "PRAGMA user_version = 2",
    ] {
        let Story { state, catalog, .. } = Story::new();
        catalog.db.execute_batch(damage).unwrap();
        drop(catalog);
        let used = Catalog::open(state.path()).and_then(|mut catalog| {
            match catalog.window(1, false, 1, 1, 1).and_then(|_| catalog.candidate(1)) {
                Err(error) if error.is_damage() => catalog.start_over().map(|()| catalog),
                found => found.map(|_| catalog),
            }
        });
        assert!(used.unwrap().notice.unwrap().contains("set aside"), "{damage}");
    }
}

#[test]
fn a_catalog_that_cannot_be_opened_again_is_not_taken_for_damaged() {
    let mut story = Story::new();
    let id = story.see("a.md", &dated("a", 1));
    let (state, away) = (story.state.path().to_owned(), story.state.path().with_extension("away"));
    fs::rename(&state, &away).unwrap();
    fs::write(&state, "no folder").unwrap();
    assert!(story.catalog.reopen().is_err());
    // What is asked of it now finds no table.
    assert!(story.catalog.public().unwrap_err().is_damage() && !story.catalog.is_open());
    fs::remove_file(&state).unwrap();
    fs::rename(&away, &state).unwrap();
    story.catalog.reopen().unwrap();
    assert!(story.catalog.is_open());
    assert_eq!(story.row("a.md").id, Some(id));
}

#[test]
fn a_post_keeps_its_number_in_an_archive() {
    let mut story = Story::new();
    for (name, day) in [("c.md", 3), ("a.md", 1), ("b.md", 2)] {
        story.see(name, &dated(name, day));
    }
    let all = story.catalog.collection(&Key::All).unwrap().number;
    assert_eq!((story.catalog.size(all, false), story.catalog.archive_pages(all, false).unwrap()), (3, 1));
    story.catalog.begin_archive(all, false).unwrap();
    // Older than the others, and edited later: in the order of coming.
    story.see("d.md", &dated("d", 0));
    story.see("a.md", &dated("a, edited", 9));
    story.vanish("c.md");
    story.expire(301);
    assert_eq!(story.catalog.size(all, false), 3);
    assert_eq!(story.numbers(all), ["a.md", "b.md", "c.md", "d.md"]);
    let page = story.catalog.archive_page(all, false, 1).unwrap();
    assert_eq!(page.len(), 3);
    story.see("c.md", &dated("c.md", 3));
    assert_eq!(story.catalog.archive_page(all, false, 1).unwrap().len(), 4);
    assert_eq!(story.numbers(all).len(), 4);
    assert!(story.catalog.archive_page(all, false, 2).unwrap().is_empty());

    // A byte on the disk that SQLite takes for another time.
    let altered = "UPDATE member SET published = published + 7 WHERE collection = ? AND post = 1";
    assert_eq!(story.catalog.db.execute(altered, [all]).unwrap(), 1);
    assert_eq!(story.catalog.archive_page(all, false, 1).unwrap().len(), 4);
}

/// A post of a day of January 2020.
fn dated(title: &str, day: u32) -> String {
    format!("---\ntitle: {title}\ndate: 2020-01-{:02}\ncategories: x\n---\ntext\n", day + 1)
}

impl Story {
    /// The paths of an archive's posts, by number.
    fn numbers(&self, collection: i64) -> Vec<String> {
        let sql = "SELECT CAST(path AS TEXT) FROM archive JOIN post USING (post) WHERE collection = ? ORDER BY number";
        let mut statement = self.catalog.db.prepare(sql).unwrap();
        statement.query_map([collection], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }
}

#[test]
fn what_is_read_unseen_is_shown_together_the_newest_first() {
    let mut story = Story::new();
    let folder = story.folder.read.folder.clone();
    let show = |story: &mut Story, most| {
        let mut shown = 0;
        story.batch(|batch, folder| shown = batch.show_unseen(folder, most).unwrap());
        shown
    };
    story.catalog.begin_unseen(&folder).unwrap();
    let days = ["2020-01-01", "2020-01-03", "2020-01-02"];
    for (path, day) in ["a.md", "b.md", "c.md"].into_iter().zip(days) {
        story.see(path, &text(path, day, path));
    }
    story.see("draft.md", &text("D", "2020-01-05\ndraft: true", "words"));
    story.see("expired.md", &text("E", "2020-01-04\nexpiryDate: 2023-11-14T22:13:50Z", "words"));
    let id = story.row("a.md").id.unwrap();
    story.vanish("a.md");
    assert_eq!(story.see("a.md", &text("a.md", "2020-01-01", "a.md")), id, "it was taken away and came back");
    let all = story.catalog.collection(&Key::All).unwrap().number;
    assert_eq!((story.public(), story.catalog.size(all, false)), (Vec::new(), 0));
    assert_eq!(story.catalog.counts().unwrap(), Counts { draft: 1, ..Counts::default() });
    assert!(story.catalog.members(all, false, 0, 9).unwrap().is_empty() && !story.catalog.is_indexing().unwrap());
    assert!(!story.catalog.was_scanned(&folder).unwrap());

    story.now += 3600;
    assert_eq!((show(&mut story, 2), story.public()), (2, vec!["b.md".to_owned()]), "the newest has expired");
    story.see("b.md", &text("b.md", "2020-01-03", "edited"));
    assert_eq!(story.public(), ["b.md"], "what was shown stays");
    assert_eq!((show(&mut story, 9), show(&mut story, 9)), (2, 0));
    assert_eq!(story.public(), ["a.md", "b.md", "c.md"]);
    assert_eq!((story.catalog.size(all, false), story.row("c.md").arrival), (3, Some(0)), "none is late");
    assert_eq!(story.catalog.counts().unwrap(), Counts { published: 3, draft: 2, ..Counts::default() });

    story.batch(|batch, folder| batch.scanned(&folder.read.folder).unwrap());
    story.catalog.begin_unseen(&folder).unwrap();
    story.see("late.md", &text("L", "2020-01-01", "words"));
    assert_eq!((story.public().len(), story.row("late.md").arrival), (4, Some(1)));
}

#[test]
fn a_post_of_a_folder_that_is_no_more_is_the_same_where_it_is_found() {
    for (claim, body) in [("", "same"), ("\nid: 'tag:a.example,2020:a'", "edited")] {
        let mut story = Story::new();
        let id = story.see("a.md", &text("A", &format!("2020-01-01{claim}"), "same"));
        story.folder.read.folder = "other".into();
        let again = text("A", &format!("2020-01-01{claim}"), body);
        assert_ne!(Story::new().see("b.md", &again) == id, claim.is_empty());
        story.catalog.set_folders(&["other"]).unwrap();
        assert_eq!(story.see("b.md", &again), id);
        assert_eq!(story.public(), ["b.md"]);
        story.catalog.set_folders(&["other"]).unwrap();
        assert!(story.catalog.former_folders().is_empty());
    }
}

#[test]
fn what_is_due_in_a_folder_that_is_no_more_is_gone() {
    let mut story = Story::new();
    let expires = DateTime::from_timestamp(story.now + 100, 0).unwrap().to_rfc3339();
    story.see("a.md", &text("A", &format!("2020-01-01\nexpiryDate: {expires}"), "words"));
    story.see("b.md", &text("B", "2020-01-01", "words"));
    assert!(story.catalog.next_due().unwrap().is_some());
    story.now += 200;
    story.batch(|batch, _| batch.release(&[]).unwrap());
    assert_eq!((story.catalog.next_due().unwrap(), story.public()), (None, vec!["b.md".to_owned()]));
}

#[test]
fn a_copy_that_is_shown_is_not_taken_away_for_what_is_not() {
    let mut story = Story::new();
    let folder = story.folder.read.folder.clone();
    story.catalog.begin_unseen(&folder).unwrap();
    let same = text("A", "2020-01-01", "same");
    story.see_together(&[("a.md", &same), ("b.md", &same)]);
    story.batch(|batch, folder| _ = batch.show_unseen(folder, 1).unwrap());
    let shown = story.public();
    let id = story.row(&shown[0]).id;
    story.vanish(if shown[0] == "a.md" { "b.md" } else { "a.md" });
    assert_eq!((story.row(&shown[0]).id, story.public()), (id, shown));
}

#[test]
fn titles_of_the_first_scan_wait_and_later_ones_do_not() {
    let mut story = Story::new();
    let post = |title: &str| format!("---\ntitle: '{title}'\ndate: 2023-01-01\n---\ntext\n");
    let found = |story: &Story, query: &str| story.catalog.find(&Query::new(query), 0, 10).unwrap().total;
    story.see("a.md", &post("第一篇 Apples"));
    story.see("b.md", &post("第二篇"));
    assert_eq!(story.catalog.indexing().unwrap(), Progress { waiting: 2, posts: 2 });
    assert_eq!(found(&story, "一篇"), 0);
    assert_eq!((story.catalog.index_titles(1).unwrap(), found(&story, "apples")), (1, 1));
    assert_eq!((story.catalog.index_titles(9).unwrap(), found(&story, "二篇")), (1, 1));
    assert_eq!((story.catalog.index_titles(9).unwrap(), story.catalog.is_indexing().unwrap()), (0, false));

    story.batch(|batch, folder| batch.scanned(&folder.read.folder).unwrap());
    story.see("c.md", &post("第三篇"));
    assert_eq!((found(&story, "三篇"), found(&story, "第")), (1, 3));
    story.see("a.md", &post("Pears"));
    assert_eq!((found(&story, "apples"), found(&story, "pears"), found(&story, "pear")), (0, 1, 1));
    story.see("b.md", &post("第二篇").replace("---\ntext", "draft: true\n---\ntext"));
    assert_eq!(found(&story, "二篇"), 0);
    story.folder.on_delete = OnDelete::Remove;
    story.vanish("c.md");
    assert_eq!(found(&story, "三篇"), 0);
}

#[test]
fn texts_wait_only_where_they_are_searched_and_finds_come_newest_first() {
    let mut story = Story::new();
    let post = |day: u32| format!("---\ntitle: Post {day}\ndate: 2023-01-{day:02}\n---\n量子纠缠\n");
    story.see("2.md", &post(2));
    story.catalog.search_in(crate::config::Search::Text).unwrap();
    story.see("1.md", &post(1));
    story.see("3.md", &post(3));
    let rows = story.catalog.texts_waiting(10).unwrap();
    assert_eq!(rows.len(), 3);
    story.catalog.keep_texts(&rows.iter().map(|row| (row.post, "量子纠缠".to_owned())).collect::<Vec<_>>()).unwrap();
    let find = |story: &Story, skip, most| {
        let found = story.catalog.find(&Query::new("纠缠"), skip, most).unwrap();
        let title = |post: &i64| story.catalog.row(*post).unwrap().unwrap().title;
        (found.total, found.posts.iter().map(title).collect::<Vec<_>>())
    };
    let titles = |titles: &[&str]| titles.iter().map(|title| (*title).to_owned()).collect::<Vec<_>>();
    assert_eq!(find(&story, 0, 2), (3, titles(&["Post 3", "Post 2"])));
    assert_eq!(find(&story, 2, 2), (3, titles(&["Post 1"])));
    assert!(!story.catalog.texts_waiting(10).unwrap().iter().any(|row| row.title.starts_with("Post")));
    story.catalog.search_in(crate::config::Search::Titles).unwrap();
    assert_eq!(find(&story, 0, 2).0, 0);
}

#[test]
fn an_entry_that_is_not_what_was_kept_is_forgotten() {
    let mut story = Story::new();
    let fragments = |json: &str| {
        let form = |name: &str| format!("<{name}/>").into();
        let html = Some("<p>html</p>".into());
        crate::feed::Fragments::of([form("rss"), form("atom"), form(json)], html)
    };
    let entry = |json: &str| StoredEntry::new([1; 16], fragments(json), Vec::new(), Vec::new());
    let read = |story: &Story| {
        let kept = story.catalog.kept_entry(7).unwrap();
        kept.map(|kept| story.catalog.fragments(7, &kept)).transpose()
    };
    for json in ["json", "other"] {
        story.catalog.keep(&[(7, entry(json))], &[], true, &[]).unwrap();
        assert_eq!(read(&story).unwrap(), Some(Arc::new(fragments(json))));
    }
    story.catalog.entries.take();
    assert_eq!(read(&story).unwrap(), Some(Arc::new(fragments("other"))), "from the disk");

    story.catalog.entries.take();
    story.catalog.db.execute("UPDATE entry SET json = '<jsom/>' WHERE post = 7", []).unwrap();
    {
        let _reading = story.catalog.reading().unwrap();
        assert!(matches!(read(&story), Err(CatalogError::Altered { post: 7 })));
    }
    assert_eq!(read(&story).unwrap(), None, "the next time it is rendered again");
}

#[test]
fn what_comes_and_goes_in_one_batch_is_counted() {
    let mut story = Story::new();
    story.see("before.md", "---\ntitle: Before\n---\ntext\n");
    story.batch(|batch, folder| {
        Story::see_in(batch, folder, "a.md", "---\ntitle: A\n---\na\n");
        Story::see_in(batch, folder, "draft.md", "---\ntitle: D\ndraft: true\n---\nd\n");
        batch.vanish(folder, Path::new("draft.md")).unwrap();
        batch.vanish(folder, Path::new("a.md")).unwrap();
        batch.vanish(folder, Path::new("before.md")).unwrap();
        Story::see_in(batch, folder, "b.md", "---\ntitle: B\n---\nb\n");
        Story::see_in(batch, folder, "no-post.md", "---\ntitle: [\n---\nc\n");
        Story::see_in(batch, folder, "a.md", "---\ntitle: A\n---\nanother\n");
    });
    let counts = Counts { published: 3, kept: 1, rejected: 1, ..Counts::default() };
    assert_eq!(story.catalog.counts().unwrap(), counts);
    let counted = |sql: &str| {
        let mut statement = story.catalog.db.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.collect::<rusqlite::Result<Vec<(String, bool, u64)>>>().unwrap()
    };
    assert_eq!(
        counted("SELECT state, missing, posts FROM tally WHERE posts <> 0 ORDER BY 1, 2"),
        counted("SELECT state, missing IS NOT NULL, COUNT(*) FROM post WHERE gone IS NULL GROUP BY 1, 2")
    );
}

#[test]
fn a_long_log_is_moved_into_the_database_while_a_pass_goes_on() {
    let Story { state, catalog, .. } = Story::new();
    catalog.close().unwrap();
    let bytes = |name: &str| std::fs::metadata(state.path().join(name)).map_or(0, |file| file.len());
    let (small, long) = (1 << 20, 17 << 20);
    assert!(bytes("catalog.sqlite") < small && bytes("catalog.sum") > 0);

    let mut catalog = Catalog::open(state.path()).unwrap();
    let entry = |post: i64| {
        let html = format!("<p>{}</p>", post.to_string().repeat(1 << 20));
        let forms = ["rss", "atom", "json"].map(Into::into);
        StoredEntry::new([1; 16], crate::feed::Fragments::of(forms, Some(html.into())), Vec::new(), Vec::new())
    };
    for post in 0..9 {
        catalog.keep(&[(post, entry(post)), (post + 10, entry(post + 10))], &[], true, &[]).unwrap();
        catalog.make_durable().unwrap();
    }
    catalog.log.rest();
    assert_eq!(bytes("catalog.sum"), 0, "gone before the database is written to");
    assert!(bytes("catalog.sqlite") > long && catalog.log_bytes() > long);
    // As a kill does, this moves nothing more.
    drop(catalog);
    let catalog = Catalog::open(state.path()).unwrap();
    for post in (0..9).chain(10..19) {
        let kept = catalog.kept_entry(post).unwrap().unwrap();
        assert_eq!(catalog.fragments(post, &kept).unwrap(), entry(post).fragments);
    }
    assert!(catalog.notice.is_none());
}

#[test]
fn the_file_of_a_log_that_was_moved_is_written_over() {
    let Story { state, mut catalog, .. } = Story::new();
    let file = state.path().join("catalog.sqlite-wal");
    let length = || fs::metadata(&file).unwrap().len();
    let write = |catalog: &mut Catalog, bytes: usize| catalog.set_fact("much", vec![7_u8; bytes]).unwrap();
    write(&mut catalog, 1 << 20);
    let (kept, written) = (length(), catalog.log_bytes());
    assert!(kept >= written && written > 1 << 20);
    for bytes in [1_000, 2_000] {
        assert!(catalog.checkpoint().unwrap());
        assert_eq!(catalog.log_bytes(), 0);
        write(&mut catalog, bytes);
        assert_eq!(length(), kept);
        assert!((1..written / 10).contains(&catalog.log_bytes()));
    }
    // As a kill does, this moves nothing: what lay in the file before is not taken for what is in the log.
    drop(catalog);
    let mut catalog = Catalog::open(state.path()).unwrap();
    assert_eq!(catalog.fact::<Vec<u8>>("much").unwrap().unwrap().len(), 2_000);
    // One that was longer is cut with what is written next.
    write(&mut catalog, 20 << 20);
    assert!(catalog.checkpoint().unwrap() && length() > 20 << 20);
    write(&mut catalog, 1_000);
    assert_eq!(length(), 8 << 20);
    catalog.close().unwrap();
    assert!(!file.exists());
}

#[test]
fn what_changes_nothing_is_not_written() {
    let mut story = Story::new();
    story.see("a.md", "---\ntitle: A\n---\ntext\n");
    story.batch(|batch, folder| batch.scanned(&folder.read.folder).unwrap());
    story.catalog.checkpoint().unwrap();
    assert_eq!(story.catalog.log_bytes(), 0);

    // As a scan does over a folder that is as it was; each write would wait for the disk.
    let name = story.folder.read.folder.clone();
    story.catalog.set_folders(&[&name]).unwrap();
    assert!(story.catalog.former_folders().is_empty());
    story.batch(|batch, _| batch.scanned(&name).unwrap());
    story.batch(|batch, _| batch.clear_tombstones().unwrap());

    assert_eq!(story.catalog.log_bytes(), 0);
}

#[test]
fn collections_of_two_catalogs_are_never_taken_for_each_other() {
    let mut story = Story::new();
    let empty = story.catalog.collections_version();
    story.see("a.md", "---\ntitle: A\ncategories: c\n---\ntext\n");
    let made = story.catalog.collections_version();
    story.see("b.md", "---\ntitle: B\ncategories: c\n---\ntext\n");
    assert_eq!(story.catalog.collections_version(), made, "no collection is new");
    story.see("c.md", "---\ntitle: C\ncategories: c\ntags: t\n---\ntext\n");
    let tagged = story.catalog.collections_version();
    assert!(tagged != made && tagged.has_tree_of(made));
    let new = |since| story.catalog.collections_since(since).into_iter().map(|one| one.key.clone()).collect::<Vec<_>>();
    assert_eq!(new(Some(made)), [Key::Tag("t".into())]);
    assert_eq!(new(Some(tagged)), []);
    // That of all posts is there from the start.
    assert_eq!(new(Some(empty)), new(None)[1..]);
    assert_eq!(new(None)[0], Key::All);
    story.catalog.reopen().unwrap();
    let reopened = story.catalog.collections_version();
    assert!(empty != made && made != reopened && reopened != empty);
    assert_ne!(Story::new().catalog.collections_version(), empty);
}

#[test]
fn no_two_posts_of_a_first_scan_get_one_id() {
    let own = "---\ntitle: B\n---\nb\n";
    let of_b = Story::new().see("b.md", own);
    let claims = format!("---\ntitle: A\nid: '{of_b}'\n---\na\n");
    for posts in [[("a.md", claims.as_str()), ("b.md", own)], [("b.md", own), ("c.md", claims.as_str())]] {
        let mut story = Story::new();
        let ids = story.see_together(&posts);
        assert_eq!(ids[0], of_b, "who comes first keeps it");
        assert_ne!(ids[1], of_b);
        assert_eq!(story.public().len(), 2);
    }
}

#[test]
fn what_the_log_cannot_carry_to_the_disk_gets_into_the_database() {
    let mut story = Story::new();
    story.catalog.make_durable().unwrap();
    let log = story.state.path().join("catalog.sqlite-wal");
    story.see("a.md", "---\ntitle: A\n---\ntext\n");
    story.catalog.make_durable().unwrap();
    assert!(std::fs::metadata(&log).unwrap().len() > 0, "the log is enough");

    // As if the disk refused it: it cannot even be opened.
    std::fs::rename(&log, story.state.path().join("elsewhere")).unwrap();
    let id = story.see("b.md", "---\ntitle: B\n---\ntext\n");
    story.catalog.make_durable().unwrap();

    let copy = story.state.path().join("copy.sqlite");
    std::fs::copy(story.state.path().join("catalog.sqlite"), &copy).unwrap();
    let found =
        rusqlite::Connection::open(copy)
            .unwrap()
            .query_row("SELECT id FROM post WHERE title = 'B'", [], |row| row.get(0));
    assert_eq!(found, Ok(id), "without a log");
}

#[test]
fn what_is_no_batch_waits_for_the_disk_once_there_is_a_log() {
    let (mut story, off, full) = (Story::of_a_new_catalog(), 0, 2);
    for waits in [off, full] {
        let found =
            |story: &Story| story.catalog.db.query_row("PRAGMA synchronous", [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(found(&story), waits);
        story.see("a.md", "---\ntitle: A\n---\ntext\n");
        assert_eq!(found(&story), waits, "after a commit");

        let mut batch = story.catalog.batch(story.now).unwrap();
        assert!(batch.refresh(&story.folder, Path::new("a.md")).unwrap());
        drop(batch);
        assert_eq!(found(&story), waits, "after a batch that was given up");
        assert!(story.catalog.db.is_autocommit());
        story.catalog.make_durable().unwrap();
    }
}

#[test]
fn a_text_whose_digest_is_not_known_is_no_edit() {
    let mut story = Story::new();
    story.folder.volatile.image = true;
    let post = |image: u8, words: &str| {
        let date = "2020-01-01";
        format!("---\ntitle: A\ndate: {date}\nimage: https://p.example/{image}.jpg\n---\n{words}\n")
    };
    story.see("a.md", &post(1, "words"));
    // As the step leaves it that made all digests anew.
    story.catalog.db.execute("UPDATE post SET digest = zeroblob(16)", []).unwrap();
    let before = story.row("a.md");
    for (words, is_edited) in [("words", false), ("others", true)] {
        story.now += 1_000;
        story.see("a.md", &post(2, words));
        let row = story.row("a.md");
        assert_eq!((row.updated != before.updated, row.image != before.image), (is_edited, is_edited), "{words}");
        assert_eq!(row.id, before.id);
    }
}

#[test]
fn a_new_catalog_is_kept_once_all_of_it_is_durable() {
    type Deed = fn(&mut Story);
    let deeds: [(&str, Deed, bool); 6] = [
        ("nothing", |_| {}, false),
        ("durable", |story| story.catalog.make_durable().unwrap(), true),
        ("the log is moved away", |story| assert!(story.catalog.checkpoint().unwrap()), true),
        (
            "taken away and put back",
            |story| {
                fs::remove_file(story.catalog.file()).unwrap();
                assert!(story.catalog.put_back().unwrap());
            },
            true,
        ),
        ("opened again", |story| story.catalog.reopen().unwrap(), false),
        (
            "the disk refuses it",
            |story| {
                story.catalog.log.wait().unwrap();
                let (file, away) = (story.catalog.file().to_owned(), story.catalog.file().with_extension("away"));
                fs::rename(&file, &away).unwrap();
                assert!(story.catalog.make_durable().is_err());
                fs::rename(&away, &file).unwrap();
                assert!(story.catalog.make_durable().is_err(), "who asks again is not told of what was lost");
            },
            false,
        ),
    ];
    for (what, deed, is_kept) in deeds {
        let mut story = Story::of_a_new_catalog();
        story.see("a.md", "---\ntitle: A\ncategories: c\n---\ntext\n");
        assert!(!story.state.path().join("catalog.sqlite-wal").exists(), "{what}");
        deed(&mut story);
        // As a kill does, this writes nothing.
        let Story { state, catalog, folder, now } = story;
        drop(catalog);
        let story = Story { catalog: Catalog::open(state.path()).unwrap(), state, folder, now };
        assert_eq!(story.public(), if is_kept { vec!["a.md"] } else { Vec::new() }, "{what}");
        assert_eq!(story.catalog.collections().len(), if is_kept { 2 } else { 1 }, "{what}");
        assert_eq!(story.catalog.notice, None, "{what}");
    }
}
