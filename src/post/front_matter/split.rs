//! Where the front matter ends and the body begins.

use serde::de::IgnoredAny;

use super::{super::PostError, MAX_BYTES, position::count};

/// A file, cut in two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split<'a> {
    /// How the front matter is written.
    pub syntax: Syntax,
    /// The front matter without its opening and closing lines.
    pub text: &'a str,
    /// The line of the file on which `text` starts, from 1.
    pub line: u32,
    /// Everything after the closing line.
    pub body: &'a str,
    /// The line of the file on which `body` starts, from 1.
    pub body_line: u32,
}

/// How a front matter is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// `---` or Hexo's old form.
    Yaml,
    /// `+++`
    Toml,
    /// `;;;` or `{}`
    Json,
}

/// Keys of which one is enough to know a front matter without an opening line from prose.
const TELLING: [&str; 10] =
    ["title", "date", "layout", "categories", "category", "tags", "author", "permalink", "slug", "draft"];

/// Cuts a file at its front matter; `None` if it has none.
///
/// # Errors
/// When it is opened and never closed, or is JSON that cannot be read to its end.
pub fn split(text: &str) -> Result<Option<Split<'_>>, PostError> {
    let Some(first) = lines(text).find(|line| !line.bare().is_empty()) else { return Ok(None) };
    if let Some(fence) = Fence::of(first.bare()) {
        return fenced(text, first, fence).map(Some);
    }
    if is_json(text.get(first.start..).unwrap_or_default()) {
        return braced(text, first).map(Some);
    }
    Ok(unopened(text, first))
}

/// A line of the file, with its end.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    /// From 1.
    number: u32,
    /// Byte offset of its first character.
    start: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn end(self) -> usize {
        self.start + self.text.len()
    }

    /// Without line end, trailing white space and a stray BOM.
    fn bare(self) -> &'a str {
        self.text.trim_end().trim_start_matches('\u{feff}')
    }
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.split_inclusive('\n').scan((0, 0), |(start, number), text| {
        *number += 1;
        let line = Line { number: *number, start: *start, text };
        *start += text.len();
        Some(line)
    })
}

/// A kind of opening line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fence {
    Dashes,
    Pluses,
    Semicolons,
}

impl Fence {
    fn of(line: &str) -> Option<Self> {
        let only = |mark: u8| line.len() >= 3 && line.bytes().all(|byte| byte == mark);
        match line.bytes().next()? {
            b'-' if only(b'-') => Some(Self::Dashes),
            b'+' if line == "+++" => Some(Self::Pluses),
            b';' if only(b';') => Some(Self::Semicolons),
            _ => None,
        }
    }

    fn is_closed_by(self, line: &str) -> bool {
        Self::of(line) == Some(self) || (self == Self::Dashes && line == "...")
    }

    fn syntax(self) -> Syntax {
        match self {
            Self::Dashes => Syntax::Yaml,
            Self::Pluses => Syntax::Toml,
            Self::Semicolons => Syntax::Json,
        }
    }

    fn closing(self) -> &'static str {
        match self {
            Self::Dashes => "---",
            Self::Pluses => "+++",
            Self::Semicolons => ";;;",
        }
    }
}

fn fenced<'a>(text: &'a str, opening: Line<'a>, fence: Fence) -> Result<Split<'a>, PostError> {
    let rest = text.get(opening.end()..).unwrap_or_default();
    lines(rest)
        .find(|line| fence.is_closed_by(line.bare()))
        .map(|closing| Split {
            syntax: fence.syntax(),
            text: rest.get(..closing.start).unwrap_or_default(),
            line: opening.number + 1,
            body: rest.get(closing.end()..).unwrap_or_default(),
            body_line: opening.number + closing.number + 1,
        })
        .ok_or(PostError::Unclosed { line: opening.number, closing: fence.closing() })
}

/// A `{` that starts an object, and no template tag (`{{ … }}`, `{% … %}`).
fn is_json(text: &str) -> bool {
    let object = text.trim_start_matches('\u{feff}').strip_prefix('{');
    object.is_some_and(|inside| matches!(inside.trim_start().chars().next(), Some('"' | '}')))
}

fn braced<'a>(text: &'a str, first: Line<'a>) -> Result<Split<'a>, PostError> {
    let start = first.start + (first.text.len() - first.text.trim_start_matches('\u{feff}').len());
    let rest = text.get(start..).unwrap_or_default();
    let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
    match stream.next() {
        Some(Ok(_)) => {}
        Some(Err(error)) if !error.is_eof() => return Err(super::json::syntax_error(&error, rest, first.number)),
        _ => return Err(PostError::Unclosed { line: first.number, closing: "}" }),
    }
    let (object, after) = rest.split_at_checked(stream.byte_offset()).unwrap_or((rest, ""));
    let body = match after.split_once('\n') {
        Some((end_of_line, below)) if end_of_line.trim().is_empty() => below,
        _ => after,
    };
    let consumed = rest.len() - body.len();
    let breaks = rest.get(..consumed).map_or(0, |head| head.matches('\n').count());
    Ok(Split { syntax: Syntax::Json, text: object, line: first.number, body, body_line: first.number + count(breaks) })
}

/// Hexo's old form: `key: value` lines, then `---`, and nothing before them.
fn unopened<'a>(text: &'a str, first: Line<'a>) -> Option<Split<'a>> {
    let (keys, end) = key_lines(text, first);
    let closing = end.filter(|line| Fence::of(line.bare()) == Some(Fence::Dashes))?;
    is_telling(&keys).then(|| Split {
        syntax: Syntax::Yaml,
        text: text.get(first.start..closing.start).unwrap_or_default(),
        line: first.number,
        body: text.get(closing.end()..).unwrap_or_default(),
        body_line: closing.number + 1,
    })
}

/// The keys on the lines from `first` on, and the first line that cannot belong to a block of keys.
fn key_lines<'a>(text: &'a str, first: Line<'a>) -> (Vec<&'a str>, Option<Line<'a>>) {
    let mut keys = Vec::new();
    for line in lines(text).skip_while(|line| line.number < first.number) {
        let bare = line.bare();
        if let Some(key) = key_of(bare) {
            keys.push(key);
        } else if keys.is_empty()
            || Fence::of(bare).is_some()
            || line.start - first.start > MAX_BYTES
            || !(bare.is_empty() || bare.starts_with([' ', '\t', '#', ']', '}']) || bare.starts_with("- "))
        {
            return (keys, Some(line));
        }
    }
    (keys, None)
}

fn key_of(line: &str) -> Option<&str> {
    let (key, value) = line.split_once(':')?;
    let word = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    (word && (value.is_empty() || value.starts_with([' ', '\t']))).then_some(key)
}

fn is_telling(keys: &[&str]) -> bool {
    keys.len() > 1 || keys.iter().any(|key| TELLING.iter().any(|telling| key.eq_ignore_ascii_case(telling)))
}

/// Why a file without front matter looks as if it was meant to have one: such a post must not vanish from its feeds
/// in silence.
#[must_use]
pub fn near_miss(text: &str) -> Option<PostError> {
    let first = lines(text).find(|line| !line.bare().is_empty())?;
    let below = lines(text).find(|line| line.number > first.number && !line.bare().is_empty());
    let keys_from = |line: Option<Line<'_>>| line.is_some_and(|line| is_telling(&key_lines(text, line).0));
    let bare = first.bare();
    let error = |message: &str, help: &str| {
        Some(PostError::Syntax { line: first.number, column: 1, message: message.to_owned(), help: help.to_owned() })
    };
    if keys_from(below) && bare.trim().bytes().all(|byte| byte == b'-') {
        return error(
            "the opening line of the front matter is not `---`",
            "begin the file with a line of three dashes",
        );
    }
    if keys_from(below) && bare.trim().chars().all(|c| matches!(c, '—' | '–' | '−' | '-')) {
        return error("the opening line of the front matter is made of long dashes", "write three plain dashes: `---`");
    }
    if keys_from(below) && bare.ends_with("---") {
        return error("`---` does not stand alone on its line", "remove what stands before it");
    }
    let keys = key_lines(text, first).0;
    if keys.iter().any(|key| TELLING.iter().any(|telling| key.eq_ignore_ascii_case(telling))) {
        return error(
            "the file begins with keys, but no line closes the front matter",
            "put a line with `---` before the first key and one after the last",
        );
    }
    None
}
