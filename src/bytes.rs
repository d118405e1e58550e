//! Looks through texts many bytes at a time.

/// Whether any byte of a text is such a one. Nothing ends the search early, so that the compiler looks at many bytes
/// together: for short tests that rarely hold.
#[must_use]
pub fn any(text: impl AsRef<[u8]>, is_meant: impl Fn(u8) -> bool) -> bool {
    text.as_ref().iter().fold(false, |found, &byte| found | is_meant(byte))
}
