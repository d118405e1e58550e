//! Atom, RFC 4287.

use std::collections::HashSet;

use roxmltree::Node;

use super::{
    Judge, Rule, Told,
    compare::{self, Entry},
    history, html, media,
    text::{is_iri, is_language, is_media_type, is_plain, is_uri, rfc3339},
    xml::{self, ATOM, MEDIA, XML, child_text, children, place},
};

const FEED: [&str; 13] = [
    "author",
    "category",
    "contributor",
    "generator",
    "icon",
    "id",
    "link",
    "logo",
    "rights",
    "subtitle",
    "title",
    "updated",
    "entry",
];

const ENTRY: [&str; 12] = [
    "author",
    "category",
    "content",
    "contributor",
    "id",
    "link",
    "published",
    "rights",
    "source",
    "summary",
    "title",
    "updated",
];

/// What may come more than once.
const MANY: [&str; 5] = ["author", "category", "contributor", "link", "entry"];

/// Judges a `feed` element.
pub(super) fn judge(judge: &mut Judge<'_>, feed: Node<'_, '_>) -> Told {
    for element in feed.descendants().filter(Node::is_element) {
        if let Some(language) = element.attribute((XML, "lang")) {
            judge.demand(Rule::Language, is_language(language), || place(element));
        }
    }
    elements(judge, feed, &FEED);
    let authors = people(judge, feed);
    let own: Vec<_> = links(judge, feed);
    let selves: Vec<_> = own.iter().filter(|(rel, _)| rel == "self").map(|(_, href)| href.as_str()).collect();
    judge.demand(Rule::AtomSelf, selves == [judge.address], || format!("{selves:?}"));
    for name in ["icon", "logo"] {
        for image in children(feed, Some(ATOM), name) {
            judge.demand(Rule::Uri, is_uri(&xml::text(image)), || place(image));
        }
    }
    let archive_of = history::judge(judge, feed, &own);
    let updated = date(judge, feed, "updated");

    let mut ids = HashSet::new();
    let mut entries = Vec::new();
    for one in children(feed, Some(ATOM), "entry") {
        let entry = entry(judge, one);
        judge.demand(Rule::AtomAuthor, !authors.is_empty() || !entry.authors.is_empty(), || place(one));
        judge.demand(Rule::AtomUpdated, entry.updated <= updated, || place(one));
        judge.demand(Rule::AtomIdUnique, ids.insert(entry.id.clone()), || place(one));
        entries.push(entry);
    }
    judge.demand(Rule::AtomOrder, compare::is_ordered(&entries), || place(feed));
    Told {
        title: child_text(feed, Some(ATOM), "title").unwrap_or_default(),
        description: child_text(feed, Some(ATOM), "subtitle").unwrap_or_default(),
        language: feed.attribute((XML, "lang")).map(str::to_owned),
        archive_of,
        entries,
    }
}

fn entry(judge: &mut Judge<'_>, entry: Node<'_, '_>) -> Entry {
    elements(judge, entry, &ENTRY);
    let links = links(judge, entry);
    let alternate = links.iter().find(|(rel, _)| rel == "alternate");
    let content = children(entry, Some(ATOM), "content").next();
    judge.demand(Rule::AtomAlternate, content.is_some() || alternate.is_some(), || place(entry));
    if let Some(content) = content {
        match content.attribute("type").unwrap_or("text") {
            "html" => html::judge(judge, &place(entry), &xml::text(content)),
            "text" | "xhtml" => {}
            other => judge.demand(Rule::MediaType, is_media_type(other), || place(content)),
        }
    }
    media::judge(judge, entry);
    let authors = people(judge, entry);
    let (published, updated) = (date(judge, entry, "published"), date(judge, entry, "updated"));
    judge.demand(Rule::AtomUpdated, published <= updated, || place(entry));

    let text = |name| child_text(entry, Some(ATOM), name).unwrap_or_default();
    let title = children(entry, Some(ATOM), "title").next();
    Entry {
        id: text("id"),
        title: text("title"),
        link: alternate.map(|(_, href)| href.clone()).unwrap_or_default(),
        published,
        updated,
        summary: text("summary"),
        content: content.map(xml::text).unwrap_or_default(),
        authors,
        categories: compare::each_once(
            children(entry, Some(ATOM), "category").filter_map(|one| one.attribute("term")).map(str::to_owned),
        ),
        image: children(entry, Some(MEDIA), "thumbnail").find_map(|one| one.attribute("url")).map(str::to_owned),
        language: Some(title.and_then(|title| title.attribute((XML, "lang"))).unwrap_or_default().to_owned()),
    }
}

/// What feed and entry have in common: which elements stand there, how often, and what they hold.
fn elements(judge: &mut Judge<'_>, parent: Node<'_, '_>, known: &[&str]) {
    let mut seen = HashSet::new();
    for child in parent.children() {
        if !child.is_element() {
            let blank = !child.is_text() || child.text().unwrap_or_default().trim().is_empty();
            judge.demand(Rule::AtomShape, blank, || place(parent));
            continue;
        }
        let name = child.tag_name().name();
        if child.tag_name().namespace() != Some(ATOM) {
            continue;
        }
        judge.demand(Rule::AtomShape, known.contains(&name), || place(child));
        judge.demand(Rule::AtomOnce, MANY.contains(&name) || seen.insert(name), || place(child));
        match name {
            "title" | "subtitle" | "summary" | "rights" | "content" => construct(judge, child),
            "id" => judge.demand(Rule::Iri, is_iri(&xml::text(child)), || place(child)),
            "category" => {
                let named = child.attribute("term").is_some_and(|term| !term.is_empty());
                judge.demand(Rule::AtomCategory, named, || place(child));
                if let Some(scheme) = child.attribute("scheme") {
                    judge.demand(Rule::Uri, is_uri(scheme), || place(child));
                }
                for name in ["term", "label"] {
                    let plain = child.attribute(name).is_none_or(is_plain);
                    judge.demand(Rule::PlainText, plain, || place(child));
                }
            }
            _ => {}
        }
    }
    for name in ["id", "title", "updated"] {
        let present = child_text(parent, Some(ATOM), name).is_some_and(|text| !text.trim().is_empty());
        judge.demand(Rule::AtomRequired, present, || format!("{}: {name}", place(parent)));
    }
}

/// A text construct, or content.
fn construct(judge: &mut Judge<'_>, element: Node<'_, '_>) {
    let is_content = element.tag_name().name() == "content";
    let inside = element.children().filter(Node::is_element).count();
    let good = match element.attribute("type").unwrap_or("text") {
        "text" | "html" => inside == 0,
        "xhtml" => inside == 1,
        _ => is_content,
    };
    judge.demand(Rule::AtomText, good, || place(element));
    let named = matches!(element.tag_name().name(), "title" | "subtitle");
    if named && element.attribute("type").is_none_or(|kind| kind == "text") {
        judge.demand(Rule::PlainText, is_plain(&xml::text(element)), || place(element));
    }
}

/// The names of the authors.
fn people(judge: &mut Judge<'_>, parent: Node<'_, '_>) -> Vec<String> {
    let mut names = Vec::new();
    for person in children(parent, Some(ATOM), "author").chain(children(parent, Some(ATOM), "contributor")) {
        let own: Vec<_> = children(person, Some(ATOM), "name").map(xml::text).collect();
        judge.demand(Rule::AtomAuthor, own.len() == 1 && own.iter().all(|name| !name.is_empty()), || place(person));
        judge.demand(Rule::PlainText, own.iter().all(|name| is_plain(name)), || place(person));
        for uri in children(person, Some(ATOM), "uri") {
            judge.demand(Rule::Uri, is_uri(&xml::text(uri)), || place(uri));
        }
        if person.tag_name().name() == "author" {
            names.extend(own);
        }
    }
    names
}

/// The relations and addresses of a feed or an entry.
fn links(judge: &mut Judge<'_>, parent: Node<'_, '_>) -> Vec<(String, String)> {
    let mut links = Vec::new();
    let mut alternates = HashSet::new();
    for link in children(parent, Some(ATOM), "link") {
        let rel = link.attribute("rel").unwrap_or("alternate");
        let href = link.attribute("href").unwrap_or_default();
        judge.demand(Rule::Uri, is_uri(href), || place(link));
        if let Some(kind) = link.attribute("type") {
            judge.demand(Rule::MediaType, is_media_type(kind), || place(link));
        }
        let kind = (link.attribute("type"), link.attribute("hreflang"));
        judge.demand(Rule::AtomAlternate, rel != "alternate" || alternates.insert(kind), || place(link));
        links.push((rel.to_owned(), href.to_owned()));
    }
    links
}

fn date(judge: &mut Judge<'_>, parent: Node<'_, '_>, name: &'static str) -> Option<i64> {
    let element = children(parent, Some(ATOM), name).next()?;
    let date = rfc3339(&xml::text(element));
    judge.demand(Rule::AtomDate, date.is_some(), || place(element));
    date
}
