//! What a request gets: status, headers, and which bytes. Pure.
//!
//! In two steps, because what lies between them may have to wait: [`wanted`] reads which paths are asked for, or
//! answers at once; [`respond`] takes what was [`Found`] there. Neither looks at a shelf, a socket or a clock.

use std::{net::IpAddr, ops::ControlFlow, sync::Arc, time::SystemTime};

use hyper::{
    HeaderMap, Method, StatusCode, Version,
    header::{
        CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, HeaderName, HeaderValue,
        LAST_MODIFIED, LINK, VARY,
    },
    http::uri::Authority,
};

use super::{
    Admin, Answer, Document, Lifetime, Limit, Network, QUERY_BYTES, SEARCH, Settings, client,
    conditional::{self, ETag, Verdict},
    encoding::{self, Coding},
    links::{self, Beside},
    reply::{
        self, NO_STORE, Payload, Reply, base, busy, conceal, concealed, expose, locked, message, redirect, share,
        unavailable,
    },
    request::{Fields as _, Request},
};
use crate::{
    feed::address::{self, Asked},
    uri,
};

/// Pages have a style, pictures of posts, a search, and one script of ours; a page with foreign content forbids even that
/// in its own text.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src http: https: data:; media-src http: https:; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The paths that say how the program is, and need no daemon.
const PROBES: [&str; 2] = ["healthz", "readyz"];

/// The paths that are for the administrator alone.
const ADMINS: [&str; 4] = ["status", "status/", "status.json", "metrics"];

/// The longest path that is looked at, and the longest query: as they are sent, in ASCII.
const PATH_BYTES: usize = 2048;

/// The most header fields that are looked at.
const FIELDS: usize = 64;

/// What every response needs to know of the settings, in the form in which it is sent.
#[derive(Debug)]
pub(crate) struct Rules {
    prefix: String,
    /// The address of the root: `/`, `/feeds/`.
    root: String,
    /// The root in full.
    base: String,
    admin: Admin,
    /// How often a client may fetch feeds without a condition.
    pub(crate) limit: Option<Limit>,
    /// Whose word on a client's address counts.
    pub(crate) trusted: Vec<Network>,
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
        Self {
            prefix,
            base: settings.base.clone().unwrap_or_else(|| root.clone()),
            root,
            admin: settings.admin,
            limit: settings.limit,
            trusted: settings.trusted.clone(),
            max_age,
            private_max_age,
        }
    }

    /// Whether a path may be shown to whoever asks.
    pub(crate) fn shows(&self, path: &str, request: &impl Request, peer: IpAddr) -> bool {
        let is_admins = ADMINS.contains(&path);
        match self.admin {
            Admin::Public => true,
            Admin::Loopback => !is_admins || client::is_local(request, peer),
            Admin::Apart => !is_admins,
            Admin::Alone => is_admins || path.starts_with("assets/") || PROBES.contains(&path),
        }
    }

    /// The address of a path in our form. It never starts with two slashes, which would name another host.
    fn address(&self, path: &str) -> String {
        format!("{}{}", self.root, address::encode(path.trim_start_matches('/')))
    }
}

/// What was found at one of the paths.
#[derive(Debug)]
pub(crate) struct Found {
    /// In our form.
    pub(crate) path: String,
    pub(crate) answer: Answer,
    pub(crate) beside: Beside,
}

/// The paths that a request may mean, in our form, the likeliest first; or a reply that needs no document.
pub(crate) fn wanted(request: &impl Request, peer: IpAddr, rules: &Rules) -> ControlFlow<Reply, Vec<String>> {
    sound(request)?;
    let mut paths = paths(request, rules)?;
    paths.retain(|path| rules.shows(path, request, peer));
    if paths.is_empty() { ControlFlow::Break(absent(rules)) } else { ControlFlow::Continue(paths) }
}

/// Goes on with a request that reads something, and that nothing is wrong with but perhaps its path.
pub(crate) fn sound(request: &impl Request) -> ControlFlow<Reply> {
    if let Some(reply) = oversized(request) {
        return ControlFlow::Break(reply);
    }
    if let Some(text) = malformed(request) {
        return ControlFlow::Break(message(StatusCode::BAD_REQUEST, text));
    }
    match *request.method() {
        Method::GET | Method::HEAD => ControlFlow::Continue(()),
        Method::OPTIONS => ControlFlow::Break(reply::options()),
        _ => ControlFlow::Break(reply::not_allowed(request.method())),
    }
}

/// The paths that the address of a request may mean, whoever asks; none if it can mean nothing of ours.
pub(crate) fn paths(request: &impl Request, rules: &Rules) -> ControlFlow<Reply, Vec<String>> {
    ControlFlow::Continue(match address::decode(request.path().as_bytes()) {
        Asked::Path(path) => match under(&path, &rules.prefix) {
            Some("") if !path.ends_with('/') && !path.is_empty() => {
                return ControlFlow::Break(moved(request, "", rules));
            }
            // A proxy may have taken the prefix off, and what is left may start with the same name.
            Some(inner) if inner != path => vec![inner.to_owned(), path],
            _ => vec![path],
        },
        Asked::Moved(path) => {
            return ControlFlow::Break(moved(request, under(&path, &rules.prefix).unwrap_or(&path), rules));
        }
        Asked::Nothing => Vec::new(),
    })
}

/// A refusal of what no reader sends and nobody should have to look at. The size of the whole head is the listener's to
/// watch.
fn oversized(request: &impl Request) -> Option<Reply> {
    let query = request.query().unwrap_or_default();
    if request.path().len() > PATH_BYTES || query.len() > PATH_BYTES {
        let cure = format!("the address is too long: ask for a path, and a query, of at most {PATH_BYTES} bytes");
        return Some(message(StatusCode::URI_TOO_LONG, &cure));
    }
    (request.fields().count() > FIELDS).then(|| {
        let cure = format!("the request has too many header fields: send at most {FIELDS}");
        message(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, &cure)
    })
}

/// What is wrong with a request that no recipient may accept (RFC 9112 §3.2), or whose target suits another method.
fn malformed(request: &impl Request) -> Option<&'static str> {
    let mut hosts = request.fields().all(HOST);
    let sound = match (hosts.next(), hosts.next()) {
        (None, _) => request.version() < Version::HTTP_11,
        (Some(host), None) => host.is_empty() || is_host(host),
        (Some(_), Some(_)) => false,
    };
    if !sound {
        return Some("a request names one host: send exactly one Host header, with a name and perhaps a port");
    }
    // `*` is for OPTIONS (§3.2.4), a bare authority for CONNECT (§3.2.3).
    let rooted = request.path().starts_with('/') || matches!(*request.method(), Method::OPTIONS | Method::CONNECT);
    (!rooted).then_some("this is no path: ask for one that starts with `/`")
}

/// Whether a `Host` is a host and perhaps a port (RFC 9110 §7.2): no user, nothing behind it.
fn is_host(value: &[u8]) -> bool {
    let Ok(authority) = Authority::try_from(value) else { return false };
    // Behind a user's name, the host is not at the start.
    let host = authority.host();
    let port = authority.as_str().strip_prefix(host).filter(|_| !host.is_empty());
    port.is_some_and(|port| port.is_empty() || port.strip_prefix(':').is_some_and(is_number))
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The part of a path below a prefix.
fn under<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    if prefix.is_empty() || rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// The reply to a GET or HEAD, given what was found; nothing if the daemon did not say in time.
pub(crate) fn respond(request: &impl Request, found: Option<Found>, now: SystemTime, rules: &Rules) -> Reply {
    let Some(Found { path, answer, beside }) = found else { return unavailable() };
    match answer {
        Answer::Document(document) => show(request, path, document, beside, now, rules),
        Answer::Moved(to) => moved(request, &to, rules),
        Answer::MovedPrivately(to) => moved_privately(request, &to, rules),
        Answer::Locked => locked(),
        Answer::Gone => message(StatusCode::GONE, "this was removed and will not come back: please unsubscribe"),
        Answer::Absent => absent(rules),
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
pub(crate) fn query<'r>(request: &'r impl Request, paths: &[String]) -> ControlFlow<Reply, Option<&'r str>> {
    let query = request.query().filter(|query| !query.is_empty() && paths.iter().any(|path| path == SEARCH));
    if query.is_some_and(|query| query.len() > QUERY_BYTES) {
        let cure = format!("the search is too long: ask in at most {QUERY_BYTES} bytes");
        return ControlFlow::Break(message(StatusCode::URI_TOO_LONG, &cure));
    }
    ControlFlow::Continue(query)
}

fn show(
    request: &impl Request,
    path: String,
    document: Arc<Document>,
    beside: Beside,
    now: SystemTime,
    rules: &Rules,
) -> Reply {
    if let Some(page) = document.page.as_deref().filter(|_| is_redirected(request, &document)) {
        // To where the page says what to do with the address: to the page alone, a click on it would seem to do nothing.
        let mut reply = redirect(StatusCode::SEE_OTHER, &format!("{}#subscribe", rules.address(page)));
        reply.headers.insert(CACHE_CONTROL, NO_STORE);
        reply.headers.insert(VARY, vary(&document));
        return reply;
    }
    let coding = match document.lifetime {
        Lifetime::Momentary => Coding::Identity,
        _ => encoding::negotiate(request.fields(), document.length),
    };
    Head::new(&path, &document, coding, beside, now, rules).reply(request, path, document, now)
}

/// What the replies with one document in one coding have in common, whoever asks and on whatever condition.
#[derive(Debug)]
pub(crate) struct Head {
    coding: Coding,
    /// Absent where there is no condition to be met.
    etag: Option<ETag>,
    /// What a 304 says.
    pub(crate) not_modified: HeaderMap,
    /// What a 200 says.
    pub(crate) whole: HeaderMap,
}

impl Head {
    /// Prepares the replies with the document at `path`. They stay the same for as long as the document and the rules
    /// do, and from the second on in which the document changed.
    pub(crate) fn new(
        path: &str,
        document: &Document,
        coding: Coding,
        beside: Beside,
        now: SystemTime,
        rules: &Rules,
    ) -> Self {
        let links = links::links(&rules.base, path, document, beside);
        let mut headers = HeaderMap::with_capacity(13);
        let cache_control = match document.lifetime {
            Lifetime::Momentary => NO_STORE,
            Lifetime::Private => rules.private_max_age.clone(),
            Lifetime::Passing => HeaderValue::from_static("max-age=60"),
            Lifetime::Maintained | Lifetime::OnDemand => rules.max_age.clone(),
        };
        let mut etag = None;
        if document.lifetime == Lifetime::Momentary {
            headers.insert(CACHE_CONTROL, cache_control);
        } else {
            if document.lifetime == Lifetime::Private {
                conceal(&mut headers);
            } else {
                share(&mut headers);
                // A 304 too: who kept the answer takes over from it what scripts may see.
                expose(&mut headers, if links.is_some() { "ETag, Link" } else { "ETag" });
            }
            headers.insert(CACHE_CONTROL, cache_control);
            headers.insert(VARY, vary(document));
            if let Some(time) = document.last_modified.and_then(|time| conditional::last_modified(time, now)) {
                headers.insert(LAST_MODIFIED, time);
            }
            let tag = etag.insert(ETag::new(document.hash, coding));
            if let Some(value) = tag.header() {
                headers.insert(ETAG, value);
            }
        }
        // What tells how to treat a body, and what describes it, is left to what the client has (RFC 9110 §15.4.5).
        let not_modified = headers.clone();
        headers.extend(base());
        if document.media_type.starts_with("text/html") {
            headers.insert(CONTENT_SECURITY_POLICY, PAGE_POLICY);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(document.media_type));
        if let Some(value) = coding.header() {
            headers.insert(CONTENT_ENCODING, value);
        }
        if let Some(links) = links {
            headers.insert(LINK, links);
        }
        Self { coding, etag, not_modified, whole: headers }
    }

    /// What the conditions of one request say of `document`, which is the one that this was prepared for.
    pub(crate) fn judge(&self, request: &impl Request, document: &Document, now: SystemTime) -> Verdict {
        let judge = |etag| conditional::judge(request.fields(), etag, document.last_modified, now);
        self.etag.as_ref().map_or(Verdict::Send, judge)
    }

    /// The reply to one request for that document.
    fn reply(&self, request: &impl Request, path: String, document: Arc<Document>, now: SystemTime) -> Reply {
        match self.judge(request, &document, now) {
            Verdict::NotModified => {
                let headers = self.not_modified.clone();
                Reply { status: StatusCode::NOT_MODIFIED, headers, payload: Payload::Nothing }
            }
            Verdict::Failed => {
                let text = "the document is another version than you ask for";
                let reply = message(StatusCode::PRECONDITION_FAILED, text);
                if document.lifetime == Lifetime::Private { concealed(reply) } else { reply }
            }
            Verdict::Send => {
                let payload = Payload::Form(path, document, self.coding);
                Reply { status: StatusCode::OK, headers: self.whole.clone(), payload }
            }
        }
    }
}

/// Whether a document is a feed, and is sent in full to a client that did not say what it has.
pub(crate) fn is_unconditional_feed(request: &impl Request, document: &Document) -> bool {
    let is_fetched = *request.method() == Method::GET && links::format(document).is_some();
    is_fetched && !conditional::is_conditional(request.fields())
}

/// Whether a request for a feed is better answered with its page.
pub(crate) fn is_redirected(request: &impl Request, document: &Document) -> bool {
    document.page.is_some() && document.lifetime != Lifetime::Private && is_navigation(request)
}

/// Whether a browser means to show this to a person, who did not ask for the bytes with `?raw`.
fn is_navigation(request: &impl Request) -> bool {
    let raw = request.query().is_some_and(|query| query.split('&').any(|key| key == "raw" || key.starts_with("raw=")));
    !raw && request.fields().all(SEC_FETCH_DEST).next() == Some(b"document")
}

fn vary(document: &Document) -> HeaderValue {
    // On everything that may be sent elsewhere or coded otherwise, also when this reply is not.
    HeaderValue::from_static(match (document.lifetime, &document.page) {
        (Lifetime::Private, _) => "Accept-Encoding, Authorization",
        (_, Some(_)) => "Accept-Encoding, Sec-Fetch-Dest",
        (_, None) => "Accept-Encoding",
    })
}

/// 301 to a path in our form or an absolute URL, which no path can look like: it has no empty segment.
fn moved(request: &impl Request, to: &str, rules: &Rules) -> Reply {
    let mut address = if uri::is_whole(to) { to.to_owned() } else { rules.address(to) };
    if let Some(query) = request.query() {
        let end = address.find('#').unwrap_or(address.len());
        let joint = if address[..end].contains('?') { '&' } else { '?' };
        address.insert_str(end, &format!("{joint}{query}"));
    }
    let mut reply = redirect(StatusCode::MOVED_PERMANENTLY, &address);
    // Permanent, but not for a browser that would never ask again: names are renamed back.
    reply.headers.insert(CACHE_CONTROL, rules.max_age.clone());
    reply
}

/// 301 that nobody else may keep or see.
fn moved_privately(request: &impl Request, to: &str, rules: &Rules) -> Reply {
    let mut reply = concealed(moved(request, to, rules));
    reply.headers.insert(CACHE_CONTROL, rules.private_max_age.clone());
    reply
}

fn absent(rules: &Rules) -> Reply {
    let root = &rules.root;
    message(
        StatusCode::NOT_FOUND,
        &format!("nothing is here: see {root} for the feeds, {root}opml-all.xml for all of them"),
    )
}

#[cfg(test)]
mod tests;
