//! Bytes → text, whatever the encoding.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::Encoding;

use super::{Code, Diagnostic, PostError};

/// Decodes a file: by its byte order mark, as UTF-8, as `configured`, or as it looks, in this order. The last two earn a
/// warning.
///
/// # Errors
/// When the file is not text.
pub fn decode<'a>(
    bytes: &'a [u8],
    configured: Option<&'static Encoding>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Cow<'a, str>, PostError> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(&bytes[mark..]);
        return if text.contains('\0') { Err(PostError::Binary) } else { Ok(text) };
    }
    // No text has a NUL; UTF-16 without a mark is not guessed.
    if bytes.contains(&0) {
        return Err(PostError::Binary);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text));
    }
    let encoding = configured.unwrap_or_else(|| {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(bytes, true);
        detector.guess(None, Utf8Detection::Allow)
    });
    let (text, _, broken) = encoding.decode(bytes);
    if broken && configured.is_none() && text.chars().filter(|c| *c == '\u{fffd}').count() * 20 > text.chars().count() {
        return Err(PostError::Binary);
    }
    diagnostics.push(
        Diagnostic::warning(Code::Encoding, format!("the file is not UTF-8; it is read as {}", encoding.name()))
            .help("save it as UTF-8, or set `encoding` for this folder"),
    );
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        let gbk = encoding_rs::GBK.encode("标题：社交媒体的一天，今天的新闻很多，大家都在讨论").0.into_owned();
        for (bytes, expected, warned) in [
            ("知乎".as_bytes().to_vec(), "知乎", false),
            ([b"\xef\xbb\xbf".as_slice(), "知".as_bytes()].concat(), "知", false),
            (b"\xff\xfeA\0B\0".to_vec(), "AB", false),
            (b"\xfe\xff\0A\0B".to_vec(), "AB", false),
            (gbk, "标题：社交媒体的一天，今天的新闻很多，大家都在讨论", true),
        ] {
            let mut diagnostics = Vec::new();
            assert_eq!(decode(&bytes, None, &mut diagnostics).unwrap(), expected);
            assert_eq!(!diagnostics.is_empty(), warned, "{expected}");
        }
        assert_eq!(decode(b"\x7fELF\0\0", None, &mut Vec::new()), Err(PostError::Binary));
    }
}
