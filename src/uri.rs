//! Addresses as URIs: text in, ASCII out (RFC 3986). Does not parse an address; pure.
//!
//! A URL as browsers read it may hold what no URI does (`|`, `^`, `{`, a lone `%`). Feed readers and validators go by
//! the RFC.

use std::borrow::Cow;

/// Whether this is a whole address of the web, and not a path.
#[must_use]
pub fn is_whole(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}

/// Percent-encodes what a URI cannot hold where it stands: what is not ASCII (RFC 3987 §3.1), controls, white space,
/// ``"<>\^`{|}``, a `%` that begins no escape, brackets outside the host, a second `#`. A URI comes out as it went in.
#[must_use]
pub fn encode(address: &str) -> Cow<'_, str> {
    if address.bytes().all(stands_anywhere) {
        return Cow::Borrowed(address);
    }
    let host_ends = address
        .split_once("://")
        .map_or(0, |(scheme, rest)| scheme.len() + "://".len() + rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let mut encoded = String::with_capacity(address.len() * 2);
    let mut in_fragment = false;
    let mut changed = false;
    for (at, c) in address.char_indices() {
        let stands = match c {
            '%' => is_escape(address.get(at + 1..).unwrap_or_default()),
            '[' | ']' => at < host_ends,
            '#' => !std::mem::replace(&mut in_fragment, true),
            c => u8::try_from(c).is_ok_and(stands_anywhere),
        };
        if stands {
            encoded.push(c);
        } else {
            changed = true;
            let mut bytes = [0; 4];
            encoded.extend(c.encode_utf8(&mut bytes).bytes().map(percent_encoding::percent_encode_byte));
        }
    }
    if changed { Cow::Owned(encoded) } else { Cow::Borrowed(address) }
}

/// Whether a URI may hold the character, whatever stands around it.
fn stands_anywhere(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=".contains(&c)
}

/// Whether two hexadecimal digits come next.
fn is_escape(after: &str) -> bool {
    after.as_bytes().first_chunk::<2>().is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_become_uris() {
        let check = |address: &str, expected: &str| assert_eq!(encode(address), expected);
        check("", "");
        check("https://e.org/a?b=1&c=%E7%9F%A5#d", "https://e.org/a?b=1&c=%E7%9F%A5#d");
        check("http://[::1]:80/x", "http://[::1]:80/x");
        check("http://[::1]/[x]?[y]#[z]", "http://[::1]/%5Bx%5D?%5By%5D#%5Bz%5D");
        check("https://e.org?[y]", "https://e.org?%5By%5D");
        check("https://e.org/知 乎", "https://e.org/%E7%9F%A5%20%E4%B9%8E");
        check("https://e.org/a|b^c`d{e}\"<>\\", "https://e.org/a%7Cb%5Ec%60d%7Be%7D%22%3C%3E%5C");
        check("https://e.org/%zz/%4/%/100%", "https://e.org/%25zz/%254/%25/100%25");
        check("https://e.org/#a#b", "https://e.org/#a%23b");
        check("mailto:a@[b]", "mailto:a@%5Bb%5D");
        check("a\u{1}\n\u{202e}", "a%01%0A%E2%80%AE");
    }

    proptest! {
        #[test]
        fn a_uri_comes_out_as_it_went_in(address in "([a-z]{1,3}://)?(\\[|\\]|#|%|%41|/|\\?|\\||知|\\PC){0,12}") {
            let once = encode(&address).into_owned();
            prop_assert!(once.is_ascii());
            prop_assert_eq!(encode(&once), once.as_str());
        }
    }
}
