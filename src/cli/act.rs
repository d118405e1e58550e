//! The commands that change feeds or state: `run`, `build`, `forget`, `refresh`.

use std::{
    io::{self, IsTerminal},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use chrono::Utc;
use tracing_subscriber::{EnvFilter, fmt::format, layer::SubscriberExt, util::SubscriberInitExt};

use super::{
    Failure, complain,
    progress::{Beside, Progress},
    rehearse,
};
use crate::{
    catalog::Counts,
    config::{ConfigError, Listen, Loader, Settings},
    daemon,
    pipeline::{self, Pass, Pipeline},
    serve::Shelf,
    systemd, watch,
};

/// What `build` is asked to do besides.
#[derive(Debug, Clone)]
pub(super) struct Build {
    /// Rejected posts are a failure.
    pub(super) strict: bool,
    /// Nothing is written.
    pub(super) dry_run: bool,
    /// A feed whose subscribers come here.
    pub(super) against: Option<PathBuf>,
}

/// What is done to posts that are named by path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Forget,
    Refresh,
}

/// Serves until a signal ends it.
pub(super) fn run(loader: &Loader) -> Result<ExitCode, Failure> {
    log();
    let load = || heard(loader.load()?.into_settings()?, loader);
    let watch = |pipeline: &Pipeline| -> daemon::Told {
        let progress = Progress::reading(|| to_read(pipeline));
        Box::new(move |read| progress.at(read))
    };
    daemon::run(load()?, loader.files(), &load, &watch)?;
    Ok(ExitCode::SUCCESS)
}

/// Refuses an address of our own beside a socket that the service manager passes: readers would wait at that one for ever.
fn heard(settings: Settings, loader: &Loader) -> Result<Settings, ConfigError> {
    match settings.listen {
        Listen::Address(address) if loader.surroundings.socket => {
            let message = format!(
                "systemd holds a port, and passes it, but {address} would be listened on: leave `listen` out, and name the \
                 address in feedwright.socket; or `systemctl mask --now feedwright.socket`"
            );
            Err(ConfigError { file: None, at: None, key: String::from("listen"), message })
        }
        _ => Ok(settings),
    }
}

/// One pass over all folders.
pub(super) fn build(loader: &Loader, options: &Build) -> Result<ExitCode, Failure> {
    log();
    let settings = loader.load()?.into_settings()?;
    if let Some(folder) = settings.folders.iter().find(|folder| !folder.path.is_dir()) {
        let message = format!("{} is no folder that can be read: correct the path, or make it", folder.path.display());
        return Err(Failure::Io(message));
    }
    if options.dry_run {
        return match &options.against {
            Some(feed) => rehearse::move_from(feed, &settings),
            None => rehearse::dry_run(settings),
        };
    }
    let mut pipeline = open(settings)?;
    let pass = scan(&mut pipeline)?;
    if pass.unfinished > 0 {
        // Their writers may not be done; after this time they are taken as they stand.
        std::thread::sleep(pipeline::UNFINISHED);
        pipeline.look(&pass.unsettled.iter().cloned().collect::<Vec<_>>(), &[], &taken_as_it_is, Utc::now())?;
    }
    let rejected = pipeline.counts()?.rejected;
    tracing::info!(
        "{} files read, {} new posts, {} documents written, {rejected} posts rejected",
        pass.read,
        pass.arrived,
        pass.documents
    );
    pipeline.close(Utc::now())?;
    if options.strict && rejected > 0 {
        complain(&format!("{rejected} posts were rejected: `feedwright check` says why"));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Forgets or refreshes posts by their paths.
pub(super) fn change(loader: &Loader, paths: &[PathBuf], change: Change) -> Result<ExitCode, Failure> {
    log();
    let settings = loader.load()?.into_settings()?;
    let here = &loader.surroundings.directory;
    // A path may stand for a file on disk, or be written as it is below its folder.
    let inside = |path: &PathBuf| settings.folders.iter().any(|folder| path.starts_with(&folder.path));
    let paths: Vec<_> =
        paths.iter().map(|path| Some(here.join(path)).filter(inside).unwrap_or_else(|| path.clone())).collect();
    let mut pipeline = open(settings)?;
    let unknown = match change {
        Change::Forget => pipeline.forget(&paths, Utc::now())?,
        Change::Refresh => pipeline.refresh(&paths, Utc::now())?,
    };
    scan(&mut pipeline)?;
    pipeline.close(Utc::now())?;
    for path in &unknown {
        let cure = match change {
            Change::Forget => "name posts that stay in the feeds though their file is gone",
            Change::Refresh => "name posts as they lie in their folder",
        };
        complain(&format!("{}: there is no such post: {cure}", path.display()));
    }
    Ok(if unknown.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Passes over all folders, and shows how far it is.
pub(super) fn scan(pipeline: &mut Pipeline) -> Result<Pass, pipeline::Error> {
    let progress = Progress::reading(|| to_read(pipeline));
    pipeline.scan(Utc::now(), &taken_as_it_is, &mut |read| progress.at(read))
}

/// How many files a pass reads, if it reads all of them: which have changed is known only once they are looked at.
fn to_read(pipeline: &Pipeline) -> Option<u64> {
    let is_new = pipeline.counts().is_ok_and(|counts| counts == Counts::default());
    let folders = pipeline.settings().folders.iter();
    is_new.then(|| folders.map(|folder| watch::walk(0, &folder.watched(), &mut |_| {}).files as u64).sum())
}

/// One pass has no time to see whether somebody writes.
fn taken_as_it_is(_: usize, _: &std::path::Path, _: &watch::Stat) -> bool {
    false
}

pub(super) fn open(settings: Settings) -> Result<Pipeline, Failure> {
    // Nobody takes anything from it.
    let shelf = Arc::new(Shelf::new(0));
    Ok(Pipeline::open(settings, shelf)?)
}

/// Logs to the journal if systemd reads it, to stderr otherwise. `FEEDWRIGHT_LOG` says how much (`debug`, `warn` …).
fn log() {
    let filter = EnvFilter::try_from_env("FEEDWRIGHT_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    if systemd::logs_to_journal()
        && let Ok(journal) = tracing_journald::layer()
    {
        return registry.with(journal).init();
    }
    // The fields are for the journal; the message says the same in words.
    let words = format::debug_fn(|writer, field, value| match field.name() {
        "message" => write!(writer, "{value:?}"),
        "error" => write!(writer, ": {value:?}"),
        _ => Ok(()),
    });
    let layer =
        tracing_subscriber::fmt::layer().fmt_fields(words).with_writer(|| Beside(io::stderr())).with_target(false);
    registry.with(layer.with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())).init();
}
