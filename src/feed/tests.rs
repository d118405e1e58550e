//! What we write we read back: with the libraries' readers for the meaning, with an XML reader for the rules.

use std::slice::from_ref;

use proptest::prelude::*;
use quick_xml::{Reader, XmlVersion, escape::resolve_predefined_entity, events::Event};

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 123_456_789).unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn feed() -> Feed {
    Feed {
        title: "知乎热榜 & <friends>".to_owned(),
        description: "社交媒体 / 知乎 / 知乎热榜".to_owned(),
        id: "https://feeds.example.org/categories/%E7%9F%A5%E4%B9%8E/".to_owned(),
        url: "https://feeds.example.org/categories/%E7%9F%A5%E4%B9%8E/".to_owned(),
        page: "https://feeds.example.org/categories/%E7%9F%A5%E4%B9%8E/".to_owned(),
        language: Some("zh-CN".to_owned()),
        author: None,
        icon: Some("https://example.org/icon.png".to_owned()),
        logo: Some("https://example.org/logo.png?a&b".to_owned()),
        updated: at(1_645_780_000),
    }
}

/// An entry with everything, and with everything that has to be escaped somewhere.
fn full() -> Entry {
    Entry {
        id: "urn:uuid:6c1f2d86-8a4b-5f0e-9f7d-0d5c2f6b3a11".to_owned(),
        title: "A &amp; B, Vec<T> & ]]> \"quoted\"\u{8} 俄罗斯".to_owned(),
        link: "https://example.org/a?b=1&c='2'".to_owned(),
        published: at(1_645_779_286),
        updated: at(1_645_780_000),
        summary: "1 < 2 & ]]> 基辅".to_owned(),
        content: Some("<p>1 &lt; 2 &amp;&amp; <code>a[b[0]]&gt;</code> ]]> 基辅</p>\r\n\u{c}\u{ffff}".to_owned()),
        image: Some(Image { url: "https://example.org/i.jpg?w=1&q=\"2\"".to_owned(), alt: String::new() }),
        enclosures: vec![
            Enclosure {
                url: "https://example.org/a.mp3?x=1&y=\"2\"".to_owned(),
                length: Some(1_234_567),
                media_type: "audio/mpeg".to_owned(),
            },
            Enclosure {
                url: "https://example.org/a.webm".to_owned(),
                length: None,
                media_type: "video/webm".to_owned(),
            },
        ],
        authors: names(&["知乎", "A & B"]),
        categories: vec![CategoryRef {
            path: names(&["社交媒体", "知乎", "R&D"]),
            url: "https://feeds.example.org/categories/x/?a&b".to_owned(),
        }],
        tags: names(&["news", "<tag>"]),
        language: Some("zh".to_owned()),
    }
}

/// An entry with as little as there can be.
fn least() -> Entry {
    Entry {
        id: "https://example.org/?p=7&q".to_owned(),
        title: "2021".to_owned(),
        link: "https://example.org/2021/".to_owned(),
        published: at(-62_135_596_800),
        updated: at(-62_135_596_800),
        summary: "2021".to_owned(),
        content: None,
        image: None,
        enclosures: vec![],
        authors: vec![],
        categories: vec![],
        tags: vec![],
        language: None,
    }
}

fn archive() -> Standing {
    let page = |n: u32| Some(format!("https://feeds.example.org/archive/{n}?a&b"));
    Standing { archive: page(2), previous: page(1), next: page(3) }
}

fn made(format: Format, feed: &Feed, place: &Standing, entries: &[Entry]) -> String {
    let rendered: Vec<_> = entries.iter().map(|entry| Arc::new(entry.fragments())).collect();
    String::from_utf8(document_at(format, feed, place, &rendered).whole().to_vec()).unwrap()
}

fn current_of(format: Format, entries: &[Entry]) -> String {
    made(format, &feed(), &Standing::default(), entries)
}

#[test]
fn the_bytes_of_each_format() {
    for format in Format::ALL {
        let check = |name: &str, document: &str| {
            let name = format!("{name}_{}", format.file_name());
            insta::assert_snapshot!(name, document.replace("><", ">\n<").replace(",\"", ",\n\""));
        };
        check("full", &current_of(format, &[full(), least()]));
        let empty = Feed { updated: DateTime::UNIX_EPOCH, language: None, author: Some("我".to_owned()), ..feed() };
        check("empty", &made(format, &empty, &Standing::default(), &[]));
        check("archive", &made(format, &feed(), &archive(), &[]));
    }
}

#[test]
fn joined_bytes_are_those_of_the_whole() {
    for entries in [vec![], vec![full()], vec![full(), least(), full()]] {
        let place = Standing::default();
        let mut channel = rss::channel(&feed(), &place);
        channel.items = entries.iter().map(|entry| rss::item(entry, clean_content(entry))).collect();
        assert_eq!(current_of(Format::Rss, &entries), channel.to_string());

        let mut atom = atom::feed(&feed(), &place);
        atom.entries = entries.iter().map(|entry| atom::entry(entry, clean_content(entry))).collect();
        assert_eq!(current_of(Format::Atom, &entries), atom.to_string());

        let mut json = json::document(&feed(), &place);
        json.items = entries.iter().map(|entry| json::Item::new(entry, clean_content(entry))).collect();
        assert_eq!(current_of(Format::Json, &entries), serde_json::to_string(&json).unwrap());
    }
}

#[test]
fn plain_text_means_itself_in_every_format() {
    let check = |text: &str| {
        let entry = Entry { title: text.to_owned(), summary: text.to_owned(), ..least() };
        let rss = ::rss::Channel::read_from(current_of(Format::Rss, from_ref(&entry)).as_bytes()).unwrap();
        assert_eq!(rss.items[0].title(), Some(text));
        let summary = rss.items[0].description().unwrap();
        assert_eq!(quick_xml::escape::unescape(summary).unwrap(), text, "{summary}");
        let atom = read_atom(&current_of(Format::Atom, from_ref(&entry)));
        assert_eq!((atom.entries[0].title.as_str(), atom.entries[0].summary().unwrap().as_str()), (text, text));
        let json: json::Item = serde_json::from_slice(&entry.fragments().whole(Format::Json)).unwrap();
        assert_eq!((json.title.as_str(), json.summary.as_str()), (text, text));
    };
    check("A & B");
    check("A &amp; B");
    check("&amp;lt;");
    check("Vec<T> <3");
    check("<![CDATA[ ]]> ]]>");
    check("&#123; {");
}

#[test]
fn a_fragment_is_an_item_again() {
    let item: json::Item = serde_json::from_slice(&full().fragments().whole(Format::Json)).unwrap();
    assert_eq!(item, json::Item::new(&full(), clean_content(&full())));
    assert_eq!(item.tags, ["社交媒体/知乎/R&D", "news", "<tag>"]);
    assert_eq!(item.date_published.to_rfc3339(), "2022-02-25T08:54:46+00:00");
    let least: json::Item = serde_json::from_slice(&least().fragments().whole(Format::Json)).unwrap();
    assert_eq!((least.content_html, least.content_text.as_deref()), (None, Some("2021")));
}

#[test]
fn the_atom_library_still_leaves_extension_attributes_to_us() {
    let attrs = [("url".to_owned(), "a&b".to_owned())].into();
    let raw =
        ::atom_syndication::extension::Extension { name: "media:thumbnail".to_owned(), attrs, ..Default::default() };
    let extensions = [("media".to_owned(), [("thumbnail".to_owned(), vec![raw])].into())].into();
    let written = ::atom_syndication::Entry { extensions, ..Default::default() }.to_string();
    assert!(written.contains(r#"url="a&b""#), "the library escapes now: drop the escaping in atom.rs\n{written}");
}

fn read_atom(document: &str) -> ::atom_syndication::Feed {
    ::atom_syndication::Feed::read_from(document.as_bytes()).unwrap()
}

/// Whether XML 1.0 §2.2 admits each character.
fn legal(text: &str) -> bool {
    text.chars().all(
        |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}'),
    )
}

/// Reads a document to its end by the rules: well-formed, only known entities, only legal characters, however written.
fn assert_well_formed(document: &str) {
    assert!(legal(document), "{document}");
    let mut reader = Reader::from_str(document);
    let config = reader.config_mut();
    config.check_end_names = true;
    config.check_comments = true;
    let mut depth = 0_i32;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) | Event::Empty(start)
                if start.attributes().any(|attribute| {
                    let value = attribute.unwrap().normalized_value(XmlVersion::Implicit1_0).unwrap();
                    !legal(&value)
                }) =>
            {
                panic!("an illegal character in an attribute: {document}")
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            Event::Text(text) => {
                assert!(!text.contains("]]>") && (depth > 0 || text.trim().is_empty()));
            }
            Event::GeneralRef(reference) => match reference.resolve_char_ref().unwrap() {
                Some(c) => assert!(legal(&c.to_string())),
                None => assert!(resolve_predefined_entity(&reference).is_some()),
            },
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
}

/// Text near everything that is escaped or dropped, and any other.
fn text_of_any_kind() -> impl Strategy<Value = String> {
    let near = "(\u{0}|\u{b}|\r|\n|\t| |\u{fffe}|\u{ffff}|<|>|&|&amp;|&#0;|\"|'|\\]|\\]\\]>|<!\\[CDATA\\[|<item>|</item>|</entry>|知|\\\\|,|\\]\\}){0,8}";
    prop_oneof![near, any::<String>()]
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let text = text_of_any_kind;
    let texts = || prop::collection::vec(text(), 0..3);
    let category = (texts(), text()).prop_map(|(path, url)| CategoryRef { path, url });
    let enclosure = (text(), prop::option::of(any::<u64>()), text()).prop_map(|(url, length, media_type)| Enclosure {
        url,
        length,
        media_type,
    });
    let time = || (-62_135_596_800_i64..=253_402_300_799).prop_map(at);
    (
        (text(), text(), text(), text(), time(), time()),
        (prop::option::of(text()), prop::option::of(text()), prop::option::of(text())),
        (texts(), prop::collection::vec(category, 0..3), texts(), prop::collection::vec(enclosure, 0..3)),
    )
        .prop_map(|((id, title, link, summary, published, updated), (content, image, language), lists)| {
            let image = image.map(|url| Image { url, alt: String::new() });
            let (authors, categories, tags, enclosures) = lists;
            Entry {
                id,
                title,
                link,
                published,
                updated,
                summary,
                content,
                image,
                enclosures,
                authors,
                categories,
                tags,
                language,
            }
        })
}

fn any_feed() -> impl Strategy<Value = Feed> {
    let text = text_of_any_kind;
    (text(), text(), text(), prop::option::of(text()), prop::option::of(text())).prop_map(
        |(title, description, url, language, author)| Feed {
            title,
            description,
            id: url.clone(),
            page: url.clone(),
            url,
            language,
            author,
            icon: None,
            logo: None,
            updated: at(0),
        },
    )
}

/// What a reader makes of an element's text: the RSS library trims it and takes an empty one for none.
fn trimmed(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn clean_content(entry: &Entry) -> Option<String> {
    entry.content.as_deref().map(|html| text::clean(html).into_owned())
}

fn lines(texts: &[String]) -> Vec<String> {
    texts.iter().map(|t| text::line(t)).collect()
}

fn seconds(at: DateTime<Utc>) -> i64 {
    at.timestamp()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_anywhere_is_valid_and_means_the_same_in_rss(feed in any_feed(), entry in any_entry()) {
        let document = made(Format::Rss, &feed, &archive(), &[entry.clone(), full()]);
        assert_well_formed(&document);
        let channel = ::rss::Channel::read_from(document.as_bytes()).unwrap();
        prop_assert_eq!(trimmed(channel.title()), trimmed(&text::line(&feed.title)));
        prop_assert_eq!(channel.items.len(), 2);
        let item = &channel.items[0];
        let own = |text: &str| trimmed(&text::line(text));
        prop_assert_eq!(item.title.clone(), own(&entry.title));
        prop_assert_eq!(item.link.clone(), trimmed(&text::uri(&entry.link)));
        prop_assert_eq!(&item.guid().unwrap().value, &own(&entry.id).unwrap_or_default());
        prop_assert!(!item.guid().unwrap().permalink);
        let description = quick_xml::escape::unescape(item.description().unwrap_or_default()).unwrap().into_owned();
        prop_assert_eq!(trimmed(&description), own(&entry.summary));
        prop_assert_eq!(item.content.clone(), entry.content.as_deref().and_then(|html| trimmed(&text::clean(html))));
        let published = DateTime::parse_from_rfc2822(item.pub_date().unwrap()).unwrap();
        prop_assert_eq!(published.timestamp(), seconds(entry.published));
        prop_assert_eq!(item.categories.len(), entry.categories.len() + entry.tags.len());
        for (read, category) in item.categories.iter().zip(&entry.categories) {
            prop_assert_eq!(trimmed(&read.name), own(&category.path.join("/")));
            prop_assert_eq!(read.domain.clone(), Some(text::uri(&category.url)));
        }
        let creators = item.dublin_core_ext().map(|dc| dc.creators.clone()).unwrap_or_default();
        prop_assert_eq!(creators, entry.authors.iter().filter_map(|a| own(a)).collect::<Vec<_>>());
        let url = |name: &str| Some(item.extensions.get("media")?.get(name)?.first()?.attrs.get("url")?.clone());
        prop_assert_eq!(url("thumbnail"), entry.image.as_ref().map(|i| text::uri(&i.url)));
        prop_assert_eq!(url("content"), url("thumbnail"));
        prop_assert_eq!(&channel.items[1].dublin_core_ext().unwrap().creators, &full().authors);
    }

    #[test]
    fn any_text_anywhere_is_valid_and_means_the_same_in_atom(feed in any_feed(), entry in any_entry()) {
        let document = made(Format::Atom, &feed, &archive(), &[entry.clone(), full()]);
        assert_well_formed(&document);
        let read = read_atom(&document);
        prop_assert_eq!(read.title.as_str(), text::line(&feed.title));
        prop_assert_eq!(&read.authors[0].name, &text::line(feed.author.as_ref().unwrap_or(&feed.title)));
        prop_assert_eq!(read.links.iter().map(|l| &*l.rel).collect::<Vec<_>>(),
            ["alternate", "self", "current", "prev-archive", "next-archive"]);
        prop_assert_eq!(read.entries.len(), 2);
        let own = &read.entries[0];
        prop_assert_eq!(own.title.as_str(), text::line(&entry.title));
        prop_assert_eq!(&own.id, &text::line(&entry.id));
        prop_assert_eq!(&own.links[0].href, &text::uri(&entry.link));
        prop_assert_eq!(own.summary().unwrap().as_str(), text::line(&entry.summary));
        prop_assert_eq!(own.content().map(|c| c.value.clone().unwrap_or_default()), clean_content(&entry));
        prop_assert_eq!(own.title.lang.clone(), entry.language.as_deref().map(text::line));
        prop_assert_eq!(own.published.unwrap().timestamp(), seconds(entry.published));
        prop_assert_eq!(own.updated.timestamp(), seconds(entry.updated));
        prop_assert_eq!(own.authors.iter().map(|a| a.name.clone()).collect::<Vec<_>>(), lines(&entry.authors));
        prop_assert_eq!(own.categories.len(), entry.categories.len() + entry.tags.len());
        for (read, category) in own.categories.iter().zip(&entry.categories) {
            prop_assert_eq!(read.term(), text::line(&category.path.join("/")));
            prop_assert_eq!(read.scheme(), Some(&*text::uri(&category.url)));
            prop_assert_eq!(read.label().map(str::to_owned), category.path.last().map(|name| text::line(name)));
        }
        let thumbnail = own.extensions.get("media").and_then(|m| Some(m.get("thumbnail")?.first()?.attrs.get("url")?.clone()));
        prop_assert_eq!(thumbnail, entry.image.as_ref().map(|i| text::uri(&i.url)));
    }

    #[test]
    fn any_text_anywhere_is_valid_and_means_the_same_in_json(feed in any_feed(), entry in any_entry()) {
        let document = made(Format::Json, &feed, &archive(), &[entry.clone(), full()]);
        let read: serde_json::Value = serde_json::from_str(&document).unwrap();
        prop_assert!(all_legal(&read));
        prop_assert_eq!(&read["title"], &serde_json::json!(text::line(&feed.title)));
        let items: Vec<json::Item> = serde_json::from_value(read["items"].clone()).unwrap();
        prop_assert_eq!(&items, &[&entry, &full()].map(|entry| json::Item::new(entry, clean_content(entry))));
        let own = &items[0];
        prop_assert_eq!(&own.id, &text::line(&entry.id));
        prop_assert_eq!(own.content_html.clone(), clean_content(&entry));
        prop_assert_eq!(own.date_published.timestamp(), seconds(entry.published));
        prop_assert_eq!(own.date_modified.timestamp_subsec_nanos(), 0);
    }

    #[test]
    fn an_opml_list_of_any_text_is_well_formed(title in text_of_any_kind(), url in text_of_any_kind()) {
        let leaf = opml::Outline { title, url, direct: None, overlaps: false, children: vec![] };
        let root = opml::Outline { direct: Some(leaf.title.clone()), children: vec![leaf.clone()], ..leaf };
        for listing in [opml::Listing::Leaves, opml::Listing::All] {
            assert_well_formed(&String::from_utf8(opml::document(&root, listing)).unwrap());
        }
    }
}

fn all_legal(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => legal(text),
        serde_json::Value::Array(values) => values.iter().all(all_legal),
        serde_json::Value::Object(map) => map.values().all(all_legal),
        _ => true,
    }
}

proptest! {
    #[test]
    fn html_is_put_back_as_the_libraries_write_it(html in r"(]]>|<p>|&amp;|[\x00-\x20a-z\]>\x22'\\&<]|中|\u{fffe}|\u{2028}){0,40}") {
        let entry = Entry { content: Some(html.clone()), ..least() };
        let clean = clean_content(&entry);
        let fragments = entry.fragments();
        prop_assert_eq!(fragments.whole(Format::Rss), rss::fragment(&entry, clean.clone()).into_bytes());
        prop_assert_eq!(fragments.whole(Format::Atom), atom::fragment(&entry, clean.clone()).into_bytes());
        prop_assert_eq!(fragments.whole(Format::Json), json::fragment(&entry, clean).into_bytes());
        prop_assert_eq!(fragments.longest(), Format::ALL.map(|format| fragments.whole(format).len()).into_iter().max().unwrap());
    }
}
