//! HTTP: answers from a shelf of documents. Never renders, never reads a file.
//!
//! What is not on the [`Shelf`] is asked of the daemon ([`Ask`]), with a deadline. A pure `respond` decides; the
//! listener loop carries bytes.

use std::{sync::Arc, time::SystemTime};

use tokio::sync::oneshot;

/// A document as it is served. Bytes may be absent (evicted, or never made): then the daemon is asked for them.
#[derive(Debug, Clone)]
pub struct Document {
    /// With parameters: `application/rss+xml; charset=utf-8`.
    pub media_type: &'static str,
    /// Hash of the bytes; the ETag is made of it.
    pub hash: [u8; 16],
    /// Length of the identity form in bytes.
    pub length: u64,
    /// Whole seconds; absent for pages.
    pub last_modified: Option<SystemTime>,
    /// For a feed: the page that a browser is sent to, as a path in our form (`categories/rust/`).
    pub page: Option<Arc<str>>,
    /// The identity form.
    pub bytes: Option<Arc<[u8]>>,
}

/// What the daemon says about a path that the shelf does not hold.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Here it is, with its bytes; put on the shelf too if it may stay there.
    Document(Arc<Document>),
    /// It lives elsewhere for ever: a path in our form, or an absolute URL.
    Moved(String),
    /// It was removed on purpose.
    Gone,
    /// There is no such thing.
    Absent,
}

/// A question to the daemon: make this document now. `path` is in our form.
#[derive(Debug)]
pub struct Ask {
    /// In our form (see [`crate::feed::address`]): `tags/rust/rss.xml`, `categories/a/`, ``.
    pub path: String,
    /// Where the answer goes; dropped when the asker gave up.
    pub reply: oneshot::Sender<Answer>,
}
