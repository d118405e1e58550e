//! The variables of Hexo, Jekyll and Hugo, and what they stand for.
//!
//! | dialect | variables |
//! |---|---|
//! | Hexo | `:year :month :day :i_month :i_day :hour :minute :second :timestamp :title :slug :undated_title :name :post_title :category :hash` |
//! | Jekyll | `:year :short_year :month :i_month :short_month :long_month :day :i_day :y_day :short_day :long_day :week :w_year :w_day :hour :minute :second :title :slug :name :categories :slugified_categories :output_ext` |
//! | Hugo | `:year :month :monthname :day :weekday :weekdayname :yearday :section :sections :sections[…] :title :slug :filename :slugorfilename :contentbasename :slugorcontentbasename` |
//! | all | any front matter key |
//!
//! Decided where the generators need more than a post file:
//!
//! - Hexo's `:title` is the path without its ending, as written. A date at the start of the file's name stays, unless the
//!   front matter has no `date`: then only `new_post_name` can have told Hexo the date, and it cuts the date off.
//!   `:undated_title` (ours) is what `:title` is on a site whose `new_post_name` is `:year-:month-:day-:title.md`: a path
//!   without its date, or a path that starts with none as one slug.
//! - Hexo's `:category` is the whole path of the last category, `uncategorized` without one.
//! - Jekyll's `:categories` starts with the folders above `_posts`, if the posts folder contains them.
//! - Hugo's sections are the folders below the posts folder; a page bundle's own folder is none.

use sha1_smol::Sha1;

use super::{
    Dialect, LinkFacts,
    slug::{self, JekyllMode},
};
use crate::post::date::{self, Timezone};

/// What a part of a pattern stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Variable {
    /// A part of the date, as a `strftime` format.
    Date(&'static str),
    /// The same in small letters (Hugo).
    SmallDate(&'static str),
    /// Unix seconds.
    Timestamp,
    /// The path without its ending (Hexo).
    PathTitle,
    /// The path without its ending and without a date (Hexo, ours).
    UndatedTitle,
    /// The last part of [`Self::PathTitle`].
    PathName,
    /// The post's title as a slug (Hexo).
    PostTitle,
    /// The last category (Hexo).
    Category,
    /// Twelve digits of path and date (Hexo).
    Hash,
    /// The `slug`, else the file's name without its date (Jekyll).
    Slug(JekyllMode),
    /// The file's name with its date (Jekyll).
    Name,
    /// All categories as they are, in small letters (Jekyll).
    Categories,
    /// All categories as slugs (Jekyll).
    SlugifiedCategories,
    /// What a page ends in (Jekyll).
    OutputExt,
    /// Some of the folders (Hugo).
    Sections(Range),
    /// The title, urlized (Hugo).
    Title,
    /// The `slug`, else the title (Hugo).
    SlugOrTitle,
    /// The file's name, or its bundle's (Hugo).
    FileName,
    /// The `slug`, else the file's name (Hugo).
    SlugOrFileName,
    /// A front matter key.
    Key(String),
    /// A front matter key, urlized (Hugo).
    UrlizedKey(String),
}

/// Some of the sections: `[1:]`, `[0]`, `[last]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    /// One of them.
    One(Bound),
    /// From the first, included, to the second, not included.
    Slice(Bound, Bound),
}

/// Where a range starts or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// Counted from the front.
    Index(usize),
    /// The last one.
    Last,
    /// Behind the last one.
    End,
}

/// A named style of Jekyll's as a pattern; any other text is one already.
pub(super) fn jekyll_style(pattern: &str) -> &str {
    match pattern {
        "date" => "/:categories/:year/:month/:day/:title:output_ext",
        "pretty" => "/:categories/:year/:month/:day/:title/",
        "ordinal" => "/:categories/:year/:y_day/:title:output_ext",
        "weekdate" => "/:categories/:year/W:week/:short_day/:title:output_ext",
        "none" => "/:categories/:title:output_ext",
        other => other,
    }
}

/// The variable of this name, and what of the name belongs to the text behind it: Jekyll reads `:year_x` as `:year`, `_x`.
pub(super) fn variable(name: &str, dialect: Dialect) -> (Variable, &str) {
    match dialect {
        Dialect::Hexo => (hexo(name).unwrap_or_else(|| Variable::Key(name.into())), ""),
        Dialect::Hugo => (hugo(name).unwrap_or_else(|| Variable::UrlizedKey(name.into())), ""),
        Dialect::Jekyll => {
            let ends = std::iter::once(name.len()).chain(name.rmatch_indices('_').map(|(at, _)| at));
            let known = ends
                .filter_map(|end| name.split_at_checked(end))
                .find_map(|(start, rest)| Some((jekyll(start)?, rest)));
            known.unwrap_or_else(|| (Variable::Key(name.into()), ""))
        }
    }
}

/// The parts of a date that all have in common.
fn common(name: &str) -> Option<Variable> {
    let format = match name {
        "year" => "%Y",
        "month" => "%m",
        "day" => "%d",
        _ => return None,
    };
    Some(Variable::Date(format))
}

/// What Hexo and Jekyll have in common.
fn padded_or_not(name: &str) -> Option<Variable> {
    let format = match name {
        "i_month" => "%-m",
        "i_day" => "%-d",
        "hour" => "%H",
        "minute" => "%M",
        "second" => "%S",
        _ => return common(name),
    };
    Some(Variable::Date(format))
}

/// <https://hexo.io/docs/permalinks>
fn hexo(name: &str) -> Option<Variable> {
    Some(match name {
        "timestamp" => Variable::Timestamp,
        "title" | "slug" => Variable::PathTitle,
        "undated_title" => Variable::UndatedTitle,
        "name" => Variable::PathName,
        "post_title" => Variable::PostTitle,
        "category" => Variable::Category,
        "hash" => Variable::Hash,
        _ => return padded_or_not(name),
    })
}

/// <https://jekyllrb.com/docs/permalinks/>
fn jekyll(name: &str) -> Option<Variable> {
    Some(match name {
        "short_year" => Variable::Date("%y"),
        "short_month" => Variable::Date("%b"),
        "long_month" => Variable::Date("%B"),
        "y_day" => Variable::Date("%j"),
        "short_day" => Variable::Date("%a"),
        "long_day" => Variable::Date("%A"),
        "week" => Variable::Date("%V"),
        "w_year" => Variable::Date("%G"),
        "w_day" => Variable::Date("%u"),
        "title" => Variable::Slug(JekyllMode::Pretty),
        "slug" => Variable::Slug(JekyllMode::Default),
        "name" => Variable::Name,
        "categories" => Variable::Categories,
        "slugified_categories" => Variable::SlugifiedCategories,
        "output_ext" => Variable::OutputExt,
        _ => return padded_or_not(name),
    })
}

/// <https://gohugo.io/configuration/permalinks/>
fn hugo(name: &str) -> Option<Variable> {
    Some(match name {
        "monthname" => Variable::SmallDate("%B"),
        "weekday" => Variable::Date("%w"),
        "weekdayname" => Variable::SmallDate("%A"),
        "yearday" => Variable::Date("%-j"),
        "section" => Variable::Sections(Range::One(Bound::Index(0))),
        "sections" => Variable::Sections(Range::Slice(Bound::Index(0), Bound::End)),
        "title" => Variable::Title,
        "slug" => Variable::SlugOrTitle,
        "filename" | "contentbasename" => Variable::FileName,
        "slugorfilename" | "slugorcontentbasename" => Variable::SlugOrFileName,
        _ => return common(name),
    })
}

impl Range {
    /// Parses what stands in the brackets.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bound = |text: &str, absent| match text.trim() {
            "" => absent,
            "last" => Some(Bound::Last),
            digits => digits.parse().ok().map(Bound::Index),
        };
        match text.split_once(':') {
            None => bound(text, None).map(Self::One),
            Some((from, to)) => Some(Self::Slice(bound(from, Some(Bound::Index(0)))?, bound(to, Some(Bound::End))?)),
        }
    }

    /// The sections in this range; none where it is out of bounds.
    fn of(self, sections: &[String]) -> &[String] {
        let at = |bound| match bound {
            Bound::Index(index) => index.min(sections.len()),
            Bound::Last => sections.len().saturating_sub(1),
            Bound::End => sections.len(),
        };
        let (from, to) = match self {
            Self::One(bound) => (at(bound), at(bound) + 1),
            Self::Slice(from, to) => (at(from), at(to)),
        };
        sections.get(from..to).unwrap_or_default()
    }
}

impl Variable {
    /// What it stands for; `None` if the post does not have it.
    pub(super) fn value(&self, facts: &LinkFacts<'_>, timezone: &Timezone) -> Option<String> {
        let path = FilePath::of(facts);
        let slug = facts.slug.map(str::trim).filter(|slug| !slug.is_empty());
        Some(match self {
            Self::Date(format) => facts.published.format(format).to_string(),
            Self::SmallDate(format) => facts.published.format(format).to_string().to_lowercase(),
            Self::Timestamp => date::unix(facts.published, timezone)?.to_string(),
            Self::PathTitle => path.with_name(path.hexo_name(facts)),
            Self::UndatedTitle => path.by_dated_names(),
            Self::PathName => path.hexo_name(facts).into(),
            Self::PostTitle => slug::hexo(facts.title).to_lowercase(),
            Self::Category => match facts.categories.last() {
                Some(names) => joined(names.iter().map(|name| slug::hexo(name))),
                None => "uncategorized".into(),
            },
            Self::Hash => {
                let text =
                    format!("{}{}", path.with_name(path.hexo_name(facts)), date::unix(facts.published, timezone)?);
                Sha1::from(text).digest().to_string().chars().take(12).collect()
            }
            Self::Slug(mode) => slug::jekyll(&jekyll_slug(facts), *mode),
            Self::Name => slug::jekyll(&path.name, JekyllMode::Default),
            Self::Categories => joined(jekyll_categories(facts, &path)),
            Self::SlugifiedCategories => {
                joined(jekyll_categories(facts, &path).iter().map(|name| slug::jekyll(name, JekyllMode::Default)))
            }
            Self::OutputExt => ".html".into(),
            Self::Sections(range) => joined(range.of(path.sections()).iter().map(|name| slug::hugo(name))),
            Self::Title => slug::hugo(facts.title),
            Self::SlugOrTitle => slug::hugo(slug.unwrap_or(facts.title)),
            Self::FileName => slug::hugo(path.content_name()),
            Self::SlugOrFileName => slug::hugo(slug.unwrap_or(path.content_name())),
            Self::Key(key) => (facts.key)(key)?,
            Self::UrlizedKey(key) => slug::hugo(&(facts.key)(key)?),
        })
    }
}

/// A post's path below its folder, taken apart. What is not UTF-8 shows as U+FFFD, as it does in a generator's output.
struct FilePath {
    folders: Vec<String>,
    name: String,
}

impl FilePath {
    fn of(facts: &LinkFacts<'_>) -> Self {
        let lossy = |part: &std::ffi::OsStr| part.to_string_lossy().into_owned();
        let folders = facts.path.parent().into_iter().flatten().map(lossy).collect();
        Self { folders, name: facts.path.file_stem().map(lossy).unwrap_or_default() }
    }

    /// The name without a date at its start; a name that is a date alone keeps it.
    fn undated(&self) -> &str {
        let rest = date::split_file_name(&self.name).map(|(_, rest)| rest).filter(|rest| !rest.is_empty());
        rest.unwrap_or(&self.name)
    }

    /// The name by which Hexo knows the post: see the module's doc.
    fn hexo_name(&self, facts: &LinkFacts<'_>) -> &str {
        if (facts.key)("date").is_some() { &self.name } else { self.undated() }
    }

    /// What Hexo finds in the path where its names of posts begin with a date.
    fn by_dated_names(&self) -> String {
        let path = self.with_name(&self.name);
        match date::split_file_name(&path) {
            Some((_, rest)) if !rest.is_empty() => rest.to_owned(),
            _ => slug::hexo(&path),
        }
    }

    /// The folders and this name.
    fn with_name(&self, name: &str) -> String {
        joined(self.folders.iter().map(String::as_str).chain([name]))
    }

    /// Whether this is a page bundle's `index.md` or `index.fr.md`.
    fn is_bundle(&self) -> bool {
        self.name.split('.').next() == Some("index") && !self.folders.is_empty()
    }

    /// Hugo's sections.
    fn sections(&self) -> &[String] {
        let bundle = usize::from(self.is_bundle());
        self.folders.get(..self.folders.len().saturating_sub(bundle)).unwrap_or_default()
    }

    /// The file's name, or that of its bundle.
    fn content_name(&self) -> &str {
        self.folders.last().filter(|_| self.is_bundle()).unwrap_or(&self.name)
    }
}

/// Jekyll's `slug`, before any rule for words.
pub(super) fn jekyll_slug(facts: &LinkFacts<'_>) -> String {
    let path = FilePath::of(facts);
    match facts.slug.map(str::trim).filter(|slug| !slug.is_empty()) {
        Some(slug) => slug.to_owned(),
        None => path.undated().trim_end_matches('.').to_owned(),
    }
}

/// Names with a slash between them.
fn joined<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let mut path = String::new();
    for name in names {
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(name.as_ref());
    }
    path
}

/// Jekyll's categories, each once: the folders above `_posts`, then the front matter's.
fn jekyll_categories(facts: &LinkFacts<'_>, path: &FilePath) -> Vec<String> {
    let above = path.folders.iter().position(|folder| folder == "_posts").unwrap_or(0);
    let folders = path.folders.iter().take(above);
    let mut found = Vec::new();
    for name in folders.chain(facts.categories.iter().flatten()).map(|name| name.to_lowercase()) {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}
