//! Sound and film in the front matter → [`Enclosure`]s.
//!
//! In: what stands under the keys of [`Field::Enclosures`], and a way to make an address absolute. Out: each file once,
//! in the order of the front matter. A page with a player (`video: https://youtu.be/…`), a picture and a switch
//! (`podcast: true`) are no files and are passed over without a word.

use super::{
    fields::{Entry, Field, Fields},
    front_matter::{Map, Node, Value},
};

/// A sound or a film that comes with a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enclosure {
    /// Absolute http(s) URL.
    pub url: String,
    /// Bytes, where the front matter says.
    pub length: Option<u64>,
    /// `audio/…` or `video/…`.
    pub media_type: String,
}

/// Media types by the ending of a file's name.
const TYPES: &[(&str, &str)] = &[
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("m4b", "audio/mp4"),
    ("aac", "audio/aac"),
    ("ogg", "audio/ogg"),
    ("oga", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("wav", "audio/wav"),
    ("flac", "audio/flac"),
    ("weba", "audio/webm"),
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("mov", "video/quicktime"),
    ("webm", "video/webm"),
    ("ogv", "video/ogg"),
    ("mkv", "video/x-matroska"),
];

const URLS: &[&str] = &["url", "src", "file", "href", "link", "path"];
const LENGTHS: &[&str] = &["length", "bytes", "size", "filesize", "file_size", "size_in_bytes"];
const MEDIA_TYPES: &[&str] = &["type", "mime", "mime_type", "media_type", "content_type"];

/// No sound is shorter, in bytes: a smaller number counts minutes or megabytes.
const SHORTEST: u64 = 1024;

/// Lists within each other.
const DEPTH: usize = 4;

/// The enclosures of a front matter. `absolute` gives the absolute http(s) URL of an address as it is written.
pub(super) fn read(fields: Fields<'_>, absolute: &dyn Fn(&str) -> Option<String>) -> Vec<Enclosure> {
    let mut found = Found { absolute, enclosures: Vec::new() };
    for entry in fields.all(Field::Enclosures) {
        let before = found.enclosures.len();
        found.node(entry.node, DEPTH);
        // `audio: a.mp3` and `audio_size: 123`.
        if let (Value::Text(_), Some(enclosure)) = (&entry.node.value, found.enclosures.get_mut(before)) {
            enclosure.length = enclosure.length.or_else(|| length_beside(fields, &entry));
        }
    }
    found.enclosures
}

struct Found<'a> {
    absolute: &'a dyn Fn(&str) -> Option<String>,
    enclosures: Vec<Enclosure>,
}

impl Found<'_> {
    fn node(&mut self, node: &Node, depth: usize) {
        match &node.value {
            Value::Text(text) => self.text(text),
            Value::List(items) if depth > 0 => items.iter().for_each(|item| self.node(item, depth - 1)),
            Value::Map(map) => self.map(map),
            Value::List(_) | Value::Null => {}
        }
    }

    /// An address, or WordPress' three lines: address, bytes, media type.
    fn text(&mut self, text: &str) {
        match text.split_whitespace().collect::<Vec<_>>().as_slice() {
            [url, length, media_type, ..] if length.parse::<u64>().is_ok() && media_type.contains('/') => {
                self.push(url, bytes(length), Some(media_type));
            }
            _ => self.push(text.trim(), None, None),
        }
    }

    /// A map of one file's facts, or of the same sound in several formats: `mp3: a.mp3`.
    fn map(&mut self, map: &Map) {
        let length = first(map, LENGTHS).and_then(bytes);
        if let Some(url) = first(map, URLS) {
            return self.push(url, length, first(map, MEDIA_TYPES));
        }
        for (key, node) in map.iter() {
            if let (Some(media_type), Some(url)) = (by_ending(key), node.text()) {
                self.push(url, length, Some(media_type));
            }
        }
    }

    fn push(&mut self, url: &str, length: Option<u64>, stated: Option<&str>) {
        let stated = stated.map(|stated| stated.trim().to_ascii_lowercase()).filter(|stated| is_media_type(stated));
        let Some(media_type) = stated.or_else(|| of_address(url).map(str::to_owned)) else { return };
        let Some(url) = (self.absolute)(url) else { return };
        if self.enclosures.iter().all(|known| known.url != url) {
            self.enclosures.push(Enclosure { url, length, media_type });
        }
    }
}

fn first<'a>(map: &'a Map, keys: &[&str]) -> Option<&'a str> {
    let one = |key: &&str| {
        let mut entries = map.iter();
        entries
            .find(|(written, _)| written.replace('-', "_").eq_ignore_ascii_case(key))
            .and_then(|(_, node)| node.text())
    };
    keys.iter().find_map(one)
}

/// The length that stands beside the address, under a key that begins as the address' own does or says bytes.
fn length_beside(fields: Fields<'_>, entry: &Entry<'_>) -> Option<u64> {
    let stem = entry.key.trim_end_matches(['s', 'S']);
    let stem = stem.strip_suffix("_file").or_else(|| stem.strip_suffix("_url")).unwrap_or(stem);
    let beside = LENGTHS.iter().map(|name| format!("{stem}_{name}"));
    let alone = ["bytes", "filesize", "length"].map(str::to_owned);
    beside.chain(alone).find_map(|key| bytes(fields.key(&key)?.node.text()?))
}

/// `12345`, `12_345`, `12,345`.
fn bytes(text: &str) -> Option<u64> {
    let digits: String = text.trim().chars().filter(|c| !matches!(c, '_' | ',')).collect();
    digits.parse().ok().filter(|bytes| *bytes >= SHORTEST)
}

/// The media type of an address, by its path alone.
fn of_address(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    by_ending(path.rsplit('/').next()?.rsplit_once('.')?.1)
}

fn by_ending(ending: &str) -> Option<&'static str> {
    TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(ending)).map(|(_, media_type)| *media_type)
}

/// Whether this is a media type of a sound or a film (RFC 6838 §4.2).
fn is_media_type(text: &str) -> bool {
    let subtype = text.strip_prefix("audio/").or_else(|| text.strip_prefix("video/"));
    subtype.is_some_and(|name| {
        (1..=127).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::{super::front_matter::split, *};

    /// Enclosures as `url length type`.
    fn check(yaml: &str, expected: &[&str]) {
        let text = format!("---\n{yaml}\n---\n");
        let map = split(&text).unwrap().unwrap().parse().unwrap().map;
        let absolute = |url: &str| Some(url.replace("~/", "https://x.example/")).filter(|url| url.starts_with("http"));
        let found: Vec<_> = read(Fields::new(&map, &[]), &absolute)
            .into_iter()
            .map(|one| format!("{} {} {}", one.url, one.length.unwrap_or(0), one.media_type))
            .collect();
        assert_eq!(found, expected, "{yaml}");
    }

    #[test]
    fn sounds_and_films_are_found_in_all_their_forms() {
        check("audio: ~/a.mp3", &["https://x.example/a.mp3 0 audio/mpeg"]);
        check("audio: ~/a.MP3?x=1.ogg", &["https://x.example/a.MP3?x=1.ogg 0 audio/mpeg"]);
        check("podcast_file: ~/a.m4a\npodcast_bytes: 1234567", &["https://x.example/a.m4a 1234567 audio/mp4"]);
        check("media: ~/a.mp3\nlength: 1_234_567", &["https://x.example/a.mp3 1234567 audio/mpeg"]);
        check("audio_url: ~/a.mp3\naudio-file-size: '1,234,567'", &["https://x.example/a.mp3 1234567 audio/mpeg"]);
        check("audio: ~/a.mp3\nlength: 45", &["https://x.example/a.mp3 0 audio/mpeg"]);
        check("audio: ~/a.mp3\nlength: 45 minutes", &["https://x.example/a.mp3 0 audio/mpeg"]);
        check(
            "enclosure:\n  url: ~/get?id=7\n  type: audio/mpeg\n  length: 5000\n  duration: '01:02'",
            &["https://x.example/get?id=7 5000 audio/mpeg"],
        );
        check(
            "podcast: {src: ~/a.ogg, size: 5000, mime: nonsense}\nvideo: [~/b.mp4, {file: ~/c.webm, bytes: 6000}]",
            &[
                "https://x.example/a.ogg 5000 audio/ogg",
                "https://x.example/b.mp4 0 video/mp4",
                "https://x.example/c.webm 6000 video/webm",
            ],
        );
        check(
            "audio:\n  mp3: ~/a.mp3\n  opus: ~/a.opus",
            &["https://x.example/a.mp3 0 audio/mpeg", "https://x.example/a.opus 0 audio/ogg"],
        );
        check("enclosure: |\n  ~/a\n  5000\n  audio/mpeg\n", &["https://x.example/a 5000 audio/mpeg"]);
        check("audio: ~/a.mp3\nmedia: ~/a.mp3", &["https://x.example/a.mp3 0 audio/mpeg"]);
        check("params: {audio: ~/a.mp3}", &["https://x.example/a.mp3 0 audio/mpeg"]);
    }

    #[test]
    fn what_is_no_file_of_sound_or_film_is_passed_over() {
        for yaml in [
            "podcast: true",
            "podcast: My show",
            "video: https://video.example/watch?v=1",
            "media: ~/a.jpg",
            "enclosure: {url: ~/a.pdf, type: application/pdf}",
            "enclosure: {url: ~/a, type: 'audio/<x>'}",
            "audio: a.mp3",
            "audio: ''",
            "audio: [[[[[[~/a.mp3]]]]]]",
            "audio: {title: x, duration: 12}",
        ] {
            check(yaml, &[]);
        }
    }
}
