//! The listener loop: accepts connections, bounds their number and their patience, stops when told to.
//!
//! The caller owns the socket and decides when to stop, so a test listens on port 0. Nothing a client does ends the
//! loop.

use std::{
    collections::HashMap,
    convert::Infallible,
    future::Future,
    io,
    net::IpAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use hyper::{
    Request,
    body::Incoming,
    header::{CONNECTION, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    select,
    sync::{Notify, mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::{sleep, timeout},
};
use tracing::{debug, warn};

use super::{
    Ask, Settings, Shelf,
    answer::Answerer,
    connections::{Admission, Connections, Progress, Turn, holder},
    patient::Patient,
};

/// The longest head of a request: far more than any reader sends, and little enough for a thousand connections.
const HEAD_BYTES: usize = 16 * 1024;

/// Between two tries to accept, when the process or the machine has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Between two looks for a connection that could make room, when all are being answered.
const ALL_BUSY: Duration = Duration::from_millis(10);

/// How long a connection on which nothing has come yet may still bring its request once the server is told to stop: a round
/// trip, for most of the world.
const UNDER_WAY: Duration = Duration::from_millis(500);

/// Serves until `shutdown` is ready, then lets responses in flight finish, for [`Settings::finish_within`] at most.
///
/// Settings may change meanwhile: what is answered follows at once; times and numbers of connections are those of the
/// start.
pub async fn run(
    listener: TcpListener,
    shelf: Arc<Shelf>,
    asks: mpsc::Sender<Ask>,
    shutdown: impl Future<Output = ()>,
    mut news: watch::Receiver<Settings>,
) {
    let settings = news.borrow_and_update().clone();
    let answerer = Arc::new(Answerer::new(shelf, asks, &settings));
    let (stop, stopping) = watch::channel(());
    let mut tasks = JoinSet::new();
    let mut cuts = HashMap::new();
    let mut connections = Connections::new(settings.connections, settings.connections_each);
    let start = Instant::now();
    let mut trusted = settings.trusted.clone();
    let mut shutdown = pin!(shutdown);
    let mut troubled = false;
    loop {
        let has_room = connections.has_room();
        select! {
            () = &mut shutdown => break,
            Some(ended) = tasks.join_next_with_id() => {
                let task = ended.map_or_else(|error| error.id(), |(task, ())| task);
                connections.close(task);
                cuts.remove(&task);
            }
            Ok(()) = news.changed() => {
                let news = news.borrow_and_update();
                answerer.follow(&news);
                trusted.clone_from(&news.trusted);
            }
            () = sleep(ALL_BUSY), if !has_room => {}
            accepted = listener.accept(), if has_room => match accepted {
                Ok((stream, peer)) => {
                    troubled = false;
                    let holder = holder(peer.ip(), &trusted);
                    match connections.admit(holder, Instant::now()) {
                        Admission::Free => {}
                        Admission::InPlaceOf(slowest) => {
                            debug!("a slow client is cut to make room");
                            connections.close(slowest);
                            cuts.remove(&slowest).inspect(AbortHandle::abort);
                        }
                        Admission::Refused => {
                            debug!(%peer, "a client has all the connections that it may have");
                            continue;
                        }
                    }
                    let progress = Arc::new(Progress::new(start));
                    let (answerer, stopping) = (Arc::clone(&answerer), stopping.clone());
                    let conversation =
                        converse(stream, peer.ip(), answerer, stopping, settings.clone(), Arc::clone(&progress));
                    let cut = tasks.spawn(conversation);
                    connections.open(cut.id(), holder, progress);
                    cuts.insert(cut.id(), cut);
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
    if timeout(settings.finish_within, drained).await.is_err() {
        debug!("connections were cut: their clients were too slow");
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

/// Serves one connection until its client leaves, is too slow, or the server stops.
async fn converse(
    stream: TcpStream,
    peer: IpAddr,
    answerer: Arc<Answerer>,
    mut stopping: watch::Receiver<()>,
    settings: Settings,
    progress: Arc<Progress>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "small packets may be held back");
    }
    let asked = Notify::new();
    let begun = AtomicU32::new(0);
    let service = service_fn(|request: Request<Incoming>| {
        asked.notify_one();
        let (answerer, progress) = (Arc::clone(&answerer), Arc::clone(&progress));
        let is_last = begun.fetch_add(1, Ordering::Relaxed) + 1 >= settings.requests;
        async move {
            progress.set(Turn::Answering);
            // The body is dropped unread: whoever sends one slowly finds the connection closed.
            let (head, _) = request.into_parts();
            let mut response = answerer.answer(&head, peer).await;
            if is_last {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            progress.set(Turn::Taking);
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Runs between requests too, so it also ends idle connections.
        .header_read_timeout(settings.head_within)
        .max_header_size(HEAD_BYTES)
        // Names have no case (RFC 9110 §5.1), but libmrss, on which rsstail stands, finds `Last-Modified:` alone.
        .title_case_headers(true)
        .serve_connection(TokioIo::new(Patient::new(stream, settings.stalled_after, Arc::clone(&progress))), service);
    let mut connection = pin!(connection);
    let served = select! {
        served = &mut connection => served,
        _ = stopping.changed() => {
            // hyper closes a connection on which nothing has come at once, and loses the request that is on its way.
            select! {
                served = &mut connection => served,
                _ = timeout(UNDER_WAY, asked.notified()) => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        }
    };
    if let Err(error) = served {
        debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests;
