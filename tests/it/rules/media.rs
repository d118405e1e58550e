//! Media RSS 1.5.1, the same in RSS and in Atom.

use roxmltree::Node;

use super::{
    Judge, Rule, text,
    xml::{self, MEDIA, place},
};

/// Primary and optional elements of the specification that hold no attributes we write.
const OTHERS: [&str; 12] = [
    "adult",
    "category",
    "copyright",
    "credit",
    "description",
    "group",
    "hash",
    "keywords",
    "player",
    "rating",
    "restriction",
    "title",
];

const CONTENT: [&str; 14] = [
    "url",
    "fileSize",
    "type",
    "medium",
    "isDefault",
    "expression",
    "bitrate",
    "framerate",
    "samplingrate",
    "channels",
    "duration",
    "height",
    "width",
    "lang",
];

const THUMBNAIL: [&str; 4] = ["url", "height", "width", "time"];

/// Judges every element of Media RSS below an item or an entry.
pub(super) fn judge(judge: &mut Judge<'_>, item: Node<'_, '_>) {
    let is_media = |node: &Node<'_, '_>| node.is_element() && node.tag_name().namespace() == Some(MEDIA);
    for element in item.descendants().filter(is_media) {
        let value = |name: &str| element.attribute(name);
        let good = match element.tag_name().name() {
            "content" => {
                let mediums = ["image", "audio", "video", "document", "executable"];
                let played = xml::children(element, Some(MEDIA), "player").next().is_some();
                known(element, &CONTENT)
                    && (played || value("url").is_some())
                    && value("medium").is_none_or(|medium| mediums.contains(&medium))
                    && value("type").is_none_or(text::is_media_type)
                    && value("isDefault").is_none_or(|is| matches!(is, "true" | "false"))
                    && value("expression").is_none_or(|is| matches!(is, "sample" | "full" | "nonstop"))
                    && ["fileSize", "duration", "height", "width"].iter().all(|name| value(name).is_none_or(is_number))
                    && value("lang").is_none_or(text::is_language)
            }
            "thumbnail" => {
                known(element, &THUMBNAIL)
                    && value("url").is_some()
                    && ["height", "width"].iter().all(|name| value(name).is_none_or(is_number))
            }
            other => OTHERS.contains(&other),
        };
        let stands = element.parent().is_some_and(|parent| parent == item || is_media(&parent));
        judge.demand(Rule::Media, good && stands, || place(element));
        if let Some(url) = value("url") {
            judge.demand(Rule::Uri, text::is_uri(url), || place(element));
        }
    }
}

fn known(element: Node<'_, '_>, names: &[&str]) -> bool {
    element.attributes().all(|attribute| attribute.namespace().is_none() && names.contains(&attribute.name()))
}

pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
