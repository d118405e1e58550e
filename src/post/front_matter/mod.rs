//! Split a file at its front matter and parse it into a small tree of raw text.
//!
//! Scalars keep their text: `title: 1.10` is the text `1.10`. Every node knows its place in the file, so that a remark
//! about it can point there.

mod repair;
mod split;
#[cfg(test)]
mod tests;
mod toml;
mod yaml;

use super::{Code, Diagnostic, PostError};
pub(super) use split::looks_forgotten;
pub use split::{Kind, Split, split};

/// Bytes that a front matter has at most.
const LONGEST: usize = 64 << 10;

/// How deep a front matter may nest.
const DEEPEST: usize = 16;

/// A value and its place in the file, both from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Its line.
    pub line: u32,
    /// Its column, in characters.
    pub column: u32,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `~`, `null` or nothing at all.
    Null,
    /// Any scalar, as it is written.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values, each key once.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The text of a scalar.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a key, whatever its case.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => {
                entries.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, node)| node)
            }
            _ => None,
        }
    }

    /// Says something about this node.
    #[must_use]
    pub fn warn(&self, code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(code, message).at(self.line, self.column)
    }
}

/// Adds a key; a second one of the same name replaces the first, with a warning.
fn insert(entries: &mut Vec<(String, Node)>, key: String, node: Node, diagnostics: &mut Vec<Diagnostic>) {
    match entries.iter_mut().find(|(name, _)| *name == key) {
        Some((name, before)) => {
            diagnostics.push(
                node.warn(Code::DuplicateKey, format!("`{name}` stands twice; this one counts"))
                    .help(format!("remove one of them: the other is on line {}", before.line)),
            );
            *before = node;
        }
        None => entries.push((key, node)),
    }
}

/// Parses the front matter that [`split`] found.
///
/// # Errors
/// When it is too large or too deep, or cannot be parsed even after repairs.
pub fn parse(split: &Split<'_>, diagnostics: &mut Vec<Diagnostic>) -> Result<Node, PostError> {
    if split.matter.len() > LONGEST {
        let message = format!("the front matter has {} bytes; at most {LONGEST} are read", split.matter.len());
        return Err(PostError::OverLimit { line: split.line, message });
    }
    match split.kind {
        Kind::Yaml => yaml::parse(split.matter, split.line, diagnostics),
        Kind::Toml => toml::parse(split.matter, split.line, diagnostics),
        Kind::Json => json(split, diagnostics),
    }
}

/// JSON through `serde_json`; nodes stand where the front matter starts, which is all it tells.
fn json(split: &Split<'_>, diagnostics: &mut Vec<Diagnostic>) -> Result<Node, PostError> {
    let value: serde_json::Value = serde_json::from_str(split.matter).map_err(|error| {
        // serde_json ends its messages with the place, which is told apart from the message here.
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        PostError::Syntax {
            line: split.line + u32::try_from(error.line()).unwrap_or(1).max(1) - 1,
            column: u32::try_from(error.column()).unwrap_or(1).max(1),
            message: format!("the front matter is not valid JSON: {message}"),
            help: String::from("check commas, quotes and brackets here"),
        }
    })?;
    from_json(value, split.line, 0, diagnostics)
}

fn from_json(
    value: serde_json::Value,
    line: u32,
    depth: usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Node, PostError> {
    if depth > DEEPEST {
        return Err(too_deep(line));
    }
    let value = match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Text(value.to_string()),
        serde_json::Value::Number(number) => Value::Text(number.to_string()),
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(items) => Value::List(
            items.into_iter().map(|item| from_json(item, line, depth + 1, diagnostics)).collect::<Result<_, _>>()?,
        ),
        serde_json::Value::Object(entries) => {
            let mut map = Vec::with_capacity(entries.len());
            for (key, value) in entries {
                let node = from_json(value, line, depth + 1, diagnostics)?;
                insert(&mut map, key, node, diagnostics);
            }
            Value::Map(map)
        }
    };
    Ok(Node { value, line, column: 1 })
}

fn too_deep(line: u32) -> PostError {
    PostError::OverLimit { line, message: format!("the front matter nests deeper than {DEEPEST} levels") }
}
