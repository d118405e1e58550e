//! One connection, from its first byte to its end.
//!
//! A stream in, responses out. While nothing comes, a connection is *cold*: a task that waits for the stream to become
//! readable, and holds nothing else. hyper, its buffers and a timer come with the first byte and go when there was nothing
//! to do for [`WARM`]; what is there of a request's head by then is given to the next. So a reader that keeps its connection
//! takes a tenth of the memory, and a busy one notices nothing.
//!
//! Who is too slow to ask is not noticed here: the listener looks at [`Progress`], and cuts the task off.

use std::{
    convert::Infallible,
    error::Error,
    net::IpAddr,
    ops::ControlFlow,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use http_body_util::Full;
use hyper::{
    Request,
    body::{Bytes, Incoming},
    header::{CONNECTION, HeaderValue},
    rt::{Read, Write},
    server::conn::http1,
    service::{HttpService, service_fn},
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    select,
    sync::{Notify, watch},
    time::{sleep, timeout},
};
use tracing::debug;

use super::{
    connections::{Progress, Turn},
    desk::Desk,
    patient::Patient,
};

/// The longest head of a request: far more than any reader sends, and little enough for a thousand connections.
const HEAD_BYTES: usize = 16 * 1024;

/// How long a connection on which nothing has come yet may still bring its request once the server is told to stop: a round
/// trip, for most of the world.
const UNDER_WAY: Duration = Duration::from_millis(500);

/// How long a connection without work keeps what it needs to work. To make that anew costs microseconds.
const WARM: Duration = Duration::from_millis(50);

/// What all connections of one thread share.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) desk: Desk,
    /// How long a client may take for the next part of a response.
    pub(crate) stalled_after: Duration,
    /// Requests on one connection.
    pub(crate) requests: u32,
}

/// A connection between two requests.
struct Rest {
    stream: TcpStream,
    /// What has come of the next request.
    begun: Bytes,
    /// How many were answered.
    answered: u32,
}

/// Serves one connection until its client leaves, is too slow, or the server stops: when `stopping` closes.
pub(crate) async fn converse(
    stream: TcpStream,
    peer: IpAddr,
    house: Arc<House>,
    mut stopping: watch::Receiver<()>,
    progress: Arc<Progress>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "small packets may be held back");
    }
    let mut rest = Rest { stream, begun: Bytes::new(), answered: 0 };
    while comes(&rest, &mut stopping).await {
        // In a box, which is there only while it is needed.
        match Box::pin(work(rest, peer, &house, &mut stopping, &progress)).await {
            ControlFlow::Continue(next) => rest = next,
            ControlFlow::Break(()) => break,
        }
    }
}

/// Waits for the next byte. False if none comes any more.
async fn comes(rest: &Rest, stopping: &mut watch::Receiver<()>) -> bool {
    let mut byte = [0];
    select! {
        biased;
        peeked = rest.stream.peek(&mut byte) => matches!(peeked, Ok(1..)),
        _ = stopping.changed() => {
            // Who had an answer already knows that we may leave; a request on its way would be lost to who had none.
            let patience = if rest.answered == 0 { UNDER_WAY } else { Duration::ZERO };
            matches!(Box::pin(timeout(patience, rest.stream.peek(&mut byte))).await, Ok(Ok(1..)))
        }
    }
}

/// Answers requests until none has come for a while, or the connection ends.
async fn work(
    rest: Rest,
    peer: IpAddr,
    house: &House,
    stopping: &mut watch::Receiver<()>,
    progress: &Progress,
) -> ControlFlow<(), Rest> {
    let asked = Notify::new();
    let answered = AtomicU32::new(rest.answered);
    let service = service_fn(|request: Request<Incoming>| {
        asked.notify_one();
        let is_last = answered.fetch_add(1, Ordering::Relaxed) + 1 >= house.requests;
        // The body is dropped unread: whoever sends one slowly finds the connection closed.
        let (head, _) = request.into_parts();
        let at_once = house.desk.at_once(&head, peer);
        async move {
            let mut response = if let Some(response) = at_once {
                response
            } else {
                progress.set(Turn::Answering);
                // Rare, and large: in a box, so that what is frequent stays small.
                Box::pin(house.desk.answerer.answer(&head, peer)).await
            };
            if is_last {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            progress.set(Turn::Taking);
            Ok::<_, Infallible>(response)
        }
    });
    let stream = Patient::new(rest.stream, house.stalled_after, progress).after(rest.begun);
    let mut connection = http1::Builder::new()
        // The listener has a clock for all.
        .header_read_timeout(None)
        .max_header_size(HEAD_BYTES)
        // Names have no case (RFC 9110 §5.1), but libmrss, on which rsstail stands, finds `Last-Modified:` alone.
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut nap = WARM;
    let served = loop {
        select! {
            biased;
            served = &mut connection => break served,
            () = sleep(nap) => {
                // It may have worked meanwhile: to set the timer anew for each request would cost more than to look.
                nap = WARM.saturating_sub(progress.idle());
                if nap.is_zero() {
                    let parts = connection.into_parts();
                    let (stream, unread) = parts.io.into_inner().into_parts();
                    let begun = [parts.read_buf, unread].concat().into();
                    return ControlFlow::Continue(Rest { stream, begun, answered: answered.into_inner() });
                }
            }
            _ = stopping.changed() => {
                // hyper closes a connection on which nothing has come at once, and loses the request that is on its way.
                break select! {
                    served = &mut connection => served,
                    _ = timeout(UNDER_WAY, asked.notified()) => finish(connection).await,
                };
            }
        }
    };
    if let Err(error) = served {
        debug!(%error, "a connection ended early");
    }
    ControlFlow::Break(())
}

/// Lets a connection end once what is asked on it is answered.
async fn finish<I, S>(mut connection: http1::Connection<I, S>) -> hyper::Result<()>
where
    I: Read + Write + Unpin,
    S: HttpService<Incoming, ResBody = Full<Bytes>> + Unpin,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
    Pin::new(&mut connection).graceful_shutdown();
    connection.await
}

#[cfg(test)]
mod tests;
