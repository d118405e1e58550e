//! What the watcher told of and there is no time for at once: paths in, parts of them out.
//!
//! However much comes at a time, who writes a post meanwhile waits for a part of it, and not for all: a folder that nothing
//! was waiting for has its turn next, and those that have more take turns.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::{Path, PathBuf},
};

use crate::pipeline::PART;

/// A path below a posts folder, by the posts folder's index.
type At = (usize, PathBuf);

/// Paths that wait, by the folder that they are in.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: BTreeMap<At, BTreeSet<PathBuf>>,
    turns: VecDeque<At>,
}

impl Backlog {
    pub(super) fn add(&mut self, paths: Vec<At>) {
        for (index, path) in paths {
            let folder = (index, path.parent().unwrap_or(Path::new("")).to_owned());
            if !self.waiting.contains_key(&folder) {
                self.turns.push_front(folder.clone());
            }
            self.waiting.entry(folder).or_default().insert(path);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// Takes out a part, in path order.
    pub(super) fn take(&mut self) -> Vec<At> {
        let share = (PART / self.turns.len().max(1)).max(1);
        let mut part = Vec::new();
        while part.len() < PART
            && let Some(folder) = self.turns.pop_front()
        {
            let Some(paths) = self.waiting.get_mut(&folder) else { continue };
            let most = share.min(PART - part.len());
            part.extend(std::iter::from_fn(|| paths.pop_first()).take(most).map(|path| (folder.0, path)));
            if paths.is_empty() {
                self.waiting.remove(&folder);
            } else {
                self.turns.push_back(folder);
            }
        }
        part.sort_unstable();
        part
    }

    /// Forgets all: it was looked at.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(folder: &str, numbers: std::ops::Range<usize>) -> Vec<At> {
        numbers.map(|number| (0, Path::new(folder).join(format!("{number:05}.md")))).collect()
    }

    #[test]
    fn a_crowd_comes_out_in_parts() {
        let mut backlog = Backlog::default();
        assert!(backlog.is_empty());
        assert_eq!(backlog.take(), []);
        backlog.add(paths("crowd", 0..PART + 3));
        backlog.add(paths("crowd", 0..PART + 5));

        assert_eq!(backlog.take(), paths("crowd", 0..PART));
        assert_eq!(backlog.take(), paths("crowd", PART..PART + 5), "each once");
        assert!(backlog.is_empty());
    }

    #[test]
    fn one_post_does_not_wait_for_a_crowd() {
        let mut backlog = Backlog::default();
        backlog.add(paths("crowd", 0..5 * PART));
        backlog.add(paths("other", 0..5 * PART));
        backlog.take();
        backlog.add(paths("ordinary", 0..1));

        let part = backlog.take();

        assert_eq!(part.len(), PART);
        let of = |folder: &str| part.iter().filter(|(_, path)| path.starts_with(folder)).count();
        assert_eq!(of("ordinary"), 1);
        assert!(of("crowd") > PART / 3 && of("other") > PART / 3, "{} and {}", of("crowd"), of("other"));
    }

    #[test]
    fn everybody_has_a_turn() {
        let mut backlog = Backlog::default();
        for folder in 0..3 * PART {
            backlog.add(paths(&format!("{folder}"), 0..2));
        }
        let mut seen = BTreeSet::new();
        for _ in 0..6 {
            let part = backlog.take();
            assert_eq!(part.len(), PART);
            seen.extend(part);
        }
        assert!(backlog.is_empty());
        assert_eq!(seen.len(), 6 * PART);
    }
}
