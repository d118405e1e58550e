//! The bytes that the server keeps, by content and coding, under a bound.
//!
//! Content-addressed, so a form is never stale: a changed document has another hash and asks for other forms. When the
//! bound is passed, the oldest form that was not used since it last came up goes (second chance): a use is then no
//! more than a flag, set under a shared lock.

use std::{
    collections::{BTreeMap, HashMap},
    sync::atomic::{AtomicBool, Ordering},
};

use super::encoding::Coding;
use crate::rope::Rope;

/// A document's content in a coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The hash of the identity form.
    pub(crate) hash: [u8; 16],
    /// How it is coded.
    pub(crate) coding: Coding,
}

/// What one form costs beside its bytes, roughly: the two map entries and the allocation.
const OVERHEAD: usize = 160;

/// Bodies and compressed forms, at most `limit` bytes of them.
#[derive(Debug)]
pub(crate) struct Forms {
    limit: usize,
    used: usize,
    next: u64,
    kept: HashMap<Key, Form>,
    order: BTreeMap<u64, Key>,
}

#[derive(Debug)]
struct Form {
    bytes: Rope,
    place: u64,
    wanted: AtomicBool,
}

impl Forms {
    /// An empty cache of `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, used: 0, next: 0, kept: HashMap::new(), order: BTreeMap::new() }
    }

    /// A form, if it is kept.
    pub(crate) fn get(&self, key: Key) -> Option<Rope> {
        let form = self.kept.get(&key)?;
        form.wanted.store(true, Ordering::Relaxed);
        Some(form.bytes.clone())
    }

    /// Keeps a form, at the expense of others; one that is larger than the whole bound is not kept.
    pub(crate) fn insert(&mut self, key: Key, bytes: Rope) {
        let cost = bytes.len() + OVERHEAD;
        if cost > self.limit {
            return;
        }
        if let Some(form) = self.kept.get_mut(&key) {
            // The same bytes, in one piece now.
            form.bytes = bytes;
            return;
        }
        while self.used + cost > self.limit && self.evict() {}
        self.place(key, Form { bytes, place: 0, wanted: AtomicBool::new(false) });
        self.used += cost;
    }

    /// Drops every form of a content that nothing shows any more.
    pub(crate) fn forget(&mut self, hash: [u8; 16]) {
        for coding in [Coding::Identity, Coding::Gzip, Coding::Brotli] {
            if let Some(form) = self.kept.remove(&Key { hash, coding }) {
                self.order.remove(&form.place);
                self.used -= form.bytes.len() + OVERHEAD;
            }
        }
    }

    fn place(&mut self, key: Key, form: Form) {
        self.order.insert(self.next, key);
        self.kept.insert(key, Form { place: self.next, ..form });
        self.next += 1;
    }

    /// Looks at the oldest form: it goes, or, if it was used since, to the end of the line. False when there is none.
    fn evict(&mut self) -> bool {
        let Some((_, key)) = self.order.pop_first() else { return false };
        if let Some(form) = self.kept.remove(&key) {
            if form.wanted.swap(false, Ordering::Relaxed) {
                self.place(key, form);
            } else {
                self.used -= form.bytes.len() + OVERHEAD;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(number: u8) -> Key {
        Key { hash: [number; 16], coding: Coding::Identity }
    }

    fn body(length: usize) -> Rope {
        Rope::from(vec![b'x'; length - OVERHEAD])
    }

    #[test]
    fn what_is_used_outlives_what_is_not() {
        let mut forms = Forms::new(3000);
        for number in 1..=3 {
            forms.insert(key(number), body(1000));
        }
        assert!(forms.get(key(1)).is_some());
        forms.insert(key(4), body(1000));

        let kept: Vec<u8> = (1..=4).filter(|number| forms.get(key(*number)).is_some()).collect();
        assert_eq!(kept, [1, 3, 4]);
    }

    #[test]
    fn what_is_larger_than_the_bound_pushes_nothing_out() {
        let mut forms = Forms::new(2000);
        forms.insert(key(1), body(1000));
        forms.insert(key(2), body(2001));
        assert!(forms.get(key(1)).is_some());
        assert!(forms.get(key(2)).is_none());
    }

    #[test]
    fn a_forgotten_content_goes_in_every_coding() {
        let mut forms = Forms::new(10_000);
        for coding in [Coding::Identity, Coding::Gzip, Coding::Brotli] {
            forms.insert(Key { hash: [1; 16], coding }, body(1000));
        }
        forms.insert(key(2), body(1000));
        forms.forget([1; 16]);
        assert_eq!((forms.kept.len(), forms.order.len(), forms.used), (1, 1, 1000));
    }

    proptest! {
        #[test]
        fn the_bound_holds_and_the_books_balance(
            lengths in proptest::collection::vec(160_usize..1500, 12),
            steps in proptest::collection::vec((0_u8..12, 0_u8..4), 0..200),
        ) {
            let mut forms = Forms::new(4000);
            for (number, step) in steps {
                match step {
                    0 => forms.forget([number; 16]),
                    1 => drop(forms.get(key(number))),
                    _ => forms.insert(key(number), body(lengths[usize::from(number)])),
                }
                let used: usize = forms.kept.values().map(|form| form.bytes.len() + OVERHEAD).sum();
                prop_assert_eq!(used, forms.used);
                prop_assert!(used <= 4000);
                prop_assert_eq!(forms.kept.len(), forms.order.len());
            }
        }
    }
}
