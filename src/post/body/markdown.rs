//! Markdown → HTML, as GitHub reads it.
//!
//! HTML in it passes, so what comes out is as unsafe as what goes in.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

use super::{
    guard::{self, Excess},
    heading,
};

/// GitHub's extensions, and `{#id}` behind a heading, which Hugo and kramdown take and nobody wants to read.
const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_HEADING_ATTRIBUTES);

/// The HTML of a Markdown text, or why it should not be read, and the line, from 0.
pub(super) fn to_html(text: &str) -> Result<String, (Excess, usize)> {
    guard::markdown(text)?;
    let mut out = String::with_capacity(text.len() + text.len() / 2);
    html::push_html(&mut out, Parser::new_ext(text, OPTIONS));
    Ok(out)
}

/// The words of the first heading that has any.
pub(super) fn first_heading(text: &str) -> Option<String> {
    guard::markdown(text).ok()?;
    let mut words: Option<String> = None;
    for (event, range) in Parser::new_ext(text, OPTIONS).into_offset_iter() {
        match (event, &mut words) {
            (Event::Start(Tag::Heading { .. }), _) => words = Some(String::new()),
            (Event::Text(text) | Event::Code(text), Some(words)) => words.push_str(&text),
            (Event::SoftBreak | Event::HardBreak, Some(words)) => words.push(' '),
            (Event::End(TagEnd::Heading(_)), Some(found)) => match heading::plain(found) {
                Some(plain) => return Some(plain),
                None => words = None,
            },
            (Event::Start(Tag::HtmlBlock), None) => {
                let found = text.get(range).and_then(heading::in_html);
                if found.is_some() {
                    return found;
                }
            }
            _ => {}
        }
    }
    None
}

/// Where the code of a Markdown text is, fenced, indented or between backticks, and where its blocks of HTML; in order.
/// The text must have passed the guard.
pub(super) fn regions(text: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let (mut code, mut html) = (Vec::new(), Vec::new());
    for (event, range) in Parser::new_ext(text, OPTIONS).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) | Event::Code(_) => code.push(range),
            Event::Start(Tag::HtmlBlock) => html.push(range),
            _ => {}
        }
    }
    (code, html)
}
