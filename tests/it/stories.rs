//! What posts do in the feeds when they come, change, move and go.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    process::Stdio,
    time::{Duration, SystemTime},
};

use crate::site::{Site, post, shared};

const DATE: &str = "Fri, 25 Feb 2022 08:54:46 GMT";

#[test]
fn a_post_appears_at_every_level_of_its_category() {
    let site = Site::new().post("a.md", &post("标题", "\n - 社交媒体\n - 知乎", DATE)).start();
    for folder in ["", "categories/%E7%A4%BE%E4%BA%A4%E5%AA%92%E4%BD%93/", "categories/社交媒体/知乎/"] {
        site.shows(folder, &["标题"]);
    }
    let item = site.item("标题");
    assert_eq!(item["date_published"], "2022-02-25T08:54:46Z");
    assert_eq!(item["authors"][0]["name"], "知乎");
    assert!(site.documents().contains_key("categories/社交媒体/知乎/atom.xml"));
    assert_eq!(site.get("categories/%E7%A4%BE%E4%BA%A4%E5%AA%92%E4%BD%93").status, 301);
    assert_eq!(site.get("categories/nothing/rss.xml").status, 404);
    let page = String::from_utf8(site.get("").body).unwrap();
    assert!(page.contains("标题") && page.contains("rel=\"alternate\""));
    let link = item["url"].as_str().unwrap().split("/posts/").nth(1).unwrap().to_owned();
    assert_eq!(site.get(&format!("posts/{link}")).status, 200);
}

#[test]
fn posts_come_change_move_and_go() {
    let site = Site::new()
        .configured("delete_grace: 1s\n")
        .post("a.md", &post("A", "[x]", DATE))
        .post("b.md", &post("B", "[x]", "2022-02-24"))
        .start();
    site.shows("categories/x/", &["A", "B"]);
    let id = site.item("A")["id"].clone();

    site.write("c.md", &post("C", "[x, y]", "2022-03-01"));
    site.shows("", &["C", "A", "B"]).shows("categories/x/y/", &["C"]);
    assert_eq!(site.titles("categories/x/direct/"), Some(vec!["A".into(), "B".into()]));

    site.write("a.md", &post("A edited", "[x]", DATE));
    site.shows("", &["C", "A edited", "B"]);
    assert_eq!(site.item("A edited")["id"], id);
    assert_ne!(site.item("A edited")["date_modified"], site.item("A edited")["date_published"]);

    site.rename("a.md", "deep/moved.md");
    site.until("the old path to be forgotten", || {
        site.status()["posts"]["kept"] == 0 && site.status()["posts"]["published"] == 3
    });
    assert_eq!(site.item("A edited")["id"], id);

    site.remove("deep/moved.md");
    site.shows("", &["C", "B"]);
    site.write("deep/moved.md", &post("A edited", "[x]", DATE));
    site.shows("", &["C", "A edited", "B"]);
    assert_eq!(site.item("A edited")["id"], id, "what comes back keeps its id");

    site.write("b.md", &post("B", "[x]\ndraft: true", "2022-02-24"));
    site.shows("", &["C", "A edited"]);
    assert_eq!(site.status()["posts"]["draft"], 1);
}

#[test]
fn the_last_post_of_a_category_leaves_an_empty_feed() {
    let site = Site::new()
        .configured("delete_grace: 1s\n")
        .post("a.md", &post("A", "[x]", DATE))
        .post("b.md", &post("B", "[y]", DATE))
        .start();
    site.shows("categories/x/", &["A"]);
    site.remove("a.md");
    site.shows("categories/x/", &[]).shows("", &["B"]);
}

#[test]
fn a_bad_post_is_named_and_the_others_are_published() {
    let site =
        Site::new().post("good.md", &post("Good", "[rust]", DATE)).post("bad.md", "---\ntitle: [\n---\n").start();
    site.shows("", &["Good"]);
    let problem = &site.status()["problems"][0];
    assert_eq!((problem["path"].as_str(), problem["status"].as_str()), (Some("bad.md"), Some("rejected")));
    assert!(problem["diagnostics"][0]["help"].is_string() && problem["diagnostics"][0]["line"].is_number());
    assert!(site.log().contains("bad.md:"), "{}", site.log());

    // The last good version stays.
    site.write("good.md", "---\ntitle: {\n---\n");
    site.until("two problems", || site.status()["problems"].as_array().unwrap().len() == 2);
    site.shows("", &["Good"]);
    site.write("good.md", &post("Better", "[rust]", DATE));
    site.shows("", &["Better"]);
}

#[test]
fn a_scheduled_post_comes_out_by_itself() {
    let soon = chrono::Utc::now() + chrono::TimeDelta::seconds(4);
    let later = post("Later", "[x]", &soon.to_rfc3339());
    let site = Site::new().post("now.md", &post("Now", "[x]", DATE)).post("later.md", &later).start();
    assert_eq!(site.status()["posts"]["scheduled"], 1);
    assert_eq!(site.titles(""), Some(vec!["Now".into()]));
    site.shows("", &["Later", "Now"]);
}

#[test]
fn a_post_that_new_settings_schedule_comes_out_by_itself() {
    let soon = chrono::Utc::now() + chrono::TimeDelta::seconds(15);
    let site = Site::new().configured("defaults: {future: publish}\n");
    let site =
        site.post("now.md", &post("Now", "[x]", DATE)).post("later.md", &post("Later", "[x]", &soon.to_rfc3339()));
    for name in ["posts/now.md", "posts/later.md"] {
        // Nobody looks again at what is known by its stat.
        let file = fs::File::options().write(true).open(site.path(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_hours(1)).unwrap();
    }
    let site = site.start();
    site.shows("", &["Later", "Now"]);
    site.configure("defaults: {future: hold}\n");
    site.signal("HUP");
    site.shows("", &["Now"]).shows("", &["Later", "Now"]);
}

/// Deletes everything and writes it again as crawlers do: other pictures, naive dates of now, not atomically.
fn sweep(site: &Site, posts: usize) {
    fs::remove_dir_all(site.path("posts")).unwrap();
    fs::create_dir(site.path("posts")).unwrap();
    write_crawled(site, posts, 1);
}

fn write_crawled(site: &Site, posts: usize, round: usize) {
    for number in 0..posts {
        let stamp = chrono::Utc::now().format("%Y-%m-%d %H:%M:%S").to_string();
        let date = if number % 3 == 0 {
            stamp
        } else {
            format!("2022-02-{:02} 08:00:{:02} +0800", 1 + number % 28, number % 60)
        };
        let text = post(&format!("第{number}篇"), "[社交媒体, 知乎]", &date)
            .replace("author:", &format!("headimg: 'https://pic.example.org/{round}-{number}.jpg'\nauthor:"));
        site.write(&format!("s{}/p{number}.md", number % 4), &text);
    }
}

#[test]
fn a_sweep_of_the_folder_changes_no_byte() {
    let site = Site::new();
    write_crawled(&site, 60, 0);
    let site = site.start();
    site.until("all posts", || site.status()["posts"]["published"] == 60);
    let before = site.documents();
    for _ in 0..2 {
        sweep(&site, 60);
        site.until("all files to be back", || {
            assert!(site.documents() == before, "a feed changed");
            let status = site.status();
            status["posts"]["published"] == 60 && status["posts"]["kept"] == 0
        });
        assert!(site.documents() == before, "a feed changed");
    }
}

#[test]
fn without_its_catalog_everything_is_rebuilt_to_the_same_bytes() {
    let mut site = Site::new();
    for number in 0..30 {
        let date = format!("2022-02-{:02} 08:00", 1 + number % 28);
        site = site.post(&format!("{number}.md"), &post(&format!("P{number}"), "[a, b]", &date));
    }
    site = site.configured("base_url: https://feeds.example.org/\n").start();
    site.until("all posts", || site.status()["posts"]["published"] == 30);
    let before = site.documents();
    let tag = site.get("rss.xml").headers["etag"].clone();

    site.restart();
    assert!(site.documents() == before);
    assert_eq!(site.get("rss.xml").headers["etag"], tag);

    site.stop();
    fs::remove_dir_all(site.path("state")).unwrap();
    site.restart();
    assert!(site.documents() == before);

    site.stop();
    fs::write(site.path("state/catalog.sqlite"), "this is no database, and long enough to be looked at").unwrap();
    site.restart();
    assert!(site.documents() == before);
    assert!(site.log().contains("set aside"), "{}", site.log());
}

#[test]
fn a_renamed_category_leaves_no_stale_files_and_redirects() {
    let mut site = Site::new().post("a.md", &post("A", "[weibo]", DATE)).start();
    site.shows("categories/weibo/", &["A"]);
    site.stop();
    site.configure("    categories:\n      aliases:\n        weibo: 微博\n");
    site.restart();
    site.shows("categories/微博/", &["A"]);
    site.until("no stale files", || !site.path("out/categories/weibo").exists());
    let moved = site.get("categories/weibo/rss.xml");
    assert_eq!(moved.status, 301);
    assert!(moved.headers["location"].ends_with("/categories/%E5%BE%AE%E5%8D%9A/rss.xml"), "{moved:?}");
}

#[test]
fn a_reload_takes_a_good_configuration_and_refuses_a_bad_one() {
    let site = Site::new().post("a.md", &post("A", "[x]", DATE)).start();
    site.configure("titel: New\n");
    site.signal("HUP");
    site.until("a refusal", || site.log().contains("titel"));
    site.configure("title: New\n");
    site.signal("HUP");
    site.until("the new title", || String::from_utf8_lossy(&site.get("rss.xml").body).contains("<title>New</title>"));
}

#[test]
fn it_ends_soon_and_has_published_everything() {
    let mut site = Site::new().start();
    site.write("last.md", &post("Last", "[x]", DATE));
    let (status, took) = site.stop().unwrap();
    assert!(status.success() && took.as_secs() < 2, "{status} after {took:?}");
    site.restart();
    site.shows("", &["Last"]);
}

#[test]
fn a_second_process_and_a_taken_port_are_refused_in_words() {
    let site = Site::new().start();
    let second = site.command("run").args(["--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(second.status.code(), Some(75));
    assert!(String::from_utf8_lossy(&second.stderr).contains("--state"));

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let other = Site::new();
    other.configure("");
    let refused = other.command("run").args(["--listen", &taken]).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(refused.status.code(), Some(74));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--listen"));
}

#[test]
fn conditions_are_honoured() {
    let site = Site::new().post("a.md", &post("A", "[x]", DATE)).start();
    let plain = site.get("rss.xml");
    let (tag, modified) = (&plain.headers["etag"], &plain.headers["last-modified"]);
    assert_eq!(site.request("GET", "rss.xml", &[("If-None-Match", tag)]).status, 304);
    assert_eq!(site.request("GET", "rss.xml", &[("If-None-Match", &format!("\"x\", W/{tag}"))]).status, 304);
    assert_eq!(site.request("GET", "rss.xml", &[("If-Modified-Since", modified)]).status, 304);
    let packed = site.request("GET", "rss.xml", &[("Accept-Encoding", "gzip")]);
    assert_eq!(packed.headers["content-encoding"], "gzip");
    assert_ne!(packed.headers["etag"], *tag);
    assert!(site.request("HEAD", "rss.xml", &[]).body.is_empty());
    assert_eq!(site.request("POST", "rss.xml", &[]).status, 405);
    let browser = site.request("GET", "rss.xml", &[("Sec-Fetch-Dest", "document")]);
    assert_eq!((browser.status, browser.headers["cache-control"].as_str()), (303, "no-store"));
}

#[test]
fn tags_and_authors_have_feeds_from_two_posts_up() {
    let tagged = |title: &str| post(title, "[x]\ntags: [rust]", DATE);
    let site = Site::new().post("a.md", &tagged("A")).post("b.md", &tagged("B").replace("知乎", "Solo")).start();
    site.until("two posts", || site.status()["posts"]["published"] == 2);
    assert_eq!(site.titles("tags/rust/").unwrap().len(), 2);
    assert_eq!(site.get("authors/Solo/rss.xml").status, 404);
    assert!(!site.path("out/tags").exists());
    site.write("c.md", &tagged("C"));
    site.until("a third", || site.titles("tags/rust/").is_some_and(|titles| titles.len() == 3));
}

#[test]
fn the_seed_stands_in_every_feed_of_its_path() {
    let Some(shared) = shared() else { return };
    let seed = fs::read_to_string(shared.join("seed/seed.md")).unwrap();
    let site = Site::new().post("seed.md", &seed).start();
    for folder in ["", "categories/社交媒体/", "categories/社交媒体/知乎/", "categories/社交媒体/知乎/知乎热榜/"]
    {
        assert_eq!(site.titles(folder).unwrap().len(), 1, "{folder}");
    }
    let json: serde_json::Value = serde_json::from_slice(&site.get("feed.json").body).unwrap();
    let item = &json["items"][0];
    assert_eq!(item["date_published"], "2022-02-25T08:54:46Z");
    assert_eq!(item["authors"][0]["name"], "知乎");
    assert_eq!(item["content_html"].as_str().unwrap().matches("referrerpolicy").count(), 3);
    assert!(String::from_utf8(site.get("rss.xml").body).unwrap().contains("<media:thumbnail"));
}

#[test]
fn a_dry_run_says_what_subscribers_would_see_and_writes_nothing() {
    let mut site = Site::new().post("a.md", &post("A", "[x]", DATE)).post("b.md", &post("B", "[x]", DATE)).start();
    site.until("two posts", || site.status()["posts"]["published"] == 2);
    site.stop();
    let before = site.documents();
    site.write("a.md", &post("A edited", "[x]", DATE));
    site.write("b.md", &post("B", "[x]\ndraft: true", DATE));
    site.write("c.md", &post("C", "[x]", DATE));
    let said = site.command("build").arg("--dry-run").output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    for line in ["changed  a.md", "gone     b.md", "new      c.md", "1 new, 1 changed, 1 gone"] {
        assert!(said.contains(line), "{line} in {said}");
    }
    assert!(site.documents() == before);
}

#[test]
fn names_in_both_orders_are_remarked_on() {
    let site = Site::new().post("a.md", &post("A", "[x, y]", DATE)).post("b.md", &post("B", "[y, x]", DATE)).start();
    site.until("a warning", || site.log().contains("set `categories.list: flat`"));
}

#[test]
fn an_empty_folder_has_a_feed() {
    let site = Site::new().start();
    site.shows("", &[]);
    assert_eq!(site.get("").status, 200);
    assert!(site.documents().contains_key("atom.xml"));
    site.write("a.md", &post("A", "[x]", DATE));
    site.shows("", &["A"]);
}

#[test]
fn a_folder_has_a_window_of_its_own() {
    let mut site = Site::new().configured("    window: {entries: 2, hours: 0}\n");
    for day in 1..=5 {
        site = site.post(&format!("{day}.md"), &post(&format!("P{day}"), "[x]", &format!("2022-02-0{day}")));
    }
    site.start().shows("", &["P5", "P4"]).shows("categories/x/", &["P5", "P4"]);
}

#[test]
fn what_is_kept_can_be_forgotten_and_what_is_pinned_refreshed() {
    let pictured =
        |name: &str| post("P", "[x]", DATE).replace("author:", &format!("headimg: https://e.org/{name}.jpg\nauthor:"));
    let site = Site::new().post("gone.md", &post("Gone", "[x]", DATE)).post("p.md", &pictured("old"));
    site.configure("    preset: crawler\n");
    let act = |subcommand: &str, path: &[&str]| {
        assert!(site.command(subcommand).args(path).output().unwrap().status.success(), "{subcommand} {path:?}");
        String::from_utf8(fs::read(site.path("out/rss.xml")).unwrap()).unwrap()
    };
    act("build", &[]);
    site.remove("gone.md");
    assert!(act("build", &[]).contains("Gone"), "a crawler's post is kept");
    assert!(!act("forget", &["posts/gone.md"]).contains("Gone"));
    site.write("p.md", &pictured("new"));
    assert!(act("build", &[]).contains("old.jpg"), "a picture is pinned");
    assert!(act("refresh", &["posts/p.md"]).contains("new.jpg"));
}

#[test]
fn what_is_taken_away_while_it_runs_is_there_again() {
    // Documents name their address, and the port is another one after a restart.
    let mut site = Site::new().configured("base_url: https://e.org/\n").post("a.md", &post("A", "[x]", DATE)).start();
    site.shows("", &["A"]);
    let (before, id) = (site.documents(), site.item("A")["id"].clone());
    fs::rename(site.path("state"), site.path("former state")).unwrap();
    fs::remove_file(site.path("out/atom.xml")).unwrap();
    site.signal("HUP");
    site.until_equal("every document is there", &before, || site.documents());
    site.until("the catalog is there", || site.path("state/catalog.sqlite").exists());
    // In one step: it may just be written to.
    fs::rename(site.path("out"), site.path("gone")).unwrap();
    site.signal("HUP");
    site.until_equal("every document is there again", &before, || site.documents());

    site.stop().unwrap();
    site.restart();
    assert_eq!(site.item("A")["id"], id);
    assert_eq!(site.documents(), before);
}

#[test]
fn after_a_crash_documents_are_compared_and_only_the_altered_are_written() {
    // Documents name their address, and the port is another one after a restart.
    let mut site = Site::new()
        .configured("base_url: https://e.org/\n")
        .post("a.md", &post("A", "[x]", DATE))
        .post("b.md", &post("B", "[x]", "2022-02-24"))
        .start();
    site.shows("categories/x/", &["A", "B"]);
    let (catalog, altered) = (site.path("state/catalog.sqlite"), site.path("out/categories/x/rss.xml"));
    let are_all_known = || {
        let unknown = "SELECT COUNT(*) FROM document WHERE stored AND file IS NULL";
        rusqlite::Connection::open(&catalog).unwrap().query_row(unknown, [], |row| row.get(0)) == Ok(0)
    };
    site.until("all files to be known", are_all_known);
    let standing = site.path("out/rss.xml");
    let inode = || fs::metadata(&standing).unwrap().ino();
    let (before, etag) = (inode(), site.get("rss.xml").headers["etag"].clone());
    let document = fs::read(&altered).unwrap();

    // Which files stand may not be known either, where the system ended as well.
    for is_known in [true, false] {
        site.kill();
        if !is_known {
            let db = rusqlite::Connection::open(&catalog).unwrap();
            assert!(db.execute("UPDATE document SET file = NULL", []).unwrap() > 0);
        }
        fs::write(&altered, document.iter().rev().copied().collect::<Vec<_>>()).unwrap();
        site.launch();
        site.shows("categories/x/", &["A", "B"]);
        site.until("the altered document to be whole", || fs::read(&altered).unwrap() == document);
        site.until("all files to be known", are_all_known);
        assert_eq!(inode(), before, "what stands is not written again");
        assert_eq!(site.get("rss.xml").headers["etag"], etag);
    }
}

#[test]
fn a_document_that_somebody_changed_between_two_runs_is_written_again() {
    // Documents name their address, and the port is another one after a restart.
    let mut site = Site::new().configured("base_url: https://e.org/\n").post("a.md", &post("A", "[x]", DATE)).start();
    site.shows("", &["A"]);
    site.stop().unwrap();
    let before = site.documents();
    let mut spoilt = before["rss.xml"].clone();
    spoilt[100] ^= 1;
    fs::write(site.path("out/rss.xml"), spoilt).unwrap();
    site.restart();
    site.until_equal("every document is what it was", &before, || site.documents());
}

#[test]
fn what_could_not_be_written_is_tried_once_more_at_the_end() {
    let mut site = Site::new().post("a.md", &post("A", "[x]", DATE)).start();
    site.shows("", &["A"]);
    let blocked = site.path("out/rss.xml");
    site.until("every document is written", || blocked.exists());
    fs::remove_file(&blocked).unwrap();
    fs::create_dir(&blocked).unwrap();
    site.write("b.md", &post("B", "[x]", "2022-02-24"));
    site.until("it is said", || site.log().contains("out/rss.xml cannot be written"));
    fs::remove_dir(&blocked).unwrap();

    site.stop().unwrap();

    assert!(fs::read_to_string(&blocked).unwrap().contains("<title>B</title>"));
}
