//! Marks on paths → the paths that are worth reading now.
//!
//! A file is read when its writer closes it or it is renamed into place, never in the middle. Holds no clock and
//! touches no disk: the time and a look at a file are handed in.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{Changes, Lost};

/// How long a file must not have been written that was found by reading a folder, where no event told of its writer: one
/// who goes on is told of from then on.
pub const STILL: Duration = Duration::from_millis(200);

/// How long an unclosed file must be quiet where events can be trusted: long enough for a writer whose network stalls;
/// its end is for those that never close, and for `truncate`, which changes a file without opening it.
pub(super) const QUIET: Duration = Duration::from_mins(1);

/// The same where a close may never be told.
pub(super) const QUIET_UNTRUSTED: Duration = Duration::from_secs(5);

/// A path below a folder, by the folder's index.
pub(super) type At = (usize, PathBuf);

/// What is known of a dirty path. A `since` is the first [`Dirty::settled`] after the last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Closed, renamed or removed: to be looked at now.
    Settled,
    /// Times or mode changed: to be looked at now, unless it is being written.
    Touched,
    /// Found by reading a new folder: its events, if there were any, were before our watch.
    Read,
    /// A name was made, no byte written yet.
    Made { since: Option<SystemTime> },
    /// Written and not yet closed.
    Written { since: Option<SystemTime> },
    /// It was being written when events were lost: its close may be among them.
    Doubted { since: Option<SystemTime> },
    /// To be looked at when the time comes.
    Later(SystemTime),
}

impl Mark {
    /// Whether a writer was seen, and not its end.
    fn is_of_a_writer(&self) -> bool {
        matches!(self, Self::Made { .. } | Self::Written { .. } | Self::Doubted { .. })
    }

    /// What is known after `next` came upon `self`.
    fn then(self, next: Self) -> Self {
        match (self, next) {
            (
                Self::Made { .. } | Self::Written { .. } | Self::Doubted { .. },
                Self::Touched | Self::Read | Self::Later(_),
            )
            | (Self::Settled | Self::Touched | Self::Read, Self::Later(_))
            | (Self::Settled, Self::Touched | Self::Read) => self,
            // Found while it may still be written, which a change of mode does not end.
            (Self::Read, Self::Touched) => Self::Read,
            (Self::Later(a), Self::Later(b)) => Self::Later(a.min(b)),
            (_, next) => next,
        }
    }
}

/// What a look at a dirty path shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// A regular file with one name.
    File {
        /// Whether there is a byte in it.
        empty: bool,
        /// When it was last written.
        modified: SystemTime,
    },
    /// Anything that no close will be told of: a further name of a file, a link, a pipe; or nothing.
    Other,
}

/// The paths that events marked.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    paths: BTreeMap<At, Mark>,
    directories: BTreeSet<At>,
    rescan: Option<Lost>,
    woken: bool,
}

impl Dirty {
    /// Marks a path. True when the reader must be woken.
    pub(super) fn mark(&mut self, at: At, mark: Mark) -> bool {
        let news = match self.paths.entry(at) {
            std::collections::btree_map::Entry::Vacant(vacant) => {
                vacant.insert(mark);
                true
            }
            std::collections::btree_map::Entry::Occupied(mut occupied) => {
                let before = *occupied.get();
                let after = before.then(mark);
                occupied.insert(after);
                // A writer at work is no news: who waits for it asks again by the time that was told.
                before != after && !matches!(after, Mark::Made { .. } | Mark::Written { .. })
            }
        };
        news && self.wake()
    }

    /// Marks a folder as gone. True when the reader must be woken.
    pub(super) fn gone(&mut self, at: At) -> bool {
        self.directories.insert(at) && self.wake()
    }

    /// Asks for a scan. True when the reader must be woken.
    pub(super) fn rescan(&mut self, lost: Lost) -> bool {
        // Of lost events nothing else is as bad.
        self.rescan = self.rescan.filter(|before| *before == Lost::Events).or(Some(lost));
        self.wake()
    }

    /// Events were lost, and a scan will find what they told: forgets it, but neither what was promised for later nor who
    /// is writing.
    pub(super) fn doubt(&mut self) {
        self.directories.clear();
        self.paths.retain(|_, mark| matches!(mark, Mark::Later(_)) || mark.is_of_a_writer());
        for mark in self.paths.values_mut().filter(|mark| matches!(mark, Mark::Made { .. } | Mark::Written { .. })) {
            *mark = Mark::Doubted { since: None };
        }
    }

    /// Whether a writer was seen at this path, and not its end.
    pub(super) fn is_being_written(&self, at: &At) -> bool {
        self.paths.get(at).is_some_and(Mark::is_of_a_writer)
    }

    /// The paths at which a writer was seen, and not its end.
    pub(super) fn being_written(&self) -> Vec<At> {
        self.paths.iter().filter(|(_, mark)| mark.is_of_a_writer()).map(|(at, _)| at.clone()).collect()
    }

    fn wake(&mut self) -> bool {
        !std::mem::replace(&mut self.woken, true)
    }

    /// Takes everything out, to be settled without holding a lock.
    pub(super) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// Puts back what is not settled; what came since then has the last word.
    pub(super) fn put_back(&mut self, unsettled: BTreeMap<At, Mark>) {
        for (at, mark) in unsettled {
            self.paths.entry(at).and_modify(|since| *since = mark.then(*since)).or_insert(mark);
        }
    }

    /// What is to be looked at now, and the marks that must wait. `quiet` is by folder.
    pub(super) fn settled(
        self,
        now: SystemTime,
        quiet: &dyn Fn(usize) -> Duration,
        see: &dyn Fn(usize, &Path) -> Seen,
    ) -> (Changes, BTreeMap<At, Mark>) {
        let mut changes =
            Changes { directories: self.directories.into_iter().collect(), rescan: self.rescan, ..Changes::default() };
        let mut waiting = BTreeMap::new();
        let mut wait = |at: At, mark: Mark, until: SystemTime| {
            changes.again = Some(changes.again.map_or(until, |again| again.min(until)));
            waiting.insert(at, mark);
        };
        for (at, mark) in self.paths {
            let (folder, path) = (at.0, at.1.as_path());
            // A clock that was set back must not make anyone wait longer.
            let start = |since: Option<SystemTime>| since.map_or(now, |since| since.min(now));
            match mark {
                Mark::Settled | Mark::Touched => {}
                Mark::Made { since } => {
                    if let Seen::File { empty, .. } = see(folder, path) {
                        // A file that was linked into place with its bytes in it is never closed.
                        let patience = if empty { quiet(folder) } else { QUIET_UNTRUSTED };
                        let since = start(since);
                        if now < since + patience {
                            wait(at, Mark::Made { since: Some(since) }, since + patience);
                            continue;
                        }
                    }
                }
                Mark::Written { since } => {
                    let since = start(since);
                    if now < since + quiet(folder) {
                        wait(at, Mark::Written { since: Some(since) }, since + quiet(folder));
                        continue;
                    }
                }
                Mark::Doubted { since } => {
                    let since = start(since);
                    if now < since + QUIET_UNTRUSTED {
                        wait(at, Mark::Doubted { since: Some(since) }, since + QUIET_UNTRUSTED);
                        continue;
                    }
                }
                Mark::Later(due) if now < due => {
                    wait(at, mark, due);
                    continue;
                }
                Mark::Read | Mark::Later(_) => {
                    let age = if quiet(folder) > QUIET_UNTRUSTED { STILL } else { QUIET_UNTRUSTED };
                    if let Seen::File { modified, .. } = see(folder, path) {
                        let until = match now.duration_since(modified) {
                            Ok(_) => modified + age,
                            // What is dated in the future is no younger later.
                            Err(_) if mark == Mark::Read => now + age,
                            Err(_) => now,
                        };
                        if now < until {
                            wait(at, Mark::Later(until), until);
                            continue;
                        }
                    }
                }
            }
            changes.paths.push(at);
        }
        (changes, waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn at(path: &str) -> At {
        (0, path.into())
    }

    fn after(seconds: u64) -> SystemTime {
        NOW + Duration::from_secs(1_000 + seconds)
    }

    /// A story of one file: marks, each followed by whether a take at that second returns it and when to ask again.
    fn check(name: &str, seen: Seen, story: &[(&[Mark], u64, bool, Option<u64>)]) {
        let mut dirty = Dirty::default();
        for (marks, second, returned, again) in story {
            for mark in *marks {
                dirty.mark(at("a.md"), *mark);
            }
            let (changes, waiting) = dirty.take().settled(after(*second), &|_| QUIET, &|_, _| seen);
            dirty.put_back(waiting);
            assert_eq!(changes.paths, if *returned { vec![at("a.md")] } else { vec![] }, "{name} at {second}");
            assert_eq!(changes.again, again.map(after), "{name} at {second}");
        }
    }

    const MADE: Mark = Mark::Made { since: None };
    const WRITTEN: Mark = Mark::Written { since: None };

    fn file(empty: bool, modified: u64) -> Seen {
        Seen::File { empty, modified: after(modified) }
    }

    #[test]
    fn a_file_is_returned_when_its_writer_is_done() {
        let empty = file(true, 0);
        let full = file(false, 0);
        check("closed", full, &[(&[MADE, WRITTEN, Mark::Settled], 0, true, None), (&[], 1, false, None)]);
        check(
            "slow",
            full,
            &[
                (&[MADE], 0, false, Some(5)),
                (&[WRITTEN], 3, false, Some(63)),
                (&[WRITTEN], 30, false, Some(90)),
                (&[], 89, false, Some(90)),
                (&[Mark::Settled], 89, true, None),
            ],
        );
        check("never closed", full, &[(&[WRITTEN], 0, false, Some(60)), (&[], 60, true, None), (&[], 61, false, None)]);
        check("made and left empty", empty, &[(&[MADE], 0, false, Some(60)), (&[], 60, true, None)]);
        check("linked into place", full, &[(&[MADE], 0, false, Some(5)), (&[], 5, true, None)]);
        check("hard or symbolic link", Seen::Other, &[(&[MADE], 0, true, None)]);
        check("utimes while writing", full, &[(&[WRITTEN, Mark::Touched], 0, false, Some(60))]);
        check("chmod", full, &[(&[Mark::Touched], 0, true, None)]);
        check("removed and written again", full, &[(&[Mark::Settled, MADE, WRITTEN], 0, false, Some(60))]);
        check(
            "opened again",
            full,
            &[(&[Mark::Settled, WRITTEN], 0, false, Some(60)), (&[Mark::Settled], 1, true, None)],
        );
        check("clock set back", full, &[(&[WRITTEN], 100, false, Some(160)), (&[], 0, false, Some(60))]);
    }

    #[test]
    fn a_young_file_found_by_reading_must_stand_still() {
        check("old", file(false, 0), &[(&[Mark::Read], 1, true, None)]);
        check("written by a known writer", file(false, 0), &[(&[WRITTEN, Mark::Read], 0, false, Some(60))]);
        check("found, then written", file(false, 0), &[(&[Mark::Read, WRITTEN], 0, false, Some(60))]);
        check("found, then closed", file(false, 0), &[(&[Mark::Read, Mark::Settled], 0, true, None)]);
        let two = [Mark::Later(after(9)), Mark::Later(after(7))];
        check("the earlier of two", file(false, 0), &[(&two, 5, false, Some(7)), (&[], 7, true, None)]);

        let take = |mark: Mark, quiet: Duration, modified: Duration| {
            let dirty = Dirty { paths: BTreeMap::from([(at("a.md"), mark)]), ..Dirty::default() };
            let seen = Seen::File { empty: false, modified: NOW + Duration::from_secs(1_000) + modified };
            let (changes, waiting) = dirty.settled(after(0), &|_| quiet, &|_, _| seen);
            assert_eq!((changes.paths.is_empty(), waiting.len()), (changes.again.is_some(), waiting.len()));
            changes.again
        };
        let none = Duration::ZERO;
        assert_eq!(take(Mark::Read, QUIET, none), Some(after(0) + STILL));
        assert_eq!(take(Mark::Later(after(0)), QUIET, none), Some(after(0) + STILL), "written meanwhile, untold");
        assert_eq!(take(Mark::Read, QUIET_UNTRUSTED, none), Some(after(5)));
        // What is dated in the future is no younger later.
        assert_eq!(take(Mark::Read, QUIET, Duration::from_secs(500)), Some(after(0) + STILL));
        assert_eq!(take(Mark::Later(after(0)), QUIET, Duration::from_secs(500)), None);
    }

    #[test]
    fn who_was_writing_when_events_were_lost_may_be_done() {
        let mut dirty = Dirty::default();
        for (path, mark) in [("closed.md", Mark::Settled), ("made.md", MADE), ("written.md", WRITTEN)] {
            dirty.mark(at(path), mark);
        }
        dirty.doubt();

        assert!(dirty.is_being_written(&at("made.md")) && dirty.is_being_written(&at("written.md")));
        assert!(!dirty.is_being_written(&at("closed.md")), "a scan finds it");
        let quiet = |_: usize| QUIET;
        let (changes, waiting) = dirty.settled(after(0), &quiet, &|_, _| file(false, 0));
        assert_eq!((changes.paths, changes.again), (vec![], Some(after(5))));
        let mut dirty = Dirty::default();
        dirty.put_back(waiting);
        // It goes on, and so its close will be told.
        dirty.mark(at("written.md"), WRITTEN);
        let (changes, _) = dirty.settled(after(5), &quiet, &|_, _| file(false, 0));
        assert_eq!(changes.paths, [at("made.md")]);
    }

    #[test]
    fn a_burst_wakes_once() {
        let mut dirty = Dirty::default();

        assert!(dirty.mark(at("a.md"), MADE));
        assert!(!dirty.mark(at("b.md"), Mark::Settled), "nobody has asked since");
        let (_, waiting) = dirty.take().settled(after(0), &|_| QUIET, &|_, _| file(true, 0));
        dirty.put_back(waiting);
        assert!(!dirty.mark(at("a.md"), WRITTEN), "still being written");
        assert!(dirty.mark(at("a.md"), Mark::Settled));
        assert!(!dirty.rescan(Lost::Watches));
        assert!(!dirty.gone(at("x")));
    }

    #[test]
    fn what_came_meanwhile_has_the_last_word() {
        let check = |waiting: Mark, came: Mark, expected: Mark| {
            let mut dirty = Dirty::default();
            dirty.mark(at("a.md"), came);
            dirty.put_back(BTreeMap::from([(at("a.md"), waiting)]));
            assert_eq!(dirty.paths.get(&at("a.md")), Some(&expected), "{waiting:?}, {came:?}");
        };
        let waiting = Mark::Written { since: Some(after(0)) };

        check(waiting, Mark::Settled, Mark::Settled);
        check(waiting, WRITTEN, WRITTEN);
        check(waiting, Mark::Touched, waiting);
        check(Mark::Later(after(3)), Mark::Touched, Mark::Touched);
    }

    proptest::proptest! {
        /// However a file is written, and whenever it is asked for, its end is never lost.
        #[test]
        fn a_closed_file_always_comes_out(story in proptest::collection::vec((0_usize..6, 0_u64..100), 0..20)) {
            let mut dirty = Dirty::default();
            let take = |dirty: &mut Dirty, second: u64| {
                let (changes, waiting) = dirty.take().settled(after(second), &|_| QUIET, &|_, _| file(false, second));
                dirty.put_back(waiting);
                changes
            };
            for (step, second) in story {
                match step {
                    0 => _ = dirty.mark(at("a.md"), MADE),
                    1 => _ = dirty.mark(at("a.md"), WRITTEN),
                    2 => _ = dirty.mark(at("a.md"), Mark::Touched),
                    3 => _ = dirty.mark(at("a.md"), Mark::Read),
                    4 => _ = dirty.mark(at("a.md"), Mark::Later(after(second))),
                    _ => {
                        let changes = take(&mut dirty, second);
                        let waits = !dirty.paths.is_empty();
                        proptest::prop_assert_eq!(changes.again.is_some(), waits, "who waits is told until when");
                    }
                }
            }
            dirty.mark(at("a.md"), Mark::Settled);
            proptest::prop_assert_eq!(take(&mut dirty, 50).paths, vec![at("a.md")]);
        }
    }
}
