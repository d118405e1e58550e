//! HTML → HTML that is safe to show anywhere.

use std::{borrow::Cow, sync::LazyLock};

use ammonia::{Builder, UrlRelative};

static BUILDER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder
        .add_tags(["audio", "video", "source", "track", "picture", "figure", "figcaption", "section", "input"])
        .add_tag_attributes("img", ["srcset", "sizes", "referrerpolicy", "loading"])
        .add_tag_attributes("audio", ["src", "controls", "preload", "loop"])
        .add_tag_attributes("video", ["src", "controls", "poster", "preload", "width", "height", "loop", "muted"])
        .add_tag_attributes("source", ["src", "srcset", "sizes", "type", "media"])
        .add_tag_attributes("track", ["src", "kind", "srclang", "label", "default"])
        // Task lists: a box that cannot be ticked.
        .add_tag_attributes("input", ["checked", "disabled"])
        .add_tag_attribute_values("input", "type", ["checkbox"])
        .rm_clean_content_tags(std::iter::empty::<&str>())
        .add_clean_content_tags(["svg", "math", "noembed", "iframe", "textarea", "title", "select", "object"])
        .url_schemes(["http", "https", "mailto", "tel"].into())
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer"))
        .strip_comments(true)
        .attribute_filter(|_, attribute, value| match attribute {
            // The library looks at no address in it.
            "srcset" if !is_absolute_set(value) => None,
            _ => Some(Cow::Borrowed(value)),
        });
    builder
});

/// Sanitises HTML. No relative address is left.
pub(super) fn sanitise(html: &str) -> String {
    BUILDER.clean(html).to_string()
}

fn is_absolute_set(set: &str) -> bool {
    set.split(", ").all(|candidate| {
        let address = candidate.split_whitespace().next().unwrap_or_default();
        address.starts_with("https://") || address.starts_with("http://")
    })
}
