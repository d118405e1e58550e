//! Addresses in a body, made absolute; what cannot be made absolute and harmless is none.

use std::borrow::Cow;

use url::{ParseError, Url};

use super::Bases;
use crate::uri;

/// The schemes of addresses that a person follows.
pub(super) const LINK_SCHEMES: &[&str] =
    &["http", "https", "mailto", "tel", "sms", "ftp", "magnet", "xmpp", "irc", "ircs", "geo", "gemini", "gopher"];

/// Longer ones are not for people, and would be copied into every feed.
const LONGEST: usize = 8 * 1024;

impl Bases {
    /// The absolute address of a link.
    pub(super) fn link(&self, written: &str) -> Option<String> {
        let url = self.absolute(written)?;
        LINK_SCHEMES.contains(&url.scheme()).then(|| encoded(&url))
    }

    /// The absolute http(s) address of a picture, a sound or a film.
    pub(super) fn media(&self, written: &str) -> Option<String> {
        let url = self.absolute(written)?;
        is_web(&url).then(|| encoded(&url))
    }

    /// A `srcset` with absolute http(s) addresses only; `None` when no candidate is left.
    pub(super) fn media_set(&self, written: &str) -> Option<String> {
        let mut set = String::new();
        for candidate in candidates(written) {
            // A comma at the end would be taken for a separator.
            let Some(url) = self.media(candidate.url).filter(|url| !url.ends_with(',')) else { continue };
            if !set.is_empty() {
                set.push_str(", ");
            }
            set.push_str(&url);
            if !candidate.size.is_empty() {
                set.push(' ');
                set.push_str(candidate.size);
            }
        }
        (!set.is_empty()).then_some(set)
    }

    fn absolute(&self, written: &str) -> Option<Url> {
        let written = written.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        if written.is_empty() || written.len() > LONGEST {
            return None;
        }
        match Url::parse(written) {
            Ok(url) => Some(url),
            Err(ParseError::RelativeUrlWithoutBase) => self.join(written),
            Err(_) => None,
        }
    }

    fn join(&self, relative: &str) -> Option<Url> {
        let rooted = relative.starts_with(['/', '\\']);
        let base = if rooted { self.site.as_ref().or(self.post.as_ref()) } else { self.post.as_ref() };
        match base {
            Some(base) => base.join(relative).ok().filter(is_web),
            None if relative.starts_with("//") => Url::parse(&format!("https:{relative}")).ok(),
            None => None,
        }
    }
}

/// What a reader can take for a URI, where browsers are more lenient.
fn encoded(url: &Url) -> String {
    uri::encode(url.as_str()).into_owned()
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// One picture of a `srcset`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Picture<'a> {
    /// As written.
    pub(super) url: &'a str,
    /// `640w`, `2x`, or nothing.
    pub(super) size: &'a str,
}

/// The candidates of a `srcset`, after the HTML standard (4.8.4.3.10); those with a size that is none are left out.
pub(super) fn candidates(set: &str) -> impl Iterator<Item = Picture<'_>> {
    let mut rest = set;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
            if rest.is_empty() {
                return None;
            }
            let (url, behind) = rest.split_at(rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len()));
            if let Some(alone) = url.strip_suffix(',') {
                rest = behind;
                return Some(Picture { url: alone.trim_end_matches(','), size: "" });
            }
            let (size, behind) = behind.split_at(behind.find(',').unwrap_or(behind.len()));
            rest = behind;
            let size = size.trim();
            if is_size(size) {
                return Some(Picture { url, size });
            }
        }
    })
}

fn is_size(size: &str) -> bool {
    size.is_empty()
        || size.strip_suffix(['w', 'x', 'h']).is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        })
}

/// Decodes the entities that occur in addresses. Others stay as they are, which makes an address wrong, never dangerous.
pub(super) fn decode(value: &str) -> Cow<'_, str> {
    if !value.contains('&') {
        return Cow::Borrowed(value);
    }
    let mut decoded = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, behind)) = rest.split_once('&') {
        decoded.push_str(before);
        let entity = behind.bytes().take(10).position(|byte| byte == b';').and_then(|end| behind.split_at_checked(end));
        if let Some((character, (_, end))) = entity.and_then(|(name, _)| character(name)).zip(entity) {
            decoded.push(character);
            rest = end.strip_prefix(';').unwrap_or(end);
        } else {
            decoded.push('&');
            rest = behind;
        }
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

fn character(entity: &str) -> Option<char> {
    let code = match entity {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        "nbsp" => return Some('\u{a0}'),
        "colon" => return Some(':'),
        "sol" => return Some('/'),
        "Tab" => return Some('\t'),
        "NewLine" => return Some('\n'),
        _ => entity.strip_prefix('#')?,
    };
    let number = match code.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => code.parse(),
    };
    char::from_u32(number.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bases(post: &str, site: &str) -> Bases {
        Bases { post: Url::parse(post).ok(), site: Url::parse(site).ok() }
    }

    #[test]
    fn addresses_become_absolute_or_nothing() {
        let full = bases("https://blog.example/b/2024/旅行/", "https://blog.example/b/");
        let none = Bases::default();
        let check = |bases: &Bases, written, expected: Option<&str>| {
            assert_eq!(bases.media(written).as_deref(), expected, "{written}");
        };

        check(&full, "a.png", Some("https://blog.example/b/2024/%E6%97%85%E8%A1%8C/a.png"));
        check(&full, "../a b.png", Some("https://blog.example/b/2024/a%20b.png"));
        check(&full, "/img/图.png", Some("https://blog.example/img/%E5%9B%BE.png"));
        check(&full, "//cdn.example/a.png", Some("https://cdn.example/a.png"));
        check(&full, " \n https://x.example/a.png ", Some("https://x.example/a.png"));
        check(&full, "java\nscript:alert(1)", None);
        check(&full, "data:image/png;base64,AA==", None);
        check(&full, "mailto:a@b.example", None);
        check(&full, "", None);
        check(&none, "a.png", None);
        check(&none, "/a.png", None);
        check(&none, "//cdn.example/a.png", Some("https://cdn.example/a.png"));
        check(&bases("https://p.example/x/", ""), "/a.png", Some("https://p.example/a.png"));
        check(&bases("", "https://s.example/x/"), "a.png", None);
        assert_eq!(full.link("#more").as_deref(), Some("https://blog.example/b/2024/%E6%97%85%E8%A1%8C/#more"));
        assert_eq!(none.link("mailto:a@b.example").as_deref(), Some("mailto:a@b.example"));
        assert_eq!(none.link("VBScript:x"), None);
    }

    #[test]
    fn a_srcset_keeps_what_can_be_fetched() {
        let full = bases("https://p.example/x/", "https://p.example/");
        let check = |written, expected: Option<&str>| {
            assert_eq!(full.media_set(written).as_deref(), expected, "{written}");
        };

        check("a.png 1x, /b.png 2x", Some("https://p.example/x/a.png 1x, https://p.example/b.png 2x"));
        check("a.png", Some("https://p.example/x/a.png"));
        check("a.png,b.png 640w", Some("https://p.example/x/a.png,b.png 640w"));
        check("a.png, javascript:alert(1) 2x", Some("https://p.example/x/a.png"));
        check("data:image/gif;base64,R0lGOD 1w", None);
        check(" , , ", None);
        check("a.png 2x evil, b.png 1.5x", Some("https://p.example/x/b.png 1.5x"));
    }

    #[test]
    fn entities_of_addresses_are_decoded_once() {
        let check = |value, expected: &str| assert_eq!(decode(value), expected);

        check("a?b=1&amp;c=2", "a?b=1&c=2");
        check("a?b=1&c=2&copy=3", "a?b=1&c=2&copy=3");
        check("&#106;ava&#x73;cript&colon;", "javascript:");
        check("&amp;amp;&", "&amp;&");
        check("&中文;&#xD800;", "&中文;&#xD800;");
    }
}
