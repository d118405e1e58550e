//! Mend what crawlers and hurried authors write: values that YAML takes for something else.
//!
//! Works line by line on the text, keeps the number of lines, and touches only values on the line of their key or list
//! item. Every change is a remark.

use super::{Code, Diagnostic};

/// A text mended, and what was done.
pub(super) struct Repaired {
    pub(super) text: String,
    pub(super) remarks: Vec<Diagnostic>,
}

pub(super) fn repair(matter: &str, first: u32) -> Repaired {
    let mut text = String::with_capacity(matter.len() + 16);
    let mut remarks = Vec::new();
    // Lines indented more than this belong to a block scalar.
    let mut block: Option<usize> = None;
    for (number, line) in (first..).zip(matter.split_inclusive('\n')) {
        let content = line.trim_end_matches(['\n', '\r']);
        let ending = &line[content.len()..];
        let indent = content.len() - content.trim_start().len();
        if block.is_some_and(|block| indent > block || content.trim().is_empty()) {
            text.push_str(line);
            continue;
        }
        block = None;
        let mut content = content.to_owned();
        if content[..indent].contains('\t') {
            content = content[..indent].replace('\t', "    ") + content.trim_start();
            remarks.push(
                Diagnostic::warning(Code::Repaired, "a tab indents this line")
                    .at(number, 1)
                    .help("indent with spaces: YAML allows no tabs"),
            );
        }
        let (start, value) = value_of(&content);
        if is_block_header(value) {
            block = Some(content.len() - content.trim_start().len());
        } else if let Some((found, mended)) = mend(value) {
            let column = u32::try_from(content[..start].chars().count()).unwrap_or(0) + 1;
            remarks.push(
                Diagnostic::warning(Code::Repaired, found).at(number, column).help(format!("write it as {mended}")),
            );
            content.replace_range(start.., &mended);
        } else if content[..start].ends_with('\t') {
            content.replace_range(start - 1..start, " ");
            remarks.push(
                Diagnostic::warning(Code::Repaired, "a tab stands before this value")
                    .at(number, u32::try_from(start).unwrap_or(1))
                    .help("use a space: YAML allows no tabs here"),
            );
        }
        text.push_str(&content);
        text.push_str(ending);
    }
    Repaired { text, remarks }
}

/// The value on a line: after `key:`, after `- `, or after both; with its byte offset.
fn value_of(line: &str) -> (usize, &str) {
    let mut start = line.len() - line.trim_start().len();
    while let Some(rest) = line[start..].strip_prefix("- ") {
        start = line.len() - rest.trim_start().len();
    }
    let key = line[start..].find(':').filter(|&colon| {
        let name = &line[start..start + colon];
        !name.is_empty()
            && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
            && line[start + colon + 1..].chars().next().is_none_or(char::is_whitespace)
    });
    if let Some(colon) = key {
        let rest = &line[start + colon + 1..];
        start = line.len() - rest.trim_start().len();
    }
    (start, line[start..].trim_end())
}

/// `|`, `>-`, `|2+` …: the text follows on the next lines.
fn is_block_header(value: &str) -> bool {
    let head = value.split(" #").next().unwrap_or_default().trim_end();
    let mut chars = head.chars();
    matches!(chars.next(), Some('|' | '>')) && chars.all(|c| c.is_ascii_digit() || matches!(c, '+' | '-'))
}

/// What is wrong with a value, and the value as it should be written.
fn mend(value: &str) -> Option<(String, String)> {
    let first = value.chars().next()?;
    match first {
        '\'' | '"' => {
            let inner = broken_quote(value, first)?;
            Some((format!("an unescaped {first} stands inside the quotes"), quoted(&inner)))
        }
        '&' | '*' if is_anchor(value) => None,
        '@' | '`' | '%' | '*' | '&' | '|' => {
            Some((format!("a value that starts with {first} means something else in YAML"), quoted(value)))
        }
        '[' | '{' | '#' | '!' | '>' => None,
        _ if value.contains(": ") || value.ends_with(':') => {
            Some((String::from("a colon in an unquoted value starts another key"), quoted(value)))
        }
        _ => None,
    }
}

/// A real anchor (`&name` before a list, a map, a quoted text or nothing) or a real alias (`*name` alone).
fn is_anchor(value: &str) -> bool {
    let name = value[1..].split_whitespace().next().unwrap_or_default();
    let rest = value[1..].get(name.len()..).unwrap_or_default().trim_start();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    is_name && (rest.is_empty() || (value.starts_with('&') && rest.starts_with(['[', '{', '\'', '"'])))
}

/// The text meant by a quoted value whose quotes do not match; `None` if they do, or if it goes on on the next line.
fn broken_quote(value: &str, quote: char) -> Option<String> {
    let rest = &value[1..];
    let mut chars = rest.char_indices().peekable();
    let mut end = None;
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote {
            if quote == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'') {
                chars.next();
            } else {
                end = Some(at);
                break;
            }
        }
    }
    let after = rest[end? + 1..].trim_start();
    if after.is_empty() || after.starts_with('#') {
        return None;
    }
    // `'a' b 'c'`: if the last character closes, the quotes around are not part of the text; else all of it is text.
    let inner = match rest.strip_suffix(quote) {
        Some(inner) => inner,
        None => value,
    };
    Some(if quote == '\'' { inner.replace("''", "'") } else { inner.replace("\\\"", "\"").replace("\\\\", "\\") })
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
