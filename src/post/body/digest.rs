//! What of a post is its text: the digest that tells an edit from a rewrite.

use memchr::memchr;

use crate::bytes;

/// The digest of what a subscriber would call another text: title, link, and the bytes of the body outside tags and
/// white space. One linear scan, no parse.
///
/// Markdown and HTML are read alike: `<` opens a tag before a letter, `/`, `!` or `?`, and is text everywhere else, also
/// when no `>` follows. A tag ends at the first `>` even within quotes, which costs a digest nothing but elegance.
/// White space is every byte up to the blank.
#[must_use]
pub fn significant(title: &str, link: Option<&str>, body: &str) -> [u8; 16] {
    let link = link.unwrap_or_default();
    let mut kept = Vec::with_capacity(title.len() + link.len() + body.len() + 2);
    kept.extend_from_slice(title.as_bytes());
    kept.push(0);
    kept.extend_from_slice(link.as_bytes());
    kept.push(0);
    texts(body, |text| push_dense(&mut kept, text));
    bytes::fingerprint(&kept)
}

/// The text of a body as it is written, without its tags. A tag between two letters of the Latin alphabet is a gap.
pub(super) fn words(body: &str) -> String {
    let mut words = String::with_capacity(body.len());
    texts(body, |text| {
        if words.ends_with(|c: char| c.is_ascii_alphanumeric()) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        {
            words.push(' ');
        }
        words.push_str(text);
    });
    words
}

/// Hands on what stands outside tags, piece by piece.
fn texts(body: &str, mut take: impl FnMut(&str)) {
    let mut rest = body;
    while let Some((text, markup)) = memchr(b'<', rest.as_bytes()).and_then(|at| rest.split_at_checked(at)) {
        take(text);
        rest = match markup_end(markup) {
            Some(end) => markup.get(end..).unwrap_or_default(),
            None if memchr(b'>', markup.as_bytes()).is_none() => {
                take(markup);
                ""
            }
            None => {
                take("<");
                markup.get(1..).unwrap_or_default()
            }
        };
    }
    take(rest);
}

/// The byte behind the tag or comment that `markup` starts with.
fn markup_end(markup: &str) -> Option<usize> {
    let opens = matches!(markup.as_bytes().get(1)?, b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'!' | b'?');
    let comment = markup.strip_prefix("<!--").and_then(|inside| inside.find("-->")).map(|end| end + 7);
    comment.or_else(|| memchr(b'>', markup.as_bytes()).map(|end| end + 1)).filter(|_| opens)
}

/// Appends the bytes above the blank: many at a time where none is below it, else without a branch. This runs over every
/// byte of every post.
fn push_dense(kept: &mut Vec<u8>, text: &str) {
    for part in text.as_bytes().chunks(256) {
        if bytes::any(part, |byte| byte <= b' ') {
            push_selected(kept, part);
        } else {
            kept.extend_from_slice(part);
        }
    }
}

fn push_selected(kept: &mut Vec<u8>, text: &[u8]) {
    let start = kept.len();
    kept.resize(start + text.len(), 0);
    let mut end = 0;
    if let Some(room) = kept.get_mut(start..) {
        for &byte in text {
            if let Some(slot) = room.get_mut(end) {
                *slot = byte;
            }
            end += usize::from(byte > b' ');
        }
    }
    kept.truncate(start + end);
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_stand_outside_tags() {
        let check = |body: &str, expected: &str| assert_eq!(super::words(body), expected);
        check("<p>one</p><p>two</p>", "one two");
        check("边<b>缘</b>计算 a < b <", "边缘计算 a < b <");
        check("x<!-- y > z -->", "x");
    }
}
