//! JSON Feed 1.1.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{
    Judge, Rule, Told,
    compare::{self, Entry},
    html,
    text::{is_language, is_media_type, is_plain, is_uri, rfc3339},
    xml::is_char,
};

/// What a known field holds.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    /// Plain, without markup.
    Words,
    Address,
    Language,
    Html,
    Number,
    Switch,
    List,
    /// A list of plain texts.
    Names,
}

const FEED: &[(&str, Kind)] = &[
    ("version", Kind::Text),
    ("title", Kind::Words),
    ("home_page_url", Kind::Address),
    ("feed_url", Kind::Address),
    ("description", Kind::Words),
    ("user_comment", Kind::Text),
    ("next_url", Kind::Address),
    ("icon", Kind::Address),
    ("favicon", Kind::Address),
    ("authors", Kind::List),
    ("language", Kind::Language),
    ("expired", Kind::Switch),
    ("hubs", Kind::List),
    ("items", Kind::List),
];

const ITEM: &[(&str, Kind)] = &[
    ("id", Kind::Text),
    ("url", Kind::Address),
    ("external_url", Kind::Address),
    ("title", Kind::Words),
    ("content_html", Kind::Html),
    ("content_text", Kind::Text),
    ("summary", Kind::Text),
    ("image", Kind::Address),
    ("banner_image", Kind::Address),
    ("date_published", Kind::Text),
    ("date_modified", Kind::Text),
    ("authors", Kind::List),
    ("tags", Kind::Names),
    ("language", Kind::Language),
    ("attachments", Kind::List),
];

const AUTHOR: &[(&str, Kind)] = &[("name", Kind::Words), ("url", Kind::Address), ("avatar", Kind::Address)];

const ATTACHMENT: &[(&str, Kind)] = &[
    ("url", Kind::Address),
    ("mime_type", Kind::Text),
    ("title", Kind::Words),
    ("size_in_bytes", Kind::Number),
    ("duration_in_seconds", Kind::Number),
];

/// Judges a JSON Feed document.
pub(super) fn judge(judge: &mut Judge<'_>, text: &str) -> Option<Told> {
    let feed = match serde_json::from_str(text) {
        Ok(Strict(Value::Object(feed))) => feed,
        other => {
            judge.demand(Rule::JsonSyntax, false, || other.err().map_or("no object".to_owned(), |e| e.to_string()));
            return None;
        }
    };
    let version = text_of(&feed, "version") == Some("https://jsonfeed.org/version/1.1");
    judge.demand(Rule::JsonVersion, version, || format!("{:?}", feed.get("version")));
    for name in ["title", "items"] {
        judge.demand(Rule::JsonRequired, feed.contains_key(name), || name.to_owned());
    }
    fields(judge, "", &feed, FEED);
    people(judge, "", &feed);
    judge.demand(Rule::JsonSelf, text_of(&feed, "feed_url") == Some(judge.address), || {
        format!("{:?}", feed.get("feed_url"))
    });
    let next = text_of(&feed, "next_url");
    judge.demand(Rule::JsonNext, next.is_none() || next != text_of(&feed, "feed_url"), || format!("{next:?}"));

    let mut ids = HashSet::new();
    let mut entries = Vec::new();
    for (number, one) in feed.get("items").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let place = format!("items[{number}]");
        let Some(one) = one.as_object() else {
            judge.demand(Rule::JsonType, false, || place);
            continue;
        };
        let entry = item(judge, &place, one);
        judge.demand(Rule::JsonIdUnique, ids.insert(entry.id.clone()), || format!("{place}.id {:?}", entry.id));
        entries.push(entry);
    }
    judge.demand(Rule::JsonOrder, compare::is_ordered(&entries), || "items".to_owned());
    let own = |name| text_of(&feed, name).map(str::to_owned);
    Some(Told {
        title: own("title").unwrap_or_default(),
        description: own("description").unwrap_or_default(),
        language: own("language"),
        archive_of: None,
        entries,
    })
}

fn item(judge: &mut Judge<'_>, place: &str, item: &Map<String, Value>) -> Entry {
    fields(judge, &format!("{place}."), item, ITEM);
    judge.demand(Rule::JsonRequired, text_of(item, "id").is_some_and(|id| !id.is_empty()), || format!("{place}.id"));
    let content = text_of(item, "content_html").or(text_of(item, "content_text"));
    judge.demand(Rule::JsonContent, content.is_some(), || place.to_owned());
    let mut date = |name| {
        let written = text_of(item, name)?;
        let date = rfc3339(written);
        judge.demand(Rule::JsonDate, date.is_some(), || format!("{place}.{name} {written:?}"));
        date
    };
    let (published, updated) = (date("date_published"), date("date_modified"));
    judge.demand(Rule::JsonDate, updated.is_none_or(|updated| published <= Some(updated)), || place.to_owned());
    let authors = people(judge, place, item);
    for (number, attachment) in item.get("attachments").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let place = format!("{place}.attachments[{number}]");
        let attachment = attachment.as_object().cloned().unwrap_or_default();
        let kind = text_of(&attachment, "mime_type").is_some_and(is_media_type);
        judge.demand(Rule::JsonAttachment, kind && attachment.contains_key("url"), || place.clone());
        fields(judge, &format!("{place}."), &attachment, ATTACHMENT);
    }
    let own = |name| text_of(item, name).unwrap_or_default().to_owned();
    let tags = item.get("tags").and_then(Value::as_array).into_iter().flatten();
    Entry {
        id: own("id"),
        title: own("title"),
        link: own("url"),
        published,
        updated,
        summary: own("summary"),
        content: own("content_html"),
        authors,
        categories: compare::each_once(tags.filter_map(Value::as_str).map(str::to_owned)),
        image: text_of(item, "image").map(str::to_owned),
        language: Some(own("language")),
    }
}

/// Every field has its type, and what it holds has its form.
fn fields(judge: &mut Judge<'_>, place: &str, object: &Map<String, Value>, known: &[(&str, Kind)]) {
    for (name, value) in object {
        let shown = || format!("{place}{name}: {value}");
        let Some(&(_, kind)) = known.iter().find(|(known, _)| known == name) else {
            // `author` is judged by another rule.
            judge.demand(Rule::JsonType, name.starts_with('_') || name == "author", shown);
            continue;
        };
        let is_type = match kind {
            Kind::Text | Kind::Words | Kind::Address | Kind::Language | Kind::Html => value.is_string(),
            Kind::Number => value.is_u64() || value.is_f64(),
            Kind::Switch => value.is_boolean(),
            Kind::List => value.is_array(),
            Kind::Names => value.as_array().is_some_and(|names| names.iter().all(Value::is_string)),
        };
        judge.demand(Rule::JsonType, is_type, shown);
        let names = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        for text in value.as_str().into_iter().chain(names) {
            judge.demand(Rule::Character, text.chars().all(is_char), shown);
            match kind {
                Kind::Words | Kind::Names => judge.demand(Rule::PlainText, is_plain(text), shown),
                Kind::Address => judge.demand(Rule::Uri, is_uri(text), shown),
                Kind::Language => judge.demand(Rule::Language, is_language(text), shown),
                Kind::Html => html::judge(judge, &format!("{place}{name}"), text),
                _ => {}
            }
        }
    }
}

/// The names of the authors.
fn people(judge: &mut Judge<'_>, place: &str, object: &Map<String, Value>) -> Vec<String> {
    judge.demand(Rule::JsonAuthor, !object.contains_key("author"), || format!("{place} author"));
    let mut names = Vec::new();
    for author in object.get("authors").and_then(Value::as_array).into_iter().flatten() {
        let author = author.as_object().cloned().unwrap_or_default();
        let told = AUTHOR.iter().any(|(name, _)| text_of(&author, name).is_some_and(|text| !text.is_empty()));
        judge.demand(Rule::JsonAuthor, told, || format!("{place} {author:?}"));
        fields(judge, &format!("{place} author."), &author, AUTHOR);
        names.extend(text_of(&author, "name").map(str::to_owned));
    }
    names
}

fn text_of<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str()
}

/// A JSON value in which no key comes twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = seq.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = map.next_entry::<String, Strict>()? {
            if object.insert(name.clone(), value).is_some() {
                return Err(A::Error::custom(format!("`{name}` comes twice")));
            }
        }
        Ok(Value::Object(object))
    }
}
