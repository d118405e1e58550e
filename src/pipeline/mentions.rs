//! Finds posts that others name in template tags: a name → title and link.
//!
//! Only what everybody may read is found, so that a private title never shows in a public text.

use super::{Pipeline, entry};
use crate::{catalog::Key, post::body::Target};

impl Pipeline {
    /// The post of a folder that is called so; of several the one nearest to the folder.
    pub(super) fn mentioned(&self, folder: &str, name: &str) -> Option<Target> {
        // A catalog that cannot be read is another stage's to complain about.
        let called = self.catalog.called(folder, name.rsplit('/').next()?).ok()?;
        let paths = called.into_iter().filter_map(|row| Some((str::from_utf8(&row.path).ok()?.to_owned(), row)));
        let (_, row) = paths
            .filter(|(path, _)| is_called(path, name))
            .min_by(|(one, _), (other, _)| (one.matches('/').count(), one).cmp(&(other.matches('/').count(), other)))?;
        let open = row.members.iter().any(|(number, _)| self.catalog.key(*number) == Some(&Key::All));
        let link = row.link.or_else(|| Some(self.places.url(&entry::page(&row.id?))))?;
        open.then_some(Target { title: row.title, link })
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
