//! HTML as content: read as strictly as a serialiser writes it, so that no two readers can differ about it.

use super::{Judge, Rule, text, xml};

/// Elements without an end tag (HTML, void elements).
const VOID: [&str; 13] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// Elements that run, style, frame, ask, or change what stands around them.
const FORBIDDEN: [&str; 22] = [
    "applet", "base", "body", "button", "embed", "form", "frame", "frameset", "head", "html", "iframe", "input",
    "link", "math", "meta", "noscript", "object", "script", "style", "svg", "template", "title",
];

/// The attributes that hold an address.
const ADDRESSES: [&str; 11] =
    ["action", "background", "cite", "data", "formaction", "href", "longdesc", "manifest", "poster", "src", "usemap"];

/// Schemes of addresses that run, or that no reader can fetch.
const ACTIVE: [&str; 6] = ["javascript", "vbscript", "data", "file", "blob", "about"];

/// Judges a fragment of HTML that is the content of an element.
pub(super) fn judge(judge: &mut Judge<'_>, place: &str, html: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        references(judge, place, &rest[..at]);
        let markup = &rest[at..];
        let Some((tag, behind)) = Tag::read(markup) else {
            let shown: String = markup.chars().take(60).collect();
            judge.demand(Rule::HtmlSyntax, false, || format!("{place}: {shown}"));
            rest = &markup[1..];
            continue;
        };
        rest = behind;
        if tag.closing {
            let opened = open.pop();
            judge.demand(Rule::HtmlSyntax, opened == Some(tag.name) && tag.attributes.is_empty(), || {
                format!("{place}: </{}> closes {opened:?}", tag.name)
            });
            continue;
        }
        judge.demand(Rule::HtmlScript, !FORBIDDEN.contains(&tag.name), || format!("{place}: <{}>", tag.name));
        for &(name, value) in &tag.attributes {
            attribute(judge, place, name, value);
        }
        if !VOID.contains(&tag.name) {
            open.push(tag.name);
        }
    }
    references(judge, place, rest);
    judge.demand(Rule::HtmlSyntax, open.is_empty(), || format!("{place}: never closed: {open:?}"));
}

fn attribute(judge: &mut Judge<'_>, place: &str, name: &str, value: &str) {
    references(judge, place, value);
    let shown = || format!("{place}: {name}=\"{value}\"");
    judge.demand(Rule::HtmlScript, !name.starts_with("on") && name != "style" && name != "srcdoc", shown);
    let value = decoded(value);
    if ADDRESSES.contains(&name) {
        judge.demand(Rule::HtmlAddress, is_address(&value), shown);
    }
    if name == "srcset" {
        let candidates: Vec<&str> = value.split(", ").filter_map(|one| one.split(' ').next()).collect();
        judge.demand(Rule::HtmlAddress, candidates.iter().all(|one| is_address(one)), shown);
    }
}

/// Absolute, encoded, and nothing that runs.
fn is_address(address: &str) -> bool {
    let scheme = address.split(':').next().unwrap_or_default().to_ascii_lowercase();
    text::is_uri(address) && !ACTIVE.contains(&&*scheme)
}

/// A tag as a serialiser writes it.
struct Tag<'a> {
    closing: bool,
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Tag<'a> {
    /// The tag, and what is behind it. Names in lower case, one space before each attribute, values in double quotes.
    fn read(markup: &'a str) -> Option<(Self, &'a str)> {
        let inside = markup.strip_prefix('<')?;
        let (closing, inside) = inside.strip_prefix('/').map_or((false, inside), |inside| (true, inside));
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let (name, mut rest) = inside.split_at(inside.find(|c| !is_name(c))?);
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            return None;
        }
        let mut attributes: Vec<(&str, &str)> = Vec::new();
        while let Some(attribute) = rest.strip_prefix(' ') {
            let (name, value) = attribute.split_once("=\"")?;
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
                return None;
            }
            let (value, behind) = value.split_once('"')?;
            if attributes.iter().any(|(other, _)| *other == name) {
                return None;
            }
            attributes.push((name, value));
            rest = behind;
        }
        Some((Self { closing, name, attributes }, rest.strip_prefix('>')?))
    }
}

/// Every `&` begins a reference that all parsers know.
fn references(judge: &mut Judge<'_>, place: &str, text: &str) {
    for after in text.split('&').skip(1) {
        let name = after.split(';').next().filter(|name| name.len() < after.len()).unwrap_or_default();
        let shown = || format!("{place}: &{}", after.chars().take(20).collect::<String>());
        if let Some(number) = name.strip_prefix('#') {
            let c = character(number);
            judge.demand(Rule::HtmlReference, c.is_some_and(|c| xml::is_char(c) && !c.is_control()), shown);
        } else {
            judge.demand(Rule::HtmlSyntax, named(name).is_some(), shown);
        }
    }
}

fn character(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?)
}

fn named(name: &str) -> Option<char> {
    [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("nbsp", '\u{a0}')]
        .iter()
        .find_map(|&(known, c)| (known == name).then_some(c))
}

/// A text with its references resolved, once.
pub(super) fn decoded(text: &str) -> String {
    let mut parts = text.split('&');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let resolved = part.split_once(';').and_then(|(name, behind)| {
            let c = name.strip_prefix('#').map_or_else(|| named(name), character)?;
            Some((c, behind))
        });
        let (c, behind) = resolved.unwrap_or(('&', part));
        decoded.push(c);
        decoded.push_str(behind);
    }
    decoded
}
