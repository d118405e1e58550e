//! Collections: everything that has a feed.

use std::{
    collections::{HashMap, HashSet},
    sync::atomic::{AtomicU64, Ordering},
};

use rusqlite::{Connection, params};

use super::{Catalog, CatalogError};
use crate::post::CategoryPath;

/// What a collection gathers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// Every public post.
    All,
    /// A category and all below it.
    Category(CategoryPath),
    /// The posts with a tag.
    Tag(String),
    /// The posts of an author.
    Author(String),
    /// A feed of the administrator's own, by name.
    Own(String),
    /// The posts of a private folder, by its name.
    Folder(String),
}

/// Separates the names of a path in a key: no name holds a control character.
const SEPARATOR: char = '\u{1f}';

/// Begins the key of a collection that is no more.
const DROPPED: &str = "dropped";

impl Key {
    pub(super) fn text(&self) -> String {
        match self {
            Self::All => String::from("all"),
            Self::Category(path) => path.iter().fold(String::from("category"), |mut text, name| {
                text.push(SEPARATOR);
                text.push_str(name);
                text
            }),
            Self::Tag(name) => format!("tag{SEPARATOR}{name}"),
            Self::Author(name) => format!("author{SEPARATOR}{name}"),
            Self::Own(name) => format!("own{SEPARATOR}{name}"),
            Self::Folder(name) => format!("folder{SEPARATOR}{name}"),
        }
    }

    fn read(text: &str) -> Self {
        let mut parts = text.split(SEPARATOR).map(str::to_owned);
        match parts.next().as_deref() {
            Some("category") => Self::Category(parts.collect()),
            Some("tag") => Self::Tag(parts.next().unwrap_or_default()),
            Some("author") => Self::Author(parts.next().unwrap_or_default()),
            Some("own") => Self::Own(parts.next().unwrap_or_default()),
            Some("folder") => Self::Folder(parts.next().unwrap_or_default()),
            _ => Self::All,
        }
    }
}

impl Key {
    /// A tag or an author: no list tells of it.
    fn is_label(&self) -> bool {
        matches!(self, Self::Tag(_) | Self::Author(_))
    }
}

/// A collection that has been seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Its number.
    pub number: i64,
    /// What it gathers.
    pub key: Key,
    /// It ever had a post that is in no category below it.
    pub direct: bool,
    /// How many posts it has.
    pub size: u64,
    /// How many of them are in no category below it.
    pub direct_size: u64,
    /// Whose archives have begun: of all its posts, of its own posts.
    pub archives: Archives,
    /// Where its documents were last, as a folder in our form.
    pub address: Option<String>,
}

impl Collection {
    /// Whether readers may know of it. A category is not shown before it has a post that is public: what is scheduled or
    /// a draft must not show in its name.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        !(self.key.is_label() || matches!(self.key, Key::Category(_))) || self.size > 0 || self.address.is_some()
    }
}

/// Which of a collection's two feeds have archives; they begin when somebody first asks for a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Archives {
    /// Of all posts.
    pub whole: bool,
    /// Of the posts that are in no category below it.
    pub direct: bool,
}

impl Archives {
    /// Whether the archive of one of the two feeds has begun.
    #[must_use]
    pub fn has(self, direct: bool) -> bool {
        if direct { self.direct } else { self.whole }
    }
}

/// A collection whose documents are older than its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dirty {
    /// Its number.
    pub collection: i64,
    /// A post that is in this category itself changed, not only posts below it.
    pub direct: bool,
}

/// By how much a collection grew in a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Growth {
    pub(super) size: i64,
    pub(super) direct_size: i64,
}

/// A state of the collections, of whichever catalog: what was made of one is never taken for what another would give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    era: u64,
    news: usize,
    listed: usize,
}

impl Version {
    /// Whether collections only came between the two.
    #[must_use]
    pub fn is_of_the_era_of(self, other: Self) -> bool {
        self.era == other.era
    }

    /// Whether what lists tell of is the same in both.
    #[must_use]
    pub fn has_tree_of(self, other: Self) -> bool {
        (self.era, self.listed) == (other.era, other.listed)
    }
}

/// A number that no other era has.
fn next_era() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// All collections, by key; as many as there are categories, tags and authors.
#[derive(Debug)]
pub(super) struct Names {
    known: HashMap<Key, Collection>,
    by_number: HashMap<i64, Key>,
    /// Those that show an entry from several places once.
    pub(super) folding: HashSet<i64>,
    /// Made by the batch that is not yet committed, or changed by it: as they were before.
    pending: Vec<(Key, Option<Collection>)>,
    /// Another one when a collection went, or is again what it was before.
    era: u64,
    /// Collections that were shown for the first time in this era, or got posts of their own.
    news: Vec<i64>,
    /// Those of them that lists tell of: no tags, no authors.
    listed: usize,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            known: HashMap::new(),
            by_number: HashMap::new(),
            folding: HashSet::new(),
            pending: Vec::new(),
            era: next_era(),
            news: Vec::new(),
            listed: 0,
        }
    }
}

impl Names {
    fn begin_era(&mut self) {
        (self.era, self.listed) = (next_era(), 0);
        self.news.clear();
    }

    fn note(&mut self, number: i64, is_label: bool) {
        self.news.push(number);
        self.listed += usize::from(!is_label);
    }

    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        let mut statement = db.prepare(
            "SELECT key, collection, direct, address, size, direct_size, archives FROM collection \
             WHERE substr(key, 1, length(?1)) <> ?1",
        )?;
        let known: HashMap<Key, Collection> = statement
            .query_map([DROPPED], |row| {
                let key = Key::read(row.get_ref(0)?.as_str()?);
                let archives: i64 = row.get(6)?;
                let collection = Collection {
                    number: row.get(1)?,
                    key: key.clone(),
                    direct: row.get(2)?,
                    size: row.get(4)?,
                    direct_size: row.get(5)?,
                    archives: Archives { whole: archives & 1 != 0, direct: archives & 2 != 0 },
                    address: row.get(3)?,
                };
                Ok((key, collection))
            })?
            .collect::<rusqlite::Result<_>>()?;
        let by_number = known.values().map(|collection| (collection.number, collection.key.clone())).collect();
        Ok(Self { known, by_number, ..Self::default() })
    }

    pub(super) fn numbered(&self, number: i64) -> Option<&Collection> {
        self.known.get(self.by_number.get(&number)?)
    }

    /// The batch that changed how many posts a collection has was committed.
    pub(super) fn grow(&mut self, number: i64, growth: Growth) {
        let Some(collection) = self.by_number.get(&number).and_then(|key| self.known.get_mut(key)) else { return };
        let is_new = !collection.is_shown();
        collection.size = collection.size.saturating_add_signed(growth.size);
        collection.direct_size = collection.direct_size.saturating_add_signed(growth.direct_size);
        if is_new {
            let is_label = collection.key.is_label();
            self.note(number, is_label);
        }
    }

    /// The number of the collection of all posts.
    pub(super) fn all(&self) -> Option<i64> {
        self.known.get(&Key::All).map(|all| all.number)
    }

    pub(super) fn number(&mut self, db: &Connection, key: &Key, direct: bool) -> rusqlite::Result<i64> {
        if let Some(collection) = self.known.get_mut(key) {
            let number = collection.number;
            if direct && !collection.direct {
                self.pending.push((key.clone(), Some(collection.clone())));
                collection.direct = true;
                self.note(number, false);
                db.prepare_cached("UPDATE collection SET direct = 1 WHERE collection = ?")?.execute([number])?;
            }
            return Ok(number);
        }
        let number = db
            .prepare_cached("INSERT INTO collection (key, direct) VALUES (?, ?)")?
            .insert(params![key.text(), direct])?;
        let collection = Collection {
            number,
            key: key.clone(),
            direct,
            size: 0,
            direct_size: 0,
            archives: Archives::default(),
            address: None,
        };
        if collection.is_shown() {
            self.note(number, false);
        }
        self.known.insert(key.clone(), collection);
        self.by_number.insert(number, key.clone());
        self.pending.push((key.clone(), None));
        Ok(number)
    }

    /// The open batch was committed.
    pub(super) fn keep(&mut self) {
        self.pending.clear();
    }

    /// The open batch was dropped.
    pub(super) fn undo(&mut self) {
        if !self.pending.is_empty() {
            self.begin_era();
        }
        for (key, before) in self.pending.drain(..).rev() {
            if let Some(collection) = before {
                self.known.insert(key, collection);
            } else if let Some(collection) = self.known.remove(&key) {
                self.by_number.remove(&collection.number);
            }
        }
    }
}

impl Catalog {
    /// The collection of a key, if any post was ever in it.
    #[must_use]
    pub fn collection(&self, key: &Key) -> Option<&Collection> {
        self.collections.known.get(key)
    }

    /// The key of a collection.
    #[must_use]
    pub fn key(&self, collection: i64) -> Option<&Key> {
        self.collections.by_number.get(&collection)
    }

    /// Makes a collection known before it has a post, so that its feed is there, and empty.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn found(&mut self, key: &Key) -> Result<(), CatalogError> {
        if !self.collections.known.contains_key(key) {
            let transaction = self.db.transaction()?;
            let made = self.collections.number(&transaction, key, true).and_then(|number| {
                transaction.execute("UPDATE collection SET dirty = 3 WHERE collection = ?", [number])?;
                transaction.commit()
            });
            if made.is_err() {
                self.collections.undo();
            }
            made?;
            self.collections.keep();
        }
        Ok(())
    }

    /// How many posts a feed of a collection has: all, or those in no category below it.
    #[must_use]
    pub fn size(&self, collection: i64, direct: bool) -> u64 {
        self.collections.numbered(collection).map_or(0, |one| if direct { one.direct_size } else { one.size })
    }

    /// A collection by its number.
    #[must_use]
    pub fn numbered(&self, collection: i64) -> Option<&Collection> {
        self.collections.numbered(collection)
    }

    /// All collections that were ever shown, in key order.
    #[must_use]
    pub fn collections(&self) -> Vec<&Collection> {
        let mut all: Vec<_> = self.collections.known.values().filter(|one| one.is_shown()).collect();
        all.sort_by(|a, b| a.key.cmp(&b.key));
        all
    }

    /// How many of them have such a key.
    #[must_use]
    pub fn count_collections(&self, is_meant: impl Fn(&Key) -> bool) -> usize {
        self.collections.known.values().filter(|one| one.is_shown() && is_meant(&one.key)).count()
    }

    /// Another one when [`Catalog::collections`] are other ones.
    #[must_use]
    pub fn collections_version(&self) -> Version {
        let Names { era, ref news, listed, .. } = self.collections;
        Version { era, news: news.len(), listed }
    }

    /// The collections that who knew those of `before` does not know as they are: all of another era, in key order.
    #[must_use]
    pub fn collections_since(&self, before: Option<Version>) -> Vec<&Collection> {
        match before.filter(|before| before.is_of_the_era_of(self.collections_version())) {
            Some(Version { news, .. }) => {
                let news = self.collections.news.iter().skip(news);
                news.filter_map(|&number| self.numbered(number)).filter(|one| one.is_shown()).collect()
            }
            None => self.collections(),
        }
    }

    /// Collections whose documents are older than their members.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn dirty(&self) -> Result<Vec<Dirty>, CatalogError> {
        self.dirty_after(0, u32::MAX)
    }

    /// Those with greater numbers than `after`, in their order, at most so many.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn dirty_after(&self, after: i64, most: u32) -> Result<Vec<Dirty>, CatalogError> {
        let sql = "SELECT collection, dirty > 1 FROM collection WHERE dirty <> 0 AND collection > ? ORDER BY 1 LIMIT ?";
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement
            .query_map(params![after, most], |row| Ok(Dirty { collection: row.get(0)?, direct: row.get(1)? }))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Marks that the archive of one of a collection's feeds has begun.
    pub(super) fn note_archive(&mut self, number: i64, direct: bool) {
        let collections = &mut self.collections;
        if let Some(collection) = collections.by_number.get(&number).and_then(|key| collections.known.get_mut(key)) {
            *(if direct { &mut collection.archives.direct } else { &mut collection.archives.whole }) = true;
        }
    }

    /// Marks every collection, because what documents are made of has changed.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn mark_all_dirty(&mut self) -> Result<(), CatalogError> {
        self.db.execute("UPDATE collection SET dirty = 3", [])?;
        Ok(())
    }

    /// Remembers where the documents of collections are: one transaction, which a power cut may take. They are learnt again.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn set_addresses(&mut self, addresses: Vec<(Key, String)>) -> Result<(), CatalogError> {
        if addresses.is_empty() {
            return Ok(());
        }
        self.without_waiting(|catalog| {
            let transaction = catalog.db.transaction()?;
            for (key, address) in &addresses {
                if let Some(collection) = catalog.collections.known.get(key) {
                    transaction
                        .prepare_cached("UPDATE collection SET address = ? WHERE collection = ?")?
                        .execute(params![address, collection.number])?;
                }
            }
            Ok(transaction.commit()?)
        })?;
        for (key, address) in addresses {
            if let Some(collection) = self.collections.known.get_mut(&key) {
                collection.address = Some(address);
            }
        }
        Ok(())
    }

    /// Forgets a collection that no post can be in any more. Its number is never given to another: rows may still name it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn drop_collection(&mut self, key: &Key) -> Result<(), CatalogError> {
        if let Some(number) = self.collections.known.get(key).map(|collection| collection.number) {
            let transaction = self.db.transaction()?;
            transaction.execute(
                "UPDATE collection SET key = ?, address = NULL, dirty = 0 WHERE collection = ?",
                params![format!("{DROPPED}{SEPARATOR}{number}"), number],
            )?;
            transaction.execute("DELETE FROM archive WHERE collection = ?", [number])?;
            transaction.commit()?;
            self.collections.known.remove(key);
            self.collections.by_number.remove(&number);
            self.collections.begin_era();
        }
        Ok(())
    }
}
