//! Text → template marks: tags, expressions, comments, escaped shortcodes.
//!
//! Every search remembers what it found, so that a whole text is scanned in linear time, however many marks in it never
//! close. What no engine would take for a mark is none: `{%d}`, `style={{a: 1}}`, `\frac{{a}}{b}`.

use super::{expression, tags::Family};

/// A mark that a template engine would act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark<'a> {
    /// `{% name … %}`, `{{< name … >}}`, `{{% name … %}}`
    Tag(Tag<'a>),
    /// What stands in `{{ … }}`.
    Expression(&'a str),
    /// `{# … #}`
    Comment,
    /// Hugo's `{{</* … */>}}`, which stands for a shortcode that is only shown: its marks and what is between.
    Escaped(&'a str, &'a str, &'a str),
}

/// A tag, apart from its marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// As written.
    pub(super) name: &'a str,
    /// What follows the name.
    pub(super) arguments: &'a str,
    /// Which marks it has.
    pub(super) dialect: Dialect,
    /// Whether it opens or closes.
    pub(super) role: Role,
}

/// Whose marks a tag has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `{% … %}`: Liquid, Nunjucks, Zola.
    Liquid,
    /// `{{< … >}}` or `{{% … %}}`.
    Hugo,
    /// `{{ name(…) }}`.
    Call,
}

/// What a tag does to what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Opens, or stands alone.
    Start,
    /// `{% endname %}`, `{{< /name >}}`; the name is the one that is closed, empty for Zola's `{% end %}`.
    End,
}

/// The longest mark, in bytes: an engine has no limit, a text that lost a brace should lose no more.
const LONGEST: usize = 16 * 1024;

/// How many names' end tags are looked for in one text.
const NAMES: usize = 32;

/// A text and what has been found in it.
pub(super) struct Scanner<'a> {
    text: &'a str,
    needles: Vec<(&'static str, Search<usize>)>,
    /// By what the end tag says.
    ends: Vec<(String, Search<Place>)>,
}

/// Where a mark starts, and the byte behind it.
type Place = (usize, usize);

/// What a search found. It is the answer for every later start before that place.
struct Search<T> {
    from: usize,
    found: Option<T>,
}

impl<T: Copy> Search<T> {
    /// Whether a search from byte `from` would find the same.
    fn holds(&self, from: usize, start: impl Fn(T) -> usize) -> bool {
        self.from <= from && self.found.is_none_or(|found| start(found) >= from)
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, needles: Vec::new(), ends: Vec::new() }
    }

    /// The mark that starts at byte `at`, a `{`, and the byte behind it.
    pub(super) fn mark(&mut self, at: usize) -> Option<(Mark<'a>, usize)> {
        match self.text.as_bytes().get(at + 1)? {
            b'%' => self.liquid(at),
            b'#' => self.comment(at),
            b'{' => match self.text.as_bytes().get(at + 2)? {
                b'<' => self.shortcode(at, ">}}"),
                b'%' => self.shortcode(at, "%}}"),
                _ => self.expression(at),
            },
            _ => None,
        }
    }

    /// The end tag of `name` that comes first behind `from`.
    pub(super) fn end_of(&mut self, name: &str, dialect: Dialect, from: usize) -> Option<Place> {
        let word = if dialect == Dialect::Hugo { format!("/{name}") } else { format!("end{name}") };
        let known = self.ends.iter().position(|(known, _)| *known == word);
        if let Some((_, search)) = known.and_then(|index| self.ends.get_mut(index)) {
            if !search.holds(from, |(start, _)| start) {
                *search = Search { from, found: find_end(self.text, &word, from) };
            }
            return search.found;
        }
        if self.ends.len() >= NAMES {
            return None;
        }
        let found = find_end(self.text, &word, from);
        self.ends.push((word, Search { from, found }));
        found
    }

    /// Where `needle` is next, from byte `from`.
    pub(super) fn find(&mut self, needle: &'static str, from: usize) -> Option<usize> {
        let search = || self.text.get(from..).and_then(|rest| rest.find(needle)).map(|at| from + at);
        if let Some((_, known)) = self.needles.iter_mut().find(|(known, _)| *known == needle) {
            if !known.holds(from, |at| at) {
                *known = Search { from, found: search() };
            }
            return known.found;
        }
        let found = search();
        self.needles.push((needle, Search { from, found }));
        found
    }

    /// What stands between byte `from` and the next `needle`, if that is near enough.
    fn inside(&mut self, needle: &'static str, from: usize) -> Option<(&'a str, usize)> {
        let end = self.find(needle, from)?;
        let inside = self.text.get(from..end).filter(|inside| inside.len() <= LONGEST)?;
        Some((inside, end + needle.len()))
    }

    fn liquid(&mut self, at: usize) -> Option<(Mark<'a>, usize)> {
        let (inside, end) = self.inside("%}", at + 2)?;
        if self.find("{%", at + 2).is_some_and(|next| next < end) {
            return None;
        }
        let (name, arguments) = name(trimmed(inside))?;
        // Zola's `{% quote(author="x") %}`.
        let call = arguments.trim().strip_prefix('(').and_then(|call| call.strip_suffix(')'));
        let arguments = call.unwrap_or(arguments);
        let ends = name.strip_prefix("end").filter(|_| arguments.trim().is_empty());
        let (name, role) = ends.map_or((name, Role::Start), |name| (name, Role::End));
        Some((Mark::Tag(Tag { name, arguments, dialect: Dialect::Liquid, role }), end))
    }

    fn comment(&mut self, at: usize) -> Option<(Mark<'a>, usize)> {
        let (inside, end) = self.inside("#}", at + 2)?;
        if self.find("{#", at + 2).is_some_and(|next| next < end) {
            return None;
        }
        // `## Heading {#id}` is none.
        (inside.starts_with(char::is_whitespace) || !inside.contains('}')).then_some((Mark::Comment, end))
    }

    fn shortcode(&mut self, at: usize, close: &'static str) -> Option<(Mark<'a>, usize)> {
        let (inside, end) = self.inside(close, at + 3)?;
        let opens = ["{{<", "{{%"].into_iter().any(|open| self.find(open, at + 3).is_some_and(|next| next < end));
        if opens {
            return None;
        }
        if let Some(shown) = inside.trim().strip_prefix("/*").and_then(|shown| shown.strip_suffix("*/")) {
            let open = self.text.get(at..at + 3)?;
            return Some((Mark::Escaped(open, shown, close), end));
        }
        let inside = inside.trim();
        let inside = inside.strip_suffix('/').unwrap_or(inside);
        let (inside, role) = match inside.strip_prefix('/') {
            Some(closed) => (closed.trim_start(), Role::End),
            None => (inside, Role::Start),
        };
        let (name, arguments) = name(inside)?;
        Some((Mark::Tag(Tag { name, arguments, dialect: Dialect::Hugo, role }), end))
    }

    fn expression(&mut self, at: usize) -> Option<(Mark<'a>, usize)> {
        let triple = self.text.as_bytes().get(at + 2) == Some(&b'{');
        let (close, from) = if triple { ("}}}", at + 3) } else { ("}}", at + 2) };
        let (inside, end) = self.inside(close, from)?;
        if trimmed(inside).strip_prefix("/*").is_some_and(|comment| comment.ends_with("*/")) {
            return Some((Mark::Comment, end));
        }
        let before = self.text.get(..at)?;
        if !expression::is_one(inside) || is_tex(before, self.text.get(end..)?) {
            return None;
        }
        if let Some((name, arguments)) = trimmed(inside).strip_suffix(')').and_then(|call| call.split_once('('))
            && Family::of(name).is_some()
        {
            return Some((Mark::Tag(Tag { name, arguments, dialect: Dialect::Call, role: Role::Start }), end));
        }
        Some((Mark::Expression(inside), end))
    }
}

/// Without blanks and the dashes that eat the blanks around a mark.
pub(super) fn trimmed(inside: &str) -> &str {
    let inside = inside.strip_prefix(['-', '~']).unwrap_or(inside);
    inside.strip_suffix(['-', '~']).unwrap_or(inside).trim()
}

/// A tag's name, and what follows it.
fn name(inside: &str) -> Option<(&str, &str)> {
    let end = inside.find(|c: char| !is_name_part(c)).unwrap_or(inside.len());
    let (name, rest) = inside.split_at_checked(end)?;
    let parted =
        rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '(' | ','));
    (is_name(name) && parted).then_some((name, rest))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(is_name_part)
}

fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/')
}

/// Whether braces after `before` are a group of TeX: `^{{…}}`, `\frac{{…}}`, `{a}{{…}}`, `${{…}}$`.
fn is_tex(before: &str, after: &str) -> bool {
    if before.ends_with(['^', '_', '\\']) || before.ends_with('}') && !before.ends_with("}}") {
        return true;
    }
    let letters = before.bytes().rev().take(32).take_while(u8::is_ascii_alphabetic).count();
    if letters > 0 && before.get(..before.len() - letters).is_some_and(|before| before.ends_with('\\')) {
        return true;
    }
    before.ends_with('$') && after.bytes().take(200).take_while(|byte| *byte != b'\n').any(|byte| byte == b'$')
}

/// The first end tag that says `word`.
fn find_end(text: &str, word: &str, from: usize) -> Option<Place> {
    let rest = text.get(from..)?;
    rest.match_indices(word).find_map(|(at, _)| {
        let before = rest.get(..at)?.trim_end();
        let after = rest.get(at + word.len()..)?.trim_start();
        let before = before.strip_suffix(['-', '~']).unwrap_or(before);
        let after = after.strip_prefix(['-', '~']).unwrap_or(after);
        let marks: &[(&str, &str)] =
            if word.starts_with('/') { &[("{{<", ">}}"), ("{{%", "%}}")] } else { &[("{%", "%}")] };
        let fits = |(open, close): &&(&str, &str)| before.ends_with(open) && after.starts_with(close);
        let (opens, closes) = marks.iter().find(fits)?;
        Some((from + before.len() - opens.len(), text.len() - after.len() + closes.len()))
    })
}
