//! What stands in `{{ … }}`: whether it is an expression, and what address it makes.

use super::scan::trimmed;
use crate::post::body::Bases;

/// The longest value, in bytes: addresses are made here, not texts.
const LONGEST: usize = 1024;
/// How many names are remembered.
const NAMES: usize = 64;

/// Go's words for what stands before its arguments.
const GO: &[&str] = &[
    "partial",
    "printf",
    "print",
    "with",
    "range",
    "if",
    "else",
    "end",
    "index",
    "i18n",
    "T",
    "safeHTML",
    "ref",
    "relref",
    "define",
    "block",
    "template",
    "return",
    "len",
    "default",
    "relURL",
    "absURL",
    "relLangURL",
    "absLangURL",
    "dict",
    "slice",
    "eq",
    "ne",
    "not",
    "and",
    "or",
    "site",
    "page",
];

/// Whether a template engine would take this for an expression, and no person for a text.
///
/// One is: a path (`page.title`, `.Site.Title`, `$x`), a text in quotes, a call, filters behind `|`, Go's
/// functions with their arguments, operators. None is what has braces or `;` in it, an object (`a: 1`), a number, several
/// words (`cite web`), or letters beyond ASCII outside quotes.
pub(super) fn is_one(inside: &str) -> bool {
    if inside.len() > LONGEST || inside.contains("\n\n") {
        return false;
    }
    let inside = trimmed(inside);
    let mut depth = 0_u32;
    let (mut quote, mut piped, mut previous) = (None::<char>, false, ' ');
    let mut chars = inside.chars().peekable();
    while let Some(c) = chars.next() {
        if let Some(open) = quote {
            quote = Some(open).filter(|open| *open != c);
            continue;
        }
        let next = chars.peek().copied().unwrap_or(' ');
        match c {
            '"' | '\'' | '`' => quote = Some(c),
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '|' => piped = true,
            ':' if next == '=' || depth > 0 || piped => {}
            '=' if depth > 0 || next == '=' || matches!(previous, '=' | '!' | '<' | '>' | ':') => {}
            '{' | '}' | ';' | '\\' | ':' | '=' | '@' | '#' | '^' | '&' => return false,
            c if !c.is_ascii() => return false,
            _ => {}
        }
        previous = c;
    }
    quote.is_none() && starts_one(inside)
}

/// Whether the words up to the first `|` are those of an expression.
fn starts_one(inside: &str) -> bool {
    let first = inside.split(['|', '"', '\'', '`', '(', '[']).next().unwrap_or_default();
    let mut words = first.split_whitespace();
    // A text in quotes or a bracket comes first, or nothing at all.
    let Some(word) = words.next() else { return !inside.is_empty() };
    let is_path = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '.' | '$'))
            && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | '?' | '/'))
    };
    if word.starts_with(['.', '$']) || GO.contains(&word) {
        return true;
    }
    let follows = |next: &str| {
        matches!(
            next,
            "and"
                | "or"
                | "if"
                | "is"
                | "in"
                | "not"
                | "=="
                | "!="
                | "<"
                | ">"
                | "<="
                | ">="
                | "+"
                | "-"
                | "*"
                | "/"
                | "%"
                | "?"
        )
    };
    (is_path(word) || matches!(word, "not" | "!" | "/*")) && words.next().is_none_or(follows)
}

/// What is known of a site, and what a post has assigned.
pub(super) struct Values<'a> {
    bases: &'a Bases,
    assigned: Vec<(&'a str, String)>,
}

impl<'a> Values<'a> {
    pub(super) fn new(bases: &'a Bases) -> Self {
        Self { bases, assigned: Vec::new() }
    }

    /// Remembers the value of `x = "…"`, if it can be known.
    pub(super) fn assign(&mut self, statement: &'a str) {
        let Some((name, value)) = statement.split_once('=') else { return };
        let name = name.trim();
        self.assigned.retain(|(known, _)| *known != name);
        let value = self.evaluate(value).filter(|_| self.assigned.len() < NAMES);
        self.assigned.extend(value.map(|value| (name, value)));
    }

    /// The value of an expression, where it can be known.
    pub(super) fn evaluate(&self, inside: &str) -> Option<String> {
        let inside = trimmed(inside);
        let mut parts = split_filters(inside).into_iter();
        let mut value = self.term(parts.next()?.trim())?;
        for filter in parts {
            let (name, argument) = filter.trim().split_once(':').unwrap_or((filter.trim(), ""));
            value = match name.trim() {
                "relative_url" | "relURL" | "relLangURL" | "url_for" => self.below_site(&value),
                "absolute_url" | "absURL" | "absLangURL" | "full_url_for" => self.absolute(&value),
                "prepend" => self.term(argument.trim())? + &value,
                "append" => value + &self.term(argument.trim())?,
                "strip" | "escape" | "safeURL" | "safe" | "xml_escape" => value,
                _ => return None,
            };
            if value.len() > LONGEST {
                return None;
            }
        }
        Some(value)
    }

    fn term(&self, term: &str) -> Option<String> {
        if let Some(text) = quoted(term) {
            return Some(text.to_owned());
        }
        if let Some((function, argument)) = term.split_once([' ', '(']) {
            let argument = quoted(argument.trim().trim_end_matches(')').trim())?;
            return match function {
                "relURL" | "relLangURL" | "url_for" => Some(self.below_site(argument)),
                "absURL" | "absLangURL" | "full_url_for" => Some(self.absolute(argument)),
                _ => None,
            };
        }
        let post = self.bases.post.as_ref();
        match term {
            "site.url" => Some(self.origin()),
            "site.baseurl" => Some(self.folder().to_owned()),
            "site.BaseURL" | ".Site.BaseURL" | "config.base_url" => self.bases.site.as_ref().map(ToString::to_string),
            "page.url" | "post.url" => {
                post.map(|post| post.path().strip_prefix(self.folder()).unwrap_or(post.path()).to_owned())
            }
            "page.permalink" | ".Permalink" | ".RelPermalink" => post.map(ToString::to_string),
            _ => self.assigned.iter().find(|(name, _)| *name == term).map(|(_, value)| value.clone()),
        }
    }

    /// `https://host`, or nothing.
    fn origin(&self) -> String {
        let url = self.bases.site.as_ref().or(self.bases.post.as_ref());
        url.map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }

    /// The path of the site without a slash at its end: Jekyll's `baseurl`.
    fn folder(&self) -> &str {
        self.bases.site.as_ref().map_or("", |site| site.path().trim_end_matches('/'))
    }

    /// Jekyll's `relative_url`.
    pub(super) fn below_site(&self, path: &str) -> String {
        if path.contains("://") {
            return path.to_owned();
        }
        format!("{}/{}", self.folder(), path.trim_start_matches('/'))
    }

    fn absolute(&self, path: &str) -> String {
        if path.contains("://") { path.to_owned() } else { self.origin() + &self.below_site(path) }
    }
}

/// The parts between `|` outside quotes.
fn split_filters(inside: &str) -> Vec<&str> {
    let mut quote = None;
    inside
        .split(|c: char| {
            match quote {
                Some(open) if open == c => quote = None,
                None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
                _ => {}
            }
            quote.is_none() && c == '|'
        })
        .collect()
}

fn quoted(term: &str) -> Option<&str> {
    let quote = term.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    term.strip_prefix(quote)?.strip_suffix(quote).filter(|text| !text.contains(quote))
}
