//! One entry, rendered: what each format says of it, and its HTML, which all of them carry, once.
//!
//! A form is what the format's library writes with [`HOLE`] in place of the HTML; [`Fragments::write`] puts the HTML back,
//! escaped as that library would have it, so that the bytes are those of the whole. HTML is nearly all of an entry: it is
//! kept, hashed and held in memory once, not three times.

use memchr::memmem;

use super::{Entry, Format, atom, json, rss, text};

/// Stands for the HTML in a form. XML cannot carry it, so no text of an entry has it.
pub(super) const HOLE: &str = "\u{fffe}";

/// The hole of a JSON form: a string of its own.
const JSON_HOLE: &str = "\"\u{fffe}\"";

/// One entry, rendered in each format.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
}

impl Fragments {
    /// Renders an entry.
    pub(super) fn new(entry: &Entry) -> Self {
        let html = entry.content.as_deref().map(|html| text::clean(html).into_owned());
        let hole = html.as_ref().map(|_| HOLE.to_owned());
        Self {
            rss: rss::fragment(entry, hole.clone()),
            atom: atom::fragment(entry, hole.clone()),
            json: json::fragment(entry, hole),
            html,
        }
    }

    /// Appends the entry in one format.
    pub fn write(&self, format: Format, to: &mut Vec<u8>) {
        let form = self.form(format).as_bytes();
        let hole = if format == Format::Json { JSON_HOLE } else { HOLE };
        let Some((html, at)) = self.html.as_deref().zip(memmem::find(form, hole.as_bytes())) else {
            to.extend_from_slice(form);
            return;
        };
        to.extend_from_slice(&form[..at]);
        match format {
            Format::Rss => rss::write_content(html, to),
            Format::Atom => atom::write_content(html, to),
            Format::Json => json::write_content(html, to),
        }
        to.extend_from_slice(&form[at + hole.len()..]);
    }

    /// The entry in one format, whole.
    #[must_use]
    pub fn whole(&self, format: Format) -> String {
        let mut bytes = Vec::with_capacity(self.size());
        self.write(format, &mut bytes);
        text::utf8(bytes)
    }

    /// Bytes of the longest form, whole.
    #[must_use]
    pub fn longest(&self) -> usize {
        let mut bytes = Vec::with_capacity(self.size());
        let length = |format| {
            bytes.clear();
            self.write(format, &mut bytes);
            bytes.len()
        };
        Format::ALL.into_iter().map(length).max().unwrap_or_default()
    }

    /// Bytes that it takes to keep it.
    #[must_use]
    pub fn size(&self) -> usize {
        Format::ALL.into_iter().map(|format| self.form(format).len()).sum::<usize>()
            + self.html.as_ref().map_or(0, String::len)
    }

    fn form(&self, format: Format) -> &str {
        match format {
            Format::Rss => &self.rss,
            Format::Atom => &self.atom,
            Format::Json => &self.json,
        }
    }
}
