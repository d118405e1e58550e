//! What `check` found, in words for people and in JSON for programs.

use std::{
    fmt,
    io::{self, Write},
    path::{Path, PathBuf},
};

use annotate_snippets::{AnnotationKind, Group, Level as Heading, Origin, Renderer, Snippet};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::post::{CategoryPath, Diagnostic, Level, Post, PublishedFrom};

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// In the feeds.
    Published,
    /// Not for the public.
    Draft,
    /// In the feeds when its time has come.
    Scheduled,
    /// No post.
    Skipped,
    /// A post that cannot be read.
    Rejected,
}

/// What was found out about one file.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The path below what was checked.
    pub(super) path: PathBuf,
    pub(super) status: Status,
    /// Its id, and the post.
    pub(super) post: Option<(String, Box<Post>)>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Verdict {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), status: Status::Skipped, post: None, diagnostics: Vec::new() }
    }
}

/// A time as programs read it: RFC 3339 in UTC.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// One line of `check --format json`. The keys are documented: none goes, none changes its meaning.
#[derive(Debug, Default, Serialize)]
struct Line<'a> {
    path: String,
    status: Option<Status>,
    id: Option<&'a str>,
    title: Option<&'a str>,
    published: Option<String>,
    published_from: Option<PublishedFrom>,
    updated: Option<String>,
    categories: &'a [CategoryPath],
    tags: &'a [String],
    authors: &'a [String],
    image: Option<&'a str>,
    link: Option<&'a str>,
    language: Option<&'a str>,
    diagnostics: &'a [Diagnostic],
}

/// Writes one JSON object and a line feed.
pub(super) fn json(verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
    let line = Line {
        path: verdict.path.to_string_lossy().into_owned(),
        status: Some(verdict.status),
        diagnostics: &verdict.diagnostics,
        ..Line::default()
    };
    let line = match &verdict.post {
        None => line,
        Some((id, post)) => Line {
            id: Some(id),
            title: Some(&post.title),
            published: Some(time(post.published.at)),
            published_from: Some(post.published.from),
            updated: Some(time(post.updated.unwrap_or(post.published.at).max(post.published.at))),
            categories: &post.categories,
            tags: &post.tags,
            authors: &post.authors,
            image: post.image.as_deref(),
            link: post.link.as_deref(),
            language: post.language.as_deref(),
            ..line
        },
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

/// Writes each diagnostic with the line that it is about, as a compiler does.
pub(super) fn text(verdict: &Verdict, source: &str, colours: bool, out: &mut dyn Write) -> io::Result<()> {
    let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
    let path = printable(&verdict.path.to_string_lossy());
    for diagnostic in &verdict.diagnostics {
        let heading = match diagnostic.level {
            Level::Error => Heading::ERROR,
            Level::Warning => Heading::WARNING,
            Level::Info => Heading::NOTE,
        };
        let title = heading.primary_title(printable(&diagnostic.message)).id(diagnostic.code.to_string());
        let group = match place(diagnostic, source) {
            Some((number, line, span)) => title.element(
                Snippet::source(line)
                    .line_start(number)
                    .path(path.as_str())
                    .annotation(AnnotationKind::Primary.span(span)),
            ),
            None => title.element(Origin::path(path.as_str())),
        };
        let help =
            diagnostic.help.as_deref().map(|help| Group::with_title(Heading::HELP.secondary_title(printable(help))));
        let report: Vec<Group<'_>> = std::iter::once(group).chain(help).collect();
        writeln!(out, "{}\n", renderer.render(&report))?;
    }
    Ok(())
}

/// The line that a diagnostic is about, and the bytes of it that are marked: one character for an error, at which reading
/// stopped, and the rest of the line for a remark on a value.
fn place(diagnostic: &Diagnostic, source: &str) -> Option<(usize, String, std::ops::Range<usize>)> {
    let number = usize::try_from(diagnostic.line?).ok()?;
    let line = source.split('\n').nth(number.checked_sub(1)?)?;
    let line = printable(line.trim_end_matches('\r'));
    let skip = usize::try_from(diagnostic.column.unwrap_or(1)).ok()?.saturating_sub(1);
    let start = line.char_indices().nth(skip).map_or(line.len(), |(at, _)| at);
    let end = if diagnostic.level == Level::Error {
        line.get(start..)?.chars().next().map_or(start, |letter| start + letter.len_utf8())
    } else {
        line.trim_end().len().max(start)
    };
    Some((number, line, start..end))
}

/// Text without the control characters that would drive a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() && letter != '\t' { '\u{fffd}' } else { letter }).collect()
}

/// What all files came to.
#[derive(Debug, Default)]
pub(super) struct Summary {
    statuses: [usize; 5],
    warnings: usize,
    /// Held posts: when they come out, and which they are.
    held: Vec<(DateTime<Utc>, String)>,
}

impl Summary {
    pub(super) fn count(&mut self, verdict: &Verdict) {
        if let Some(number) = self.statuses.get_mut(verdict.status as usize) {
            *number += 1;
        }
        self.warnings += verdict.diagnostics.iter().filter(|remark| remark.level == Level::Warning).count();
        if let (Status::Scheduled, Some((_, post))) = (verdict.status, &verdict.post) {
            self.held.push((post.published.at, printable(&format!("{} ({})", verdict.path.display(), post.title))));
        }
    }

    fn of(&self, status: Status) -> usize {
        self.statuses.get(status as usize).copied().unwrap_or(0)
    }

    pub(super) fn rejected(&self) -> usize {
        self.of(Status::Rejected)
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut held = self.held.clone();
        held.sort();
        for (at, post) in held {
            writeln!(out, "held until {}: {post}", time(at))?;
        }
        writeln!(out, "{self}")
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: usize = self.statuses.iter().sum();
        write!(out, "{files} {}: {} published", if files == 1 { "file" } else { "files" }, self.of(Status::Published))?;
        let others = [
            (Status::Draft, "not public"),
            (Status::Scheduled, "scheduled"),
            (Status::Skipped, "skipped"),
            (Status::Rejected, "rejected"),
        ];
        for (number, name) in others.map(|(status, name)| (self.of(status), name)) {
            if number > 0 {
                write!(out, ", {number} {name}")?;
            }
        }
        match self.warnings {
            0 => Ok(()),
            1 => write!(out, "; 1 warning"),
            many => write!(out, "; {many} warnings"),
        }
    }
}
