//! Collections whose members changed → documents → shelf and output folder.

use std::{
    collections::BTreeSet,
    rc::Rc,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use chrono::{DateTime, Utc};

use super::{
    Error, Pipeline, entry,
    places::{Neighbours, Place},
    render::{Fresh, Rendered, Rendering},
    window::Candidates,
};
use crate::{
    catalog::{Candidate, Collection, Dirty, DocumentRecord, Key, StalePage, Version},
    config::{Archives, Window},
    feed::{self, Format, Fragments, address, opml::Listing},
    rope::Rope,
    serve::{Change, Document, Lifetime},
};

/// Collections whose documents are made together; bounds the memory of a cold build.
pub(super) const GROUP: usize = 16;

/// With this the paths of the lists of all feeds begin.
const LISTS: &str = "opml";

/// A document with its bytes.
struct Made {
    path: String,
    record: DocumentRecord,
    document: Document,
}

/// A feed, and the posts that it may show.
struct Choice {
    collection: i64,
    place: Place,
    candidates: Vec<Rc<Candidate>>,
    window: Window,
}

/// Feeds whose documents are being made, and who renders what they may show.
struct Begun {
    choices: Vec<Choice>,
    rendering: Rendering,
}

/// What came of making the documents of some feeds.
struct Pressed {
    documents: Vec<Made>,
    /// Entries that had to be rendered for them.
    fresh: Fresh,
    /// Collections, and which of their two feeds, that have older posts than they show.
    longer: Vec<(i64, bool)>,
    /// Collections that have a post which could not be rendered just now.
    lacking: BTreeSet<i64>,
}

impl Pipeline {
    /// Makes the documents of every collection that is marked, or of those that somebody waits for while new settings are
    /// applied, and publishes what changed. Returns how many documents did.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn press(&mut self, now: DateTime<Utc>) -> Result<u64, Error> {
        if self.withheld {
            // Posts may still be where they were before new rules on who may read them.
            return Ok(0);
        }
        self.press_all(now)
    }

    /// The same, once every post was read under the rules that hold now.
    pub(super) fn press_all(&mut self, now: DateTime<Utc>) -> Result<u64, Error> {
        let mut dirty = self.catalog.dirty()?;
        let Some(behind) = &mut self.behind else { return self.press_these(&dirty, Wanted::All, now) };
        let urgent = behind.take_urgent();
        dirty.retain(|mark| urgent.contains(&mark.collection));
        self.press_these(&dirty, Wanted::Urgent, now)
    }

    /// The same for some of them.
    pub(super) fn press_these(
        &mut self,
        dirty: &[Dirty],
        wanted: Wanted<'_>,
        now: DateTime<Utc>,
    ) -> Result<u64, Error> {
        let changed = self.press_marked(dirty, wanted, now);
        // Also where nothing was to be shown, or nothing could be.
        self.catalog.make_durable()?;
        changed
    }

    fn press_marked(&mut self, dirty: &[Dirty], wanted: Wanted<'_>, now: DateTime<Utc>) -> Result<u64, Error> {
        let version = self.catalog.collections_version();
        if dirty.is_empty() && self.learnt == Some(version) {
            return self.press_pages(wanted, now);
        }
        self.learn_places()?;
        // Pages and feeds made on request are made of the same entries.
        self.shelf.forget_on_demand();
        let pressed = self.press_groups(dirty, wanted, now);
        let written = self.finish_writing();
        let mut changed = pressed?;
        written?;
        if self.is_stopped() {
            return Ok(changed);
        }
        changed += self.press_pages(wanted, now)?;
        self.learnt = Some(version);
        Ok(changed)
    }

    /// Makes the lists of all feeds, where they are older than these. Returns how many documents changed.
    pub(super) fn press_lists(&mut self, now: DateTime<Utc>) -> Result<u64, Error> {
        let version = self.catalog.collections_version();
        if self.has_lists_of(version) || self.is_stopped() {
            return Ok(0);
        }
        self.learn_places()?;
        let lists = self.opml(now)?;
        let changed = self.publish(lists, Fresh::new(), &[], Wanted::All, When::Now)?;
        self.listed = Some(version);
        Ok(changed)
    }

    /// Whether feeds came or went since their lists were made, and may be told of.
    pub(super) fn are_lists_behind(&self) -> bool {
        !self.withheld && self.learnt.is_some_and(|learnt| !self.has_lists_of(learnt))
    }

    fn has_lists_of(&self, version: Version) -> bool {
        self.listed.is_some_and(|listed| listed.has_tree_of(version))
    }

    /// Makes the documents of marked collections, group by group. While those of one are made, kept and written, the entries of
    /// the next are rendered.
    fn press_groups(&mut self, dirty: &[Dirty], wanted: Wanted<'_>, now: DateTime<Utc>) -> Result<u64, Error> {
        let when = if dirty.len() > GROUP { When::Meanwhile } else { When::Now };
        let mut changed = 0;
        let mut groups = dirty.chunks(GROUP);
        let mut begun = self.begin_group(groups.next(), &Fresh::new())?;
        while let Some((group, Begun { choices, rendering })) = begun {
            let rendered = self.end_rendering(rendering);
            let next = self.begin_group(groups.next(), &rendered.fresh);
            let Pressed { documents, fresh, longer, lacking } = self.end_documents(choices, rendered, now)?;
            if self.settings.archives == Archives::Disk {
                // Before the documents that lead to them are known as made: after a crash the pages are made all the same.
                longer.iter().try_for_each(|&(number, direct)| self.catalog.begin_archive(number, direct))?;
            }
            let whole = group.iter().map(|mark| mark.collection).filter(|one| !lacking.contains(one));
            changed += self.publish(documents, fresh, &whole.collect::<Vec<_>>(), wanted, when)?;
            begun = next?;
        }
        Ok(changed)
    }

    /// Begins to make the documents of some marked collections, if there are any. `coming` are entries that will be kept by the
    /// time they are needed.
    fn begin_group<'d>(
        &self,
        group: Option<&'d [Dirty]>,
        coming: &Fresh,
    ) -> Result<Option<(&'d [Dirty], Begun)>, Error> {
        // What is left stays marked.
        let Some(group) = group.filter(|_| !self.is_stopped()) else { return Ok(None) };
        let mut places = Vec::new();
        for mark in group {
            if let Some(collection) = self.catalog.numbered(mark.collection) {
                let marked = self.marked_places(collection, mark.direct)?;
                places.extend(marked.into_iter().map(|place| (mark.collection, place)));
            }
        }
        Ok(Some((group, self.begin_documents(places, coming)?)))
    }

    /// Makes archive pages in the output folder that are older than their posts. Returns how many documents changed.
    fn press_pages(&mut self, wanted: Wanted<'_>, now: DateTime<Utc>) -> Result<u64, Error> {
        let mut changed = 0;
        let pages = match wanted {
            Wanted::All => self.catalog.stale_pages()?,
            Wanted::Urgent => Vec::new(),
            Wanted::Spare(pages) => pages.to_vec(),
        };
        for stale in pages {
            if self.is_stopped() {
                break;
            }
            let place = self.catalog.key(stale.collection).map(|key| Place {
                direct: stale.direct,
                archive: Some(stale.page),
                ..Place::of(key.clone())
            });
            if let Some(place) = place.filter(|place| self.is_kept(&place.key)) {
                let Pressed { documents, fresh, lacking, .. } =
                    self.make_documents(vec![(stale.collection, place)], now)?;
                changed += self.publish(documents, fresh, &[], wanted, When::Now)?;
                if !lacking.is_empty() {
                    continue;
                }
            }
            self.catalog.clean_page(stale)?;
        }
        Ok(changed)
    }

    /// Whether the feed of a collection is kept on disk.
    pub(super) fn is_kept(&self, key: &Key) -> bool {
        matches!(key, Key::All | Key::Category(_) | Key::Own(_)) && !self.places.access(key).is_private()
    }

    /// The feeds of a collection that are kept on disk and whose members changed.
    fn marked_places(&self, collection: &Collection, direct_changed: bool) -> Result<Vec<Place>, Error> {
        let key = &collection.key;
        let whole = Place::of(key.clone());
        Ok(match key {
            _ if !self.is_kept(key) => Vec::new(),
            Key::Category(path) if collection.direct && self.places.is_parent(path) => {
                let direct = Place::direct(key.clone());
                let first = format!("{}{}", self.places.address(&direct), Format::Rss.file_name());
                let needed = direct_changed || self.catalog.document(&first)?.is_none();
                std::iter::once(whole).chain(needed.then_some(direct)).collect()
            }
            _ => vec![whole],
        })
    }

    /// Tells the tree of addresses about new collections, and the catalog where theirs are.
    pub(super) fn learn_places(&mut self) -> Result<(), Error> {
        let new = self.catalog.collections_since(self.learnt).into_iter().filter(|one| one.address.is_none());
        let addresses: Vec<_> =
            new.map(|one| (one.key.clone(), self.places.address(&Place::of(one.key.clone())))).collect();
        Arc::make_mut(&mut self.places).learn(&self.catalog);
        if !addresses.is_empty() {
            self.categories.take();
        }
        Ok(self.catalog.set_addresses(addresses)?)
    }

    /// The documents of some feeds.
    fn make_documents(&self, places: Vec<(i64, Place)>, now: DateTime<Utc>) -> Result<Pressed, Error> {
        let Begun { choices, rendering } = self.begin_documents(places, &Fresh::new())?;
        self.end_documents(choices, self.end_rendering(rendering), now)
    }

    /// Begins to make them: what they show is rendered while this thread goes on.
    fn begin_documents(&self, places: Vec<(i64, Place)>, coming: &Fresh) -> Result<Begun, Error> {
        let _reading = self.catalog.reading()?;
        let mut choices = Vec::with_capacity(places.len());
        let mut known = Candidates::new();
        for (collection, place) in places {
            let (candidates, window) = self.candidates_at(collection, &place, &mut known)?;
            choices.push(Choice { collection, place, candidates, window });
        }
        for candidate in choices.iter_mut().flat_map(|choice| &mut choice.candidates) {
            if let Some(entry) = coming.get(&candidate.post) {
                Rc::make_mut(candidate).kept = Some(entry.kept());
            }
        }
        let is_stale = |candidate: &&Rc<Candidate>| candidate.kept.is_none_or(|entry| entry.version != self.version);
        let candidates = choices.iter().flat_map(|choice| &choice.candidates);
        let stale = candidates.filter(is_stale).map(|candidate| candidate.post).collect();
        Ok(Begun { rendering: self.begin_rendering(&stale)?, choices })
    }

    fn end_documents(
        &self,
        choices: Vec<Choice>,
        Rendered { fresh, later }: Rendered,
        now: DateTime<Utc>,
    ) -> Result<Pressed, Error> {
        let _reading = self.catalog.reading()?;
        let length = |candidate: &Candidate| match fresh.get(&candidate.post) {
            Some(entry) => Some(entry.length),
            None => candidate.kept.map(|entry| entry.length),
        };

        let (mut plans, mut longer, mut lacking) = (Vec::new(), Vec::new(), BTreeSet::new());
        for Choice { collection, place, candidates, window } in choices {
            if candidates.iter().any(|candidate| later.contains(&candidate.post)) {
                lacking.insert(collection);
            }
            let shown = self.choose(&place, candidates, window, length);
            let updated = entry::time(shown.iter().map(|post| post.updated.max(post.published)).max().unwrap_or(0));
            let neighbours = self.neighbours(collection, &place, shown.len())?;
            longer.extend(neighbours.previous.map(|_| (collection, place.direct)));
            let mut entries = Vec::with_capacity(shown.len());
            for candidate in &shown {
                match (fresh.get(&candidate.post), &candidate.kept) {
                    (Some(fresh), _) => entries.push(Arc::clone(&fresh.fragments)),
                    (None, Some(kept)) => entries.push(self.catalog.fragments(candidate.post, kept)?),
                    (None, None) => {}
                }
            }
            plans.push(Plan { place, entries, neighbours, updated });
        }
        let mut documents = Vec::with_capacity(plans.len() * Format::ALL.len());
        for (plan, format) in plans.iter().flat_map(|plan| Format::ALL.map(|format| (plan, format))) {
            let (feed, standing) = self.places.frame(format, &plan.place, plan.neighbours, plan.updated);
            let bytes = feed::document_at(format, &feed, &standing, &plan.entries);
            let path = format!("{}{}", self.places.record(&plan.place), format.file_name());
            documents.push(self.made(path, Some(&plan.place), format.content_type(), bytes, plan.updated, now)?);
        }
        Ok(Pressed { documents, fresh, longer, lacking })
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

    /// A document with what is known of it: its time changes with its bytes, and only then.
    fn made(
        &self,
        path: String,
        place: Option<&Place>,
        media_type: &'static str,
        bytes: Rope,
        updated: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Made, Error> {
        let modified = match self.catalog.document(&path)? {
            Some(before) if before.hash == bytes.digest() => before.modified,
            Some(before) => now.timestamp().max(before.modified + 1),
            // Who is led here from a former address asks with the time of the document there, and libcurl drops an answer that
            // is older. Before all is read, not every move is known.
            None if self.is_behind() || self.catalog.has_moved_to(&path)? => now.timestamp(),
            // A post may be dated ahead, a version of a document may not (RFC 9110 §8.8.2.1).
            None => updated.timestamp().min(now.timestamp()).max(0),
        };
        let record = DocumentRecord { hash: bytes.digest(), length: bytes.len() as u64, modified };
        let page = place.map(|place| self.places.address(&place.current()));
        let document = document(record, media_type, page, Some(bytes));
        Ok(Made { path, record, document })
    }

    /// Makes documents durable, then visible.
    fn publish(
        &mut self,
        made: Vec<Made>,
        fresh: Fresh,
        clean: &[i64],
        wanted: Wanted<'_>,
        when: When,
    ) -> Result<u64, Error> {
        let mut changed = Vec::new();
        for made in made {
            if !self.catalog.is_stored(&made.path, made.record.hash)? {
                changed.push(made);
            }
        }
        // Before they are known as made, for otherwise nobody would show them once the disk is well again.
        self.catalog.make_durable()?;
        let records: Vec<_> = changed.iter().map(|made| (made.path.clone(), made.record)).collect();
        self.catalog.keep(&fresh.into_iter().collect::<Vec<_>>(), &records, true, clean)?;
        let count = changed.len() as u64;
        // What a first scan makes, or new settings, fills the memory, and is not what people will ask for.
        let is_kept = self.shelf.is_ready() && !matches!(wanted, Wanted::Spare(_));
        let shown =
            |made: &Made| Document { bytes: made.document.bytes.clone().filter(|_| is_kept), ..made.document.clone() };
        self.shelf.update(changed.iter().map(|made| Change::Put(made.path.clone(), shown(made))));
        let files = changed.into_iter().filter_map(|made| Some((made.path, made.document.bytes?))).collect();
        match when {
            When::Now => self.write(&files)?,
            When::Meanwhile => self.write_meanwhile(files)?,
        }
        Ok(count)
    }

    /// A document of the output folder, made again from the catalog.
    pub(super) fn stored_document(&self, path: &str, now: DateTime<Utc>) -> Result<Option<Document>, Error> {
        let (folder, name) = address::split(path);
        if path.starts_with(LISTS) {
            return Ok(self.opml(now)?.into_iter().find(|made| made.path == path).map(|made| made.document));
        }
        let Some(format) = Format::named(name) else { return Ok(None) };
        let Some(place) = self.places.at(folder) else { return Ok(None) };
        Ok(self.feed_document(&place, format, now)?.map(|(made, _)| made.document))
    }

    /// The feeds, and the lists, that could not be written into some folders of the output, made again from the catalog, by their
    /// paths.
    pub(super) fn unwritten_documents(
        &self,
        folders: &[String],
        now: DateTime<Utc>,
    ) -> Result<Vec<(String, Document)>, Error> {
        let place = |folder: &String| {
            let place = self.places.at(folder)?;
            Some((self.catalog.collection(&place.key)?.number, place))
        };
        let mut made = self.make_documents(folders.iter().filter_map(place).collect(), now)?.documents;
        if folders.iter().any(String::is_empty) && self.unwritten.iter().any(|path| path.starts_with(LISTS)) {
            made.extend(self.opml(now)?);
        }
        made.retain(|made| self.unwritten.contains(&made.path));
        Ok(made.into_iter().map(|made| (made.path, made.document)).collect())
    }

    /// One document of one feed.
    fn feed_document(&self, place: &Place, format: Format, now: DateTime<Utc>) -> Result<Option<(Made, Fresh)>, Error> {
        let Some(number) = self.catalog.collection(&place.key).map(|collection| collection.number) else {
            return Ok(None);
        };
        let Pressed { documents, fresh, .. } = self.make_documents(vec![(number, place.clone())], now)?;
        let path = format!("{}{}", self.places.record(place), format.file_name());
        Ok(documents.into_iter().find(|made| made.path == path).map(|made| (made, fresh)))
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
        if self.catalog.is_stored(&made.path, made.record.hash)? {
            self.catalog.keep(&entries, &[], true, &[])?;
            return Ok(Some(made.document));
        }
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

    /// The lists of all feeds.
    fn opml(&self, now: DateTime<Utc>) -> Result<Vec<Made>, Error> {
        let tree = super::made::tree(&self.catalog, &self.places);
        [("opml.xml", Listing::Leaves), ("opml-all.xml", Listing::All)]
            .into_iter()
            .map(|(path, listing)| (path, feed::opml::document(&tree, listing)))
            .map(|(path, bytes)| self.made(path.to_owned(), None, feed::opml::MEDIA_TYPE, bytes.into(), now, now))
            .collect()
    }
}

/// All that the documents of a feed are made of.
struct Plan {
    place: Place,
    entries: Vec<Arc<Fragments>>,
    neighbours: Neighbours,
    updated: DateTime<Utc>,
}

/// Why documents are made, and which archive pages with them.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// They are older than their posts, as are all such pages.
    All,
    /// Somebody waits for them, and for no pages.
    Urgent,
    /// There is time to spare, also for these pages.
    Spare(&'a [StalePage]),
}

/// When documents are written that are known and served by then.
#[derive(Clone, Copy)]
enum When {
    /// Before anything else.
    Now,
    /// While the next are made.
    Meanwhile,
}

/// A document as the shelf holds it.
pub(super) fn document(
    record: DocumentRecord,
    media_type: &'static str,
    page: Option<String>,
    bytes: Option<Rope>,
) -> Document {
    Document {
        media_type,
        hash: record.hash,
        length: record.length,
        last_modified: u64::try_from(record.modified).ok().map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds)),
        page: page.map(Arc::from),
        lifetime: Lifetime::Maintained,
        bytes,
    }
}
