//! How far a command has come, for who waits at a terminal: one line on stderr, which goes when all is done.
//!
//! Nothing is shown where stderr is no terminal, or of what is soon done. Whatever else is written meanwhile goes through
//! [`beside`] or [`Beside`], so that neither tears the other.

use std::{
    io::{self, IsTerminal, Write},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

/// What takes no longer is not worth a line.
const SOON: Duration = Duration::from_millis(500);

/// How often the line moves.
const TICK: Duration = Duration::from_millis(100);

/// The line that is shown.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Posts are read, so many of so many if that is known.
pub(super) struct Progress {
    begun: Instant,
    bar: ProgressBar,
}

impl Progress {
    /// From now on posts are read. `total` is asked only if somebody looks.
    pub(super) fn reading(total: impl FnOnce() -> Option<u64>) -> Self {
        let bar = if io::stderr().is_terminal() {
            total().map_or_else(ProgressBar::no_length, ProgressBar::new)
        } else {
            ProgressBar::hidden()
        };
        let style = if bar.length().is_some() { "{spinner} {bar:30} {msg}" } else { "{spinner} {msg}" };
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self { begun: Instant::now(), bar }
    }

    /// So many are read.
    pub(super) fn at(&self, read: u64) {
        if self.bar.is_hidden() || self.begun.elapsed() < SOON {
            return;
        }
        let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.is_none() {
            // It moves on while feeds are made of what was read.
            self.bar.enable_steady_tick(TICK);
            *shown = Some(self.bar.clone());
        }
        self.bar.set_message(match self.bar.length() {
            Some(total) if read < total => format!("{read} of {total} posts read"),
            _ => format!("{read} posts read"),
        });
        self.bar.set_position(read);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.bar.finish_and_clear();
    }
}

/// Writes whole lines, without the line of progress meanwhile.
pub(super) fn beside<T>(write: impl FnOnce() -> T) -> T {
    let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    match &*shown {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// Where whole lines are written beside the line of progress.
pub(super) struct Beside<W>(pub(super) W);

impl<W: Write> Write for Beside<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        beside(|| self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
