//! RSS 2.0, with the extensions that readers use: `content:encoded`, `dc:creator`, `media:` and `atom:link`.
//!
//! Written by the `rss` crate. What it does not do is done here: it passes characters that XML excludes, declares no
//! prefix that it was not told of, and knows no dates.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rss::{
    Category, Channel, Guid, Item,
    extension::{Extension, ExtensionMap, atom::AtomExtension, dublincore::DublinCoreExtension},
};

use super::{
    Entry, Feed, Format,
    text::{as_html, clean},
};

/// The prefixes that items use, declared by every channel, so that items can be joined into it.
const NAMESPACES: [(&str, &str); 4] = [
    ("atom", "http://www.w3.org/2005/Atom"),
    ("content", "http://purl.org/rss/1.0/modules/content/"),
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("media", "http://search.yahoo.com/mrss/"),
];

/// A date of RFC 822 §5.1 with a year of four digits, as the RSS profile wants it. Years are 1–9999.
pub(super) fn date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn item(entry: &Entry) -> Item {
    let mut categories: Vec<_> = entry
        .categories
        .iter()
        .map(|category| Category {
            name: clean(&category.path.join("/")).into_owned(),
            domain: Some(category.url.clone()),
        })
        .collect();
    categories.extend(entry.tags.iter().map(|tag| Category { name: clean(tag).into_owned(), domain: None }));
    Item {
        title: Some(clean(&entry.title).into_owned()),
        link: Some(entry.link.clone()),
        // Readers take a description for HTML.
        description: Some(as_html(&clean(&entry.summary))),
        categories,
        guid: Some(Guid { value: clean(&entry.id).into_owned(), permalink: false }),
        pub_date: Some(date(entry.published)),
        content: entry.content.as_deref().map(|html| clean(html).into_owned()),
        extensions: media(entry),
        dublin_core_ext: (!entry.authors.is_empty()).then(|| DublinCoreExtension {
            creators: entry.authors.iter().map(|name| clean(name).into_owned()).collect(),
            ..DublinCoreExtension::default()
        }),
        ..Item::default()
    }
}

/// `media:thumbnail` and `media:content` (Media RSS 1.5.1).
fn media(entry: &Entry) -> ExtensionMap {
    let Some(image) = &entry.image else { return ExtensionMap::new() };
    let element = |name: &str, attributes: &[(&str, &str)]| {
        let extension = Extension {
            name: format!("media:{name}"),
            attrs: attributes.iter().map(|(key, value)| ((*key).to_owned(), clean(value).into_owned())).collect(),
            ..Extension::default()
        };
        (name.to_owned(), vec![extension])
    };
    let elements = BTreeMap::from([
        element("content", &[("medium", "image"), ("url", &image.url)]),
        element("thumbnail", &[("url", &image.url)]),
    ]);
    ExtensionMap::from([("media".to_owned(), elements)])
}

fn channel(feed: &Feed) -> Channel {
    let own = |text: &str| clean(text).into_owned();
    Channel {
        title: own(&feed.title),
        link: feed.url.clone(),
        description: own(&feed.description),
        language: feed.language.clone(),
        last_build_date: Some(date(feed.updated)),
        generator: Some(String::from("Feedwright")),
        docs: Some(String::from("https://www.rssboard.org/rss-specification")),
        atom_ext: Some(AtomExtension {
            links: vec![rss::extension::atom::Link {
                href: feed.document_url(Format::Rss),
                rel: String::from("self"),
                mime_type: Some(String::from(Format::Rss.media_type())),
                ..Default::default()
            }],
        }),
        namespaces: NAMESPACES.map(|(prefix, uri)| (prefix.to_owned(), uri.to_owned())).into(),
        ..Channel::default()
    }
}

/// `<item>…</item>`
pub(super) fn fragment(entry: &Entry) -> String {
    let channel = Channel { items: vec![item(entry)], ..Channel::default() };
    let document = channel.to_string();
    match (document.find("<item>"), document.rfind("</item>")) {
        (Some(start), Some(end)) => document[start..end + "</item>".len()].to_owned(),
        _ => String::new(),
    }
}

/// What stands before and after the items.
pub(super) fn frame(feed: &Feed) -> (String, String) {
    let mut document = channel(feed).to_string();
    let end = document.rfind("</channel>").unwrap_or(document.len());
    let after = document.split_off(end);
    (document, after + "\n")
}
