//! The words and the first picture of sanitised HTML.

use ego_tree::iter::Edge;
use scraper::{Html, Node};

use super::{Image, title};

/// Characters of a summary.
pub(super) const SUMMARY: usize = 200;

/// Characters of a summary whose end its author set.
pub(super) const EXCERPT: usize = 1_000;

/// Elements that do not separate words.
const INLINE: [&str; 27] = [
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd", "mark", "q", "ruby", "s",
    "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "u", "var",
];

/// What was found.
pub(super) struct Found {
    /// Plain text, white space folded.
    pub(super) text: String,
    pub(super) image: Option<Image>,
}

/// Looks through sanitised HTML once.
pub(super) fn look(html: &str) -> Found {
    let document = Html::parse_fragment(html);
    let mut text = String::with_capacity(html.len());
    let mut image = None;
    for node in document.tree.root().traverse() {
        let (node, opens) = match node {
            Edge::Open(node) => (node, true),
            Edge::Close(node) => (node, false),
        };
        match node.value() {
            Node::Text(words) if opens => text.push_str(words),
            Node::Element(element) => {
                if !INLINE.contains(&element.name()) {
                    text.push(' ');
                }
                if opens && image.is_none() && element.name() == "img" {
                    image = picture(element);
                }
            }
            _ => {}
        }
    }
    Found { text: title::fold(&text), image }
}

/// A picture that shows something: not a pixel that counts visitors.
fn picture(element: &scraper::node::Element) -> Option<Image> {
    let tiny = |name| element.attr(name).and_then(|value| value.trim_end_matches("px").parse::<u32>().ok()).is_some_and(|size| size <= 2);
    let url = element.attr("src").filter(|src| src.starts_with("http"))?;
    (!tiny("width") && !tiny("height"))
        .then(|| Image { url: url.to_owned(), alt: title::fold(element.attr("alt").unwrap_or_default()) })
}

/// The words alone.
pub(super) fn plain(html: &str) -> String {
    look(html).text
}

/// The first so many characters, cut between words where the script has blanks.
pub(super) fn cut(text: &str, characters: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(characters) else { return text.to_owned() };
    let head = &text[..end];
    let next_is_word = text[end..].starts_with(|c: char| c.is_ascii_alphanumeric());
    // Back to the last blank, if the cut is within a word and the blank is near.
    let cut = match head.rfind(' ') {
        Some(blank) if next_is_word && head.ends_with(|c: char| c.is_ascii_alphanumeric()) && blank + 40 > end => &head[..blank],
        _ => head,
    };
    format!("{}…", cut.trim_end())
}
