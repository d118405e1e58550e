//! notify's events → our own: one small closed enum, translated in one place. Never touches the disk.

use std::path::PathBuf;

use notify::event::{AccessKind, AccessMode, CreateKind, EventKind, Flag, ModifyKind, RemoveKind, RenameMode};

/// What happened to one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A name was made: by opening for writing, by a hard or symbolic link, or a named pipe.
    Made,
    /// A folder was made.
    FolderMade,
    /// Bytes were written; whoever writes may not be done.
    Written,
    /// A writer closed it.
    Closed,
    /// Something was renamed to this name: a file or a folder, notify does not say.
    Arrived,
    /// Something was renamed from this name: a file or a folder.
    Left,
    /// A file was removed.
    Removed,
    /// A folder was removed.
    FolderRemoved,
    /// Times, owner or mode changed, of a file or a folder.
    Touched,
}

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Something happened to a path.
    At(PathBuf, What),
    /// Events were lost.
    Lost,
}

/// Translates; `None` for what says nothing new, such as our own reading.
pub(super) fn translate(event: notify::Result<notify::Event>) -> Option<Event> {
    let Ok(event) = event else { return Some(Event::Lost) };
    if event.attrs.flag() == Some(Flag::Rescan) {
        return Some(Event::Lost);
    }
    let what = match event.kind {
        EventKind::Create(CreateKind::Folder) => What::FolderMade,
        EventKind::Create(_) => What::Made,
        EventKind::Modify(ModifyKind::Data(_)) => What::Written,
        EventKind::Modify(ModifyKind::Metadata(_)) => What::Touched,
        EventKind::Modify(ModifyKind::Name(RenameMode::To)) => What::Arrived,
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) => What::Left,
        EventKind::Remove(RemoveKind::Folder) => What::FolderRemoved,
        EventKind::Remove(_) => What::Removed,
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => What::Closed,
        // Opening and reading, which we do ourselves; and the `Both` that follows each `From` and `To`.
        EventKind::Access(_) | EventKind::Modify(_) | EventKind::Any | EventKind::Other => return None,
    };
    Some(Event::At(event.paths.into_iter().next()?, what))
}

#[cfg(test)]
mod tests {
    use notify::event::{DataChange, MetadataKind};

    use super::*;

    #[test]
    fn each_foreign_event_has_one_meaning() {
        let check = |kind: EventKind, expected: Option<What>| {
            let event = notify::Event::new(kind).add_path("/p/a.md".into());
            assert_eq!(translate(Ok(event)), expected.map(|what| Event::At("/p/a.md".into(), what)), "{kind:?}");
        };

        check(EventKind::Create(CreateKind::File), Some(What::Made));
        check(EventKind::Create(CreateKind::Folder), Some(What::FolderMade));
        check(EventKind::Modify(ModifyKind::Data(DataChange::Any)), Some(What::Written));
        check(EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), Some(What::Touched));
        check(EventKind::Modify(ModifyKind::Name(RenameMode::To)), Some(What::Arrived));
        check(EventKind::Modify(ModifyKind::Name(RenameMode::From)), Some(What::Left));
        check(EventKind::Modify(ModifyKind::Name(RenameMode::Both)), None);
        check(EventKind::Remove(RemoveKind::File), Some(What::Removed));
        check(EventKind::Remove(RemoveKind::Other), Some(What::Removed));
        check(EventKind::Remove(RemoveKind::Folder), Some(What::FolderRemoved));
        check(EventKind::Access(AccessKind::Close(AccessMode::Write)), Some(What::Closed));
        check(EventKind::Access(AccessKind::Close(AccessMode::Read)), None);
        check(EventKind::Access(AccessKind::Open(AccessMode::Any)), None);
        check(EventKind::Access(AccessKind::Read), None);
        check(EventKind::Any, None);
        check(EventKind::Other, None);
    }

    #[test]
    fn lost_events_are_told_however_they_arrive() {
        let overflow = notify::Event::new(EventKind::Other).set_flag(Flag::Rescan);

        assert_eq!(translate(Ok(overflow)), Some(Event::Lost));
        assert_eq!(translate(Err(notify::Error::generic("read failed"))), Some(Event::Lost));
        assert_eq!(translate(Ok(notify::Event::new(EventKind::Create(CreateKind::File)))), None, "no path");
    }
}
