//! Files → readings, on all cores.

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{Error, members, places::Places};
use crate::{
    bytes::{UNKNOWN, fingerprint},
    catalog::{Key, Known},
    config::{Folder, Settings},
    cores::{WORKERS, unless_it_panics},
    post::{self, Code, Diagnostic, Level, Outcome, PostError, Reading, SourceFile},
    watch::{self, Kind, Stat},
};

/// A file is known by its [`Stat`] only if it was at least this old when it was looked at: a write within the same tick
/// of the file system's clock would not show.
pub const SETTLED: Duration = Duration::from_secs(2);

/// A post that ends in the middle of its front matter or of a tag may still be written for this long.
pub const UNFINISHED: Duration = Duration::from_secs(5);

/// Files that are read together, by all threads.
const TOGETHER: usize = 256;

/// So few are read by who asks for them: another thread would take as long to begin.
const FEW: usize = 8;

/// How many parts each thread may be ahead of the catalog, which writes now more and now less of each.
const AHEAD: usize = 8;

/// A file on its way from disk into the catalog.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    /// Boxed, since a first scan has a million of which nothing is known.
    pub(super) known: Option<Box<Known>>,
}

/// What reading a file came to.
pub(super) enum Taken {
    /// It is not there any more: to be looked at again, for it may have moved.
    Gone,
    /// It is not yet whole: to be looked at again.
    Later,
    /// The bytes are those of the last look.
    Same(Stat),
    /// It was read.
    Read {
        stat: Stat,
        content: [u8; 16],
        /// Without the text of the body: what the catalog is told of it is known.
        reading: Reading,
        /// Those that a post is in.
        collections: BTreeMap<Key, bool>,
    },
}

/// Whether a file can be known by its stat.
pub(super) fn is_settled(stat: Stat, now: DateTime<Utc>) -> bool {
    DateTime::from_timestamp_nanos(stat.modified) + SETTLED <= now
}

/// Reads the files of one folder.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) settings: &'a Settings,
    pub(super) places: &'a Places,
    pub(super) folder: &'a Folder,
    pub(super) now: DateTime<Utc>,
    /// Also files whose bytes are known are read as posts.
    pub(super) reread: bool,
}

impl Reader<'_> {
    /// Reads files on all cores and hands them on in their order. Asks for no more of them than are read next.
    pub(super) fn read_in_order(
        self,
        mut looks: impl Iterator<Item = Look>,
        stop: &AtomicBool,
        mut then: impl FnMut(Look, Taken) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let read_here = |looks: &mut dyn Iterator<Item = Look>,
                         then: &mut dyn FnMut(Look, Taken) -> Result<(), Error>| {
            for look in looks {
                let taken = self.take(&look);
                then(look, taken)?;
            }
            Ok(())
        };
        // Unless somebody is still looking for them, it is known how many there are.
        let most = looks.size_hint().1.unwrap_or(usize::MAX);
        if most <= FEW {
            return read_here(&mut looks, &mut then);
        }
        thread::scope(|scope| {
            let size = most.min(TOGETHER).div_ceil(*WORKERS);
            let readers: Vec<_> = (0..most.div_ceil(size).min(*WORKERS))
                .filter_map(|_| {
                    let (deal, parts) = mpsc::channel::<Vec<Look>>();
                    let (give, taken) = mpsc::channel();
                    let read = move |part: Vec<Look>| {
                        let taken: Vec<Taken> = part.iter().map(|look| self.take(look)).collect();
                        give.send((taken, part))
                    };
                    let work = move || parts.into_iter().try_for_each(read);
                    thread::Builder::new().name("read".into()).spawn_scoped(scope, work).ok()?;
                    Some((deal, taken))
                })
                .collect();
            if readers.is_empty() {
                return read_here(&mut looks, &mut then);
            }
            // In turn, so that what comes back in turn is in order.
            let mut deal = |turn: usize| {
                let part: Vec<Look> = looks.by_ref().take(size).collect();
                !part.is_empty() && readers[turn % readers.len()].0.send(part).is_ok()
            };
            let mut dealt = (0..AHEAD * readers.len()).take_while(|&turn| deal(turn)).count();
            for turn in 0.. {
                if turn == dealt || stop.load(Ordering::Relaxed) {
                    break;
                }
                let Ok((taken, part)) = readers[turn % readers.len()].1.recv() else { break };
                dealt += usize::from(deal(dealt));
                part.into_iter().zip(taken).try_for_each(|(look, taken)| then(look, taken))?;
            }
            Ok(())
        })
    }

    fn take(self, look: &Look) -> Taken {
        unless_it_panics(|| self.take_one(look)).unwrap_or_else(|| {
            odd("reading it fails within the program, which is a defect: please report it, with this file".into())
        })
    }

    fn take_one(self, look: &Look) -> Taken {
        let stat = match &look.kind {
            Kind::Gone => return Taken::Gone,
            Kind::Odd(message) => return odd(message.clone()),
            Kind::File(stat) => *stat,
        };
        let folder = self.folder;
        let (stat, bytes) = match watch::read(&folder.path.join(&look.path)) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Taken::Gone,
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                return rejected(stat, PostError::TooLarge { size: stat.size, limit: watch::LIMIT });
            }
            Err(error) => return odd(format!("cannot be read: {error}")),
        };
        let content = fingerprint(&bytes);
        if !self.reread && look.known.as_ref().is_some_and(|known| known.content == content) {
            return Taken::Same(stat);
        }
        let modified = DateTime::from_timestamp_nanos(stat.modified);
        let reading = post::read(&SourceFile { path: &look.path, bytes: &bytes, modified }, &folder.read);
        if modified + UNFINISHED > self.now && is_unfinished(&reading, &bytes) {
            return Taken::Later;
        }
        let mut reading = folder.admit(reading);
        let mut collections = BTreeMap::new();
        if let Outcome::Post(post) = &mut reading.outcome {
            collections = members::collections(self.settings, self.places, folder, post);
            post.body.text = String::new();
        }
        Taken::Read { stat, content, reading, collections }
    }
}

/// A file that stops where no author stops: its writer may not be done.
fn is_unfinished(reading: &Reading, bytes: &[u8]) -> bool {
    match &reading.outcome {
        Outcome::Rejected(error) => matches!(error, PostError::Unclosed { .. }),
        Outcome::Skipped => bytes.is_empty(),
        Outcome::LeftOut => false,
        Outcome::Post(post) => post.body.is_cut(),
    }
}

fn rejected(stat: Stat, error: PostError) -> Taken {
    let diagnostic = Diagnostic::from(&error);
    let reading = Reading { outcome: Outcome::Rejected(error), diagnostics: vec![diagnostic] };
    Taken::Read { stat, content: UNKNOWN, reading, collections: BTreeMap::new() }
}

fn odd(message: String) -> Taken {
    let diagnostic =
        Diagnostic { level: Level::Error, code: Code::Unreadable, line: None, column: None, message, help: None };
    let reading = Reading { outcome: Outcome::Skipped, diagnostics: vec![diagnostic] };
    let stat = Stat { size: 0, modified: 0, changed: 0, inode: 0 };
    Taken::Read { stat, content: UNKNOWN, reading, collections: BTreeMap::new() }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::config;

    #[test]
    fn no_more_files_are_asked_for_than_are_read_next() {
        let posts = tempfile::tempdir().unwrap();
        let settings = config::settings_at(posts.path());
        let (places, now, stop) = (Places::new(&settings), Utc::now(), AtomicBool::new(false));
        let reader = Reader { settings: &settings, places: &places, folder: &settings.folders[0], now, reread: false };
        for count in [0, 1, FEW, TOGETHER, 20 * TOGETHER] {
            // Who looks for them does not know how many there are.
            let (asked, mut done) = (Cell::new(0), 0);
            let looks = std::iter::from_fn(|| {
                let number = asked.replace(asked.get() + 1);
                let look = Look { path: format!("{number}.md").into(), kind: Kind::Odd(String::new()), known: None };
                (number < count).then_some(look)
            });

            let read = reader.read_in_order(looks.fuse(), &stop, |look, taken| {
                assert_eq!(look.path, PathBuf::from(format!("{done}.md")));
                assert!(matches!(taken, Taken::Read { .. }));
                done += 1;
                assert!(
                    asked.get() <= done + (AHEAD + 1) * (TOGETHER + *WORKERS),
                    "{done} of {count}: {}",
                    asked.get()
                );
                Ok(())
            });

            read.unwrap();
            assert_eq!(done, count);
        }
    }
}
