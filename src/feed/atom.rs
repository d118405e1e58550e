//! Atom, RFC 4287.
//!
//! Written by `atom_syndication`. What it does not do is done here: it passes characters that XML excludes, writes
//! attributes of extensions unescaped, and dates with fractions.

use std::collections::BTreeMap;

use atom_syndication::{
    Category, Content, Entry as AtomEntry, Feed as AtomFeed, FixedDateTime, Generator, Link, Person, Text, TextType,
    WriteConfig,
    extension::{Extension, ExtensionMap},
};
use chrono::{DateTime, Timelike, Utc};

use super::{
    Entry, Feed, Format,
    text::{as_html, clean},
};

const MEDIA: &str = "http://search.yahoo.com/mrss/";

fn date(time: DateTime<Utc>) -> FixedDateTime {
    time.with_nanosecond(0).unwrap_or(time).fixed_offset()
}

fn text(value: &str, language: Option<&String>) -> Text {
    Text { value: clean(value).into_owned(), base: None, lang: language.cloned(), r#type: TextType::Text }
}

fn person(name: &str) -> Person {
    Person { name: clean(name).into_owned(), ..Person::default() }
}

fn link(rel: &str, href: &str, media_type: Option<&str>) -> Link {
    Link { href: href.to_owned(), rel: rel.to_owned(), mime_type: media_type.map(str::to_owned), ..Link::default() }
}

fn entry(entry: &Entry) -> AtomEntry {
    let language = entry.language.as_ref();
    let mut categories: Vec<_> = entry
        .categories
        .iter()
        .map(|category| Category {
            term: clean(&category.path.join("/")).into_owned(),
            scheme: Some(category.url.clone()),
            label: category.path.last().map(|name| clean(name).into_owned()),
        })
        .collect();
    categories.extend(entry.tags.iter().map(|tag| Category {
        term: clean(tag).into_owned(),
        scheme: None,
        label: None,
    }));
    AtomEntry {
        title: text(&entry.title, language),
        id: clean(&entry.id).into_owned(),
        updated: date(entry.updated),
        authors: entry.authors.iter().map(|name| person(name)).collect(),
        categories,
        links: vec![link("alternate", &entry.link, Some("text/html"))],
        published: Some(date(entry.published)),
        summary: Some(text(&entry.summary, language)),
        content: entry.content.as_deref().map(|html| Content {
            value: Some(clean(html).into_owned()),
            lang: language.cloned(),
            content_type: Some(String::from("html")),
            ..Content::default()
        }),
        extensions: media(entry),
        ..AtomEntry::default()
    }
}

/// `media:thumbnail` (Media RSS 1.5.1).
fn media(entry: &Entry) -> ExtensionMap {
    let Some(image) = &entry.image else { return ExtensionMap::new() };
    let thumbnail = Extension {
        name: String::from("media:thumbnail"),
        // The library writes these as they are.
        attrs: BTreeMap::from([(String::from("url"), as_html(&clean(&image.url)))]),
        ..Extension::default()
    };
    ExtensionMap::from([("media".to_owned(), BTreeMap::from([("thumbnail".to_owned(), vec![thumbnail])]))])
}

/// RFC 4287 wants an author on each entry or on the feed (§4.1.1): where nobody is named, the feed speaks for itself.
fn head(feed: &Feed) -> AtomFeed {
    AtomFeed {
        title: text(&feed.title, None),
        id: feed.url.clone(),
        updated: date(feed.updated),
        authors: vec![person(feed.author.as_deref().unwrap_or(&feed.title))],
        generator: Some(Generator { value: String::from("Feedwright"), ..Generator::default() }),
        links: vec![
            link("self", &feed.document_url(Format::Atom), Some(Format::Atom.media_type())),
            link("alternate", &feed.url, Some("text/html")),
        ],
        subtitle: Some(text(&feed.description, None)),
        namespaces: BTreeMap::from([("media".to_owned(), MEDIA.to_owned())]),
        lang: feed.language.clone(),
        ..AtomFeed::default()
    }
}

const BARE: WriteConfig = WriteConfig { write_document_declaration: false, indent_size: None };

/// `<entry>…</entry>`
pub(super) fn fragment(source: &Entry) -> String {
    let bytes = entry(source).write_with_config(Vec::new(), BARE).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// What stands before and after the entries.
pub(super) fn frame(feed: &Feed) -> (String, String) {
    let bytes = head(feed).write_with_config(Vec::new(), BARE).unwrap_or_default();
    let mut document = String::from_utf8(bytes).unwrap_or_default();
    document.insert_str(0, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    let end = document.rfind("</feed>").unwrap_or(document.len());
    let after = document.split_off(end);
    (document, after + "\n")
}
