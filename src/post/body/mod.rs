//! The text under the front matter: kept as it is written, rendered when a feed needs the entry.
//!
//! Markdown becomes HTML; `guard` refuses what HTML parsers would choke on; `mend` makes addresses absolute and repairs
//! lazy pictures, tag by tag; ammonia sanitises; scraper finds the first picture and the words.

mod guard;
mod mend;
mod sanitise;
mod tags;
#[cfg(test)]
mod tests;
mod words;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use url::Url;

use super::{Code, Diagnostic, title};
use crate::post::body::tags::{Piece, pieces};

/// Bytes of a body that are taken for markup at most.
const LONGEST: usize = 1 << 20;

/// A body as it is written in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// How to read it.
    pub markup: Markup,
    /// The text.
    pub text: String,
    /// The line of the file on which the text starts, from 1.
    pub line: u32,
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// CommonMark with GitHub's extensions; HTML in it passes.
    Markdown,
    /// HTML.
    Html,
}

/// What relative addresses in a body are relative to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bases {
    /// The post's own address.
    pub post: Option<Url>,
    /// The site's address, for `/…`.
    pub site: Option<Url>,
}

/// A rendered body: safe to show anywhere.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rendered {
    /// Sanitised HTML with absolute addresses.
    pub html: String,
    /// Plain text for a summary: the part before `<!-- more -->`, else the first 200 characters. Empty if the body has no words.
    pub summary: String,
    /// The first picture.
    pub image: Option<Image>,
    /// What could not be kept.
    pub diagnostics: Vec<Diagnostic>,
}

/// A picture found in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Absolute http(s) URL.
    pub url: String,
    /// The alternative text, plain.
    pub alt: String,
}

/// Renders a body to safe HTML.
#[must_use]
pub fn render(body: &Body, bases: &Bases) -> Rendered {
    let html = match markup(body) {
        Ok(html) => html,
        Err(reason) => return as_text(body, reason),
    };
    let mended = mend::mend(&html, bases);
    let html = sanitise::sanitise(&mended.html);
    let found = words::look(&html);
    let summary = match mended.more {
        Some(at) => words::cut(&words::plain(&sanitise::sanitise(&mended.html[..at])), words::EXCERPT),
        None => words::cut(&found.text, words::SUMMARY),
    };
    Rendered { html, summary, image: found.image, diagnostics: Vec::new() }
}

/// The body as HTML, if it can be parsed safely.
fn markup(body: &Body) -> Result<String, guard::Excess> {
    if body.text.len() > LONGEST {
        return Err(guard::Excess::Length);
    }
    let html = match body.markup {
        Markup::Html => body.text.clone(),
        Markup::Markdown => {
            guard::check_markdown(&body.text)?;
            let mut html = String::with_capacity(body.text.len() * 3 / 2);
            pulldown_cmark::html::push_html(&mut html, parser(&body.text));
            html
        }
    };
    guard::check(&html)?;
    Ok(html)
}

fn parser(text: &str) -> Parser<'_> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    Parser::new_ext(text, options)
}

/// What is too complex to be parsed is shown as the text it holds.
fn as_text(body: &Body, reason: guard::Excess) -> Rendered {
    let mut html = String::with_capacity(body.text.len() + 16);
    let mut text = String::new();
    for piece in pieces(&body.text) {
        if let Piece::Text(words) = piece {
            text.push_str(words);
            text.push(' ');
        }
    }
    let text = title::fold(&html_escape::decode_html_entities(&text));
    html.push_str("<p>");
    html_escape::encode_text_to_string(&text, &mut html);
    html.push_str("</p>");
    let diagnostic = Diagnostic::warning(Code::Markup, format!("{reason}, so the post is shown as plain text"))
        .at(body.line, 1)
        .help("simplify the markup");
    Rendered { html, summary: words::cut(&text, words::SUMMARY), image: None, diagnostics: vec![diagnostic] }
}

/// The digest of what a subscriber would call another text: title, link, and the bytes of the body outside tags and
/// white space. One linear scan, no parse.
#[must_use]
pub fn significant(title: &str, link: Option<&str>, body: &str) -> [u8; 16] {
    let mut hash = blake3::Hasher::new();
    hash.update(title.as_bytes());
    hash.update(&[0]);
    hash.update(link.unwrap_or_default().as_bytes());
    hash.update(&[0]);
    // Few calls: words are gathered before they are hashed.
    let mut words = Vec::with_capacity(body.len());
    for piece in pieces(body) {
        if let Piece::Text(text) = piece {
            words.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
        }
    }
    hash.update(&words);
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize().as_bytes()[..16]);
    half
}

/// The first heading of a body as plain text, without rendering the rest.
#[must_use]
pub fn first_heading(body: &Body) -> Option<String> {
    let text = if body.markup == Markup::Markdown { markdown_heading(&body.text) } else { None };
    text.or_else(|| html_heading(&body.text)).filter(|text| !text.is_empty())
}

fn markdown_heading(text: &str) -> Option<String> {
    if text.len() > LONGEST || guard::check_markdown(text).is_err() {
        return None;
    }
    let mut heading: Option<String> = None;
    for event in parser(text) {
        match (event, &mut heading) {
            (Event::Start(Tag::Heading { level: HeadingLevel::H1 | HeadingLevel::H2 | HeadingLevel::H3, .. }), None) => {
                heading = Some(String::new());
            }
            (Event::End(TagEnd::Heading(_)), Some(_)) => break,
            (Event::Text(text) | Event::Code(text), Some(heading)) => heading.push_str(&text),
            (Event::SoftBreak | Event::HardBreak, Some(heading)) => heading.push(' '),
            _ => {}
        }
    }
    heading.map(|heading| title::fold(&heading))
}

fn html_heading(text: &str) -> Option<String> {
    let mut heading: Option<String> = None;
    for piece in pieces(text) {
        match (piece, &mut heading) {
            (Piece::Tag(tag), None) if !tag.closing && matches!(tag.name.as_str(), "h1" | "h2" | "h3") => {
                heading = Some(String::new());
            }
            (Piece::Tag(tag), Some(_)) if tag.closing && matches!(tag.name.as_str(), "h1" | "h2" | "h3") => break,
            (Piece::Text(text), Some(heading)) => heading.push_str(text),
            _ => {}
        }
    }
    heading.map(|heading| title::fold(&html_escape::decode_html_entities(&heading)))
}
