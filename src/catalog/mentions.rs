//! Posts that name others in template tags: whose entries depend on whose title and link.

use rusqlite::{Connection, params};

use super::{
    Catalog, CatalogError,
    row::{Row, select},
    set_fact,
};

/// The last part of the name under which others mention a post: its file's name without the ending, or its folder's name
/// for an `index`.
pub(super) fn mention_name(path: &[u8]) -> String {
    let path = String::from_utf8_lossy(path);
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    match (stem, parts.next()) {
        ("index" | "_index", Some(folder)) => folder.to_owned(),
        _ => stem.to_owned(),
    }
}

/// By the name: of a folder there are more.
pub(super) const NAMED: &str = "post IN (SELECT post FROM called WHERE name = ?) AND +folder = ? \
    AND here AND state = 'published' AND gone IS NULL";

/// The fact that the table `called` has every post.
const CALLED: &str = "called";

impl Catalog {
    /// The public posts of a folder whose files are named so but for the ending, or their folders where they are an `index`. The
    /// first time all posts are looked at.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn called(&self, folder: &str, name: &str) -> Result<Vec<Row>, CatalogError> {
        if !knows_names(&self.db)? {
            self.learn_names()?;
        }
        Ok(select(&self.db, NAMED, [name, folder])?)
    }

    fn learn_names(&self) -> Result<(), CatalogError> {
        let transaction = self.db.unchecked_transaction()?;
        {
            let mut posts = transaction.prepare("SELECT post, path FROM post")?;
            let mut rows = posts.query([])?;
            while let Some(row) = rows.next()? {
                call(&transaction, row.get(0)?, &row.get::<_, Vec<u8>>(1)?)?;
            }
        }
        set_fact(&transaction, CALLED, 1)?;
        Ok(transaction.commit()?)
    }
}

/// Whether the names of all posts are known, and to be followed.
pub(super) fn knows_names(db: &Connection) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM fact WHERE name = ?)")?.query_row([CALLED], |row| row.get(0))
}

/// Notes the name of a post at a path.
pub(super) fn call(db: &Connection, post: i64, path: &[u8]) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO called VALUES (?, ?)")?
        .execute(params![post, mention_name(path)])
        .map(drop)
}

/// The rows of posts whose entries name one of these.
pub(super) fn mentioning(db: &Connection, names: &[String]) -> rusqlite::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for name in names {
        rows.extend(select(db, "post IN (SELECT post FROM mention WHERE name = ?) AND gone IS NULL", [name])?);
    }
    Ok(rows)
}

/// Remembers which names a rendered entry mentions.
pub(super) fn remember(db: &Connection, post: i64, names: &[String]) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM mention WHERE post = ?")?.execute([post])?;
    let mut insert = db.prepare_cached("INSERT OR IGNORE INTO mention VALUES (?, ?)")?;
    for name in names {
        insert.execute(params![name, post])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::catalog::tests::Story;

    #[test]
    fn posts_are_found_by_their_names_wherever_they_go() {
        let post = |text: &str| format!("---\ntitle: {text}\ndate: 2020-01-01\n---\n{text}\n");
        let mut story = Story::new();
        let called = |story: &Story, name: &str| -> Vec<String> {
            let rows = story.catalog.called(&story.folder.read.folder, name).unwrap();
            rows.into_iter().map(|row| String::from_utf8(row.path).unwrap()).collect()
        };
        story.see("a/hello.md", &post("one"));
        story.see("draft.md", "---\ntitle: D\ndraft: true\n---\nx\n");
        for learnt in [false, true] {
            assert_eq!(called(&story, "hello"), ["a/hello.md"], "{learnt}");
            assert!(called(&story, "draft").is_empty() && called(&story, "index").is_empty());
        }
        story.see("b/hello/index.md", &post("two"));
        assert_eq!(called(&story, "hello"), ["a/hello.md", "b/hello/index.md"]);
        story.vanish("a/hello.md");
        story.see("a/other.md", &post("one"));
        assert_eq!((called(&story, "hello").len(), called(&story, "other")), (1, vec!["a/other.md".to_owned()]));
        let folder = story.folder.clone();
        story.batch(|batch, _| {
            batch.vanish(&folder, Path::new("a/other.md")).unwrap();
            assert!(batch.forget(&folder, Path::new("a/other.md")).unwrap());
        });
        assert!(called(&story, "other").is_empty());
    }

    #[test]
    fn a_post_is_called_by_its_file_or_its_folder() {
        let check = |path: &str, expected: &str| assert_eq!(mention_name(path.as_bytes()), expected, "{path}");
        check("a/b/hello.md", "hello");
        check("2018-01-19-forums.markdown", "2018-01-19-forums");
        check("v1.2.md", "v1.2");
        check("a/hello/index.md", "hello");
        check("index.md", "index");
        check("知乎.html", "知乎");
    }
}
