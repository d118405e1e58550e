//! HTML → tags and text, in one linear scan. Builds no tree: that is the parser's business, behind the guard.

/// A piece of HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text between tags, as written.
    Text(&'a str),
    /// A tag.
    Tag(Tag<'a>),
    /// What is between `<!--` and `-->`, or a declaration.
    Comment(&'a str),
    /// The content of an element that holds no markup (`script`, `style` …).
    Raw(&'a str),
}

/// A start or end tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// In lower case.
    pub(super) name: String,
    /// An end tag.
    pub(super) closing: bool,
    /// All of it.
    pub(super) raw: &'a str,
    /// Between the name and the end.
    inside: &'a str,
}

impl<'a> Tag<'a> {
    /// Attributes in order: name in lower case, value as written; without quotes.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (String, &'a str)> + use<'a> {
        let mut rest = self.inside;
        std::iter::from_fn(move || {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if rest.is_empty() {
                return None;
            }
            // A name has at least one character, even `=`.
            let first = rest.chars().next().map_or(0, char::len_utf8);
            let end = rest[first..]
                .find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '/'))
                .map_or(rest.len(), |end| end + first);
            let name = rest[..end].to_ascii_lowercase();
            rest = rest[end..].trim_start_matches(|c: char| c.is_ascii_whitespace());
            let Some(after) = rest.strip_prefix('=') else { return Some((name, "")) };
            let after = after.trim_start_matches(|c: char| c.is_ascii_whitespace());
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (value, left) = match quote {
                Some(quote) => {
                    let inner = &after[1..];
                    inner.split_once(quote).unwrap_or((inner, ""))
                }
                None => after.split_at(after.find(|c: char| c.is_ascii_whitespace()).unwrap_or(after.len())),
            };
            rest = left;
            Some((name, value))
        })
    }
}

/// Elements whose content is no markup.
const RAW: [&str; 7] = ["script", "style", "textarea", "title", "xmp", "iframe", "noembed"];

/// Takes HTML apart. The pieces joined are the input.
pub(super) fn pieces(html: &str) -> Pieces<'_> {
    Pieces { rest: html, raw: None }
}

pub(super) struct Pieces<'a> {
    rest: &'a str,
    /// The raw element that was just opened.
    raw: Option<String>,
}

impl<'a> Pieces<'a> {
    fn split(&mut self, at: usize) -> &'a str {
        let (piece, rest) = self.rest.split_at(at);
        self.rest = rest;
        piece
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if let Some(name) = self.raw.take() {
            let end = end_of_raw(self.rest, &name);
            if end > 0 {
                return Some(Piece::Raw(self.split(end)));
            }
        }
        if self.rest.is_empty() {
            return None;
        }
        if self.rest.starts_with('<') {
            if let Some(end) = comment(self.rest) {
                return Some(Piece::Comment(self.split(end)));
            }
            if opens_tag(self.rest) {
                // A tag that never ends takes the rest along, as it does in a browser; so no byte is looked at twice.
                let Some((tag, end)) = tag(self.rest) else { return Some(Piece::Text(self.split(self.rest.len()))) };
                if !tag.closing && RAW.contains(&tag.name.as_str()) {
                    self.raw = Some(tag.name.clone());
                }
                self.split(end);
                return Some(Piece::Tag(tag));
            }
        }
        // A `<` that opens nothing is text.
        let end = self.rest.char_indices().skip(1).find(|(_, c)| *c == '<').map_or(self.rest.len(), |(at, _)| at);
        Some(Piece::Text(self.split(end)))
    }
}

/// The length of the comment or declaration that starts here; one that never ends is the rest.
fn comment(text: &str) -> Option<usize> {
    if let Some(inside) = text.strip_prefix("<!--") {
        return Some(inside.find("-->").map_or(text.len(), |end| end + 7));
    }
    (text.starts_with("<!") || text.starts_with("<?")).then(|| text.find('>').map_or(text.len(), |end| end + 1))
}

/// A letter behind `<` or `</`.
fn opens_tag(text: &str) -> bool {
    let inside = text[1..].strip_prefix('/').unwrap_or(&text[1..]);
    inside.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// A tag ends at the first `>` outside quotes.
fn tag(text: &str) -> Option<(Tag<'_>, usize)> {
    let closing = text.starts_with("</");
    let start = if closing { 2 } else { 1 };
    let name_end = text[start..].find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/')).map(|end| end + start)?;
    let mut quote = None;
    let mut after_equals = false;
    let end = text[name_end..].bytes().position(|byte| {
        match quote {
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            // A quote opens a value only behind `=`.
            None if after_equals && matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None if byte == b'>' => return true,
            None => {}
        }
        after_equals = quote.is_none() && (byte == b'=' || (after_equals && byte.is_ascii_whitespace()));
        false
    })? + name_end;
    let tag = Tag {
        name: text[start..name_end].to_ascii_lowercase(),
        closing,
        raw: &text[..=end],
        inside: &text[name_end..end],
    };
    Some((tag, end + 1))
}

fn end_of_raw(text: &str, name: &str) -> usize {
    let bytes = text.as_bytes();
    (0..bytes.len())
        .find(|&at| {
            bytes[at] == b'<'
                && bytes.get(at + 1) == Some(&b'/')
                && bytes.get(at + 2..at + 2 + name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes()))
        })
        .unwrap_or(bytes.len())
}
