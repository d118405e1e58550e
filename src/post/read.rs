//! One post from front to back: decode, split, parse, look up, decide.

use std::path::Path;

use chrono::{DateTime, Utc};
use url::Url;

use super::{
    Body, Code, Diagnostic, FrontMatterRule, Markup, Outcome, Post, Published, PublishedFrom, ReadSettings, Reading,
    SourceFile, Visibility,
    body, date, decode,
    fields::{Field, Fields, switch},
    front_matter::{self, Node, Value},
    id, link, title,
};

/// Keys that keep a post from the public when they are switched on, or hold a password.
const WITHHOLDING: [&str; 7] = ["draft", "password", "encrypt", "encrypted", "private", "hidden", "unlisted"];

/// Values of `status` that a public post may have.
const PUBLIC_STATUS: [&str; 4] = ["publish", "published", "public", "live"];

/// Reads one post.
#[must_use]
pub fn read(source: &SourceFile<'_>, settings: &ReadSettings) -> Reading {
    let mut diagnostics = Vec::new();
    let text = match decode::decode(source.bytes, settings.encoding, &mut diagnostics) {
        Ok(text) => text,
        Err(error) => return Reading::rejected(error, diagnostics),
    };
    let (root, body) = match front_matter::split(&text) {
        Err(error) => return Reading::rejected(error, diagnostics),
        Ok(Some(split)) => match front_matter::parse(&split, &mut diagnostics) {
            Err(error) => return Reading::rejected(error, diagnostics),
            Ok(root) => {
                (root, Body { markup: markup(source.path), text: split.body.to_owned(), line: split.body_line })
            }
        },
        Ok(None) if settings.front_matter == FrontMatterRule::Optional => {
            let root = Node { value: Value::Map(Vec::new()), line: 1, column: 1 };
            (root, Body { markup: markup(source.path), text: text.into_owned(), line: 1 })
        }
        Ok(None) => {
            diagnostics.push(no_front_matter(&text));
            return Reading { outcome: Outcome::Skipped, diagnostics };
        }
    };
    let post = Reader { source, settings, fields: Fields::new(&root, &settings.keys), diagnostics: &mut diagnostics }
        .post(body);
    Reading { outcome: Outcome::Post(Box::new(post)), diagnostics }
}

fn no_front_matter(text: &str) -> Diagnostic {
    let diagnostic = Diagnostic::warning(Code::NoFrontMatter, "no front matter, so this is taken for no post").at(1, 1);
    if text.trim().is_empty() {
        Diagnostic::warning(Code::NoFrontMatter, "the file is empty").help("write a post into it, or remove it")
    } else if front_matter::looks_forgotten(text) {
        diagnostic.help("put a line `---` before the keys and another one after them")
    } else {
        diagnostic.help("start the file with `---`, `title: …`, `---`, or set `front_matter: optional` for this folder")
    }
}

fn markup(path: &Path) -> Markup {
    let is_html = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("html") || end.eq_ignore_ascii_case("htm"));
    if is_html { Markup::Html } else { Markup::Markdown }
}

struct Reader<'a> {
    source: &'a SourceFile<'a>,
    settings: &'a ReadSettings,
    fields: Fields<'a>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn post(mut self, body: Body) -> Post {
        let stem = self.stem();
        let dated_name = date::from_file_name(&stem, &self.settings.dates);
        let title = self.title(&body, dated_name.as_ref().map(|(_, rest)| *rest));
        let published = self.published(dated_name.map(|(moment, _)| moment));
        let updated = self.moment(Field::Updated);
        let expires = self.moment(Field::Expires);
        let category_nodes: Vec<&Node> = self.fields.all(Field::Categories).collect();
        let categories = self.settings.categories.read(&category_nodes);
        let link = self.link(&title, published.at, &categories);
        let id = match self.fields.text(Field::Id) {
            Some(id) => Some(id::of_front_matter(&self.settings.folder, id)),
            None => id::of_link(self.settings.ids, link.as_deref()),
        };
        let image = self.image(link.as_deref());
        let language = self.fields.text(Field::Language).map(|tag| tag.replace('_', "-")).filter(|tag| is_language(tag));
        let excerpt = self.fields.text(Field::Excerpt).map(title::plain).filter(|text| !text.is_empty());
        Post {
            digest: body::significant(&title, link.as_deref(), &body.text),
            title,
            published,
            updated,
            expires,
            categories,
            tags: self.names(Field::Tags),
            authors: self.names(Field::Authors),
            image,
            link,
            id,
            language: language.or_else(|| self.settings.language.clone()),
            excerpt,
            visibility: self.visibility(),
            body,
        }
    }

    fn stem(&self) -> String {
        self.source.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn title(&mut self, body: &Body, dated_rest: Option<&str>) -> String {
        let written = self.fields.text(Field::Title).map(title::plain).filter(|title| !title.is_empty());
        if let Some(title) = written.or_else(|| body::first_heading(body)) {
            return title;
        }
        let title = title::of_file(self.source.path, dated_rest);
        self.diagnostics.push(
            Diagnostic::info(Code::NoTitle, format!("no title; the file's name is taken: {title}"))
                .help("add `title: …` to the front matter"),
        );
        title
    }

    /// The front matter's date, else the file name's, else the file's time.
    fn published(&mut self, dated_name: Option<date::Moment>) -> Published {
        if let Some((moment, node)) = self.first_date() {
            for warning in &moment.warnings {
                self.diagnostics.push(node.warn(warning.code(), warning.to_string()).help(warning.help()));
            }
            let stamp = date::stamp(&moment, self.source.modified, &self.settings.dates);
            return Published { at: stamp.unwrap_or(moment.at), from: PublishedFrom::FrontMatter, stamp: stamp.is_some() };
        }
        if let Some(moment) = dated_name {
            return Published { at: moment.at, from: PublishedFrom::FileName, stamp: false };
        }
        self.diagnostics.push(
            Diagnostic::info(Code::NoDate, "no date; the time of the file at first sight is taken")
                .help("add `date: 2024-03-18 09:30:00` to the front matter"),
        );
        Published { at: self.source.modified, from: PublishedFrom::FileTime, stamp: false }
    }

    /// The first date key that holds a date; those that hold none are remarked on.
    fn first_date(&mut self) -> Option<(date::Moment, Node)> {
        for node in self.fields.all(Field::Published) {
            let Some(text) = node.text() else { continue };
            // A boolean `published` is a switch.
            if switch(text).is_some() {
                continue;
            }
            match date::read(text, &self.settings.dates) {
                Ok(moment) => return Some((moment, node.clone())),
                Err(error) => self.diagnostics.push(node.warn(error.code(), error.to_string()).help(error.help())),
            }
        }
        None
    }

    /// A time that is not essential.
    fn moment(&mut self, field: Field) -> Option<DateTime<Utc>> {
        let node = self.fields.first(field)?;
        match date::read(node.text()?, &self.settings.dates) {
            Ok(moment) => Some(moment.at),
            Err(error) => {
                self.diagnostics.push(node.warn(error.code(), error.to_string()).help(error.help()));
                None
            }
        }
    }

    fn link(&mut self, title: &str, published: DateTime<Utc>, categories: &[super::CategoryPath]) -> Option<String> {
        let fields = self.fields;
        let absolute = fields.all(Field::Link).filter_map(Node::text).map(str::trim).find(|text| is_http(text));
        let key = |name: &str| fields.key(name).and_then(Node::text).map(str::to_owned);
        let facts = link::LinkFacts {
            path: self.source.path,
            title,
            slug: fields.text(Field::Slug),
            permalink: fields.text(Field::Permalink),
            link: absolute,
            published: published.with_timezone(&self.settings.dates.timezone).naive_local(),
            categories,
            key: &key,
        };
        link::link(&facts, &self.settings.links)
    }

    /// The front matter's picture as an absolute http(s) URL.
    fn image(&mut self, link: Option<&str>) -> Option<String> {
        let node = self.fields.all(Field::Image).find(|node| image_text(node).is_some())?;
        let text = image_text(node)?.trim();
        if is_http(text) {
            return Url::parse(text).ok().map(String::from);
        }
        let site = self.settings.links.site_url.as_ref();
        let url = if let Some(rest) = text.strip_prefix("//") {
            Url::parse(&format!("https://{rest}")).ok()
        } else if let Some(rest) = text.strip_prefix('/') {
            site.and_then(|site| site.join(rest).ok())
        } else {
            link.and_then(|link| Url::parse(link).ok()).or_else(|| site.cloned()).and_then(|base| base.join(text).ok())
        };
        url.map(String::from).filter(|url| is_http(url))
    }

    /// Plain names, each once: a text, a list of texts, or maps with a `name`.
    fn names(&self, field: Field) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let mut add = |text: &str| {
            let name = title::plain(text);
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        };
        match self.fields.first(field).map(|node| &node.value) {
            Some(Value::Text(text)) => add(text),
            Some(Value::List(items)) => items.iter().filter_map(name_of).for_each(&mut add),
            Some(Value::Map(_)) => self.fields.first(field).and_then(name_of).into_iter().for_each(&mut add),
            Some(Value::Null) | None => {}
        }
        names
    }

    fn visibility(&self) -> Visibility {
        let text = |key: &str| self.fields.key(key).and_then(Node::text);
        for key in WITHHOLDING {
            // A password is any text; the others are switches, and anything but "no" is a yes.
            if text(key).is_some_and(|text| switch(text) != Some(false)) {
                return Visibility::Withheld(key);
            }
        }
        for key in ["published", "feed"] {
            if text(key).and_then(switch) == Some(false) {
                return Visibility::Withheld(key);
            }
        }
        let status = text("status").map(str::to_ascii_lowercase);
        if status.is_some_and(|status| !PUBLIC_STATUS.contains(&status.as_str())) {
            return Visibility::Withheld("status");
        }
        Visibility::Public
    }
}

fn name_of(node: &Node) -> Option<&str> {
    node.text().or_else(|| node.get("name").or_else(|| node.get("title")).and_then(Node::text))
}

/// The address in an image value: a text, the first of a list, or a map with an address.
fn image_text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) => Some(text),
        Value::List(items) => items.iter().find_map(image_text),
        Value::Map(_) => ["url", "src", "path", "feature", "image"].iter().find_map(|key| node.get(key)?.text()),
        Value::Null => None,
    }
}

fn is_http(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https")) && Url::parse(text).is_ok_and(|url| url.has_host())
}

/// Looks like a tag of BCP 47.
fn is_language(tag: &str) -> bool {
    !tag.is_empty() && tag.split('-').all(|part| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric()))
}
