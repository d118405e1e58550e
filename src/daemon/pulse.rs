//! What the service manager's watchdog is fed on: that everything has moved since it was last fed.
//!
//! The loop scans and publishes, so that it feeds the watchdog at all says that neither is stuck. It answers for more
//! threads, which it asks each time and expects to have answered by the next: the one that watches the folders, and those
//! that serve HTTP. Where no manager waits to be told, nobody is asked.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::{systemd, watch::Watcher};

/// The end of the line that is in a thread that serves HTTP.
#[derive(Debug, Clone, Default)]
pub(super) struct Answering {
    asked: Arc<Notify>,
    answers: Arc<AtomicU64>,
}

impl Answering {
    /// Answers for as long as the thread's other tasks let it.
    pub(super) async fn run(&self) {
        loop {
            self.asked.notified().await;
            self.answers.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A thread that serves HTTP, and what it had answered when the watchdog was last fed.
#[derive(Debug)]
pub(super) struct Thread {
    handle: JoinHandle<()>,
    line: Answering,
    answers: u64,
}

impl Thread {
    /// A thread that holds the other end of `line`.
    pub(super) fn new(handle: JoinHandle<()>, line: Answering) -> Self {
        // Asked once more at the first beat: it answers the question of this moment, too.
        line.asked.notify_one();
        Self { handle, line, answers: 0 }
    }

    fn answers(&self) -> u64 {
        self.line.answers.load(Ordering::Relaxed)
    }
}

/// When the watchdog was last fed, and what the threads had done by then.
#[derive(Debug)]
pub(super) struct Pulse {
    /// How often the watchdog is fed; absent if there is none.
    every: Option<Duration>,
    http: Vec<Thread>,
    /// The manager knows that the first scan is done.
    is_ready: bool,
    last: Instant,
    beats: u64,
    /// Said once, until all is well again.
    complained: bool,
}

impl Pulse {
    /// Watches over the threads that serve HTTP.
    pub(super) fn new(http: Vec<Thread>) -> Self {
        let every = systemd::watchdog();
        Self { every, http, is_ready: false, last: Instant::now(), beats: 0, complained: false }
    }

    /// The first scan is published.
    pub(super) fn set_ready(&mut self) {
        self.is_ready = true;
    }

    /// Another watcher took the place of the one that was asked.
    pub(super) fn forget_watcher(&mut self) {
        self.beats = u64::MAX;
    }

    /// Feeds the watchdog if it is time and everything has moved; `due` is when the loop was to do what comes next.
    pub(super) fn beat(&mut self, watcher: &Watcher, due: Instant) {
        let Some(every) = self.every.or_else(|| (!self.is_ready).then_some(Duration::from_secs(1))) else { return };
        if self.last.elapsed() < every {
            return;
        }
        self.last = Instant::now();
        if !self.is_ready {
            systemd::another_minute();
            return;
        }
        match self.stuck(watcher, due + every) {
            None => {
                self.complained = false;
                systemd::alive();
            }
            Some(what) if !self.complained => {
                self.complained = true;
                tracing::error!("{what}: the watchdog is not told that all is well, and will end the program");
            }
            Some(_) => {}
        }
        for thread in &mut self.http {
            thread.answers = thread.answers();
            thread.line.asked.notify_one();
        }
        self.beats = watcher.beats();
        watcher.ask();
    }

    fn stuck(&self, watcher: &Watcher, late: Instant) -> Option<&'static str> {
        if self.http.iter().any(|thread| thread.handle.is_finished()) {
            return Some("a thread that serves HTTP has ended");
        }
        if self.http.iter().any(|thread| thread.answers() == thread.answers) {
            return Some("a thread that serves HTTP does not answer");
        }
        if watcher.has_ended() {
            return Some("the thread that watches the folders has ended");
        }
        // Where a folder does not answer, to begin anew is no help.
        if watcher.beats() == self.beats && watcher.rests() {
            return Some("the thread that watches the folders does not answer");
        }
        (Instant::now() > late).then_some("a scan is overdue")
    }

    /// Whether the threads that serve HTTP came to a good end, once they were told to.
    pub(super) fn join(self) -> bool {
        // All of them are waited for, also after one that did not.
        let bad = self.http.into_iter().filter_map(|thread| thread.handle.join().err()).count();
        bad == 0
    }
}
