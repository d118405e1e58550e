//! What the program counts while it runs, for `/metrics`. Each part counts its own; nothing here reads or decides.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use prometheus_client::{
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Upper bounds of the time that a change takes, in seconds.
const LATENCIES: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// The counters; clones count together.
#[derive(Debug, Clone)]
pub struct Meters {
    events: Counter,
    rescans: Family<[(&'static str, &'static str); 1], Counter>,
    latency: Histogram,
    responses: Family<[(&'static str, u16); 1], Counter>,
    /// The counters of the two statuses that nearly all answers have, so that they need not be looked for.
    usual: Arc<[(u16, OnceLock<Counter>); 2]>,
}

/// Why all folders are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rescan {
    /// The program starts, and its watches come to stand.
    Start,
    /// The kernel lost events.
    Overflow,
    /// A posts folder came, went or was replaced.
    Root,
    /// It is time again.
    Timer,
    /// The configuration was read again.
    Reload,
}

impl Rescan {
    const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Overflow => "overflow",
            Self::Root => "root",
            Self::Timer => "timer",
            Self::Reload => "reload",
        }
    }
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            events: Counter::default(),
            rescans: Family::default(),
            latency: Histogram::new(LATENCIES),
            responses: Family::default(),
            usual: Arc::new([200, 304].map(|status| (status, OnceLock::new()))),
        }
    }
}

impl Meters {
    /// The file system told something.
    pub fn event(&self) {
        self.events.inc();
    }

    /// All folders are walked.
    pub fn rescan(&self, why: Rescan) {
        self.rescans.get_or_create(&[("reason", why.name())]).inc();
    }

    /// A change took so long from being noticed until its documents were served and written.
    pub fn published(&self, after: Duration) {
        self.latency.observe(after.as_secs_f64());
    }

    /// A request was answered with a status.
    pub fn response(&self, status: u16) {
        let find = || self.responses.get_or_create_owned(&[("status", status)]);
        match self.usual.iter().find(|(usual, _)| *usual == status) {
            Some((_, counter)) => counter.get_or_init(find).inc(),
            None => find().inc(),
        };
    }

    /// Adds them to what is shown.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("events", "What the file system told of the posts folders", self.events.clone());
        registry.register("rescans", "Walks over all folders, by their reason", self.rescans.clone());
        registry.register_with_unit(
            "publish_latency",
            "From a change being noticed until its documents are served and written",
            Unit::Seconds,
            self.latency.clone(),
        );
        registry.register("responses", "Answers over HTTP, by their status", self.responses.clone());
    }
}
