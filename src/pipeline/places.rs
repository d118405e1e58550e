//! Where each collection appears, and under which words.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write,
    sync::OnceLock,
};

use chrono::{DateTime, Utc};

use crate::{
    catalog::{Catalog, Key, Version},
    config::{Access, CategoryName, Listen, OwnFeed, Settings, Site, Token},
    feed::{self, Feed, Format, address},
    post::CategoryPath,
};

/// What the folder of an archive page is called, before its number; `address::segment` keeps categories off it.
pub(super) const ARCHIVE: &str = "archive-";

/// The folder under which private feeds have addresses that nobody can guess.
pub(super) const PRIVATE: &str = "private/";

/// A feed's own place in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// The collection shown.
    pub(super) key: Key,
    /// Only its own posts, not those of the categories below it.
    pub(super) direct: bool,
    /// A page of the feed's archive, from 1; the current document if absent.
    pub(super) archive: Option<u64>,
    /// The token by which a private feed is asked for, as a part of its address.
    pub(super) secret: Option<String>,
}

/// Whether the feed of a collection is made when somebody asks for it, and lies in no folder.
pub(super) fn is_demanded(key: &Key) -> bool {
    matches!(key, Key::Tag(_) | Key::Author(_))
}

impl Place {
    /// The feed of all posts of a collection.
    pub(super) fn of(key: Key) -> Self {
        Self { key, direct: false, archive: None, secret: None }
    }

    /// The feed of a category's own posts.
    pub(super) fn direct(key: Key) -> Self {
        Self { direct: true, ..Self::of(key) }
    }

    /// The same by the address that asks for a credential.
    pub(super) fn without_secret(&self) -> Self {
        Self { secret: None, ..self.clone() }
    }

    /// The feed itself, of which this may be an archive page.
    pub(super) fn current(&self) -> Self {
        Self { archive: None, ..self.clone() }
    }
}

/// The archive pages beside a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Neighbours {
    /// With the posts that came before.
    pub(super) previous: Option<u64>,
    /// With the posts that came after.
    pub(super) next: Option<u64>,
}

/// The tree of addresses.
#[derive(Debug, Clone)]
pub(super) struct Places {
    base: String,
    site: Site,
    names: BTreeMap<CategoryPath, CategoryName>,
    own: BTreeMap<String, OwnFeed>,
    folders: BTreeMap<String, Access>,
    by_address: HashMap<String, Place>,
    /// Addresses by their slugs, read when the first is asked for.
    by_slug: OnceLock<HashMap<String, String>>,
    /// Categories with categories below them.
    parents: std::collections::HashSet<CategoryPath>,
    /// Of which collections it was told.
    learnt: Option<Version>,
}

impl Places {
    pub(super) fn new(settings: &Settings) -> Self {
        let base = settings.base_url.as_ref().map_or_else(
            || match &settings.listen {
                Listen::Address(address) => format!("http://{address}/"),
                Listen::Passed => String::from("http://localhost/"),
            },
            ToString::to_string,
        );
        let names = settings.names.iter().map(|name| (name.path.clone(), name.clone())).collect();
        Self {
            base,
            site: settings.site.clone(),
            names,
            own: settings.feeds.iter().map(|feed| (feed.name.clone(), feed.clone())).collect(),
            folders: settings.folders.iter().map(|one| (one.read.folder.clone(), one.access.clone())).collect(),
            by_address: HashMap::new(),
            by_slug: OnceLock::new(),
            parents: std::collections::HashSet::new(),
            learnt: None,
        }
    }

    /// What an entry's bytes take from here.
    pub(super) fn version(&self) -> impl std::fmt::Debug {
        (&self.base, &self.names)
    }

    /// Learns of all collections. To be called again when one is new, of which alone it learns then.
    pub(super) fn learn(&mut self, catalog: &Catalog) {
        let (before, now) = (self.learnt, catalog.collections_version());
        if before == Some(now) {
            return;
        }
        self.learnt = Some(now);
        self.by_slug = OnceLock::new();
        if !before.is_some_and(|before| before.is_of_the_era_of(now)) {
            self.by_address.clear();
            self.parents.clear();
        }
        for collection in catalog.collections_since(before) {
            if let Key::Category(path) = &collection.key {
                for above in (1..path.len()).map(|depth| path[..depth].to_vec()) {
                    if self.parents.insert(above.clone()) {
                        self.learn_direct(catalog, &above);
                    }
                }
                self.learn_direct(catalog, path);
            }
            self.learn_place(Place::of(collection.key.clone()));
        }
    }

    /// Learns where a category's own posts appear, if that is apart from those below it.
    fn learn_direct(&mut self, catalog: &Catalog, path: &CategoryPath) {
        let key = Key::Category(path.clone());
        if self.parents.contains(path) && catalog.collection(&key).is_some_and(|one| one.direct && one.is_shown()) {
            self.learn_place(Place::direct(key));
        }
    }

    fn learn_place(&mut self, place: Place) {
        self.by_address.insert(self.address(&place), place);
    }

    /// What appears at a folder of the tree.
    pub(super) fn at(&self, address: &str) -> Option<Place> {
        if let Some(place) = self.by_address.get(address) {
            return Some(place.clone());
        }
        let (folder, number) = address.strip_suffix('/')?.rsplit_once(ARCHIVE)?;
        let is_ours = number.starts_with(|digit| matches!(digit, '1'..='9')) && number.len() < 16;
        let number = number.parse().ok().filter(|_| is_ours)?;
        Some(Place { archive: Some(number), ..self.by_address.get(folder)?.clone() })
    }

    /// The path of a document by the way in which other programs spell names in addresses: small letters and dashes.
    pub(super) fn respelled(&self, path: &str) -> Option<String> {
        let (folder, name) = path.rsplit_once('/')?;
        let read = || self.by_address.keys().map(|address| (slug(address), address.clone())).collect();
        let address = self.by_slug.get_or_init(read).get(&slug(folder))?;
        Some(format!("{address}{name}"))
    }

    /// Whether a category has categories below it.
    pub(super) fn is_parent(&self, path: &CategoryPath) -> bool {
        self.parents.contains(path)
    }

    /// A feed of the administrator's own.
    pub(super) fn own(&self, key: &Key) -> Option<&OwnFeed> {
        match key {
            Key::Own(name) => self.own.get(name),
            _ => None,
        }
    }

    /// Under which folder it is kept what the documents of a feed last were: its address, without any secret.
    pub(super) fn record(&self, place: &Place) -> String {
        match &place.secret {
            None => self.address(place),
            Some(secret) => {
                format!("{PRIVATE}{}/{}", Token::hash(secret), self.address(&place.without_secret()))
            }
        }
    }

    /// The folder of a feed in our form: empty, or with a trailing slash.
    pub(super) fn address(&self, place: &Place) -> String {
        if let Some(secret) = &place.secret {
            return format!("{PRIVATE}{secret}/{}", self.address(&place.without_secret()));
        }
        let mut address = match &place.key {
            Key::All => String::new(),
            Key::Tag(name) => format!("tags/{}/", address::segment(name)),
            Key::Author(name) => format!("authors/{}/", address::segment(name)),
            Key::Own(name) => format!("feeds/{}/", address::segment(name)),
            Key::Folder(name) => format!("folders/{}/", address::segment(name)),
            Key::Category(path) => (1..=path.len()).fold(String::from("categories/"), |mut address, depth| {
                address.push_str(&self.segment(&path[..depth]));
                address.push('/');
                address
            }),
        };
        if place.direct {
            address.push_str("direct/");
        }
        if let Some(page) = place.archive {
            // Writing to a string does not fail.
            let _ = write!(address, "{ARCHIVE}{page}/");
        }
        address
    }

    /// The last segment of a category's address. The slug of another category beside it is not free for its name.
    fn segment(&self, path: &[String]) -> String {
        let Some((name, parent)) = path.split_last() else { return String::new() };
        if let Some(slug) = self.words(path).and_then(|words| words.slug.as_deref()) {
            return address::segment(slug);
        }
        let segment = address::segment(name);
        let is_beside =
            |other: &CategoryName| other.path.len() == 1 || other.path.split_last().is_some_and(|(_, at)| at == parent);
        let is_taken = self
            .names
            .values()
            .filter(|other| other.path.last() != Some(name) && is_beside(other))
            .filter_map(|other| other.slug.as_deref())
            .any(|slug| address::segment(slug) == segment);
        if is_taken { address::segment_apart(name) } else { segment }
    }

    /// Who may read a collection. What is below a private category is private too.
    pub(super) fn access(&self, key: &Key) -> Access {
        match key {
            Key::All | Key::Tag(_) | Key::Author(_) => Access::Public,
            Key::Category(path) => (1..=path.len())
                .flat_map(|depth| [self.names.get(&path[..depth]), self.names.get(&path[depth - 1..depth])])
                .flatten()
                .fold(Access::Public, |access, words| access.and(&words.access)),
            // One that is configured no more is nobody's.
            Key::Own(name) => self.own.get(name).map_or_else(nobody, |feed| feed.access.clone()),
            Key::Folder(name) => self.folders.get(name).cloned().unwrap_or_else(nobody),
        }
    }

    /// The categories that not everybody may read.
    pub(super) fn restrictions(&self) -> impl std::fmt::Debug {
        let private = self.names.iter().filter(|(_, words)| words.access.is_private());
        private.map(|(path, words)| (path, &words.access)).collect::<Vec<_>>()
    }

    /// The words configured for a category, by its whole path or else by its name alone.
    fn words(&self, path: &[String]) -> Option<&CategoryName> {
        self.names.get(path).or_else(|| self.names.get(&path[path.len().checked_sub(1)?..]))
    }

    /// The absolute URL of a path in our form.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{}", self.base, address::encode(path))
    }

    /// The name of a category for people.
    pub(super) fn label(&self, path: &[String]) -> String {
        let title = self.words(path).and_then(|words| words.title.clone());
        title.or_else(|| path.last().cloned()).unwrap_or_default()
    }

    /// A document apart from its entries.
    pub(super) fn frame(
        &self,
        format: Format,
        place: &Place,
        neighbours: Neighbours,
        updated: DateTime<Utc>,
    ) -> (Feed, feed::Standing) {
        let page = |number: Option<u64>| {
            let page = Place { archive: Some(number?), ..place.clone() };
            Some(self.url(&format!("{}{}", self.address(&page), format.file_name())))
        };
        let Neighbours { previous, next } = neighbours;
        let standing = feed::Standing { archive: page(place.archive), previous: page(previous), next: page(next) };
        (self.feed(place, updated), standing)
    }

    /// A feed apart from its entries.
    pub(super) fn feed(&self, place: &Place, updated: DateTime<Utc>) -> Feed {
        let site = &self.site;
        let words = match &place.key {
            Key::Category(path) => self.words(path),
            _ => None,
        };
        let (title, description) = match &place.key {
            Key::All => (site.title.clone(), site.description.clone()),
            Key::Tag(name) => (format!("#{name}"), format!("{}: #{name}", site.title)),
            Key::Category(path) => {
                let labels: Vec<_> = (1..=path.len()).map(|depth| self.label(&path[..depth])).collect();
                let path = labels.join(" / ");
                (path.clone(), format!("{}: {path}", site.title))
            }
            Key::Author(name) | Key::Own(name) | Key::Folder(name) => (name.clone(), format!("{}: {name}", site.title)),
        };
        let own = self.own(&place.key).map(|feed| [&feed.title, &feed.description, &feed.language]);
        let words = words.map(|words| [&words.title, &words.description, &words.language]);
        let [own_title, own_description, own_language] = own.or(words).unwrap_or([&None; 3]).map(Clone::clone);
        Feed {
            title: own_title.unwrap_or(title),
            description: own_description.unwrap_or(description),
            id: self.url(&self.address(&place.current().without_secret())),
            url: self.url(&self.address(&place.current())),
            // What is private has no page.
            page: if self.access(&place.key).is_private() {
                self.url("")
            } else {
                self.url(&self.address(&place.current()))
            },
            language: own_language.or_else(|| site.language.clone()),
            author: site.author.clone(),
            icon: site.icon.as_ref().map(ToString::to_string),
            logo: site.logo.as_ref().map(ToString::to_string),
            updated,
        }
    }

    /// The words of the whole site.
    pub(super) fn site(&self) -> &Site {
        &self.site
    }
}

fn slug(address: &str) -> String {
    let mut slug = String::with_capacity(address.len());
    for c in address.trim_matches('/').chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() || c == '/' {
            slug.push(c);
        } else if !slug.ends_with(['-', '/']) {
            slug.push('-');
        }
    }
    slug.replace("-/", "/").trim_end_matches('-').to_owned()
}

fn nobody() -> Access {
    Access::Tokens(BTreeSet::new())
}
