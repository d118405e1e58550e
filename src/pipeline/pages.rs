//! HTML pages: what the catalog holds → what `site` shows.
//!
//! Work is proportional to what a page shows: its posts are found by an index, and those that no feed shows any more are
//! rendered for it, at most [`ENTRIES`] at a time.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset, Utc};

use super::{Error, Pipeline, entry, made::on_demand, places::Place, window::Candidates};
use crate::{
    catalog::{Key, Query, Row},
    config::{Content, Search},
    feed::{Feed, Format, json},
    post::{CategoryPath, date::Timezone},
    serve::Document,
    site,
};

/// Posts on a page.
pub(super) const ENTRIES: usize = 30;

/// Feeds of the administrator's own that a page names.
const SELECTIONS: usize = 40;

/// Somebody or something: the name, and the folder of the page if there is one.
type Named = (String, Option<String>);

/// A post as pages need it.
pub(super) struct Shown {
    title: String,
    /// The post's own address, or the path of its page here.
    link: Result<String, String>,
    published: DateTime<FixedOffset>,
    authors: Vec<Named>,
    categories: Vec<Named>,
    tags: Vec<Named>,
    summary: String,
    content: String,
    image: Option<String>,
    language: Option<String>,
}

fn names(named: &[Named]) -> Vec<site::Name<'_>> {
    named.iter().map(|(name, path)| site::Name { name, path: path.as_deref() }).collect()
}

impl Shown {
    /// The post as a list shows it, with what a query found marked.
    pub(super) fn entry(&self, query: Option<&Query>) -> site::Entry<'_> {
        let marked = |text| site::Marked { text, marks: query.map(|query| query.marks(text)).unwrap_or_default() };
        site::Entry {
            title: marked(&self.title),
            link: match &self.link {
                Ok(url) => site::Link::Away(url),
                Err(path) => site::Link::Here(path),
            },
            published: self.published,
            authors: names(&self.authors),
            categories: names(&self.categories),
            summary: marked(&self.summary),
            image: self.image.as_deref(),
            language: self.language.as_deref(),
        }
    }
}

/// The folder and number of a page of older posts: `a/page/2/` is the second of `a/`.
pub(super) fn numbered(path: &str) -> Option<(&str, u64)> {
    let (before, digits) = path.strip_suffix('/')?.rsplit_once('/')?;
    let folder = before.strip_suffix("page").filter(|folder| folder.is_empty() || folder.ends_with('/'))?;
    let is_number = digits.len() < 10 && digits.starts_with(|c: char| matches!(c, '1'..='9'));
    Some((folder, digits.parse().ok().filter(|_| is_number)?))
}

/// Where a page stands among those that show so many posts.
pub(super) fn numbering(number: u64, posts: u64) -> site::Numbering {
    site::Numbering { number, last: posts.div_ceil(ENTRIES as u64).max(1) }
}

impl Pipeline {
    /// The page at a folder, if there is one.
    pub(super) fn page(&self, path: &str) -> Result<Option<Document>, Error> {
        let (folder, number) = numbered(path).unwrap_or((path, 1));
        let html = match self.paged(folder) {
            Some(place) => self.feed_page(path, folder, &place, number)?,
            // Before the first post there is nothing, and `/` says so.
            None if path.is_empty() => self.feed_page(path, folder, &Place::of(Key::All), 1)?,
            None => match self.post_at(path)? {
                Some(row) => self.post_page(path, &row)?,
                None => None,
            },
        };
        Ok(html.map(|html| on_demand(html.into_bytes(), site::PAGE_TYPE)))
    }

    /// The feed at a folder, if it has pages: one that is for some people only has none.
    pub(super) fn paged(&self, folder: &str) -> Option<Place> {
        self.place_at(folder).filter(|place| place.archive.is_none() && !self.places.access(&place.key).is_private())
    }

    /// What is around a page.
    pub(super) fn frame<'a>(&'a self, path: &'a str, language: Option<&'a str>) -> site::Frame<'a> {
        let site = self.places.site();
        site::Frame {
            path,
            site: &site.title,
            language: language.or(site.language.as_deref()),
            search: (self.settings.search != Search::Off).then_some(""),
        }
    }

    /// A page of a feed's posts; nothing beyond the last.
    fn feed_page(&self, path: &str, folder: &str, place: &Place, number: u64) -> Result<Option<String>, Error> {
        let feed = self.places.feed(place, DateTime::UNIX_EPOCH);
        let collection = self.catalog.collection(&place.key).map(|collection| collection.number);
        let posts = collection.map_or(0, |collection| self.catalog.size(collection, place.direct));
        let numbering = numbering(number, posts);
        if number > numbering.last {
            return Ok(None);
        }
        let shown = match collection {
            Some(collection) => {
                let skip = (number - 1) * ENTRIES as u64;
                let members = self.catalog.members(collection, place.direct, skip, ENTRIES)?;
                self.shown(&self.fold(&place.key, members)?)?
            }
            None => Vec::new(),
        };
        let window = match collection {
            Some(collection) => self.candidates(collection, place.direct, &mut Candidates::new())?.1,
            None => self.settings.window,
        };
        let category = match &place.key {
            Key::Category(names) => Some(names),
            _ => None,
        };
        let trail = if folder.is_empty() { Vec::new() } else { self.trail(category, place.direct) };
        let selections = self.selections();
        let children = match category {
            Some(names) if !place.direct && number == 1 => self.children(names),
            None if place.key == Key::All && number == 1 => self.children(&Vec::new()),
            _ => site::Tree::default(),
        };
        Ok(Some(site::feed_page(&site::FeedPage {
            frame: self.frame(path, feed.language.as_deref()),
            folder,
            title: &feed.title,
            description: &feed.description,
            includes: site::Includes {
                entries: window.entries,
                hours: window.hours,
                texts: match self.settings.content {
                    Content::Full => site::Texts::Whole,
                    Content::Summary => site::Texts::Summaries,
                },
                source: self.source(place, &feed),
            },
            trail: trail.iter().map(|(name, path)| site::Place { name, path }).collect(),
            tree: self.tree(category),
            children,
            selections: selections.iter().map(|(name, path)| site::Place { name, path }).collect(),
            posts,
            entries: shown.iter().map(|post| post.entry(None)).collect(),
            numbering,
        })))
    }

    /// The feeds of the administrator's own that everybody may read.
    fn selections(&self) -> Vec<(String, String)> {
        let places = self.settings.feeds.iter().map(|feed| Place::of(Key::Own(feed.name.clone())));
        let open = places.filter(|place| !self.places.access(&place.key).is_private()).take(SELECTIONS);
        open.map(|place| (self.places.feed(&place, DateTime::UNIX_EPOCH).title, self.places.address(&place))).collect()
    }

    /// Where the posts of a feed are from, as the page says it.
    fn source<'a>(&self, place: &'a Place, feed: &'a Feed) -> site::Source<'a> {
        match &place.key {
            Key::All => site::Source::All,
            Key::Category(path) if self.places.is_parent(path) && !place.direct => site::Source::Branch(&feed.title),
            Key::Category(_) => site::Source::Category(&feed.title),
            Key::Tag(name) => site::Source::Tag(name),
            Key::Author(name) => site::Source::Author(name),
            Key::Own(_) | Key::Folder(_) => site::Source::Selection,
        }
    }

    /// The way from the root to a category, without it; the category is on the way to its own posts.
    fn trail(&self, category: Option<&CategoryPath>, direct: bool) -> Vec<(String, String)> {
        let names = category.map_or(&[][..], |names| &names[..names.len() - usize::from(!direct)]);
        let home = (self.places.site().title.clone(), String::new());
        std::iter::once(home).chain((1..=names.len()).map(|depth| self.labelled(&names[..depth]))).collect()
    }

    /// Posts as pages show them, in the order given.
    pub(super) fn shown(&self, posts: &[i64]) -> Result<Vec<Shown>, Error> {
        let mut fragments = Vec::with_capacity(posts.len());
        let mut unrendered = BTreeSet::new();
        for post in posts {
            let kept = self.catalog.kept_entry(*post)?;
            if kept.is_none_or(|kept| kept.version != self.version) {
                unrendered.insert(*post);
            }
            fragments.push(kept.map(|kept| self.catalog.fragments(*post, &kept)).transpose()?);
        }
        let mut fresh = self.render(&unrendered)?.fresh;
        let mut shown = Vec::with_capacity(posts.len());
        for (post, fragments) in posts.iter().zip(fragments) {
            let fragments = fresh.remove(post).map(|entry| entry.fragments).or(fragments);
            let json = fragments.map(|fragments| fragments.whole(Format::Json));
            shown.extend(self.catalog.row(*post)?.map(|row| self.read(&row, json.as_deref())));
        }
        Ok(shown)
    }

    /// A post by its row and its entry; a file that cannot be read leaves what the row knows.
    fn read(&self, row: &Row, fragment: Option<&[u8]>) -> Shown {
        let published = entry::time(row.published);
        let zone = self.settings.folder(&row.folder);
        let mut shown = Shown {
            title: row.title.clone(),
            link: row.link.clone().ok_or_else(|| entry::page(row.id.as_deref().unwrap_or_default())),
            published: zone.map_or(&Timezone::UTC, |folder| &folder.read.dates.timezone).shows(published),
            authors: Vec::new(),
            categories: Vec::new(),
            tags: Vec::new(),
            summary: String::new(),
            content: String::new(),
            image: None,
            language: None,
        };
        for key in row.members.iter().filter(|(_, direct)| *direct).filter_map(|(number, _)| self.catalog.key(*number))
        {
            match key {
                Key::Category(names) if !self.places.access(key).is_private() => {
                    let (name, path) = self.labelled(names);
                    shown.categories.push((name, Some(path)));
                }
                Key::Tag(name) => shown.tags.push((name.clone(), self.shared_address(key))),
                _ => {}
            }
        }
        if let Some(item) = fragment.and_then(|fragment| serde_json::from_slice::<json::Item>(fragment).ok()) {
            shown.title = item.title;
            shown.authors = item
                .authors
                .into_iter()
                .map(|author| {
                    let address = self.shared_address(&Key::Author(author.name.clone()));
                    (author.name, address)
                })
                .collect();
            shown.summary = item.summary;
            shown.content = item.content_html.or(item.content_text).unwrap_or_default();
            shown.image = item.image;
            shown.language = item.language;
        }
        shown
    }

    /// The folder of a tag or an author that has a page.
    fn shared_address(&self, key: &Key) -> Option<String> {
        Some(self.places.address(&Place::of(key.clone()))).filter(|address| self.place_at(address).is_some())
    }

    /// The public post whose page is at a path.
    pub(super) fn post_at(&self, path: &str) -> Result<Option<Row>, Error> {
        let Some(name) = path.strip_prefix("posts/").and_then(|rest| rest.strip_suffix('/')) else { return Ok(None) };
        let row = match self.catalog.by_id(&format!("urn:uuid:{name}"))? {
            Some(row) => Some(row),
            None => self
                .catalog
                .without_link()?
                .into_iter()
                .find(|row| row.id.as_ref().is_some_and(|id| entry::page(id) == path)),
        };
        Ok(row.filter(Row::is_public))
    }

    pub(super) fn post_page(&self, path: &str, row: &Row) -> Result<Option<String>, Error> {
        let Some(shown) = self.shown(&[row.post])?.pop() else { return Ok(None) };
        let category =
            row.members.iter().filter(|(_, direct)| *direct).find_map(|(number, _)| match self.catalog.key(*number) {
                Some(key @ Key::Category(names)) if !self.places.access(key).is_private() => Some(names),
                _ => None,
            });
        let trail = self.trail(category, true);
        Ok(Some(site::post_page(&site::PostPage {
            frame: self.frame(path, None),
            entry: shown.entry(None),
            content: &shown.content,
            canonical: row.link.as_deref(),
            trail: trail.iter().map(|(name, path)| site::Place { name, path }).collect(),
            tags: names(&shown.tags),
        })))
    }

    /// The administrator's page.
    pub(super) fn status_page(&self, health: &super::Health, now: DateTime<Utc>) -> Result<String, Error> {
        let facts = self.facts(health, now)?;
        let counts = self.catalog.counts()?;
        let mut problems = self.catalog.problems()?;
        let more = problems.len().saturating_sub(PROBLEMS);
        problems.truncate(PROBLEMS);
        let places: Vec<Vec<Option<String>>> =
            problems.iter().map(|problem| problem.diagnostics.iter().map(place_of).collect()).collect();
        Ok(site::status_page(&site::StatusPage {
            frame: site::Frame { language: Some("en"), ..self.frame("status/", None) },
            alarms: self.alarms(health),
            facts,
            counts: vec![
                ("published", counts.published),
                ("scheduled", counts.scheduled),
                ("draft", counts.draft),
                ("rejected", counts.rejected),
                ("skipped", counts.skipped),
                ("kept without a file", counts.kept),
            ],
            problems: problems
                .iter()
                .zip(places)
                .map(|(problem, places)| site::Problem {
                    path: &problem.path,
                    status: problem.status.name(),
                    remarks: problem
                        .diagnostics
                        .iter()
                        .zip(places)
                        .map(|(one, place)| (place, one.message.as_str(), one.help.as_deref()))
                        .collect(),
                })
                .collect(),
            more,
            now,
        }))
    }
}

/// Files that the administrator's page names.
const PROBLEMS: usize = 100;

fn place_of(diagnostic: &crate::post::Diagnostic) -> Option<String> {
    let line = diagnostic.line?;
    Some(diagnostic.column.map_or_else(|| format!("line {line}"), |column| format!("line {line}, column {column}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_numbered_below_their_folder() {
        for (path, expected) in [
            ("page/2/", Some(("", 2))),
            ("categories/a/page/10/", Some(("categories/a/", 10))),
            ("categories/a/direct/page/2/", Some(("categories/a/direct/", 2))),
            ("page/2", None),
            ("page/02/", None),
            ("page/0/", None),
            ("page/-1/", None),
            ("page/+1/", None),
            ("page/2a/", None),
            ("page/9999999999/", None),
            ("homepage/2/", None),
            ("categories/page_/", None),
            ("page/", None),
            ("", None),
        ] {
            assert_eq!(numbered(path), expected, "{path}");
        }
        assert_eq!((numbering(1, 0).last, numbering(1, 30).last, numbering(1, 31).last), (1, 1, 2));
    }
}
