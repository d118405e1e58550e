//! Conditional requests (RFC 9110 §13): the validators of a document, and whether a client has it already.
//!
//! Validators, headers and the time in, a [`Verdict`] out. A date of `If-Modified-Since` that is still to come is
//! nobody's observation, and is ignored: a client whose clock is ahead must not miss a change.

use std::time::SystemTime;

use hyper::header::{HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};

use super::{
    encoding::{COMPRESSOR, Coding},
    request::{self, Fields},
};

/// A strong entity tag, quotes included: hex of a hash over the content's hash, the coding, and the compressor that
/// made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ETag([u8; 34]);

impl ETag {
    /// The tag of a document in a coding.
    pub(crate) fn new(hash: [u8; 16], coding: Coding) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&hash).update(&[coding.tag(), COMPRESSOR]);
        let digest = hasher.finalize();
        let mut tag = [b'"'; 34];
        if let Some(inside) = tag.get_mut(1..33) {
            for (pair, byte) in inside.chunks_exact_mut(2).zip(digest.as_bytes()) {
                pair.copy_from_slice(&[hex(byte >> 4), hex(byte & 15)]);
            }
        }
        Self(tag)
    }

    /// The value of the `ETag` header.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_bytes(&self.0).ok()
    }

    /// The opaque tag between the quotes.
    fn opaque(&self) -> &[u8] {
        self.0.strip_prefix(b"\"").and_then(|tag| tag.strip_suffix(b"\"")).unwrap_or_default()
    }
}

const fn hex(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

/// What the conditions of a GET or HEAD say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Send the document.
    Send,
    /// 304: the client has it.
    NotModified,
    /// 412: the client wants another version than this one, or none.
    Failed,
}

/// Judges the conditions in the order of RFC 9110 §13.2.2.
pub(crate) fn judge<'r>(
    fields: impl Fields<'r>,
    etag: &ETag,
    last_modified: Option<SystemTime>,
    now: SystemTime,
) -> Verdict {
    if fields.has(IF_MATCH) {
        if !listed(fields, IF_MATCH, etag, Comparison::Strong) {
            return Verdict::Failed;
        }
    } else if let (Some(limit), Some(modified)) = (date(fields, IF_UNMODIFIED_SINCE), last_modified)
        && modified > limit
    {
        return Verdict::Failed;
    }
    let has_it = if fields.has(IF_NONE_MATCH) {
        listed(fields, IF_NONE_MATCH, etag, Comparison::Weak)
    } else {
        let dates = date(fields, IF_MODIFIED_SINCE).zip(last_modified);
        dates.is_some_and(|(since, modified)| modified == since || (modified < since && since <= now))
    };
    if has_it { Verdict::NotModified } else { Verdict::Send }
}

/// The value of `Last-Modified`: never later than the response itself (RFC 9110 §8.8.2.1). A document that changes several
/// times within a second has a later time, and shows none until then: the time of the response could be that of the version
/// before, and libcurl (so newsboat) drops what is not newer than what it has, whatever the `ETag` says.
pub(crate) fn last_modified(modified: SystemTime, now: SystemTime) -> Option<HeaderValue> {
    HeaderValue::from_str(&httpdate::fmt_http_date(modified)).ok().filter(|_| modified <= now)
}

/// Whether a request asks for a document only if it is another than the client has. A date that cannot be read asks
/// for nothing.
pub(crate) fn is_conditional<'r>(fields: impl Fields<'r>) -> bool {
    fields.has(IF_NONE_MATCH) || date(fields, IF_MODIFIED_SINCE).is_some()
}

/// A date that stands in a header once and can be read (RFC 9110 §13.1.3).
fn date<'r>(fields: impl Fields<'r>, name: HeaderName) -> Option<SystemTime> {
    let mut values = fields.all(name);
    let (value, None) = (values.next()?, values.next()) else { return None };
    request::text(value).and_then(|text| httpdate::parse_http_date(text.trim()).ok())
}

/// RFC 9110 §8.8.3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// A weak tag equals nothing.
    Strong,
    /// `W/` is ignored: a proxy that compresses makes our tags weak.
    Weak,
}

/// Whether a list of entity tags names `etag`, or everything.
fn listed<'r>(fields: impl Fields<'r>, name: HeaderName, etag: &ETag, comparison: Comparison) -> bool {
    fields.all(name).any(|value| {
        let value = value.trim_ascii();
        value == b"*" || Tags(value).any(|tag| tag.is(etag, comparison))
    })
}

/// One tag of a list.
struct Tag<'a> {
    weak: bool,
    opaque: &'a [u8],
}

impl Tag<'_> {
    fn is(&self, etag: &ETag, comparison: Comparison) -> bool {
        self.opaque == etag.opaque() && !(self.weak && comparison == Comparison::Strong)
    }
}

/// The tags of a list, `"a", W/"b"`; commas inside quotes belong to the tag. A tag without its quotes, as some readers
/// send it, is read up to the next comma.
struct Tags<'a>(&'a [u8]);

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        let start = self.0.iter().position(|byte| !matches!(byte, b',' | b' ' | b'\t'))?;
        let rest = self.0.get(start..)?;
        let (weak, rest) = rest.strip_prefix(b"W/").map_or((false, rest), |rest| (true, rest));
        let (quoted, end) = match rest.strip_prefix(b"\"") {
            Some(quoted) => (quoted, b'"'),
            None => (rest, b','),
        };
        let length = quoted.iter().position(|byte| *byte == end).unwrap_or(quoted.len());
        let (opaque, rest) = quoted.split_at_checked(length)?;
        self.0 = rest.get(1..).unwrap_or_default();
        Some(Tag { weak, opaque: opaque.trim_ascii() })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use hyper::HeaderMap;

    use super::*;

    const HASH: [u8; 16] = [7; 16];

    fn etag() -> ETag {
        ETag::new(HASH, Coding::Gzip)
    }

    fn text(etag: &ETag) -> String {
        etag.header().unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn a_tag_is_strong_and_differs_by_content_and_coding() {
        let tag = text(&etag());
        assert_eq!((tag.len(), &tag[..1], &tag[33..]), (34, "\"", "\""));
        assert!(tag[1..33].bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(etag(), ETag::new(HASH, Coding::Gzip));
        assert_ne!(etag(), ETag::new(HASH, Coding::Brotli));
        assert_ne!(etag(), ETag::new(HASH, Coding::Identity));
        assert_ne!(etag(), ETag::new([8; 16], Coding::Gzip));
    }

    /// `{}` stands for our tag, `{raw}` for what is between its quotes.
    fn verdict(conditions: &[(HeaderName, &str)], modified: Option<SystemTime>) -> Verdict {
        let ours = text(&etag());
        let mut headers = HeaderMap::new();
        for (name, value) in conditions {
            let value = value.replace("{}", &ours).replace("{raw}", ours.trim_matches('"'));
            headers.append(name, HeaderValue::from_str(&value).unwrap());
        }
        judge(&headers, &etag(), modified, now())
    }

    /// Fri, 25 Feb 2022 08:54:46 GMT, when our document was changed.
    fn then() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_645_779_286)
    }

    /// A day later.
    fn now() -> SystemTime {
        then() + Duration::from_hours(24)
    }

    #[test]
    fn conditions_decide_as_rfc_9110_says() {
        use Verdict::{Failed, NotModified, Send};
        let check = |conditions: &[(HeaderName, &str)], expected| {
            assert_eq!(verdict(conditions, Some(then())), expected, "{conditions:?}");
        };
        check(&[], Send);
        check(&[(IF_NONE_MATCH, "{}")], NotModified);
        check(&[(IF_NONE_MATCH, "W/{}")], NotModified);
        check(&[(IF_NONE_MATCH, "*")], NotModified);
        check(&[(IF_NONE_MATCH, "{raw}")], NotModified);
        check(&[(IF_NONE_MATCH, "\"a,b\", {}")], NotModified);
        check(&[(IF_NONE_MATCH, "\"a\",W/\"b\",,  W/{} , \"c\"")], NotModified);
        check(&[(IF_NONE_MATCH, "\"a\""), (IF_NONE_MATCH, "{}")], NotModified);
        check(&[(IF_NONE_MATCH, "\"a\", \"b\"")], Send);
        check(&[(IF_NONE_MATCH, "\"*\"")], Send);
        check(&[(IF_NONE_MATCH, "")], Send);
        check(&[(IF_NONE_MATCH, "\"{raw}x\"")], Send);
        check(&[(IF_NONE_MATCH, "\"")], Send);
        check(&[(IF_MODIFIED_SINCE, "Fri, 25 Feb 2022 08:54:46 GMT")], NotModified);
        // The obsolete forms are still to be read (RFC 9110 §5.6.7).
        check(&[(IF_MODIFIED_SINCE, "Friday, 25-Feb-22 08:54:46 GMT")], NotModified);
        check(&[(IF_MODIFIED_SINCE, "Fri Feb 25 08:54:46 2022")], NotModified);
        check(&[(IF_MODIFIED_SINCE, "Fri, 25 Feb 2022 08:54:45 GMT")], Send);
        check(&[(IF_MODIFIED_SINCE, "Fri, 25 Feb 2022 08:54:47 GMT")], NotModified);
        check(&[(IF_MODIFIED_SINCE, "Sat, 26 Feb 2022 08:54:46 GMT")], NotModified);
        // Not yet.
        check(&[(IF_MODIFIED_SINCE, "Sat, 26 Feb 2022 08:54:47 GMT")], Send);
        check(&[(IF_MODIFIED_SINCE, "yesterday")], Send);
        check(&[(IF_MODIFIED_SINCE, "1645779286")], Send);
        check(&[(IF_MODIFIED_SINCE, "")], Send);
        // Two dates are no date.
        let date = || (IF_MODIFIED_SINCE, "Fri, 25 Feb 2022 08:54:46 GMT");
        check(&[date(), date()], Send);
        // A tag outweighs a date.
        check(&[(IF_NONE_MATCH, "\"a\""), (IF_MODIFIED_SINCE, "Fri, 25 Feb 2022 08:54:46 GMT")], Send);
        check(&[(IF_NONE_MATCH, "{}"), (IF_MODIFIED_SINCE, "Fri, 25 Feb 2000 08:54:46 GMT")], NotModified);
        check(&[(IF_MATCH, "{}")], Send);
        check(&[(IF_MATCH, "*")], Send);
        check(&[(IF_MATCH, "W/{}")], Failed);
        check(&[(IF_MATCH, "\"a\"")], Failed);
        check(&[(IF_MATCH, "{}"), (IF_NONE_MATCH, "{}")], NotModified);
        check(&[(IF_UNMODIFIED_SINCE, "Fri, 25 Feb 2022 08:54:46 GMT")], Send);
        check(&[(IF_UNMODIFIED_SINCE, "Fri, 25 Feb 2022 08:54:45 GMT")], Failed);
    }

    #[test]
    fn a_time_ahead_is_not_shown_but_known() {
        let ahead = now() + Duration::from_hours(1);
        assert_eq!(last_modified(then(), now()).unwrap(), "Fri, 25 Feb 2022 08:54:46 GMT");
        assert!(last_modified(now(), now()).is_some());
        assert_eq!(last_modified(ahead, now()), None);
        // Who has the version before, of this second, has another.
        assert_eq!(verdict(&[(IF_MODIFIED_SINCE, "Sat, 26 Feb 2022 08:54:46 GMT")], Some(ahead)), Verdict::Send);
    }

    #[test]
    fn a_request_is_conditional_if_it_says_what_the_client_has() {
        for (name, value, expected) in [
            (IF_NONE_MATCH, "\"a\"", true),
            (IF_MODIFIED_SINCE, "Fri, 25 Feb 2022 08:54:46 GMT", true),
            (IF_MODIFIED_SINCE, "never", false),
            (IF_MATCH, "\"a\"", false),
        ] {
            let headers = HeaderMap::from_iter([(name, HeaderValue::from_static(value))]);
            assert_eq!(is_conditional(&headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn a_document_without_a_time_is_never_unmodified_by_date() {
        let date = "Thu, 01 Jan 1970 00:00:00 GMT";
        assert_eq!(verdict(&[(IF_MODIFIED_SINCE, date)], None), Verdict::Send);
        assert_eq!(verdict(&[(IF_UNMODIFIED_SINCE, date)], None), Verdict::Send);
    }

    proptest! {
        #[test]
        fn no_list_of_tags_panics_and_ours_is_found_at_its_end(before in "[ -~]{0,40}") {
            verdict(&[(IF_NONE_MATCH, &before)], None);
            let list = format!("\"{}\" , {{}}", before.replace(['"', '{', '}'], ""));
            prop_assert_eq!(verdict(&[(IF_NONE_MATCH, &list)], None), Verdict::NotModified);
        }

        #[test]
        fn no_date_panics(date in "[ -~]{0,40}", year in "[0-9]{1,5}") {
            verdict(&[(IF_MODIFIED_SINCE, &date), (IF_UNMODIFIED_SINCE, &date)], Some(then()));
            verdict(&[(IF_MODIFIED_SINCE, &format!("Fri, 25 Feb {year} 08:54:46 GMT"))], Some(then()));
        }
    }
}
