//! Finds posts that others name in template tags: a name → title and link.
//!
//! Only what everybody may read is found, so that a private title never shows in a public text.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
};

use super::{Pipeline, entry};
use crate::{
    catalog::{Key, mention_name},
    post::body::Target,
};

/// The posts of one folder by what they are called; read when the first is asked for.
pub(super) struct Mentions<'p> {
    pipeline: &'p Pipeline,
    folders: RefCell<HashMap<String, OnceCell<Called>>>,
}

/// Paths by the last part of the names that they may have.
type Called = HashMap<String, Vec<String>>;

impl<'p> Mentions<'p> {
    pub(super) fn new(pipeline: &'p Pipeline) -> Self {
        Self { pipeline, folders: RefCell::default() }
    }

    /// The post of a folder that is called so; of several the one nearest to the folder.
    pub(super) fn find(&self, folder: &str, name: &str) -> Option<Target> {
        let mut folders = self.folders.borrow_mut();
        let called = folders.entry(folder.to_owned()).or_default().get_or_init(|| self.read(folder));
        let matching = called.get(name.rsplit('/').next()?)?.iter().filter(|path| is_called(path, name));
        let path = matching.min_by_key(|path| (path.matches('/').count(), path.as_str()))?;
        let catalog = &self.pipeline.catalog;
        // A catalog that cannot be read is another stage's to complain about.
        let row = catalog.at(folder, path.as_bytes()).ok()??;
        let open = row.members.iter().any(|(number, _)| catalog.key(*number) == Some(&Key::All));
        let link = row.link.or_else(|| Some(self.pipeline.places.url(&entry::page(&row.id?))))?;
        open.then_some(Target { title: row.title, link })
    }

    fn read(&self, folder: &str) -> Called {
        let mut called = Called::new();
        for path in self.pipeline.catalog.public_paths(folder).unwrap_or_default() {
            let name = mention_name(&path);
            if let Ok(path) = String::from_utf8(path) {
                called.entry(name).or_default().push(path);
            }
        }
        called
    }
}

/// Whether a name is a path without its ending, or the end of one.
fn is_called(path: &str, name: &str) -> bool {
    let whole = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    [whole, whole.strip_suffix("/index").unwrap_or(whole), whole.strip_suffix("/_index").unwrap_or(whole)]
        .iter()
        .any(|whole| whole.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ends_of_paths() {
        let check =
            |path: &str, name: &str, expected: bool| assert_eq!(is_called(path, name), expected, "{path} {name}");
        check("a/hello.md", "hello", true);
        check("a/hello.md", "a/hello", true);
        check("a/hello/index.md", "hello", true);
        check("a/hello/_index.md", "a/hello", true);
        check("a/hello.md", "ello", false);
        check("a/hello.md", "b/hello", false);
    }
}
