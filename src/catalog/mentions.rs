//! Posts that name others in template tags: whose entries depend on whose title and link.

use rusqlite::{Connection, params};

use super::{
    Catalog, CatalogError,
    row::{Row, select},
};

/// The last part of the name under which others mention a post: its file's name without the ending, or its folder's name
/// for an `index`.
#[must_use]
pub fn mention_name(path: &[u8]) -> String {
    let path = String::from_utf8_lossy(path);
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    match (stem, parts.next()) {
        ("index" | "_index", Some(folder)) => folder.to_owned(),
        _ => stem.to_owned(),
    }
}

impl Catalog {
    /// The paths of all public posts of a folder, below it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn public_paths(&self, folder: &str) -> Result<Vec<Vec<u8>>, CatalogError> {
        let sql = "SELECT path FROM post WHERE folder = ? AND here AND state = 'published' AND gone IS NULL";
        let mut statement = self.db.prepare_cached(sql)?;
        let paths = statement.query_map([folder], |row| row.get(0))?;
        Ok(paths.collect::<rusqlite::Result<_>>()?)
    }
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
    use super::*;

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
