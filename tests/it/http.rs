//! HTTP by the letter of RFC 9110 and 9111, over real sockets. What is expected is worked out here from the RFCs'
//! rules, never from our own code.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::SystemTime,
};

use crate::site::{DEADLINE, Response, Site, post};

const DATE: &str = "2022-02-25 08:54:46";
const FEED: &str = "categories/rust/rss.xml";

fn site() -> Site {
    Site::new()
        .post("a.md", &post("A", "[rust]", DATE))
        .post("b.md", &post("B", "[rust]", "2022-02-26 08:54:46"))
        .start()
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response.headers.get(name).map(String::as_str)
}

fn time(text: &str) -> SystemTime {
    httpdate::parse_http_date(text).unwrap()
}

/// The bytes behind a content coding.
fn decoded(response: &Response) -> Vec<u8> {
    let mut plain = Vec::new();
    match header(response, "content-encoding") {
        None => plain.clone_from(&response.body),
        Some("gzip") => drop(flate2::read::GzDecoder::new(&response.body[..]).read_to_end(&mut plain).unwrap()),
        Some("br") => drop(brotli::Decompressor::new(&response.body[..], 4096).read_to_end(&mut plain).unwrap()),
        Some(other) => panic!("an unknown coding {other}"),
    }
    plain
}

/// RFC 9110 §13.2.2, steps 3 and 4: whether a condition on a representation with this tag and time is false, which for
/// GET and HEAD means 304.
fn is_not_modified(none_match: Option<&str>, modified_since: Option<&str>, tag: &str, modified: &str) -> bool {
    match (none_match, modified_since) {
        // §13.1.2: weak comparison, so that `W/` does not count (§8.8.3.2); `*` is any representation.
        (Some("*"), _) => true,
        (Some(list), _) => list.split(", ").any(|one| one.trim_start_matches("W/") == tag),
        // §13.1.3: what is no date is ignored.
        (None, Some(date)) => httpdate::parse_http_date(date).is_ok_and(|date| time(modified) <= date),
        (None, None) => false,
    }
}

#[test]
fn sixty_conditional_requests_get_the_right_answers() {
    let site = site();
    // An older version, so that old tags and times are real ones.
    let old: Vec<Response> =
        ["identity", "gzip", "br"].map(|coding| site.request("GET", FEED, &[("Accept-Encoding", coding)])).to_vec();
    site.write("c.md", &post("C", "[rust]", "2022-02-27 08:54:46"));
    site.shows("categories/rust/", &["C", "B", "A"]);

    let mut wrong = Vec::new();
    let mut cells = 0;
    let whole = site.get(FEED).body;
    for (coding, old) in ["identity", "gzip", "br"].into_iter().zip(&old) {
        let accept = ("Accept-Encoding", coding);
        let current = site.request("GET", FEED, &[accept]);
        let (tag, modified) = (header(&current, "etag").unwrap(), header(&current, "last-modified").unwrap());
        let (old_tag, old_modified) = (header(old, "etag").unwrap(), header(old, "last-modified").unwrap());
        assert!(old_tag != tag && time(old_modified) < time(modified), "a change has another tag and a later time");
        let (list, weak) = (format!("\"x\", {tag}, \"y, z\""), format!("W/{tag}"));
        for (name, none_match, modified_since) in [
            ("no condition", None, None),
            ("ETag", Some(tag), None),
            ("list", Some(&*list), None),
            ("weak", Some(&*weak), None),
            ("*", Some("*"), None),
            ("old ETag", Some(old_tag), None),
            ("IMS equal", None, Some(modified)),
            ("IMS older", None, Some(old_modified)),
            ("IMS junk", None, Some("yesterday, I think")),
            // The tag decides, whatever the date says.
            ("both", Some(old_tag), Some(modified)),
        ] {
            let mut headers = vec![accept];
            headers.extend(none_match.map(|value| ("If-None-Match", value)));
            headers.extend(modified_since.map(|value| ("If-Modified-Since", value)));
            let get = site.request("GET", FEED, &headers);
            let head = site.request("HEAD", FEED, &headers);
            let unchanged = is_not_modified(none_match, modified_since, tag, modified);
            for (method, response) in [("GET", &get), ("HEAD", &head)] {
                cells += 1;
                let faults = faults(method, response, &current, &get, unchanged, coding, &whole);
                if !faults.is_empty() {
                    wrong.push(format!("{method} {coding}, {name}: {}", faults.join(", ")));
                }
            }
        }
    }
    println!("{} of {cells} conditional requests got the right answer", cells - wrong.len());
    assert_eq!(cells, 60);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is wrong with a response by RFC 9110: §15.4.5 for 304, §9.3.2 for HEAD, §8.4 and §12.5.3 for codings.
fn faults(
    method: &str,
    response: &Response,
    current: &Response,
    get: &Response,
    unchanged: bool,
    coding: &str,
    whole: &[u8],
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expect = |what: &str, holds: bool| {
        if !holds {
            faults.push(format!("{what}: {:?}", (response.status, &response.headers)));
        }
    };
    expect("the status", response.status == if unchanged { 304 } else { 200 });
    for name in ["etag", "last-modified", "cache-control", "vary", "access-control-allow-origin"] {
        expect(name, header(response, name).is_some() && header(response, name) == header(current, name));
    }
    expect("a date", header(response, "date").is_some_and(|date| httpdate::parse_http_date(date).is_ok()));
    expect("exposed", header(response, "access-control-expose-headers").is_some_and(|names| names.contains("ETag")));
    if unchanged {
        for name in [
            "x-content-type-options",
            "content-security-policy",
            "content-type",
            "content-length",
            "content-encoding",
            "transfer-encoding",
            "link",
        ] {
            expect(name, header(response, name).is_none());
        }
        expect("no body", response.body.is_empty());
    } else {
        expect("nosniff", header(response, "x-content-type-options") == Some("nosniff"));
        let length = get.body.len().to_string();
        expect("the coding", header(response, "content-encoding") == Some(coding).filter(|one| *one != "identity"));
        expect("the length", header(response, "content-length") == Some(&*length));
        expect("the type", header(response, "content-type") == Some("application/rss+xml; charset=utf-8"));
        expect("the links", header(response, "link").is_some_and(|links| links.contains("rel=\"self\"")));
        expect("the body", if method == "HEAD" { response.body.is_empty() } else { decoded(response) == whole });
    }
    let names = |response: &Response| response.headers.keys().cloned().collect::<Vec<_>>();
    expect("the headers of GET", names(response) == names(get));
    faults
}

#[test]
fn times_rise_with_every_change_and_are_never_ahead() {
    let site = site();
    let mut last = time(header(&site.get("rss.xml"), "last-modified").unwrap());
    let mut tags = Vec::new();
    for number in 0..5 {
        let before = site.get("rss.xml");
        tags.push(header(&before, "etag").unwrap().to_owned());
        site.write("new.md", &post(&format!("New {number}"), "[rust]", DATE));
        site.until("another version", || header(&site.get("rss.xml"), "etag") != header(&before, "etag"));
        // Of changes within a second each has a later time, which is not shown before it comes: never that of the one before.
        site.until("its time", || {
            let response = site.get("rss.xml");
            let date = time(header(&response, "date").unwrap());
            let modified = header(&response, "last-modified").map(time);
            assert!(modified.is_none_or(|modified| last < modified && modified <= date), "{last:?}, {response:?}");
            modified.is_some()
        });
        last = time(header(&site.get("rss.xml"), "last-modified").unwrap());
    }
    tags.sort_unstable();
    tags.dedup();
    assert_eq!(tags.len(), 5);
}

#[test]
fn a_post_dated_ahead_does_not_date_its_feed_ahead() {
    let site = Site::new()
        .configured("defaults: {preset: crawler}\n")
        .post("a.md", &post("A", "[rust]", "2093-02-25 08:54:46"))
        .start();
    let first = site.get("rss.xml");
    let modified = header(&first, "last-modified").unwrap();
    assert!(time(modified) <= time(header(&first, "date").unwrap()), "{first:?}");
    // It is the time of this version, not of each response.
    site.until("a second later", || header(&site.get("rss.xml"), "date") != header(&first, "date"));
    assert_eq!(header(&site.get("rss.xml"), "last-modified"), Some(modified));
    assert_eq!(site.request("GET", "rss.xml", &[("If-Modified-Since", modified)]).status, 304);
}

#[test]
fn what_is_asked_for_often_is_sent_from_a_file_in_the_state_folder() {
    let long = format!("{}\n{}\n", post("A", "[a]", DATE), "word ".repeat(10_000));
    let site = Site::new().post("a.md", &long).start();
    let nameless = || {
        let open = std::fs::read_dir(format!("/proc/{}/fd", site.process())).unwrap();
        let files = open.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok());
        files
            .filter(|file| file.starts_with(site.path("state")) && file.to_string_lossy().ends_with("(deleted)"))
            .count()
    };
    assert_eq!(nameless(), 0);
    let first = site.get("rss.xml");
    // Two threads serve, and each counts for itself.
    for _ in 0..200 {
        assert!(site.get("rss.xml").body == first.body);
    }
    assert_eq!(nameless(), 1);
    // It goes with the document.
    site.write("b.md", &post("B", "[a]", DATE));
    site.until("the other post", || site.titles("").is_some_and(|titles| titles.len() == 2));
    assert_eq!(nameless(), 0);
}

#[test]
fn feeds_and_pages_link_to_each_other() {
    let site = Site::new()
        .configured("base_url: https://feeds.example.org/blog/\n")
        .post("a.md", &post("A", "[知 乎]", DATE))
        .start();
    let path = "categories/%E7%9F%A5%20%E4%B9%8E/";
    let link = |address: &str, relation: &str, kind: &str| format!("<{address}>; rel=\"{relation}\"; type=\"{kind}\"");
    let formats = [
        ("rss.xml", "application/rss+xml"),
        ("atom.xml", "application/atom+xml"),
        ("feed.json", "application/feed+json"),
    ];
    for own in formats {
        // The others, and the page, from where it lies.
        let others = formats.into_iter().filter(|other| *other != own).chain([("./", "text/html")]);
        let own_link = link(&format!("https://feeds.example.org/blog/{path}{}", own.0), "self", own.1);
        let links = [own_link].into_iter().chain(others.map(|(name, kind)| link(name, "alternate", kind)));
        let expected = links.collect::<Vec<_>>().join(", ");
        for prefix in ["", "blog/"] {
            let response = site.get(&format!("{prefix}{path}{}", own.0));
            assert_eq!(header(&response, "link"), Some(&*expected), "{prefix}{}", own.0);
        }
    }
    let expected = formats.map(|(name, kind)| link(name, "alternate", kind)).join(", ");
    for page in [path, ""] {
        assert_eq!(header(&site.get(page), "link"), Some(&*expected), "{page}");
    }
    assert_eq!(header(&site.get("opml.xml"), "link"), None);
    assert_eq!(header(&site.get("nothing"), "link"), None);
}

/// Sends bytes as they are, and reads until the server closes.
fn exchange(site: &Site, bytes: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", site.port())).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(bytes.as_bytes());
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response);
    String::from_utf8_lossy(&response).into_owned()
}

fn statuses(text: &str) -> Vec<&str> {
    text.split("HTTP/1.1 ").skip(1).filter_map(|rest| rest.get(..3)).collect()
}

#[test]
fn unusual_requests_are_understood() {
    let site = site();
    let last = "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let check = |request: &str, expected: &[&str]| {
        let response = exchange(&site, &format!("{request}{last}"));
        assert_eq!(statuses(&response), expected, "{request}: {response}");
        response.to_ascii_lowercase()
    };
    // RFC 9112 §3.2.2: the host of an absolute target outweighs the header.
    check("GET http://e.org/rss.xml HTTP/1.1\r\nHost: h\r\n\r\n", &["200", "200"]);
    let options = check("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", &["204", "200"]);
    assert!(options.contains("allow: get, head, options\r\n"), "{options}");
    assert!(!options.split("\r\n\r\n").next().unwrap().contains("content-length"), "{options}");
    let preflight = "OPTIONS /rss.xml HTTP/1.1\r\nHost: h\r\nOrigin: https://reader.example\r\n\
                     Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: if-none-match\r\n\r\n";
    let preflight = check(preflight, &["204", "200"]);
    for line in ["access-control-allow-origin: *", "access-control-allow-headers: *", "access-control-max-age: 86400"] {
        assert!(preflight.contains(line), "{line} in {preflight}");
    }
    check("FETCH /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n", &["501", "200"]);
    check("DELETE /rss.xml HTTP/1.1\r\nHost: h\r\n\r\n", &["405", "200"]);
    check("GET * HTTP/1.1\r\nHost: h\r\n\r\n", &["400", "200"]);
    // Whatever comes with a request is not read as another one, and what is to come need not be sent.
    let smuggled = "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n";
    let with_body = format!("GET /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{smuggled}", smuggled.len());
    let answers = exchange(&site, &format!("{with_body}{last}"));
    assert!(statuses(&answers).starts_with(&["200"]) && !answers.contains("404"), "{answers}");
    let expecting = "GET /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\
                     Connection: close\r\n\r\n";
    assert_eq!(statuses(&exchange(&site, expecting)), ["200"]);

    // HTTP/1.0: no Host, and the connection ends with the response.
    let old = exchange(&site, "GET /rss.xml HTTP/1.0\r\n\r\n");
    assert!(old.starts_with("HTTP/1.0 200 OK\r\n") && old.ends_with("</rss>"), "{old}");
    assert!(!old.contains("transfer-encoding"), "{old}");
    assert_eq!(site.request("GET", "rss.xml", &[("Range", "bytes=0-9")]).status, 200);
}

#[test]
fn who_polls_blindly_is_told_to_wait() {
    let mut site = Site::new()
        .configured("poll_limit: {requests: 2, per: 1 h}\ntrusted_proxies: [127.0.0.1]\n")
        .post("a.md", &post("A", "[rust]", DATE))
        .start();
    let from = |address: &str, headers: &[(&str, &str)]| {
        let mut headers = headers.to_vec();
        headers.push(("X-Forwarded-For", address));
        site.request("GET", "rss.xml", &headers)
    };
    let tag = header(&from("192.0.2.1", &[]), "etag").unwrap().to_owned();
    assert_eq!(from("192.0.2.1", &[]).status, 200);
    let refused = from("192.0.2.1", &[]);
    assert_eq!(refused.status, 429);
    let wait: u64 = header(&refused, "retry-after").unwrap().parse().unwrap();
    assert!((3500..=3600).contains(&wait), "{wait}");
    assert_eq!(header(&refused, "access-control-allow-origin"), Some("*"));
    assert!(header(&refused, "access-control-expose-headers").unwrap().contains("Retry-After"));
    assert_eq!(header(&refused, "cache-control"), Some("no-store"));
    // With a condition it may ask, whether that is met or not; so may others, and for pages.
    for headers in [[("If-None-Match", &*tag)], [("If-None-Match", "\"old\"")]] {
        assert!([200, 304].contains(&from("192.0.2.1", &headers).status));
    }
    assert_eq!(from("192.0.2.2", &[]).status, 200);
    assert_eq!(site.request("GET", "", &[("X-Forwarded-For", "192.0.2.1")]).status, 200);
    // An IPv6 client is its network.
    assert_eq!(["2001:db8::1", "2001:db8::2", "2001:db8::3"].map(|address| from(address, &[]).status), [200, 200, 429]);
    // What the client says of itself does not count, only what the proxy adds.
    assert_eq!(from("203.0.113.9, 192.0.2.1", &[]).status, 429);

    // A reload changes the limit, and who is believed.
    site.configure("poll_limit: {requests: 1, per: 1 h}\n");
    site.signal("HUP");
    site.until("the new limit", || {
        let forged = |number: u32| site.request("GET", "rss.xml", &[("X-Forwarded-For", &format!("192.0.2.{number}"))]);
        forged(8).status == 429 && forged(9).status == 429
    });
    site.configure("");
    site.signal("HUP");
    site.until("no limit", || site.get("rss.xml").status == 200);
    site.stop();
}

#[test]
fn the_status_is_for_who_sits_at_the_machine() {
    let site = site();
    for path in ["status.json", "metrics"] {
        assert_eq!(site.get(path).status, 200, "{path}");
        for trace in ["X-Forwarded-For", "X-Real-IP", "Via", "Forwarded"] {
            assert_eq!(site.request("GET", path, &[(trace, "127.0.0.1")]).status, 404, "{path} {trace}");
        }
    }
    for path in ["healthz", "readyz"] {
        assert_eq!(site.request("GET", path, &[("Via", "1.1 proxy")]).status, 200, "{path}");
    }
    let foreign = exchange(&site, "GET /status.json HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert_eq!(statuses(&foreign), ["404"]);

    site.configure("admin: public\n");
    site.signal("HUP");
    site.until("everybody sees it", || site.request("GET", "status.json", &[("Via", "1.1 proxy")]).status == 200);
}

#[test]
fn the_status_can_have_a_listener_of_its_own() {
    let site = Site::new().configured("admin: 127.0.0.1:0\n").post("a.md", &post("A", "[rust]", DATE)).start();
    assert_eq!(site.get("status.json").status, 404);
    let log = site.log();
    let (_, rest) = log.split_once("served at http://127.0.0.1:").expect("the address");
    let port: u16 = rest.split('/').next().unwrap().parse().unwrap();
    let get = |path: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut request = String::new();
        write!(request, "GET /{path} HTTP/1.1\r\nHost: a.example\r\nVia: 1.1 b\r\nConnection: close\r\n\r\n").unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    };
    assert!(get("status.json").contains("\"published\":1"), "{}", get("status.json"));
    assert_eq!(statuses(&get("healthz")), ["200"]);
    assert_eq!(statuses(&get("rss.xml")), ["404"]);
    assert_eq!(statuses(&get("")), ["404"]);
}
