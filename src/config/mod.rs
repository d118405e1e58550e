//! YAML → [`Settings`]: unknown keys refused with a suggestion; every error names file, line and key.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use url::Url;

use crate::{post, watch};

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
    /// `Cache-Control: max-age`, seconds.
    pub max_age: u32,
    /// Bytes of bodies and compressed forms that the server keeps.
    pub cache_bytes: usize,
    /// The main feed.
    pub site: Site,
    /// What an entry carries.
    pub content: Content,
    /// What a feed shows.
    pub window: Window,
    /// Addresses and words of categories, by path.
    pub names: Vec<CategoryName>,
    /// The posts folders; never empty.
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

/// What a feed shows: the newest `entries`, all published within `hours` before its newest, and late arrivals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
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
    /// Posts of these categories or tags are left out.
    pub exclude: Vec<String>,
    /// Whether a post dated in the future waits.
    pub future: Future,
    /// Fields that a crawler rewrites without meaning it.
    pub volatile: Volatile,
    /// What becomes of a post whose file vanished.
    pub on_delete: OnDelete,
    /// What another text at a known path is.
    pub path_reuse: PathReuse,
    /// Overrides [`Settings::window`] for nothing but this folder's own feed; kept for `/feeds/NAME/`.
    pub window: Option<Window>,
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
