//! Requests about which nothing is unusual, read where they lie.
//!
//! Bytes in, a [`Plain`] out if they begin with the whole head of one. It has no body and leaves the connection as it is, so
//! that a request may follow at once. Whatever is not plain is hyper's to read, to judge and to refuse: both find the same
//! in the same bytes, for `httparse` reads them for both.

use std::mem::MaybeUninit;

use httparse::{Header, Status};
use hyper::{
    Method, Version,
    header::{CONNECTION, CONTENT_LENGTH, EXPECT, HeaderName, TRANSFER_ENCODING, UPGRADE},
};

use super::request::{Fields, Request};

/// The most fields that a plain request has.
pub(crate) const FEW_FIELDS: usize = 32;

/// Where the fields of a head are put while it is looked at.
pub(crate) type Room<'r> = [MaybeUninit<Header<'r>>; FEW_FIELDS];

/// Room for the fields of one head.
pub(crate) const fn room<'r>() -> Room<'r> {
    [const { MaybeUninit::uninit() }; FEW_FIELDS]
}

/// A GET or HEAD, borrowed from the bytes that came.
#[derive(Debug)]
pub(crate) struct Plain<'r> {
    method: Method,
    path: &'r str,
    query: Option<&'r str>,
    fields: &'r [Header<'r>],
}

/// What bytes begin with.
#[derive(Debug)]
pub(crate) enum Begin<'r> {
    /// A plain request, whose head has so many bytes.
    Plain(Plain<'r>, usize),
    /// The beginning of a head.
    Part,
    /// Anything else.
    Other,
}

impl<'r> Plain<'r> {
    /// Reads the head that these bytes begin with.
    pub(crate) fn read(bytes: &'r [u8], room: &'r mut Room<'r>) -> Begin<'r> {
        let mut head = httparse::Request::new(&mut []);
        match head.parse_with_uninit_headers(bytes, room) {
            Ok(Status::Complete(length)) => Self::new(head).map_or(Begin::Other, |plain| Begin::Plain(plain, length)),
            Ok(Status::Partial) => Begin::Part,
            Err(_) => Begin::Other,
        }
    }

    fn new(head: httparse::Request<'r, 'r>) -> Option<Self> {
        let httparse::Request { method, path: target, version: Some(1), headers: fields } = head else { return None };
        let method = match method? {
            "GET" => Method::GET,
            "HEAD" => Method::HEAD,
            _ => return None,
        };
        let target = target.filter(|target| target.starts_with('/') && target.bytes().all(is_usual))?;
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        fields.iter().all(is_harmless).then_some(Self { method, path, query, fields })
    }
}

/// What stands in a path or a query (RFC 3986 §3.3, §3.4). Others write more into them, and do not agree on what it means.
fn is_usual(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'$'..=b';' | b'!' | b'=' | b'?' | b'@' | b'_' | b'~')
}

/// Whether a field says nothing of a body, or of what becomes of the connection.
fn is_harmless(field: &Header) -> bool {
    let is = |name: &HeaderName| field.name.eq_ignore_ascii_case(name.as_str());
    if is(&CONNECTION) {
        return field.value.eq_ignore_ascii_case(b"keep-alive");
    }
    ![CONTENT_LENGTH, TRANSFER_ENCODING, EXPECT, UPGRADE].iter().any(is)
}

impl Request for Plain<'_> {
    fn method(&self) -> &Method {
        &self.method
    }

    fn version(&self) -> Version {
        Version::HTTP_11
    }

    fn path(&self) -> &str {
        self.path
    }

    fn query(&self) -> Option<&str> {
        self.query
    }

    fn host(&self) -> Option<&str> {
        None
    }

    fn fields(&self) -> impl Fields<'_> {
        self.fields
    }
}

impl<'r> Fields<'r> for &'r [Header<'r>] {
    fn count(self) -> usize {
        self.len()
    }

    fn all(self, name: HeaderName) -> impl Iterator<Item = &'r [u8]> {
        self.iter().filter(move |field| field.name.eq_ignore_ascii_case(name.as_str())).map(|field| field.value)
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::{ACCEPT_ENCODING, HOST};
    use proptest::prelude::*;

    use super::*;

    /// What bytes begin with: `part`, `other`, or how long a plain head is.
    fn begin(bytes: &[u8]) -> String {
        match Plain::read(bytes, &mut room()) {
            Begin::Plain(_, length) => length.to_string(),
            Begin::Part => "part".to_owned(),
            Begin::Other => "other".to_owned(),
        }
    }

    #[test]
    fn only_what_is_whole_and_usual_is_plain() {
        for (head, expected) in [
            ("GET / HTTP/1.1\r\n\r\n", "18"),
            ("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", "18"),
            ("\r\n\nGET / HTTP/1.1\nA:b\n\nrest", "23"),
            ("HEAD /%E7/a+b,c;d=e/~f?g=h&i HTTP/1.1\r\nHost: h\r\nConnection: Keep-Alive\r\n\r\n", "74"),
            ("", "part"),
            ("GET / HTTP/1.1\r\nHost: h\r\n", "part"),
            ("GET / HTTP/1.1\r\nHost: h\r\n\r", "part"),
            ("HEA", "part"),
            ("POST / HTTP/1.1\r\n\r\n", "other"),
            ("get / HTTP/1.1\r\n\r\n", "other"),
            ("GET / HTTP/1.0\r\n\r\n", "other"),
            ("GET / HTTP/2.0\r\n\r\n", "other"),
            ("GET http://h/ HTTP/1.1\r\n\r\n", "other"),
            ("GET * HTTP/1.1\r\n\r\n", "other"),
            ("GET /a#b HTTP/1.1\r\n\r\n", "other"),
            ("GET /\u{e9} HTTP/1.1\r\n\r\n", "other"),
            ("GET /a\"b HTTP/1.1\r\n\r\n", "other"),
            ("GET /a|b HTTP/1.1\r\n\r\n", "other"),
            ("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "other"),
            ("GET / HTTP/1.1\r\nA : b\r\n\r\n", "other"),
            ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "other"),
            ("GET / HTTP/1.1\r\nconnection: keep-alive, close\r\n\r\n", "other"),
            ("GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "other"),
            ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "other"),
            ("GET / HTTP/1.1\r\nEXPECT: 100-continue\r\n\r\n", "other"),
            ("GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", "other"),
            ("\u{16}\u{3}\u{1}", "other"),
        ] {
            assert_eq!(begin(head.as_bytes()), expected, "{head:?}");
        }
        let fields = |count| format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(count));
        assert_ne!(begin(fields(FEW_FIELDS).as_bytes()), "other");
        assert_eq!(begin(fields(FEW_FIELDS + 1).as_bytes()), "other");
    }

    #[test]
    fn a_request_says_what_stands_in_its_head() {
        let head = b"HEAD /a%20b?c?d HTTP/1.1\r\nhost: h\r\nAccept-Encoding: br\r\nACCEPT-ENCODING:  gzip \r\n\r\n";
        let mut room = room();
        let Begin::Plain(request, _) = Plain::read(head, &mut room) else { panic!("a plain one") };
        assert_eq!((request.method(), request.path(), request.query()), (&Method::HEAD, "/a%20b", Some("c?d")));
        assert_eq!(request.fields().count(), 3);
        assert!(request.fields().has(HOST) && !request.fields().has(CONNECTION));
        assert_eq!(request.fields().all(ACCEPT_ENCODING).collect::<Vec<_>>(), [&b"br"[..], b"gzip"]);
    }

    proptest! {
        #[test]
        fn any_part_of_a_plain_head_is_a_part_of_it(
            head in "(GET|HEAD) /[a-z%?=&]{0,9} HTTP/1.1\r\n([A-Za-z-]{1,9}: ?[ -~]{0,9}\r\n){0,4}\r\n",
            next in "[ -~]{0,9}",
        ) {
            if begin(head.as_bytes()) != "other" {
                for at in 0..head.len() {
                    prop_assert_eq!(begin(&head.as_bytes()[..at]), "part");
                }
                prop_assert_eq!(begin(format!("{head}{next}").as_bytes()), head.len().to_string());
            }
        }
    }
}
