//! Any text as a body: what comes out is safe, bounded, and comes out the same when it is put in again.
#![no_main]

use feedwright::post::body::{Bases, Body, Markup, render};
use libfuzzer_sys::fuzz_target;
use url::Url;

/// What the guard lets a parser write beyond a multiple of the input: formatting elements that are opened again.
const REOPENED: usize = 8 << 20;

fuzz_target!(|input: (bool, &str)| {
    let (is_html, text) = input;
    let markup = if is_html { Markup::Html } else { Markup::Markdown };
    let html = rendered(markup, text);
    assert!(html.len() <= 16 * text.len() + REOPENED, "{} of {}", html.len(), text.len());
    harmless(&html);
    // What a template tag makes of a text is another text.
    if !["{%", "{{", "{#"].iter().any(|open| html.contains(open)) {
        assert_eq!(rendered(Markup::Html, &html), html, "sanitised again it is another");
    }
});

fn rendered(markup: Markup, text: &str) -> String {
    let bases = Bases {
        post: Url::parse("https://blog.example/2024/post/").ok(),
        site: Url::parse("https://blog.example/").ok(),
    };
    let body = Body { markup, text: text.to_owned(), line: 1 };
    let rendered = render(&body, &bases, None);
    assert!(!rendered.summary.contains('\u{1}'));
    if let Some(image) = rendered.image {
        assert!(image.url.starts_with("https://") || image.url.starts_with("http://"), "{}", image.url);
    }
    rendered.html
}

/// Reads serialised HTML, in which every attribute is ` name="value"`, without the tables of the program.
fn harmless(html: &str) {
    let is_illegal =
        |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{fffe}' | '\u{ffff}');
    assert!(!html.contains(is_illegal), "{html:?}");
    let mut rest = html;
    while let Some((_, tag)) = rest.split_once('<') {
        let end = tag.find(|c: char| !c.is_ascii_alphanumeric() && c != '/').expect("a tag ends");
        let (name, mut inside) = tag.split_at(end);
        let dangerous = [
            "script",
            "style",
            "iframe",
            "object",
            "embed",
            "svg",
            "math",
            "form",
            "input",
            "button",
            "base",
            "meta",
            "link",
            "frame",
            "frameset",
            "applet",
            "template",
            "noscript",
            "textarea",
            "title",
            "xmp",
            "plaintext",
        ];
        assert!(!name.is_empty() && !dangerous.contains(&name.trim_start_matches('/')), "{name} in {html:?}");
        while let Some(attribute) = inside.strip_prefix(' ') {
            let (name, value) = attribute.split_once("=\"").expect("an attribute has a value");
            let (value, behind) = value.split_once('"').expect("a value ends");
            let decoded = value.replace("&amp;", "&");
            assert!(!name.starts_with("on") && !matches!(name, "style" | "srcdoc" | "formaction" | "id"), "{name}");
            if matches!(name, "href" | "src" | "poster" | "cite" | "srcset") {
                let scheme = decoded.split(':').next().expect("a part").to_ascii_lowercase();
                assert!(!matches!(&*scheme, "javascript" | "data" | "vbscript" | "file"), "{value}");
                assert!(decoded.contains(':'), "{name} is relative: {value}");
            }
            inside = behind;
        }
        rest = inside.strip_prefix('>').unwrap_or_else(|| panic!("a tag does not end: {inside:?}"));
    }
}
