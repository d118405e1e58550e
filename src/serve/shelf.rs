//! The documents that the server may show, shared with the daemon's thread.
//!
//! The daemon writes, the server reads. A set of changes is made under one lock, so that no client sees half of it.
//! The shelf itself is small (a few words a document); bytes are kept beside it, under a bound ([`super::forms`]).

use std::{
    collections::HashMap,
    sync::Arc,
    sync::{
        PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::sync::{Notify, futures::Notified};

use super::{
    Document, Lifetime,
    encoding::Coding,
    forms::{Content, Forms, Key},
};
use crate::feed::Format;

/// Documents made on demand that are remembered at a time. Past that all of them go: they are made again when asked.
const ON_DEMAND: usize = 4096;

/// The documents by path in our form, and as many of their bytes as fit.
#[derive(Debug)]
pub struct Shelf {
    ready: AtomicBool,
    generation: AtomicU64,
    news: Notify,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    documents: HashMap<String, Arc<Document>>,
    /// Paths that were put with [`Lifetime::OnDemand`].
    on_demand: Vec<String>,
    forms: Forms,
}

/// What becomes of one path, in our form.
#[derive(Debug, Clone)]
pub enum Change {
    /// The document is this now.
    Put(String, Document),
    /// There is none any more.
    Remove(String),
}

impl Shelf {
    /// An empty shelf that keeps at most `cache_bytes` of bodies and compressed forms.
    #[must_use]
    pub fn new(cache_bytes: usize) -> Self {
        let state = State { documents: HashMap::new(), on_demand: Vec::new(), forms: Forms::new(cache_bytes) };
        Self {
            ready: AtomicBool::new(false),
            generation: AtomicU64::new(0),
            news: Notify::new(),
            state: RwLock::new(state),
        }
    }

    /// Makes all these changes at once, in order. A document that may not be taken from the shelf
    /// ([`Lifetime`]) is never put.
    pub fn update(&self, changes: impl IntoIterator<Item = Change>) {
        let mut state = self.write();
        for change in changes {
            match change {
                Change::Put(path, document) => state.put(path, document),
                Change::Remove(path) => state.remove(&path),
            }
        }
        // While nobody can look: whoever finds the old number has not missed a change that was made before.
        self.generation.fetch_add(1, Ordering::AcqRel);
        drop(state);
        self.news.notify_waiters();
    }

    /// Ready at the next [`Shelf::update`], counted from this call.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.news.notified()
    }

    /// Takes every document off the shelf that was made on demand, because what it was made from changed.
    pub fn forget_on_demand(&self) {
        let mut state = self.write();
        state.forget_on_demand();
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// A number that every change of the documents makes another: what was read from the shelf under it still stands.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Says that the first scan is published: from now on a path that nobody knows is absent, not just late.
    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// Whether the first scan is published.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// The document at a path; its bytes are kept apart.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Arc<Document>> {
        self.read().documents.get(path).map(Arc::clone)
    }

    /// The document at a path with its bytes, if these are kept: it may be taken off the shelf before they are sent.
    #[must_use]
    pub fn whole(&self, path: &str) -> Option<Arc<Document>> {
        let state = self.read();
        let document = state.documents.get(path)?;
        let bytes = state.forms.get(Key { hash: document.hash, coding: Coding::Identity })?.rope();
        Some(Arc::new(Document { bytes: Some(bytes), ..Document::clone(document) }))
    }

    /// Whether a path that lacks its final slash names a page or a feed's folder.
    pub(crate) fn has_folder(&self, path: &str) -> bool {
        let state = self.read();
        let holds = |name: &str| state.documents.contains_key(&format!("{path}/{name}"));
        !path.is_empty() && !path.ends_with('/') && (holds("") || holds(Format::Rss.file_name()))
    }

    /// A content in a coding, if it is kept.
    pub(crate) fn content(&self, hash: [u8; 16], coding: Coding) -> Option<Content> {
        self.read().forms.get(Key { hash, coding })
    }

    /// Whether a content in a coding is in no file yet, and there is room for one.
    pub(crate) fn takes_file(&self, hash: [u8; 16], coding: Coding) -> bool {
        self.read().forms.takes_file(Key { hash, coding })
    }

    /// Keeps a content in a coding for the next request, if it is still that of the document at `path`: nobody would ask
    /// for it, or drop it, otherwise.
    pub(crate) fn keep(&self, path: &str, hash: [u8; 16], coding: Coding, content: Content) {
        let mut state = self.write();
        if state.documents.get(path).is_some_and(|document| document.hash == hash) {
            state.forms.insert(Key { hash, coding }, content);
        }
    }

    // Nothing in here panics half-way through a change, so a poisoned lock guards a whole state.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn put(&mut self, path: String, mut document: Document) {
        match document.lifetime {
            Lifetime::Momentary | Lifetime::Passing | Lifetime::Private => return,
            Lifetime::Maintained => {}
            Lifetime::OnDemand => {
                if self.on_demand.len() >= ON_DEMAND {
                    self.forget_on_demand();
                }
                self.on_demand.push(path.clone());
            }
        }
        let (hash, bytes) = (document.hash, document.bytes.take());
        if let Some(old) = self.documents.insert(path, Arc::new(document))
            && old.hash != hash
        {
            self.forms.forget(old.hash);
        }
        if let Some(bytes) = bytes {
            self.forms.insert(Key { hash, coding: Coding::Identity }, bytes.into());
        }
    }

    fn remove(&mut self, path: &str) {
        if let Some(document) = self.documents.remove(path) {
            self.forms.forget(document.hash);
        }
    }

    fn forget_on_demand(&mut self) {
        for path in std::mem::take(&mut self.on_demand) {
            // Its place may have been taken by a document that stays.
            if self.documents.get(&path).is_some_and(|document| document.lifetime == Lifetime::OnDemand) {
                self.remove(&path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rope::Rope;

    fn document(text: &str, lifetime: Lifetime) -> Document {
        let mut hash = [0; 16];
        hash.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..16]);
        Document {
            media_type: "text/plain; charset=utf-8",
            hash,
            length: text.len() as u64,
            last_modified: None,
            page: None,
            lifetime,
            bytes: Some(text.as_bytes().to_vec().into()),
        }
    }

    fn put(path: &str, text: &str, lifetime: Lifetime) -> Change {
        Change::Put(path.to_owned(), document(text, lifetime))
    }

    /// What the shelf shows at a path; `-` for a document whose bytes are not kept.
    fn text(shelf: &Shelf, path: &str) -> Option<String> {
        let document = shelf.get(path)?;
        let content = shelf.content(document.hash, Coding::Identity);
        Some(content.map_or("-".to_owned(), |content| String::from_utf8(content.rope().whole().to_vec()).unwrap()))
    }

    #[test]
    fn a_whole_document_outlives_its_place() {
        let shelf = Shelf::new(1 << 20);
        shelf.update([put("a", "one", Lifetime::OnDemand)]);
        assert_eq!(shelf.get("a").unwrap().bytes, None);
        let whole = shelf.whole("a").unwrap();
        shelf.forget_on_demand();
        assert_eq!(text(&shelf, "a"), None);
        assert_eq!(whole.bytes, Some(b"one".to_vec().into()));
    }

    #[test]
    fn documents_come_change_and_go() {
        let shelf = Shelf::new(1 << 20);
        shelf.update([put("a", "one", Lifetime::Maintained), put("b", "two", Lifetime::Maintained)]);
        let first = shelf.get("a").unwrap().hash;
        let keep = || shelf.keep("a", first, Coding::Gzip, Rope::from(b"gzip".to_vec()).into());
        keep();
        assert!(shelf.content(first, Coding::Gzip).is_some());
        shelf.update([put("a", "three", Lifetime::Maintained), Change::Remove("b".to_owned())]);

        assert_eq!(text(&shelf, "a").as_deref(), Some("three"));
        assert_eq!(text(&shelf, "b"), None);
        // The forms of the old content are gone with it, and one that comes late finds no place.
        assert!(shelf.content(first, Coding::Gzip).is_none());
        keep();
        assert!(shelf.content(first, Coding::Gzip).is_none());
    }

    #[test]
    fn bytes_beyond_the_bound_are_dropped_and_documents_stay() {
        let shelf = Shelf::new(1000);
        let changes =
            (0..10).map(|number| put(&number.to_string(), &number.to_string().repeat(500), Lifetime::Maintained));
        shelf.update(changes);
        let shown: Vec<bool> = (0..10).map(|number| text(&shelf, &number.to_string()).unwrap() != "-").collect();
        assert_eq!(shown.iter().filter(|kept| **kept).count(), 1);
        assert!(shown[9]);
    }

    #[test]
    fn what_was_made_on_demand_is_forgotten_at_once() {
        let shelf = Shelf::new(1 << 20);
        shelf.update([
            put("", "page", Lifetime::OnDemand),
            put("tags/a/rss.xml", "tag", Lifetime::OnDemand),
            put("rss.xml", "feed", Lifetime::Maintained),
            put("status.json", "{}", Lifetime::Momentary),
            put("search/", "found", Lifetime::Passing),
            put("private/rss.xml", "secret", Lifetime::Private),
        ]);
        shelf.update([put("tags/a/rss.xml", "feed now", Lifetime::Maintained)]);
        assert_eq!(text(&shelf, "").as_deref(), Some("page"));
        shelf.forget_on_demand();

        assert_eq!(text(&shelf, ""), None);
        for path in ["status.json", "search/", "private/rss.xml"] {
            assert_eq!(text(&shelf, path), None, "{path}");
        }
        assert_eq!(text(&shelf, "rss.xml").as_deref(), Some("feed"));
        assert_eq!(text(&shelf, "tags/a/rss.xml").as_deref(), Some("feed now"));
    }

    #[test]
    fn documents_made_on_demand_are_bounded() {
        let shelf = Shelf::new(1 << 20);
        shelf.update((0..=ON_DEMAND).map(|number| put(&number.to_string(), "x", Lifetime::OnDemand)));
        assert_eq!(shelf.read().documents.len(), 1);
    }

    #[test]
    fn a_folder_is_known_by_its_page_or_its_feed() {
        let shelf = Shelf::new(1 << 20);
        shelf.update([
            put("categories/知乎/rss.xml", "feed", Lifetime::Maintained),
            put("posts/a/", "page", Lifetime::OnDemand),
            put("", "page", Lifetime::OnDemand),
        ]);
        for (path, expected) in
            [("categories/知乎", true), ("posts/a", true), ("posts/a/", false), ("categories", false), ("", false)]
        {
            assert_eq!(shelf.has_folder(path), expected, "{path}");
        }
    }
}
