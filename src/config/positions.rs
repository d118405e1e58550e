//! Where each key of a YAML file stands: text → key paths with line and column.
//!
//! The configuration is read through serde, whose errors know a place but not the key, and judged afterwards, when
//! the key is known but not the place. This map goes both ways.

use granit_parser::{Event, Parser};

/// A place in a file, counted from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Every node of a YAML file in the order of the file: its key path and where its key (or list item) starts.
#[derive(Debug, Default)]
pub(super) struct Positions(Vec<Spot>);

/// One node: a text, a mapping or a list.
#[derive(Debug)]
struct Spot {
    /// Its key path, such as `posts[0].path`.
    path: String,
    /// Where its key starts; its own place for a list item.
    key: Position,
    /// Where it starts itself.
    value: Position,
    /// What it says, if it is a text.
    text: Option<String>,
}

/// A collection that is open while events are read.
enum Open {
    /// A mapping: its path, and the key whose value comes next.
    Mapping(String, Option<(String, Position)>),
    /// A list: its path, and the index of the next item.
    List(String, usize),
}

impl Positions {
    /// Reads as much of `text` as is YAML.
    pub(super) fn of(text: &str) -> Self {
        let mut positions = Self::default();
        let mut open: Vec<Open> = Vec::new();
        for event in Parser::new_from_str(text) {
            let Ok((event, span)) = event else { break };
            let place = Position { line: span.start.line(), column: span.start.col() + 1 };
            match event {
                Event::Scalar(value, ..) => {
                    if let Some(Open::Mapping(_, key @ None)) = open.last_mut() {
                        *key = Some((value.into_owned(), place));
                    } else {
                        positions.node(&mut open, place, Some(value.into_owned()));
                    }
                }
                Event::Alias(_) => {
                    positions.node(&mut open, place, None);
                }
                Event::MappingStart(..) => {
                    let path = positions.node(&mut open, place, None);
                    open.push(Open::Mapping(path, None));
                }
                Event::SequenceStart(..) => {
                    let path = positions.node(&mut open, place, None);
                    open.push(Open::List(path, 0));
                }
                Event::MappingEnd | Event::SequenceEnd => {
                    open.pop();
                }
                _ => {}
            }
        }
        positions
    }

    /// Notes a value that starts at `place`, and returns its path.
    fn node(&mut self, open: &mut [Open], place: Position, text: Option<String>) -> String {
        let (path, key) = match open.last_mut() {
            None => (String::new(), place),
            Some(Open::List(path, index)) => {
                let item = format!("{path}[{index}]");
                *index += 1;
                (item, place)
            }
            Some(Open::Mapping(path, key)) => match key.take() {
                Some((key, at)) if path.is_empty() => (key, at),
                Some((key, at)) => (format!("{path}.{key}"), at),
                // A mapping as a key: no key of ours, but its value must be counted all the same.
                None => (path.clone(), place),
            },
        };
        self.0.push(Spot { path: path.clone(), key, value: place, text });
        path
    }

    /// Where the value of `key` starts; of the nearest parent that stands in the file if it does not itself.
    pub(super) fn find(&self, key: &str) -> Option<Position> {
        let mut key = key;
        loop {
            if let Some(spot) = self.0.iter().find(|spot| spot.path == key) {
                return Some(spot.value);
            }
            key = key.rfind(['.', '[']).and_then(|end| key.get(..end))?;
        }
    }

    /// The key at a place: the last one that starts at it or before it on the way there.
    pub(super) fn key_at(&self, at: Position) -> Option<&str> {
        self.0.iter().take_while(|spot| spot.key <= at).last().map(|spot| spot.path.as_str())
    }

    /// The names of all keys, whatever they are in.
    #[cfg(test)]
    pub(super) fn keys(&self) -> std::collections::BTreeSet<String> {
        self.0.iter().filter_map(|spot| spot.path.rsplit('.').next().map(str::to_owned)).collect()
    }

    /// Every text with its key path, in the order of the file.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|spot| Some((spot.path.as_str(), spot.text.as_deref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# 注释
posts:
  - path: /srv/posts
    categories: {list: flat}
  - path: b
    include: ['*.txt', \"x\"]
title: 标题
";

    #[test]
    fn a_key_has_a_place() {
        let table = [
            ("title", Some((7, 8))),
            ("posts[0].path", Some((3, 11))),
            ("posts[1].include[1]", Some((6, 24))),
            ("posts[0].categories.list", Some((4, 24))),
            ("posts[0].timezone", Some((3, 5))),
            ("nothing", None),
        ];
        for (key, expected) in table {
            let found = Positions::of(TEXT).find(key).map(|place| (place.line, place.column));
            assert_eq!(found, expected, "{key}");
        }
    }

    #[test]
    fn a_place_has_a_key() {
        let table = [
            ((3, 11), "posts[0].path"),
            ((3, 5), "posts[0].path"),
            ((4, 18), "posts[0].categories.list"),
            ((6, 24), "posts[1].include[1]"),
            ((7, 1), "title"),
        ];
        for ((line, column), expected) in table {
            assert_eq!(Positions::of(TEXT).key_at(Position { line, column }), Some(expected), "{line}:{column}");
        }
    }
}
