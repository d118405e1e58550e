//! When what failed is tried again: soon, then ever less often.
//!
//! What goes in is how a scan or a pass ended; what comes out is when everything is to be scanned again, since a scan
//! finds whatever a failed pass left undone.

use std::time::{Duration, Instant};

/// The first pause: what lacks a file descriptor for a moment has one by then.
const SOON: Duration = Duration::from_millis(250);

/// The longest pause while passes fail: whoever frees the disk does not wait long.
const LONGEST: Duration = Duration::from_mins(1);

/// What is wrong, and when it is tried again.
#[derive(Debug, Default)]
pub(super) struct Retry {
    trouble: Option<String>,
    /// Files that could not be read at the last scan.
    refused: u64,
    pause: Option<Duration>,
    at: Option<Instant>,
}

impl Retry {
    /// Why the last pass failed, until a whole scan succeeds.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// A pass failed. Returns when to scan, and whether this reason is a new one.
    pub(super) fn failed(&mut self, why: &str, now: Instant) -> (Instant, bool) {
        let is_new = self.trouble.as_deref() != Some(why);
        if is_new {
            self.trouble = Some(why.to_owned());
        }
        (self.next(now, LONGEST), is_new)
    }

    /// Everything was scanned, but for what the system refused to read. Returns when to scan again for its sake; a file that
    /// stays unreadable costs no more than the scans that come `every` so often anyway.
    pub(super) fn scanned(&mut self, refused: u64, every: Duration, now: Instant) -> Option<Instant> {
        let was_failing = self.trouble.take().is_some();
        if refused == 0 || was_failing || refused > self.refused {
            (self.pause, self.at) = (None, None);
        }
        self.refused = refused;
        (refused > 0).then(|| self.next(now, every))
    }

    /// A single file could not be read. Returns when to scan for its sake.
    pub(super) fn refused(&mut self, every: Duration, now: Instant) -> Instant {
        if self.refused == 0 {
            (self.pause, self.at) = (None, None);
        }
        self.next(now, every)
    }

    /// Failures before the time of the next try are no reason to wait longer.
    fn next(&mut self, now: Instant, longest: Duration) -> Instant {
        match self.at {
            Some(at) if at > now => at,
            _ => {
                let pause = self.pause.map_or(SOON, |pause| pause * 2).min(longest);
                self.pause = Some(pause);
                *self.at.insert(now + pause)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    /// Lets time pass to each try, at which `try_again` says when the next one is; the pauses in milliseconds.
    fn pauses(tries: usize, mut try_again: impl FnMut(Instant) -> Instant) -> Vec<u128> {
        let mut now = Instant::now();
        let mut pauses = Vec::new();
        for _ in 0..tries {
            let at = try_again(now);
            pauses.push((at - now).as_millis());
            now = at;
        }
        pauses
    }

    #[test]
    fn what_fails_is_tried_ever_less_often_and_at_least_every_minute() {
        let mut retry = Retry::default();
        let expected = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000];
        assert_eq!(pauses(10, |now| retry.failed("full", now).0), expected);

        assert_eq!(retry.scanned(0, HOUR, Instant::now()), None);
        assert_eq!(retry.trouble(), None);
        assert_eq!(pauses(2, |now| retry.failed("full", now).0), [250, 500], "another time is another time");
    }

    #[test]
    fn failures_in_between_make_nobody_wait_longer() {
        let mut retry = Retry::default();
        let now = Instant::now();
        let (at, is_new) = retry.failed("full", now);
        assert!(is_new);
        assert_eq!(retry.failed("full", now), (at, false), "it is said once");
        assert_eq!(retry.failed("broken", now), (at, true));
        assert_eq!(retry.trouble(), Some("broken"));
    }

    #[test]
    fn a_file_that_stays_unreadable_costs_nothing_in_the_end() {
        let mut retry = Retry::default();
        let scans = pauses(16, |now| retry.scanned(1, HOUR, now).unwrap());
        assert_eq!((scans[0], scans[1], scans[14], scans[15]), (250, 500, 3_600_000, 3_600_000));
        let now = Instant::now() + HOUR * 24;
        assert_eq!(retry.scanned(2, HOUR, now), Some(now + SOON), "another one is tried soon");
    }
}
