use chrono::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::post::{
    category::{CategoryRules, ListRule, SplitRule},
    id::IdRule,
    link::LinkRules,
};

/// A crawler's file in the form of the seed: a blank line first, a blank behind `categories:`, items at one space.
const CRAWLED: &str = "
---
title: '巷战 &#123;一&#125; &amp; &quot;二&quot;'
categories: 
 - 社交媒体
 - 知乎
 - 知乎热榜
headimg: 'https://pic.example.org/a_1440w.jpg'
author: 知乎
comments: false
date: Fri, 25 Feb 2022 08:54:46 GMT
thumbnail: 'https://pic.example.org/b.jpg'
---

<div>   
正文</div>
";

fn modified() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2024, 5, 6, 7, 8, 9).unwrap()
}

fn reading(path: &str, text: &str, settings: &ReadSettings) -> Reading {
    read(&SourceFile { path: Path::new(path), bytes: text.as_bytes(), modified: modified() }, settings)
}

/// A post of this front matter at `a/hello.md`, and the codes of what was said about it.
fn post(yaml: &str, settings: &ReadSettings) -> (Post, Vec<Code>) {
    post_at("a/hello.md", yaml, settings)
}

fn post_at(path: &str, yaml: &str, settings: &ReadSettings) -> (Post, Vec<Code>) {
    let reading = reading(path, &format!("---\n{yaml}\n---\nbody\n"), settings);
    let codes = reading.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    match reading.outcome {
        Outcome::Post(post) => (*post, codes),
        other => panic!("{yaml}: {other:?}"),
    }
}

#[test]
fn a_crawlers_file_is_read_whole() {
    for text in [CRAWLED.to_owned(), CRAWLED.replace('\n', "\r\n"), format!("\u{feff}{CRAWLED}")] {
        let Reading { outcome, diagnostics } = reading("知乎/转发.md", &text, &ReadSettings::default());
        assert_eq!(diagnostics, []);
        let Outcome::Post(post) = outcome else { panic!("{outcome:?}") };
        assert_eq!(post.title, "巷战 {一} & \"二\"");
        assert_eq!(post.categories, [["社交媒体", "知乎", "知乎热榜"]]);
        assert_eq!(post.image.as_deref(), Some("https://pic.example.org/a_1440w.jpg"));
        assert_eq!(post.authors, ["知乎"]);
        let at = Utc.with_ymd_and_hms(2022, 2, 25, 8, 54, 46).unwrap();
        assert_eq!(post.published, Published { at, from: PublishedFrom::FrontMatter, stamp: false });
        assert_eq!((post.id, post.link, post.language), (None, None, None));
        assert_eq!(post.visibility, Visibility::Public);
        assert_eq!(post.body.line, 14);
        assert!(post.body.text.trim().starts_with("<div>"));
        assert_eq!(post.body.markup, Markup::Markdown);
    }
}

#[test]
fn a_missing_title_is_found_elsewhere() {
    let check = |path: &str, text: &str, title: &str, code: Option<Code>| {
        let Reading { outcome, diagnostics } = reading(path, text, &ReadSettings::default());
        let Outcome::Post(post) = outcome else { panic!("{outcome:?}") };
        assert_eq!(post.title, title, "{path}");
        assert_eq!(diagnostics.iter().find(|d| d.code != Code::NoDate).map(|d| d.code), code, "{path}");
    };
    check("a.md", "---\ntitle: 2021\n---\n", "2021", None);
    check("a.md", "---\ntitle: 1.10\n---\n", "1.10", None);
    check("a.md", "---\ntitle: true\n---\n", "true", None);
    check("a.md", "---\ntitle: [完结]\n---\n", "完结", Some(Code::WrongShape));
    check("a.md", "---\ntitle: ''\n---\n# The *heading*\n", "The heading", Some(Code::NoTitle));
    check("2024-03-18-hello.md", "---\n---\n", "hello", Some(Code::NoTitle));
    check("2024-03-18.md", "---\n---\n", "2024-03-18", Some(Code::NoTitle));
    check("2024-03-18-trip/index.md", "---\n---\n", "trip", Some(Code::NoTitle));
    check(
        "a.md",
        "---\ntitle: '{{ page.title }}'\n---\n# {{ site.title }} The {% if x %}heading\n",
        "The heading",
        Some(Code::NoTitle),
    );
    check(
        "a.md",
        "---\ntitle: '{% include x.html %} {{mustache}} &#123;&#123; a.b &#125;&#125; `{{ c.d }}`'\n---\n",
        "{{mustache}} {{ a.b }} `{{ c.d }}`",
        None,
    );
    check("转发.md", "---\ntitle: <br>\n---\n", "转发", Some(Code::NoTitle));
}

#[test]
fn a_date_is_taken_from_the_best_source() {
    use PublishedFrom::{FileName, FileTime, FrontMatter};
    let day = |year, month, day| Utc.with_ymd_and_hms(year, month, day, 0, 0, 0).unwrap();
    for (path, yaml, at, from, codes) in [
        ("a.md", "date: 2022-02-25", day(2022, 2, 25), FrontMatter, vec![]),
        ("a.md", "created: 2022-02-25\npublished: true", day(2022, 2, 25), FrontMatter, vec![]),
        ("a.md", "published: 2022-02-25", day(2022, 2, 25), FrontMatter, vec![]),
        ("2023-01-02-a.md", "date: 2022-02-25", day(2022, 2, 25), FrontMatter, vec![]),
        ("2023-01-02-a.md", "x: y", day(2023, 1, 2), FileName, vec![]),
        ("2023-01-02-a.md", "published: yes", day(2023, 1, 2), FileName, vec![]),
        ("2023-01-02-a.md", "date: 2017-02-29", day(2023, 1, 2), FileName, vec![Code::BadDate]),
        ("a.md", "date: 2017-02-29\ncreated: 2017-03-01", day(2017, 3, 1), FrontMatter, vec![Code::BadDate]),
        ("a.md", "date: soon", modified(), FileTime, vec![Code::BadDate]),
        ("a.md", "date: [1, 2]", modified(), FileTime, vec![Code::WrongShape]),
        ("a.md", "date:", modified(), FileTime, vec![Code::NoDate]),
        ("a.md", "date: Sat, 25 Feb 2022 00:00:00 GMT", day(2022, 2, 25), FrontMatter, vec![Code::WrongWeekday]),
    ] {
        let (post, found) = post_at(path, &format!("title: a\n{yaml}"), &ReadSettings::default());
        assert_eq!(post.published, Published { at, from, stamp: false }, "{path} {yaml}");
        assert_eq!(found, codes, "{path} {yaml}");
    }
    let (stamped, _) = post("title: a\ndate: 2024-05-06 07:08:00", &ReadSettings::default());
    assert!(stamped.published.stamp);
    let (edited, _) =
        post("title: a\ndate: 2022-02-25\nlastmod: 2022-03-01\nexpiryDate: 2023-01-01", &ReadSettings::default());
    assert_eq!((edited.updated, edited.expires), (Some(day(2022, 3, 1)), Some(day(2023, 1, 1))));
}

#[test]
fn an_enclosure_is_absolute_or_none() {
    let urls = |yaml: &str, settings: &ReadSettings| -> Vec<String> {
        post(yaml, settings).0.enclosures.into_iter().map(|file| file.url).collect()
    };
    let site = ReadSettings {
        links: LinkRules { site_url: Url::parse("https://blog.example/").ok(), ..LinkRules::default() },
        ..ReadSettings::default()
    };
    let linked = "link: https://blog.example/trip/\naudio";
    assert_eq!(urls(&format!("{linked}: a.mp3"), &site), ["https://blog.example/trip/a.mp3"]);
    assert_eq!(urls("audio: /s/旅 行.mp3", &site), ["https://blog.example/s/%E6%97%85%20%E8%A1%8C.mp3"]);
    assert_eq!(urls("audio: //cdn.example/a.mp3", &ReadSettings::default()), ["https://cdn.example/a.mp3"]);
    assert_eq!(urls("audio: [/a.mp3, 'ftp://x.example/b.mp3', 'javascript:c.mp3']", &ReadSettings::default()), [""; 0]);
}

#[test]
fn what_is_not_public_is_withheld() {
    for (yaml, key) in [
        ("draft: true", Some("draft")),
        ("draft: maybe", Some("draft")),
        ("draft: false", None),
        ("Draft: yes", Some("draft")),
        ("published: false", Some("published")),
        ("published: true", None),
        ("published: 2022-02-25", None),
        ("status: draft", Some("status")),
        ("status: Private", Some("status")),
        ("status: pending", Some("status")),
        ("status: publish", None),
        ("password: hunter2", Some("password")),
        ("password: ''", None),
        ("encrypt: true", Some("encrypt")),
        ("encrypted: {key: x}", Some("encrypted")),
        ("private: true", Some("private")),
        ("hidden: 1", Some("hidden")),
        ("unlisted: true", Some("unlisted")),
        ("unlisted: false", None),
        ("feed: false", Some("feed")),
        ("feed: true", None),
    ] {
        let (post, codes) = post(&format!("title: a\ndate: 2022-01-01\n{yaml}"), &ReadSettings::default());
        assert_eq!(post.visibility, key.map_or(Visibility::Public, Visibility::Withheld), "{yaml}");
        assert_eq!(codes.contains(&Code::Withheld), key.is_some(), "{yaml}");
    }
}

#[test]
fn people_tags_and_languages_come_in_many_shapes() {
    for (yaml, authors, tags, language) in [
        ("author: 知乎", vec!["知乎"], vec![], None),
        ("author: [a, b, a]", vec!["a", "b"], vec![], None),
        ("author: {name: a, url: x}", vec!["a"], vec![], None),
        ("authors: [{name: a}, b, {Name: c}]", vec!["a", "b", "c"], vec![], None),
        ("author: A &amp; B, C", vec!["A & B, C"], vec![], None),
        ("tags: a", vec![], vec!["a"], None),
        ("tags: [a, 2021, a, true]", vec![], vec!["a", "2021", "true"], None),
        ("tags: a b", vec![], vec!["a b"], None),
        ("tag: a\ntags: [b]\nkeywords: c", vec![], vec!["a", "b"], None),
        ("keywords: a b, c", vec![], vec![], None),
        ("keywords: [a b, c]", vec![], vec!["a b", "c"], None),
        ("taxonomies: {tags: [a]}", vec![], vec!["a"], None),
        ("lang: zh_CN", vec![], vec![], Some("zh-CN")),
        ("language: en", vec![], vec![], Some("en")),
        ("lang: en_US.UTF-8", vec![], vec![], None),
        ("lang: en-US-US", vec![], vec![], None),
        ("lang: [en, de]", vec![], vec![], None),
        ("lang: Chinese (simplified)", vec![], vec![], None),
    ] {
        let (post, _) = post(&format!("title: a\n{yaml}"), &ReadSettings::default());
        assert_eq!((post.authors, post.tags), (to_strings(&authors), to_strings(&tags)), "{yaml}");
        assert_eq!(post.language.as_deref(), language, "{yaml}");
    }
    let categories = CategoryRules { list: ListRule::Flat, split: SplitRule::Blanks, ..CategoryRules::default() };
    let jekyll = ReadSettings { categories, ..ReadSettings::default() };
    let (post, _) = post("title: a\ntags: a b\ntag: c d", &jekyll);
    assert_eq!(post.tags, ["c d", "a", "b"]);
}

#[test]
fn a_post_has_as_many_names_as_readers_can_choose_between() {
    let names = |count: usize| (0..count).map(|number| format!("n{number}")).collect::<Vec<_>>().join(", ");
    for (yaml, paths, levels, tags, authors, remarks) in [
        (format!("categories: [{}]", names(16)), 1, 16, 0, 0, 0),
        (format!("categories: [{}]", names(2000)), 1, 16, 0, 0, 1),
        (format!("categories: [[{}]]", names(100).replace(", ", "], [")), 100, 1, 0, 0, 0),
        (format!("categories: [[{0}], [{0}]]", names(100).replace(", ", "], [")), 100, 1, 0, 0, 0),
        (format!("categories: [[{}]]", names(101).replace(", ", "], [")), 100, 1, 0, 0, 1),
        (format!("tags: [{}]", names(100)), 0, 0, 100, 0, 0),
        (format!("tags: [{}]\nauthors: [{}]", names(2000), names(2000)), 0, 0, 100, 100, 2),
    ] {
        let (post, codes) = post(&format!("title: a\ndate: 2024-01-01\n{yaml}"), &ReadSettings::default());
        let beginning = yaml.chars().take(40).collect::<String>();
        assert_eq!(codes, vec![Code::OverLimit; remarks], "{beginning}");
        assert_eq!((post.tags.len(), post.authors.len()), (tags, authors), "{beginning}");
        if paths > 0 {
            assert_eq!((post.categories.len(), post.categories[0].len()), (paths, levels), "{beginning}");
        }
    }
}

fn to_strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn pictures_and_links_become_absolute() {
    let mut blog = ReadSettings::default();
    blog.links.site_url = Url::parse("https://blog.example.org/sub/").ok();
    for (yaml, image, link) in [
        ("image: https://e.org/a.png", Some("https://e.org/a.png"), None),
        ("image: //e.org/a.png", Some("https://e.org/a.png"), None),
        ("image: /a.png", Some("https://blog.example.org/a.png"), None),
        ("link: https://e.org/x/y/\nimage: a.png", Some("https://e.org/x/y/a.png"), Some("https://e.org/x/y/")),
        ("cover: false\nimage: {src: https://e.org/a.png}", Some("https://e.org/a.png"), None),
        ("image: [https://e.org/a.png, b]", Some("https://e.org/a.png"), None),
        ("image: data:image/png;base64,AA", None, None),
        ("image: javascript:alert(1)", None, None),
        ("image: {alt: x}\ncover: https://e.org/a.png", Some("https://e.org/a.png"), None),
        ("link: see there\nsource: https://e.org/", None, Some("https://e.org/")),
        ("original_url: ftp://e.org/", None, None),
    ] {
        let (post, _) = post(&format!("title: a\ndate: 2022-01-01\n{yaml}"), &blog);
        assert_eq!((post.image.as_deref(), post.link.as_deref()), (image, link), "{yaml}");
    }
    assert_eq!(post("title: a\nimage: a.png", &ReadSettings::default()).0.image.as_deref(), Some("a.png"));
}

#[test]
fn ids_come_from_the_front_matter_or_the_old_generator() {
    let (own, _) = post("title: a\nguid: tag:e.org,2024:1", &ReadSettings::default());
    assert_eq!(own.id.as_deref(), Some("tag:e.org,2024:1"));
    let (hashed, _) = post("title: a\nid: 42", &ReadSettings::default());
    assert_eq!(hashed.id, Some(id::of_front_matter("posts", "42")));
    let permalink = ReadSettings { ids: IdRule::Permalink, ..ReadSettings::default() };
    let (old, _) = post("title: a\nlink: https://e.org/知/", &permalink);
    assert_eq!(old.id.as_deref(), Some("https://e.org/%E7%9F%A5/"));
}

/// The folder of a blog that moved here.
fn blog(pattern: &str, dialect: link::Dialect, ids: IdRule) -> ReadSettings {
    let links = link::LinkRules {
        site_url: Some("https://e.org".parse().unwrap()),
        permalink: Some(link::Permalink::parse(pattern, dialect).unwrap()),
        timezone: None,
    };
    ReadSettings { links, ids, ..ReadSettings::default() }
}

#[test]
fn an_old_id_is_that_of_the_address_which_the_blog_gave() {
    let hexo = blog(":category/:title/", link::Dialect::Hexo, IdRule::Permalink);
    let renamed = CategoryRules {
        aliases: [(vec!["old".to_owned()], vec!["new".to_owned()])].into(),
        uncategorised: Some("none".to_owned()),
        prefix: vec!["blog".to_owned()],
        ..CategoryRules::default()
    };
    let hexo = ReadSettings { categories: renamed, ..hexo };
    for (yaml, link, id) in [
        ("id: 42", "https://e.org/uncategorized/a/hello/", "https://e.org/uncategorized/a/hello/"),
        ("guid: tag:e.org,2024:1", "https://e.org/uncategorized/a/hello/", "tag:e.org,2024:1"),
        ("link: https://other.org/", "https://other.org/", "https://e.org/uncategorized/a/hello/"),
        ("categories: old", "https://e.org/old/a/hello/", "https://e.org/old/a/hello/"),
    ] {
        let (post, _) = post(&format!("title: a\n{yaml}"), &hexo);
        assert_eq!((post.link.as_deref(), post.id.as_deref()), (Some(link), Some(id)), "{yaml}");
    }
    let hexo = blog(":year/:month/:day/:timestamp/", link::Dialect::Hexo, IdRule::Permalink);
    let links = link::LinkRules { timezone: date::Timezone::named("Asia/Shanghai"), ..hexo.links.clone() };
    for (links, id) in [(hexo.links.clone(), "2024/03/03/1709481600/"), (links, "2024/03/04/1709481600/")] {
        let (post, _) = post("title: a\ndate: 2024-03-03T16:00:00Z", &ReadSettings { links, ..hexo.clone() });
        assert_eq!(post.id, Some(format!("https://e.org/{id}")));
    }
    let jekyll = blog("pretty", link::Dialect::Jekyll, IdRule::JekyllFeed);
    let jekyll = ReadSettings {
        dates: date::DateRules { timezone: date::Timezone::named("Asia/Shanghai").unwrap(), ..jekyll.dates },
        ..jekyll
    };
    for (date, day) in [
        ("2024-03-03", "03/03"),
        ("2024-03-03 23:59", "03/03"),
        ("2024-03-03 23:59:59 +0800", "03/03"),
        ("2024-03-03 23:59:59", "03/04"),
        ("2024-03-03T15:59:59", "03/03"),
    ] {
        let (post, _) = post(&format!("title: a\ndate: {date}\nslug: A b"), &jekyll);
        assert_eq!(post.id, Some(format!("https://e.org/2024/{day}/A%20b")), "{date}");
    }
}

#[test]
fn a_file_without_front_matter_is_skipped_read_or_refused() {
    let Reading { outcome, diagnostics } = reading("a.md", "# Hello\n", &ReadSettings::default());
    assert_eq!((outcome, diagnostics.first().map(|d| d.code)), (Outcome::Skipped, Some(Code::NoFrontMatter)));

    let optional = ReadSettings { front_matter: FrontMatterRule::Optional, ..ReadSettings::default() };
    let Outcome::Post(post) = reading("2024-03-18-a.md", "# Hello\n", &optional).outcome else { panic!() };
    assert_eq!((post.title.as_str(), post.body.line, post.body.text.as_str()), ("Hello", 1, "# Hello\n"));

    let Reading { outcome, diagnostics } = reading("a.md", "--\ntitle: a\n---\nbody", &optional);
    assert!(matches!(outcome, Outcome::Post(_)));
    assert!(diagnostics.iter().any(|d| d.code == Code::Syntax && d.level == Level::Warning));

    let Reading { outcome, diagnostics } = reading("a.md", "--\ntitle: a\n---\nbody", &ReadSettings::default());
    assert!(matches!(outcome, Outcome::Rejected(PostError::Syntax { line: 1, .. })), "{outcome:?}");
    let [error] = diagnostics.as_slice() else { panic!("{diagnostics:?}") };
    assert_eq!((error.level, error.code, error.line), (Level::Error, Code::Syntax, Some(1)));
    assert!(error.help.is_some());
}

#[test]
fn remarks_stand_in_the_order_of_the_file() {
    let text = "---\ntags: {a: b}\ntitle: a: b\ndate: never\nauthor: [{x: y}]\ntitle: c: d\n---\n";
    let lines: Vec<_> = reading("a.md", text, &ReadSettings::default()).diagnostics.iter().map(|d| d.line).collect();
    assert_eq!(lines, [Some(2), Some(3), Some(4), Some(5), Some(6), Some(6)]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_skipped_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let source = SourceFile { path: Path::new("a.md"), bytes: &bytes, modified: modified() };
        let _ = read(&source, &ReadSettings::default());
    }

    #[test]
    fn any_front_matter_is_read_or_refused(
        yaml in "((title|date|tags|categories|image|author|draft|link|id)?(: |:|- |\\[|\\]|\\{|\\}|'|\"|,|\n|知| |2022-01-01|\\PC)){0,20}",
    ) {
        let Reading { outcome, diagnostics } = reading("a.md", &format!("---\n{yaml}\n---\n"), &ReadSettings::default());
        if let Outcome::Post(post) = &outcome {
            prop_assert!(!post.title.is_empty());
            prop_assert!(post.categories.iter().all(|path| !path.is_empty() && path.iter().all(|name| !name.is_empty())));
        }
        prop_assert!(diagnostics.iter().all(|diagnostic| !diagnostic.message.ends_with('.')));
    }
}

#[test]
fn an_excerpt_shows_no_expression_and_a_title_none_that_is_plainly_one() {
    let yaml = "title: 'About {{mustache}} {{ page.x }}'\nexcerpt: 'a {{ z }} b {% q %} c {{- /* d */ -}}'";
    let (post, _) = post(yaml, &ReadSettings::default());
    assert_eq!(post.title, "About {{mustache}}");
    assert_eq!(post.excerpt.as_deref(), Some("a b c"));
}
