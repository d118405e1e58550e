//! Bytes → text, whatever the encoding.
//!
//! In: the bytes of a file. Out: its text without byte order mark, borrowed where the file is UTF-8, and a warning
//! where it is not. Never fails on text: what no encoding can tell becomes U+FFFD.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use memchr::memchr;

use super::{Code, Diagnostic, PostError};
use crate::bytes;

/// The largest post that is read.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// A file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// Without a byte order mark, its lines ended by `\n` or `\r\n`.
    pub text: Cow<'a, str>,
    /// What was odd about the encoding.
    pub warning: Option<Diagnostic>,
}

/// Decodes a file: by its byte order mark, as UTF-8, by `configured`, or by detection.
///
/// # Errors
/// When the file is larger than a post can be, or no text.
pub fn decode<'a>(bytes: &'a [u8], configured: Option<&'static Encoding>) -> Result<Decoded<'a>, PostError> {
    if bytes.len() > MAX_BYTES {
        return Err(PostError::TooLarge { size: bytes.len() as u64, limit: MAX_BYTES as u64 });
    }
    let mut decoded = decode_as_found(bytes, configured)?;
    if is_binary(&decoded.text) {
        return Err(PostError::Binary);
    }
    let has = |byte| memchr(byte, decoded.text.as_bytes()).is_some();
    if has(b'\r') && !has(b'\n') {
        // Line ends of the first Macintosh, which nothing further down knows.
        decoded.text = Cow::Owned(decoded.text.replace('\r', "\n"));
    }
    Ok(decoded)
}

fn decode_as_found<'a>(bytes: &'a [u8], configured: Option<&'static Encoding>) -> Result<Decoded<'a>, PostError> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, broken) = encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default());
        let warning = if broken {
            Some(replaced(encoding))
        } else {
            (encoding != UTF_8).then(|| other_encoding(encoding, "its byte order mark says so"))
        };
        return Ok(Decoded { text, warning });
    }
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        return Ok(Decoded { text: Cow::Borrowed(text), warning: None });
    }
    if bytes.contains(&0) {
        return Err(PostError::Binary);
    }
    if mostly_utf8(bytes) {
        return Ok(Decoded { text: String::from_utf8_lossy(bytes), warning: Some(replaced(UTF_8)) });
    }
    let (encoding, reason) = match configured {
        Some(encoding) => (encoding, "`encoding` says so"),
        None => (detect(bytes), "a guess from its bytes"),
    };
    let (text, broken) = encoding.decode_without_bom_handling(bytes);
    let warning = if broken { replaced(encoding) } else { other_encoding(encoding, reason) };
    Ok(Decoded { text, warning: Some(warning) })
}

/// Whether a file that is not UTF-8 was meant to be: ten good characters beyond ASCII for each broken one.
fn mostly_utf8(bytes: &[u8]) -> bool {
    let (good, broken) = bytes.utf8_chunks().fold((0, 0), |(good, broken), chunk| {
        let beyond_ascii = chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        (good + beyond_ascii, broken + usize::from(!chunk.invalid().is_empty()))
    });
    good > 10 * broken
}

fn detect(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow)
}

/// Text has no NUL, and few other control characters.
fn is_binary(text: &str) -> bool {
    // Few comparisons: it is asked of every byte of every post.
    let is_control = |byte: u8| matches!(byte, 0..=0x08 | 0x0b | 0x0e..=0x1f | 0x7f);
    if !bytes::any(text, is_control) {
        return false;
    }
    text.contains('\0') || text.bytes().filter(|&byte| is_control(byte)).count() * 20 > text.len()
}

fn other_encoding(encoding: &'static Encoding, reason: &str) -> Diagnostic {
    let level = if [UTF_16LE, UTF_16BE].contains(&encoding) { Diagnostic::info } else { Diagnostic::warning };
    level(Code::Encoding, format!("the file is not UTF-8; it was read as {} ({reason})", encoding.name()))
        .help("save it as UTF-8, or name the folder's encoding with `encoding`")
}

fn replaced(encoding: &'static Encoding) -> Diagnostic {
    Diagnostic::warning(
        Code::Encoding,
        format!("some bytes are no {}; they were replaced by `\u{fffd}`", encoding.name()),
    )
    .help("save the file again as UTF-8")
}

#[cfg(test)]
mod tests {
    use encoding_rs::{BIG5, GBK, SHIFT_JIS, WINDOWS_1252};
    use proptest::prelude::*;

    use super::*;

    const CHINESE: &str =
        "---\ntitle: 俄罗斯装甲部队进逼乌克兰首都基辅\ncategories: 社交媒体\n---\n基辅是否可能爆发大规模巷战？\n";

    fn check(bytes: &[u8], configured: Option<&'static Encoding>, text: &str, warns: bool) {
        let decoded = decode(bytes, configured).unwrap();
        assert_eq!(decoded.text, text);
        assert_eq!(decoded.warning.is_some(), warns, "{:?}", decoded.warning);
    }

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(order).collect()
    }

    #[test]
    fn every_encoding_comes_out_as_the_same_text() {
        check(CHINESE.as_bytes(), None, CHINESE, false);
        check(format!("\u{feff}{CHINESE}").as_bytes(), None, CHINESE, false);
        check(&utf16(CHINESE, u16::to_le_bytes), None, CHINESE, true);
        check(&utf16(CHINESE, u16::to_be_bytes), None, CHINESE, true);
        check(&GBK.encode(CHINESE).0, None, CHINESE, true);
        check(&GBK.encode(CHINESE).0, Some(GBK), CHINESE, true);
        check(&BIG5.encode("標題：社交媒體與知乎熱榜的討論").0, None, "標題：社交媒體與知乎熱榜的討論", true);
        check(&SHIFT_JIS.encode("これは日本語の記事です。").0, None, "これは日本語の記事です。", true);
        check(&WINDOWS_1252.encode("Lettre d'été à Genève").0, None, "Lettre d'été à Genève", true);
        check(b"a\rb\r", None, "a\nb\n", false);
        check(b"", None, "", false);
    }

    #[test]
    fn one_broken_character_does_not_change_the_encoding() {
        let mut bytes = CHINESE.as_bytes().to_vec();
        bytes.truncate(bytes.len() - 2);
        let decoded = decode(&bytes, None).unwrap();
        assert!(decoded.text.starts_with("---\ntitle: 俄罗斯"), "{}", decoded.text);
        assert!(decoded.warning.unwrap().message.contains("replaced"));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(decode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", None), Err(PostError::Binary));
        assert_eq!(decode(b"---\ntitle: a\0b\n---\n", None), Err(PostError::Binary));
        assert_eq!(decode(b"\x01\x02\x03\x04abc", None), Err(PostError::Binary));
        let large = vec![b' '; MAX_BYTES + 1];
        assert_eq!(
            decode(&large, None),
            Err(PostError::TooLarge { size: MAX_BYTES as u64 + 1, limit: MAX_BYTES as u64 })
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_text_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(&bytes, None);
        }
    }
}
