//! What a client sees on one connection of a real server.

use tokio::{io::AsyncWriteExt as _, time::Instant};

use super::*;
use crate::serve::{
    Settings,
    tests::{Served, drain, impatient, response, split},
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

/// Until long after a connection without work has gone cold. The clock stands still otherwise.
async fn cool_down() {
    sleep(20 * WARM).await;
}

#[tokio::test]
async fn a_connection_that_went_cold_goes_on_where_it_was() {
    let served = Served::start(Settings { requests: 5, ..Settings::default() }).await;
    served.put("rss.xml", "a feed");
    let mut stream = served.connect().await;
    let request = b"GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n";
    let (half, rest) = request.split_at(20);

    cool_down().await;
    stream.write_all(request).await.unwrap();
    assert_eq!(response(&mut stream, 6).await.1, b"a feed");
    // A head that comes in three parts, with time to go cold between them.
    for part in [&half[..5], &half[5..], rest] {
        cool_down().await;
        stream.write_all(part).await.unwrap();
    }
    assert_eq!(response(&mut stream, 6).await.1, b"a feed");
    // One request and the beginning of the next.
    stream.write_all(&[request, half].concat()).await.unwrap();
    assert_eq!(response(&mut stream, 6).await.1, b"a feed");
    cool_down().await;
    stream.write_all(&[rest, request, request].concat()).await.unwrap();
    // The fifth is the last, however often it went cold; the sixth is not answered.
    let last = String::from_utf8(drain(&mut stream).await).unwrap().to_ascii_lowercase();
    assert_eq!(last.matches("http/1.1 200 ok").count(), 2, "{last}");
    assert_eq!(last.matches("connection: close").count(), 1, "{last}");
    served.stop().await;
}

#[tokio::test(start_paused = true)]
async fn ten_seconds_are_ten_seconds_also_for_who_went_cold() {
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
async fn stopping_ends_who_is_cold_at_once() {
    let served = Served::start(Settings::default()).await;
    served.put("rss.xml", "a feed");
    let mut stream = served.connect().await;
    stream.write_all(b"GET /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    response(&mut stream, 6).await;
    cool_down().await;
    let started = Instant::now();
    served.stop().await;
    assert_eq!(drain(&mut stream).await, b"");
    assert!(started.elapsed() < Duration::from_millis(400), "{:?}", started.elapsed());
}
