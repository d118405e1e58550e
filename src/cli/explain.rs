//! `explain`: how each field of a post was decided, and from what.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use chrono::DateTime;

use super::{Failure, report, say};
use crate::{
    config::{Folder, Loaded},
    post::{
        self, Enclosure, Outcome, Post, PublishedFrom, SourceFile, Visibility, body, date, decode,
        fields::{Entry, Field, Fields},
        front_matter,
        id::{self, IdRule},
        link::Dialect,
    },
    watch,
};

/// Explains one post.
pub(super) fn explain(loaded: &Loaded, file: &Path) -> Result<ExitCode, Failure> {
    let whole = std::path::absolute(file)?;
    let folder = loaded.folder_of(&whole);
    let inside = whole.strip_prefix(&folder.path).map_or_else(|_| PathBuf::from(file), Path::to_owned);
    let (stat, bytes) = watch::read(&whole).map_err(|error| Failure::Io(format!("{}: {error}", file.display())))?;
    let modified = DateTime::from_timestamp_nanos(stat.modified);
    let reading = folder.admit(post::read(&SourceFile { path: &inside, bytes: &bytes, modified }, &folder.read));
    let text = decode::decode(&bytes, folder.read.encoding).map(|decoded| decoded.text).unwrap_or_default();
    let mut out = String::new();
    let mut line = |name: &str, value: &str, from: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{name:<11} {value}\n            ← {from}");
    };
    let mut rendering = Vec::new();
    let verdict = match &reading.outcome {
        Outcome::Post(post) => {
            rendering = body::render(&post.body, &folder.bases(post.link.as_deref()), None).diagnostics;
            let root = front_matter::split(&text).ok().flatten();
            let parsed = root.and_then(|split| split.parse().ok()).unwrap_or_default();
            let fields = Fields::new(&parsed.map, &folder.read.keys);
            Explainer { post, folder: &folder, path: &inside, fields, text: &text }.lines(&mut line);
            ExitCode::SUCCESS
        }
        Outcome::Skipped | Outcome::LeftOut => {
            line("status", "skipped", "this is no post, see below");
            ExitCode::SUCCESS
        }
        Outcome::Rejected(error) => {
            line("status", "rejected", &error.to_string());
            ExitCode::FAILURE
        }
    };
    let mut remarks = Vec::new();
    let mut all = report::Verdict::new(&inside);
    all.diagnostics = reading.diagnostics;
    all.diagnostics.append(&mut rendering);
    report::text(&all, &text, false, &mut remarks)?;
    if !remarks.is_empty() {
        out.push('\n');
        out.push_str(&String::from_utf8_lossy(&remarks));
    }
    say(&out)?;
    Ok(verdict)
}

struct Explainer<'a> {
    post: &'a Post,
    folder: &'a Folder,
    path: &'a Path,
    fields: Fields<'a>,
    text: &'a str,
}

impl Explainer<'_> {
    fn lines(&self, line: &mut dyn FnMut(&str, &str, &str)) {
        let Self { post, folder, fields, .. } = self;
        let rules = &folder.read;
        line(
            "folder",
            &format!("{} ({})", rules.folder, folder.path.display()),
            "the configuration, or the command line",
        );
        line("title", &post.title, &self.first(Field::Title, "the first heading, else the file's name"));
        line("published", &report::time(post.published.at), &self.published());
        if let Some(updated) = post.updated {
            line("updated", &report::time(updated), &self.first(Field::Updated, ""));
        }
        let categories: Vec<String> = post.categories.iter().map(|path| path.join("/")).collect();
        line(
            "categories",
            &categories.join(", "),
            &self.first(Field::Categories, "no key: `categories.uncategorised`"),
        );
        if !post.tags.is_empty() {
            line("tags", &post.tags.join(", "), &self.first(Field::Tags, ""));
        }
        line("authors", &post.authors.join(", "), &self.first(Field::Authors, "no key: the feed's `author`"));
        let image = post.image.as_deref().unwrap_or("none");
        line("image", image, &self.first(Field::Image, "no key: the first picture of the text, if it has one"));
        if !post.enclosures.is_empty() {
            let one = |file: &Enclosure| match file.length {
                Some(length) => format!("{} ({}, {length} bytes)", file.url, file.media_type),
                None => format!("{} ({})", file.url, file.media_type),
            };
            let files: Vec<String> = post.enclosures.iter().map(one).collect();
            line("enclosures", &files.join(", "), &self.first(Field::Enclosures, ""));
        }
        line("link", post.link.as_deref().unwrap_or("a page of our own, under /posts/"), &self.link());
        line("id", &post.id.clone().unwrap_or_else(|| id::of_path(&rules.folder, self.path)), &self.id());
        let language = post.language.as_deref().unwrap_or("none");
        line("language", language, &self.first(Field::Language, "the folder's `language`"));
        if let Some(expires) = post.expires {
            line("expires", &report::time(expires), &self.first(Field::Expires, ""));
        }
        match post.visibility {
            Visibility::Public => line("public", "yes", "no key says otherwise"),
            Visibility::Withheld(key) => {
                line("public", "no", &fields.key(key).map_or_else(|| format!("`{key}`"), |entry| self.quote(entry)));
            }
        }
    }

    /// The line on which a field stands, or what is taken in its place.
    fn first(&self, field: Field, otherwise: &str) -> String {
        self.fields.all(field).next().map_or_else(|| otherwise.to_owned(), |entry| self.quote(entry))
    }

    /// The line of the file on which a value stands.
    fn quote(&self, entry: Entry<'_>) -> String {
        let number = usize::try_from(entry.node.line).unwrap_or(1);
        let line = self.text.lines().nth(number.saturating_sub(1)).unwrap_or_default().trim();
        let short: String = line.chars().take(80).collect();
        format!("line {number}: {short}{}", if short.len() < line.len() { "…" } else { "" })
    }

    fn published(&self) -> String {
        let rules = &self.folder.read.dates;
        let is_date = |entry: &Entry<'_>| entry.node.text().is_some_and(|text| date::read(text, rules).is_ok());
        let zone = rules.timezone.name();
        match self.post.published.from {
            PublishedFrom::FrontMatter => {
                let line =
                    self.fields.all(Field::Published).find(is_date).map(|entry| self.quote(entry)).unwrap_or_default();
                let jekyll = self.folder.read.links.dialect() == Dialect::Jekyll;
                let or_utc = if jekyll { ", or in UTC if it is written as YAML writes times" } else { "" };
                let stamp =
                    if self.post.published.stamp { "; it is the time at which the file was written" } else { "" };
                format!("{line} (a time without zone is in {zone}{or_utc}){stamp}")
            }
            PublishedFrom::FileName => format!("the file's name, in {zone}"),
            PublishedFrom::FileTime => String::from("the file's modification time at first sight"),
        }
    }

    fn link(&self) -> String {
        let links = &self.folder.read.links;
        let absolute = |entry: &Entry<'_>| entry.node.text().is_some_and(|text| text.starts_with("http"));
        if let Some(entry) = self.fields.all(Field::Link).find(absolute) {
            return self.quote(entry);
        }
        match (&links.site_url, self.fields.all(Field::Permalink).next()) {
            (None, _) => String::from("no `link` key, and no `site_url` configured"),
            (Some(site), Some(entry)) => format!("`site_url` {site} and {}", self.quote(entry)),
            (Some(site), None) if links.permalink.is_some() => {
                format!("`site_url` {site} and the folder's `permalink`")
            }
            (Some(_), None) => String::from("no `link` key, and no `permalink` configured"),
        }
    }

    fn id(&self) -> String {
        if let Some(id) = &self.post.id
            && let Some(entry) = self.fields.all(Field::Id).next()
            && entry.node.text().is_some_and(|text| id::of_front_matter(&self.folder.read.folder, text) == *id)
        {
            return self.quote(entry);
        }
        match (self.folder.read.ids, &self.post.id) {
            (IdRule::Permalink, Some(_)) => String::from("`ids: permalink`: the address that the blog gives the post"),
            (IdRule::JekyllFeed, Some(_)) => {
                String::from("`ids: jekyll-feed`: the folder of the address that the blog gives the post, and the slug")
            }
            _ => String::from("the folder's name and the file's path"),
        }
    }
}
