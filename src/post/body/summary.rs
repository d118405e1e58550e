//! The plain text that stands for a body, and the picture that does.
//!
//! Reads sanitised HTML, so what it finds is safe to show and every address is absolute.

use std::sync::LazyLock;

use scraper::{ElementRef, Html, Node, Selector, node::Element};

use super::{Image, pixel, policy};

/// Characters of a summary that is cut from a body.
const LENGTH: usize = 200;
/// Characters of a summary that the author marked off.
pub(super) const MARKED_LENGTH: usize = 1000;
/// Bytes in which most bodies have shown their summary and their picture.
const GLANCE: usize = 2048;
/// A word longer than this is cut: the language puts no blanks between words, or it is no word.
const LONGEST_WORD: usize = 40;

static PICTURES: LazyLock<Option<Selector>> = LazyLock::new(|| Selector::parse("img[src]").ok());

/// The summary and the picture of a body, of which `more` bytes are marked off as its summary.
///
/// Most bodies show both at their beginning, so that is parsed first, and the rest only if it has to be.
pub(super) fn glance(html: &str, more: Option<usize>) -> (String, Option<Image>) {
    let marked =
        more.and_then(|more| html.get(..more)).map(|marked| summary(&Html::parse_fragment(marked), MARKED_LENGTH));
    let marked = marked.filter(|text| !text.is_empty());
    if let Some((beginning, rest)) = beginning(html) {
        let document = Html::parse_fragment(beginning);
        let image = picture(&document);
        let summary = marked.clone().unwrap_or_else(|| summary(&document, LENGTH));
        if (marked.is_some() || summary.ends_with('…')) && (image.is_some() || !rest.contains("<img")) {
            return (summary, image);
        }
    }
    let document = Html::parse_fragment(html);
    (marked.unwrap_or_else(|| summary(&document, LENGTH)), picture(&document))
}

/// The beginning of a longer HTML, which ends within no tag and no entity, and the rest.
fn beginning(html: &str) -> Option<(&str, &str)> {
    let (head, _) = html.split_at_checked(html.floor_char_boundary(GLANCE)).filter(|(_, rest)| !rest.is_empty())?;
    let last = |sign| head.rfind(sign).and_then(|at| head.split_at_checked(at));
    let is_whole_tag = |tag: &str| {
        let mut ends = tag.match_indices('>').filter_map(|(end, _)| tag.get(..end));
        // Within an attribute it ends nothing.
        ends.any(|tag| tag.matches('"').count() % 2 == 0)
    };
    let cut = match (last('<'), last('&')) {
        (Some((before, tag)), _) if !is_whole_tag(tag) => before,
        (_, Some((before, entity))) if !entity.contains(';') => before,
        _ => head,
    };
    html.split_at_checked(cut.len())
}

/// The words of a document, cut behind `length` characters.
fn summary(document: &Html, length: usize) -> String {
    let mut words = Words::default();
    let mut block = None;
    for node in document.tree.root().descendants() {
        match node.value() {
            Node::Text(text) if !text.trim().is_empty() => {
                let around = node.ancestors().find(|above| above.value().as_element().is_some_and(separates));
                let around = around.map(|above| above.id());
                words.gap |= around != block;
                block = around;
                words.push(text, length);
            }
            Node::Text(_) => words.gap = true,
            Node::Element(element) if separates(element) => words.gap = true,
            _ => {}
        }
        if words.count > length {
            return cut(&words.text, length);
        }
    }
    words.text
}

/// The first picture that shows something.
fn picture(document: &Html) -> Option<Image> {
    document.select(PICTURES.as_ref()?).find(|picture| shows_something(picture)).and_then(|picture| {
        let alt = picture.attr("alt").unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        Some(Image { url: picture.attr("src")?.to_owned(), alt })
    })
}

/// Whether this is neither a pixel that counts readers nor a smiley. Smileys say a small size, or have a single sign as
/// `alt`.
fn shows_something(picture: &ElementRef<'_>) -> bool {
    let [width, height] = ["width", "height"].map(|side| picture.attr(side).and_then(pixel::length));
    let tiny = |size: Option<f32>, limit| size.is_some_and(|size| size <= limit);
    let alt = picture.attr("alt").unwrap_or_default().trim();
    let smiley = !alt.is_empty() && alt.chars().count() <= 3 && !alt.chars().any(char::is_alphanumeric);
    !(tiny(width, 2.0) || tiny(height, 2.0) || tiny(width, 32.0) && tiny(height, 32.0) || smiley)
}

fn separates(element: &Element) -> bool {
    matches!(element.name(), "br" | "hr") || policy::find(element.name()).is_some_and(|element| element.kind.is_block())
}

/// Text with single blanks between its words.
#[derive(Default)]
struct Words {
    text: String,
    count: usize,
    gap: bool,
}

impl Words {
    /// Pushes the words of a text until there are more than so many characters.
    fn push(&mut self, text: &str, most: usize) {
        for c in text.chars() {
            if self.count > most {
                return;
            }
            if c.is_whitespace() {
                self.gap = true;
                continue;
            }
            if std::mem::take(&mut self.gap) && !self.text.is_empty() {
                self.text.push(' ');
                self.count += 1;
            }
            self.text.push(c);
            self.count += 1;
        }
    }
}

/// The first `length` characters without half a word, and `…`.
fn cut(text: &str, length: usize) -> String {
    let Some((end, next)) = text.char_indices().nth(length) else { return text.to_owned() };
    let mut head = text.get(..end).unwrap_or(text);
    let is_cut = |next: char, head: &str| head.ends_with(is_word) && is_word(next);
    if is_cut(next, head) {
        let whole = head.trim_end_matches(is_word);
        if !whole.is_empty() && head.len() - whole.len() <= LONGEST_WORD {
            head = whole;
        }
    } else if joins(next) {
        // An accent, or a part of a smiley, is nothing without what it stands on.
        head = head.trim_end_matches(joins);
        head = head.char_indices().next_back().map_or(head, |(last, _)| head.get(..last).unwrap_or(head));
    }
    format!("{}…", head.trim_end())
}

/// Letters of scripts that put blanks between words.
fn is_word(c: char) -> bool {
    c.is_alphanumeric()
        && !matches!(c, '\u{2e80}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
        || matches!(c, '\'' | '’' | '_')
}

/// Characters that belong to the one before them.
fn joins(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{20e3}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_cut_between_words_and_anywhere_in_chinese() {
        let check = |html: &str, length, expected: &str| {
            assert_eq!(summary(&Html::parse_fragment(html), length), expected, "{html}");
        };

        check("<p>one  two\n</p><p>three</p>", 200, "one two three");
        check("a<br>b<b>c</b>", 200, "a bc");
        check("<ul><li>x</li><li>y</li></ul><table><tr><td>1</td><td>2</td></tr></table>", 200, "x y 1 2");
        check("AT&amp;T &lt;3 &nbsp; é", 200, "AT&T <3 é");
        check("hello wonderful world", 10, "hello…");
        check("hello wonderful world", 15, "hello wonderful…");
        check("hello wonderful world", 21, "hello wonderful world");
        check("我们不怕对话谈论一切", 4, "我们不怕…");
        check("abcdefgh", 4, "abcd…");
        check("ab e\u{301}x", 4, "ab…");
        check("ab 👍🏽x", 4, "ab…");
        check("<p> </p>", 10, "");
    }

    #[test]
    fn a_glance_sees_what_a_parse_of_the_whole_would() {
        let check = |html: &str| {
            let document = Html::parse_fragment(html);
            assert_eq!(glance(html, None), (summary(&document, LENGTH), picture(&document)), "{html}");
        };

        let long = "<p>一段文字 and words</p>".repeat(200);
        check(&long);
        check(&format!("<img src=\"https://x/1\" alt=\"图\">{long}"));
        check(&format!("{long}<img src=\"https://x/1\">"));
        check(&format!("<img src=\"https://x/1\" width=\"1\">{long}<img src=\"https://x/2\">"));
        check(&format!("{}text", "<br>".repeat(1000)));
        check(&format!("{}<p>end…</p>{}", "<br>".repeat(100), "<p></p>".repeat(1000)));
        check(&"字".repeat(1000));
        for shift in 0..8 {
            check(&format!("<pre>{}{}</pre>", "x".repeat(shift), "&lt;img&gt; ".repeat(1000)));
            check(&format!("<pre>{}{}</pre>", "x".repeat(shift), "&amp;".repeat(3000)));
        }
        for shift in 1980..2060 {
            let text = "字".repeat(shift / 3);
            check(&format!("{text}{}<img alt=\"a > 'b' &lt;\" src=\"https://x/3\">{text}", "x".repeat(shift % 3)));
        }
        assert_eq!(glance(&long, Some(29)).0, "一段文字 and words");
    }

    #[test]
    fn the_first_picture_is_no_pixel_and_no_smiley() {
        let check = |html: &str, expected: Option<(&str, &str)>| {
            let found = picture(&Html::parse_fragment(html));
            assert_eq!(found.as_ref().map(|image| (&*image.url, &*image.alt)), expected, "{html}");
        };

        check(
            "<img src='https://x/1' width=1 height=1><img src='https://x/2' alt='a &amp; \n b'>",
            Some(("https://x/2", "a & b")),
        );
        check("<img src='https://x/1' alt='😀'><img src='https://x/2' alt='图'>", Some(("https://x/2", "图")));
        check("<img src='https://x/1' width=20 height=20px>", None);
        check("<img src='https://x/1' width=100% height=20>", Some(("https://x/1", "")));
        // As browsers read it.
        check("<img src='https://x/1' width='1 px' height=400>", None);
        check("<img src='https://x/1' width=1.5em height=400>", None);
        check("<img src='https://x/1' width=2% height=2%>", Some(("https://x/1", "")));
        check("no picture", None);
    }
}
