//! What becomes of posts when the configuration changes under them.

use std::fs;

use crate::site::{Site, post};

const DATE: &str = "Fri, 25 Feb 2022 08:54:46 GMT";

/// A configuration with posts folders of one's own.
fn configure(site: &Site, folders: &str, more: &str) {
    let text = format!("output: out\nstate: state\ndelete_grace: 1s\n{more}posts:\n{folders}");
    fs::write(site.path("feedwright.yaml"), text).unwrap();
}

fn write(site: &Site, path: &str, text: &str) {
    fs::create_dir_all(site.path(path).parent().unwrap()).unwrap();
    fs::write(site.path(path), text).unwrap();
}

#[test]
fn a_folder_that_left_is_gone_and_one_that_is_called_otherwise_keeps_its_ids() {
    let site = Site::new().post("a.md", &post("A", "[x]", DATE)).start();
    let id = site.item("A")["id"].clone();
    let future = (chrono::Utc::now() + chrono::TimeDelta::days(1)).to_rfc3339();
    write(&site, "other/b.md", &post("B", "[y]", "2022-02-24"));
    write(&site, "other/later.md", &post("Later", "[y]", &future));
    configure(&site, "  - {path: posts, name: one, timezone: UTC}\n  - {path: other, name: two, timezone: UTC}\n", "");
    site.signal("HUP");
    site.shows("", &["A", "B"]);
    assert_eq!(site.item("A")["id"], id, "only the folder's name is another one");

    configure(&site, "  - {path: posts, name: one, timezone: UTC}\n", "");
    site.signal("HUP");
    site.shows("", &["A"]).shows("categories/y/", &[]);
    assert_eq!(site.status()["posts"]["scheduled"], 0);
    configure(&site, "  - {path: posts, name: one, timezone: UTC}\n  - {path: other, name: two, timezone: UTC}\n", "");
    site.signal("HUP");
    site.shows("", &["A", "B"]);
}

#[test]
fn a_displaced_post_that_comes_back_elsewhere_is_one_post() {
    let crawled = |title: &str, text: &str, date: &str| post(title, "[x]", date).replace("的正文", text);
    let first = crawled("转发", "first", "2022-02-25 08:00:00 +0800");
    let site = Site::new().configured("    preset: crawler\n").post("转发.md", &first).start();
    site.shows("", &["转发"]);
    let id = site.item("转发")["id"].clone();
    site.write("转发.md", &crawled("转发", "second", "2022-03-25 08:00:00 +0800"));
    site.shows("", &["转发", "转发"]);
    site.write("elsewhere.md", &first);
    site.until("it to be found", || site.status()["posts"]["kept"] == 0);
    site.shows("", &["转发", "转发"]);
    let feed: serde_json::Value = serde_json::from_slice(&site.get("feed.json").body).unwrap();
    assert_eq!(feed["items"][1]["id"], id);
}

#[test]
fn the_slug_of_a_category_is_not_the_address_of_one_that_is_called_so() {
    let site = Site::new()
        .configured("categories: {names: {社交媒体: {slug: social}}}\n")
        .post("a.md", &post("A", "[社交媒体]", DATE))
        .post("b.md", &post("B", "[social]", "2022-02-24"))
        .start();
    site.shows("categories/social/", &["A"]).shows("", &["A", "B"]);
    let list = String::from_utf8(site.get("opml.xml").body).unwrap();
    let other = list.split("/categories/social-").nth(1).expect("an address of its own").split('/').next().unwrap();
    site.shows(&format!("categories/social-{other}/"), &["B"]);
}

#[test]
fn on_delete_remove_takes_out_what_was_kept_before() {
    let site = Site::new()
        .configured("    on_delete: keep\n")
        .post("a.md", &post("A", "[x]", DATE))
        .post("b.md", &post("B", "[x]", "2022-02-24"))
        .start();
    site.shows("", &["A", "B"]);
    site.remove("b.md");
    site.until("it to be missed", || site.status()["posts"]["kept"] == 1);
    site.configure("    on_delete: remove\n");
    site.signal("HUP");
    site.shows("", &["A"]);
}

#[test]
fn what_nobody_may_read_yet_shows_in_no_list() {
    let soon = (chrono::Utc::now() + chrono::TimeDelta::seconds(6)).to_rfc3339();
    let site = Site::new()
        .post("a.md", &post("A", "[x]", DATE))
        .post("draft.md", &post("Draft", "[Secret plans]\ndraft: true", DATE))
        .post("later.md", &post("Later", "[Announcement]", &soon))
        .start();
    for path in ["opml.xml", "opml-all.xml", ""] {
        let said = String::from_utf8(site.get(path).body).unwrap();
        assert!(!said.contains("Secret plans") && !said.contains("Announcement"), "{path}: {said}");
    }
    assert_eq!(site.get("categories/Secret%20plans/rss.xml").status, 404);
    assert_eq!(site.get("categories/Announcement/rss.xml").status, 404);
    site.shows("categories/Announcement/", &["Later"]);
    // Lists come after feeds.
    site.until("a list", || String::from_utf8(site.get("opml.xml").body).unwrap().contains("Announcement"));
}

#[test]
fn what_became_private_while_it_was_down_is_not_served_at_its_start() {
    let mut site = Site::new();
    for number in 0..300 {
        site.write(&format!("{number}.md"), &post(&format!("Hidden {number}"), "[Diary]", DATE));
    }
    site.write("open.md", &post("Open", "[x]", DATE));
    site = site.start();
    site.until("all", || site.titles("").is_some_and(|titles| titles.len() == 301));
    site.stop();
    site.configure("categories: {names: {Diary: {access: token}}}\n");
    // From the moment at which it listens.
    site.launch();
    site.until("an answer", || {
        let answer = site.get("rss.xml");
        assert!(!String::from_utf8_lossy(&answer.body).contains("Hidden"), "served from before");
        answer.status == 200
    });
    site.shows("", &["Open"]);
}

#[test]
fn an_alias_that_is_changed_again_leads_on_from_its_first_name() {
    let site = Site::new().post("a.md", &post("A", "[x, y]", DATE)).start();
    for name in ["first", "second"] {
        site.configure(&format!("    categories: {{aliases: {{x: {name}}}}}\n"));
        site.signal("HUP");
        site.shows(&format!("categories/{name}/y/"), &["A"]);
    }
    for from in ["categories/x/rss.xml", "categories/first/rss.xml"] {
        site.until(from, || {
            let answer = site.get(from);
            answer.status == 301 && answer.headers["location"] == "/categories/second/rss.xml"
        });
    }
    assert_eq!(site.get("categories/x/y/atom.xml").headers["location"], "/categories/second/y/atom.xml");
}

#[test]
fn what_an_inclusion_leaves_out_is_gone() {
    let site =
        Site::new().post("a.md", &post("A", "[x, y]", DATE)).post("b.md", &post("B", "[z]", "2022-02-24")).start();
    site.shows("", &["A", "B"]);
    site.configure("    include: ['category:x/y']\n");
    site.signal("HUP");
    site.shows("", &["A"]).shows("categories/x/", &["A"]);
    site.until_equal("the other to be gone", &410, || site.get("categories/z/rss.xml").status);
}

#[test]
fn a_file_that_cannot_be_read_is_told_again_when_it_comes_back() {
    let broken = "---\ntitle: [\n---\n";
    let site = Site::new().configured("    on_delete: keep\n").post("a.md", &post("A", "[x]", DATE)).start();
    let problems = || site.status()["problems"].as_array().unwrap().len();
    site.write("a.md", broken);
    site.until_equal("it to be told", &1, problems);
    site.remove("a.md");
    site.until_equal("it to go", &0, problems);
    site.write("a.md", broken);
    site.until_equal("it to be told again", &1, problems);
    site.shows("", &["A"]);
}
