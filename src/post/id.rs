//! What makes a post the same post for ever: its id.

use std::path::Path;

/// What the id is made from when the front matter has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdRule {
    /// The folder's name and the path at first sight.
    #[default]
    Path,
    /// The link, as Hexo's feed generator did.
    Permalink,
    /// The link without its extension, as jekyll-feed does.
    JekyllFeed,
}

/// The id of a post that is known by its path: `urn:uuid:` v5 over folder name, NUL and the raw bytes of the path.
#[must_use]
pub fn of_path(_folder: &str, _path: &Path) -> String {
    todo!()
}

/// The id of a second post at a path that another post had before.
#[must_use]
pub fn of_reused_path(_folder: &str, _path: &Path, _digest: &[u8; 16]) -> String {
    todo!()
}

/// The id that the front matter names: an absolute IRI as it is, anything else hashed with the folder's name.
#[must_use]
pub fn of_front_matter(_folder: &str, _id: &str) -> String {
    todo!()
}

/// The id that the old generator gave a post with this link; `None` when the path decides.
#[must_use]
pub fn of_link(_rule: IdRule, _link: Option<&str>) -> Option<String> {
    todo!()
}
