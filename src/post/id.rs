//! What makes a post the same post for ever: its id.
//!
//! In: the folder's name and a path, a front matter id or a link. Out: an absolute IRI. Nothing here may ever change
//! its result, or every subscriber sees every post again; the tests pin the values.

use std::path::Path;

use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;
use url::Url;
use uuid::Uuid;

use super::link::{self, Dialect};
use crate::uri;

/// What the id is made from when the front matter has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdRule {
    /// The folder's name and the path at first sight.
    #[default]
    Path,
    /// The link, as Hexo's feed generator did.
    Permalink,
    /// The folder of the link and the slug, as jekyll-feed does.
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

/// The id that the old generator gave the post at this address; `None` when the path decides.
///
/// - hexo-generator-feed writes `post.permalink | uriencode`, which does not escape `#` and shows a host in Unicode. Hugo
///   and Zola write the permalink.
/// - jekyll-feed writes `post.id | absolute_url`, and Jekyll's `Document#id` joins the folder of the URL and the slug as it
///   is written: `/2013/05/06/v1.0-released/` of `2013-05-06-v1.0 released.md` has the id `/2013/05/06/v1.0%20released`.
///
/// It is kept to the letter, also where a title with `#` and brackets made of it what is no IRI: readers compare ids as
/// texts (RFC 4287 §4.2.6.1), and would show the post again under a better one.
#[must_use]
pub fn of_address(
    rule: IdRule,
    dialect: Dialect,
    address: Option<&str>,
    slug: impl FnOnce() -> String,
) -> Option<String> {
    let parsed = || Url::parse(address?).ok();
    match (rule, dialect) {
        (IdRule::Path, _) => None,
        (IdRule::Permalink, Dialect::Hexo) => Some(by_hexo(&parsed()?)),
        (IdRule::Permalink, _) => Some(parsed()?.into()),
        (IdRule::JekyllFeed, _) => Some(by_jekyll(&parsed()?, &slug())),
    }
}

/// Hexo's `encodeURL`: what stands behind the `#` of a title is a fragment to it. (So is a query behind a `?`, but in a
/// spelling that each of its versions has of its own.)
fn by_hexo(address: &Url) -> String {
    let mut url = address.clone();
    if let Some((path, fragment)) = address.path().split_once("%23") {
        url.set_path(path);
        url.set_fragment(Some(&percent_decode_str(fragment).decode_utf8_lossy()));
    }
    let host = url.host_str().unwrap_or_default();
    let (unicode, _) = idna::domain_to_unicode(host);
    url.as_str().replacen(host, &unicode, 1)
}

/// Jekyll's `absolute_url` of `Document#id`. A slug may hold a `?` or a `#`, which are not escaped; empty ones are dropped.
fn by_jekyll(address: &Url, slug: &str) -> String {
    let path = address.path().trim_end_matches('/');
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let slug: String = slug.nfc().collect();
    let (slug, fragment) = slug.split_once('#').unwrap_or((&slug, ""));
    let (slug, query) = slug.split_once('?').unwrap_or((slug, ""));
    let mut id = format!("{}{folder}/{}", address.origin().ascii_serialization(), link::encoded(slug));
    for (sign, text) in [('?', query), ('#', fragment)] {
        if !text.is_empty() {
            id.push(sign);
            id.push_str(&link::encoded(text));
        }
    }
    id
}

fn hashed(parts: &[&[u8]]) -> String {
    Uuid::new_v5(&NAMESPACE, &parts.join(&0)).urn().to_string()
}

/// A scheme, a colon, and only what an IRI can hold where it stands (RFC 3987 §2.2): beyond ASCII that is more than a
/// URI can, elsewhere the same.
pub(super) fn is_absolute_iri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let scheme_is_one = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let ascii: String = text.chars().map(|c| if c.is_ascii() { c } else { 'x' }).collect();
    let stands = uri::encode(&ascii) == ascii;
    let clean = !text.contains(|c: char| c.is_whitespace() || c.is_control() || is_mark(c));
    let web = matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https");
    scheme_is_one && !rest.is_empty() && stands && clean && (!web || has_host(rest) && Url::parse(text).is_ok())
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
        for other in [
            "42",
            "hello world",
            "note: a b",
            "https://",
            "https:///a",
            "http:example.org/a",
            "https://example.org/a[1]",
            "https://example.org/#a#b",
            "https://example.org/\u{202e}a",
            "C:\\posts\\a",
            "a:b%zz",
            "http://x y/",
            "x:",
            "知:乎",
        ] {
            assert!(of_front_matter("posts", other).starts_with("urn:uuid:"), "{other}");
        }
        assert_ne!(of_front_matter("posts", "42"), of_front_matter("other", "42"));
        assert_ne!(of_front_matter("posts", "42"), of_path("posts", Path::new("42")));
    }

    #[test]
    fn old_generators_ids_come_again() {
        #[track_caller]
        fn check(rule: IdRule, dialect: Dialect, address: Option<&str>, slug: &str, id: Option<&str>) {
            assert_eq!(of_address(rule, dialect, address, || slug.into()).as_deref(), id, "{address:?}");
        }
        check(IdRule::Path, Dialect::Hexo, Some("https://example.org/a/"), "a", None);
        check(IdRule::Permalink, Dialect::Hexo, None, "a", None);
        for (dialect, address, id) in [
            (Dialect::Hexo, "/2022/你好 世界/", "https://example.org/2022/%E4%BD%A0%E5%A5%BD%20%E4%B8%96%E7%95%8C/"),
            (Dialect::Hexo, "/%E4%BD%A0/", "https://example.org/%E4%BD%A0/"),
            (Dialect::Hexo, "/C%23%E5%85%A5%5Bx%5D/", "https://example.org/C#%E5%85%A5[x]/"),
            (Dialect::Hugo, "/C%23/", "https://example.org/C%23/"),
        ] {
            check(IdRule::Permalink, dialect, Some(&format!("https://example.org{address}")), "", Some(id));
        }
        let idn = "https://xn--fsqu00a.example/a/";
        check(IdRule::Permalink, Dialect::Hexo, Some(idn), "a", Some("https://例子.example/a/"));
        check(IdRule::Permalink, Dialect::Hugo, Some(idn), "a", Some(idn));
        for (address, slug, id) in [
            ("/2013/05/06/hello.html", "hello", "/2013/05/06/hello"),
            ("/2013/05/06/hello/", "hello", "/2013/05/06/hello"),
            ("/2013/05/06/hello", "hello", "/2013/05/06/hello"),
            ("/blog/hello.html", "hello", "/blog/hello"),
            ("/hello.html", "hello", "/hello"),
            ("/2013/05/06/v1.2/", "v1.2", "/2013/05/06/v1.2"),
            ("/2013/Jekyll-1.0-Released!/", "Jekyll 1.0 Released!", "/2013/Jekyll%201.0%20Released!"),
            ("/about/me/", "hello", "/about/hello"),
            ("/hello/2013/", "hello", "/hello/hello"),
            (
                "/2013/%E4%BD%A0%E5%A5%BD-%E4%B8%96%E7%95%8C",
                "你好，世界",
                "/2013/%E4%BD%A0%E5%A5%BD%EF%BC%8C%E4%B8%96%E7%95%8C",
            ),
            ("/2013/C-%E5%85%A5/", "C#入", "/2013/C#%E5%85%A5"),
            ("/2013/why/", "why?", "/2013/why"),
        ] {
            let (address, id) = (format!("https://example.org{address}"), format!("https://example.org{id}"));
            check(IdRule::JekyllFeed, Dialect::Jekyll, Some(&address), slug, Some(&id));
        }
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
