//! Which collections show a post, written in portions.

use std::cmp::Reverse;

use rusqlite::params;

use super::{
    super::{
        CatalogError, archive,
        insert::insert_all,
        members::{Member, tie},
        row::Row,
    },
    Batch,
};

/// Memberships that wait to be written in key order; a first scan has millions.
const MEMBERS: usize = 1 << 16;

impl Batch<'_> {
    fn count(&mut self, row: &Row, change: i64) {
        for (collection, direct) in &row.members {
            let growth = self.growth.entry(*collection).or_default();
            growth.size += change;
            growth.direct_size += if *direct { change } else { 0 };
        }
    }

    pub(super) fn add_members(&mut self, row: &Row) -> Result<(), CatalogError> {
        self.count(row, 1);
        let tie = tie(row.id.as_deref().unwrap_or_default());
        self.waiting.insert(row.post);
        self.members.extend(row.members.iter().map(|&(collection, direct)| Member {
            collection,
            direct,
            published: -row.published,
            tie,
            post: row.post,
            arrival: row.arrival.filter(|arrival| *arrival > 0),
        }));
        if self.members.len() >= MEMBERS { self.flush_members() } else { Ok(()) }
    }

    pub(in crate::catalog) fn remove_members(&mut self, row: &Row) -> Result<(), CatalogError> {
        self.count(row, -1);
        if self.waiting.remove(&row.post) {
            self.members.retain(|member| member.post != row.post);
        }
        let tie = tie(row.id.as_deref().unwrap_or_default());
        let mut delete = self.db.prepare_cached(
            "DELETE FROM member WHERE collection = ? AND direct = ? AND published = ? AND tie = ? AND post = ?",
        )?;
        for (collection, direct) in &row.members {
            delete.execute(params![collection, direct, -row.published, tie, row.post])?;
        }
        Ok(())
    }

    pub(super) fn flush_members(&mut self) -> Result<(), CatalogError> {
        self.waiting.clear();
        self.members.sort_unstable();
        insert_all(&self.db, "member", &self.members, |member| {
            let Member { collection, direct, published, tie, post, arrival } = *member;
            [Some(collection), Some(i64::from(direct)), Some(published), Some(tie), Some(post), arrival]
        })?;
        for members in self.members.chunk_by(|one, next| one.collection == next.collection) {
            let collection = members.first().and_then(|one| self.names.numbered(one.collection));
            let archives = collection.map(|one| one.archives).unwrap_or_default();
            for of_own in [false, true].into_iter().filter(|&of_own| archives.has(of_own)) {
                let mut members: Vec<&Member> = members.iter().filter(|member| member.direct || !of_own).collect();
                // As an archive begins: what came first, and of what came together the oldest.
                members.sort_unstable_by_key(|member| (member.arrival, Reverse(member.published), member.tie));
                for member in members {
                    if let Some(number) = archive::append(&self.db, member, of_own)?
                        && self.keeps_pages
                    {
                        archive::mark_end(&self.db, member, of_own, number)?;
                    }
                }
            }
        }
        self.members.clear();
        Ok(())
    }
}
