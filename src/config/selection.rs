//! Posts picked by what they are: the part of `include` and `exclude` that is no glob, and feeds of one's own.

use chrono::{DateTime, Utc};

use super::{Access, Window};
use crate::post::{CategoryPath, Code, Diagnostic, Markup, Outcome, Post, Reading};

/// Which posts of a folder are let in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Only posts with one of these; all posts if empty.
    pub include: Vec<Pick>,
    /// No posts with one of these.
    pub exclude: Vec<Pick>,
}

/// A property by which posts are picked. Case does not matter, but in categories and sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// A tag.
    Tag(String),
    /// A category and all below it.
    Category(CategoryPath),
    /// An author.
    Author(String),
    /// The name of a posts folder.
    Source(String),
    /// Words in the title.
    Title(String),
    /// Words in the title, or in the text outside tags.
    Text(String),
}

/// A feed of one's own: its words, and which posts it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFeed {
    /// Its part of the address.
    pub name: String,
    /// Plain text.
    pub title: Option<String>,
    /// Plain text.
    pub description: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// Only posts with one of these; all if empty.
    pub any: Vec<Pick>,
    /// Only posts with each of these.
    pub all: Vec<Pick>,
    /// No posts with one of these.
    pub none: Vec<Pick>,
    /// Only posts published then or later.
    pub from: Option<DateTime<Utc>>,
    /// Only posts published earlier.
    pub before: Option<DateTime<Utc>>,
    /// What becomes of one entry that comes from two places.
    pub duplicates: Duplicates,
    /// Who may read it.
    pub access: Access,
    /// What it shows; [`super::Settings::window`] if absent.
    pub window: Option<Window>,
}

/// What becomes of entries with the same link, or with the same title on the same day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicates {
    /// All of them are shown.
    #[default]
    Show,
    /// The one that was seen first stands for all.
    Fold,
}

impl Pick {
    /// Reads `tag:NAME`, `category:A/B`, `author:NAME`, `source:NAME`, `title:WORDS` or `text:WORDS`; `None` for what
    /// begins otherwise.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (kind, value) = text.split_once(':')?;
        let words = value.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(match kind {
            "tag" => Self::Tag(words),
            "category" => Self::Category(super::text::category_path(value)),
            "author" => Self::Author(words),
            "source" => Self::Source(words),
            "title" => Self::Title(words),
            "text" => Self::Text(words),
            _ => return None,
        })
    }

    fn takes(&self, source: &str, post: &Post) -> bool {
        match self {
            Self::Source(name) => source == name,
            Self::Title(words) => has_words(&post.title, words),
            Self::Text(words) => has_words(&post.title, words) || has_words(&plain_words(post), words),
            _ => self.takes_names(&post.categories, &post.tags, &post.authors).unwrap_or(false),
        }
    }

    /// Whether names alone pick a post; nothing where they cannot tell.
    fn takes_names(&self, categories: &[CategoryPath], tags: &[String], authors: &[String]) -> Option<bool> {
        let among = |names: &[String], name: &str| names.iter().any(|one| one.to_lowercase() == name.to_lowercase());
        match self {
            Self::Tag(name) => Some(among(tags, name)),
            Self::Category(path) => Some(categories.iter().any(|category| category.starts_with(path))),
            Self::Author(name) => Some(among(authors, name)),
            Self::Source(_) | Self::Title(_) | Self::Text(_) => None,
        }
    }
}

impl OwnFeed {
    /// Whether a post of the folder of this name is in the feed.
    #[must_use]
    pub fn admits(&self, source: &str, post: &Post) -> bool {
        let takes = |pick: &Pick| pick.takes(source, post);
        self.from.is_none_or(|from| post.published.at >= from)
            && self.before.is_none_or(|before| post.published.at < before)
            && (self.any.is_empty() || self.any.iter().any(takes))
            && self.all.iter().all(takes)
            && !self.none.iter().any(takes)
    }
}

impl Selection {
    /// Whether a post of the folder of this name is let in.
    #[must_use]
    pub fn admits(&self, source: &str, post: &Post) -> bool {
        let takes = |pick: &Pick| pick.takes(source, post);
        (self.include.is_empty() || self.include.iter().any(takes)) && !self.exclude.iter().any(takes)
    }

    /// Whether a post that cannot be read now is let in, as far as its names tell. Where they do not, it is not left out.
    #[must_use]
    pub fn admits_names(&self, categories: &[CategoryPath], tags: &[String], authors: &[String]) -> bool {
        let takes = |pick: &Pick| pick.takes_names(categories, tags, authors);
        (self.include.is_empty() || self.include.iter().any(|pick| takes(pick).unwrap_or(true)))
            && !self.exclude.iter().any(|pick| takes(pick).unwrap_or(false))
    }

    /// Whether no post of a category, or of one below it, is let in.
    #[must_use]
    pub fn excludes(&self, category: &CategoryPath) -> bool {
        let is_elsewhere = |pick: &Pick| matches!(pick, Pick::Category(path) if !category.starts_with(path) && !path.starts_with(category));
        self.exclude.iter().any(|pick| matches!(pick, Pick::Category(path) if category.starts_with(path)))
            || (!self.include.is_empty() && self.include.iter().all(is_elsewhere))
    }

    /// Leaves out a post that is not let in.
    pub(super) fn apply(&self, source: &str, mut reading: Reading) -> Reading {
        if matches!(&reading.outcome, Outcome::Post(post) if !self.admits(source, post)) {
            reading.outcome = Outcome::LeftOut;
            reading.diagnostics.push(
                Diagnostic::info(Code::Withheld, "left out by what it is: its tags, categories, authors or words")
                    .help("see `include` and `exclude` in the configuration"),
            );
        }
        reading
    }
}

/// The words of a body, without the signs that Markdown puts around them.
fn plain_words(post: &Post) -> String {
    let words = post.body.words();
    match post.body.markup {
        Markup::Markdown => words.replace(['*', '`', '~'], ""),
        Markup::Html => words,
    }
}

/// Whether words stand in a text, in any case and white space. A word of letters with blanks around them is not found
/// within another: `rust` is not in `trust`, but `编译` is in `交叉编译`.
fn has_words(text: &str, words: &str) -> bool {
    let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let (text, words) = (fold(text), fold(words));
    let joined = |a: Option<char>, b: Option<char>| a.is_some_and(is_spaced) && b.is_some_and(is_spaced);
    !words.is_empty()
        && text.match_indices(&*words).any(|(at, found)| {
            let (before, after) =
                (text.get(..at).unwrap_or_default(), text.get(at + found.len()..).unwrap_or_default());
            !joined(before.chars().next_back(), words.chars().next())
                && !joined(words.chars().next_back(), after.chars().next())
        })
}

/// A letter or digit of a script that puts blanks between words.
fn is_spaced(c: char) -> bool {
    c.is_alphanumeric() && !matches!(c, '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_as_words() {
        let check = |text: &str, words: &str, found: bool| {
            assert_eq!(has_words(text, words), found, "{words} in {text}");
        };
        check("Learn Rust today", "rust", true);
        check("Trust nobody", "rust", false);
        check("rusty", "Rust", false);
        check("(rust)", "rust", true);
        check("a b", "a  b", true);
        check("交叉编译入门", "编译", true);
        check("用Rust编译", "编译", true);
        check("C++ and more", "c++", true);
        check("text", "", false);
    }
}
