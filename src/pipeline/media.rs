//! How long the sounds and films are that posts name: files of the blog that lie where its generator takes them from.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use url::Url;

use crate::{config::Folder, watch};

/// The length in bytes of the file behind a URL; nothing if it is not among the blog's own files.
pub(super) fn length(folder: &Folder, post: &Path, url: &str) -> Option<u64> {
    places(folder, post, url)?.into_iter().find_map(|path| watch::length(&path))
}

/// Where the file may lie: beside the post or in the folder that has its name; under the blog's root, which is above the
/// posts; in Hugo's `static`.
fn places(folder: &Folder, post: &Path, url: &str) -> Option<Vec<PathBuf>> {
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
