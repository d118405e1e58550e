//! `Link` headers (RFC 8288): where a document lives, and what else there is of it.
//!
//! A document and its path in, a header's value out, in ASCII. A feed's own address is absolute, for it is the same whoever asks
//! from where; what lies beside it is named from there, since each answer has these bytes. Names nothing outside the folder of a
//! private document.

use std::fmt::Write as _;

use hyper::header::HeaderValue;

use super::{Document, Lifetime};
use crate::feed::{Format, address};

/// Whether the folder of a page holds the feeds of what it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    /// All three formats.
    Feeds,
    /// None.
    Nothing,
}

/// The format of a document, if it is a feed.
pub(crate) fn format(document: &Document) -> Option<Format> {
    Format::ALL.into_iter().find(|format| format.content_type() == document.media_type)
}

/// The links of the document at `path`: a feed's own address, its other formats and its page; a page's feeds.
pub(crate) fn links(base: &str, path: &str, document: &Document, beside: Beside) -> Option<HeaderValue> {
    let (folder, name) = address::split(path);
    let mut links = Links(String::with_capacity(300));
    let own = format(document);
    if let Some(own) = own {
        links.add(&format!("{base}{}{}", address::encode(folder), address::encode(name)), "self", own.media_type());
    }
    let has_feeds = own.is_some() || beside == Beside::Feeds;
    for format in Format::ALL.into_iter().filter(|format| has_feeds && own != Some(*format)) {
        links.add(format.file_name(), "alternate", format.media_type());
    }
    if let Some(page) = document.page.as_deref().filter(|_| own.is_some()) {
        if page == folder {
            links.add("./", "alternate", "text/html");
        } else if document.lifetime != Lifetime::Private {
            links.add(&format!("{base}{}", address::encode(page)), "alternate", "text/html");
        }
    }
    HeaderValue::from_str(&links.0).ok().filter(|value| !value.is_empty())
}

/// A list of links as it is written.
struct Links(String);

impl Links {
    fn add(&mut self, address: &str, relation: &str, media_type: &str) {
        let comma = if self.0.is_empty() { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(self.0, "{comma}<{address}>; rel=\"{relation}\"; type=\"{media_type}\"");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn document(media_type: &'static str, page: Option<&str>, lifetime: Lifetime) -> Document {
        let page = page.map(Arc::from);
        Document { media_type, hash: [0; 16], length: 0, last_modified: None, page, lifetime, bytes: None }
    }

    #[test]
    fn feeds_and_pages_know_each_other() {
        let check = |path: &str, document: &Document, beside: Beside, expected: &[(&str, &str, &str)]| {
            let written: Vec<String> = expected
                .iter()
                .map(|(address, relation, media_type)| {
                    format!("<{address}>; rel=\"{relation}\"; type=\"{media_type}\"")
                })
                .collect();
            let links = links("https://e.org/f/", path, document, beside);
            let links = links.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
            assert_eq!(links, written.join(", "), "{path}");
        };
        let rss = Format::Rss.content_type();
        let [to_rss, to_atom, to_json, to_page] = [
            ("rss.xml", "alternate", "application/rss+xml"),
            ("atom.xml", "alternate", "application/atom+xml"),
            ("feed.json", "alternate", "application/feed+json"),
            ("./", "alternate", "text/html"),
        ];
        check(
            "rss.xml",
            &document(rss, Some(""), Lifetime::Maintained),
            Beside::Nothing,
            &[("https://e.org/f/rss.xml", "self", "application/rss+xml"), to_atom, to_json, to_page],
        );
        let own = "https://e.org/f/categories/%E7%9F%A5%20%3C%3E,;%22/feed.json";
        check(
            "categories/知 <>,;\"/feed.json",
            &document(Format::Json.content_type(), Some("categories/知 <>,;\"/"), Lifetime::OnDemand),
            Beside::Nothing,
            &[(own, "self", "application/feed+json"), to_rss, to_atom, to_page],
        );
        // One whose page is not beside it.
        let direct = ("https://e.org/f/categories/a/direct/rss.xml", "self", "application/rss+xml");
        check(
            "categories/a/direct/rss.xml",
            &document(rss, Some("categories/a/"), Lifetime::Maintained),
            Beside::Nothing,
            &[direct, to_atom, to_json, ("https://e.org/f/categories/a/", "alternate", "text/html")],
        );
        let page = document("text/html; charset=utf-8", None, Lifetime::OnDemand);
        check("tags/a/", &page, Beside::Feeds, &[to_rss, to_atom, to_json]);
        check("posts/a/", &page, Beside::Nothing, &[]);
        check("opml.xml", &document("text/x-opml", None, Lifetime::Maintained), Beside::Nothing, &[]);
        // A private feed names nothing but its own folder.
        for (page, linked) in [("private/t/", Some(to_page)), ("categories/a/", None)] {
            let private = document(rss, Some(page), Lifetime::Private);
            let own = ("https://e.org/f/private/t/rss.xml", "self", "application/rss+xml");
            let expected = [own, to_atom, to_json].into_iter().chain(linked).collect::<Vec<_>>();
            check("private/t/rss.xml", &private, Beside::Nothing, &expected);
        }
    }
}
