//! The bytes that the server keeps, by content and coding, under a bound.
//!
//! Content-addressed, so a form is never stale: a changed document has another hash and asks for other forms. When the
//! bound is passed, the oldest form that was not used since it last came up goes (second chance): a use is then no
//! more than a flag, set under a shared lock.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use hyper::body::Bytes;

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

/// The most forms that are in files, too: each takes a descriptor.
const FILES: usize = 64;

/// The bytes of a form.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form {
    pub(crate) bytes: Bytes,
    /// The same, where the system can send them without a copy: a file that nobody else can open.
    pub(crate) file: Option<Arc<File>>,
}

impl From<Bytes> for Form {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, file: None }
    }
}

impl Form {
    /// A form with its bytes in an empty file, too, which goes with the form.
    pub(crate) fn filed(bytes: Bytes, mut file: File) -> io::Result<Self> {
        file.write_all(&bytes)?;
        Ok(Self { bytes, file: Some(Arc::new(file)) })
    }

    /// Whether it is in a file, too.
    fn is_filed(&self) -> bool {
        self.file.is_some()
    }
}

/// A form as it is kept.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// As it was made: each piece may be in others, too.
    Pieces(Rope),
    /// In one piece.
    Form(Form),
}

impl From<Rope> for Content {
    fn from(rope: Rope) -> Self {
        match rope.in_one() {
            Some(bytes) => Self::Form(bytes.clone().into()),
            None => Self::Pieces(rope),
        }
    }
}

impl From<Form> for Content {
    fn from(form: Form) -> Self {
        Self::Form(form)
    }
}

impl Content {
    /// The form, if it is in one piece.
    pub(crate) fn form(self) -> Option<Form> {
        match self {
            Self::Pieces(_) => None,
            Self::Form(form) => Some(form),
        }
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Pieces(rope) => rope.len(),
            Self::Form(form) => form.bytes.len(),
        }
    }

    /// Its bytes in one piece.
    pub(crate) fn whole(self) -> Bytes {
        match self {
            Self::Pieces(rope) => rope.whole(),
            Self::Form(form) => form.bytes,
        }
    }

    /// Its bytes.
    pub(crate) fn rope(self) -> Rope {
        match self {
            Self::Pieces(rope) => rope,
            Self::Form(form) => form.bytes.into(),
        }
    }

    fn cost(&self) -> usize {
        let copies = if matches!(self, Self::Form(form) if form.is_filed()) { 2 } else { 1 };
        copies * self.len() + OVERHEAD
    }
}

/// Bodies and compressed forms, at most `limit` bytes of them.
#[derive(Debug)]
pub(crate) struct Forms {
    limit: usize,
    used: usize,
    next: u64,
    kept: HashMap<Key, Kept>,
    order: BTreeMap<u64, Key>,
}

#[derive(Debug)]
struct Kept {
    content: Content,
    place: u64,
    wanted: AtomicBool,
}

impl Forms {
    /// An empty cache of `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, used: 0, next: 0, kept: HashMap::new(), order: BTreeMap::new() }
    }

    /// A form, if it is kept.
    pub(crate) fn get(&self, key: Key) -> Option<Content> {
        let kept = self.kept.get(&key)?;
        kept.wanted.store(true, Ordering::Relaxed);
        Some(kept.content.clone())
    }

    /// Keeps a form, at the expense of others; one that is larger than the whole bound is not kept. One that is kept stays
    /// as it is, unless this one is sent at less cost. There are so many files.
    pub(crate) fn insert(&mut self, key: Key, content: Content) {
        let is_wanted = match &content {
            Content::Form(form) if form.is_filed() => self.takes_file(key),
            Content::Form(_) => self.kept.get(&key).is_none_or(|kept| matches!(kept.content, Content::Pieces(_))),
            Content::Pieces(_) => !self.kept.contains_key(&key),
        };
        let cost = content.cost();
        if cost > self.limit || !is_wanted {
            return;
        }
        self.remove(key);
        while self.used + cost > self.limit && self.evict() {}
        self.place(key, content);
    }

    /// Whether a form is in no file yet, and there is room for one.
    pub(crate) fn takes_file(&self, key: Key) -> bool {
        self.kept.get(&key).is_none_or(|kept| !is_filed(kept))
            && self.kept.values().filter(|kept| is_filed(kept)).count() < FILES
    }

    /// Drops every form of a content that nothing shows any more.
    pub(crate) fn forget(&mut self, hash: [u8; 16]) {
        for coding in [Coding::Identity, Coding::Gzip, Coding::Brotli] {
            self.remove(Key { hash, coding });
        }
    }

    fn place(&mut self, key: Key, content: Content) {
        self.used += content.cost();
        self.order.insert(self.next, key);
        self.kept.insert(key, Kept { content, place: self.next, wanted: AtomicBool::new(false) });
        self.next += 1;
    }

    fn remove(&mut self, key: Key) -> Option<Kept> {
        let kept = self.kept.remove(&key)?;
        self.order.remove(&kept.place);
        self.used -= kept.content.cost();
        Some(kept)
    }

    /// Looks at the oldest form: it goes, or, if it was used since, to the end of the line. False when there is none.
    fn evict(&mut self) -> bool {
        let Some(key) = self.order.first_key_value().map(|(_, key)| *key) else { return false };
        if let Some(Kept { content, wanted, .. }) = self.remove(key)
            && wanted.into_inner()
        {
            self.place(key, content);
        }
        true
    }
}

fn is_filed(kept: &Kept) -> bool {
    matches!(&kept.content, Content::Form(form) if form.is_filed())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt as _;

    use proptest::prelude::*;

    use super::*;

    fn key(number: u8) -> Key {
        Key { hash: [number; 16], coding: Coding::Identity }
    }

    fn body(length: usize) -> Content {
        Rope::from(vec![b'x'; length - OVERHEAD]).into()
    }

    /// The same in two pieces.
    fn pieces(length: usize) -> Content {
        let mut whole = body(length).rope().whole();
        Rope::new([whole.split_off(whole.len() / 2), whole].map(Into::into).to_vec()).into()
    }

    /// The same in a file, too.
    fn filed(length: usize) -> Content {
        Form::filed(body(length).rope().whole(), tempfile::tempfile().unwrap()).unwrap().into()
    }

    fn file(forms: &Forms, number: u8) -> Option<Arc<File>> {
        forms.get(key(number))?.form()?.file
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
    fn a_form_may_get_a_file_that_says_the_same_for_ever() {
        let mut forms = Forms::new(3000);
        for number in 1..=2 {
            forms.insert(key(number), body(1000));
        }
        forms.insert(key(2), filed(1000));
        // Not worse again.
        forms.insert(key(2), body(1000));
        let bytes = forms.get(key(2)).unwrap().rope().whole();
        let file = file(&forms, 2).unwrap();
        let mut text = vec![0; bytes.len()];
        file.read_exact_at(&mut text, 0).unwrap();
        assert_eq!(text, bytes);
        // It takes its place twice.
        assert_eq!(forms.used, 3000 - OVERHEAD);
        forms.insert(key(3), body(1000));
        assert!(forms.get(key(1)).is_none() && forms.get(key(2)).is_some());
        forms.forget([2; 16]);
        assert_eq!(forms.used, 1000);
    }

    #[test]
    fn pieces_give_way_to_the_whole() {
        let mut forms = Forms::new(3000);
        let is_whole = |forms: &Forms| forms.get(key(1)).unwrap().form().is_some();
        forms.insert(key(1), pieces(1000));
        assert!(!is_whole(&forms));
        forms.insert(key(1), body(1000));
        assert!(is_whole(&forms));
        forms.insert(key(1), pieces(1000));
        assert!(is_whole(&forms));
        assert_eq!(forms.used, 1000);
    }

    #[test]
    fn so_many_forms_are_in_files() {
        let mut forms = Forms::new(1 << 20);
        for number in 0..100 {
            forms.insert(key(number), body(200));
            forms.insert(key(number), filed(200));
        }
        let filed = (0..100).filter(|number| file(&forms, *number).is_some());
        assert_eq!(filed.count(), FILES);
        assert!((0..100).all(|number| !forms.takes_file(key(number))));
        forms.forget([0; 16]);
        assert!(!forms.takes_file(key(1)) && forms.takes_file(key(99)));
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
            steps in proptest::collection::vec((0_u8..12, 0_u8..6), 0..200),
        ) {
            let mut forms = Forms::new(4000);
            for (number, step) in steps {
                let length = lengths[usize::from(number)];
                match step {
                    0 => forms.forget([number; 16]),
                    1 => drop(forms.get(key(number))),
                    2 => forms.insert(key(number), filed(length)),
                    3 => forms.insert(key(number), pieces(length)),
                    _ => forms.insert(key(number), body(length)),
                }
                let used: usize = forms.kept.values().map(|kept| kept.content.cost()).sum();
                prop_assert_eq!(used, forms.used);
                prop_assert!(used <= 4000);
                prop_assert_eq!(forms.kept.len(), forms.order.len());
            }
        }
    }
}
