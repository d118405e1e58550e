//! RSS 2.0: an [`Entry`] → `<item>`, a [`Feed`] → the frame around items. The library writes; this adapter only says
//! what, strips what XML cannot carry, and declares the namespaces that the library does not.
//!
//! `description` holds the summary, which is plain text, as the HTML that RSS readers take it for: escaped once, so
//! that `Vec<T>` stays visible. `title` and `category` are plain text (RSS Advisory Board, Best Practices Profile).

use std::collections::BTreeMap;

use ::rss::{
    Category, Channel, Enclosure, Guid, Image, Item,
    extension::{
        Extension,
        atom::{AtomExtension, Link},
        dublincore::DublinCoreExtension,
    },
};
use memchr::memmem;
use quick_xml::escape::partial_escape;

use super::{Entry, FEED_HISTORY, Feed, Format, Frame, GENERATOR, MEDIA, Standing, text};

const NAMESPACES: [(&str, &str); 4] = [
    ("atom", "http://www.w3.org/2005/Atom"),
    ("content", "http://purl.org/rss/1.0/modules/content/"),
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("media", MEDIA),
];

/// `<item>…</item>` with this HTML, clean.
pub(super) fn fragment(entry: &Entry, html: Option<String>) -> String {
    let alone = Channel { items: vec![item(entry, html)], ..Channel::default() };
    let written = text::written(alone.write_to(Vec::new()));
    // The texts around and in the item are escaped or in CDATA: the first start tag and the last end tag are its own.
    let item = written.find("<item>").zip(written.rfind("</item>")).and_then(|(start, end)| {
        let end = end + "</item>".len();
        written.get(start..end)
    });
    item.unwrap_or_default().to_owned()
}

/// The document without its items.
pub(super) fn frame(feed: &Feed, place: &Standing) -> Frame {
    let empty = text::written(channel(feed, place).write_to(Vec::new()));
    Frame::of(empty, "", "</channel></rss>")
}

pub(super) fn channel(feed: &Feed, place: &Standing) -> Channel {
    let mut namespaces: BTreeMap<String, String> =
        NAMESPACES.iter().map(|&(prefix, url)| (prefix.to_owned(), url.to_owned())).collect();
    let mut extensions = BTreeMap::new();
    if place.is_archive() {
        namespaces.insert("fh".to_owned(), FEED_HISTORY.to_owned());
        let archive = Extension { name: "fh:archive".to_owned(), ..Extension::default() };
        extensions.insert("fh".to_owned(), BTreeMap::from([("archive".to_owned(), vec![archive])]));
    }
    Channel {
        title: text::line(&feed.title),
        link: text::line(&feed.page),
        description: text::line(&feed.description),
        language: feed.language.as_deref().map(text::line),
        last_build_date: Some(text::rfc822(feed.updated)),
        generator: Some(GENERATOR.to_owned()),
        docs: Some("https://www.rssboard.org/rss-specification".to_owned()),
        atom_ext: Some(AtomExtension { links: links(feed, place) }),
        dublin_core_ext: feed
            .author
            .as_deref()
            .map(|author| DublinCoreExtension { creators: vec![text::line(author)], ..DublinCoreExtension::default() }),
        // RSS profile, "Image": title and link are those of the channel.
        image: feed.logo.as_ref().or(feed.icon.as_ref()).map(|url| Image {
            url: text::uri(url),
            title: text::line(&feed.title),
            link: text::line(&feed.page),
            ..Image::default()
        }),
        extensions,
        namespaces,
        ..Channel::default()
    }
}

fn links(feed: &Feed, place: &Standing) -> Vec<Link> {
    let link = |(rel, href): (&str, String)| Link {
        rel: rel.to_owned(),
        href,
        mime_type: Some(Format::Rss.media_type().to_owned()),
        ..Link::default()
    };
    place.links(feed, Format::Rss).into_iter().map(link).collect()
}

/// Whether HTML stands as it is within the CDATA section that the library makes of it.
pub(super) fn is_content(html: &[u8]) -> bool {
    memmem::find(html, b"]]>").is_none()
}

/// Appends HTML as it stands there.
pub(super) fn append_content(html: &[u8], to: &mut Vec<u8>) {
    let mut written = 0;
    for at in memmem::find_iter(html, "]]>") {
        to.extend_from_slice(&html[written..at]);
        to.extend_from_slice(b"]]]]><![CDATA[>");
        written = at + "]]>".len();
    }
    to.extend_from_slice(&html[written..]);
}

pub(super) fn item(entry: &Entry, html: Option<String>) -> Item {
    let categories = entry
        .categories
        .iter()
        .map(|c| Category { name: text::line(&c.path.join("/")), domain: Some(text::uri(&c.url)) })
        .chain(entry.tags.iter().map(|tag| Category { name: text::line(tag), domain: None }));
    let creators: Vec<String> = entry.authors.iter().map(|a| text::line(a)).collect();
    let languages: Vec<String> = entry.language.iter().map(|tag| text::line(tag)).collect();
    Item {
        title: Some(text::line(&entry.title)),
        link: Some(text::uri(&entry.link)),
        description: Some(partial_escape(text::line(&entry.summary)).into_owned()),
        categories: categories.collect(),
        guid: Some(Guid { value: text::line(&entry.id), permalink: false }),
        // One an item (RSS Best Practices Profile, `enclosure`), and 0 where the length cannot be known.
        enclosure: entry.enclosures.first().map(|file| Enclosure {
            url: text::uri(&file.url),
            length: file.length.unwrap_or(0).to_string(),
            mime_type: text::line(&file.media_type),
        }),
        pub_date: Some(text::rfc822(entry.published)),
        content: html,
        dublin_core_ext: (!creators.is_empty() || !languages.is_empty()).then(|| DublinCoreExtension {
            creators,
            languages,
            ..DublinCoreExtension::default()
        }),
        extensions: entry.image.as_ref().map(|image| media(&text::uri(&image.url))).unwrap_or_default(),
        ..Item::default()
    }
}

/// Media RSS: the picture as a thumbnail and as a medium. Never an `enclosure`, which readers offer as a download.
fn media(url: &str) -> BTreeMap<String, BTreeMap<String, Vec<Extension>>> {
    let element = |name: &str, attributes: &[(&str, &str)]| {
        let attrs = attributes.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        (name.to_owned(), vec![Extension { name: format!("media:{name}"), attrs, ..Extension::default() }])
    };
    let elements = [element("content", &[("medium", "image"), ("url", url)]), element("thumbnail", &[("url", url)])];
    BTreeMap::from([("media".to_owned(), BTreeMap::from(elements))])
}
