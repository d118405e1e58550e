//! The tables, and how an older catalog becomes a current one.

use rusqlite::Connection;

use super::CatalogError;

/// Version of the tables, kept in `user_version`. A change appends a step to [`STEPS`].
#[expect(clippy::cast_possible_wrap, reason = "a handful of steps")]
pub(super) const CURRENT: i64 = STEPS.len() as i64;

/// The version of a catalog that is being made: what it has may lack anything.
pub(super) const UNFINISHED: i64 = -1;

/// `STEPS[n]` turns version n into version n + 1.
const STEPS: &[&str] = &[
    "
    -- Facts about the catalog itself.
    CREATE TABLE fact (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

    -- One row a post, and one for each file that looks like a post and is none.
    CREATE TABLE post (
        post        INTEGER PRIMARY KEY,
        folder      TEXT NOT NULL,      -- the posts folder's name
        path        BLOB NOT NULL,      -- below it, raw bytes
        here        INTEGER NOT NULL,   -- the row speaks for this path; 0 once another post took it, or for a tombstone
        size        INTEGER NOT NULL,   -- the file at the last look; times in nanoseconds
        modified    INTEGER NOT NULL,
        changed     INTEGER NOT NULL,
        inode       INTEGER NOT NULL,
        settled     INTEGER NOT NULL,   -- it was old enough at the last look to be known by these four
        content     BLOB NOT NULL,      -- digest of the file's bytes: pairs moves
        state       TEXT NOT NULL,
        missing     INTEGER,            -- since when the file is not there; seconds, like every time below
        together    INTEGER NOT NULL,   -- it went missing with many others
        gone        INTEGER,            -- a tombstone since
        id          TEXT,               -- NULL for files that never were a post
        first_seen  INTEGER NOT NULL,
        arrival     INTEGER,            -- a count, given when it first became public; 0 in the folder's first scan
        published   INTEGER NOT NULL,
        dated_from  TEXT NOT NULL,
        updated     INTEGER NOT NULL,
        expires     INTEGER,
        due         INTEGER,            -- when its state changes by itself: release or expiry
        pinned      INTEGER NOT NULL,   -- 0 once `refresh` asked to take date and picture afresh
        digest      BLOB NOT NULL,      -- significant digest
        rendering   BLOB NOT NULL,      -- digest of all that its entry is made of
        link        TEXT,
        image       TEXT,               -- the pinned picture
        members     TEXT NOT NULL,      -- its collections while it is public, as JSON
        diagnostics TEXT                -- JSON, for a file that is not in the feeds as it stands in the folder
    );
    CREATE UNIQUE INDEX post_path ON post (folder, path) WHERE here;
    CREATE INDEX post_former_path ON post (folder, path) WHERE NOT here;
    CREATE UNIQUE INDEX post_id ON post (id);
    CREATE INDEX post_content ON post (content);
    CREATE INDEX post_due ON post (due) WHERE due IS NOT NULL;
    CREATE INDEX post_missing ON post (missing) WHERE missing IS NOT NULL;
    CREATE INDEX post_problem ON post (post) WHERE diagnostics IS NOT NULL;

    -- Everything that has a feed: all posts, a category at any level, a tag, an author.
    CREATE TABLE collection (
        collection INTEGER PRIMARY KEY,
        key        TEXT NOT NULL UNIQUE,
        address    TEXT,                       -- where its documents were last
        own        INTEGER NOT NULL DEFAULT 0, -- it ever had a post that is in no category below it
        dirty      INTEGER NOT NULL DEFAULT 0  -- its documents are older than its members: 1, its own posts too: 2
    );
    CREATE INDEX collection_dirty ON collection (collection) WHERE dirty <> 0;

    -- Which public posts a collection shows, in the order of a feed.
    CREATE TABLE member (
        collection INTEGER NOT NULL,
        published  INTEGER NOT NULL,   -- negated, so that the newest comes first
        tie        INTEGER NOT NULL,   -- from the id, orders equal times
        post       INTEGER NOT NULL,
        direct     INTEGER NOT NULL,   -- in this category itself, not in one below it
        arrival    INTEGER,            -- as in `post`, NULL for 0
        PRIMARY KEY (collection, published, tie, post)
    ) WITHOUT ROWID;
    CREATE INDEX member_arrival ON member (collection, arrival) WHERE arrival IS NOT NULL;

    -- Entries rendered once, for the feeds that show them.
    CREATE TABLE entry (
        post    INTEGER PRIMARY KEY,
        version BLOB NOT NULL,         -- digest of all that an entry's bytes depend on besides the post
        length  INTEGER NOT NULL,      -- of its longest form, in bytes
        rss     TEXT NOT NULL,
        atom    TEXT NOT NULL,
        json    TEXT NOT NULL
    );

    -- What each document last was.
    CREATE TABLE document (
        path     TEXT PRIMARY KEY,
        hash     BLOB NOT NULL,
        length   INTEGER NOT NULL,
        modified INTEGER NOT NULL,
        stored   INTEGER NOT NULL      -- it is in the output folder, not made on request
    ) WITHOUT ROWID;

    -- Addresses that moved for ever.
    CREATE TABLE former (path TEXT PRIMARY KEY, target TEXT NOT NULL) WITHOUT ROWID;
",
    "
    -- What people search for, and what other posts call this one. Every file is read again to learn it.
    ALTER TABLE post ADD COLUMN title TEXT NOT NULL DEFAULT '';
    DELETE FROM fact WHERE name GLOB 'settings *';
",
    "
    -- How many posts a collection has, kept in step with its members.
    ALTER TABLE collection ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE collection ADD COLUMN own_size INTEGER NOT NULL DEFAULT 0;
    UPDATE collection SET (size, own_size) =
        (SELECT COUNT(*), COALESCE(SUM(direct), 0) FROM member WHERE member.collection = collection.collection);

    -- Which of its feeds have archives: bit 1 all posts, bit 2 its own.
    ALTER TABLE collection ADD COLUMN archives INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE archive (
        collection INTEGER NOT NULL,
        direct     INTEGER NOT NULL,   -- the archive of its own posts
        number     INTEGER NOT NULL,   -- from 1, a hundred to a page; given once
        post       INTEGER NOT NULL,
        PRIMARY KEY (collection, direct, number)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX archive_post ON archive (collection, direct, post);
    CREATE INDEX archive_of_post ON archive (post);
",
    "
    -- A folder that was removed on purpose has no target.
    ALTER TABLE former RENAME TO former_before;
    CREATE TABLE former (path TEXT PRIMARY KEY, target TEXT) WITHOUT ROWID;
    INSERT INTO former SELECT path, target FROM former_before;
    DROP TABLE former_before;
",
    "
    -- The words of public posts' titles and texts, for search; the texts themselves are not kept. What was read before
    -- is read again, and so indexed.
    CREATE VIRTUAL TABLE title_words USING fts5 (words, tokenize = 'ascii', content = '', contentless_delete = 1);
    CREATE VIRTUAL TABLE text_words USING fts5 (words, tokenize = 'ascii', content = '', contentless_delete = 1, detail = none);
    CREATE INDEX post_without_link ON post (post) WHERE link IS NULL AND substr(id, 1, 9) <> 'urn:uuid:' AND gone IS NULL;
    -- Posts whose titles, and whose texts, are still to be indexed.
    CREATE TABLE title_waiting (post INTEGER PRIMARY KEY);
    CREATE TABLE text_waiting (post INTEGER PRIMARY KEY);
    UPDATE post SET title = '';
    DELETE FROM fact WHERE name GLOB 'settings *';
",
    "
    -- Which posts name which others in template tags, by the last part of their name. Titles and links of those are in
    -- their entries.
    CREATE TABLE mention (
        name TEXT NOT NULL,
        post INTEGER NOT NULL,
        PRIMARY KEY (name, post)
    ) WITHOUT ROWID;
    CREATE INDEX mention_of_post ON mention (post);
",
    "
    -- Archive pages in the output folder that are older than their posts.
    CREATE TABLE stale_page (
        collection INTEGER NOT NULL,
        direct     INTEGER NOT NULL,
        page       INTEGER NOT NULL,
        PRIMARY KEY (collection, direct, page)
    ) WITHOUT ROWID;
",
    "
    -- Feeds that show an entry from several places once, and what their posts are like: a link, or a day and a title.
    CREATE TABLE folding (collection INTEGER PRIMARY KEY);
    CREATE TABLE likeness (
        collection INTEGER NOT NULL,
        likeness   TEXT NOT NULL,
        arrival    INTEGER NOT NULL,
        published  INTEGER NOT NULL,
        tie        INTEGER NOT NULL,
        post       INTEGER NOT NULL,
        PRIMARY KEY (collection, likeness, arrival, published, tie, post)
    ) WITHOUT ROWID;
    CREATE INDEX likeness_of_post ON likeness (post);
",
    "
    -- How many rows stand for what, kept in step by triggers: nobody counts posts at every change.
    CREATE TABLE tally (
        state   TEXT NOT NULL,
        missing INTEGER NOT NULL,
        posts   INTEGER NOT NULL,
        PRIMARY KEY (state, missing)
    ) WITHOUT ROWID;
    INSERT INTO tally
        SELECT state.value, missing.value, (SELECT COUNT(*) FROM post
            WHERE gone IS NULL AND post.state = state.value AND (post.missing IS NOT NULL) = missing.value)
        FROM json_each('[\"published\", \"draft\", \"scheduled\", \"skipped\", \"rejected\"]') AS state,
            json_each('[0, 1]') AS missing;
    CREATE TRIGGER tally_new AFTER INSERT ON post WHEN new.gone IS NULL BEGIN
        UPDATE tally SET posts = posts + 1 WHERE state = new.state AND missing = (new.missing IS NOT NULL);
    END;
    CREATE TRIGGER tally_old AFTER DELETE ON post WHEN old.gone IS NULL BEGIN
        UPDATE tally SET posts = posts - 1 WHERE state = old.state AND missing = (old.missing IS NOT NULL);
    END;
    CREATE TRIGGER tally_changed AFTER UPDATE OF state, missing, gone ON post BEGIN
        UPDATE tally SET posts = posts - 1
            WHERE old.gone IS NULL AND state = old.state AND missing = (old.missing IS NOT NULL);
        UPDATE tally SET posts = posts + 1
            WHERE new.gone IS NULL AND state = new.state AND missing = (new.missing IS NOT NULL);
    END;
",
    "
    -- Digests of an entry's three forms, one after the other: SQLite notices damage to its pages, not to what is in them.
    ALTER TABLE entry ADD COLUMN digests BLOB;
",
    "
    -- How long the sounds and films were that entries say the length of, as far as it was measured.
    CREATE TABLE measured (
        post   INTEGER NOT NULL,
        url    TEXT NOT NULL,
        length INTEGER,                -- NULL where there was no file
        PRIMARY KEY (post, url)
    ) WITHOUT ROWID;
",
    "
    -- What is asked of an entry most often stands before its forms, which fill many pages.
    ALTER TABLE entry RENAME TO entry_before;
    CREATE TABLE entry (
        post    INTEGER PRIMARY KEY,
        version BLOB NOT NULL,
        length  INTEGER NOT NULL,
        digests BLOB,
        rss     TEXT NOT NULL,
        atom    TEXT NOT NULL,
        json    TEXT NOT NULL
    );
    INSERT INTO entry SELECT post, version, length, digests, rss, atom, json FROM entry_before;
    DROP TABLE entry_before;
",
    "
    -- The HTML of an entry once, apart from its forms, which have a hole for it; one digest for all. What was kept before is
    -- whole.
    ALTER TABLE entry RENAME COLUMN digests TO digest;
    UPDATE entry SET digest = NULL;
    ALTER TABLE entry ADD COLUMN html TEXT;
",
    "
    -- Who inserts a post counts it: a statement that starts a trigger keeps copies of all pages that it changes.
    DROP TRIGGER tally_new;
",
    "
    -- Counts by folder, so that nobody counts what is missing from one; what is due to be buried, and what is long gone,
    -- are found without a look at every row.
    DROP TRIGGER tally_old;
    DROP TRIGGER tally_changed;
    DROP TABLE tally;
    CREATE TABLE tally (
        folder  TEXT NOT NULL,
        state   TEXT NOT NULL,
        missing INTEGER NOT NULL,
        posts   INTEGER NOT NULL,
        PRIMARY KEY (folder, state, missing)
    ) WITHOUT ROWID;
    INSERT INTO tally SELECT folder, state, missing IS NOT NULL, COUNT(*) FROM post WHERE gone IS NULL GROUP BY 1, 2, 3;
    CREATE TRIGGER tally_old AFTER DELETE ON post WHEN old.gone IS NULL BEGIN
        UPDATE tally SET posts = posts - 1
            WHERE folder = old.folder AND state = old.state AND missing = (old.missing IS NOT NULL);
    END;
    CREATE TRIGGER tally_changed AFTER UPDATE OF state, missing, gone ON post BEGIN
        UPDATE tally SET posts = posts - 1
            WHERE old.gone IS NULL AND folder = old.folder AND state = old.state AND missing = (old.missing IS NOT NULL);
        INSERT INTO tally SELECT new.folder, new.state, new.missing IS NOT NULL, 1 WHERE new.gone IS NULL
            ON CONFLICT (folder, state, missing) DO UPDATE SET posts = posts + 1;
    END;
    DROP INDEX post_missing;
    CREATE INDEX post_missing ON post (folder, together, missing) WHERE missing IS NOT NULL;
    CREATE INDEX post_gone ON post (gone) WHERE gone IS NOT NULL;
",
    "
    -- The digest of a document's file, once that stands in the output folder: `hash`, until now the same, is from now on made of
    -- those of the pieces that a document is joined from.
    ALTER TABLE document ADD COLUMN file BLOB;
    UPDATE document SET file = hash WHERE stored;
    -- All documents are made again, and their files found as they are.
    UPDATE collection SET dirty = 3;
",
    "
    -- Digests of texts are made in another way. Every file is read again; what it says is no edit.
    UPDATE post SET digest = zeroblob(16);
    DELETE FROM fact WHERE name GLOB 'settings *';
",
    "
    -- What is in a category itself, not in one below it, is called direct everywhere.
    ALTER TABLE collection RENAME COLUMN own TO direct;
    ALTER TABLE collection RENAME COLUMN own_size TO direct_size;
",
    "
    -- What a document holds of an entry is known by the entry's digest. All are made again, and their files found as they are.
    UPDATE collection SET dirty = 3;
",
    "
    -- Posts of a folder that is read for the first time while others are served; they are shown when all are known.
    CREATE INDEX post_unseen ON post (folder, published) WHERE state = 'unseen' AND gone IS NULL;
",
    "
    -- What is in a category itself is found without a look at what is below it.
    DROP INDEX member_arrival;
    ALTER TABLE member RENAME TO former_member;
    CREATE TABLE member (
        collection INTEGER NOT NULL,
        direct     INTEGER NOT NULL,   -- in this category itself, not in one below it
        published  INTEGER NOT NULL,   -- negated, so that the newest comes first
        tie        INTEGER NOT NULL,   -- from the id, orders equal times
        post       INTEGER NOT NULL,
        arrival    INTEGER,            -- as in `post`, NULL for 0
        PRIMARY KEY (collection, direct, published, tie, post)
    ) WITHOUT ROWID;
    INSERT INTO member SELECT collection, direct, published, tie, post, arrival FROM former_member ORDER BY 1, 2, 3, 4, 5;
    DROP TABLE former_member;
    CREATE INDEX member_arrival ON member (collection, direct, arrival) WHERE arrival IS NOT NULL;
",
    "
    -- By what others may name posts in template tags, as `mention` has it; for all posts from when one is asked for.
    CREATE TABLE called (
        post INTEGER PRIMARY KEY,
        name TEXT NOT NULL
    );
    CREATE INDEX called_name ON called (name);
    -- Entries that name posts are made again, and ask for them.
    UPDATE entry SET version = zeroblob(16) WHERE post IN (SELECT post FROM mention);
    UPDATE collection SET dirty = 3 WHERE EXISTS (SELECT 1 FROM mention);
",
];

/// The version of the tables; 0 where there are none.
pub(super) fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings the tables up to date, and calls them `made`.
pub(super) fn migrate(db: &mut Connection, made: i64) -> Result<(), CatalogError> {
    let found = version(db)?;
    if found > CURRENT {
        return Err(CatalogError::Newer { found, known: CURRENT });
    }
    if found == CURRENT {
        return Ok(());
    }
    let transaction = db.transaction()?;
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", made)?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{
        catalog::{Catalog, Counts},
        feed::Format,
    };

    use super::*;

    /// The number of steps before entries were kept without their HTML.
    const WHOLE: usize = 12;

    /// The number of steps before posts were counted by folder.
    const COUNTED_TOGETHER: usize = 14;

    /// The number of steps before documents were known by their pieces.
    const WHOLE_DOCUMENTS: usize = 15;

    /// The number of steps before texts were known by fingerprints.
    const HASHED_OTHERWISE: usize = 16;

    /// The number of steps before pieces of documents were known by their entries.
    const HASHED_PIECES: usize = 18;

    /// A catalog as the first so many steps leave it.
    fn catalog_of(steps: usize, state: &Path) -> Connection {
        let db = Connection::open(state.join("catalog.sqlite")).unwrap();
        STEPS.iter().take(steps).for_each(|step| db.execute_batch(step).unwrap());
        db.pragma_update(None, "user_version", steps).unwrap();
        db
    }

    #[test]
    fn what_an_older_version_knew_is_counted() {
        let state = tempfile::tempdir().unwrap();
        let db = catalog_of(COUNTED_TOGETHER, state.path());
        for (number, (folder, state, missing, gone)) in [
            ("a", "published", None, None),
            ("a", "published", Some(5), None),
            ("b", "published", None, None),
            ("b", "draft", None, None),
            ("b", "published", None, Some(5)),
        ]
        .into_iter()
        .enumerate()
        {
            let row = "INSERT INTO post (folder, path, here, size, modified, changed, inode, settled, content, state, missing, \
                       together, gone, first_seen, published, dated_from, updated, pinned, digest, rendering, members) \
                       VALUES (?, ?, ?, 0, 0, 0, 0, 1, '', ?, ?, 0, ?, 0, 0, 'file-time', 0, 1, '', '', '[]')";
            db.execute(
                row,
                rusqlite::params![folder, [u8::try_from(number).unwrap()], gone.is_none(), state, missing, gone],
            )
            .unwrap();
        }
        drop(db);

        let catalog = Catalog::open(state.path()).unwrap();
        assert_eq!(catalog.counts().unwrap(), Counts { published: 3, kept: 1, draft: 1, ..Counts::default() });
        catalog
            .db
            .execute("UPDATE post SET missing = NULL, state = 'skipped' WHERE folder = 'a' AND missing = 5", [])
            .unwrap();
        catalog.db.execute("DELETE FROM post WHERE folder = 'b'", []).unwrap();
        assert_eq!(catalog.counts().unwrap(), Counts { published: 1, skipped: 1, ..Counts::default() });
    }

    #[test]
    fn entries_that_an_older_version_kept_are_whole() {
        let state = tempfile::tempdir().unwrap();
        let db = catalog_of(WHOLE, state.path());
        let kept = "INSERT INTO entry VALUES (7, zeroblob(16), 20, zeroblob(48), '<item>1</item>', '<entry>2</entry>', '{\"id\":\"3\"}')";
        db.execute(kept, []).unwrap();
        drop(db);

        let catalog = Catalog::open(state.path()).unwrap();
        let kept = catalog.kept_entry(7).unwrap().unwrap();
        let fragments = catalog.fragments(7, &kept).unwrap();
        let forms = Format::ALL.map(|format| String::from_utf8(fragments.whole(format)).unwrap());
        assert_eq!(
            (kept.length, forms.each_ref().map(String::as_str)),
            (20, ["<item>1</item>", "<entry>2</entry>", "{\"id\":\"3\"}"])
        );
    }

    #[test]
    fn documents_that_an_older_version_made_are_made_again_and_their_files_known() {
        let state = tempfile::tempdir().unwrap();
        let db = catalog_of(WHOLE_DOCUMENTS, state.path());
        db.execute("INSERT INTO document VALUES ('rss.xml', zeroblob(16), 5, 7, 1)", []).unwrap();
        db.execute("INSERT INTO collection (key) VALUES ('tag\u{1f}x')", []).unwrap();
        drop(db);

        let catalog = Catalog::open(state.path()).unwrap();
        assert_eq!(catalog.stored_documents().unwrap()[0].file, Some([0; 16]));
        let dirty: Vec<bool> = catalog.dirty().unwrap().into_iter().map(|mark| mark.direct).collect();
        assert_eq!(dirty, [true, false], "the tag, its own posts too, and all, which is new");
    }

    #[test]
    fn documents_whose_pieces_an_older_version_hashed_are_made_again() {
        let state = tempfile::tempdir().unwrap();
        let db = catalog_of(HASHED_PIECES, state.path());
        db.execute("INSERT INTO collection (key) VALUES ('tag\u{1f}x')", []).unwrap();
        drop(db);

        let dirty = Catalog::open(state.path()).unwrap().dirty().unwrap();
        assert_eq!(dirty.into_iter().map(|mark| mark.direct).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn files_whose_texts_an_older_version_hashed_are_read_again() {
        let state = tempfile::tempdir().unwrap();
        let db = catalog_of(HASHED_OTHERWISE, state.path());
        db.execute("INSERT INTO fact VALUES ('settings posts', zeroblob(16)), ('documents', zeroblob(16))", [])
            .unwrap();
        drop(db);

        let catalog = Catalog::open(state.path()).unwrap();
        assert_eq!(catalog.fact::<[u8; 16]>("settings posts").unwrap(), None);
        assert_eq!(catalog.fact::<[u8; 16]>("documents").unwrap(), Some([0; 16]));
    }
}
