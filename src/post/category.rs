//! Category shapes → category paths.
//!
//! In: the values under `category` and `categories`. Out: paths from parent to child, each once, in the order of the
//! file. Names are plain text in normal form ([`normalise`]); what has another shape than a text or a list comes back
//! as misshapen, never as an error.

use std::{borrow::Cow, collections::BTreeMap};

use unicode_normalization::UnicodeNormalization;

use super::{
    fields::{Entry, Field, Fields},
    front_matter::{Node, Value},
    title,
};

/// Names from parent to child, never empty, each non-empty.
pub type CategoryPath = Vec<String>;

/// How categories are read. Hexo's rule is the default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CategoryRules {
    /// What a flat list means.
    pub list: ListRule,
    /// Whether a string is several categories.
    pub split: SplitRule,
    /// Renames and merges. Key and value are paths of names in normal form ([`normalise`]): a key of one name maps that
    /// name wherever it stands, a longer one maps that path and what is below it; an empty value drops it. Applied once:
    /// what an alias yields is not looked up again.
    pub aliases: BTreeMap<CategoryPath, CategoryPath>,
    /// Put before every path.
    pub prefix: CategoryPath,
    /// Where posts without a category go; nowhere when absent.
    pub uncategorised: Option<String>,
}

/// What a flat list of categories means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ListRule {
    /// One path from parent to child (Hexo).
    #[default]
    Path,
    /// Each item a category of its own (Jekyll, Hugo).
    Flat,
}

/// Whether a string is several categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SplitRule {
    /// One string is one category.
    #[default]
    Never,
    /// Split at commas.
    Commas,
    /// Split at white space (Jekyll).
    Blanks,
}

/// What the category keys of a post come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Categories<'a> {
    /// In the order of the file, each once; the default one if there is no other.
    pub paths: Vec<CategoryPath>,
    /// As the file names them, for the addresses that the blog gave: no alias, no prefix, no default.
    pub written: Vec<CategoryPath>,
    /// Values that are neither text nor list.
    pub misshapen: Vec<Entry<'a>>,
    /// There were more than [`MOST`], or one of more than [`LEVELS`]: the rest is left out.
    pub cut: bool,
}

/// Names that one post may have: each has feeds of its own.
pub const MOST: usize = 100;

/// Levels of a category: each has feeds of its own.
pub const LEVELS: usize = 16;

/// Reads the categories of a post. `category` comes before `categories`, as in Jekyll.
#[must_use]
pub fn read<'a>(fields: Fields<'a>, rules: &CategoryRules) -> Categories<'a> {
    let mut read = Categories::default();
    let mut found = Vec::new();
    for entry in fields.all(Field::Categories) {
        // Jekyll takes the singular as one name, whatever blanks it has.
        let split = match rules.split {
            SplitRule::Blanks if entry.key.eq_ignore_ascii_case("category") => SplitRule::Never,
            split => split,
        };
        if shape(entry, split, rules.list, &mut found).is_none() {
            read.misshapen.push(entry);
        }
    }
    for names in found {
        let mut names: CategoryPath = names.iter().filter_map(|name| normalise(name)).collect();
        read.cut |= names.len() > LEVELS;
        names.truncate(LEVELS);
        let path = rules.settle(&names);
        if !path.is_empty() && !read.paths.contains(&path) {
            if read.paths.len() == MOST {
                read.cut = true;
                break;
            }
            read.paths.push(path);
        }
        if !names.is_empty() && !read.written.contains(&names) {
            read.written.push(names);
        }
    }
    if read.paths.is_empty()
        && let Some(default) = &rules.uncategorised
    {
        read.paths.push(rules.prefix.iter().chain([default]).cloned().collect());
    }
    read
}

/// Adds the paths of one value, names as they are written; `None` if part of it has a shape that is not read.
fn shape(entry: Entry<'_>, split: SplitRule, list: ListRule, found: &mut Vec<Vec<String>>) -> Option<()> {
    let items = match &entry.node.value {
        Value::Text(text) => {
            found.extend(split.names(text).map(|name| vec![name.to_owned()]));
            return Some(());
        }
        Value::List(items) => items,
        Value::Null | Value::Map(_) => return None,
    };
    let nested = items.iter().any(|item| matches!(item.value, Value::List(_)));
    let mut whole = Some(());
    let mut flat = Vec::new();
    for item in items.iter().filter(|item| item.is_set()) {
        match &item.value {
            Value::List(names) => found.push(names.iter().filter_map(name).collect()),
            _ => match name(item) {
                Some(name) if nested || list == ListRule::Flat => found.push(vec![name]),
                Some(name) => flat.push(name),
                None => whole = None,
            },
        }
    }
    found.push(flat);
    whole
}

/// The name that an item states: a text, or a map with a `name`.
fn name(item: &Node) -> Option<String> {
    match &item.value {
        Value::Map(map) => map.iter().find(|(key, _)| *key == "name")?.1.text(),
        _ => item.text(),
    }
    .map(str::to_owned)
}

impl SplitRule {
    /// The names in a text.
    pub(super) fn names(self, text: &str) -> impl Iterator<Item = &str> {
        text.split(move |c: char| match self {
            Self::Never => false,
            Self::Commas => matches!(c, ',' | '，' | '、'),
            Self::Blanks => c.is_whitespace(),
        })
        .map(str::trim)
        .filter(|name| !name.is_empty())
    }
}

impl CategoryRules {
    /// The path as it is shown: aliases applied, the prefix in front. Empty if nothing is left.
    fn settle(&self, names: &[String]) -> CategoryPath {
        let path = if self.aliases.is_empty() { names.to_vec() } else { self.renamed(names) };
        if path.is_empty() { path } else { self.prefix.iter().cloned().chain(path).collect() }
    }

    /// A path as it is shown, under the name that it has now: aliases are for what stands behind the prefix. `None` for
    /// one without the prefix, which this folder never shows.
    #[must_use]
    pub fn renamed_as_shown(&self, path: &[String]) -> Option<CategoryPath> {
        let now = self.renamed(path.strip_prefix(&*self.prefix)?);
        Some(if now.is_empty() { now } else { self.prefix.iter().cloned().chain(now).collect() })
    }

    /// The paths, as they would be shown, that aliases give another name.
    #[must_use]
    pub fn aliased(&self) -> Vec<CategoryPath> {
        self.aliases.keys().map(|path| self.prefix.iter().chain(path).cloned().collect()).collect()
    }

    /// A path under the name that it has now.
    #[must_use]
    pub fn renamed(&self, names: &[String]) -> CategoryPath {
        let longest = (2..=names.len()).rev().find_map(|length| {
            let (head, below) = names.split_at_checked(length)?;
            Some((self.aliases.get(head)?, below))
        });
        let (head, below) =
            longest.map_or((Cow::Owned(Vec::new()), names), |(head, below)| (Cow::Borrowed(head), below));
        let mut path = head.into_owned();
        for name in below {
            match self.aliases.get(std::slice::from_ref(name)) {
                Some(other) => path.extend(other.iter().cloned()),
                None => path.push(name.clone()),
            }
        }
        path
    }
}

/// A name in normal form: plain text, NFC, white space folded, without the ornaments that crawlers put before it;
/// `None` if nothing is left.
#[must_use]
pub fn normalise(name: &str) -> Option<String> {
    let plain: String = title::plain(name).nfc().collect();
    let mut rest = plain.as_str();
    while let Some(inner) = ["|", "—"].iter().find_map(|mark| rest.strip_prefix(mark)) {
        match inner.strip_prefix(' ') {
            Some(inner) => rest = inner,
            None if inner.is_empty() => return None,
            None => break,
        }
    }
    (!rest.is_empty()).then(|| rest.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::front_matter::split, *};

    fn path(text: &str) -> CategoryPath {
        text.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// The paths of a YAML front matter, as `a/b, c`.
    fn paths(yaml: &str, rules: &CategoryRules) -> String {
        let text = format!("---\n{yaml}\n---\n");
        let map = split(&text).unwrap().unwrap().parse().unwrap().map;
        let paths = read(Fields::new(&map, &[]), rules).paths;
        paths.iter().map(|path| path.join("/")).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn hexos_rule_is_the_default() {
        for (yaml, expected) in [
            ("categories: 知乎", "知乎"),
            ("categories: a b, c", "a b, c"),
            ("categories: \n - 社交媒体\n - 知乎\n - 知乎热榜", "社交媒体/知乎/知乎热榜"),
            ("categories: [a, b]", "a/b"),
            ("categories: [[a, b], [a, c]]", "a/b, a/c"),
            ("categories: [[a, b], c]", "a/b, c"),
            ("categories:\n- [a, b]\n- c\n- [a, b]", "a/b, c"),
            ("categories: [2021, true, 1.10]", "2021/true/1.10"),
            ("category: a\ncategories: b", "a, b"),
            ("categories: b\ncategory: a", "a, b"),
            ("categories: [a, '', ~, ' ']", "a"),
            ("categories: []", ""),
            ("categories:", ""),
            ("title: x", ""),
            ("categories: [{name: a, slug: b}]", "a"),
            ("taxonomies: {categories: [a]}", "a"),
            ("Categories: A", "A"),
            ("categories: ['| a', '— b', '|', 'x | y']", "a/b/x | y"),
            ("categories: ['  a  b ', 'C&amp;D', '<b>e</b>', 'Vec<T>']", "a b/C&D/e/Vec<T>"),
            ("categories: [\"e\\u0301\"]", "é"),
        ] {
            assert_eq!(paths(yaml, &CategoryRules::default()), expected, "{yaml}");
        }
    }

    #[test]
    fn lists_and_strings_can_be_read_otherwise() {
        let rules = |list, split| CategoryRules { list, split, ..CategoryRules::default() };
        for (rules, yaml, expected) in [
            (rules(ListRule::Flat, SplitRule::Never), "categories: [a, b]", "a, b"),
            (rules(ListRule::Flat, SplitRule::Never), "categories: [a, [b, c]]", "a, b/c"),
            (rules(ListRule::Flat, SplitRule::Blanks), "categories: foo bar baz", "foo, bar, baz"),
            (rules(ListRule::Flat, SplitRule::Blanks), "categories: [foo bar, baz]", "foo bar, baz"),
            (rules(ListRule::Flat, SplitRule::Blanks), "category: foo bar\ncategories: baz qux", "foo bar, baz, qux"),
            (rules(ListRule::Path, SplitRule::Commas), "categories: a b, c，d、e", "a b, c, d, e"),
        ] {
            assert_eq!(paths(yaml, &rules), expected, "{yaml}");
        }
    }

    #[test]
    fn names_and_paths_can_be_renamed_merged_and_dropped() {
        let aliases = [
            ("zhihu", "知乎"),
            ("a/b", "x/y"),
            ("a/b/c", "z"),
            ("hot", "社交媒体/热榜"),
            ("junk", ""),
            ("w/junk", "w"),
        ];
        let rules = CategoryRules {
            aliases: aliases.map(|(from, to)| (path(from), path(to))).into(),
            prefix: path("新闻"),
            uncategorised: Some("其他".to_owned()),
            ..CategoryRules::default()
        };
        for (yaml, expected) in [
            ("categories: zhihu", "新闻/知乎"),
            ("categories: [m, zhihu]", "新闻/m/知乎"),
            ("categories: [a, b]", "新闻/x/y"),
            ("categories: [a, b, zhihu]", "新闻/x/y/知乎"),
            ("categories: [a, b, c]", "新闻/z"),
            ("categories: [b, a]", "新闻/b/a"),
            ("categories: hot", "新闻/社交媒体/热榜"),
            ("categories: [[zhihu], [知乎]]", "新闻/知乎"),
            ("categories: [junk, a]", "新闻/a"),
            ("categories: junk", "新闻/其他"),
            ("categories: [w, junk]", "新闻/w"),
            ("title: x", "新闻/其他"),
        ] {
            assert_eq!(paths(yaml, &rules), expected, "{yaml}");
        }
    }

    #[test]
    fn other_shapes_are_told() {
        for (yaml, misshapen) in [("categories: {a: b}", 1), ("categories: [{a: b}, c]", 1), ("categories: [a]", 0)] {
            let text = format!("---\n{yaml}\n---\n");
            let map = split(&text).unwrap().unwrap().parse().unwrap().map;
            assert_eq!(read(Fields::new(&map, &[]), &CategoryRules::default()).misshapen.len(), misshapen, "{yaml}");
        }
    }

    proptest! {
        #[test]
        fn normal_form_is_stable(name in "([|—&;<>/ ]|amp|b|e\u{301}|知|\\PC){0,12}") {
            if let Some(normal) = normalise(&name) {
                prop_assert!(!normal.is_empty());
                // Entities are decoded once a reading; without them a second reading changes nothing.
                if !normal.contains('&') {
                    prop_assert_eq!(normalise(&normal), Some(normal));
                }
            }
        }
    }
}
