//! OPML 2.0: the lists of all feeds.

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

use super::text::clean;

/// The media type, with its parameter.
pub const MEDIA_TYPE: &str = "text/x-opml; charset=utf-8";

/// A feed, or a folder of feeds, in a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Node {
    /// Plain text.
    pub title: String,
    /// The address of the feed's RSS document.
    pub feed: String,
    /// The address of its page.
    pub page: String,
    /// The feed of its own posts, where it has any and children too: (document, page).
    pub own: Option<(String, String)>,
    /// What is below it.
    pub children: Vec<Node>,
}

/// The list that names every post once: parents are folders, leaves are feeds.
#[must_use]
pub fn leaves(root: &Node) -> Vec<u8> {
    document(root, |writer, root| {
        if root.children.is_empty() {
            return write_feed(writer, &root.title, &root.feed, &root.page);
        }
        root.children.iter().try_for_each(|child| write_leaves(writer, child))
    })
}

/// The list of every feed at every level.
#[must_use]
pub fn all(root: &Node) -> Vec<u8> {
    document(root, write_all)
}

type Xml = Writer<Vec<u8>>;

fn document(root: &Node, body: impl Fn(&mut Xml, &Node) -> std::io::Result<()>) -> Vec<u8> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing to memory does not fail.
    let _ = write_document(&mut writer, root, body);
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    bytes
}

fn write_document(
    writer: &mut Xml,
    root: &Node,
    body: impl Fn(&mut Xml, &Node) -> std::io::Result<()>,
) -> std::io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    writer.write_event(Event::Start(BytesStart::new("opml").with_attributes([("version", "2.0")])))?;
    writer.write_event(Event::Start(BytesStart::new("head")))?;
    writer.write_event(Event::Start(BytesStart::new("title")))?;
    writer.write_event(Event::Text(BytesText::new(&clean(&root.title))))?;
    writer.write_event(Event::End(BytesEnd::new("title")))?;
    writer.write_event(Event::End(BytesEnd::new("head")))?;
    writer.write_event(Event::Start(BytesStart::new("body")))?;
    body(writer, root)?;
    writer.write_event(Event::End(BytesEnd::new("body")))?;
    writer.write_event(Event::End(BytesEnd::new("opml")))
}

fn write_leaves(writer: &mut Xml, node: &Node) -> std::io::Result<()> {
    if node.children.is_empty() {
        return write_feed(writer, &node.title, &node.feed, &node.page);
    }
    write_folder(writer, node, |writer| {
        if let Some((feed, page)) = &node.own {
            write_feed(writer, &node.title, feed, page)?;
        }
        node.children.iter().try_for_each(|child| write_leaves(writer, child))
    })
}

fn write_all(writer: &mut Xml, node: &Node) -> std::io::Result<()> {
    write_feed(writer, &node.title, &node.feed, &node.page)?;
    if node.children.is_empty() {
        return Ok(());
    }
    write_folder(writer, node, |writer| node.children.iter().try_for_each(|child| write_all(writer, child)))
}

fn write_folder(
    writer: &mut Xml,
    node: &Node,
    content: impl FnOnce(&mut Xml) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let title = clean(&node.title);
    writer.write_event(Event::Start(
        BytesStart::new("outline").with_attributes([("text", title.as_ref()), ("title", title.as_ref())]),
    ))?;
    content(writer)?;
    writer.write_event(Event::End(BytesEnd::new("outline")))
}

fn write_feed(writer: &mut Xml, title: &str, feed: &str, page: &str) -> std::io::Result<()> {
    let title = clean(title);
    writer.write_event(Event::Empty(BytesStart::new("outline").with_attributes([
        ("text", title.as_ref()),
        ("title", title.as_ref()),
        ("type", "rss"),
        ("xmlUrl", feed),
        ("htmlUrl", page),
    ])))
}
