//! Which paths look like posts: a relative path in, yes or no out. Never touches the disk.

use std::{
    ffi::OsStr,
    path::{Component, Path},
};

use globset::GlobSet;

use crate::post;

/// Endings that editors and downloaders give to what is not finished.
const TEMPORARY: [&[u8]; 6] = [b"~", b".swp", b".swo", b".swx", b".tmp", b".part"];

/// Which files of a folder look like posts.
///
/// `*.md *.markdown *.mdown *.html *.htm`, not below a dot folder, `_drafts` or `node_modules`; never a hidden file,
/// `_index.*`, `README.*` or an editor's temporary, whatever `include` says.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Globs over the relative path that bring in more names than the usual endings; empty: the usual endings.
    pub include: GlobSet,
    /// Globs over the relative path that leave files out.
    pub exclude: GlobSet,
}

impl Filter {
    /// Whether the file at this relative path looks like a post.
    #[must_use]
    pub fn matches(&self, path: &Path) -> bool {
        self.takes(path) && path.parent().is_none_or(enters_all)
    }

    /// Whether a file looks like a post, given that its folders are entered.
    pub(super) fn takes(&self, path: &Path) -> bool {
        let Some(name) = path.file_name().map(OsStr::as_encoded_bytes) else { return false };
        !is_set_aside(name) && (is_usual(name) || self.include.is_match(path)) && !self.exclude.is_match(path)
    }
}

/// Whether a folder of this name is looked into.
pub(super) fn enters(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    !name.starts_with(b".") && name != b"_drafts" && name != b"node_modules"
}

/// Whether the folder at this relative path is looked into.
pub(super) fn enters_all(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(name) if enters(name)))
}

fn is_set_aside(name: &[u8]) -> bool {
    // A dot begins hidden files, the locks and swap files of editors, and what rsync and browsers have not finished.
    name.starts_with(b".")
        || name.starts_with(b"#") && name.ends_with(b"#")
        || name == b"4913" // vim's probe of a folder
        || name.starts_with(b"_index.")
        || name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"readme."))
        || TEMPORARY.iter().any(|ending| ends_with(name, ending))
}

/// Whether a name that is not hidden has one of the [`post::ENDINGS`].
fn is_usual(name: &[u8]) -> bool {
    name.rsplit(|byte| *byte == b'.').next().is_some_and(|ending| post::markup(ending).is_some())
        && name.contains(&b'.')
}

fn ends_with(name: &[u8], ending: &[u8]) -> bool {
    name.len() > ending.len()
        && name.get(name.len() - ending.len()..).is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(patterns: &[&str]) -> GlobSet {
        let mut set = globset::GlobSetBuilder::new();
        for pattern in patterns {
            set.add(globset::Glob::new(pattern).unwrap());
        }
        set.build().unwrap()
    }

    #[test]
    fn usual_names_are_posts_and_others_are_not() {
        let filter = Filter::default();
        let check = |path: &str, expected: bool| assert_eq!(filter.matches(Path::new(path)), expected, "{path}");

        for path in [
            "a.md",
            "社交媒体/知乎/转发.md",
            "a.MARKDOWN",
            "x/a.mdown",
            "a.html",
            "a.HTM",
            "index.md",
            "readmeter.md",
            "_drafts.md",
            "a..md",
            "drafts/a.md",
        ] {
            check(path, true);
        }
        for path in [
            "",
            "a.txt",
            "md",
            ".md",
            ".a.md",
            "a.md~",
            ".#a.md",
            "#a.md#",
            ".a.md.swp",
            "a.md.swp",
            ".tmpAbCd.md",
            "4913",
            "a.md.tmp",
            "_index.md",
            "_index.zh.md",
            "x/README.md",
            "readme.zh-CN.md",
            ".git/a.md",
            "x/.obsidian/a.md",
            "_drafts/a.md",
            "x/_drafts/y/a.md",
            "node_modules/p/a.md",
            "../a.md",
            "/a.md",
        ] {
            check(path, false);
        }
    }

    #[test]
    fn include_adds_names_and_exclude_removes_them() {
        let filter =
            Filter { include: globs(&["**/*.txt", "notes/*"]), exclude: globs(&["old/**", "**/*.draft.md", "*.htm"]) };
        let check = |path: &str, expected: bool| assert_eq!(filter.matches(Path::new(path)), expected, "{path}");

        check("a.md", true);
        check("a.txt", true);
        check("x/a.txt", true);
        check("notes/没有结尾", true);
        check("notes/4913", false);
        check("notes/README.md", false);
        check("notes/a~", false);
        check("old/a.md", false);
        check("old/x/a.txt", false);
        check("a.draft.md", false);
        check("a.htm", false);
        check(".git/a.txt", false);
    }

    #[test]
    fn a_name_need_not_be_utf8() {
        use std::os::unix::ffi::OsStrExt as _;

        assert!(Filter::default().matches(Path::new(OsStr::from_bytes(b"\xff\xfe/\xd6\xd0.md"))));
    }
}
