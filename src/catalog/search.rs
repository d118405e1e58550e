//! Search: which public posts hold all the words of a query, in their titles or in their texts.
//!
//! Titles are in step with the rows: they are indexed in the same transaction. Only the many of a folder's first scan
//! wait until it is published ([`Catalog::index_titles`]). Texts come later, a few at a time ([`Catalog::texts_waiting`],
//! [`Catalog::keep_texts`]); until then such a post is found by its title. What the indexes hold is words
//! ([`super::words`]), not texts.
//!
//! Invariant: nothing is found that is not public.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Catalog, CatalogError,
    collection::Key,
    insert::insert_all,
    members::NEWEST,
    row::{Row, select},
    set_fact,
    words::{self, Query},
};
use crate::config::Search;

/// Fact: texts are indexed too.
const TEXTS: &str = "search texts";

/// Posts that wait to be indexed are written down when there are so many.
const MANY: usize = 1 << 14;

/// Up to so many finds are put in order one by one; more of them are met soon on the way through all posts.
const FEW: usize = 2_000;

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The part that was asked for, newest first.
    pub posts: Vec<i64>,
    /// How many there are in all.
    pub total: usize,
}

/// How far the indexing is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Posts that are still to be indexed.
    pub waiting: u64,
    /// All public posts.
    pub posts: u64,
}

/// Which rows are indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Indexed {
    /// The number of the collection of all posts: those that are for some people only are not in it.
    pub(super) all: Option<i64>,
    pub(super) texts: TextIndex,
}

impl Indexed {
    /// The one place that decides whether a search may show a post.
    fn has(self, row: &Row) -> bool {
        row.is_public() && row.members.iter().any(|(collection, _)| Some(*collection) == self.all)
    }
}

/// Posts to be indexed that are not written down yet.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    titles: Vec<i64>,
    texts: Vec<i64>,
}

impl Waiting {
    /// Keeps the indexes in step with a row; `before` is what the row was, if it was there.
    pub(super) fn follow(
        &mut self,
        db: &Connection,
        before: Option<&Row>,
        row: &Row,
        indexed: Indexed,
    ) -> rusqlite::Result<()> {
        let was = before.filter(|before| indexed.has(before));
        if !indexed.has(row) {
            return was.map_or(Ok(()), |_| self.leave(db, row.post));
        }
        if row.arrival == Some(0) && was.is_none_or(|was| was.title.is_empty()) {
            self.titles.push(row.post);
        } else if was.is_none_or(|was| was.title != row.title) {
            db.prepare_cached("INSERT OR REPLACE INTO title_words (rowid, words) VALUES (?, ?)")?
                .execute(params![row.post, words::indexed(&row.title)])?;
        }
        if indexed.texts == TextIndex::On && was.is_none_or(|was| was.rendering != row.rendering) {
            self.texts.push(row.post);
        }
        if self.titles.len().max(self.texts.len()) >= MANY { self.keep(db) } else { Ok(()) }
    }

    /// Takes a post out of the indexes.
    pub(super) fn leave(&mut self, db: &Connection, post: i64) -> rusqlite::Result<()> {
        self.keep(db)?;
        for sql in [
            "DELETE FROM title_words WHERE rowid = ?",
            "DELETE FROM text_words WHERE rowid = ?",
            "DELETE FROM title_waiting WHERE post = ?",
            "DELETE FROM text_waiting WHERE post = ?",
        ] {
            db.prepare_cached(sql)?.execute([post])?;
        }
        Ok(())
    }

    /// Writes down what waits.
    pub(super) fn keep(&mut self, db: &Connection) -> rusqlite::Result<()> {
        insert_all(db, "title_waiting", &self.titles, |post| [Some(*post)])?;
        insert_all(db, "text_waiting", &self.texts, |post| [Some(*post)])?;
        self.titles.clear();
        self.texts.clear();
        Ok(())
    }
}

/// Whether texts are indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextIndex {
    On,
    Off,
}

impl Catalog {
    pub(super) fn text_index(&self) -> Result<TextIndex, CatalogError> {
        Ok(if self.fact::<i64>(TEXTS)? == Some(1) { TextIndex::On } else { TextIndex::Off })
    }

    /// Takes note of what is configured: whether texts are to be indexed from now on.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn search_in(&mut self, search: Search) -> Result<(), CatalogError> {
        let wanted = if search == Search::Text { TextIndex::On } else { TextIndex::Off };
        if self.text_index()? == wanted {
            return Ok(());
        }
        let all = self.collection(&Key::All).map(|all| all.number);
        let transaction = self.db.transaction()?;
        transaction
            .execute_batch("DELETE FROM text_waiting; INSERT INTO text_words (text_words) VALUES ('delete-all')")?;
        if wanted == TextIndex::On {
            transaction.execute("INSERT INTO text_waiting SELECT post FROM member WHERE collection = ?", [all])?;
        }
        set_fact(&transaction, TEXTS, i64::from(wanted == TextIndex::On))?;
        Ok(transaction.commit()?)
    }

    /// Indexes titles that wait, at most so many: one transaction. Returns how many there were.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn index_titles(&mut self, most: u32) -> Result<usize, CatalogError> {
        let transaction = self.db.transaction()?;
        let titles: Vec<(i64, String)> = transaction
            .prepare_cached("SELECT post, title FROM title_waiting JOIN post USING (post) ORDER BY post LIMIT ?")?
            .query_map([most], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (post, title) in &titles {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO title_words (rowid, words) VALUES (?, ?)")?
                .execute(params![post, words::indexed(title)])?;
        }
        if let Some((last, _)) = titles.last() {
            transaction.prepare_cached("DELETE FROM title_waiting WHERE post <= ?")?.execute([last])?;
        }
        transaction.commit()?;
        Ok(titles.len())
    }

    /// Some posts whose texts are to be indexed.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn texts_waiting(&self, most: u32) -> Result<Vec<Row>, CatalogError> {
        Ok(select(&self.db, "post IN (SELECT post FROM text_waiting ORDER BY post LIMIT ?)", [most])?)
    }

    /// Indexes the texts of posts, plain: one transaction.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn keep_texts(&mut self, texts: &[(i64, String)]) -> Result<(), CatalogError> {
        let transaction = self.db.transaction()?;
        for (post, text) in texts {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO text_words (rowid, words) VALUES (?, ?)")?
                .execute(params![post, words::indexed(text)])?;
            transaction.prepare_cached("DELETE FROM text_waiting WHERE post = ?")?.execute([post])?;
        }
        Ok(transaction.commit()?)
    }

    /// How far the indexing is.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn indexing(&self) -> Result<Progress, CatalogError> {
        let waiting = self
            .db
            .prepare_cached("SELECT MAX((SELECT COUNT(*) FROM title_waiting), (SELECT COUNT(*) FROM text_waiting))")?
            .query_row([], |row| row.get(0))?;
        Ok(Progress { waiting, posts: self.collection(&Key::All).map_or(0, |all| all.size) })
    }

    /// Whether there is something to be indexed.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn is_indexing(&self) -> Result<bool, CatalogError> {
        let mut statement = self
            .db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM title_waiting) OR EXISTS (SELECT 1 FROM text_waiting)")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// The public posts that hold every term of a query, newest first: `most` of them after the first `skip`.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn find(&self, query: &Query, skip: usize, most: usize) -> Result<Found, CatalogError> {
        if query.is_empty() {
            return Ok(Found::default());
        }
        let mut found: HashSet<i64> = HashSet::new();
        let mut collect = |sql: &str, query: String| -> Result<(), CatalogError> {
            let mut statement = self.db.prepare_cached(sql)?;
            let mut rows = statement.query([query])?;
            while let Some(row) = rows.next()? {
                found.insert(row.get(0)?);
            }
            Ok(())
        };
        collect("SELECT rowid FROM title_words WHERE title_words MATCH ?", query.phrases())?;
        if self.text_index()? == TextIndex::On {
            collect("SELECT rowid FROM text_words WHERE text_words MATCH ?", query.words())?;
        }
        let total = found.len();
        let posts = if total <= FEW { self.in_order(found)? } else { self.on_the_way(&found, skip + most)? };
        Ok(Found { posts: posts.into_iter().skip(skip).take(most).collect(), total })
    }

    /// Posts, newest first.
    fn in_order(&self, posts: HashSet<i64>) -> Result<Vec<i64>, CatalogError> {
        let mut statement = self.db.prepare_cached("SELECT published FROM post WHERE post = ?")?;
        let mut dated = Vec::with_capacity(posts.len());
        for post in posts {
            let published: Option<i64> = statement.query_row([post], |row| row.get(0)).optional()?;
            dated.extend(published.map(|published| (-published, post)));
        }
        dated.sort_unstable();
        Ok(dated.into_iter().map(|(_, post)| post).collect())
    }

    /// The first of some posts that are met on the way through all of them, newest first.
    fn on_the_way(&self, posts: &HashSet<i64>, most: usize) -> Result<Vec<i64>, CatalogError> {
        let Some(all) = self.collection(&Key::All) else { return Ok(Vec::new()) };
        let mut statement = self.db.prepare_cached(NEWEST[0])?;
        // Without a limit: the way ends where enough are met.
        let mut rows = statement.query(params![all.number, -1, 0])?;
        let mut met = Vec::new();
        while met.len() < most
            && let Some(row) = rows.next()?
        {
            let post = row.get(0)?;
            if posts.contains(&post) {
                met.push(post);
            }
        }
        Ok(met)
    }
}
