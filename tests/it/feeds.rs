//! Feeds of one's own, private feeds, and addresses of the past.

use std::{fs, process::Command};

use crate::site::{Response, Site, files, post};

const DATE: &str = "Fri, 25 Feb 2022 08:54:46 GMT";

/// A token, and its line for the configuration, as the program makes them.
fn token(name: &str) -> (String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_feedwright")).args(["config", "token", name]).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let secret = text.lines().filter_map(|line| line.strip_prefix("# ")).find(|line| line.len() == 32).unwrap();
    let hash = text.lines().find_map(|line| line.strip_prefix(&format!("  {name}: "))).unwrap();
    assert!(secret.chars().all(|c| c.is_ascii_hexdigit()) && hash.len() == 64, "{text}");
    (secret.to_owned(), format!("{name}: {hash}"))
}

fn basic(site: &Site, path: &str, password: &str) -> Response {
    let credential = base64(format!("anyone:{password}").as_bytes());
    site.request("GET", path, &[("Authorization", &format!("Basic {credential}"))])
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * digit) & 63) as usize];
            text.push(if digit <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

fn text(answer: &Response) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// Everything that anybody can read without a token.
fn everything_public(site: &Site) -> String {
    let files = site.documents().into_values().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut all: Vec<String> = files.collect();
    for path in
        ["", "rss.xml", "atom.xml", "feed.json", "opml.xml", "opml-all.xml", "archive-1/rss.xml", "categories/x/"]
    {
        all.push(text(&site.get(path)));
    }
    all.join("\n")
}

#[test]
fn a_feed_of_ones_own_has_what_its_rules_pick() {
    let site = Site::new()
        .configured(
            "feeds:\n  rust:\n    title: All of Rust\n    any: ['tag:rust', 'text:borrow checker', 'category:科技']\n    \
             none: ['author:Bob']\n    from: 2022-01-01\n  both: {all: ['tag:rust', 'title:news']}\n  nothing: {any: ['tag:nothing']}\n",
        )
        .post("tag.md", &post("Tag", "[x]\ntags: [Rust]", DATE))
        .post("words.md", &post("Words about the Borrow  Checker", "[x]", "2022-02-24"))
        .post("category.md", &post("Category", "[科技, 编译]", "2022-02-23"))
        .post("bob.md", &post("Bob's", "[x]\ntags: [rust]", DATE).replace("author: 知乎", "author: Bob"))
        .post("old.md", &post("Old", "[x]\ntags: [rust]", "2021-12-31"))
        .post("other.md", &post("Other news", "[x]", DATE))
        .start();
    site.shows("feeds/rust/", &["Tag", "Words about the Borrow Checker", "Category"]);
    site.shows("feeds/both/", &[]).shows("feeds/nothing/", &[]);
    assert!(text(&site.get("feeds/rust/rss.xml")).contains("<title>All of Rust</title>"));
    assert!(site.documents().contains_key("feeds/rust/atom.xml"));
    assert_eq!(site.get("feeds/rust/").status, 200);
    assert!(!text(&site.get("opml.xml")).contains("feeds/rust"), "its posts are listed elsewhere");
    assert!(text(&site.get("opml-all.xml")).contains("title=\"All of Rust\""));

    site.write("other.md", &post("Other news", "[x]\ntags: [rust]", DATE));
    site.shows("feeds/both/", &["Other news"]);
    site.remove("tag.md");

    // Other rules pick other posts, and a feed that is configured no more is gone for good.
    site.configure("feeds:\n  both: {any: ['category:科技']}\n");
    site.signal("HUP");
    site.shows("feeds/both/", &["Category"]);
    site.until_equal("the feed to be gone", &410, || site.get("feeds/rust/rss.xml").status);
    assert!(!site.documents().contains_key("feeds/rust/atom.xml"));
    site.configure("feeds:\n  rust: {any: ['tag:rust']}\n");
    site.signal("HUP");
    site.until_equal("the feed to be back", &200, || site.get("feeds/rust/rss.xml").status);
}

#[test]
fn what_comes_from_two_places_is_one_entry() {
    let site = Site::new()
        .configured("feeds:\n  merged: {duplicates: fold}\n")
        .post("a/1.md", &post("One", "[a]\nlink: https://blog.example.org/1", "2022-02-25 10:00:00"))
        .post("a/2.md", &post("Two", "[a]\nlink: https://blog.example.org/2", "2022-02-25 11:00:00"))
        .start();
    site.shows("feeds/merged/", &["Two", "One"]);
    // The same link under another title, and the same title on the same day under another link.
    site.write("b/1.md", &post("One, copied", "[b]\nlink: https://blog.example.org/1", "2022-02-27 10:00:00"));
    site.write("b/2.md", &post("two", "[b]\nlink: https://copy.example.org/2", "2022-02-25 20:00:00"));
    site.write("b/3.md", &post("Two", "[b]\nlink: https://copy.example.org/3", "2022-02-26 20:00:00"));
    site.shows("", &["One, copied", "Two", "two", "Two", "One"]);
    site.shows("feeds/merged/", &["Two", "Two", "One"]);

    // Out of the window the first one still stands for the others; when it goes, another one does.
    site.configure(
        "feeds:\n  merged: {duplicates: fold, window: {entries: 1, hours: 0, max_entries: 2}}\ndelete_grace: 1s\n",
    );
    site.signal("HUP");
    site.write("a/4.md", &post("Four", "[a]\nlink: https://blog.example.org/4", "2022-02-28 10:00:00"));
    site.until("a smaller window", || {
        site.titles("feeds/merged/")
            .is_some_and(|titles| titles.len() < 4 && titles.first().is_some_and(|first| first == "Four"))
    });
    assert!(!site.titles("feeds/merged/").unwrap().contains(&"One, copied".to_owned()));
    site.remove("a/1.md");
    site.configure("feeds:\n  merged: {duplicates: fold}\ndelete_grace: 1s\n");
    site.signal("HUP");
    site.shows("feeds/merged/", &["Four", "One, copied", "Two", "Two"]);
    let page = text(&site.get("feeds/merged/"));
    assert!(page.contains("One, copied") && page.matches("https://copy.example.org").count() == 1, "{page}");
}

#[test]
fn a_private_category_is_nowhere_else_and_opens_to_its_tokens_only() {
    let (alice, alices) = token("alice");
    let (bob, bobs) = token("bob");
    let names = "categories: {names: {Diary: {access: [alice]}, x: {}}}\n";
    let mut site = Site::new()
        .configured(&format!("{names}tokens: {{{alices}, {bobs}}}\n"))
        .post("secret.md", &post("Hidden words", "[[家, Diary, 2022], [x]]\ntags: [t]", DATE))
        .post("t.md", &post("Tagged", "[x]\ntags: [t]", DATE))
        .post("open.md", &post("Open words", "[家]\ntags: [t]", "2022-02-24"))
        .start();
    site.shows("", &["Tagged", "Open words"]);
    for folder in ["categories/家/", "categories/x/", "tags/t/", "authors/知乎/"] {
        let titles = site.titles(folder).unwrap();
        assert!(!titles.is_empty() && !titles.contains(&"Hidden words".to_owned()), "{folder}: {titles:?}");
    }
    let public = everything_public(&site);
    assert!(!public.contains("Hidden words") && !public.contains("Diary"));

    for path in ["categories/家/Diary/rss.xml", "categories/家/Diary/2022/feed.json", "categories/家/Diary/"] {
        let locked = site.get(path);
        assert_eq!(locked.status, 401, "{path}");
        assert!(locked.headers["www-authenticate"].starts_with("Basic "));
        assert_eq!(basic(&site, path, &bob).status, 401, "{path}");
        assert_eq!(basic(&site, path, "").status, 401, "{path}");
    }
    let opened = basic(&site, "categories/家/Diary/rss.xml", &alice);
    assert_eq!(opened.status, 200);
    assert!(text(&opened).contains("Hidden words") && !text(&opened).contains("Open words"));
    assert!(opened.headers["cache-control"].starts_with("private"));
    assert!(!opened.headers.contains_key("access-control-allow-origin"));

    // The address that nobody can guess, which the document names as its own.
    let secret = format!("private/{alice}/categories/家/Diary/rss.xml");
    let found = site.get(&secret);
    assert!(
        found.status == 200 && text(&found).contains(&format!("/private/{alice}/categories/%E5%AE%B6/Diary/rss.xml"))
    );
    let again = site.request("GET", &secret, &[("If-None-Match", &found.headers["etag"])]);
    assert_eq!(again.status, 304);
    for wrong in [
        format!("private/{bob}/categories/家/Diary/rss.xml"),
        "private/categories/家/Diary/rss.xml".to_owned(),
        format!("private/{alice}/rss.xml"),
        format!("private/{alice}/categories/x/rss.xml"),
    ] {
        assert_eq!(site.get(&wrong).status, 404, "{wrong}");
    }
    // A post without a link of its own has a page, for the same people.
    assert_eq!(site.get(&format!("private/{alice}/categories/家/Diary/")).status, 404, "no redirect tells the secret");
    let json: serde_json::Value =
        serde_json::from_slice(&basic(&site, "categories/家/Diary/feed.json", &alice).body).unwrap();
    let page = json["items"][0]["url"].as_str().unwrap().splitn(4, '/').nth(3).unwrap().to_owned();
    assert_eq!(site.get(&page).status, 401);
    assert!(text(&basic(&site, &page, &alice)).contains("Hidden words"));
    // Nor is it stored anywhere; what was written last is in the log.
    let stored = files(&site.path("state")).into_iter().chain(site.documents());
    let tells: Vec<String> = stored
        .filter(|(_, bytes)| bytes.windows(alice.len()).any(|part| part == alice.as_bytes()))
        .map(|(path, _)| path)
        .collect();
    assert!(site.path("state/catalog.sqlite-wal").is_file() && tells.is_empty(), "{tells:?}");

    // The address with the secret follows a new name, and tells nobody else of it.
    let renamed = "    categories: {aliases: {家: 屋}}\ncategories: {names: {Diary: {access: [alice]}, x: {}}}\n";
    site.configure(&format!("{renamed}tokens: {{{alices}, {bobs}}}\n"));
    site.signal("HUP");
    site.until_equal("the secret address to lead on", &301, || site.get(&secret).status);
    let led = site.get(&secret);
    assert!(led.headers["cache-control"].starts_with("private"), "{led:?}");
    let target = led.headers["location"].trim_start_matches('/').to_owned();
    assert!(target.starts_with(&format!("private/{alice}/categories/")), "{target}");
    assert!(text(&site.get(&target)).contains("Hidden words"));
    assert_eq!(site.get(&secret.replace(&alice, &bob)).status, 404);
    site.configure(&format!("{names}tokens: {{{alices}, {bobs}}}\n"));
    site.signal("HUP");
    site.until_equal("the name of before", &200, || site.get(&secret).status);

    // Another token, without a restart.
    let (new, news) = token("alice");
    site.configure(&format!("{names}tokens: {{{news}, {bobs}}}\n"));
    site.signal("HUP");
    site.until_equal("the new token", &200, || basic(&site, "categories/家/Diary/rss.xml", &new).status);
    assert_eq!(basic(&site, "categories/家/Diary/rss.xml", &alice).status, 401);
    assert_eq!(site.get(&secret).status, 404);

    // What was public becomes private, on disk too, and public again.
    site.configure(&format!(
        "categories: {{names: {{Diary: {{access: [alice]}}, x: {{access: token}}}}}}\ntokens: {{{news}, {bobs}}}\n"
    ));
    site.signal("HUP");
    site.shows("", &["Open words"]);
    assert_eq!(site.get("categories/x/rss.xml").status, 401);
    site.until("no trace of it", || !everything_public(&site).contains("Tagged"));
    assert!(basic(&site, "categories/x/rss.xml", &bob).status == 200);
    site.configure("");
    site.signal("HUP");
    site.until("everything to be public", || site.titles("").is_some_and(|titles| titles.len() == 3));
    site.until_equal("the category", &200, || site.get("categories/家/Diary/rss.xml").status);
    site.until("its documents on disk", || {
        let written = site.documents();
        ["rss.xml", "atom.xml", "feed.json"]
            .iter()
            .all(|name| written.contains_key(&format!("categories/家/Diary/{name}")))
    });
    assert!(site.stop().unwrap().0.success());
}

#[test]
fn a_private_folder_has_one_feed() {
    let (alice, alices) = token("alice");
    let site = Site::new()
        .configured(&format!(
            "    access: token\ntokens: {{{alices}}}\nfeeds:\n  open: {{}}\n  closed: {{access: [alice], any: ['source:posts']}}\n"
        ))
        .post("a.md", &post("Hidden", "[x]", DATE))
        .start();
    site.shows("", &[]).shows("feeds/open/", &[]);
    assert_eq!(site.get("categories/x/rss.xml").status, 404);
    assert_eq!(site.get("folders/posts/rss.xml").status, 401);
    assert_eq!(site.get("feeds/closed/rss.xml").status, 401);
    assert!(text(&basic(&site, "folders/posts/rss.xml", &alice)).contains("Hidden"));
    assert!(text(&site.get(&format!("private/{alice}/feeds/closed/atom.xml"))).contains("Hidden"));
    assert!(!everything_public(&site).contains("Hidden"));
}

#[test]
fn addresses_of_the_past_lead_on_or_are_gone() {
    let site = Site::new()
        .configured(
            "redirects:\n  table: {'old/*.rss': 'categories/*/rss.xml', 'page/x': 'categories/x/', 'dead.xml': gone, 'away': 'https://e.org/'}\n",
        )
        .post("a.md", &post("A", "[x, y]\ntags: [t]", DATE))
        .post("b.md", &post("B", "[[junk], [Rust Lang!]]\ntags: [t]", "2022-02-24"))
        .start();
    let goes = |from: &str, to: &str| {
        let answer = site.get(from);
        let target = answer.headers.get("location").map(String::as_str);
        assert_eq!((answer.status, target), (301, Some(to)), "{from}");
    };
    goes("rss2.xml", "/rss.xml");
    goes("index.xml", "/rss.xml");
    goes("feed.xml", "/atom.xml");
    goes("feed/", "/rss.xml");
    goes("feed", "/rss.xml");
    goes("rss/", "/rss.xml");
    goes("atom.xml/", "/atom.xml");
    goes("categories/x/rss.xml/", "/categories/x/rss.xml");
    goes("categories/x/y/index.xml", "/categories/x/y/rss.xml");
    goes("category/x/y/feed/", "/categories/x/y/rss.xml");
    goes("tag/t/feed/atom/", "/tags/t/atom.xml");
    goes("category/rust-lang/feed/", "/categories/Rust%20Lang!/rss.xml");
    goes("categories/rust-lang/index.xml", "/categories/Rust%20Lang!/rss.xml");
    goes("page/x", "/categories/x/");
    goes("old/x.rss", "/categories/x/rss.xml");
    goes("away", "https://e.org/");
    assert_eq!(site.get("dead.xml").status, 410);
    assert_eq!(site.get("comments/feed/").status, 410);
    // Nothing leads to where there is nothing.
    assert_eq!(site.get("category/none/feed/").status, 404);
    assert_eq!(site.get("tag/none/feed/").status, 404);

    // A category that moves twice, with all below it, and one that is dropped.
    let archive = "categories/x/y/archive-1/rss.xml";
    assert_eq!(site.get(archive).status, 200);
    let changed =
        |path: &str| site.get(path).headers.get("last-modified").map(|time| httpdate::parse_http_date(time).unwrap());
    let before = changed("categories/x/y/atom.xml").unwrap();
    for (name, aliases) in [("new", "x: new"), ("newer", "x: newer, new: newer")] {
        site.configure(&format!("    categories: {{aliases: {{{aliases}, junk: ''}}}}\n"));
        site.signal("HUP");
        site.shows(&format!("categories/{name}/y/"), &["A"]);
    }
    site.until_equal("the end of the reload", &Some("/categories/newer/y/atom.xml".to_owned()), || {
        site.get("categories/x/y/atom.xml").headers.get("location").cloned()
    });
    site.until("a later time, so that who has the old one does not take this for older", || {
        changed("categories/newer/y/atom.xml").is_some_and(|time| time > before)
    });
    goes("categories/x/y", "/categories/newer/y/");
    goes("categories/new/", "/categories/newer/");
    goes(archive, "/categories/newer/y/archive-1/rss.xml");
    assert_eq!(site.get("categories/junk/rss.xml").status, 410);
    assert_eq!(site.get("categories/junk/").status, 410);
    site.shows("", &["A", "B"]).shows("categories/Rust%20Lang!/", &["B"]);

    // Left out by configuration: gone. And back again.
    site.configure("    categories: {aliases: {x: newer}}\n    exclude: ['category:newer']\n");
    site.signal("HUP");
    site.shows("", &["B"]);
    site.until_equal("the category to be gone", &410, || site.get("categories/newer/rss.xml").status);
    site.configure("");
    site.signal("HUP");
    site.shows("categories/x/y/", &["A"]).shows("categories/junk/", &["B"]);
}

#[test]
fn feeds_of_a_blog_below_a_path_lead_to_ours() {
    let site = Site::new()
        .configured("    site_url: https://e.org/blog/\n    preset: hexo\nbase_url: https://e.org/blog/feeds/\n")
        .post("a.md", &post("A", "[x]", DATE))
        .start();
    for (from, to) in [
        ("blog/atom.xml", "/blog/feeds/atom.xml"),
        ("blog/rss2.xml", "/blog/feeds/rss.xml"),
        ("blog/feed.xml", "/blog/feeds/atom.xml"),
        ("rss2.xml", "/blog/feeds/rss.xml"),
        ("blog/feeds/index.xml", "/blog/feeds/rss.xml"),
    ] {
        let answer = site.get(from);
        assert_eq!((answer.status, answer.headers.get("location").map(String::as_str)), (301, Some(to)), "{from}");
    }
    assert_eq!(site.get("blog/nothing.xml").status, 404);
    assert_eq!(site.get("atom.xml").status, 200);
}

#[test]
fn a_post_that_names_another_follows_its_title_and_link() {
    let site = Site::new()
        .configured("delete_grace: 1s\n")
        .post("from.md", "---\ntitle: From\ndate: 2022-02-25\ntags: [t]\n---\nSee {% post_link deep/target %} and {% post_link none %}.\n")
        .start();
    let content = || site.item("From")["content_html"].as_str().unwrap().to_owned();
    site.shows("", &["From"]);
    assert!(content().contains("See deep/target and none"), "{}", content());

    // It comes, is called otherwise, moves on the web, and goes.
    let target = |title: &str, link: &str| format!("---\ntitle: {title}\ndate: 2022-02-24\nlink: {link}\n---\ntext\n");
    site.write("deep/target.md", &target("Target", "https://e.org/1"));
    site.until("a link", || content().contains("<a href=\"https://e.org/1\">Target</a>"));
    site.write("deep/target.md", &target("Renamed", "https://e.org/2"));
    site.until("the new link", || content().contains("<a href=\"https://e.org/2\">Renamed</a>"));
    site.write("deep/target.md", &target("Renamed\ndraft: true", "https://e.org/2"));
    site.until("no link", || !content().contains("e.org"));
    site.write("deep/target.md", &target("Target", "https://e.org/1"));
    site.until("a link again", || content().contains("<a href=\"https://e.org/1\">Target</a>"));
    site.remove("deep/target.md");
    site.until("no link to what is gone", || !content().contains("e.org"));
    // Many at once are rendered in several threads, which ask one that knows.
    site.write("deep/target.md", &target("Target", "https://e.org/1"));
    for number in 0..9 {
        let date = format!("2022-03-0{}", number + 1);
        site.write(
            &format!("m{number}.md"),
            &format!("---\ntitle: M{number}\ndate: {date}\n---\n{{% post_link target %}}\n"),
        );
    }
    site.until("all of them to link", || {
        let text = String::from_utf8(site.get("feed.json").body).unwrap();
        text.matches("https://e.org/1\\\">Target</a>").count() == 10
    });
}

#[test]
fn a_sound_of_the_blog_has_its_true_length() {
    let site = Site::new().configured("    site_url: https://blog.example.org/\n");
    fs::create_dir_all(site.path("media")).unwrap();
    fs::write(site.path("media/one.mp3"), vec![0; 4321]).unwrap();
    fs::write(site.path("posts/two.mp3"), vec![0; 5432]).unwrap();
    let site = site
        .post("a.md", "---\ntitle: A\ndate: 2022-02-25\naudio: /media/one.mp3\n---\ntext\n")
        .post("b.md", "---\ntitle: B\ndate: 2022-02-24\naudio: https://blog.example.org/two.mp3\n---\ntext\n")
        .post("c.md", "---\ntitle: C\ndate: 2022-02-23\naudio: https://other.example.org/one.mp3\n---\ntext\n")
        .start();
    site.shows("", &["A", "B", "C"]);
    let length = |title: &str| site.item(title)["attachments"][0]["size_in_bytes"].as_u64();
    assert_eq!([length("A"), length("B"), length("C")], [Some(4321), Some(5432), None]);
    let rss = text(&site.get("rss.xml"));
    assert!(rss.contains("url=\"https://blog.example.org/media/one.mp3\" length=\"4321\" type=\"audio/mpeg\""));
    assert!(rss.contains("url=\"https://other.example.org/one.mp3\" length=\"0\""));

    // A file that changes, and one that goes: the next scan sees it.
    fs::write(site.path("media/one.mp3"), vec![0; 6543]).unwrap();
    fs::remove_file(site.path("posts/two.mp3")).unwrap();
    site.signal("HUP");
    site.until_equal("their lengths", &[Some(6543), None], || [length("A"), length("B")]);
    fs::write(site.path("posts/two.mp3"), vec![0; 7654]).unwrap();
    site.signal("HUP");
    site.until_equal("its length", &Some(7654), || length("B"));
}

#[test]
fn a_category_that_lives_is_never_renamed_away() {
    // What stands behind a prefix, the target of another alias, a chain; through reloads and a restart.
    let aliases = "    category_prefix: Blog\n    categories: {aliases: {weibo: social/weibo, A: B, B: C, junk: ''}}\n";
    let mut site = Site::new()
        .post("w.md", &post("W", "[weibo]", DATE))
        .post("a.md", &post("A", "[A]", "2022-02-24"))
        .post("b.md", &post("B", "[B]", "2022-02-23"))
        .start();
    site.shows("categories/A/", &["A"]);
    let check = |site: &Site| {
        site.shows("categories/Blog/social/weibo/", &["W"]).shows("categories/Blog/B/", &["A"]);
        site.shows("categories/Blog/C/", &["B"]).shows("categories/Blog/", &["W", "A", "B"]);
        let written = site.documents();
        assert!(written.contains_key("categories/Blog/social/weibo/rss.xml"), "{:?}", written.keys());
    };
    site.configure(aliases);
    for _ in 0..3 {
        site.signal("HUP");
        check(&site);
    }
    site.restart();
    check(&site);
    for feed in ["Blog/social/weibo/rss.xml", "Blog/C/rss.xml"] {
        site.until(feed, || text(&site.get("opml-all.xml")).contains(feed));
    }
}

#[test]
fn what_becomes_private_leaves_no_trace() {
    let (alice, alices) = token("alice");
    let settings = format!(
        "tokens: {{{alices}}}\ncategories: {{names: {{Diary: {{access: [alice]}}, Life/Diary: {{title: x}}}}}}\n"
    );
    let mut site = Site::new()
        .configured(&settings)
        .post("secret.md", &post("Secretive", "[Life]", DATE))
        .post("open.md", &format!("{}{{% post_link secret %}}", post("Open", "[x]", "2022-02-24")))
        .start();
    site.until("the link", || {
        let feed: serde_json::Value = serde_json::from_slice(&site.get("feed.json").body).unwrap();
        let mut items = feed["items"].as_array().unwrap().iter();
        let open = items.find(|item| item["title"] == "Open").and_then(|item| item["content_html"].as_str());
        open.is_some_and(|html| html.contains("<a href=") && html.contains(">Secretive</a>"))
    });
    site.write("secret.md", &post("Secretive", "[Life, Diary]", DATE));
    site.shows("", &["Open"]);
    site.until("no trace in others", || !everything_public(&site).contains("Secretive"));
    assert_eq!(site.get("categories/Life/Diary/rss.xml").status, 401, "a title for the whole path opens nothing");

    // A token that is taken out locks its holder out, though `access` still names it.
    assert_eq!(basic(&site, "categories/Life/Diary/rss.xml", &alice).status, 200);
    site.configure("categories: {names: {Diary: {access: [alice]}}}\n");
    site.signal("HUP");
    site.until_equal("the holder to be locked out", &401, || {
        basic(&site, "categories/Life/Diary/rss.xml", &alice).status
    });
    site.until("a word of it", || site.log().contains("there is no such token"));

    // A folder that becomes private takes the names of its categories along.
    site.configure(&format!("    access: token\ntokens: {{{alices}}}\n"));
    site.signal("HUP");
    site.shows("", &[]);
    site.until_equal("the category to be gone", &410, || site.get("categories/x/rss.xml").status);
    site.until("another list", || !text(&site.get("opml-all.xml")).contains("categories/x/"));
    assert!(site.documents().keys().all(|path| !path.starts_with("categories/x/")));
    assert!(!site.log().contains(&alice));
    assert!(site.stop().unwrap().0.success());
}

#[test]
fn what_cannot_be_read_while_it_becomes_private_is_not_shown() {
    let (_, alices) = token("alice");
    let keep = "    on_delete: keep\n";
    let site = Site::new()
        .configured(keep)
        .post("away.md", &post("Away", "[x]", DATE))
        .post("broken.md", &post("Broken", "[x]", "2022-02-24"))
        .post("gone.md", &post("Gone", "[x]", "2022-02-23"))
        .start();
    site.shows("", &["Away", "Broken", "Gone"]);
    let away = fs::read(site.path("posts/away.md")).unwrap();
    site.remove("away.md");
    site.remove("gone.md");
    site.write("broken.md", "---\ntitle: [\n---\n");
    site.until("all to be missed", || {
        let status = site.status();
        status["posts"]["kept"] == 2 && status["problems"].as_array().unwrap().len() == 1
    });
    site.configure(&format!("{keep}    access: token\ntokens: {{{alices}}}\n"));
    site.signal("HUP");
    site.shows("", &[]);
    site.until("no trace of it", || !everything_public(&site).contains("Broken"));

    // Back unchanged it is read under the settings of now, whatever these are.
    fs::write(site.path("posts/away.md"), &away).unwrap();
    site.until("it to be back", || site.status()["posts"]["kept"] == 1);
    assert_eq!(site.titles(""), Some(vec![]));
    site.configure(&format!("{keep}    exclude: ['category:x']\n"));
    site.signal("HUP");
    site.until_equal("the folder's feed to be gone", &410, || site.get("folders/posts/rss.xml").status);
    assert_eq!(site.titles(""), Some(vec![]));
    site.configure(keep);
    site.signal("HUP");
    site.shows("", &["Away"]);
}

#[test]
fn a_post_that_moves_to_a_private_folder_is_private() {
    let (_, alices) = token("alice");
    let site = Site::new();
    fs::create_dir(site.path("priv")).unwrap();
    let site = site
        .configured(&format!("    name: pub\ndelete_grace: 1s\ntokens: {{{alices}}}\n"))
        .post("a.md", &post("Moved", "[x]", DATE))
        .post("b.md", &post("Stays", "[x]", "2022-02-24"))
        .start();
    // The private folder stands first.
    let text = format!(
        "output: out\nstate: state\ndelete_grace: 1s\ntokens: {{{alices}}}\nposts:\n  - {{path: priv, name: priv, access: token, timezone: UTC}}\n  \
         - {{path: posts, name: pub, timezone: UTC}}\n"
    );
    fs::write(site.path("feedwright.yaml"), text).unwrap();
    site.signal("HUP");
    site.until_equal("the private folder", &401, || site.get("folders/priv/rss.xml").status);
    site.shows("", &["Moved", "Stays"]);
    fs::rename(site.path("posts/a.md"), site.path("priv/a.md")).unwrap();
    site.shows("", &["Stays"]);
    site.signal("HUP");
    site.until("a scan", || site.log().matches("read again").count() >= 2);
    site.shows("", &["Stays"]);
    site.until("no trace of it", || !everything_public(&site).contains("Moved"));
}

#[test]
fn a_scheduled_post_comes_out_in_a_category_that_was_empty_meanwhile() {
    let soon = (chrono::Utc::now() + chrono::TimeDelta::seconds(6)).to_rfc3339();
    let site = Site::new()
        .post("a.md", &post("A", "[News]\ntags: [q]", DATE))
        .post("later.md", &post("Later", "[News]", &soon))
        .start();
    site.shows("categories/News/", &["A"]);
    site.configure("    exclude: ['tag:q']\ncategories: {names: {Diary: {access: token}}}\n");
    site.signal("HUP");
    site.shows("categories/News/", &[]).shows("categories/News/", &["Later"]);
}

#[test]
fn a_heading_that_is_the_title_is_not_said_twice() {
    let file = |title: &str, body: &str| format!("---\ntitle: {title}\ndate: 2022-02-25\n---\n{body}\n");
    // Shown without its markup, for no parser should see it.
    let deep = format!("<h1>Deep</h1><p>words</p>{}", "<div>".repeat(600));
    let site = Site::new()
        .post("html.html", &file("Html", "<h1>Html</h1><p>words</p>"))
        .post("markdown.md", &file("Markdown", "Markdown\n===\n\nwords"))
        .post("deep.html", &file("Deep", &deep))
        .post("begins.html", &file("Begins", "<p>Begins so</p>"))
        .post("other.html", &file("Other", "<p>Other</p><h2>words</h2>"))
        .start();
    let summaries = [
        ("Html", "words"),
        ("Markdown", "words"),
        ("Deep", "words"),
        ("Begins", "Begins so"),
        ("Other", "Other words"),
    ];
    for (title, summary) in summaries {
        assert_eq!(site.item(title)["summary"], summary);
    }
}
