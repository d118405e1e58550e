//! HTML pages, from compiled templates.
//!
//! What a page shows goes in, the page comes out. Every text is escaped; the one exception is the content of a post,
//! which was sanitised when it was rendered. A page links within the site by relative addresses only, so that it works
//! under a path prefix, on disk, and behind any server. It looks at no file, no clock, and no other page.

use askama::Template;
use chrono::{DateTime, SecondsFormat, Utc};

use crate::feed::{self, Format, Image, address};

/// Where every page looks for its stylesheet, as a path in our form.
pub const STYLESHEET_PATH: &str = "assets/style.css";

/// The stylesheet; served with [`STYLESHEET_TYPE`].
pub const STYLESHEET: &str = include_str!("../../templates/style.css");

/// The media type of the stylesheet.
pub const STYLESHEET_TYPE: &str = "text/css; charset=utf-8";

/// The media type of a page.
pub const PAGE_TYPE: &str = "text/html; charset=utf-8";

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
        // An empty address would mean the page itself, which at the root is right but looks like a mistake.
        if root.is_empty() && self.path.is_empty() {
            "./".to_owned()
        } else {
            format!("{root}{}", address::encode(self.path))
        }
    }
}

/// A category below the one that a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Child<'a> {
    /// Where it is.
    pub place: Place<'a>,
    /// How many posts are in it and below it.
    pub posts: usize,
}

/// An entry as a page shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry<'a> {
    /// Plain text.
    pub title: &'a str,
    /// Absolute http(s) URL.
    pub link: &'a str,
    /// Publication time.
    pub published: DateTime<Utc>,
    /// Names, possibly none.
    pub authors: &'a [String],
    /// Plain text.
    pub summary: &'a str,
    /// The entry's picture.
    pub image: Option<&'a Image>,
}

impl Entry<'_> {
    fn machine_time(&self) -> String {
        self.published.to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    fn human_time(&self) -> String {
        self.published.format("%Y-%m-%d %H:%M UTC").to_string()
    }
}

impl<'a> From<&'a feed::Entry> for Entry<'a> {
    fn from(entry: &'a feed::Entry) -> Self {
        Self {
            title: &entry.title,
            link: &entry.link,
            published: entry.published,
            authors: &entry.authors,
            summary: &entry.summary,
            image: entry.image.as_ref(),
        }
    }
}

/// The page of a feed: the whole site, a category, a tag.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedPage<'a> {
    /// The feed's folder, in our form; the feed's documents are in it too.
    pub path: &'a str,
    /// Plain text.
    pub title: &'a str,
    /// Plain text.
    pub description: &'a str,
    /// A language tag (BCP 47).
    pub language: Option<&'a str>,
    /// The way here from the root, without this page; empty for the root.
    pub trail: Vec<Place<'a>>,
    /// The categories below, in the order in which they are shown.
    pub children: Vec<Child<'a>>,
    /// In the order of the feed.
    pub entries: Vec<Entry<'a>>,
}

/// The page of a post that has no address of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct PostPage<'a> {
    /// The page's own path, in our form.
    pub path: &'a str,
    /// What the post is about. Its link is this page, and is not shown.
    pub entry: Entry<'a>,
    /// Sanitised HTML with absolute addresses: trusted.
    pub content: &'a str,
    /// Where the post came from, an absolute http(s) URL.
    pub canonical: Option<&'a str>,
    /// A language tag (BCP 47).
    pub language: Option<&'a str>,
    /// The site and the post's categories.
    pub places: Vec<Place<'a>>,
}

/// The page of a feed.
#[must_use]
pub fn feed_page(page: &FeedPage<'_>) -> String {
    write(&FeedTemplate { root: &root(page.path), language: page.language, page })
}

/// The page of a post.
#[must_use]
pub fn post_page(page: &PostPage<'_>) -> String {
    write(&PostTemplate { root: &root(page.path), language: page.language, page })
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

#[derive(Template)]
#[template(path = "feed.html")]
struct FeedTemplate<'a> {
    root: &'a str,
    language: Option<&'a str>,
    page: &'a FeedPage<'a>,
}

#[derive(Template)]
#[template(path = "post.html")]
struct PostTemplate<'a> {
    root: &'a str,
    language: Option<&'a str>,
    page: &'a PostPage<'a>,
}

#[cfg(test)]
mod tests;
