//! Titles are plain text.
//!
//! In: the text of a title, a name or a summary as it is written. Out: the same without entities, HTML tags, control
//! characters and needless white space. `Vec<T>`, `<3` and `<Q&A>` are text and stay.

use std::{borrow::Cow, path::Path};

use quick_xml::escape::resolve_html5_entity;

/// The elements of HTML, the obsolete ones that still come out of editors included; sorted.
#[rustfmt::skip] // one a line, the table would hide the code
const ELEMENTS: [&str; 127] = [
    "a", "abbr", "acronym", "address", "area", "article", "aside", "audio", "b", "base", "bdi", "bdo", "big",
    "blockquote", "body", "br", "button", "canvas", "caption", "center", "cite", "code", "col", "colgroup",
    "data", "datalist", "dd", "del", "details", "dfn", "dialog", "dir", "div", "dl", "dt", "em", "embed",
    "fieldset", "figcaption", "figure", "font", "footer", "form", "frame", "frameset", "h1", "h2", "h3", "h4",
    "h5", "h6", "head", "header", "hgroup", "hr", "html", "i", "iframe", "img", "input", "ins", "kbd", "label",
    "legend", "li", "link", "main", "map", "mark", "marquee", "math", "menu", "meta", "meter", "nav", "nobr",
    "noscript", "object", "ol", "optgroup", "option", "output", "p", "param", "picture", "pre", "progress", "q",
    "rp", "rt", "ruby", "s", "samp", "script", "search", "section", "select", "slot", "small", "source", "span",
    "strike", "strong", "style", "sub", "summary", "sup", "svg", "table", "tbody", "td", "template", "textarea",
    "tfoot", "th", "thead", "time", "title", "tr", "track", "tt", "u", "ul", "var", "video", "wbr", "xmp",
];

/// The longest tag that is recognised, in bytes.
const LONGEST_TAG: usize = 2048;

/// How often all of a text may be looked through for tags. One that is meant as a title is looked through once; one of
/// `<a b="` and `>` without end would take time quadratic in its length.
const LOOKS: usize = 16;

/// How far ahead the end of an element is looked for, in bytes.
const LOOK_AHEAD: usize = 256;

/// Makes plain text: entities decoded once, tags of real HTML elements dropped, white space folded.
#[must_use]
pub fn plain(text: &str) -> String {
    let text = decode_entities(text);
    let text = if text.contains('<') { Cow::Owned(drop_tags(&text)) } else { text };
    fold(&text)
}

/// One blank between words, none around them, no control characters.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut blank = false;
    for c in text.chars() {
        if c.is_whitespace() {
            blank = !folded.is_empty();
        } else if !(c.is_control() || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')) {
            if blank {
                folded.push(' ');
                blank = false;
            }
            folded.push(c);
        }
    }
    folded
}

/// Decodes `&amp;`, `&#123;` and `&#x7b;`, once. What is no entity, or has no semicolon, stays: `AT&T`, `?a=1&copy=2`.
pub(super) fn decode_entities(text: &str) -> Cow<'_, str> {
    let mut decoded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, entity) = rest.split_at(at);
        let inside = entity.get(1..).unwrap_or_default();
        // The longest name has 31 letters.
        let end = inside.bytes().take(40).position(|byte| byte == b';');
        let found = end.and_then(|end| Some((resolve(inside.get(..end)?)?, inside.get(end + 1..)?)));
        decoded.push_str(before);
        if let Some((value, after)) = found {
            decoded.push_str(&value);
            rest = after;
        } else {
            decoded.push('&');
            rest = inside;
        }
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

fn resolve(name: &str) -> Option<Cow<'static, str>> {
    let Some(number) = name.strip_prefix('#') else { return resolve_html5_entity(name).map(Cow::Borrowed) };
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).ok()?;
    // HTML reads the numbers from 128 to 159 as windows-1252: `&#146;` is an apostrophe.
    let c = match u8::try_from(code) {
        Ok(byte @ 0x80..=0x9f) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(&[byte]).0.chars().next()?,
        _ => char::from_u32(code).filter(|c| *c != '\0')?,
    };
    Some(Cow::Owned(c.to_string()))
}

/// Drops tags and comments. A tag that comes into being by dropping another goes too, so this is idempotent.
fn drop_tags(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut opened: Vec<usize> = Vec::new();
    let mut patience = text.len().saturating_mul(LOOKS);
    for (at, c) in text.char_indices() {
        match c {
            '<' => opened.push(kept.len()),
            '>' => {
                let start = opened.last().copied();
                let tag = start.and_then(|start| kept.get(start + 1..)).filter(|tag| tag.len() <= patience);
                patience -= tag.map_or(0, str::len);
                let after = text.get(at + 1..).unwrap_or_default();
                match (tag, start) {
                    (Some(tag), Some(start)) if is_markup(tag, kept.get(..start).unwrap_or_default(), after) => {
                        opened.pop();
                        kept.truncate(start);
                        continue;
                    }
                    (Some(tag), _) if tag.len() > LONGEST_TAG || !is_open(tag) => _ = opened.pop(),
                    _ => {}
                }
            }
            _ => {}
        }
        kept.push(c);
    }
    kept
}

/// Whether a `>` may be part of what follows the `<`: in a quoted attribute, or a comment.
fn is_open(tag: &str) -> bool {
    tag.starts_with("!--") || in_quotes(tag)
}

fn in_quotes(tag: &str) -> bool {
    let quote = tag.chars().fold(None, |quote, c| match quote {
        None if matches!(c, '"' | '\'') => Some(c),
        Some(open) if open == c => None,
        quote => quote,
    });
    quote.is_some() && tag.contains('=')
}

/// Whether `<…>` with this inside is a comment or a tag of HTML.
fn is_markup(inside: &str, before: &str, after: &str) -> bool {
    if let Some(comment) = inside.strip_prefix("!--") {
        return comment.ends_with("--");
    }
    let closing = inside.starts_with('/');
    let tag = inside.strip_prefix('/').unwrap_or(inside);
    let end = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
    let (name, attributes) = tag.split_at(end);
    let lower = name.to_ascii_lowercase();
    let is_tag = ELEMENTS.binary_search(&lower.as_str()).is_ok()
        && (attributes.is_empty() || attributes.starts_with(|c: char| c.is_whitespace() || c == '/'))
        && !in_quotes(attributes);
    is_tag && !(!closing && attributes.is_empty() && is_type_parameter(name, before, after))
}

/// `Vec<A>` and `Result<Option>` hold names of elements and no elements: they follow a word, begin with a capital, and
/// are never closed.
fn is_type_parameter(name: &str, before: &str, after: &str) -> bool {
    let follows_word = before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let capital = name.starts_with(|c: char| c.is_ascii_uppercase());
    let shouted = name.len() > 1 && !name.contains(|c: char| c.is_ascii_lowercase());
    let ahead = after.as_bytes().get(..LOOK_AHEAD.min(after.len())).unwrap_or_default();
    let closed = ahead
        .windows(name.len() + 2)
        .any(|window| window.strip_prefix(b"</").is_some_and(|closing| closing.eq_ignore_ascii_case(name.as_bytes())));
    follows_word && capital && !shouted && !closed
}

/// The part of a path that can serve as a title: the file's name without its ending, and for `index.md` its folder's.
#[must_use]
pub fn file_stem(path: &Path) -> Cow<'_, str> {
    let stem = path.file_stem().unwrap_or_default();
    let folder = path.parent().and_then(Path::file_name);
    match folder {
        Some(folder) if stem.eq_ignore_ascii_case("index") => folder.to_string_lossy(),
        _ => stem.to_string_lossy(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_title_of_tags_that_never_end_costs_what_its_length_does() {
        let title = "<a b=\"".repeat(40_000) + &">".repeat(40_000);
        // Quadratic, this is minutes.
        assert!(plain(&title).ends_with(">>>"));
        assert_eq!(plain("<img src=\"x > y\"> <b title='>'>a</b>"), "a");
    }

    #[test]
    fn titles_become_plain_text() {
        for (written, expected) in [
            ("基辅是否可能爆发大规模巷战？", "基辅是否可能爆发大规模巷战？"),
            ("  a \n\t b\u{3000}c ", "a b c"),
            ("&#123;&#123; x &#125;&#125;", "{{ x }}"),
            ("&#x7B;x&#X7d;", "{x}"),
            ("Tom &amp; Jerry", "Tom & Jerry"),
            ("&amp;lt;", "&lt;"),
            ("&amp;amp;", "&amp;"),
            ("AT&T, Q&A, ?a=1&copy=2", "AT&T, Q&A, ?a=1&copy=2"),
            ("Espa&ntilde;ol&#8217;s &quot;x&quot;&nbsp;&hellip;", "Español’s \"x\" …"),
            ("don&#146;t", "don’t"),
            ("&#0;&#55296;&#99999999;&#x;&#;&;&nosuch;", "&#0;&#55296;&#99999999;&#x;&#;&;&nosuch;"),
            ("&#8;a\u{0}b\u{feff}", "ab"),
            ("Vec<T> and <3 and a < b > c", "Vec<T> and <3 and a < b > c"),
            ("HashMap<K, V>, Vec<A>, Box<Option>", "HashMap<K, V>, Vec<A>, Box<Option>"),
            ("<Q&A>", "<Q&A>"),
            ("<em>very</em> <strong class='x'>good</strong>", "very good"),
            ("a<br>b<BR/>c<br />d", "abcd"),
            ("Hello<B>World</B>", "HelloWorld"),
            ("<img alt=\"a > b\" src='x'>picture", "picture"),
            ("a<!-- no > way -->b", "ab"),
            ("<<b>b>x", "x"),
            ("&lt;script&gt;alert(1)&lt;/script&gt;", "alert(1)"),
            ("<madeup>stays</madeup>", "<madeup>stays</madeup>"),
            ("<b", "<b"),
            ("it's <i>5'</i>", "it's 5'"),
            ("", ""),
        ] {
            assert_eq!(plain(written), expected, "{written}");
        }
    }

    #[test]
    fn a_file_name_can_be_a_title() {
        for (path, expected) in [
            ("a/hello.md", "hello"),
            ("转发.md", "转发"),
            ("trip/index.md", "trip"),
            ("index.md", "index"),
            ("v1.2.md", "v1.2"),
        ] {
            assert_eq!(file_stem(Path::new(path)), expected);
        }
    }

    #[test]
    fn the_elements_are_sorted() {
        assert!(ELEMENTS.is_sorted());
    }

    proptest! {
        #[test]
        fn nothing_is_left_to_drop(text in "([<>/\"'=&; !-]|b|br|amp|lt|gt|#60|T|A|x|\\PC){0,40}") {
            let once = drop_tags(&text);
            prop_assert_eq!(&drop_tags(&once), &once);
            let folded = fold(&text);
            prop_assert_eq!(&fold(&folded), &folded);
            let _ = plain(&text);
        }
    }
}
