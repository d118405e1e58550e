//! A post and its row → the entry that feeds show.

use chrono::{DateTime, Utc};

use super::places::{Place, Places};
use crate::{
    catalog::{Key, Row},
    config::{Content, Settings},
    feed::{self, CategoryRef, Entry},
    post::{
        Enclosure, Post,
        body::{self, Rendered},
    },
};

/// Digest of all that an entry's bytes depend on besides its post.
pub(super) fn version(settings: &Settings, places: &Places) -> [u8; 16] {
    let sites: Vec<_> = settings.folders.iter().map(|folder| &folder.read.links.site_url).collect();
    super::digest_of(&(feed::VERSION, settings.content, places.version(), sites))
}

/// The address of a post's page here, for a post that has none of its own.
pub(super) fn page(id: &str) -> String {
    match id.strip_prefix("urn:uuid:") {
        Some(uuid) => format!("posts/{uuid}/"),
        None => format!("posts/{}/", blake3::hash(id.as_bytes()).to_hex().get(..32).unwrap_or_default()),
    }
}

/// Builds the entry of a post.
pub(super) fn entry(row: &Row, post: &Post, rendered: Rendered, places: &Places, content: Content) -> Entry {
    let id = row.id.clone().unwrap_or_default();
    let published = time(row.published);
    // Without a site's address a relative picture leads nowhere.
    let image = match row.image.as_ref().filter(|url| url.starts_with("http:") || url.starts_with("https:")) {
        Some(url) => Some(feed::Image { url: url.clone(), alt: String::new() }),
        None => rendered.image.map(|image| feed::Image { url: image.url, alt: image.alt }),
    };
    // A text that begins with its title as a heading would say it twice. Most have no heading, as what is shown of them tells,
    // unless something could not be.
    let may_have_heading = rendered.html.contains("<h") || !rendered.diagnostics.is_empty();
    let rest = rendered
        .summary
        .strip_prefix(&post.title)
        .filter(|_| may_have_heading && body::first_heading(&post.body).as_ref() == Some(&post.title));
    let cut = rest.map_or(&*rendered.summary, str::trim_start);
    let words = [post.excerpt.as_deref(), Some(cut), image.as_ref().map(|image| image.alt.as_str())];
    let summary = words.into_iter().flatten().find(|words| !words.trim().is_empty()).unwrap_or(&post.title).to_owned();
    let categories = post.categories.iter().map(|path| {
        let address = places.address(&Place::of(Key::Category(path.clone())));
        CategoryRef { path: path.clone(), url: places.url(&address) }
    });
    Entry {
        link: row.link.clone().unwrap_or_else(|| places.url(&page(&id))),
        id,
        title: post.title.clone(),
        published,
        updated: time(row.updated).max(published),
        summary,
        content: (content == Content::Full).then_some(rendered.html),
        image,
        enclosures: post.enclosures.iter().map(enclosure).collect(),
        authors: post.authors.clone(),
        categories: categories.collect(),
        tags: post.tags.clone(),
        language: post.language.clone(),
    }
}

fn enclosure(file: &Enclosure) -> feed::Enclosure {
    feed::Enclosure { url: file.url.clone(), length: file.length, media_type: file.media_type.clone() }
}

/// Seconds since the Unix epoch as a time; the catalog keeps only such as a time can hold.
pub(super) fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}
