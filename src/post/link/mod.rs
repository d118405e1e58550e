//! A post's own address: from the front matter, else from the site's permalink pattern.
//!
//! [`LinkFacts`] in, an absolute http(s) URL out, percent-encoded as an URI. `pattern` parses a pattern and fills it,
//! `dialects` knows the variables of Hexo, Jekyll and Hugo, `slug` their rules for words. Nothing here asks whether
//! the address exists.
//!
//! What beats what: the front matter's absolute link; its `permalink` (Hugo's `url` too), below the site's address unless
//! it is absolute itself; the folder's pattern. A pattern that needs what the post does not have gives no address.

mod dialects;
mod pattern;
mod slug;
#[cfg(test)]
mod tests;

use std::path::Path;

use chrono::NaiveDateTime;
use url::Url;

use super::{
    CategoryPath,
    date::{DateRules, Timezone},
};
use pattern::Piece;

/// How the posts of a folder get their links.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LinkRules {
    /// The site that shows the posts.
    pub site_url: Option<Url>,
    /// Its pattern for addresses.
    pub permalink: Option<Permalink>,
    /// The zone of the dates in it: Hexo's are in that of the machine that builds the blog, whatever its `timezone`. The
    /// folder's zone if absent.
    pub timezone: Option<Timezone>,
}

impl LinkRules {
    /// The zone of the dates in the pattern.
    pub(super) fn timezone<'a>(&'a self, dates: &'a DateRules) -> &'a Timezone {
        self.timezone.as_ref().unwrap_or(&dates.timezone)
    }

    /// Whose rules hold for the posts.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.permalink.as_ref().map(|pattern| pattern.dialect).unwrap_or_default()
    }
}

/// A permalink pattern, parsed. May be absolute itself (`https://example.org/:title/`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permalink {
    dialect: Dialect,
    pieces: Vec<Piece>,
}

/// Whose variables and slug rule a pattern uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// `:year/:month/:day/:title/`; a title is the file's path, as written.
    #[default]
    Hexo,
    /// `/:categories/:year/:month/:day/:title:output_ext` and the named styles `date`, `pretty`, `ordinal`, `none`,
    /// `weekdate`.
    Jekyll,
    /// `/:year/:month/:slug/`, `:section`, `:filename`, `:contentbasename` ….
    Hugo,
}

/// Why a pattern is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PermalinkError {
    /// There is no text.
    #[error("the permalink pattern is empty: write one like `/:year/:month/:day/:title/`")]
    Empty,
    /// Every post would have the same address.
    #[error("the permalink pattern `{0}` has no variable: give it some, as in `:year/:month/:day/:title/`")]
    Constant(String),
    /// A colon, and no name behind it.
    #[error("`{0}` is no variable: its name starts with a letter, like `:title`")]
    NoName(String),
    /// What stands in brackets behind `:sections`.
    #[error("`{0}` is no range: write one like `[0]`, `[1:]` or `[last]`")]
    NoRange(String),
}

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
    /// The publication time on the clock of the zone in which permalinks are written.
    pub published: NaiveDateTime,
    /// Normalised; empty for a post that names none, whatever default the folder has for those.
    pub categories: &'a [CategoryPath],
    /// Any front matter key as text, for `:key` variables.
    pub key: &'a dyn Fn(&str) -> Option<String>,
}

impl LinkFacts<'_> {
    /// The post's slug as Jekyll keeps it: as written, else the file's name without its date and the points at its end.
    #[must_use]
    pub fn jekyll_slug(&self) -> String {
        dialects::jekyll_slug(self)
    }
}

impl Permalink {
    /// Parses a pattern.
    ///
    /// A name that is none of the dialect's variables is a front matter key.
    ///
    /// # Errors
    /// When it is empty or uses a variable that cannot be one.
    pub fn parse(pattern: &str, dialect: Dialect) -> Result<Self, PermalinkError> {
        let pattern = pattern.trim();
        let pattern = if dialect == Dialect::Jekyll { dialects::jekyll_style(pattern) } else { pattern };
        let mut pieces = pattern::parse(pattern, dialect)?;
        if pieces.iter().all(|piece| matches!(piece, Piece::Literal(_))) {
            return Err(PermalinkError::Constant(pattern.to_owned()));
        }
        if dialect == Dialect::Hugo {
            pattern::as_hugo_page(&mut pieces);
        }
        Ok(Self { dialect, pieces })
    }

    /// Parses what a front matter says, which may be a pattern (Jekyll, Hugo) and needs not end in any way.
    fn own(text: &str, dialect: Dialect) -> Self {
        let text = if dialect == Dialect::Jekyll { dialects::jekyll_style(text) } else { text };
        let pieces = match dialect {
            Dialect::Hexo => None,
            Dialect::Jekyll | Dialect::Hugo => pattern::parse(text, dialect).ok(),
        };
        Self { dialect, pieces: pieces.unwrap_or_else(|| vec![Piece::Literal(text.into())]) }
    }
}

/// The post's address, absolute; `None` when neither front matter nor settings give one.
#[must_use]
pub fn link(facts: &LinkFacts<'_>, rules: &LinkRules, dates: &DateRules) -> Option<String> {
    facts.link.and_then(web_address).or_else(|| generated(facts, rules, dates))
}

/// The address that the blog's generator gave the post, which knows nothing of a front matter's link.
#[must_use]
pub fn generated(facts: &LinkFacts<'_>, rules: &LinkRules, dates: &DateRules) -> Option<String> {
    let dialect = rules.dialect();
    let timezone = rules.timezone(dates);
    let own = facts.permalink.map(str::to_owned);
    let own = own.or_else(|| (dialect == Dialect::Hugo).then(|| (facts.key)("url")).flatten());
    let own = own.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let path = match (own, &rules.permalink) {
        (Some(text), _) => pattern::fill(&Permalink::own(text, dialect), facts, timezone)?,
        (None, Some(permalink)) => pattern::fill(permalink, facts, timezone)?,
        (None, None) => return None,
    };
    pattern::absolute(&path, rules.site_url.as_ref()).and_then(|address| web_address(&address))
}

/// Percent-encodes what RFC 3986 does not allow in a path. Slashes part segments; nothing is an escape already.
pub(super) fn encoded(text: &str) -> String {
    let mut path = String::new();
    pattern::encode(&mut path, text, pattern::Origin::Post);
    path
}

/// An http(s) URL in its normal form.
fn web_address(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then(|| url.into())
}
