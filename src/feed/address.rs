//! Where things appear: names → path segments → canonical paths, and back from what a client asks for.
//!
//! A path is kept in one form everywhere, on disk and on the wire: segments as NFC text joined by `/`, without a
//! leading slash (`categories/社交媒体/rss.xml`). Only [`encode`] makes it ASCII.

/// The path segment of a name: never empty, `.`, `..` or over 200 bytes, no control character or `/`, never the name of
/// a document. Two names never share a segment.
#[must_use]
pub fn segment(_name: &str) -> String {
    todo!()
}

/// A path in ASCII: each segment percent-encoded, upper-case hex (RFC 3986 §2.1).
#[must_use]
pub fn encode(_path: &str) -> String {
    todo!()
}

/// What a client asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The path, in our form.
    Path(String),
    /// Another spelling that we do not serve under: double encoding. Holds the path to redirect to, in our form.
    Moved(String),
    /// No path of ours can look like this.
    Nothing,
}

/// Reads a request's path (with its leading slash, without the query): raw UTF-8, NFD and lower-case hex are accepted.
#[must_use]
pub fn decode(_path: &[u8]) -> Asked {
    todo!()
}
