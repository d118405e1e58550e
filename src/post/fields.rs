//! Keys and their aliases → fields.

use super::front_matter::{Node, Value};

/// A fact that the front matter may state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// `title`
    Title,
    /// `date`
    Published,
    /// `updated`
    Updated,
    /// `categories`
    Categories,
    /// `tags`
    Tags,
    /// `author`
    Authors,
    /// `image`
    Image,
    /// `link`
    Link,
    /// `permalink`
    Permalink,
    /// `slug`
    Slug,
    /// `id`
    Id,
    /// `excerpt`
    Excerpt,
    /// `language`
    Language,
    /// `draft`
    Draft,
    /// `expiryDate`
    Expires,
}

impl Field {
    /// Its keys, the first that is set counts. Case does not matter.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Title => &["title"],
            Self::Published => &["date", "published_at", "pubDate", "created", "publishDate", "published"],
            Self::Updated => &["updated", "lastmod", "last_modified_at", "modified"],
            Self::Categories => &["categories", "category"],
            Self::Tags => &["tags", "tag", "keywords"],
            Self::Authors => &["author", "authors"],
            Self::Image => &["headimg", "thumbnail", "cover", "image", "banner", "featured_image", "index_img"],
            Self::Link => &["link", "original_url", "canonical", "source", "url"],
            Self::Permalink => &["permalink", "path"],
            Self::Slug => &["slug"],
            Self::Id => &["id", "guid", "uuid"],
            Self::Excerpt => &["excerpt", "summary", "description"],
            Self::Language => &["lang", "language"],
            Self::Draft => &["draft"],
            Self::Expires => &["expiryDate", "expires"],
        }
    }
}

/// A front matter, looked up by field.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    root: &'a Node,
    /// More names: (key, field).
    more: &'a [(String, Field)],
}

impl<'a> Fields<'a> {
    /// Looks into `root`; `more` are the configured names.
    #[must_use]
    pub fn new(root: &'a Node, more: &'a [(String, Field)]) -> Self {
        Self { root, more }
    }

    /// Every value that is set for a field, in order of preference. Zola keeps some of them in `[taxonomies]` and
    /// `[extra]`.
    pub fn all(self, field: Field) -> impl Iterator<Item = &'a Node> {
        let configured = self.more.iter().filter(move |(_, named)| *named == field).map(|(key, _)| key.as_str());
        let names: Vec<&'a str> = configured.chain(field.keys().iter().copied()).collect();
        let nested: &[&str] = match field {
            Field::Categories | Field::Tags | Field::Authors => &["taxonomies", "extra"],
            Field::Image | Field::Link | Field::Language => &["extra"],
            _ => &[],
        };
        let roots = std::iter::once(self.root).chain(nested.iter().filter_map(move |name| self.root.get(name)));
        roots.flat_map(move |root| names.clone().into_iter().filter_map(move |name| root.get(name))).filter(|node| is_set(node))
    }

    /// The first value that is set.
    #[must_use]
    pub fn first(self, field: Field) -> Option<&'a Node> {
        self.all(field).next()
    }

    /// The first value that is a text.
    #[must_use]
    pub fn text(self, field: Field) -> Option<&'a str> {
        self.all(field).find_map(Node::text).map(str::trim)
    }

    /// A key that is no field.
    #[must_use]
    pub fn key(self, key: &str) -> Option<&'a Node> {
        self.root.get(key).filter(|node| is_set(node))
    }
}

fn is_set(node: &Node) -> bool {
    match &node.value {
        Value::Null => false,
        Value::Text(text) => !text.trim().is_empty(),
        Value::List(items) => !items.is_empty(),
        Value::Map(entries) => !entries.is_empty(),
    }
}

/// A switch: `true`, `yes`, `on`, `1` and their opposites, whatever their case; `None` for anything else.
#[must_use]
pub fn switch(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}
