//! Any bytes as a post file: it is read or refused, with remarks that point into it and fields that are what they promise.
#![no_main]

use std::path::Path;

use chrono::DateTime;
use feedwright::post::{self, FrontMatterRule, Outcome, Post, ReadSettings, SourceFile, link::LinkRules};
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|bytes: &[u8]| {
    let settings = ReadSettings {
        front_matter: FrontMatterRule::Optional,
        links: LinkRules { site_url: Url::parse("https://blog.example/").ok(), ..LinkRules::default() },
        ..ReadSettings::default()
    };
    let modified = DateTime::from_timestamp(1_700_000_000, 0).expect("a time");
    let reading = post::read(&SourceFile { path: Path::new("a/b.md"), bytes, modified }, &settings);

    // UTF-16 has a line end in two bytes.
    let lines = 2 + bytes.iter().filter(|&&byte| byte == b'\n' || byte == b'\r').count();
    for diagnostic in &reading.diagnostics {
        assert!(diagnostic.line.is_none_or(|line| line >= 1 && line as usize <= lines), "{diagnostic:?}");
        assert!(
            diagnostic.column.is_none_or(|column| column >= 1 && column as usize <= bytes.len() + 8),
            "{diagnostic:?}"
        );
        assert!(!diagnostic.message.is_empty());
    }
    match reading.outcome {
        Outcome::Post(post) => sound(&post),
        Outcome::Rejected(error) => assert!(!error.to_string().is_empty()),
        Outcome::Skipped | Outcome::LeftOut => {}
    }
});

fn sound(post: &Post) {
    assert!(!post.title.is_empty());
    let names = post.categories.iter().flatten().chain(&post.tags).chain(&post.authors);
    for text in names.chain([&post.title]).chain(&post.excerpt) {
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert_eq!(text.trim(), text);
    }
    let addresses = post.enclosures.iter().map(|file| &file.url);
    for address in addresses.chain(&post.image).chain(&post.link) {
        let url = Url::parse(address).expect("an absolute address");
        assert!(matches!(url.scheme(), "http" | "https"), "{address}");
    }
}
