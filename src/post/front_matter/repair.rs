//! YAML that is almost YAML → YAML.
//!
//! Crawlers and people write titles without quotes, or with quotes inside quotes. A line whose value cannot be read by
//! itself is rewritten in proper quotes, and the whole is parsed again. The number of lines never changes, so
//! positions stay true; when nothing helps, the first error is the one that is reported.

use super::{
    super::{Code, Diagnostic, PostError},
    Parsed,
    position::count,
    yaml::{self, Trouble},
};

/// The most lines that are mended in one front matter.
const MAX_REPAIRS: usize = 32;

/// How far above the place where the parser gave up the culprit may be: an open quote swallows lines.
const REACH: usize = 40;

/// Parses a front matter whose first line is line `first` of the file, and mends it if it must.
pub(super) fn parse(text: &str, first: u32) -> Result<Parsed, PostError> {
    match yaml::parse(text, first) {
        Ok(parsed) => Ok(parsed),
        Err(trouble @ Trouble::Syntax { line, .. }) => {
            mend(text, first, line).ok_or_else(|| error(trouble, text, first))
        }
        Err(trouble) => Err(error(trouble, text, first)),
    }
}

fn error(trouble: Trouble, text: &str, first: u32) -> PostError {
    match trouble {
        Trouble::Limit { line, message } => PostError::OverLimit { line, message },
        Trouble::Syntax { line, column, message } => syntax_error(text, first, line, column, message),
    }
}

fn syntax_error(text: &str, first: u32, line: u32, column: u32, message: String) -> PostError {
    let at = line.saturating_sub(first) as usize;
    // A key without its blank is taken for the beginning of a longer text, and the line below is blamed.
    let glued = [at, at.saturating_sub(1)].into_iter().find(|at| text.lines().nth(*at).is_some_and(is_glued));
    if let Some(at) = glued {
        return PostError::Syntax {
            line: first.saturating_add(count(at)),
            column: 1,
            message: "a key and its value stick together".to_owned(),
            help: "put a blank after the colon".to_owned(),
        };
    }
    let help = cure(text.lines().nth(at).unwrap_or_default()).to_owned();
    PostError::Syntax { line, column, message, help }
}

/// `key:value`, and no address.
fn is_glued(line: &str) -> bool {
    line.split_once(':').is_some_and(|(key, value)| {
        key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
            && !value.is_empty()
            && !value.starts_with([' ', '\t', '/'])
    })
}

/// What to do about a line that cannot be read.
fn cure(line: &str) -> &'static str {
    let bare = line.trim();
    if bare.ends_with('[') || bare.contains(": [") && !bare.contains(']') {
        "close the bracket, or put the value in single quotes"
    } else if line.trim_start_matches(' ').starts_with('\t') {
        "indent with blanks, never with tabs"
    } else if !line.starts_with([' ', '-']) && !bare.contains(':') {
        "indent the line if it continues the value above; put `---` above it if the text of the post begins here"
    } else if bare.contains(['"', '\'']) {
        "check the quotes: each must be closed, and inside single quotes a quote is written twice (`''`)"
    } else {
        "put the value in single quotes, and check that the lines of one list begin in the same column"
    }
}

/// Rewrites lines until the text parses; `line` is where it first failed.
fn mend(text: &str, first: u32, mut line: u32) -> Option<Parsed> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut notes = replace_tabs(&mut lines, first);
    let tabs = !notes.is_empty();
    for round in 0..MAX_REPAIRS {
        if round > 0 || !tabs {
            let failed = (line.saturating_sub(first) as usize).min(lines.len().checked_sub(1)?);
            let (at, mended) =
                (failed.saturating_sub(REACH)..=failed).rev().find_map(|at| Some((at, requote(lines.get(at)?)?)))?;
            notes.push(mended.note.at(first.saturating_add(count(at)), mended.column));
            *lines.get_mut(at)? = mended.line;
        }
        match yaml::parse(&lines.join("\n"), first) {
            Ok(mut parsed) => {
                parsed.diagnostics.append(&mut notes);
                return Some(parsed);
            }
            Err(Trouble::Syntax { line: next, .. }) => line = next,
            Err(_) => return None,
        }
    }
    None
}

/// Tabs that indent become one blank each, so columns stay true.
fn replace_tabs(lines: &mut [String], first: u32) -> Vec<Diagnostic> {
    let mut notes = Vec::new();
    for (at, line) in lines.iter_mut().enumerate() {
        let content = line.trim_start_matches([' ', '\t', '-']);
        let (indent, content) = line.split_at(line.len() - content.len());
        if let Some(column) = indent.chars().position(|c| c == '\t') {
            notes.push(
                Diagnostic::warning(Code::Repaired, "a tab indents this line")
                    .at(first.saturating_add(count(at)), count(column).saturating_add(1))
                    .help("indent with blanks"),
            );
            *line = format!("{}{content}", indent.replace('\t', " "));
        }
    }
    notes
}

struct Mended {
    line: String,
    column: u32,
    note: Diagnostic,
}

/// The line with its value in proper quotes; `None` if the value can be read by itself or the line has none.
fn requote(line: &str) -> Option<Mended> {
    let start = value_start(line)?;
    let (head, value) = line.split_at_checked(start)?;
    let value = value.trim_end();
    if value.is_empty() || reads_alone(value) {
        return None;
    }
    let (content, fault, help) = intention(value)?;
    Some(Mended {
        line: format!("{head}'{}'", content.replace('\'', "''")),
        column: count(head.chars().count()).saturating_add(1),
        note: Diagnostic::warning(Code::Repaired, fault).help(help),
    })
}

/// Where the value of a `key: value` line or a `- item` line begins, in bytes.
fn value_start(line: &str) -> Option<usize> {
    let mut start = line.len() - line.trim_start().len();
    let mut item = false;
    while let Some(rest) = line.get(start..)?.strip_prefix("- ") {
        item = true;
        start = line.len() - rest.trim_start().len();
    }
    let rest = line.get(start..)?;
    let key = rest.split_once(':').map(|(key, _)| key).filter(|key| {
        !key.is_empty()
            && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.') || (c == ' ' && !item))
    });
    match key {
        Some(key) => {
            let value = rest.get(key.len() + 1..)?;
            let blanks = value.len() - value.trim_start().len();
            (blanks > 0).then_some(start + key.len() + 1 + blanks).or(item.then_some(start))
        }
        None => item.then_some(start),
    }
}

fn reads_alone(value: &str) -> bool {
    !matches!(yaml::parse(&format!("k: {value}"), 1), Err(Trouble::Syntax { .. }))
}

/// What the author meant by a value that is no YAML, what is wrong with it, and how to write it. `None` where something
/// is opened and never closed: nobody can tell where it was to end.
fn intention(value: &str) -> Option<(String, String, &'static str)> {
    let mark = value.chars().next()?;
    let opened = value.get(mark.len_utf8()..)?;
    match mark {
        '"' | '\'' => {
            let (content, fault) = match opened.strip_suffix(mark) {
                Some(inner) => (unescape(inner, mark), "a quote or backslash stands unescaped inside quotes"),
                None if opened.contains(mark) => (value.to_owned(), "a value goes on behind its closing quote"),
                None => return None,
            };
            let help = "write the value in single quotes, with every single quote inside it doubled (`''`)";
            return Some((content, fault.to_owned(), help));
        }
        '[' if opened.find(']').is_none_or(|end| end + 1 == opened.len()) => return None,
        '{' if opened.find('}').is_none_or(|end| end + 1 == opened.len()) => return None,
        _ => {}
    }
    let fault = if "@`%*&|>!?[]{},#".contains(mark) {
        format!("a value without quotes begins with `{mark}`")
    } else {
        "a value without quotes contains `: `".to_owned()
    };
    Some((value.to_owned(), fault, "put the value in single quotes"))
}

/// Undoes the escapes that were written by hand; what is no escape stays.
fn unescape(inner: &str, quote: char) -> String {
    if quote == '\'' { inner.replace("''", "'") } else { inner.replace("\\\"", "\"").replace("\\\\", "\\") }
}
