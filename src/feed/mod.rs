//! Posts → [`Entry`] → feed documents. Pure: no I/O, no clock, no logging.
//!
//! An entry is rendered once, in each format ([`Entry::fragments`]); a document is its frame with the entries of its
//! window joined in ([`document`]). The joined bytes are those that the library writes for the whole.
//! Beside it: what a feed shows and in which order ([`window`]), where it appears ([`address`]), the list of all feeds
//! ([`opml`]).
//!
//! Invariants: newest first, ties by id; `updated` comes from the entries, never from a clock, so that an unchanged
//! category keeps its bytes; no illegal XML character, relative URL or HTML in a title ever leaves this module.

pub mod address;
mod atom;
mod fragments;
pub mod json;
pub mod opml;
mod rss;
pub mod text;
pub mod window;

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};

pub use fragments::Fragments;

use crate::rope::Rope;

/// The version of the bytes that this module writes. Raised when equal input gives other bytes, so that an upgrade is
/// not taken for an edit of every post.
pub const VERSION: u32 = 2;

/// One post as feeds show it. Belongs to no format; speaks Atom, the strictest of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// An IRI, the same in every feed and for ever.
    pub id: String,
    /// Plain text, never empty.
    pub title: String,
    /// Absolute http(s) URL.
    pub link: String,
    /// Publication time.
    pub published: DateTime<Utc>,
    /// Time of the last significant edit, never before `published`.
    pub updated: DateTime<Utc>,
    /// Plain text, never empty.
    pub summary: String,
    /// Sanitised HTML with absolute URLs; absent when the feed carries summaries only.
    pub content: Option<String>,
    /// The entry's picture.
    pub image: Option<Image>,
    /// Sounds and films; RSS has room for the first.
    pub enclosures: Vec<Enclosure>,
    /// Names, possibly none.
    pub authors: Vec<String>,
    /// In the order of the post.
    pub categories: Vec<CategoryRef>,
    /// Plain names.
    pub tags: Vec<String>,
    /// A language tag (BCP 47).
    pub language: Option<String>,
}

/// A picture that represents an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Absolute http(s) URL.
    pub url: String,
    /// The alternative text, plain; may be empty.
    pub alt: String,
}

/// A sound or a film that comes with an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enclosure {
    /// Absolute http(s) URL.
    pub url: String,
    /// Bytes, where they are known.
    pub length: Option<u64>,
    /// `audio/…` or `video/…`.
    pub media_type: String,
}

/// A category as an entry names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryRef {
    /// Names from parent to child.
    pub path: Vec<String>,
    /// The address of the category's page, absolute: RSS `domain`, Atom `scheme`.
    pub url: String,
}

/// The formats in which every feed is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// RSS 2.0
    Rss,
    /// RFC 4287
    Atom,
    /// JSON Feed 1.1
    Json,
}

impl Format {
    /// All of them, in the order in which they are listed to people.
    pub const ALL: [Self; 3] = [Self::Rss, Self::Atom, Self::Json];

    /// The format of a document by its name in its feed's folder.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.file_name() == name)
    }

    /// The document's name in its feed's folder.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Rss => "rss.xml",
            Self::Atom => "atom.xml",
            Self::Json => "feed.json",
        }
    }

    /// The media type as HTTP says it.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Json => "application/feed+json; charset=utf-8",
        }
    }

    /// The media type, without parameters.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml",
            Self::Atom => "application/atom+xml",
            Self::Json => "application/feed+json",
        }
    }
}

/// A feed apart from its entries.
#[derive(Debug, Clone, PartialEq)]
pub struct Feed {
    /// Plain text, never empty.
    pub title: String,
    /// Plain text, never empty.
    pub description: String,
    /// An IRI that stays when the address does not: that of a private feed holds a secret.
    pub id: String,
    /// The address of the feed's folder, absolute, with a trailing slash; the documents are below it.
    pub url: String,
    /// The address of the page for people, absolute.
    pub page: String,
    /// A language tag (BCP 47).
    pub language: Option<String>,
    /// The author of entries that name none.
    pub author: Option<String>,
    /// Absolute URL of a small square picture.
    pub icon: Option<String>,
    /// Absolute URL of a picture twice as wide as high, or square.
    pub logo: Option<String>,
    /// The newest `updated` of its entries; the Unix epoch for an empty feed.
    pub updated: DateTime<Utc>,
}

/// Where a document stands in the history of its feed (RFC 5005 §4). The default is a current document whose feed
/// keeps no archives. Addresses are absolute, and of documents in the format that is being made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// The address of this archive page; absent for the current document.
    pub archive: Option<String>,
    /// The archive page with the entries before these.
    pub previous: Option<String>,
    /// The archive page with the entries after these.
    pub next: Option<String>,
}

/// The start and the end of a document, its entries left out.
struct Frame {
    before: Bytes,
    between: &'static str,
    after: &'static str,
}

/// Without a version: an upgrade must not change anyone's bytes.
const GENERATOR: &str = "Feedwright";
/// Media RSS.
const MEDIA: &str = "http://search.yahoo.com/mrss/";
/// Feed Paging and Archiving, RFC 5005.
const FEED_HISTORY: &str = "http://purl.org/syndication/history/1.0";

impl Entry {
    /// Renders the entry in every format.
    #[must_use]
    pub fn fragments(&self) -> Fragments {
        Fragments::new(self)
    }
}

impl Standing {
    fn is_archive(&self) -> bool {
        self.archive.is_some()
    }

    /// The document's own address.
    fn address(&self, feed: &Feed, format: Format) -> String {
        match &self.archive {
            Some(url) => text::line(url),
            None => current(feed, format),
        }
    }

    /// Relations and addresses, the document's own first.
    fn links(&self, feed: &Feed, format: Format) -> Vec<(&'static str, String)> {
        let mut links = vec![("self", self.address(feed, format))];
        if self.is_archive() {
            links.push(("current", current(feed, format)));
        }
        let pages = [("prev-archive", &self.previous), ("next-archive", &self.next)];
        links.extend(pages.into_iter().filter_map(|(rel, url)| Some((rel, text::line(url.as_deref()?)))));
        links
    }
}

impl Frame {
    /// Cuts the end off a document without entries.
    fn of(mut document: String, between: &'static str, after: &'static str) -> Self {
        document.truncate(document.strip_suffix(after).map_or(document.len(), str::len));
        Self { before: document.into(), between, after }
    }

    /// The document with these entries.
    fn join(self, format: Format, entries: &[Arc<Fragments>]) -> Rope {
        // An entry is its form up to the HTML, the HTML, and the rest.
        let mut pieces = Vec::with_capacity(entries.len() * 4 + 2);
        pieces.push(self.before.into());
        for (i, entry) in entries.iter().enumerate() {
            if i > 0 && !self.between.is_empty() {
                pieces.push(Bytes::from_static(self.between.as_bytes()).into());
            }
            pieces.extend_from_slice(entry.pieces(format));
        }
        pieces.push(Bytes::from_static(self.after.as_bytes()).into());
        Rope::new(pieces)
    }
}

/// The address of the feed's current document.
fn current(feed: &Feed, format: Format) -> String {
    [&text::line(&feed.url), format.file_name()].concat()
}

/// The document of a feed: its frame around rendered entries, in the order given.
#[must_use]
pub fn document(format: Format, feed: &Feed, entries: &[Arc<Fragments>]) -> Rope {
    document_at(format, feed, &Standing::default(), entries)
}

/// The document of a feed that keeps archives, or a page of its archive.
#[must_use]
pub fn document_at(format: Format, feed: &Feed, place: &Standing, entries: &[Arc<Fragments>]) -> Rope {
    let frame = match format {
        Format::Rss => rss::frame(feed, place),
        Format::Atom => atom::frame(feed, place),
        Format::Json => json::frame(feed, place),
    };
    frame.join(format, entries)
}

#[cfg(test)]
mod tests;
