//! Template tags in real posts: none shows in what a feed carries.
#![allow(clippy::print_stdout, reason = "says what it found")]

use std::{collections::BTreeMap, fs, path::Path};

use chrono::DateTime;
use feedwright::post::{Code, Outcome, ReadSettings, SourceFile, body};

use crate::corpus::corpus;

/// What shows of a post outside its code and its formulas, in which braces are TeX's.
fn outside_code(html: &str) -> String {
    let shown = outside_elements(html);
    shown.split("$$").step_by(2).collect()
}

fn outside_elements(html: &str) -> String {
    let mut shown = String::new();
    let mut rest = html;
    while let Some(start) = ["<pre", "<code"].iter().filter_map(|open| rest.find(open)).min() {
        shown.push_str(&rest[..start]);
        let close = if rest[start..].starts_with("<pre") { "</pre>" } else { "</code>" };
        rest = rest[start..].split_once(close).map_or("", |(_, after)| after);
    }
    shown + rest
}

fn posts_below(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { posts_below(&path, found) } else { found.push(path) }
    }
}

#[test]
fn no_tag_of_a_real_post_shows_outside_code() {
    let Some(corpus) = corpus() else { return };
    let mut paths = Vec::new();
    posts_below(&corpus.join("posts"), &mut paths);
    paths.sort();
    let (mut tagged, mut dropped, mut shown) = (0, BTreeMap::<String, usize>::new(), Vec::new());
    let mut count = 0;
    for path in &paths {
        let bytes = fs::read(path).unwrap();
        let source =
            SourceFile { path: path.strip_prefix(&corpus).unwrap(), bytes: &bytes, modified: DateTime::UNIX_EPOCH };
        let Outcome::Post(post) = feedwright::post::read(&source, &ReadSettings::default()).outcome else { continue };
        count += 1;
        let bases = body::Bases {
            post: "https://blog.example/2024/post/".parse().ok(),
            site: "https://blog.example/".parse().ok(),
        };
        let rendered = body::render(&post.body, &bases, Some(&|_| None));
        tagged += usize::from(["{%", "{{", "{#"].iter().any(|open| post.body.text.contains(open)));
        for diagnostic in rendered.diagnostics.iter().filter(|one| one.code == Code::TemplateTag) {
            assert!(diagnostic.line.is_some() && diagnostic.help.is_some());
            let name = diagnostic.message.split('`').nth(1).unwrap_or_default();
            *dropped.entry(name.to_owned()).or_default() += 1;
        }
        let html = outside_code(&rendered.html);
        for mark in ["{%", "%}", "{{", "}}"] {
            for text in [&html, &post.title, post.excerpt.as_ref().unwrap_or(&String::new())] {
                if let Some(at) = text.find(mark) {
                    let around: String =
                        text[text.floor_char_boundary(at.saturating_sub(60))..].chars().take(160).collect();
                    shown.push(format!("{}: {around}", source.path.display()));
                }
            }
        }
    }
    println!("{count} posts, {tagged} with marks; dropped, in how many posts: {dropped:?}");
    assert!(count > 1000 && tagged > 150, "the corpus is smaller than it was");
    assert_eq!(shown, [""; 0]);
}
