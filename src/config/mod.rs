//! YAML → [`Settings`]: unknown keys refused with a suggestion; every error names file, line and key.
//!
//! In: the configuration file, what the command line says over it, and the process's [`Surroundings`]. Out: [`Settings`]
//! in which every path is absolute and every default filled in. Nothing here looks into a posts folder.
//!
//! In reading order: `raw` is the file as it is written, `positions` knows where its keys stand, `load` finds and reads it,
//! `presets` and `merge` lay defaults under it, `resolve` judges the values, each by its `text`, and `overlap` the folders. `blog`
//! writes a configuration for a blog, `unit` a drop-in for systemd.

mod access;
mod blog;
mod error;
mod load;
mod merge;
mod overlap;
mod own;
mod positions;
mod presets;
mod quantity;
mod raw;
mod redirects;
mod resolve;
mod selection;
#[cfg(test)]
mod tests;
mod text;
mod unit;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use url::Url;

use crate::{post, serve, watch};

pub use access::{Access, Token};
pub use blog::{BlogError, of_blog, quoted};
pub use error::ConfigError;
pub use load::{Loaded, Loader, Overrides, Surroundings};
pub use redirects::{Destination, Program, Redirect};
pub use selection::{Duplicates, OwnFeed, Pick, Selection};
#[cfg(test)]
pub(crate) use tests::settings_at;
pub use text::web_address;
pub use unit::drop_in;

/// The annotated default configuration, as packages install it.
pub const DEFAULT: &str = include_str!("../../config/feedwright.yaml");

/// The JSON Schema of the configuration file.
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(raw::File)
}

/// Everything a run needs to know, resolved: presets applied, paths absolute, contradictions refused.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the feeds live, with a trailing slash; absent: the listen address.
    pub base_url: Option<Url>,
    /// Where documents are written.
    pub output: PathBuf,
    /// The catalog's folder.
    pub state: PathBuf,
    /// Where HTTP listens.
    pub listen: Listen,
    /// Who sees what is for the administrator.
    pub admin: Admin,
    /// How often a client may fetch feeds without saying what it has.
    pub poll_limit: Option<serve::Limit>,
    /// Proxies whose word on a client's address counts.
    pub trusted_proxies: Vec<serve::Network>,
    /// How many may be connected at a time.
    pub connections: usize,
    /// `Cache-Control: max-age`, seconds.
    pub max_age: u32,
    /// Bytes of bodies and compressed forms that the server keeps.
    pub cache_bytes: usize,
    /// The main feed.
    pub site: Site,
    /// What an entry carries.
    pub content: Content,
    /// What the search on the pages looks at.
    pub search: Search,
    /// What a feed shows.
    pub window: Window,
    /// Whether feeds have archives.
    pub archives: Archives,
    /// Addresses and words of categories, by path.
    pub names: Vec<CategoryName>,
    /// Feeds of one's own, by name.
    pub feeds: Vec<OwnFeed>,
    /// What opens private feeds.
    pub tokens: Vec<Token>,
    /// Addresses of the past, the most important first.
    pub redirects: Vec<Redirect>,
    /// The posts folders; never empty in what [`Loaded::into_settings`] gives.
    pub folders: Vec<Folder>,
    /// How long a post that vanished alone stays.
    pub delete_grace: Duration,
    /// How long posts that vanished together stay.
    pub mass_delete_grace: Duration,
    /// Between full scans; each is moved by up to a quarter either way.
    pub scan_interval: Duration,
}

/// Where HTTP listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// An address of our own.
    Address(SocketAddr),
    /// A socket that the service manager passes.
    Passed,
}

impl Default for Listen {
    fn default() -> Self {
        Self::Address(SocketAddr::from(([127, 0, 0, 1], 8080)))
    }
}

impl std::str::FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "fd" {
            return Ok(Self::Passed);
        }
        let cure = "write an IP address and a port, such as `127.0.0.1:8080` or `[::]:8080`, or `fd`";
        text.parse().map(Self::Address).map_err(|_| format!("`{text}` is no address to listen on: {cure}"))
    }
}

impl std::fmt::Display for Listen {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => address.fmt(out),
            Self::Passed => out.write_str("fd"),
        }
    }
}

/// Who sees `/status`, `/status.json` and `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Admin {
    /// Whoever sits at the machine, and asks without a proxy.
    #[default]
    Loopback,
    /// Everybody.
    Public,
    /// Whoever reaches a listener of their own.
    Address(SocketAddr),
}

impl Admin {
    /// The listener of their own.
    #[must_use]
    pub const fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Address(address) => Some(address),
            Self::Loopback | Self::Public => None,
        }
    }
}

impl std::str::FromStr for Admin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let cure = "write `loopback`, `public`, or an IP address and a port of their own, such as `127.0.0.1:9090`";
        match text {
            "loopback" => Ok(Self::Loopback),
            "public" => Ok(Self::Public),
            _ => text.parse().map(Self::Address).map_err(|_| format!("`{text}` shows nobody the status: {cure}")),
        }
    }
}

/// The words of the main feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Plain text.
    pub title: String,
    /// Plain text.
    pub description: String,
    /// BCP 47.
    pub language: Option<String>,
    /// The author of entries that name none.
    pub author: Option<String>,
    /// A small square picture.
    pub icon: Option<Url>,
    /// A larger picture, up to twice as wide as high.
    pub logo: Option<Url>,
}

/// What an entry carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// The whole post.
    #[default]
    Full,
    /// The summary alone.
    Summary,
}

/// What the search on the pages looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Search {
    /// There is none.
    Off,
    /// Titles.
    #[default]
    Titles,
    /// Titles and texts, which are indexed in the background.
    Text,
}

/// Whether the posts that a feed shows no more can be had in pages of its archive (RFC 5005 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Archives {
    /// Made when somebody asks for them.
    #[default]
    Http,
    /// Kept in the output folder too, for any static server.
    Disk,
    /// Not at all.
    Off,
}

/// What a feed shows: the newest `entries`, all published within `hours` before its newest, and late arrivals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// At least this many.
    pub entries: u32,
    /// Hours before the feed's newest.
    pub hours: u32,
    /// Never more entries than this.
    pub max_entries: u32,
    /// Never a larger document than this, in bytes.
    pub max_bytes: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self { entries: 50, hours: 48, max_entries: 500, max_bytes: 1 << 20 }
    }
}

/// The address and words of one category.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CategoryName {
    /// From parent to child.
    pub path: post::CategoryPath,
    /// Replaces the last name in addresses.
    pub slug: Option<String>,
    /// Plain text.
    pub title: Option<String>,
    /// Plain text.
    pub description: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// Who may read it and all below it.
    pub access: Access,
}

/// One posts folder, resolved.
#[derive(Debug, Clone)]
pub struct Folder {
    /// An absolute path.
    pub path: PathBuf,
    /// How its posts are read; `read.folder` is its name.
    pub read: post::ReadSettings,
    /// Which of its files look like posts.
    pub filter: watch::Filter,
    /// Which of its posts are let in, by tag and category.
    pub selection: Selection,
    /// Whether a post dated in the future waits.
    pub future: Future,
    /// Fields that a crawler rewrites without meaning it.
    pub volatile: Volatile,
    /// What becomes of a post whose file vanished.
    pub on_delete: OnDelete,
    /// What another text at a known path is.
    pub path_reuse: PathReuse,
    /// The window of feeds that hold posts of this folder alone; [`Settings::window`] if absent.
    pub window: Option<Window>,
    /// Who may read its posts.
    pub access: Access,
}

impl Folder {
    /// The folder as the watcher sees it.
    #[must_use]
    pub fn watched(&self) -> watch::Folder {
        watch::Folder { root: self.path.clone(), filter: self.filter.clone() }
    }

    /// Leaves out a post that the folder's [`Selection`] does not let in.
    #[must_use]
    pub fn admit(&self, reading: post::Reading) -> post::Reading {
        self.selection.apply(&self.read.folder, reading)
    }

    /// What relative addresses in a post of this folder are relative to, given its own address: without one that can be
    /// read, all of them start at the site's.
    #[must_use]
    pub fn bases(&self, link: Option<&str>) -> post::body::Bases {
        let site = self.read.links.site_url.clone();
        let own = link.and_then(|link| link.parse().ok());
        post::body::Bases { post: own.or_else(|| site.clone()), site }
    }
}

/// Whether a post dated in the future waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Future {
    /// Until its time comes.
    #[default]
    Hold,
    /// Shown at once.
    Publish,
}

/// Fields that a crawler rewrites without meaning it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Volatile {
    /// A new time stamp does not move the post.
    pub date: bool,
    /// A new picture is ignored until title, text or link change.
    pub image: bool,
}

/// What becomes of a post whose file vanished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnDelete {
    /// It goes after a grace; many at once stay longer.
    #[default]
    Auto,
    /// It goes at once.
    Remove,
    /// It stays until it is out of the window or forgotten.
    Keep,
}

/// What another text, with another date, at a known path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PathReuse {
    /// An edit of the post.
    #[default]
    Edit,
    /// Another post; the old one counts as vanished.
    New,
}
