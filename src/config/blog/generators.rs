//! What each generator's configuration means for the addresses of posts and for what its feed showed.
//!
//! Read off the generators themselves; tests/clients moves real blogs of Hexo and Jekyll by what is decided here.

use std::path::{Path, PathBuf};

use super::{Blog, keys::Keys};
use crate::{
    config::{Future, raw::Preset},
    post,
};

/// All entries, as far as a feed of ours goes.
const ALL: u32 = 500;

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// How many entries the old feed has; 0 or less, or no number, is no limit.
fn limit(text: Option<&str>, otherwise: u32) -> u32 {
    text.map_or(otherwise, |text| text.parse().ok().filter(|limit| *limit > 0).unwrap_or(ALL))
}

/// Hexo, with hexo-generator-feed.
pub(super) fn hexo(keys: &Keys) -> Blog {
    let permalink = keys.text("permalink").unwrap_or(":year/:month/:day/:title/");
    let new_post_name = keys.text("new_post_name").unwrap_or(":title.md");
    let has_assets = keys.is("post_asset_folder", "true");
    let mut remarks = Vec::new();
    let set = |key: &&str| {
        keys.text(key).is_some_and(|text| !matches!(text, "uncategorized" | "0")) || keys.below(key).next().is_some()
    };
    let unknown = ["category_map", "default_category", "filename_case"];
    for key in unknown.iter().filter(|key| permalink.contains(":category") && set(key)) {
        remarks.push(format!("`{key}` is not followed in links: give posts whose link needs it a `permalink`"));
    }
    if keys.below("permalink_defaults").any(|(key, _)| permalink.contains(&format!(":{key}"))) {
        remarks
            .push(String::from("`permalink_defaults` is not followed: write the key into every post that has it not"));
    }
    Blog {
        preset: Preset::Hexo,
        posts: Path::new(keys.text("source_dir").unwrap_or("source")).join("_posts"),
        author: owned(keys.text("author")),
        // `root` is in `url` too.
        site_url: owned(keys.text("url")),
        permalink: Some(hexo_permalink(keys, permalink, new_post_name, has_assets))
            .filter(|pattern| keys.text("permalink").is_some() || pattern != permalink),
        language: owned(keys.first(&["language", "language[0]"])),
        future: (!keys.is("future", "false")).then_some(Future::Publish),
        // With asset folders, only files with the ending of new posts are posts.
        exclude: if has_assets { other_endings(new_post_name) } else { Vec::new() },
        entries: limit(keys.text("feed.limit"), 20),
        remarks,
        ..Blog::common(keys)
    }
}

/// What Hexo makes of its own pattern.
#[expect(clippy::case_sensitive_file_extension_comparisons, reason = "as Hexo compares")]
fn hexo_permalink(keys: &Keys, pattern: &str, new_post_name: &str, has_assets: bool) -> String {
    let mut pattern = pattern.to_owned();
    if new_post_name.starts_with(":year-") {
        // The date is no part of the name then.
        pattern = pattern.replace(":title", ":undated_title").replace(":name", ":undated_title");
    }
    if has_assets && !pattern.ends_with('/') && !pattern.ends_with(".html") {
        pattern.push('/');
    }
    if keys.is("pretty_urls.trailing_index", "false") {
        pattern = pattern.strip_suffix("index.html").unwrap_or(&pattern).to_owned();
    }
    if keys.is("pretty_urls.trailing_html", "false") && !pattern.ends_with("index.html") {
        pattern = pattern.strip_suffix(".html").unwrap_or(&pattern).to_owned();
    }
    pattern
}

/// Globs of the endings that posts may have, but for one.
fn other_endings(new_post_name: &str) -> Vec<String> {
    let own = Path::new(new_post_name).extension().and_then(|end| end.to_str()).unwrap_or("md");
    let others = post::ENDINGS.iter().filter(|(end, _)| !end.eq_ignore_ascii_case(own));
    others.map(|(end, _)| format!("*.{end}")).collect()
}

/// Jekyll, with jekyll-feed.
pub(super) fn jekyll(keys: &Keys) -> Blog {
    let base = keys.text("baseurl").unwrap_or_default().trim_matches('/');
    let site_url = keys.text("url").map(|url| match base {
        "" => url.to_owned(),
        base => format!("{}/{base}", url.trim_end_matches('/')),
    });
    let mut remarks = Vec::new();
    if keys.text("url").is_some_and(|url| url.ends_with('/')) {
        remarks.push(String::from("`url` ends in a slash, which Jekyll doubles in ids: they will not be the same"));
    }
    let folder = Path::new(keys.text("source").unwrap_or("")).join(keys.text("collections_dir").unwrap_or(""));
    // A default in the front matter beats the pattern of the collection, which beats that of the site.
    let default = (0..).map_while(|index| {
        let key = |name: &str| format!("defaults[{index}].{name}");
        keys.below(key("").trim_end_matches('.')).next()?;
        let scope = |name: &str| keys.text(&key(name)).map(|text| text.trim_matches('/'));
        let for_posts = matches!(scope("scope.type"), None | Some("posts"))
            && matches!(scope("scope.path"), None | Some("" | "_posts"));
        Some(keys.text(&key("values.permalink")).filter(|_| for_posts))
    });
    let default = default.flatten().last();
    Blog {
        preset: Preset::Jekyll,
        posts: folder.join("_posts"),
        author: owned(keys.first(&["author", "author.name"])),
        site_url,
        permalink: owned(default.or_else(|| keys.first(&["collections.posts.permalink", "permalink"]))),
        language: owned(keys.first(&["lang", "locale", "language"])),
        future: keys.is("future", "true").then_some(Future::Publish),
        entries: limit(keys.text("feed.posts_limit"), 10),
        remarks,
        ..Blog::common(keys)
    }
}

/// Hugo, with its own feeds.
pub(super) fn hugo(keys: &Keys) -> Blog {
    // Patterns for sections and taxonomies stand under `section`, `term` and `taxonomy`.
    let of_kind = |name: &str| name.strip_prefix("page.").or_else(|| (!name.contains('.')).then_some(name)).is_some();
    let of_pages = keys.below("permalinks").filter(|(name, _)| of_kind(name));
    let terms: Vec<&str> = keys.below("taxonomies").map(|(_, plural)| plural).chain(["tags", "categories"]).collect();
    let patterns: Vec<_> = of_pages.filter(|(name, _)| !terms.contains(name)).collect();
    let mut remarks = Vec::new();
    let mut permalink = match patterns.as_slice() {
        [] => None,
        [(_, first), others @ ..] if others.iter().all(|(_, other)| other == first) => Some((*first).to_owned()),
        several => {
            let names: Vec<_> = several.iter().map(|(name, pattern)| format!("{name} ({pattern})")).collect();
            remarks.push(format!("sections have patterns of their own: {}; write a folder for each", names.join(", ")));
            None
        }
    };
    if keys.is("uglyURLs", "true") {
        let pattern = permalink.unwrap_or_else(|| String::from("/:sections/:slugorcontentbasename"));
        permalink = Some(format!("{}.html", pattern.trim_end_matches('/')));
    }
    Blog {
        preset: Preset::Hugo,
        posts: PathBuf::from(keys.text("contentDir").unwrap_or("content")),
        description: owned(keys.first(&["description", "params.description"])),
        author: owned(keys.first(&["author", "author.name", "params.author.name", "params.author"])),
        site_url: owned(keys.text("baseURL")),
        permalink,
        language: owned(keys.first(&["languageCode", "locale", "defaultContentLanguage"])),
        future: keys.is("buildFuture", "true").then_some(Future::Publish),
        entries: limit(keys.first(&["services.rss.limit", "rssLimit"]), ALL),
        remarks,
        ..Blog::common(keys)
    }
}

/// Zola, with its own feeds.
pub(super) fn zola(keys: &Keys) -> Blog {
    let mut remarks = Vec::new();
    if matches!(keys.text("slugify.paths"), None | Some("on")) {
        remarks.push(String::from(
            "file names with other letters than a to z: Zola respells them in links; give such posts a `slug`",
        ));
    }
    Blog {
        preset: Preset::Zola,
        posts: PathBuf::from("content"),
        author: owned(keys.text("author")),
        site_url: owned(keys.text("base_url")),
        permalink: None,
        language: owned(keys.text("default_language")),
        // Zola does not look at the clock.
        future: Some(Future::Publish),
        entries: limit(keys.text("feed_limit"), ALL),
        remarks,
        ..Blog::common(keys)
    }
}

impl Blog {
    /// What all call alike.
    fn common(keys: &Keys) -> Self {
        Self {
            title: owned(keys.text("title")),
            description: owned(keys.text("description")),
            timezone: owned(keys.text("timezone")),
            ..Self::default()
        }
    }
}
