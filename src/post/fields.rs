//! Keys and their aliases → fields.
//!
//! In: the tree of a front matter. Out: for each [`Field`] the keys that state it, best first. Keys are compared
//! without regard to case, `-` and `_`, so `publishDate`, `publish_date` and `publish-date` are one. What a value
//! means is not decided here.

use super::front_matter::{Map, Node, Value};

/// A fact that the front matter may state.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// `title`
    Title,
    /// `date`
    Published,
    /// `updated`
    Updated,
    /// `categories`
    Categories,
    /// `tags`
    Tags,
    /// `author`
    Authors,
    /// `image`
    Image,
    /// `enclosure`
    Enclosures,
    /// `link`
    Link,
    /// `permalink`
    Permalink,
    /// `slug`
    Slug,
    /// `id`
    Id,
    /// `excerpt`
    Excerpt,
    /// `language`
    Language,
    /// `draft`
    Draft,
    /// `expiryDate`
    Expires,
}

impl Field {
    /// The keys that state the field, best first.
    #[must_use]
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Title => &["title"],
            Self::Published => &["date", "published_at", "pubDate", "created", "publishDate", "published"],
            Self::Updated => &["updated", "lastmod", "last_modified_at", "modified"],
            Self::Categories => &["category", "categories"],
            Self::Tags => &["tag", "tags", "keywords"],
            Self::Authors => &["author", "authors"],
            Self::Image => &["headimg", "thumbnail", "cover", "image", "banner", "featured_image", "index_img"],
            Self::Enclosures => &[
                "enclosure",
                "enclosures",
                "audio",
                "audio_url",
                "audio_file",
                "podcast",
                "podcast_url",
                "podcast_file",
                "media",
                "video",
                "video_url",
                "video_file",
            ],
            Self::Link => &["link", "original_url", "canonical", "source", "url"],
            Self::Permalink => &["permalink"],
            Self::Slug => &["slug"],
            Self::Id => &["id", "guid", "uuid"],
            Self::Excerpt => &["excerpt", "summary", "description"],
            Self::Language => &["lang", "language"],
            Self::Draft => &["draft"],
            Self::Expires => &["expiryDate"],
        }
    }
}

/// A front matter in which fields can be looked up.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    top: Scope<'a>,
    /// Maps of the front matter in which fields may stand too.
    below: [Option<Scope<'a>>; SCOPES.len()],
    more: &'a [(String, Field)],
}

/// A map in which fields may stand.
#[derive(Debug, Clone, Copy)]
struct Scope<'a> {
    map: &'a Map,
    /// Of all of its keys: most fields are in no front matter.
    initials: u32,
}

/// Where fields may stand below the top: Zola's `[taxonomies]` and `[extra]`, then Hugo's `[params]`.
const SCOPES: [&str; 3] = ["taxonomies", "extra", "params"];

/// A key of the front matter and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// As it is written.
    pub key: &'a str,
    /// Never null or blank.
    pub node: &'a Node,
}

impl<'a> Fields<'a> {
    /// `more` are configured keys; they go before the built-in ones.
    #[must_use]
    pub fn new(map: &'a Map, more: &'a [(String, Field)]) -> Self {
        let top = Scope::of(map);
        let below = SCOPES.map(|scope| match &top.find(scope)?.node.value {
            Value::Map(map) => Some(Scope::of(map)),
            _ => None,
        });
        Self { top, below, more }
    }

    /// Everything that states the field, best first: keys at the top, then those in Zola's `[taxonomies]` and
    /// `[extra]` and Hugo's `[params]`.
    pub fn all(self, field: Field) -> impl Iterator<Item = Entry<'a>> {
        let more = self.more.iter().filter(move |(_, known)| *known == field).map(|(key, _)| key.as_str());
        let keys = move || more.clone().chain(field.keys().iter().copied());
        std::iter::once(self.top)
            .chain(self.below.into_iter().flatten())
            .flat_map(move |scope| keys().filter_map(move |key| scope.find(key)))
    }

    /// The value of one key at the top.
    #[must_use]
    pub fn key(self, key: &str) -> Option<Entry<'a>> {
        self.top.find(key)
    }
}

impl<'a> Scope<'a> {
    fn of(map: &'a Map) -> Self {
        Self { map, initials: map.iter().fold(0, |all, (key, _)| all | initial(key)) }
    }

    /// The last value under a key that says anything.
    fn find(self, key: &str) -> Option<Entry<'a>> {
        if self.initials & initial(key) == 0 {
            return None;
        }
        let entries = self.map.iter().filter(|(written, node)| same_key(written, key) && node.is_set());
        entries.last().map(|(key, node)| Entry { key, node })
    }
}

/// A bit for the letter with which a key begins; all bits where that is something else. Keys that share none differ.
fn initial(key: &str) -> u32 {
    match key.bytes().next() {
        Some(byte) if byte.is_ascii_alphabetic() => 1 << (byte.to_ascii_lowercase() - b'a'),
        _ => u32::MAX,
    }
}

fn same_key(one: &str, other: &str) -> bool {
    initial(one) & initial(other) != 0 && letters(one).eq(letters(other))
}

fn letters(key: &str) -> impl Iterator<Item = u8> {
    key.bytes().filter(|byte| !matches!(byte, b'-' | b'_')).map(|byte| byte.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{super::front_matter::split, *};

    fn check(yaml: &str, field: Field, keys: &[&str]) {
        let text = format!("---\n{yaml}\n---\n");
        let map = split(&text).unwrap().unwrap().parse().unwrap().map;
        let more = [("photo".to_owned(), Field::Image)];
        let found: Vec<_> = Fields::new(&map, &more).all(field).map(|entry| entry.key).collect();
        assert_eq!(found, keys, "{yaml}");
    }

    #[test]
    fn the_documentation_has_all_keys() {
        let page = include_str!("../../docs/posts.md");
        let lines = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
        let keys =
            |cell: &str| cell.split('|').next().unwrap().split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let documented: Vec<(String, Vec<String>)> =
            lines.map(|(field, rest)| (field.to_owned(), keys(rest))).collect();
        let fields = serde_json::to_value(schemars::schema_for!(Field)).unwrap();
        let names = fields["oneOf"].as_array().unwrap().iter().map(|one| one["const"].as_str().unwrap().to_owned());
        for name in names {
            let field: Field = serde_json::from_value(name.clone().into()).unwrap();
            let (_, keys) = documented.iter().find(|(documented, _)| *documented == name).expect(&name);
            assert_eq!(keys[..field.keys().len()], *field.keys(), "{name}");
        }
    }

    #[test]
    fn keys_are_found_under_all_their_names() {
        check("pubDate: 1\ndate: 2", Field::Published, &["date", "pubDate"]);
        check("Publish-Date: 1\npub_date: 2\nDATE: 3", Field::Published, &["DATE", "pub_date", "Publish-Date"]);
        check("thumbnail: a\nheadimg: b", Field::Image, &["headimg", "thumbnail"]);
        check("headimg: ''\ncover: ~\nimage: []\nbanner: b", Field::Image, &["banner"]);
        check("cover: a\nphoto: b", Field::Image, &["photo", "cover"]);
        check("extra: {image: a}\nparams: {cover: b}\ntitle: x", Field::Image, &["image", "cover"]);
        check("podcast-file: a\nAudio: b", Field::Enclosures, &["Audio", "podcast-file"]);
        check("taxonomies: {tags: [a]}\ntags: [b]", Field::Tags, &["tags", "tags"]);
        check("expirydate: x\nexpiry_date: y", Field::Expires, &["expiry_date"]);
        check("titles: x", Field::Title, &[]);
        check("_title: x\n-: y", Field::Title, &["_title"]);
    }
}
