//! The YAML that nearly all posts are written in, read without a YAML parser: a dozen times as fast.
//!
//! Keys at the margin, each with a value on its line or with a list of values below it; values plain or in quotes, without
//! escapes. Whatever is not plainly that is left to the parser, which reads the same where this reads anything at all.

use super::{MAX_KEYS, Map, Node, Parsed, Value, position::count};
use crate::bytes;

/// Reads a front matter whose first line is line `first` of the file; `None` if it takes a parser.
pub(super) fn parse(text: &str, first: u32) -> Option<Parsed> {
    if !is_ordinary(text) {
        return None;
    }
    let mut map = Map::default();
    let mut lines = text.lines().zip(first..).filter(|(line, _)| !line.trim_end_matches(' ').is_empty()).peekable();
    while let Some((line, number)) = lines.next() {
        let (key, rest) = line.split_once(':').filter(|(key, _)| is_key(key))?;
        let value = rest.trim_start_matches(' ');
        let node = if value.is_empty() {
            let mut items = Vec::new();
            let mut margin = None;
            while let Some((item, indent, number)) = lines.peek().and_then(|(line, number)| {
                let item = line.trim_start_matches(' ');
                Some((item.strip_prefix("- ")?, line.len() - item.len(), *number))
            }) {
                if *margin.get_or_insert(indent) != indent {
                    return None;
                }
                let text = item.trim_start_matches(' ');
                let column = indent + "- ".len() + item.len() - text.len();
                items.push(Node { line: number, column: count(column + 1), value: scalar(text)? });
                lines.next();
            }
            let (first, margin) = (items.first()?, margin?);
            // A list at the margin has no column of its own.
            let column = if margin == 0 { first.column } else { count(margin + 1) };
            Node { line: first.line, column, value: Value::List(items) }
        } else {
            if rest.len() == value.len() {
                return None;
            }
            Node { line: number, column: count(line.len() - value.len() + 1), value: scalar(value)? }
        };
        if map.len() == MAX_KEYS || map.insert(key.to_owned(), node).is_some() {
            return None;
        }
    }
    (!map.is_empty()).then(|| Parsed { map, diagnostics: Vec::new() })
}

/// Whether there is no character that YAML, or the parser, takes for more than a letter.
fn is_ordinary(text: &str) -> bool {
    let is_control = |byte: u8| matches!(byte, 0..=0x09 | 0x0b..=0x1f | 0x7f);
    !bytes::any(text, is_control)
        && !text
            .chars()
            .any(|c| matches!(c, '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'))
}

fn is_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// A value that ends with its line.
fn scalar(text: &str) -> Option<Value> {
    let text = text.trim_end_matches(' ');
    let quoted = |mark: char| text.strip_prefix(mark)?.strip_suffix(mark);
    let inner = match text.bytes().next()? {
        b'\'' => quoted('\'').filter(|inner| !inner.contains('\''))?,
        b'"' => quoted('"').filter(|inner| !inner.contains(['"', '\\']))?,
        b'-' | b'?' | b':' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'%'
        | b'@' | b'`' => return None,
        _ if text.contains(": ") || text.contains(" #") || text.ends_with(':') => return None,
        _ if matches!(text, "~" | "null" | "Null" | "NULL") => return Some(Value::Null),
        _ => text,
    };
    Some(Value::Text(inner.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::yaml, *};

    const SEED: &str = "title: '战争：基辅，\"开始\"'\ncategories: \n - 社交媒体\n - 知乎\nheadimg: 'https://p.example/a.jpg'\n\
                        author: 知乎\ncomments: false\ndate: Fri, 25 Feb 2022 08:54:46 GMT\nempty: ~\n";

    #[test]
    fn what_crawlers_write_takes_no_parser() {
        assert_eq!(parse(SEED, 3), Some(yaml::parse(SEED, 3).unwrap()));
        for text in [
            "a: b: c\n",
            "a: 'it''s'\n",
            "a: [b]\n",
            "a:\n",
            "a: b\na: c\n",
            "a: b\n  c\n",
            "a:\n- b\n - c\n",
            "# a\n",
            "",
        ] {
            assert_eq!(parse(text, 1), None, "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn what_is_read_is_what_the_parser_reads(
            lines in proptest::collection::vec(
                "(title|date|a|b-c|d_1|知|null|- x|  - y| -|#)?(:|: |:  | )?('|\"|- |[a-z]|[0-9]|知乎|~|null|: |:|#| #|,|\\[|\\]|\\{|%|@|&|\\*|!|\\||>|\\?|\\\\|''|=|<<|\t|\r|\u{85}|\u{a0}|\u{2028}|\u{feff}| |---|\\.\\.\\.){0,6}['\"]? ?",
                0..6,
            ),
            ordinary in proptest::collection::vec("(title|date|tags|[a-z]{1,3}): ?( -|['\"]?[a-z知:#, -]{0,6}['\"]? ?|\n( {0,3}- ['\"]?[a-z知:#,]{0,5}['\"]?\n){1,3})", 0..4),
            first in 1_u32..9,
        ) {
            for text in [lines.join("\n"), ordinary.join("\n"), [ordinary.join("\n"), lines.join("\n")].join("\n")] {
                if let Some(read) = parse(&text, first) {
                    prop_assert_eq!(Ok(read), yaml::parse(&text, first), "{:?}", text);
                }
            }
        }
    }
}
