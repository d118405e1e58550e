//! What XML can carry.

use std::borrow::Cow;

/// A text without the characters that XML 1.0 excludes (`Char`, XML 1.0 §2.2): most controls, U+FFFE and U+FFFF.
///
/// JSON could carry them, but readers turn one format into another, so no format gets them.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_char) { Cow::Borrowed(text) } else { text.chars().filter(|c| is_char(*c)).collect() }
}

fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}')
}

/// Plain text as HTML, for places that readers take for HTML.
#[must_use]
pub fn as_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_excludes_is_dropped() {
        for (input, expected) in [
            ("知乎", "知乎"),
            ("a\u{0}b\u{8}c\u{b}d\u{1f}e", "abcde"),
            ("tab\tline\nreturn\r", "tab\tline\nreturn\r"),
            ("\u{fffe}\u{ffff}\u{fffd}😀", "\u{fffd}😀"),
            ("\u{7f}\u{85}\u{9f}", "\u{85}"),
        ] {
            assert_eq!(clean(input), expected);
        }
    }
}
