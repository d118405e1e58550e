//! Addresses that other programs gave to feeds, and where these are now. Pure.
//!
//! A pattern is a path with at most one `*`, which stands for one character or more, slashes too, and is put where the
//! target has one. A slash at the end does not matter.

use percent_encoding::percent_decode_str;

use crate::{feed::address, uri};

/// Where a request for an address of the past goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    from: String,
    to: String,
}

/// What a redirect makes of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// It is at this path of ours.
    Moved(String),
    /// It is at this address, an absolute URL.
    Elsewhere(String),
    /// It was removed on purpose.
    Gone,
}

/// A program whose feeds had addresses of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// hexo-generator-feed. What it calls `atom.xml` is called so here too.
    Hexo,
    /// Hugo.
    Hugo,
    /// jekyll-feed.
    Jekyll,
    /// WordPress.
    Wordpress,
}

/// The word for what was removed.
const GONE: &str = "gone";

impl Program {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Hexo, Self::Hugo, Self::Jekyll, Self::Wordpress];

    const fn table(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Hexo => &[("rss2.xml", "rss.xml"), ("*/rss2.xml", "*/rss.xml")],
            Self::Hugo => &[
                ("index.xml", "rss.xml"),
                ("*/index.xml", "*/rss.xml"),
                ("post/index.xml", "rss.xml"),
                ("posts/index.xml", "rss.xml"),
                ("blog/index.xml", "rss.xml"),
            ],
            Self::Jekyll => &[
                ("feed.xml", "atom.xml"),
                ("feed/by_tag/*.xml", "tags/*/atom.xml"),
                ("feed/*.xml", "categories/*/atom.xml"),
            ],
            Self::Wordpress => &[
                ("feed", "rss.xml"),
                ("feed/rss", "rss.xml"),
                ("feed/rss2", "rss.xml"),
                ("feed/rdf", "rss.xml"),
                ("feed/atom", "atom.xml"),
                ("feed/json", "feed.json"),
                ("rss", "rss.xml"),
                ("rss2", "rss.xml"),
                ("atom", "atom.xml"),
                ("category/*/feed/atom", "categories/*/atom.xml"),
                ("category/*/feed", "categories/*/rss.xml"),
                ("tag/*/feed/atom", "tags/*/atom.xml"),
                ("tag/*/feed", "tags/*/rss.xml"),
                ("author/*/feed/atom", "authors/*/atom.xml"),
                ("author/*/feed", "authors/*/rss.xml"),
                ("categories/*/feed", "categories/*/rss.xml"),
                ("tags/*/feed", "tags/*/rss.xml"),
                ("comments/feed", GONE),
            ],
        }
    }

    /// The redirects from this program's addresses.
    pub(super) fn redirects(self) -> impl Iterator<Item = Redirect> {
        self.table().iter().map(|(from, to)| Redirect { from: (*from).to_owned(), to: (*to).to_owned() })
    }
}

impl Redirect {
    /// A redirect as the configuration has it.
    pub(super) fn read(from: &str, to: &str) -> Result<Self, String> {
        let from = percent_decode_str(from.trim().trim_matches('/')).decode_utf8_lossy();
        let to = to.trim().trim_start_matches('/');
        let from = &*from;
        let stars = |text: &str| text.matches('*').count();
        if from.is_empty() {
            return Err("the main page is never redirected: write the path of a former feed, such as `feed.xml`".into());
        }
        if stars(from) > 1 || stars(to) > stars(from) {
            return Err(format!(
                "`{from}` and `{to}` can have one `*` each, and the target only where the path has one"
            ));
        }
        if to.is_empty() {
            return Err(format!("`{from}` leads nowhere: write a path such as `rss.xml`, an address, or `{GONE}`"));
        }
        Ok(Self { from: from.to_owned(), to: to.to_owned() })
    }

    /// Where a path leads, if it is meant. It has no slash at its end.
    #[must_use]
    pub fn follow(&self, path: &str) -> Option<Destination> {
        let to = match self.from.split_once('*') {
            None => (path == self.from).then(|| self.to.clone())?,
            Some((before, after)) => {
                let star = path.strip_prefix(before)?.strip_suffix(after).filter(|star| !star.is_empty())?;
                let star = if uri::is_whole(&self.to) { address::encode(star) } else { star.to_owned() };
                self.to.replacen('*', &star, 1)
            }
        };
        Some(if to == GONE {
            Destination::Gone
        } else if uri::is_whole(&to) {
            Destination::Elsewhere(to)
        } else {
            Destination::Moved(to)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(path: &str) -> Option<Destination> {
        Program::ALL.into_iter().flat_map(Program::redirects).find_map(|redirect| redirect.follow(path))
    }

    #[test]
    fn feeds_of_other_programs_are_found() {
        let check = |path: &str, expected: &str| {
            assert_eq!(follow(path), Some(Destination::Moved(expected.to_owned())), "{path}");
        };
        check("rss2.xml", "rss.xml");
        check("index.xml", "rss.xml");
        check("tags/rust/index.xml", "tags/rust/rss.xml");
        check("feed.xml", "atom.xml");
        check("feed/by_tag/rust.xml", "tags/rust/atom.xml");
        check("feed/news.xml", "categories/news/atom.xml");
        check("feed", "rss.xml");
        check("category/news/world/feed", "categories/news/world/rss.xml");
        check("category/news/feed/atom", "categories/news/atom.xml");
        assert_eq!(follow("comments/feed"), Some(Destination::Gone));
        assert_eq!(follow("/index.xml"), None);
        assert_eq!(follow("posts/a.html"), None);
    }

    #[test]
    fn a_table_of_ones_own() {
        let own = |from: &str, to: &str| Redirect::read(from, to).unwrap();
        let moved = |to: &str| Some(Destination::Moved(to.to_owned()));
        assert_eq!(own("/blog/*.rss/", "/tags/*/rss.xml").follow("blog/a.rss"), moved("tags/a/rss.xml"));
        assert_eq!(own("/caf%C3%A9.xml", "rss.xml").follow("café.xml"), moved("rss.xml"));
        assert_eq!(own("old.xml", "gone").follow("old.xml"), Some(Destination::Gone));
        let away = Some(Destination::Elsewhere("https://e.org/rss".into()));
        assert_eq!(own("old.xml", "https://e.org/rss").follow("old.xml"), away);
        // What a star stands for is a path, and is written as one.
        let away = Some(Destination::Elsewhere("https://e.org/a%20b%3F/100%25?x".into()));
        assert_eq!(own("blog/*", "https://e.org/*?x").follow("blog/a b?/100%"), away);
        for (from, to) in [("", "a"), ("/", "a"), ("a", ""), ("a/*/*", "b"), ("a", "b/*")] {
            assert!(Redirect::read(from, to).is_err(), "{from} {to}");
        }
    }
}
