//! One entry, rendered: what each format says of it, and its HTML, which all of them carry, once.
//!
//! A form is what the format's library writes with [`HOLE`] in place of the HTML; [`Fragments::write`] puts the HTML back,
//! escaped as that library would have it, so that the bytes are those of the whole. HTML is nearly all of an entry: it is
//! kept and hashed once, not three times. What was escaped is remembered: an entry stands in several documents, and those
//! that change often are made of entries that are held in memory.

use std::sync::OnceLock;

use memchr::memmem;

use super::{Entry, Format, atom, json, rss, text};

/// Stands for the HTML in a form. XML cannot carry it, so no text of an entry has it.
pub(super) const HOLE: &str = "\u{fffe}";

/// The hole of a JSON form: a string of its own.
const JSON_HOLE: &str = "\"\u{fffe}\"";

/// One entry, rendered in each format.
#[derive(Debug, Clone, Eq, Default)]
pub struct Fragments {
    /// `<item>…</item>`, around the HTML.
    pub rss: String,
    /// `<entry>…</entry>`, around the HTML.
    pub atom: String,
    /// A JSON Feed item object, around the HTML.
    pub json: String,
    /// What stands in the holes. Absent when the feed carries summaries only; forms that were kept by older versions are
    /// whole, and have no hole.
    pub html: Option<String>,
    /// The HTML as Atom and JSON have it, once it was asked for. RSS has it nearly as it is.
    escaped: [OnceLock<Box<[u8]>>; 2],
}

/// What was escaped follows from the HTML.
impl PartialEq for Fragments {
    fn eq(&self, other: &Self) -> bool {
        let Self { rss, atom, json, html, escaped: _ } = self;
        (rss, atom, json, html) == (&other.rss, &other.atom, &other.json, &other.html)
    }
}

impl Fragments {
    /// Renders an entry.
    pub(super) fn new(entry: &Entry) -> Self {
        let html = entry.content.as_deref().map(|html| text::clean(html).into_owned());
        let hole = html.as_ref().map(|_| HOLE.to_owned());
        Self::of(
            rss::fragment(entry, hole.clone()),
            atom::fragment(entry, hole.clone()),
            json::fragment(entry, hole),
            html,
        )
    }

    /// The forms of an entry, and its HTML.
    #[must_use]
    pub fn of(rss: String, atom: String, json: String, html: Option<String>) -> Self {
        Self { rss, atom, json, html, escaped: Default::default() }
    }

    /// Appends the entry in one format.
    pub fn write(&self, format: Format, to: &mut Vec<u8>) {
        self.fill(format, to, |html, to| match self.escaped(format) {
            None => write_content(format, html, to),
            Some(escaped) => to.extend_from_slice(escaped.get_or_init(|| {
                let mut bytes = Vec::with_capacity(html.len() * 5 / 4);
                write_content(format, html, &mut bytes);
                bytes.into_boxed_slice()
            })),
        });
    }

    /// Appends a form, with what is written of the HTML in its hole.
    fn fill(&self, format: Format, to: &mut Vec<u8>, write: impl FnOnce(&str, &mut Vec<u8>)) {
        let form = self.form(format).as_bytes();
        let hole = if format == Format::Json { JSON_HOLE } else { HOLE };
        let Some((html, at)) = self.html.as_deref().zip(memmem::find(form, hole.as_bytes())) else {
            to.extend_from_slice(form);
            return;
        };
        to.extend_from_slice(&form[..at]);
        write(html, to);
        to.extend_from_slice(&form[at + hole.len()..]);
    }

    /// The entry in one format, whole.
    #[must_use]
    pub fn whole(&self, format: Format) -> String {
        let mut bytes = Vec::with_capacity(self.size_in(format));
        self.write(format, &mut bytes);
        text::utf8(bytes)
    }

    /// Bytes of the longest form, whole. Nothing is remembered of it: not every entry is shown.
    #[must_use]
    pub fn longest(&self) -> usize {
        let mut bytes = Vec::new();
        let length = |format| {
            bytes.clear();
            self.fill(format, &mut bytes, |html, to| write_content(format, html, to));
            bytes.len()
        };
        Format::ALL.into_iter().map(length).max().unwrap_or_default()
    }

    /// Bytes that it takes to hold it in memory, about: its HTML and, once it was escaped, that too.
    #[must_use]
    pub fn size(&self) -> usize {
        Format::ALL.into_iter().map(|format| self.form(format).len()).sum::<usize>() + self.html_size() * 7 / 2
    }

    /// Bytes that one format takes, about.
    pub(super) fn size_in(&self, format: Format) -> usize {
        let html = match self.escaped(format) {
            None => self.html_size(),
            Some(escaped) => escaped.get().map_or_else(|| self.html_size() * 5 / 4, |html| html.len()),
        };
        self.form(format).len() + html
    }

    /// What is remembered of the HTML in one format.
    fn escaped(&self, format: Format) -> Option<&OnceLock<Box<[u8]>>> {
        let [atom, json] = &self.escaped;
        match format {
            Format::Rss => None,
            Format::Atom => Some(atom),
            Format::Json => Some(json),
        }
    }

    fn html_size(&self) -> usize {
        self.html.as_ref().map_or(0, String::len)
    }

    fn form(&self, format: Format) -> &str {
        match format {
            Format::Rss => &self.rss,
            Format::Atom => &self.atom,
            Format::Json => &self.json,
        }
    }
}

fn write_content(format: Format, html: &str, to: &mut Vec<u8>) {
    match format {
        Format::Rss => rss::write_content(html, to),
        Format::Atom => atom::write_content(html, to),
        Format::Json => json::write_content(html, to),
    }
}
