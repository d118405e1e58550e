//! What wakes a thread that waits in poll(2): it lies quiet until it is rung, and then once, however often it was rung.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::{
    event::{EventfdFlags, eventfd},
    io::{self, Errno},
};

/// Rung by many threads, heard by one.
#[derive(Debug)]
pub(super) struct Bell {
    counter: OwnedFd,
    /// Rung, and not heard since: a burst costs one call.
    rung: AtomicBool,
}

impl Bell {
    /// # Errors
    /// When there is no file descriptor left.
    pub(super) fn new() -> Result<Self, Errno> {
        Ok(Self { counter: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?, rung: AtomicBool::new(false) })
    }

    /// Wakes who waits, or is about to.
    pub(super) fn ring(&self) {
        if !self.rung.swap(true, Ordering::SeqCst) {
            // Fails only where the counter is full, and then it wakes all the same.
            let _ = io::write(&self.counter, &1_u64.to_ne_bytes());
        }
    }

    /// Silences it. What was left before it was rung is to be looked at after this, so that nothing is missed.
    pub(super) fn hear(&self) {
        // In this order: the other way round, who rings between the two would be read away and never heard again.
        let _ = io::read(&self.counter, &mut [0_u8; 8]);
        self.rung.swap(false, Ordering::SeqCst);
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.counter.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use super::*;

    /// Whether it is heard within so long.
    fn is_heard(bell: &Bell, seconds: i64) -> bool {
        let wait = Timespec { tv_sec: seconds, tv_nsec: 0 };
        poll(&mut [PollFd::new(bell, PollFlags::IN)], Some(&wait)).unwrap() > 0
    }

    #[test]
    fn it_is_heard_once_however_often_it_is_rung() {
        let bell = Bell::new().unwrap();
        assert!(!is_heard(&bell, 0));
        for _ in 0..3 {
            bell.ring();
            bell.ring();
            assert!(is_heard(&bell, 0));
            bell.hear();
            assert!(!is_heard(&bell, 0));
        }
    }

    #[test]
    fn nothing_that_was_rung_for_is_missed() {
        const EACH: usize = 5_000;
        let bell = Bell::new().unwrap();
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..3 {
                let (bell, sender) = (&bell, sender.clone());
                scope.spawn(move || {
                    for number in 0..EACH {
                        sender.send(number).unwrap();
                        bell.ring();
                    }
                });
            }
            let mut heard = 0;
            while heard < 3 * EACH {
                assert!(is_heard(&bell, 20), "{heard} of {}", 3 * EACH);
                bell.hear();
                heard += receiver.try_iter().count();
            }
        });
    }
}
