//! Work on many things at once, results in their order.

use std::{num::NonZero, thread};

/// What `work` makes of each item, on all cores. What one thread leaves undone because it panics, this one does.
pub(super) fn on_all_cores<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    if items.len() <= 1 || workers == 1 {
        return items.iter().map(work).collect();
    }
    let work_off = |part: &[T]| part.iter().map(&work).collect::<Vec<R>>();
    let work_off = &work_off;
    let share = items.len().div_ceil(workers);
    thread::scope(|scope| {
        let threads: Vec<_> = items.chunks(share).map(|part| scope.spawn(move || work_off(part))).collect();
        let done = threads.into_iter().zip(items.chunks(share));
        done.flat_map(|(thread, part)| thread.join().unwrap_or_else(|_| work_off(part))).collect()
    })
}
