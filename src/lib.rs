//! Feedwright turns a folder of post files into feeds.
//!
//! Data flows one way:
//!
//! ```text
//! path → SourceFile → Post → Catalog → Feed → Rope → bytes on disk and on the wire
//! watch    post/      post/  catalog/  feed/  feed/  publish/, serve/
//! ```
//!
//! # Layout, in reading order
//!
//! - [`post`]: bytes of one file → [`post::Post`]. Pure: no I/O, no clock.
//! - [`feed`]: posts → [`feed::Entry`] → RSS, Atom, JSON Feed and OPML documents. Pure.
//! - [`catalog`]: what was seen when, and under which id; the only user of SQLite.
//! - [`watch`]: which files changed; the only user of notify.
//! - [`publish`]: documents → the output folder, atomically.
//! - [`site`]: the HTML pages, from compiled templates.
//! - [`serve`]: HTTP. Answers from a map of documents; never renders, never reads a file.
//! - [`pipeline`]: one pass through all of the above, for `build` and for the daemon.
//! - [`daemon`]: the event loop, with the only clock that decides about posts; [`systemd`] tells the service manager,
//!   [`sandbox`] bounds what the program may reach.
//! - [`meters`]: what each part counts, for `/metrics`.
//! - [`uri`]: an address as RFC 3986 wants it, and [`bytes`]: looks through texts, and digests, and
//!   [`rope`]: bytes that are put together late, and `cores`: work on all cores; for all stages alike.
//! - [`config`]: YAML → [`config::Settings`]; [`cli`]: the command line.

pub mod bytes;
pub mod catalog;
pub mod cli;
pub mod config;
mod cores;
pub mod daemon;
pub mod feed;
pub mod meters;
pub mod pipeline;
pub mod post;
pub mod publish;
pub mod rope;
pub mod sandbox;
pub mod serve;
pub mod site;
pub mod systemd;
pub mod uri;
pub mod watch;
