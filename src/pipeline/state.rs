//! What the daemon says of itself: a line for the service manager, `/status.json`, `/metrics`.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use prometheus_client::{
    encoding::text::encode,
    metrics::{family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use super::{Error, Pipeline};
use crate::{
    catalog::{Counts, Problem, Progress},
    config::Search,
    meters::Meters,
};

/// What the daemon knows of itself.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Why events cannot be trusted, with the cure.
    pub degraded: Option<String>,
    /// Why the last pass failed, with the cure; everything is tried again.
    pub trouble: Option<String>,
    /// When the folders were last scanned whole.
    pub last_scan: Option<DateTime<Utc>>,
    /// What the program shut itself out of, with the cure.
    pub shut_out: Option<String>,
    /// When the program started.
    pub started: Option<DateTime<Utc>>,
    /// What was counted since.
    pub meters: Meters,
}

#[derive(serde::Serialize)]
pub(super) struct Status<'a> {
    version: &'static str,
    watch: WatchStatus<'a>,
    trouble: Option<&'a str>,
    /// Unknown while the catalog cannot be read, like the problems.
    posts: Option<Counts>,
    feeds: u64,
    problems: Option<Vec<Problem>>,
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

    /// How many collections have feeds that are kept on disk.
    fn feeds(&self) -> u64 {
        self.catalog.count_collections(|key| self.is_kept(key)) as u64
    }

    pub(super) fn status_document<'h>(&self, health: &'h Health) -> Status<'h> {
        Status {
            version: env!("CARGO_PKG_VERSION"),
            watch: WatchStatus {
                mode: if health.degraded.is_some() { "polling" } else { "events" },
                degraded: health.degraded.as_deref(),
                last_scan: health.last_scan.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            },
            trouble: health.trouble.as_deref(),
            posts: self.catalog.counts().ok(),
            feeds: self.feeds(),
            problems: self.catalog.problems().ok(),
        }
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
            ("Catalog", format!("{} in {}", mebibytes(self.catalog.bytes()), self.catalog.file().display())),
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
        let failing = health.trouble.as_ref().map(|why| format!("The last changes are not published yet: {why}"));
        failing.into_iter().chain(polling).chain(unwritten).chain(health.shut_out.clone()).collect()
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
        if self.is_behind() {
            status.push_str("; the new settings are being applied");
        }
        if let Some(trouble) = &health.trouble {
            let _ = write!(status, "; failing: {trouble}");
        }
        if self.has_unwritten() {
            status.push_str("; the output folder cannot be written");
        }
        if let Some(shut_out) = &health.shut_out {
            status.push_str("; ");
            status.push_str(shut_out);
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
        let rejects = Family::<[(&'static str, String); 1], Gauge>::default();
        for code in self.catalog.problems()?.iter().filter_map(Problem::cause) {
            rejects.get_or_create(&[("code", code.to_string())]).inc();
        }
        registry.register("rejects", "Files that are not in the feeds as they stand, by why not", rejects);
        let mut gauge = |name: &str, help: &str, unit: Option<Unit>, value: u64| {
            let gauge: Gauge = Gauge::default();
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
            match unit {
                Some(unit) => registry.register_with_unit(name, help, unit, gauge),
                None => registry.register(name, help, gauge),
            }
        };
        gauge("feeds", "Feeds that are kept", None, self.feeds());
        gauge("catalog", "Size of the catalog", Some(Unit::Bytes), self.catalog.bytes());
        gauge("resident_memory", "Memory that the process holds", Some(Unit::Bytes), resident().unwrap_or(0));
        let why = "1 while folders are polled because events cannot be trusted";
        gauge("failing", "1 while changes cannot be published", None, health.trouble.is_some().into());
        gauge("degraded", why, None, health.degraded.is_some().into());
        gauge(
            "unwritten",
            "Documents that are not in the output folder as they should be",
            None,
            self.unwritten.len() as u64,
        );
        let scanned = |at: DateTime<Utc>| u64::try_from(at.timestamp()).unwrap_or(0);
        let last = health.last_scan.map_or(0, scanned);
        gauge("last_scan_timestamp", "When the folders were last scanned whole", Some(Unit::Seconds), last);
        health.meters.register(&mut registry);
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
