//! What the service manager is told (`sd_notify`). Everything here is silent where no manager listens.

use std::{net::TcpListener, time::Duration};

use sd_notify::NotifyState;

/// Whether the service manager started this process and reads its log from the journal.
#[must_use]
pub fn logs_to_journal() -> bool {
    std::env::var_os("JOURNAL_STREAM").is_some()
}

/// The daemon serves; says what it does in a line.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// A reload has begun; [`ready`] ends it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!("no monotonic clock for the service manager: {error}"),
    }
}

/// Says in a line what the daemon does.
pub fn status(status: &str) {
    tell(&[NotifyState::Status(status)]);
}

/// The daemon ends.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// What goes on, the first scan or the end, may take another minute.
pub fn another_minute() {
    tell(&[NotifyState::ExtendTimeoutUsec(60_000_000)]);
}

/// The daemon is alive.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often [`alive`] is to be called: a quarter of what the manager allows, so that one that comes late does no harm.
#[must_use]
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|allowed| allowed / 4)
}

/// The socket that the manager passes, if it does.
///
/// # Errors
/// When it is no TCP socket.
pub fn passed_listener() -> std::io::Result<Option<TcpListener>> {
    listenfd::ListenFd::from_env().take_tcp_listener(0)
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("the service manager could not be told: {error}");
    }
}
