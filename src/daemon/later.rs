//! What there is to look at, a part at a time: paths and when they are due in, a bounded number of paths out.
//!
//! However many files are too young to be known by their stat, who writes a post meanwhile waits for a part of them, and
//! not for all. Reads no clock.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::pipeline::PART;

/// A path below a folder, by the folder's index.
type At = (usize, PathBuf);

/// Paths that are to be looked at.
#[derive(Debug, Default)]
pub(super) struct Later {
    at: BTreeMap<At, Instant>,
    next: Option<Instant>,
}

impl Later {
    /// Lets paths be looked at so much later; what is due earlier stays so.
    pub(super) fn add(&mut self, paths: impl IntoIterator<Item = At>, now: Instant, wait: Duration) {
        let due = now + wait;
        for path in paths {
            self.at.entry(path).and_modify(|known| *known = due.min(*known)).or_insert(due);
            self.next = Some(self.next.map_or(due, |next| next.min(due)));
        }
    }

    /// When there is something to look at.
    pub(super) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Takes out what is due, in path order, and no more than one part of it.
    pub(super) fn take(&mut self, now: Instant) -> Vec<At> {
        if self.next.is_none_or(|next| next > now) {
            return Vec::new();
        }
        let due: BTreeSet<At> =
            self.at.iter().filter(|(_, due)| **due <= now).map(|(at, _)| at.clone()).take(PART).collect();
        self.at.retain(|at, _| !due.contains(at));
        self.next = self.at.values().min().copied();
        due.into_iter().collect()
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(numbers: std::ops::Range<usize>) -> Vec<At> {
        numbers.map(|number| (0, format!("{number:05}.md").into())).collect()
    }

    #[test]
    fn what_is_due_comes_out_in_parts() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut later = Later::default();
        assert_eq!((later.next(), later.take(now)), (None, vec![]));
        later.add(paths(0..PART + 3), now, second);
        later.add(paths(PART..PART + 5), now, second * 2);

        assert_eq!(later.next(), Some(now + second));
        assert_eq!(later.take(now), []);
        assert_eq!(later.take(now + second), paths(0..PART));
        assert_eq!(later.next(), Some(now + second), "the rest is as late as it was");
        assert_eq!(later.take(now + second), paths(PART..PART + 3), "each once, when it is due first");
        assert_eq!(later.next(), Some(now + second * 2));
        assert_eq!(later.take(now + second * 2), paths(PART + 3..PART + 5));
        assert_eq!(later.next(), None);
    }

    #[test]
    fn the_earlier_of_two_times_counts() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut later = Later::default();
        later.add(paths(0..1), now, second * 3);
        later.add(paths(0..1), now, second);
        later.add(paths(0..1), now, second * 2);

        assert_eq!(later.next(), Some(now + second));
        assert_eq!(later.take(now + second), paths(0..1));
        later.add(paths(0..1), now, second);
        later.clear();
        assert_eq!(later.next(), None);
    }
}
