//! Which posts a feed shows: what the catalog finds, folded and cut.

use std::{collections::HashMap, rc::Rc};

use super::{Error, Pipeline, places::Place};
use crate::{
    catalog::{Candidate, CatalogError, Key},
    config::{Duplicates, OwnFeed, Window},
    feed,
};

/// An archive page shows all that is in it.
const WHOLE_PAGE: Window = Window { entries: u32::MAX, hours: 0, max_entries: u32::MAX, max_bytes: u64::MAX };

/// Posts that windows may show, by number: feeds that change together show many of the same.
pub(super) type Candidates = HashMap<i64, Rc<Candidate>>;

impl Pipeline {
    /// The posts that a document may show, and by which window: an archive page shows all that are in it.
    pub(super) fn candidates_at(
        &self,
        collection: i64,
        place: &Place,
        known: &mut Candidates,
    ) -> Result<(Vec<Rc<Candidate>>, Window), Error> {
        match place.archive {
            Some(page) => {
                let posts = self.catalog.archive_page(collection, place.direct, page)?;
                Ok((self.known(self.fold(&place.key, posts)?, known)?, WHOLE_PAGE))
            }
            None => self.candidates(collection, place.direct, known),
        }
    }

    /// What is known of posts.
    fn known(&self, posts: Vec<i64>, known: &mut Candidates) -> Result<Vec<Rc<Candidate>>, Error> {
        let mut found = Vec::with_capacity(posts.len());
        for post in posts {
            if !known.contains_key(&post) {
                known.extend(self.catalog.candidate(post)?.map(|candidate| (post, Rc::new(candidate))));
            }
            found.extend(known.get(&post).map(Rc::clone));
        }
        Ok(found)
    }

    /// The posts of a collection, or of what is in a category itself, that a window may show.
    pub(super) fn in_window(&self, collection: i64, direct: bool, window: Window) -> Result<Vec<i64>, CatalogError> {
        let Window { entries, hours, max_entries, .. } = window;
        self.catalog.window(collection, direct, entries, i64::from(hours) * 3600, max_entries)
    }

    /// The posts that a feed may show, and the window that it has: a folder's own, if all of them are from there.
    pub(super) fn candidates(
        &self,
        collection: i64,
        direct: bool,
        known: &mut Candidates,
    ) -> Result<(Vec<Rc<Candidate>>, Window), Error> {
        let find = |window| self.in_window(collection, direct, window);
        if let Some(key) = self.catalog.key(collection)
            && let Some(feed) = self.places.own(key)
        {
            let window = feed.window.unwrap_or(self.settings.window);
            let posts = self.fold(key, find(window)?)?;
            return Ok((self.known(posts, known)?, window));
        }
        let candidates = self.known(find(self.settings.window)?, known)?;
        let first = candidates.first().map(|candidate| candidate.folder.as_str());
        let own = first.and_then(|first| self.settings.folder(first));
        match own.and_then(|folder| folder.window) {
            Some(window) if candidates.iter().all(|candidate| Some(candidate.folder.as_str()) == first) => {
                Ok((self.known(find(window)?, known)?, window))
            }
            _ => Ok((candidates, self.settings.window)),
        }
    }

    /// Leaves out what another post stands for, where a feed folds such entries.
    pub(super) fn fold(&self, key: &Key, posts: Vec<i64>) -> Result<Vec<i64>, Error> {
        let Some(OwnFeed { duplicates: Duplicates::Fold, .. }) = self.places.own(key) else { return Ok(posts) };
        let Some(collection) = self.catalog.collection(key).map(|collection| collection.number) else {
            return Ok(posts);
        };
        let mut folded = Vec::with_capacity(posts.len());
        for post in posts {
            if self.catalog.is_first(collection, post)? {
                folded.push(post);
            }
        }
        Ok(folded)
    }

    /// The posts that a feed shows, in its order; `length` is that of a post's entry in bytes, if there is one.
    pub(super) fn choose(
        &self,
        place: &Place,
        candidates: Vec<Rc<Candidate>>,
        window: Window,
        length: impl Fn(&Candidate) -> Option<usize>,
    ) -> Vec<Rc<Candidate>> {
        let Window { hours, max_entries, max_bytes, .. } = window;
        let caps = feed::window::Caps {
            entries: max_entries as usize,
            bytes: usize::try_from(max_bytes).unwrap_or(usize::MAX),
            recent: i64::from(hours) * 3600,
        };
        // Without an entry there is nothing to show: the file went before it was rendered.
        let candidates = candidates.into_iter().filter_map(|post| {
            Some(feed::window::Candidate { length: length(&post)?, published: post.published, post })
        });
        let chosen = feed::window::select(candidates.collect(), |post| &*post.id, caps);
        let address = self.places.address(&place.without_secret());
        if chosen.recent_cut == 0 {
            self.full.borrow_mut().remove(&address);
        } else if self.full.borrow_mut().insert(address.clone()) {
            tracing::warn!(
                "the feed {} is full: entries younger than {hours} hours are left out; raise window.max_entries or \
                 window.max_size",
                self.places.url(&address)
            );
        }
        chosen.posts
    }
}
