//! The head of a response, as hyper writes it.
//!
//! Status, fields and a moment in, bytes out. What all replies with a document share is written once; a date, once a second.

use std::{
    io::Write as _,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use hyper::{HeaderMap, StatusCode};

/// A status line and fields.
pub(crate) fn start(status: StatusCode, headers: &HeaderMap) -> Box<[u8]> {
    let mut out = Vec::with_capacity(1024);
    // Writing to a vector does not fail.
    let _ = write!(out, "HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or_default());
    for (name, value) in headers {
        out.extend(titled(name.as_str()));
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.into()
}

/// Such a start, and what differs from reply to reply.
pub(crate) fn head(start: &[u8], date: &[u8], length: Option<usize>, out: &mut Vec<u8>) {
    out.extend_from_slice(start);
    out.extend_from_slice(b"Date: ");
    out.extend_from_slice(date);
    if let Some(length) = length {
        let _ = write!(out, "\r\nContent-Length: {length}");
    }
    out.extend_from_slice(b"\r\n\r\n");
}

/// A name with the first letter of each word a capital.
fn titled(name: &str) -> impl Iterator<Item = u8> {
    let before = std::iter::once(b'-').chain(name.bytes());
    before.zip(name.bytes()).map(|(before, byte)| if before == b'-' { byte.to_ascii_uppercase() } else { byte })
}

/// A moment as HTTP writes it, for as long as it stays the same second.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    second: Option<u64>,
    date: String,
}

impl Clock {
    /// The value of `Date`.
    pub(crate) fn date(&mut self, now: SystemTime) -> &[u8] {
        let second = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if self.second.replace(second) != Some(second) {
            self.date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
        }
        self.date.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, VARY};

    use super::*;

    #[test]
    fn a_head_is_a_start_and_what_differs() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        headers.insert(HeaderName::from_static("x-a-b"), HeaderValue::from_static("one"));
        headers.insert(ETAG, HeaderValue::from_static("\"e\""));
        headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
        headers.append(VARY, HeaderValue::from_static("Host"));
        let mut out = Vec::new();
        head(&start(StatusCode::OK, &headers), b"today", Some(12), &mut out);
        let expected = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-A-B: one\r\nEtag: \"e\"\r\n\
                        Vary: Accept-Encoding\r\nVary: Host\r\nDate: today\r\nContent-Length: 12\r\n\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);

        let mut out = Vec::new();
        head(&start(StatusCode::NOT_MODIFIED, &HeaderMap::new()), b"today", None, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "HTTP/1.1 304 Not Modified\r\nDate: today\r\n\r\n");
    }

    #[test]
    fn a_clock_goes_with_the_time_also_back() {
        let mut clock = Clock::default();
        for (millis, expected) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (999, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1000, "Thu, 01 Jan 1970 00:00:01 GMT"),
            (86_400_000, "Fri, 02 Jan 1970 00:00:00 GMT"),
            (1500, "Thu, 01 Jan 1970 00:00:01 GMT"),
        ] {
            let date = clock.date(UNIX_EPOCH + Duration::from_millis(millis));
            assert_eq!(std::str::from_utf8(date), Ok(expected), "{millis}");
        }
    }
}
