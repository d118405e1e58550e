//! Text of a file → its front matter as a small tree of raw text, and where its body starts.
//!
//! [`split()`] finds the front matter in any of its four dresses: `---` YAML, `+++` TOML, `;;;` or `{}` JSON, and Hexo's
//! old form without an opening line. [`Split::parse`] reads all of them into one [`Map`]. Scalars keep their text:
//! `1.10`, `2021` and `true` come out as they stand in the file. Nearly all YAML is of a kind that takes no parser (`plain`);
//! what is not valid is mended where the intention is plain (`repair`), with a warning for each mend.
//!
//! Invariants: a front matter is at most [`MAX_BYTES`] long and [`MAX_DEPTH`] deep; YAML aliases are refused, so the
//! tree is never larger than its text.

mod json;
mod plain;
mod position;
mod repair;
mod split;
#[cfg(test)]
mod tests;
mod toml;
mod yaml;

use super::{Diagnostic, PostError};

pub use split::{Split, Syntax, near_miss, split};

/// The largest front matter that is read.
pub const MAX_BYTES: usize = 64 * 1024;

/// The deepest front matter that is read; the map of keys is the first level.
pub const MAX_DEPTH: usize = 16;

/// The most keys of one map that are read.
pub const MAX_KEYS: usize = 1000;

/// A value and where it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// What stands there.
    pub value: Value,
}

/// What a key can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar of any type, as it is written, with quotes and escapes undone.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// Keys and values.
    Map(Map),
}

/// Keys and values in the order of the file, each key once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Map(Vec<(String, Node)>);

impl Map {
    /// The keys and values in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(key, node)| (key.as_str(), node))
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts a value; the one that stood under the key before comes back.
    fn insert(&mut self, key: String, node: Node) -> Option<Node> {
        if let Some((_, old)) = self.0.iter_mut().find(|(known, _)| *known == key) {
            return Some(std::mem::replace(old, node));
        }
        self.0.push((key, node));
        None
    }
}

impl Node {
    /// The text of a scalar, trimmed; `None` for blank ones and other shapes.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// Whether anything is said at all: neither null nor blank nor empty.
    #[must_use]
    pub fn is_set(&self) -> bool {
        match &self.value {
            Value::Null => false,
            Value::Text(text) => !text.trim().is_empty(),
            Value::List(items) => items.iter().any(Self::is_set),
            Value::Map(map) => !map.is_empty(),
        }
    }

    /// What the value is, in words.
    #[must_use]
    pub fn shape(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// A front matter, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// Its keys.
    pub map: Map,
    /// What was mended.
    pub diagnostics: Vec<Diagnostic>,
}

impl Split<'_> {
    /// Reads the front matter.
    ///
    /// # Errors
    /// When it cannot be read and no repair applies, or passes a limit.
    pub fn parse(&self) -> Result<Parsed, PostError> {
        if self.text.len() > MAX_BYTES {
            return Err(PostError::OverLimit {
                line: self.line,
                message: format!("the front matter has {} bytes; at most {MAX_BYTES} are read", self.text.len()),
            });
        }
        match self.syntax {
            Syntax::Yaml => plain::parse(self.text, self.line).map_or_else(|| repair::parse(self.text, self.line), Ok),
            Syntax::Toml => toml::parse(self.text, self.line),
            Syntax::Json => json::parse(self.text, self.line),
        }
    }
}

fn too_deep() -> String {
    format!("the front matter is more than {MAX_DEPTH} levels deep")
}
