//! JSON Feed 1.1: an [`Entry`] → an item object, a [`Feed`] → the frame around items. Fields are written in the order
//! in which the structs name them.
//!
//! An item is also read back: HTML pages are made from stored fragments, not from posts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Enclosure, Entry, Feed, Format, Frame, Standing, text};

/// An entry in JSON Feed's words. Absent optional fields are not written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// An IRI.
    pub id: String,
    /// Absolute http(s) URL.
    pub url: String,
    /// Plain text.
    pub title: String,
    /// Sanitised HTML, when the feed carries whole posts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_html: Option<String>,
    /// The summary again, when there is no HTML: an item must have one of the two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_text: Option<String>,
    /// Plain text.
    pub summary: String,
    /// Absolute http(s) URL of the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Whole seconds.
    pub date_published: DateTime<Utc>,
    /// Whole seconds, never before `date_published`.
    pub date_modified: DateTime<Utc>,
    /// Possibly none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<Author>,
    /// What RSS has as categories: category paths as `a/b/c`, then tags; each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// A language tag (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Sounds and films, possibly none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
}

/// A file that comes with an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Absolute http(s) URL.
    pub url: String,
    /// `audio/…` or `video/…`.
    pub mime_type: String,
    /// Bytes, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_in_bytes: Option<u64>,
}

/// Who wrote an item or a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// Plain text.
    pub name: String,
}

/// The whole document; `items` comes last, so that rendered items can be joined in.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    version: &'static str,
    title: String,
    home_page_url: String,
    feed_url: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    favicon: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    pub(super) items: Vec<Item>,
}

impl Item {
    /// An entry with this HTML, clean.
    pub(super) fn new(entry: &Entry, html: Option<String>) -> Self {
        let paths = entry.categories.iter().map(|c| c.path.join("/"));
        let mut tags: Vec<String> = Vec::new();
        for tag in paths.chain(entry.tags.iter().cloned()).map(|tag| text::line(&tag)) {
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        let summary = text::line(&entry.summary);
        Self {
            id: text::line(&entry.id),
            url: text::uri(&entry.link),
            title: text::line(&entry.title),
            content_text: html.is_none().then(|| summary.clone()),
            content_html: html,
            summary,
            image: entry.image.as_ref().map(|image| text::uri(&image.url)),
            date_published: text::seconds(entry.published),
            date_modified: text::seconds(entry.updated),
            authors: entry.authors.iter().map(|name| Author { name: text::line(name) }).collect(),
            tags,
            language: entry.language.as_deref().map(text::line),
            attachments: entry.enclosures.iter().map(Attachment::from).collect(),
        }
    }
}

impl From<&Enclosure> for Attachment {
    fn from(file: &Enclosure) -> Self {
        Self { url: text::uri(&file.url), mime_type: text::line(&file.media_type), size_in_bytes: file.length }
    }
}

/// An item object with this HTML, clean.
pub(super) fn fragment(entry: &Entry, html: Option<String>) -> String {
    text::written(serde_json::to_vec(&Item::new(entry, html)))
}

/// Appends HTML as a JSON string. Of control characters, clean text has two.
pub(super) fn append_content(html: &[u8], to: &mut Vec<u8>) {
    to.push(b'"');
    text::append_replacing(html, to, |byte| match byte {
        b'"' => Some(r#"\""#),
        b'\\' => Some(r"\\"),
        b'\n' => Some(r"\n"),
        b'\t' => Some(r"\t"),
        _ => None,
    });
    to.push(b'"');
}

/// The document without its items.
pub(super) fn frame(feed: &Feed, place: &Standing) -> Frame {
    let empty = text::written(serde_json::to_vec(&document(feed, place)));
    Frame::of(empty, ",", "]}")
}

pub(super) fn document(feed: &Feed, place: &Standing) -> Document {
    Document {
        version: "https://jsonfeed.org/version/1.1",
        title: text::line(&feed.title),
        home_page_url: text::line(&feed.page),
        feed_url: place.address(feed, Format::Json),
        description: text::line(&feed.description),
        next_url: place.previous.as_deref().map(text::line),
        // `icon` is the large one here, `favicon` the small one.
        icon: feed.logo.as_ref().or(feed.icon.as_ref()).map(|url| text::uri(url)),
        favicon: feed.icon.as_deref().map(text::uri),
        authors: feed.author.iter().map(|name| Author { name: text::line(name) }).collect(),
        language: feed.language.as_deref().map(text::line),
        items: Vec::new(),
    }
}
