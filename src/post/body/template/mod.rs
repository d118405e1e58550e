//! Template tags of Hexo, Jekyll and Hugo → Markdown or HTML, before either is read.
//!
//! A [`Body`] goes in, its text comes out without tags: those that stand for code, pictures, links, quotations and films
//! are written as HTML, expressions that make an address as that address; others go, and what is between them stays.
//! Code keeps what is in it, as a post about Jekyll shows its tags there, but for `{% raw %}`, which goes, and
//! Hugo's `{{</* x */>}}`, which shows `{{< x >}}`.
//!
//! Invariants: a text without `{%`, `{{` and `{#` is not even copied; the cost is linear in the text, and so is what
//! comes out; the parsers behind it guard themselves.

mod arguments;
mod code;
mod expression;
mod render;
mod scan;
mod tags;
#[cfg(test)]
mod tests;
mod write;

use std::{borrow::Cow, iter::Peekable, ops::Range, vec};

use super::{Bases, Body, Lookup, Markup};
use crate::post::{Code, Diagnostic};
use arguments::Arguments;
use code::Regions;
use expression::Values;
use scan::{Dialect, Mark, Role, Scanner, Tag};
use tags::Family;

/// Remarks on one post.
const REMARKS: usize = 20;
/// Bytes that tags may add to a text, besides as many as it has.
const ALLOWANCE: usize = 256 * 1024;

/// A body's text without template tags.
pub(super) struct Expanded<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Renders the tags of a body.
pub(super) fn expand<'a>(body: &'a Body, bases: &'a Bases, posts: Option<&'a Lookup<'a>>) -> Expanded<'a> {
    if !has_marks(&body.text) {
        return Expanded { text: Cow::Borrowed(&body.text), diagnostics: Vec::new() };
    }
    let Regions { code, html } = Regions::of(&body.text, body.markup);
    let mut expansion = Expansion {
        text: &body.text,
        markup: body.markup,
        code: code.into_iter().peekable(),
        html,
        scanner: Scanner::new(&body.text),
        values: Values::new(bases),
        posts,
        out: String::with_capacity(body.text.len() + body.text.len() / 8),
        quotes: Vec::new(),
        remarks: Remarks { line: body.line, at: 0, told: Vec::new(), diagnostics: Vec::new() },
    };
    expansion.run();
    Expanded { text: Cow::Owned(expansion.out), diagnostics: expansion.remarks.diagnostics }
}

/// A line of the front matter without tags and without what is plainly an expression.
///
/// No generator expands tags there, and a title may be about them. So only what cannot be meant for readers goes: tags
/// that are known, shortcodes, and expressions with a path, a filter or a text in quotes. `{{mustache}}` stays, and so
/// does what is between backticks or written with entities.
pub(crate) fn strip(line: &str) -> Cow<'_, str> {
    without(line, is_plainly_meant)
}

/// A text that is no body without any mark that an engine would take for one.
pub(crate) fn strip_all(text: &str) -> Cow<'_, str> {
    without(text, |_| true)
}

fn without(line: &str, is_meant: fn(&Mark<'_>) -> bool) -> Cow<'_, str> {
    if !has_marks(line) {
        return Cow::Borrowed(line);
    }
    let mut scanner = Scanner::new(line);
    let mut out = String::with_capacity(line.len());
    let mut at = 0;
    while let Some(start) = line.get(at..).and_then(|rest| rest.find(['{', '`'])).map(|found| at + found) {
        out.push_str(line.get(at..start).unwrap_or_default());
        let rest = line.get(start..).unwrap_or_default();
        let span = rest.strip_prefix('`').and_then(|inside| inside.find('`')).map(|end| start + end + 2);
        let mark = if rest.starts_with('{') { scanner.mark(start) } else { None };
        at = match mark {
            Some((mark, end)) if is_meant(&mark) => end,
            _ => {
                let end = span.unwrap_or(start + 1);
                out.push_str(line.get(start..end).unwrap_or_default());
                end
            }
        };
    }
    out.push_str(line.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

fn is_plainly_meant(mark: &Mark<'_>) -> bool {
    match mark {
        Mark::Tag(Tag { dialect: Dialect::Hugo | Dialect::Call, .. }) | Mark::Escaped(..) => true,
        Mark::Tag(tag) => tag.name.is_empty() || Family::of(tag.name).is_some() || is_control(tag.name),
        Mark::Expression(inside) => inside.contains(['.', '|', '"', '\'', '$']),
        Mark::Comment => false,
    }
}

/// Tags of Liquid and Nunjucks that show nothing themselves, and one of Hexo's themes.
fn is_control(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "if",
        "unless",
        "case",
        "for",
        "cycle",
        "tablerow",
        "capture",
        "echo",
        "liquid",
        "render",
        "block",
        "macro",
        "call",
        "filter",
        "extends",
        "import",
        "from",
        "asyncEach",
        "asyncAll",
        "note",
    ];
    NAMES.contains(&name)
}

fn has_marks(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('{')) {
        at += found + 1;
        if matches!(bytes.get(at), Some(b'%' | b'{' | b'#')) {
            return true;
        }
    }
    false
}

/// Whether nothing but blanks, `>` and list markers stand before a byte on its line.
fn opens_line(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default().bytes().rev();
    let mut line = before.take(200).take_while(|byte| *byte != b'\n');
    line.all(|byte| matches!(byte, b' ' | b'\t' | b'>' | b'-' | b'*' | b'+' | b'.' | b')' | b'0'..=b'9'))
}

/// Bytes of the list marker at the start of a line, with the blank behind it.
fn list_marker(line: &str) -> usize {
    let digits = line.bytes().take(9).take_while(u8::is_ascii_digit).count();
    let mark: &[u8] = if digits > 0 { b".)" } else { b"-*+" };
    match line.as_bytes().get(digits..) {
        Some([found, b' ' | b'\t', ..]) if mark.contains(found) => digits + 2,
        _ => 0,
    }
}

/// One text on its way.
struct Expansion<'a> {
    text: &'a str,
    markup: Markup,
    code: Peekable<vec::IntoIter<Range<usize>>>,
    html: Vec<Range<usize>>,
    scanner: Scanner<'a>,
    values: Values<'a>,
    posts: Option<&'a Lookup<'a>>,
    out: String,
    /// Quotations that are open: the tag's name, and the line that follows the words.
    quotes: Vec<(&'a str, String)>,
    remarks: Remarks<'a>,
}

impl<'a> Expansion<'a> {
    fn run(&mut self) {
        let mut at = 0;
        while at < self.text.len() {
            // What began within a tag is none.
            while self.code.next_if(|range| range.start < at).is_some() {}
            let limit = self.code.peek().map_or(self.text.len(), |range| range.start);
            let special = self.slice(at, limit).bytes().position(|byte| matches!(byte, b'{' | b'<'));
            let Some(special) = special.map(|found| at + found) else {
                self.copy(at, limit);
                at = limit;
                if let Some(range) = self.code.next() {
                    self.literal(range.clone(), Markup::Markdown);
                    at = range.end;
                }
                continue;
            };
            self.copy(at, special);
            at = if self.slice(special, special + 1) == "<" {
                match self.element(special) {
                    Some(end) => {
                        self.literal(special..end, Markup::Html);
                        end
                    }
                    None => self.pass(special),
                }
            } else {
                match self.scanner.mark(special) {
                    Some((mark, end)) => self.mark(mark, special, end),
                    None => self.pass(special),
                }
            };
        }
        while let Some((_, footer)) = self.quotes.pop() {
            self.out.push_str(&footer);
            self.out.push_str("</blockquote>");
        }
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    fn copy(&mut self, from: usize, to: usize) {
        self.out.push_str(self.slice(from, to));
    }

    /// Copies one byte that means nothing.
    fn pass(&mut self, at: usize) -> usize {
        self.copy(at, at + 1);
        at + 1
    }

    /// The byte behind the element of HTML at `at`, if it holds code or what is no text at all.
    fn element(&mut self, at: usize) -> Option<usize> {
        let rest = self.text.get(at + 1..)?;
        if rest.starts_with("!--") {
            return self.scanner.find("-->", at).map(|end| end + 3);
        }
        let name = ["pre", "code", "script", "style"].into_iter().find(|name| {
            rest.as_bytes().get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
                && rest.as_bytes().get(name.len()).is_some_and(|next| next.is_ascii_whitespace() || *next == b'>')
        })?;
        let is_upper = rest.starts_with(|c: char| c.is_ascii_uppercase());
        let close = match (name, is_upper) {
            ("pre", false) => "</pre",
            ("pre", true) => "</PRE",
            ("code", false) => "</code",
            ("code", true) => "</CODE",
            ("script", false) => "</script",
            ("script", true) => "</SCRIPT",
            (_, false) => "</style",
            (_, true) => "</STYLE",
        };
        self.scanner.find(close, at).map(|end| end + close.len())
    }

    /// Copies code, without `{% raw %}` and with Hugo's escaped shortcodes as they are meant to show.
    fn literal(&mut self, range: Range<usize>, markup: Markup) {
        let mut at = range.start;
        while let Some(found) = self.slice(at, range.end).find('{') {
            let start = at + found;
            self.copy(at, start);
            at = match self.scanner.mark(start) {
                Some((Mark::Tag(tag), end)) if Family::of(tag.name) == Some(Family::Raw) && tag.role == Role::Start => {
                    match self.scanner.end_of(tag.name, tag.dialect, end).filter(|(_, behind)| *behind <= range.end) {
                        Some((close, behind)) => {
                            self.copy(end, close);
                            behind
                        }
                        None => self.pass(start),
                    }
                }
                Some((Mark::Escaped(open, shown, close), end)) if end <= range.end => {
                    self.escaped(open, shown, close, markup);
                    end
                }
                _ => self.pass(start),
            };
        }
        self.copy(at, range.end);
    }

    fn escaped(&mut self, open: &str, shown: &str, close: &str, markup: Markup) {
        for part in [open, shown, close] {
            match markup {
                Markup::Markdown => self.out.push_str(part),
                Markup::Html => self.out.push_str(&part.replace('<', "&lt;").replace('>', "&gt;")),
            }
        }
    }

    /// Writes what a mark stands for; returns where to go on.
    fn mark(&mut self, mark: Mark<'a>, start: usize, end: usize) -> usize {
        match mark {
            Mark::Comment => end,
            Mark::Escaped(open, shown, close) => {
                let text = [open, shown, close].concat();
                self.plain(&text);
                end
            }
            Mark::Expression(inside) => {
                match self.values.evaluate(inside) {
                    Some(value) if self.has_room(value.len()) => self.out.push_str(&value),
                    _ => {
                        let inside = scan::trimmed(inside);
                        let name = inside.split(['|', ' ', '\n']).next().unwrap_or_default();
                        self.remarks.tell(self.text, start, name, Remark::Expression);
                        self.no_address();
                    }
                }
                end
            }
            Mark::Tag(tag) if tag.role == Role::End => {
                self.end_quote(tag.name, start);
                end
            }
            Mark::Tag(tag) => self.tag(tag, start, end),
        }
    }

    fn tag(&mut self, tag: Tag<'a>, start: usize, end: usize) -> usize {
        let mut family = Family::of(tag.name);
        let mut arguments = Arguments::read(tag.arguments);
        if family == Some(Family::Include) {
            let file = arguments.plain.first().and_then(|file| Family::of_file(file));
            if file.is_some() {
                arguments.plain.remove(0);
            }
            family = file;
        }
        let known = match family {
            Some(Family::Raw | Family::Comment | Family::Code) => {
                let Some((close, behind)) = self.scanner.end_of(tag.name, tag.dialect, end) else {
                    self.remarks.tell(self.text, start, tag.name, Remark::Unclosed);
                    return end;
                };
                match family {
                    Some(Family::Raw) => self.copy(end, close),
                    Some(Family::Code) => self.code(&tag, &arguments, start, self.slice(end, close)),
                    _ => {}
                }
                if family == Some(Family::Code) {
                    self.end_block(start, behind);
                }
                return behind;
            }
            Some(_) if !self.has_room(tag.arguments.len()) => false,
            Some(Family::Assign) => {
                self.values.assign(tag.arguments);
                true
            }
            Some(Family::Branch) => true,
            Some(Family::Quote) => self.quote(&tag, &arguments, start, end),
            Some(family) => self.show(family, &tag, &arguments, start, end),
            None => false,
        };
        if !known {
            self.remarks.tell(self.text, start, tag.name, Remark::Tag);
            self.no_address();
        }
        end
    }

    /// Whether tags may still write: a text of a megabyte of tags must not become ten.
    fn has_room(&self, more: usize) -> bool {
        self.out.len() + more <= self.text.len() * 2 + ALLOWANCE
    }

    fn plain(&mut self, text: &str) {
        write::plain(&mut self.out, text);
    }

    /// What would have been part of an address is not known, so the address is not either.
    fn no_address(&mut self) {
        if let Some(start) = write::address_start(&self.out) {
            self.out.truncate(start);
            self.out.push_str(write::NOWHERE);
        }
    }

    /// Whether Markdown is read at this byte.
    fn reads_markdown(&self, at: usize) -> bool {
        let block = self.html.partition_point(|range| range.end <= at);
        self.markup == Markup::Markdown && self.html.get(block).is_none_or(|range| at < range.start)
    }

    /// The blanks and `>` with which the line of a byte starts, blanks for a list's marker.
    fn line_start(&self, at: usize) -> String {
        let before = self.text.get(..at).unwrap_or_default();
        let from = before.bytes().rev().take(400).position(|byte| byte == b'\n');
        let line = from.map_or(if at <= 400 { before } else { "" }, |back| before.get(at - back..).unwrap_or_default());
        let mut start = String::new();
        let mut rest = line;
        loop {
            let (blanks, words) = rest.split_at(rest.find(|c| !matches!(c, ' ' | '\t' | '>')).unwrap_or(rest.len()));
            start.push_str(blanks);
            let marker = list_marker(words);
            if marker == 0 {
                return start;
            }
            start.push_str(&" ".repeat(marker));
            rest = words.get(marker..).unwrap_or_default();
        }
    }

    fn ends_line(&self, at: usize) -> bool {
        self.text.get(at..).is_some_and(|rest| rest.starts_with('\n') || rest.starts_with("\r\n"))
    }

    /// Ends a block of HTML in Markdown that fills its line, so that the next line is Markdown again.
    fn end_block(&mut self, start: usize, end: usize) {
        if self.reads_markdown(start) && opens_line(self.text, start) && self.ends_line(end) {
            let line = self.line_start(start);
            self.out.push('\n');
            self.out.push_str(line.trim_end());
        }
    }
}

/// What is said of a tag.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Remark {
    Tag,
    Expression,
    Unclosed,
    Post,
}

/// Remarks, one for each name.
struct Remarks<'a> {
    line: u32,
    /// Up to where lines have been counted.
    at: usize,
    told: Vec<&'a str>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Remarks<'a> {
    fn tell(&mut self, text: &str, at: usize, name: &'a str, remark: Remark) {
        if self.told.len() >= REMARKS || self.told.contains(&name) {
            return;
        }
        self.told.push(name);
        let lines = text.get(self.at..at).unwrap_or_default().bytes().filter(|byte| *byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.at = self.at.max(at);
        let name: String = name.chars().take(60).collect();
        let (code, message, help) = match remark {
            Remark::Tag => (
                Code::TemplateTag,
                format!("the tag `{name}` is not shown in feeds; what is between its ends stays"),
                "write it as Markdown or HTML, or put `{% raw %}` and `{% endraw %}` around it to show it as it is",
            ),
            Remark::Expression => (
                Code::TemplateTag,
                format!("the value of `{name}` is not known here, so it is left out"),
                "write the value itself, or put backticks around it to show it as code",
            ),
            Remark::Unclosed => {
                (Code::TemplateTag, format!("the tag `{name}` is never closed, so it is left out"), "add its end tag")
            }
            Remark::Post => (
                Code::UnknownPost,
                format!("there is no post `{name}` to link to, so its name is shown without a link"),
                "correct the name: the path of a post below its folder, without its ending",
            ),
        };
        let mut diagnostic = Diagnostic::warning(code, message).help(help);
        diagnostic.line = Some(self.line);
        self.diagnostics.push(diagnostic);
    }
}
