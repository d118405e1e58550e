//! Layers of configuration, one over the other: a folder's own keys, `defaults`, the preset, what is built in.

use std::collections::BTreeMap;

use super::raw::{Categories, Posts, Window};

impl Posts {
    /// These keys, and those of `under` where there is none. Maps are joined entry by entry; lists are replaced.
    pub(super) fn over(self, under: Self) -> Self {
        Self {
            path: self.path.or(under.path),
            name: self.name.or(under.name),
            preset: self.preset.or(under.preset),
            site_url: self.site_url.or(under.site_url),
            permalink: self.permalink.or(under.permalink),
            permalink_timezone: self.permalink_timezone.or(under.permalink_timezone),
            timezone: self.timezone.or(under.timezone),
            language: self.language.or(under.language),
            ids: self.ids.or(under.ids),
            include: self.include.or(under.include),
            exclude: self.exclude.or(under.exclude),
            keys: maps(self.keys, under.keys),
            category_prefix: self.category_prefix.or(under.category_prefix),
            categories: both(self.categories, under.categories, Categories::over),
            future: self.future.or(under.future),
            volatile: self.volatile.or(under.volatile),
            on_delete: self.on_delete.or(under.on_delete),
            path_reuse: self.path_reuse.or(under.path_reuse),
            window: both(self.window, under.window, Window::over),
            front_matter: self.front_matter.or(under.front_matter),
            encoding: self.encoding.or(under.encoding),
            date_order: self.date_order.or(under.date_order),
            access: self.access.or(under.access),
        }
    }
}

impl Categories {
    fn over(self, under: Self) -> Self {
        Self {
            list: self.list.or(under.list),
            split: self.split.or(under.split),
            aliases: maps(self.aliases, under.aliases),
            names: maps(self.names, under.names),
            uncategorised: self.uncategorised.or(under.uncategorised),
        }
    }
}

impl Window {
    pub(super) fn over(self, under: Self) -> Self {
        Self {
            entries: self.entries.or(under.entries),
            hours: self.hours.or(under.hours),
            max_entries: self.max_entries.or(under.max_entries),
            max_size: self.max_size.or(under.max_size),
        }
    }
}

/// The one that is there, or both made one.
fn both<T>(over: Option<T>, under: Option<T>, join: fn(T, T) -> T) -> Option<T> {
    match (over, under) {
        (Some(over), Some(under)) => Some(join(over, under)),
        (over, under) => over.or(under),
    }
}

/// All entries of both maps; those of `over` win.
fn maps<V>(over: Option<BTreeMap<String, V>>, under: Option<BTreeMap<String, V>>) -> Option<BTreeMap<String, V>> {
    both(over, under, |over, mut under| {
        under.extend(over);
        under
    })
}
