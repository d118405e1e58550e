//! Feeds of one's own and who may read what: the file's texts → [`OwnFeed`], [`Access`] and [`Token`].

use chrono::{DateTime, Utc};

use super::{
    Access, ConfigError, Folder, OwnFeed, Pick, Settings, Token,
    error::closest,
    raw::File,
    resolve::window,
    text::{language, optional, shown},
};
use crate::post::date::{self, DateOrder, DateRules, StampRule, Timezone};

/// What opens private feeds.
pub(super) fn tokens(file: &File) -> Result<Vec<Token>, ConfigError> {
    let tokens = file.tokens.iter().flatten().map(|(name, hash)| {
        Token::read(name, hash).map_err(|message| ConfigError::value(format!("tokens.{name}"), message))
    });
    tokens.collect()
}

/// `public`, `token` for all tokens, or the names of some. A name without a token opens nothing: who takes a token out locks
/// its holder out, and nobody else.
pub(super) fn access(names: Option<&Vec<String>>, tokens: &[Token]) -> Access {
    match names.map(Vec::as_slice) {
        None => Access::Public,
        Some([one]) if one == "public" => Access::Public,
        Some([one]) if one == "token" => Access::Tokens(tokens.iter().map(|token| token.name.clone()).collect()),
        Some(names) => Access::Tokens(names.iter().cloned().collect()),
    }
}

impl Settings {
    /// The posts folder of a name.
    #[must_use]
    pub fn folder(&self, name: &str) -> Option<&Folder> {
        self.folders.iter().find(|folder| folder.read.folder == name)
    }

    /// What is allowed, but hardly meant: feeds that nobody, or not everybody named, can read.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let categories =
            self.names.iter().map(|name| (format!("the category `{}`", name.path.join("/")), &name.access));
        let folders = self.folders.iter().map(|one| (format!("the folder `{}`", one.read.folder), &one.access));
        let feeds = self.feeds.iter().map(|feed| (format!("the feed `{}`", feed.name), &feed.access));
        let mut remarks = Vec::new();
        for (what, access) in categories.chain(folders).chain(feeds) {
            let Access::Tokens(names) = access else { continue };
            if names.is_empty() {
                remarks.push(format!("nobody can read {what}: add what `feedwright config token` prints to `tokens`"));
            }
            for name in names.iter().filter(|name| self.tokens.iter().all(|token| token.name != **name)) {
                let known = self.tokens.iter().map(|token| &*token.name).chain(["public", "token"]);
                let near = closest(name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                remarks.push(format!("{what} names `{name}`, and there is no such token{near}"));
            }
        }
        remarks
    }
}

pub(super) fn own_feeds(file: &File, tokens: &[Token], folders: &[Folder]) -> Result<Vec<OwnFeed>, ConfigError> {
    let mut feeds = Vec::new();
    for (name, own) in file.feeds.iter().flatten() {
        let key = format!("feeds.{name}");
        let at = |part: &str| {
            let key = format!("{key}.{part}");
            move |message: String| ConfigError::value(key, message)
        };
        if name.trim().is_empty() || name.contains(|c: char| c.is_control() || c == '/') {
            let message = "this cannot be part of an address: use letters, digits and dashes, such as `rust-news`";
            return Err(ConfigError::value(key, message));
        }
        let picks = |part: &str, texts: Option<&Vec<String>>| {
            let read = |(index, text): (usize, &String)| pick(text, folders).map_err(at(&format!("{part}[{index}]")));
            texts.into_iter().flatten().enumerate().map(read).collect::<Result<Vec<_>, _>>()
        };
        feeds.push(OwnFeed {
            name: name.clone(),
            title: shown(own.title.as_deref()),
            description: shown(own.description.as_deref()),
            language: optional(own.language.as_deref(), language, at("language"))?,
            any: picks("any", own.any.as_ref())?,
            all: picks("all", own.all.as_ref())?,
            none: picks("none", own.none.as_ref())?,
            from: optional(own.from.as_deref(), day, at("from"))?,
            before: optional(own.before.as_deref(), day, at("before"))?,
            duplicates: own.duplicates.unwrap_or_default(),
            access: access(own.access.as_ref(), tokens),
            window: match &own.window {
                Some(own) => Some(window(Some(own), &format!("{key}.window"))?),
                None => None,
            },
        });
    }
    Ok(feeds)
}

fn pick(text: &str, folders: &[Folder]) -> Result<Pick, String> {
    let kinds = "write `tag:NAME`, `category:A/B`, `author:NAME`, `source:FOLDER`, `title:WORDS` or `text:WORDS`";
    match Pick::read(text) {
        Some(Pick::Source(name)) if folders.iter().all(|folder| folder.read.folder != name) => {
            let names = folders.iter().map(|folder| &*folder.read.folder);
            Err(match closest(&name, names) {
                Some(near) => format!("no folder is called `{name}`; did you mean `{near}`?"),
                None => format!("no folder is called `{name}`: write the `name` of an item of `posts`"),
            })
        }
        Some(Pick::Category(path)) if path.is_empty() => Err(format!("`{text}` names nothing: {kinds}")),
        Some(pick) if !text.trim_end().ends_with(':') => Ok(pick),
        _ => Err(format!("`{text}` picks nothing: {kinds}")),
    }
}

/// The beginning of a day, or any moment that a post may have.
fn day(text: &str) -> Result<DateTime<Utc>, String> {
    let rules = DateRules { timezone: Timezone::UTC, order: DateOrder::default(), stamps: StampRule::SameZone };
    date::read(text, &rules)
        .map(|moment| moment.at)
        .map_err(|_| format!("`{text}` is no date: write one such as `2024-03-18`"))
}
