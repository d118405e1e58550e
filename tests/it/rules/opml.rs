//! OPML 2.0, as a subscription list.

use std::collections::HashSet;

use roxmltree::Node;

use super::{
    Judge, Rule,
    text::{is_uri, rfc822},
    xml::{self, children, place},
};

/// Judges an `opml` element.
pub(super) fn judge(judge: &mut Judge<'_>, opml: Node<'_, '_>) {
    let names: Vec<_> = opml.children().filter(Node::is_element).map(|child| child.tag_name().name()).collect();
    let shape = opml.attribute("version") == Some("2.0") && names == ["head", "body"];
    judge.demand(Rule::OpmlShape, shape, || place(opml));
    for head in children(opml, None, "head") {
        for date in children(head, None, "dateCreated").chain(children(head, None, "dateModified")) {
            judge.demand(Rule::OpmlShape, rfc822(&xml::text(date)).is_some(), || place(date));
        }
    }
    let mut feeds = HashSet::new();
    for body in children(opml, None, "body") {
        judge.demand(Rule::OpmlOutline, children(body, None, "outline").next().is_some(), || place(body));
        let below = body.descendants().filter(|node| node.is_element() && *node != body);
        for outline in below {
            let text = outline.attribute("text").is_some_and(|text| !text.trim().is_empty());
            judge.demand(Rule::OpmlOutline, outline.has_tag_name("outline") && text, || place(outline));
            let leaf = outline.children().all(|child| !child.is_element());
            let good = match outline.attribute("xmlUrl") {
                Some(_) => outline.attribute("type") == Some("rss") && leaf,
                None => outline.attribute("type").is_none() && !leaf,
            };
            judge.demand(Rule::OpmlFeed, good, || place(outline));
            for name in ["xmlUrl", "htmlUrl", "url"] {
                judge.demand(Rule::Uri, outline.attribute(name).is_none_or(is_uri), || place(outline));
            }
            if let Some(feed) = outline.attribute("xmlUrl") {
                judge.demand(Rule::OpmlTwice, feeds.insert(feed), || place(outline));
            }
        }
    }
}
