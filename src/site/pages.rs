//! The four kinds of page.

use askama::Template;
use chrono::{DateTime, SecondsFormat, Utc};

use super::{Entry, Frame, Includes, Name, Place, Tree, href, root, words::Words, write};
use crate::feed::Format;

/// Where a page stands among those that show one list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbering {
    /// From 1.
    pub number: u64,
    /// The last one's number, at least 1.
    pub last: u64,
}

/// The page of a feed: the whole site, a category, a tag.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedPage<'a> {
    /// What is around it.
    pub frame: Frame<'a>,
    /// The feed's folder, in our form; the feed's documents are in it.
    pub folder: &'a str,
    /// Plain text.
    pub title: &'a str,
    /// Plain text.
    pub description: &'a str,
    /// What the feed shows.
    pub includes: Includes<'a>,
    /// The way here from the root, without this page; empty for the root.
    pub trail: Vec<Place<'a>>,
    /// The categories.
    pub tree: Tree,
    /// The categories below this one, without those below them.
    pub children: Tree,
    /// The feeds that the configuration makes of its own.
    pub selections: Vec<Place<'a>>,
    /// How many posts there are on all pages.
    pub posts: u64,
    /// Newest first.
    pub entries: Vec<Entry<'a>>,
    /// Which part of the posts this is.
    pub numbering: Numbering,
}

impl FeedPage<'_> {
    /// The address of the page with that number.
    fn page(&self, root: &str, number: u64) -> String {
        if number <= 1 { href(root, self.folder) } else { format!("{}page/{number}/", self.base(root)) }
    }

    /// The address of the feed's document.
    fn document(&self, root: &str, format: Format) -> String {
        format!("{}{}", self.base(root), format.file_name())
    }

    /// What comes before addresses in the feed's folder; nothing where the page is in it.
    fn base(&self, root: &str) -> String {
        if self.frame.path == self.folder { String::new() } else { href(root, self.folder) }
    }
}

/// The page of a post that has no address of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct PostPage<'a> {
    /// What is around it.
    pub frame: Frame<'a>,
    /// What the post is about. Its link is this page, and is not shown.
    pub entry: Entry<'a>,
    /// Sanitised HTML with absolute addresses: trusted.
    pub content: &'a str,
    /// Where the post came from, an absolute http(s) URL.
    pub canonical: Option<&'a str>,
    /// The way here from the root, without this page.
    pub trail: Vec<Place<'a>>,
    /// The post's tags.
    pub tags: Vec<Name<'a>>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchPage<'a> {
    /// What is around it; its search is what was asked.
    pub frame: Frame<'a>,
    /// Whether anything was asked, and can be found.
    pub asked: Asked,
    /// How many posts were found.
    pub found: u64,
    /// Posts whose texts are indexed, and all posts, while these differ.
    pub progress: Option<(u64, u64)>,
    /// Categories that are called so.
    pub categories: Vec<Place<'a>>,
    /// Newest first.
    pub entries: Vec<Entry<'a>>,
    /// Which part of the posts this is.
    pub numbering: Numbering,
}

/// What somebody searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Nothing yet.
    Nothing,
    /// Something without letters or digits.
    Wordless,
    /// Words.
    Words,
}

impl SearchPage<'_> {
    fn query(&self) -> &str {
        self.frame.search.unwrap_or_default()
    }

    /// The address of the page with that number.
    fn page(&self, number: u64) -> String {
        let mut address = url::form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
        address.append_pair("q", self.query());
        if number > 1 {
            address.append_pair("page", &number.to_string());
        }
        address.finish()
    }
}

/// What the administrator wants to know.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusPage<'a> {
    /// What is around it.
    pub frame: Frame<'a>,
    /// What is wrong with the whole, with the cure.
    pub alarms: Vec<String>,
    /// What is so, and how it is.
    pub facts: Vec<(&'static str, String)>,
    /// How many files are what.
    pub counts: Vec<(&'static str, u64)>,
    /// Files that are not in the feeds as they stand.
    pub problems: Vec<Problem<'a>>,
    /// How many there are beside these.
    pub more: usize,
    /// When this was so.
    pub now: DateTime<Utc>,
}

impl StatusPage<'_> {
    fn machine_time(&self) -> String {
        self.now.to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    fn time(&self) -> String {
        self.now.format("%Y-%m-%d %H:%M:%S UTC").to_string()
    }
}

/// A file that is not in the feeds as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem<'a> {
    /// Below its folder.
    pub path: &'a str,
    /// `rejected`, `scheduled` …
    pub status: &'a str,
    /// What was found: where in the file, what, and the cure.
    pub remarks: Vec<(Option<String>, &'a str, Option<&'a str>)>,
}

#[derive(Template)]
#[template(path = "feed.html")]
struct FeedTemplate<'a> {
    root: &'a str,
    words: &'static Words,
    frame: &'a Frame<'a>,
    page: &'a FeedPage<'a>,
}

#[derive(Template)]
#[template(path = "post.html")]
struct PostTemplate<'a> {
    root: &'a str,
    words: &'static Words,
    frame: &'a Frame<'a>,
    page: &'a PostPage<'a>,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchTemplate<'a> {
    root: &'a str,
    words: &'static Words,
    frame: &'a Frame<'a>,
    page: &'a SearchPage<'a>,
}

#[derive(Template)]
#[template(path = "status.html")]
struct StatusTemplate<'a> {
    root: &'a str,
    words: &'static Words,
    frame: &'a Frame<'a>,
    page: &'a StatusPage<'a>,
}

/// The page of a feed.
#[must_use]
pub fn feed_page(page: &FeedPage<'_>) -> String {
    let frame = &page.frame;
    write(&FeedTemplate { root: &root(frame.path), words: frame.words(), frame, page })
}

/// The page of a post.
#[must_use]
pub fn post_page(page: &PostPage<'_>) -> String {
    let frame = &page.frame;
    write(&PostTemplate { root: &root(frame.path), words: frame.words(), frame, page })
}

/// The page of a search.
#[must_use]
pub fn search_page(page: &SearchPage<'_>) -> String {
    let frame = &page.frame;
    write(&SearchTemplate { root: &root(frame.path), words: frame.words(), frame, page })
}

/// The administrator's page, in English like the remarks on it.
#[must_use]
pub fn status_page(page: &StatusPage<'_>) -> String {
    let frame = &page.frame;
    write(&StatusTemplate { root: &root(frame.path), words: frame.words(), frame, page })
}
