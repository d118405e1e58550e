//! Which post a file is that holds one.

use rusqlite::params;

use super::{
    super::{
        CatalogError, identity,
        row::{Row, only, select},
    },
    Batch, IsGone, Others, Seen, blank, path_bytes,
};
use crate::{
    config::Folder,
    post::{Post, id},
};

impl Batch<'_> {
    /// Which row a file that holds a post belongs to; a new one has the number 0.
    pub(super) fn row_of(
        &mut self,
        folder: &Folder,
        seen: &Seen<'_>,
        post: &Post,
        here: Option<Row>,
        is_gone: IsGone<'_>,
    ) -> Result<Row, CatalogError> {
        let former = self.former_folders;
        let has_left = |row: &Row| {
            !row.here || row.missing.is_some() || former.contains(&row.folder) || is_gone(&row.folder, &row.path)
        };
        let name = &folder.read.folder;
        let path = path_bytes(seen.path);
        let mut reused = false;
        match here {
            Some(row) if row.id.is_none() => {
                // It was no post before; what it is now is decided like for any new file.
                self.db.prepare_cached("DELETE FROM post WHERE post = ?")?.execute([row.post])?;
            }
            Some(row) if identity::is_same(&row, post, folder.path_reuse) => return Ok(row),
            Some(mut row) => {
                reused = true;
                self.others = Others::Lost;
                row.here = false;
                if row.missing.is_some() { self.write(&mut row)? } else { self.lose(folder, row)? }
            }
            None => {}
        }

        if let Some(id) = &post.id {
            self.others = self.others.max(Others::Here);
            match only(&self.db, "id = ?", [id])? {
                Some(row) if has_left(&row) => return Ok(row),
                Some(row) => self.note_duplicate(path, &row),
                None => return Ok(Row { id: Some(id.clone()), ..blank(name, path, self.now) }),
            }
        } else if let Some(row) = self.of_its_text(folder, seen, post, reused, has_left)? {
            return Ok(row);
        }

        let free = |id: &String| {
            if self.others == Others::None {
                return Ok(true);
            }
            let mut taken = self.db.prepare_cached("SELECT EXISTS (SELECT 1 FROM post WHERE id = ?)")?;
            Ok::<_, CatalogError>(!taken.query_row([id], |row| row.get::<_, bool>(0))?)
        };
        let mut id = id::of_path(name, seen.path);
        if !free(&id)? {
            id = id::of_reused_path(name, seen.path, &post.digest);
        }
        if !free(&id)? {
            // The same text came, went and came again as another post at the same path.
            id = id::of_reused_path(name, seen.path, &seen.content);
        }
        while !free(&id)? {
            id = id::of_front_matter(name, &id);
        }
        Ok(Row { id: Some(id), ..blank(name, path, self.now) })
    }

    /// The row of a post without an id that is at another place now, or back.
    fn of_its_text(
        &self,
        folder: &Folder,
        seen: &Seen<'_>,
        post: &Post,
        reused: bool,
        has_left: impl Fn(&Row) -> bool,
    ) -> Result<Option<Row>, CatalogError> {
        // What could not be read at its old place is like any other new file. Of very many that are the same nobody asks.
        let same = "content = ? AND id IS NOT NULL AND here AND missing IS NULL AND gone IS NULL \
                    AND (diagnostics IS NULL OR state <> 'published') LIMIT 16";
        let moving = || {
            let mut moving = select(&self.db, same, [seen.content])?.into_iter().filter(&has_left);
            Ok::<_, CatalogError>(moving.next().filter(|_| moving.next().is_none()))
        };
        match self.others {
            Others::None => return Ok(None),
            Others::Here => return moving(),
            Others::Lost => {}
        }
        let moved = "content = ? AND id IS NOT NULL AND missing IS NOT NULL AND gone IS NULL";
        if let Some(row) = only(&self.db, moved, [seen.content])? {
            return Ok(Some(row));
        }
        if let Some(row) = moving()? {
            return Ok(Some(row));
        }
        let left = "content = ? AND id IS NOT NULL AND folder = ? AND gone IS NULL";
        for former in self.former_folders {
            if let Some(row) = only(&self.db, left, params![seen.content, former])? {
                return Ok(Some(row));
            }
        }
        let name = &folder.read.folder;
        let former = "folder = ? AND path = ? AND NOT here AND id IS NOT NULL";
        let back = select(&self.db, former, params![name, path_bytes(seen.path)])?
            .into_iter()
            .rev()
            .find(|row| !reused && identity::is_same(row, post, folder.path_reuse));
        if back.is_some() {
            return Ok(back);
        }
        let buried = "content = ? AND id IS NOT NULL AND gone IS NOT NULL";
        Ok(only(&self.db, buried, [seen.content])?)
    }
}
