//! Permalink patterns: parsed once, filled for each post, joined to the site's address.

use std::fmt::Write as _;

use url::Url;

use super::{
    Dialect, LinkFacts, Permalink, PermalinkError,
    dialects::{self, Variable},
};
use crate::post::date::Timezone;

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Itself. Written by a person, so `%E4` in it is an escape already, and `?` starts a query.
    Literal(String),
    /// What the post has.
    Variable(Variable),
}

/// Parses a pattern.
pub(super) fn parse(pattern: &str, dialect: Dialect) -> Result<Vec<Piece>, PermalinkError> {
    if pattern.is_empty() {
        return Err(PermalinkError::Empty);
    }
    let (mut literal, mut rest) =
        split_origin(pattern).map_or((String::new(), pattern), |(site, rest)| (site.into(), rest));
    let mut pieces = Vec::new();
    while let Some((before, behind)) = rest.split_once(':') {
        if dialect == Dialect::Hugo && before.ends_with('\\') {
            literal.push_str(before.trim_end_matches('\\'));
            literal.push(':');
            rest = behind;
            continue;
        }
        literal.push_str(before);
        let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(behind.len());
        let (name, mut after) = behind.split_at(end);
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            let shown = behind.split('/').next().unwrap_or_default();
            return Err(PermalinkError::NoName(format!(":{shown}")));
        }
        let (variable, unused) = dialects::variable(name, dialect);
        let variable = match (variable, after.strip_prefix('[')) {
            (Variable::Sections(_), Some(inner)) => {
                let no_range = || PermalinkError::NoRange(after.split_inclusive(']').next().unwrap_or_default().into());
                let (range, rest) = inner.split_once(']').ok_or_else(no_range)?;
                let range = dialects::Range::parse(range).ok_or_else(no_range)?;
                after = rest;
                Variable::Sections(range)
            }
            (variable, _) => variable,
        };
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Variable(variable));
        literal.push_str(unused);
        rest = after;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

/// Hugo writes the addresses of pages in small letters, and as folders unless the pattern names an extension.
pub(super) fn as_hugo_page(pieces: &mut Vec<Piece>) {
    for piece in pieces.iter_mut() {
        if let Piece::Literal(text) = piece {
            *text = text.to_lowercase();
        }
    }
    let is_whole = matches!(pieces.last(), Some(Piece::Literal(text)) if text.ends_with('/') || text.contains('.'));
    if !is_whole {
        pieces.push(Piece::Literal("/".into()));
    }
}

/// Fills a pattern: a path, percent-encoded, which may be absolute and end in a query. `None` if a variable has no value.
pub(super) fn fill(permalink: &Permalink, facts: &LinkFacts<'_>, timezone: &Timezone) -> Option<String> {
    let mut path = String::new();
    for piece in &permalink.pieces {
        match piece {
            Piece::Literal(text) => encode(&mut path, text, Origin::Person),
            Piece::Variable(variable) => encode(&mut path, &variable.value(facts, timezone)?, Origin::Post),
        }
    }
    Some(path)
}

/// Who wrote a text that goes into an address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Who wrote the pattern means `%E4`, `?` and `#` as an address does.
    Person,
    /// A file name or title has no syntax; only its slashes part segments.
    Post,
}

/// Percent-encodes what RFC 3986 does not allow in a path.
pub(super) fn encode(path: &mut String, text: &str, origin: Origin) {
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let escaped = || {
            let mut next = rest.clone();
            [next.next(), next.next()].iter().all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit()))
        };
        let kept = byte.is_ascii_alphanumeric()
            || b"-._~!$&'()*+,;=:@/".contains(&byte)
            || (origin == Origin::Person && (b"?#".contains(&byte) || (byte == b'%' && escaped())));
        if kept {
            path.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
}

/// `https://example.org:8080` and the rest, if the text starts so.
fn split_origin(text: &str) -> Option<(&str, &str)> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let end = text.len() - host.len() + host.find(['/', '?', '#']).unwrap_or(host.len());
    text.split_at_checked(end)
}

/// Puts an encoded path below the site's address, whose own path is kept. No empty segment, `.` or `..` survives.
pub(super) fn absolute(path: &str, site: Option<&Url>) -> Option<String> {
    let (mut address, path) = match (split_origin(path), site) {
        (Some((origin, rest)), _) => (origin.to_owned(), rest),
        (None, Some(site)) => {
            let mut site = site.clone();
            site.set_query(None);
            site.set_fragment(None);
            (String::from(site).trim_end_matches('/').to_owned(), path)
        }
        (None, None) => return None,
    };
    let (path, query) = path.split_at(path.find(['?', '#']).unwrap_or(path.len()));
    let mut is_folder = true;
    for segment in path.split('/') {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        is_folder = matches!(plain.as_str(), "" | "." | "..");
        if !is_folder {
            address.push('/');
            address.push_str(segment);
        }
    }
    if is_folder {
        address.push('/');
    }
    address.push_str(query);
    Some(address)
}
