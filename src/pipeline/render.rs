//! Post files → rendered entries, on all cores.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::Path,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
};

use chrono::DateTime;

use super::{Error, Pipeline, entry, media, places::Places};
use crate::{
    bytes::fingerprint,
    catalog::{Row, StoredEntry},
    config::Settings,
    cores::{WORKERS, unless_it_panics},
    post::{
        self, Outcome, SourceFile,
        body::{self, Target},
    },
    watch,
};

/// So many are rendered by who asks for them: another thread would take as long to begin.
const FEW: usize = 4;

/// Entries rendered in this pass, by post.
pub(super) type Fresh = HashMap<i64, StoredEntry>;

/// What came of rendering some posts.
#[derive(Default)]
pub(super) struct Rendered {
    pub(super) fresh: Fresh,
    /// Posts whose files could not be read just now, or changed since they were seen: whatever shows them is to be made
    /// again.
    pub(super) later: BTreeSet<i64>,
}

/// Posts that are being rendered, on all cores.
pub(super) struct Rendering {
    rows: Arc<Vec<Row>>,
    /// Those who do it; nobody where there are so few that [`Pipeline::end_rendering`] does.
    parts: Vec<JoinHandle<Vec<(i64, StoredEntry)>>>,
    questions: mpsc::Receiver<Question>,
}

impl Pipeline {
    /// Renders entries, on all cores. A post whose file is gone, or known as unreadable, is left out: its return is noticed.
    pub(super) fn render(&self, posts: &BTreeSet<i64>) -> Result<Rendered, Error> {
        Ok(self.end_rendering(self.begin_rendering(posts)?))
    }

    /// Begins to do so, while this thread goes on.
    pub(super) fn begin_rendering(&self, posts: &BTreeSet<i64>) -> Result<Rendering, Error> {
        let mut rows = Vec::with_capacity(posts.len());
        for post in posts {
            rows.extend(self.catalog.row(*post)?.filter(|row| row.missing.is_none()));
        }
        let rows = Arc::new(rows);
        // The catalog cannot be asked from several threads, so those that render ask this one.
        let (ask, questions) = mpsc::channel::<Question>();
        let mut parts = Vec::new();
        if rows.len() > FEW {
            let share = rows.len().div_ceil(*WORKERS);
            for from in (0..rows.len()).step_by(share) {
                let (rows, ask) = (Arc::clone(&rows), ask.clone());
                let (settings, places, version) = (Arc::clone(&self.settings), Arc::clone(&self.places), self.version);
                let work = move || {
                    let render = |row: &Row| {
                        let find = |name: &str| {
                            let (reply, answer) = mpsc::channel();
                            ask.send(Question { folder: row.folder.clone(), name: name.to_owned(), reply }).ok()?;
                            answer.recv().ok()?
                        };
                        unless_it_fails(row, || entry_of(row, &settings, &places, version, &find))
                    };
                    rows.iter().skip(from).take(share).filter_map(render).collect()
                };
                // What nobody could be found for is rendered with the next scan, or, if it is all, below.
                parts.extend(thread::Builder::new().name("render".into()).spawn(work));
            }
        }
        Ok(Rendering { rows, parts, questions })
    }

    /// Waits until all are rendered.
    pub(super) fn end_rendering(&self, Rendering { rows, parts, questions }: Rendering) -> Rendered {
        let fresh: Fresh = if parts.is_empty() {
            let render = |row: &Row| {
                let find = |name: &str| self.mentioned(&row.folder, name);
                unless_it_fails(row, || entry_of(row, &self.settings, &self.places, self.version, &find))
            };
            rows.iter().filter_map(render).collect()
        } else {
            for Question { folder, name, reply } in questions {
                // Whoever asked is gone only if it panicked.
                let _ = reply.send(self.mentioned(&folder, &name));
            }
            parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
        };
        let configured = |row: &Row| self.settings.folder(&row.folder).is_some();
        let later: BTreeSet<i64> = rows
            .iter()
            .filter(|row| !fresh.contains_key(&row.post) && row.diagnostics.is_none() && configured(row))
            .map(|row| row.post)
            .collect();
        if !later.is_empty() {
            self.unrendered.set(true);
        }
        Rendered { fresh, later }
    }
}

/// A thread that renders asks for a post by its name.
struct Question {
    folder: String,
    name: String,
    reply: mpsc::Sender<Option<Target>>,
}

/// The entry of a post, unless there is none, or a library panics on it.
fn unless_it_fails(row: &Row, render: impl FnOnce() -> Option<StoredEntry>) -> Option<(i64, StoredEntry)> {
    let entry = unless_it_panics(render).unwrap_or_else(|| {
        let path = String::from_utf8_lossy(&row.path);
        tracing::error!(
            "{path}: rendering it fails within the program, which is a defect: please report it, with this file"
        );
        None
    })?;
    Some((row.post, entry))
}

/// Reads a post again and renders it.
fn entry_of(
    row: &Row,
    settings: &Settings,
    places: &Places,
    version: [u8; 16],
    find: &dyn Fn(&str) -> Option<Target>,
) -> Option<StoredEntry> {
    let folder = settings.folder(&row.folder)?;
    let path = Path::new(OsStr::from_bytes(&row.path));
    let (stat, bytes) = watch::read(&folder.path.join(path)).ok()?;
    if fingerprint(&bytes) != row.content {
        return None;
    }
    let modified = DateTime::from_timestamp_nanos(stat.modified);
    let reading = post::read(&SourceFile { path, bytes: &bytes, modified }, &folder.read);
    let Outcome::Post(mut post) = reading.outcome else { return None };
    let bases = folder.bases(row.link.as_deref());
    let mentions = RefCell::new(BTreeSet::new());
    let lookup = |name: &str| {
        mentions.borrow_mut().insert(name.rsplit('/').next().unwrap_or(name).to_owned());
        find(name)
    };
    let rendered = body::render(&post.body, &bases, Some(&lookup));
    let mut measured = Vec::new();
    for file in post.enclosures.iter_mut().filter(|file| file.length.is_none()) {
        if let Some(places) = media::places(folder, path, &file.url) {
            file.length = media::length(&places);
            measured.push((file.url.clone(), file.length));
        }
    }
    let fragments = entry::entry(row, &post, rendered, places, settings.content).fragments();
    let mentions = mentions.into_inner().into_iter().collect();
    Some(StoredEntry::new(version, fragments, mentions, measured))
}
