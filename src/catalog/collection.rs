//! Collections: everything that has a feed, and which posts it shows.

use std::{
    collections::{HashMap, HashSet},
    sync::atomic::{AtomicU64, Ordering},
};

use rusqlite::{Connection, OptionalExtension, params, types::ValueRef};

use super::{
    Catalog, CatalogError,
    entries::{KeptEntry, kept_at},
};
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

/// A collection that has been seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Its number.
    pub number: i64,
    /// What it gathers.
    pub key: Key,
    /// It ever had a post that is in no category below it.
    pub own: bool,
    /// How many posts it has.
    pub size: u64,
    /// How many of them are in no category below it.
    pub own_size: u64,
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
        !matches!(self.key, Key::Category(_) | Key::Tag(_) | Key::Author(_)) || self.size > 0 || self.address.is_some()
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
    pub own: bool,
}

/// A post in a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    /// The collection's number.
    pub(super) collection: i64,
    /// Negated seconds, so that the newest comes first.
    pub(super) published: i64,
    /// Orders equal times.
    pub(super) tie: i64,
    /// The post's row.
    pub(super) post: i64,
    /// In this category itself, not in one below it.
    pub(super) direct: bool,
    /// See [`super::Row::arrival`].
    pub(super) arrival: Option<i64>,
}

/// By how much a collection grew in a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Growth {
    pub(super) size: i64,
    pub(super) own_size: i64,
}

/// A post that a window may show. Times are seconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The post's row.
    pub post: i64,
    /// Its publication.
    pub published: i64,
    /// The post's id.
    pub id: String,
    /// The name of its posts folder.
    pub folder: String,
    /// Time of its last significant edit.
    pub updated: i64,
    /// The entry that is kept of it.
    pub kept: Option<KeptEntry>,
}

/// A state of the collections, of whichever catalog: what was made of one is never taken for what another would give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(u64);

impl Version {
    fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed))
    }
}

impl Default for Version {
    fn default() -> Self {
        Self::next()
    }
}

/// All collections, by key; as many as there are categories, tags and authors.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<Key, Collection>,
    by_number: HashMap<i64, Key>,
    /// Those that show an entry from several places once.
    pub(super) folding: HashSet<i64>,
    /// Made by the batch that is not yet committed, or changed by it: as they were before.
    pending: Vec<(Key, Option<Collection>)>,
    /// Changes when a collection comes, goes, or is shown for the first time.
    version: Version,
}

impl Names {
    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        let mut statement = db.prepare(
            "SELECT key, collection, own, address, size, own_size, archives FROM collection \
             WHERE substr(key, 1, length(?1)) <> ?1",
        )?;
        let known: HashMap<Key, Collection> = statement
            .query_map([DROPPED], |row| {
                let key = Key::read(row.get_ref(0)?.as_str()?);
                let archives: i64 = row.get(6)?;
                let collection = Collection {
                    number: row.get(1)?,
                    key: key.clone(),
                    own: row.get(2)?,
                    size: row.get(4)?,
                    own_size: row.get(5)?,
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
        if let Some(collection) = self.by_number.get(&number).and_then(|key| self.known.get_mut(key)) {
            if !collection.is_shown() {
                self.version = Version::next();
            }
            collection.size = collection.size.saturating_add_signed(growth.size);
            collection.own_size = collection.own_size.saturating_add_signed(growth.own_size);
        }
    }

    /// The number of the collection of all posts.
    pub(super) fn all(&self) -> Option<i64> {
        self.known.get(&Key::All).map(|all| all.number)
    }

    pub(super) fn number(&mut self, db: &Connection, key: Key, own: bool) -> rusqlite::Result<i64> {
        if let Some(collection) = self.known.get_mut(&key) {
            if own && !collection.own {
                self.pending.push((key, Some(collection.clone())));
                self.version = Version::next();
                collection.own = true;
                db.prepare_cached("UPDATE collection SET own = 1 WHERE collection = ?")?
                    .execute([collection.number])?;
            }
            return Ok(collection.number);
        }
        let number =
            db.prepare_cached("INSERT INTO collection (key, own) VALUES (?, ?)")?.insert(params![key.text(), own])?;
        let collection = Collection {
            number,
            key: key.clone(),
            own,
            size: 0,
            own_size: 0,
            archives: Archives::default(),
            address: None,
        };
        self.known.insert(key.clone(), collection);
        self.by_number.insert(number, key.clone());
        self.pending.push((key, None));
        self.version = Version::next();
        Ok(number)
    }

    /// The open batch was committed.
    pub(super) fn keep(&mut self) {
        self.pending.clear();
    }

    /// The open batch was dropped.
    pub(super) fn undo(&mut self) {
        if !self.pending.is_empty() {
            self.version = Version::next();
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

/// A number that orders posts of one second by id, as far as its first bytes tell; the feed orders them exactly.
pub(super) fn tie(id: &str) -> i64 {
    let hex: String = id
        .strip_prefix("urn:uuid:")
        .map(|uuid| uuid.chars().filter(char::is_ascii_hexdigit).take(16).collect())
        .unwrap_or_default();
    let bits = u64::from_str_radix(&hex, 16).unwrap_or_else(|_| {
        let hash = blake3::hash(id.as_bytes());
        u64::from_be_bytes(hash.as_bytes()[..8].try_into().unwrap_or_default())
    });
    // Signed order as unsigned order.
    (bits ^ (1 << 63)).cast_signed()
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
    pub fn found(&mut self, key: Key) -> Result<(), CatalogError> {
        if !self.collections.known.contains_key(&key) {
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
        self.collections.numbered(collection).map_or(0, |one| if direct { one.own_size } else { one.size })
    }

    /// The posts of a collection, newest first: `most` of them after the first `skip`.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn members(&self, collection: i64, direct: bool, skip: u64, most: usize) -> Result<Vec<i64>, CatalogError> {
        let mut statement = self.db.prepare_cached(
            "SELECT post FROM member WHERE collection = ? AND direct >= ? ORDER BY published, tie LIMIT ? OFFSET ?",
        )?;
        let rows = statement.query_map(params![collection, direct, most, skip], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether a scheduled post will come out in a collection. Looks at every post that waits for its time.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn is_awaited(&self, collection: i64) -> Result<bool, CatalogError> {
        Ok(self.db.prepare_cached(AWAITED)?.query_row([collection], |row| row.get(0))?)
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

    /// Another one when [`Catalog::collections`] are other ones.
    #[must_use]
    pub fn collections_version(&self) -> Version {
        self.collections.version
    }

    /// Collections whose documents are older than their members.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn dirty(&self) -> Result<Vec<Dirty>, CatalogError> {
        let mut statement =
            self.db.prepare_cached("SELECT collection, dirty > 1 FROM collection WHERE dirty <> 0 ORDER BY 1")?;
        let rows = statement.query_map([], |row| Ok(Dirty { collection: row.get(0)?, own: row.get(1)? }))?;
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
            self.collections.version = Version::next();
        }
        Ok(())
    }

    /// The posts that a window may show: the newest `entries`, those published within `seconds` before the newest, and
    /// the last `entries` that arrived; at most `most` of the first two together, and one more, which tells that there are.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn window(
        &self,
        collection: i64,
        direct: bool,
        entries: u32,
        seconds: i64,
        most: u32,
    ) -> Result<Vec<i64>, CatalogError> {
        let mut chosen = Vec::new();
        let newest = "SELECT post, -published FROM member WHERE collection = ? AND direct >= ? \
                      ORDER BY published, tie LIMIT ?";
        let mut statement = self.db.prepare_cached(newest)?;
        let mut rows = statement.query(params![collection, direct, i64::from(most) + 1])?;
        let mut line = i64::MIN;
        while let Some(row) = rows.next()? {
            let published: i64 = row.get(1)?;
            if chosen.is_empty() {
                line = published.saturating_sub(seconds);
            }
            if chosen.len() >= entries as usize && published < line {
                break;
            }
            chosen.push(row.get(0)?);
        }
        let mut seen: HashSet<i64> = chosen.iter().copied().collect();
        let last = "SELECT post FROM member WHERE collection = ? AND direct >= ? AND arrival IS NOT NULL \
                    ORDER BY arrival DESC LIMIT ?";
        let mut statement = self.db.prepare_cached(last)?;
        for post in statement.query_map(params![collection, direct, entries], |row| row.get(0))? {
            let post = post?;
            if seen.insert(post) {
                chosen.push(post);
            }
        }
        Ok(chosen)
    }

    /// What a window needs to know of a post.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn candidate(&self, post: i64) -> Result<Option<Candidate>, CatalogError> {
        let sql = "SELECT p.id, p.folder, p.published, p.updated, e.version, e.length, e.digest \
                   FROM post p LEFT JOIN entry e USING (post) WHERE post = ?";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Candidate {
                post,
                id: row.get::<_, Option<String>>(0)?.unwrap_or_default(),
                folder: row.get(1)?,
                published: row.get(2)?,
                updated: row.get(3)?,
                kept: if row.get_ref(4)? == ValueRef::Null { None } else { Some(kept_at(row, 4)?) },
            })
        };
        Ok(self.db.prepare_cached(sql)?.query_row([post], read).optional()?)
    }
}

pub(super) const AWAITED: &str = "SELECT EXISTS (SELECT 1 FROM post, json_each(post.members) AS one \
    WHERE due IS NOT NULL AND gone IS NULL AND state = 'scheduled' AND one.value ->> 0 = ?)";
