//! A stream that gives up on a peer that takes next to nothing.
//!
//! Bytes pass through unchanged, after those that were read before. Once a write has to wait, the peer must take [`ENOUGH`],
//! or all there is, within the limit; then the next limit begins. Slow heads are the listener's to cut; this cuts clients
//! that take a byte now and then.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::body::{Buf as _, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use super::connections::Progress;

/// So many bytes in one limit: with the default, 2 KiB a second, which the slowest of telephones manage.
const ENOUGH: usize = 64 * 1024;

/// A stream with a limit on how slowly it is written to. The timer exists only after a write had to wait.
#[derive(Debug)]
pub(crate) struct Patient<'a, S> {
    stream: S,
    /// What was read from it before.
    begun: Bytes,
    limit: Duration,
    progress: &'a Progress,
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    end: Pin<Box<Sleep>>,
    /// Bytes that went out meanwhile.
    taken: usize,
}

impl<'a, S> Patient<'a, S> {
    /// Gives writes on `stream` this much time, and tells `progress` when all is written.
    pub(crate) fn new(stream: S, limit: Duration, progress: &'a Progress) -> Self {
        Self { stream, begun: Bytes::new(), limit, progress, waiting: None }
    }

    /// The same, where these bytes were read from the stream before.
    pub(crate) fn after(self, begun: Bytes) -> Self {
        Self { begun, ..self }
    }

    /// The stream, and what was read from it before and is still to be read.
    pub(crate) fn into_parts(self) -> (S, Bytes) {
        (self.stream, self.begun)
    }

    /// The result of a write, or a failure if it took too long.
    fn bounded<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        bytes: impl FnOnce(&T) -> usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        match (&written, &mut self.waiting) {
            (Poll::Ready(Ok(done)), Some(waiting)) => {
                waiting.taken = waiting.taken.saturating_add(bytes(done));
                if waiting.taken >= ENOUGH {
                    self.waiting = None;
                }
                return written;
            }
            (Poll::Ready(_), _) => return written,
            (Poll::Pending, _) => {}
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Waiting { end: Box::pin(sleep(limit)), taken: 0 });
        ready!(waiting.end.as_mut().poll(context));
        self.waiting = None;
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes next to nothing")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<'_, S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.begun.is_empty() {
            return Pin::new(&mut this.stream).poll_read(context, buffer);
        }
        let length = this.begun.len().min(buffer.remaining());
        buffer.put_slice(this.begun.get(..length).unwrap_or_default());
        this.begun.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<'_, S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.bounded(written, |bytes| *bytes, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // One slice, a head without a body, is less work for the system as what it is.
        if let [only] = slices {
            return self.poll_write(context, only);
        }
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.bounded(written, |bytes| *bytes, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(context);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            this.progress.taken();
        }
        // hyper flushes once everything is written.
        this.bounded(flushed, |()| ENOUGH, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.stream).poll_shutdown(context);
        this.bounded(shut, |()| ENOUGH, context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
        time,
    };

    use super::*;

    const LIMIT: Duration = Duration::from_millis(300);

    /// Whether a peer that takes so many bytes every 10 ms gets all of so many, and how long that took.
    async fn taken(step: usize, length: usize) -> (bool, Duration) {
        let (ours, mut theirs) = duplex(1024);
        let progress = Progress::new(time::Instant::now());
        let mut patient = Patient::new(ours, LIMIT, &progress);
        let reading = tokio::spawn(async move {
            let mut bytes = vec![0; step];
            loop {
                time::sleep(Duration::from_millis(10)).await;
                if step > 0 && theirs.read_exact(&mut bytes).await.is_err() {
                    return;
                }
            }
        });
        let began = time::Instant::now();
        let written = async {
            patient.write_all(&vec![0; length]).await?;
            patient.flush().await
        };
        let whole = written.await.is_ok();
        reading.abort();
        (whole, began.elapsed())
    }

    #[tokio::test]
    async fn what_was_read_before_comes_first() {
        let (ours, mut theirs) = duplex(1024);
        let progress = Progress::new(time::Instant::now());
        let mut patient = Patient::new(ours, LIMIT, &progress).after(Bytes::from_static(b"GET / HT"));
        let mut some = [0; 3];
        patient.read_exact(&mut some).await.unwrap();
        let (stream, unread) = patient.into_parts();
        assert_eq!((&some, &*unread), (b"GET", &b" / HT"[..]));

        theirs.write_all(b"TP/1.1").await.unwrap();
        drop(theirs);
        let mut rest = String::new();
        Patient::new(stream, LIMIT, &progress).after(unread).read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, " / HTTP/1.1");
    }

    // The clock stands while there is something to do, so that a busy machine changes nothing.
    #[tokio::test(start_paused = true)]
    async fn who_takes_next_to_nothing_is_given_up() {
        for (step, length, expected) in [
            // Fits into what lies between.
            (0, 1000, true),
            (0, 2000, false),
            (1, 100_000, false),
            (100, 100_000, false),
            // Slow, but soon done.
            (100, 1500, true),
        ] {
            let (whole, time) = taken(step, length).await;
            assert_eq!(whole, expected, "{step} at a time of {length}");
            assert!(whole || (LIMIT..20 * LIMIT).contains(&time), "{step} at a time of {length}: {time:?}");
        }
        // Longer than the limit, but fast enough.
        let (whole, time) = taken(40_000, 2_000_000).await;
        assert!(whole && time > LIMIT, "{time:?}");
    }
}
