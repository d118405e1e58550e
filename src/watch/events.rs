//! What notify says → what it means for us. Translated once, here.

use std::path::PathBuf;

use notify::{
    Event, EventKind,
    event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode},
};

/// What an event means for a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// It is whole: closed, renamed into place, or its rights or times changed.
    Settled(PathBuf),
    /// It has appeared; more may follow, or not, as for a link.
    Created(PathBuf),
    /// It is being written.
    Writing(PathBuf),
    /// It is not there any more.
    Removed(PathBuf),
    /// Events were lost.
    Lost,
}

/// Translates one event; most are nothing to us, our own reads above all.
pub(super) fn marks(event: notify::Result<Event>) -> Vec<Mark> {
    let event = match event {
        Ok(event) => event,
        Err(error) => {
            tracing::debug!("the watcher reports: {error}");
            return vec![Mark::Lost];
        }
    };
    if event.need_rescan() {
        return vec![Mark::Lost];
    }
    let mark: fn(PathBuf) -> Mark = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(RenameMode::To) | ModifyKind::Metadata(_))
        | EventKind::Create(CreateKind::Folder) => Mark::Settled,
        EventKind::Create(_) => Mark::Created,
        EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Any) => Mark::Writing,
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) | EventKind::Remove(_) => Mark::Removed,
        // Said a second time, after `From` and `To`.
        _ => return Vec::new(),
    };
    event.paths.into_iter().map(mark).collect()
}

#[cfg(test)]
mod tests {
    use notify::event::{DataChange, Flag, MetadataKind, RemoveKind};

    use super::*;

    #[test]
    fn foreign_events() {
        let path = || PathBuf::from("/x/a.md");
        for (kind, expected) in [
            (EventKind::Access(AccessKind::Close(AccessMode::Write)), vec![Mark::Settled(path())]),
            (EventKind::Access(AccessKind::Close(AccessMode::Read)), vec![]),
            (EventKind::Access(AccessKind::Open(AccessMode::Any)), vec![]),
            (EventKind::Create(CreateKind::File), vec![Mark::Created(path())]),
            (EventKind::Create(CreateKind::Folder), vec![Mark::Settled(path())]),
            (EventKind::Modify(ModifyKind::Data(DataChange::Any)), vec![Mark::Writing(path())]),
            (EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), vec![Mark::Settled(path())]),
            (EventKind::Modify(ModifyKind::Name(RenameMode::From)), vec![Mark::Removed(path())]),
            (EventKind::Modify(ModifyKind::Name(RenameMode::To)), vec![Mark::Settled(path())]),
            (EventKind::Modify(ModifyKind::Name(RenameMode::Both)), vec![]),
            (EventKind::Remove(RemoveKind::File), vec![Mark::Removed(path())]),
        ] {
            assert_eq!(marks(Ok(Event::new(kind).add_path(path()))), expected, "{kind:?}");
        }
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!(marks(Ok(overflow)), [Mark::Lost]);
    }
}
