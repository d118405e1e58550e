//! The file's texts → [`Settings`]: every value judged, every default filled in.

use std::{collections::BTreeMap, time::Duration};

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::{
    Admin, Archives, CategoryName, ConfigError, Content, Folder, Future, Listen, OnDelete, PathReuse, Pick, Program,
    Redirect, Search, Selection, Settings, Site, Token, Volatile, Window,
    own::{access, own_feeds, tokens},
    quantity,
    raw::{self, Categories, File, Flicker, FrontMatter, Posts, Preset},
    text::{category_path, encoding, language, optional, picture_address, shown, web_address, words, zone},
};
use crate::post::{
    self, CategoryPath,
    category::{CategoryRules, ListRule, SplitRule},
    date::{DateOrder, DateRules, StampRule, Timezone},
    fields::Field,
    id::IdRule,
    link::{LinkRules, Permalink},
};
use crate::serve;

/// The word that turns a default category off.
const NO_CATEGORY: &str = "none";

/// Bytes of documents and their compressed forms that HTTP keeps, if nobody says otherwise.
const CACHE_BYTES: u64 = 64 << 20;

/// Connections at a time: what so many slow readers can make the system hold fits into the unit's memory.
const CONNECTIONS: u32 = 1024;

/// A folder that nobody configured: `defaults`, the preset and what is built in. Judging it finds what is wrong under
/// `defaults` in its own place, so that an item of `posts` is only blamed for its own keys.
pub(super) fn template(file: &File, timezone: &Timezone) -> Result<Folder, ConfigError> {
    let tokens = tokens(file)?;
    let defaults = file.defaults.clone().unwrap_or_default();
    let misplaced = [("path", defaults.path.is_some()), ("name", defaults.name.is_some())];
    if let Some((key, _)) = misplaced.iter().find(|(_, present)| *present) {
        let message = format!("`{key}` differs from folder to folder: put it into an item of `posts`");
        return Err(ConfigError::value(format!("defaults.{key}"), message));
    }
    // A permalink for folders that each have their own site is fine here.
    let site = defaults.permalink.is_some() && defaults.site_url.is_none();
    let site_url = if site { Some(String::from("http://localhost/")) } else { defaults.site_url.clone() };
    let own = Posts { site_url, name: Some(String::from("posts")), ..defaults };
    let posts = complete_posts(own, &usual_window(file), timezone);
    let mut folder = folder(&posts, "defaults", &tokens)?;
    if site {
        folder.read.links = LinkRules::default();
    }
    Ok(folder)
}

/// The same file with every default filled in.
pub(super) fn complete(file: File, timezone: &Timezone) -> File {
    let window = usual_window(&file);
    let defaults = file.defaults.unwrap_or_default();
    let single = file.posts.len() == 1;
    let posts = file.posts.into_iter().map(|item| {
        let name = item.name.clone().or_else(|| single.then(|| String::from("posts")));
        complete_posts(Posts { name, ..item }.over(defaults.clone()), &window, timezone)
    });
    let feeds = file.feeds.map(|feeds| {
        let complete =
            |own: raw::OwnFeed| raw::OwnFeed { window: own.window.map(|own| own.over(window.clone())), ..own };
        feeds.into_iter().map(|(name, own)| (name, complete(own))).collect()
    });
    let duration = |seconds| Some(quantity::write_duration(Duration::from_secs(seconds)));
    File {
        posts: posts.collect(),
        feeds,
        defaults: None,
        title: file.title.or_else(|| Some(String::from("All posts"))),
        description: file.description.or_else(|| Some(String::from("Everything, newest first"))),
        content: file.content.or(Some(Content::Full)),
        search: file.search.or(Some(Search::default())),
        window: Some(window),
        archives: file.archives.or(Some(Archives::default())),
        admin: file.admin.or_else(|| Some(String::from("loopback"))),
        max_connections: file.max_connections.or(Some(CONNECTIONS)),
        max_age: file.max_age.or_else(|| duration(300)),
        cache_size: file.cache_size.or_else(|| Some(quantity::write_size(CACHE_BYTES))),
        delete_grace: file.delete_grace.or_else(|| duration(300)),
        mass_delete_grace: file.mass_delete_grace.or_else(|| duration(6 * 3600)),
        scan_interval: file.scan_interval.or_else(|| duration(3600)),
        ..file
    }
}

/// The main window, which others are as in what they leave unsaid.
fn usual_window(file: &File) -> raw::Window {
    let window = Window::default();
    file.window.clone().unwrap_or_default().over(raw::Window {
        entries: Some(window.entries),
        hours: Some(window.hours),
        max_entries: Some(window.max_entries),
        max_size: Some(quantity::write_size(window.max_bytes)),
    })
}

/// A folder's keys over those of its preset over those that are built in.
fn complete_posts(posts: Posts, window: &raw::Window, timezone: &Timezone) -> Posts {
    let preset = posts.preset.unwrap_or_default();
    let mut posts = posts.over(preset.defaults()).over(Posts {
        timezone: Some(timezone.name().to_owned()),
        ids: Some(IdRule::default()),
        include: Some(Vec::new()),
        exclude: Some(Vec::new()),
        categories: Some(Categories {
            list: Some(ListRule::default()),
            split: Some(SplitRule::default()),
            uncategorised: Some(String::from("uncategorised")),
            ..Categories::default()
        }),
        future: Some(Future::default()),
        volatile: Some(Vec::new()),
        on_delete: Some(OnDelete::default()),
        path_reuse: Some(PathReuse::default()),
        front_matter: Some(FrontMatter::default()),
        date_order: Some(DateOrder::default()),
        ..Posts::default()
    });
    if posts.permalink.is_none() && posts.site_url.is_some() {
        posts.permalink = preset.permalink().map(str::to_owned);
    }
    posts.window = posts.window.map(|own| own.over(window.clone()));
    posts
}

/// Judges a complete file.
pub(super) fn settings(file: &File) -> Result<Settings, ConfigError> {
    let tokens = tokens(file)?;
    let several = file.posts.len() > 1;
    let mut folders: Vec<Folder> = Vec::new();
    for (index, posts) in file.posts.iter().enumerate() {
        let key = format!("posts[{index}]");
        if several && posts.name.is_none() {
            let message = "with several folders each needs a `name`, which becomes part of every id: choose it once, \
                           such as `name: blog`";
            return Err(ConfigError::value(key, message));
        }
        if posts.path.is_none() {
            return Err(ConfigError::value(key, "there is no `path`: say which folder this is, as `path: /srv/posts`"));
        }
        let folder = folder(posts, &key, &tokens)?;
        if folders.iter().any(|other| other.read.folder == folder.read.folder) {
            let message = format!("two folders are called `{}`: choose another name for one", folder.read.folder);
            return Err(ConfigError::value(format!("{key}.name"), message));
        }
        folders.push(folder);
    }
    let at = |key: &'static str| move |message| ConfigError::value(key, message);
    let duration =
        |key, value: &Option<String>| quantity::duration(value.as_deref().unwrap_or_default()).map_err(at(key));
    let scan_interval = duration("scan_interval", &file.scan_interval)?;
    if scan_interval.is_zero() {
        return Err(ConfigError::value(
            "scan_interval",
            "looking without a pause serves nobody: write `1 h`, or `10 s`",
        ));
    }
    let listen: Listen = file.listen.as_deref().unwrap_or_default().parse().map_err(at("listen"))?;
    let max_age = duration("max_age", &file.max_age)?.as_secs();
    let cache = quantity::size(file.cache_size.as_deref().unwrap_or_default()).map_err(at("cache_size"))?;
    Ok(Settings {
        base_url: optional(file.base_url.as_deref(), web_address, at("base_url"))?,
        output: file.output.clone().unwrap_or_default(),
        state: file.state.clone().unwrap_or_default(),
        admin: admin(file.admin.as_deref().unwrap_or_default(), &listen)?,
        poll_limit: file.poll_limit.as_ref().map(poll_limit).transpose()?,
        trusted_proxies: trusted_proxies(file.trusted_proxies.as_deref().unwrap_or_default())?,
        connections: connections(file.max_connections.unwrap_or_default())?,
        listen,
        max_age: u32::try_from(max_age).unwrap_or(u32::MAX),
        cache_bytes: usize::try_from(cache).unwrap_or(usize::MAX),
        site: Site {
            title: words("title", file.title.as_deref())?,
            description: words("description", file.description.as_deref())?,
            language: optional(file.language.as_deref(), language, at("language"))?,
            author: shown(file.author.as_deref()),
            icon: optional(file.icon.as_deref(), picture_address, at("icon"))?,
            logo: optional(file.logo.as_deref(), picture_address, at("logo"))?,
        },
        content: file.content.unwrap_or_default(),
        search: file.search.unwrap_or_default(),
        window: window(file.window.as_ref(), "window")?,
        archives: file.archives.unwrap_or_default(),
        names: names(file, &tokens)?,
        feeds: own_feeds(file, &tokens, &folders)?,
        tokens,
        redirects: redirects(file)?,
        folders,
        delete_grace: duration("delete_grace", &file.delete_grace)?,
        mass_delete_grace: duration("mass_delete_grace", &file.mass_delete_grace)?,
        scan_interval,
    })
}

/// Who sees what is for the administrator. Two listeners cannot share a port.
fn admin(text: &str, listen: &Listen) -> Result<Admin, ConfigError> {
    let admin: Admin = text.parse().map_err(|message| ConfigError::value("admin", message))?;
    let shared = admin.address().is_some_and(|own| own.port() != 0 && *listen == Listen::Address(own));
    if shared {
        let message = format!("the feeds are served on {text} too: choose another port, or write `public`");
        return Err(ConfigError::value("admin", message));
    }
    Ok(admin)
}

fn poll_limit(raw: &raw::PollLimit) -> Result<serve::Limit, ConfigError> {
    let at = |name: &str, message: &str| ConfigError::value(format!("poll_limit{name}"), message);
    let (Some(requests), Some(per)) = (raw.requests, &raw.per) else {
        return Err(at("", "a limit is a number in a time: write both, as `{requests: 30, per: 10 min}`"));
    };
    if requests == 0 {
        return Err(at(".requests", "a reader must fetch a feed once before it knows what it has: write at least 1"));
    }
    let per = quantity::duration(per).map_err(|message| at(".per", &message))?;
    if per.is_zero() || per > Duration::from_hours(24) {
        return Err(at(".per", "readers wait that long after a mistake: write between `1 s` and `1 day`"));
    }
    Ok(serve::Limit { requests, per })
}

fn connections(most: u32) -> Result<usize, ConfigError> {
    let wrong = |message: &str| ConfigError::value("max_connections", message);
    if most == 0 {
        return Err(wrong("nobody could fetch a feed: write at least 1, or leave it out"));
    }
    usize::try_from(most).map_err(|_| wrong("this machine cannot count so far: write a smaller number"))
}

fn trusted_proxies(texts: &[String]) -> Result<Vec<serve::Network>, ConfigError> {
    let read = |(index, text): (usize, &String)| {
        text.parse().map_err(|message: String| ConfigError::value(format!("trusted_proxies[{index}]"), message))
    };
    texts.iter().enumerate().map(read).collect()
}

/// Judges one complete folder, whose keys stand under `key`.
fn folder(posts: &Posts, key: &str, tokens: &[Token]) -> Result<Folder, ConfigError> {
    let at = |name: &str| {
        let key = format!("{key}.{name}");
        move |message: String| ConfigError::value(key, message)
    };
    let preset = posts.preset.unwrap_or_default();
    let name = posts.name.clone().unwrap_or_default();
    if name.trim().is_empty() || name.contains(|c: char| c.is_control() || c == '/') {
        return Err(at("name")(format!("`{name}` is no name: use letters, digits and dashes, such as `blog`")));
    }
    let site_url = optional(posts.site_url.as_deref(), web_address, at("site_url"))?;
    if site_url.is_none() && posts.permalink.is_some() {
        let message = "a permalink pattern needs the address of the blog: add `site_url: https://blog.example.org/`";
        return Err(at("permalink")(message.to_owned()));
    }
    let pattern = |text: &str| Permalink::parse(text, preset.dialect()).map_err(|error| error.to_string());
    let future = posts.future.unwrap_or_default();
    let (filter, selection) = filter(posts, key)?;
    Ok(Folder {
        path: posts.path.clone().unwrap_or_default(),
        read: post::ReadSettings {
            folder: name,
            front_matter: match posts.front_matter.unwrap_or_default() {
                FrontMatter::Required => post::FrontMatterRule::Required,
                FrontMatter::Optional => post::FrontMatterRule::Optional,
            },
            encoding: optional(posts.encoding.as_deref(), encoding, at("encoding"))?,
            keys: keys(posts.keys.as_ref()),
            dates: DateRules {
                timezone: optional(posts.timezone.as_deref(), zone, at("timezone"))?.unwrap_or(Timezone::UTC),
                order: posts.date_order.unwrap_or_default(),
                stamps: match preset {
                    Preset::Crawler => StampRule::AnyZone { holds_future: future == Future::Hold },
                    _ => StampRule::SameZone,
                },
            },
            categories: categories(posts),
            links: LinkRules {
                site_url,
                permalink: optional(posts.permalink.as_deref(), pattern, at("permalink"))?,
                timezone: optional(posts.permalink_timezone.as_deref(), zone, at("permalink_timezone"))?,
            },
            ids: posts.ids.unwrap_or_default(),
            language: optional(posts.language.as_deref(), language, at("language"))?,
        },
        filter,
        selection,
        future,
        volatile: Volatile {
            date: posts.volatile.iter().flatten().any(|field| *field == Flicker::Date),
            image: posts.volatile.iter().flatten().any(|field| *field == Flicker::Image),
        },
        on_delete: posts.on_delete.unwrap_or_default(),
        path_reuse: posts.path_reuse.unwrap_or_default(),
        window: match &posts.window {
            Some(own) => Some(window(Some(own), &format!("{key}.window"))?),
            None => None,
        },
        access: access(posts.access.as_ref(), tokens),
    })
}

/// `include` and `exclude`: globs for the walk, picks for what was read.
fn filter(posts: &Posts, key: &str) -> Result<(crate::watch::Filter, Selection), ConfigError> {
    let both = |name: &str, entries: Option<&Vec<String>>| -> Result<(GlobSet, Vec<Pick>), ConfigError> {
        let (mut globs, mut picks) = (GlobSetBuilder::new(), Vec::new());
        for (index, entry) in entries.into_iter().flatten().enumerate() {
            if let Some(pick) = Pick::read(entry) {
                picks.push(pick);
            } else {
                let folder = if entry.ends_with('/') { "**" } else { "" };
                let glob = Glob::new(&format!("{entry}{folder}")).map_err(|error| {
                    let message = format!("`{entry}` is no glob: {}; write it like `*.txt` or `old/**`", error.kind());
                    ConfigError::value(format!("{key}.{name}[{index}]"), message)
                })?;
                globs.add(glob);
            }
        }
        let set = globs.build().map_err(|error| ConfigError::value(format!("{key}.{name}"), error.to_string()))?;
        Ok((set, picks))
    };
    let (include, wanted) = both("include", posts.include.as_ref())?;
    let (exclude, unwanted) = both("exclude", posts.exclude.as_ref())?;
    let filter = crate::watch::Filter { include, exclude };
    Ok((filter, Selection { include: wanted, exclude: unwanted }))
}

fn keys(keys: Option<&BTreeMap<String, Field>>) -> Vec<(String, Field)> {
    keys.into_iter().flatten().map(|(key, field)| (key.clone(), *field)).collect()
}

fn categories(posts: &Posts) -> CategoryRules {
    let own = posts.categories.clone().unwrap_or_default();
    let aliases = own.aliases.iter().flatten().map(|(from, to)| (category_path(from), category_path(to)));
    CategoryRules {
        list: own.list.unwrap_or_default(),
        split: own.split.unwrap_or_default(),
        aliases: aliases.collect(),
        prefix: posts.category_prefix.as_deref().map(category_path).unwrap_or_default(),
        uncategorised: own.uncategorised.filter(|name| !name.trim().is_empty() && name != NO_CATEGORY),
    }
}

/// The words of all categories, wherever they are configured. Two places may not say different things.
fn names(file: &File, tokens: &[Token]) -> Result<Vec<CategoryName>, ConfigError> {
    let all = file.categories.iter().map(|own| (String::from("categories"), &own.names));
    let own = file.posts.iter().enumerate().filter_map(|(index, posts)| {
        Some((format!("posts[{index}].categories"), posts.categories.as_ref()?.names.as_ref()?))
    });
    let mut names: BTreeMap<CategoryPath, CategoryName> = BTreeMap::new();
    for (key, map) in all.chain(own) {
        for (path, name) in map {
            let key = format!("{key}.names.{path}");
            let path = category_path(path);
            if path.is_empty() {
                return Err(ConfigError::value(key, "there is no category name: write one before the colon"));
            }
            let at = |message| ConfigError::value(format!("{key}.language"), message);
            let name = CategoryName {
                path: path.clone(),
                slug: name.slug.clone(),
                title: shown(name.title.as_deref()),
                description: shown(name.description.as_deref()),
                language: optional(name.language.as_deref(), language, at)?,
                access: access(name.access.as_ref(), tokens),
            };
            if names.get(&path).is_some_and(|other| *other != name) {
                return Err(ConfigError::value(key, "this category has other words elsewhere: keep one of the two"));
            }
            let parent = |path: &CategoryPath| path[..path.len() - 1].to_vec();
            // A name alone may stand beside any other.
            let beside = |a: &CategoryPath, b: &CategoryPath| a.len() == 1 || b.len() == 1 || parent(a) == parent(b);
            let twin = |other: &&CategoryName| {
                other.path.last() != path.last()
                    && beside(&other.path, &path)
                    && name.slug.is_some()
                    && other.slug == name.slug
            };
            if let Some(other) = names.values().find(twin) {
                let message = format!("the category `{}` has this slug too: choose another one", other.path.join("/"));
                return Err(ConfigError::value(format!("{key}.slug"), message));
            }
            names.insert(path, name);
        }
    }
    Ok(names.into_values().collect())
}

/// The table of one's own, then those of the presets.
fn redirects(file: &File) -> Result<Vec<Redirect>, ConfigError> {
    let own = file.redirects.clone().unwrap_or_default();
    let mut redirects = Vec::new();
    for (from, to) in own.table.iter().flatten() {
        let at = |message| ConfigError::value(format!("redirects.table.{from}"), message);
        redirects.push(Redirect::read(from, to).map_err(at)?);
    }
    let presets = own.presets.unwrap_or_else(|| Program::ALL.to_vec());
    redirects.extend(presets.into_iter().flat_map(Program::redirects));
    Ok(redirects)
}

pub(super) fn window(own: Option<&raw::Window>, key: &str) -> Result<Window, ConfigError> {
    let (own, standard) = (own.cloned().unwrap_or_default(), Window::default());
    let at = |name: &str, message: &str| Err(ConfigError::value(format!("{key}.{name}"), message));
    let window = Window {
        entries: own.entries.unwrap_or(standard.entries),
        hours: own.hours.unwrap_or(standard.hours),
        max_entries: own.max_entries.unwrap_or(standard.max_entries),
        max_bytes: match &own.max_size {
            Some(text) => {
                quantity::size(text).map_err(|message| ConfigError::value(format!("{key}.max_size"), message))?
            }
            None => standard.max_bytes,
        },
    };
    if window.entries == 0 {
        return at("entries", "a feed without entries serves nobody: write at least 1");
    }
    if window.max_entries < window.entries {
        return at("max_entries", "this is less than `entries`: raise it, or lower the other");
    }
    Ok(window)
}
