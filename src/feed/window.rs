//! What a feed shows, and in what order: the last, pure step after the catalog named the posts that it may show.

/// A post that the window may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The post's number.
    pub post: i64,
    /// Seconds since the Unix epoch.
    pub published: i64,
    /// The post's id.
    pub id: String,
    /// Bytes of its longest fragment.
    pub length: usize,
}

/// What a feed never exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries younger than this, counted back from the newest, should not be cut.
    pub hours: u32,
    /// At most so many entries.
    pub max_entries: usize,
    /// At most so many bytes of entries.
    pub max_bytes: u64,
}

/// The posts of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Newest first, ties by id.
    pub posts: Vec<i64>,
    /// When the newest was published; 0 for none.
    pub newest: i64,
    /// The limits cut an entry that subscribers should have seen.
    pub cut_recent: bool,
}

/// Orders the candidates and cuts the oldest where a limit is passed. The newest always stays.
#[must_use]
pub fn choose(mut candidates: Vec<Candidate>, limits: &Limits) -> Chosen {
    candidates.sort_by(|a, b| b.published.cmp(&a.published).then_with(|| a.id.cmp(&b.id)));
    let newest = candidates.first().map_or(0, |candidate| candidate.published);
    let mut bytes = 0_u64;
    let fit = candidates
        .iter()
        .take(limits.max_entries)
        .take_while(|candidate| {
            bytes = bytes.saturating_add(candidate.length as u64);
            bytes <= limits.max_bytes
        })
        .count()
        .max(1);
    let recent = newest.saturating_sub(i64::from(limits.hours) * 3600);
    let cut_recent = candidates.iter().skip(fit).any(|candidate| candidate.published >= recent);
    candidates.truncate(fit);
    Chosen { posts: candidates.into_iter().map(|candidate| candidate.post).collect(), newest, cut_recent }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posts(published: &[i64]) -> Vec<Candidate> {
        (1..)
            .zip(published)
            .map(|(post, &published)| Candidate { post, published, id: format!("id-{post}"), length: 100 })
            .collect()
    }

    #[test]
    fn newest_first_ties_by_id_oldest_cut() {
        let limits = Limits { hours: 1, max_entries: 10, max_bytes: 10_000 };
        for (published, limits, expected, cut_recent) in [
            (&[][..], limits, &[][..], false),
            (&[10, 30, 20], limits, &[2, 3, 1], false),
            (&[10, 10, 10], limits, &[1, 2, 3], false),
            (&[10, 30, 99_999], Limits { max_entries: 2, ..limits }, &[3, 2], false),
            (&[10, 30, 20], Limits { max_entries: 2, ..limits }, &[2, 3], true),
            (&[10, 30, 20], Limits { max_bytes: 250, ..limits }, &[2, 3], true),
            (&[10, 30, 20], Limits { max_bytes: 1, ..limits }, &[2], true),
        ] {
            let chosen = choose(posts(published), &limits);
            assert_eq!((chosen.posts.as_slice(), chosen.cut_recent), (expected, cut_recent), "{published:?}");
        }
    }
}
