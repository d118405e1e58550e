//! A real listener on port 0, and a client that writes bytes as it likes; for tests.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{Answer, Ask, Change, Document, Lifetime, Settings, Shelf, run};
use crate::rope::Rope;
use bytes::Bytes;

/// A server, and what a test does with it. `asks` is the daemon's end.
pub(super) struct Served {
    pub(super) address: SocketAddr,
    pub(super) shelf: Arc<Shelf>,
    pub(super) asks: Option<mpsc::Receiver<Ask>>,
    pub(super) stop: Option<oneshot::Sender<()>>,
    pub(super) server: JoinHandle<()>,
}

impl Served {
    pub(super) async fn start(settings: Settings) -> Self {
        Self::with_cache(settings, 1 << 20).await
    }

    pub(super) async fn with_cache(settings: Settings, cache_bytes: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shelf = Arc::new(Shelf::new(cache_bytes));
        shelf.set_ready();
        let (sender, asks) = mpsc::channel(4);
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { stopped.await.unwrap_or(()) };
        let server = tokio::spawn(run(listener, Arc::clone(&shelf), sender, shutdown, watch::channel(settings).1));
        Self { address, shelf, asks: Some(asks), stop: Some(stop), server }
    }

    pub(super) fn put(&self, path: &str, text: &str) {
        self.shelf.update([Change::Put(path.to_owned(), document(text))]);
    }

    /// A daemon that gives every path the same answer, and counts.
    pub(super) fn answering(&mut self, answer: Answer) -> JoinHandle<Vec<String>> {
        let mut asks = self.asks.take().unwrap();
        tokio::spawn(async move {
            let mut asked = Vec::new();
            while let Some(ask) = asks.recv().await {
                asked.push(ask.path);
                let _ = ask.reply.send(answer.clone());
            }
            asked
        })
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// All that comes back for these bytes until the server closes.
    pub(super) async fn exchange(&self, bytes: impl AsRef<[u8]>) -> Vec<u8> {
        let mut stream = self.connect().await;
        // The server may refuse before it has read everything.
        let _ = stream.write_all(bytes.as_ref()).await;
        drain(&mut stream).await
    }

    /// The head and the body of the response to a lone request.
    pub(super) async fn request(&self, line: &str, headers: &str) -> (String, Vec<u8>) {
        let response = self.exchange(format!("{line} HTTP/1.1\r\nHost: h\r\n{headers}Connection: close\r\n\r\n")).await;
        split(&response)
    }

    /// Waits until the server has given a client up, which the client does not notice before it reads.
    pub(super) async fn gone(&self, client: &TcpStream) {
        let (ours, theirs) = (self.address, client.local_addr().unwrap());
        let is_open = || {
            let hex = |address: SocketAddr| format!(":{:04X}", address.port());
            let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
            table.lines().any(|line| {
                let fields: Vec<&str> = line.split_whitespace().collect();
                fields[1].ends_with(&hex(ours)) && fields[2].ends_with(&hex(theirs)) && fields[3] == "01"
            })
        };
        let end = Instant::now() + Duration::from_secs(20);
        while is_open() {
            assert!(Instant::now() < end, "the server keeps a client that takes nothing");
            sleep(Duration::from_millis(10)).await;
        }
    }

    pub(super) async fn stop(mut self) {
        drop(self.stop.take());
        self.server.await.unwrap();
    }
}

/// In two pieces, as feeds are in many.
pub(super) fn document(text: &str) -> Document {
    let (start, end) = text.as_bytes().split_at(text.len() / 2);
    let bytes = Rope::new([start, end].map(|part| Bytes::copy_from_slice(part).into()).to_vec());
    Document {
        media_type: "application/rss+xml; charset=utf-8",
        hash: bytes.digest(),
        length: text.len() as u64,
        last_modified: None,
        page: None,
        lifetime: Lifetime::Maintained,
        bytes: Some(bytes),
    }
}

/// All that comes until the server closes, or cuts the connection.
pub(super) async fn drain(stream: &mut TcpStream) -> Vec<u8> {
    let mut response = Vec::new();
    let read = timeout(Duration::from_secs(20), stream.read_to_end(&mut response)).await;
    let _ = read.expect("the server closes");
    response
}

pub(super) fn split(response: &[u8]) -> (String, Vec<u8>) {
    let end = response.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
    (String::from_utf8(response[..end + 2].to_vec()).unwrap().to_ascii_lowercase(), response[end + 4..].to_vec())
}

pub(super) fn impatient() -> Settings {
    Settings {
        head_within: Duration::from_millis(300),
        answer_within: Duration::from_millis(200),
        stalled_after: Duration::from_millis(300),
        finish_within: Duration::from_secs(1),
        ..Settings::default()
    }
}

/// A whole response to a `GET` on a connection that stays open: its head, and a body of so many bytes.
pub(super) async fn response(stream: &mut TcpStream, body: usize) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    let whole = async {
        while bytes.windows(4).position(|four| four == b"\r\n\r\n").is_none_or(|end| bytes.len() < end + 4 + body) {
            assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the server left");
        }
    };
    timeout(Duration::from_secs(20), whole).await.expect("an answer");
    split(&bytes)
}
