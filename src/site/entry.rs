//! One post as a list shows it.

use std::ops::Range;

use chrono::{DateTime, FixedOffset, SecondsFormat};

use super::href;

/// Characters of a summary that a list shows.
const SUMMARY: usize = 140;

/// Plain text, of which parts may be marked as found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marked<'a> {
    /// The text.
    pub text: &'a str,
    /// Bytes of it, in order and apart from each other.
    pub marks: Vec<Range<usize>>,
}

impl<'a> From<&'a str> for Marked<'a> {
    fn from(text: &'a str) -> Self {
        Self { text, marks: Vec::new() }
    }
}

/// A part of a [`Marked`] text.
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    pub(super) is_marked: bool,
}

impl<'a> Marked<'a> {
    pub(super) fn parts(&self) -> Vec<Part<'a>> {
        self.parts_until(self.text.len())
    }

    /// The start of the text, cut where it gets long.
    pub(super) fn start(&self) -> (Vec<Part<'a>>, bool) {
        let end = self.text.char_indices().nth(SUMMARY).map_or(self.text.len(), |(at, _)| at);
        (self.parts_until(end), end < self.text.len())
    }

    fn parts_until(&self, end: usize) -> Vec<Part<'a>> {
        let mut parts = Vec::with_capacity(1 + 2 * self.marks.len());
        let mut at = 0;
        let mut push = |range: Range<usize>, is_marked| match self.text.get(range) {
            Some(text) if !text.is_empty() => parts.push(Part { text, is_marked }),
            _ => {}
        };
        for mark in self.marks.iter().filter(|mark| mark.end <= end) {
            push(at..mark.start, false);
            push(mark.clone(), true);
            at = mark.end;
        }
        push(at..end, false);
        parts
    }
}

/// Somebody or something that may have a page here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    /// Plain text.
    pub name: &'a str,
    /// The page's folder, in our form.
    pub path: Option<&'a str>,
}

impl Name<'_> {
    pub(super) fn href(&self, root: &str) -> Option<String> {
        self.path.map(|path| href(root, path))
    }
}

/// Where a post is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link<'a> {
    /// Elsewhere: an absolute http(s) URL.
    Away(&'a str),
    /// On a page of ours: its folder, in our form.
    Here(&'a str),
}

impl Link<'_> {
    pub(super) fn href(&self, root: &str) -> String {
        match self {
            Self::Away(url) => (*url).to_owned(),
            Self::Here(path) => href(root, path),
        }
    }
}

/// An entry as a page shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// Plain text.
    pub title: Marked<'a>,
    /// Where the post itself is.
    pub link: Link<'a>,
    /// Publication time, in the zone of the post's folder.
    pub published: DateTime<FixedOffset>,
    /// Authors, possibly none.
    pub authors: Vec<Name<'a>>,
    /// The categories that the post is in.
    pub categories: Vec<Name<'a>>,
    /// Plain text.
    pub summary: Marked<'a>,
    /// The address of the entry's picture, an absolute http(s) URL. It is decoration: the title says what it shows.
    pub image: Option<&'a str>,
    /// A language tag (BCP 47).
    pub language: Option<&'a str>,
}

impl Entry<'_> {
    pub(super) fn machine_time(&self) -> String {
        self.published.to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    pub(super) fn date(&self) -> String {
        self.published.format("%Y-%m-%d").to_string()
    }

    pub(super) fn time(&self) -> String {
        self.published.format("%Y-%m-%d %H:%M").to_string()
    }

    /// What stands in the picture's place until it is there, and where it never comes.
    pub(super) fn initial(&self) -> String {
        let letter = self.title.text.chars().find(|c| c.is_alphanumeric());
        letter.map_or_else(|| String::from("·"), |letter| letter.to_uppercase().collect())
    }
}
