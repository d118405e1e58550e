//! What makes a post the same post for ever: its id.
//!
//! In: the folder's name and a path, a front matter id or a link. Out: an absolute IRI. Nothing here may ever change
//! its result, or every subscriber sees every post again; the tests pin the values.

use std::path::Path;

use url::Url;
use uuid::Uuid;

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

/// The namespace of every id that is hashed (RFC 9562 §5.5). Never to change.
const NAMESPACE: Uuid = Uuid::from_u128(0x3d6f_0b1c_8a52_5e47_9c1e_7a40_f2d9_6b85);

/// The id of a post that is known by its path: `urn:uuid:` v5 over folder name, NUL and the raw bytes of the path.
#[must_use]
pub fn of_path(folder: &str, path: &Path) -> String {
    hashed(&[folder.as_bytes(), path.as_os_str().as_encoded_bytes()])
}

/// The id of a second post at a path that another post had before.
#[must_use]
pub fn of_reused_path(folder: &str, path: &Path, digest: &[u8; 16]) -> String {
    hashed(&[folder.as_bytes(), path.as_os_str().as_encoded_bytes(), digest])
}

/// The id that the front matter names: an absolute IRI as it is, anything else hashed with the folder's name.
///
/// What is hashed has an empty part where a path would be, so that it never meets the id of a path.
#[must_use]
pub fn of_front_matter(folder: &str, id: &str) -> String {
    let id = id.trim();
    if is_absolute_iri(id) { id.to_owned() } else { hashed(&[folder.as_bytes(), b"", id.as_bytes()]) }
}

/// The id that the old generator gave a post with this link; `None` when the path decides.
///
/// - hexo-generator-feed writes `post.permalink | uriencode`: the WHATWG form of the URL, which percent-encodes what
///   is not ASCII. It shows an internationalised host in Unicode; the host stays as it is in `link` here.
/// - jekyll-feed writes `post.id | absolute_url`, and Jekyll's `Document#id` joins the URL's folder and the slug:
///   `/2013/05/06/hello.html`, `/2013/05/06/hello/` and `/2013/05/06/hello` all have the id `/2013/05/06/hello`. So
///   this is the link without `.html`, `index.html` or the trailing slash, exact for every permalink style that
///   ends in the slug, as all of Jekyll's own do.
#[must_use]
pub fn of_link(rule: IdRule, link: Option<&str>) -> Option<String> {
    let mut url = match rule {
        IdRule::Path => return None,
        IdRule::Permalink | IdRule::JekyllFeed => Url::parse(link?).ok()?,
    };
    if rule == IdRule::JekyllFeed {
        url.set_query(None);
        url.set_fragment(None);
        let path = url.path();
        let path = path.strip_suffix("/index.html").unwrap_or(path);
        let path = [".html", ".htm"].iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(path);
        let path = path.trim_end_matches('/').to_owned();
        url.set_path(&path);
    }
    Some(url.into())
}

fn hashed(parts: &[&[u8]]) -> String {
    Uuid::new_v5(&NAMESPACE, &parts.join(&0)).urn().to_string()
}

/// A scheme, a colon, and only characters that an IRI can hold (RFC 3987 §2.2).
fn is_absolute_iri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let scheme_is_one = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let escapes_are_whole = text.split('%').skip(1).all(|after| {
        after.as_bytes().first_chunk::<2>().is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    let clean =
        !text.contains(|c: char| c.is_whitespace() || c.is_control() || is_mark(c) || r#"<>"{}|\^`"#.contains(c));
    let web = matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https");
    scheme_is_one
        && !rest.is_empty()
        && escapes_are_whole
        && clean
        && (!web || has_host(rest) && Url::parse(text).is_ok())
}

/// `//` and a host: `http:e.example` and `http:///x` are URLs to browsers alone.
fn has_host(rest: &str) -> bool {
    rest.strip_prefix("//").is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':']))
}

/// A byte order mark, or one of the marks of direction that RFC 3987 §4.1 forbids.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_ids_of_paths_never_change() {
        for (folder, path, id) in [
            ("posts", "seed.md", "urn:uuid:a45694ea-aa92-5269-9cdb-3700eeb62c1e"),
            ("posts", "知乎/转发.md", "urn:uuid:841b7b71-d948-55f5-9ad1-ae7e154b2eaf"),
            ("crawler", "seed.md", "urn:uuid:6aaa3725-0bb9-5772-af47-f115fba51fb8"),
        ] {
            assert_eq!(of_path(folder, Path::new(path)), id);
        }
        assert_eq!(
            of_reused_path("posts", Path::new("seed.md"), &[7; 16]),
            "urn:uuid:eec5db79-ae43-506f-bd4c-8382ff67085e"
        );
        assert_eq!(of_front_matter("posts", "42"), "urn:uuid:c53052e9-4932-5e2b-9257-5ed968e8ff6d");
    }

    #[test]
    fn an_absolute_iri_is_taken_as_it_is() {
        for iri in [
            "https://example.org/?p=12",
            "urn:uuid:550e8400-e29b-41d4-a716-446655440000",
            "tag:example.org,2024:post-1",
            "https://例子.org/文章",
            "HTTP://Example.org/%E6%96%87",
        ] {
            assert_eq!(of_front_matter("posts", iri), iri);
        }
        for other in
            ["42", "hello world", "note: a b", "https://", "C:\\posts\\a", "a:b%zz", "http://x y/", "x:", "知:乎"]
        {
            assert!(of_front_matter("posts", other).starts_with("urn:uuid:"), "{other}");
        }
        assert_ne!(of_front_matter("posts", "42"), of_front_matter("other", "42"));
        assert_ne!(of_front_matter("posts", "42"), of_path("posts", Path::new("42")));
    }

    #[test]
    fn old_generators_ids_come_again() {
        fn check(rule: IdRule, link: Option<&str>, id: Option<&str>) {
            assert_eq!(of_link(rule, link).as_deref(), id, "{link:?}");
        }
        check(IdRule::Path, Some("https://example.org/a/"), None);
        check(IdRule::Permalink, None, None);
        check(
            IdRule::Permalink,
            Some("https://example.org/2022/02/25/你好 世界/"),
            Some("https://example.org/2022/02/25/%E4%BD%A0%E5%A5%BD%20%E4%B8%96%E7%95%8C/"),
        );
        check(IdRule::Permalink, Some("https://example.org/%E4%BD%A0/"), Some("https://example.org/%E4%BD%A0/"));
        for link in
            ["/2013/05/06/hello.html", "/2013/05/06/hello/", "/2013/05/06/hello", "/2013/05/06/hello/index.html"]
        {
            let link = format!("https://example.org{link}");
            check(IdRule::JekyllFeed, Some(&link), Some("https://example.org/2013/05/06/hello"));
        }
        check(IdRule::JekyllFeed, Some("https://example.org/v1.2/"), Some("https://example.org/v1.2"));
    }

    proptest! {
        #[test]
        fn every_id_is_an_iri(folder in ".{1,8}", id in ".{1,24}") {
            prop_assert!(is_absolute_iri(&of_front_matter(&folder, &id)));
        }

        #[test]
        fn folder_and_path_both_count(folder in "[a-z]{1,6}", path in "[a-z/]{1,12}", other in "[a-z]{1,6}") {
            prop_assume!(folder != other);
            prop_assert_ne!(of_path(&folder, Path::new(&path)), of_path(&other, Path::new(&path)));
        }
    }
}
