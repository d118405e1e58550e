//! Any bytes sent to a listener: every reply has a status that we know, and a document only comes for its own path.
//!
//! The first byte chooses: bytes as they are, or the first line as the target of a GET and the rest as its headers. That gets
//! the same answer whether it closes the connection, which leaves it to hyper, or keeps it.
#![no_main]

use std::{cell::RefCell, future::pending, net::SocketAddr, sync::Arc};

use feedwright::serve::{self, Answer, Change, Document, Lifetime, Settings, Shelf};
use libfuzzer_sys::fuzz_target;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    sync::{mpsc, watch},
};

const PATHS: [&str; 5] = ["rss.xml", "categories/社交/rss.xml", "categories/社交/", "tags/100%/atom.xml", ""];
const STATUSES: [&str; 20] = [
    "200", "204", "301", "303", "304", "400", "401", "404", "405", "408", "410", "412", "413", "414", "417", "429",
    "431", "501", "503", "505",
];

struct Served {
    runtime: Runtime,
    address: SocketAddr,
}

thread_local! {
    static SERVED: RefCell<Served> = RefCell::new(start());
}

fn start() -> Served {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let address = runtime.block_on(async {
        let shelf = Arc::new(Shelf::new(1 << 20));
        shelf.update(PATHS.map(|path| Change::Put(path.to_owned(), document(path))));
        shelf.set_ready();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, mut asks) = mpsc::channel::<serve::Ask>(16);
        tokio::spawn(async move {
            while let Some(ask) = asks.recv().await {
                let _ = ask.reply.send(Answer::Absent);
            }
        });
        let (news, settings) = watch::channel(Settings { prefix: "feeds".to_owned(), ..Settings::default() });
        tokio::spawn(async move {
            serve::run(listener, shelf, sender, pending(), settings).await;
            drop(news);
        });
        address
    });
    Served { runtime, address }
}

/// Says in its text which path it is at.
fn document(path: &str) -> Document {
    let text = told(path);
    let mut hash = [0; 16];
    for (at, byte) in path.bytes().enumerate() {
        hash[at % 16] ^= byte;
    }
    Document {
        media_type: "application/rss+xml; charset=utf-8",
        hash,
        length: text.len() as u64,
        last_modified: None,
        page: None,
        lifetime: Lifetime::Maintained,
        bytes: Some(text.into_bytes().into()),
    }
}

fn told(path: &str) -> String {
    format!("<the document at {path:?}>")
}

fuzz_target!(|input: &[u8]| {
    let Some((choice, rest)) = input.split_first() else { return };
    if choice % 2 == 0 {
        let response = exchange(rest);
        status(&response);
        return;
    }
    let (target, headers) = rest.split_at(rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()));
    let headers = headers.trim_ascii();
    // As many fields in both: there is a limit.
    let [response, plain] = ["close", "keep-alive"].map(|connection| {
        let end = format!("\r\nConnection: {connection}\r\n\r\n");
        exchange(&[b"GET /", target, b" HTTP/1.1\r\nHost: h\r\n", headers, end.as_bytes()].concat())
    });
    // Whoever leaves while the daemon is asked may get nothing, and what follows a blank line is another request.
    let is_one = !headers.is_empty() && !headers.split(|&byte| byte == b'\n').any(|line| line.trim_ascii().is_empty());
    if is_one && !response.is_empty() && !plain.is_empty() {
        assert_eq!(lasting(&response), lasting(&plain), "{}", target.escape_ascii());
    }
    let Some("200") = status(&response) else { return };
    let Some(end) = response.windows(4).position(|four| four == b"\r\n\r\n") else { return };
    let body = &response[end + 4..];
    // What follows is the reply to a second request that the headers held.
    let Some(path) = PATHS.into_iter().find(|path| body.starts_with(told(path).as_bytes())) else { return };
    let asked = target.split(|byte| matches!(byte, b'?' | b'#' | b' ')).next().unwrap_or_default();
    let asked = decoded(asked);
    let beneath = asked.strip_prefix(b"feeds").map(|rest| rest.strip_prefix(b"/").unwrap_or(rest));
    assert!(asked == path.as_bytes() || beneath == Some(path.as_bytes()), "{} got {path}", asked.escape_ascii());
});

/// The status of a response, if there is one.
fn status(response: &[u8]) -> Option<&str> {
    if response.is_empty() {
        return None;
    }
    let head = response.strip_prefix(b"HTTP/1.1 ").or_else(|| response.strip_prefix(b"HTTP/1.0 "));
    let status = head.and_then(|head| head.get(..3)).and_then(|status| std::str::from_utf8(status).ok());
    let status = status.unwrap_or_else(|| panic!("no response: {}", response.escape_ascii()));
    assert!(STATUSES.contains(&status), "{status}");
    Some(status)
}

/// A response without what differs from one to the next.
fn lasting(response: &[u8]) -> String {
    let lines = response.split_inclusive(|&byte| byte == b'\n').map(String::from_utf8_lossy);
    lines.filter(|line| !line.starts_with("Date: ") && !line.eq_ignore_ascii_case("connection: close\r\n")).collect()
}

/// All that comes back for these bytes.
fn exchange(bytes: &[u8]) -> Vec<u8> {
    SERVED.with_borrow(|served| {
        served.runtime.block_on(async {
            let mut stream = TcpStream::connect(served.address).await.expect("the server stands");
            let mut response = Vec::new();
            // The server may refuse before it has read everything, and leave.
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut response).await;
            response
        })
    })
}

/// Percent-encoding undone once, without the program's help.
fn decoded(path: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut rest = path;
    while let Some((&byte, behind)) = rest.split_first() {
        let digit = |at: usize| behind.get(at).and_then(|&digit| char::from(digit).to_digit(16));
        match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                plain.push(u8::try_from(high * 16 + low).expect("two digits"));
                rest = &behind[2..];
            }
            _ => {
                plain.push(byte);
                rest = behind;
            }
        }
    }
    plain
}
