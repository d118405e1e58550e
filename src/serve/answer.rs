//! From a request to a response: looks on the shelf, asks the daemon, compresses what nobody has asked for yet.
//!
//! All the waiting is here; [`super::respond`] decides.

use std::{
    net::IpAddr,
    ops::ControlFlow,
    sync::{Arc, Mutex, PoisonError, RwLock},
    thread,
    time::{Duration, SystemTime},
};

use http_body_util::Full;
use hyper::{
    Method, Response,
    body::Bytes,
    header::{CONTENT_LENGTH, HeaderValue},
    http::request::Parts,
};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task,
    time::{Instant, timeout_at},
};
use tracing::warn;

use super::{
    Answer, Ask, Document, Lifetime, SEARCH, Settings, Shelf, authorization, client,
    encoding::{self, Coding},
    limit::Limiter,
    links::Beside,
    reply::{self, Payload, Reply},
    respond::{self, Found, Rules},
};
use crate::{feed::Format, meters::Meters};

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Answerer {
    shelf: Arc<Shelf>,
    asks: mpsc::Sender<Ask>,
    rules: RwLock<Arc<Rules>>,
    limiter: Mutex<Limiter>,
    answer_within: Duration,
    compressing: Semaphore,
    meters: Meters,
}

impl Answerer {
    pub(crate) fn new(shelf: Arc<Shelf>, asks: mpsc::Sender<Ask>, settings: &Settings) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            shelf,
            asks,
            rules: RwLock::new(Arc::new(Rules::new(settings))),
            limiter: Mutex::new(Limiter::new(std::time::Instant::now())),
            answer_within: settings.answer_within,
            compressing: Semaphore::new(cores),
            meters: settings.meters.clone(),
        }
    }

    /// Takes over new settings, as far as they concern what is answered.
    pub(crate) fn follow(&self, settings: &Settings) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Rules::new(settings));
    }

    /// The response to a request. Always one, whatever the request.
    pub(crate) async fn answer(&self, request: &Parts, peer: IpAddr) -> Response<Full<Bytes>> {
        let rules = Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner));
        let (reply, bytes) = match respond::wanted(request, peer, &rules) {
            ControlFlow::Continue(paths) => self.find(request, peer, &paths, &rules).await,
            ControlFlow::Break(reply) => self.with_bytes(reply).await,
        };
        self.meters.response(reply.status.as_u16());
        finish(request, reply, bytes)
    }

    async fn find(&self, request: &Parts, peer: IpAddr, paths: &[String], rules: &Rules) -> (Reply, Bytes) {
        if let Some(reply) = paths.iter().find_map(|path| respond::probe(path, self.shelf.is_ready())) {
            return self.with_bytes(reply).await;
        }
        let query = match respond::query(request, paths) {
            ControlFlow::Continue(query) => query,
            ControlFlow::Break(reply) => return self.with_bytes(reply).await,
        };
        let respond = |found| respond::respond(request, found, SystemTime::now(), rules);
        if query.is_none()
            && let Some(found) = self.on_shelf(paths)
        {
            let reply = self.within_limit(request, peer, respond(Some(found)), rules);
            if let Some(bytes) = self.bytes(&reply.payload).await {
                return (reply, bytes);
            }
            // The bytes were pushed out; the client is counted already.
            return self.with_bytes(respond(self.ask_in_time(request, paths, None).await)).await;
        }
        let reply = respond(self.ask_in_time(request, paths, query).await);
        self.with_bytes(self.within_limit(request, peer, reply, rules)).await
    }

    /// The reply, unless the client had it too often.
    fn within_limit(&self, request: &Parts, peer: IpAddr, reply: Reply, rules: &Rules) -> Reply {
        if let Some(limit) = rules.limit
            && respond::is_unconditional_feed(request, &reply)
            && let Some(client) = client::client(peer, &request.headers, &rules.trusted)
        {
            let mut limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(wait) = limiter.admit(limit, client::household(client), std::time::Instant::now()) {
                return reply::too_many(wait);
            }
        }
        reply
    }

    /// What the shelf knows of the paths; also that one of them lacks its final slash.
    fn on_shelf(&self, paths: &[String]) -> Option<Found> {
        let document = paths.iter().find_map(|path| Some((path, self.shelf.get(path)?)));
        if let Some((path, document)) = document {
            return Some(self.found(path, Answer::Document(document)));
        }
        let folder = paths.iter().find(|path| self.shelf.has_folder(path))?;
        Some(self.found(folder, Answer::Moved(format!("{folder}/"))))
    }

    fn found(&self, path: &str, answer: Answer) -> Found {
        let is_page = path.is_empty() || path.ends_with('/');
        let beside = if is_page && self.has_feeds(path) { Beside::Feeds } else { Beside::Nothing };
        Found { path: path.to_owned(), answer, beside }
    }

    /// Whether the feeds of a page lie beside it: they are on the shelf, or made when asked, as the page was.
    fn has_feeds(&self, folder: &str) -> bool {
        let made = folder.split('/').collect::<Vec<_>>();
        matches!(made[..], ["tags" | "authors" | "feeds", name, ""] if !name.is_empty())
            || self.shelf.get(&format!("{folder}{}", Format::Rss.file_name())).is_some()
    }

    /// What the daemon says of the paths; nothing if it is too busy to say.
    async fn ask_in_time(&self, request: &Parts, paths: &[String], query: Option<&str>) -> Option<Found> {
        let credential = authorization::password(&request.headers);
        let deadline = Instant::now() + self.answer_within;
        for path in paths {
            let (reply, answer) = oneshot::channel();
            let query = query.filter(|_| path == SEARCH).map(str::to_owned);
            self.asks.try_send(Ask { path: path.clone(), credential: credential.clone(), query, reply }).ok()?;
            match timeout_at(deadline, answer).await {
                Ok(Ok(Answer::Absent)) => {}
                Ok(Ok(answer)) => return Some(self.found(path, answer)),
                _ => return None,
            }
        }
        // Before the first scan is published nobody knows what is absent: a reader must not drop its subscription.
        self.shelf.is_ready().then(|| Found { path: String::new(), answer: Answer::Absent, beside: Beside::Nothing })
    }

    async fn with_bytes(&self, reply: Reply) -> (Reply, Bytes) {
        if let Some(bytes) = self.bytes(&reply.payload).await {
            return (reply, bytes);
        }
        let reply = reply::unavailable();
        let bytes = self.bytes(&reply.payload).await.unwrap_or_default();
        (reply, bytes)
    }

    /// The bytes of a payload; nothing if the document has none any more, so that the daemon must be asked.
    async fn bytes(&self, payload: &Payload) -> Option<Bytes> {
        match payload {
            Payload::Nothing => Some(Bytes::new()),
            Payload::Text(text) => Some(text.clone()),
            Payload::Form(document, coding) => match self.shelf.form(document.hash, *coding) {
                Some(bytes) => Some(bytes),
                None => self.make(document, *coding).await,
            },
        }
    }

    /// Makes a form that is not kept, and keeps it. Where many ask at once, at most one a core is made in vain.
    async fn make(&self, document: &Document, coding: Coding) -> Option<Bytes> {
        let own = || document.bytes.clone().map(Bytes::from_owner);
        let identity = self.shelf.form(document.hash, Coding::Identity).or_else(own)?;
        let bytes = if coding == Coding::Identity {
            identity
        } else {
            let _permit = self.compressing.acquire().await.ok()?;
            if let Some(made) = self.shelf.form(document.hash, coding) {
                return Some(made);
            }
            let made = task::spawn_blocking(move || encoding::compress(coding, &identity)).await;
            Bytes::from(made.ok()?.inspect_err(|error| warn!(%error, "a document cannot be compressed")).ok()?)
        };
        if matches!(document.lifetime, Lifetime::Maintained | Lifetime::OnDemand) {
            self.shelf.keep_form(document.hash, coding, bytes.clone());
        }
        Some(bytes)
    }
}

/// Puts reply and bytes together. HEAD gets the length that GET would have, and no body.
fn finish(request: &Parts, reply: Reply, bytes: Bytes) -> Response<Full<Bytes>> {
    let length = HeaderValue::from(bytes.len());
    let body = if request.method == Method::HEAD { Bytes::new() } else { bytes };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    if !matches!(reply.payload, Payload::Nothing) {
        response.headers_mut().insert(CONTENT_LENGTH, length);
    }
    response
}
