//! Read one post: bytes in, [`Post`] out.
//!
//! Pure: no I/O, no clock, no logging. What a reader should be told comes back as [`Diagnostic`]s; the caller, who
//! knows the path, says it.
//!
//! In order: [`decode`] bytes to text, split and parse the [`front_matter`], look up its [`fields`], read the
//! [`date`], [`category`], [`title`] and [`link`], keep the [`body`] as it stands. Markup is parsed only by
//! [`body::render`], when a feed needs the entry.

pub mod body;
pub mod category;
pub mod date;
pub mod decode;
pub mod diagnostic;
pub mod enclosure;
pub mod fields;
pub mod front_matter;
pub mod id;
pub mod language;
pub mod link;
mod read;
pub mod title;

use std::path::Path;

use chrono::{DateTime, Utc};

pub use body::{Body, Markup};
pub use category::CategoryPath;
pub use diagnostic::{Code, Diagnostic, Level, PostError};
pub use enclosure::Enclosure;
pub use read::read;

/// The endings of names that are posts, in any case, with what their bodies are written in.
pub const ENDINGS: [(&str, Markup); 5] = [
    ("md", Markup::Markdown),
    ("markdown", Markup::Markdown),
    ("mdown", Markup::Markdown),
    ("html", Markup::Html),
    ("htm", Markup::Html),
];

/// What a post is written in whose name has this ending, without its dot; nothing if that is not one of [`ENDINGS`].
#[must_use]
pub fn markup(ending: &[u8]) -> Option<Markup> {
    let is_it = |(known, _): &&(&str, Markup)| known.as_bytes().eq_ignore_ascii_case(ending);
    ENDINGS.iter().find(is_it).map(|(_, markup)| *markup)
}

/// One post file as it was found.
#[derive(Debug, Clone, Copy)]
pub struct SourceFile<'a> {
    /// The path below the posts folder.
    pub path: &'a Path,
    /// The whole file.
    pub bytes: &'a [u8],
    /// The file's modification time.
    pub modified: DateTime<Utc>,
}

/// A post, read. Every text is plain: no markup, no entities, white space folded; only `body` is as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    /// Plain text, never empty.
    pub title: String,
    /// When it was published, and how that is known.
    pub published: Published,
    /// What the front matter says of the last edit.
    pub updated: Option<DateTime<Utc>>,
    /// When it stops being public (`expiryDate`).
    pub expires: Option<DateTime<Utc>>,
    /// Paths from parent to child; empty when the post has none and no default is configured.
    pub categories: Vec<CategoryPath>,
    /// In the order of the file, without duplicates.
    pub tags: Vec<String>,
    /// In the order of the file, without duplicates.
    pub authors: Vec<String>,
    /// The front matter's picture, an absolute URL if it can be made one.
    pub image: Option<String>,
    /// Sounds and films of the front matter, each once.
    pub enclosures: Vec<Enclosure>,
    /// The post's own address, an absolute http(s) URL.
    pub link: Option<String>,
    /// The id that the front matter or the old generator gave; absent when the path decides.
    pub id: Option<String>,
    /// A language tag (BCP 47).
    pub language: Option<String>,
    /// The front matter's summary.
    pub excerpt: Option<String>,
    /// Whether it may be shown.
    pub visibility: Visibility,
    /// The text under the front matter.
    pub body: Body,
    /// What subscribers would call another text: title, link and the words of the body.
    pub digest: [u8; 16],
    /// Digest of the body as it is written.
    pub written: [u8; 16],
}

/// A publication time and its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// In years 1–9999.
    pub at: DateTime<Utc>,
    /// Where it was found.
    pub from: PublishedFrom,
    /// The date is the time at which a crawler wrote the file, so a rewrite brings another one.
    pub stamp: bool,
}

/// Where a publication time was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublishedFrom {
    /// A date key of the front matter.
    FrontMatter,
    /// `YYYY-MM-DD-…` in the file's name.
    FileName,
    /// The file's modification time at first sight.
    FileTime,
}

/// Whether a post may be shown to the public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Shown, once its time has come.
    Public,
    /// Never in a feed: a draft, unpublished, or behind a password. Holds the key that said so.
    Withheld(&'static str),
}

/// How the posts of one folder are read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadSettings {
    /// The folder's name, part of every id that is made from a path.
    pub folder: String,
    /// Whether a file without front matter is a post.
    pub front_matter: FrontMatterRule,
    /// The encoding of files that are not UTF-8 and have no BOM; guessed when absent.
    pub encoding: Option<&'static encoding_rs::Encoding>,
    /// More names for the keys: (name in the file, our field).
    pub keys: Vec<(String, fields::Field)>,
    /// How dates are read.
    pub dates: date::DateRules,
    /// How categories are read.
    pub categories: category::CategoryRules,
    /// How links are made.
    pub links: link::LinkRules,
    /// What the id is made from when the front matter has none.
    pub ids: id::IdRule,
    /// The language of posts that name none.
    pub language: Option<String>,
}

/// Hexo's rules, in UTC, for a folder that is called `posts`.
impl Default for ReadSettings {
    fn default() -> Self {
        Self {
            folder: "posts".to_owned(),
            front_matter: FrontMatterRule::Required,
            encoding: None,
            keys: Vec::new(),
            dates: date::DateRules {
                timezone: date::Timezone::UTC,
                order: date::DateOrder::Unset,
                stamps: date::StampRule::SameZone,
            },
            categories: category::CategoryRules::default(),
            links: link::LinkRules::default(),
            ids: id::IdRule::Path,
            language: None,
        }
    }
}

/// Whether a file must have front matter to be a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FrontMatterRule {
    /// A file without it is skipped.
    #[default]
    Required,
    /// A file without it is a post.
    Optional,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The post, or why there is none.
    pub outcome: Outcome,
    /// What a person should be told, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// A post, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A post, public or not.
    Post(Box<Post>),
    /// No post and not meant to be one; the diagnostics say why.
    Skipped,
    /// A post, but one that the configuration does not let in.
    LeftOut,
    /// Meant to be a post, but it cannot be read.
    Rejected(PostError),
}
