//! The words of a text, as people search for them. Pure.
//!
//! A text comes in and goes out as words in one form: compatible characters made equal (NFKD), without the marks of
//! Latin letters, in lower case. Scripts that put no blanks between words are cut into pairs of characters, so that a
//! word of two is found wherever it stands, and at each run's end there is its last character alone, so that one
//! character is found too.
//!
//! Invariant: a word is letters and digits alone, whatever the text was, so that no query can hold syntax.

use std::{iter::Peekable, ops::Range};

use unicode_normalization::UnicodeNormalization;

/// Characters of a word that count; beyond, words are held for equal.
const LONGEST_WORD: usize = 40;

/// Characters of a query that are looked at.
pub const LONGEST_QUERY: usize = 100;

/// A word, or a run of characters of a script without blanks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    script: Script,
    /// In the form in which it is compared.
    text: String,
    /// Where it stands in the text, in bytes.
    place: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    /// Words stand between blanks.
    Spaced,
    /// Words stand beside each other.
    Unspaced,
}

/// What somebody searches for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// As it is shown: at most [`LONGEST_QUERY`] characters.
    text: String,
    /// All of them must be found; each is pieces that stand one after the other.
    terms: Vec<Vec<Piece>>,
}

impl Query {
    /// Reads what somebody typed. Every text is a query.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text: String = text.trim().chars().take(LONGEST_QUERY).collect();
        let terms = text.split_whitespace().map(pieces).filter(|pieces| !pieces.is_empty()).collect();
        Self { text, terms }
    }

    /// What was typed, white space around it and what is too long left out.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// There is no letter and no digit in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The query for an index that knows which word follows which.
    pub(super) fn phrases(&self) -> String {
        let terms = self.terms.iter().map(|term| {
            let words: Vec<String> = term.iter().flat_map(|piece| asked(piece).0).collect();
            let open = term.last().is_some_and(|piece| asked(piece).1);
            format!("\"{}\"{}", words.join(" "), if open { " *" } else { "" })
        });
        terms.collect::<Vec<_>>().join(" AND ")
    }

    /// The query for an index that only knows which words there are.
    pub(super) fn words(&self) -> String {
        let words = self.terms.iter().flatten().flat_map(|piece| {
            let (words, open) = asked(piece);
            words.into_iter().map(move |word| format!("\"{word}\"{}", if open { " *" } else { "" }))
        });
        words.collect::<Vec<_>>().join(" AND ")
    }

    /// Whether a short text holds every term.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let pieces = pieces(text);
        !self.is_empty() && self.terms.iter().flatten().all(|wanted| pieces.iter().any(|piece| holds(piece, wanted)))
    }

    /// Where a text holds pieces of the query, in bytes, in order and apart from each other.
    #[must_use]
    pub fn marks(&self, text: &str) -> Vec<Range<usize>> {
        let mut marks: Vec<Range<usize>> = Vec::new();
        for piece in pieces(text) {
            let found = self.terms.iter().flatten().filter(|wanted| holds(&piece, wanted));
            let of_piece = found.flat_map(|wanted| {
                let length = wanted.text.chars().count();
                let starts = piece.text.match_indices(&wanted.text).map(|(at, _)| piece.text[..at].chars().count());
                // A word is found by how it begins.
                let most = if piece.script == Script::Spaced { 1 } else { usize::MAX };
                starts.take(most).map(|skip| within(text, &piece, skip, length)).collect::<Vec<_>>()
            });
            let mut of_piece: Vec<_> = of_piece.collect();
            of_piece.sort_by_key(|mark| (mark.start, mark.end));
            for mark in of_piece {
                match marks.last_mut() {
                    // One character may be of two words, as ¾ is.
                    Some(last) if mark.start <= last.end => last.end = last.end.max(mark.end),
                    _ => marks.push(mark),
                }
            }
        }
        marks
    }
}

/// A text as the words by which it is found, between blanks.
pub(super) fn indexed(text: &str) -> String {
    let mut words = String::with_capacity(text.len() * 2);
    for piece in pieces(text) {
        let mut push = |word: &str| {
            words.push_str(word);
            words.push(' ');
        };
        match piece.script {
            Script::Spaced => push(&piece.text),
            Script::Unspaced => {
                pairs(&piece.text).for_each(&mut push);
                push(last(&piece.text));
            }
        }
    }
    words
}

/// The words to ask for, and whether the last of them may go on.
fn asked(piece: &Piece) -> (Vec<String>, bool) {
    let mut letters = piece.text.chars();
    let single = letters.next().is_some() && letters.next().is_none();
    match piece.script {
        // One letter begins too many words.
        Script::Spaced => (vec![piece.text.clone()], !single),
        Script::Unspaced if single => (vec![piece.text.clone()], true),
        Script::Unspaced => (pairs(&piece.text).map(str::to_owned).collect(), false),
    }
}

/// Whether a piece of a text is found by a piece of a query.
fn holds(piece: &Piece, wanted: &Piece) -> bool {
    piece.script == wanted.script
        && match wanted.script {
            Script::Spaced if wanted.text.chars().nth(1).is_none() => piece.text == wanted.text,
            Script::Spaced => piece.text.starts_with(&wanted.text),
            Script::Unspaced => piece.text.contains(&wanted.text),
        }
}

/// Every two characters that follow each other.
fn pairs(text: &str) -> impl Iterator<Item = &str> {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).skip(1);
    text.char_indices().zip(ends).map(|((start, _), end)| &text[start..end])
}

fn last(text: &str) -> &str {
    text.char_indices().next_back().map_or("", |(at, _)| &text[at..])
}

/// The bytes of a text that some characters of a piece came from.
fn within(text: &str, piece: &Piece, skip: usize, length: usize) -> Range<usize> {
    let mut folded = folded(&text[piece.place.clone()]).skip(skip);
    let start = folded.next().map_or(piece.place.start, |(place, _)| piece.place.start + place.start);
    let end = match length {
        0 | 1 => None,
        _ => folded.nth(length - 2),
    };
    let first_end = text[start..].chars().next().map_or(start, |c| start + c.len_utf8());
    start..end.map_or(first_end, |(place, _)| piece.place.start + place.end)
}

/// A text's words and runs, in its order.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut letters = folded(text).peekable();
    while let Some((place, c)) = letters.next() {
        let Some(script) = script(c) else { continue };
        let mut piece = Piece { script, text: String::from(c), place };
        go_on(&mut piece, &mut letters);
        pieces.push(piece);
    }
    pieces
}

/// Takes what belongs to the same word or run.
fn go_on(piece: &mut Piece, letters: &mut Peekable<impl Iterator<Item = (Range<usize>, char)>>) {
    let mut length = 1;
    while let Some((place, c)) = letters.next_if(|(_, c)| script(*c) == Some(piece.script)) {
        length += 1;
        if piece.script == Script::Unspaced || length <= LONGEST_WORD {
            piece.text.push(c);
            piece.place.end = place.end;
        }
    }
}

/// The characters in which a text is compared, each with the bytes it came from.
fn folded(text: &str) -> impl Iterator<Item = (Range<usize>, char)> {
    text.char_indices().flat_map(|(at, c)| {
        let place = at..at + c.len_utf8();
        // Most of what is written needs no table.
        let plain = (c.is_ascii() || is_han(c)).then(|| c.to_ascii_lowercase());
        let rest = plain.is_none().then(|| {
            let bare = std::iter::once(c).nfkd().filter(|c| !('\u{300}'..='\u{36f}').contains(c));
            bare.nfc().flat_map(char::to_lowercase).collect::<Vec<_>>()
        });
        plain.into_iter().chain(rest.into_iter().flatten()).map(move |c| (place.clone(), c))
    })
}

fn script(c: char) -> Option<Script> {
    if is_han(c) || is_unspaced(c) { Some(Script::Unspaced) } else { c.is_alphanumeric().then_some(Script::Spaced) }
}

/// Kana, Thai and Lao, Burmese, Khmer; their marks are part of the word.
#[rustfmt::skip] // a table
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{3041}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{0e01}'..='\u{0e4e}' | '\u{0e81}'..='\u{0ece}' | '\u{1000}'..='\u{1049}' | '\u{1780}'..='\u{17d3}')
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{3005}'..='\u{3007}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_become_words_and_pairs() {
        for (text, expected) in [
            ("Errors that tell: `thiserror` & Vec<T>", "errors that tell thiserror vec t "),
            ("知乎热榜", "知乎 乎热 热榜 榜 "),
            ("《转发》", "转发 发 "),
            ("C语言2024年", "c 语言 言 2024 年 "),
            ("Ａｂｃ Café ÉCOLE straße ﬁn", "abc cafe ecole straße fin "),
            ("ガイド 한국어 ภาษา", "ガイ イド ド 한국어 ภา าษ ษา า "),
            ("\"' * ( ) - : ^ \0", ""),
            ("", ""),
        ] {
            assert_eq!(indexed(text), expected, "{text}");
        }
    }

    #[test]
    fn queries_are_quoted_words() {
        for (text, phrases, words) in [
            ("知乎", "\"知乎\"", "\"知乎\""),
            ("知", "\"知\" *", "\"知\" *"),
            ("装甲部队 Rust", "\"装甲 甲部 部队\" AND \"rust\" *", "\"装甲\" AND \"甲部\" AND \"部队\" AND \"rust\" *"),
            ("C语言", "\"c 语言\"", "\"c\" AND \"语言\""),
            ("C++", "\"c\"", "\"c\""),
            (
                "a\" OR title:b* NEAR(c)",
                "\"a\" AND \"or\" * AND \"title b\" AND \"near c\"",
                "\"a\" AND \"or\" * AND \"title\" * AND \"b\" AND \"near\" * AND \"c\"",
            ),
            ("*** \"\" ()", "", ""),
        ] {
            let query = Query::new(text);
            assert_eq!(query.phrases(), phrases, "{text}");
            assert_eq!(query.words(), words, "{text}");
            assert_eq!(query.is_empty(), phrases.is_empty());
        }
        assert_eq!(Query::new(&"知".repeat(500)).text().chars().count(), LONGEST_QUERY);
    }

    #[test]
    fn what_was_found_is_marked() {
        for (query, text, expected) in [
            ("知乎", "在知乎，知乎热榜", &["知乎", "知乎"][..]),
            ("知乎 乎热", "知乎热榜", &["知乎热"]),
            ("own", "Ownership, known, OWN", &["Own", "OWN"]),
            ("cafe", "Le CAFÉ", &["CAFÉ"]),
            ("c", "C and Crate", &["C"]),
            ("fi", "ﬁn", &["ﬁ"]),
            ("3 4", "¾ or 34", &["¾"]),
            ("x", "y", &[]),
        ] {
            let found: Vec<&str> = Query::new(query).marks(text).into_iter().map(|mark| &text[mark]).collect();
            assert_eq!(found, expected, "{query} in {text}");
        }
        assert!(Query::new("Rust 编程").matches("编程 / rust-lang"));
        assert!(!Query::new("Rust 编程").matches("编程") && !Query::new("!").matches("!"));
    }

    proptest! {
        #[test]
        fn no_query_holds_syntax_and_every_mark_is_a_slice(query in "\\PC{0,30}", text in "\\PC{0,60}") {
            let query = Query::new(&query);
            for quoted in [query.phrases(), query.words()] {
                let outside: String = quoted.split('"').step_by(2).collect();
                prop_assert!(outside.replace("AND", "").chars().all(|c| c == ' ' || c == '*'), "{}", quoted);
                let inside: Vec<&str> = quoted.split('"').skip(1).step_by(2).collect();
                prop_assert!(inside.iter().all(|words| !words.trim().is_empty()));
            }
            let mut end = 0;
            for mark in query.marks(&text) {
                prop_assert!(mark.start >= end && text.get(mark.clone()).is_some_and(|found| !found.is_empty()));
                end = mark.end;
            }
        }
    }
}
