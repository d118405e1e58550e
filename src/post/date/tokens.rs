//! A date's text → numbers, words and signs.

use unicode_normalization::UnicodeNormalization;

/// A piece of a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// Digits, as written.
    Number(String),
    /// Letters in lower case; a zone's name with its slashes.
    Word(String),
    /// Anything else that is not a blank.
    Sign(char),
}

/// Splits a text. Full-width characters count as their ASCII ones; what stands in parentheses is a comment (RFC 5322
/// §3.2.2) and is left out.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.nfkc().take(200).collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut depth = 0_u32;
    while let Some(&c) = chars.get(at) {
        at += 1;
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 || c.is_whitespace() => {}
            _ if c.is_ascii_digit() => {
                let end = run(&chars, at, |c| c.is_ascii_digit());
                tokens.push(Token::Number(chars[at - 1..end].iter().collect()));
                at = end;
            }
            _ if c.is_ascii_alphabetic() => {
                let mut end = run(&chars, at, |c| c.is_ascii_alphabetic());
                // `Asia/Shanghai`, `America/New_York`, `Etc/GMT`
                while matches!(chars.get(end), Some('/' | '_')) && chars.get(end + 1).is_some_and(char::is_ascii_alphabetic) {
                    end = run(&chars, end + 1, |c| c.is_ascii_alphabetic());
                }
                tokens.push(Token::Word(chars[at - 1..end].iter().collect::<String>().to_ascii_lowercase()));
                at = end;
            }
            // Chinese units stand alone; the words for morning, afternoon and weekdays go together.
            '上' | '下' | '星' | '周' | '礼' => {
                let end = run(&chars, at, |c| !c.is_ascii() && !c.is_whitespace()).min(at + 2);
                let length = if matches!(c, '星' | '礼') { 3 } else { 2 };
                let end = end.min(at - 1 + length);
                tokens.push(Token::Word(chars[at - 1..end].iter().collect()));
                at = end;
            }
            _ => tokens.push(Token::Sign(c)),
        }
    }
    tokens
}

fn run(chars: &[char], start: usize, belongs: impl Fn(&char) -> bool) -> usize {
    start + chars[start..].iter().take_while(|c| belongs(c)).count()
}
