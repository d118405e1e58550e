//! The categories as pages show them: all of them while they are few, else the branch that a page is on.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use super::{
    Pipeline,
    places::{Place, Places},
};
use crate::{
    catalog::{Catalog, Key},
    post::CategoryPath,
    site,
};

/// Up to so many categories are shown whole.
const WHOLE: usize = 60;

/// Of more than so many beside each other the largest are shown.
const LEVEL: usize = 40;

/// Levels that are shown at most.
const DEEP: usize = 24;

/// Which categories are below which, in the order of their names.
#[derive(Debug, Default)]
pub(super) struct CategoryTree {
    below: HashMap<CategoryPath, Vec<CategoryPath>>,
    count: usize,
}

impl CategoryTree {
    /// The one place that decides which categories pages and searches may name.
    pub(super) fn of(catalog: &Catalog, places: &Places) -> Self {
        let mut categories = Self::default();
        for collection in catalog.collections() {
            if let Key::Category(path) = &collection.key
                && !places.access(&collection.key).is_private()
            {
                categories.below.entry(path[..path.len() - 1].to_vec()).or_default().push(path.clone());
                categories.count += 1;
            }
        }
        categories
    }

    /// All of them, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = &CategoryPath> {
        self.below.values().flatten()
    }
}

impl Pipeline {
    pub(super) fn categories(&self) -> &CategoryTree {
        self.categories.get_or_init(|| CategoryTree::of(&self.catalog, &self.places))
    }

    /// The tree around a page; `here` is the category that the page is of.
    pub(super) fn tree(&self, here: Option<&CategoryPath>) -> site::Tree {
        let whole = self.categories().count <= WHOLE;
        self.branches(&Vec::new(), here.map_or(&[], Vec::as_slice), whole)
    }

    /// The categories below one, without what is below them.
    pub(super) fn children(&self, parent: &CategoryPath) -> site::Tree {
        let mut tree = self.branches(parent, &[], false);
        for branch in &mut tree.branches {
            branch.below = site::Tree::default();
        }
        tree
    }

    fn branches(&self, parent: &CategoryPath, here: &[String], whole: bool) -> site::Tree {
        let size = |path: &CategoryPath| self.posts_of(&Key::Category(path.clone()));
        let mut sized: Vec<(u64, &CategoryPath)> = self
            .categories()
            .below
            .get(parent)
            .into_iter()
            .flatten()
            .map(|path| (size(path), path))
            .filter(|(size, _)| *size > 0)
            .collect();
        let mut more = 0;
        if !whole && sized.len() > LEVEL {
            more = sized.len() - LEVEL;
            let mut ordered = sized.clone();
            ordered.sort_by_key(|(size, path)| (!here.starts_with(path), Reverse(*size)));
            let kept: HashSet<&CategoryPath> = ordered.into_iter().take(LEVEL).map(|(_, path)| path).collect();
            sized.retain(|(_, path)| kept.contains(path));
        }
        let branches = sized.into_iter().map(|(posts, path)| {
            let on_branch = here.starts_with(path);
            let fold = match on_branch {
                true if here.len() == path.len() => site::Fold::Here,
                true => site::Fold::Open,
                false => site::Fold::Closed,
            };
            let below = if path.len() < DEEP && (whole || on_branch) {
                self.branches(path, here, whole)
            } else {
                site::Tree::default()
            };
            let (name, path) = self.labelled(path);
            site::Branch { name, path, posts, fold, below }
        });
        site::Tree { branches: branches.collect(), more }
    }

    /// How many posts a collection has.
    pub(super) fn posts_of(&self, key: &Key) -> u64 {
        self.catalog.collection(key).map_or(0, |collection| self.catalog.size(collection.number, false))
    }

    /// A category's name for people, and its folder.
    pub(super) fn labelled(&self, names: &[String]) -> (String, String) {
        (self.places.label(names), self.places.address(&Place::of(Key::Category(names.to_vec()))))
    }
}
