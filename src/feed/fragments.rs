//! One entry, rendered: what each format says of it, and its HTML, which all of them carry, once.
//!
//! A form is what the format's library writes with [`HOLE`] in place of the HTML; [`Fragments::pieces`] puts the HTML back,
//! escaped as that library would have it, so that the bytes are those of the whole. HTML is nearly all of an entry: it is
//! kept and hashed once, not three times: what it is in a format follows from it. What was escaped is remembered, and all
//! documents that show an entry hold the same bytes of it.

use std::{ops::Range, sync::OnceLock};

use bytes::Bytes;
use memchr::memmem;

use super::{Entry, Format, VERSION, atom, json, rss, text};
use crate::{bytes::digest, rope::Piece};

/// Stands for the HTML in a form. XML cannot carry it, so no text of an entry has it.
pub(super) const HOLE: &str = "\u{fffe}";

/// The hole of a JSON form: a string of its own.
const JSON_HOLE: &str = "\"\u{fffe}\"";

/// One entry, rendered in each format.
#[derive(Debug, Clone, Eq)]
pub struct Fragments {
    /// `<item>…</item>`, `<entry>…</entry>` and a JSON Feed item object, around the HTML.
    forms: [Form; 3],
    /// What stands in the holes. Absent when the feed carries summaries only; forms that were kept by older versions are
    /// whole, and have no hole.
    html: Option<Bytes>,
    /// Of the forms and the HTML.
    digest: [u8; 16],
}

/// What one format says of an entry.
#[derive(Debug, Clone, Default)]
struct Form {
    bytes: Bytes,
    hole: Option<Range<usize>>,
    /// With the HTML, as this format has it, in the hole; once it was asked for.
    pieces: OnceLock<Vec<Piece>>,
}

/// What else there is follows from the bytes and the HTML.
impl PartialEq for Form {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Form {}

impl PartialEq for Fragments {
    fn eq(&self, other: &Self) -> bool {
        (&self.forms, &self.html) == (&other.forms, &other.html)
    }
}

impl Fragments {
    /// Renders an entry.
    pub(super) fn new(entry: &Entry) -> Self {
        let html = entry.content.as_deref().map(|html| text::clean(html).into_owned());
        let hole = html.as_ref().map(|_| HOLE.to_owned());
        let forms =
            [rss::fragment(entry, hole.clone()), atom::fragment(entry, hole.clone()), json::fragment(entry, hole)];
        Self::of(forms.map(Bytes::from), html.map(Bytes::from))
    }

    /// The forms of an entry, in the order of [`Format::ALL`], and its HTML.
    #[must_use]
    pub fn of([rss, atom, json]: [Bytes; 3], html: Option<Bytes>) -> Self {
        // No text has a NUL.
        let said = [&rss, &b"\0"[..], &atom, b"\0", &json, b"\0", html.as_deref().unwrap_or_default()].concat();
        Self {
            forms: [Form::new(rss, HOLE), Form::new(atom, HOLE), Form::new(json, JSON_HOLE)],
            html,
            digest: digest(said),
        }
    }

    /// The digest of the forms and the HTML.
    #[must_use]
    pub fn digest(&self) -> [u8; 16] {
        self.digest
    }

    /// The forms, in the order of [`Format::ALL`], each around a hole.
    #[must_use]
    pub fn forms(&self) -> [&[u8]; 3] {
        self.forms.each_ref().map(|form| &*form.bytes)
    }

    /// What stands in the holes.
    #[must_use]
    pub fn html(&self) -> Option<&[u8]> {
        self.html.as_deref()
    }

    /// The pieces of the entry in one format. Each is known by the entry's digest, of which it is made.
    pub fn pieces(&self, format: Format) -> &[Piece] {
        let Form { bytes, hole, pieces } = self.form(format);
        pieces.get_or_init(|| {
            let parts = match hole.as_ref().zip(self.html.as_ref()) {
                None => vec![bytes.clone()],
                Some((hole, html)) => vec![bytes.slice(..hole.start), content(format, html), bytes.slice(hole.end..)],
            };
            let name = |part: u8| digest([&self.digest[..], &VERSION.to_le_bytes(), &[format as u8, part]].concat());
            parts.into_iter().zip(0..).map(|(bytes, part)| Piece::known(bytes, name(part))).collect()
        })
    }

    /// The entry in one format, whole.
    #[must_use]
    pub fn whole(&self, format: Format) -> Vec<u8> {
        self.pieces(format).iter().map(AsRef::as_ref).collect::<Vec<&[u8]>>().concat()
    }

    /// Bytes of the longest form, whole.
    #[must_use]
    pub fn longest(&self) -> usize {
        let length = |format| self.pieces(format).iter().map(Piece::len).sum();
        Format::ALL.into_iter().map(length).max().unwrap_or_default()
    }

    /// Bytes that it takes to hold it in memory, about: its HTML and, once it was escaped, that too.
    #[must_use]
    pub fn size(&self) -> usize {
        let html = self.html.as_ref().map_or(0, Bytes::len);
        self.forms.iter().map(|form| form.bytes.len()).sum::<usize>() + html * 7 / 2
    }

    fn form(&self, format: Format) -> &Form {
        let [rss, atom, json] = &self.forms;
        match format {
            Format::Rss => rss,
            Format::Atom => atom,
            Format::Json => json,
        }
    }
}

impl Form {
    fn new(bytes: Bytes, hole: &str) -> Self {
        let hole = memmem::find(&bytes, hole.as_bytes()).map(|at| at..at + hole.len());
        Self { bytes, hole, pieces: OnceLock::new() }
    }
}

/// HTML as it stands in a format.
fn content(format: Format, html: &Bytes) -> Bytes {
    let append = match format {
        Format::Rss if rss::is_content(html) => return html.clone(),
        Format::Rss => rss::append_content,
        Format::Atom => atom::append_content,
        Format::Json => json::append_content,
    };
    let mut bytes = Vec::with_capacity(html.len() * 5 / 4);
    append(html, &mut bytes);
    // Without the room that is left: it is held for long.
    bytes.into_boxed_slice().into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_piece_is_known_by_a_digest_of_its_own() {
        let entry = |json: &str, html: &str| {
            let forms = [format!("<a>{HOLE}</a>"), format!("<b>{HOLE}</b>"), format!("{{{JSON_HOLE},{json}}}")];
            Fragments::of(forms.map(Bytes::from), Some(Bytes::copy_from_slice(html.as_bytes())))
        };
        let digests = |entry: &Fragments| {
            Format::ALL.map(|format| entry.pieces(format).iter().map(Piece::digest).collect::<Vec<_>>()).concat()
        };
        let made = digests(&entry("1", "<p>x</p>"));
        assert_eq!(made.len(), 9, "three pieces in each format");
        assert_eq!(made, digests(&entry("1", "<p>x</p>")), "made again");
        // What one format says of an entry tells those of the others, too.
        let others = [entry("2", "<p>x</p>"), entry("1", "<p>y</p>")].map(|entry| digests(&entry)).concat();
        assert_eq!(made.into_iter().chain(others).collect::<BTreeSet<_>>().len(), 27);
    }
}
