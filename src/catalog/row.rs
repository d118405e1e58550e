//! One row of the catalog: a post, or a file that looks like one.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Catalog, CatalogError, insert::Insert};
use crate::{
    post::{Code, Diagnostic, Level, PublishedFrom},
    watch::Stat,
};

/// What a row stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// In the feeds.
    Published,
    /// Public, once its time has come.
    Scheduled,
    /// Public, once all of its folder was read for the first time.
    Unseen,
    /// Not public.
    Draft,
    /// Meant to be a post, unreadable.
    Rejected,
    /// Looks like a post by its name and is none.
    Skipped,
}

impl State {
    const ALL: [Self; 6] = [Self::Published, Self::Scheduled, Self::Unseen, Self::Draft, Self::Rejected, Self::Skipped];

    /// The word for it in the catalog, in `check` and in `/status.json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Scheduled => "scheduled",
            Self::Unseen => "unseen",
            Self::Draft => "draft",
            Self::Rejected => "rejected",
            Self::Skipped => "skipped",
        }
    }

    fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.name() == name).unwrap_or(Self::Rejected)
    }
}

/// A row as it is kept. Times are seconds since the Unix epoch.
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own")]
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number, for as long as the catalog lives.
    pub post: i64,
    /// The posts folder's name.
    pub folder: String,
    /// Below the folder, raw bytes.
    pub path: Vec<u8>,
    /// The row speaks for this path.
    pub here: bool,
    /// The file at the last look.
    pub stat: Stat,
    /// The file was old enough at the last look to be known by its [`Stat`].
    pub settled: bool,
    /// Digest of the file's bytes.
    pub content: [u8; 16],
    /// What it stands for.
    pub state: State,
    /// Since when the file is not there.
    pub missing: Option<i64>,
    /// It went missing with many others.
    pub together: bool,
    /// A tombstone since.
    pub gone: Option<i64>,
    /// Absent for files that never were a post.
    pub id: Option<String>,
    /// When the file was first seen.
    pub first_seen: i64,
    /// A count, given when the post first becomes public; 0 in its folder's first scan.
    pub arrival: Option<i64>,
    /// The pinned publication time.
    pub published: i64,
    /// Where `published` was found.
    pub dated_from: PublishedFrom,
    /// Time of the last significant edit.
    pub updated: i64,
    /// When it stops being public.
    pub expires: Option<i64>,
    /// When its state changes by itself.
    pub due: Option<i64>,
    /// Date and picture are kept over rewrites.
    pub pinned: bool,
    /// Significant digest.
    pub digest: [u8; 16],
    /// Digest of all that its entry is made of.
    pub rendering: [u8; 16],
    /// Plain text.
    pub title: String,
    /// The post's own address.
    pub link: Option<String>,
    /// The pinned picture.
    pub image: Option<String>,
    /// Its collections while it is public; true where it is in the category itself, not in one below it.
    pub members: Vec<(i64, bool)>,
    /// Why the file as it stands is not in the feeds.
    pub diagnostics: Option<Vec<Diagnostic>>,
}

/// What a scan needs to know a file unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The row's number.
    pub post: i64,
    /// The file at the last look.
    pub stat: Stat,
    /// See [`Row::settled`].
    pub settled: bool,
    /// Whether the file was missing.
    pub missing: bool,
    /// Digest of the bytes at the last look.
    pub content: [u8; 16],
}

/// A file that is not in the feeds though it lies in the folder and looks like a post.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Problem {
    /// Below its folder.
    pub path: String,
    /// What the file is now; its last good version may still be in the feeds.
    pub status: State,
    /// Why, and the cure.
    pub diagnostics: Vec<Diagnostic>,
}

impl Problem {
    /// What kind of remark says why.
    #[must_use]
    pub fn cause(&self) -> Option<Code> {
        let worst = self.diagnostics.iter().find(|one| one.level == Level::Error).or(self.diagnostics.last())?;
        Some(worst.code)
    }
}

/// How many rows stand for what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[expect(missing_docs, reason = "each is the number of rows in the state of its name")]
pub struct Counts {
    pub published: u64,
    pub draft: u64,
    pub scheduled: u64,
    pub rejected: u64,
    pub skipped: u64,
    /// Published, though the file is missing.
    pub kept: u64,
}

/// All but the number.
macro_rules! columns {
    () => {
        "folder, path, here, size, modified, changed, inode, settled, content, state, missing, together, gone, id, \
         first_seen, arrival, published, dated_from, updated, expires, due, pinned, digest, rendering, link, image, \
         members, diagnostics, title"
    };
}

/// Their values.
macro_rules! values {
    () => {
        "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, \
         ?26, ?27, ?28, ?29, ?30"
    };
}

const COLUMNS: &str = columns!();

/// The number of a new row is SQLite's to give: a statement that states it could fail half-way.
const NEW: Insert = Insert {
    or_fail: concat!("INSERT OR FAIL INTO post (", columns!(), ") VALUES (", values!(), ")"),
    or_replace: concat!("INSERT OR REPLACE INTO post (", columns!(), ") VALUES (", values!(), ")"),
};
const KNOWN: &str = concat!("INSERT OR REPLACE INTO post (post, ", columns!(), ") VALUES (?1, ", values!(), ")");

fn dated_from_name(from: PublishedFrom) -> &'static str {
    match from {
        PublishedFrom::FrontMatter => "front-matter",
        PublishedFrom::FileName => "file-name",
        PublishedFrom::FileTime => "file-time",
    }
}

fn dated_from(name: &str) -> PublishedFrom {
    match name {
        "front-matter" => PublishedFrom::FrontMatter,
        "file-name" => PublishedFrom::FileName,
        _ => PublishedFrom::FileTime,
    }
}

fn stat_at(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Stat> {
    Ok(Stat {
        size: row.get(first)?,
        modified: row.get(first + 1)?,
        changed: row.get(first + 2)?,
        // SQLite's integers are signed: the bits are kept, not the value.
        inode: row.get::<_, i64>(first + 3)?.cast_unsigned(),
    })
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error)))
}

fn to_json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

impl Row {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            post: row.get(0)?,
            folder: row.get(1)?,
            path: row.get(2)?,
            here: row.get(3)?,
            stat: stat_at(row, 4)?,
            settled: row.get(8)?,
            content: row.get(9)?,
            state: State::named(row.get_ref(10)?.as_str()?),
            missing: row.get(11)?,
            together: row.get(12)?,
            gone: row.get(13)?,
            id: row.get(14)?,
            first_seen: row.get(15)?,
            arrival: row.get(16)?,
            published: row.get(17)?,
            dated_from: dated_from(row.get_ref(18)?.as_str()?),
            updated: row.get(19)?,
            expires: row.get(20)?,
            due: row.get(21)?,
            pinned: row.get(22)?,
            digest: row.get(23)?,
            rendering: row.get(24)?,
            link: row.get(25)?,
            image: row.get(26)?,
            members: json(row.get_ref(27)?.as_str()?)?,
            diagnostics: row.get_ref(28)?.as_str_or_null()?.map(json).transpose()?,
            title: row.get(29)?,
        })
    }

    /// Whether its entry is in the feeds.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.gone.is_none() && self.state == State::Published
    }

    /// Writes the row; a `post` of 0 is a new row and gets its number. It is counted by [`super::Batch::write`].
    pub(super) fn write(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let number = (self.post != 0).then_some(self.post);
        let values = params![
            number,
            self.folder,
            self.path,
            self.here,
            self.stat.size,
            self.stat.modified,
            self.stat.changed,
            self.stat.inode.cast_signed(),
            self.settled,
            self.content,
            self.state.name(),
            self.missing,
            self.together,
            self.gone,
            self.id,
            self.first_seen,
            self.arrival,
            self.published,
            dated_from_name(self.dated_from),
            self.updated,
            self.expires,
            self.due,
            self.pinned,
            self.digest,
            self.rendering,
            self.link,
            self.image,
            to_json(&self.members)?,
            self.diagnostics.as_ref().map(to_json).transpose()?,
            self.title,
        ];
        if number.is_some() {
            db.prepare_cached(KNOWN)?.execute(values)?;
        } else {
            NEW.put(db, values)?;
            self.post = db.last_insert_rowid();
        }
        Ok(())
    }
}

/// The rows that a condition over the table `post` selects, by number.
pub(super) fn select(db: &Connection, condition: &str, values: impl rusqlite::Params) -> rusqlite::Result<Vec<Row>> {
    let mut statement = db.prepare_cached(&selection(condition))?;
    let mut rows: Vec<Row> = statement.query_map(values, Row::read)?.collect::<rusqlite::Result<_>>()?;
    rows.sort_unstable_by_key(|row| row.post);
    Ok(rows)
}

/// The statement of [`select`]. In no order: for that of the table, SQLite looks at all of it.
pub(super) fn selection(condition: &str) -> String {
    format!("SELECT post, {COLUMNS} FROM post WHERE {condition}")
}

/// The row that a condition selects, if it is just one.
pub(super) fn only(db: &Connection, condition: &str, values: impl rusqlite::Params) -> rusqlite::Result<Option<Row>> {
    let mut statement = db.prepare_cached(&format!("SELECT post, {COLUMNS} FROM post WHERE {condition} LIMIT 2"))?;
    let mut rows: Vec<Row> = statement.query_map(values, Row::read)?.collect::<rusqlite::Result<_>>()?;
    Ok(if rows.len() == 1 { rows.pop() } else { None })
}

impl Catalog {
    /// The row that speaks for a path.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn at(&self, folder: &str, path: &[u8]) -> Result<Option<Row>, CatalogError> {
        Ok(only(&self.db, "folder = ? AND path = ? AND here", params![folder, path])?)
    }

    /// A row by its number.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn row(&self, post: i64) -> Result<Option<Row>, CatalogError> {
        Ok(only(&self.db, "post = ?", [post])?)
    }

    /// The row of an id.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn by_id(&self, id: &str) -> Result<Option<Row>, CatalogError> {
        Ok(only(&self.db, "id = ?", [id])?)
    }

    /// What is known of one file.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn known(&self, folder: &str, path: &[u8]) -> Result<Option<Known>, CatalogError> {
        let mut statement = self.db.prepare_cached(
            "SELECT size, modified, changed, inode, post, settled, missing IS NOT NULL, content FROM post \
             WHERE folder = ? AND path = ? AND here",
        )?;
        Ok(statement.query_row(params![folder, path], |row| known_at(row, 0)).optional()?)
    }

    /// How many rows stand for what.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn counts(&self) -> Result<Counts, CatalogError> {
        let mut counts = Counts::default();
        let mut statement =
            self.db.prepare_cached("SELECT state, missing, SUM(posts) FROM tally GROUP BY state, missing")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (missing, count): (bool, u64) = (row.get(1)?, row.get(2)?);
            let state = State::named(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?);
            if missing && state == State::Published {
                counts.kept += count;
            }
            *match state {
                State::Published => &mut counts.published,
                State::Scheduled => &mut counts.scheduled,
                State::Draft => &mut counts.draft,
                State::Rejected => &mut counts.rejected,
                State::Skipped => &mut counts.skipped,
                State::Unseen => continue,
            } += count;
        }
        Ok(counts)
    }

    /// Every file that is not in the feeds as it stands, in path order.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn problems(&self) -> Result<Vec<Problem>, CatalogError> {
        let rows = select(&self.db, "diagnostics IS NOT NULL AND gone IS NULL", [])?;
        let mut problems: Vec<_> = rows
            .into_iter()
            .filter_map(|row| {
                let diagnostics = row.diagnostics?;
                // The last good version of a post is still public when its file cannot be read any more.
                let is_well = matches!(row.state, State::Published | State::Unseen);
                let status = if is_well { State::Rejected } else { row.state };
                Some(Problem { path: String::from_utf8_lossy(&row.path).into_owned(), status, diagnostics })
            })
            .collect();
        problems.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(problems)
    }

    /// When the next post changes its state by itself.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn next_due(&self) -> Result<Option<i64>, CatalogError> {
        let mut statement = self.db.prepare_cached("SELECT MIN(due) FROM post WHERE due IS NOT NULL")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// Public posts without an address of their own, whose id was not made here.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn without_link(&self) -> Result<Vec<Row>, CatalogError> {
        Ok(select(&self.db, "link IS NULL AND substr(id, 1, 9) <> 'urn:uuid:' AND gone IS NULL", [])?)
    }

    /// Every public post by its id: its path, and the digest of what its entry is made of.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn public(&self) -> Result<BTreeMap<String, (String, [u8; 16])>, CatalogError> {
        let mut statement = self.db.prepare(
            "SELECT id, path, rendering FROM post WHERE state = 'published' AND gone IS NULL AND id IS NOT NULL",
        )?;
        let rows = statement.query_map([], |row| {
            let path = String::from_utf8_lossy(row.get_ref(1)?.as_blob()?).into_owned();
            Ok((row.get(0)?, (path, row.get(2)?)))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether any file is missing.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn any_missing(&self, folder: &str) -> Result<bool, CatalogError> {
        let mut statement =
            self.db.prepare_cached("SELECT EXISTS (SELECT 1 FROM post WHERE missing IS NOT NULL AND folder = ?)")?;
        Ok(statement.query_row([folder], |row| row.get(0))?)
    }
}

pub(super) fn known_at(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Known> {
    Ok(Known {
        stat: stat_at(row, first)?,
        post: row.get(first + 4)?,
        settled: row.get(first + 5)?,
        missing: row.get(first + 6)?,
        content: row.get(first + 7)?,
    })
}
