//! The program as a shell runs it: exit codes, what goes to stdout, what to stderr.

use std::{
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

const GOOD: &str = "---\ntitle: 好\ndate: 2024-01-01\ncategories: [a, b]\n---\ntext\n";
const DRAFT: &str = "---\ntitle: draft\ndraft: true\n---\n";
const SCHEDULED: &str = "---\ntitle: later\ndate: 2999-01-01T00:00:00Z\n---\n";
const UNCLOSED: &str = "---\ntitle: never closed\n\ntext\n";

/// A folder to run the program in.
struct Place(TempDir);

impl Place {
    fn with(files: &[(&str, &str)]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let path = place.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        place
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn run(&self, line: &str) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_feedwright"))
            .args(line.split_whitespace())
            .current_dir(self.0.path())
            .env_clear()
            .env("XDG_STATE_HOME", self.path("state-home"))
            .output()
            .unwrap();
        Ran(output)
    }

    /// The lines of `check --format json`, by path.
    fn verdicts(&self, posts: &str) -> Vec<(String, String, Value)> {
        let ran = self.run(&format!("check --format json {posts}"));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let lines = ran.stdout();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.map(|line| (text(&line["path"]), text(&line["status"]), line)).collect()
    }
}

struct Ran(Output);

impl Ran {
    fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    fn stdout(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    fn stderr(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }
}

#[test]
fn every_failure_has_its_exit_code_and_is_said_once() {
    let place = Place::with(&[
        ("posts/good.md", GOOD),
        ("bad/bad.md", UNCLOSED),
        ("unknown.yaml", "tittle: x\n"),
        ("empty.yaml", "title: x\n"),
        ("inside.yaml", "posts: [{path: posts}]\noutput: posts/feeds\n"),
    ]);
    for (line, code, stderr) in [
        ("--version", 0, ""),
        ("--help", 0, ""),
        ("run --help", 0, ""),
        ("config default", 0, ""),
        ("config schema", 0, ""),
        ("completions zsh", 0, ""),
        ("man", 0, ""),
        ("check posts", 0, ""),
        ("explain posts/good.md", 0, ""),
        ("check bad", 1, ""),
        ("check bad/bad.md", 1, ""),
        ("nonsense", 64, "feedwright: unrecognized subcommand 'nonsense'"),
        ("run --listen here", 64, "feedwright: invalid value 'here' for '--listen <ADDR|fd>': `here` is no address"),
        ("check nowhere", 74, "feedwright: nowhere does not exist: correct the path"),
        ("explain nowhere.md", 74, "feedwright: nowhere.md: "),
        ("build nowhere", 74, "feedwright: "),
        ("config init posts", 74, "feedwright: "),
        ("check", 78, "feedwright: posts: there is no posts folder"),
        (
            "config check -c unknown.yaml",
            78,
            "feedwright: unknown.yaml:1:1: tittle: unknown key `tittle`; did you mean `title`?",
        ),
        ("config check -c empty.yaml", 78, "feedwright: empty.yaml: posts: there is no posts folder"),
        ("run -c inside.yaml", 78, "feedwright: inside.yaml:2:9: output: the output "),
        ("config check -c none.yaml", 78, "feedwright: none.yaml: there is no such file"),
        ("run posts posts/a", 78, "feedwright: POSTS: "),
        ("run posts --state posts/x", 78, "feedwright: --state: the state folder "),
    ] {
        let ran = place.run(line);
        assert_eq!(ran.code(), code, "{line}\n{}", ran.stderr());
        if stderr.is_empty() {
            assert_eq!(ran.stderr(), "", "{line}");
        } else {
            assert!(ran.stderr().starts_with(stderr), "{line}\n{}", ran.stderr());
            assert_eq!(ran.stderr().matches("feedwright: ").count(), 1, "{line}\n{}", ran.stderr());
        }
    }
}

#[test]
fn a_catalog_of_a_newer_version_is_refused_for_good() {
    let place = Place::with(&[("p/a.md", GOOD)]);
    assert_eq!(place.run("build p --output out --state s").code(), 0);
    let mut bytes = fs::read(place.path("s/catalog.sqlite")).unwrap();
    // SQLite's `user_version`.
    bytes[60..64].copy_from_slice(&4000_u32.to_be_bytes());
    fs::write(place.path("s/catalog.sqlite"), &bytes).unwrap();
    for line in ["build p --output out --state s", "run p --output out --state s --listen 127.0.0.1:0"] {
        let ran = place.run(line);
        // No retry helps, so systemd makes none.
        assert_eq!(ran.code(), 78, "{line}: {}", ran.stderr());
        assert!(ran.stderr().contains("install the newer version again"), "{line}: {}", ran.stderr());
    }
    assert!(fs::read(place.path("s/catalog.sqlite")).unwrap() == bytes);
}

#[test]
fn the_default_configuration_is_printed_byte_for_byte() {
    let shipped = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/feedwright.yaml")).unwrap();
    assert_eq!(Place::with(&[]).run("config default").stdout(), shipped);
}

#[test]
fn check_says_what_becomes_of_each_file_in_path_order() {
    let place = Place::with(&[
        ("posts/b/good.md", GOOD),
        ("posts/a.md", DRAFT),
        ("posts/c.md", SCHEDULED),
        ("posts/d.md", "no front matter\n"),
        ("posts/e.md", UNCLOSED),
        ("posts/README.md", GOOD),
        ("posts/_drafts/x.md", GOOD),
    ]);
    let verdicts: Vec<_> = place.verdicts("posts").into_iter().map(|(path, status, _)| (path, status)).collect();
    let expected = [
        ("a.md", "draft"),
        ("b/good.md", "published"),
        ("c.md", "scheduled"),
        ("d.md", "skipped"),
        ("e.md", "rejected"),
    ];
    assert_eq!(verdicts, expected.map(|(path, status)| (path.to_owned(), status.to_owned())));
    let text = place.run("check posts").stdout();
    assert!(text.contains("held until 2999-01-01T00:00:00Z: c.md (later)"), "{text}");
    assert_eq!(text.matches("not public").count(), 2, "once, and in the sum: {text}");
    assert!(text.contains("error[unclosed]") && text.contains("e.md:1:1"), "{text}");
    assert!(
        text.ends_with("5 files: 1 published, 1 not public, 1 scheduled, 1 skipped, 1 rejected; 1 warning\n"),
        "{text}"
    );
}

#[test]
fn a_folder_that_cannot_be_read_is_named_and_no_empty_one() {
    let place = Place::with(&[("good/a.md", GOOD), ("c.yaml", "posts: [{path: good, name: a}, {path: x, name: b}]\n")]);
    // A way without an end, which even root cannot read.
    symlink("x", place.path("x")).unwrap();
    let ran = place.run("check -c c.yaml");
    assert_eq!(ran.code(), 74, "{}", ran.stdout());
    assert!(ran.stderr().contains("/x: not readable: "), "{}", ran.stderr());
    assert!(place.run("check -c c.yaml --format json").stdout().contains("\"a.md\""), "the others are read before");
}

#[test]
fn a_post_that_is_named_is_read_whatever_its_name() {
    let place = Place::with(&[("posts/README.txt", GOOD)]);
    let verdicts = place.verdicts("posts/README.txt");
    let (path, status, line) = &verdicts[0];
    assert_eq!((path.as_str(), status.as_str()), ("README.txt", "published"));
    assert_eq!(line["published"], "2024-01-01T00:00:00Z");
    assert_eq!(line["categories"], serde_json::json!([["a", "b"]]));
}

#[test]
fn a_configured_folder_is_read_as_it_is_configured() {
    let place = Place::with(&[
        ("posts/x/good.md", GOOD),
        (
            "config/feedwright.yaml",
            "posts: [{path: ../posts, preset: jekyll, site_url: 'https://e.org', timezone: Asia/Shanghai}]\n",
        ),
    ]);
    for (named, path) in
        [("", "x/good.md"), ("posts", "x/good.md"), ("posts/x", "good.md"), ("posts/x/good.md", "good.md")]
    {
        let verdicts = place.verdicts(named);
        assert_eq!(verdicts[0].0, path, "{named}");
        assert_eq!(verdicts[0].2["published"], "2023-12-31T16:00:00Z", "{named}");
        assert_eq!(verdicts[0].2["categories"], serde_json::json!([["a"], ["b"]]), "{named}");
        assert_eq!(verdicts[0].2["id"], place.verdicts("")[0].2["id"], "{named}");
    }
}

/// What `build --dry-run --against` says of a move from a feed with these two entries.
fn moved(configuration: &str, feed: &str) -> String {
    let post = |title: &str, day: u32| format!("---\ntitle: {title}\ndate: 2024-01-0{day}\n---\n{title}\n");
    let place = Place::with(&[
        ("posts/older.md", &post("older", 1)),
        ("posts/one.md", &post("one", 2)),
        ("posts/two.md", &post("two", 3)),
        ("config/feedwright.yaml", &format!("posts: [{{path: ../posts, timezone: UTC, {configuration}}}]\n")),
        ("old.xml", feed),
    ]);
    let ran = place.run("build --dry-run --against old.xml --state state --output out");
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    assert!(!place.path("out").exists() && !place.path("state").exists());
    ran.stdout()
}

#[test]
fn a_move_is_rehearsed_against_the_old_feed() {
    let atom = |host: &str| {
        let entry = |name: &str, day: u32| {
            let url = format!("{host}/{name}/");
            format!(
                "<entry><title>{name}</title><id>{url}</id><link href='{url}'/>\
                 <updated>2024-01-0{day}T00:00:00Z</updated></entry>"
            )
        };
        let entries = entry("two", 3) + &entry("one", 2);
        format!(
            "<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title><id>x:y</id>\
             <updated>2024-01-03T00:00:00Z</updated>{entries}</feed>"
        )
    };
    let rss = "<rss version='2.0'><channel><title>t</title><link>https://e.org/</link><description/>\
               <item><title>two</title><link>https://e.org/2</link><guid>https://e.org/two/</guid>\
               <pubDate>Wed, 03 Jan 2024 00:00:00 GMT</pubDate></item>\
               <item><title>one</title><link>https://e.org/one/</link><pubDate>Tue, 02 Jan 2024 00:00:00 GMT</pubDate></item>\
               <item><title>lost</title><guid isPermaLink='false'>lost</guid><pubDate>Tue, 02 Jan 2024 00:00:00 GMT</pubDate>\
               </item></channel></rss>";
    let json = r#"{"version": "x", "items": [{"id": "https://e.org/two/", "date_published": "2024-01-03T00:00:00Z"},
        {"id": "https://e.org/one/", "date_published": "2024-01-02T00:00:00Z"}]}"#;
    let here = "site_url: 'https://e.org', permalink: ':title/'";
    let nothing = "0 new, 0 changed, 0 gone to a subscriber of old.xml; nothing was written\n\
                   1 entries are older than all of that feed, and new to whoever never saw them; \
                   `window: {entries: 2}` leaves them out\n";
    let right = format!("{here}, ids: permalink");
    assert_eq!(moved(&right, &atom("https://e.org")), nothing);
    assert_eq!(moved(&right, json), nothing);
    let said = moved(&right, rss);
    assert!(said.starts_with("changed  https://e.org/two/  https://e.org/2 becomes https://e.org/two/\n"), "{said}");
    assert!(said.contains("gone     lost  lost\n0 new, 1 changed, 1 gone to"), "{said}");
    for (configuration, feed, cure) in [
        (here, atom("https://e.org"), "with `ids: permalink` and a new state folder, 0 would be new"),
        (
            &*right,
            atom("http://e.org"),
            "the old ids start with http://e.org, ours with https://e.org: correct `site_url`",
        ),
        (&*right, atom("https://e.org/blog"), "correct `site_url`, `permalink`, `timezone` or `ids`"),
    ] {
        let said = moved(configuration, &feed);
        assert!(
            said.contains("\n2 new, 0 changed, 2 gone to a subscriber of old.xml; nothing was written\n"),
            "{said}"
        );
        assert!(said.trim_end().ends_with(cure), "{said}");
    }
}

#[test]
fn a_move_needs_a_feed() {
    let place = Place::with(&[("posts/good.md", GOOD), ("no.xml", "<html/>"), ("no.json", "{}")]);
    for (line, code, stderr) in [
        ("build posts --against no.xml", 64, "--dry-run"),
        ("build posts --dry-run --against no.xml", 74, "no.xml: this is no RSS, Atom or JSON feed"),
        ("build posts --dry-run --against no.json", 74, "no.json: this is no RSS, Atom or JSON feed"),
        ("build posts --dry-run --against none.xml", 74, "none.xml: "),
    ] {
        let ran = place.run(line);
        assert_eq!(ran.code(), code, "{line}: {}", ran.stderr());
        assert!(ran.stderr().contains(stderr), "{line}: {}", ran.stderr());
    }
}

#[test]
fn files_that_cannot_be_posts_are_named() {
    let place = Place::with(&[("posts/good.md", GOOD)]);
    let posts = place.path("posts");
    assert!(Command::new("mkfifo").arg(posts.join("fifo.md")).status().unwrap().success());
    fs::File::create(posts.join("huge.md")).unwrap().set_len(1 << 30).unwrap();
    fs::write(posts.join("binary.md"), b"---\n\0\x01\x02").unwrap();
    symlink("loop.md", posts.join("loop.md")).unwrap();
    symlink(".", posts.join("same")).unwrap();
    symlink("/etc/hostname", posts.join("outside.md")).unwrap();
    fs::write(posts.join(std::ffi::OsStr::from_bytes(b"caf\xe9.md")), GOOD).unwrap();
    let verdicts = place.verdicts("posts");
    let statuses: Vec<_> = verdicts.iter().map(|(path, status, _)| (path.as_str(), status.as_str())).collect();
    let expected = [
        ("binary.md", "rejected"),
        ("caf\u{fffd}.md", "published"),
        ("fifo.md", "rejected"),
        ("good.md", "published"),
        ("huge.md", "rejected"),
        ("loop.md", "rejected"),
        ("outside.md", "rejected"),
        ("same", "rejected"),
    ];
    assert_eq!(statuses, expected);
    for (path, _, line) in verdicts.iter().filter(|(path, ..)| path != "good.md") {
        assert!(line["diagnostics"][0]["message"].as_str().is_some_and(|message| message.len() > 10), "{path}: {line}");
    }
}

#[test]
fn explain_says_where_each_field_comes_from() {
    let place = Place::with(&[("2024-05-06-x.md", "---\ntitle: T\ntags: [a]\n---\n# heading\n")]);
    let text = place.run("explain 2024-05-06-x.md").stdout();
    for line in [
        "title       T\n            ← line 2: title: T",
        "← the file's name, in ",
        "tags        a\n            ← line 3: tags: [a]",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn what_is_resolved_can_be_read_again() {
    let place = Place::with(&[("a.yaml", "posts: [{path: posts, preset: crawler}]\n")]);
    let resolved = place.run("config check --resolved -c a.yaml").stdout();
    fs::write(place.path("b.yaml"), &resolved).unwrap();
    assert_eq!(place.run("config check --resolved -c b.yaml").stdout(), resolved);
}

#[test]
fn the_sample_posts_are_fine() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/posts");
    let verdicts = Place::with(&[]).verdicts(samples.to_str().unwrap());
    assert!((8..=12).contains(&verdicts.len()));
    let of = |wanted: &str| verdicts.iter().filter(|(_, status, _)| status == wanted).count();
    assert_eq!((of("published"), of("draft")), (verdicts.len() - 1, 1));
    let warned = |line: &Value| line["diagnostics"].as_array().unwrap().iter().any(|remark| remark["level"] != "info");
    assert!(!verdicts.iter().any(|(.., line)| warned(line)));
}

#[test]
fn a_tag_that_feeds_cannot_show_is_told_with_its_line() {
    let text = "---\ntitle: a\ndate: 2024-01-01\n---\n\n{% tabs %}x{% endtabs %}\n`{% tabs %}`\n";
    let place = Place::with(&[("p/a.md", text)]);
    let verdicts = place.verdicts("p");
    let told: Vec<_> =
        verdicts[0].2["diagnostics"].as_array().unwrap().iter().map(|one| (&one["code"], &one["line"])).collect();
    assert_eq!(told, [(&Value::from("template-tag"), &Value::from(6))]);
    assert_eq!(verdicts[0].1, "published");
    assert!(place.run("explain p/a.md").stdout().contains("`tabs`"));
}

#[test]
fn an_address_that_feeds_can_show_is_not_warned_of() {
    let text = "---\ntitle: a\ndate: 2024-01-01\n---\n\n[here]({{ page.permalink }})\n";
    let configuration = "posts: [{path: p, site_url: 'https://e.org/blog/'}]\noutput: out\nstate: s\n";
    let place = Place::with(&[("p/a.md", text), ("c.yaml", configuration)]);
    let checked = place.run("check -c c.yaml").stdout();
    assert!(!checked.contains("warning["), "{checked}");
    let explained = place.run("explain p/a.md -c c.yaml").stdout();
    assert!(!explained.contains("warning["), "{explained}");
    assert_eq!(place.run("build -c c.yaml").code(), 0);
    let feed = fs::read_to_string(place.path("out/feed.json")).unwrap();
    assert!(feed.contains("https://e.org/blog/") && !feed.contains("page.permalink"), "{feed}");
}

#[test]
fn what_a_post_plays_and_shows_comes_out_in_every_format() {
    let text = "---\ntitle: a\ndate: 2024-01-01\naudio: https://x.example/a.mp3\naudio_size: 5000\n---\n\n\
                {% youtube a_b-c %} {{ page.title }}\n";
    let place = Place::with(&[("p/a.md", text)]);
    let ran = place.run("build p --output out --state s --base-url https://feeds.example.org/");
    assert_eq!(ran.code(), 0);
    for (document, enclosure) in [
        ("rss.xml", "<enclosure url=\"https://x.example/a.mp3\" length=\"5000\" type=\"audio/mpeg\"/>"),
        ("atom.xml", "<link href=\"https://x.example/a.mp3\" rel=\"enclosure\" type=\"audio/mpeg\" length=\"5000\"/>"),
        (
            "feed.json",
            "\"attachments\":[{\"url\":\"https://x.example/a.mp3\",\"mime_type\":\"audio/mpeg\",\"size_in_bytes\":5000}]",
        ),
    ] {
        let text = fs::read_to_string(place.path("out").join(document)).unwrap();
        assert!(text.contains(enclosure) && text.contains("watch?v=a_b-c") && !text.contains("{{"), "{text}");
    }
    assert!(place.run("explain p/a.md").stdout().contains("https://x.example/a.mp3 (audio/mpeg, 5000 bytes)"));
}
