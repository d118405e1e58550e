//! A blog's configuration as a list of key paths and texts, whether it is YAML, JSON or TOML.

use super::super::positions::Positions;

/// Every text of a configuration under its key path, such as `permalinks.posts` or `language[0]`, in order.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<(String, String)>);

impl Keys {
    /// Reads a text that is YAML, which JSON is too.
    pub(super) fn of_yaml(text: &str) -> Self {
        let positions = Positions::of(text);
        Self(positions.texts().map(|(key, text)| (key.to_owned(), text.to_owned())).collect())
    }

    /// Takes a TOML table apart.
    pub(super) fn of_toml(table: &toml::Table) -> Self {
        let mut keys = Self::default();
        for (key, value) in table {
            keys.take(key.clone(), value);
        }
        keys
    }

    fn take(&mut self, key: String, value: &toml::Value) {
        match value {
            toml::Value::Table(table) => {
                for (name, value) in table {
                    self.take(format!("{key}.{name}"), value);
                }
            }
            toml::Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    self.take(format!("{key}[{index}]"), value);
                }
            }
            toml::Value::String(text) => self.0.push((key, text.clone())),
            other => self.0.push((key, other.to_string())),
        }
    }

    /// Adds the keys of a file that stands for one key of a configuration in several files.
    pub(super) fn add(&mut self, prefix: Option<&str>, more: Self) {
        self.0.extend(more.0.into_iter().map(|(key, text)| match prefix {
            Some(prefix) => (format!("{prefix}.{key}"), text),
            None => (key, text),
        }));
    }

    /// What stands at a key, in any case; nothing where it is empty.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        let (_, text) = self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(key))?;
        Some(text.trim()).filter(|text| !matches!(*text, "" | "~" | "null"))
    }

    /// The first of several keys that is there.
    pub(super) fn first(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.text(key))
    }

    pub(super) fn is(&self, key: &str, value: &str) -> bool {
        self.text(key).is_some_and(|text| text.eq_ignore_ascii_case(value))
    }

    /// The names and texts below a key.
    pub(super) fn below<'a>(&'a self, key: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let prefix = format!("{key}.").to_ascii_lowercase();
        self.0.iter().filter_map(move |(name, text)| {
            let (start, rest) = name.split_at_checked(prefix.len())?;
            start.eq_ignore_ascii_case(&prefix).then_some((rest, text.as_str()))
        })
    }
}
