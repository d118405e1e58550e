//! What is made because somebody asks: where a path leads.

use chrono::{DateTime, Utc};

use super::{
    Error, Pipeline, pages,
    places::{Place, Places},
    state::Health,
};
use crate::{
    catalog::{Catalog, Key, digest},
    feed::{Format, opml::Outline},
    serve::{Answer, Change, Document, Lifetime, SEARCH},
    site,
};

/// A tag or author gets a feed from this many posts up.
const SHARED: u64 = 2;

impl Pipeline {
    /// What is at a path that the shelf does not hold.
    pub fn answer(&mut self, path: &str, query: Option<&str>, health: &Health, now: DateTime<Utc>) -> Answer {
        self.find(path, query, health, now).unwrap_or_else(|error| {
            tracing::error!("/{path} cannot be made: {error}");
            Answer::Absent
        })
    }

    fn find(&mut self, path: &str, query: Option<&str>, health: &Health, now: DateTime<Utc>) -> Result<Answer, Error> {
        let document = match path {
            "status.json" => Some(momentary(
                serde_json::to_vec(&self.status_document(health)?).unwrap_or_default(),
                "application/json",
            )),
            "metrics" => Some(momentary(
                self.metrics(health)?.into_bytes(),
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
            )),
            "status/" => Some(momentary(self.status_page(health, now)?.into_bytes(), site::PAGE_TYPE)),
            SEARCH => self.search(query)?,
            _ if path.starts_with("assets/") => asset(path),
            _ if pages::numbered(path).is_some_and(|(_, number)| number == 1) => None,
            _ if path.is_empty() || path.ends_with('/') => self.page(path)?,
            _ => self.feed_at(path, now)?,
        };
        if let Some(document) = document {
            self.shelf.update([Change::Put(path.to_owned(), document.clone())]);
            return Ok(Answer::Document(std::sync::Arc::new(document)));
        }
        if let Some(place) = self.places.at(path).filter(|place| place.archive.is_some()) {
            return Ok(Answer::Moved(self.places.address(&place.current())));
        }
        if let Some((folder, 1)) = pages::numbered(path)
            && self.places.at(folder).is_some()
        {
            return Ok(Answer::Moved(folder.to_owned()));
        }
        let folder = format!("{path}/");
        if self.places.at(&folder).is_some() || matches!(path, "status" | "search") {
            return Ok(Answer::Moved(folder));
        }
        let (folder, name) = path.rfind('/').map_or(("", path), |slash| path.split_at(slash + 1));
        Ok(match self.catalog.moved(folder)?.or(self.catalog.moved(&format!("{path}/"))?) {
            Some(target) => Answer::Moved(if name.contains('.') { target + name } else { target }),
            None => Answer::Absent,
        })
    }

    fn feed_at(&mut self, path: &str, now: DateTime<Utc>) -> Result<Option<Document>, Error> {
        let (folder, name) = path.rfind('/').map_or(("", path), |slash| path.split_at(slash + 1));
        let format = Format::ALL.into_iter().find(|format| format.file_name() == name);
        let place = self.places.at(folder);
        Ok(match (format, place) {
            (Some(format), Some(place)) if place.archive.is_some() => {
                if matches!(place.key, Key::Tag(_) | Key::Author(_)) && !self.is_shared(&place.key) {
                    return Ok(None);
                }
                self.archive_document(&place, format, now)?
            }
            (Some(format), Some(place)) if matches!(place.key, Key::Tag(_) | Key::Author(_)) => {
                if self.is_shared(&place.key) { self.demanded_document(&place, format, now)? } else { None }
            }
            _ => self.stored_document(path, now)?,
        })
    }

    pub(super) fn is_shared(&self, key: &Key) -> bool {
        self.catalog.collection(key).is_some_and(|collection| collection.size >= SHARED)
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
    Document {
        media_type,
        hash: digest(&bytes),
        length: bytes.len() as u64,
        last_modified: None,
        page: None,
        lifetime: Lifetime::OnDemand,
        bytes: Some(bytes.into()),
    }
}

/// All feeds as a tree, for the lists.
pub(super) fn tree(catalog: &Catalog, places: &Places) -> Outline {
    let mut root = outline(places, &Place::of(Key::All), false);
    // In key order a parent comes before its children, and all that is below it follows.
    let mut way: Vec<usize> = Vec::new();
    for collection in catalog.collections() {
        let Key::Category(path) = &collection.key else { continue };
        way.truncate(path.len() - 1);
        let mut parent = &mut root;
        for at in &way {
            parent = &mut parent.children[*at];
        }
        way.push(parent.children.len());
        let place = Place::of(collection.key.clone());
        parent.children.push(outline(places, &place, collection.own && places.is_parent(path)));
    }
    root
}

fn outline(places: &Places, place: &Place, direct: bool) -> Outline {
    let title = match &place.key {
        Key::Category(path) => places.label(path),
        _ => places.site().title.clone(),
    };
    Outline {
        url: places.url(&places.address(place)),
        direct: direct.then(|| title.clone()),
        title,
        children: Vec::new(),
    }
}
