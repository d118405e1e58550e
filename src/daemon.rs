//! The event loop, with the only clock.
//!
//! Everything that happens becomes an `Event`; one loop takes them one at a time and lets the [`Pipeline`] do the work.
//! HTTP runs on threads of its own and never waits for the loop, except for documents that are made on request.
//!
//! Invariant: once the state folder is open, nothing that fails ends the program. A pass that fails is said once, and all is
//! scanned again after a pause; meanwhile the feeds are served as they were.

mod backlog;
mod changes;
mod http;
mod later;
mod pulse;
mod reload;
mod retry;
mod scan;
mod signals;

use std::{
    cell::RefCell,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use chrono::{DateTime, TimeDelta, Utc};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    runtime,
    sync::{Notify, mpsc, watch as signal},
};

use crate::{
    config::{Admin, ConfigError, Settings},
    meters::{Meters, Rescan},
    pipeline::{self, Awaited, Health, Pass, Pipeline},
    sandbox::{self, Needs, Sandbox},
    serve::{self, Ask, Shelf},
    systemd,
    watch::{Folder, Watcher},
};
use backlog::Backlog;
use later::Later;
use pulse::Pulse;
use retry::Retry;
use scan::{Scanning, patience};

/// How often folders are scanned whose events cannot be trusted.
const POLL: Duration = Duration::from_secs(10);

/// When a file that may still be written is looked at again.
const LOOK_AGAIN: Duration = pipeline::SETTLED.saturating_add(Duration::from_millis(100));

/// Longest sleep: the wall clock may jump, and due times are on the wall clock.
const NAP: Duration = Duration::from_secs(30);

/// When the output folder is tried again that could not be written.
const WRITE_AGAIN: Duration = Duration::from_secs(5);

/// After which time it is looked again whether the catalog's log was moved, for which a scan waits.
const LOG_MOVES: Duration = Duration::from_millis(20);

/// How long the loop rests from work that can wait, for each second of it: others have the core then.
const REST: u32 = 2;

/// A difference between the wall clock and the steady one that is no tuning, but a setting (or a machine that slept).
const SET: TimeDelta = TimeDelta::seconds(5);

/// How long HTTP may take to end, once it is told to: a little longer than it gives itself.
const GOODBYE: Duration = Duration::from_secs(3);

/// Questions from HTTP that may wait at a time.
const ASKS: usize = 256;

/// Why the daemon cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The pipeline failed.
    #[error(transparent)]
    Pipeline(#[from] pipeline::Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; stop what listens there, or choose another address with {with}")]
    Listen {
        /// The address.
        address: String,
        /// What the address is configured with.
        with: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The service manager was to pass a socket and did not.
    #[error("no socket was passed: start the daemon through feedwright.socket, or give --listen an address")]
    NoSocket,
    /// The system refused a thread, a timer or a signal handler.
    #[error("the system refused: {0}")]
    System(#[from] std::io::Error),
}

/// Young files that somebody may still be writing, and when they are old enough.
type Soon = Vec<((usize, PathBuf), Instant)>;

/// What the daemon reacts to.
#[derive(Debug)]
enum Event {
    /// Something happened in the folders.
    Changed,
    /// HTTP wants a document that is not on the shelf.
    Asked(Ask),
    /// The configuration is to be read again, and everything looked at.
    Reload,
    /// A deadline passed.
    Due,
    /// There is a part of a scan to be done.
    Scan,
    /// There is time for what can wait.
    Idle,
    /// The end.
    Stop,
}

/// Who is told how many posts the first scan has read so far, until this is dropped.
pub type Told = Box<dyn Fn(u64)>;

/// Runs until a signal ends it. `load` reads the configuration again, from one of `files`; `watch` is asked who is told of the
/// first scan.
///
/// # Errors
/// When it cannot start: it cannot listen, or the state folder cannot be used.
pub fn run(
    settings: Settings,
    files: Vec<PathBuf>,
    load: &dyn Fn() -> Result<Settings, ConfigError>,
    watch: &dyn Fn(&Pipeline) -> Told,
) -> Result<(), Error> {
    allow_open_files();
    let listener = http::listen(&settings.listen)?;
    let address = listener.local_addr()?;
    let admins = match settings.admin {
        Admin::Address(address) => Some(http::bind(address, "`admin`")?),
        Admin::Loopback | Admin::Public => None,
    };
    let shelf = Arc::new(Shelf::new(settings.cache_bytes));
    let pipeline = Pipeline::open(http::at_address(settings, address), Arc::clone(&shelf))?;
    // The folders of ours are there by now, the sockets are open, and no thread runs yet.
    let sandbox = sandbox::confine(&needs(pipeline.settings(), files))?;

    let (ask, asks) = mpsc::channel(ASKS);
    let (stop, stopped) = signal::channel(());
    let meters = Meters::default();
    let (told, news) = signal::channel(http::settings(pipeline.settings(), &meters));
    let listeners = http::Listeners { feeds: listener, admins };
    let mut pulse = Pulse::new(http::serve(listeners, news, &shelf, &ask, &stopped)?);
    tracing::info!("serving {} on {address}", pipeline.base());

    let signals = signals::listen(pipeline.stop_flag())?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let daemon = Daemon::start(pipeline, told, meters, &mut pulse, sandbox, watch);
    // Those that ask are all in the HTTP threads now.
    drop(ask);
    let result = runtime.block_on(daemon.run(asks, signals, stop, load, address));
    if !pulse.join() {
        tracing::error!("a thread that serves HTTP ended badly");
    }
    result
}

/// Takes as many open files as the system grants: a shell's customary 1,024 are fewer than connections and files need,
/// and a crowd of readers must not keep feeds from being written.
fn allow_open_files() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

/// What the program has to do with files once it runs.
fn needs(settings: &Settings, files: Vec<PathBuf>) -> Needs {
    Needs {
        posts: settings.folders.iter().map(|folder| folder.path.clone()).collect(),
        files,
        writes: vec![settings.state.clone(), settings.output.clone()],
    }
}

/// The loop's state.
struct Daemon<'a> {
    pipeline: Pipeline,
    /// Tells the HTTP threads what is configured.
    http: signal::Sender<serve::Settings>,
    meters: Meters,
    watcher: Watcher,
    /// The watcher of before a reload, until the watches of the other stand: what happens meanwhile is told.
    leaving: Option<Watcher>,
    changed: Arc<Notify>,
    /// Whether the watches stand.
    watched: bool,
    /// Set by a signal, so that a long scan ends early.
    stop: Arc<AtomicBool>,
    /// When folders are scanned next, unless they are scanned just now.
    scan_at: Instant,
    /// A scan that is under way, in parts.
    scanning: Option<Scanning>,
    /// Why the folders are scanned again once it has ended, if they are.
    again: Option<Rescan>,
    /// When the watcher has something that is settled by then.
    take_at: Option<SystemTime>,
    /// When documents are written that could not be.
    write_at: Option<Instant>,
    /// What the watcher told of and there was no time for yet.
    untaken: Backlog,
    /// Files that may still be written, or were too young to be known by their stat when they were read.
    unsettled: Later,
    /// Wall-clock seconds of the next release, expiry or burial.
    due: Option<i64>,
    retry: Retry,
    /// The wall clock and the steady one at the last event.
    clocks: (DateTime<Utc>, Instant),
    /// The service manager waits for the end of a reload.
    reloading: bool,
    /// Files that were read again for it, and documents that came of it.
    applied: (u64, u64),
    /// When everything was looked at last; the daemon is ready from the first time on.
    last_scan: Option<DateTime<Utc>>,
    /// Says who is told of the first scan.
    watch: &'a dyn Fn(&Pipeline) -> Told,
    /// Why events are not enough, as the log was told.
    degraded: Option<String>,
    started: DateTime<Utc>,
    pulse: &'a mut Pulse,
    sandbox: Sandbox,
    /// Folders that the configuration named after the sandbox was closed, in words.
    shut_out: Option<String>,
}

impl<'a> Daemon<'a> {
    fn start(
        pipeline: Pipeline,
        http: signal::Sender<serve::Settings>,
        meters: Meters,
        pulse: &'a mut Pulse,
        sandbox: Sandbox,
        watch: &'a dyn Fn(&Pipeline) -> Told,
    ) -> Self {
        let changed = Arc::new(Notify::new());
        let watcher = watcher(&pipeline, &meters, &changed);
        Self {
            http,
            meters,
            stop: pipeline.stop_flag(),
            pipeline,
            watcher,
            leaving: None,
            changed,
            watched: false,
            scan_at: Instant::now(),
            scanning: None,
            again: None,
            take_at: None,
            write_at: None,
            untaken: Backlog::default(),
            unsettled: Later::default(),
            due: None,
            retry: Retry::default(),
            clocks: (Utc::now(), Instant::now()),
            reloading: false,
            applied: (0, 0),
            last_scan: None,
            watch,
            degraded: None,
            started: Utc::now(),
            pulse,
            sandbox,
            shut_out: None,
        }
    }

    async fn run(
        mut self,
        mut asks: mpsc::Receiver<Ask>,
        mut signals: mpsc::UnboundedReceiver<Event>,
        stop: signal::Sender<()>,
        load: &dyn Fn() -> Result<Settings, ConfigError>,
        address: SocketAddr,
    ) -> Result<(), Error> {
        let scanned = self.scan(Rescan::Start);
        self.note_end(scanned);
        tracing::info!("{}", self.status());
        let mut rested_at = tokio::time::Instant::now();
        loop {
            let unwritten = self.pipeline.has_unwritten();
            self.write_at = unwritten.then(|| self.write_at.unwrap_or_else(|| Instant::now() + WRITE_AGAIN));
            let awaited = self.pipeline.awaited_by_scan();
            let scan = self.scanning.is_some() && awaited != Some(Awaited::Folder);
            let pause = async {
                if awaited == Some(Awaited::Log) {
                    tokio::time::sleep(LOG_MOVES).await;
                }
            };
            let wake = tokio::time::Instant::from_std(self.next_wake());
            let idle = self.scanning.is_none() && (self.pipeline.is_behind() || self.pipeline.has_idle_work());
            let changed = Arc::clone(&self.changed);
            // In no order, so that a flood of questions, or of posts, cannot keep others from coming out.
            let next = async {
                tokio::select! {
                    Some(ask) = asks.recv() => Event::Asked(ask),
                    () = changed.notified() => Event::Changed,
                    () = pause, if scan => Event::Scan,
                    () = tokio::time::sleep_until(wake) => Event::Due,
                }
            };
            let event = tokio::select! {
                biased;
                Some(event) = signals.recv() => event,
                event = next => event,
                () = tokio::time::sleep_until(rested_at), if idle => Event::Idle,
            };
            let due = if self.scanning.is_some() { Instant::now() } else { self.scan_at };
            self.pulse.beat(&self.watcher, due);
            let followed = self.follow_clock();
            self.note_end(followed);
            self.note_stuck();
            let is_question = matches!(event, Event::Asked(_));
            let end = match event {
                Event::Stop => break,
                Event::Reload => self.reload(load, address),
                Event::Asked(ask) => self.answer(ask),
                Event::Changed => self.take_changes(),
                Event::Due => self.work_off_due(),
                Event::Scan if awaited.is_none() => self.scan_part(),
                Event::Scan => Ok(()),
                Event::Idle => {
                    let (worked, rest) = self.work_idly();
                    rested_at = tokio::time::Instant::now() + rest;
                    worked
                }
            };
            self.note_end(end);
            // Who asked meanwhile has waited for one pass, and does not wait for another.
            let waiting = if is_question { 0 } else { asks.len() };
            for _ in 0..waiting {
                let Ok(ask) = asks.try_recv() else { break };
                let end = self.answer(ask);
                self.note_end(end);
            }
        }
        tracing::info!("stopping");
        systemd::stopping();
        self.stop.store(false, Ordering::Relaxed);
        // Connections end in good order, and what is asked on them is answered until then.
        drop(stop);
        let answered = async {
            while let Some(ask) = asks.recv().await {
                let end = self.answer(ask);
                self.note_end(end);
            }
        };
        if tokio::time::timeout(GOODBYE, answered).await.is_err() {
            tracing::warn!("HTTP does not end: what is still asked is not answered");
        }
        drop(asks);
        if let Some(trouble) = self.retry.trouble() {
            tracing::warn!("the last changes are not published: {trouble}; the next start finds them");
        }
        // What was written just before the signal is published too.
        if self.last_scan.is_some() {
            self.take_changes()?;
            if self.lacks_events() {
                self.scan_at_once(Instant::now())?;
            }
            while self.has_rest() {
                self.take_rest()?;
            }
        }
        // The catalog is read whole, maybe from a slow disk.
        systemd::another_minute();
        self.pipeline.close(Utc::now())?;
        Ok(())
    }

    /// Notices that the clock was set: what counts by it is corrected, and all is looked at.
    fn follow_clock(&mut self) -> Result<(), pipeline::Error> {
        let (wall, steady) = (Utc::now(), Instant::now());
        let passed = TimeDelta::from_std(steady - self.clocks.1).unwrap_or(TimeDelta::MAX);
        let set_by = (wall - self.clocks.0) - passed;
        self.clocks = (wall, steady);
        if set_by.abs() < SET {
            return Ok(());
        }
        tracing::warn!("the clock was set by {} seconds, or the machine slept", set_by.num_seconds());
        (self.scan_at, self.take_at) = (steady, Some(SystemTime::now()));
        if self.scanning.is_some() {
            // Is done once more.
            self.scan(Rescan::Timer)?;
        }
        self.pipeline.clock_set(set_by, wall)
    }

    /// Answers a question from HTTP, unless nobody waits for the answer any more. Without one he is told to come again.
    fn answer(&mut self, ask: Ask) -> Result<(), pipeline::Error> {
        if ask.reply.is_closed() {
            return Ok(());
        }
        if let Some(answer) = self.pipeline.answer(&ask, &self.health(), Utc::now())? {
            drop(ask.reply.send(answer));
        }
        Ok(())
    }

    /// Takes note of how the work on an event ended.
    fn note_end(&mut self, end: Result<(), pipeline::Error>) {
        let Err(error) = end else { return };
        self.pipeline.note_failure(&error);
        let (at, is_new) = self.retry.failed(&error.to_string(), Instant::now());
        if is_new {
            tracing::error!("{error}; the feeds are served as they were, and everything is tried again");
            systemd::status(&self.status());
        }
        // A scan finds whatever this left undone; one that is under way was given up.
        (self.scan_at, self.due) = (at, None);
        (self.scanning, self.again) = (None, None);
    }

    /// When there is something to do though nothing happens.
    fn next_wake(&self) -> Instant {
        let now = Instant::now();
        let nap = systemd::watchdog().map_or(NAP, |watchdog| watchdog.min(NAP));
        let due = self.due.map(|due| {
            let wait = due.saturating_sub(Utc::now().timestamp()).max(0);
            // A second is over when the next begins; a moment later is sure to be in it.
            now + Duration::from_secs(wait.unsigned_abs()).min(nap) + Duration::from_millis(5)
        });
        let rest = self.has_rest().then_some(now);
        let scan = self.scanning.is_none().then_some(self.scan_at);
        let take = self.take_at.map(|at| now + at.duration_since(SystemTime::now()).unwrap_or_default());
        let all = [scan, take, rest, self.unsettled.next(), due, self.write_at];
        all.into_iter().flatten().fold(now + nap, Instant::min)
    }

    fn work_off_due(&mut self) -> Result<(), pipeline::Error> {
        let now = Instant::now();
        if self.take_at.is_some_and(|at| at <= SystemTime::now()) {
            self.take_changes()?;
        }
        self.take_rest()?;
        self.take_unsettled(now)?;
        if self.scan_at <= now && self.scanning.is_none() {
            self.scan(Rescan::Timer)?;
        }
        // What could not be written is not tried again with everything that happens.
        let may_write = self.write_at.is_none_or(|at| at <= now);
        let had_unwritten = may_write && self.pipeline.has_unwritten();
        if may_write {
            self.write_at = None;
            self.pipeline.check_output(Utc::now())?;
        }
        if self.due.is_some_and(|due| due <= Utc::now().timestamp()) || had_unwritten {
            self.due = self.pipeline.settle(Utc::now())?;
            systemd::status(&self.status());
        }
        // While much is written, the log is moved meanwhile.
        if self.scanning.is_none() && !self.pipeline.is_behind() { self.pipeline.tidy_catalog() } else { Ok(()) }
    }

    /// Does a part of what can wait. Returns how long others have the core then.
    fn work_idly(&mut self) -> (Result<(), pipeline::Error>, Duration) {
        let started = Instant::now();
        if !self.pipeline.is_behind() {
            let worked = self.pipeline.work_idly(Utc::now());
            let rest = if worked.is_ok() { started.elapsed() * REST } else { NAP };
            return (worked, rest);
        }
        let soon = RefCell::default();
        let patience = patience(&self.watcher, watched(&self.pipeline), &soon);
        let caught_up = self.pipeline.catch_up(&patience, Utc::now());
        drop(patience);
        let caught_up = caught_up.and_then(|mut pass| {
            // Told at the end, in one line.
            self.applied.0 += pass.read;
            self.applied.1 += std::mem::take(&mut pass.documents);
            let has_read = pass.read > 0;
            self.note(pass, soon.take(), started);
            if has_read {
                // Under new settings a post may have another time to come out, or to go.
                self.due = self.pipeline.settle(Utc::now())?;
            }
            Ok(())
        });
        self.end_reload();
        // Somebody waits for the new settings, too.
        let rest = if caught_up.is_ok() { Duration::ZERO } else { NAP };
        (caught_up, rest)
    }

    fn note(&mut self, pass: Pass, soon: Soon, started: Instant) {
        let Pass { read, arrived, documents, .. } = pass;
        if pass.refused > 0 || self.pipeline.has_unrendered() {
            self.scan_at = self.scan_at.min(self.retry.refused(self.pipeline.settings().scan_interval, Instant::now()));
        }
        if arrived > 0 || documents > 0 {
            let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(
                read,
                arrived,
                documents,
                milliseconds,
                "{read} files read, {arrived} new posts, {documents} documents published in {milliseconds} ms"
            );
        }
        let now = Instant::now();
        for (path, due) in soon {
            self.unsettled.add([path], due, Duration::ZERO);
        }
        self.unsettled.add(pass.unsettled, now, LOOK_AGAIN);
    }

    fn health(&self) -> Health {
        Health {
            degraded: self.watcher.degraded(),
            trouble: self.retry.trouble().or(self.stuck()).map(str::to_owned),
            last_scan: self.last_scan,
            shut_out: self.shut_out.clone(),
            started: Some(self.started),
            meters: self.meters.clone(),
        }
    }

    fn status(&self) -> String {
        self.pipeline.status(&self.health())
    }
}

fn watcher(pipeline: &Pipeline, meters: &Meters, changed: &Arc<Notify>) -> Watcher {
    let changed = Arc::clone(changed);
    Watcher::start(&watched(pipeline), meters.clone(), move || changed.notify_one())
}

fn watched(pipeline: &Pipeline) -> Vec<Folder> {
    pipeline.settings().folders.iter().map(crate::config::Folder::watched).collect()
}
