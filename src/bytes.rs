//! Looks through texts many bytes at a time, and their digests.

use twox_hash::XxHash3_128;

/// Stands for the digest or fingerprint of what is not known. No bytes have it, as far as anybody will ever see.
pub const UNKNOWN: [u8; 16] = [0; 16];

/// Whether any byte of a text is such a one. Nothing ends the search early, so that the compiler looks at many bytes
/// together: for short tests that rarely hold.
#[must_use]
pub fn any(text: impl AsRef<[u8]>, is_meant: impl Fn(u8) -> bool) -> bool {
    text.as_ref().iter().fold(false, |found, &byte| found | is_meant(byte))
}

/// Whether a text has U+FFFE or U+FFFF, which no XML document may hold. A search for a `char` would stop at every Chinese
/// character that ends like them.
#[must_use]
pub fn has_noncharacter(text: &str) -> bool {
    any(text, |byte| byte == 0xef) && (text.contains("\u{fffe}") || text.contains("\u{ffff}"))
}

/// What a library wrote into memory, as text. The libraries write UTF-8 from `str` alone; looked at many bytes at a time, for
/// the standard library's look takes longer than the writing.
#[must_use]
pub fn written(bytes: &[u8]) -> String {
    simdutf8::basic::from_utf8(bytes).unwrap_or_default().to_owned()
}

/// Half of the BLAKE3 digest of some bytes: of documents, output files, entries, whatever is known by what it holds.
#[must_use]
pub fn digest(bytes: impl AsRef<[u8]>) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&blake3::hash(bytes.as_ref()).as_bytes()[..16]);
    half
}

/// The XXH3 digest of some bytes: tells whether a file or a text is what it was, at a tenth of the cost of [`digest`]. Two
/// of one fingerprint can be made on purpose; who does so gains no more than who copies the one and edits it.
#[must_use]
pub fn fingerprint(bytes: impl AsRef<[u8]>) -> [u8; 16] {
    XxHash3_128::oneshot(bytes.as_ref()).to_be_bytes()
}
