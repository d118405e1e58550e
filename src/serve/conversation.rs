//! One connection, from its first byte to its end.
//!
//! A stream in, responses out. What comes is read into a buffer of the thread's, and answered from memory where that can be
//! done at once ([`super::plain`], [`super::desk`]). hyper, and all that it holds, is there for anything else: it comes with
//! the first request that is unusual or has to wait, and goes once all that came is answered. So a connection that rests
//! holds a stream and nothing else.
//!
//! Who is too slow to ask is not noticed here: the listener looks at [`Progress`], and cuts the task off.

use std::{
    convert::Infallible,
    error::Error,
    future::poll_fn,
    io::{self, IoSlice},
    iter,
    net::IpAddr,
    ops::ControlFlow,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http_body_util::Full;
use hyper::{
    Request,
    body::{Buf, Bytes, Incoming},
    header::{CONNECTION, HeaderValue},
    rt::{Read, Write},
    server::conn::http1,
    service::{HttpService, service_fn},
};
use hyper_util::rt::TokioIo;
use rustix::{
    fs,
    net::{self, SendFlags},
};
use tokio::{
    io::{AsyncRead as _, AsyncWriteExt as _, Interest, ReadBuf},
    net::TcpStream,
    select,
    sync::{Notify, watch},
    time::timeout,
};
use tracing::debug;

use super::{
    connections::{Progress, Turn},
    crowd::Crowd,
    desk::{AtOnce, Desk},
    forms::{Content, Form},
    patient::Patient,
    plain::{self, Begin, Plain},
    wire::Clock,
};
use crate::rope::Remainder;

/// The longest head of a request: far more than any reader sends, and little enough for a thousand connections.
const HEAD_BYTES: usize = 16 * 1024;

/// How long a connection on which nothing has come yet may still bring its request once the server is told to stop: a round
/// trip, for most of the world.
const UNDER_WAY: Duration = Duration::from_millis(500);

/// How many requests of one connection are answered before others have their turn.
const AT_A_TIME: u32 = 32;

/// How many slices of memory the system sends at a time (`IOV_MAX`); the rest follows.
const SLICES: usize = 1024;

/// What all connections of one thread share.
#[derive(Debug)]
pub(crate) struct House {
    desk: Desk,
    pub(crate) crowd: Crowd,
    /// How long a client may take for the next part of a response.
    stalled_after: Duration,
    /// Requests on one connection.
    requests: u32,
    /// Nobody else ever waits for it.
    paper: Mutex<Paper>,
}

/// What a thread reads requests from and writes heads on, one connection at a time.
#[derive(Debug)]
struct Paper {
    input: Box<[u8]>,
    output: Vec<u8>,
    clock: Clock,
}

impl House {
    pub(crate) fn new(desk: Desk, stalled_after: Duration, requests: u32) -> Self {
        let paper = Paper { input: [0; HEAD_BYTES].into(), output: Vec::new(), clock: Clock::default() };
        Self { desk, crowd: Crowd::default(), stalled_after, requests, paper: Mutex::new(paper) }
    }
}

/// A connection between two requests.
struct Rest {
    stream: TcpStream,
    /// What has come of the next request.
    begun: Bytes,
    /// How many were answered.
    answered: u32,
}

/// Why a connection cannot just wait for more.
enum Halt {
    /// A response of which this much is still to be sent: what is left of its head, and of its body.
    Unsent(Bytes, Remainder),
    /// What has come is for hyper.
    Unusual,
    /// The server stops.
    Stopping,
    /// The client has gone.
    Over,
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
    loop {
        let halt = select! {
            biased;
            halt = poll_fn(|context| rest.answer(peer, &house, &progress, context)) => halt,
            _ = stopping.changed() => Halt::Stopping,
        };
        // In boxes, which are there only while they are needed.
        match halt {
            Halt::Unsent(head, body) => {
                if let Err(error) = Box::pin(send_rest(&mut rest.stream, head.chain(body), &house, &progress)).await {
                    debug!(%error, "a connection ended early");
                    break;
                }
            }
            // Who had an answer already knows that we may leave; a request on its way would be lost to who had none.
            Halt::Stopping if rest.begun.is_empty() && rest.answered > 0 => break,
            Halt::Unusual | Halt::Stopping => {
                match Box::pin(work(rest, peer, &house, &mut stopping, &progress)).await {
                    ControlFlow::Continue(next) => rest = next,
                    ControlFlow::Break(()) => break,
                }
            }
            Halt::Over => break,
        }
    }
}

impl Rest {
    /// Answers what comes and can be answered at once, until there is something else to be done.
    fn answer(&mut self, peer: IpAddr, house: &House, progress: &Progress, context: &mut Context<'_>) -> Poll<Halt> {
        let mut paper = house.paper.lock().unwrap_or_else(PoisonError::into_inner);
        let Paper { input, output, clock } = &mut *paper;
        let mut come = self.begun.len();
        let Some(begun) = input.get_mut(..come) else { return Poll::Ready(Halt::Unusual) };
        begun.copy_from_slice(&self.begun);
        let first = self.answered;
        loop {
            let mut unread = input.get(..come).unwrap_or_default();
            let before = self.answered;
            while !unread.is_empty() {
                let mut room = plain::room();
                let at_once = match Plain::read(unread, &mut room) {
                    Begin::Part => break,
                    // The last one says that it is.
                    Begin::Plain(request, length) if self.answered + 1 < house.requests => {
                        house.desk.at_once(&request, peer).zip(unread.get(length..))
                    }
                    Begin::Plain(..) | Begin::Other => None,
                };
                let Some((response, next)) = at_once else {
                    self.begun = Bytes::copy_from_slice(unread);
                    return Poll::Ready(Halt::Unusual);
                };
                (unread, self.answered) = (next, self.answered + 1);
                let halt = self.send(response, clock, output);
                house.crowd.note();
                if halt.is_some() || self.answered - first >= AT_A_TIME {
                    self.begun = Bytes::copy_from_slice(unread);
                    progress.set(Turn::Asking);
                    return halt.map_or_else(|| again(context), Poll::Ready);
                }
            }
            if self.answered > before {
                progress.set(Turn::Asking);
            }
            let left = unread.len();
            input.copy_within(come - left..come, 0);
            let mut buffer = ReadBuf::new(input);
            buffer.set_filled(left);
            let read = Pin::new(&mut self.stream).poll_read(context, &mut buffer);
            come = buffer.filled().len();
            match read {
                Poll::Pending => {
                    self.begun = Bytes::copy_from_slice(buffer.filled());
                    return Poll::Pending;
                }
                Poll::Ready(Ok(())) if come > left => {}
                // A head that fills the buffer is too long.
                Poll::Ready(Ok(())) if buffer.remaining() == 0 => {
                    self.begun = Bytes::copy_from_slice(buffer.filled());
                    return Poll::Ready(Halt::Unusual);
                }
                Poll::Ready(_) => return Poll::Ready(Halt::Over),
            }
        }
    }

    /// Sends a response. If the client does not take all of it at once, there is more to do.
    fn send(&self, response: AtOnce, clock: &mut Clock, head: &mut Vec<u8>) -> Option<Halt> {
        head.clear();
        let body = response.write(clock, head);
        let sent = match self.stream.try_io(Interest::WRITABLE, || Ok(send(&self.stream, head, &body)?)) {
            Ok(sent) => sent,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(_) => return Some(Halt::Over),
        };
        if sent == head.len() + body.len() {
            return None;
        }
        let unsent = head.get(sent..).unwrap_or_default();
        let mut rest = Remainder::from(body.rope());
        rest.advance(sent.saturating_sub(head.len()));
        Some(Halt::Unsent(Bytes::copy_from_slice(unsent), rest))
    }
}

/// Sends a head and a body, and says how much of both went out.
fn send(stream: &TcpStream, head: &[u8], body: &Content) -> rustix::io::Result<usize> {
    match body {
        Content::Form(Form { bytes, file: None }) if bytes.is_empty() => net::send(stream, head, SendFlags::NOSIGNAL),
        Content::Form(Form { bytes, file: None }) => {
            rustix::io::writev(stream, &[IoSlice::new(head), IoSlice::new(bytes)])
        }
        Content::Form(Form { bytes, file: Some(file) }) => {
            let sent = net::send(stream, head, SendFlags::NOSIGNAL | SendFlags::MORE)?;
            if sent < head.len() {
                return Ok(sent);
            }
            // What fails now fails again where the rest is sent.
            Ok(sent + fs::sendfile(stream, file, Some(&mut 0), bytes.len()).unwrap_or(0))
        }
        Content::Pieces(pieces) => {
            let slices: Vec<_> = iter::once(head).chain(pieces.pieces()).take(SLICES).map(IoSlice::new).collect();
            rustix::io::writev(stream, &slices)
        }
    }
}

/// Lets others have their turn.
fn again<T>(context: &Context<'_>) -> Poll<T> {
    context.waker().wake_by_ref();
    Poll::Pending
}

/// Sends the rest of a response, for as long as the client goes on taking it.
async fn send_rest(stream: &mut TcpStream, mut rest: impl Buf, house: &House, progress: &Progress) -> io::Result<()> {
    progress.set(Turn::Taking);
    let mut patient = Patient::new(stream, house.stalled_after, progress);
    patient.write_all_buf(&mut rest).await?;
    patient.flush().await
}

/// Lets hyper answer until all that has come is answered, or the connection ends.
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
        let at_once = house.desk.at_once(&head, peer).map(AtOnce::into_response);
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
        // Who has said all may close that way, and still wants an answer.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let is_done = || answered.load(Ordering::Relaxed) > rest.answered && progress.is_idle();
    let served = select! {
        biased;
        _ = stopping.changed() => {
            // hyper closes a connection on which nothing has come at once, and loses the request that is on its way.
            Some(select! {
                biased;
                served = &mut connection => served,
                _ = timeout(UNDER_WAY, asked.notified()) => finish(&mut connection).await,
            })
        }
        served = poll_fn(|context| match Pin::new(&mut connection).poll(context) {
            Poll::Ready(served) => Poll::Ready(Some(served)),
            Poll::Pending if is_done() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }) => served,
    };
    match served {
        None => {
            let parts = connection.into_parts();
            let (stream, unread) = parts.io.into_inner().into_parts();
            let begun = [parts.read_buf, unread].concat().into();
            return ControlFlow::Continue(Rest { stream, begun, answered: answered.into_inner() });
        }
        Some(Err(error)) => debug!(%error, "a connection ended early"),
        Some(Ok(())) => {}
    }
    ControlFlow::Break(())
}

/// Lets a connection end once what is asked on it is answered.
async fn finish<I, S>(connection: &mut http1::Connection<I, S>) -> hyper::Result<()>
where
    I: Read + Write + Unpin,
    S: HttpService<Incoming, ResBody = Full<Remainder>> + Unpin,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
    Pin::new(&mut *connection).graceful_shutdown();
    connection.await
}

#[cfg(test)]
mod tests;
