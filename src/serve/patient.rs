//! A stream that gives up on a peer that takes next to nothing.
//!
//! Bytes pass through unchanged. From the first write that has to wait, the peer has the time that is the limit to take
//! [`ENOUGH`] or all there is; then it has as long again. hyper cuts slow heads, but a client that asks and reads a byte
//! now and then would hold its connection for ever.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use super::connections::Progress;

/// So many bytes in one limit: with the default, 2 KiB a second, which the slowest of telephones manage.
const ENOUGH: usize = 64 * 1024;

/// A stream with a limit on how slowly it is written to. The timer exists only after a write had to wait.
#[derive(Debug)]
pub(crate) struct Patient<S> {
    stream: S,
    limit: Duration,
    progress: Arc<Progress>,
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    end: Pin<Box<Sleep>>,
    /// Bytes that went out meanwhile.
    taken: usize,
}

impl<S> Patient<S> {
    /// Gives writes on `stream` this much time, and tells `progress` when all is written.
    pub(crate) fn new(stream: S, limit: Duration, progress: Arc<Progress>) -> Self {
        Self { stream, limit, progress, waiting: None }
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

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
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
        let mut patient = Patient::new(ours, LIMIT, Arc::new(Progress::new(std::time::Instant::now())));
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
