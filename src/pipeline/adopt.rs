//! What an earlier run left, under the settings of this one: the shelf as it was, and addresses that moved.

use std::collections::BTreeSet;

use super::{Error, Pipeline, places::Place, press::document};
use crate::{
    catalog::{Collection, Former, Key},
    config::Archives,
    feed::{self, Format},
    publish::Failed,
    serve::Change,
};

impl Pipeline {
    /// Puts on the shelf what was published last time, and compares the output folder with it after an unclean stop.
    pub(super) fn restore_shelf(&mut self) -> Result<(), Error> {
        self.places.learn(self.catalog.collections().into_iter());
        let stored = self.catalog.stored_documents()?;
        let clean = self.catalog.fact::<i64>("clean")? == Some(1);
        self.catalog.set_fact("clean", 0_i64)?;
        let mut documents = Vec::with_capacity(stored.len());
        for (path, record) in stored {
            let format = Format::ALL.into_iter().find(|format| path.ends_with(format.file_name()));
            let media_type = format.map_or(feed::opml::MEDIA_TYPE, Format::content_type);
            let page = format.map(|format| path[..path.len() - format.file_name().len()].to_owned());
            let page = page.map(|page| match self.places.at(&page) {
                Some(place) => self.places.address(&place.current()),
                None => page,
            });
            if let Some(output) = &mut self.output
                && !output.holds(&path, record.length, record.hash, clean)
            {
                self.unwritten.insert(path.clone());
            }
            documents.push((path, document(record, media_type, page, None)));
        }
        let known: BTreeSet<&str> = documents.iter().map(|(path, _)| path.as_str()).collect();
        if let Some(output) = &mut self.output {
            let report = output
                .retain(&|path| known.contains(path))
                .map_err(|source| Error::Output { path: self.settings.output.clone(), source })?;
            for Failed { path, error } in report.failed {
                tracing::warn!("{}/{path} is stale and cannot be removed: {error}", self.settings.output.display());
            }
        }
        drop(known);
        self.shelf.update(documents.into_iter().map(|(path, document)| Change::Put(path, document)));
        Ok(())
    }

    /// Follows what the settings changed: the address of what was renamed leads to the new one for ever, and what was
    /// removed is gone. What became private leaves the output folder and the shelf.
    pub(super) fn follow_settings(&mut self) -> Result<(), Error> {
        let own = self.settings.feeds.iter().map(|feed| Key::Own(feed.name.clone()));
        let private = self.settings.folders.iter().filter(|folder| folder.access.is_private());
        let wanted: Vec<Key> = own.chain(private.map(|folder| Key::Folder(folder.read.folder.clone()))).collect();
        wanted.into_iter().try_for_each(|key| self.catalog.found(key))?;

        let collections: Vec<Collection> = self.catalog.collections().into_iter().cloned().collect();
        let (mut former, mut closed) = (Vec::new(), Vec::new());
        for Collection { key, address, .. } in collections {
            let fate = self.fate(&key);
            match &fate {
                Fate::Stays => self.catalog.set_address(&key, &self.places.address(&Place::of(key.clone())))?,
                Fate::Becomes(_) | Fate::Goes => self.catalog.drop_collection(&key)?,
            }
            let Some(before) = address else { continue };
            let now = match fate {
                Fate::Stays if self.places.access(&key).is_private() => {
                    closed.push(before.clone());
                    Some(self.places.address(&Place::of(key)))
                }
                Fate::Stays => Some(self.places.address(&Place::of(key))),
                Fate::Becomes(other) => Some(self.places.address(&Place::of(other))),
                Fate::Goes => None,
            };
            if now.as_ref() != Some(&before) {
                former.push((before, now.map_or(Former::Gone, Former::Moved)));
            }
        }
        self.places.learn(self.catalog.collections().into_iter());
        let is_page = |path: &str| {
            let folder = path.rfind('/').map_or("", |slash| &path[..=slash]);
            self.places.at(folder).is_some_and(|place| place.archive.is_some())
        };
        let left = |path: &str| {
            former.iter().map(|(old, _)| old).chain(&closed).any(|old| path.starts_with(old.as_str()))
                || (self.settings.archives != Archives::Disk && is_page(path))
        };
        let documents = self.catalog.stored_documents()?.into_iter().map(|(path, _)| path);
        let gone: Vec<String> = documents.filter(|path| left(path)).collect();
        self.catalog.drop_documents(&gone, &former)?;
        self.shelf.update(gone.iter().cloned().map(Change::Remove));
        if !gone.is_empty() {
            self.catalog.mark_all_dirty()?;
        }
        Ok(())
    }

    /// What the settings make of a collection.
    fn fate(&self, key: &Key) -> Fate {
        let folders = &self.settings.folders;
        match key {
            Key::All | Key::Tag(_) | Key::Author(_) => Fate::Stays,
            Key::Own(_) if self.places.own(key).is_some() => Fate::Stays,
            Key::Folder(name) if folders.iter().any(|one| one.read.folder == *name && one.access.is_private()) => {
                Fate::Stays
            }
            Key::Own(_) | Key::Folder(_) => Fate::Goes,
            Key::Category(path) => {
                let mut goes = !folders.is_empty();
                for folder in folders {
                    let now = folder.read.categories.renamed(path);
                    if now.is_empty() || folder.selection.excludes(&now) {
                        continue;
                    }
                    if now != *path {
                        return Fate::Becomes(Key::Category(now));
                    }
                    goes = false;
                }
                if goes { Fate::Goes } else { Fate::Stays }
            }
        }
    }
}

/// What the settings make of a collection.
enum Fate {
    Stays,
    Becomes(Key),
    Goes,
}
