//! One text of the file → one value, or what is wrong with it and the cure.

use unicode_normalization::UnicodeNormalization;
use url::Url;

use super::{ConfigError, error::closest};
use crate::post::{CategoryPath, date::Timezone, language::is_language_tag, title};

/// A category path as it is written in the configuration: names joined by `/`, where `\/` is a `/` within a name.
pub(super) fn category_path(text: &str) -> CategoryPath {
    let mut names = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, names.last_mut()) {
            ('\\', Some(name)) if letters.next_if_eq(&'/').is_some() => name.push('/'),
            ('/', _) => names.push(String::new()),
            (letter, Some(name)) => name.push(letter),
            (_, None) => {}
        }
    }
    let folded = |name: &String| name.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect::<String>();
    names.iter().map(folded).filter(|name| !name.is_empty()).collect()
}

/// An absolute http(s) address of a folder; a missing slash at the end is added.
///
/// # Errors
/// When it is none, with the cure.
pub fn web_address(text: &str) -> Result<Url, String> {
    let cure = "write it in full, such as `https://blog.example.org/`";
    let mut url = Url::parse(text.trim()).map_err(|_| format!("`{text}` is no address: {cure}"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(format!("`{text}` is no http or https address: {cure}"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!(
            "`{text}` has a `?` or `#`, and addresses are built under it: write only what comes before"
        ));
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// An absolute http(s) address of a picture.
pub(super) fn picture_address(text: &str) -> Result<Url, String> {
    Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or_else(|| {
        format!("`{text}` is no web address: write it in full, such as `https://blog.example.org/icon.png`")
    })
}

/// A zone of the tz database.
pub(super) fn zone(text: &str) -> Result<Timezone, String> {
    Timezone::named(text).ok_or_else(|| {
        let names: Vec<String> = Timezone::names().collect();
        match closest(text, names.iter().map(String::as_str)) {
            Some(zone) => format!("unknown zone `{text}`; did you mean `{zone}`?"),
            None => format!("unknown zone `{text}`: write a name such as `Asia/Shanghai` or `Europe/Berlin`"),
        }
    })
}

/// A language tag (BCP 47).
pub(super) fn language(tag: &str) -> Result<String, String> {
    if is_language_tag(tag) {
        return Ok(tag.to_owned());
    }
    Err(match tag.replace('_', "-") {
        dashed if dashed != tag => format!("`{tag}` is no language tag; did you mean `{dashed}`?"),
        _ => format!("`{tag}` is no language tag: write one such as `en`, `de` or `zh-CN`"),
    })
}

/// An encoding, by any of its names.
pub(super) fn encoding(label: &str) -> Result<&'static encoding_rs::Encoding, String> {
    encoding_rs::Encoding::for_label(label.as_bytes()).ok_or_else(|| {
        format!("unknown encoding `{label}`: write one such as `gb18030`, `big5`, `shift_jis`, `windows-1252`")
    })
}

/// Words that a feed cannot be without.
pub(super) fn words(key: &str, text: Option<&str>) -> Result<String, ConfigError> {
    let missing = || ConfigError::value(key, "every feed needs one: write some words, or remove the key");
    shown(text).ok_or_else(missing)
}

/// Words as feeds show them: plain text, as in posts.
pub(super) fn shown(text: Option<&str>) -> Option<String> {
    text.map(title::plain).filter(|text| !text.is_empty())
}

/// Reads a text that is there.
pub(super) fn optional<T>(
    text: Option<&str>,
    read: impl FnOnce(&str) -> Result<T, String>,
    at: impl FnOnce(String) -> ConfigError,
) -> Result<Option<T>, ConfigError> {
    text.map(read).transpose().map_err(at)
}
