//! The text under the front matter: kept as it is written, rendered when a feed needs the entry.
//!
//! A [`Body`] and the addresses it is relative to go in, a [`Rendered`] comes out: safe HTML, a plain summary, the first
//! picture. In order: `template` renders the tags of static site generators; `markdown` makes HTML; `prepare` reads it once,
//! under the eyes of the `guard`, and repairs it; `policy` has ammonia sanitise it; `summary` looks at what is left.
//!
//! Invariants: no parser sees what the guard has not passed, so a hostile body costs what an honest one of its size
//! does; no relative address, no script and no control character leaves; equal input gives equal bytes.

mod digest;
mod ending;
mod guard;
mod heading;
mod markdown;
mod pixel;
mod policy;
mod prepare;
mod summary;
mod template;
#[cfg(test)]
mod tests;
mod token;
mod urls;

use url::Url;

use super::{Code, Diagnostic, Level};
use guard::Excess;

pub use digest::significant;
pub use heading::first_heading;
pub(crate) use template::{strip, strip_all};

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

impl Body {
    /// The text outside tags, entities and Markdown's signs as they are written. One linear scan.
    #[must_use]
    pub fn words(&self) -> String {
        digest::words(&self.text)
    }

    /// Whether the text stops within a tag, or within the element that it begins with.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        ending::is_cut(&self.text)
    }
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// `CommonMark` with GitHub's extensions; HTML in it passes.
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

/// Finds another post of the same folder by the name under which a template tag mentions it.
///
/// The name is a path or the end of one, without the ending of its file: `hello`, `2024/hello`, `2018-01-19-forums`,
/// `topics/social`. Slashes around it, `_posts/` and all before it, `/index` and `/_index`, `#place` and `?query` are
/// taken off before. A post matches that lies at `NAME.md` or `NAME/index.md` below the folder or below a folder in it;
/// letters are compared as they are.
pub type Lookup<'a> = dyn Fn(&str) -> Option<Target> + 'a;

/// A post that another links to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Plain text.
    pub title: String,
    /// Absolute http(s) URL.
    pub link: String,
}

/// A rendered body: safe to show anywhere.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rendered {
    /// Sanitised HTML with absolute addresses.
    pub html: String,
    /// Plain text for a summary: the part before `<!-- more -->`, else the first 200 characters. Empty if the body has no
    /// words.
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
///
/// Without `posts`, tags that link to other posts show their titles without links, and nothing is said of it.
#[must_use]
pub fn render(body: &Body, bases: &Bases, posts: Option<&Lookup<'_>>) -> Rendered {
    let template::Expanded { text, mut diagnostics } = template::expand(body, bases, posts);
    let safe = prepared(body.markup, &text, bases).map(|prepared| policy::sanitise(&prepared));
    let html = safe.unwrap_or_else(|(excess, lines)| {
        // Lines can be told only while they are those of the file.
        let line = lines.filter(|_| *text == *body.text).and_then(|lines| u32::try_from(lines).ok());
        diagnostics.push(complaint(excess, line.map(|lines| body.line.saturating_add(lines))));
        match body.markup {
            Markup::Html => prepare::without_markup(&text),
            Markup::Markdown => prepare::literal(&text),
        }
    });
    let (html, more) = split(&html);
    let (summary, image) = summary::glance(&html, more);
    Rendered { html, summary, image, diagnostics }
}

/// A body's text as HTML that may be parsed, or why not, and the line of the text, from 0, if it is known.
fn prepared(markup: Markup, text: &str, bases: &Bases) -> Result<String, (Excess, Option<usize>)> {
    guard::fits(markup, text).map_err(|excess| (excess, None))?;
    match markup {
        Markup::Html => prepare::prepare(text, bases)
            .map_err(|(excess, at)| (excess, Some(text.bytes().take(at).filter(|&byte| byte == b'\n').count()))),
        Markup::Markdown => {
            let html = markdown::to_html(text).map_err(|(excess, lines)| (excess, Some(lines)))?;
            prepare::prepare(&html, bases).map_err(|(excess, _)| (excess, None))
        }
    }
}

fn complaint(excess: Excess, line: Option<u32>) -> Diagnostic {
    Diagnostic {
        level: Level::Warning,
        code: Code::Markup,
        line,
        column: None,
        message: format!("{excess}, so the text is shown without its markup"),
        help: Some("close what is opened and nest less, or split the post".to_owned()),
    }
}

/// Takes out control characters, which entities may have brought in, and the mark of `<!-- more -->`, whose place it
/// returns.
fn split(html: &str) -> (String, Option<usize>) {
    if !prepare::may_have_control(html) {
        return (html.trim().to_owned(), None);
    }
    let html = html.trim_start_matches(|c: char| c.is_whitespace() || prepare::is_control(c));
    let mut clean = String::with_capacity(html.len());
    let mut more = None;
    for part in html.split_inclusive(prepare::is_control) {
        let mut text = part.chars();
        match text.next_back() {
            Some(last) if prepare::is_control(last) => {
                clean.push_str(text.as_str());
                if last == prepare::MORE && more.is_none() {
                    more = Some(clean.len());
                }
            }
            _ => clean.push_str(part),
        }
    }
    clean.truncate(clean.trim_end().len());
    let end = clean.len();
    (clean, more.map(|more| more.min(end)))
}
