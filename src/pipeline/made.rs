//! What is made because somebody asks: pages, feeds of tags and authors, the state of the daemon.

use std::{collections::BTreeSet, fmt::Write};

use chrono::{DateTime, SecondsFormat, Utc};
use prometheus_client::{encoding::text::encode, metrics::family::Family, metrics::gauge::Gauge, registry::Registry};

use super::{
    Error, Pipeline, entry,
    places::{Place, Places},
};
use crate::{
    catalog::{Catalog, Counts, Key, Problem, Row, digest},
    feed::{self, Format, json, opml::Outline},
    serve::{Answer, Change, Document, Lifetime},
    site,
};

/// A tag or author gets a feed from this many posts up.
const SHARED: u64 = 2;

/// What the daemon knows of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Why events cannot be trusted, with the cure.
    pub degraded: Option<String>,
    /// When the folders were last scanned whole.
    pub last_scan: Option<DateTime<Utc>>,
}

#[derive(serde::Serialize)]
struct Status<'a> {
    version: &'static str,
    watch: WatchStatus<'a>,
    posts: Counts,
    feeds: u64,
    problems: Vec<Problem>,
}

#[derive(serde::Serialize)]
struct WatchStatus<'a> {
    mode: &'static str,
    degraded: Option<&'a str>,
    last_scan: Option<String>,
}

/// An item as pages need it.
struct Shown {
    title: String,
    link: String,
    published: DateTime<Utc>,
    authors: Vec<String>,
    summary: String,
    content: String,
    image: Option<feed::Image>,
    language: Option<String>,
}

impl Shown {
    fn read(fragment: &str) -> Option<Self> {
        let item: json::Item = serde_json::from_str(fragment).ok()?;
        Some(Self {
            title: item.title,
            link: item.url,
            published: item.date_published,
            authors: item.authors.into_iter().map(|author| author.name).collect(),
            summary: item.summary,
            content: item.content_html.or(item.content_text).unwrap_or_default(),
            image: item.image.map(|url| feed::Image { url, alt: String::new() }),
            language: item.language,
        })
    }

    fn entry(&self) -> site::Entry<'_> {
        site::Entry {
            title: &self.title,
            link: &self.link,
            published: self.published,
            authors: &self.authors,
            summary: &self.summary,
            image: self.image.as_ref(),
        }
    }
}

impl Pipeline {
    /// What is at a path that the shelf does not hold.
    pub fn answer(&mut self, path: &str, health: &Health, now: DateTime<Utc>) -> Answer {
        self.find(path, health, now).unwrap_or_else(|error| {
            tracing::error!("/{path} cannot be made: {error}");
            Answer::Absent
        })
    }

    fn find(&mut self, path: &str, health: &Health, now: DateTime<Utc>) -> Result<Answer, Error> {
        let document = match path {
            "status.json" => Some(momentary(
                serde_json::to_vec(&self.status_document(health)?).unwrap_or_default(),
                "application/json",
            )),
            "metrics" => Some(momentary(
                self.metrics(health)?.into_bytes(),
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
            )),
            site::STYLESHEET_PATH => Some(on_demand(site::STYLESHEET.as_bytes().to_vec(), site::STYLESHEET_TYPE)),
            _ if path.is_empty() || path.ends_with('/') => self.page(path)?,
            _ => self.feed_at(path, now)?,
        };
        if let Some(document) = document {
            self.shelf.update([Change::Put(path.to_owned(), document.clone())]);
            return Ok(Answer::Document(std::sync::Arc::new(document)));
        }
        let folder = format!("{path}/");
        if self.places.at(&folder).is_some() {
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
        let place = self.places.at(folder).cloned();
        Ok(match (format, place) {
            (Some(format), Some(place)) if matches!(place.key, Key::Tag(_) | Key::Author(_)) => {
                if self.is_shared(&place.key)? { self.demanded_document(&place, format, now)? } else { None }
            }
            _ => self.stored_document(path, now)?,
        })
    }

    fn is_shared(&self, key: &Key) -> Result<bool, Error> {
        Ok(match self.catalog.collection(key) {
            Some(collection) => self.catalog.size(collection.number)? >= SHARED,
            None => false,
        })
    }

    fn page(&self, path: &str) -> Result<Option<Document>, Error> {
        let html = match self.places.at(path) {
            Some(place) if matches!(place.key, Key::Tag(_) | Key::Author(_)) && !self.is_shared(&place.key)? => None,
            Some(place) => Some(self.feed_page(path, place)?),
            // Before the first post there is nothing, and `/` says so.
            None if path.is_empty() => Some(self.feed_page(path, &Place { key: Key::All, direct: false })?),
            None => match path.strip_prefix("posts/").and_then(|rest| rest.strip_suffix('/')) {
                Some(name) => self.post_page(path, name)?,
                None => None,
            },
        };
        Ok(html.map(|html| on_demand(html.into_bytes(), site::PAGE_TYPE)))
    }

    fn feed_page(&self, path: &str, place: &Place) -> Result<String, Error> {
        let feed = self.places.feed(place, DateTime::UNIX_EPOCH);
        let posts = self.shown(place)?;
        let mut entries = Vec::with_capacity(posts.len());
        for post in posts {
            entries.extend(self.catalog.fragment(post, Format::Json)?.as_deref().and_then(Shown::read));
        }
        let home = self.places.site().title.clone();
        let mut above = vec![(home, String::new())];
        let parents = match &place.key {
            Key::Category(names) => &names[..names.len() - usize::from(!place.direct)],
            _ => &[],
        };
        above.extend((1..=parents.len()).map(|depth| self.labelled(&parents[..depth])));
        if path.is_empty() {
            above.clear();
        }
        let mut below = Vec::new();
        for collection in self.catalog.collections() {
            let Key::Category(names) = &collection.key else { continue };
            let is_child = match &place.key {
                Key::All => names.len() == 1,
                Key::Category(parent) => names.len() == parent.len() + 1 && names.starts_with(parent),
                _ => false,
            };
            if is_child && !place.direct {
                let (label, address) = self.labelled(names);
                below.push((label, address, self.catalog.size(collection.number)?));
            }
        }
        Ok(site::feed_page(&site::FeedPage {
            path,
            title: &feed.title,
            description: &feed.description,
            language: feed.language.as_deref(),
            trail: above.iter().map(|(name, path)| site::Place { name, path }).collect(),
            children: below
                .iter()
                .map(|(name, path, posts)| site::Child {
                    place: site::Place { name, path },
                    posts: usize::try_from(*posts).unwrap_or(usize::MAX),
                })
                .collect(),
            entries: entries.iter().map(Shown::entry).collect(),
        }))
    }

    fn post_page(&self, path: &str, name: &str) -> Result<Option<String>, Error> {
        let row = match self.catalog.by_id(&format!("urn:uuid:{name}"))? {
            Some(row) => Some(row),
            None => self
                .catalog
                .without_link()?
                .into_iter()
                .find(|row| row.id.as_ref().is_some_and(|id| entry::page(id) == path)),
        };
        let Some(row) = row.filter(Row::is_public) else { return Ok(None) };
        let fragment = match self.catalog.fragment(row.post, Format::Json)? {
            Some(fragment) => Some(fragment),
            None => self.render(&BTreeSet::from([row.post]))?.remove(&row.post).map(|entry| entry.fragments.json),
        };
        let Some(shown) = fragment.as_deref().and_then(Shown::read) else { return Ok(None) };
        let numbers: BTreeSet<i64> =
            row.members.iter().filter(|(_, direct)| *direct).map(|(number, _)| *number).collect();
        let mut places = vec![(self.places.site().title.clone(), String::new())];
        places.extend(self.catalog.collections().into_iter().filter(|one| numbers.contains(&one.number)).filter_map(
            |one| match &one.key {
                Key::Category(names) => Some(self.labelled(names)),
                _ => None,
            },
        ));
        Ok(Some(site::post_page(&site::PostPage {
            path,
            entry: shown.entry(),
            content: &shown.content,
            canonical: row.link.as_deref(),
            language: shown.language.as_deref(),
            places: places.iter().map(|(name, path)| site::Place { name, path }).collect(),
        })))
    }

    /// A category's name for people, and its folder.
    fn labelled(&self, names: &[String]) -> (String, String) {
        let place = Place { key: Key::Category(names.to_vec()), direct: false };
        (self.places.label(names), self.places.address(&place))
    }

    /// How many feeds are kept.
    fn feeds(&self) -> u64 {
        let feeds = self.catalog.collections().into_iter().filter(|one| matches!(one.key, Key::All | Key::Category(_)));
        feeds.count() as u64
    }

    fn status_document<'h>(&self, health: &'h Health) -> Result<Status<'h>, Error> {
        Ok(Status {
            version: env!("CARGO_PKG_VERSION"),
            watch: WatchStatus {
                mode: if health.degraded.is_some() { "polling" } else { "events" },
                degraded: health.degraded.as_deref(),
                last_scan: health.last_scan.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            },
            posts: self.catalog.counts()?,
            feeds: self.feeds(),
            problems: self.catalog.problems()?,
        })
    }

    /// The daemon's state in a line, for the service manager and the log.
    #[must_use]
    pub fn status(&self, health: &Health) -> String {
        let counts = self.catalog.counts().unwrap_or_default();
        let mut status = format!("{} posts in {} feeds", counts.published, self.feeds());
        for (count, what) in [
            (counts.scheduled, "scheduled"),
            (counts.rejected, "rejected"),
            (counts.kept, "kept though their files are missing"),
        ] {
            if count > 0 {
                // Writing to a string does not fail.
                let _ = write!(status, ", {count} {what}");
            }
        }
        if self.has_unwritten() {
            status.push_str("; the output folder cannot be written");
        }
        if let Some(degraded) = &health.degraded {
            status.push_str("; polling: ");
            status.push_str(degraded);
        }
        status
    }

    fn metrics(&self, health: &Health) -> Result<String, Error> {
        let counts = self.catalog.counts()?;
        let mut registry = Registry::with_prefix("feedwright");
        let posts = Family::<[(&'static str, &'static str); 1], Gauge>::default();
        for (state, count) in [
            ("published", counts.published),
            ("draft", counts.draft),
            ("scheduled", counts.scheduled),
            ("rejected", counts.rejected),
            ("skipped", counts.skipped),
            ("kept", counts.kept),
        ] {
            posts.get_or_create(&[("state", state)]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        registry.register("posts", "Files that look like posts, by what they are", posts);
        let mut gauge = |name: &str, help: &str, value: i64| {
            let gauge: Gauge = Gauge::default();
            gauge.set(value);
            registry.register(name, help, gauge);
        };
        gauge("feeds", "Feeds that are kept", i64::try_from(self.feeds()).unwrap_or(i64::MAX));
        gauge(
            "degraded",
            "1 while folders are polled because events cannot be trusted",
            health.degraded.is_some().into(),
        );
        gauge("unwritten", "1 while the output folder cannot be written", self.has_unwritten().into());
        gauge(
            "last_scan_timestamp_seconds",
            "When the folders were last scanned",
            health.last_scan.map_or(0, |at| at.timestamp()),
        );
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &registry);
        Ok(text)
    }
}

fn momentary(bytes: Vec<u8>, media_type: &'static str) -> Document {
    Document { lifetime: Lifetime::Momentary, ..on_demand(bytes, media_type) }
}

fn on_demand(bytes: Vec<u8>, media_type: &'static str) -> Document {
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
    let mut root = outline(places, &Place { key: Key::All, direct: false }, false);
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
        let place = Place { key: collection.key.clone(), direct: false };
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
