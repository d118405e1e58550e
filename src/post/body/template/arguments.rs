//! What follows a tag's name → its arguments.
//!
//! One reading serves all dialects: words, texts in quotes, `key=value`, `key="…"`, `key:value`, parted by white space
//! or commas.

/// Arguments of one tag; more are not read.
const MOST: usize = 64;

/// The arguments of a tag, in their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Arguments<'a> {
    /// Without a key.
    pub(super) plain: Vec<&'a str>,
    /// With one.
    named: Vec<(&'a str, &'a str)>,
}

impl<'a> Arguments<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        let mut arguments = Self::default();
        let mut rest = text;
        for _ in 0..MOST {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            if rest.is_empty() {
                break;
            }
            if let Some((value, behind)) = quoted(rest) {
                arguments.plain.push(value);
                rest = behind;
                continue;
            }
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | ':')).unwrap_or(rest.len());
            let (key, behind) = rest.split_at(end);
            let value = behind.strip_prefix('=').or_else(|| {
                // `lang:js`, and neither `https://…` nor `Author: `.
                behind
                    .strip_prefix(':')
                    .filter(|value| !value.starts_with('/') && !value.starts_with(char::is_whitespace))
            });
            if let Some(value) = value.filter(|_| is_key(key)) {
                let (value, behind) = quoted(value).unwrap_or_else(|| word(value));
                arguments.named.push((key, value));
                rest = behind;
            } else {
                let (value, behind) = word(rest);
                arguments.plain.push(value);
                rest = behind;
            }
        }
        arguments
    }

    /// The value of the first of these keys that has one.
    pub(super) fn named(&self, keys: &[&str]) -> Option<&'a str> {
        let one = |key: &&str| self.named.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
        keys.iter().find_map(one).map(|(_, value)| *value).filter(|value| !value.trim().is_empty())
    }

    /// The value of the first of these keys that has one, else the first without a key.
    pub(super) fn named_or_first(&self, keys: &[&str]) -> Option<&'a str> {
        self.named(keys).or_else(|| self.plain.first().copied()).filter(|value| !value.trim().is_empty())
    }
}

/// A text in quotes at the start, and what is behind it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let inside = text.strip_prefix(quote)?;
    let escaped = |at: usize| inside.get(..at).is_some_and(|before| before.ends_with('\\'));
    let end = inside.match_indices(quote).map(|(at, _)| at).find(|&at| !escaped(at))?;
    Some((inside.get(..end)?, inside.get(end + 1..)?))
}

/// The text up to white space, without a comma at its end.
fn word(text: &str) -> (&str, &str) {
    let (word, behind) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
    (word.trim_end_matches(','), behind)
}

fn is_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_all_dialects_are_read() {
        let check = |text, plain: &[&str], named: &[(&str, &str)]| {
            assert_eq!(Arguments::read(text), Arguments { plain: plain.to_vec(), named: named.to_vec() }, "{text}");
        };

        check(" a/b \"C d\" 'e' ", &["a/b", "C d", "e"], &[]);
        check("src=\"/a b.png\" alt='x' width=3", &[], &[("src", "/a b.png"), ("alt", "x"), ("width", "3")]);
        check(
            "Title here lang:js https://x.example/a:b mark:1,3",
            &["Title", "here", "https://x.example/a:b"],
            &[("lang", "js"), ("mark", "1,3")],
        );
        check("a, b, c=d, e", &["a", "b", "e"], &[("c", "d")]);
        check("\"a \\\" b\" \"open", &["a \\\" b", "\"open"], &[]);
        check("David: x =y", &["David:", "x", "=y"], &[]);
        check("图.png '说 明'", &["图.png", "说 明"], &[]);
        check("", &[], &[]);
    }
}
