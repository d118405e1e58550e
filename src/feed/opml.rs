//! OPML 2.0: the tree of feeds → a subscription list. Parents are folders, leaves are feeds.
//!
//! Feeds are listed in one format, RSS, which is what `type="rss"` makes a reader expect. No clock: no `dateCreated`.

use std::io;

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

use super::{Format, text};

/// A feed and the feeds below it. The root of a list is the main feed, its children the top categories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Plain text.
    pub title: String,
    /// The address of the feed's folder, absolute and encoded, with a trailing slash.
    pub url: String,
    /// For a parent with posts of its own: the title of the feed in its `direct/` folder.
    pub direct: Option<String>,
    /// It has posts of other feeds, so that only the whole list names it.
    pub overlaps: bool,
    /// In any order; they are listed by title.
    pub children: Vec<Outline>,
}

/// The media type, with its parameter.
pub const MEDIA_TYPE: &str = "text/x-opml; charset=utf-8";

/// Which feeds a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// `/opml.xml`: leaves and `direct/` feeds, so that every post with one category path comes once.
    Leaves,
    /// `/opml-all.xml`: a feed at every level.
    All,
}

/// The document.
#[must_use]
pub fn document(root: &Outline, listing: Listing) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    // Writing into memory cannot fail.
    match write(&mut writer, root, listing) {
        Ok(()) => writer.into_inner(),
        Err(_) => Vec::new(),
    }
}

fn write(writer: &mut Writer<Vec<u8>>, root: &Outline, listing: Listing) -> io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    writer.write_event(Event::Start(BytesStart::new("opml").with_attributes([("version", "2.0")])))?;
    writer.write_event(Event::Start(BytesStart::new("head")))?;
    writer.write_event(Event::Start(BytesStart::new("title")))?;
    writer.write_event(Event::Text(BytesText::new(&text::line(&root.title))))?;
    writer.write_event(Event::End(BytesEnd::new("title")))?;
    writer.write_event(Event::End(BytesEnd::new("head")))?;
    writer.write_event(Event::Start(BytesStart::new("body")))?;
    write_inside(writer, root, listing)?;
    writer.write_event(Event::End(BytesEnd::new("body")))?;
    writer.write_event(Event::End(BytesEnd::new("opml")))
}

/// What the folder of an outline holds: its own feed where that is wanted, then the feeds below it.
fn write_inside(writer: &mut Writer<Vec<u8>>, outline: &Outline, listing: Listing) -> io::Result<()> {
    let is_listed = |child: &&Outline| listing == Listing::All || !child.overlaps;
    let mut children: Vec<&Outline> = outline.children.iter().filter(is_listed).collect();
    if children.is_empty() || listing == Listing::All {
        write_feed(writer, &outline.title, &outline.url)?;
    }
    if let Some(title) = outline.direct.as_ref().filter(|_| !children.is_empty()) {
        write_feed(writer, title, &[&outline.url, "direct/"].concat())?;
    }
    children.sort_by_key(|child| (&child.title, &child.url));
    children.into_iter().try_for_each(|child| {
        if child.children.is_empty() {
            return write_inside(writer, child, listing);
        }
        let title = text::line(&child.title);
        let folder = BytesStart::new("outline").with_attributes([("text", &*title), ("title", &*title)]);
        writer.write_event(Event::Start(folder))?;
        write_inside(writer, child, listing)?;
        writer.write_event(Event::End(BytesEnd::new("outline")))
    })
}

fn write_feed(writer: &mut Writer<Vec<u8>>, title: &str, url: &str) -> io::Result<()> {
    let title = text::line(title);
    let page = text::line(url);
    let feed = [&page, Format::Rss.file_name()].concat();
    let attributes = [("type", "rss"), ("text", &*title), ("title", &*title), ("xmlUrl", &*feed), ("htmlUrl", &*page)];
    writer.write_event(Event::Empty(BytesStart::new("outline").with_attributes(attributes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(title: &str, url: &str, direct: Option<&str>, children: Vec<Outline>) -> Outline {
        let url = format!("https://feeds.example.org/{url}");
        Outline { title: title.to_owned(), url, direct: direct.map(str::to_owned), overlaps: false, children }
    }

    fn tree() -> Outline {
        let hot = outline("知乎热榜 <1> & \"2\"", "categories/a/b/c/", None, vec![]);
        let zhihu = outline("知乎", "categories/a/b/", Some("知乎, direct"), vec![hot]);
        let weibo = outline("微\n博", "categories/a/w/", None, vec![]);
        let social = outline("社交媒体", "categories/a/", None, vec![zhihu, weibo]);
        let own = Outline { overlaps: true, ..outline("My own", "feeds/my/", None, vec![]) };
        outline("All\u{1} posts", "", None, vec![social, outline("Rust", "categories/rust/", None, vec![]), own])
    }

    fn lines(root: &Outline, listing: Listing) -> String {
        String::from_utf8(document(root, listing)).unwrap().replace("><", ">\n<")
    }

    #[test]
    fn parents_are_folders_and_leaves_are_feeds() {
        insta::assert_snapshot!("opml", lines(&tree(), Listing::Leaves));
        insta::assert_snapshot!("opml_all", lines(&tree(), Listing::All));
    }

    #[test]
    fn order_does_not_depend_on_the_input() {
        let mut turned = tree();
        turned.children.reverse();
        assert_eq!(document(&turned, Listing::All), document(&tree(), Listing::All));
    }

    #[test]
    fn without_categories_the_main_feed_is_the_only_leaf() {
        let root = outline("All", "", None, vec![]);
        assert_eq!(lines(&root, Listing::Leaves).matches("xmlUrl").count(), 1);
        assert_eq!(lines(&root, Listing::Leaves), lines(&root, Listing::All));
    }
}
