//! What a feed may contain: the elements, their attributes, and the sanitiser that is made of them.
//!
//! One table serves the preparation, which writes nothing else, and ammonia, which lets nothing else pass.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use ammonia::{Builder, UrlRelative};

use super::urls;
use crate::{bytes, uri};

/// An element that may be in a feed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Element {
    /// In lower case.
    pub(super) name: &'static str,
    /// How it nests.
    pub(super) kind: Kind,
    /// Besides [`GENERIC`]; in the order in which they are written.
    pub(super) attributes: &'static [&'static str],
}

/// How an element nests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Has no end tag.
    Void,
    /// Opened again by the parser when a block closes over it: what makes parsing blow up.
    Formatting,
    /// Nests as written.
    Inline,
    /// Closes an open paragraph.
    Block,
    /// `h1` to `h6`.
    Heading,
    /// `li`, `dt`, `dd`: closes its elder sibling.
    Item,
    /// `table`.
    Table,
    /// `tbody`, `tr` and the like: holds no text.
    Row,
    /// `td`, `th`, `caption`: a small world of its own.
    Cell,
}

impl Kind {
    /// Whether a `<p>` ends where this starts, and a text after it stands on its own.
    pub(super) fn is_block(self) -> bool {
        !matches!(self, Self::Void | Self::Formatting | Self::Inline)
    }
}

/// The attributes that every element may have.
pub(super) const GENERIC: &[&str] = &["title", "lang", "dir"];

const fn element(name: &'static str, kind: Kind, attributes: &'static [&'static str]) -> Element {
    Element { name, kind, attributes }
}

/// Sorted by name.
#[rustfmt::skip]
const ELEMENTS: &[Element] = &[
    element("a", Kind::Formatting, &["href", "hreflang", "referrerpolicy"]),
    element("abbr", Kind::Inline, &[]),
    element("acronym", Kind::Inline, &[]),
    element("address", Kind::Block, &[]),
    element("article", Kind::Block, &[]),
    element("aside", Kind::Block, &[]),
    element("audio", Kind::Inline, &["src", "controls", "loop", "muted", "preload"]),
    element("b", Kind::Formatting, &[]),
    element("bdi", Kind::Inline, &[]),
    element("bdo", Kind::Inline, &[]),
    element("big", Kind::Formatting, &[]),
    element("blockquote", Kind::Block, &["cite"]),
    element("br", Kind::Void, &[]),
    element("caption", Kind::Cell, &[]),
    element("center", Kind::Block, &[]),
    element("cite", Kind::Inline, &[]),
    element("code", Kind::Formatting, &["class"]),
    element("col", Kind::Void, &["span"]),
    element("colgroup", Kind::Row, &["span"]),
    element("dd", Kind::Item, &[]),
    element("del", Kind::Inline, &["cite", "datetime"]),
    element("details", Kind::Block, &["open"]),
    element("dfn", Kind::Inline, &[]),
    element("div", Kind::Block, &[]),
    element("dl", Kind::Block, &[]),
    element("dt", Kind::Item, &[]),
    element("em", Kind::Formatting, &[]),
    element("figcaption", Kind::Block, &[]),
    element("figure", Kind::Block, &[]),
    element("footer", Kind::Block, &[]),
    element("h1", Kind::Heading, &[]),
    element("h2", Kind::Heading, &[]),
    element("h3", Kind::Heading, &[]),
    element("h4", Kind::Heading, &[]),
    element("h5", Kind::Heading, &[]),
    element("h6", Kind::Heading, &[]),
    element("header", Kind::Block, &[]),
    element("hgroup", Kind::Block, &[]),
    element("hr", Kind::Void, &[]),
    element("i", Kind::Formatting, &[]),
    element("img", Kind::Void, &["src", "srcset", "sizes", "alt", "width", "height", "loading", "referrerpolicy"]),
    element("ins", Kind::Inline, &["cite", "datetime"]),
    element("kbd", Kind::Inline, &[]),
    element("li", Kind::Item, &["value"]),
    element("main", Kind::Block, &[]),
    element("mark", Kind::Inline, &[]),
    element("nav", Kind::Block, &[]),
    element("ol", Kind::Block, &["start", "reversed", "type"]),
    element("p", Kind::Block, &[]),
    element("picture", Kind::Inline, &[]),
    element("pre", Kind::Block, &["class"]),
    element("q", Kind::Inline, &["cite"]),
    element("rp", Kind::Inline, &[]),
    element("rt", Kind::Inline, &[]),
    element("ruby", Kind::Inline, &[]),
    element("s", Kind::Formatting, &[]),
    element("samp", Kind::Inline, &[]),
    element("section", Kind::Block, &[]),
    element("small", Kind::Formatting, &[]),
    element("source", Kind::Void, &["src", "srcset", "sizes", "media", "type", "width", "height"]),
    element("span", Kind::Inline, &[]),
    element("strike", Kind::Formatting, &[]),
    element("strong", Kind::Formatting, &[]),
    element("sub", Kind::Inline, &[]),
    element("summary", Kind::Block, &[]),
    element("sup", Kind::Inline, &[]),
    element("table", Kind::Table, &[]),
    element("tbody", Kind::Row, &[]),
    element("td", Kind::Cell, &["align", "colspan", "rowspan"]),
    element("tfoot", Kind::Row, &[]),
    element("th", Kind::Cell, &["align", "colspan", "rowspan", "scope"]),
    element("thead", Kind::Row, &[]),
    element("time", Kind::Inline, &["datetime"]),
    element("tr", Kind::Row, &[]),
    element("track", Kind::Void, &["src", "kind", "srclang", "label", "default"]),
    element("tt", Kind::Formatting, &[]),
    element("u", Kind::Formatting, &[]),
    element("ul", Kind::Block, &[]),
    element("var", Kind::Inline, &[]),
    element("video", Kind::Inline, &["src", "poster", "width", "height", "controls", "loop", "muted", "preload"]),
    element("wbr", Kind::Void, &[]),
];

/// The element of a tag, whatever its case; `None` when the tag is not for feeds.
pub(super) fn find(name: &str) -> Option<&'static Element> {
    let at = ELEMENTS
        .binary_search_by(|element| element.name.bytes().cmp(name.bytes().map(|byte| byte.to_ascii_lowercase())))
        .ok()?;
    ELEMENTS.get(at)
}

/// Elements that go with everything in them: their content is no text for readers.
pub(super) fn goes_with_content(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "script", "style", "svg", "math", "template", "title", "textarea", "select", "datalist", "xmp", "noembed",
        "noframes", "iframe", "canvas",
    ];
    NAMES.iter().any(|hidden| name.eq_ignore_ascii_case(hidden))
}

/// What an attribute holds that is an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    /// Followed by a person.
    Link,
    /// Fetched by the reader's program: http(s) only.
    Media,
    /// Several, with sizes.
    Set,
}

/// What address an attribute holds, if any.
pub(super) fn address(attribute: &str) -> Option<Address> {
    match attribute {
        "href" => Some(Address::Link),
        "src" | "poster" | "cite" => Some(Address::Media),
        "srcset" => Some(Address::Set),
        _ => None,
    }
}

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(ELEMENTS.iter().map(|element| element.name).collect())
        .clean_content_tags(HashSet::from(["script", "style"]))
        .tag_attributes(
            ELEMENTS
                .iter()
                .map(|element| (element.name, element.attributes.iter().copied().collect()))
                .collect::<HashMap<_, HashSet<_>>>(),
        )
        .generic_attributes(GENERIC.iter().copied().collect())
        .url_schemes(urls::LINK_SCHEMES.iter().copied().collect())
        .url_relative(UrlRelative::Deny)
        .link_rel(None)
        .attribute_filter(|_, attribute, value| {
            // Values that would fetch more, sooner, or tell where from, than pages and readers mean to.
            let calm = match attribute {
                "referrerpolicy" => value == "no-referrer",
                "loading" => value == "lazy",
                "preload" => value == "none",
                _ => true,
            };
            if !calm {
                return None;
            }
            let safe = match address(attribute) {
                // Links have been held against the schemes above.
                None | Some(Address::Link) => true,
                Some(Address::Media) => uri::is_whole(value),
                Some(Address::Set) => urls::candidates(value).all(|candidate| uri::is_whole(candidate.url)),
            };
            safe.then_some(Cow::Borrowed(value))
        });
    builder
});

/// Makes prepared HTML safe, whatever the preparation overlooked, and well-formed.
pub(super) fn sanitise(prepared: &str) -> String {
    let mut html = Vec::with_capacity(prepared.len() + prepared.len() / 8);
    // Writing into memory cannot fail.
    _ = SANITISER.clean(prepared).write_to(&mut html);
    bytes::written(&html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_found_in_any_case() {
        assert!(ELEMENTS.is_sorted_by(|left, right| left.name < right.name));
        assert_eq!(find("FigCaption").map(|element| element.name), Some("figcaption"));
        for name in ["script", "svg", "math", "style", "iframe", "form", "ſtyle", ""] {
            assert_eq!(find(name), None, "{name}");
        }
    }
}
