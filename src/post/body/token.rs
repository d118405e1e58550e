//! HTML text → tags, text and comments, in one linear scan.
//!
//! Reads as a browser's tokenizer does wherever the difference shows; it builds no tree, decodes no entity and allocates
//! one list of attributes for the whole text. What never closes is text: a browser would swallow the rest of the post.

/// A piece of HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text with its entities, and any `<` that opens nothing.
    Text(&'a str),
    /// A start tag, named as it is written; the attributes are in [`Tokens::attribute`].
    Start(&'a str),
    /// An end tag, named as it is written.
    End(&'a str),
    /// What stands in a comment.
    Comment(&'a str),
}

/// The tokens of a text.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    attributes: Vec<(&'a str, &'a str)>,
    /// How many more searches may run to the end in vain; keeps the scan linear.
    patience: u8,
}

/// The attributes that are remembered of one tag; one more than any post needs, so that the guard sees the excess.
const ATTRIBUTES_KEPT: usize = 257;

impl<'a> Tokens<'a> {
    /// The tokens of `text`.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, attributes: Vec::new(), patience: 16 }
    }

    /// The byte at which the next token starts.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// How many attributes the last start tag has, counted up to one more than is allowed.
    pub(super) fn attribute_count(&self) -> usize {
        self.attributes.len()
    }

    /// The value of an attribute of the last start tag, with its entities; the first wins, as in a browser.
    pub(super) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|&(_, value)| value)
    }

    /// Skips to behind the end tag `name`, and returns what stands before it; `None`, without a move, when there is none.
    pub(super) fn content_until(&mut self, name: &str) -> Option<&'a str> {
        if self.patience == 0 {
            return None;
        }
        let rest = self.text.get(self.at..)?;
        let end = rest.match_indices("</").map(|(at, _)| at).find(|&at| {
            let tag = rest.as_bytes().get(at + 2..).unwrap_or_default();
            tag.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
                && tag.get(name.len()).is_none_or(|next| next.is_ascii_whitespace() || matches!(next, b'/' | b'>'))
        });
        let Some(end) = end else {
            self.patience -= 1;
            return None;
        };
        let close = rest.get(end..)?.find('>').map_or(rest.len(), |close| end + close + 1);
        self.at += close;
        rest.get(..end)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    fn find(&mut self, from: usize, needle: &str) -> Option<usize> {
        if self.patience == 0 {
            return None;
        }
        let found = self.text.get(from..)?.find(needle).map(|at| from + at);
        if found.is_none() {
            self.patience -= 1;
        }
        found
    }

    /// The markup that starts at `self.at` with `<`, and the byte behind it.
    fn markup(&mut self) -> Option<(Token<'a>, usize)> {
        let start = self.at;
        match self.byte(start + 1)? {
            b'a'..=b'z' | b'A'..=b'Z' => {
                let (name, end) = self.tag(start + 1)?;
                Some((Token::Start(name), end))
            }
            b'/' if self.byte(start + 2)?.is_ascii_alphabetic() => {
                let (name, end) = self.tag(start + 2)?;
                Some((Token::End(name), end))
            }
            b'!' if self.text.as_bytes().get(start..start + 4) == Some(b"<!--") => {
                let inside = start + 4;
                // `<!-->` and `<!--->` are whole comments.
                for short in [inside, inside + 1] {
                    if self.byte(short) == Some(b'>') && (short == inside || self.byte(inside) == Some(b'-')) {
                        return Some((Token::Comment(""), short + 1));
                    }
                }
                let end = self.find(inside, "-->")?;
                Some((Token::Comment(self.slice(inside, end)), end + 3))
            }
            b'!' | b'?' | b'/' => {
                let end = self.find(start, ">")?;
                Some((Token::Comment(""), end + 1))
            }
            _ => None,
        }
    }

    /// The tag whose name starts at `at`, and the byte behind it; reads its attributes.
    fn tag(&mut self, at: usize) -> Option<(&'a str, usize)> {
        if self.patience == 0 {
            return None;
        }
        let tag = self.tag_until_close(at);
        if tag.is_none() {
            self.patience -= 1;
        }
        tag
    }

    fn tag_until_close(&mut self, at: usize) -> Option<(&'a str, usize)> {
        self.attributes.clear();
        let mut end = self.past(at, |byte| !is_space(byte) && byte != b'/' && byte != b'>');
        let name = self.slice(at, end);
        loop {
            end = self.past(end, |byte| is_space(byte) || byte == b'/');
            if self.byte(end)? == b'>' {
                return Some((name, end + 1));
            }
            let from = end;
            // A leading `=` belongs to the name.
            end = self.past(end + 1, |byte| !is_space(byte) && !matches!(byte, b'/' | b'>' | b'='));
            let attribute = self.slice(from, end);
            let equals = self.past(end, is_space);
            let mut value = "";
            if self.byte(equals) == Some(b'=') {
                (value, end) = self.value(self.past(equals + 1, is_space))?;
            }
            if self.attributes.len() < ATTRIBUTES_KEPT {
                self.attributes.push((attribute, value));
            }
        }
    }

    fn value(&self, from: usize) -> Option<(&'a str, usize)> {
        match self.byte(from)? {
            quote @ (b'"' | b'\'') => {
                let end = self.past(from + 1, |byte| byte != quote);
                self.byte(end)?;
                Some((self.slice(from + 1, end), end + 1))
            }
            _ => {
                let end = self.past(from, |byte| !is_space(byte) && byte != b'>');
                Some((self.slice(from, end), end))
            }
        }
    }

    fn past(&self, from: usize, passes: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        rest.iter().position(|&byte| !passes(byte)).map_or(self.text.len(), |length| from + length)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let start = self.at;
        if self.byte(start)? == b'<'
            && let Some((token, end)) = self.markup()
        {
            self.at = end;
            return Some(token);
        }
        // A `<` that opens nothing is passed as text, up to the next one.
        let rest = self.text.get(start + 1..).map(|rest| rest.find('<'));
        self.at = match rest {
            Some(found) => found.map_or(self.text.len(), |length| start + 1 + length),
            // The first character is wider than a byte.
            None => self.past(start, |byte| byte != b'<'),
        };
        Some(Token::Text(self.slice(start, self.at)))
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}
