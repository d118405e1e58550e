//! A request as the rules look at it, whoever read it: hyper, or [`super::plain`] where nothing is unusual about it.
//!
//! So each rule stands in one place, and what is frequent needs no map of its fields.

use hyper::{
    HeaderMap, Method, Version,
    header::{HeaderName, HeaderValue},
    http::request::Parts,
};

/// The head of a request.
pub(crate) trait Request {
    fn method(&self) -> &Method;
    fn version(&self) -> Version;
    /// The path of its target, as it came.
    fn path(&self) -> &str;
    /// What stands behind the `?` of its target, as it came.
    fn query(&self) -> Option<&str>;
    /// The host that its target names, which few targets do.
    fn host(&self) -> Option<&str>;
    fn fields(&self) -> impl Fields<'_>;
}

/// The fields of a head. Names have no case (RFC 9110 §5.1).
pub(crate) trait Fields<'r>: Copy {
    /// How many lines there are.
    fn count(self) -> usize;
    /// The values under a name, in the order in which they came.
    fn all(self, name: HeaderName) -> impl Iterator<Item = &'r [u8]>;

    /// Whether there is a value under a name.
    fn has(self, name: HeaderName) -> bool {
        self.all(name).next().is_some()
    }
}

/// A value that is text in ASCII, as most are.
pub(crate) fn text(value: &[u8]) -> Option<&str> {
    let is_text = value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    std::str::from_utf8(value).ok().filter(|_| is_text)
}

impl Request for Parts {
    fn method(&self) -> &Method {
        &self.method
    }

    fn version(&self) -> Version {
        self.version
    }

    fn path(&self) -> &str {
        self.uri.path()
    }

    fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    fn host(&self) -> Option<&str> {
        self.uri.host()
    }

    fn fields(&self) -> impl Fields<'_> {
        &self.headers
    }
}

impl<'r> Fields<'r> for &'r HeaderMap {
    fn count(self) -> usize {
        self.len()
    }

    fn all(self, name: HeaderName) -> impl Iterator<Item = &'r [u8]> {
        self.get_all(name).iter().map(HeaderValue::as_bytes)
    }
}
