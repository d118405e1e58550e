//! A real listener on port 0, and a client that writes bytes as it likes.

use std::{future::pending, io::Read as _};

use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    join,
    net::TcpStream,
};

use super::*;
use crate::serve::{
    Answer, Change, Document, Lifetime,
    encoding::Coding,
    tests::{Served, document, drain, impatient, response},
};

#[tokio::test]
async fn a_document_is_served_in_each_coding_and_head_tells_what_get_would() {
    let served = Served::start(Settings::default()).await;
    let text = "<item>俄罗斯装甲部队</item>\n".repeat(100);
    served.put("categories/社交媒体/rss.xml", &text);

    for (accept, coding) in [("", None), ("gzip", Some("gzip")), ("gzip, br", Some("br"))] {
        let headers = format!("Accept-Encoding: {accept}\r\n");
        // HEAD first: it must not depend on an earlier GET.
        let (head, nothing) = served.request("HEAD /categories/社交媒体/rss.xml", &headers).await;
        let (get, body) =
            served.request("GET /categories/%E7%A4%BE%E4%BA%A4%E5%AA%92%E4%BD%93/rss.xml", &headers).await;

        assert!(get.starts_with("http/1.1 200 ok\r\n"), "{get}");
        assert!(get.contains(&format!("content-length: {}\r\n", body.len())), "{get}");
        assert!(get.contains("\r\ndate: "), "{get}");
        assert_eq!(head.split("date: ").next(), get.split("date: ").next());
        assert_eq!(nothing, b"");
        let mut restored = Vec::new();
        match coding {
            None => restored = body,
            Some("gzip") => {
                flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut restored).unwrap();
            }
            Some(_) => {
                brotli::Decompressor::new(&body[..], 4096).read_to_end(&mut restored).unwrap();
            }
        }
        assert_eq!(get.contains("content-encoding: "), coding.is_some());
        assert_eq!(String::from_utf8(restored).unwrap(), text);

        let tag = get.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
        let (head, body) =
            served.request("GET /categories/社交媒体/rss.xml", &format!("{headers}If-None-Match: {tag}\r\n")).await;
        assert!(head.starts_with("http/1.1 304 not modified\r\n"), "{head}");
        assert!(head.contains(tag) && !head.contains("content-length"), "{head}");
        assert_eq!(body, b"");
    }
    served.stop().await;
}

#[tokio::test]
async fn a_304_compresses_nothing() {
    let served = Served::start(Settings::default()).await;
    let text = "x".repeat(1000);
    served.put("rss.xml", &text);
    let (head, _) = served.request("GET /rss.xml", "Accept-Encoding: gzip\r\nIf-None-Match: *\r\n").await;
    assert!(head.starts_with("http/1.1 304"), "{head}");
    assert!(served.shelf.content(document(&text).hash, crate::serve::encoding::Coding::Gzip).is_none());
    served.stop().await;
}

#[tokio::test]
async fn what_is_not_on_the_shelf_is_asked_of_the_daemon() {
    let mut served = Served::start(impatient()).await;
    let daemon = served.answering(Answer::Document(Arc::new(document("made now"))));
    let (head, body) = served.request("GET /tags/%e8%bd%ac%e5%8f%91/rss.xml?raw", "").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert_eq!(body, b"made now");
    served.stop().await;
    assert_eq!(daemon.await.unwrap(), ["tags/转发/rss.xml"]);
}

#[tokio::test]
async fn credentials_and_searches_are_passed_on() {
    let mut served = Served::start(impatient()).await;
    served.put("search/", "the bare page");
    let mut asks = served.asks.take().unwrap();
    let daemon = tokio::spawn(async move {
        let mut asked = Vec::new();
        while let Some(ask) = asks.recv().await {
            assert!(!format!("{ask:?}").contains("sesame"), "{ask:?}");
            asked.push((ask.path, ask.credential, ask.query));
            let _ = ask.reply.send(Answer::Locked);
        }
        asked
    });
    assert_eq!(served.request("GET /search/", "").await.1, b"the bare page");
    for (line, headers) in [
        ("GET /search/?q=a", ""),
        ("GET /tags/a/?q=a", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"),
        ("GET /tags/b/", "Authorization: Basic nonsense\r\n"),
    ] {
        let (head, _) = served.request(line, headers).await;
        assert!(head.starts_with("http/1.1 401 unauthorized\r\n"), "{head}");
    }
    served.stop().await;
    let asked = [
        ("search/".to_owned(), None, Some("q=a".to_owned())),
        ("tags/a/".to_owned(), Some("open sesame".to_owned()), None),
        ("tags/b/".to_owned(), None, None),
    ];
    assert_eq!(daemon.await.unwrap(), asked);
}

#[tokio::test]
async fn nothing_private_is_kept() {
    let mut served = Served::start(impatient()).await;
    let private = Document { lifetime: Lifetime::Private, ..document(&"secret".repeat(200)) };
    let hash = private.hash;
    let daemon = served.answering(Answer::Document(Arc::new(private)));
    for coding in ["gzip", "br", "identity"] {
        let (head, _) = served.request("GET /private/rss.xml", &format!("Accept-Encoding: {coding}\r\n")).await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
    }
    for coding in [Coding::Identity, Coding::Gzip, Coding::Brotli] {
        assert!(served.shelf.content(hash, coding).is_none(), "{coding:?}");
    }
    served.stop().await;
    assert_eq!(daemon.await.unwrap().len(), 3);
}

#[tokio::test]
async fn with_a_prefix_both_readings_are_tried() {
    let mut served = Served::start(Settings { prefix: "feeds".to_owned(), ..impatient() }).await;
    served.put("rss.xml", "main");
    served.put("feeds/own/rss.xml", "own");
    let daemon = served.answering(Answer::Absent);
    for (target, expected) in [
        ("/rss.xml", "main"),
        ("/feeds/rss.xml", "main"),
        ("/feeds/own/rss.xml", "own"),
        ("/feeds/feeds/own/rss.xml", "own"),
    ] {
        let (_, body) = served.request(&format!("GET {target}"), "").await;
        assert_eq!(String::from_utf8(body).unwrap(), expected, "{target}");
    }
    let (head, _) = served.request("GET /feeds/own", "").await;
    assert!(head.contains("\r\nlocation: /feeds/feeds/own/\r\n"), "{head}");
    let (head, _) = served.request("GET /feeds/none", "").await;
    assert!(head.starts_with("http/1.1 404"), "{head}");
    served.stop().await;
    assert_eq!(daemon.await.unwrap(), ["none", "feeds/none"]);
}

#[tokio::test]
async fn bytes_that_were_pushed_out_are_asked_for_again() {
    let mut served = Served::with_cache(impatient(), 0).await;
    served.put("rss.xml", "text");
    let daemon = served.answering(Answer::Document(Arc::new(document("text"))));
    for _ in 0..2 {
        let (head, body) = served.request("GET /rss.xml", "").await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert_eq!(body, b"text");
    }
    // The shelf alone knows what has not changed.
    let (head, _) = served.request("GET /rss.xml", "If-None-Match: *\r\n").await;
    assert!(head.starts_with("http/1.1 304"), "{head}");
    served.stop().await;
    assert_eq!(daemon.await.unwrap(), ["rss.xml", "rss.xml"]);
}

/// Publishes a document, and another one before, once the daemon is asked.
async fn publish(served: &Served, asks: &mut mpsc::Receiver<Ask>, path: &str) -> Ask {
    let ask = asks.recv().await.unwrap();
    served.put("another/rss.xml", "another");
    served.put(path, "published");
    ask
}

#[tokio::test]
async fn what_is_published_while_the_daemon_is_asked_is_served() {
    let mut served = Served::start(Settings::default()).await;
    let mut asks = served.asks.take().unwrap();
    let ((head, body), ask) = join!(served.request("GET /new/rss.xml", ""), publish(&served, &mut asks, "new/rss.xml"));
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert_eq!(body, b"published");
    assert!(ask.reply.is_closed());

    // The bare page is no answer to a search.
    let found = async {
        let _ = publish(&served, &mut asks, "search/").await.reply.send(Answer::Document(Arc::new(document("found"))));
    };
    let ((_, body), ()) = join!(served.request("GET /search/?q=a", ""), found);
    assert_eq!(body, b"found");
    served.stop().await;
}

#[tokio::test]
async fn a_daemon_that_does_not_answer_is_busy_not_wrong() {
    let busy = |head: &str| head.starts_with("http/1.1 503") && head.contains("\r\nretry-after: 10\r\n");
    // Silent.
    let mut served = Served::start(impatient()).await;
    let (head, _) = served.request("GET /tags/a/", "").await;
    assert!(busy(&head), "{head}");
    // Its queue is full.
    let full: Vec<_> = (0..6).map(|number| format!("GET /tags/{number}/")).collect();
    for line in &full {
        assert!(busy(&served.request(line, "").await.0));
    }
    // Gone.
    served.asks = None;
    assert!(busy(&served.request("GET /tags/a/", "").await.0));
    served.stop().await;

    // It knows nothing before the first scan.
    let mut served = Served::start(impatient()).await;
    served.shelf = Arc::new(Shelf::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    served.address = listener.local_addr().unwrap();
    let (sender, asks) = mpsc::channel(4);
    served.asks = Some(asks);
    served.server =
        tokio::spawn(run(listener, Arc::clone(&served.shelf), sender, pending(), watch::channel(impatient()).1));
    let _daemon = served.answering(Answer::Absent);
    assert!(busy(&served.request("GET /rss.xml", "").await.0));
    assert!(busy(&served.request("GET /readyz", "").await.0));
    assert!(served.request("GET /healthz", "").await.0.starts_with("http/1.1 200"));
    served.shelf.set_ready();
    assert!(served.request("GET /rss.xml", "").await.0.starts_with("http/1.1 404"));
    assert!(served.request("HEAD /readyz", "").await.0.starts_with("http/1.1 200"));
}

#[tokio::test]
async fn bad_requests_are_refused_and_the_next_client_is_served() {
    let served = Served::start(impatient()).await;
    served.put("rss.xml", "fine");
    let long = format!("GET /rss.xml HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "x".repeat(40_000));
    let fields = |more: usize| {
        format!("GET /rss.xml HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{}\r\n", "X: y\r\n".repeat(more - 1))
    };
    let path = |length: usize| format!("GET /{} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "x".repeat(length));
    let many = format!("GET /rss.xml HTTP/1.1\r\nHost: h\r\n{}\r\n", "X: y\r\n".repeat(200));
    let uri = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(70_000));
    for (request, expected) in [
        ("nonsense\r\n\r\n", "400"),
        ("GET /rss.xml HTTP/1.1\r\n\r\n", "400"),
        ("GET /rss.xml HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", "400"),
        ("GET /rss.xml HTTP/1.1\r\nHost: a\r\n bad: b\r\n\r\n", "400"),
        ("GET /rss.xml HTTP/9.9\r\nHost: a\r\n\r\n", "400"),
        // HTTP/2 is not spoken; hyper knows its greeting and just leaves.
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "none"),
        ("GET /\u{7}\r\n\r\n", "400"),
        ("POST /rss.xml HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc", "405"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "405"),
        ("GET /rss.xml HTTP/1.0\r\n\r\n", "200"),
        (&fields(63), "200"),
        (&fields(64), "431"),
        (&path(2047), "503"),
        (&path(2048), "414"),
        (&long, "431"),
        (&many, "431"),
        (&uri, "431"),
    ] {
        let response = served.exchange(request).await;
        let shown = String::from_utf8_lossy(&response);
        let status = shown.get(9..12).unwrap_or("none");
        assert_eq!(status, expected, "{:?}", &request[..request.len().min(60)]);
    }
    // GBK in the path.
    let response = served.exchange(b"GET /\xd6\xaa\xba\xf5/ HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(response.get(9..12), Some(&b"400"[..]));
    assert_eq!(served.request("GET /rss.xml", "").await.1, b"fine");
    served.stop().await;
}

#[tokio::test]
async fn slow_heads_and_idle_connections_are_cut() {
    let served = Served::start(impatient()).await;
    served.put("rss.xml", "fine");
    for start in ["", "GET /rss.xml HTTP/1.1\r\n", "GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n"] {
        let mut stream = served.connect().await;
        stream.write_all(start.as_bytes()).await.unwrap();
        let started = Instant::now();
        let response = drain(&mut stream).await;
        assert!(started.elapsed() < Duration::from_secs(5), "{start:?}");
        assert_eq!(response.ends_with(b"fine"), start.ends_with("\r\n\r\n"), "{start:?}");
    }
    // A trickle does not buy more time.
    let mut stream = served.connect().await;
    let started = Instant::now();
    stream.write_all(b"GET /rss.xml HTTP/1.1\r\n").await.unwrap();
    while stream.write_all(b"X: y\r\n").await.is_ok() && started.elapsed() < Duration::from_secs(5) {
        sleep(Duration::from_millis(50)).await;
    }
    assert!(started.elapsed() < Duration::from_secs(5));
    served.stop().await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut() {
    let served = Served::with_cache(impatient(), 64 << 20).await;
    let length = 32 << 20;
    served.put("rss.xml", &"x".repeat(length));
    let mut greedy = served.connect().await;
    greedy.write_all(b"GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let started = Instant::now();
    served.gone(&greedy).await;
    assert!(started.elapsed() >= Duration::from_millis(200), "{:?}", started.elapsed());
    assert!(drain(&mut greedy).await.len() < length);
    served.stop().await;
}

#[tokio::test]
async fn slow_clients_make_room_the_slowest_first() {
    let settings = Settings { connections: 3, head_within: Duration::from_secs(20), ..Settings::default() };
    let mut served = Served::start(settings).await;
    served.put("rss.xml", "fine");
    let mut asks = served.asks.take().unwrap();
    let mut answered = served.connect().await;
    answered.write_all(b"GET /tags/a/ HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let ask = asks.recv().await.unwrap();
    let mut slow = Vec::new();
    for start in ["", "GET /rss.xml HTTP/1.1\r\n", "", "GET"] {
        let mut stream = served.connect().await;
        stream.write_all(start.as_bytes()).await.unwrap();
        // So that one is older than the next.
        assert_eq!(served.request("GET /rss.xml", "").await.1, b"fine");
        slow.push(stream);
    }
    for mut stream in slow.drain(..3) {
        assert_eq!(drain(&mut stream).await, b"");
    }
    // Whoever is being answered is not cut.
    ask.reply.send(Answer::Document(Arc::new(document("worth the wait")))).unwrap();
    let mut response = [0; 4096];
    let length = answered.read(&mut response).await.unwrap();
    assert!(response[..length].ends_with(b"worth the wait"));
    served.stop().await;
}

#[tokio::test]
async fn stopping_lets_responses_finish_but_not_for_ever() {
    let mut served = Served::start(Settings { answer_within: Duration::from_secs(20), ..impatient() }).await;
    let mut asks = served.asks.take().unwrap();
    let mut idle = served.connect().await;
    let mut busy = served.connect().await;
    let mut stuck = served.connect().await;
    busy.write_all(b"GET /tags/a/ HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let ask = asks.recv().await.unwrap();
    stuck.write_all(b"GET /tags/b/ HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let _never_answered = asks.recv().await.unwrap();

    drop(served.stop.take());
    let started = Instant::now();
    assert_eq!(drain(&mut idle).await, b"");
    ask.reply.send(Answer::Document(Arc::new(document("in time")))).unwrap();
    assert!(drain(&mut busy).await.ends_with(b"in time"));
    assert_eq!(drain(&mut stuck).await, b"");
    served.server.await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
    assert!(TcpStream::connect(served.address).await.is_err());
}

#[tokio::test]
async fn new_settings_hold_for_what_was_asked_before() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let shelf = Arc::new(Shelf::new(1 << 20));
    shelf.update([Change::Put("rss.xml".to_owned(), document("a feed"))]);
    let (told, news) = watch::channel(Settings::default());
    let server = tokio::spawn(run(listener, shelf, mpsc::channel(1).0, pending(), news));
    let mut ask = async || {
        stream.write_all(b"GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        response(&mut stream, 6).await.0
    };
    assert!(ask().await.contains("\r\ncache-control: max-age=300\r\n"));
    told.send(Settings { max_age: 7, ..Settings::default() }).unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while !ask().await.contains("\r\ncache-control: max-age=7\r\n") {
        assert!(Instant::now() < end, "the settings of before are kept");
    }
    server.abort();
}

#[tokio::test]
async fn loops_that_share_a_socket_share_its_bounds() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let address = socket.local_addr().unwrap();
    let shelf = Arc::new(Shelf::new(1 << 20));
    shelf.update([Change::Put("rss.xml".to_owned(), document("a feed"))]);
    let settings = Settings { connections: 3, ..Settings::default() };
    let server = Server::new(shelf, mpsc::channel(1).0, watch::channel(settings).1);
    let (stop, stopped) = watch::channel(());
    let loops = [(); 2].map(|()| {
        let listener = TcpListener::from_std(socket.try_clone().unwrap()).unwrap();
        let mut stopped = stopped.clone();
        tokio::spawn(Arc::clone(&server).serve(listener, async move { _ = stopped.changed().await }))
    });
    let mut open = Vec::new();
    for _ in 0..10 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        assert_eq!(response(&mut stream, 6).await.1, b"a feed");
        open.push(stream);
    }
    // The first seven made room.
    for stream in &mut open[..7] {
        assert_eq!(drain(stream).await, b"");
    }
    drop((stop, socket));
    for served in loops {
        served.await.unwrap();
    }
    for stream in &mut open[7..] {
        assert_eq!(drain(stream).await, b"");
    }
    assert!(TcpStream::connect(address).await.is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_bytes_leave_the_server_standing(
        requests in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..300),
                "(GET|HEAD|POST) /[!-~]{0,30} HTTP/1.[01]\r\n(Host: h\r\n)?([A-Za-z-]{1,20}: ?[ -~]{0,30}\r\n){0,4}\r\n"
                    .prop_map(String::into_bytes),
            ],
            1..6,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let standing = runtime.block_on(async {
            let mut served = Served::start(impatient()).await;
            served.put("rss.xml", "fine");
            let _daemon = served.answering(Answer::Absent);
            for bytes in &requests {
                let mut stream = served.connect().await;
                let _ = stream.write_all(bytes).await;
                let _ = stream.shutdown().await;
                drain(&mut stream).await;
            }
            served.request("GET /rss.xml", "").await.1
        });
        prop_assert_eq!(standing, b"fine");
    }
}
