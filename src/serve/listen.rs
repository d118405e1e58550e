//! The listener loop: accepts connections, bounds their number and their patience, stops when told to.
//!
//! The caller owns the socket and decides when to stop, so a test listens on port 0. Each thread has a loop of its own;
//! what must be counted over all of them, the connections, is in one [`Server`]. Nothing a client does ends a loop.

use std::{
    future::Future,
    io,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    net::TcpListener,
    select,
    sync::{mpsc, watch},
    task::{self, AbortHandle, JoinSet},
    time::{Instant, sleep, sleep_until, timeout},
};
use tracing::{debug, warn};

use super::{
    Ask, Settings, Shelf,
    answer::Answerer,
    connections::{Admission, Connections, Progress, holder},
    conversation::{House, converse},
    desk::Desk,
};

/// Between two tries to accept, when the process or the machine has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Between two looks for a connection that could make room, when all are being answered.
const ALL_BUSY: Duration = Duration::from_millis(10);

/// What the threads that serve one socket share.
#[derive(Debug)]
pub struct Server {
    answerer: Arc<Answerer>,
    connections: Mutex<Connections<task::Id, Held>>,
    /// What the times of all connections are counted from.
    start: Instant,
    news: watch::Receiver<Settings>,
    /// Those of the start.
    settings: Settings,
}

/// One connection, as the listener has it.
#[derive(Debug)]
struct Held {
    progress: Arc<Progress>,
    cut: AbortHandle,
}

impl AsRef<Progress> for Held {
    fn as_ref(&self) -> &Progress {
        &self.progress
    }
}

/// Serves on one thread until `shutdown` is ready; see [`Server::serve`].
pub async fn run(
    listener: TcpListener,
    shelf: Arc<Shelf>,
    asks: mpsc::Sender<Ask>,
    shutdown: impl Future<Output = ()>,
    news: watch::Receiver<Settings>,
) {
    Server::new(shelf, asks, news).serve(listener, shutdown).await;
}

impl Server {
    /// A server of what is on the shelf, with the settings that are the news of this moment.
    ///
    /// Settings may change meanwhile: what is answered and how many may come follow at once; times are those of the start.
    #[must_use]
    pub fn new(shelf: Arc<Shelf>, asks: mpsc::Sender<Ask>, mut news: watch::Receiver<Settings>) -> Arc<Self> {
        let settings = news.borrow_and_update().clone();
        let Settings { connections, connections_each, head_within, .. } = settings;
        Arc::new(Self {
            answerer: Arc::new(Answerer::new(shelf, asks, &settings)),
            connections: Mutex::new(Connections::new(connections, connections_each, head_within)),
            start: Instant::now(),
            news,
            settings,
        })
    }

    /// Serves on this thread until `shutdown` is ready, then lets responses in flight finish, for
    /// [`Settings::finish_within`] at most. Other threads may do the same with a duplicate of the socket.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let Settings { stalled_after, requests, .. } = self.settings;
        let house = Arc::new(House::new(Desk::new(Arc::clone(&self.answerer)), stalled_after, requests));
        let (stop, stopping) = watch::channel(());
        let mut tasks = JoinSet::new();
        tasks.spawn(keep_awake(Arc::clone(&house), stopping.clone()));
        let mut news = self.news.clone();
        let mut shutdown = pin!(shutdown);
        let mut troubled = false;
        loop {
            let (has_room, look_at) = {
                let connections = self.connections();
                (connections.has_room(), connections.look_at())
            };
            select! {
                () = &mut shutdown => break,
                Some(ended) = tasks.join_next_with_id() => {
                    self.connections().close(ended.map_or_else(|error| error.id(), |(task, ())| task));
                }
                Ok(()) = news.changed() => {
                    let settings = news.borrow_and_update();
                    self.answerer.follow(&settings);
                    self.connections().allow(settings.connections, settings.connections_each);
                }
                () = sleep_until(look_at.unwrap_or(self.start)), if look_at.is_some() => self.cut_overdue(),
                () = sleep(ALL_BUSY), if !has_room => {}
                accepted = listener.accept(), if has_room => match accepted {
                    Ok((stream, peer)) => {
                        troubled = false;
                        let holder = holder(peer.ip(), &self.answerer.rules().trusted);
                        let now = Instant::now();
                        let mut connections = self.connections();
                        match connections.admit(holder, now) {
                            Admission::Free => {}
                            Admission::InPlaceOf(slowest) => {
                                debug!("a slow client is cut to make room");
                                connections.close(slowest).inspect(|held| held.cut.abort());
                            }
                            Admission::Refused => {
                                debug!(%peer, "a client has all the connections that it may have");
                                continue;
                            }
                        }
                        let progress = Arc::new(Progress::new(self.start));
                        let (house, stopping) = (Arc::clone(&house), stopping.clone());
                        let cut = tasks.spawn(converse(stream, peer.ip(), house, stopping, Arc::clone(&progress)));
                        connections.open(cut.id(), holder, Held { progress, cut }, now);
                    }
                    Err(error) if is_the_clients(&error) => debug!(%error, "a client left before it was accepted"),
                    Err(error) => {
                        // Said once, not ten times a second for as long as it lasts.
                        if !troubled {
                            warn!(%error, "cannot accept connections for now: is the limit of open files too low?");
                        }
                        troubled = true;
                        sleep(NO_ROOM).await;
                    }
                },
            }
        }
        drop(listener);
        drop(stop);
        let drained = async { while tasks.join_next().await.is_some() {} };
        if timeout(self.settings.finish_within, drained).await.is_err() {
            debug!("connections were cut: their clients were too slow");
        }
    }

    /// Cuts off who has been idle, or sending a request's head, for too long.
    fn cut_overdue(&self) {
        let mut connections = self.connections();
        for late in connections.overdue(Instant::now()) {
            debug!("a client that asks nothing is cut off");
            connections.close(late).inspect(|held| held.cut.abort());
        }
    }

    // Nothing in here panics half-way through a change.
    fn connections(&self) -> MutexGuard<'_, Connections<task::Id, Held>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps this thread awake while it serves a crowd, until the server stops: when `stopping` closes.
async fn keep_awake(house: Arc<House>, mut stopping: watch::Receiver<()>) {
    select! {
        _ = stopping.changed() => {}
        () = house.crowd.keep_awake() => {}
    }
}

/// Whether accepting failed because of this one connection (accept(2)), so that the next may well succeed.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, NetworkDown, NetworkUnreachable, TimedOut};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted | NetworkDown | NetworkUnreachable | TimedOut
    )
}

#[cfg(test)]
mod tests;
