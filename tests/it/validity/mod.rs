//! Feeds of real posts, of hostile ones, and of whatever the scripts made: all of them keep every rule.
//!
//! `FEEDWRIGHT_PRODUCED` names a folder in which the documents are left for validators that others wrote.
//! `FEEDWRIGHT_DOCUMENTS` names a folder of documents to judge: every folder in it that holds a file `base` is an output
//! folder that was made for that base.
#![allow(clippy::print_stdout, reason = "the numbers are for whoever runs the tests")]

mod heavy;
mod hostile;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use feedwright::{
    feed::address,
    post::{
        self, Outcome, ReadSettings, SourceFile,
        body::{self, Bases},
    },
};
use tempfile::TempDir;

use crate::{
    rules::{Verdict, judge_all},
    site::{Site, documents_to_judge, files, shared},
};

/// Below a path, so that nothing is right by chance.
const BASE: &str = "https://feeds.example.org/f/";

/// The sites of the corpus, and what their publishers would choose.
const SITES: [(&str, &str); 12] = [
    ("BurntSushi__blog", "hugo"),
    ("GSA__digitalgov.gov", "hugo"),
    ("JumHorn__jumhorn.github.io", "hexo"),
    ("babel__website", "plain"),
    ("bitcoinops__bitcoinops.github.io", "jekyll"),
    ("hexojs__site", "hexo"),
    ("jekyll__jekyll", "jekyll"),
    ("mzlogin__mzlogin.github.io", "jekyll"),
    ("nodejs__nodejs.org", "plain"),
    ("raphlinus__raphlinus.github.io", "jekyll"),
    ("rust-lang__blog.rust-lang.org", "zola"),
    ("swiftlang__swift-org-website", "jekyll"),
];

/// Everything is shown: what no window holds is not judged.
const WHOLE: &str = "window: {entries: 500, max_entries: 500, max_size: 64 MiB}\n";

/// Builds the feeds of a folder in one pass, leaves them for other validators under `name`, and judges them. `folder`
/// are keys of the folder, `file` keys of the whole configuration.
fn build(name: &str, posts: &Path, folder: &str, file: &str) -> Verdict {
    let place = TempDir::new().unwrap();
    let path = serde_json::to_string(posts).unwrap();
    let configuration = format!(
        "base_url: {BASE}\noutput: out\nstate: state\n{WHOLE}{file}posts:\n  - path: {path}\n    timezone: UTC\n{folder}"
    );
    fs::write(place.path().join("feedwright.yaml"), configuration).unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_feedwright"))
        .args(["build", "-c", "feedwright.yaml"])
        .current_dir(place.path())
        .env_remove("NOTIFY_SOCKET")
        .env_remove("LISTEN_FDS")
        .output()
        .unwrap();
    assert!(ran.status.success(), "{name}: {}", String::from_utf8_lossy(&ran.stderr));
    let output = place.path().join("out");
    if let Some(produced) = std::env::var_os("FEEDWRIGHT_PRODUCED") {
        leave(&output, &PathBuf::from(produced).join(name));
    }
    let verdict = judge_all(BASE, &documents_to_judge(&output));
    println!(
        "{name}: {} documents, {} entries, {} findings",
        verdict.documents,
        verdict.entries,
        verdict.findings.len()
    );
    verdict
}

/// Copies documents to where other validators find them, with the base that they were made for.
fn leave(output: &Path, place: &Path) {
    for (path, bytes) in files(output) {
        let file = place.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    fs::write(place.join("base"), BASE).unwrap();
}

fn sum(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    let mut sum = Verdict::default();
    for verdict in verdicts {
        sum.documents += verdict.documents;
        sum.entries += verdict.entries;
        sum.findings.extend(verdict.findings);
    }
    println!("together: {} documents, {} entries, {} findings", sum.documents, sum.entries, sum.findings.len());
    sum
}

fn real_posts(settings: impl Fn(&str, &str) -> (String, String)) {
    let Some(shared) = shared() else { return };
    let verdicts = SITES.map(|(site, preset)| {
        let (name, folder) = settings(site, preset);
        let verdict = build(&name, &shared.join("corpus/posts").join(site), &folder, "");
        for entry in &verdict.told[&[BASE, "feed.json"].concat()].entries {
            assert!(!shows_a_reference(&entry.title), "no title of the corpus means one: {}", entry.title);
        }
        verdict
    });
    let verdict = sum(verdicts);
    assert!(verdict.documents > 250 && verdict.entries > 5000, "the corpus is smaller than it was");
    verdict.assert_nothing_found();
}

/// Whether a plain text looks like escaped markup: `Q&amp;A`, `It&#8217;s`.
fn shows_a_reference(text: &str) -> bool {
    text.split('&').skip(1).any(|after| {
        let name = after.split_once(';').map(|(name, _)| name.trim_start_matches('#'));
        name.is_some_and(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()))
    })
}

#[test]
fn feeds_of_real_posts_keep_every_rule() {
    real_posts(|site, preset| {
        let ids = if preset == "jekyll" { "jekyll-feed" } else { "permalink" };
        let url = site.replace('_', "-");
        let folder = format!("    preset: {preset}\n    site_url: https://{url}.example/blog/\n    ids: {ids}\n");
        (format!("corpus/fitting/{site}"), folder)
    });
}

#[test]
fn feeds_of_real_posts_without_settings_keep_every_rule() {
    real_posts(|site, _| (format!("corpus/defaults/{site}"), String::new()));
}

#[test]
fn feeds_of_hostile_posts_keep_every_rule() {
    let posts = TempDir::new().unwrap();
    hostile::write(posts.path());
    let words = r#"title: "A &amp; <b>B</b> ]]> {{ x }} &lt;script&gt;"
description: "<img src=x onerror=alert(1)> &amp;amp; ]]>"
author: "<i>Ада</i> & co"
"#;
    let site = "    preset: crawler\n    site_url: https://blog.example/b/\n    permalink: \":year/:title/\"\n";
    let verdicts = [
        ("plain", "    preset: plain\n", ""),
        ("crawler", site, words),
        ("jekyll", "    preset: jekyll\n    site_url: https://blog.example/b/\n", ""),
        ("hugo", "    preset: hugo\n    site_url: https://例え.example/知/\n", "language: zh-Hans\n"),
        (
            "summary",
            // Not `ids: permalink`, which keeps what Hexo made of such titles to the letter.
            "    preset: hexo\n    site_url: https://blog.example/\n",
            "content: summary\n",
        ),
    ];
    let verdict =
        sum(verdicts.map(|(name, folder, file)| build(&format!("hostile/{name}"), posts.path(), folder, file)));
    assert!(verdict.documents > 100 && verdict.entries > 500, "fewer hostile posts come out than did");
    verdict.assert_nothing_found();
}

/// How long a post may take from its bytes to what feeds show. Without optimisation everything takes ten times as long.
const ANSWER: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1000 } else { 100 });

#[test]
fn hostile_posts_are_answered_in_time() {
    let hostile = TempDir::new().unwrap();
    hostile::write(hostile.path());
    let mut posts = heavy::posts().into_iter().map(|(name, text)| (name, text.into_bytes())).collect::<Vec<_>>();
    posts.extend(files(hostile.path()));
    let settings = ReadSettings::default();
    let bases = Bases { post: url::Url::parse("https://blog.example/b/").ok(), site: None };
    let mut times = Vec::new();
    for (name, bytes) in &posts {
        let answer = || {
            let began = processor_time();
            let source = SourceFile { path: Path::new(name), bytes, modified: chrono::DateTime::UNIX_EPOCH };
            if let Outcome::Post(post) = post::read(&source, &settings).outcome {
                let rendered = body::render(&post.body, &bases, None);
                assert!(rendered.html.len() <= 8 * bytes.len() + (8 << 20), "{name}: {}", rendered.html.len());
                let _ = (body::first_heading(&post.body), post.body.words());
            }
            processor_time().saturating_sub(began)
        };
        // What comes first pays for pages and tables that all need.
        let time = Some(answer()).filter(|time| *time <= ANSWER).unwrap_or_else(answer);
        if time > ANSWER {
            println!("too slow: {name}: {time:?}");
        }
        times.push((time, name));
    }
    times.sort_unstable();
    let slow = times.iter().filter(|(time, _)| *time > ANSWER).count();
    let seen = format!("slowest {:?} (at most {ANSWER:?}): {:?}", times[times.len() - 1].0, times[times.len() - 1].1);
    let built = if cfg!(debug_assertions) { "not optimised" } else { "optimised" };
    note("hostile posts, bytes to entry", &format!("{} posts, {built}", posts.len()), &seen);
    assert_eq!(slow, 0, "posts that take too long");
}

/// What this thread has used of a processor: other threads and programs do not count.
fn processor_time() -> Duration {
    let used = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(used.split(' ').next().unwrap().parse().unwrap())
}

/// Leaves a figure where tests/support/figures.py finds it.
fn note(what: &str, done: &str, seen: &str) {
    println!("figure: {what} | {done} | {seen}");
    if let Some(path) = std::env::var_os("FEEDWRIGHT_FIGURES") {
        let row = serde_json::json!({"script": "heavy", "what": what, "done": done, "seen": seen});
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{row}").unwrap();
    }
}

/// `FEEDWRIGHT_HOSTILE` names a folder for scripts that want the same posts.
#[test]
fn hostile_posts_for_scripts() {
    let Some(folder) = std::env::var_os("FEEDWRIGHT_HOSTILE").map(PathBuf::from) else {
        println!("left out: FEEDWRIGHT_HOSTILE names no folder");
        return;
    };
    hostile::write(&folder.join("odd"));
    for (name, text) in heavy::posts() {
        let file = folder.join("heavy").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

#[test]
fn feeds_on_demand_of_hostile_names_keep_every_rule() {
    let site = Site::new();
    hostile::write(&site.path("posts"));
    let site = site.configured(WHOLE).start();
    let main: serde_json::Value = serde_json::from_slice(&site.get("feed.json").body).unwrap();
    let items = main["items"].as_array().unwrap();
    let names = |folder: &str, of: &dyn Fn(&serde_json::Value) -> Vec<String>| {
        let names: BTreeSet<String> = items.iter().flat_map(of).collect();
        names.into_iter().map(|name| format!("{folder}/{}/", address::segment(&name))).collect::<Vec<_>>()
    };
    let texts = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let tags = names("tags", &|item| item["tags"].as_array().into_iter().flatten().filter_map(texts).collect());
    let authors = names("authors", &|item| {
        item["authors"].as_array().into_iter().flatten().filter_map(|author| texts(&author["name"])).collect()
    });
    let mut documents = BTreeMap::new();
    for folder in tags.iter().chain(&authors) {
        for name in ["rss.xml", "atom.xml", "feed.json"] {
            let path = address::encode(&[folder, name].concat());
            let response = site.get(&path);
            if response.status == 200 {
                documents.insert(path, response.body);
            }
        }
    }
    let verdict = sum([judge_all(&site.base(), &documents)]);
    assert!(verdict.documents > 100, "fewer names come out than did");
    verdict.assert_nothing_found();
}

#[test]
fn documents_that_scripts_made_keep_every_rule() {
    let Some(root) = std::env::var_os("FEEDWRIGHT_DOCUMENTS").map(PathBuf::from) else {
        println!("left out: FEEDWRIGHT_DOCUMENTS names no folder with documents");
        return;
    };
    let mut verdicts = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        if let Ok(base) = fs::read_to_string(folder.join("base")) {
            let verdict = judge_all(base.trim(), &documents_to_judge(&folder));
            println!("{}: {} documents, {} entries", folder.display(), verdict.documents, verdict.entries);
            verdicts.push(verdict);
        } else {
            let below = fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path());
            folders.extend(below.filter(|path| path.is_dir()));
        }
    }
    let verdict = sum(verdicts);
    assert!(verdict.documents > 0, "no folder with a file `base` below {}", root.display());
    verdict.assert_nothing_found();
}
