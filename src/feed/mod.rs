//! Posts → [`Entry`] → feed documents. Pure: no I/O, no clock, no logging.
//!
//! An entry is rendered once, to one fragment a format ([`Entry::fragments`]); a document is its frame with the
//! fragments of its window joined in ([`document`]). The joined bytes are those that the library writes for the whole.
//!
//! Invariants: newest first, ties by id; `updated` comes from the entries, never from a clock, so that an unchanged
//! category keeps its bytes; no illegal XML character, relative URL or HTML in a title ever leaves this module.

pub mod address;
pub mod atom;
pub mod json;
pub mod opml;
pub mod rss;
#[cfg(test)]
mod tests;
pub mod text;
pub mod window;

use chrono::{DateTime, Utc};

/// The version of the bytes that this module writes. Raised when equal input gives other bytes, so that an upgrade is
/// not taken for an edit of every post.
pub const VERSION: u32 = 1;

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

/// A category as an entry names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryRef {
    /// Names from parent to child.
    pub path: Vec<String>,
    /// The address of the category's page, absolute: RSS `domain`, Atom `scheme`.
    pub url: String,
}

/// One entry, rendered in each format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragments {
    /// `<item>…</item>`
    pub rss: String,
    /// `<entry>…</entry>`
    pub atom: String,
    /// A JSON Feed item object.
    pub json: String,
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

    /// The document's name in its feed's folder.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Rss => "rss.xml",
            Self::Atom => "atom.xml",
            Self::Json => "feed.json",
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

    /// The media type as HTTP says it.
    #[must_use]
    pub const fn media_type_utf8(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Json => "application/feed+json; charset=utf-8",
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
    /// The address of the feed's folder, absolute, with a trailing slash; the page is there, the documents below it.
    pub url: String,
    /// A language tag (BCP 47).
    pub language: Option<String>,
    /// The author of entries that name none.
    pub author: Option<String>,
    /// The newest `updated` of its entries; the Unix epoch for an empty feed.
    pub updated: DateTime<Utc>,
}

impl Feed {
    /// The address of one of its documents.
    #[must_use]
    pub fn document_url(&self, format: Format) -> String {
        format!("{}{}", self.url, format.file_name())
    }
}

impl Entry {
    /// Renders the entry in every format.
    #[must_use]
    pub fn fragments(&self) -> Fragments {
        Fragments { rss: rss::fragment(self), atom: atom::fragment(self), json: json::fragment(self) }
    }
}

/// The document of a feed: its frame around rendered entries, in the order given.
#[must_use]
pub fn document(format: Format, feed: &Feed, fragments: &[&str]) -> Vec<u8> {
    let (before, after) = match format {
        Format::Rss => rss::frame(feed),
        Format::Atom => atom::frame(feed),
        Format::Json => json::frame(feed),
    };
    let between = if format == Format::Json { "," } else { "" };
    let length: usize = fragments.iter().map(|fragment| fragment.len() + 1).sum();
    let mut document = Vec::with_capacity(before.len() + length + after.len());
    document.extend_from_slice(before.as_bytes());
    for (index, fragment) in fragments.iter().enumerate() {
        if index > 0 {
            document.extend_from_slice(between.as_bytes());
        }
        document.extend_from_slice(fragment.as_bytes());
    }
    document.extend_from_slice(after.as_bytes());
    document
}

impl Fragments {
    /// Bytes of the longest form.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.rss.len().max(self.atom.len()).max(self.json.len())
    }

    /// The form of one format.
    #[must_use]
    pub fn of(&self, format: Format) -> &str {
        match format {
            Format::Rss => &self.rss,
            Format::Atom => &self.atom,
            Format::Json => &self.json,
        }
    }
}
