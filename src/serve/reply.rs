//! Replies that are no documents: redirects, refusals, a line of text; and the headers that all replies have. Pure.

use std::{sync::Arc, time::Duration};

use hyper::{
    HeaderMap, Method, StatusCode,
    body::Bytes,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY,
        CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, RETRY_AFTER, WWW_AUTHENTICATE,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use percent_encoding::{AsciiSet, utf8_percent_encode};

use super::{Document, encoding::Coding};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
const POLICY: HeaderValue = HeaderValue::from_static("script-src 'none'; object-src 'none'; frame-ancestors 'none'");
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"private feeds\", charset=\"UTF-8\"");
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// `Cache-Control` of what nobody may keep.
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

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
    /// The document at a path in our form, in a coding.
    Form(String, Arc<Document>, Coding),
}

/// What may be asked, also by a page of another site (CORS).
pub(crate) fn options() -> Reply {
    let mut headers = base();
    share(&mut headers);
    headers.insert(ALLOW, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    Reply { status: StatusCode::NO_CONTENT, headers, payload: Payload::Nothing }
}

/// To an address, which is written in ASCII; where it cannot stand in a header, nothing leads there.
pub(crate) fn redirect(status: StatusCode, address: &str) -> Reply {
    let mut reply = message(status, &format!("this is at {address}"));
    let ascii = utf8_percent_encode(address, &AsciiSet::EMPTY).to_string();
    if let Ok(value) = HeaderValue::try_from(ascii) {
        reply.headers.insert(LOCATION, value);
    }
    reply
}

/// 405 for the methods that everybody knows, 501 for the others (RFC 9110 §9.1).
pub(crate) fn not_allowed(method: &Method) -> Reply {
    let known = [Method::POST, Method::PUT, Method::DELETE, Method::CONNECT, Method::TRACE, Method::PATCH];
    let status = if known.contains(method) { StatusCode::METHOD_NOT_ALLOWED } else { StatusCode::NOT_IMPLEMENTED };
    let mut reply = message(status, "documents are only read here: use GET or HEAD");
    reply.headers.insert(ALLOW, METHODS);
    reply
}

/// 429 (RFC 6585 §4): the client polls too often without conditions.
pub(crate) fn too_many(wait: Duration) -> Reply {
    let text = "you fetch feeds too often: send If-None-Match with the ETag that you have, or wait as Retry-After says";
    let mut reply = message(StatusCode::TOO_MANY_REQUESTS, text);
    // Rounded up: who waits so long gets in.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    reply.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    expose(&mut reply.headers, "Retry-After");
    reply
}

/// 401 (RFC 7617 §2.1). A browser asks its user for a password; a reader takes it from its settings.
pub(crate) fn locked() -> Reply {
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
pub(crate) fn busy(why: &str) -> Reply {
    let mut reply = message(StatusCode::SERVICE_UNAVAILABLE, why);
    reply.headers.insert(RETRY_AFTER, HeaderValue::from_static("10"));
    expose(&mut reply.headers, "Retry-After");
    reply
}

/// A line of text for a person, not to be stored: what is missing now may be there in a minute.
pub(crate) fn message(status: StatusCode, text: &str) -> Reply {
    let mut headers = base();
    share(&mut headers);
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Reply { status, headers, payload: Payload::Text(Bytes::from(format!("{text}\n"))) }
}

/// The headers that every body comes with.
pub(crate) fn base() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers
}

/// Lets readers that run in a browser see the response, errors included (CORS).
pub(crate) fn share(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
}

/// Lets them see these of its headers, too: who has none of them need not say so.
pub(crate) fn expose(headers: &mut HeaderMap, names: &'static str) {
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(names));
}

/// Keeps the address of something private from other sites and from search engines.
pub(crate) fn conceal(headers: &mut HeaderMap) {
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(ROBOTS, HeaderValue::from_static("noindex"));
}

/// A reply about something private, which no other site may read.
pub(crate) fn concealed(mut reply: Reply) -> Reply {
    reply.headers.remove(ACCESS_CONTROL_ALLOW_ORIGIN);
    reply.headers.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
    conceal(&mut reply.headers);
    reply
}
