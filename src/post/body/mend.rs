//! Addresses made absolute, lazy pictures repaired, tag by tag, before the HTML is sanitised.
//!
//! What cannot be made absolute goes: a link loses its address, a picture goes as a whole.

use std::borrow::Cow;

use url::Url;

use super::{
    Bases,
    tags::{Piece, Tag, pieces},
};

/// Mended HTML; not yet safe.
pub(super) struct Mended {
    pub(super) html: String,
    /// Where `<!-- more -->` stood, as an offset into `html`.
    pub(super) more: Option<usize>,
}

/// Where crawled pages keep the address of a picture that a script was to load.
const LAZY: [&str; 5] = ["data-original", "data-src", "data-actualsrc", "data-lazy-src", "data-lazyload"];

/// Attributes that hold an address.
const ADDRESSES: [&str; 4] = ["href", "src", "poster", "cite"];

pub(super) fn mend(html: &str, bases: &Bases) -> Mended {
    let mut mended = Mended { html: String::with_capacity(html.len() + html.len() / 8), more: None };
    let mut noscript: Option<bool> = None;
    let mut after_lazy = false;
    for piece in pieces(html) {
        match piece {
            // A picture for readers without scripts: it stands in for a lazy one that could not be repaired.
            Piece::Tag(tag) if tag.name == "noscript" => noscript = (!tag.closing).then_some(after_lazy),
            _ if noscript == Some(true) => {}
            Piece::Text(text) => mended.html.extend(text.chars().filter(|c| !c.is_control() || c.is_whitespace())),
            Piece::Comment(comment) => {
                if is_more(comment) && mended.more.is_none() {
                    mended.more = Some(mended.html.len());
                }
            }
            Piece::Tag(tag) => {
                if tag.name == "a" && mended.more.is_none() && tag.attributes().any(|(name, value)| name == "id" && value == "more") {
                    mended.more = Some(mended.html.len());
                }
                if !matches!(tag.name.as_str(), "br" | "p") {
                    after_lazy = false;
                }
                match tag.name.as_str() {
                    _ if tag.closing => mended.html.push_str(tag.raw),
                    "img" => after_lazy = picture(&tag, bases, &mut mended.html),
                    "iframe" => frame(&tag, bases, &mut mended.html),
                    _ => rewrite(&tag, bases, &mut mended.html),
                }
            }
            // Sanitising drops scripts and styles; their content must not become text.
            Piece::Raw(raw) => mended.html.push_str(raw),
        }
    }
    mended
}

/// `<!-- more -->`, however it is spelt.
fn is_more(comment: &str) -> bool {
    let inside = comment.trim_start_matches("<!--").trim_end_matches("-->").trim();
    inside.eq_ignore_ascii_case("more") || inside.eq_ignore_ascii_case("excerpt")
}

/// Writes a picture with its real address; true if it was a lazy one.
fn picture(tag: &Tag<'_>, bases: &Bases, html: &mut String) -> bool {
    let attributes: Vec<(String, Cow<'_, str>)> = tag.attributes().map(|(name, value)| (name, decoded(value))).collect();
    let value = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_ref());
    let lazy = LAZY.iter().find_map(|name| value(name).filter(|value| !value.trim().is_empty()));
    let own = value("src").filter(|src| !is_placeholder(src));
    let source = own.or(lazy).and_then(|source| absolute(source, bases));
    let candidates = value("srcset").or_else(|| value("data-srcset")).map(|set| source_set(set, bases)).unwrap_or_default();
    let Some(source) = source.or_else(|| candidates.split(' ').next().filter(|first| !first.is_empty()).map(str::to_owned))
    else {
        return lazy.is_some();
    };
    html.push_str("<img");
    attribute(html, "src", &source);
    if !candidates.is_empty() {
        attribute(html, "srcset", &candidates);
    }
    for (name, value) in &attributes {
        if !matches!(name.as_str(), "src" | "srcset" | "data-srcset") {
            attribute(html, name, value);
        }
    }
    html.push('>');
    lazy.is_some() && own.is_none()
}

/// A picture that only keeps the place.
fn is_placeholder(src: &str) -> bool {
    let src = src.trim();
    src.is_empty() || src == "#" || src.starts_with("data:") || src.starts_with("about:")
}

/// An embedded page becomes a link to it.
fn frame(tag: &Tag<'_>, bases: &Bases, html: &mut String) {
    let source = tag.attributes().find(|(name, _)| name == "src").and_then(|(_, value)| absolute(&decoded(value), bases));
    if let Some(source) = source {
        html.push_str("<p><a");
        attribute(html, "href", &source);
        html.push('>');
        html_escape::encode_text_to_string(&source, html);
        html.push_str("</a></p>");
    }
    html.push_str(tag.raw);
}

/// Writes a tag again with absolute addresses.
fn rewrite(tag: &Tag<'_>, bases: &Bases, html: &mut String) {
    let concerned = |name: &String| ADDRESSES.contains(&name.as_str()) || name == "srcset";
    if !tag.attributes().any(|(name, _)| concerned(&name)) {
        return html.push_str(tag.raw);
    }
    html.push('<');
    html.push_str(&tag.name);
    for (name, value) in tag.attributes() {
        let value = decoded(value);
        if name == "srcset" {
            attribute(html, &name, &source_set(&value, bases));
        } else if !ADDRESSES.contains(&name.as_str()) {
            attribute(html, &name, &value);
        } else if let Some(value) = absolute(&value, bases) {
            attribute(html, &name, &value);
        }
    }
    html.push('>');
}

fn decoded(value: &str) -> Cow<'_, str> {
    html_escape::decode_html_entities(value)
}

fn attribute(html: &mut String, name: &str, value: &str) {
    html.push(' ');
    html.push_str(name);
    html.push_str("=\"");
    html_escape::encode_double_quoted_attribute_to_string(value, html);
    html.push('"');
}

/// An address as an absolute URL: `/…` against the site, anything else relative against the post.
fn absolute(address: &str, bases: &Bases) -> Option<String> {
    // Browsers ignore white space around and line breaks within.
    let address: String = address.trim().chars().filter(|c| !c.is_control()).collect();
    if let Some(rest) = address.strip_prefix("//") {
        return Url::parse(&format!("https://{rest}")).ok().map(String::from);
    }
    match Url::parse(&address) {
        Ok(url) => matches!(url.scheme(), "http" | "https" | "mailto" | "tel").then(|| url.into()),
        Err(url::ParseError::RelativeUrlWithoutBase) if !address.is_empty() => {
            let url = match address.strip_prefix('/') {
                Some(rest) => bases.site.as_ref().or(bases.post.as_ref())?.join(rest.trim_start_matches('/')).ok()?,
                None => bases.post.as_ref().or(bases.site.as_ref())?.join(&address).ok()?,
            };
            Some(url.into())
        }
        Err(_) => None,
    }
}

/// A `srcset` with absolute addresses; candidates that cannot be made so go.
fn source_set(set: &str, bases: &Bases) -> String {
    let candidates = set.split(", ").flat_map(|part| part.split(",\n")).filter_map(|candidate| {
        let mut words = candidate.trim().trim_end_matches(',').split_whitespace();
        let address = words.next()?;
        let url = absolute(address, bases).filter(|url| url.starts_with("http"))?;
        // A comma would end the candidate.
        let url = url.replace(',', "%2C");
        Some(words.next().map_or(url.clone(), |size| format!("{url} {size}")))
    });
    candidates.collect::<Vec<_>>().join(", ")
}
