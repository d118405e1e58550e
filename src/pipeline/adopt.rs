//! What an earlier run left, under the settings of this one: the shelf as it was, and addresses that moved.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Compared, Error, Pipeline,
    output::is_there,
    places::{ARCHIVE, Place},
    press::document,
};
use crate::{
    catalog::{CLEAN, Collection, Former, Key, StoredDocument},
    config::{Archives, Duplicates, Folder},
    feed::{self, Format},
    post::{CategoryPath, category::CategoryRules},
    publish::{Output, Trust},
    serve::Change,
};

/// How far the time of a file may lag behind the clock, in nanoseconds: a tick of the kernel, or of a coarse file system.
/// What was written so shortly before the end is read again.
const COARSE: i64 = 2_000_000_000;

impl Pipeline {
    /// Puts on the shelf what was published last time, and compares the output folder with it after an unclean stop. What
    /// was made under other rules on who may read it has to wait for [`Pipeline::show_withheld`].
    pub(super) fn restore_shelf(&mut self) -> Result<(), Error> {
        Arc::make_mut(&mut self.places).learn(&self.catalog);
        // Since the last clean stop, in nanoseconds, nobody should have touched what was published.
        let clean = self.catalog.fact::<i64>(CLEAN)?;
        let stopped = clean.filter(|at| *at > 0);
        let trust = match self.compared {
            Compared::Never => stopped.map_or(Trust::Nothing, |at| Trust::UntouchedSince(at - COARSE)),
            Compared::Now | Compared::Once => Trust::Size,
        };
        if clean.is_none() {
            self.catalog.set_fact(CLEAN, 0_i64)?;
        }
        let stored = self.catalog.stored_documents()?;
        // Who stopped in good order has tidied up; but this may be a catalog of before, which somebody put back.
        let was_killed = self.compared == Compared::Never && stopped.is_none();
        let is_known = |path: &str| stored.binary_search_by(|one| one.path.as_str().cmp(path)).is_ok();
        self.unfinished.tidying |=
            was_killed || self.output.as_ref().is_some_and(|output| !output.paths().all(is_known));
        let mut stands = |one: &StoredDocument| self.output.as_mut().is_some_and(|output| is_there(output, one, trust));
        self.unwritten.extend(stored.iter().filter(|one| !stands(one)).map(|one| one.path.clone()));
        self.compared = Compared::Now;
        // At the next clean end these are older, and need not be read again.
        self.wrote |= self.output.as_ref().is_some_and(Output::has_read);
        self.withheld = self.catalog.fact::<[u8; 16]>("restrictions")? != Some(self.restrictions());
        if self.withheld {
            self.shelf.update(stored.into_iter().map(|one| Change::Remove(one.path)));
        } else {
            self.show(stored);
        }
        Ok(())
    }

    /// Puts on the shelf what had to wait until every post was read under the rules that hold now.
    pub(super) fn show_withheld(&mut self) -> Result<(), Error> {
        if self.withheld {
            self.show(self.catalog.stored_documents()?);
            self.catalog.set_fact("restrictions", self.restrictions())?;
            self.withheld = false;
        }
        Ok(())
    }

    fn show(&self, stored: Vec<StoredDocument>) {
        let mut documents = Vec::with_capacity(stored.len());
        for StoredDocument { path, record, .. } in stored {
            let format = Format::ALL.into_iter().find(|format| path.ends_with(format.file_name()));
            let media_type = format.map_or(feed::opml::MEDIA_TYPE, Format::content_type);
            let page = format.map(|format| path[..path.len() - format.file_name().len()].to_owned());
            let page = page.map(|page| match self.places.at(&page) {
                Some(place) => self.places.address(&place.current()),
                None => page,
            });
            documents.push((path, document(record, media_type, page, None)));
        }
        self.shelf.update(documents.into_iter().map(|(path, document)| Change::Put(path, document)));
    }

    /// Follows what the settings changed: the address of what was renamed leads to the new one for ever, and what was
    /// removed is gone. What became private leaves the output folder and the shelf.
    pub(super) fn follow_settings(&mut self) -> Result<(), Error> {
        let own = self.settings.feeds.iter().map(|feed| Key::Own(feed.name.clone()));
        let private = self.settings.folders.iter().filter(|folder| folder.access.is_private());
        let wanted: Vec<Key> = own.chain(private.map(|folder| Key::Folder(folder.read.folder.clone()))).collect();
        wanted.into_iter().try_for_each(|key| self.catalog.found(&key))?;
        let folding = self.settings.feeds.iter().filter(|feed| feed.duplicates == Duplicates::Fold);
        let folding: Vec<Key> = folding.map(|feed| Key::Own(feed.name.clone())).collect();
        self.catalog.set_folding(&folding)?;

        let collections: Vec<Collection> = self.catalog.collections().into_iter().cloned().collect();
        let (mut former, mut closed, mut dropped, mut addresses) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for Collection { key, address, .. } in collections {
            let stays = match &key {
                Key::All | Key::Tag(_) | Key::Author(_) | Key::Category(_) => true,
                Key::Own(_) => self.places.own(&key).is_some(),
                Key::Folder(name) => {
                    self.settings.folders.iter().any(|one| one.read.folder == *name && one.access.is_private())
                }
            };
            let now = self.places.address(&Place::of(key.clone()));
            if stays && address.as_ref() != Some(&now) {
                addresses.push((key.clone(), now.clone()));
            } else if !stays {
                dropped.push(key.clone());
            }
            let Some(before) = address else { continue };
            if !stays {
                former.push((before, Former::Gone));
            } else if before != now {
                former.push((before, Former::Moved(now)));
            } else if self.places.access(&key).is_private() {
                closed.push(before);
            }
        }
        // What became of an address is written down before it is forgotten: whatever ends this is done again.
        self.leave(&former, &closed)?;
        self.catalog.set_addresses(addresses)?;
        dropped.iter().try_for_each(|key| self.catalog.drop_collection(key))?;
        Arc::make_mut(&mut self.places).learn(&self.catalog);
        Ok(())
    }

    /// Follows what the settings made of categories, once every post was read under them: one that has no posts any more
    /// leads to what it is called now, or is gone. `before` are those that had some.
    pub(super) fn follow_categories(&mut self, before: &BTreeSet<Key>) -> Result<(), Error> {
        let empty: Vec<Collection> =
            self.catalog.collections().into_iter().filter(|one| one.size == 0).cloned().collect();
        let (mut former, mut dropped) = (Vec::new(), Vec::new());
        for Collection { key, address, number, .. } in empty {
            let Key::Category(path) = &key else { continue };
            let fate = match self.renamed(path) {
                Some(other) => Former::Moved(self.places.address(&Place::of(Key::Category(other)))),
                None if self.is_left_out(path, before.contains(&key)) => Former::Gone,
                None => continue,
            };
            // A scheduled post comes out in it.
            if self.catalog.is_awaited(number)? {
                continue;
            }
            former.extend(address.map(|address| (address, fate)));
            dropped.push(key);
        }
        let again = self.renamed_again()?;
        dropped.extend(again.iter().filter_map(|(old, _)| Some(self.places.at(old)?.key)));
        former.extend(again);
        self.leave(&former, &[])?;
        dropped.iter().try_for_each(|key| self.catalog.drop_collection(key))?;
        Arc::make_mut(&mut self.places).learn(&self.catalog);
        Ok(())
    }

    /// Addresses that lead to what was the name of a category for a while: they lead to its newest name, and so does the one
    /// between, if nothing is left there.
    fn renamed_again(&self) -> Result<Vec<(String, Former)>, Error> {
        let rules = self.settings.folders.iter().map(|folder| &folder.read.categories);
        let aliased: Vec<CategoryPath> = rules.flat_map(CategoryRules::aliased).collect();
        let mut former = Vec::new();
        for path in aliased {
            let Some(now) = self.renamed(&path) else { continue };
            let address = |path| self.places.address(&Place::of(Key::Category(path)));
            let (first, now) = (address(path), address(now));
            for (below, between) in self.catalog.moved_from(&first)? {
                let newest = format!("{now}{}", &below[first.len()..]);
                let at = |address: &str| self.catalog.collection(&self.places.at(address)?.key);
                if between == newest || at(&newest).is_none_or(|one| one.size == 0) {
                    continue;
                }
                if at(&between).is_some_and(|one| one.size == 0) {
                    former.push((between, Former::Moved(newest.clone())));
                }
                former.push((below, Former::Moved(newest)));
            }
        }
        Ok(former)
    }

    /// The category that has the posts of another one now, by the aliases of the folders.
    fn renamed(&self, path: &CategoryPath) -> Option<CategoryPath> {
        let lives = |path: &CategoryPath| {
            self.catalog.collection(&Key::Category(path.clone())).is_some_and(|collection| collection.size > 0)
        };
        let rules = self.settings.folders.iter().map(|folder| &folder.read.categories);
        rules.filter_map(|rules| rules.renamed_as_shown(path)).find(|now| now != path && lives(now))
    }

    /// Whether an empty category is one that the settings took away: by an alias or an exclusion of every folder, or, if it
    /// had posts until now, by making these private.
    fn is_left_out(&self, path: &CategoryPath, had_posts: bool) -> bool {
        let folders = &self.settings.folders;
        let excludes = |folder: &Folder| {
            let now = folder.read.categories.renamed_as_shown(path).unwrap_or_default();
            now.is_empty() || folder.selection.excludes(&now)
        };
        let hides = folders.iter().any(|folder| folder.access.is_private())
            || self.settings.names.iter().any(|name| name.access.is_private());
        !folders.is_empty() && (folders.iter().all(excludes) || (had_posts && hides))
    }

    /// Takes the documents of folders that are no more, or not for everybody, off the shelf and out of the output folder.
    fn leave(&mut self, former: &[(String, Former)], closed: &[String]) -> Result<(), Error> {
        Arc::make_mut(&mut self.places).learn(&self.catalog);
        let is_page = |path: &str| {
            let folder = path.rfind('/').map_or("", |slash| &path[..=slash]);
            self.places.at(folder).is_some_and(|place| place.archive.is_some())
        };
        // Where nothing changed, not every document is to be looked at.
        let drops_pages = self.settings.archives != Archives::Disk && self.catalog.any_stored_with(ARCHIVE)?;
        if former.is_empty() && closed.is_empty() && !drops_pages {
            return Ok(());
        }
        let left = |path: &str| {
            former.iter().map(|(old, _)| old).chain(closed).any(|old| path.starts_with(old.as_str()))
                || (drops_pages && is_page(path))
        };
        let documents = self.catalog.stored_documents()?.into_iter().map(|one| one.path);
        let gone: Vec<String> = documents.filter(|path| left(path)).collect();
        self.catalog.drop_documents(&gone, former)?;
        if !former.is_empty() || !gone.is_empty() {
            self.categories.take();
            self.shelf.update(gone.iter().cloned().map(Change::Remove));
            // Now, and not when all else is made: it may have become private.
            let gone: BTreeSet<String> = gone.into_iter().collect();
            self.unfinished.tidying |= !self.remove(&|path| gone.contains(path));
            self.catalog.mark_all_dirty()?;
        }
        Ok(())
    }
}
