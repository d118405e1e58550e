//! A post's own address: from the front matter, else from the site's permalink pattern.

use std::path::Path;

use chrono::NaiveDateTime;
use url::Url;

use super::{CategoryPath, date::DateRules};

/// How the posts of a folder get their links.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LinkRules {
    /// The site that shows the posts.
    pub site_url: Option<Url>,
    /// Its pattern for addresses.
    pub permalink: Option<Permalink>,
}

/// A permalink pattern, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permalink {}

/// Whose variables and slug rule a pattern uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// `:year/:month/:day/:title/`; a title is the file's path, as written.
    #[default]
    Hexo,
    /// `/:categories/:year/:month/:day/:title:output_ext` and the named styles `date`, `pretty`, `ordinal`, `none`, `weekdate`.
    Jekyll,
    /// `/:year/:month/:slug/`, `:section`, `:filename`, `:contentbasename` ….
    Hugo,
}

/// Why a pattern is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PermalinkError {}

/// What a pattern's variables stand for.
pub struct LinkFacts<'a> {
    /// The path below the posts folder.
    pub path: &'a Path,
    /// The post's title, plain.
    pub title: &'a str,
    /// The front matter's `slug`.
    pub slug: Option<&'a str>,
    /// The front matter's `permalink`: beats the pattern.
    pub permalink: Option<&'a str>,
    /// The front matter's link (`link`, `canonical`, …), if it is an absolute http(s) URL: beats all.
    pub link: Option<&'a str>,
    /// The publication time on the clock of the folder's zone.
    pub published: NaiveDateTime,
    /// Normalised.
    pub categories: &'a [CategoryPath],
    /// Any front matter key as text, for `:key` variables.
    pub key: &'a dyn Fn(&str) -> Option<String>,
}

impl Permalink {
    /// Parses a pattern.
    ///
    /// # Errors
    /// When it is empty or uses a variable that cannot be one.
    pub fn parse(_pattern: &str, _dialect: Dialect) -> Result<Self, PermalinkError> {
        todo!()
    }
}

/// The post's address, absolute; `None` when neither front matter nor settings give one.
#[must_use]
pub fn link(_facts: &LinkFacts<'_>, _rules: &LinkRules, _dates: &DateRules) -> Option<String> {
    todo!()
}
