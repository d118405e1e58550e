//! Where each collection appears, and under which words.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use crate::{
    catalog::{Collection, Key},
    config::{CategoryName, Listen, Settings, Site},
    feed::{Feed, address},
    post::CategoryPath,
};

/// A feed's own place in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// The collection shown.
    pub(super) key: Key,
    /// Only its own posts, not those of the categories below it.
    pub(super) direct: bool,
}

/// The tree of addresses.
#[derive(Debug)]
pub(super) struct Places {
    base: String,
    site: Site,
    names: BTreeMap<CategoryPath, CategoryName>,
    by_address: HashMap<String, Place>,
    /// Categories with categories below them.
    parents: std::collections::HashSet<CategoryPath>,
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
            by_address: HashMap::new(),
            parents: std::collections::HashSet::new(),
        }
    }

    /// What an entry's bytes take from here.
    pub(super) fn version(&self) -> impl std::fmt::Debug {
        (&self.base, &self.names)
    }

    /// Learns of all collections. Call again when one is new.
    pub(super) fn learn<'a>(&mut self, collections: impl Iterator<Item = &'a Collection>) {
        self.by_address.clear();
        self.parents.clear();
        for collection in collections {
            if let Key::Category(path) = &collection.key {
                self.parents.extend((1..path.len()).map(|depth| path[..depth].to_vec()));
                if collection.own {
                    let place = Place { key: collection.key.clone(), direct: true };
                    self.by_address.insert(self.address(&place), place);
                }
            }
            let place = Place { key: collection.key.clone(), direct: false };
            self.by_address.insert(self.address(&place), place);
        }
        let parents = &self.parents;
        self.by_address.retain(|_, place| match &place.key {
            Key::Category(path) if place.direct => parents.contains(path),
            _ => true,
        });
    }

    /// What appears at a folder of the tree.
    pub(super) fn at(&self, address: &str) -> Option<&Place> {
        self.by_address.get(address)
    }

    /// Whether a category has categories below it.
    pub(super) fn is_parent(&self, path: &CategoryPath) -> bool {
        self.parents.contains(path)
    }

    /// The folder of a feed in our form: empty, or with a trailing slash.
    pub(super) fn address(&self, place: &Place) -> String {
        let mut address = match &place.key {
            Key::All => String::new(),
            Key::Tag(name) => format!("tags/{}/", address::segment(name)),
            Key::Author(name) => format!("authors/{}/", address::segment(name)),
            Key::Category(path) => (1..=path.len()).fold(String::from("categories/"), |mut address, depth| {
                let path = &path[..depth];
                let slug = self.words(path).and_then(|words| words.slug.as_deref());
                address.push_str(&address::segment(slug.or(path.last().map(String::as_str)).unwrap_or_default()));
                address.push('/');
                address
            }),
        };
        if place.direct {
            address.push_str("direct/");
        }
        address
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

    /// A feed apart from its entries.
    pub(super) fn feed(&self, place: &Place, updated: DateTime<Utc>) -> Feed {
        let site = &self.site;
        let words = match &place.key {
            Key::Category(path) => self.words(path),
            _ => None,
        };
        let (title, description) = match &place.key {
            Key::All => (site.title.clone(), site.description.clone()),
            Key::Tag(name) => (format!("#{name}"), format!("{}: posts tagged {name}", site.title)),
            Key::Author(name) => (name.clone(), format!("{}: posts by {name}", site.title)),
            Key::Category(path) => {
                let labels: Vec<_> = (1..=path.len()).map(|depth| self.label(&path[..depth])).collect();
                let path = labels.join(" / ");
                (path.clone(), format!("{}: posts in {path}", site.title))
            }
        };
        Feed {
            title: words.and_then(|words| words.title.clone()).unwrap_or(title),
            description: words.and_then(|words| words.description.clone()).unwrap_or(description),
            url: self.url(&self.address(place)),
            language: words.and_then(|words| words.language.clone()).or_else(|| site.language.clone()),
            author: site.author.clone(),
            updated,
        }
    }

    /// The words of the whole site.
    pub(super) fn site(&self) -> &Site {
        &self.site
    }
}
