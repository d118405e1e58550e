//! Search: the page that shows what was found, and the indexing of texts while nothing else is to be done.

use std::os::unix::ffi::OsStrExt;

use chrono::{DateTime, Utc};

use super::{
    Error, Pipeline,
    made::on_demand,
    pages::{ENTRIES, numbering},
};
use crate::{
    catalog::{Query, Row},
    config::Search,
    cores::unless_it_panics,
    feed::{Format, json},
    post::{self, Outcome, SourceFile, title},
    serve::{Document, Lifetime},
    site, watch,
};

/// Pages of finds; who needs more needs other words.
const PAGES: u64 = 100;

/// Categories that a search names.
const CATEGORIES: usize = 12;

/// Titles that are indexed before the first scan is called published.
const TITLES_AT_ONCE: u32 = 5_000;

/// Titles that are indexed at a time after it; texts, and their bytes: an event waits for no more than that.
const TITLES: u32 = 200;
const BATCH: u32 = 24;
const BATCH_BYTES: usize = 1 << 17;

impl Pipeline {
    /// The page of a search. `query` is what stands behind the `?`, as it came.
    pub(super) fn search(&self, query: Option<&str>) -> Result<Option<Document>, Error> {
        if self.settings.search == Search::Off {
            return Ok(None);
        }
        let pairs = || url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let value = |name: &str| pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let wanted = Query::new(&value("q").unwrap_or_default());
        let number = value("page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, PAGES);
        let skip = usize::try_from(number - 1).unwrap_or(0) * ENTRIES;
        let found = self.catalog.find(&wanted, skip, ENTRIES)?;
        let shown = self.shown(&found.posts)?;
        let categories = if number == 1 { self.called(&wanted) } else { Vec::new() };
        let total = found.total as u64;
        let progress = Some(self.catalog.indexing()?).filter(|progress| progress.waiting > 0);
        let mut numbering = numbering(number, total);
        numbering.last = numbering.last.min(PAGES);
        let html = site::search_page(&site::SearchPage {
            frame: site::Frame { search: Some(wanted.text()), ..self.frame("search/", None) },
            asked: match wanted.text() {
                "" => site::Asked::Nothing,
                _ if wanted.is_empty() => site::Asked::Wordless,
                _ => site::Asked::Words,
            },
            found: total,
            progress: progress.map(|progress| (progress.posts.saturating_sub(progress.waiting), progress.posts)),
            categories: categories.iter().map(|(name, path)| site::Place { name, path }).collect(),
            entries: shown.iter().map(|post| post.entry(Some(&wanted))).collect(),
            numbering,
        });
        let document = on_demand(html.into_bytes(), site::PAGE_TYPE);
        Ok(Some(if query.is_some() { Document { lifetime: Lifetime::Passing, ..document } } else { document }))
    }

    /// Categories by a part of their names, the largest first.
    fn called(&self, query: &Query) -> Vec<(String, String)> {
        if query.is_empty() {
            return Vec::new();
        }
        let named = self.categories().all().filter(|path| query.matches(&self.places.label(path)));
        let mut sized: Vec<_> = named
            .map(|path| (self.posts_of(&crate::catalog::Key::Category(path.clone())), path))
            .filter(|(posts, _)| *posts > 0)
            .collect();
        sized.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let label = |path: &Vec<String>| {
            let labels: Vec<_> = (1..=path.len()).map(|depth| self.places.label(&path[..depth])).collect();
            (labels.join(" / "), self.labelled(path).1)
        };
        sized.into_iter().take(CATEGORIES).map(|(_, path)| label(path)).collect()
    }

    /// Whether there is something to be done while nothing else is.
    #[must_use]
    pub fn has_idle_work(&self) -> bool {
        self.are_lists_behind() || self.catalog.is_indexing().unwrap_or(false)
    }

    /// Indexes the first titles for search: whoever has few posts finds them all from the start.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn index_titles(&mut self) -> Result<(), Error> {
        self.catalog.index_titles(TITLES_AT_ONCE)?;
        Ok(())
    }

    /// Makes the lists of all feeds, where one came; else indexes some titles, or a few texts, for search.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn work_idly(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        if self.are_lists_behind() {
            self.press_lists(now)?;
            return Ok(());
        }
        if self.catalog.index_titles(TITLES)? > 0 {
            return Ok(());
        }
        let mut texts = Vec::new();
        let mut bytes = 0;
        for row in self.catalog.texts_waiting(BATCH)? {
            if bytes > BATCH_BYTES {
                break;
            }
            let text = self.text(&row)?;
            bytes += text.len();
            texts.push((row.post, text));
        }
        self.catalog.keep_texts(&texts)?;
        if !self.catalog.is_indexing()? {
            // Pages said how far it was.
            self.shelf.forget_on_demand();
        }
        Ok(())
    }

    /// Everything that a post says: title, summary and text; of one whose file is gone, what its entry says.
    fn text(&self, row: &Row) -> Result<String, Error> {
        let path = std::path::Path::new(std::ffi::OsStr::from_bytes(&row.path));
        let folder = self.settings.folder(&row.folder);
        let file = folder.filter(|_| row.missing.is_none());
        if let Some((folder, (stat, bytes))) =
            file.and_then(|folder| Some((folder, watch::read(&folder.path.join(path)).ok()?)))
        {
            let modified = DateTime::from_timestamp_nanos(stat.modified);
            let file = SourceFile { path, bytes: &bytes, modified };
            if let Some(Outcome::Post(post)) = unless_it_panics(|| post::read(&file, &folder.read).outcome) {
                let excerpt = post.excerpt.as_deref().unwrap_or_default();
                return Ok([&row.title, excerpt, &title::plain(&post.body.text)].join("\n"));
            }
        }
        let kept = self.catalog.kept_entry(row.post)?;
        let fragments = kept.map(|kept| self.catalog.fragments(row.post, &kept)).transpose()?;
        let item =
            fragments.and_then(|fragments| serde_json::from_slice::<json::Item>(&fragments.whole(Format::Json)).ok());
        let said = item.map_or_else(String::new, |item| {
            let content = item.content_html.map(|html| title::plain(&html)).unwrap_or_default();
            [item.summary, content].join("\n")
        });
        Ok([row.title.as_str(), &said].join("\n"))
    }
}
