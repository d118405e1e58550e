//! What XML can carry: text in, text out that every document may hold. Never escapes; that is the writers' part.
//!
//! XML 1.0 has no way to write a control character, not even as a reference, so they are dropped, in JSON too: an
//! entry says the same in each format.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::{bytes, uri};

/// Text without the characters that XML 1.0 excludes (§2.2, `Char`), its line ends written as LF (§2.11).
///
/// A parser turns CR into LF anyway; doing it here keeps what we write equal to what is read.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    // All that is ever changed has a byte below a space (DEL is a `Char`), or is U+FFFE or U+FFFF.
    let is_control = |byte: u8| matches!(byte, 0..=0x08 | 0x0b..=0x1f);
    if !bytes::any(text, is_control) && !bytes::has_noncharacter(text) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => clean.push('\n'),
            c if is_char(c) => clean.push(c),
            _ => {}
        }
    }
    Cow::Owned(clean)
}

/// One line of clean text: runs of white space become a space, none at the ends. For titles, names and addresses: a
/// line break in an attribute would be read back as a space.
#[must_use]
pub fn line(text: &str) -> String {
    if !bytes::any(text, |byte| byte <= b' ') {
        return clean(text).into_owned();
    }
    let mut line = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_ascii_whitespace() || c == '\u{b}') {
        let word = clean(word);
        if !line.is_empty() && !word.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    line
}

/// An address as a URI, on one line.
#[must_use]
pub fn uri(address: &str) -> String {
    uri::encode(&line(address)).into_owned()
}

/// Whether XML 1.0 can carry the character.
fn is_char(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// A time in whole seconds: a fraction, or a leap second, is more than every reader understands.
pub(super) fn seconds(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}

/// A time as RSS wants it: RFC 822 with a four-digit year and the right weekday.
pub(super) fn rfc822(at: DateTime<Utc>) -> String {
    // `to_rfc2822()` panics beyond year 9999.
    seconds(at).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// What a library wrote into memory, where writing cannot fail.
pub(super) fn written<E>(bytes: Result<Vec<u8>, E>) -> String {
    bytes::written(&bytes.unwrap_or_default())
}

/// Appends a text with some signs of ASCII written otherwise. Most parts of a text have none, and are copied whole.
pub(super) fn append_replacing(text: &[u8], to: &mut Vec<u8>, replacement: impl Fn(u8) -> Option<&'static str>) {
    for part in text.chunks(64) {
        if !bytes::any(part, |byte| replacement(byte).is_some()) {
            to.extend_from_slice(part);
            continue;
        }
        let mut copied = 0;
        for (at, &byte) in part.iter().enumerate() {
            if let Some(written) = replacement(byte) {
                to.extend_from_slice(&part[copied..at]);
                to.extend_from_slice(written.as_bytes());
                copied = at + 1;
            }
        }
        to.extend_from_slice(&part[copied..]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_xml_cannot_carry_is_dropped() {
        let check = |text: &str, expected: &str| assert_eq!(clean(text), expected, "{text:?}");
        check("", "");
        check("社交媒体 <b>&amp;</b> ]]> 🦀", "社交媒体 <b>&amp;</b> ]]> 🦀");
        check("a\0b\u{8}c\u{b}d\u{c}e\u{1f}f", "abcdef");
        check("a\u{fffe}b\u{ffff}c\u{fffd}\u{feff}", "abc\u{fffd}\u{feff}");
        check("tab\tline\nCRLF\r\nCR\rend\r", "tab\tline\nCRLF\nCR\nend\n");
        check("\u{7f}\u{85}\u{1fffe}", "\u{7f}\u{85}\u{1fffe}");
    }

    #[test]
    fn a_line_has_no_breaks() {
        let check = |text: &str, expected: &str| assert_eq!(line(text), expected, "{text:?}");
        check("  a \t\r\n b\u{b}c  ", "a b c");
        check("a \0 b", "a b");
        check("\u{1}", "");
        check("全角　空格", "全角　空格");
    }

    #[test]
    fn dates_are_rfc_822() {
        let check = |seconds: i64, expected: &str| {
            assert_eq!(DateTime::from_timestamp(seconds, 999_999_999).map(rfc822).as_deref(), Some(expected));
        };
        check(0, "Thu, 01 Jan 1970 00:00:00 GMT");
        check(1_645_779_286, "Fri, 25 Feb 2022 08:54:46 GMT");
        check(-62_135_596_800, "Mon, 01 Jan 0001 00:00:00 GMT");
        check(253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT");
        check(253_402_300_800, "Sat, 01 Jan +10000 00:00:00 GMT");
    }

    proptest! {
        #[test]
        fn clean_text_is_clean_for_good(text in any::<String>()) {
            let once = clean(&text).into_owned();
            prop_assert!(once.chars().all(|c| is_char(c) && c != '\r'));
            prop_assert_eq!(clean(&once), once.as_str());
            let folded = line(&text);
            prop_assert_eq!(line(&folded), folded);
        }
    }
}
