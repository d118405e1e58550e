//! What the formats of one feed tell, held against each other. What one of them escaped twice, the others show.

use std::collections::BTreeMap;

use super::{Finding, Rule};

/// What a feed document tells.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) language: Option<String>,
    /// For an archive: the address of the current document.
    pub(crate) archive_of: Option<String>,
    pub(crate) entries: Vec<Entry>,
}

/// What it tells of an entry. A format that has no word for something leaves it out.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) link: String,
    pub(crate) published: Option<i64>,
    pub(crate) updated: Option<i64>,
    pub(crate) summary: String,
    /// Empty when there is none.
    pub(crate) content: String,
    pub(crate) authors: Vec<String>,
    /// Each once.
    pub(crate) categories: Vec<String>,
    pub(crate) image: Option<String>,
    /// Empty when there is none, absent where the format has no word for it.
    pub(crate) language: Option<String>,
}

/// Compares the documents that lie beside each other as `rss.xml`, `atom.xml` and `feed.json`.
pub(super) fn formats(told: &BTreeMap<String, Told>) -> Vec<Finding> {
    let mut feeds: BTreeMap<&str, Vec<(&str, &Told)>> = BTreeMap::new();
    for (address, feed) in told {
        if let Some(folder) = ["rss.xml", "atom.xml", "feed.json"].iter().find_map(|name| address.strip_suffix(name)) {
            feeds.entry(folder).or_default().push((address, feed));
        }
    }
    let mut findings = Vec::new();
    for (folder, documents) in feeds {
        let mut find = |rule, address: &str, place: String| {
            findings.push(Finding { document: address.to_owned(), rule, place });
        };
        if documents.len() != 3 {
            find(Rule::SameFeed, folder, format!("{} formats", documents.len()));
        }
        let mut documents = documents.into_iter();
        let Some((first, one)) = documents.next() else { continue };
        for (address, other) in documents {
            let ids = |feed: &Told| feed.entries.iter().map(|entry| entry.id.clone()).collect::<Vec<_>>();
            if ids(one) != ids(other) {
                find(Rule::SameFeed, address, format!("other entries than {first}: {:?}, {:?}", ids(other), ids(one)));
                continue;
            }
            let words = |feed: &Told| [feed.title.clone(), feed.description.clone(), format!("{:?}", feed.language)];
            if words(one) != words(other) {
                find(Rule::SameWords, address, format!("{:?} and {:?}", words(other), words(one)));
            }
            for (one, other) in one.entries.iter().zip(&other.entries) {
                for (field, ours, theirs) in differences(one, other) {
                    let id = &one.id;
                    find(Rule::SameWords, address, format!("{field} of {id}: {theirs} instead of {ours}"));
                }
            }
        }
    }
    findings
}

/// The fields in which two tellings of an entry differ, with both values.
fn differences(one: &Entry, other: &Entry) -> Vec<(&'static str, String, String)> {
    fn differ<T: PartialEq + std::fmt::Debug>(one: &T, other: &T) -> Option<(String, String)> {
        (one != other).then(|| (format!("{one:?}"), format!("{other:?}")))
    }
    fn where_both_say<T: PartialEq + std::fmt::Debug>(one: Option<&T>, other: Option<&T>) -> Option<(String, String)> {
        differ(one?, other?)
    }
    [
        ("title", differ(&one.title, &other.title)),
        ("link", differ(&one.link, &other.link)),
        ("published", differ(&one.published, &other.published)),
        ("updated", where_both_say(one.updated.as_ref(), other.updated.as_ref())),
        ("summary", differ(&one.summary, &other.summary)),
        ("content", differ(&one.content, &other.content)),
        ("authors", differ(&one.authors, &other.authors)),
        ("categories", differ(&one.categories, &other.categories)),
        ("image", differ(&one.image, &other.image)),
        ("language", where_both_say(one.language.as_ref(), other.language.as_ref())),
    ]
    .into_iter()
    .filter_map(|(field, values)| values.map(|(one, other)| (field, one, other)))
    .collect()
}

/// Newest first, ties by id.
pub(super) fn is_ordered(entries: &[Entry]) -> bool {
    entries.is_sorted_by(|one, next| {
        one.published > next.published || (one.published == next.published && one.id <= next.id)
    })
}

/// The texts, each once, in their order.
pub(super) fn each_once(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for text in texts {
        if !once.contains(&text) {
            once.push(text);
        }
    }
    once
}
