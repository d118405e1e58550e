//! How long the sounds and films are that posts name: files of the blog that lie where its generator takes them from.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;
use url::Url;

use super::{Error, Pipeline};
use crate::{config::Folder, watch};

/// The length in bytes of the first file that is there.
pub(super) fn length(places: &[PathBuf]) -> Option<u64> {
    places.iter().find_map(|path| watch::length(path))
}

impl Pipeline {
    /// Lets entries be made anew whose sounds came, went or changed since: nobody tells of files that are no posts.
    pub(super) fn measure_again(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        let others = self.catalog.measured()?.into_iter().filter(|one| {
            let folder = self.settings.folder(&one.folder);
            let places = folder.and_then(|folder| places(folder, Path::new(OsStr::from_bytes(&one.path)), &one.url));
            places.is_some_and(|places| length(&places) != one.length)
        });
        let posts: Vec<i64> = others.map(|one| one.post).collect();
        let mut batch = self.catalog.batch(now.timestamp())?;
        posts.into_iter().try_for_each(|post| batch.measure_again(post))?;
        batch.commit()?;
        Ok(())
    }
}

/// Where the file behind a URL may lie, if it can be among the blog's own: beside the post or in the folder that has its name; under the blog's root, which is above the
/// posts; in Hugo's `static`.
pub(super) fn places(folder: &Folder, post: &Path, url: &str) -> Option<Vec<PathBuf>> {
    let site = folder.read.links.site_url.as_ref()?;
    let url = Url::parse(url).ok().filter(|url| url.origin() == site.origin())?;
    let below = url.path().strip_prefix(site.path())?;
    let below = percent_decode_str(below).decode_utf8().ok()?;
    // A URL that was parsed has no `..` left; one may have come out of the decoding.
    if below.split('/').any(|part| part.is_empty() || part == ".." || part.contains(['\\', '\0'])) {
        return None;
    }
    let name = below.rsplit('/').next().unwrap_or_default();
    let beside = folder.path.join(post.parent()?);
    let root = folder.path.parent()?;
    Some(vec![
        beside.join(name),
        beside.join(post.file_stem()?).join(name),
        root.join(&*below),
        root.join("static").join(&*below),
    ])
}
