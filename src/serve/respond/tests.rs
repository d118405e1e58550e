use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::{
    Request,
    header::{ACCEPT_ENCODING, X_CONTENT_TYPE_OPTIONS},
    http::request::Parts,
};
use proptest::prelude::*;

use super::*;
use crate::serve::reply::too_many;

const WHEN: &str = "Fri, 25 Feb 2022 08:54:46 GMT";

fn when() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_645_779_286)
}

fn feed() -> Document {
    Document {
        media_type: "application/rss+xml; charset=utf-8",
        hash: [1; 16],
        length: 10_000,
        last_modified: Some(when()),
        page: Some(Arc::from("categories/社交媒体/")),
        lifetime: Lifetime::Maintained,
        bytes: None,
    }
}

fn page() -> Document {
    Document {
        media_type: "text/html; charset=utf-8",
        last_modified: None,
        page: None,
        lifetime: Lifetime::OnDemand,
        ..feed()
    }
}

fn rules(prefix: &str) -> Rules {
    Rules::new(&Settings { prefix: prefix.to_owned(), ..Settings::default() })
}

/// A request line and headers, `GET /rss.xml`, with a Host of its own.
fn request(line: &str, headers: &[(&str, &str)]) -> Parts {
    let (method, target) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(target).header(HOST, "feeds.example.org");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

/// Somebody else's machine.
const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 9));

fn wanted(request: &Parts, rules: &Rules) -> ControlFlow<Reply, Vec<String>> {
    super::wanted(request, PEER, rules)
}

/// The reply a day after the feed changed, for what was found at the path that is asked for.
fn respond(request: &Parts, found: Option<Answer>, rules: &Rules) -> Reply {
    let path = request.uri.path().trim_start_matches('/').to_owned();
    let found = found.map(|answer| Found { path, answer, beside: Beside::Nothing });
    super::respond(request, found, when() + Duration::from_hours(24), rules)
}

fn show(document: Document, line: &str, headers: &[(&str, &str)]) -> Reply {
    respond(&request(line, headers), Some(Answer::Document(Arc::new(document))), &rules(""))
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers.get(name).map(|value| value.to_str().unwrap())
}

fn text(reply: &Reply) -> &str {
    match &reply.payload {
        Payload::Text(text) => std::str::from_utf8(text).unwrap(),
        Payload::Nothing | Payload::Form(..) => "",
    }
}

fn broken(flow: ControlFlow<Reply, Vec<String>>) -> Reply {
    match flow {
        ControlFlow::Break(reply) => reply,
        ControlFlow::Continue(paths) => panic!("looks for {paths:?}"),
    }
}

#[test]
fn every_spelling_leads_to_the_path() {
    let check = |target: &str, prefix: &str, expected: &[&str]| match wanted(
        &request(&format!("GET {target}"), &[]),
        &rules(prefix),
    ) {
        ControlFlow::Continue(paths) => assert_eq!(paths, expected, "{target} under {prefix:?}"),
        ControlFlow::Break(reply) => panic!("{target} under {prefix:?}: {reply:?}"),
    };
    check("/", "", &[""]);
    check("/rss.xml", "", &["rss.xml"]);
    check("/rss.xml?utm_source=x", "", &["rss.xml"]);
    check("http://feeds.example.org/rss.xml", "", &["rss.xml"]);
    check("/categories/社交媒体/", "", &["categories/社交媒体/"]);
    check("/categories/%E7%A4%BE%E4%BA%A4%E5%AA%92%E4%BD%93/", "", &["categories/社交媒体/"]);
    check("/categories/%e7%a4%be%e4%ba%a4%e5%aa%92%e4%bd%93/", "", &["categories/社交媒体/"]);
    check("/categories/cafe%CC%81/", "", &["categories/café/"]);
    // With a prefix, with and without it; a configured feed may share the prefix's name.
    check("/feeds/", "feeds", &["", "feeds/"]);
    check("/", "feeds", &[""]);
    check("/feeds/rss.xml", "feeds", &["rss.xml", "feeds/rss.xml"]);
    check("/rss.xml", "feeds", &["rss.xml"]);
    check("/feedsrss.xml", "feeds", &["feedsrss.xml"]);
    check("/blog/%E8%AE%A2%E9%98%85/rss.xml", "blog/订阅", &["rss.xml", "blog/订阅/rss.xml"]);
    check("/feeds/feeds/rss.xml", "feeds", &["feeds/rss.xml", "feeds/feeds/rss.xml"]);
}

#[test]
fn what_is_too_large_is_refused_and_what_fits_is_not() {
    let status = |path: usize, query: usize, fields: usize| {
        let names: Vec<String> = (1..fields).map(|number| format!("x-{number}")).collect();
        let headers: Vec<_> = names.iter().map(|name| (&**name, "y")).collect();
        let line = format!("GET /{}?{}", "p".repeat(path - 1), "q".repeat(query));
        match wanted(&request(&line, &headers), &rules("")) {
            ControlFlow::Continue(_) => None,
            ControlFlow::Break(reply) => Some(reply.status.as_u16()),
        }
    };
    assert_eq!(status(2048, 2048, 64), None);
    assert_eq!(status(2049, 0, 1), Some(414));
    assert_eq!(status(1, 2049, 1), Some(414));
    assert_eq!(status(1, 0, 65), Some(431));
    // Categories of seven levels, all of whose names are of twenty Chinese characters, fit.
    assert_eq!(status("categories/".len() + 7 * (20 * 9 + 1), 0, 1), None);
}

#[test]
fn wrong_addresses_are_corrected() {
    let check = |target: &str, prefix: &str, expected: &str| {
        let reply = broken(wanted(&request(&format!("GET {target}"), &[]), &rules(prefix)));
        assert_eq!(reply.status, StatusCode::MOVED_PERMANENTLY, "{target}");
        assert_eq!(header(&reply, "location"), Some(expected), "{target}");
        assert_eq!(header(&reply, "cache-control"), Some("max-age=300"));
    };
    check("/categories/%25E7%25A4%25BE/?a=b", "", "/categories/%E7%A4%BE/?a=b");
    check("/feeds/categories/%25E7%25A4%25BE/", "feeds", "/feeds/categories/%E7%A4%BE/");
    check("/categories/%25E7%25A4%25BE/", "feeds", "/feeds/categories/%E7%A4%BE/");
    check("/feeds", "feeds", "/feeds/");
}

#[test]
fn nothing_of_ours_looks_like_this() {
    for target in ["/../etc/passwd", "/a/%2e%2e/b", "//example.com/", "/a%2Fb", "/%00", "/%FF"] {
        let reply = broken(wanted(&request(&format!("GET {target}"), &[]), &rules("feeds")));
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{target}");
        assert_eq!(text(&reply), "nothing is here: see /feeds/ for the feeds, /feeds/opml-all.xml for all of them\n");
    }
}

#[test]
fn only_reading_is_allowed() {
    for (method, status) in [
        ("POST", 405),
        ("PUT", 405),
        ("DELETE", 405),
        ("PATCH", 405),
        ("TRACE", 405),
        // Not one of HTTP's own (RFC 9110 §9.1).
        ("PROPFIND", 501),
        ("get", 501),
    ] {
        let reply = broken(wanted(&request(&format!("{method} /rss.xml"), &[]), &rules("")));
        assert_eq!(reply.status.as_u16(), status, "{method}");
        assert_eq!(header(&reply, "allow"), Some("GET, HEAD, OPTIONS"));
        assert_eq!(header(&reply, "access-control-allow-origin"), Some("*"));
    }
    assert_eq!(broken(wanted(&request("CONNECT e.org:443", &[]), &rules(""))).status.as_u16(), 405);
    for target in ["*", "/rss.xml", "http://feeds.example.org"] {
        let reply = broken(wanted(&request(&format!("OPTIONS {target}"), &[]), &rules("")));
        assert_eq!(reply.status, StatusCode::NO_CONTENT);
        assert_eq!(header(&reply, "allow"), Some("GET, HEAD, OPTIONS"));
        assert_eq!(header(&reply, "access-control-allow-methods"), Some("GET, HEAD, OPTIONS"));
        assert_eq!(header(&reply, "access-control-allow-headers"), Some("*"));
        assert!(matches!(reply.payload, Payload::Nothing));
    }
}

#[test]
fn a_request_names_one_host_and_a_path() {
    let check = |line: &str, hosts: &[&str], version: Version, sound: bool| {
        let mut parts = request(line, &[]);
        parts.headers.remove(HOST);
        parts.version = version;
        for host in hosts {
            parts.headers.append(HOST, HeaderValue::from_str(host).unwrap());
        }
        match wanted(&parts, &rules("")) {
            ControlFlow::Continue(_) => assert!(sound, "{line} {hosts:?}"),
            ControlFlow::Break(reply) => {
                assert_eq!((reply.status, sound), (StatusCode::BAD_REQUEST, false), "{line} {hosts:?}");
            }
        }
    };
    let (old, new) = (Version::HTTP_10, Version::HTTP_11);
    check("GET /rss.xml", &[], new, false);
    check("GET /rss.xml", &[], old, true);
    check("GET /rss.xml", &["e.org", "e.org"], new, false);
    check("GET /rss.xml", &["e.org", "e.org"], old, false);
    for host in ["e.org", "e.org:8080", "[::1]:8080", "127.0.0.1", "xn--fiq228c.org", ""] {
        check("GET /rss.xml", &[host], new, true);
    }
    for host in ["e.org/a", "a@e.org", "http://e.org", "e.org, f.org", "e org", ":8080", "[::1", "e.org:a"] {
        check("GET /rss.xml", &[host], new, false);
        check("GET /rss.xml", &[host], old, false);
    }
    check("GET *", &["e.org"], new, false);
    check("GET e.org:80", &["e.org"], new, false);
    check("GET http://e.org/rss.xml", &["e.org"], new, true);
    check("GET http://e.org", &["other.org"], new, true);
}

#[test]
fn what_is_the_administrators_is_shown_to_the_administrator() {
    let everywhere =
        ["status", "status/", "status.json", "metrics", "rss.xml", "assets/style.css", "healthz", "readyz"];
    let shown = |admin: Admin, prefix: &str, peer: &str, trace: &[(&str, &str)]| -> Vec<&str> {
        let rules = Rules::new(&Settings { admin, prefix: prefix.to_owned(), ..Settings::default() });
        let shows = |path: &&&str| {
            let mut headers = vec![("host", "localhost:8080")];
            headers.extend(trace);
            let mut parts = request(&format!("GET /{path}"), &[]);
            parts.headers.clear();
            for (name, value) in headers {
                let name = HeaderName::try_from(name).unwrap();
                parts.headers.insert(name, HeaderValue::from_str(value).unwrap());
            }
            match super::wanted(&parts, peer.parse().unwrap(), &rules) {
                ControlFlow::Continue(paths) => {
                    assert!(paths.contains(&(**path).to_owned()), "{paths:?}");
                    true
                }
                ControlFlow::Break(reply) => {
                    assert_eq!(reply.status, StatusCode::NOT_FOUND);
                    false
                }
            }
        };
        everywhere.iter().filter(shows).copied().collect()
    };
    let readers = ["rss.xml", "assets/style.css", "healthz", "readyz"];
    assert_eq!(shown(Admin::Loopback, "", "127.0.0.1", &[]), everywhere);
    assert_eq!(shown(Admin::Loopback, "feeds", "::1", &[]), everywhere);
    assert_eq!(shown(Admin::Loopback, "", "203.0.113.9", &[]), readers);
    assert_eq!(shown(Admin::Loopback, "", "127.0.0.1", &[("x-forwarded-for", "127.0.0.1")]), readers);
    assert_eq!(shown(Admin::Public, "", "203.0.113.9", &[("via", "1.1 a")]), everywhere);
    assert_eq!(shown(Admin::Apart, "", "127.0.0.1", &[]), readers);
    let alone = ["status", "status/", "status.json", "metrics", "assets/style.css", "healthz", "readyz"];
    assert_eq!(shown(Admin::Alone, "", "203.0.113.9", &[]), alone);

    // Below a prefix they are as hidden as without it.
    let rules = Rules::new(&Settings { prefix: "feeds".to_owned(), ..Settings::default() });
    for target in ["/feeds/status.json", "/status.json", "/%73tatus.json", "/feeds/metrics?a"] {
        let reply = match super::wanted(&request(&format!("GET {target}"), &[]), PEER, &rules) {
            ControlFlow::Break(reply) => reply.status.as_u16(),
            ControlFlow::Continue(paths) => {
                assert!(paths.iter().all(|path| path.starts_with("feeds/")), "{paths:?}");
                404
            }
        };
        assert_eq!(reply, 404, "{target}");
    }
}

#[test]
fn a_feed_says_what_readers_need() {
    let reply = show(feed(), "GET /rss.xml", &[]);
    assert_eq!(reply.status, StatusCode::OK);
    for (name, expected) in [
        ("content-type", "application/rss+xml; charset=utf-8"),
        ("cache-control", "max-age=300"),
        ("last-modified", WHEN),
        ("vary", "Accept-Encoding, Sec-Fetch-Dest"),
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", "ETag, Link"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "script-src 'none'; object-src 'none'; frame-ancestors 'none'"),
    ] {
        assert_eq!(header(&reply, name), Some(expected), "{name}");
    }
    assert!(header(&reply, "link").unwrap().starts_with("</rss.xml>; rel=\"self\"; type=\"application/rss+xml\", "));
    assert!(header(&reply, "etag").unwrap().starts_with('"'));
    assert_eq!(header(&reply, "content-encoding"), None);
    assert!(matches!(reply.payload, Payload::Form(_, _, Coding::Identity)));
}

#[test]
fn a_page_varies_by_coding_alone_and_has_no_time() {
    let reply = show(page(), "GET /", &[("sec-fetch-dest", "document")]);
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(header(&reply, "vary"), Some("Accept-Encoding"));
    assert_eq!(header(&reply, "last-modified"), None);
}

#[test]
fn codings_have_their_own_tags_and_short_documents_have_none() {
    let tag = |accept: &str, length: u64, coding: Option<&str>| {
        let reply = show(Document { length, ..feed() }, "GET /rss.xml", &[(ACCEPT_ENCODING.as_str(), accept)]);
        assert_eq!(header(&reply, "content-encoding"), coding, "{accept} {length}");
        header(&reply, "etag").unwrap().to_owned()
    };
    let identity = tag("", 10_000, None);
    let gzip = tag("gzip", 10_000, Some("gzip"));
    let brotli = tag("gzip, br", 10_000, Some("br"));
    assert!(identity != gzip && gzip != brotli && brotli != identity);
    assert_eq!(tag("gzip;q=0", 10_000, None), identity);
    assert_eq!(tag("gzip, br", 511, None), identity);
    assert_eq!(tag("gzip", 512, Some("gzip")), gzip);
}

#[test]
fn what_a_client_has_is_not_sent_again() {
    let tag = |accept: &str| {
        let reply = show(feed(), "GET /rss.xml", &[("accept-encoding", accept)]);
        header(&reply, "etag").unwrap().to_owned()
    };
    let check = |line: &str, headers: &[(&str, &str)], expected: u16| {
        let reply = show(feed(), line, headers);
        assert_eq!(reply.status.as_u16(), expected, "{line} {headers:?}");
        reply
    };
    let gzip = tag("gzip");
    let reply = check("GET /rss.xml", &[("accept-encoding", "gzip"), ("if-none-match", &gzip)], 304);
    // RFC 9110 §15.4.5, and what a browser checks again; nothing that is about a body.
    let full = check("GET /rss.xml", &[("accept-encoding", "gzip")], 200);
    for name in full.headers.keys() {
        let of_the_body = [CONTENT_TYPE, CONTENT_ENCODING, LINK, X_CONTENT_TYPE_OPTIONS, CONTENT_SECURITY_POLICY];
        let about_the_body = of_the_body.contains(name);
        let expected = if about_the_body { None } else { full.headers.get(name) };
        assert_eq!(reply.headers.get(name), expected, "{name}");
    }
    assert!(matches!(reply.payload, Payload::Nothing));

    check("HEAD /rss.xml", &[("accept-encoding", "gzip"), ("if-none-match", &gzip)], 304);
    check("GET /rss.xml", &[("if-none-match", &gzip)], 200);
    check("GET /rss.xml", &[("if-none-match", &tag(""))], 304);
    check("GET /rss.xml", &[("if-none-match", "*")], 304);
    check("GET /rss.xml", &[("if-modified-since", WHEN)], 304);
    check("GET /rss.xml", &[("if-modified-since", "Sat, 26 Feb 2022 08:54:46 GMT")], 304);
    check("GET /rss.xml", &[("if-modified-since", "Thu, 24 Feb 2022 08:54:46 GMT")], 200);
    check("GET /rss.xml", &[("if-modified-since", WHEN), ("if-none-match", "\"old\"")], 200);
    check("GET /rss.xml", &[("if-match", "\"old\"")], 412);
    // Ranges are not served, so there is nothing that If-Range could decide.
    check("GET /rss.xml", &[("range", "bytes=0-9")], 200);
    check("GET /rss.xml", &[("range", "bytes=0-9"), ("if-range", &tag(""))], 200);
}

#[test]
fn a_browser_is_sent_to_the_page() {
    let check = |line: &str, dest: &str, prefix: &str, expected: Option<&str>| {
        let reply = respond(
            &request(line, &[("sec-fetch-dest", dest), ("if-none-match", "*")]),
            Some(Answer::Document(Arc::new(feed()))),
            &rules(prefix),
        );
        let expected = expected.map(|page| format!("{page}#subscribe"));
        assert_eq!(header(&reply, "location"), expected.as_deref(), "{line}");
        if expected.is_some() {
            assert_eq!(reply.status, StatusCode::SEE_OTHER);
            assert_eq!(header(&reply, "cache-control"), Some("no-store"));
            assert_eq!(header(&reply, "vary"), Some("Accept-Encoding, Sec-Fetch-Dest"));
        }
    };
    let page = "categories/%E7%A4%BE%E4%BA%A4%E5%AA%92%E4%BD%93/";
    check("GET /rss.xml", "document", "", Some(&format!("/{page}")));
    check("HEAD /rss.xml", "document", "", Some(&format!("/{page}")));
    check("GET /rss.xml", "document", "a b", Some(&format!("/a%20b/{page}")));
    check("GET /rss.xml?rawer", "document", "", Some(&format!("/{page}")));
    check("GET /rss.xml?raw", "document", "", None);
    check("GET /rss.xml?a=b&raw=1", "document", "", None);
    check("GET /rss.xml", "empty", "", None);
    check("GET /rss.xml", "iframe", "", None);
}

#[test]
fn what_is_not_a_document_has_its_own_status() {
    let check = |found: Option<Answer>, status: u16| {
        let reply = respond(&request("GET /a/rss.xml", &[]), found, &rules(""));
        assert_eq!(reply.status.as_u16(), status);
        assert_eq!(header(&reply, "access-control-allow-origin"), Some("*"));
        assert_eq!(header(&reply, "content-type"), Some("text/plain; charset=utf-8"));
        reply
    };
    assert_eq!(header(&check(Some(Answer::Absent), 404), "cache-control"), Some("no-store"));
    assert_eq!(header(&check(Some(Answer::Gone), 410), "cache-control"), Some("no-store"));
    assert_eq!(header(&check(None, 503), "retry-after"), Some("10"));
    let to = |to: &str| header(&check(Some(Answer::Moved(to.to_owned())), 301), "location").map(str::to_owned);
    assert_eq!(to("categories/社/").as_deref(), Some("/categories/%E7%A4%BE/"));
    assert_eq!(to("https://blog.example.org/a").as_deref(), Some("https://blog.example.org/a"));
    assert_eq!(to("https://blog.example.org/知").as_deref(), Some("https://blog.example.org/%E7%9F%A5"));
    assert_eq!(to("//evil.example.org").as_deref(), Some("/evil.example.org"));
    let asked = |to: &str| {
        let reply = respond(&request("GET /a/rss.xml?b=1", &[]), Some(Answer::Moved(to.to_owned())), &rules(""));
        header(&reply, "location").map(str::to_owned)
    };
    assert_eq!(asked("rss.xml").as_deref(), Some("/rss.xml?b=1"));
    assert_eq!(asked("https://e.org/?feed=rss2#top").as_deref(), Some("https://e.org/?feed=rss2&b=1#top"));
    // A header cannot be smuggled in.
    assert_eq!(to("https://blog.example.org/\r\nSet-Cookie: a=b"), None);
}

fn private() -> Document {
    Document { lifetime: Lifetime::Private, ..feed() }
}

#[test]
fn what_is_private_is_told_to_nobody_else() {
    let open =
        show(private(), "GET /private/t/rss.xml", &[("accept-encoding", "gzip"), ("sec-fetch-dest", "document")]);
    assert_eq!(open.status, StatusCode::OK);
    for (name, expected) in [
        ("cache-control", Some("private, max-age=300")),
        ("vary", Some("Accept-Encoding, Authorization")),
        ("last-modified", Some(WHEN)),
        ("content-encoding", Some("gzip")),
        ("referrer-policy", Some("no-referrer")),
        ("x-robots-tag", Some("noindex")),
        ("access-control-allow-origin", None),
        ("access-control-expose-headers", None),
        ("location", None),
    ] {
        assert_eq!(header(&open, name), expected, "{name}");
    }
    let tag = header(&open, "etag").unwrap();
    let same = show(private(), "GET /private/t/rss.xml", &[("accept-encoding", "gzip"), ("if-none-match", tag)]);
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    assert_eq!(header(&same, "cache-control"), Some("private, max-age=300"));
    let failed = show(private(), "GET /private/t/rss.xml", &[("if-match", "\"old\"")]);
    assert_eq!(failed.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(header(&failed, "access-control-allow-origin"), None);
}

#[test]
fn who_polls_without_conditions_is_counted() {
    let counted = |document: Document, line: &str, headers: &[(&str, &str)]| {
        let is_whole = matches!(show(document.clone(), line, headers).payload, Payload::Form(..));
        is_whole && is_unconditional_feed(&request(line, headers), &document)
    };
    assert!(counted(feed(), "GET /rss.xml", &[]));
    assert!(counted(private(), "GET /rss.xml", &[]));
    assert!(counted(feed(), "GET /rss.xml", &[("if-modified-since", "never"), ("range", "bytes=0-9")]));
    // It says what it has, although that is old.
    assert!(!counted(feed(), "GET /rss.xml", &[("if-none-match", "\"old\"")]));
    assert!(!counted(feed(), "GET /rss.xml", &[("if-modified-since", "Thu, 24 Feb 2022 08:54:46 GMT")]));
    assert!(!counted(feed(), "GET /rss.xml", &[("if-modified-since", WHEN)]));
    assert!(!counted(feed(), "HEAD /rss.xml", &[]));
    assert!(!counted(feed(), "GET /rss.xml", &[("sec-fetch-dest", "document")]));
    assert!(!counted(page(), "GET /", &[]));

    let reply = too_many(Duration::from_millis(1001));
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header(&reply, "retry-after"), Some("2"));
    assert_eq!(header(&reply, "cache-control"), Some("no-store"));
    assert_eq!(header(&reply, "access-control-allow-origin"), Some("*"));
}

#[test]
fn what_is_locked_asks_for_a_password() {
    let reply = respond(&request("GET /a/rss.xml", &[]), Some(Answer::Locked), &rules(""));
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert_eq!(header(&reply, "www-authenticate"), Some(r#"Basic realm="private feeds", charset="UTF-8""#));
    assert_eq!(header(&reply, "cache-control"), Some("no-store"));
    assert_eq!(header(&reply, "access-control-allow-origin"), None);
}

#[test]
fn a_search_has_a_query_and_nothing_else_has() {
    let check = |target: &str, expected: Result<Option<&str>, u16>| {
        let request = request(&format!("GET {target}"), &[]);
        let paths = match wanted(&request, &rules("feeds")) {
            ControlFlow::Continue(paths) => paths,
            ControlFlow::Break(reply) => panic!("{target}: {reply:?}"),
        };
        let found = match query(&request, &paths) {
            ControlFlow::Continue(query) => Ok(query),
            ControlFlow::Break(reply) => Err(reply.status.as_u16()),
        };
        assert_eq!(found, expected, "{target}");
    };
    check("/search/?q=%E7%9F%A5", Ok(Some("q=%E7%9F%A5")));
    check("/feeds/search/?q=a", Ok(Some("q=a")));
    check("/search/", Ok(None));
    check("/search/?", Ok(None));
    check("/rss.xml?q=a", Ok(None));
    check("/search?q=a", Ok(None));
    check(&format!("/search/?{}", "q".repeat(512)), Ok(Some(&"q".repeat(512))));
    check(&format!("/search/?{}", "q".repeat(513)), Err(414));
}

#[test]
fn what_a_search_found_may_be_kept_for_a_minute() {
    let found = Document { lifetime: Lifetime::Passing, ..page() };
    let reply = show(found, "GET /search/?q=a", &[]);
    assert_eq!(header(&reply, "cache-control"), Some("max-age=60"));
    assert!(header(&reply, "etag").is_some());
}

#[test]
fn the_administrators_documents_are_never_stored() {
    let status = Document { media_type: "application/json", lifetime: Lifetime::Momentary, ..page() };
    let reply = show(status, "GET /status.json", &[("if-none-match", "*"), ("accept-encoding", "gzip")]);
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(header(&reply, "cache-control"), Some("no-store"));
    assert_eq!(header(&reply, "access-control-allow-origin"), None);
    assert_eq!(header(&reply, "etag"), None);
    assert!(matches!(reply.payload, Payload::Form(_, _, Coding::Identity)));
}

#[test]
fn probes_know_whether_the_first_scan_is_published() {
    let status = |path: &str, ready: bool| probe(path, ready).map(|reply| reply.status.as_u16());
    assert_eq!(status("healthz", false), Some(200));
    assert_eq!(status("readyz", false), Some(503));
    assert_eq!(status("readyz", true), Some(200));
    assert_eq!(status("rss.xml", true), None);
}

#[test]
fn the_prefix_is_the_path_of_the_base_url() {
    for (base, expected) in [
        ("https://feeds.example.org/", ""),
        ("https://blog.example.org/feeds/", "feeds"),
        ("https://blog.example.org/feeds", "feeds"),
        ("https://blog.example.org/a/%E8%AE%A2%E9%98%85/", "a/订阅"),
        ("https://blog.example.org/订阅/", "订阅"),
    ] {
        assert_eq!(Settings::new(Some(&base.parse().unwrap()), 300).prefix, expected, "{base}");
    }
    assert_eq!(Settings::new(None, 300).prefix, "");
}

proptest! {
    #[test]
    fn every_request_gets_one_sound_reply(
        target in "/[!-~]{0,60}",
        prefix in "(|feeds|a/b)",
        name in "(accept-encoding|if-none-match|if-match|if-modified-since|sec-fetch-dest|range|forwarded)",
        value in "[ -~]{0,40}",
    ) {
        let Ok(uri) = target.parse::<hyper::Uri>() else { return Ok(()) };
        let mut parts = request("GET /", &[(&name, &value)]);
        parts.uri = uri;
        let rules = rules(&prefix);
        let reply = match wanted(&parts, &rules) {
            ControlFlow::Break(reply) => reply,
            ControlFlow::Continue(_) => respond(&parts, Some(Answer::Document(Arc::new(feed()))), &rules),
        };
        prop_assert!([200, 301, 303, 304, 404, 412].contains(&reply.status.as_u16()), "{:?}", reply);
        if let Some(location) = header(&reply, "location") {
            prop_assert!(location.starts_with('/') && !location.starts_with("//"), "{}", location);
        }
        let expected = Some("nosniff").filter(|_| reply.status != StatusCode::NOT_MODIFIED);
        prop_assert_eq!(header(&reply, "x-content-type-options"), expected);
    }
}
