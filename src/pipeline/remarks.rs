//! What a person should know, as lines of the log: about single files, one a remark and a summary of a flood; and about the
//! collections that all of them make.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::Pipeline;
use crate::{
    catalog::Key,
    config::Folder,
    post::{CategoryPath, Code, Diagnostic, Level},
};

/// Lines that one pass writes about files; `/status.json` has all of them.
const LINES: usize = 20;

/// The remarks of one pass.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    told: usize,
    /// What was not told, by kind.
    more: BTreeMap<Code, usize>,
}

impl Remarks {
    /// Says what a person should know about a file.
    pub(super) fn tell(&mut self, folder: &Folder, path: &Path, diagnostics: &[Diagnostic]) {
        let file = folder.path.join(path);
        for Diagnostic { level, code, line, column, message, help } in diagnostics {
            let number = |number: &Option<u32>| number.map_or_else(String::new, |number| format!(":{number}"));
            let place = number(line) + &number(column);
            let help = help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
            let text = format!("{}{place}: {message}{help}", file.display());
            if *level == Level::Info {
                tracing::debug!(post = %file.display(), %code, "{text}");
            } else if self.told < LINES {
                self.told += 1;
                tracing::warn!(post = %file.display(), %code, line, column, "{text}");
            } else {
                *self.more.entry(*code).or_default() += 1;
            }
        }
    }

    /// Says how much was left out.
    pub(super) fn sum_up(self) {
        let more: usize = self.more.values().sum();
        if more > 0 {
            let kinds: Vec<String> = self.more.iter().map(|(code, count)| format!("{count} {code}")).collect();
            tracing::warn!(
                remarks = more,
                "and {more} more such remarks ({}): `feedwright check` and /status.json name every file",
                kinds.join(", ")
            );
        }
    }
}

impl Pipeline {
    /// Says what is probably not meant so, now that all collections are known.
    pub(super) fn warn_of_collections(&self) {
        self.warn_of_order();
        self.warn_of_unused_access();
    }

    /// What is meant to be private and is called otherwise is public.
    fn warn_of_unused_access(&self) {
        let collections = self.catalog.collections();
        for name in self.settings.names.iter().filter(|name| name.access.is_private()) {
            let is_it =
                |path: &CategoryPath| *path == name.path || (name.path.len() == 1 && path.contains(&name.path[0]));
            if !collections.iter().any(|one| matches!(&one.key, Key::Category(path) if is_it(path))) {
                let path = name.path.join("/");
                tracing::warn!(
                    "no category is called `{path}`, so its `access` keeps nothing private: is it spelled so?"
                );
            }
        }
    }

    /// Names that stand in both orders look like categories of their own, written as a list.
    fn warn_of_order(&self) {
        let pairs: BTreeSet<[&String; 2]> = self
            .catalog
            .collections()
            .into_iter()
            .filter_map(|collection| match &collection.key {
                Key::Category(path) => path.last_chunk::<2>().map(|[parent, child]| [parent, child]),
                _ => None,
            })
            .collect();
        for [parent, child] in
            pairs.iter().filter(|[parent, child]| parent < child && pairs.contains(&[*child, *parent]))
        {
            tracing::warn!(
                "`{parent}` is the parent of `{child}` in one post and its child in another; these look independent: set \
                 `categories.list: flat`"
            );
        }
    }
}
