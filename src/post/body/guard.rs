//! Keeps bodies from parsers that they would bring to their knees.
//!
//! HTML's rules are quadratic in places: every block opens again each formatting element that was never closed, every
//! tag looks through all open elements, and what is misplaced in a table is moved in front of it. The guard follows a
//! parser's stack closely enough to add up that work before it is done. It never underestimates by much; where it is in
//! doubt it counts too much, and honest posts stay far below every limit.

use super::{
    Markup,
    policy::{Element, Kind},
};

/// Bytes of a body that are read as markup.
pub(super) const SIZE: usize = 1024 * 1024;
/// Bytes of HTML that may be made of a body.
pub(super) const OUTPUT: usize = SIZE + SIZE / 2;
/// Tags of a body: a parser takes microseconds for each, and the longest of listings, a word in each `<span>`, has fewer.
const TAGS: usize = 50_000;
/// Characters of a body that may begin or end something, at each of which a parser stops: prose has one in a hundred.
const SIGNS: usize = 125_000;
const ATTRIBUTES: usize = 256;
const DEPTH: usize = 512;
/// Σ depth over all tags.
const STEPS: usize = 10_000_000;
/// Σ unclosed formatting elements over the starts of blocks.
const REOPENED: usize = 30_000;
/// The same in bytes of start tags.
const REOPENED_BYTES: usize = 4 * SIZE;
/// Σ tags so far over the elements that a parser moves.
const MOVED: usize = 50_000_000;
/// Bytes of text in a table outside its cells: a parser makes one piece of them, and writes that in quadratic time.
const STRAY: usize = 64 * 1024;
/// Blockquotes and lists within each other in Markdown.
const MARKERS: usize = 100;
/// Columns before a list marker in Markdown.
const INDENT: usize = 400;

/// Why a body is not read as markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Excess {
    #[error("the body is larger than 1 MiB")]
    Size,
    #[error("the body has more than {SIGNS} characters that may be markup, such as `<` and `&`")]
    Signs,
    #[error("the body has more than {TAGS} tags")]
    Tags,
    #[error("a tag has more than {ATTRIBUTES} attributes")]
    Attributes,
    #[error("elements are nested more than {DEPTH} deep")]
    Depth,
    #[error("too many elements are nested too deep")]
    Steps,
    #[error("too many formatting elements such as `<b>` or `<a>` are never closed")]
    Unclosed,
    #[error("too many elements are closed in the wrong order, or stand in a table outside its cells")]
    Misplaced,
    #[error("lists or quotations are nested more than {MARKERS} deep")]
    Markers,
}

/// What a parser would have on its hands so far.
#[derive(Default)]
pub(super) struct Guard {
    /// Open elements, apart from formatting ones.
    open: Vec<Open>,
    /// Formatting elements that were never closed; a parser opens them again in every block.
    formatting: Vec<Formatting>,
    formatting_bytes: usize,
    tags: usize,
    steps: usize,
    reopened: usize,
    reopened_bytes: usize,
    moved: usize,
    stray: usize,
}

struct Open {
    element: &'static Element,
    /// Formatting elements before this index belong to the world outside the table cell.
    marker: usize,
}

struct Formatting {
    name: &'static str,
    bytes: usize,
    has_attributes: bool,
    /// How many elements were open around it.
    depth: usize,
}

impl Guard {
    /// Takes note of a start tag: its attributes as written, its bytes as they will be read.
    pub(super) fn start(&mut self, element: &'static Element, attributes: usize, bytes: usize) -> Result<(), Excess> {
        if attributes > ATTRIBUTES {
            return Err(Excess::Attributes);
        }
        self.step()?;
        self.close_elder(element);
        if self.open.last().is_some_and(|open| matches!(open.element.kind, Kind::Table | Kind::Row))
            && !matches!(element.kind, Kind::Row | Kind::Cell)
            && element.name != "col"
        {
            self.moved += self.tags;
        }
        match element.kind {
            Kind::Void => {}
            Kind::Formatting => self.open_formatting(element, bytes),
            kind => {
                let marker = if kind == Kind::Cell { self.formatting.len() } else { self.marker() };
                self.open.push(Open { element, marker });
                if kind.is_block() {
                    self.reopened += self.formatting.len();
                    self.reopened_bytes += self.formatting_bytes;
                }
            }
        }
        self.verdict()
    }

    /// Takes note of an end tag.
    pub(super) fn end(&mut self, element: &'static Element) -> Result<(), Excess> {
        self.step()?;
        match element.kind {
            Kind::Void => {}
            Kind::Formatting => self.close_formatting(element.name),
            kind => self.close(|open| match kind {
                _ if open == element => Seek::Found,
                Kind::Heading if open.kind == Kind::Heading => Seek::Found,
                Kind::Table | Kind::Row | Kind::Cell if open.kind == Kind::Table => Seek::Beyond,
                Kind::Table | Kind::Row | Kind::Cell => Seek::On,
                _ if matches!(open.kind, Kind::Table | Kind::Cell) => Seek::Beyond,
                Kind::Inline if open.kind != Kind::Inline => Seek::Beyond,
                Kind::Item if matches!(open.name, "ul" | "ol") => Seek::Beyond,
                _ => Seek::On,
            }),
        }
        self.verdict()
    }

    /// Takes note of text.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Excess> {
        if self.open.last().is_some_and(|open| matches!(open.element.kind, Kind::Table | Kind::Row))
            && !text.bytes().all(|byte| byte.is_ascii_whitespace())
        {
            self.stray += text.len();
            self.moved += self.tags;
        }
        self.verdict()
    }

    /// Closes what a start tag closes without being asked: end tags of paragraphs, items, rows and cells are optional.
    fn close_elder(&mut self, element: &'static Element) {
        let is = |open: &Element, names: &[&str]| names.contains(&open.name);
        match element.kind {
            Kind::Cell => self.close(|open| match open.kind {
                Kind::Cell => Seek::Found,
                Kind::Table => Seek::Beyond,
                _ => Seek::On,
            }),
            Kind::Row => {
                let rows: &[&str] = match element.name {
                    "tr" => &["tr"],
                    _ => &["thead", "tbody", "tfoot", "colgroup"],
                };
                self.close(|open| match open.kind {
                    _ if is(open, rows) => Seek::Found,
                    Kind::Table => Seek::Beyond,
                    _ => Seek::On,
                });
                self.close(|open| match open.kind {
                    Kind::Cell => Seek::Found,
                    Kind::Table => Seek::Beyond,
                    _ => Seek::On,
                });
            }
            Kind::Item => {
                let siblings: &[&str] = if element.name == "li" { &["li"] } else { &["dd", "dt"] };
                self.close(|open| match open.kind {
                    _ if is(open, siblings) => Seek::Found,
                    Kind::Inline => Seek::On,
                    _ if is(open, &["p", "div", "address"]) => Seek::On,
                    _ => Seek::Beyond,
                });
            }
            _ => {}
        }
        if element.kind.is_block() || element.name == "hr" {
            self.close(|open| match open.kind {
                _ if open.name == "p" => Seek::Found,
                Kind::Table | Kind::Cell => Seek::Beyond,
                _ => Seek::On,
            });
        }
        if element.kind == Kind::Heading && self.open.last().is_some_and(|open| open.element.kind == Kind::Heading) {
            self.open.pop();
        }
    }

    /// Closes the innermost open element that is found, with all in it.
    fn close(&mut self, seek: impl Fn(&'static Element) -> Seek) {
        for (index, open) in self.open.iter().enumerate().rev() {
            match seek(open.element) {
                Seek::On => {}
                Seek::Beyond => return,
                Seek::Found => {
                    let marker = self.open.iter().skip(index).find(|open| open.element.kind == Kind::Cell);
                    if let Some(marker) = marker.map(|open| open.marker) {
                        self.forget_formatting(marker);
                    }
                    self.open.truncate(index);
                    return;
                }
            }
        }
    }

    fn open_formatting(&mut self, element: &'static Element, bytes: usize) {
        // A link ends where the next one starts.
        if element.name == "a" {
            self.close_formatting("a");
        }
        let has_attributes = bytes > element.name.len() + 2;
        let name = element.name;
        let twins = self.formatting.iter().skip(self.marker()).filter(|open| open.name == name && !open.has_attributes);
        // The "Noah's Ark clause": of those that are alike a parser remembers three.
        if has_attributes || twins.count() < 3 {
            self.formatting.push(Formatting { name, bytes, has_attributes, depth: self.open.len() });
            self.formatting_bytes += bytes;
        }
    }

    fn close_formatting(&mut self, name: &str) {
        let marker = self.marker();
        let found = self.formatting.iter().rposition(|open| open.name == name).filter(|&index| index >= marker);
        if let Some(index) = found {
            let closed = self.formatting.remove(index);
            self.formatting_bytes -= closed.bytes;
            if self.open.len() > closed.depth {
                self.moved += self.tags;
            }
        }
    }

    fn forget_formatting(&mut self, marker: usize) {
        self.formatting.truncate(marker);
        self.formatting_bytes = self.formatting.iter().map(|open| open.bytes).sum();
    }

    fn marker(&self) -> usize {
        self.open.last().map_or(0, |open| open.marker)
    }

    fn step(&mut self) -> Result<(), Excess> {
        self.tags += 1;
        let depth = self.open.len() + self.formatting.len();
        self.steps += depth;
        if depth >= DEPTH {
            Err(Excess::Depth)
        } else if self.tags > TAGS {
            Err(Excess::Tags)
        } else {
            Ok(())
        }
    }

    fn verdict(&self) -> Result<(), Excess> {
        if self.steps > STEPS {
            Err(Excess::Steps)
        } else if self.reopened > REOPENED || self.reopened_bytes > REOPENED_BYTES {
            Err(Excess::Unclosed)
        } else if self.moved > MOVED || self.stray > STRAY {
            Err(Excess::Misplaced)
        } else {
            Ok(())
        }
    }
}

/// What a look at an open element says.
enum Seek {
    /// This is it.
    Found,
    /// Look further out.
    On,
    /// There is none that counts.
    Beyond,
}

/// Whether a body is small enough to be read as markup, and mostly text.
pub(super) fn fits(markup: Markup, text: &str) -> Result<(), Excess> {
    let is_sign = |byte: &u8| match byte {
        b'<' | b'>' | b'&' => true,
        b'[' | b']' | b'*' | b'_' | b'~' | b'`' | b'|' | b'\\' | b'"' | b'#' | b'\n' => markup == Markup::Markdown,
        _ => false,
    };
    if text.len() > SIZE {
        Err(Excess::Size)
    } else if text.len() > SIGNS && text.bytes().filter(is_sign).count() > SIGNS {
        Err(Excess::Signs)
    } else {
        Ok(())
    }
}

/// Whether Markdown nests its lists and quotations as deep as people do: a blank line is held against every open one.
///
/// Fails with the line, from 0.
pub(super) fn markdown(text: &str) -> Result<(), (Excess, usize)> {
    for (number, line) in text.lines().enumerate() {
        let (mut column, mut markers) = (0, 0);
        let mut bytes = line.bytes().peekable();
        while let Some(byte) = bytes.next() {
            column += if byte == b'\t' { 4 } else { 1 };
            let blank_follows = matches!(bytes.peek(), None | Some(b' ' | b'\t'));
            match byte {
                b' ' | b'\t' | b'0'..=b'9' => continue,
                b'>' => {}
                b'-' | b'*' | b'+' | b'.' | b')' if blank_follows => {}
                _ => break,
            }
            markers += 1;
            if markers > MARKERS || column > INDENT {
                return Err((Excess::Markers, number));
            }
        }
    }
    Ok(())
}
