//! What feeds show no more can be had in their archives (RFC 5005 §4).

use std::collections::BTreeSet;

use crate::site::{Site, post};

/// A site with this many posts of one category, an hour apart. Its address is the same after a restart.
fn with_posts(count: u32) -> Site {
    let site = Site::new().configured("delete_grace: 1s\nbase_url: https://e.org/\n");
    for number in 0..count {
        write(&site, number);
    }
    site.start()
}

fn write(site: &Site, number: u32) {
    let date = format!("2022-02-{:02} {:02}:00:00", 1 + number / 24, number % 24);
    site.write(&format!("{number}.md"), &post(&format!("第{number}篇"), "[社交媒体, 知乎]", &date));
}

/// The address of a document below the root, as its links name it.
fn below(url: &str) -> String {
    url.splitn(4, '/').nth(3).unwrap().to_owned()
}

fn atom(site: &Site, path: &str) -> atom_syndication::Feed {
    let answer = site.get(path);
    assert_eq!(answer.status, 200, "{path}");
    atom_syndication::Feed::read_from(&answer.body[..]).unwrap()
}

fn link(feed: &atom_syndication::Feed, rel: &str) -> Option<String> {
    feed.links().iter().find(|link| link.rel() == rel).map(|link| below(link.href()))
}

fn ids(feed: &atom_syndication::Feed) -> Vec<String> {
    feed.entries().iter().map(|entry| entry.id().to_owned()).collect()
}

/// Follows the archives of a feed back from its current document: each page's path and ids.
fn follow(site: &Site, folder: &str, meanwhile: impl Fn(usize)) -> Vec<(String, Vec<String>)> {
    let mut pages = Vec::new();
    let mut next = link(&atom(site, &format!("{folder}atom.xml")), "prev-archive");
    while let Some(path) = next {
        meanwhile(pages.len());
        let feed = atom(site, &path);
        assert_eq!(link(&feed, "self").as_deref(), Some(&*path));
        assert!(feed.extensions().get("fh").is_some_and(|fh| fh.contains_key("archive")), "{path}");
        next = link(&feed, "prev-archive");
        pages.push((path, ids(&feed)));
    }
    pages
}

#[test]
fn archives_hold_every_post_once_whatever_comes_meanwhile() {
    let site = with_posts(230);
    let folder = "categories/社交媒体/";
    let everything: BTreeSet<String> = follow(&site, folder, |_| {}).into_iter().flat_map(|(_, ids)| ids).collect();
    assert_eq!(everything.len(), 230);

    let pages = follow(&site, folder, |page| {
        let number = 230 + u32::try_from(page).unwrap();
        write(&site, number);
        site.until("the new post", || site.titles(folder).is_some_and(|titles| titles[0] == format!("第{number}篇")));
    });
    assert_eq!(pages.len(), 3);
    let mut seen = BTreeSet::new();
    for id in pages.iter().flat_map(|(_, ids)| ids) {
        assert!(seen.insert(id.clone()), "{id} is on two pages");
    }
    assert!(seen.is_superset(&everything));
    assert_eq!(pages[2].1.len(), 100);

    // The other formats go the same way.
    let current: serde_json::Value = serde_json::from_slice(&site.get(&format!("{folder}feed.json")).body).unwrap();
    let mut next = current["next_url"].as_str().map(below);
    let mut found = BTreeSet::new();
    while let Some(path) = next {
        let page: serde_json::Value = serde_json::from_slice(&site.get(&path).body).unwrap();
        found.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        next = page["next_url"].as_str().map(below);
    }
    assert!(found.is_superset(&seen));
    let rss = String::from_utf8(site.get(&format!("{folder}archive-2/rss.xml")).body).unwrap();
    assert!(rss.contains("<fh:archive") && rss.contains("rel=\"next-archive\"") && rss.contains("rel=\"current\""));
}

#[test]
fn a_page_changes_only_when_a_post_in_it_does() {
    let mut site = with_posts(230);
    let page = |site: &Site, number: u32| site.get(&format!("archive-{number}/rss.xml"));
    let before: Vec<_> = (1..=3).map(|number| page(&site, number)).collect();

    // A post of the second page, by order of publication.
    site.write("150.md", &post("edited", "[社交媒体, 知乎]", "2022-02-01 02:30:00"));
    site.until("the edit", || String::from_utf8(page(&site, 2).body).unwrap().contains("edited"));
    assert_eq!(page(&site, 1).body, before[0].body);
    assert_eq!(page(&site, 3).body, before[2].body);
    assert_eq!(page(&site, 1).headers["etag"], before[0].headers["etag"]);

    // One that goes leaves a gap; one that comes late goes to the end, whatever its date.
    let second = page(&site, 2).body;
    site.remove("10.md");
    site.until("the post to go", || page(&site, 1).body != before[0].body);
    assert_eq!(page(&site, 2).body, second);
    site.write("late.md", &post("late", "[社交媒体, 知乎]", "2022-02-01 00:10:30"));
    site.until("the late post", || String::from_utf8(page(&site, 3).body).unwrap().contains("late"));
    assert_eq!(page(&site, 2).body, second);

    // What comes back, on another day, finds its place; and a restart changes nothing.
    site.write("10.md", &post("第10篇", "[社交媒体, 知乎]", "2022-02-20 00:10:00"));
    site.until("the post to come back", || String::from_utf8(page(&site, 1).body).unwrap().contains("第10篇"));
    assert_eq!(page(&site, 2).body, second);
    let kept: Vec<_> = (1..=3).map(|number| page(&site, number)).collect();
    site.restart();
    for (number, before) in (1..=3).zip(kept) {
        assert_eq!(page(&site, number).body, before.body, "page {number}");
    }
}

#[test]
fn a_feed_that_shows_everything_has_no_archives_and_off_means_off() {
    let site = Site::new().post("a.md", &post("A", "[x]", "2022-02-25")).start();
    site.shows("", &["A"]);
    assert_eq!(link(&atom(&site, "atom.xml"), "prev-archive"), None);
    assert_eq!(site.get("archive-2/atom.xml").status, 404);
    assert_eq!(site.get("archive-0/atom.xml").status, 404);
    assert_eq!(site.get("archive-01/atom.xml").status, 404);
    assert_eq!(site.get("archive-1/").status, 301);

    let site = Site::new().configured("archives: off\nwindow: {entries: 1, hours: 0}\n");
    for number in 0..3 {
        write(&site, number);
    }
    let site = site.start();
    site.shows("", &["第2篇"]);
    assert_eq!(link(&atom(&site, "atom.xml"), "prev-archive"), None);
    assert_eq!(site.get("archive-1/atom.xml").status, 404);
}

#[test]
fn archives_on_disk_are_whole_after_a_stop_in_their_midst() {
    let configuration = "base_url: https://e.org/\narchives: disk\nwindow: {entries: 1, hours: 0}\n";
    let mut site = Site::new().configured(configuration);
    for number in 0..400 {
        write(&site, number);
    }
    site.configure(configuration);
    // As soon as there is a page, and the others are still to be made.
    site.launch();
    let pages = |site: &Site| site.documents().keys().filter(|path| path.contains("archive-")).count();
    site.until("a page", || pages(&site) > 0);
    site.stop();
    site.restart();
    // Four pages in three formats, of all posts, of the category and of the one below it.
    site.until_equal("every page", &36, || pages(&site));
    site.shows("", &["第399篇"]);
}

#[test]
fn archives_on_disk_are_whole_and_up_to_date() {
    let mut site = Site::new().configured("base_url: https://e.org/\narchives: disk\ndelete_grace: 1s\n");
    for number in 0..230 {
        write(&site, number);
    }
    site = site.start();
    let on_disk = |site: &Site| -> BTreeSet<String> {
        let documents = site.documents();
        let mut found = BTreeSet::new();
        let mut next = Some("categories/社交媒体/atom.xml".to_owned());
        while let Some(path) = next {
            let Some(bytes) = documents.get(&path) else { return BTreeSet::new() };
            let feed = atom_syndication::Feed::read_from(&bytes[..]).unwrap();
            found.extend(feed.entries().iter().map(|entry| entry.title().value.clone()));
            next = link(&feed, "prev-archive")
                .map(|path| path.replace("%E7%A4%BE%E4%BA%A4%E5%AA%92%E4%BD%93", "社交媒体"));
        }
        found
    };
    site.until_equal("all posts on disk", &230, || on_disk(&site).len());
    // An edit, a post that goes, and one that comes and begins a page.
    site.write("5.md", &post("edited", "[社交媒体, 知乎]", "2022-02-01 05:00:00"));
    site.until("the edit", || on_disk(&site).contains("edited"));
    site.remove("6.md");
    site.until("the post to go", || !on_disk(&site).contains("第6篇"));
    (230..301).for_each(|number| write(&site, number));
    site.until_equal("all posts on disk", &300, || on_disk(&site).len());
    let page = site.get("archive-4/rss.xml");
    assert_eq!((page.status, &page.body), (200, &site.documents()["archive-4/rss.xml"]));
    // Back and forth: what is made on request only leaves the folder, and comes back whole.
    for (setting, pages) in [("http", false), ("disk", true)] {
        site.configure(&format!("base_url: https://e.org/\narchives: {setting}\n"));
        site.signal("HUP");
        site.until_equal(setting, &pages, || site.documents().keys().any(|path| path.starts_with("archive-")));
        assert_eq!(site.get("archive-1/rss.xml").status, 200);
    }
    site.until_equal("all posts on disk", &300, || on_disk(&site).len());
}

#[test]
fn what_comes_out_from_behind_another_is_on_its_page() {
    let site = Site::new().configured("feeds:\n  merged: {duplicates: fold}\narchives: disk\ndelete_grace: 1s\n");
    for number in 0..230 {
        write(&site, number);
    }
    let twin = |title: &str, date: &str| post(title, "[x]\nlink: https://elsewhere.example/1", date);
    site.write("first.md", &twin("First", "2021-01-01"));
    site.write("second.md", &twin("Second", "2023-01-01"));
    let site = site.start();
    let shown = |title: &str| {
        let pages = site.documents().into_iter().filter(|(path, _)| path.starts_with("feeds/merged/archive-"));
        pages.filter(|(_, bytes)| String::from_utf8_lossy(bytes).contains(&format!("{title}<"))).count() > 0
    };
    site.until("all pages", || shown("First"));
    assert!(!shown("Second"));
    site.write("first.md", &twin("First, alone", "2021-01-01").replace("elsewhere.example/1", "elsewhere.example/2"));
    site.until("the second on its page", || shown("First, alone") && shown("Second"));
    site.write("first.md", &twin("First again", "2021-01-01"));
    site.until("the second hidden again", || shown("First again") && !shown("Second"));
    site.remove("first.md");
    site.until("the second alone", || !shown("First") && shown("Second"));
}
