//! Where the code of a body is, and where its HTML.
//!
//! Markdown is parsed once for this, and only if there are marks in it: fences, indentation, lists and quotes have too
//! many rules to read them twice. What a tag shows as code is no Markdown, so its backticks are hidden first.

use std::{borrow::Cow, ops::Range};

use super::{
    super::{Markup, guard, markdown},
    scan::{Mark, Role, Scanner},
    tags::Family,
};

/// Parts of a body in which Markdown or a template engine reads otherwise, in order.
#[derive(Debug, Default)]
pub(super) struct Regions {
    /// Fenced, indented, or between backticks.
    pub(super) code: Vec<Range<usize>>,
    /// Blocks of HTML.
    pub(super) html: Vec<Range<usize>>,
}

impl Regions {
    /// The regions of a body. A body that is too large or too deep to be rendered has none.
    pub(super) fn of(text: &str, markup: Markup) -> Self {
        if markup == Markup::Html || guard::fits(markup, text).is_err() || guard::markdown(text).is_err() {
            return Self::default();
        }
        let (code, html) = markdown::regions(&without_shown_code(text));
        Self { code, html }
    }
}

/// The text with blanks for the backticks and tildes in what a tag shows as code; every byte stays at its place.
fn without_shown_code(text: &str) -> Cow<'_, str> {
    let mut scanner = Scanner::new(text);
    let mut hidden = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('{')) {
        let start = at + found;
        at = start + 1;
        let Some((Mark::Tag(tag), end)) = scanner.mark(start) else { continue };
        at = end;
        if tag.role == Role::Start
            && Family::of(tag.name) == Some(Family::Code)
            && super::opens_line(text, start)
            && let Some((close, behind)) = scanner.end_of(tag.name, tag.dialect, end)
        {
            hidden.push(end..close);
            at = behind;
        }
    }
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for range in hidden {
        shown.push_str(text.get(from..range.start).unwrap_or_default());
        let code = text.get(range.clone()).unwrap_or_default();
        shown.extend(code.chars().map(|c| if matches!(c, '`' | '~') { '.' } else { c }));
        from = range.end;
    }
    shown.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(shown)
}
