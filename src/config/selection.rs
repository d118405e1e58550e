//! Posts let in or left out by tag and category: the part of `include` and `exclude` that is no glob.

use crate::post::{CategoryPath, Code, Diagnostic, Outcome, Post, Reading};

/// Which posts of a folder are let in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Only posts with one of these; all posts if empty.
    pub include: Vec<Pick>,
    /// No posts with one of these.
    pub exclude: Vec<Pick>,
}

/// A property by which posts are picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// A tag; case does not matter.
    Tag(String),
    /// A category and all below it.
    Category(CategoryPath),
}

impl Pick {
    fn takes(&self, post: &Post) -> bool {
        match self {
            Self::Tag(name) => post.tags.iter().any(|tag| tag.to_lowercase() == name.to_lowercase()),
            Self::Category(path) => post.categories.iter().any(|category| category.starts_with(path)),
        }
    }
}

impl Selection {
    /// Whether a post is let in.
    #[must_use]
    pub fn admits(&self, post: &Post) -> bool {
        let takes = |pick: &Pick| pick.takes(post);
        (self.include.is_empty() || self.include.iter().any(takes)) && !self.exclude.iter().any(takes)
    }

    /// Turns a post that is not let in into a skipped one.
    pub(super) fn apply(&self, mut reading: Reading) -> Reading {
        if matches!(&reading.outcome, Outcome::Post(post) if !self.admits(post)) {
            reading.outcome = Outcome::Skipped;
            reading.diagnostics.push(
                Diagnostic::info(Code::Withheld, "left out by its tags or categories")
                    .help("see `include` and `exclude` in the configuration"),
            );
        }
        reading
    }
}
