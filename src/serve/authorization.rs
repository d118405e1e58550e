//! Basic authentication (RFC 7617): the `Authorization` header → the password that a client shows.
//!
//! Judges nothing: the daemon knows which password opens what. A header that is not exactly as the RFC has it counts as
//! none, so that no two readings of one header exist.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper::{HeaderMap, header::AUTHORIZATION};

/// The password of the only `Authorization` header, if that is a well-formed Basic one in UTF-8. Whoever the user says
/// to be is ignored.
pub(crate) fn password(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?.as_bytes(), values.next()) else { return None };
    let (scheme, rest) = value.split_at_checked(value.iter().position(|byte| *byte == b' ')?)?;
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest.trim_ascii()).ok()?).ok()?;
    // RFC 7617 §2: neither part contains a control character, and the user's name no colon.
    let (_, password) = pair.split_once(':').filter(|_| !pair.contains(char::is_control))?;
    Some(password.to_owned())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read(values: &[&str]) -> Option<String> {
        let values = values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_str(value).unwrap()));
        let mut headers = HeaderMap::new();
        for (name, value) in values {
            headers.append(name, value);
        }
        password(&headers)
    }

    #[test]
    fn the_password_is_what_follows_the_first_colon() {
        for (value, expected) in [
            // The RFC's own examples (§2, §2.1).
            ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", Some("open sesame")),
            ("Basic dGVzdDoxMjPCow==", Some("123£")),
            ("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", Some("open sesame")),
            ("BASIC   QWxhZGRpbjpvcGVuIHNlc2FtZQ==  ", Some("open sesame")),
            // `:a:b`, `:`
            ("Basic OmE6Yg==", Some("a:b")),
            ("Basic Og==", Some("")),
            // No colon: `abc`. No UTF-8: `a:\xa3`. A control character: `a:b\n`.
            ("Basic YWJj", None),
            ("Basic YTqj", None),
            ("Basic YTpiCg==", None),
            // Not padded, padded too much, bits left over, another alphabet, a blank inside, two credentials.
            ("Basic Og", None),
            ("Basic Og===", None),
            ("Basic Oh==", None),
            ("Basic Pz8_Pzo=", None),
            ("Basic OmE6 Yg==", None),
            ("Basic Og==,Og==", None),
            ("Basic", None),
            ("Basic ", None),
            ("Bearer Og==", None),
            ("Basic\tOg==", None),
            ("", None),
        ] {
            assert_eq!(read(&[value]).as_deref(), expected, "{value:?}");
        }
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["Basic Og==", "Basic Og=="]), None);
    }

    proptest! {
        #[test]
        fn every_password_is_read_back(user in "[^:\\pC]{0,20}", word in "\\PC{0,40}") {
            let value = format!("Basic {}", STANDARD.encode(format!("{user}:{word}")));
            prop_assert_eq!(read(&[&value]), Some(word));
        }

        #[test]
        fn no_header_panics(value in "[ -~]{0,60}", inside in proptest::collection::vec(any::<u8>(), 0..40)) {
            read(&[&value]);
            read(&[&format!("Basic {}", STANDARD.encode(inside))]);
        }
    }
}
