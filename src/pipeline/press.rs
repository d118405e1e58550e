//! Collections whose members changed → documents → shelf and output folder.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    os::unix::ffi::OsStrExt,
    sync::Arc,
    thread,
    time::{Duration, UNIX_EPOCH},
};

use chrono::{DateTime, Utc};

use super::{
    Error, Pipeline, entry,
    places::{Neighbours, Place, Places},
};
use crate::{
    catalog::{Candidate, Collection, DocumentRecord, Key, Row, StoredEntry, digest},
    config::{Archives, Duplicates, OnDelete, OwnFeed, Settings, Window},
    feed::{self, Format, Fragments, opml::Listing},
    post::{self, Outcome, SourceFile, body},
    publish::{Failed, Output, PublishError},
    serve::{Change, Document, Lifetime},
    watch,
};

/// Collections whose documents are made together; bounds the memory of a cold build.
const GROUP: usize = 32;

/// An archive page shows all that is in it.
const WHOLE_PAGE: Window = Window { entries: u32::MAX, hours: 0, max_entries: u32::MAX, max_bytes: u64::MAX };

/// A document with its bytes.
struct Made {
    path: String,
    record: DocumentRecord,
    document: Document,
}

/// Entries rendered in this pass, by post.
type Fresh = HashMap<i64, StoredEntry>;

impl Pipeline {
    /// Makes the documents of every collection that is marked, and publishes those whose bytes changed. Returns how many.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn press(&mut self, now: DateTime<Utc>) -> Result<u64, Error> {
        let dirty = self.catalog.dirty()?;
        if dirty.is_empty() {
            self.write_again(now)?;
            return Ok(0);
        }
        self.learn_places()?;
        let by_number: HashMap<i64, Collection> =
            self.catalog.collections().into_iter().map(|one| (one.number, one.clone())).collect();
        let mut changed = 0;
        for group in dirty.chunks(GROUP) {
            // What is left stays marked.
            if self.is_stopped() {
                return Ok(changed);
            }
            let mut places = Vec::new();
            for mark in group {
                if let Some(Collection { number, key, own, .. }) = by_number.get(&mark.collection) {
                    places.extend(self.marked_places(key, *own, mark.own)?.into_iter().map(|place| (*number, place)));
                }
            }
            let clean: Vec<i64> = group.iter().map(|mark| mark.collection).collect();
            let (made, fresh) = self.make_documents(&places, now)?;
            changed += self.publish(made, fresh, &clean)?;
        }
        let opml = self.opml(now)?;
        changed += self.publish(opml, Fresh::new(), &[])?;
        // Pages and feeds made on request are made of the same entries.
        self.shelf.forget_on_demand();
        self.write_again(now)?;
        Ok(changed)
    }

    /// The feeds of a collection that are kept on disk and whose members changed.
    fn marked_places(&self, key: &Key, own: bool, own_changed: bool) -> Result<Vec<Place>, Error> {
        let whole = Place::of(key.clone());
        Ok(match key {
            // Made on request.
            Key::Tag(_) | Key::Author(_) | Key::Folder(_) => Vec::new(),
            _ if self.places.access(key).is_private() => Vec::new(),
            Key::Category(path) if own && self.places.is_parent(path) => {
                let direct = Place::direct(key.clone());
                let first = format!("{}{}", self.places.address(&direct), Format::Rss.file_name());
                let needed = own_changed || self.catalog.document(&first)?.is_none();
                std::iter::once(whole).chain(needed.then_some(direct)).collect()
            }
            Key::All | Key::Category(_) | Key::Own(_) => vec![whole],
        })
    }

    /// Tells the tree of addresses about new collections, and the catalog where theirs are.
    fn learn_places(&mut self) -> Result<(), Error> {
        self.places.learn(self.catalog.collections().into_iter());
        let new: Vec<Key> = self
            .catalog
            .collections()
            .into_iter()
            .filter(|one| one.address.is_none())
            .map(|one| one.key.clone())
            .collect();
        if !new.is_empty() {
            self.categories.take();
        }
        for key in new {
            let address = self.places.address(&Place::of(key.clone()));
            self.catalog.set_address(&key, &address)?;
        }
        Ok(())
    }

    /// The documents of some feeds, and the entries that had to be rendered for them.
    fn make_documents(&self, places: &[(i64, Place)], now: DateTime<Utc>) -> Result<(Vec<Made>, Fresh), Error> {
        let mut windows = Vec::with_capacity(places.len());
        let mut stale = BTreeSet::new();
        let mut lengths = HashMap::new();
        for (collection, place) in places {
            let (candidates, window) = match place.archive {
                Some(page) => (self.archived(*collection, place, page)?, WHOLE_PAGE),
                None => self.candidates(*collection, place.direct)?,
            };
            for candidate in &candidates {
                if lengths.contains_key(&candidate.post) || stale.contains(&candidate.post) {
                    continue;
                }
                match self.catalog.entry_version(candidate.post)? {
                    Some((version, length)) => {
                        lengths.insert(candidate.post, length);
                        if version != self.version {
                            stale.insert(candidate.post);
                        }
                    }
                    None => {
                        stale.insert(candidate.post);
                    }
                }
            }
            windows.push((candidates, window));
        }
        let fresh = self.render(&stale)?;
        lengths.extend(fresh.iter().map(|(post, entry)| (*post, entry.fragments.longest())));

        let mut made = Vec::new();
        for ((collection, place), (candidates, window)) in places.iter().zip(windows) {
            let (posts, updated) = self.choose(place, candidates, window, &lengths);
            let updated = self.newest_update(&posts, updated)?;
            let neighbours = self.neighbours(*collection, place, posts.len())?;
            for format in Format::ALL {
                let frame = self.places.frame(format, place, neighbours, updated);
                let bytes = self.join(format, &frame, &posts, &fresh)?;
                let path = format!("{}{}", self.places.record(place), format.file_name());
                made.push(self.made(path, Some(place), format.content_type(), bytes, updated, now)?);
            }
        }
        Ok((made, fresh))
    }

    /// The posts that a feed may show, and the window that it has: a folder's own, if all of them are from there.
    pub(super) fn candidates(&self, collection: i64, direct: bool) -> Result<(Vec<Candidate>, Window), Error> {
        let find = |window: Window| {
            let Window { entries, hours, max_entries, .. } = window;
            self.catalog.candidates(collection, direct, entries, i64::from(hours) * 3600, max_entries)
        };
        if let Some(key) = self.catalog.key(collection)
            && let Some(feed) = self.places.own(key)
        {
            let window = feed.window.unwrap_or(self.settings.window);
            let candidates = find(window)?;
            return Ok((
                match feed.duplicates {
                    Duplicates::Show => candidates,
                    Duplicates::Fold => self.fold(candidates)?,
                },
                window,
            ));
        }
        let candidates = find(self.settings.window)?;
        let first = candidates.first().map(|candidate| candidate.folder.as_str());
        let own = self.settings.folders.iter().find(|folder| Some(folder.read.folder.as_str()) == first);
        match own.and_then(|folder| folder.window) {
            Some(window) if candidates.iter().all(|candidate| Some(candidate.folder.as_str()) == first) => {
                Ok((find(window)?, window))
            }
            _ => Ok((candidates, self.settings.window)),
        }
    }

    /// Leaves out what stands for an entry that was seen before: the same link, or the same title on the same day.
    fn fold(&self, mut candidates: Vec<Candidate>) -> Result<Vec<Candidate>, Error> {
        candidates.sort_by_key(|candidate| candidate.post);
        let mut likenesses = Vec::with_capacity(candidates.len());
        for candidate in &candidates {
            let row = self.catalog.row(candidate.post)?;
            let (link, title) = row.map_or_else(Default::default, |row| (row.link, row.title));
            likenesses.push(feed::window::Likeness { link, title, day: candidate.published.div_euclid(24 * 3600) });
        }
        let mut first = feed::window::first_of_each(&likenesses).into_iter();
        candidates.retain(|_| first.next().unwrap_or(true));
        Ok(candidates)
    }

    /// The posts that a feed shows, in its order, and the newest publication time among them.
    fn choose(
        &self,
        place: &Place,
        candidates: Vec<Candidate>,
        window: Window,
        lengths: &HashMap<i64, usize>,
    ) -> (Vec<i64>, i64) {
        let Window { hours, max_entries, max_bytes, .. } = window;
        let caps = feed::window::Caps {
            entries: max_entries as usize,
            bytes: usize::try_from(max_bytes).unwrap_or(usize::MAX),
            recent: i64::from(hours) * 3600,
        };
        let mut posts = HashMap::with_capacity(candidates.len());
        let candidates = candidates
            .into_iter()
            .filter_map(|candidate| {
                // Without an entry there is nothing to show: the file went before it was rendered.
                let length = *lengths.get(&candidate.post)?;
                posts.insert(candidate.id.clone(), candidate.post);
                Some(feed::window::Candidate { id: candidate.id, published: candidate.published, length })
            })
            .collect();
        let chosen = feed::window::select(candidates, caps);
        if chosen.recent_cut > 0 {
            tracing::warn!(
                "the feed {} is full: entries younger than {hours} hours are left out; raise window.max_entries or \
                 window.max_bytes",
                self.places.url(&self.places.address(place))
            );
        }
        let newest = chosen.entries.first().map_or(0, |entry| entry.published);
        (chosen.entries.iter().filter_map(|entry| posts.get(&entry.id).copied()).collect(), newest)
    }

    /// The newest `updated` of some posts, no earlier than `published`; the Unix epoch for none.
    fn newest_update(&self, posts: &[i64], published: i64) -> Result<DateTime<Utc>, Error> {
        let newest = if posts.is_empty() { 0 } else { self.catalog.newest_update(posts)?.max(published) };
        Ok(entry::time(newest))
    }

    /// The posts of an archive page.
    fn archived(&self, collection: i64, place: &Place, page: u64) -> Result<Vec<Candidate>, Error> {
        let candidates = self.catalog.archive_page(collection, place.direct, page)?;
        match self.places.own(&place.key) {
            Some(OwnFeed { duplicates: Duplicates::Fold, .. }) => self.fold(candidates),
            _ => Ok(candidates),
        }
    }

    /// The archive pages before and after a document: before the current one, if it does not show every post, the newest.
    fn neighbours(&self, collection: i64, place: &Place, shown: usize) -> Result<Neighbours, Error> {
        if self.settings.archives == Archives::Off {
            return Ok(Neighbours::default());
        }
        let last = self.catalog.archive_pages(collection, place.direct)?;
        if let Some(page) = place.archive {
            let previous = (page > 1).then(|| page - 1);
            return Ok(Neighbours { previous, next: (page < last).then_some(page + 1) });
        }
        let shows_all = self.catalog.size(collection, place.direct) <= shown as u64;
        Ok(Neighbours { previous: Some(last).filter(|_| !shows_all), next: None })
    }

    /// One document of a feed, from entries rendered now or before.
    fn join(
        &self,
        format: Format,
        (feed, standing): &(feed::Feed, feed::Place),
        posts: &[i64],
        fresh: &Fresh,
    ) -> Result<Vec<u8>, Error> {
        let mut kept = BTreeMap::new();
        for post in posts.iter().filter(|post| !fresh.contains_key(post)) {
            if let Some(fragment) = self.catalog.fragment(*post, format)? {
                kept.insert(*post, fragment);
            }
        }
        let fragments: Vec<&str> = posts
            .iter()
            .filter_map(|post| {
                fresh.get(post).map(|entry| entry.fragments.get(format)).or_else(|| kept.get(post).map(String::as_str))
            })
            .collect();
        Ok(feed::document_at(format, feed, standing, &fragments))
    }

    /// A document with what is known of it: its time changes with its bytes, and only then.
    fn made(
        &self,
        path: String,
        place: Option<&Place>,
        media_type: &'static str,
        bytes: Vec<u8>,
        updated: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Made, Error> {
        let hash = digest(&bytes);
        let modified = match self.catalog.document(&path)? {
            Some(before) if before.hash == hash => before.modified,
            Some(before) => now.timestamp().max(before.modified + 1),
            // A post may be dated ahead, a version of a document may not (RFC 9110 §8.8.2.1).
            None => updated.timestamp().min(now.timestamp()).max(0),
        };
        let record = DocumentRecord { hash, length: bytes.len() as u64, modified };
        let page = place.map(|place| self.places.address(&place.current()));
        let document = document(record, media_type, page, Some(bytes));
        Ok(Made { path, record, document })
    }

    /// Makes documents durable, then visible.
    fn publish(&mut self, made: Vec<Made>, fresh: Fresh, clean: &[i64]) -> Result<u64, Error> {
        let mut changed = Vec::new();
        for made in made {
            if !self.catalog.is_stored(&made.path, made.record.hash)? {
                changed.push(made);
            }
        }
        let records: Vec<_> = changed.iter().map(|made| (made.path.clone(), made.record)).collect();
        self.catalog.keep(&fresh.into_iter().collect::<Vec<_>>(), &records, true, clean)?;
        let count = changed.len() as u64;
        self.shelf.update(changed.iter().map(|made| Change::Put(made.path.clone(), made.document.clone())));
        self.write(&changed.iter().map(|made| (made.path.as_str(), &made.document)).collect::<Vec<_>>());
        Ok(count)
    }

    /// Writes documents to the output folder; what fails is tried again with the next pass.
    fn write(&mut self, documents: &[(&str, &Document)]) {
        let Some(output) = &mut self.output else { return };
        let bytes: Vec<(&str, &[u8])> =
            documents.iter().filter_map(|(path, document)| Some((*path, document.bytes.as_deref()?))).collect();
        let folder = self.settings.output.display();
        for (path, _) in &bytes {
            self.unwritten.remove(*path);
        }
        let failed = match output.write(&bytes) {
            Ok(report) => report.failed,
            Err(error) => {
                let failed = |(path, _): &(&str, _)| Failed { path: (*path).to_owned(), error: error.clone() };
                bytes.iter().map(failed).collect()
            }
        };
        let replaced = failed.iter().any(|one| one.error == PublishError::Replaced);
        if let Some(Failed { path, error }) = failed.first() {
            tracing::error!(
                "{folder}/{path} cannot be written: {error}; the feeds are still served over HTTP, and written as soon as \
                 that is possible"
            );
        }
        self.unwritten.extend(failed.into_iter().map(|one| one.path));
        if replaced {
            self.reopen_output();
        }
    }

    /// The output folder was removed or replaced: everything is written into the new one.
    fn reopen_output(&mut self) {
        match (Output::open(&self.settings.output), self.catalog.stored_documents()) {
            (Ok(output), Ok(stored)) => {
                self.output = Some(output);
                self.unwritten.extend(stored.into_iter().map(|(path, _)| path));
            }
            (Err(error), _) => tracing::error!("{} cannot be used: {error}", self.settings.output.display()),
            (_, Err(error)) => tracing::error!("{error}"),
        }
    }

    /// Tries again what could not be written.
    pub(super) fn write_again(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let mut again = Vec::new();
        for path in self.unwritten.clone() {
            match self.stored_document(&path, now)? {
                Some(document) => again.push((path, document)),
                None => {
                    self.unwritten.remove(&path);
                }
            }
        }
        self.write(&again.iter().map(|(path, document)| (path.as_str(), document)).collect::<Vec<_>>());
        Ok(())
    }

    /// Whether something waits to be written to the output folder.
    #[must_use]
    pub fn has_unwritten(&self) -> bool {
        !self.unwritten.is_empty()
    }

    /// A document of the output folder, made again from the catalog.
    pub(super) fn stored_document(&self, path: &str, now: DateTime<Utc>) -> Result<Option<Document>, Error> {
        let (folder, name) = path.rfind('/').map_or(("", path), |slash| path.split_at(slash + 1));
        if path.starts_with("opml") {
            return Ok(self.opml(now)?.into_iter().find(|made| made.path == path).map(|made| made.document));
        }
        let Some(format) = Format::ALL.into_iter().find(|format| format.file_name() == name) else { return Ok(None) };
        let Some(place) = self.places.at(folder) else { return Ok(None) };
        Ok(self.feed_document(&place, format, now)?.map(|(made, _)| made.document))
    }

    /// One document of one feed.
    fn feed_document(&self, place: &Place, format: Format, now: DateTime<Utc>) -> Result<Option<(Made, Fresh)>, Error> {
        let Some(number) = self.catalog.collection(&place.key).map(|collection| collection.number) else {
            return Ok(None);
        };
        let (made, fresh) = self.make_documents(&[(number, place.clone())], now)?;
        let path = format!("{}{}", self.places.record(place), format.file_name());
        Ok(made.into_iter().find(|made| made.path == path).map(|made| (made, fresh)))
    }

    /// A document that is made on request, with its state kept so that its time stands while its bytes do.
    pub(super) fn demanded_document(
        &mut self,
        place: &Place,
        format: Format,
        now: DateTime<Utc>,
    ) -> Result<Option<Document>, Error> {
        let Some((mut made, fresh)) = self.feed_document(place, format, now)? else { return Ok(None) };
        let entries: Vec<_> = fresh.into_iter().collect();
        if !entries.is_empty() || self.catalog.document(&made.path)?.is_none_or(|before| before != made.record) {
            self.catalog.keep(&entries, &[(made.path.clone(), made.record)], false, &[])?;
        }
        made.document.lifetime = Lifetime::OnDemand;
        if self.places.access(&place.key).is_private() {
            (made.document.lifetime, made.document.page) = (Lifetime::Private, None);
        }
        Ok(Some(made.document))
    }

    /// A document of an archive page, if there is such a page.
    pub(super) fn archive_document(
        &mut self,
        place: &Place,
        format: Format,
        now: DateTime<Utc>,
    ) -> Result<Option<Document>, Error> {
        let number = self.catalog.collection(&place.key).map(|collection| collection.number);
        let (Some(number), Some(page)) = (number, place.archive) else { return Ok(None) };
        if self.settings.archives == Archives::Off || page > self.catalog.archive_pages(number, place.direct)? {
            return Ok(None);
        }
        self.catalog.begin_archive(number, place.direct)?;
        self.demanded_document(place, format, now)
    }

    /// Renders entries, on all cores. A post whose file cannot be read, or changed since it was seen, is left out: the
    /// change brings its own event.
    pub(super) fn render(&self, posts: &BTreeSet<i64>) -> Result<Fresh, Error> {
        let mut rows = Vec::with_capacity(posts.len());
        for post in posts {
            rows.extend(self.catalog.row(*post)?.filter(|row| row.missing.is_none()));
        }
        let (settings, places, version) = (&self.settings, &self.places, self.version);
        let render =
            |row: &Row| Some((row.post, StoredEntry { version, fragments: fragments(row, settings, places)? }));
        if rows.len() <= 4 {
            return Ok(rows.iter().filter_map(render).collect());
        }
        let workers = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(thread::scope(|scope| {
            let parts: Vec<_> = rows
                .chunks(rows.len().div_ceil(workers))
                .map(|part| scope.spawn(move || part.iter().filter_map(render).collect::<Vec<_>>()))
                .collect();
            parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
        }))
    }

    /// The lists of all feeds.
    fn opml(&self, now: DateTime<Utc>) -> Result<Vec<Made>, Error> {
        let tree = super::made::tree(&self.catalog, &self.places);
        [("opml.xml", Listing::Leaves), ("opml-all.xml", Listing::All)]
            .into_iter()
            .map(|(path, listing)| (path, feed::opml::document(&tree, listing)))
            .map(|(path, bytes)| self.made(path.to_owned(), None, feed::opml::MEDIA_TYPE, bytes, now, now))
            .collect()
    }

    /// Buries posts that are kept though their files are missing, once they have left every window.
    pub(super) fn bury_unshown(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        for index in 0..self.settings.folders.len() {
            let folder = self.settings.folders[index].clone();
            if folder.on_delete != OnDelete::Keep {
                continue;
            }
            let missing = self.catalog.missing(&folder.read.folder)?;
            let collections: BTreeSet<i64> =
                missing.iter().flat_map(|row| row.members.iter().map(|one| one.0)).collect();
            let mut shown = BTreeSet::new();
            for collection in collections {
                shown.extend(self.candidates(collection, false)?.0.into_iter().map(|candidate| candidate.post));
            }
            let mut batch = self.catalog.batch(now.timestamp())?;
            // A crawler that is just writing everything again is not done yet.
            let until = now.timestamp() - i64::try_from(self.settings.delete_grace.as_secs()).unwrap_or(0);
            batch.bury_unshown(&folder, &shown, until)?;
            batch.commit()?;
        }
        Ok(())
    }
}

/// A document as the shelf holds it.
pub(super) fn document(
    record: DocumentRecord,
    media_type: &'static str,
    page: Option<String>,
    bytes: Option<Vec<u8>>,
) -> Document {
    Document {
        media_type,
        hash: record.hash,
        length: record.length,
        last_modified: u64::try_from(record.modified).ok().map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds)),
        page: page.map(Arc::from),
        lifetime: Lifetime::Maintained,
        bytes: bytes.map(Arc::from),
    }
}

/// Reads a post again and renders it.
fn fragments(row: &Row, settings: &Settings, places: &Places) -> Option<Fragments> {
    let folder = settings.folders.iter().find(|folder| folder.read.folder == row.folder)?;
    let path = std::path::Path::new(std::ffi::OsStr::from_bytes(&row.path));
    let (stat, bytes) = watch::read(&folder.path.join(path)).ok()?;
    if digest(&bytes) != row.content {
        return None;
    }
    let modified = DateTime::from_timestamp_nanos(stat.modified);
    let reading = post::read(&SourceFile { path, bytes: &bytes, modified }, &folder.read);
    let Outcome::Post(post) = reading.outcome else { return None };
    let parse = |url: &String| url::Url::parse(url).ok();
    let bases = body::Bases {
        post: row.link.as_ref().and_then(parse).or_else(|| folder.read.links.site_url.clone()),
        site: folder.read.links.site_url.clone(),
    };
    // No lookup yet: links to other posts show their titles.
    let rendered = body::render(&post.body, &bases, None);
    Some(entry::entry(row, &post, rendered, places, settings.content).fragments())
}
