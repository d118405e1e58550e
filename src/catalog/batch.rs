//! One transaction of what was found in the folders.

mod members;
mod recognition;
mod tally;

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
};

use rusqlite::{Transaction, params};

use super::{
    Catalog, CatalogError, archive,
    collection::{Growth, Key, Names},
    identity, likeness,
    log::{self, Log},
    members::Member,
    mentions::{self, mention_name},
    row::{Row, State, only, select},
    search::{Indexed, TextIndex, Waiting},
    set_fact,
};
use crate::{
    bytes::{self, UNKNOWN},
    config::{Folder, Future},
    post::{Code, Diagnostic, Level, Outcome, Post, PublishedFrom, Reading, Visibility},
    watch::Stat,
};
use tally::Tally;

/// A file that was read.
#[derive(Debug)]
pub struct Seen<'a> {
    /// Below the folder.
    pub path: &'a Path,
    /// The file as it was when it was read.
    pub stat: Stat,
    /// It was old enough to be known by its [`Stat`] from now on.
    pub settled: bool,
    /// Digest of its bytes.
    pub content: [u8; 16],
    /// What was read.
    pub reading: &'a Reading,
    /// For a post, the collections that it is in; true where it is in the category itself, not in one below it.
    pub collections: BTreeMap<Key, bool>,
}

/// Whether nothing is at a path of a folder, by its name, any more, though it is not missed yet.
pub type IsGone<'a> = &'a dyn Fn(&str, &[u8]) -> bool;

/// What a batch did.
#[derive(Debug, Default)]
pub struct Effects {
    /// Collections whose documents may change; true where a post of the category itself changed.
    pub touched: BTreeMap<i64, bool>,
    /// What a person should be told: (path, remark).
    pub notes: Vec<(Vec<u8>, Diagnostic)>,
    /// Posts that became public.
    pub arrived: u64,
}

/// One transaction; dropped without [`Batch::commit`] it leaves no trace.
#[derive(Debug)]
pub struct Batch<'c> {
    pub(super) db: Transaction<'c>,
    pub(super) names: &'c mut Names,
    log: &'c mut Log,
    /// Rows that were written before it began.
    written_before: u64,
    keeps_pages: bool,
    pub(super) now: i64,
    effects: Effects,
    /// Written in key order, many at a time: inserting them as they come costs half as much again.
    members: Vec<Member>,
    /// The posts whose memberships these are.
    waiting: HashSet<i64>,
    growth: BTreeMap<i64, Growth>,
    pub(super) next_arrival: i64,
    arrival_before: i64,
    texts: TextIndex,
    pub(super) to_index: Waiting,
    tally: Tally,
    pub(super) others: Others,
    pub(super) former_folders: &'c [String],
    /// There are posts that name others.
    has_mentions: bool,
    /// By what others may name posts is written down.
    knows_names: bool,
    /// Since when a folder, by its name, is known whole.
    pub(super) known_since: Option<(String, Option<i64>)>,
}

/// What the catalog has besides posts that this batch found and whose ids come from their paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Others {
    /// Nothing: no row is at another path, nor has its id.
    None,
    /// Posts that are where they were seen last.
    Here,
    /// Posts that may not be: what is new may be one of them.
    Lost,
}

/// The part of a row that its entry is made of, after pins.
fn rendering(row: &Row, post: &Post) -> [u8; 16] {
    let mut parts = Vec::with_capacity(1024);
    parts.extend_from_slice(&post.written);
    let mut part = |text: &str| {
        parts.extend_from_slice(&text.len().to_le_bytes());
        parts.extend_from_slice(text.as_bytes());
    };
    part(&post.title);
    part(if post.body.markup == crate::post::Markup::Html { "html" } else { "markdown" });
    for text in [&row.link, &row.image, &row.id, &post.language, &post.excerpt] {
        part(text.as_deref().unwrap_or("\0"));
    }
    for list in [&post.tags, &post.authors].into_iter().chain(&post.categories) {
        part(&list.len().to_string());
        for name in list {
            part(name);
        }
    }
    for enclosure in &post.enclosures {
        part(&enclosure.url);
        part(&format!("{:?} {}", enclosure.length, enclosure.media_type));
    }
    part(&format!("{} {}", row.published, row.updated));
    bytes::fingerprint(&parts)
}

impl Catalog {
    /// Opens a batch. Seconds since the Unix epoch.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn batch(&mut self, now: i64) -> Result<Batch<'_>, CatalogError> {
        self.shorten_log()?;
        let next_arrival = self.fact("next_arrival")?.unwrap_or(1);
        let texts = self.text_index()?;
        // SQLite does not wait for the disk at the end of this one, and does again after it: see `Drop`.
        log::wait_at_commits(&self.db, &self.log, false)?;
        let db = self.db.transaction()?;
        let holds = |sql: &str| db.prepare_cached(sql)?.query_row([], |row| row.get::<_, bool>(0));
        let has_lost = "SELECT EXISTS (SELECT 1 FROM post WHERE NOT here) \
                        OR EXISTS (SELECT 1 FROM post WHERE missing IS NOT NULL)";
        let others = if !self.former_folders.is_empty() || holds(has_lost)? {
            Others::Lost
        } else if holds("SELECT EXISTS (SELECT 1 FROM post)")? {
            Others::Here
        } else {
            Others::None
        };
        let knows_names = mentions::knows_names(&db)?;
        // To name a post, one was asked for by its name.
        let has_mentions = knows_names && holds("SELECT EXISTS (SELECT 1 FROM mention)")?;
        Ok(Batch {
            written_before: db.total_changes(),
            db,
            log: &mut self.log,
            others,
            former_folders: &self.former_folders,
            has_mentions,
            knows_names,
            known_since: None,
            keeps_pages: self.keeps_pages,
            names: &mut self.collections,
            now,
            effects: Effects::default(),
            members: Vec::new(),
            waiting: HashSet::new(),
            growth: BTreeMap::new(),
            next_arrival,
            arrival_before: next_arrival,
            texts,
            to_index: Waiting::default(),
            tally: Tally::default(),
        })
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        self.names.undo();
        // How SQLite waits cannot be changed within a transaction. If that cannot be ended, the connection is done for.
        if !self.db.is_autocommit() {
            let _ = self.db.execute_batch("ROLLBACK");
        }
        let _ = log::wait_at_commits(&self.db, self.log, true);
    }
}

impl Batch<'_> {
    /// Makes it all true, and begins to make it durable: what follows from it is shown only after [`Catalog::make_durable`].
    ///
    /// # Errors
    /// When SQLite refuses; then nothing has happened.
    pub fn commit(mut self) -> Result<Effects, CatalogError> {
        self.flush_members()?;
        self.to_index.keep(&self.db)?;
        self.tally.keep(&self.db)?;
        let mut mark = self.db.prepare_cached("UPDATE collection SET dirty = dirty | ? WHERE collection = ?")?;
        for (collection, direct) in &self.effects.touched {
            mark.execute([if *direct { 3 } else { 1 }, *collection])?;
        }
        drop(mark);
        let mut grow = self.db.prepare_cached(
            "UPDATE collection SET size = size + ?, direct_size = direct_size + ? WHERE collection = ?",
        )?;
        for (collection, growth) in &self.growth {
            grow.execute([growth.size, growth.direct_size, *collection])?;
        }
        drop(grow);
        // What changes nothing writes nothing, and waits for no disk.
        if self.next_arrival != self.arrival_before {
            set_fact(&self.db, "next_arrival", self.next_arrival)?;
        }
        // The transaction cannot be moved out of a type with a destructor: it is committed in place.
        self.db.execute_batch("COMMIT")?;
        if self.db.total_changes() != self.written_before {
            self.log.sync_meanwhile();
        }
        self.names.keep();
        for (collection, growth) in &self.growth {
            self.names.grow(*collection, *growth);
        }
        Ok(std::mem::take(&mut self.effects))
    }

    /// Takes note of a file that was read; returns its row's number. `is_gone` is asked whether a post that this may be has left
    /// its place.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn see(&mut self, folder: &Folder, seen: &Seen<'_>, is_gone: IsGone<'_>) -> Result<i64, CatalogError> {
        let name = &folder.read.folder;
        let path = path_bytes(seen.path);
        let here = if self.others == Others::None {
            None
        } else {
            only(&self.db, "folder = ? AND path = ? AND here", params![name, path])?
        };
        let mut row = match (&seen.reading.outcome, here) {
            (Outcome::Post(post), here) => {
                let row = self.row_of(folder, seen, post, here, is_gone)?;
                return self.apply(folder, seen, post, row);
            }
            (Outcome::LeftOut, Some(row)) if row.id.is_some() => return self.leave_out(seen, row),
            // The last good version stays in the feeds.
            (_, Some(row)) => row,
            (_, None) => blank(name, path, self.now),
        };
        self.place(&mut row, seen);
        row.diagnostics = Some(seen.reading.diagnostics.clone());
        // A version that nobody was shown does not stay.
        if row.id.is_none() || matches!(row.state, State::Unseen | State::Scheduled) {
            (row.state, row.due) = match seen.reading.outcome {
                Outcome::Rejected(_) => (State::Rejected, None),
                _ => (State::Skipped, None),
            };
        }
        self.write(&mut row)?;
        Ok(row.post)
    }

    /// Withdraws a post that the configuration lets in no more.
    fn leave_out(&mut self, seen: &Seen<'_>, mut row: Row) -> Result<i64, CatalogError> {
        let before = row.clone();
        self.place(&mut row, seen);
        (row.state, row.due) = (State::Skipped, None);
        row.diagnostics = Some(seen.reading.diagnostics.clone());
        self.write_public(&before, &mut row, true)?;
        Ok(row.post)
    }

    /// Takes note of a known file whose bytes are what they were.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn same(&mut self, post: i64, stat: Stat, settled: bool) -> Result<(), CatalogError> {
        self.db
            .prepare_cached(
                "UPDATE post SET size = ?2, modified = ?3, changed = ?4, inode = ?5, settled = ?6, missing = NULL, \
                 together = 0 WHERE post = ?1",
            )?
            .execute(params![post, stat.size, stat.modified, stat.changed, stat.inode.cast_signed(), settled])?;
        Ok(())
    }

    /// Takes note of a file that is back with the bytes that it had.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn back(&mut self, post: i64, stat: Stat, settled: bool) -> Result<(), CatalogError> {
        self.same(post, stat, settled)?;
        self.touch_unrendered(post)
    }

    /// Lets a post be rendered that could not be when its feeds were made last.
    fn touch_unrendered(&mut self, post: i64) -> Result<(), CatalogError> {
        let rendered: bool = self
            .db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM entry WHERE post = ? AND version <> ?)")?
            .query_row(params![post, UNKNOWN], |row| row.get(0))?;
        match only(&self.db, "post = ?", [post])? {
            Some(row) if !rendered && row.is_public() => self.touch(&row),
            _ => Ok(()),
        }
    }

    /// Writes what a post says into its row.
    fn apply(&mut self, folder: &Folder, seen: &Seen<'_>, post: &Post, mut row: Row) -> Result<i64, CatalogError> {
        let known = row.post != 0;
        let before = row.clone();
        self.place(&mut row, seen);
        row.folder.clone_from(&folder.read.folder);
        row.path = path_bytes(seen.path).to_vec();
        row.here = true;
        row.gone = None;

        if !known || !identity::keeps_date(&before, post, folder.volatile.date) {
            row.published = post.published.at.timestamp();
            row.dated_from = post.published.from;
        }
        let modified = seen.stat.modified.div_euclid(1_000_000_000);
        row.updated = identity::updated(known.then_some(&before), post, row.published, modified);
        let keeps_image = known && row.pinned && folder.volatile.image && !identity::is_edited(&row, post);
        if !keeps_image {
            row.image.clone_from(&post.image);
        }
        row.pinned = true;
        row.digest = post.digest;
        row.title.clone_from(&post.title);
        row.link.clone_from(&post.link);
        row.expires = post.expires.map(|at| at.timestamp());
        row.rendering = rendering(&row, post);
        self.settle_state(folder, &before, &mut row, post.visibility)?;
        row.members.clear();
        // Nobody is told what a draft is about.
        for (key, direct) in seen.collections.iter().filter(|_| row.state != State::Draft) {
            row.members.push((self.names.number(&self.db, key, *direct)?, *direct));
        }
        row.diagnostics = held_back(&row, post, &seen.reading.diagnostics);

        self.write_public(&before, &mut row, known)?;
        Ok(row.post)
    }

    /// Decides what a row stands for now. Until a folder was scanned whole, nothing of it is shown that was not.
    fn settle_state(
        &mut self,
        folder: &Folder,
        before: &Row,
        row: &mut Row,
        visibility: Visibility,
    ) -> Result<(), CatalogError> {
        (row.state, row.due) = self.state(folder, row, visibility);
        if row.state == State::Published && !before.is_public() && self.is_unseen(&folder.read.folder)? {
            row.state = State::Unseen;
        }
        Ok(())
    }

    /// Decides between published, scheduled and draft, and when that changes by itself.
    pub(super) fn state(&self, folder: &Folder, row: &Row, visibility: Visibility) -> (State, Option<i64>) {
        let expired = row.expires.is_some_and(|at| at <= self.now);
        if visibility != Visibility::Public || expired {
            (State::Draft, None)
        } else if folder.future == Future::Hold && row.published > self.now {
            (State::Scheduled, Some(row.published))
        } else {
            (State::Published, row.expires)
        }
    }

    /// Writes a row, and counts it.
    pub(super) fn write(&mut self, row: &mut Row) -> rusqlite::Result<()> {
        row.write(&self.db)?;
        if self.knows_names {
            mentions::call(&self.db, row.post, &row.path)?;
        }
        self.tally.count(&self.db, row)
    }

    /// Writes a row, and its memberships where they changed.
    pub(super) fn write_public(&mut self, before: &Row, row: &mut Row, known: bool) -> Result<(), CatalogError> {
        self.give_arrival(row)?;
        self.write(row)?;
        self.follow(before, row, known)
    }

    /// Brings everything in step with a row that was written.
    pub(super) fn follow(&mut self, before: &Row, row: &Row, known: bool) -> Result<(), CatalogError> {
        let was = known && before.is_public();
        let indexed = Indexed { all: self.names.all(), texts: self.texts };
        self.to_index.follow(&self.db, known.then_some(before), row, indexed)?;
        let others = likeness::follow(&self.db, self.names, row)?;
        self.touch_pages(&others)?;
        let same_place = was
            && row.is_public()
            && before.published == row.published
            && before.members == row.members
            && before.arrival == row.arrival;
        // Who may read it shows in its collections.
        let as_before = (&before.title, &before.link, &before.path, &before.members);
        if was != row.is_public() || as_before != (&row.title, &row.link, &row.path, &row.members) {
            self.touch_mentioning(&[&before.path, &row.path])?;
        }
        if same_place && before.rendering == row.rendering {
            if before.missing.is_some() || before.diagnostics.is_some() {
                self.touch_unrendered(row.post)?;
            }
            return Ok(());
        }
        if known && before.rendering != row.rendering {
            // A file that is being rewritten just then must not take the entry away.
            self.outdate(row.post)?;
        }
        if was {
            self.touch(before)?;
        }
        if row.is_public() {
            self.touch(row)?;
            self.effects.arrived += u64::from(!was);
        }
        if !same_place {
            if was {
                self.remove_members(before)?;
            }
            if row.is_public() {
                self.add_members(row)?;
            }
        }
        Ok(())
    }

    pub(super) fn touch(&mut self, row: &Row) -> Result<(), CatalogError> {
        for (collection, direct) in &row.members {
            *self.effects.touched.entry(*collection).or_default() |= direct;
        }
        self.touch_pages(&[row.post])
    }

    /// Lets the archive pages be made anew that posts are on.
    pub(super) fn touch_pages(&self, posts: &[i64]) -> Result<(), CatalogError> {
        if self.keeps_pages {
            posts.iter().try_for_each(|post| archive::mark(&self.db, *post))?;
        }
        Ok(())
    }

    /// Lets the entry of a post be made anew when it is shown next. It is kept until then.
    pub(super) fn outdate(&self, post: i64) -> Result<(), CatalogError> {
        self.db.prepare_cached("UPDATE entry SET version = ? WHERE post = ?")?.execute(params![UNKNOWN, post])?;
        Ok(())
    }

    /// Lets the entries be made anew that show the title or link of posts at these paths.
    pub(super) fn touch_mentioning(&mut self, paths: &[&[u8]]) -> Result<(), CatalogError> {
        if !self.has_mentions {
            return Ok(());
        }
        let names: Vec<String> = paths.iter().map(|path| mention_name(path)).collect();
        for row in mentions::mentioning(&self.db, &names)? {
            self.outdate(row.post)?;
            self.touch(&row)?;
        }
        Ok(())
    }

    /// A file was found where the row says.
    #[expect(clippy::unused_self, reason = "one verb among the batch's verbs")]
    fn place(&self, row: &mut Row, seen: &Seen<'_>) {
        row.stat = seen.stat;
        row.settled = seen.settled;
        row.content = seen.content;
        row.missing = None;
        row.together = false;
    }

    /// Publishes what was scheduled until now, and withdraws what expired.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn release(&mut self, folders: &[Folder]) -> Result<(), CatalogError> {
        for before in select(&self.db, "due IS NOT NULL AND due <= ? AND gone IS NULL", [self.now])? {
            let Some(folder) = folders.iter().find(|folder| folder.read.folder == before.folder) else {
                // Its folder is no more, and it would stay due until a scan is at its end.
                self.bury(before)?;
                continue;
            };
            let mut row = before.clone();
            self.settle_state(folder, &before, &mut row, Visibility::Public)?;
            row.diagnostics = None;
            self.write_public(&before, &mut row, true)?;
        }
        Ok(())
    }

    /// Lets the next look take the date and picture of a post afresh. False if there is none at that path.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn refresh(&mut self, folder: &Folder, path: &Path) -> Result<bool, CatalogError> {
        let changed = self
            .db
            .prepare_cached(
                "UPDATE post SET pinned = 0, content = ?, settled = 0 WHERE folder = ? AND path = ? AND here",
            )?
            .execute(params![UNKNOWN, folder.read.folder, path_bytes(path)])?;
        Ok(changed > 0)
    }

    fn note_duplicate(&mut self, path: &[u8], other: &Row) {
        let message = format!("another post has the same id: {}", String::from_utf8_lossy(&other.path));
        let help = String::from("give each post an id of its own; until then this one is known by its path");
        self.effects.notes.push((
            path.to_vec(),
            Diagnostic {
                level: Level::Warning,
                code: Code::DuplicateId,
                line: None,
                column: None,
                message,
                help: Some(help),
            },
        ));
    }
}

/// A row that nothing is known of yet.
fn blank(folder: &str, path: &[u8], now: i64) -> Row {
    Row {
        post: 0,
        folder: folder.to_owned(),
        path: path.to_vec(),
        here: true,
        stat: Stat { size: 0, modified: 0, changed: 0, inode: 0 },
        settled: false,
        content: UNKNOWN,
        state: State::Rejected,
        missing: None,
        together: false,
        gone: None,
        id: None,
        first_seen: now,
        arrival: None,
        published: 0,
        dated_from: PublishedFrom::FileTime,
        updated: 0,
        expires: None,
        due: None,
        pinned: true,
        digest: UNKNOWN,
        rendering: UNKNOWN,
        title: String::new(),
        link: None,
        image: None,
        members: Vec::new(),
        diagnostics: None,
    }
}

/// What `/status.json` says of a post that is read well and not in the feeds: when a scheduled one comes.
fn held_back(row: &Row, post: &Post, diagnostics: &[Diagnostic]) -> Option<Vec<Diagnostic>> {
    (row.state == State::Scheduled).then(|| {
        let message = format!("held until {}", post.published.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        let held =
            Diagnostic { level: Level::Info, code: Code::Scheduled, line: None, column: None, message, help: None };
        diagnostics.iter().cloned().chain([held]).collect()
    })
}

pub(super) fn path_bytes(path: &Path) -> &[u8] {
    std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str())
}
