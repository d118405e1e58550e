//! What a client sees on one connection of a real server.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, sleep},
};

use super::*;
use crate::{
    rope::Rope,
    serve::{
        Admin, Answer, Change, Document, Files, Lifetime, Limit, Settings,
        encoding::Coding,
        tests::{Served, document, drain, impatient, response, split},
    },
};

#[tokio::test]
async fn one_connection_carries_many_requests_also_without_waiting() {
    let served = Served::start(impatient()).await;
    served.put("rss.xml", "first");
    served.put("atom.xml", "second");
    let response = served
        .exchange(concat!(
            "GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n",
            "HEAD /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET /none HTTP/1.1\r\nHost: h\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET /atom.xml HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        ))
        .await;
    let response = String::from_utf8(response).unwrap();
    let statuses: Vec<&str> = response.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect();
    // Nobody answers for `/none`: the daemon is there but silent, so this is 503 once its time is over.
    assert_eq!(statuses, ["200", "200", "503", "204", "200"], "{response}");
    assert!(response.contains("\r\n\r\nfirstHTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.ends_with("\r\n\r\nsecond"), "{response}");
    served.stop().await;
}

#[tokio::test]
async fn a_connection_carries_so_many_requests() {
    let served = Served::start(Settings { requests: 3, ..Settings::default() }).await;
    served.put("rss.xml", "fine");
    let response = served.exchange("GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n".repeat(5)).await;
    let response = String::from_utf8(response).unwrap().to_ascii_lowercase();
    assert_eq!(response.matches("http/1.1 200 ok").count(), 3, "{response}");
    assert_eq!(response.matches("connection: close").count(), 1, "{response}");
    served.stop().await;
}

#[tokio::test]
async fn a_body_is_not_waited_for() {
    let served = Served::start(Settings { head_within: Duration::from_secs(20), ..Settings::default() }).await;
    served.put("rss.xml", "fine");
    for (method, expected) in [("POST", "405"), ("GET", "200")] {
        for body in ["Content-Length: 1000000\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"] {
            let started = Instant::now();
            let response = served.exchange(format!("{method} /rss.xml HTTP/1.1\r\nHost: h\r\n{body}")).await;
            assert_eq!(std::str::from_utf8(&response[9..12]), Ok(expected), "{body}");
            assert!(started.elapsed() < Duration::from_secs(5), "{body}");
        }
    }
    served.stop().await;
}

#[tokio::test]
async fn stopping_loses_no_request_that_is_on_its_way() {
    let served = Served::start(Settings::default()).await;
    served.put("rss.xml", "a feed");
    let (mut silent, mut late) = (served.connect().await, served.connect().await);
    // Connections are accepted in order: by now these two are.
    served.request("GET /rss.xml", "").await;
    let stopped = tokio::spawn(served.stop());
    tokio::task::yield_now().await;
    late.write_all(b"GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    assert_eq!(split(&drain(&mut late).await).1, b"a feed");
    // Who says nothing does not hold the stop up for long.
    assert!(drain(&mut silent).await.is_empty());
    stopped.await.unwrap();
}

/// Lets the server take note of what was sent.
async fn noted() {
    sleep(Duration::from_millis(2)).await;
}

#[tokio::test]
async fn a_connection_goes_on_where_it_was() {
    let served = Served::start(Settings { requests: 5, ..Settings::default() }).await;
    served.put("rss.xml", "a feed");
    let mut stream = served.connect().await;
    let request = b"GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n";
    let (half, rest) = request.split_at(20);

    noted().await;
    stream.write_all(request).await.unwrap();
    assert_eq!(response(&mut stream, 6).await.1, b"a feed");
    // A head that comes in three parts.
    for part in [&half[..5], &half[5..], rest] {
        noted().await;
        stream.write_all(part).await.unwrap();
    }
    assert_eq!(response(&mut stream, 6).await.1, b"a feed");
    // One request and the beginning of the next.
    stream.write_all(&[request, half].concat()).await.unwrap();
    assert_eq!(response(&mut stream, 6).await.1, b"a feed");
    noted().await;
    stream.write_all(&[rest, request, request].concat()).await.unwrap();
    // The fifth is the last, whoever answered the others; the sixth is not answered.
    let last = String::from_utf8(drain(&mut stream).await).unwrap().to_ascii_lowercase();
    assert_eq!(last.matches("http/1.1 200 ok").count(), 2, "{last}");
    assert_eq!(last.matches("connection: close").count(), 1, "{last}");
    served.stop().await;
}

#[tokio::test(start_paused = true)]
async fn ten_seconds_are_ten_seconds_also_for_who_had_an_answer() {
    let served = Served::start(Settings::default()).await;
    served.put("rss.xml", "a feed");
    for parts in [&[][..], &["GET /rss.xml"], &["GET", " /rss.xml", " HTTP/1.1\r\n", "Host: h\r\n", "A: b\r\n"]] {
        let mut stream = served.connect().await;
        stream.write_all(b"GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        response(&mut stream, 6).await;
        let started = Instant::now();
        for part in parts {
            sleep(Duration::from_secs(2)).await;
            stream.write_all(part.as_bytes()).await.unwrap();
        }
        assert_eq!(drain(&mut stream).await, b"", "{parts:?}");
        let seconds = started.elapsed().as_secs_f32();
        assert!((9.9..11.0).contains(&seconds), "{parts:?}: {seconds}");
    }
    served.stop().await;
}

#[tokio::test]
async fn a_change_is_seen_by_the_next_request_on_the_same_connection() {
    let served = Served::start(Settings::default()).await;
    let mut stream = served.connect().await;
    for text in ["one", "two", "two", "six"] {
        served.put("rss.xml", text);
        for _ in 0..2 {
            stream.write_all(b"GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
            assert_eq!(response(&mut stream, 3).await.1, text.as_bytes());
        }
    }
    served.stop().await;
}

#[tokio::test]
async fn stopping_ends_who_rests_at_once() {
    let served = Served::start(Settings::default()).await;
    served.put("rss.xml", "a feed");
    let mut stream = served.connect().await;
    stream.write_all(b"GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    response(&mut stream, 6).await;
    noted().await;
    let started = Instant::now();
    served.stop().await;
    assert_eq!(drain(&mut stream).await, b"");
    assert!(started.elapsed() < Duration::from_millis(400), "{:?}", started.elapsed());
}

/// What the servers of these tests show.
fn shelved() -> Vec<Change> {
    let long = "<item>俄罗斯装甲部队</item>\n".repeat(100);
    let put = |path: &str, document| Change::Put(path.to_owned(), document);
    let dated = Document { last_modified: Some(UNIX_EPOCH + Duration::from_secs(1_645_779_286)), ..document(&long) };
    let html = "text/html; charset=utf-8";
    vec![
        put("rss.xml", Document { page: Some("".into()), ..dated.clone() }),
        put("atom.xml", document("short")),
        put("categories/社交/feed.json", Document { media_type: "application/feed+json", ..dated }),
        put("", Document { media_type: html, lifetime: Lifetime::OnDemand, ..document("<p>page") }),
        put("search/", Document { media_type: html, lifetime: Lifetime::OnDemand, ..document("<p>search") }),
        put(
            "late.xml",
            Document { last_modified: Some(SystemTime::now() + Duration::from_hours(1)), ..document("late") },
        ),
        put("status", document("for the administrator")),
    ]
}

/// A server on whose connections so many requests are answered. If that is one, it is the last, which is left to hyper.
async fn open(requests: u32, settings: &Settings) -> Served {
    let mut served = Served::start(Settings { requests, ..settings.clone() }).await;
    served.shelf.update(shelved());
    served.answering(Answer::Absent);
    // From now on compressed forms are there at once.
    for line in LINES {
        for coding in ["gzip", "br"] {
            served.request(line, &format!("Accept-Encoding: {coding}, identity;q=0\r\n")).await;
        }
    }
    served
}

#[tokio::test]
async fn a_compression_goes_on_when_who_asked_for_it_leaves() {
    let served = Served::start(Settings::default()).await;
    let long = document(&"<item>俄罗斯装甲部队</item>\n".repeat(10_000));
    let hash = long.hash;
    served.shelf.update([Change::Put("rss.xml".to_owned(), long)]);
    let mut stream = served.connect().await;
    stream.write_all(b"GET /rss.xml HTTP/1.1\r\nHost: h\r\nAccept-Encoding: br\r\n\r\n").await.unwrap();
    drop(stream);
    let end = Instant::now() + Duration::from_secs(20);
    while served.shelf.content(hash, Coding::Brotli).is_none() {
        assert!(Instant::now() < end, "what was compressed is not kept");
        noted().await;
    }
    served.stop().await;
}

/// The answers to these bytes, without dates, and without what only a last answer says.
async fn answers(served: &Served, parts: &[&[u8]]) -> String {
    let mut stream = served.connect().await;
    for part in parts {
        // The server may have left.
        let _ = stream.write_all(part).await;
        if parts.len() > 1 {
            noted().await;
        }
    }
    let _ = stream.shutdown().await;
    let whole = String::from_utf8_lossy(&drain(&mut stream).await).into_owned();
    let is_alike = |line: &&str| !line.starts_with("Date: ") && !line.eq_ignore_ascii_case("connection: close\r\n");
    whole.split_inclusive("\r\n").filter(is_alike).collect()
}

const LINES: [&str; 5] =
    ["GET /rss.xml", "HEAD /rss.xml", "GET /atom.xml", "GET /categories/%E7%A4%BE%E4%BA%A4/feed.json", "GET /"];

const FIELDS: [&str; 16] = [
    "",
    "Accept-Encoding: gzip\r\n",
    "Accept-Encoding: gzip\r\naccept-encoding: br;q=0.5, br\r\n",
    "Accept-Encoding: identity;q=0, *;q=0.1\r\n",
    "If-None-Match: *\r\n",
    "If-None-Match: \"a\", W/\"b\"\r\n",
    "If-Match: \"a\"\r\n",
    "If-Modified-Since: Fri, 25 Feb 2022 08:54:46 GMT\r\n",
    "If-Modified-Since:   Fri, 25 Feb 2022 08:54:45 GMT  \r\n",
    "If-Modified-Since: Fri, 25 Feb 2022 08:54:46 GMT\r\nIf-Modified-Since: never\r\n",
    "If-Unmodified-Since: Thu, 24 Feb 2022 08:54:46 GMT\r\n",
    "Sec-Fetch-Dest: document\r\n",
    "sec-fetch-dest: empty\r\nSec-Fetch-Dest: document\r\n",
    "Connection: Keep-Alive\r\n",
    "Range: bytes=0-1\r\n",
    "X: \u{e9}\r\n",
];

/// Request lines with fields, which are unusual in some way.
const UNUSUAL: [(&str, &str); 36] = [
    ("GET /rss.xml?raw", "Sec-Fetch-Dest: document\r\n"),
    ("GET /rss.xml?a=b&c", ""),
    ("GET /search/", ""),
    ("GET /search/?q=a", ""),
    ("GET /late.xml", ""),
    ("GET /none", ""),
    ("GET /RSS.xml", ""),
    ("GET //rss.xml", ""),
    ("GET /./rss.xml", ""),
    ("GET /%72ss.xml", ""),
    ("GET /categories/社交/feed.json", ""),
    ("GET /rss.xml#a", ""),
    ("GET /rss.xml\"", ""),
    ("GET /a|b", ""),
    ("GET /[a]{b}^`", ""),
    ("GET /a\\b", ""),
    ("GET /%zz%", ""),
    ("GET http://h/rss.xml", ""),
    ("GET http://other/rss.xml", ""),
    ("GET rss.xml", ""),
    ("GET *", ""),
    ("OPTIONS *", ""),
    ("OPTIONS /rss.xml", ""),
    ("POST /rss.xml", ""),
    ("get /rss.xml", ""),
    ("GET /status", ""),
    ("GET /status", "Host: h\r\n"),
    ("GET /rss.xml", "Host: h\r\n"),
    ("GET /rss.xml", "Expect: nothing\r\n"),
    ("GET /rss.xml", "Expect: 100-continue\r\n"),
    ("GET /rss.xml", "Upgrade: h2c\r\nConnection: Upgrade\r\n"),
    ("GET /rss.xml", "Content-Length: 0\r\n"),
    ("GET /rss.xml", "A: b\r\n c\r\n"),
    ("GET /rss.xml", "A : b\r\n"),
    ("GET /rss.xml", ": b\r\n"),
    ("GET /rss.xml", "A: \u{7f}\r\n"),
];

/// Whole requests, which are unusual in some way.
const STRANGE: [&str; 16] = [
    "GET /status HTTP/1.1\r\nHost: localhost:80\r\n\r\n",
    "GET /status HTTP/1.1\r\nHost: localhost\r\nVia: x\r\n\r\n",
    "GET /rss.xml HTTP/1.1\r\n\r\n",
    "GET /rss.xml HTTP/1.1\r\nHost:\r\n\r\n",
    "GET /rss.xml HTTP/1.1\r\nHost: a b\r\n\r\n",
    "GET /rss.xml HTTP/1.1\r\nHost: a@b\r\n\r\n",
    "GET /rss.xml HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
    "GET /rss.xml HTTP/1.0\r\n\r\n",
    "GET /rss.xml HTTP/1.1\nHost: h\n\n",
    "\r\n\r\nGET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n",
    " GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET  /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /rss.xml\r\n\r\n",
    "GET /rss.xml HTTP/1.1\r\nHost: h\r\n",
    "nonsense\r\n\r\n",
    "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}",
];

/// All that clients may send at a time.
fn requests() -> Vec<String> {
    let head = |line: &str, fields: &str| format!("{line} HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
    let usual = LINES.iter().flat_map(|line| FIELDS.map(|fields| head(line, fields)));
    let unusual = UNUSUAL.iter().map(|(line, fields)| head(line, fields));
    let many = [31, 32, 64, 200].map(|count| head("GET /rss.xml", &"X-Y: z\r\n".repeat(count)));
    let long = [16_000, 17_000].map(|length| head("GET /rss.xml", &format!("X: {}\r\n", "x".repeat(length))));
    let target = head(&format!("GET /{}", "x".repeat(3000)), "");
    usual.chain(unusual).chain(many).chain(long).chain([target]).chain(STRANGE.map(str::to_owned)).collect()
}

#[tokio::test]
async fn what_is_answered_without_hyper_is_what_hyper_answers() {
    let requests = requests();
    for settings in [
        Settings::default(),
        Settings { prefix: "feeds".to_owned(), admin: Admin::Apart, max_age: 7, ..Settings::default() },
    ] {
        let (ours, hypers) = (open(1000, &settings).await, open(1, &settings).await);
        for request in &requests {
            let expected = answers(&hypers, &[request.as_bytes()]).await;
            assert_eq!(answers(&ours, &[request.as_bytes()]).await, expected, "{request:?}");
        }
        ours.stop().await;
        hypers.stop().await;
    }
}

#[tokio::test]
async fn a_client_is_counted_once() {
    let limit = Some(Limit { requests: 2, per: Duration::from_hours(1) });
    let served = Served::start(Settings { limit, ..Settings::default() }).await;
    served.put("rss.xml", "a feed");
    let get = "GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n";
    let same = "GET /rss.xml HTTP/1.1\r\nHost: h\r\nIf-None-Match: *\r\n\r\n";
    let head = "HEAD /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n";
    let answers = answers(&served, &[[get, same, head, same, get, same, get, get, same].concat().as_bytes()]).await;
    let statuses: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect();
    assert_eq!(statuses, ["200", "304", "200", "304", "200", "304", "429", "429", "304"]);
    served.stop().await;
}

#[tokio::test]
async fn requests_may_be_cut_anywhere_and_follow_each_other() {
    let served = open(1000, &Settings::default()).await;
    let requests = [
        "GET /rss.xml HTTP/1.1\r\nHost: h\r\nAccept-Encoding: identity\r\n\r\n",
        "GET /none HTTP/1.1\r\nHost: h\r\n\r\n",
        "HEAD /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nExpect: nothing\r\n\r\n",
        "\r\nGET /atom.xml HTTP/1.1\r\nHost: h\r\nIf-None-Match: *\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /atom.xml HTTP/1.1\r\nHost: h\r\n\r\n",
    ];
    let mut expected = String::new();
    for request in requests {
        expected += &answers(&served, &[request.as_bytes()]).await;
    }
    assert_eq!(expected.matches("HTTP/1.1 ").count(), requests.len(), "{expected}");
    let whole = requests.concat();
    for at in 0..whole.len() {
        let (one, other) = whole.as_bytes().split_at(at);
        assert_eq!(answers(&served, &[one, other]).await, expected, "cut at {at}");
    }
    let each: Vec<&[u8]> = whole.as_bytes().chunks(1).collect();
    assert_eq!(answers(&served, &each).await, expected);
    served.stop().await;
}

#[tokio::test]
async fn a_slow_taker_gets_all_and_keeps_its_turn() {
    let served = Served::with_cache(Settings { requests: 10_000, ..Settings::default() }, 64 << 20).await;
    let length = 8 << 20;
    served.put("rss.xml", &"x".repeat(length));
    served.put("atom.xml", "short");
    let mut stream = served.connect().await;
    let rss = "GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n";
    // Far more requests than are answered at a time, behind one whose answer no buffer holds.
    let atom = "GET /atom.xml HTTP/1.1\r\nHost: h\r\n\r\n".repeat(300);
    stream.write_all([rss, &atom, rss].concat().as_bytes()).await.unwrap();
    // Others are served meanwhile.
    assert_eq!(served.request("GET /atom.xml", "").await.1, b"short");
    let _ = stream.shutdown().await;
    let whole = drain(&mut stream).await;
    let text = std::str::from_utf8(&whole).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), 302);
    assert_eq!(text.matches("\r\n\r\nshort").count(), 300);
    assert_eq!(text.matches('x').count() / length, 2);
    served.stop().await;
}

#[tokio::test]
async fn a_document_in_any_number_of_pieces_is_sent_whole() {
    let served = Served::start(Settings::default()).await;
    for count in [2, SLICES - 1, SLICES, 5 * SLICES] {
        let pieces: Vec<_> = (0..count).map(|number| Bytes::from(format!("<{number}>"))).collect();
        let text = String::from_utf8(pieces.concat()).unwrap();
        let bytes = Rope::new(pieces.into_iter().map(Into::into).collect());
        let made = Document { hash: bytes.digest(), length: text.len() as u64, bytes: Some(bytes), ..document("") };
        served.shelf.update([Change::Put("rss.xml".into(), made)]);
        let get = "GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n";
        let last = "HEAD /rss.xml HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        let answers = String::from_utf8(served.exchange([get, get, last].concat()).await).unwrap();
        assert_eq!(answers.matches(&format!("\r\n\r\n{text}HTTP/1.1 200 OK\r\n")).count(), 2, "{count} pieces");
        assert!(answers.ends_with("\r\n\r\n"), "{count} pieces");
    }
    served.stop().await;
}

#[tokio::test]
async fn what_is_sent_often_is_sent_whole_from_a_file_too() {
    let settings = Settings { files: Some(Files(Arc::new(tempfile::tempfile))), ..Settings::default() };
    let served = Served::with_cache(settings, 64 << 20).await;
    let text = (0..100_000_u32).flat_map(u32::to_be_bytes).map(|byte| char::from(byte % 64 + 32)).collect::<String>();
    let hash = document(&text).hash;
    let file = || served.shelf.content(hash, Coding::Identity)?.form()?.file;
    served.put("rss.xml", &text);
    let get = "GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n";
    let mut stream = served.connect().await;
    for times in 0..10 {
        stream.write_all(get.as_bytes()).await.unwrap();
        let (head, body) = response(&mut stream, text.len()).await;
        assert!(body == text.as_bytes(), "{times}: {} bytes", body.len());
        // More than any buffer holds, so that some are sent in parts.
        stream.write_all(get.repeat(20).as_bytes()).await.unwrap();
        let mut whole = vec![0; 20 * (head.len() + 2 + text.len())];
        timeout(Duration::from_secs(20), stream.read_exact(&mut whole)).await.unwrap().unwrap();
        for answer in whole.chunks(whole.len() / 20) {
            let (head, body) = split(answer);
            assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", text.len())), "{head}");
            assert!(body == text.as_bytes(), "{times}");
        }
        assert_eq!(file().is_some(), times >= 3, "{times}");
    }
    // What it is filed in stays, though others change and all is counted anew.
    let filed = file().unwrap();
    served.put("atom.xml", "another");
    for _ in 0..70 {
        stream.write_all(get.as_bytes()).await.unwrap();
        response(&mut stream, text.len()).await;
    }
    assert!(Arc::ptr_eq(&filed, &file().unwrap()));
    stream.write_all(get.replace("GET", "HEAD").as_bytes()).await.unwrap();
    assert_eq!(response(&mut stream, 0).await.1, b"");
    // A change is seen at once.
    served.put("rss.xml", "another");
    stream.write_all(get.as_bytes()).await.unwrap();
    assert_eq!(response(&mut stream, 7).await.1, b"another");
    served.stop().await;
}
