//! Whether a text ends where no author ends it. One linear scan; nothing is parsed.

/// Elements that need no end tag (HTML §13.1.2.4), or have none.
const OPEN: [&str; 24] = [
    "html", "head", "body", "p", "li", "dt", "dd", "rt", "rp", "tr", "td", "th", "option", "area", "base", "br", "col",
    "embed", "hr", "img", "input", "link", "meta", "wbr",
];

/// Whether the text stops within a tag, or within the element that it begins with: its writer may not be done.
///
/// A crawler's text is one `<div>` from beginning to end, and so whole when that is closed.
pub(super) fn is_cut(text: &str) -> bool {
    stops_in_a_tag(text) || stops_in_its_first_element(text)
}

fn stops_in_a_tag(text: &str) -> bool {
    let Some((_, last)) = text.rsplit_once('<') else { return false };
    !last.contains('>') && last.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
}

fn stops_in_its_first_element(text: &str) -> bool {
    let Some(first) = text
        .trim_start()
        .strip_prefix('<')
        .map(name)
        .filter(|first| first.starts_with(|c: char| c.is_ascii_alphabetic()))
    else {
        return false;
    };
    if OPEN.iter().any(|open| open.eq_ignore_ascii_case(first)) {
        return false;
    }
    let (mut starts, mut ends) = (0_usize, 0_usize);
    for tag in text.split('<').skip(1) {
        let (tag, count) = match tag.strip_prefix('/') {
            Some(tag) => (tag, &mut ends),
            None => (tag, &mut starts),
        };
        *count += usize::from(name(tag).eq_ignore_ascii_case(first));
    }
    starts > ends
}

/// The name that a tag begins with.
fn name(tag: &str) -> &str {
    let end = tag.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(tag.len());
    &tag[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_whole_when_its_tags_and_its_first_element_are() {
        let check = |text: &str, cut: bool| assert_eq!(is_cut(text), cut, "{text:?}");

        check("", false);
        check("words", false);
        check("1 < 2", false);
        check("<3", false);
        check("words <a hre", true);
        check("words </a", true);
        check("words <a href='x'>and", false);
        check("\n<div>   \nwords<br><p>end</p>  \n</div>\n   ", false);
        check("\n<div>   \nwords<br><p>en", true);
        check("<div><div>a</div>", true);
        check("<DIV><div>a</div></Div>", false);
        check("<div><divider>", true);
        check("<div></div><div>", true);
        check("<my-box>a</my>", true);
        check("<p>one<p>two", false);
        check("<img src='a'>", false);
        check("<br/>words", false);
        check("<!-- a comment --><div>", false);
        check("text <div>", false);
    }
}
