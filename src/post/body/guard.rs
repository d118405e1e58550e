//! Refuse, in one linear scan, what HTML parsers need quadratic time or memory for.
//!
//! The limits are far above what any author writes; the numbers come from measurements of html5ever.

use super::tags::{Piece, Tag, pieces};

/// Attributes of one tag.
const ATTRIBUTES: usize = 256;

/// Open elements.
const DEPTH: usize = 512;

/// Sum of the depth over all tags.
const TOTAL_DEPTH: usize = 10_000_000;

/// Sum, over block elements, of the formatting elements that are still open: each is opened again in each of them.
const REOPENED: usize = 30_000;

/// Markdown: brackets that may open a link, and the depth of quotes and lists at one line.
const BRACKETS: usize = 50_000;
const MARKERS: usize = 100;

/// Which limit a body exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Excess {
    #[error("the body is longer than 1 MiB")]
    Length,
    #[error("a tag has more than 256 attributes")]
    Attributes,
    #[error("the markup nests too deeply")]
    Depth,
    #[error("formatting that is never closed is repeated too often")]
    Reopened,
    #[error("the Markdown holds too many brackets or markers")]
    Markers,
}

const VOID: [&str; 16] = [
    "area", "base", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link", "meta", "param", "source",
    "track", "wbr",
];

const FORMATTING: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// Elements that end where another begins, because their end tags may be left out: (those that begin, those that end).
const IMPLIED_ENDS: [(&[&str], &[&str]); 6] = [
    (&["li"], &["p", "li"]),
    (&["dt", "dd"], &["p", "dt", "dd"]),
    (&["td", "th"], &["p", "td", "th"]),
    (&["tr"], &["p", "td", "th", "tr"]),
    (&["tbody", "thead", "tfoot"], &["p", "td", "th", "tr", "tbody", "thead", "tfoot", "caption", "colgroup"]),
    (&["option", "optgroup"], &["option", "optgroup"]),
];

const BLOCKS: [&str; 35] = [
    "address", "article", "aside", "blockquote", "center", "dd", "details", "dir", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "menu",
    "nav", "ol", "p", "pre", "section", "table", "td", "ul",
];

/// Checks HTML.
pub(super) fn check(html: &str) -> Result<(), Excess> {
    let mut open: Vec<String> = Vec::new();
    let (mut total, mut reopened, mut unclosed) = (0_usize, 0_usize, 0_usize);
    for piece in pieces(html) {
        let Piece::Tag(tag) = piece else { continue };
        total += open.len();
        if total > TOTAL_DEPTH {
            return Err(Excess::Depth);
        }
        let formatting = FORMATTING.contains(&tag.name.as_str());
        if tag.closing {
            unclosed = unclosed.saturating_sub(usize::from(formatting));
            if let Some(at) = open.iter().rposition(|name| *name == tag.name) {
                open.truncate(at);
            }
            continue;
        }
        if tag.attributes().nth(ATTRIBUTES).is_some() {
            return Err(Excess::Attributes);
        }
        if BLOCKS.contains(&tag.name.as_str()) {
            reopened += unclosed;
            if reopened > REOPENED {
                return Err(Excess::Reopened);
            }
        }
        unclosed += usize::from(formatting);
        enter(&mut open, tag);
        if open.len() > DEPTH {
            return Err(Excess::Depth);
        }
    }
    Ok(())
}

/// Opens an element, and ends those whose end tags may be left out.
fn enter(open: &mut Vec<String>, tag: Tag<'_>) {
    let name = tag.name.as_str();
    let implied = IMPLIED_ENDS.iter().find(|(begin, _)| begin.contains(&name)).map(|(_, end)| *end);
    let ended: &[&str] = implied.unwrap_or(if BLOCKS.contains(&name) { &["p"] } else { &[] });
    while open.last().is_some_and(|last| ended.contains(&last.as_str())) {
        open.pop();
    }
    if !VOID.contains(&tag.name.as_str()) && !tag.raw.ends_with("/>") {
        open.push(tag.name);
    }
}

/// Checks Markdown before it is parsed.
pub(super) fn check_markdown(text: &str) -> Result<(), Excess> {
    let brackets = text.bytes().filter(|byte| matches!(byte, b'[' | b'*' | b'_' | b'`')).count();
    let deepest = text
        .lines()
        .map(|line| line.bytes().take_while(|byte| matches!(byte, b'>' | b' ' | b'-' | b'*' | b'+')).filter(|byte| *byte != b' ').count())
        // A rule of many hyphens nests nothing.
        .zip(text.lines())
        .filter(|(_, line)| !line.bytes().all(|byte| matches!(byte, b'-' | b'*' | b' ' | b'+')) || line.contains('>'))
        .map(|(depth, _)| depth)
        .max();
    if brackets > BRACKETS || deepest.unwrap_or(0) > MARKERS { Err(Excess::Markers) } else { Ok(()) }
}
