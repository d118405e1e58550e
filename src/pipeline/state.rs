//! What the daemon says of itself: a line for the service manager, `/status.json`, `/metrics`.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use prometheus_client::{encoding::text::encode, metrics::family::Family, metrics::gauge::Gauge, registry::Registry};

use super::{Error, Pipeline};
use crate::{
    catalog::{Counts, Key, Problem, Progress},
    config::Search,
};

/// What the daemon knows of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Why events cannot be trusted, with the cure.
    pub degraded: Option<String>,
    /// When the folders were last scanned whole.
    pub last_scan: Option<DateTime<Utc>>,
    /// When the program started.
    pub started: Option<DateTime<Utc>>,
}

#[derive(serde::Serialize)]
pub(super) struct Status<'a> {
    version: &'static str,
    watch: WatchStatus<'a>,
    posts: Counts,
    feeds: u64,
    problems: Vec<Problem>,
}

#[derive(serde::Serialize)]
struct WatchStatus<'a> {
    mode: &'static str,
    degraded: Option<&'a str>,
    last_scan: Option<String>,
}

impl Pipeline {
    /// How many files are what.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn counts(&self) -> Result<Counts, Error> {
        Ok(self.catalog.counts()?)
    }

    /// How many feeds are kept.
    fn feeds(&self) -> u64 {
        let feeds = self.catalog.collections().into_iter().filter(|one| matches!(one.key, Key::All | Key::Category(_)));
        feeds.count() as u64
    }

    pub(super) fn status_document<'h>(&self, health: &'h Health) -> Result<Status<'h>, Error> {
        Ok(Status {
            version: env!("CARGO_PKG_VERSION"),
            watch: WatchStatus {
                mode: if health.degraded.is_some() { "polling" } else { "events" },
                degraded: health.degraded.as_deref(),
                last_scan: health.last_scan.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            },
            posts: self.catalog.counts()?,
            feeds: self.feeds(),
            problems: self.catalog.problems()?,
        })
    }

    /// What the administrator's page says of the program.
    pub(super) fn facts(&self, health: &Health, now: DateTime<Utc>) -> Result<Vec<(&'static str, String)>, Error> {
        let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
        let mode = if health.degraded.is_some() { "the folders are polled" } else { "events of the file system" };
        let indexed = match self.settings.search {
            Search::Off => "off",
            Search::Titles => "titles",
            Search::Text => "titles and texts",
        };
        let search = match self.catalog.indexing()? {
            Progress { waiting: 0, .. } => indexed.to_owned(),
            Progress { waiting, posts } => {
                format!("{indexed}; {} of {posts} posts are indexed", posts.saturating_sub(waiting))
            }
        };
        let catalog: u64 = ["sqlite", "sqlite-wal"]
            .into_iter()
            .filter_map(|end| std::fs::metadata(self.catalog.file().with_extension(end)).ok())
            .map(|file| file.len())
            .sum();
        let memory = resident().map_or_else(|| String::from("unknown"), mebibytes);
        Ok(vec![
            ("Version", env!("CARGO_PKG_VERSION").to_owned()),
            (
                "Running since",
                health
                    .started
                    .map_or_else(|| String::from("unknown"), |at| format!("{} ({})", time(at), span(now - at))),
            ),
            ("Watching by", mode.to_owned()),
            ("Last scan", health.last_scan.map_or_else(|| String::from("none yet"), time)),
            ("Feeds", self.feeds().to_string()),
            ("Search", search),
            ("Memory", memory),
            ("Catalog", format!("{} in {}", mebibytes(catalog), self.catalog.file().display())),
            ("SQLite", crate::catalog::sqlite_version().to_owned()),
            ("Output", self.settings.output.display().to_string()),
        ])
    }

    /// What is wrong with the whole, with the cure.
    pub(super) fn alarms(&self, health: &Health) -> Vec<String> {
        let polling = health.degraded.as_ref().map(|why| format!("Polling, because events cannot be trusted: {why}"));
        let unwritten = self.has_unwritten().then(|| {
            format!(
                "{} cannot be written; the feeds are still served, and written as soon as that is possible",
                self.settings.output.display()
            )
        });
        polling.into_iter().chain(unwritten).collect()
    }

    /// The daemon's state in a line, for the service manager and the log.
    #[must_use]
    pub fn status(&self, health: &Health) -> String {
        let counts = self.catalog.counts().unwrap_or_default();
        let mut status = format!("{} posts in {} feeds", counts.published, self.feeds());
        for (count, what) in [
            (counts.scheduled, "scheduled"),
            (counts.rejected, "rejected"),
            (counts.kept, "kept though their files are missing"),
        ] {
            if count > 0 {
                // Writing to a string does not fail.
                let _ = write!(status, ", {count} {what}");
            }
        }
        if self.has_unwritten() {
            status.push_str("; the output folder cannot be written");
        }
        if let Some(degraded) = &health.degraded {
            status.push_str("; polling: ");
            status.push_str(degraded);
        }
        status
    }

    pub(super) fn metrics(&self, health: &Health) -> Result<String, Error> {
        let counts = self.catalog.counts()?;
        let mut registry = Registry::with_prefix("feedwright");
        let posts = Family::<[(&'static str, &'static str); 1], Gauge>::default();
        for (state, count) in [
            ("published", counts.published),
            ("draft", counts.draft),
            ("scheduled", counts.scheduled),
            ("rejected", counts.rejected),
            ("skipped", counts.skipped),
            ("kept", counts.kept),
        ] {
            posts.get_or_create(&[("state", state)]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        registry.register("posts", "Files that look like posts, by what they are", posts);
        let mut gauge = |name: &str, help: &str, value: i64| {
            let gauge: Gauge = Gauge::default();
            gauge.set(value);
            registry.register(name, help, gauge);
        };
        gauge("feeds", "Feeds that are kept", i64::try_from(self.feeds()).unwrap_or(i64::MAX));
        gauge(
            "degraded",
            "1 while folders are polled because events cannot be trusted",
            health.degraded.is_some().into(),
        );
        gauge("unwritten", "1 while the output folder cannot be written", self.has_unwritten().into());
        gauge(
            "last_scan_timestamp_seconds",
            "When the folders were last scanned",
            health.last_scan.map_or(0, |at| at.timestamp()),
        );
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &registry);
        Ok(text)
    }
}

/// Bytes of memory that the process holds.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn mebibytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) >> 20;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

/// A time span in its two largest units.
fn span(span: TimeDelta) -> String {
    let seconds = span.num_seconds().max(0);
    let parts = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    let shown = parts[first..].iter().take(2).map(|(count, unit)| format!("{count} {unit}"));
    shown.collect::<Vec<_>>().join(" ")
}
