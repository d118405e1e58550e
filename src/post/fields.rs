//! Keys and their aliases → fields.

/// A fact that the front matter may state.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
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
