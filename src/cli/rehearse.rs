//! `build --dry-run`: what subscribers would see, found out by a pass into a folder that is thrown away.
//!
//! With `--against`, for the subscribers of another generator's feed: entries are told apart by id alone, as readers do.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use chrono::{DateTime, Utc};
use url::Url;

use super::{Failure, act, say};
use crate::{
    config::{Folder, Settings},
    post::{date::Timezone, id::IdRule},
};

/// Every public post by its id: its path, and a digest that differs when its entry does.
type Public = BTreeMap<String, (String, [u8; 16])>;

/// What a pass would come to.
struct Rehearsal {
    before: Public,
    after: Public,
    /// The main feed.
    feed: Vec<Item>,
}

/// Whether the catalog is asked about the posts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Memory {
    /// A copy of the catalog, where there is one.
    Kept,
    /// As if every post were seen for the first time.
    Lost,
}

/// An entry of a feed, as a reader knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    id: String,
    title: String,
    link: Option<String>,
    published: Option<DateTime<Utc>>,
}

/// What the subscribers of one feed see when another takes its place.
#[derive(Debug, Default, PartialEq, Eq)]
struct Difference<'a> {
    new: Vec<&'a Item>,
    /// With the link that it had.
    changed: Vec<(&'a Item, &'a str)>,
    gone: Vec<&'a Item>,
    /// Not in the old feed, but from before all that is.
    older: usize,
}

/// Says what our own subscribers would see.
pub(super) fn dry_run(settings: Settings) -> Result<ExitCode, Failure> {
    let Rehearsal { before, after, .. } = rehearse(settings, Memory::Kept)?;
    // Writing to a string does not fail.
    let mut lines = String::new();
    let (mut new, mut changed, mut gone) = (0, 0, 0);
    for (id, (path, entry)) in &after {
        match before.get(id) {
            None => {
                new += 1;
                let _ = writeln!(lines, "new      {path}");
            }
            Some((_, was)) if was != entry => {
                changed += 1;
                let _ = writeln!(lines, "changed  {path}");
            }
            Some(_) => {}
        }
    }
    for (path, _) in before.iter().filter(|(id, _)| !after.contains_key(*id)).map(|(_, post)| post) {
        gone += 1;
        let _ = writeln!(lines, "gone     {path}");
    }
    say(&format!("{lines}{new} new, {changed} changed, {gone} gone; nothing was written\n"))
}

/// Says what the subscribers of another generator's feed would see, and which settings would show them less.
pub(super) fn move_from(feed: &Path, settings: &Settings) -> Result<ExitCode, Failure> {
    let refused = |why: &dyn std::fmt::Display| Failure::Io(format!("{}: {why}", feed.display()));
    let bytes = fs::read(feed).map_err(|error| refused(&error))?;
    let old = items(&bytes)
        .ok_or_else(|| refused(&"this is no RSS, Atom or JSON feed: name the file that the old generator wrote"))?;
    let rehearsal = rehearse(settings.clone(), Memory::Kept)?;
    let difference = compare(&old, &rehearsal.feed, &rehearsal.after.keys().collect());
    let mut out = difference.lines();
    let Difference { new, changed, gone, older } = &difference;
    let _ = writeln!(
        out,
        "{} new, {} changed, {} gone to a subscriber of {}; nothing was written",
        new.len(),
        changed.len(),
        gone.len(),
        feed.display()
    );
    if *older > 0 {
        let _ = writeln!(
            out,
            "{older} entries are older than all of that feed, and new to whoever never saw them; `window: {{entries: {}}}` \
             leaves them out",
            old.len()
        );
    }
    if !new.is_empty()
        && let Some(cure) = cure(&old, &difference, settings)?
    {
        let _ = writeln!(out, "{cure}");
    }
    say(&out)
}

/// Passes over the posts, with a copy of the catalog and another output folder.
fn rehearse(mut settings: Settings, memory: Memory) -> Result<Rehearsal, Failure> {
    let scratch = Scratch::new()?;
    for name in ["catalog.sqlite", "catalog.sqlite-wal"] {
        let file = settings.state.join(name);
        if memory == Memory::Kept && file.exists() {
            fs::copy(file, scratch.0.join(name))?;
        }
    }
    settings.state.clone_from(&scratch.0);
    settings.output = scratch.0.join("feeds");
    let feed = settings.output.join("feed.json");
    let mut pipeline = act::open(settings)?;
    let before = pipeline.public()?;
    act::scan(&mut pipeline)?;
    let after = pipeline.public()?;
    pipeline.close(Utc::now())?;
    let feed = items(&fs::read(feed)?).unwrap_or_default();
    Ok(Rehearsal { before, after, feed })
}

/// Compares a feed with the one that takes its place, out of all posts that are public here.
fn compare<'a>(old: &'a [Item], ours: &'a [Item], public: &BTreeSet<&String>) -> Difference<'a> {
    let known: BTreeMap<_, _> = old.iter().map(|item| (&item.id, item)).collect();
    // Without dates nothing can be said to be older.
    let oldest = old.iter().map(|item| item.published).min().flatten();
    let mut difference = Difference::default();
    for item in ours {
        match known.get(&item.id) {
            Some(was) => {
                if let Some(link) = was.link.as_deref().filter(|link| !is_same(item.link.as_deref(), link)) {
                    difference.changed.push((item, link));
                }
            }
            None if item.published.zip(oldest).is_some_and(|(published, oldest)| published < oldest) => {
                difference.older += 1;
            }
            None => difference.new.push(item),
        }
    }
    difference.gone = old.iter().filter(|item| !public.contains(&item.id)).collect();
    difference
}

impl Difference<'_> {
    /// A line for each entry.
    fn lines(&self) -> String {
        let mut lines = String::new();
        for item in &self.new {
            let _ = writeln!(lines, "new      {}  {}", item.id, item.title);
        }
        for (item, link) in &self.changed {
            let _ =
                writeln!(lines, "changed  {}  {link} becomes {}", item.id, item.link.as_deref().unwrap_or("nothing"));
        }
        for item in &self.gone {
            let _ = writeln!(lines, "gone     {}  {}", item.id, item.title);
        }
        lines
    }
}

/// A setting as it is written, and what it does.
type Trial = (&'static str, fn(&mut Folder));

/// Settings that may be what the old generator did.
const TRIALS: [Trial; 4] = [
    ("ids: permalink", |folder| folder.read.ids = IdRule::Permalink),
    ("ids: jekyll-feed", |folder| folder.read.ids = IdRule::JekyllFeed),
    ("ids: path", |folder| folder.read.ids = IdRule::Path),
    ("permalink_timezone: UTC", |folder| folder.read.links.timezone = Some(Timezone::UTC)),
];

/// What would show fewer entries as new: another rule for ids, tried out; else another address, told by the ids.
fn cure(old: &[Item], difference: &Difference<'_>, settings: &Settings) -> Result<Option<String>, Failure> {
    let mut best = (difference.new.len(), None);
    for (name, try_out) in TRIALS {
        let mut settings = settings.clone();
        settings.folders.iter_mut().for_each(try_out);
        let rehearsal = rehearse(settings, Memory::Lost)?;
        let new = compare(old, &rehearsal.feed, &rehearsal.after.keys().collect()).new.len();
        if new < best.0 {
            best = (new, Some(name));
        }
    }
    if let (new, Some(name)) = best {
        return Ok(Some(format!("with `{name}` and a new state folder, {new} would be new")));
    }
    let web = |item: &Item| Url::parse(&item.id).ok().filter(Url::has_host);
    for (was, is) in difference
        .gone
        .iter()
        .filter_map(|item| web(item))
        .flat_map(|was| difference.new.iter().filter_map(|item| web(item)).map(move |is| (was.clone(), is)))
    {
        if was.path() == is.path() && was.origin() != is.origin() {
            let (was, is) = (was.origin().ascii_serialization(), is.origin().ascii_serialization());
            return Ok(Some(format!("the old ids start with {was}, ours with {is}: correct `site_url`")));
        }
    }
    let same_title = difference.gone.iter().find_map(|gone| {
        let new = difference.new.iter().find(|new| new.title == gone.title)?;
        Some(format!("“{}” was {} and would be {}: ", new.title, gone.id, new.id))
    });
    Ok(same_title.map(|line| line + "correct `site_url`, `permalink`, `timezone` or `ids`"))
}

/// Whether two links lead to the same address.
fn is_same(link: Option<&str>, other: &str) -> bool {
    let normal = |link: &str| Url::parse(link).map_or_else(|_| link.to_owned(), String::from);
    link.is_some_and(|link| link == other || normal(link) == normal(other))
}

/// The entries of an RSS, Atom or JSON feed; `None` if it is none of them.
fn items(bytes: &[u8]) -> Option<Vec<Item>> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii_start();
    if bytes.starts_with(b"{") {
        return of_json(&serde_json::from_slice(bytes).ok()?);
    }
    if let Ok(channel) = rss::Channel::read_from(bytes) {
        return Some(channel.items().iter().filter_map(of_rss).collect());
    }
    let feed = atom_syndication::Feed::read_from(bytes).ok()?;
    Some(feed.entries().iter().map(of_atom).collect())
}

fn of_json(feed: &serde_json::Value) -> Option<Vec<Item>> {
    let items = feed.get("items")?.as_array()?;
    let read = |item: &serde_json::Value| {
        let text = |key: &str| item.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
        let id = item.get("id")?;
        Some(Item {
            id: id.as_str().map_or_else(|| id.to_string(), str::to_owned),
            title: text("title").unwrap_or_default(),
            link: text("url"),
            published: text("date_published").and_then(|date| moment(&date)),
        })
    };
    Some(items.iter().filter_map(read).collect())
}

fn of_rss(item: &rss::Item) -> Option<Item> {
    let link = item.link().map(|link| link.trim().to_owned());
    Some(Item {
        // A reader takes the link where there is no guid.
        id: item.guid().map(|guid| guid.value().trim().to_owned()).or_else(|| link.clone())?,
        title: item.title().unwrap_or_default().trim().to_owned(),
        link,
        published: item.pub_date().and_then(|date| moment(date.trim())),
    })
}

fn of_atom(entry: &atom_syndication::Entry) -> Item {
    let link = entry.links().iter().find(|link| link.rel() == "alternate").map(|link| link.href().to_owned());
    let published = entry.published().unwrap_or_else(|| entry.updated());
    Item {
        id: entry.id().trim().to_owned(),
        title: entry.title().value.trim().to_owned(),
        link,
        published: Some(published.with_timezone(&Utc)),
    }
}

fn moment(date: &str) -> Option<DateTime<Utc>> {
    let date = DateTime::parse_from_rfc3339(date).or_else(|_| DateTime::parse_from_rfc2822(date));
    date.ok().map(|date| date.with_timezone(&Utc))
}

/// A folder that goes with its owner.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> std::io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("feedwright-dry-run-{}", std::process::id()));
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is the system's to clean up.
        let _ = fs::remove_dir_all(&self.0);
    }
}
