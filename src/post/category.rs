//! Category shapes → category paths.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use super::{
    front_matter::{Node, Value},
    title,
};

/// Names from parent to child, never empty, each non-empty.
pub type CategoryPath = Vec<String>;

/// Ornaments that known crawlers put before a name.
const ORNAMENTS: [&str; 2] = ["| ", "— "];

/// How categories are read. Hexo's rule is the default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CategoryRules {
    /// What a flat list means.
    pub list: ListRule,
    /// Whether a string is several categories.
    pub split: SplitRule,
    /// Renames and merges. Key and value are paths: a key of one name maps that name wherever it stands; an empty
    /// value drops it.
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

impl CategoryRules {
    /// The category paths that the values of the category keys name, normalised, each once, in their order.
    #[must_use]
    pub fn read(&self, nodes: &[&Node]) -> Vec<CategoryPath> {
        let mut paths: Vec<CategoryPath> = Vec::new();
        for raw in nodes.iter().flat_map(|node| self.shapes(node)) {
            let names: CategoryPath = raw.iter().map(|name| normalise(name)).filter(|name| !name.is_empty()).collect();
            let path = self.aliased(&names);
            if !path.is_empty() {
                let path = self.prefix.iter().cloned().chain(path).collect();
                if !paths.contains(&path) {
                    paths.push(path);
                }
            }
        }
        if paths.is_empty() {
            paths.extend(self.uncategorised.iter().map(|name| {
                self.prefix.iter().cloned().chain([normalise(name)]).collect()
            }));
        }
        paths
    }

    /// A path under the name that it has now.
    #[must_use]
    pub fn aliased(&self, path: &[String]) -> CategoryPath {
        if let Some(target) = self.aliases.get(path) {
            return target.clone();
        }
        // The longest renamed parent takes its children along.
        for depth in (2..path.len()).rev() {
            if let Some(target) = self.aliases.get(&path[..depth]) {
                return target.iter().chain(&path[depth..]).cloned().collect();
            }
        }
        path.iter()
            .flat_map(|name| match self.aliases.get(std::slice::from_ref(name)) {
                Some(target) => target.clone(),
                None => vec![name.clone()],
            })
            .collect()
    }

    /// What a value means as paths, before any name is touched.
    fn shapes(&self, node: &Node) -> Vec<Vec<String>> {
        match &node.value {
            Value::Text(text) => match self.split {
                SplitRule::Never => vec![vec![text.clone()]],
                SplitRule::Commas => text.split([',', '，', '、']).map(|name| vec![name.to_owned()]).collect(),
                SplitRule::Blanks => text.split_whitespace().map(|name| vec![name.to_owned()]).collect(),
            },
            Value::List(items) => {
                let nested = items.iter().any(|item| matches!(item.value, Value::List(_)));
                if nested || self.list == ListRule::Flat {
                    items.iter().map(names).collect()
                } else {
                    vec![items.iter().flat_map(names).collect()]
                }
            }
            Value::Map(_) => vec![names(node)],
            Value::Null => Vec::new(),
        }
    }
}

/// The names in a list item: a text, a path of texts, or a map with a `name`.
fn names(node: &Node) -> Vec<String> {
    match &node.value {
        Value::Text(text) => vec![text.clone()],
        Value::List(items) => items.iter().flat_map(names).collect(),
        Value::Map(_) => node.get("name").or_else(|| node.get("title")).map(names).unwrap_or_default(),
        Value::Null => Vec::new(),
    }
}

/// NFC, plain text, white space folded, ornaments dropped.
#[must_use]
pub fn normalise(name: &str) -> String {
    let mut name = title::plain(name);
    while let Some(rest) = ORNAMENTS.iter().find_map(|ornament| name.strip_prefix(ornament)) {
        name = rest.trim_start().to_owned();
    }
    name.nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::front_matter::{parse, split};

    fn check(rules: &CategoryRules, yaml: &str, expected: &[&str]) {
        let text = format!("---\nc: {yaml}\n---\n");
        let node = parse(&split(&text).unwrap().unwrap(), &mut Vec::new()).unwrap();
        let paths: Vec<_> = rules.read(&[node.get("c").unwrap()]).iter().map(|path| path.join("/")).collect();
        assert_eq!(paths, expected, "{yaml}");
    }

    #[test]
    fn shapes() {
        let hexo = CategoryRules::default();
        let flat = CategoryRules { list: ListRule::Flat, split: SplitRule::Blanks, ..CategoryRules::default() };
        for (rules, yaml, expected) in [
            (&hexo, "社交媒体", &["社交媒体"][..]),
            (&hexo, "[社交媒体, 知乎, 知乎热榜]", &["社交媒体/知乎/知乎热榜"]),
            (&hexo, "\n - 社交媒体\n - 知乎", &["社交媒体/知乎"]),
            (&hexo, "[[a, b], [c], d]", &["a/b", "c", "d"]),
            (&hexo, "[[a, b], [a, b]]", &["a/b"]),
            (&hexo, "true", &["true"]),
            (&hexo, "[' a  b ', '', '| c', '— d']", &["a b/c/d"]),
            (&hexo, "foo bar", &["foo bar"]),
            (&hexo, "", &[]),
            (&hexo, "[e\u{301}]", &["é"]),
            (&flat, "[a, b]", &["a", "b"]),
            (&flat, "foo bar", &["foo", "bar"]),
            (&flat, "[foo bar]", &["foo bar"]),
        ] {
            check(rules, yaml, expected);
        }
    }

    #[test]
    fn aliases_rename_merge_and_drop() {
        let path = |text: &str| text.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let aliases = [("weibo", "微博"), ("a/b", "x"), ("junk", "")];
        let aliases = aliases.map(|(from, to)| (path(from), path(to))).into();
        let rules = CategoryRules {
            aliases,
            prefix: path("p"),
            uncategorised: Some("未分类".into()),
            ..CategoryRules::default()
        };
        for (yaml, expected) in [
            ("[社交, weibo]", &["p/社交/微博"][..]),
            ("[a, b]", &["p/x"]),
            ("[a, b, c]", &["p/x/c"]),
            ("junk", &["p/未分类"]),
            ("[a, junk]", &["p/a"]),
        ] {
            check(&rules, yaml, expected);
        }
    }
}
