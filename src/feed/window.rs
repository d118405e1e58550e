//! The last step of choosing what a feed shows: order and caps.
//!
//! Candidates in (the catalog has found the newest N, the tail of hours and the late arrivals), a [`Shown`] out. The
//! only clock is the newest candidate's own time.

use std::cmp::Reverse;

/// A post that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<P> {
    /// The post.
    pub post: P,
    /// Seconds since the Unix epoch.
    pub published: i64,
    /// Bytes of the longest of its entry's fragments.
    pub length: usize,
}

/// What no feed exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// At most this many entries.
    pub entries: usize,
    /// At most this many bytes of fragments, separators included; the caller leaves room for the frame.
    pub bytes: usize,
    /// An entry this many seconds older than the newest, or less, should not be cut.
    pub recent: i64,
}

/// What a feed shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown<P> {
    /// Newest first, ties by id, each id once.
    pub posts: Vec<P>,
    /// How many recent posts the caps cut; worth a warning when not 0.
    pub recent_cut: usize,
}

/// Orders candidates, by their ids where times are equal, and cuts from the oldest what exceeds the caps. The newest stays,
/// however long its entry is.
#[must_use]
pub fn select<P, I: Ord + ?Sized>(mut candidates: Vec<Candidate<P>>, id: impl Fn(&P) -> &I, caps: Caps) -> Shown<P> {
    let order = |one: &Candidate<P>| Reverse(one.published);
    candidates.sort_unstable_by(|a, b| order(a).cmp(&order(b)).then_with(|| id(&a.post).cmp(id(&b.post))));
    candidates.dedup_by(|a, b| id(&a.post) == id(&b.post));
    let mut bytes: usize = 0;
    let fitting = candidates.iter().take(caps.entries).take_while(|candidate| {
        bytes = bytes.saturating_add(candidate.length).saturating_add(1);
        bytes <= caps.bytes
    });
    let kept = fitting.count().max(1).min(candidates.len());
    let recent_from = candidates.first().map_or(0, |newest| newest.published.saturating_sub(caps.recent));
    let recent_cut = candidates.iter().skip(kept).filter(|c| c.published >= recent_from).count();
    candidates.truncate(kept);
    Shown { posts: candidates.into_iter().map(|candidate| candidate.post).collect(), recent_cut }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CAPS: Caps = Caps { entries: 3, bytes: 100, recent: 48 };

    fn candidates(of: &[(&'static str, i64, usize)]) -> Vec<Candidate<&'static str>> {
        of.iter().map(|&(post, published, length)| Candidate { post, published, length }).collect()
    }

    #[test]
    fn newest_first_within_the_caps() {
        let check = |of: &[(&'static str, i64, usize)], expected: &[&str], recent_cut: usize| {
            let window = select(candidates(of), |id| *id, CAPS);
            assert_eq!(window.posts, expected);
            assert_eq!(window.recent_cut, recent_cut, "{of:?}");
        };
        check(&[], &[], 0);
        check(&[("a", 1, 9), ("b", 2, 9)], &["b", "a"], 0);
        // Ties by id; what came in twice is shown once.
        check(&[("b", 1, 9), ("a", 1, 9), ("b", 1, 9)], &["a", "b"], 0);
        // Too many: old ones go in silence, those within 48 of the newest are counted.
        check(&[("a", 0, 9), ("b", 98, 9), ("c", 99, 9), ("d", 100, 9)], &["d", "c", "b"], 0);
        check(&[("a", 52, 9), ("b", 98, 9), ("c", 99, 9), ("d", 100, 9)], &["d", "c", "b"], 1);
        // Too long: nothing older slips in behind an entry that was cut.
        check(&[("a", 97, 1), ("b", 98, 60), ("c", 99, 9), ("d", 100, 40)], &["d", "c"], 2);
        check(&[("a", 99, 1), ("b", 100, 5000)], &["b"], 1);
        check(&[("a", i64::MIN, usize::MAX), ("b", i64::MIN, usize::MAX)], &["a"], 1);
    }

    proptest! {
        #[test]
        fn order_of_candidates_does_not_matter(of in prop::collection::vec((any::<u8>(), 0..200usize), 0..20)) {
            let mut forth: Vec<Candidate<u8>> =
                of.iter().map(|&(post, length)| Candidate { post, published: i64::from(post / 4), length }).collect();
            forth.sort_by_key(|c| (c.post, c.length));
            forth.dedup_by_key(|c| c.post);
            let back = forth.iter().rev().cloned().collect();
            prop_assert_eq!(select(forth, |id| id, CAPS), select(back, |id| id, CAPS));
        }
    }
}
