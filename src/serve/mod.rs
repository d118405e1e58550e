//! HTTP: answers from a shelf of documents. Never renders, never reads a file.
//!
//! What is not on the [`Shelf`] is asked of the daemon ([`Ask`]), with a deadline. A pure `respond` decides; the
//! listener loop carries bytes.
//!
//! In reading order: [`Shelf`] holds the documents and a bounded cache of their bytes; `respond` turns a request and
//! what was found into status and headers, with the help of `conditional`, `encoding`, `links` and `reply`; `client`,
//! `limit` and `authorization` know who asks, how often, and with which password; `answer` finds, asks and compresses,
//! and `desk` knows by heart what it found last; `connections` says who makes room when there are too many, `patient` who
//! is too slow; `conversation` has one connection, and [`Server`] accepts them until it is told to stop; `crowd` says when its
//! threads rest.
//!
//! hyper speaks HTTP, but for what nearly all readers do nearly always: a `plain` request for a document that the desk knows
//! is read where it lies, and the head that answers it was written before (`wire`). `request` is what the rules see of both.

mod answer;
mod authorization;
mod client;
mod conditional;
mod connections;
mod conversation;
mod crowd;
mod desk;
mod encoding;
mod forms;
mod limit;
mod links;
mod listen;
mod patient;
mod plain;
mod reply;
mod request;
mod respond;
mod shelf;
#[cfg(test)]
mod tests;
mod wire;

use std::{
    fmt,
    fs::File,
    io,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::sync::oneshot;
use url::Url;

pub use client::Network;
pub use limit::Limit;
pub use listen::{Server, run};
pub use shelf::{Change, Shelf};

use crate::{
    feed::address::{self, Asked},
    meters::Meters,
    rope::Rope,
};

/// A document as it is served. Bytes may be absent (evicted, or never made): then the daemon is asked for them.
#[derive(Debug, Clone)]
pub struct Document {
    /// With parameters: `application/rss+xml; charset=utf-8`.
    pub media_type: &'static str,
    /// Hash of the bytes; the `ETag` is made of it.
    pub hash: [u8; 16],
    /// Length of the identity form in bytes.
    pub length: u64,
    /// Whole seconds; absent for pages.
    pub last_modified: Option<SystemTime>,
    /// For a feed: the page that a browser is sent to, as a path in our form (`categories/rust/`).
    pub page: Option<Arc<str>>,
    /// How long it may be taken from the shelf.
    pub lifetime: Lifetime,
    /// The identity form.
    pub bytes: Option<Rope>,
}

/// How long a document may be taken from the shelf, and who else may keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Until the daemon puts another one in its place: the feeds that every change refreshes.
    Maintained,
    /// Until [`Shelf::forget_on_demand`]: pages and other documents that were made because someone asked.
    OnDemand,
    /// Not at all: what the administrator asks, `/status.json` and `/metrics`. Nobody may store it.
    Momentary,
    /// Not at all, though anyone may keep it for a minute: what a search found.
    Passing,
    /// Not at all: what only the client that asks may see and keep (`Cache-Control: private`). Neither other sites nor
    /// search engines learn of it, no form of it is cached, and browsers are not sent elsewhere.
    Private,
}

/// What the daemon says about a path that the shelf does not hold.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Here it is, with its bytes. If it may stay on the shelf, the daemon has put it there before it answers: only
    /// the daemon knows whether a change came in between.
    Document(Arc<Document>),
    /// It lives elsewhere for ever: a path in our form, or an absolute URL.
    Moved(String),
    /// The same for a private document: the reply is for the client that asks alone.
    MovedPrivately(String),
    /// It is for those who show the right credential, and this one was wrong or absent.
    Locked,
    /// It was removed on purpose.
    Gone,
    /// There is no such thing.
    Absent,
}

/// A question to the daemon: make this document now.
pub struct Ask {
    /// In our form (see [`crate::feed::address`]): `tags/rust/rss.xml`, `categories/a/`; empty for the root.
    pub path: String,
    /// The password of a well-formed `Authorization: Basic` header (RFC 7617).
    pub credential: Option<String>,
    /// What stands behind the `?`, as it came and at most [`QUERY_BYTES`] long; only for [`SEARCH`].
    pub query: Option<String>,
    /// Where the answer goes; dropped when the asker gave up.
    pub reply: oneshot::Sender<Answer>,
}

/// Credentials are not for logs.
impl fmt::Debug for Ask {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Ask").field("path", &self.path).field("query", &self.query).finish_non_exhaustive()
    }
}

/// The only path whose answer depends on the query. Bare it is a page like others; with a query it is asked of the
/// daemon each time.
pub const SEARCH: &str = "search/";

/// The longest query that is passed on.
pub const QUERY_BYTES: usize = 512;

/// Who may see `/status`, `/status.json` and `/metrics` on a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Admin {
    /// Whoever sits at the machine: loopback addresses, unless a proxy passes the request on.
    #[default]
    Loopback,
    /// Everybody.
    Public,
    /// Nobody: they have a listener of their own.
    Apart,
    /// Everybody, and nothing else is here: this is that listener.
    Alone,
}

/// How the server behaves. [`Settings::default`] suits everyone; tests are less patient.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The path under which the feeds live, in our form, without a slash at its ends; requests are accepted with and
    /// without it. Empty: the root.
    pub prefix: String,
    /// The root of the feeds as readers know it: a URL with a slash at its end. Absent: links are relative to the host.
    pub base: Option<String>,
    /// Who may see what is for the administrator.
    pub admin: Admin,
    /// How often a client may fetch feeds without saying what it has (`If-None-Match`, `If-Modified-Since`).
    pub limit: Option<Limit>,
    /// Proxies whose word on a client's address counts.
    pub trusted: Vec<Network>,
    /// `Cache-Control: max-age`, seconds.
    pub max_age: u32,
    /// How long the daemon may take to answer an [`Ask`]. It may be waiting for a disk that other programs keep busy.
    pub answer_within: Duration,
    /// How long a client may take to send a request's head, and to be idle before it.
    pub head_within: Duration,
    /// How long a client may take for the next 64 KiB of a response, or for its end, before it is cut off.
    pub stalled_after: Duration,
    /// How long responses in flight may take once the server is told to stop.
    pub finish_within: Duration,
    /// Connections at a time; past that, those that keep us waiting make room for new ones.
    pub connections: usize,
    /// Connections of one address (of one /64 in IPv6) at a time, unless many stand behind it: a trusted proxy, or this
    /// machine.
    pub connections_each: usize,
    /// Where to get files from which is sent what is asked for often. Absent: all is sent from memory.
    pub files: Option<Files>,
    /// Where answers are counted.
    pub meters: Meters,
    /// Requests on one connection; then it is closed, so that no client keeps its place for ever.
    pub requests: u32,
}

/// Who makes an empty file that nobody else can open, and that is gone once it is closed.
#[derive(Clone)]
pub struct Files(pub Arc<dyn Fn() -> io::Result<File> + Send + Sync>);

impl fmt::Debug for Files {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Files")
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            base: None,
            admin: Admin::Loopback,
            limit: None,
            trusted: Vec::new(),
            max_age: 300,
            answer_within: Duration::from_secs(10),
            head_within: Duration::from_secs(10),
            stalled_after: Duration::from_secs(30),
            finish_within: Duration::from_millis(1500),
            connections: 1024,
            connections_each: 64,
            files: None,
            meters: Meters::default(),
            requests: 1000,
        }
    }
}

impl Settings {
    /// The settings of a server whose documents live below `base_url`.
    #[must_use]
    pub fn new(base_url: Option<&Url>, max_age: u32) -> Self {
        let prefix = base_url.map_or(Asked::Nothing, |base| address::decode(base.path().as_bytes()));
        let prefix = match prefix {
            Asked::Path(path) | Asked::Moved(path) => path.trim_matches('/').to_owned(),
            Asked::Nothing => String::new(),
        };
        Self { prefix, base: base_url.map(Url::to_string), max_age, ..Self::default() }
    }
}
