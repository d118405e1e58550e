//! JSON Feed 1.1.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::{Entry, Feed, Format, text::clean};

/// An item, as it is written and as pages read it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item<'a> {
    /// The entry's id.
    pub id: Cow<'a, str>,
    /// Absolute URL.
    pub url: Cow<'a, str>,
    /// Plain text.
    pub title: Cow<'a, str>,
    /// Sanitised HTML. An item has this or `content_text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_html: Option<Cow<'a, str>>,
    /// Plain text, where the feed carries summaries only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_text: Option<Cow<'a, str>>,
    /// Plain text.
    pub summary: Cow<'a, str>,
    /// Absolute URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Cow<'a, str>>,
    /// RFC 3339.
    pub date_published: DateTimeText,
    /// RFC 3339.
    pub date_modified: DateTimeText,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<Author<'a>>,
    /// Category paths (`a/b/c`), then tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Cow<'a, str>>,
    /// BCP 47.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Cow<'a, str>>,
}

/// A time as JSON Feed writes it: RFC 3339 in UTC, whole seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DateTimeText(pub String);

impl From<DateTime<Utc>> for DateTimeText {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

/// An author object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author<'a> {
    /// Plain text.
    pub name: Cow<'a, str>,
}

#[derive(Serialize)]
struct Head<'a> {
    version: &'static str,
    title: Cow<'a, str>,
    home_page_url: &'a str,
    feed_url: String,
    description: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authors: Option<[Author<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    items: [(); 0],
}

fn item(entry: &Entry) -> Item<'_> {
    let categories = entry.categories.iter().map(|category| Cow::Owned(clean(&category.path.join("/")).into_owned()));
    Item {
        id: clean(&entry.id),
        url: Cow::Borrowed(&entry.link),
        title: clean(&entry.title),
        content_html: entry.content.as_deref().map(clean),
        content_text: entry.content.is_none().then(|| clean(&entry.summary)),
        summary: clean(&entry.summary),
        image: entry.image.as_ref().map(|image| clean(&image.url)),
        date_published: entry.published.into(),
        date_modified: entry.updated.into(),
        authors: entry.authors.iter().map(|name| Author { name: clean(name) }).collect(),
        tags: categories.chain(entry.tags.iter().map(|tag| clean(tag))).collect(),
        language: entry.language.as_deref().map(Cow::Borrowed),
    }
}

/// An item object.
pub(super) fn fragment(entry: &Entry) -> String {
    serde_json::to_string(&item(entry)).unwrap_or_default()
}

/// What stands before and after the items.
pub(super) fn frame(feed: &Feed) -> (String, String) {
    let head = Head {
        version: "https://jsonfeed.org/version/1.1",
        title: clean(&feed.title),
        home_page_url: &feed.url,
        feed_url: feed.document_url(Format::Json),
        description: clean(&feed.description),
        authors: feed.author.as_deref().map(|name| [Author { name: clean(name) }]),
        language: feed.language.as_deref(),
        items: [],
    };
    let mut document = serde_json::to_string(&head).unwrap_or_default();
    let end = document.rfind("]}").unwrap_or(document.len());
    let after = document.split_off(end);
    (document, after + "\n")
}
