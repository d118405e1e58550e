//! Real posts of twelve public sites, read as an independent reader reads them.
//!
//! The corpus is not part of the repository: `FEEDWRIGHT_SHARED` names the folder that holds it. Without it the tests
//! say that they are skipped; where `CI` is set they fail.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test outside `cfg(test)`, which says what it compares")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use feedwright::post::{self, Level, Outcome, Post, PublishedFrom, ReadSettings, Reading, SourceFile};
use serde::Deserialize;
use serde_json::Value;

use crate::site::shared;

/// What the independent reader makes of a file.
#[derive(Deserialize)]
struct Expected {
    path: PathBuf,
    title: Option<String>,
    date_utc: Option<DateTime<Utc>>,
    categories: Vec<Vec<String>>,
    tags: Vec<String>,
    /// A string, a list of strings, or null.
    author: Value,
    image: Option<String>,
    #[serde(default)]
    debatable_fields: Vec<String>,
}

pub(crate) fn corpus() -> Option<PathBuf> {
    shared().map(|folder| folder.join("corpus"))
}

fn read(corpus: &Path, path: &Path) -> Reading {
    let bytes = fs::read(corpus.join("posts").join(path)).unwrap();
    post::read(&SourceFile { path, bytes: &bytes, modified: DateTime::UNIX_EPOCH }, &ReadSettings::default())
}

fn records<T: for<'a> Deserialize<'a>>(file: &Path) -> Vec<T> {
    fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn real_posts_are_read_as_others_read_them() {
    let Some(corpus) = corpus() else { return };
    let mut fields: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for expected in records::<Expected>(&corpus.join("expected.jsonl")) {
        let reading = read(&corpus, &expected.path);
        let outcomes = match &reading.outcome {
            Outcome::Post(post) => compare(&expected, post),
            other => vec![("post", Some(format!("{other:?}")))],
        };
        for (field, difference) in outcomes {
            // Keywords are tags here where there are no others; the independent reader does not know them.
            if expected.debatable_fields.iter().any(|debatable| debatable == field) {
                continue;
            }
            let (total, wrong) = fields.entry(field).or_default();
            *total += 1;
            if let Some(difference) = difference {
                *wrong += 1;
                println!("{}: {field}: {difference}", expected.path.display());
            }
        }
    }
    let (total, wrong) = fields.values().fold((0, 0), |sum, field| (sum.0 + field.0, sum.1 + field.1));
    println!("{fields:?} (firm, different)");
    assert!(total > 5000, "the corpus is smaller than it was: {total} firm fields");
    assert!(wrong * 200 <= total, "{wrong} of {total} firm fields differ");
}

/// Each field, and how it differs.
fn compare(expected: &Expected, post: &Post) -> Vec<(&'static str, Option<String>)> {
    fn field<T: PartialEq + std::fmt::Debug>(
        name: &'static str,
        ours: &T,
        theirs: &T,
    ) -> (&'static str, Option<String>) {
        let difference = (ours != theirs).then(|| format!("{ours:?}, others read {theirs:?}"));
        (name, difference)
    }
    let plain = |text: &str| post::title::plain(text);
    let dated = (post.published.from == PublishedFrom::FrontMatter).then_some(post.published.at);
    let authors: Vec<String> = match &expected.author {
        Value::String(name) => vec![plain(name)],
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(plain).collect(),
        _ => Vec::new(),
    };
    let mut fields = vec![
        field("date_utc", &dated, &expected.date_utc),
        field("categories", &post.categories, &expected.categories),
        field("tags", &post.tags, &expected.tags),
        field("author", &post.authors, &authors),
        field("image", &post.image, &expected.image),
    ];
    // Without a title others have none; ours is the heading or the file's name.
    if let Some(title) = &expected.title {
        fields.push(field("title", &post.title, &plain(title)));
    }
    fields
}

#[derive(Deserialize)]
struct Doubtful {
    path: PathBuf,
    reason: String,
}

#[test]
fn the_seed_is_read_without_a_remark() {
    let Some(corpus) = corpus() else { return };
    let Reading { outcome, diagnostics } = read(&corpus, Path::new("../../seed/seed.md"));
    assert_eq!(diagnostics, []);
    let Outcome::Post(post) = outcome else { panic!("{outcome:?}") };
    assert_eq!(post.categories, [["社交媒体", "知乎", "知乎热榜"]]);
    assert_eq!(post.published.at.to_rfc3339(), "2022-02-25T08:54:46+00:00");
    assert!(post.title.starts_with("俄罗斯装甲部队") && post.body.text.contains("data-original"));
}

#[test]
fn doubtful_files_are_read_or_explained() {
    let Some(corpus) = corpus() else { return };
    for Doubtful { path, reason } in records(&corpus.join("doubtful.jsonl")) {
        let Reading { outcome, diagnostics } = read(&corpus, &path);
        let told = diagnostics.iter().filter(|diagnostic| diagnostic.level >= Level::Warning);
        let outcome = match outcome {
            Outcome::Post(post) => {
                assert!(!post.title.is_empty());
                format!("read: {}", post.title)
            }
            Outcome::Skipped | Outcome::LeftOut => {
                assert!(told.clone().all(|diagnostic| diagnostic.help.is_some()) && told.clone().count() > 0);
                "skipped".to_owned()
            }
            Outcome::Rejected(error) => {
                assert!(error.position().0.is_some() && !error.help().is_empty());
                "rejected".to_owned()
            }
        };
        println!("{} ({reason})\n  {outcome}", path.display());
        for diagnostic in told {
            let at = (diagnostic.line.unwrap_or(0), diagnostic.column.unwrap_or(0));
            println!("  {at:?} {} | {}", diagnostic.message, diagnostic.help.as_deref().unwrap_or(""));
        }
    }
}
