//! Which post a file is: pure decisions over rows that the batch looked up.

use super::row::Row;
use crate::{
    bytes::UNKNOWN,
    config::PathReuse,
    post::{Post, PublishedFrom},
};

/// Whether the text now at a row's path is still the row's post.
///
/// Crawlers name files by title, so `转发.md` comes again with another text: with [`PathReuse::New`], another text *and*
/// another date that is no crawl-time stamp, without the same guid or link, is another post.
pub(super) fn is_same(row: &Row, post: &Post, rule: PathReuse) -> bool {
    let same_claim = |ours: Option<&String>, theirs: Option<&String>| ours.is_some() && ours == theirs;
    rule == PathReuse::Edit
        || !is_edited(row, post)
        || same_claim(row.id.as_ref(), post.id.as_ref())
        || same_claim(row.link.as_ref(), post.link.as_ref())
        || post.published.stamp
        || post.published.from == PublishedFrom::FileTime
        || row.published == post.published.at.timestamp()
}

/// Whether a post's text is another than its row knows.
pub(super) fn is_edited(row: &Row, post: &Post) -> bool {
    row.digest != UNKNOWN && row.digest != post.digest
}

/// Which publication time holds for a post that was seen before: the row's, where the new one is only the time at which
/// somebody wrote the file.
pub(super) fn keeps_date(row: &Row, post: &Post, volatile: bool) -> bool {
    row.pinned && ((volatile && post.published.stamp) || post.published.from == PublishedFrom::FileTime)
}

/// The time of the last significant edit: the front matter's, else the file's time once the text changed. Never before
/// publication, never backwards.
pub(super) fn updated(row: Option<&Row>, post: &Post, published: i64, modified: i64) -> i64 {
    let stated = post.updated.map(|updated| updated.timestamp());
    let Some(row) = row else {
        return stated.unwrap_or(published).max(published);
    };
    let edited = is_edited(row, post);
    // A post that was never edited follows its date.
    let kept = if row.updated == row.published && !edited { published } else { row.updated };
    stated.unwrap_or(if edited { modified } else { kept }).max(kept).max(published)
}

/// Whether this many missing posts vanished together: half of the folder, and no fewer than ten; or all of it.
pub(super) fn vanished_together(missing: u64, present: u64) -> bool {
    present == 0 || (missing >= 10 && missing >= present)
}
