//! Where the front matter ends and the body begins.

use super::PostError;

/// How a front matter is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Between `---` and `---` or `...`; or Hexo's old form, which has no opening line.
    Yaml,
    /// Between `+++` lines.
    Toml,
    /// Between `;;;` lines, or an object at the start.
    Json,
}

/// A file in two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split<'a> {
    /// How the front matter is written.
    pub kind: Kind,
    /// The front matter, without its delimiters.
    pub matter: &'a str,
    /// The file's line on which `matter` starts, from 1.
    pub line: u32,
    /// Everything after it.
    pub body: &'a str,
    /// The file's line on which `body` starts, from 1.
    pub body_line: u32,
}

/// Splits a file; `None` if it has no front matter.
///
/// # Errors
/// When a front matter is opened and never closed.
pub fn split(text: &str) -> Result<Option<Split<'_>>, PostError> {
    let mut lines = Lines { text, at: 0, number: 0 };
    let first = loop {
        match lines.next() {
            Some(line) if line.text.trim().is_empty() => {}
            Some(line) => break line,
            None => return Ok(None),
        }
    };
    let (kind, closing): (_, &[&'static str]) = match first.text.trim_end() {
        "---" => (Kind::Yaml, &["---", "..."]),
        "+++" => (Kind::Toml, &["+++"]),
        ";;;" => (Kind::Json, &[";;;"]),
        other if other.starts_with('{') => return Ok(object(text, &first)),
        other if is_key(other) => return Ok(old_form(text, &first, lines)),
        _ => return Ok(None),
    };
    let start = lines.at;
    let end = lines.find(|line| closing.contains(&line.text.trim_end()));
    let Some(end) = end else {
        return Err(PostError::Unclosed { line: first.number, closing: closing[0] });
    };
    Ok(Some(Split {
        kind,
        matter: &text[start..end.start],
        line: first.number + 1,
        body: &text[end.end..],
        body_line: end.number + 1,
    }))
}

/// Hexo's old form: keys, then a line `---`.
fn old_form<'a>(text: &'a str, first: &Line<'a>, mut lines: Lines<'a>) -> Option<Split<'a>> {
    let end = lines.find(|line| line.text.trim_end() == "---")?;
    let matter = &text[first.start..end.start];
    // Prose may start with a word and a colon: every line that is not indented must be a key, a list item or a comment.
    let is_matter = matter.lines().all(|line| {
        line.trim().is_empty() || line.starts_with([' ', '\t', '#', '-', '}', ']']) || is_key(line)
    });
    is_matter.then(|| Split {
        kind: Kind::Yaml,
        matter,
        line: first.number,
        body: &text[end.end..],
        body_line: end.number + 1,
    })
}

/// A JSON object at the start of the file.
fn object<'a>(text: &'a str, first: &Line<'a>) -> Option<Split<'a>> {
    let rest = &text[first.start..];
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let end = rest.bytes().position(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && byte == b'}'
    })? + 1;
    // `{{ … }}` and `{% … %}` open a template, not an object.
    let inside = rest[1..].trim_start();
    if !inside.starts_with(['"', '}']) {
        return None;
    }
    let matter = &rest[..end];
    let lines = u32::try_from(matter.matches('\n').count()).unwrap_or(u32::MAX);
    Some(Split { kind: Kind::Json, matter, line: first.number, body: &rest[end..], body_line: first.number + lines })
}

/// `word:` at the start of a line.
pub(super) fn is_key(line: &str) -> bool {
    let name = line.trim_end().split(':').next().unwrap_or_default();
    line.contains(':')
        && name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
        && line[name.len() + 1..].chars().next().is_none_or(char::is_whitespace)
}

/// Whether a file without front matter looks as if its delimiters were forgotten.
pub(in crate::post) fn looks_forgotten(text: &str) -> bool {
    text.lines().find(|line| !line.trim().is_empty()).is_some_and(is_key)
}

/// A line without its end.
struct Line<'a> {
    text: &'a str,
    start: usize,
    end: usize,
    number: u32,
}

struct Lines<'a> {
    text: &'a str,
    at: usize,
    number: u32,
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        // A lone carriage return ends a line too, as on old Macs.
        let end = rest.find(['\n', '\r']).map_or(rest.len(), |end| {
            if rest[end..].starts_with("\r\n") { end + 2 } else { end + 1 }
        });
        let start = self.at;
        self.at += end;
        self.number += 1;
        Some(Line { text: rest[..end].trim_end_matches(['\n', '\r']), start, end: self.at, number: self.number })
    }
}
