//! Any names as path segments, any bytes as a request's path: nothing leads out, and what is written is read back.
#![no_main]

use feedwright::feed::address::{self, Asked};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, &[u8])| {
    let (one, other, asked) = input;
    let (left, right) = (address::segment(one), address::segment(other));
    for segment in [&left, &right, &address::segment_apart(one)] {
        is_safe(segment);
        assert!(!segment.is_empty() && segment.len() <= 200, "{segment:?}");
        let path = format!("categories/{segment}/rss.xml");
        assert_eq!(address::decode(format!("/{}", address::encode(&path)).as_bytes()), Asked::Path(path));
    }
    if left == right {
        let bare = address::decode(format!("/{}", address::encode(one)).as_bytes());
        let same = one == other || bare == address::decode(format!("/{}", address::encode(other)).as_bytes());
        assert!(same, "{one:?} and {other:?} share {left:?}");
    }
    if let Asked::Path(path) | Asked::Moved(path) = address::decode(asked) {
        path.split('/').for_each(is_safe);
        let again = address::decode(format!("/{}", address::encode(&path)).as_bytes());
        assert_eq!(again, Asked::Path(path), "where a redirect leads is final");
    }
});

fn is_safe(segment: &str) {
    assert!(!matches!(segment, "." | "..") && !segment.contains(['/', '\\']), "{segment:?}");
    assert!(!segment.chars().any(char::is_control), "{segment:?}");
}
