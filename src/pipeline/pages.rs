//! HTML pages: what the catalog holds → what `site` shows.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{Error, Pipeline, entry, made::on_demand, places::Place};
use crate::{
    catalog::{Key, Row},
    feed::{self, Format, json},
    serve::Document,
    site,
};

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
    /// The page at a folder, if there is one.
    pub(super) fn page(&self, path: &str) -> Result<Option<Document>, Error> {
        let html = match self.places.at(path) {
            Some(place) if matches!(place.key, Key::Tag(_) | Key::Author(_)) && !self.is_shared(&place.key) => None,
            Some(place) if place.archive.is_some() => None,
            Some(place) => Some(self.feed_page(path, &place)?),
            // Before the first post there is nothing, and `/` says so.
            None if path.is_empty() => Some(self.feed_page(path, &Place::of(Key::All))?),
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
                below.push((label, address, collection.size));
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
        let place = Place::of(Key::Category(names.to_vec()));
        (self.places.label(names), self.places.address(&place))
    }
}
