//! Content codings: which one a client gets, and the bytes of it.
//!
//! `Accept-Encoding` in, a [`Coding`] out; identity bytes in, compressed bytes out. Knows no documents and keeps
//! nothing: [`super::shelf`] does.

use std::io::{self, Write as _};

use flate2::{Compression, write::GzEncoder};
use hyper::header::{ACCEPT_ENCODING, HeaderValue};

use super::request::Fields;

/// Raised when [`compress`] gives other bytes for equal input, so that no two bodies share a strong `ETag`.
pub(crate) const COMPRESSOR: u8 = 2;

/// Shorter documents are sent as they are: the headers would outweigh the gain.
const WORTH_COMPRESSING: u64 = 512;

/// How a body is coded on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    /// As it is.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
}

impl Coding {
    /// The value of `Content-Encoding`; none for identity.
    pub(crate) const fn header(self) -> Option<HeaderValue> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some(HeaderValue::from_static("gzip")),
            Self::Brotli => Some(HeaderValue::from_static("br")),
        }
    }

    /// The byte that stands for the coding in an `ETag`.
    pub(crate) const fn tag(self) -> u8 {
        match self {
            Self::Identity => b'i',
            Self::Gzip => b'g',
            Self::Brotli => b'b',
        }
    }
}

/// The coding that a client prefers (RFC 9110 §12.5.3) for a document of `length` bytes; among equals the smallest,
/// brotli. A short document is only coded for a client that refuses it as it is.
///
/// A client that refuses everything we have gets identity: the RFC lets a server disregard the header (§12.1), and a
/// feed that can be read beats a 406.
pub(crate) fn negotiate<'r>(fields: impl Fields<'r>, length: u64) -> Coding {
    let mut accepted = Accepted::default();
    for value in fields.all(ACCEPT_ENCODING) {
        for item in value.split(|byte| *byte == b',') {
            accepted.read(item);
        }
    }
    let refuses_identity = accepted.identity.or(accepted.any) == Some(0);
    if length < WORTH_COMPRESSING && !refuses_identity {
        return Coding::Identity;
    }
    let other = accepted.any.unwrap_or(0);
    let brotli = accepted.brotli.unwrap_or(other);
    let gzip = accepted.gzip.unwrap_or(other);
    // Identity that is not named is acceptable, but nobody's preference, unless `*` means it.
    let identity = accepted.identity.unwrap_or(other);

    if brotli > 0 && brotli >= gzip && brotli >= identity {
        Coding::Brotli
    } else if gzip > 0 && gzip >= identity {
        Coding::Gzip
    } else {
        Coding::Identity
    }
}

/// Weights in thousandths; absent when the client does not say.
#[derive(Default)]
struct Accepted {
    brotli: Option<u16>,
    gzip: Option<u16>,
    identity: Option<u16>,
    any: Option<u16>,
}

impl Accepted {
    /// Takes one item of the list, `gzip;q=0.5`. What is malformed counts as not said.
    fn read(&mut self, item: &[u8]) {
        let mut parts = item.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let coding = parts.next().unwrap_or_default();
        let Some(weight) = parts.try_fold(1000, |weight, parameter| match parameter {
            [b'q' | b'Q', b'=', value @ ..] => thousandths(value),
            _ => Some(weight),
        }) else {
            return;
        };
        let field = if coding.eq_ignore_ascii_case(b"br") {
            &mut self.brotli
        } else if coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip") {
            &mut self.gzip
        } else if coding.eq_ignore_ascii_case(b"identity") {
            &mut self.identity
        } else if coding == b"*" {
            &mut self.any
        } else {
            return;
        };
        *field = Some(weight);
    }
}

/// A weight (RFC 9110 §12.4.2) in thousandths: `0`, `0.5`, `1.000`.
fn thousandths(text: &[u8]) -> Option<u16> {
    let (whole, fraction) = match text {
        [whole @ (b'0' | b'1')] => (*whole, &[][..]),
        [whole @ (b'0' | b'1'), b'.', fraction @ ..] if fraction.len() <= 3 => (*whole, fraction),
        _ => return None,
    };
    let mut weight = u16::from(whole - b'0') * 1000;
    let mut unit = 100;
    for digit in fraction {
        weight += u16::from(digit.checked_sub(b'0').filter(|digit| *digit <= 9)?) * unit;
        unit /= 10;
    }
    (weight <= 1000).then_some(weight)
}

/// The bytes of a body in a coding. Takes a millisecond for a feed: never call it on the thread that serves.
pub(crate) fn compress(coding: Coding, body: &[u8]) -> io::Result<Vec<u8>> {
    match coding {
        Coding::Identity => Ok(body.to_vec()),
        Coding::Gzip => {
            // A hundredth fewer bytes than 6, for each of the many who take what is compressed once.
            let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 3), Compression::new(7));
            encoder.write_all(body)?;
            encoder.finish()
        }
        Coding::Brotli => {
            // Level 5 gives a tenth fewer bytes than gzip's 7, in less than twice its time; the window covers the
            // largest feed (1 MiB) without the megabytes of the default.
            let parameters =
                brotli::enc::BrotliEncoderParams { quality: 5, lgwin: 20, size_hint: body.len(), ..Default::default() };
            let mut compressed = Vec::with_capacity(body.len() / 3);
            brotli::BrotliCompress(&mut &body[..], &mut compressed, &parameters)?;
            Ok(compressed)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use hyper::{HeaderMap, header::HeaderValue};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_client_gets_the_coding_it_prefers() {
        use Coding::{Brotli, Gzip, Identity};
        let check = |accept: &[&'static str], expected| {
            let mut headers = HeaderMap::new();
            for value in accept {
                headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
            }
            assert_eq!(negotiate(&headers, 512), expected, "{accept:?}");
        };
        check(&[], Identity);
        check(&[""], Identity);
        check(&["gzip"], Gzip);
        check(&["x-gzip"], Gzip);
        check(&["GZip"], Gzip);
        check(&["gzip, deflate"], Gzip);
        check(&["gzip, deflate, br, zstd"], Brotli);
        check(&["br;q=0.5, gzip;q=0.8"], Gzip);
        check(&["br;q=0.5,gzip ; q=0.4"], Brotli);
        check(&["gzip;q=0"], Identity);
        check(&["gzip;q=0.000"], Identity);
        check(&["gzip; q=0.001"], Gzip);
        check(&["*"], Brotli);
        check(&["*;q=0"], Identity);
        check(&["br;q=0, *"], Gzip);
        check(&["gzip;q=0, *;q=0.1"], Brotli);
        check(&["identity, gzip;q=0.5"], Identity);
        check(&["identity;q=0.5, gzip;q=0.5"], Gzip);
        // `*` means identity too, where that is not named.
        check(&["gzip;q=0.1, br;q=0.1, *;q=0.5"], Identity);
        check(&["gzip;q=0.1, identity;q=0, *;q=0.5"], Brotli);
        // Whoever refuses all we have is not left with nothing.
        check(&["identity;q=0"], Identity);
        check(&["gzip;q=0, br;q=0, identity;q=0"], Identity);
        check(&["deflate, *;q=0"], Identity);
        check(&["deflate", "gzip"], Gzip);
        // What is malformed is not said.
        check(&["gzip;q=2"], Identity);
        check(&["gzip;q=x, br;q=0.1.1"], Identity);
        check(&["gzip;q=0.0001"], Identity);
        check(&[",,;;=,q=1,gzip,"], Gzip);
        check(&["gzip;level=9"], Gzip);
    }

    #[test]
    fn a_short_document_is_coded_only_for_who_refuses_it_as_it_is() {
        for (accept, expected) in [
            ("gzip, br", Coding::Identity),
            ("*", Coding::Identity),
            ("gzip, identity;q=0", Coding::Gzip),
            ("gzip, *;q=0", Coding::Gzip),
            ("gzip, identity;q=0.1, *;q=0", Coding::Identity),
            ("identity;q=0", Coding::Identity),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(accept))]);
            assert_eq!(negotiate(&headers, 511), expected, "{accept}");
        }
    }

    fn restore(coding: Coding, bytes: &[u8]) -> Vec<u8> {
        let mut restored = Vec::new();
        match coding {
            Coding::Identity => restored.extend_from_slice(bytes),
            Coding::Gzip => {
                flate2::read::GzDecoder::new(bytes).read_to_end(&mut restored).unwrap();
            }
            Coding::Brotli => {
                brotli::Decompressor::new(bytes, 4096).read_to_end(&mut restored).unwrap();
            }
        }
        restored
    }

    proptest! {
        #[test]
        fn what_is_compressed_can_be_restored_and_is_always_the_same(body in ".{0,2000}") {
            for coding in [Coding::Identity, Coding::Gzip, Coding::Brotli] {
                let compressed = compress(coding, body.as_bytes()).unwrap();
                prop_assert_eq!(&compress(coding, body.as_bytes()).unwrap(), &compressed);
                prop_assert_eq!(restore(coding, &compressed), body.as_bytes());
            }
        }

        #[test]
        fn no_header_panics(value in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                negotiate(&HeaderMap::from_iter([(ACCEPT_ENCODING, value)]), 1000);
            }
        }
    }
}
