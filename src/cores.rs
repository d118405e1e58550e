//! Work on many things at once, results in their order.

use std::{num::NonZero, sync::LazyLock, thread};

/// How many threads work at once. Asked once: the answer reads the files of the control group.
pub(crate) static WORKERS: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));

/// What `work` makes of each item, on all cores, this thread's among them. What another leaves undone because it panics, this
/// one does.
pub(crate) fn on_all_cores<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let work_off = |part: &[T]| part.iter().map(&work).collect::<Vec<R>>();
    let share = items.len().div_ceil(*WORKERS).max(1);
    let (own, others) = items.split_at(share.min(items.len()));
    let work_off = &work_off;
    thread::scope(|scope| {
        let threads: Vec<_> = others.chunks(share).map(|part| scope.spawn(move || work_off(part))).collect();
        let mut done = work_off(own);
        for (thread, part) in threads.into_iter().zip(others.chunks(share)) {
            done.extend(thread.join().unwrap_or_else(|_| work_off(part)));
        }
        done
    })
}
