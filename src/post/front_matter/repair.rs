//! YAML that is almost YAML → YAML.
//!
//! Crawlers and people write titles without quotes, or with quotes inside quotes. A line whose value cannot be read by
//! itself is rewritten in proper quotes, and the whole is parsed again. The number of lines never changes, so
//! positions stay true; when nothing helps, the first error is the one that is reported.

use super::{
    super::{Code, Diagnostic, PostError},
    Parsed,
    position::count,
    too_deep,
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
        Trouble::Depth { line } => too_deep(line),
        Trouble::Alias { line } => PostError::OverLimit {
            line,
            message: "YAML aliases (`*name`) are not read in a front matter: write the value out".to_owned(),
        },
        Trouble::Syntax { line, column, message } => {
            let help = cure(text.lines().nth((line - first.min(line)) as usize).unwrap_or_default());
            PostError::Syntax { line, column, message, help: help.to_owned() }
        }
    }
}

/// What to do about a line that cannot be read.
fn cure(line: &str) -> &'static str {
    let bare = line.trim();
    if bare.contains('\t') {
        "indent with blanks, never with tabs"
    } else if bare.ends_with(['"', '\'']) || bare.contains(['"', '\'']) {
        "check the quotes: each must be closed, and inside single quotes a quote is written twice (`''`)"
    } else if bare.split_once(':').is_some_and(|(_, value)| !value.is_empty() && !value.starts_with([' ', '/'])) {
        "put a blank after the colon"
    } else if !line.starts_with([' ', '-']) && !bare.contains(':') {
        "indent the line if it continues the value above; put `---` above it if the text of the post begins here"
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
            let (at, mended) = (failed.saturating_sub(REACH)..=failed)
                .rev()
                .find_map(|at| Some((at, requote(lines.get(at)?)?)))?;
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
    let (content, fault, help) = intention(value);
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
        !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.') || (c == ' ' && !item))
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
    yaml::parse(&format!("k: {value}"), 1).is_ok()
}

/// What the author meant by a value that is no YAML, what is wrong with it, and how to write it.
fn intention(value: &str) -> (String, String, &'static str) {
    for quote in ['"', '\''] {
        let Some(inner) = value.strip_prefix(quote) else { continue };
        return match inner.strip_suffix(quote) {
            Some(inner) => (
                unescape(inner, quote),
                "a quote or backslash stands unescaped inside quotes".to_owned(),
                "write the value in single quotes, with every single quote inside it doubled (`''`)",
            ),
            None if quote == '"' && !inner.contains(quote) => (
                inner.to_owned(),
                "a quote is opened and never closed".to_owned(),
                "close the quote at the end of the value",
            ),
            None => (
                value.to_owned(),
                "a value begins with a quote that belongs to its text".to_owned(),
                "put the whole value in quotes, of the other kind",
            ),
        };
    }
    let fault = match value.chars().next() {
        Some(mark) if "@`%*&|>!?[]{},#".contains(mark) => format!("a value without quotes begins with `{mark}`"),
        _ => "a value without quotes contains `: `".to_owned(),
    };
    (value.to_owned(), fault, "put the value in single quotes")
}

/// Undoes the escapes that were written by hand; what is no escape stays.
fn unescape(inner: &str, quote: char) -> String {
    if quote == '\'' { inner.replace("''", "'") } else { inner.replace("\\\"", "\"").replace("\\\\", "\\") }
}
