//! Values → HTML that means the same in Markdown and in HTML, on one line.
//!
//! Markdown ends a block of HTML at a blank line, and reads what stands in a paragraph again; without line breaks and
//! without its own characters there is nothing to read.

use std::fmt::Write as _;

/// An address that leads nowhere: it is dropped with its attribute, whatever is written behind it.
pub(super) const NOWHERE: &str = "about:blank";

/// Plain text or code: every character shows as itself.
pub(super) fn plain(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '*' | '_' | '`' | '[' | ']' | '\\' | '~' | '|' | '!' | '{' | '}' | '\n' => {
                // Writing to a String cannot fail.
                _ = write!(out, "&#{};", u32::from(c));
            }
            '\r' => {}
            c => out.push(c),
        }
    }
}

/// A text in which HTML may stand, from an argument: on one line.
pub(super) fn rich(out: &mut String, text: &str) {
    out.extend(text.chars().map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }));
}

/// ` name="value"`; entities in the value stay.
pub(super) fn attribute(out: &mut String, name: &str, value: &str) {
    _ = write!(out, " {name}=\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("&quot;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '`' => out.push_str("&#96;"),
            '{' => out.push_str("&#123;"),
            '}' => out.push_str("&#125;"),
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// An address as it can stand in `](…)`, in quotes and in a text.
pub(super) fn address(out: &mut String, url: &str) {
    for c in url.chars() {
        match c {
            '(' | ')' | '<' | '>' | '"' | '\'' | '`' | '{' | '}' | '|' | '\\' | '*' | '[' | ']' => {
                _ = write!(out, "%{:02X}", u32::from(c));
            }
            c if c.is_whitespace() => out.push_str("%20"),
            c => out.push(c),
        }
    }
}

/// `<a href="…">`
pub(super) fn link(out: &mut String, url: &str, title: Option<&str>) {
    out.push_str("<a");
    attribute(out, "href", url);
    if let Some(title) = title {
        attribute(out, "title", title);
    }
    out.push('>');
}

/// Where an address begins at whose end something is to be written: in `](…`, `href="…`, `]: …`.
pub(super) fn address_start(out: &str) -> Option<usize> {
    let tail = out.len() - out.bytes().rev().take(512).take_while(|byte| !is_around_address(*byte)).count();
    let before = out.get(..tail)?;
    let quoted = before.strip_suffix(['"', '\'']).unwrap_or(before).trim_end();
    let is_attribute = quoted.strip_suffix('=').is_some_and(|name| {
        ["href", "src", "srcset", "poster", "cite", "data-original"]
            .iter()
            .any(|known| name.trim_end().ends_with(known))
    });
    let is_markdown = ["](", "](<"].iter().any(|open| before.ends_with(open)) || before.trim_end().ends_with("]:");
    (is_attribute || is_markdown).then_some(tail)
}

fn is_around_address(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'(' | b'<' | b'>' | b'=')
}
