//! HTML pages, from compiled templates.
//!
//! What a page shows goes in, the page comes out. Every text is escaped; the one exception is the content of a post,
//! which was sanitised when it was rendered. A page links within the site by relative addresses only, so that it works
//! under a path prefix, on disk, and behind any server. It looks at no file, no clock, and no other page.
//!
//! Pages need no script; the only one there is copies addresses. Nothing is fetched from elsewhere but the
//! pictures of posts when they come near, and sounds and films when they are played (`content`); no page needs them for its
//! layout.
//!
//! In reading order: [`Frame`] is what all pages have around them, [`Entry`] one post in a list, `tree` the categories,
//! `pages` the four kinds of page, `words` what they say themselves.

mod content;
mod entry;
mod pages;
mod tree;
mod words;

use std::sync::LazyLock;

use askama::Template;

use crate::feed::{Format, address};
use words::Words;

pub use entry::{Entry, Link, Marked, Name};
pub use pages::{Asked, FeedPage, Numbering, PostPage, Problem, SearchPage, StatusPage};
pub use pages::{feed_page, post_page, search_page, status_page};
pub use tree::{Branch, Fold, Tree};
pub use words::{Includes, Source, Texts};

/// Characters that the search field takes.
const LONGEST_QUERY: usize = 100;

/// The media type of a page.
pub const PAGE_TYPE: &str = "text/html; charset=utf-8";

/// A file that every page needs.
#[derive(Debug)]
pub struct Asset {
    /// In our form. It changes with the content, so that nobody sees an old one after an upgrade.
    pub path: String,
    /// With parameters.
    pub media_type: &'static str,
    /// The file.
    pub content: &'static str,
}

static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", "css", "text/css; charset=utf-8", include_str!("../../templates/style.css")));

static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("copy", "js", "text/javascript; charset=utf-8", include_str!("../../templates/copy.js"))
});

static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("../../templates/icon.svg")));

/// All files that pages need.
#[must_use]
pub fn assets() -> [&'static Asset; 3] {
    [&STYLE, &SCRIPT, &ICON]
}

fn style() -> &'static Asset {
    &STYLE
}

fn script() -> &'static Asset {
    &SCRIPT
}

fn icon() -> &'static Asset {
    &ICON
}

impl Asset {
    fn new(name: &str, end: &str, media_type: &'static str, content: &'static str) -> Self {
        let hash = blake3::hash(content.as_bytes()).to_hex();
        let path = format!("assets/{name}-{}.{end}", hash.get(..10).unwrap_or_default());
        Self { path, media_type, content }
    }
}

/// A place on the site that a page links to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// Plain text.
    pub name: &'a str,
    /// A folder, in our form: empty or with a trailing slash.
    pub path: &'a str,
}

impl Place<'_> {
    /// The address of the place, from a page that has `root` before the site's root.
    fn href(&self, root: &str) -> String {
        href(root, self.path)
    }
}

fn href(root: &str, path: &str) -> String {
    // An empty address would mean the page itself, which at the root is right but looks like a mistake.
    if root.is_empty() && path.is_empty() { "./".to_owned() } else { format!("{root}{}", address::encode(path)) }
}

/// What all pages have around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The page's own path, in our form.
    pub path: &'a str,
    /// The title of the whole site, plain text.
    pub site: &'a str,
    /// The language of what the page shows (BCP 47), unless an entry says otherwise.
    pub language: Option<&'a str>,
    /// What the search field holds; absent where there is no search.
    pub search: Option<&'a str>,
}

impl Frame<'_> {
    fn words(&self) -> &'static Words {
        Words::of(self.language)
    }

    /// The language of the page's own words.
    fn spoken(&self) -> &str {
        let words = self.words();
        let primary = |tag: &str| tag.split('-').next().map(str::to_ascii_lowercase);
        match self.language {
            Some(language) if primary(language) == primary(words.language) => language,
            _ => words.language,
        }
    }

    /// What to say of the language of something on the page; nothing where it is the page's own. An empty tag says that
    /// nobody knows.
    fn lang<'t>(&'t self, language: Option<&'t str>) -> Option<&'t str> {
        let language = language.or(self.language).unwrap_or_default();
        (language != self.spoken()).then_some(language)
    }
}

/// The way from a page up to the root of the site; from the root itself nothing.
fn root(path: &str) -> String {
    "../".repeat(path.matches('/').count())
}

/// What people call a format.
const fn label(format: Format) -> &'static str {
    match format {
        Format::Rss => "RSS",
        Format::Atom => "Atom",
        Format::Json => "JSON Feed",
    }
}

fn write<T: Template>(template: &T) -> String {
    let mut page = String::with_capacity(T::SIZE_HINT);
    // Writing to a string fails only if a value refuses to be shown, and none of ours does.
    let written = template.render_into(&mut page);
    debug_assert!(written.is_ok(), "{written:?}");
    page
}

#[cfg(test)]
mod tests;
