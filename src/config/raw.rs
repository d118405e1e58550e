//! The configuration file as it is written: YAML ⇄ these shapes, and the JSON Schema of both.
//!
//! Every key is optional here; [`super::resolve`] fills in presets and defaults and judges the values. Texts with a
//! grammar of their own (addresses, zones, durations, globs) stay texts here, so that an error can name its key.

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Archives, Content, Duplicates, Future, OnDelete, PathReuse, Program, Search};
use crate::post::{
    category::{ListRule, SplitRule},
    date::DateOrder,
    fields::Field,
    id::IdRule,
};

/// The whole file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "Feedwright's configuration")]
pub(super) struct File {
    /// The folders whose posts become feeds.
    #[serde(deserialize_with = "list_or_nothing")]
    #[schemars(extend("items" = {"$ref": "#/$defs/Posts", "required": ["path"]}))]
    pub(super) posts: Vec<Posts>,
    /// What holds for every folder that does not say otherwise: the keys of `posts`, without `path` and `name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("not" = {"anyOf": [{"required": ["path"]}, {"required": ["name"]}]}))]
    pub(super) defaults: Option<Posts>,
    /// Where the feeds live on the web: an absolute http(s) address. Without it, links use the listen address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) base_url: Option<String>,
    /// The folder that the documents are written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<PathBuf>,
    /// The folder that the catalog is kept in, outside the output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<PathBuf>,
    /// An address and port for HTTP, or `fd` for a socket that systemd passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) listen: Option<String>,
    /// Who sees `/status`, `/status.json` and `/metrics`: `loopback`, `public`, or an address and port of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) admin: Option<String>,
    /// How often a client may fetch feeds without saying what it has; unlimited if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) poll_limit: Option<PollLimit>,
    /// Addresses and networks of proxies whose word on a client's address counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trusted_proxies: Option<Vec<String>>,
    /// How many may be connected at a time; past that, who keeps the server waiting makes room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_connections: Option<u32>,
    /// The title of the main feed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    /// The description of the main feed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    /// The language of the feeds (BCP 47, such as `zh-CN`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) language: Option<String>,
    /// The author of posts that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) author: Option<String>,
    /// The address of a small square picture that readers show beside the feeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) icon: Option<String>,
    /// The address of a larger picture, at most twice as wide as high.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logo: Option<String>,
    /// What an entry carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<Content>,
    /// What the search on the pages looks at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) search: Option<Search>,
    /// Which posts a feed shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) window: Option<Window>,
    /// Whether the posts that a feed shows no more can be had in archives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) archives: Option<Archives>,
    /// Addresses and words of categories, for all folders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) categories: Option<Names>,
    /// Feeds of one's own, by the name that stands in their address, `/feeds/NAME/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) feeds: Option<BTreeMap<String, OwnFeed>>,
    /// What opens private feeds: whose it is, and the hash that `feedwright config token` prints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tokens: Option<BTreeMap<String, String>>,
    /// Where requests for addresses of the past go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) redirects: Option<Redirects>,
    /// How long a client may keep a feed before it asks again (`Cache-Control: max-age`), such as `5 min`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_age: Option<String>,
    /// How much memory the documents that are served may take, such as `64 MiB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_size: Option<String>,
    /// How long a post stays in the feeds when its file alone vanished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delete_grace: Option<String>,
    /// How long posts stay when half of their folder vanished with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mass_delete_grace: Option<String>,
    /// The time between two looks at every file; events are followed at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scan_interval: Option<String>,
}

/// One folder of posts, or what holds for all of them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Posts {
    /// The folder; a relative path starts at the configuration file's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<PathBuf>,
    /// A short name, part of the id of every post; needed with several folders, `posts` otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// Which defaults to begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) preset: Option<Preset>,
    /// The address of the blog that shows the posts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) site_url: Option<String>,
    /// The blog's pattern for the addresses of posts, as its generator writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) permalink: Option<String>,
    /// The zone of the dates in permalinks, where the blog is built in another one; `timezone` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) permalink_timezone: Option<String>,
    /// The zone of dates that name none, such as `Asia/Shanghai`; the system's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timezone: Option<String>,
    /// The language of posts that name none (BCP 47).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) language: Option<String>,
    /// What a post's id is made from when its front matter has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ids: Option<IdRule>,
    /// Globs of more names that are posts; `tag:NAME`, `category:A/B`, `author:NAME`, `title:WORDS` and `text:WORDS` let only
    /// such posts in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) include: Option<Vec<String>>,
    /// Globs of names that are no posts; `tag:NAME`, `category:A/B` … leave such posts out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exclude: Option<Vec<String>>,
    /// More names for front matter keys: the name in the file, then the key it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) keys: Option<BTreeMap<String, Field>>,
    /// A category path, names joined by `/`, that is put before every category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) category_prefix: Option<String>,
    /// How categories are read and called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) categories: Option<Categories>,
    /// Whether a post dated in the future waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) future: Option<Future>,
    /// What a crawler rewrites without meaning it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) volatile: Option<Vec<Flicker>>,
    /// What becomes of a post whose file vanished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) on_delete: Option<OnDelete>,
    /// What another text, with another date, at a known path is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path_reuse: Option<PathReuse>,
    /// The window of feeds that hold posts of this folder alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) window: Option<Window>,
    /// Whether a file must have front matter to be a post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) front_matter: Option<FrontMatter>,
    /// The encoding of files that are not UTF-8, such as `gb18030`; guessed if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) encoding: Option<String>,
    /// What `01/02/2024` means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) date_order: Option<DateOrder>,
    /// Who may read its posts: `public`, or `token` for the holders of any token, or names of tokens.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "one_or_several")]
    pub(super) access: Option<Vec<String>>,
}

/// A feed of one's own. Picks are `tag:NAME`, `category:A/B`, `author:NAME`, `source:FOLDER`, `title:WORDS`,
/// `text:WORDS`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OwnFeed {
    /// Its title; its name if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    /// Its description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    /// Its language (BCP 47).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) language: Option<String>,
    /// Only posts that one of these picks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) any: Option<Vec<String>>,
    /// Only posts that each of these picks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) all: Option<Vec<String>>,
    /// No posts that one of these picks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) none: Option<Vec<String>>,
    /// Only posts published on this day or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    /// Only posts published before this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<String>,
    /// What becomes of entries with the same link, or with the same title on the same day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) duplicates: Option<Duplicates>,
    /// Who may read it: `public`, or `token` for the holders of any token, or names of tokens.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "one_or_several")]
    pub(super) access: Option<Vec<String>>,
    /// What it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) window: Option<Window>,
}

/// A bundle of defaults for the folders of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Preset {
    /// Posts from anywhere.
    #[default]
    Plain,
    /// Posts that a crawler writes, and writes again.
    Crawler,
    /// A Hexo blog's `source/_posts`.
    Hexo,
    /// A Jekyll blog's `_posts`.
    Jekyll,
    /// A Hugo site's `content`.
    Hugo,
    /// A Zola site's `content`.
    Zola,
}

/// What a crawler rewrites without meaning it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Flicker {
    /// A date that is the time of writing.
    Date,
    /// The front matter's picture.
    Image,
}

/// Whether a file must have front matter to be a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FrontMatter {
    /// A file without it is skipped.
    #[default]
    Required,
    /// A file without it is a post.
    Optional,
}

/// How categories are read and called.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Categories {
    /// What a flat list means: one path from parent to child, or several categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) list: Option<ListRule>,
    /// Whether one text is several categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) split: Option<SplitRule>,
    /// A name or path, and the name or path that stands for it from now on; an empty one drops the category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aliases: Option<BTreeMap<String, String>>,
    /// Addresses and words of categories, by path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) names: Option<BTreeMap<String, Name>>,
    /// The category of posts that have none; `none` for no category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uncategorised: Option<String>,
}

/// The part of `categories` that concerns all folders.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Names {
    /// Addresses and words of categories, by path.
    pub(super) names: BTreeMap<String, Name>,
}

/// The address and words of one category.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Name {
    /// The category's part of addresses, in place of its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) slug: Option<String>,
    /// The title of its feed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    /// The description of its feed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    /// The language of its feed (BCP 47).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) language: Option<String>,
    /// Who may read it and all below it: `public`, or `token` for the holders of any token, or names of tokens.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "one_or_several")]
    pub(super) access: Option<Vec<String>>,
}

/// Where requests for addresses of the past go, when there is nothing of ours at them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Redirects {
    /// The programs whose feeds had these addresses; all that are known if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) presets: Option<Vec<Program>>,
    /// A path, and the path, the address or the word `gone` that answers it. One `*` stands for anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) table: Option<BTreeMap<String, String>>,
}

/// Which posts a feed shows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Window {
    /// The newest so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entries: Option<u32>,
    /// And all that were published within so many hours before the feed's newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hours: Option<u32>,
    /// But never more entries than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_entries: Option<u32>,
    /// Nor a larger document than this, such as `1 MiB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_size: Option<String>,
}

/// How often a client may fetch feeds without saying what it has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PollLimit {
    /// So many times …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) requests: Option<u32>,
    /// … in a time, such as `10 min`, that starts with the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) per: Option<String>,
}

/// A list, or nothing after the colon: what is left when every example under `posts:` is commented out.
fn list_or_nothing<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Posts>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// One text, or a list of them.
fn one_or_several<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    struct Texts;

    impl<'de> serde::de::Visitor<'de> for Texts {
        type Value = Vec<String>;

        fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            out.write_str("a text, or a list of texts")
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(vec![text.to_owned()])
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut texts = Vec::new();
            while let Some(text) = items.next_element()? {
                texts.push(text);
            }
            Ok(texts)
        }
    }

    from.deserialize_any(Texts).map(Some)
}
