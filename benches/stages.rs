//! What each pure stage costs: one post of 4 KB, a feed of fifty.
//!
//! `cargo bench` prints them.

use std::{path::Path, sync::Arc};

use chrono::{DateTime, Utc};
use divan::{Bencher, black_box, counter::BytesCount};
use feedwright::{
    feed::{self, CategoryRef, Entry, Feed, Format, window},
    post::{
        self, Outcome, Post, ReadSettings, SourceFile,
        body::{self, Bases},
    },
};

/// Entries of a feed.
const ENTRIES: usize = 50;

fn main() {
    divan::main();
}

/// A post as crawlers leave it.
fn text() -> String {
    let part = "<p data-pid=\"b59c9063\">许五正族何程提新南业感离例行除身也回各观成音相，只极存认例长局想解任。</p>";
    let image = "<figure><img src=\"https://pics.example/1_1440w.jpg\" referrerpolicy=\"no-referrer\"></figure><br>";
    format!(
        "\n---\ntitle: '俄罗斯公布与乌克兰谈判条件'\ncategories: \n - 社交媒体\n - 知乎\nheadimg: 'https://pics.example/1.jpg'\nauthor: \
         知乎\ncomments: false\ndate: Fri, 25 Feb 2022 08:54:46 GMT\nthumbnail: 'https://pics.example/1.jpg'\n---\n\n<div>   \n{}\n\
         </div>\n",
        [image, &part.repeat(10)].concat().repeat(3)
    )
}

fn read(text: &str, settings: &ReadSettings) -> Option<Post> {
    let file = SourceFile { path: Path::new("a/b.md"), bytes: text.as_bytes(), modified: DateTime::UNIX_EPOCH };
    match post::read(&file, settings).outcome {
        Outcome::Post(post) => Some(*post),
        _ => None,
    }
}

fn entry(content: &str) -> Entry {
    let category = CategoryRef {
        path: vec!["社交媒体".to_owned(), "知乎".to_owned()],
        url: "https://feeds.example/categories/%E7%9F%A5%E4%B9%8E/".to_owned(),
    };
    Entry {
        id: "urn:uuid:6c1f2d86-8a4b-5f0e-9f7d-0d5c2f6b3a11".to_owned(),
        title: "俄罗斯公布与乌克兰谈判条件".to_owned(),
        link: "https://feeds.example/posts/6c1f2d86/".to_owned(),
        published: at(1_645_779_286),
        updated: at(1_645_779_286),
        summary: "许五正族何程提新南业感离例行除身也回各观成音相".to_owned(),
        content: Some(content.to_owned()),
        image: None,
        enclosures: Vec::new(),
        authors: vec!["知乎".to_owned()],
        categories: vec![category],
        tags: Vec::new(),
        language: None,
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

#[divan::bench]
fn bytes_to_post(bencher: Bencher<'_, '_>) {
    let (text, settings) = (text(), ReadSettings::default());
    bencher.counter(BytesCount::of_str(&text)).bench(|| read(black_box(&text), &settings));
}

#[divan::bench]
fn body_to_html(bencher: Bencher<'_, '_>) {
    let post = read(&text(), &ReadSettings::default());
    bencher.bench(|| post.as_ref().map(|post| body::render(black_box(&post.body), &Bases::default(), None)));
}

#[divan::bench]
fn entry_to_fragments(bencher: Bencher<'_, '_>) {
    let entry = entry(&text());
    bencher.bench(|| black_box(&entry).fragments());
}

#[divan::bench(args = Format::ALL)]
fn fragments_to_document(bencher: Bencher<'_, '_>, format: Format) {
    let fragments: Vec<_> = std::iter::repeat_with(|| Arc::new(entry(&text()).fragments())).take(ENTRIES).collect();
    let feed = Feed {
        title: "知乎".to_owned(),
        description: "社交媒体 / 知乎".to_owned(),
        id: "https://feeds.example/categories/%E7%9F%A5%E4%B9%8E/".to_owned(),
        url: "https://feeds.example/categories/%E7%9F%A5%E4%B9%8E/".to_owned(),
        page: "https://feeds.example/categories/%E7%9F%A5%E4%B9%8E/".to_owned(),
        language: None,
        author: None,
        icon: None,
        logo: None,
        updated: at(1_645_779_286),
    };
    bencher.bench(|| feed::document(format, black_box(&feed), &fragments));
}

#[divan::bench]
fn window_of_500(bencher: Bencher<'_, '_>) {
    let caps = window::Caps { entries: 500, bytes: 1 << 20, recent: 48 * 3600 };
    let candidate = |number: i64| window::Candidate {
        post: format!("urn:{number}"),
        published: 1_645_779_286 - number,
        length: 8_000,
    };
    bencher
        .with_inputs(|| (0..500).map(candidate).collect::<Vec<_>>())
        .bench_values(|candidates| window::select(candidates, |id| id, caps));
}
