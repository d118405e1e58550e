//! The text under the front matter: kept as it is written, rendered when a feed needs the entry.

use url::Url;

use super::Diagnostic;

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
pub fn render(_body: &Body, _bases: &Bases) -> Rendered {
    todo!()
}

/// The digest of what a subscriber would call another text: title, link, and the bytes of the body outside tags and
/// white space. One linear scan, no parse.
#[must_use]
pub fn significant(_title: &str, _link: Option<&str>, _body: &str) -> [u8; 16] {
    todo!()
}

/// The first heading of a body as plain text, without rendering the rest.
#[must_use]
pub fn first_heading(_body: &Body) -> Option<String> {
    todo!()
}
