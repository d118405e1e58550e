//! Which names look like posts.

use std::path::{Component, Path};

use globset::GlobSet;

/// Endings that posts have.
const ENDINGS: [&str; 5] = ["md", "markdown", "mdown", "html", "htm"];

/// Folders that hold no posts.
const FOLDERS: [&str; 2] = ["_drafts", "node_modules"];

/// Which files of a folder look like posts.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Globs over the relative path that bring in more names than the usual endings.
    pub include: GlobSet,
    /// Globs over the relative path that leave files out.
    pub exclude: GlobSet,
    /// Only this path: the folder stands for a single file that somebody named.
    pub only: Option<std::path::PathBuf>,
}

impl Filter {
    /// Whether the file at a path below the folder looks like a post.
    #[must_use]
    pub fn matches(&self, path: &Path) -> bool {
        if let Some(only) = &self.only {
            return path == only;
        }
        let mut folders: Vec<Component<'_>> = path.components().collect();
        let Some(Component::Normal(name)) = folders.pop() else { return false };
        let name = name.to_string_lossy();
        if !folders.iter().all(|folder| descends(&folder.as_os_str().to_string_lossy())) || self.exclude.is_match(path) {
            return false;
        }
        let (stem, ending) = name.rsplit_once('.').unwrap_or((&name, ""));
        let usual = ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))
            && stem != "_index"
            && !stem.eq_ignore_ascii_case("readme");
        (usual && !is_temporary(&name)) || self.include.is_match(path)
    }

    /// Whether a folder of this name can hold posts.
    #[must_use]
    pub fn descends(&self, name: &std::ffi::OsStr) -> bool {
        descends(&name.to_string_lossy())
    }
}

fn descends(name: &str) -> bool {
    !name.starts_with('.') && !FOLDERS.contains(&name)
}

/// What editors and copiers leave for a moment. `.md` alone is a name, not an ending.
fn is_temporary(name: &str) -> bool {
    let hidden = name.starts_with('.') && !ENDINGS.contains(&&name[1..]);
    hidden || name.ends_with('~') || name.starts_with('#') || name.starts_with("~$") || name == "4913"
}

#[cfg(test)]
mod tests {
    use globset::{Glob, GlobSetBuilder};

    use super::*;

    fn globs(globs: &[&str]) -> GlobSet {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            set.add(Glob::new(glob).unwrap());
        }
        set.build().unwrap()
    }

    #[test]
    fn names() {
        let plain = Filter::default();
        let own = Filter { include: globs(&["*.txt"]), exclude: globs(&["old/**"]), only: None };
        for (filter, path, expected) in [
            (&plain, "a.md", true),
            (&plain, "a/b/知乎.MARKDOWN", true),
            (&plain, "a.html", true),
            (&plain, ".md", true),
            (&plain, "index.md", true),
            (&plain, "a.txt", false),
            (&plain, "_index.md", false),
            (&plain, "README.md", false),
            (&plain, "_drafts/a.md", false),
            (&plain, ".git/a.md", false),
            (&plain, "x/node_modules/a.md", false),
            (&plain, ".#a.md", false),
            (&plain, "a.md~", false),
            (&plain, ".a.md.swp", false),
            (&plain, ".a.md", false),
            (&plain, "#a.md", false),
            (&own, "x/a.txt", true),
            (&own, "a.md", true),
            (&own, "old/a.md", false),
        ] {
            assert_eq!(filter.matches(path.as_ref()), expected, "{path}");
        }
    }
}
