//! Texts that have a form: addresses, language tags, dates, media types, plain text. Each check is a question.

use std::net::Ipv6Addr;

use chrono::{DateTime, Datelike, NaiveDate};

/// RFC 3986 §4.3: absolute, ASCII, every percent sign an escape; http(s) with a host.
pub(super) fn is_uri(text: &str) -> bool {
    text.is_ascii() && is_iri(text)
}

/// RFC 3987 §2.2: absolute, no character that an IRI cannot hold, every percent sign an escape.
pub(super) fn is_iri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if !is_scheme || rest.is_empty() || !rest.chars().all(is_iri_character) || !escapes_are_whole(rest) {
        return false;
    }
    let (before, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (before, _query) = before.split_once('?').unwrap_or((before, ""));
    if fragment.contains('#') {
        return false;
    }
    let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let Some(hierarchy) = before.strip_prefix("//") else {
        return !web && !rest.contains(['[', ']']);
    };
    let (authority, path) = hierarchy.split_at(hierarchy.find('/').unwrap_or(hierarchy.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    is_host(host, web) && !path.contains(['[', ']']) && !rest[before.len()..].contains(['[', ']'])
}

/// RFC 3986 §3.2.2, with its port.
fn is_host(host: &str, web: bool) -> bool {
    let port = |port: &str| port.parse::<u16>().is_ok();
    if let Some(literal) = host.strip_prefix('[') {
        let Some((address, after)) = literal.split_once(']') else { return false };
        return address.parse::<Ipv6Addr>().is_ok() && after.strip_prefix(':').map_or(after.is_empty(), port);
    }
    let (name, number) = host.split_once(':').map_or((host, None), |(name, number)| (name, Some(number)));
    (!web || !name.is_empty()) && !name.contains(['[', ']']) && number.is_none_or(port)
}

/// `unreserved`, `reserved`, `%` (RFC 3986 §2), or what RFC 3987 adds to them.
fn is_iri_character(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
    }
    // Control characters, marks of direction (§4.1) and non-characters are excluded.
    !matches!(c, '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{fdd0}'..='\u{fdef}' | '\u{fff0}'..='\u{ffff}')
        && !c.is_whitespace()
        && u32::from(c) & 0xfffe != 0xfffe
}

fn escapes_are_whole(text: &str) -> bool {
    let is_escape =
        |after: &str| after.as_bytes().first_chunk::<2>().is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    text.split('%').skip(1).all(is_escape)
}

/// RFC 5646 §2.1, `Language-Tag` but the irregular ones.
pub(super) fn is_language(tag: &str) -> bool {
    let alpha =
        |part: &str, lengths: &[usize]| lengths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic());
    let alphanumeric =
        |part: &str, least: usize| (least..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let mut parts = tag.split('-').peekable();
    let private = |mut rest: std::iter::Peekable<std::str::Split<'_, char>>| {
        rest.peek().is_some() && rest.all(|part| alphanumeric(part, 1))
    };
    let Some(language) = parts.next() else { return false };
    if language.eq_ignore_ascii_case("x") {
        return private(parts);
    }
    if !alpha(language, &[2, 3, 4, 5, 6, 7, 8]) {
        return false;
    }
    for _ in 0..3 {
        parts.next_if(|part| language.len() < 4 && alpha(part, &[3]));
    }
    parts.next_if(|part| alpha(part, &[4]));
    parts.next_if(|part| alpha(part, &[2]) || (part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit())));
    let is_variant = |part: &&str| {
        alphanumeric(part, 5)
            || (part.len() == 4 && part.starts_with(|c: char| c.is_ascii_digit()) && alphanumeric(part, 4))
    };
    while parts.next_if(is_variant).is_some() {}
    while let Some(part) = parts.next() {
        if part.eq_ignore_ascii_case("x") {
            return private(parts);
        }
        if part.len() != 1 || !alphanumeric(part, 1) || parts.next_if(|part| alphanumeric(part, 2)).is_none() {
            return false;
        }
        while parts.next_if(|part| alphanumeric(part, 2)).is_some() {}
    }
    true
}

/// RFC 822 §5 with a four-digit year, as the RSS Profile wants it: `Fri, 25 Feb 2022 08:54:46 GMT`. Seconds since the
/// Unix epoch.
pub(super) fn rfc822(text: &str) -> Option<i64> {
    let [weekday, day, month, year, time, zone] = text.split(' ').collect::<Vec<_>>()[..] else { return None };
    let number = |text: &str, digits: usize| {
        (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse::<u32>().ok()).flatten()
    };
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().zip(1..).find(|(name, _)| **name == month)?.1;
    let date = NaiveDate::from_ymd_opt(i32::try_from(number(year, 4)?).ok()?, month, number(day, 2)?)?;
    let [hours, minutes, seconds] = time.split(':').collect::<Vec<_>>()[..] else { return None };
    let at = date.and_hms_opt(number(hours, 2)?, number(minutes, 2)?, number(seconds, 2)?)?;
    (weekday == format!("{},", date.weekday())).then_some(())?;
    let offset = match zone {
        "GMT" | "UT" => 0,
        _ => {
            let minutes = i64::from(number(zone.get(1..3)?, 2)?) * 60 + i64::from(number(zone.get(3..)?, 2)?);
            match zone.get(..1)? {
                "+" => minutes,
                "-" => -minutes,
                _ => return None,
            }
        }
    };
    Some(at.and_utc().timestamp() - offset * 60)
}

/// RFC 3339 §5.6 with `T` and `Z` in upper case (RFC 4287 §3.3), without a fraction. Seconds since the Unix epoch.
pub(super) fn rfc3339(text: &str) -> Option<i64> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let (at, zone) = shape.split_at_checked("0000-00-00T00:00:00".len())?;
    let is_shaped = at == "0000-00-00T00:00:00" && matches!(zone, "Z" | "+00:00" | "-00:00");
    is_shaped.then(|| DateTime::parse_from_rfc3339(text).ok()).flatten().map(|at| at.timestamp())
}

/// RFC 6838 §4.2, with parameters or without.
pub(super) fn is_media_type(text: &str) -> bool {
    let name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let essence = text.split(';').next().unwrap_or_default();
    essence.split_once('/').is_some_and(|(kind, subtype)| name(kind) && name(subtype))
}

/// RSS 2.0, author: `lawyer@boyer.net (Lawyer Boyer)`.
pub(super) fn is_mail(text: &str) -> bool {
    let address = text.split_once(' ').map_or(text, |(address, _)| address);
    address.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
}

/// Text without white space around it and without a tag of a real element in it. `Vec<T>`, `Vec<A>` and `<3` are text.
pub(super) fn is_plain(text: &str) -> bool {
    text.trim() == text && !text.contains(['\n', '\r', '\t']) && !has_markup(text)
}

/// Whether a browser would find an element in the text.
fn has_markup(text: &str) -> bool {
    text.char_indices().filter(|&(_, c)| c == '<').any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + 1..]);
        let tag = after.strip_prefix('/').unwrap_or(after);
        let (name, rest) = tag.split_at(tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len()));
        let is_type_parameter = before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
            && name.starts_with(|c: char| c.is_ascii_uppercase());
        ELEMENTS.contains(&&*name.to_ascii_lowercase())
            && !is_type_parameter
            && rest.starts_with(|c: char| c.is_whitespace() || c == '/' || c == '>')
            && tag_end(rest).is_some()
    })
}

/// The byte of the first `>` outside quotes, which ends a tag.
pub(super) fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    let end = tag.char_indices().find(|&(_, c)| {
        match (quote, c) {
            (None, '>') => return true,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        false
    });
    end.map(|(at, _)| at)
}

/// Elements that one meets in titles.
const ELEMENTS: [&str; 55] = [
    "a",
    "abbr",
    "article",
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "center",
    "cite",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "font",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "kbd",
    "li",
    "link",
    "mark",
    "meta",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "script",
    "small",
    "span",
    "strong",
    "style",
    "sub",
    "sup",
    "svg",
    "table",
    "td",
    "u",
    "ul",
];
