//! What is made because somebody asks: where a path leads.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    Error, Pipeline, Repair, pages,
    places::{PRIVATE, Place, Places, is_demanded},
    state::Health,
};
use crate::{
    catalog::{Catalog, Former, Key},
    config::Destination,
    feed::{Format, address, opml::Outline},
    rope::Rope,
    serve::{Answer, Ask, Change, Document, Lifetime, SEARCH},
    site,
};

/// What tells of the program and not of posts; `/status/` names problems to the administrator alone.
const OF_THE_PROGRAM: [&str; 3] = ["status.json", "metrics", "status/"];
const ASSETS: &str = "assets/";

/// A tag or author gets a feed from this many posts up.
const SHARED: u64 = 2;

impl Pipeline {
    /// What is at a path that the shelf does not hold. Nothing while posts may still be where they were before new rules on
    /// who may read them: nobody may take it for absent then.
    ///
    /// # Errors
    /// When the catalog fails; neither then.
    pub fn answer(&mut self, ask: &Ask, health: &Health, now: DateTime<Utc>) -> Result<Option<Answer>, Error> {
        let path = ask.path.as_str();
        let tells_of_posts = !OF_THE_PROGRAM.contains(&path) && !path.starts_with(ASSETS);
        if tells_of_posts && self.withheld {
            return Ok(None);
        }
        if self.unfinished.catalog == Repair::Reopening && path != "status.json" {
            self.recover()?;
        }
        // Many may have asked for it at once, and the first had it made.
        if ask.query.is_none()
            && let Some(document) = self.shelf.whole(path)
        {
            return Ok(Some(Answer::Document(document)));
        }
        if tells_of_posts {
            // A change that was cut off may not have got to the disk yet.
            self.catalog.make_durable()?;
        }
        if let Some(answer) = self.private(ask, now)? {
            return Ok(Some(answer));
        }
        let document = match path {
            "status.json" => Some(momentary(
                serde_json::to_vec(&self.status_document(health)).unwrap_or_default(),
                "application/json",
            )),
            "metrics" => Some(momentary(
                self.metrics(health)?.into_bytes(),
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
            )),
            "status/" => Some(momentary(self.status_page(health, now)?.into_bytes(), site::PAGE_TYPE)),
            SEARCH => self.search(ask.query.as_deref())?,
            _ if path.starts_with(ASSETS) => asset(path),
            _ if pages::numbered(path).is_some_and(|(_, number)| number == 1) => None,
            _ if path.is_empty() || path.ends_with('/') => self.page(path)?,
            _ => self.feed_at(path, now)?,
        };
        if let Some(document) = document {
            // What is not to be kept must not look like a change.
            if matches!(document.lifetime, Lifetime::Maintained | Lifetime::OnDemand) {
                self.shelf.update([Change::Put(path.to_owned(), document.clone())]);
            }
            return Ok(Some(Answer::Document(Arc::new(document))));
        }
        self.elsewhere(path).map(Some)
    }

    /// What is for some people only, by its address and their credential, or by an address that only they know; nothing
    /// if it is no such thing.
    fn private(&mut self, ask: &Ask, now: DateTime<Utc>) -> Result<Option<Answer>, Error> {
        if let Some((secret, path)) = ask.path.strip_prefix(PRIVATE).and_then(|rest| rest.split_once('/')) {
            return self.by_secret(secret, path, now).map(Some);
        }
        let Some((place, name)) = self.located(&ask.path) else { return self.private_post(ask) };
        let access = self.places.access(&place.key);
        if !access.is_private() {
            return Ok(None);
        }
        let opens = |given: &String| access.opens_to(given, &self.settings.tokens);
        if !ask.credential.as_ref().is_some_and(opens) {
            return Ok(Some(Answer::Locked));
        }
        self.private_document(&place, name, now).map(Some)
    }

    /// What is at the address of a private feed that holds a token. A feed that moved is at its new address with the same
    /// token; who asks without a right one learns nothing.
    fn by_secret(&mut self, secret: &str, path: &str, now: DateTime<Utc>) -> Result<Answer, Error> {
        let opens = |place: &Place| {
            let access = self.places.access(&place.key);
            access.is_private() && access.opens_to(secret, &self.settings.tokens)
        };
        if let Some((place, name)) = self.located(path) {
            if !opens(&place) {
                return Ok(Answer::Absent);
            }
            return self.private_document(&Place { secret: Some(secret.to_owned()), ..place }, name, now);
        }
        Ok(match self.catalog.former(path)? {
            Some(Former::Moved(target)) if self.located(&target).is_some_and(|(place, _)| opens(&place)) => {
                Answer::MovedPrivately(format!("{PRIVATE}{secret}/{target}"))
            }
            _ => Answer::Absent,
        })
    }

    /// A document of a private feed. It has no page.
    fn private_document(&mut self, place: &Place, name: &str, now: DateTime<Utc>) -> Result<Answer, Error> {
        let Some(format) = Format::named(name) else { return Ok(Answer::Absent) };
        let document = match place.archive {
            Some(_) => self.archive_document(place, format, now)?,
            None => self.demanded_document(place, format, now)?,
        };
        Ok(document.map_or(Answer::Absent, |document| Answer::Document(Arc::new(document))))
    }

    /// The page of a post that is for some people only.
    fn private_post(&self, ask: &Ask) -> Result<Option<Answer>, Error> {
        let Some(row) = self.post_at(&ask.path)? else { return Ok(None) };
        let keys: Vec<&Key> = row.members.iter().filter_map(|(number, _)| self.catalog.key(*number)).collect();
        if keys.contains(&&Key::All) {
            return Ok(None);
        }
        let opens = |given: &String| {
            keys.iter()
                .fold(false, |opened, key| opened | self.places.access(key).opens_to(given, &self.settings.tokens))
        };
        if !ask.credential.as_ref().is_some_and(opens) {
            return Ok(Some(Answer::Locked));
        }
        let page = self.post_page(&ask.path, &row)?.map(|html| on_demand(html.into_bytes(), site::PAGE_TYPE));
        Ok(page.map(|page| Answer::Document(Arc::new(Document { lifetime: Lifetime::Private, ..page }))))
    }

    /// What appears at a folder. A tag or author does only with posts enough to share it.
    pub(super) fn place_at(&self, folder: &str) -> Option<Place> {
        self.places.at(folder).filter(|place| self.has_feed(&place.key))
    }

    /// Whether there is a feed of a collection that is known.
    pub(super) fn has_feed(&self, key: &Key) -> bool {
        let is_shared = || self.catalog.collection(key).is_some_and(|collection| collection.size >= SHARED);
        !is_demanded(key) || is_shared()
    }

    /// The feed whose folder a path names, or a document in it, whose name comes with it.
    fn located<'p>(&self, path: &'p str) -> Option<(Place, &'p str)> {
        let (folder, name) = address::split(path);
        let is_document = name.is_empty() || Format::named(name).is_some();
        match self.place_at(folder).filter(|_| is_document) {
            Some(place) => Some((place, name)),
            None => self.place_at(&format!("{path}/")).map(|place| (place, "")),
        }
    }

    fn feed_at(&mut self, path: &str, now: DateTime<Utc>) -> Result<Option<Document>, Error> {
        let (folder, name) = address::split(path);
        let Some(format) = Format::named(name) else { return self.stored_document(path, now) };
        match self.place_at(folder) {
            Some(place) if place.archive.is_some() => self.archive_document(&place, format, now),
            Some(place) if is_demanded(&place.key) => self.demanded_document(&place, format, now),
            Some(_) => self.stored_document(path, now),
            None => Ok(None),
        }
    }

    /// Where what was asked for under another name is: a slash too many or too few, a category that moved, an address of
    /// the generator that served the blog before.
    fn elsewhere(&self, path: &str) -> Result<Answer, Error> {
        if let Some((folder, 1)) = pages::numbered(path)
            && self.paged(folder).is_some()
        {
            return Ok(Answer::Moved(folder.to_owned()));
        }
        if let Some(place) = self.places.at(path).filter(|place| place.archive.is_some()) {
            return Ok(Answer::Moved(self.places.address(&place.current())));
        }
        let bare = path.trim_end_matches('/');
        if path.ends_with('/') && self.is_document(bare) {
            return Ok(Answer::Moved(bare.to_owned()));
        }
        let folder = format!("{bare}/");
        if path != folder && (self.place_at(&folder).is_some() || matches!(path, "status" | "search")) {
            return Ok(Answer::Moved(folder));
        }
        match self.catalog.former(path)? {
            Some(Former::Moved(target)) => return Ok(Answer::Moved(target)),
            Some(Former::Gone) => return Ok(Answer::Gone),
            None => {}
        }
        Ok(self.formerly(bare).unwrap_or(Answer::Absent))
    }

    /// What answers an address that another program gave to a feed: below our root, or below that of a blog.
    fn formerly(&self, path: &str) -> Option<Answer> {
        let sites = self.settings.folders.iter().filter_map(|folder| folder.read.links.site_url.as_ref());
        let below = sites.filter_map(|site| path.strip_prefix(site.path().trim_matches('/'))?.strip_prefix('/'));
        let below: Vec<&str> = below.collect();
        if let Some(ours) = below.iter().find(|path| self.is_document(path)) {
            return Some(Answer::Moved((*ours).to_owned()));
        }
        std::iter::once(path).chain(below).find_map(|path| {
            self.settings.redirects.iter().find_map(|redirect| match redirect.follow(path)? {
                Destination::Moved(target) if self.is_document(&target) => Some(Answer::Moved(target)),
                Destination::Moved(target) => {
                    self.places.respelled(&target).filter(|target| self.is_document(target)).map(Answer::Moved)
                }
                Destination::Elsewhere(url) => Some(Answer::Moved(url)),
                Destination::Gone => Some(Answer::Gone),
            })
        })
    }

    /// Whether a feed, a list of feeds, or the page of a feed is at a path.
    fn is_document(&self, path: &str) -> bool {
        let is_whole = |name: &str| !name.is_empty() || path.is_empty() || path.ends_with('/');
        matches!(path, "opml.xml" | "opml-all.xml") || self.located(path).is_some_and(|(_, name)| is_whole(name))
    }
}

/// A file that pages need.
fn asset(path: &str) -> Option<Document> {
    let asset = site::assets().into_iter().find(|asset| asset.path == path)?;
    Some(on_demand(asset.content.as_bytes().to_vec(), asset.media_type))
}

fn momentary(bytes: Vec<u8>, media_type: &'static str) -> Document {
    Document { lifetime: Lifetime::Momentary, ..on_demand(bytes, media_type) }
}

pub(super) fn on_demand(bytes: Vec<u8>, media_type: &'static str) -> Document {
    let bytes = Rope::from(bytes);
    Document {
        media_type,
        hash: bytes.digest(),
        length: bytes.len() as u64,
        last_modified: None,
        page: None,
        lifetime: Lifetime::OnDemand,
        bytes: Some(bytes),
    }
}

/// All feeds as a tree, for the lists.
pub(super) fn tree(catalog: &Catalog, places: &Places) -> Outline {
    let mut root = outline(places, &Place::of(Key::All), false);
    // In key order a parent comes before its children, and all that is below it follows.
    let mut way: Vec<usize> = Vec::new();
    let collections = catalog.collections();
    for collection in &collections {
        let Key::Category(path) = &collection.key else { continue };
        if places.access(&collection.key).is_private() {
            continue;
        }
        way.truncate(path.len() - 1);
        let mut parent = &mut root;
        for at in &way {
            parent = &mut parent.children[*at];
        }
        way.push(parent.children.len());
        let place = Place::of(collection.key.clone());
        parent.children.push(outline(places, &place, collection.direct && places.is_parent(path)));
    }
    for collection in collections {
        if matches!(collection.key, Key::Own(_)) && !places.access(&collection.key).is_private() {
            let own = outline(places, &Place::of(collection.key.clone()), false);
            root.children.push(Outline { overlaps: true, ..own });
        }
    }
    root
}

fn outline(places: &Places, place: &Place, direct: bool) -> Outline {
    let title = match &place.key {
        Key::Category(path) => places.label(path),
        _ => places.feed(place, DateTime::UNIX_EPOCH).title,
    };
    Outline {
        url: places.url(&places.address(place)),
        direct: direct.then(|| title.clone()),
        title,
        overlaps: false,
        children: Vec::new(),
    }
}
