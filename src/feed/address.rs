//! Where things appear: names → path segments → canonical paths, and back from what a client asks for.
//!
//! A path is kept in one form everywhere, on disk and on the wire: segments as NFC text joined by `/`, without a
//! leading slash (`categories/社交媒体/rss.xml`); a folder's path is empty or ends with a slash. Only [`encode`] makes
//! it ASCII.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Bytes that a segment has at most: file systems allow 255.
const LONGEST: usize = 200;

/// Names that mean something else in a feed's folder.
const RESERVED: [&str; 6] = ["rss.xml", "atom.xml", "feed.json", "index.html", "opml.xml", "direct"];

/// Everything that `pchar` excludes (RFC 3986 §3.3), and `%`.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'/');

/// The path segment of a name: never empty, `.`, `..` or over 200 bytes, no control character or `/`, no leading dot,
/// never the name of a document. Two names that differ in NFC never share a segment.
#[must_use]
pub fn segment(name: &str) -> String {
    let name: String = name.nfc().collect();
    let plain: String = name.chars().map(|c| if c.is_control() || matches!(c, '/' | '\\') { '-' } else { c }).collect();
    let plain = match plain.strip_prefix('.') {
        Some(rest) => format!("-{rest}"),
        None => plain,
    };
    if plain.is_empty() || plain.trim() != plain || plain != name || plain.len() > LONGEST {
        return with_hash(plain.trim(), &name);
    }
    // A reserved name gets an underscore, and so does a reserved name with underscores: no two meet.
    if RESERVED.contains(&plain.trim_end_matches('_')) { plain + "_" } else { plain }
}

/// A cut or mended name, told apart from others by a hash of the name as it was.
fn with_hash(plain: &str, name: &str) -> String {
    let hash = blake3::hash(name.as_bytes()).to_hex();
    let suffix = &hash.as_str()[..10];
    let cut = plain.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= LONGEST - 11).last();
    format!("{}-{suffix}", &plain[..cut.unwrap_or(0)])
}

/// A path in ASCII: each segment percent-encoded with upper-case hex (RFC 3986 §2.1).
#[must_use]
pub fn encode(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 {
            encoded.push('/');
        }
        encoded.extend(utf8_percent_encode(segment, SEGMENT));
    }
    encoded
}

/// What a client asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The path, in our form.
    Path(String),
    /// Another spelling that we do not serve under: encoded twice. Holds the path to redirect to, in our form.
    Moved(String),
    /// No path of ours can look like this.
    Nothing,
}

/// Reads a request's path (with its leading slash, without the query): raw UTF-8, NFD and lower-case hex are accepted.
#[must_use]
pub fn decode(path: &[u8]) -> Asked {
    let Some(path) = path.strip_prefix(b"/") else { return Asked::Nothing };
    // A slash that was encoded is part of a name, and no name of ours has one.
    if path.windows(3).any(|window| window.eq_ignore_ascii_case(b"%2f")) {
        return Asked::Nothing;
    }
    let Some(once) = text(path) else { return Asked::Nothing };
    if once.contains('%')
        && let Some(twice) = text(once.as_bytes())
        && twice != once
        && !twice.is_ascii()
    {
        return Asked::Moved(twice);
    }
    Asked::Path(once)
}

/// Percent-decoded UTF-8 in NFC, if it is a path as ours are.
fn text(path: &[u8]) -> Option<String> {
    let decoded = percent_decode(path).decode_utf8().ok()?;
    let text = if is_nfc(&decoded) { decoded.into_owned() } else { decoded.nfc().collect() };
    let segments = text.strip_suffix('/').unwrap_or(&text);
    let sound = text.is_empty()
        || segments
            .split('/')
            .all(|segment| !matches!(segment, "" | "." | "..") && !segment.contains(char::is_control));
    sound.then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn segments() {
        for (name, expected) in [
            ("社交媒体", "社交媒体"),
            ("rust", "rust"),
            ("rss.xml", "rss.xml_"),
            ("rss.xml_", "rss.xml__"),
            ("direct", "direct_"),
            ("a b", "a b"),
            ("e\u{301}", "é"),
        ] {
            assert_eq!(segment(name), expected);
        }
        for name in ["", ".", "..", "a/b", "\u{7}", " a", &"长".repeat(100)] {
            let segment = segment(name);
            assert!(segment.len() <= LONGEST && !segment.contains('/') && !segment.starts_with('.'), "{segment}");
        }
    }

    #[test]
    fn every_spelling_of_a_path_is_understood() {
        let ours = Asked::Path(String::from("categories/社交/é/rss.xml"));
        for spelling in [
            "/categories/社交/é/rss.xml",
            "/categories/%E7%A4%BE%E4%BA%A4/%C3%A9/rss.xml",
            "/categories/%e7%a4%be%e4%ba%a4/e%cc%81/rss.xml",
            "/categories/社交/e\u{301}/rss.xml",
        ] {
            assert_eq!(decode(spelling.as_bytes()), ours, "{spelling}");
        }
        assert_eq!(decode(b"/a/%25E7%25A4%25BE/"), Asked::Moved(String::from("a/社/")));
        for wrong in ["", "a", "//", "/a//b", "/../b", "/a/%2e%2e/b", "/a/%00", "/a%2Fb", "/%ff"] {
            assert_eq!(decode(wrong.as_bytes()), Asked::Nothing, "{wrong}");
        }
        assert_eq!(decode(b"/"), Asked::Path(String::new()));
    }

    proptest! {
        #[test]
        fn two_names_never_share_a_segment(a in ".{0,40}", b in ".{0,40}") {
            let same = a.nfc().eq(b.nfc());
            prop_assert_eq!(segment(&a) == segment(&b), same, "{:?} {:?}", a, b);
        }

        #[test]
        fn a_segment_survives_the_wire(name in ".{0,80}") {
            let path = format!("categories/{}/rss.xml", segment(&name));
            let wire = format!("/{}", encode(&path));
            prop_assert!(wire.is_ascii());
            prop_assert_eq!(decode(wire.as_bytes()), Asked::Path(path));
        }
    }
}
