//! Atom (RFC 4287): an [`Entry`] → `<entry>`, a [`Feed`] → the frame around entries. The library writes; this adapter
//! only says what, strips what XML cannot carry, and escapes the attributes of extensions, which the library does not.

use std::collections::BTreeMap;

use ::atom_syndication as atom;
use atom::{
    Category, Content, Generator, Link, Person, Text, WriteConfig,
    extension::{Extension, ExtensionMap},
};
use quick_xml::escape::escape;

use super::{Entry, FEED_HISTORY, Feed, Format, Frame, GENERATOR, MEDIA, Standing, text};

/// `<entry>…</entry>` with this HTML, clean.
pub(super) fn fragment(entry: &Entry, html: Option<String>) -> String {
    let config = WriteConfig { write_document_declaration: false, indent_size: None };
    let alone = text::written(self::entry(entry, html).write_with_config(Vec::new(), config));
    // The frame has declared the namespace.
    match alone.strip_prefix(r#"<entry xmlns="http://www.w3.org/2005/Atom">"#) {
        Some(rest) => ["<entry>", rest].concat(),
        None => alone,
    }
}

/// The document without its entries.
pub(super) fn frame(feed: &Feed, place: &Standing) -> Frame {
    let empty = text::written(self::feed(feed, place).write_to(Vec::new()));
    Frame::of(empty, "", "</feed>")
}

pub(super) fn feed(feed: &Feed, place: &Standing) -> atom::Feed {
    let mut namespaces = BTreeMap::from([("media".to_owned(), MEDIA.to_owned())]);
    let mut extensions = ExtensionMap::new();
    if place.is_archive() {
        namespaces.insert("fh".to_owned(), FEED_HISTORY.to_owned());
        extensions.extend([extension("fh", "archive", None)]);
    }
    let page = Link { mime_type: Some("text/html".to_owned()), ..link("alternate", text::line(&feed.page)) };
    let others = place
        .links(feed, Format::Atom)
        .into_iter()
        .map(|(rel, href)| Link { mime_type: Some(Format::Atom.media_type().to_owned()), ..link(rel, href) });
    atom::Feed {
        title: plain(&feed.title, None),
        id: text::line(&feed.id),
        updated: text::seconds(feed.updated).fixed_offset(),
        // RFC 4287 §4.1.1: a feed without an author is valid only if each of its entries has one.
        authors: vec![person(feed.author.as_ref().unwrap_or(&feed.title))],
        generator: Some(Generator { value: GENERATOR.to_owned(), uri: None, version: None }),
        links: std::iter::once(page).chain(others).collect(),
        icon: feed.icon.as_deref().map(text::uri),
        logo: feed.logo.as_deref().map(text::uri),
        subtitle: Some(plain(&feed.description, None)),
        lang: feed.language.as_deref().map(text::line),
        namespaces,
        extensions,
        ..atom::Feed::default()
    }
}

/// Appends HTML as the library escapes it.
pub(super) fn append_content(html: &[u8], to: &mut Vec<u8>) {
    text::append_replacing(html, to, |byte| match byte {
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'&' => Some("&amp;"),
        b'\'' => Some("&apos;"),
        b'"' => Some("&quot;"),
        _ => None,
    });
}

pub(super) fn entry(entry: &Entry, html: Option<String>) -> atom::Entry {
    let language = entry.language.as_deref().map(text::line);
    let categories = entry.categories.iter().map(|category| Category {
        term: text::line(&category.path.join("/")),
        scheme: Some(text::uri(&category.url)),
        label: category.path.last().map(|name| text::line(name)),
    });
    let tags = entry.tags.iter().map(|tag| Category { term: text::line(tag), scheme: None, label: None });
    let content = html.map(|html| Content {
        lang: language.clone(),
        value: Some(html),
        content_type: Some("html".to_owned()),
        ..Content::default()
    });
    // RFC 4287 §4.2.7.2.
    let enclosures = entry.enclosures.iter().map(|file| Link {
        mime_type: Some(text::line(&file.media_type)),
        length: file.length.map(|length| length.to_string()),
        ..link("enclosure", text::uri(&file.url))
    });
    let thumbnail =
        entry.image.as_ref().map(|image| extension("media", "thumbnail", Some(("url", text::uri(&image.url)))));
    atom::Entry {
        title: plain(&entry.title, language.clone()),
        id: text::line(&entry.id),
        updated: text::seconds(entry.updated).fixed_offset(),
        authors: entry.authors.iter().map(|name| person(name)).collect(),
        categories: categories.chain(tags).collect(),
        links: std::iter::once(link("alternate", text::uri(&entry.link))).chain(enclosures).collect(),
        published: Some(text::seconds(entry.published).fixed_offset()),
        summary: Some(plain(&entry.summary, language)),
        content,
        extensions: thumbnail.into_iter().collect(),
        ..atom::Entry::default()
    }
}

/// A text construct of type `text`, which is what the absent attribute means (RFC 4287 §3.1.1).
fn plain(value: &str, lang: Option<String>) -> Text {
    Text { lang, ..Text::plain(text::line(value)) }
}

fn person(name: &str) -> Person {
    Person { name: text::line(name), ..Person::default() }
}

fn link(rel: &str, href: String) -> Link {
    Link { rel: rel.to_owned(), href, ..Link::default() }
}

/// An empty element of another namespace. The library writes the attribute as it stands, so it is escaped here.
fn extension(
    prefix: &str,
    name: &str,
    attribute: Option<(&str, String)>,
) -> (String, BTreeMap<String, Vec<Extension>>) {
    let attrs = attribute.map(|(key, value)| (key.to_owned(), escape(value).into_owned()));
    let element =
        Extension { name: format!("{prefix}:{name}"), attrs: attrs.into_iter().collect(), ..Extension::default() };
    (prefix.to_owned(), BTreeMap::from([(name.to_owned(), vec![element])]))
}
