//! What a request gets: status, headers, and which bytes. Pure.
//!
//! In two steps, because what lies between them may have to wait: [`wanted`] reads which paths are asked for, or
//! answers at once; [`respond`] takes what was found there. Neither looks at a shelf, a socket or a clock.

use std::{ops::ControlFlow, sync::Arc};

use hyper::{
    HeaderMap, Method, StatusCode, Version,
    body::Bytes,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, CONTENT_ENCODING,
        CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, HeaderName, HeaderValue, LAST_MODIFIED, LOCATION,
        REFERRER_POLICY, RETRY_AFTER, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
    },
    http::request::Parts,
};

use super::{
    Answer, Document, Lifetime, QUERY_BYTES, SEARCH, Settings,
    conditional::{self, ETag, Verdict},
    encoding::{self, Coding},
};
use crate::feed::address::{self, Asked};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
const POLICY: HeaderValue = HeaderValue::from_static("script-src 'none'; object-src 'none'; frame-ancestors 'none'");
/// Pages have a style, pictures of posts, a search, and one script of ours; a page with foreign content forbids even that
/// in its own text.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src http: https: data:; media-src http: https:; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"private feeds\", charset=\"UTF-8\"");
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// What every response needs to know of the settings, in the form in which it is sent.
#[derive(Debug)]
pub(crate) struct Rules {
    prefix: String,
    /// The address of the root: `/`, `/feeds/`.
    root: String,
    max_age: HeaderValue,
    private_max_age: HeaderValue,
}

impl Rules {
    /// Prepares the settings.
    pub(crate) fn new(settings: &Settings) -> Self {
        let prefix = settings.prefix.clone();
        let root = if prefix.is_empty() { "/".to_owned() } else { format!("/{}/", address::encode(&prefix)) };
        let seconds = settings.max_age;
        // Digits are always a header's value.
        let value = |text: String| HeaderValue::from_str(&text).unwrap_or(NO_STORE);
        let max_age = value(format!("max-age={seconds}"));
        let private_max_age = value(format!("private, max-age={seconds}"));
        Self { prefix, root, max_age, private_max_age }
    }

    /// The address of a path in our form. It never starts with two slashes, which would name another host.
    fn address(&self, path: &str) -> String {
        format!("{}{}", self.root, address::encode(path.trim_start_matches('/')))
    }
}

/// A response whose bytes are still to be fetched.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
}

/// The bytes of a response.
#[derive(Debug)]
pub(crate) enum Payload {
    /// None, and no length either.
    Nothing,
    /// A message.
    Text(Bytes),
    /// A document in a coding.
    Form(Arc<Document>, Coding),
}

/// The paths that a request may mean, in our form, the likeliest first; or a reply that needs no document.
pub(crate) fn wanted(request: &Parts, rules: &Rules) -> ControlFlow<Reply, Vec<String>> {
    // RFC 9112 §3.2.
    if request.version == Version::HTTP_11 && request.headers.get_all(HOST).iter().count() != 1 {
        return ControlFlow::Break(message(StatusCode::BAD_REQUEST, "a request has one Host header: send exactly one"));
    }
    if request.method == Method::OPTIONS {
        return ControlFlow::Break(options());
    }
    if request.method != Method::GET && request.method != Method::HEAD {
        let mut reply = message(StatusCode::METHOD_NOT_ALLOWED, "documents are only read here: use GET or HEAD");
        reply.headers.insert(ALLOW, METHODS);
        return ControlFlow::Break(reply);
    }
    match address::decode(request.uri.path().as_bytes()) {
        Asked::Path(path) => match under(&path, &rules.prefix) {
            Some("") if !path.ends_with('/') && !path.is_empty() => ControlFlow::Break(moved(request, "", rules)),
            // A proxy may have taken the prefix off, and what is left may start with the same name.
            Some(inner) if inner != path => ControlFlow::Continue(vec![inner.to_owned(), path]),
            _ => ControlFlow::Continue(vec![path]),
        },
        Asked::Moved(path) => ControlFlow::Break(moved(request, under(&path, &rules.prefix).unwrap_or(&path), rules)),
        Asked::Nothing => ControlFlow::Break(absent(rules)),
    }
}

/// The part of a path below a prefix.
fn under<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    if prefix.is_empty() || rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// The reply to a GET or HEAD, given what was found; nothing if the daemon did not say in time.
pub(crate) fn respond(request: &Parts, found: Option<Answer>, rules: &Rules) -> Reply {
    match found {
        Some(Answer::Document(document)) => show(request, document, rules),
        Some(Answer::Moved(to)) => moved(request, &to, rules),
        Some(Answer::Locked) => locked(),
        Some(Answer::Gone) => message(StatusCode::GONE, "this was removed and will not come back: please unsubscribe"),
        Some(Answer::Absent) => absent(rules),
        None => unavailable(),
    }
}

/// The reply to `/healthz` and `/readyz`, which need no daemon.
pub(crate) fn probe(path: &str, ready: bool) -> Option<Reply> {
    match (path, ready) {
        ("healthz", _) | ("readyz", true) => Some(message(StatusCode::OK, "ok")),
        ("readyz", false) => Some(busy("the first scan is not yet published")),
        _ => None,
    }
}

/// The query of a request that asks for [`SEARCH`]; a reply if it is too long to pass on.
pub(crate) fn query<'r>(request: &'r Parts, paths: &[String]) -> ControlFlow<Reply, Option<&'r str>> {
    let query = request.uri.query().filter(|query| !query.is_empty() && paths.iter().any(|path| path == SEARCH));
    if query.is_some_and(|query| query.len() > QUERY_BYTES) {
        let cure = format!("the search is too long: ask in at most {QUERY_BYTES} bytes");
        return ControlFlow::Break(message(StatusCode::URI_TOO_LONG, &cure));
    }
    ControlFlow::Continue(query)
}

fn show(request: &Parts, document: Arc<Document>, rules: &Rules) -> Reply {
    let private = document.lifetime == Lifetime::Private;
    if let Some(page) = &document.page
        && !private
        && is_navigation(request)
    {
        let mut reply = redirect(StatusCode::SEE_OTHER, &rules.address(page));
        reply.headers.insert(CACHE_CONTROL, NO_STORE);
        reply.headers.insert(VARY, vary(&document));
        return reply;
    }
    let mut headers = base();
    if document.media_type.starts_with("text/html") {
        headers.insert(CONTENT_SECURITY_POLICY, PAGE_POLICY);
    }
    if document.lifetime == Lifetime::Momentary {
        headers.insert(CACHE_CONTROL, NO_STORE);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(document.media_type));
        return Reply { status: StatusCode::OK, headers, payload: Payload::Form(document, Coding::Identity) };
    }
    if private {
        conceal(&mut headers);
    } else {
        share(&mut headers);
    }
    let cache_control = match document.lifetime {
        Lifetime::Private => rules.private_max_age.clone(),
        Lifetime::Passing => HeaderValue::from_static("max-age=60"),
        _ => rules.max_age.clone(),
    };
    headers.insert(CACHE_CONTROL, cache_control);
    headers.insert(VARY, vary(&document));
    if let Some(time) = document.last_modified
        && let Ok(time) = HeaderValue::from_str(&httpdate::fmt_http_date(time))
    {
        headers.insert(LAST_MODIFIED, time);
    }
    let coding = if document.length < encoding::WORTH_COMPRESSING {
        Coding::Identity
    } else {
        encoding::negotiate(&request.headers)
    };
    let etag = ETag::new(document.hash, coding);
    if let Some(value) = etag.header() {
        headers.insert(ETAG, value);
    }
    match conditional::judge(&request.headers, &etag, document.last_modified) {
        Verdict::NotModified => Reply { status: StatusCode::NOT_MODIFIED, headers, payload: Payload::Nothing },
        Verdict::Failed => {
            let text = "the document is another version than you ask for";
            let reply = message(StatusCode::PRECONDITION_FAILED, text);
            if private { concealed(reply) } else { reply }
        }
        Verdict::Send => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(document.media_type));
            if let Some(value) = coding.header() {
                headers.insert(CONTENT_ENCODING, value);
            }
            Reply { status: StatusCode::OK, headers, payload: Payload::Form(document, coding) }
        }
    }
}

/// Whether a browser means to show this to a person, who did not ask for the bytes with `?raw`.
fn is_navigation(request: &Parts) -> bool {
    let raw =
        request.uri.query().is_some_and(|query| query.split('&').any(|key| key == "raw" || key.starts_with("raw=")));
    !raw && request.headers.get(SEC_FETCH_DEST).is_some_and(|dest| dest == "document")
}

fn vary(document: &Document) -> HeaderValue {
    // On everything that may be sent elsewhere or coded otherwise, also when this reply is not.
    HeaderValue::from_static(match (document.lifetime, &document.page) {
        (Lifetime::Private, _) => "Accept-Encoding, Authorization",
        (_, Some(_)) => "Accept-Encoding, Sec-Fetch-Dest",
        (_, None) => "Accept-Encoding",
    })
}

fn options() -> Reply {
    let mut headers = base();
    share(&mut headers);
    headers.insert(ALLOW, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    Reply { status: StatusCode::NO_CONTENT, headers, payload: Payload::Nothing }
}

/// 301 to a path in our form or an absolute URL, which no path can look like: it has no empty segment.
fn moved(request: &Parts, to: &str, rules: &Rules) -> Reply {
    let mut address =
        if to.starts_with("https://") || to.starts_with("http://") { to.to_owned() } else { rules.address(to) };
    if let Some(query) = request.uri.query() {
        address.push('?');
        address.push_str(query);
    }
    let mut reply = redirect(StatusCode::MOVED_PERMANENTLY, &address);
    // Permanent, but not for a browser that would never ask again: names are renamed back.
    reply.headers.insert(CACHE_CONTROL, rules.max_age.clone());
    reply
}

fn redirect(status: StatusCode, address: &str) -> Reply {
    let mut reply = message(status, &format!("this is at {address}"));
    if let Ok(value) = HeaderValue::from_bytes(address.as_bytes()) {
        reply.headers.insert(LOCATION, value);
    }
    reply
}

fn absent(rules: &Rules) -> Reply {
    let root = &rules.root;
    message(
        StatusCode::NOT_FOUND,
        &format!("nothing is here: see {root} for the feeds, {root}opml.xml for all of them"),
    )
}

/// 401 (RFC 7617 §2.1). A browser asks its user for a password; a reader takes it from its settings.
fn locked() -> Reply {
    let mut reply =
        concealed(message(StatusCode::UNAUTHORIZED, "this feed is private: give its token as the password"));
    reply.headers.insert(WWW_AUTHENTICATE, CHALLENGE);
    reply
}

/// The reply when a document cannot be had in time.
pub(crate) fn unavailable() -> Reply {
    busy("the server is busy reading posts: try again in a few seconds")
}

/// 503, with the time after which it is worth asking again.
fn busy(why: &str) -> Reply {
    let mut reply = message(StatusCode::SERVICE_UNAVAILABLE, why);
    reply.headers.insert(RETRY_AFTER, HeaderValue::from_static("10"));
    reply
}

/// A line of text for a person, not to be stored: what is missing now may be there in a minute.
fn message(status: StatusCode, text: &str) -> Reply {
    let mut headers = base();
    share(&mut headers);
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Reply { status, headers, payload: Payload::Text(Bytes::from(format!("{text}\n"))) }
}

/// The headers that everything has.
fn base() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers
}

/// Lets readers that run in a browser see the response, errors included (CORS).
fn share(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("ETag"));
}

/// Keeps the address of something private from other sites and from search engines.
fn conceal(headers: &mut HeaderMap) {
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(ROBOTS, HeaderValue::from_static("noindex"));
}

/// A reply about something private, which no other site may read.
fn concealed(mut reply: Reply) -> Reply {
    reply.headers.remove(ACCESS_CONTROL_ALLOW_ORIGIN);
    reply.headers.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
    conceal(&mut reply.headers);
    reply
}

#[cfg(test)]
mod tests;
