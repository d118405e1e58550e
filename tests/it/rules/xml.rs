//! XML 1.0, by its letter: the characters, the pieces of markup, then a strict reading.

use roxmltree::{Document, Node};

use super::{Judge, Rule, Told, atom, opml, rss};

pub(super) const ATOM: &str = "http://www.w3.org/2005/Atom";
pub(super) const CONTENT: &str = "http://purl.org/rss/1.0/modules/content/";
pub(super) const DC: &str = "http://purl.org/dc/elements/1.1/";
pub(super) const FEED_HISTORY: &str = "http://purl.org/syndication/history/1.0";
pub(super) const MEDIA: &str = "http://search.yahoo.com/mrss/";
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Judges any XML document by its root.
pub(super) fn judge(judge: &mut Judge<'_>, text: &str) -> Option<Told> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    raw(judge, text);
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            judge.demand(Rule::WellFormed, false, || error.to_string());
            return None;
        }
    };
    let root = document.root_element();
    for element in root.descendants().filter(Node::is_element) {
        let namespace = element.tag_name().namespace();
        let known = namespace.is_none_or(|uri| [ATOM, CONTENT, DC, FEED_HISTORY, MEDIA].contains(&uri));
        judge.demand(Rule::Namespace, known, || format!("{}: {}", place(element), namespace.unwrap_or_default()));
    }
    match (root.tag_name().namespace(), root.tag_name().name()) {
        (None, "rss") => rss::judge(judge, root),
        (Some(ATOM), "feed") => Some(atom::judge(judge, root)),
        (None, "opml") => {
            opml::judge(judge, root);
            None
        }
        (_, name) => {
            judge.demand(Rule::KnownDocument, false, || format!("the root is `{name}`"));
            None
        }
    }
}

/// What can be said of the bytes alone.
fn raw(judge: &mut Judge<'_>, text: &str) {
    if let Some((at, c)) = text.char_indices().find(|&(_, c)| !is_char(c)) {
        judge.demand(Rule::Character, false, || format!("U+{:04X} after {}", u32::from(c), before(text, at)));
    }
    let mut rest = text;
    while let Some(piece) = Piece::next(&mut rest) {
        match piece {
            Piece::Text(text) => {
                judge.demand(Rule::CdataEnd, !text.contains("]]>"), || text.to_owned());
                references(judge, text);
            }
            Piece::Tag(tag) => {
                references(judge, tag);
                if let Some((_, encoding)) = tag.strip_prefix("<?xml ").and_then(|tag| tag.split_once("encoding=")) {
                    let encoding = encoding.trim_matches(['?', '>', ' ', '"', '\'']);
                    judge.demand(Rule::Utf8, encoding.eq_ignore_ascii_case("utf-8"), || tag.to_owned());
                }
                judge.demand(Rule::Doctype, !tag.starts_with("<!DOCTYPE"), || tag.to_owned());
            }
            Piece::Opaque => {}
        }
    }
}

/// Every numeric reference is one to a character.
fn references(judge: &mut Judge<'_>, text: &str) {
    for reference in text.split("&#").skip(1) {
        let number = reference.split(';').next().unwrap_or_default();
        let code = match number.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        let legal = code.ok().and_then(char::from_u32).is_some_and(is_char);
        judge.demand(Rule::Character, legal, || format!("&#{number};"));
    }
}

/// XML 1.0 §2.2, `Char`.
pub(super) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// A piece of a document as it is written.
enum Piece<'a> {
    /// Between markup.
    Text(&'a str),
    /// A tag, a declaration or an instruction.
    Tag(&'a str),
    /// A comment or a CDATA section: nothing in it is markup.
    Opaque,
}

impl<'a> Piece<'a> {
    fn next(rest: &mut &'a str) -> Option<Self> {
        let whole = *rest;
        let mut cut = |end: usize| {
            let (piece, behind) = whole.split_at(end);
            *rest = behind;
            piece
        };
        let until = |end: &str| whole.find(end).map_or(whole.len(), |at| at + end.len());
        if whole.is_empty() {
            None
        } else if !whole.starts_with('<') {
            Some(Self::Text(cut(whole.find('<').unwrap_or(whole.len()))))
        } else if let Some(end) = [("<![CDATA[", "]]>"), ("<!--", "-->")]
            .iter()
            .find_map(|(start, end)| whole.starts_with(start).then(|| until(end)))
        {
            cut(end);
            Some(Self::Opaque)
        } else {
            Some(Self::Tag(cut(super::text::tag_end(whole).map_or(whole.len(), |at| at + 1))))
        }
    }
}

fn before(text: &str, at: usize) -> String {
    let mut tail: Vec<char> = text[..at].chars().rev().take(60).collect();
    tail.reverse();
    tail.into_iter().collect()
}

/// The path of an element, and how its text begins.
pub(super) fn place(element: Node<'_, '_>) -> String {
    let mut steps: Vec<String> = Vec::new();
    for ancestor in element.ancestors().filter(Node::is_element) {
        let elder =
            ancestor.prev_siblings().skip(1).filter(|sibling| sibling.tag_name() == ancestor.tag_name()).count();
        let name = ancestor.tag_name().name();
        steps.push(if elder == 0 { name.to_owned() } else { format!("{name}[{}]", elder + 1) });
    }
    steps.reverse();
    let attributes: Vec<String> = element.attributes().map(|a| format!(" {}={:?}", a.name(), a.value())).collect();
    let words: String = text(element).trim().chars().take(160).collect();
    format!("{}{} {words:?}", steps.join("/"), attributes.concat())
}

/// The element's own text, CDATA sections included, white space and all.
pub(super) fn text(element: Node<'_, '_>) -> String {
    element.children().filter(Node::is_text).filter_map(|node| node.text()).collect()
}

/// The child elements with a name of a namespace.
pub(super) fn children<'a, 'input>(
    parent: Node<'a, 'input>,
    namespace: Option<&'static str>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    parent.children().filter(move |child| {
        child.is_element() && child.tag_name().namespace() == namespace && child.tag_name().name() == name
    })
}

/// The text of the first such child.
pub(super) fn child_text(parent: Node<'_, '_>, namespace: Option<&'static str>, name: &'static str) -> Option<String> {
    children(parent, namespace, name).next().map(text)
}
