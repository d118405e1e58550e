//! One file → one [`Reading`]: the order of the stages, and what is taken when a field is missing or odd.

use std::{borrow::Cow, collections::HashSet, ffi::OsStr, path::Path};

use chrono::{DateTime, Utc};
use url::Url;

use super::{
    Body, Code, Diagnostic, FrontMatterRule, Level, Markup, Outcome, Post, PostError, Published, PublishedFrom,
    ReadSettings, Reading, SourceFile, Visibility, body,
    category::{self, SplitRule},
    date,
    decode::decode,
    enclosure,
    fields::{Entry, Field, Fields},
    front_matter::{self, Parsed, Split, Value},
    id, language, link, title,
};
use crate::bytes;

/// Reads one post. When it is rejected, the reason is also among the diagnostics.
#[must_use]
pub fn read(source: &SourceFile<'_>, settings: &ReadSettings) -> Reading {
    let mut diagnostics = Vec::new();
    let outcome = match read_file(source, settings, &mut diagnostics) {
        Ok(Some(post)) => Outcome::Post(Box::new(post)),
        Ok(None) => Outcome::Skipped,
        Err(error) => {
            diagnostics.push(Diagnostic::from(&error));
            Outcome::Rejected(error)
        }
    };
    diagnostics.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
    Reading { outcome, diagnostics }
}

fn read_file(
    source: &SourceFile<'_>,
    settings: &ReadSettings,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Option<Post>, PostError> {
    let decoded = decode(source.bytes, settings.encoding)?;
    diagnostics.extend(decoded.warning);
    let text = &*decoded.text;
    let split = front_matter::split(text)?;
    let (parsed, text, line) = match &split {
        Some(split @ Split { body, body_line, .. }) => (split.parse()?, *body, *body_line),
        None => match (front_matter::near_miss(text), settings.front_matter) {
            (Some(error), FrontMatterRule::Required) => return Err(error),
            (None, FrontMatterRule::Required) => {
                diagnostics.push(no_front_matter(text));
                return Ok(None);
            }
            (near_miss, FrontMatterRule::Optional) => {
                diagnostics
                    .extend(near_miss.map(|error| Diagnostic { level: Level::Warning, ..Diagnostic::from(&error) }));
                (Parsed::default(), text, 1)
            }
        },
    };
    diagnostics.extend(parsed.diagnostics);
    let body = Body { markup: markup(source.path), text: text.to_owned(), line };
    let fields = Fields::new(&parsed.map, &settings.keys);
    Ok(Some(Reader { source, settings, fields, diagnostics }.post(body)))
}

fn no_front_matter(text: &str) -> Diagnostic {
    let what = if text.trim().is_empty() { "the file is empty" } else { "the file has no front matter" };
    Diagnostic::warning(Code::NoFrontMatter, what)
        .help("begin the file with `---`, a line `title: …` and `---`, or set `front_matter: optional` for the folder")
}

/// HTML by its name; everything else is Markdown, in which HTML passes.
fn markup(path: &Path) -> Markup {
    match path.extension().map(OsStr::as_encoded_bytes) {
        // No usual name, but one that `include` may bring in.
        Some(ending) if ending.eq_ignore_ascii_case(b"xhtml") => Markup::Html,
        ending => ending.and_then(super::markup).unwrap_or(Markup::Markdown),
    }
}

/// Reads the fields of one front matter, and collects what is odd about them.
struct Reader<'a> {
    source: &'a SourceFile<'a>,
    settings: &'a ReadSettings,
    fields: Fields<'a>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn post(mut self, body: Body) -> Post {
        let settings = self.settings;
        let stem = title::file_stem(self.source.path);
        let named = date::from_file_name(&stem, &settings.dates);
        let published = self.published(named.as_ref().map(|(moment, _)| moment));
        let name = named.as_ref().map(|(_, rest)| *rest).filter(|rest| !rest.is_empty());
        let title = self.title(&body, name.unwrap_or(&stem));
        let categories = category::read(self.fields, &settings.categories);
        for entry in categories.misshapen {
            self.wrong_shape(entry, "a name, a list of names or a list of lists");
        }
        if categories.cut {
            let levels = category::LEVELS;
            self.too_many(&format!("categories, or one of more than {levels} levels"));
        }
        let (link, generated) = self.addresses(&title, published.at, &categories.written);
        let id = self.text(Field::Id).and_then(|id| match settings.ids {
            // The old generator took no notice of a number or name.
            id::IdRule::Permalink | id::IdRule::JekyllFeed if generated.is_some() && !id::is_absolute_iri(id) => None,
            _ => Some(id::of_front_matter(&settings.folder, id)),
        });
        Post {
            updated: self.moment(Field::Updated),
            expires: self.moment(Field::Expires),
            tags: self.tags(),
            authors: self.authors(),
            image: self.image(link.as_deref()),
            enclosures: enclosure::read(self.fields, &|text| {
                self.address(text, link.as_deref()).filter(|url| absolute_url(url).is_some())
            }),
            id: id.or(generated),
            language: self.language(),
            excerpt: self
                .text(Field::Excerpt)
                .map(|text| title::plain(&body::strip_all(text)))
                .filter(|excerpt| !excerpt.is_empty()),
            visibility: self.visibility(),
            digest: body::significant(&title, link.as_deref(), &body.text),
            written: bytes::fingerprint(&body.text),
            categories: categories.paths,
            published,
            title,
            link,
            body,
        }
    }

    fn title(&mut self, body: &Body, name: &str) -> String {
        for entry in self.fields.all(Field::Title) {
            let title = match &entry.node.value {
                Value::List(items) => {
                    self.wrong_shape(entry, "a text");
                    let texts: Vec<_> = items.iter().filter_map(|item| item.text()).collect();
                    plain(&texts.join(", "))
                }
                Value::Map(_) => {
                    self.wrong_shape(entry, "a text");
                    continue;
                }
                Value::Text(text) => plain(text),
                Value::Null => continue,
            };
            if !title.is_empty() {
                return title;
            }
        }
        let help = "add a line `title: …` to the front matter";
        if let Some(heading) = body::first_heading(body).map(|heading| title::plain(&heading)).filter(|h| !h.is_empty())
        {
            let remark = Diagnostic::info(Code::NoTitle, "there is no title; the first heading is taken");
            self.diagnostics.push(remark.help(help));
            return heading;
        }
        let remark = Diagnostic::warning(Code::NoTitle, "there is no title; the file's name is taken");
        self.diagnostics.push(remark.help(help));
        let name = title::plain(name.trim_matches(['-', '_', ' ']));
        if name.is_empty() { "untitled".to_owned() } else { name }
    }

    /// The front matter's date, else the one in the file's name, else the file's time.
    fn published(&mut self, named: Option<&date::Moment>) -> Published {
        let rules = &self.settings.dates;
        let fields = self.fields;
        let is_switch = |entry: &Entry<'_>| {
            entry.key.eq_ignore_ascii_case("published") && entry.node.text().and_then(switch).is_some()
        };
        let dates = fields.all(Field::Published).filter(|entry| !is_switch(entry));
        let mut tried = false;
        for entry in dates {
            tried = true;
            if let Some(moment) = self.read_moment(entry) {
                let stamp = date::stamp(&moment, self.source.modified, rules);
                let at = stamp.unwrap_or(moment.at);
                return Published { at, from: PublishedFrom::FrontMatter, stamp: stamp.is_some() };
            }
        }
        if let Some(moment) = named {
            for warning in &moment.warnings {
                self.diagnostics.push(Diagnostic::warning(warning.code(), warning.to_string()).help(warning.help()));
            }
            return Published { at: moment.at, from: PublishedFrom::FileName, stamp: false };
        }
        if !tried {
            self.diagnostics.push(
                Diagnostic::info(Code::NoDate, "there is no date; the file's time is taken, and kept from then on")
                    .help("add a line `date: YYYY-MM-DD HH:MM:SS` to the front matter"),
            );
        }
        Published { at: self.source.modified, from: PublishedFrom::FileTime, stamp: false }
    }

    /// The first of a field's values that can be read as a moment.
    fn moment(&mut self, field: Field) -> Option<DateTime<Utc>> {
        self.fields.all(field).find_map(|entry| self.read_moment(entry)).map(|moment| moment.at)
    }

    fn read_moment(&mut self, entry: Entry<'_>) -> Option<date::Moment> {
        let (line, column) = (entry.node.line, entry.node.column);
        let Some(text) = entry.node.text() else {
            self.wrong_shape(entry, "a date");
            return None;
        };
        let mut rules = self.settings.dates.clone();
        if self.settings.links.dialect() == link::Dialect::Jekyll && is_yaml_time(text) {
            rules.timezone = date::Timezone::UTC;
        }
        match date::read(text, &rules) {
            Ok(moment) => {
                self.diagnostics.extend(moment.warnings.iter().map(|warning| {
                    Diagnostic::warning(warning.code(), warning.to_string()).at(line, column).help(warning.help())
                }));
                Some(moment)
            }
            Err(error) => {
                let message = format!("`{}` is not taken: {error}", entry.key);
                self.diagnostics.push(Diagnostic::warning(error.code(), message).at(line, column).help(error.help()));
                None
            }
        }
    }

    /// The link, and the id that the old generator made of the address which it gave the post.
    fn addresses(
        &mut self,
        title: &str,
        published: DateTime<Utc>,
        categories: &[category::CategoryPath],
    ) -> (Option<String>, Option<String>) {
        let (fields, settings) = (self.fields, self.settings);
        let stated = fields.all(Field::Link).filter_map(|entry| entry.node.text());
        let stated: Vec<_> = stated.collect();
        let absolute = stated.iter().find_map(|text| absolute_url(text));
        // Hugo's `url` is an address below the site.
        let below_site = stated.iter().copied().find(|text| text.starts_with('/') && !text.starts_with("//"));
        let zone = settings.links.timezone(&settings.dates);
        let facts = link::LinkFacts {
            path: self.source.path,
            title,
            slug: self.text(Field::Slug),
            permalink: self.text(Field::Permalink).or(below_site),
            link: absolute.as_deref(),
            published: zone.shows(published).naive_local(),
            categories,
            key: &|key| fields.key(key)?.node.text().map(str::to_owned),
        };
        let link = link::link(&facts, &settings.links, &settings.dates);
        let generated = link::generated(&facts, &settings.links, &settings.dates).or_else(|| link.clone());
        let slug = || facts.jekyll_slug();
        let id = id::of_address(settings.ids, settings.links.dialect(), generated.as_deref(), slug);
        (link, id)
    }

    fn tags(&mut self) -> Vec<String> {
        let mut tags = Vec::new();
        let mut found_tags = false;
        for entry in self.fields.all(Field::Tags) {
            let is = |key| entry.key.eq_ignore_ascii_case(key);
            // A line of keywords is written for search engines. A list of them is tags, where there are no others.
            if is("keywords") && (found_tags || matches!(entry.node.value, Value::Text(_))) {
                continue;
            }
            found_tags = true;
            let split = match entry.node.value {
                // Jekyll takes the singular as one name, whatever blanks it has.
                Value::Text(_) if !is("tag") => self.settings.categories.split,
                _ => SplitRule::Never,
            };
            for text in self.texts(entry, "a tag or a list of tags") {
                for name in split.names(&text).filter_map(category::normalise) {
                    tags.push(name);
                }
            }
        }
        self.most("tags", tags)
    }

    fn authors(&mut self) -> Vec<String> {
        let mut authors = Vec::new();
        for entry in self.fields.all(Field::Authors) {
            for text in self.texts(entry, "a name, a list of names, or maps with a `name`") {
                let name = title::plain(&text);
                if !name.is_empty() {
                    authors.push(name);
                }
            }
        }
        self.most("authors", authors)
    }

    /// A value's texts: of a scalar, a list, or maps with a `name`.
    fn texts(&mut self, entry: Entry<'a>, wanted: &str) -> Vec<Cow<'a, str>> {
        let items = match &entry.node.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(entry.node),
        };
        let mut texts = Vec::new();
        for item in items.iter().filter(|item| item.is_set()) {
            let text = match &item.value {
                Value::Map(map) => {
                    map.iter().find(|(key, _)| key.eq_ignore_ascii_case("name")).and_then(|(_, name)| name.text())
                }
                _ => item.text(),
            };
            match text {
                Some(text) => texts.push(Cow::Borrowed(text)),
                None => self.wrong_shape(Entry { key: entry.key, node: item }, wanted),
            }
        }
        texts
    }

    /// The first picture that is set, as an absolute URL where it can be made one.
    fn image(&self, link: Option<&str>) -> Option<String> {
        self.address(self.fields.all(Field::Image).find_map(|entry| picture(entry.node))?, link)
    }

    /// An address of a file, absolute where it can be made so.
    fn address(&self, text: &str, link: Option<&str>) -> Option<String> {
        let base = if text.starts_with('/') {
            self.settings.links.site_url.clone()
        } else {
            link.and_then(|link| Url::parse(link).ok()).or_else(|| self.settings.links.site_url.clone())
        };
        if let Some(url) = absolute_url(text) {
            return Some(url);
        }
        if let Some(host) = text.strip_prefix("//") {
            return absolute_url(&format!("https://{host}"));
        }
        match base.and_then(|base| base.join(text).ok()) {
            Some(url) if matches!(url.scheme(), "http" | "https") => Some(url.into()),
            Some(_) => None,
            None => (!has_scheme(text)).then(|| text.to_owned()),
        }
    }

    fn language(&mut self) -> Option<String> {
        for entry in self.fields.all(Field::Language) {
            let tag = entry.node.text().map(|text| text.replace('_', "-"));
            match tag.filter(|tag| language::is_language_tag(tag)) {
                Some(tag) => return Some(tag),
                None => self.wrong_shape(entry, "a language tag such as `zh-CN`"),
            }
        }
        self.settings.language.clone()
    }

    fn text(&self, field: Field) -> Option<&'a str> {
        self.fields.all(field).find_map(|entry| entry.node.text())
    }

    /// Whether the post may be shown. What cannot be understood hides it: what is private must not get out.
    fn visibility(&mut self) -> Visibility {
        let Some(key) = self.withholding_key() else { return Visibility::Public };
        let mut remark = Diagnostic::info(Code::Withheld, format!("the post is not public: `{key}` says so"));
        if let Some(entry) = self.fields.key(key) {
            remark = remark.at(entry.node.line, entry.node.column);
        }
        self.diagnostics.push(remark.help(format!("remove `{key}` to publish it")));
        Visibility::Withheld(key)
    }

    fn withholding_key(&self) -> Option<&'static str> {
        let value = |key| self.fields.key(key).map(|entry| entry.node.text().unwrap_or("set"));
        let is_off = |key| value(key).and_then(switch) == Some(false);
        let is_on = |key| value(key).is_some_and(|text| switch(text) != Some(false));
        let draft = self.fields.all(Field::Draft).next().map(|entry| entry.node.text().unwrap_or("set"));
        if draft.is_some_and(|text| switch(text) != Some(false)) {
            return Some("draft");
        }
        ["published", "feed"]
            .into_iter()
            .find(|key| is_off(key))
            .or_else(|| value("status").is_some_and(is_unpublished).then_some("status"))
            .or_else(|| {
                ["password", "encrypt", "encrypted", "private", "hidden", "unlisted"].into_iter().find(|key| is_on(key))
            })
    }

    /// Each name once, and no more of them than a post may have.
    fn most(&mut self, what: &str, names: Vec<String>) -> Vec<String> {
        let mut names = unique(names);
        if names.len() > category::MOST {
            names.truncate(category::MOST);
            self.too_many(what);
        }
        names
    }

    fn too_many(&mut self, what: &str) {
        let message = format!("the post has more than {} {what}; the rest is left out", category::MOST);
        let remark = Diagnostic::warning(Code::OverLimit, message);
        self.diagnostics.push(remark.help("keep to the names that readers choose between"));
    }

    fn wrong_shape(&mut self, entry: Entry<'_>, wanted: &str) {
        let message = format!("`{}` has {} where {wanted} belongs", entry.key, entry.node.shape());
        let remark = Diagnostic::warning(Code::WrongShape, message).at(entry.node.line, entry.node.column);
        self.diagnostics.push(remark.help(format!("write {wanted}; a text with brackets or colons needs quotes")));
    }
}

/// Plain text for readers: without markup, and without what was written for a template engine.
fn plain(text: &str) -> String {
    title::plain(&body::strip(text))
}

/// The word for a switch, in YAML's old and new spellings.
fn switch(text: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 5]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_one_of(["true", "yes", "on", "y", "1"]) {
        Some(true)
    } else {
        is_one_of(["false", "no", "off", "n", "0"]).then_some(false)
    }
}

fn is_unpublished(status: &str) -> bool {
    let words = [
        "draft",
        "private",
        "pending",
        "unpublished",
        "hidden",
        "unlisted",
        "trash",
        "deleted",
        "auto-draft",
        "wip",
        "review",
        "in-review",
        "in review",
        "archived",
        "inactive",
        "idea",
        "protected",
        "password",
    ];
    words.iter().any(|word| status.eq_ignore_ascii_case(word))
}

/// A picture's address: a text, the `url` (`src`, `path`, …) of a map, or the first in a list.
fn picture(node: &front_matter::Node) -> Option<&str> {
    match &node.value {
        Value::Text(_) => node.text().filter(|text| switch(text).is_none()),
        Value::List(items) => items.iter().find_map(picture),
        Value::Map(map) => ["url", "src", "path", "image", "href", "file"]
            .iter()
            .find_map(|wanted| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted)))
            .and_then(|(_, node)| node.text()),
        Value::Null => None,
    }
}

/// YAML's own form of a time, without a zone: in UTC to YAML, and so to Jekyll, whatever its `timezone`.
fn is_yaml_time(text: &str) -> bool {
    let forms = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"];
    forms.iter().any(|form| chrono::NaiveDateTime::parse_from_str(text.trim(), form).is_ok())
}

fn absolute_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// The names in their order, each once.
fn unique(names: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::with_capacity(names.len());
    names.into_iter().filter(|name| seen.insert(name.clone())).collect()
}

#[cfg(test)]
mod tests;
