//! Titles are plain text.

use std::borrow::Cow;

/// HTML elements that occur in titles; anything else between angle brackets is text (`Vec<T>`, `<Q&A>`).
const ELEMENTS: [&str; 34] = [
    "a", "abbr", "b", "bdi", "bdo", "big", "br", "cite", "code", "del", "div", "em", "font", "h1", "h2", "h3", "i",
    "img", "ins", "kbd", "mark", "p", "q", "rp", "rt", "ruby", "s", "small", "span", "strike", "strong", "sub", "sup",
    "u",
];

/// Text as people read it: tags of real HTML elements dropped, entities decoded once, white space folded.
#[must_use]
pub fn plain(text: &str) -> String {
    let text = if text.contains('<') { Cow::Owned(without_tags(text)) } else { Cow::Borrowed(text) };
    fold(&html_escape::decode_html_entities(&text))
}

/// White space folded to single blanks, none at the ends, control characters dropped.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().filter(|c| !c.is_control()));
    }
    folded
}

fn without_tags(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let (before, from) = rest.split_at(open);
        kept.push_str(before);
        match tag(from) {
            Some(length) => rest = &from[length..],
            None => {
                kept.push('<');
                rest = &from[1..];
            }
        }
    }
    kept.push_str(rest);
    kept
}

/// The length of the tag of an HTML element that starts here.
fn tag(text: &str) -> Option<usize> {
    let inside = text[1..].strip_prefix('/').unwrap_or(&text[1..]);
    let name = inside.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    let after = inside[name.len()..].chars().next()?;
    let is_tag = ELEMENTS.contains(&name.to_ascii_lowercase().as_str()) && (after.is_whitespace() || matches!(after, '>' | '/'));
    is_tag.then(|| text.find('>').map(|end| end + 1)).flatten()
}

/// The title in a file's name: without its date and ending; `index` takes its folder's name.
#[must_use]
pub fn of_file(path: &std::path::Path, dated_rest: Option<&str>) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name = match dated_rest {
        Some(rest) if !rest.is_empty() => rest.to_owned(),
        _ if stem == "index" => {
            let folder = path.parent().and_then(std::path::Path::file_name);
            folder.map_or(stem, |name| name.to_string_lossy().into_owned())
        }
        _ => stem,
    };
    let title = fold(&name);
    if title.is_empty() { String::from("untitled") } else { title }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles() {
        for (input, expected) in [
            ("基辅罗斯  装甲部队", "基辅罗斯 装甲部队"),
            ("a &#123;b&#125; &amp; c", "a {b} & c"),
            ("&amp;lt;", "&lt;"),
            ("Vec<T> and <3", "Vec<T> and <3"),
            ("x <Q&A> y", "x <Q&A> y"),
            ("<b>bold</b> <a href='x'>link</a>", "bold link"),
            ("&lt;b&gt;", "<b>"),
            ("a\n\tb\u{0}", "a b"),
            ("<b", "<b"),
            ("AT&T", "AT&T"),
        ] {
            assert_eq!(plain(input), expected, "{input:?}");
        }
        assert_eq!(of_file("a/b/index.md".as_ref(), None), "b");
        assert_eq!(of_file("a/2024-01-02-x-y.md".as_ref(), Some("x-y")), "x-y");
    }
}
