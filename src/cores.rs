//! Work on many things at once, results in their order.

use std::{
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::LazyLock,
    thread,
};

/// More threads than this find little to do: one carries into the catalog what the others read, and a few serve as much as
/// any line takes.
const MOST: usize = 8;

/// How many threads work at once. Asked once: the answer reads the files of the control group.
pub(crate) static WORKERS: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get).min(MOST));

/// What `work` makes of each item, on all cores, this thread's among them. What another leaves undone because it panics or
/// cannot be started, this one does.
pub(crate) fn on_all_cores<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let work_off = |part: &[T]| part.iter().map(&work).collect::<Vec<R>>();
    let share = items.len().div_ceil(*WORKERS).max(1);
    let (own, others) = items.split_at(share.min(items.len()));
    let work_off = &work_off;
    thread::scope(|scope| {
        let begin = |part| thread::Builder::new().spawn_scoped(scope, move || work_off(part)).ok();
        let threads: Vec<_> = others.chunks(share).map(begin).collect();
        let mut done = work_off(own);
        for (thread, part) in threads.into_iter().zip(others.chunks(share)) {
            done.extend(thread.and_then(|thread| thread.join().ok()).unwrap_or_else(|| work_off(part)));
        }
        done
    })
}

/// What `work` makes of one post, or nothing where a library panics on it: one post must not take all others with it.
pub(crate) fn unless_it_panics<R>(work: impl FnOnce() -> R) -> Option<R> {
    // What it had under way is dropped with it.
    catch_unwind(AssertUnwindSafe(work)).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_are_in_order_and_a_panic_of_another_thread_is_made_good() {
        let items: Vec<usize> = (0..1000).collect();
        let (begun, here) = (AtomicUsize::new(0), thread::current().id());
        let work = |item: &usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            assert!(thread::current().id() == here || item % 100 != 99, "as a library might");
            item * 2
        };
        assert_eq!(on_all_cores(&items, work), items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert!(begun.into_inner() >= items.len());
        assert_eq!(on_all_cores(&[], |item: &usize| *item), Vec::<usize>::new());
    }

    #[test]
    fn a_panic_is_nothing() {
        assert_eq!(unless_it_panics(|| 1), Some(1));
        assert_eq!(unless_it_panics(|| -> u32 { panic!("as a library might") }), None);
    }
}
