//! Words → parts of an address, by each generator's rule.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Hexo's `slugize`: marks on Latin letters dropped, runs of blanks and punctuation one hyphen. Letters keep their case.
pub(super) fn hexo(text: &str) -> String {
    let is_special = |c: char| c.is_whitespace() || c.is_ascii_punctuation();
    let mut base = ' ';
    let plain = text.nfd().filter(|c| {
        let is_accent = ('\u{300}'..='\u{36f}').contains(c) && base.is_ascii_alphabetic();
        if !is_accent {
            base = *c;
        }
        !is_accent && (!c.is_control() || c.is_whitespace())
    });
    hyphenated(plain.nfc(), |c| !is_special(c)).trim_matches('-').to_owned()
}

/// Which characters Jekyll's `slugify` keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JekyllMode {
    /// Letters and digits of every script; small letters.
    Default,
    /// `._~!$&'()+,;=@` too; letters keep their case.
    Pretty,
}

/// Jekyll's `slugify`.
pub(super) fn jekyll(text: &str, mode: JekyllMode) -> String {
    let kept = |c: char| {
        c.is_alphanumeric() || is_combining_mark(c) || (mode == JekyllMode::Pretty && "._~!$&'()+,;=@".contains(c))
    };
    let slug = hyphenated(text.chars(), kept);
    let slug = slug.strip_prefix('-').unwrap_or(&slug);
    let slug = slug.strip_suffix('-').unwrap_or(slug);
    match mode {
        JekyllMode::Default => slug.to_lowercase(),
        JekyllMode::Pretty => slug.to_owned(),
    }
}

/// Hugo's `urlize`: blanks become one hyphen, what is neither a letter, a digit nor one of `./\_#+~-@` is dropped.
pub(super) fn hugo(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    let mut blank = false;
    for c in text.chars() {
        if c.is_alphanumeric() || is_combining_mark(c) || "./\\_#+~-@".contains(c) {
            if blank && c != '-' {
                slug.push('-');
            }
            blank = false;
            slug.extend(c.to_lowercase());
        } else if c.is_whitespace() {
            blank = !slug.is_empty() && !slug.ends_with('-');
        }
    }
    slug
}

/// Every run of characters that are not kept becomes one hyphen.
fn hyphenated(text: impl Iterator<Item = char>, kept: impl Fn(char) -> bool) -> String {
    let mut slug = String::new();
    let mut open = false;
    for c in text {
        if kept(c) {
            slug.push(c);
            open = false;
        } else if !open {
            slug.push('-');
            open = true;
        }
    }
    slug
}
