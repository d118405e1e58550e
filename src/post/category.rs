//! Category shapes → category paths.

use std::collections::BTreeMap;

/// Names from parent to child, never empty, each non-empty.
pub type CategoryPath = Vec<String>;

/// How categories are read. Hexo's rule is the default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CategoryRules {
    /// What a flat list means.
    pub list: ListRule,
    /// Whether a string is several categories.
    pub split: SplitRule,
    /// Renames and merges. Key and value are paths: a key of one name maps that name wherever it stands; an empty
    /// value drops it.
    pub aliases: BTreeMap<CategoryPath, CategoryPath>,
    /// Put before every path.
    pub prefix: CategoryPath,
    /// Where posts without a category go; nowhere when absent.
    pub uncategorised: Option<String>,
}

/// What a flat list of categories means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ListRule {
    /// One path from parent to child (Hexo).
    #[default]
    Path,
    /// Each item a category of its own (Jekyll, Hugo).
    Flat,
}

/// Whether a string is several categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SplitRule {
    /// One string is one category.
    #[default]
    Never,
    /// Split at commas.
    Commas,
    /// Split at white space (Jekyll).
    Blanks,
}
