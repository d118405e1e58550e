//! What is wrong with a configuration, in words.

use std::{fmt, path::PathBuf};

use serde_yaml::Error as Yaml;

use super::positions::{Position, Positions};

/// What is wrong with a configuration: where, which key, and the cure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The configuration file; absent when the command line is to blame.
    pub file: Option<PathBuf>,
    /// Line and column, from 1, columns in characters.
    pub at: Option<(usize, usize)>,
    /// The key as a path (`posts[0].categories.list`), an option of the command line, or empty.
    pub key: String,
    /// What is wrong and what to do about it.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(out, "{}:", file.display())?;
            if let Some((line, column)) = self.at {
                write!(out, "{line}:{column}:")?;
            }
            out.write_str(" ")?;
        }
        if !self.key.is_empty() {
            write!(out, "{}: ", self.key)?;
        }
        out.write_str(&self.message)
    }
}

impl ConfigError {
    /// A value that does not do; [`Self::in_file`] adds where it stands.
    pub(super) fn value(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: None, at: None, key: key.into(), message: message.into() }
    }

    /// The same error with its file, and its place if the key stands there.
    pub(super) fn in_file(self, file: Option<PathBuf>, positions: &Positions) -> Self {
        if self.key.starts_with('-') || self.key == "POSTS" {
            return self;
        }
        let at = positions.find(&self.key).map(|place| (place.line, place.column));
        Self { file, at, ..self }
    }

    /// A file that is not valid YAML, or does not have the shape of a configuration.
    pub(super) fn shape(error: &Yaml, file: Option<PathBuf>, positions: &Positions) -> Self {
        let place = error.location().map(|at| Position {
            line: usize::try_from(at.line()).unwrap_or(0),
            column: usize::try_from(at.column()).unwrap_or(0),
        });
        let key = place.and_then(|place| positions.key_at(place)).unwrap_or_default().to_owned();
        Self {
            file,
            at: place.map(|place| (place.line, place.column)),
            message: in_words(error.without_snippet(), &key),
            key,
        }
    }
}

/// Says what serde says, for people who write YAML and have never heard of it.
fn in_words(error: &Yaml, key: &str) -> String {
    match error {
        Yaml::SerdeUnknownField { field, expected, .. } => unknown_key(field, expected, key),
        Yaml::SerdeUnknownVariant { variant, expected, .. } => unknown("value", variant, expected),
        Yaml::SerdeInvalidType { unexpected, expected, .. } | Yaml::SerdeInvalidValue { unexpected, expected, .. } => {
            format!("expected {}, found {unexpected}", plain(expected))
        }
        Yaml::InvalidScalar { ty, .. } => format!("expected {}", plain(ty)),
        Yaml::Unexpected { expected, .. } => format!("expected {}", plain(expected)),
        Yaml::NullIntoString { .. } => String::from("there is no value: write one after the colon, or remove the key"),
        Yaml::DuplicateMappingKey { key: Some(name), .. } => format!("`{name}` stands twice: remove one of them"),
        Yaml::MultipleDocuments { .. } => String::from("a second document begins here: remove the `---` before it"),
        _ => {
            let text = error.to_string();
            let text = text.split(" at line ").next().unwrap_or(&text);
            let text = text.rsplit_once(": line ").map_or(text, |(text, _)| text);
            format!("this is no valid YAML: {}", text.lines().next().unwrap_or_default().trim_end_matches('.'))
        }
    }
}

/// A Rust or YAML type in words.
fn plain(expected: &str) -> &str {
    match expected {
        "u32" | "u64" | "integer" | "unsigned integer" => "a whole number",
        "string scalar" | "string" | "a string" | "scalar" => "a text",
        "mapping start" | "mapping" => "keys and values (`key: value`)",
        "sequence start" | "sequence" | "a sequence" => "a list (`- …` lines, or `[…]`)",
        _ if expected.starts_with("struct ") => "keys and values (`key: value`)",
        _ => expected,
    }
}

/// Keys of a folder that people write at the top, with the place where they belong, and the other way round.
fn unknown_key(field: &str, expected: &[&str], key: &str) -> String {
    const OF_FOLDERS: [&str; 12] = [
        "path",
        "preset",
        "site_url",
        "permalink",
        "timezone",
        "ids",
        "include",
        "exclude",
        "keys",
        "future",
        "volatile",
        "on_delete",
    ];
    const OF_ALL: [&str; 6] = ["base_url", "output", "state", "listen", "scan_interval", "delete_grace"];
    let at_top = !key.contains(['.', '[']);
    if at_top && OF_FOLDERS.contains(&field) {
        return format!("`{field}` belongs to a folder: put it into an item of `posts`, or under `defaults`");
    }
    if !at_top && OF_ALL.contains(&field) {
        return format!("`{field}` concerns all folders: put it at the start of a line");
    }
    unknown("key", field, expected)
}

/// An unknown word, with the known one that it resembles, or all of them.
pub(super) fn unknown(what: &str, word: &str, known: &[&str]) -> String {
    match closest(word, known.iter().copied()) {
        Some(closest) => format!("unknown {what} `{word}`; did you mean `{closest}`?"),
        None => format!("unknown {what} `{word}`; known are {}", known.join(", ")),
    }
}

/// The candidate that a word most resembles, if it does.
pub(super) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}
