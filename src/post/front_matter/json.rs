//! JSON → the tree.
//!
//! `serde_json` judges whether it is JSON; then the YAML parser reads it, because JSON is YAML, and only an event
//! parser keeps the text of numbers and the place of every value.

use serde::de::IgnoredAny;

use super::{
    super::PostError,
    Parsed,
    position::count,
    yaml::{self, Trouble},
};

/// Parses a front matter whose first line is line `first` of the file. Hexo leaves the outer braces out.
pub(super) fn parse(text: &str, first: u32) -> Result<Parsed, PostError> {
    // No tab can stand inside a JSON string, so every one is layout; YAML takes offence at some.
    let mut text = text.replace('\t', " ");
    if !text.trim_start().starts_with('{') {
        // On lines of their own, so that every position stays as it is.
        text = format!("{{\n{}\n}}", text.trim_end().trim_end_matches(','));
        return parse_object(&text, first.saturating_sub(1));
    }
    parse_object(&text, first)
}

fn parse_object(text: &str, first: u32) -> Result<Parsed, PostError> {
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| syntax_error(&error, text, first))?;
    yaml::parse(text, first).map_err(|trouble| match trouble {
        Trouble::Syntax { line, column, message } => PostError::Syntax { line, column, message, help: help() },
        Trouble::Limit { line, message } => PostError::OverLimit { line, message },
    })
}

/// What `serde_json` says of a text that starts on line `first` of the file.
pub(super) fn syntax_error(error: &serde_json::Error, text: &str, first: u32) -> PostError {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason);
    let above = error.line().saturating_sub(1);
    // It counts bytes, and people characters.
    let before = text.split('\n').nth(above).and_then(|line| line.as_bytes().get(..error.column().saturating_sub(1)));
    let characters = before.map_or(0, |before| before.iter().filter(|byte| !matches!(byte, 0x80..=0xbf)).count());
    PostError::Syntax {
        line: first.saturating_add(count(above)),
        column: count(characters).saturating_add(1),
        message: message.to_owned(),
        help: help(),
    }
}

fn help() -> String {
    "write keys and texts in double quotes, with a comma between entries and none after the last".to_owned()
}
