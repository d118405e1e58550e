//! What makes a post the same post for ever: its id.

use std::{os::unix::ffi::OsStrExt, path::Path};

use uuid::Uuid;

/// The namespace of every id made here (RFC 9562 §5.5). Never to change: readers know posts by what it made.
const NAMESPACE: Uuid = Uuid::from_u128(0x6d3c_f4a2_8b1e_4f57_9c60_2e5d_71ab_90c8);

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
pub fn of_path(folder: &str, path: &Path) -> String {
    hashed(&[folder.as_bytes(), path.as_os_str().as_bytes()])
}

/// The id of a second post at a path that another post had before.
#[must_use]
pub fn of_reused_path(folder: &str, path: &Path, digest: &[u8; 16]) -> String {
    hashed(&[folder.as_bytes(), path.as_os_str().as_bytes(), digest])
}

/// The id that the front matter names: an absolute IRI as it is, anything else hashed with the folder's name.
#[must_use]
pub fn of_front_matter(folder: &str, id: &str) -> String {
    if is_absolute_iri(id) { id.to_owned() } else { hashed(&[folder.as_bytes(), b"id", id.as_bytes()]) }
}

/// The id that the old generator gave a post with this link; `None` when the path decides.
///
/// `hexo-generator-feed` writes the permalink as a URI. `jekyll-feed` writes the post's `id`, which is its URL without
/// extension and trailing slash.
#[must_use]
pub fn of_link(rule: IdRule, link: Option<&str>) -> Option<String> {
    match rule {
        IdRule::Path => None,
        IdRule::Permalink => link.map(str::to_owned),
        IdRule::JekyllFeed => link.map(|link| {
            let link = link.trim_end_matches('/');
            link.strip_suffix(".html").unwrap_or(link).to_owned()
        }),
    }
}

fn hashed(parts: &[&[u8]]) -> String {
    Uuid::new_v5(&NAMESPACE, &parts.join(&0)).urn().to_string()
}

/// A scheme (RFC 3986 §3.1), something after it, and no character that an IRI excludes.
fn is_absolute_iri(id: &str) -> bool {
    let Some((scheme, rest)) = id.split_once(':') else { return false };
    scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        && !rest.is_empty()
        && !id.contains(|c: char| c.is_control() || c.is_whitespace() || "<>\"{}|\\^`".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        // Written down so that a change of the rule cannot pass unseen.
        assert_eq!(of_path("posts", "a/知.md".as_ref()), of_path("posts", "a/知.md".as_ref()));
        assert_ne!(of_path("posts", "a.md".as_ref()), of_path("other", "a.md".as_ref()));
        assert_ne!(of_path("posts", "a.md".as_ref()), of_reused_path("posts", "a.md".as_ref(), &[0; 16]));
        for (id, kept) in [
            ("https://example.org/1", true),
            ("tag:example.org,2024:x", true),
            ("urn:uuid:6ba7b810-9dad-51d1-80b4-00c04fd430c8", true),
            ("42", false),
            ("a b:c", false),
            ("C:\\x", false),
        ] {
            assert_eq!(of_front_matter("posts", id) == id, kept, "{id}");
        }
    }

    #[test]
    fn ids_of_old_generators() {
        let link = Some("https://jekyllrb.com/news/2013/05/06/jekyll-1-0-0-released/");
        for (rule, link, expected) in [
            (IdRule::Path, link, None),
            (IdRule::Permalink, link, link),
            (IdRule::JekyllFeed, link, Some("https://jekyllrb.com/news/2013/05/06/jekyll-1-0-0-released")),
            (IdRule::JekyllFeed, Some("https://e.org/a/b.html"), Some("https://e.org/a/b")),
            (IdRule::JekyllFeed, None, None),
        ] {
            assert_eq!(of_link(rule, link).as_deref(), expected);
        }
    }
}
