//! When a thread that serves rests: not between two requests of a crowd, since who asks pays for waking it.
//!
//! Counts of answers in, turns of the runtime out; it knows no connection. Nothing is done for who asks alone.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

// The same as the standard library's, but in tests, where it can stand still.
use tokio::{sync::Notify, task::yield_now, time::Instant};

/// So many answers within a moment, or one turn of the runtime, are given to a crowd.
const MANY: u64 = 2;

/// For how long a crowd is waited for: ten times as long as one of its requests takes.
const MOMENT: Duration = Duration::from_micros(100);

/// The answers of one thread.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    answers: AtomicU64,
    answered: Notify,
}

impl Crowd {
    /// Takes note of an answer.
    pub(crate) fn note(&self) {
        // Nothing else hangs on it.
        self.answers.fetch_add(1, Ordering::Relaxed);
        self.answered.notify_one();
    }

    /// Keeps the thread awake whenever there is a crowd, and never ends.
    pub(crate) async fn keep_awake(&self) {
        let mut seen = 0;
        loop {
            self.answered.notified().await;
            seen = self.linger(seen).await;
        }
    }

    /// Looks for requests without resting until there is no crowd. `seen` are the answers of before, and all are returned.
    async fn linger(&self, mut seen: u64) -> u64 {
        let mut end = Instant::now();
        loop {
            let answers = self.answers.load(Ordering::Relaxed);
            if answers - seen >= MANY {
                (seen, end) = (answers, Instant::now() + MOMENT);
            } else if Instant::now() >= end {
                return answers;
            }
            yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::{
        task::{self, JoinHandle},
        time::advance,
    };

    use super::*;

    fn lingering(crowd: &Arc<Crowd>, seen: u64) -> JoinHandle<u64> {
        let crowd = Arc::clone(crowd);
        task::spawn(async move { crowd.linger(seen).await })
    }

    fn note(crowd: &Crowd, answers: u64) {
        (0..answers).for_each(|_| crowd.note());
    }

    /// Whether it still lingers after some of its turns.
    async fn lingers(lingering: &JoinHandle<u64>) -> bool {
        for _ in 0..10 {
            yield_now().await;
        }
        !lingering.is_finished()
    }

    #[tokio::test(start_paused = true)]
    async fn a_thread_stays_awake_for_a_crowd_alone() {
        let crowd = Arc::new(Crowd::default());
        note(&crowd, MANY - 1);
        let alone = lingering(&crowd, 0);
        assert!(!lingers(&alone).await);
        let seen = alone.await.unwrap();

        note(&crowd, MANY);
        let many = lingering(&crowd, seen);
        assert!(lingers(&many).await);
        // Each time there are enough, the moment begins anew.
        for _ in 0..3 {
            advance(MOMENT * 3 / 4).await;
            note(&crowd, MANY);
            assert!(lingers(&many).await);
        }
        advance(MOMENT * 3 / 4).await;
        note(&crowd, MANY - 1);
        assert!(lingers(&many).await);
        advance(MOMENT / 4).await;
        assert!(!lingers(&many).await);
        assert_eq!(many.await.unwrap(), 5 * MANY + MANY - 2);
    }
}
