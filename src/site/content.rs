//! The content of a post as a page shows it: pictures wait until they are near, sounds and films until they are played.
//!
//! Sanitised HTML in, the same with an attribute more: a tag begins at a `<`, which is written nowhere else there.

use std::borrow::Cow;

/// What a tag gets that does not have it.
const CALM: [(&str, &str); 3] =
    [("<img ", "loading=\"lazy\""), ("<audio", "preload=\"none\""), ("<video", "preload=\"none\"")];

/// Keeps a browser from fetching what nobody has come to.
pub(super) fn calm(html: &str) -> Cow<'_, str> {
    if CALM.iter().all(|(tag, _)| !html.contains(tag)) {
        return Cow::Borrowed(html);
    }
    let mut out = String::with_capacity(html.len() + html.len() / 8);
    for (number, part) in html.split('<').enumerate() {
        if number > 0 {
            out.push('<');
        }
        let found = CALM.iter().find_map(|(tag, attribute)| {
            let rest = part.strip_prefix(tag.trim_start_matches('<'))?;
            let is_whole = tag.ends_with(' ') || rest.starts_with([' ', '>']);
            let own = rest.split('>').next().unwrap_or_default();
            (is_whole && number > 0 && !own.contains(attribute)).then_some((tag.trim_matches(['<', ' ']), *attribute))
        });
        if let Some((name, attribute)) = found {
            out.push_str(name);
            out.push(' ');
            out.push_str(attribute);
            out.push_str(part.get(name.len()..).unwrap_or_default());
        } else {
            out.push_str(part);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fetches_waits() {
        let check = |html: &str, expected: &str| assert_eq!(calm(html), expected);
        check("<p>img audio</p>", "<p>img audio</p>");
        check("img <img src=\"a\">b", "img <img loading=\"lazy\" src=\"a\">b");
        check("<img src=\"a\" loading=\"lazy\">", "<img src=\"a\" loading=\"lazy\">");
        check("<audio controls=\"\" src=\"a\"></audio>", "<audio preload=\"none\" controls=\"\" src=\"a\"></audio>");
        check("<video><source src=\"a\"></video>", "<video preload=\"none\"><source src=\"a\"></video>");
        check("<video preload=\"none\"></video>", "<video preload=\"none\"></video>");
        check("<code>&lt;img loading=\"lazy\"</code>", "<code>&lt;img loading=\"lazy\"</code>");
    }
}
