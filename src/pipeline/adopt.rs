//! What an earlier run left, under the settings of this one: the shelf as it was, and addresses that moved.

use std::collections::BTreeSet;

use super::{Error, Pipeline, places::Place, press::document};
use crate::{
    catalog::{Collection, Key},
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

    /// Follows addresses that the settings changed: the old one leads to the new one for ever.
    pub(super) fn follow_renames(&mut self) -> Result<(), Error> {
        let collections: Vec<Collection> = self.catalog.collections().into_iter().cloned().collect();
        let (mut moved, mut renamed, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
        for collection in collections {
            let Key::Category(path) = &collection.key else { continue };
            let target = self
                .settings
                .folders
                .iter()
                .map(|folder| folder.read.categories.renamed(path))
                .find(|new| new != path && !new.is_empty());
            let key = target.map_or_else(|| collection.key.clone(), Key::Category);
            let address = self.places.address(&Place::of(key.clone()));
            if collection.address.as_ref().is_some_and(|before| *before != address) {
                moved.extend(collection.address.clone().map(|before| (before, address.clone())));
            }
            if key == collection.key {
                renamed.push((key, address));
            } else {
                dropped.push(collection.key.clone());
            }
        }
        let gone: Vec<String> = self
            .catalog
            .stored_documents()?
            .into_iter()
            .map(|(path, _)| path)
            .filter(|path| moved.iter().any(|(old, _)| path.starts_with(old.as_str())))
            .collect();
        self.catalog.drop_documents(&gone, &moved)?;
        self.shelf.update(gone.iter().cloned().map(Change::Remove));
        renamed.iter().try_for_each(|(key, address)| self.catalog.set_address(key, address))?;
        dropped.iter().try_for_each(|key| self.catalog.drop_collection(key))?;
        if !gone.is_empty() {
            self.catalog.mark_all_dirty()?;
        }
        Ok(())
    }
}
