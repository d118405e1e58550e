//! The first heading of a body, for posts without a title. Renders nothing.

use scraper::Html;

use super::{
    Bases, Body, Markup, guard, markdown, template,
    token::{Token, Tokens},
};

/// Longer ones are no titles.
const LONGEST: usize = 300;

/// The first heading of a body as plain text, without rendering the rest.
///
/// Any heading of Markdown, `<h1>` to `<h3>` of HTML; one in a code block is none, nor is one without words.
#[must_use]
pub fn first_heading(body: &Body) -> Option<String> {
    guard::fits(body.markup, &body.text).ok()?;
    let bases = Bases::default();
    let text = template::expand(body, &bases, None).text;
    match body.markup {
        Markup::Markdown => markdown::first_heading(&text),
        Markup::Html => in_html(&text),
    }
}

/// The words of the first `<h1>` to `<h3>` that has any.
pub(super) fn in_html(html: &str) -> Option<String> {
    let is_heading = |name: &str| ["h1", "h2", "h3"].iter().any(|heading| name.eq_ignore_ascii_case(heading));
    let mut words: Option<String> = None;
    let mut tokens = Tokens::new(html);
    while let Some(token) = tokens.next() {
        match (token, &mut words) {
            (Token::Start(name), _) if super::policy::goes_with_content(name) => _ = tokens.content_until(name),
            (Token::Start(name), None) if is_heading(name) => words = Some(String::new()),
            (Token::Start(name), Some(words)) if name.eq_ignore_ascii_case("br") => words.push(' '),
            (Token::Text(text), Some(words)) if words.len() < 8 * LONGEST => words.push_str(text),
            (Token::End(name), Some(found)) if is_heading(name) => {
                // No tag is left, so the parser has nothing to do but decode entities.
                let decoded = Html::parse_fragment(&found.replace('<', "&lt;"));
                match plain(&decoded.root_element().text().collect::<String>()) {
                    Some(plain) => return Some(plain),
                    None => words = None,
                }
            }
            _ => {}
        }
    }
    None
}

/// Words with single blanks between them, at most as many as a title has; `None` for none.
pub(super) fn plain(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|&c| c.is_whitespace() || !c.is_control()).collect();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!words.is_empty()).then(|| words.chars().take(LONGEST).collect())
}
