//! HTML as it was written → HTML that a parser reads in one way only.
//!
//! One linear pass does what needs no tree: it writes only the elements and attributes of the [`policy`], makes
//! addresses absolute, repairs lazy pictures, drops those that cannot be fetched or seen, and marks where `<!-- more -->`
//! stood. The [`guard`](super::guard) watches the same tokens. It never promises safety: that is ammonia's part, which sees
//! the result, and, because that is written plainly, sees the same tags.

use std::fmt::Write as _;

use memchr::memchr2_iter;

use super::{
    super::title,
    Bases,
    guard::{Excess, Guard, OUTPUT},
    pixel::is_pixel,
    policy::{self, Address, Element, GENERIC},
    token::{Token, Tokens},
    urls,
};
use crate::bytes;

/// Stands for `<!-- more -->` until the summary is cut: a control character, which no body keeps.
pub(super) const MORE: char = '\u{1}';

/// Bytes of text after which a seam is made.
const SEAM: usize = 1024;
/// Bytes of an attribute; a longer one is dropped. It is written in quadratic time, too.
const LONGEST_VALUE: usize = 8 * 1024;

/// Attributes under which lazy loaders hide a picture's address.
const LAZY: &[&str] = &["data-original", "data-src", "data-actualsrc", "data-lazy-src"];
const LAZY_SETS: &[&str] = &["data-srcset", "data-lazy-srcset"];

/// Prepares a body, or says why no parser should see it and at which byte.
pub(super) fn prepare(html: &str, bases: &Bases) -> Result<String, (Excess, usize)> {
    let mut out = Preparation {
        html: String::with_capacity(html.len()),
        bases,
        guard: Guard::default(),
        last: None,
        more: false,
        run: 0,
    };
    let mut tokens = Tokens::new(html);
    loop {
        let at = tokens.position();
        let Some(token) = tokens.next() else { return Ok(out.html) };
        out.token(token, &mut tokens).map_err(|excess| (excess, at))?;
        if out.html.len() > OUTPUT {
            return Err((Excess::Size, at));
        }
    }
}

/// The text of a body without its tags, as paragraphs. Safe as it is: nothing of the body but text is in it.
pub(super) fn without_markup(html: &str) -> String {
    let mut out = String::from("<p>");
    let mut has_words = false;
    let mut tokens = Tokens::new(html);
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(text) if has_words || !text.trim().is_empty() => {
                push_plain(&mut out, &title::decode_entities(text));
                has_words = true;
            }
            Token::Start(name) if policy::goes_with_content(name) => _ = tokens.content_until(name),
            Token::Start(name) | Token::End(name)
                if has_words && policy::find(name).is_some_and(|element| element.kind.is_block()) =>
            {
                out.push_str("</p>\n<p>");
                has_words = false;
            }
            _ => {}
        }
    }
    out.push_str("</p>");
    out
}

/// A body as it is written, entities too.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::from("<pre>");
    // Parsers drop a line end behind the tag.
    push_plain(&mut out, text.trim_start_matches(['\r', '\n']));
    out.push_str("</pre>");
    out
}

/// Writes a text in which nothing is markup, as a serialiser would.
fn push_plain(out: &mut String, text: &str) {
    push_escaped(out, &text.replace("\r\n", "\n"), |c| match c {
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '&' => Some("&amp;"),
        '\u{a0}' => Some("&nbsp;"),
        '\r' => Some("\n"),
        c if is_control(c) => Some(""),
        _ => None,
    });
}

struct Preparation<'a> {
    html: String,
    bases: &'a Bases,
    guard: Guard,
    /// The picture just written, if no text followed.
    last: Option<Picture>,
    more: bool,
    /// Bytes of text since the last seam.
    run: usize,
}

/// A picture as it was found.
#[derive(PartialEq)]
struct Picture {
    url: String,
    from: Source,
}

#[derive(Clone, Copy, PartialEq)]
enum Source {
    /// An ordinary picture.
    Plain,
    /// A script would have put the picture in.
    Lazy,
    /// Written for readers without scripts.
    Noscript,
}

impl Preparation<'_> {
    fn token(&mut self, token: Token<'_>, tokens: &mut Tokens<'_>) -> Result<(), Excess> {
        match token {
            Token::Text(text) => self.text(text),
            Token::Comment(text) => {
                if text.trim().eq_ignore_ascii_case("more") {
                    self.mark();
                }
                Ok(())
            }
            Token::End(name) => match policy::find(name) {
                Some(element) => self.end(element),
                None => Ok(()),
            },
            Token::Start(name) => self.start(name, tokens),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Excess> {
        self.guard.text(text)?;
        if self.last.is_some() && !text.trim().is_empty() {
            self.last = None;
        }
        self.run += text.len();
        if self.run < SEAM {
            push_text(&mut self.html, text);
        } else {
            self.push_with_seams(text);
        }
        Ok(())
    }

    /// html5ever writes a text in time quadratic in its length when it is full of `&` and characters such as `«`. A
    /// comment, which the sanitiser drops, makes several texts of it.
    fn push_with_seams(&mut self, text: &str) {
        let mut from = 0;
        let mut before = self.run - text.len();
        // 0xC2 begins U+0080 to U+00BF, and nothing else.
        for at in memchr2_iter(b'&', 0xc2, text.as_bytes()) {
            if before + at - from >= SEAM {
                push_text(&mut self.html, text.get(from..at).unwrap_or_default());
                self.html.push_str("<!---->");
                (from, before) = (at, 0);
            }
        }
        push_text(&mut self.html, text.get(from..).unwrap_or_default());
        self.run = before + text.len() - from;
    }

    fn mark(&mut self) {
        if !self.more {
            self.html.push(MORE);
            self.more = true;
        }
    }

    fn end(&mut self, element: &'static Element) -> Result<(), Excess> {
        self.guard.end(element)?;
        self.html.push_str("</");
        self.html.push_str(element.name);
        self.html.push('>');
        Ok(())
    }

    fn start(&mut self, name: &str, tokens: &mut Tokens<'_>) -> Result<(), Excess> {
        let Some(element) = policy::find(name) else { return self.foreign(name, tokens) };
        if matches!(element.name, "a" | "span")
            && tokens.attribute("id").is_some_and(|id| matches!(id, "more" | "continue-reading"))
        {
            self.mark();
        }
        if element.name == "img" {
            return self.picture(element, tokens, Source::Plain);
        }
        let written = self.html.len();
        self.open(element, tokens, None);
        if element.name == "source" && !self.html.get(written..).is_some_and(|tag| tag.contains(" src")) {
            self.html.truncate(written);
            return Ok(());
        }
        self.guard.start(element, tokens.attribute_count(), self.html.len() - written)
    }

    /// A start tag that the policy does not know.
    fn foreign(&mut self, name: &str, tokens: &mut Tokens<'_>) -> Result<(), Excess> {
        if name.eq_ignore_ascii_case("iframe") {
            self.frame(tokens)?;
        }
        if name.eq_ignore_ascii_case("noscript") {
            if let Some(content) = tokens.content_until(name) {
                return self.noscript(content);
            }
        } else if name.eq_ignore_ascii_case("input") {
            let is_box = tokens.attribute("type").is_some_and(|kind| kind.eq_ignore_ascii_case("checkbox"));
            if is_box {
                return self.text(if tokens.attribute("checked").is_some() { "☑ " } else { "☐ " });
            }
        } else if policy::goes_with_content(name) {
            _ = tokens.content_until(name);
        }
        Ok(())
    }

    /// A page within the page becomes a link to it.
    fn frame(&mut self, tokens: &Tokens<'_>) -> Result<(), Excess> {
        let src = tokens.attribute("src").filter(|src| self.media(src).is_some()).or(tokens.attribute("data-src"));
        let (Some(url), Some(element)) = (src.and_then(|src| self.media(src)), policy::find("a")) else {
            return Ok(());
        };
        let written = self.html.len();
        self.html.push_str("<a href=\"");
        push_value(&mut self.html, &url.replace('&', "&amp;"));
        self.html.push_str("\">");
        self.guard.start(element, tokens.attribute_count(), self.html.len() - written)?;
        self.text(&url.replace('&', "&amp;"))?;
        self.end(element)
    }

    /// Only pictures are taken from a `<noscript>`; the rest tells readers to turn scripts on.
    fn noscript(&mut self, content: &str) -> Result<(), Excess> {
        let mut tokens = Tokens::new(content);
        while let Some(token) = tokens.next() {
            if let Token::Start(name) = token
                && let Some(element) = policy::find(name).filter(|element| element.name == "img")
            {
                self.picture(element, &tokens, Source::Noscript)?;
            }
        }
        Ok(())
    }

    fn picture(&mut self, element: &'static Element, tokens: &Tokens<'_>, source: Source) -> Result<(), Excess> {
        if is_pixel(|name| tokens.attribute(name)) {
            return Ok(());
        }
        let written = tokens.attribute("src").unwrap_or_default();
        let lazy = LAZY.iter().find_map(|name| self.media(tokens.attribute(name)?));
        let (url, from) = match (self.media(written), lazy) {
            (Some(_), Some(lazy)) if is_placeholder(written) => (lazy, Source::Lazy),
            (None, Some(lazy)) => (lazy, Source::Lazy),
            (Some(url), _) => (url, Source::Plain),
            (None, None) => {
                match self.set(tokens).and_then(|set| Some(urls::candidates(&set).next()?.url.to_owned())) {
                    Some(url) => (url, Source::Plain),
                    None => return Ok(()),
                }
            }
        };
        let picture = Picture { url, from: if source == Source::Noscript { source } else { from } };
        if let Some(last) = self.last.take()
            && last.is_twin(&picture)
        {
            return Ok(());
        }
        let start = self.html.len();
        self.open(element, tokens, Some(&picture.url));
        self.last = Some(picture);
        self.guard.start(element, tokens.attribute_count(), self.html.len() - start)
    }

    /// Writes a start tag with the attributes that are allowed, in the order of the policy.
    fn open(&mut self, element: &'static Element, tokens: &Tokens<'_>, src: Option<&str>) {
        self.html.push('<');
        self.html.push_str(element.name);
        for &name in element.attributes.iter().chain(GENERIC) {
            match name {
                "src" if src.is_some() => self.attribute(name, src.unwrap_or_default(), Escape::All),
                "srcset" => {
                    if let Some(set) = self.set(tokens) {
                        self.attribute(name, &set, Escape::All);
                    }
                }
                "class" => {
                    let class = tokens.attribute(name).and_then(|classes| classes.split_whitespace().find(is_language));
                    if let Some(class) = class {
                        self.attribute(name, class, Escape::Quotes);
                    }
                }
                // A film that nobody can start is none.
                "controls" => self.attribute(name, "", Escape::Quotes),
                "align" => {
                    let style = tokens.attribute("style").and_then(alignment);
                    if let Some(align) = style.or(tokens.attribute(name)) {
                        self.attribute(name, align, Escape::Quotes);
                    }
                }
                _ => {
                    let Some(value) = tokens.attribute(name) else { continue };
                    let url = match policy::address(name) {
                        None => {
                            self.attribute(name, value, Escape::Quotes);
                            continue;
                        }
                        Some(Address::Link) => self.bases.link(&urls::decode(value)),
                        Some(Address::Media | Address::Set) => self.media(value),
                    };
                    if let Some(url) = url {
                        self.attribute(name, &url, Escape::All);
                    }
                }
            }
        }
        self.html.push('>');
    }

    fn attribute(&mut self, name: &str, value: &str, escape: Escape) {
        if value.len() > LONGEST_VALUE {
            return;
        }
        _ = write!(self.html, " {name}=\"");
        match escape {
            Escape::All if value.contains('&') => push_value(&mut self.html, &value.replace('&', "&amp;")),
            _ => push_value(&mut self.html, value),
        }
        self.html.push('"');
    }

    fn media(&self, written: &str) -> Option<String> {
        self.bases.media(&urls::decode(written))
    }

    fn set(&self, tokens: &Tokens<'_>) -> Option<String> {
        let absolute = |name: &&str| {
            let written = tokens.attribute(name).filter(|written| written.len() <= LONGEST_VALUE)?;
            self.bases.media_set(&urls::decode(written))
        };
        absolute(&"srcset").or_else(|| LAZY_SETS.iter().find_map(absolute))
    }
}

impl Picture {
    /// Whether `next`, which follows at once, is the same picture for other readers.
    fn is_twin(&self, next: &Self) -> bool {
        match (self.from, next.from) {
            (Source::Lazy, Source::Noscript) | (Source::Noscript, Source::Lazy) => true,
            (Source::Plain, Source::Noscript) | (Source::Noscript, Source::Plain) => self.url == next.url,
            _ => false,
        }
    }
}

/// How an attribute's value is written.
#[derive(Clone, Copy)]
enum Escape {
    /// The value is decoded.
    All,
    /// The value still has its entities.
    Quotes,
}

fn push_value(out: &mut String, value: &str) {
    push_escaped(out, value, |c| match c {
        '"' => Some("&quot;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        c if is_control(c) => Some(""),
        _ => None,
    });
}

fn push_text(out: &mut String, text: &str) {
    push_escaped(out, text, |c| match c {
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        c if is_control(c) => Some(""),
        _ => None,
    });
}

/// Writes a text with some characters replaced: signs of markup, and control characters.
fn push_escaped(out: &mut String, text: &str, replacement: impl Fn(char) -> Option<&'static str>) {
    let is_sign = |byte: u8| matches!(byte, b'<' | b'>' | b'&' | b'"' | b'\r');
    if !bytes::any(text, |byte| is_sign(byte) | may_begin_control(byte)) && !bytes::has_noncharacter(text) {
        return out.push_str(text);
    }
    // All other characters begin with other bytes.
    let may_change = |byte: u8| matches!(byte, b'<' | b'>' | b'&' | b'"' | 0xc2 | 0xef) || byte.is_ascii_control();
    let mut from = 0;
    for (at, _) in text.bytes().enumerate().filter(|&(_, byte)| may_change(byte)) {
        let Some((c, replacement)) =
            text.get(at..).and_then(|rest| rest.chars().next()).and_then(|c| Some((c, replacement(c)?)))
        else {
            continue;
        };
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(replacement);
        from = at + c.len_utf8();
    }
    out.push_str(text.get(from..).unwrap_or_default());
}

/// Whether there may be a character that [`is_control`]: looks at many bytes together, and takes some for what they are not.
pub(super) fn may_have_control(text: &str) -> bool {
    bytes::any(text, may_begin_control) || bytes::has_noncharacter(text)
}

/// Whether a byte is such a character of ASCII, or begins those of Latin-1.
fn may_begin_control(byte: u8) -> bool {
    matches!(byte, 0..=0x08 | 0x0b | 0x0c | 0x0e..=0x1f | 0x7f | 0xc2)
}

/// Characters that no XML document may hold, and a few that no text should.
pub(super) fn is_control(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => true,
        _ => false,
    }
}

/// Whether an address that could be fetched stands in for another picture.
fn is_placeholder(src: &str) -> bool {
    const NAMES: &[&str] =
        &["blank", "spacer", "pixel", "1x1", "transparent", "placeholder", "loading", "lazy", "grey", "gray"];
    let path = src.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    NAMES.iter().any(|placeholder| name.starts_with(placeholder))
}

/// `language-rust`, `lang-rust`: all that readers make of a class.
fn is_language(class: &&str) -> bool {
    let name = class.strip_prefix("language-").or_else(|| class.strip_prefix("lang-"));
    name.is_some_and(|name| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'#' | b'-' | b'_' | b'.'))
    })
}

/// The alignment of a table cell, which Markdown writes as a style.
fn alignment(style: &str) -> Option<&'static str> {
    let (_, value) = style.split_once("text-align")?;
    let value = value.trim_start_matches(|c: char| c == ':' || c.is_whitespace());
    ["left", "right", "center"].into_iter().find(|align| value.starts_with(align))
}
