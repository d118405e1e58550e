//! What is written is read back: by the libraries, and by a plain XML reader that knows the rules.

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use quick_xml::events::Event;

use super::*;

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn feed() -> Feed {
    Feed {
        title: "社交媒体 / 知乎".into(),
        description: "Feeds & more: posts in 社交媒体 / 知乎".into(),
        url: "https://feeds.example.org/categories/%E7%9F%A5%E4%B9%8E/".into(),
        language: Some("zh-CN".into()),
        author: None,
        updated: time("2022-02-25T08:54:46Z"),
    }
}

fn entry() -> Entry {
    Entry {
        id: "urn:uuid:6ba7b810-9dad-51d1-80b4-00c04fd430c8".into(),
        title: "基辅 <Q&A> \"引号\"".into(),
        link: "https://www.example.org/a?b=1&c=2".into(),
        published: time("2022-02-25T08:54:46Z"),
        updated: time("2022-02-26T00:00:00Z"),
        summary: "1 < 2 & 3".into(),
        content: Some("<p>愚海 ]]> &amp; <img src=\"https://pic.example.org/a.jpg?x=1&amp;y=2\"></p>".into()),
        image: Some(Image { url: "https://pic.example.org/a.jpg?x=1&y=\"2\"".into(), alt: "图".into() }),
        authors: vec!["知乎".into(), "B & C".into()],
        categories: vec![CategoryRef {
            path: vec!["社交媒体".into(), "知乎".into()],
            url: "https://feeds.example.org/categories/%E7%9F%A5%E4%B9%8E/".into(),
        }],
        tags: vec!["战争".into()],
        language: Some("zh-CN".into()),
    }
}

fn documents(feed: &Feed, entries: &[Entry]) -> [String; 3] {
    let fragments: Vec<_> = entries.iter().map(Entry::fragments).collect();
    Format::ALL.map(|format| {
        let parts: Vec<_> = fragments.iter().map(|fragment| fragment.of(format)).collect();
        String::from_utf8(document(format, feed, &parts)).unwrap()
    })
}

/// Every text and attribute of a document, decoded; fails on what is not well-formed or not a character of XML.
fn texts(xml: &str) -> Vec<String> {
    assert!(xml.starts_with("<?xml") && xml.matches("<?xml").count() == 1, "{xml}");
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut texts = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return texts,
            Event::CData(text) => texts.push(text.xml10_content().into_owned()),
            Event::Text(text) => texts.push(text.xml10_content().into_owned()),
            Event::Start(tag) | Event::Empty(tag) => {
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    texts.push(attribute.normalized_value(quick_xml::XmlVersion::Explicit1_0).unwrap().into_owned());
                }
            }
            Event::GeneralRef(reference) => {
                if let Some(c) = reference.resolve_char_ref().unwrap() {
                    assert!(!c.is_control() || "\t\n\r".contains(c), "a reference to {c:?}");
                }
            }
            _ => {}
        }
    }
}

#[test]
fn sample_feeds() {
    for (document, name) in documents(&feed(), &[entry()]).iter().zip(["rss", "atom", "json"]) {
        insta::assert_snapshot!(name, document);
    }
    for (document, name) in documents(&feed(), &[]).iter().zip(["empty_rss", "empty_atom", "empty_json"]) {
        insta::assert_snapshot!(name, document);
    }
}

#[test]
fn lists_of_feeds() {
    let leaf = |title: &str| opml::Node {
        title: title.into(),
        feed: format!("https://e.org/{title}/rss.xml"),
        page: format!("https://e.org/{title}/"),
        ..opml::Node::default()
    };
    let parent = opml::Node {
        own: Some(("https://e.org/A&B/direct/rss.xml".into(), "https://e.org/A&B/direct/".into())),
        children: vec![leaf("a"), leaf("b")],
        ..leaf("A&B")
    };
    let root = opml::Node { children: vec![parent, leaf("c")], ..leaf("All") };
    insta::assert_snapshot!("opml", String::from_utf8(opml::leaves(&root)).unwrap());
    insta::assert_snapshot!("opml_all", String::from_utf8(opml::all(&root)).unwrap());
}

#[test]
fn joined_fragments_are_what_the_library_writes_for_the_whole() {
    let entries = [entry(), Entry { id: "urn:x:2".into(), image: None, ..entry() }];
    let [rss, atom, _] = documents(&feed(), &entries);
    let channel = ::rss::Channel::read_from(rss.as_bytes()).unwrap();
    assert_eq!(channel.items().len(), 2);
    assert_eq!(channel.items()[0].title(), Some("基辅 <Q&A> \"引号\""));
    let parsed = atom_syndication::Feed::read_from(atom.as_bytes()).unwrap();
    assert_eq!(parsed.entries().len(), 2);
    assert_eq!(parsed.entries()[0].title().value, "基辅 <Q&A> \"引号\"");
}

/// When this fails, `atom.rs` must stop escaping attributes of extensions itself.
#[test]
fn the_atom_library_still_writes_extension_attributes_as_they_are() {
    let extension = atom_syndication::extension::Extension {
        name: "media:thumbnail".into(),
        attrs: [("url".to_owned(), "a&b".to_owned())].into(),
        ..Default::default()
    };
    let entry = atom_syndication::Entry {
        extensions: [("media".to_owned(), [("thumbnail".to_owned(), vec![extension])].into())].into(),
        ..Default::default()
    };
    let bytes = entry.write_with_config(Vec::new(), atom_syndication::WriteConfig::default()).unwrap();
    assert!(String::from_utf8(bytes).unwrap().contains("\"a&b\""));
}

#[test]
fn dates_have_their_weekday_in_every_year() {
    for (time, expected) in [
        ("2022-02-25T08:54:46Z", "Fri, 25 Feb 2022 08:54:46 GMT"),
        ("0001-01-01T00:00:00Z", "Mon, 01 Jan 0001 00:00:00 GMT"),
        ("9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"),
    ] {
        assert_eq!(rss::date(time.parse().unwrap()), expected);
    }
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let texts =
        proptest::collection::vec(proptest::char::any(), 0..30).prop_map(|chars| chars.into_iter().collect::<String>());
    let text = || texts.clone();
    (text(), text(), text(), text(), text(), 0_i64..250_000_000_000).prop_map(
        |(title, summary, html, name, url, at)| Entry {
            id: format!("urn:x:{at}"),
            title,
            summary,
            content: Some(html),
            image: Some(Image { url: format!("https://e.org/{url}"), alt: String::new() }),
            authors: vec![name.clone()],
            tags: vec![name],
            published: DateTime::from_timestamp(at, 0).unwrap(),
            updated: DateTime::from_timestamp(at, 0).unwrap(),
            ..entry()
        },
    )
}

proptest! {
    #[test]
    fn whatever_goes_in_comes_out_again(entry in any_entry()) {
        let [rss, atom, json] = documents(&feed(), std::slice::from_ref(&entry));
        for text in texts(&rss).into_iter().chain(texts(&atom)) {
            prop_assert_eq!(text::clean(&text), text.as_str());
        }
        let item = atom_syndication::Feed::read_from(atom.as_bytes()).unwrap();
        let content = item.entries()[0].content().unwrap().value().unwrap_or_default().replace("\r\n", "\n").replace('\r', "\n");
        let expected = text::clean(entry.content.as_deref().unwrap()).replace("\r\n", "\n").replace('\r', "\n");
        prop_assert_eq!(content.trim(), expected.trim());
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let item: super::json::Item<'_> = serde_json::from_value(value["items"][0].clone()).unwrap();
        prop_assert_eq!(item.title, text::clean(&entry.title));
        ::rss::Channel::read_from(rss.as_bytes()).unwrap();
    }
}
