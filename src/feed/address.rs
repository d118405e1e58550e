//! Where things appear: names → path segments → canonical paths, and back from what a client asks for.
//!
//! A path is kept in one form everywhere, on disk and on the wire: segments as NFC text joined by `/`, without a
//! leading slash (`categories/社交媒体/rss.xml`). Only [`encode`] makes it ASCII. A folder's path ends in `/`, the root is
//! empty.
//!
//! Invariant: no segment looks percent-encoded, so what still does after decoding was encoded twice.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// What a segment must not be, since documents and our own folders are called so. What starts with `archive` or a dot
/// (a temporary, a marker, a hidden file) is reserved too.
const RESERVED: [&str; 7] = ["rss.xml", "atom.xml", "feed.json", "index.html", "opml.xml", "direct", "page"];

/// Everything that is not `pchar` (RFC 3986 §3.3), but `/`.
const ESCAPED: &AsciiSet = &CONTROLS
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
    .add(b'}');

const MAX_BYTES: usize = 200;
const HASH_DIGITS: usize = 12;

/// The path segment of a name: never empty, `.`, `..` or over 200 bytes, no control character, `/` or `\`, which some
/// systems take for `/`; never the name of a document. Two names never share a segment.
///
/// A reserved name gets a trailing `_`, and so does one that looks like the outcome (`direct_` becomes `direct__`).
/// Where characters had to go, or the name looks percent-encoded, the name's hash tells it from its likes; a name that
/// ends like such a hash gets one too.
#[must_use]
pub fn segment(name: &str) -> String {
    // Nearly every name is in NFC already; each start asks for all of them.
    let name = match is_nfc_quick(name.chars()) {
        IsNormalized::Yes => name.to_owned(),
        IsNormalized::No | IsNormalized::Maybe => name.nfc().collect(),
    };
    let mut segment = if is_plain(&name) { name } else { hashed(&name) };
    if is_reserved(&segment) {
        segment.push('_');
    }
    segment
}

/// The segment of a name whose own is taken: no other name has it.
#[must_use]
pub fn segment_apart(name: &str) -> String {
    hashed(&name.nfc().collect::<String>())
}

fn is_plain(name: &str) -> bool {
    let with_mark = name.len() + usize::from(is_reserved(name));
    with_mark <= MAX_BYTES && !has_forbidden(name) && !ends_in_hash(name) && decode_again(name).is_none()
}

fn hashed(name: &str) -> String {
    let hash = blake3::hash(name.as_bytes()).to_hex();
    let kept = name.chars().map(|c| if is_forbidden(c) || c == '%' { '-' } else { c });
    let mut segment = String::new();
    for c in kept {
        if segment.len() + c.len_utf8() > MAX_BYTES - HASH_DIGITS - 2 {
            break;
        }
        segment.push(c);
    }
    segment.push('-');
    segment.extend(hash.chars().take(HASH_DIGITS));
    segment
}

fn ends_in_hash(name: &str) -> bool {
    let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    name.rsplit_once('-').is_some_and(|(_, end)| end.len() == HASH_DIGITS && end.chars().all(is_digit))
}

fn is_reserved(segment: &str) -> bool {
    let stem = segment.trim_end_matches('_');
    stem.is_empty() || stem.starts_with('.') || stem.starts_with("archive") || RESERVED.contains(&stem)
}

fn is_forbidden(c: char) -> bool {
    matches!(c, '/' | '\\') || c.is_control()
}

fn has_forbidden(segment: &str) -> bool {
    segment.contains(is_forbidden)
}

/// A path as its folder, empty or with a trailing slash, and the name in it, which may be empty.
#[must_use]
pub fn split(path: &str) -> (&str, &str) {
    path.rfind('/').map_or(("", path), |slash| path.split_at(slash + 1))
}

/// A path in ASCII: each segment percent-encoded, upper-case hex (RFC 3986 §2.1).
#[must_use]
pub fn encode(path: &str) -> String {
    utf8_percent_encode(path, ESCAPED).to_string()
}

/// What a client asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The path, in our form.
    Path(String),
    /// Another spelling that we do not serve under: double encoding. Holds the path to redirect to, in our form.
    Moved(String),
    /// No path of ours can look like this.
    Nothing,
}

/// Reads a request's path (with its leading slash, without the query): raw UTF-8, NFD and lower-case hex are accepted.
#[must_use]
pub fn decode(path: &[u8]) -> Asked {
    read(path).unwrap_or(Asked::Nothing)
}

fn read(path: &[u8]) -> Option<Asked> {
    let path = path.strip_prefix(b"/")?;
    let mut plain = String::with_capacity(path.len());
    let mut moved = false;
    // Split first: an encoded slash is part of a name, and no name of ours has one.
    let mut segments = path.split(|&b| b == b'/').peekable();
    while let Some(raw) = segments.next() {
        // NFC before asking whether it still looks encoded: `%BÉ` does not, but in NFD it would.
        let once = nfc(percent_decode(raw).decode_utf8().ok()?);
        let segment = decode_fully(&once)?;
        moved |= segment != once;
        let last = segments.peek().is_none();
        if has_forbidden(&segment) || matches!(&*segment, "." | "..") || (segment.is_empty() && !last) {
            return None;
        }
        plain.push_str(&nfc(segment));
        if !last {
            plain.push('/');
        }
    }
    Some(if moved { Asked::Moved(plain) } else { Asked::Path(plain) })
}

/// The text in NFC, which nearly all text is in: to see that costs a tenth of making it so.
fn nfc(text: Cow<'_, str>) -> Cow<'_, str> {
    if is_nfc_quick(text.chars()) == IsNormalized::Yes { text } else { Cow::Owned(text.nfc().collect()) }
}

/// Decodes what was encoded several times. Nobody does that more than thrice.
fn decode_fully(once: &str) -> Option<Cow<'_, str>> {
    let mut text = Cow::Borrowed(once);
    for _ in 0..3 {
        match decode_again(&text) {
            Some(decoded) => text = Cow::Owned(decoded),
            None => return Some(text),
        }
    }
    None
}

/// Decodes a segment that looks percent-encoded: each `%XX` in it is one that [`encode`] would write, in either case,
/// and together they are text that a segment can hold. `100%`, `%41` and `%2F` do not look so.
fn decode_again(segment: &str) -> Option<String> {
    let mut rest = segment.as_bytes();
    if !rest.contains(&b'%') {
        return None;
    }
    let mut found = false;
    while let Some(at) = rest.iter().position(|&b| b == b'%') {
        let &[high, low] = rest.get(at + 1..at + 3)? else { return None };
        let byte = u8::try_from(char::from(high).to_digit(16)? * 16 + char::from(low).to_digit(16)?).ok()?;
        if byte.is_ascii() && encode(&char::from(byte).to_string()).len() == 1 {
            return None;
        }
        found = true;
        rest = rest.get(at + 3..)?;
    }
    let decoded = percent_decode(segment.as_bytes()).decode_utf8().ok()?;
    (found && !has_forbidden(&decoded)).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_become_segments() {
        let check = |name: &str, expected: &str| assert_eq!(segment(name), expected, "{name:?}");
        check("社交媒体", "社交媒体");
        check("C++ & C#?", "C++ & C#?");
        check("100%", "100%");
        check("e\u{301}t\u{e9}", "été");
        check("", "_");
        check("_", "__");
        check(".", "._");
        check("..", ".._");
        check(".net", ".net_");
        check(".net_", ".net__");
        check("rss.xml", "rss.xml_");
        check("direct", "direct_");
        check("direct_", "direct__");
        check("directory", "directory");
        check("archives", "archives_");
        check("AC/DC", "AC-DC-f1deeedd8564");
        check("AC\\DC", "AC-DC-4f2de79cf745");
        check("AC-DC", "AC-DC");
        check("AC-DC-f1deeedd8564", "AC-DC-f1deeedd8564-2f131bc92c37");
        check("%E7%A4%BE", "-E7-A4-BE-03285ee7ac79");
        check("a\nb", "a-b-e1220d74c517");
        assert_ne!(segment(&segment_apart("News")), segment_apart("News"));
    }

    #[test]
    fn a_path_is_a_folder_and_a_name() {
        for (path, folder, name) in [("", "", ""), ("rss.xml", "", "rss.xml"), ("a/b/", "a/b/", ""), ("a/b", "a/", "b")]
        {
            assert_eq!(split(path), (folder, name));
        }
    }

    #[test]
    fn long_names_are_cut_at_a_character() {
        let check = |name: &str, expected: usize| assert_eq!(segment(name).len(), expected, "{name}");
        check(&"a".repeat(200), 200);
        check(&format!(".{}", "a".repeat(198)), 200);
        check(&"a".repeat(300), 199);
        check(&"知".repeat(66), 198);
        check(&"知".repeat(67), 186 + 13);
        check(&format!(".{}", "a".repeat(300)), 200);
        assert_ne!(segment(&"a".repeat(300)), segment(&"a".repeat(301)));
    }

    #[test]
    fn requests_are_read() {
        let path = |asked: &str, expected: &str| assert_eq!(decode(asked.as_bytes()), Asked::Path(expected.to_owned()));
        path("/", "");
        path("/rss.xml", "rss.xml");
        path("/categories/%E7%A4%BE%E4%BA%A4/", "categories/社交/");
        path("/categories/%e7%a4%be%e4%ba%a4", "categories/社交");
        path("/categories/社交/rss.xml", "categories/社交/rss.xml");
        path("/tags/e%CC%81te%CC%81/", "tags/été/");
        path("/tags/100%25/", "tags/100%/");
        path("/tags/100%/", "tags/100%/");
        path("/tags/%2541/", "tags/%41/");
        path("/tags/a%255Cb/", "tags/a%5Cb/");
        path("/tags/a+b%20c/", "tags/a+b c/");

        let moved =
            |asked: &str, expected: &str| assert_eq!(decode(asked.as_bytes()), Asked::Moved(expected.to_owned()));
        moved("/categories/%25E7%25A4%25BE/rss.xml", "categories/社/rss.xml");
        moved("/categories/%25e7%25a4%25be/a%20b", "categories/社/a b");
        moved("/categories/%2525E7%2525A4%2525BE/", "categories/社/");
        moved("/tags/C%2523/", "tags/C#/");

        let nothing = |asked: &[u8]| assert_eq!(decode(asked), Asked::Nothing, "{}", asked.escape_ascii());
        nothing(b"");
        nothing(b"rss.xml");
        nothing(b"*");
        nothing(b"//");
        nothing(b"//rss.xml");
        nothing(b"/tags//rss.xml");
        nothing(b"/tags/../rss.xml");
        nothing(b"/./rss.xml");
        nothing(b"/%2e%2E/etc/passwd");
        nothing(b"/tags/..");
        nothing(b"/tags/a%2Fb/");
        nothing(b"/tags/a\\b/");
        nothing(b"/tags/a%5cb/");
        nothing(b"/..\\..\\etc");
        nothing(b"/tags/a%00b/");
        nothing(b"/tags/a\0b/");
        nothing(b"/tags/a%0Ab/");
        nothing(b"/tags/%FF/");
        nothing(b"/tags/\xE7\xA4/");
        nothing(b"/%25252525E7%25252525A4%25252525BE/");
    }

    #[test]
    fn a_path_in_ascii() {
        let check = |path: &str, expected: &str| assert_eq!(encode(path), expected);
        check("", "");
        check("categories/社交/", "categories/%E7%A4%BE%E4%BA%A4/");
        check("a b/c?d#e%/f", "a%20b/c%3Fd%23e%25/f");
        check("!$&'()*+,;=:@-._~", "!$&'()*+,;=:@-._~");
        check("\"<>[\\]^`{|}", "%22%3C%3E%5B%5C%5D%5E%60%7B%7C%7D");
    }

    /// Names that come near each rule, and any others.
    fn name() -> impl Strategy<Value = String> {
        let near =
            "(rss\\.xml|direct|archive|\\.|\\\\|%[0-9A-Fa-f]{2}|%E7%A4%BE|%25|/|-[0-9a-f]{12}|\u{301}|e|_|知|\n){0,5}";
        prop_oneof![near, any::<String>(), "[知a]{60,220}"]
    }

    proptest! {
        #[test]
        fn two_names_never_share_a_segment(a in name(), b in name()) {
            let same_name = a.nfc().eq(b.nfc());
            prop_assert_eq!(segment(&a) == segment(&b), same_name);
            // What one name became is another name, and must not come out as the first.
            prop_assert!(segment(&a) == a.nfc().collect::<String>() || segment(&segment(&a)) != segment(&a));
        }

        #[test]
        fn segments_keep_the_rules(name in name()) {
            let segment = segment(&name);
            prop_assert!(!segment.is_empty() && segment.len() <= MAX_BYTES && !has_forbidden(&segment));
            prop_assert!(!matches!(&*segment, "." | "..") && !RESERVED.contains(&&*segment));
            prop_assert_eq!(segment.nfc().collect::<String>(), segment);
        }

        #[test]
        fn what_is_encoded_is_read_back(names in prop::collection::vec(name(), 0..4), folder in any::<bool>()) {
            let mut path = names.iter().map(|n| segment(n)).collect::<Vec<_>>().join("/");
            if folder && !path.is_empty() {
                path.push('/');
            }
            let ascii = format!("/{}", encode(&path));
            prop_assert!(ascii.is_ascii());
            prop_assert_eq!(decode(ascii.as_bytes()), Asked::Path(path.clone()));
            let decomposed: String = path.nfd().collect();
            prop_assert_eq!(decode(format!("/{}", encode(&decomposed)).as_bytes()), Asked::Path(path));
        }

        #[test]
        fn no_request_breaks_it(asked in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Asked::Path(path) | Asked::Moved(path) = decode(&asked) {
                prop_assert!(path.is_empty() || !path.split('/').any(|s| matches!(s, "." | "..") || has_forbidden(s)));
            }
        }
    }
}
