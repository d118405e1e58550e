//! What a person should know about single files, as lines of the log: one a remark, and a summary of a flood.

use std::{collections::BTreeMap, path::Path};

use crate::{
    config::Folder,
    post::{Code, Diagnostic, Level},
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
