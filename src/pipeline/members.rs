//! Which collections a post is in, by the settings: a post → keys.
//!
//! Invariant: a collection has only posts that all of its readers may see, so what is private is in nothing public.

use std::collections::BTreeMap;

use super::places::Places;
use crate::{
    catalog::Key,
    config::{Access, Folder, Settings},
    post::Post,
};

/// The collections of a post, each once; true where it is in the category itself, not in one below it.
pub(super) fn collections(settings: &Settings, places: &Places, folder: &Folder, post: &Post) -> BTreeMap<Key, bool> {
    let mut keys = BTreeMap::from([(Key::All, true)]);
    let mut access = folder.access.clone();
    for path in &post.categories {
        access = access.and(&places.access(&Key::Category(path.clone())));
        for depth in 1..=path.len() {
            *keys.entry(Key::Category(path[..depth].to_vec())).or_default() |= depth == path.len();
        }
    }
    keys.extend(post.tags.iter().map(|tag| (Key::Tag(tag.clone()), true)));
    keys.extend(post.authors.iter().map(|author| (Key::Author(author.clone()), true)));
    let name = &folder.read.folder;
    let own = settings.feeds.iter().filter(|feed| feed.admits(name, post));
    keys.extend(own.map(|feed| (Key::Own(feed.name.clone()), true)));
    if folder.access != Access::Public {
        keys.insert(Key::Folder(name.clone()), true);
    }
    keys.retain(|key, _| places.access(key).is_within(&access));
    keys
}

/// What is left of the collections of a post that cannot be read now: those that the settings still let it be in. It comes
/// into no other before it is read.
pub(super) fn still_in(
    settings: &Settings,
    places: &Places,
    folder: &Folder,
    keys: &[(Key, bool)],
) -> BTreeMap<Key, bool> {
    let (mut categories, mut tags, mut authors) = (Vec::new(), Vec::new(), Vec::new());
    let mut access = folder.access.clone();
    for (key, direct) in keys {
        match key {
            Key::Category(path) if *direct => {
                access = access.and(&places.access(key));
                categories.push(path.clone());
            }
            Key::Tag(name) => tags.push(name.clone()),
            Key::Author(name) => authors.push(name.clone()),
            _ => {}
        }
    }
    if !folder.selection.admits_names(&categories, &tags, &authors) {
        return BTreeMap::new();
    }
    let mut left: BTreeMap<Key, bool> = keys.iter().cloned().collect();
    if folder.access.is_private() {
        left.insert(Key::Folder(folder.read.folder.clone()), true);
    }
    let is_configured = |key: &Key| match key {
        Key::Own(name) => settings.feeds.iter().any(|feed| feed.name == *name),
        _ => true,
    };
    left.retain(|key, _| is_configured(key) && places.access(key).is_within(&access));
    left
}
