//! Permalink patterns.

use super::{Dialect, LinkFacts, dialects};

/// A permalink pattern, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permalink {
    dialect: Dialect,
    parts: Vec<Part>,
}

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// `:name`
    Variable(String),
}

/// Why a pattern is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PermalinkError {
    /// Nothing in it.
    #[error("the permalink pattern is empty: give it variables, as in `:year/:month/:day/:title/`")]
    Empty,
    /// Every post would have the same address.
    #[error("the permalink pattern `{0}` has no variable: give it some, as in `:year/:month/:day/:title/`")]
    Constant(String),
}

impl Permalink {
    /// Parses a pattern, or the name of one of Jekyll's.
    ///
    /// # Errors
    /// When it is empty or has no variable.
    pub fn parse(pattern: &str, dialect: Dialect) -> Result<Self, PermalinkError> {
        let pattern = pattern.trim();
        let pattern = if dialect == Dialect::Jekyll { dialects::jekyll_style(pattern) } else { pattern };
        if pattern.is_empty() {
            return Err(PermalinkError::Empty);
        }
        let mut parts = Vec::new();
        let mut rest = pattern;
        while let Some(colon) = rest.find(':') {
            let (text, from) = rest.split_at(colon);
            let name: String = from[1..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            // Hexo's and Hugo's names end where a letter cannot go on; a colon alone is text.
            let text = if name.is_empty() { format!("{text}:") } else { text.to_owned() };
            if !text.is_empty() {
                parts.push(Part::Text(text));
            }
            rest = &from[1 + name.len()..];
            if !name.is_empty() {
                parts.push(Part::Variable(name));
            }
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        if !parts.iter().any(|part| matches!(part, Part::Variable(_))) {
            return Err(PermalinkError::Constant(pattern.to_owned()));
        }
        Ok(Self { dialect, parts })
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The path of a post. A variable that stands for nothing, not even a front matter key, is left out.
    pub(super) fn path(&self, facts: &LinkFacts<'_>) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Variable(name) => dialects::variable(self.dialect, name, facts)
                    .or_else(|| (facts.key)(name))
                    .unwrap_or_default(),
            })
            .collect()
    }
}
