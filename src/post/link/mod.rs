//! A post's own address: from the front matter, else from the site's permalink pattern.
//!
//! The generators' own rules decide what a variable stands for, so that a link here is the address that the site uses.

mod dialects;
mod pattern;
#[cfg(test)]
mod tests;

use std::path::Path;

use chrono::NaiveDateTime;
use url::Url;

use super::CategoryPath;
pub use pattern::{Permalink, PermalinkError};

/// How the posts of a folder get their links.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LinkRules {
    /// The site that shows the posts.
    pub site_url: Option<Url>,
    /// Its pattern for addresses.
    pub permalink: Option<Permalink>,
}

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

/// The post's address, absolute; `None` when neither front matter nor settings give one.
#[must_use]
pub fn link(facts: &LinkFacts<'_>, rules: &LinkRules) -> Option<String> {
    if let Some(link) = facts.link {
        return Url::parse(link).ok().map(String::from);
    }
    let site = rules.site_url.as_ref();
    if let Some(own) = facts.permalink {
        if own.contains("://") {
            return Url::parse(own).ok().filter(|url| matches!(url.scheme(), "http" | "https")).map(String::from);
        }
        // Jekyll lets a post have a pattern, or the name of one, of its own.
        let pattern = match &rules.permalink {
            Some(pattern) if own.contains(':') || !own.contains('/') => Permalink::parse(own, pattern.dialect()).ok(),
            _ => None,
        };
        let path = pattern.map_or_else(|| own.to_owned(), |pattern| pattern.path(facts));
        return join(site?, &path);
    }
    join(site?, &rules.permalink.as_ref()?.path(facts))
}

/// A path on a site, percent-encoded, with the site's own path before it and no empty segment.
fn join(site: &Url, path: &str) -> Option<String> {
    let mut url = site.clone();
    url.set_query(None);
    url.set_fragment(None);
    let segments: Vec<&str> = path.split('/').filter(|segment| !matches!(*segment, "" | "." | "..")).collect();
    {
        let mut parts = url.path_segments_mut().ok()?;
        parts.pop_if_empty().extend(&segments);
        // A pattern that ends in a slash names a folder.
        if path.ends_with('/') || segments.is_empty() {
            parts.push("");
        }
    }
    Some(url.into())
}
