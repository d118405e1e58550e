//! RSS 2.0 with the RSS Advisory Board's Best Practices Profile.

use std::collections::HashSet;

use roxmltree::Node;

use super::{
    Judge, Rule, Told,
    compare::{self, Entry},
    history, html, media,
    text::{is_language, is_mail, is_media_type, is_plain, is_uri, rfc822},
    xml::{self, ATOM, CONTENT, DC, MEDIA, child_text, children, place},
};

const CHANNEL: [&str; 19] = [
    "title",
    "link",
    "description",
    "language",
    "copyright",
    "managingEditor",
    "webMaster",
    "pubDate",
    "lastBuildDate",
    "category",
    "generator",
    "docs",
    "cloud",
    "ttl",
    "image",
    "textInput",
    "skipHours",
    "skipDays",
    "item",
];

const ITEM: [&str; 10] =
    ["title", "link", "description", "author", "category", "comments", "enclosure", "guid", "pubDate", "source"];

/// Judges an `rss` element.
pub(super) fn judge(judge: &mut Judge<'_>, rss: Node<'_, '_>) -> Option<Told> {
    let channels: Vec<_> = rss.children().filter(Node::is_element).collect();
    let shape = rss.attribute("version") == Some("2.0") && channels.len() == 1;
    judge.demand(Rule::RssShape, shape, || place(rss));
    let &channel = channels.first()?;
    judge.demand(Rule::RssShape, channel.has_tag_name("channel"), || place(channel));

    elements(judge, channel, &CHANNEL, &["item", "category"]);
    for name in ["title", "link", "description"] {
        let present = child_text(channel, None, name).is_some_and(|text| !text.trim().is_empty());
        judge.demand(Rule::RssRequired, present, || format!("channel/{name}"));
    }
    for name in ["title", "description", "copyright", "generator", "category"] {
        plain(judge, children(channel, None, name));
    }
    for name in ["managingEditor", "webMaster"] {
        mails(judge, channel, name);
    }
    plain(judge, children(channel, Some(DC), "creator"));
    addresses(judge, channel);
    for language in children(channel, None, "language") {
        judge.demand(Rule::Language, is_language(&xml::text(language)), || place(language));
    }
    for docs in children(channel, None, "docs") {
        let known = xml::text(docs) == "https://www.rssboard.org/rss-specification";
        judge.demand(Rule::RssDocs, known, || place(docs));
    }
    for image in children(channel, None, "image") {
        let repeats =
            ["title", "link"].iter().all(|name| child_text(image, None, name) == child_text(channel, None, name));
        let url = child_text(image, None, "url").is_some_and(|url| is_uri(&url));
        judge.demand(Rule::RssImage, repeats && url, || place(image));
    }
    let links = links(judge, channel);
    let archive_of = history::judge(judge, channel, &links);

    let items: Vec<_> = children(channel, None, "item").collect();
    let entries: Vec<Entry> = items.iter().map(|&one| item(judge, one)).collect();
    let mut ids = HashSet::new();
    for (entry, &item) in entries.iter().zip(&items) {
        judge.demand(Rule::RssGuidUnique, ids.insert(&entry.id), || place(item));
    }
    judge.demand(Rule::RssOrder, compare::is_ordered(&entries), || place(channel));
    for name in ["pubDate", "lastBuildDate"] {
        let built = date(judge, channel, name);
        let newest = entries.iter().filter_map(|entry| entry.published).max();
        judge.demand(Rule::RssBuildDate, built.is_none_or(|built| newest.is_none_or(|newest| newest <= built)), || {
            format!("{name} {built:?}, an item of {newest:?}")
        });
    }
    Some(Told {
        title: child_text(channel, None, "title").unwrap_or_default(),
        description: child_text(channel, None, "description").unwrap_or_default(),
        language: child_text(channel, None, "language"),
        archive_of,
        entries,
    })
}

fn item(judge: &mut Judge<'_>, item: Node<'_, '_>) -> Entry {
    elements(judge, item, &ITEM, &["category"]);
    let has = |name| children(item, None, name).next().is_some();
    judge.demand(Rule::RssItem, has("title") || has("description"), || place(item));
    for child in item.children().filter(Node::is_element) {
        let filled = child.children().next().is_some() || child.attributes().next().is_some();
        judge.demand(Rule::RssItem, filled, || place(child));
    }
    plain(judge, children(item, None, "title"));
    plain(judge, children(item, None, "category"));
    plain(judge, children(item, Some(DC), "creator"));
    mails(judge, item, "author");
    addresses(judge, item);
    for content in children(item, None, "description").chain(children(item, Some(CONTENT), "encoded")) {
        html::judge(judge, &place(item), &xml::text(content));
    }
    for category in children(item, None, "category") {
        let named = !xml::text(category).trim().is_empty();
        judge.demand(Rule::RssDomain, named && category.attribute("domain").is_none_or(is_uri), || place(category));
    }
    let id = guid(judge, item);
    for enclosure in children(item, None, "enclosure") {
        let value = |name| enclosure.attribute(name).unwrap_or_default();
        let good = is_uri(value("url")) && media::is_number(value("length")) && is_media_type(value("type"));
        judge.demand(Rule::RssEnclosure, good && enclosure.attributes().len() == 3, || place(enclosure));
    }
    media::judge(judge, item);
    let published = date(judge, item, "pubDate");

    let text = |name| child_text(item, None, name).unwrap_or_default();
    Entry {
        id,
        title: text("title"),
        link: text("link"),
        published,
        updated: None,
        summary: html::decoded(&text("description")),
        content: child_text(item, Some(CONTENT), "encoded").unwrap_or_default(),
        authors: children(item, Some(DC), "creator").map(xml::text).collect(),
        categories: compare::each_once(children(item, None, "category").map(xml::text)),
        image: children(item, Some(MEDIA), "thumbnail").find_map(|one| one.attribute("url")).map(str::to_owned),
        language: None,
    }
}

/// Only elements that RSS has there, each once but `many`, and no text between them.
fn elements(judge: &mut Judge<'_>, parent: Node<'_, '_>, known: &[&str], many: &[&str]) {
    let mut seen = HashSet::new();
    for child in parent.children() {
        if !child.is_element() {
            let blank = !child.is_text() || child.text().unwrap_or_default().trim().is_empty();
            judge.demand(Rule::RssElement, blank, || place(parent));
        } else if child.tag_name().namespace().is_none() {
            let name = child.tag_name().name();
            judge.demand(Rule::RssElement, known.contains(&name), || place(child));
            judge.demand(Rule::RssOnce, many.contains(&name) || seen.insert(name), || place(child));
        } else if child.tag_name().namespace() == Some(CONTENT) {
            judge.demand(Rule::RssOnce, seen.insert("content:encoded"), || place(child));
        }
    }
}

fn guid(judge: &mut Judge<'_>, item: Node<'_, '_>) -> String {
    let Some(guid) = children(item, None, "guid").next() else {
        judge.demand(Rule::RssGuid, false, || place(item));
        return String::new();
    };
    let id = xml::text(guid);
    let good = match guid.attribute("isPermaLink") {
        Some("false") => !id.trim().is_empty(),
        None | Some("true") => is_uri(&id) && id.starts_with("http"),
        Some(_) => false,
    };
    judge.demand(Rule::RssGuid, good, || place(guid));
    judge.demand(Rule::Iri, super::text::is_iri(&id), || place(guid));
    id
}

/// The relations and addresses of a channel.
fn links(judge: &mut Judge<'_>, channel: Node<'_, '_>) -> Vec<(String, String)> {
    let mut links = Vec::new();
    for link in children(channel, Some(ATOM), "link") {
        let href = link.attribute("href").unwrap_or_default();
        judge.demand(Rule::Uri, is_uri(href), || place(link));
        if let Some(kind) = link.attribute("type") {
            judge.demand(Rule::MediaType, is_media_type(kind), || place(link));
        }
        links.push((link.attribute("rel").unwrap_or("alternate").to_owned(), href.to_owned()));
    }
    let own: Vec<_> = links.iter().filter(|(rel, _)| rel == "self").map(|(_, href)| href.as_str()).collect();
    judge.demand(Rule::RssSelf, own == [judge.address], || format!("{own:?}"));
    links
}

fn date(judge: &mut Judge<'_>, parent: Node<'_, '_>, name: &'static str) -> Option<i64> {
    let element = children(parent, None, name).next()?;
    let date = rfc822(&xml::text(element));
    judge.demand(Rule::RssDate, date.is_some(), || place(element));
    date
}

fn plain<'a>(judge: &mut Judge<'_>, elements: impl Iterator<Item = Node<'a, 'a>>) {
    for element in elements {
        judge.demand(Rule::PlainText, is_plain(&xml::text(element)), || place(element));
    }
}

fn mails(judge: &mut Judge<'_>, parent: Node<'_, '_>, name: &'static str) {
    for element in children(parent, None, name) {
        judge.demand(Rule::Mail, is_mail(&xml::text(element)), || place(element));
    }
}

fn addresses(judge: &mut Judge<'_>, parent: Node<'_, '_>) {
    for element in children(parent, None, "link").chain(children(parent, None, "comments")) {
        judge.demand(Rule::Uri, is_uri(&xml::text(element)), || place(element));
    }
}
