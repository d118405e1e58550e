//! From a request to a response: looks on the shelf, asks the daemon, compresses what nobody has asked for yet.
//!
//! All the waiting is here; [`super::respond`] decides.

use std::{
    net::IpAddr,
    ops::ControlFlow,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use http_body_util::Full;
use hyper::{
    HeaderMap, Method, Response, StatusCode,
    body::Bytes,
    header::{CONTENT_LENGTH, DATE, HeaderValue},
    http::request::Parts,
};
use tokio::{
    select,
    sync::{Semaphore, mpsc, oneshot},
    task,
    time::{Instant, timeout_at},
};
use tracing::{debug, warn};

use super::{
    Answer, Ask, Document, Files, Lifetime, SEARCH, Settings, Shelf, authorization, client,
    desk::{Known, Version},
    encoding::{self, Coding},
    forms::{Content, Form},
    limit::Limiter,
    links::Beside,
    reply::{self, Payload, Reply},
    request::Request,
    respond::{self, Found, Rules},
};
use crate::{cores::WORKERS, feed::Format, meters::Meters, rope::Remainder};

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Answerer {
    shelf: Arc<Shelf>,
    asks: mpsc::Sender<Ask>,
    rules: RwLock<Arc<Rules>>,
    /// Another one after each change of the rules.
    rules_version: AtomicU64,
    limiter: Mutex<Limiter>,
    answer_within: Duration,
    compressing: Arc<Semaphore>,
    files: Option<Files>,
    meters: Meters,
}

impl Answerer {
    pub(crate) fn new(shelf: Arc<Shelf>, asks: mpsc::Sender<Ask>, settings: &Settings) -> Self {
        Self {
            shelf,
            asks,
            rules: RwLock::new(Arc::new(Rules::new(settings))),
            rules_version: AtomicU64::new(0),
            limiter: Mutex::new(Limiter::new(std::time::Instant::now())),
            answer_within: settings.answer_within,
            compressing: Arc::new(Semaphore::new(*WORKERS)),
            files: settings.files.clone(),
            meters: settings.meters.clone(),
        }
    }

    /// Takes over new settings, as far as they concern what is answered.
    pub(crate) fn follow(&self, settings: &Settings) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Rules::new(settings));
        self.rules_version.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The version of shelf and rules that whatever is read from now on has at least.
    pub(crate) fn version(&self) -> Version {
        Version { shelf: self.shelf.generation(), rules: self.rules_version.load(Ordering::Acquire) }
    }

    /// The response to a request. Always one, whatever the request.
    pub(crate) async fn answer(&self, request: &Parts, peer: IpAddr) -> Response<Full<Remainder>> {
        let rules = self.rules();
        let (reply, bytes) = match respond::wanted(request, peer, &rules) {
            ControlFlow::Continue(paths) => self.find(request, peer, &paths, &rules).await,
            ControlFlow::Break(reply) => self.with_bytes(reply).await,
        };
        self.count(reply.status);
        let length = (!matches!(reply.payload, Payload::Nothing)).then_some(bytes.len());
        let body = if request.method == Method::HEAD { Bytes::new() } else { bytes };
        response(reply.status, reply.headers, length, body, SystemTime::now())
    }

    /// Counts a response.
    pub(crate) fn count(&self, status: StatusCode) {
        self.meters.response(status.as_u16());
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
        let Payload::Form(_, document, _) = &reply.payload else { return reply };
        self.admit(request, peer, document, rules).map_or_else(reply::too_many, |()| reply)
    }

    /// Counts a client that fetches a feed in full, or says how long it must wait because it did so too often.
    pub(crate) fn admit(
        &self,
        request: &impl Request,
        peer: IpAddr,
        document: &Document,
        rules: &Rules,
    ) -> Result<(), Duration> {
        let limit = rules.limit.filter(|_| respond::is_unconditional_feed(request, document));
        let Some((limit, client)) = limit.zip(client::client(peer, request.fields(), &rules.trusted)) else {
            return Ok(());
        };
        let mut limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
        limiter.admit(limit, client::household(client), std::time::Instant::now())
    }

    /// What the shelf knows of the paths; also that one of them lacks its final slash.
    fn on_shelf(&self, paths: &[String]) -> Option<Found> {
        if let Some((path, document)) = self.document(paths) {
            return Some(self.found(path, Answer::Document(document)));
        }
        let folder = paths.iter().find(|path| self.shelf.has_folder(path))?;
        Some(self.found(folder, Answer::Moved(format!("{folder}/"))))
    }

    /// The first document that the shelf has at one of the paths, with what is there to be said of it.
    pub(crate) fn known(&self, paths: &[String]) -> Option<Known> {
        let (path, document) = self.document(paths)?;
        Some(Known::new(path.to_owned(), document, self.beside(path)))
    }

    fn document<'p>(&self, paths: &'p [String]) -> Option<(&'p str, Arc<Document>)> {
        paths.iter().find_map(|path| Some((path.as_str(), self.shelf.get(path)?)))
    }

    fn found(&self, path: &str, answer: Answer) -> Found {
        Found { path: path.to_owned(), answer, beside: self.beside(path) }
    }

    fn beside(&self, path: &str) -> Beside {
        let is_page = path.is_empty() || path.ends_with('/');
        if is_page && self.has_feeds(path) { Beside::Feeds } else { Beside::Nothing }
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
            let may_come = query.is_none();
            self.asks.try_send(Ask { path: path.clone(), credential: credential.clone(), query, reply }).ok()?;
            // What is being made just then is shown before the daemon has time to answer.
            let answer = async {
                select! {
                    biased;
                    answer = answer => answer.ok(),
                    document = self.comes(path), if may_come => Some(Answer::Document(document)),
                }
            };
            match timeout_at(deadline, answer).await {
                Ok(Some(Answer::Absent)) => {}
                Ok(Some(answer)) => return Some(self.found(path, answer)),
                _ => return None,
            }
        }
        // Before the first scan is published nobody knows what is absent: a reader must not drop its subscription.
        self.shelf.is_ready().then(|| Found { path: String::new(), answer: Answer::Absent, beside: Beside::Nothing })
    }

    /// The document at a path, once it is on the shelf with its bytes.
    async fn comes(&self, path: &str) -> Arc<Document> {
        loop {
            let changed = self.shelf.changed();
            if let Some(document) = self.shelf.whole(path) {
                return document;
            }
            changed.await;
        }
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
        match (self.kept(payload), payload) {
            (None, Payload::Form(path, document, coding)) => self.make(path, document, *coding).await,
            (kept, _) => kept,
        }
    }

    /// The bytes of a payload, if they need not be made, or put together.
    fn kept(&self, payload: &Payload) -> Option<Bytes> {
        match payload {
            Payload::Nothing => Some(Bytes::new()),
            Payload::Text(text) => Some(text.clone()),
            Payload::Form(_, document, coding) => self.form(document, *coding).map(|form| form.bytes),
        }
    }

    /// A document in a coding, if that is kept.
    pub(crate) fn content(&self, document: &Document, coding: Coding) -> Option<Content> {
        self.shelf.content(document.hash, coding)
    }

    /// The same, if it is kept in one piece.
    fn form(&self, document: &Document, coding: Coding) -> Option<Form> {
        self.content(document, coding)?.form()
    }

    /// Puts a form of the document at `path` into a file, too, where that can be done.
    pub(crate) fn file(&self, path: &str, document: &Document, coding: Coding, bytes: Bytes) {
        let takes_file = |_: &&Files| self.shelf.takes_file(document.hash, coding);
        let Some(files) = self.files.as_ref().filter(takes_file) else { return };
        match files.0().and_then(|file| Form::filed(bytes, file)) {
            Ok(form) => self.shelf.keep(path, document.hash, coding, form.into()),
            Err(error) => debug!(%error, "a document is sent from where it lies"),
        }
    }

    /// Makes a form that is not kept, and keeps it. Where many ask at once, at most one a core is made in vain.
    async fn make(&self, path: &str, document: &Document, coding: Coding) -> Option<Bytes> {
        let kept = self.content(document, Coding::Identity).map(Content::rope);
        let identity = kept.or_else(|| document.bytes.clone())?;
        let (shared, path, hash) = (Arc::clone(&self.shelf), path.to_owned(), document.hash);
        let is_kept = matches!(document.lifetime, Lifetime::Maintained | Lifetime::OnDemand);
        let keep = move |bytes: &Bytes| {
            if is_kept {
                shared.keep(&path, hash, coding, Form::from(bytes.clone()).into());
            }
        };
        if coding == Coding::Identity {
            let bytes = identity.whole();
            keep(&bytes);
            return Some(bytes);
        }
        let permit = Arc::clone(&self.compressing).acquire_owned().await.ok()?;
        if let Some(made) = self.form(document, coding) {
            return Some(made.bytes);
        }
        // Whoever waits for it may leave: it has its place until it is done, and is not in vain.
        let compress = move || {
            let made = encoding::compress(coding, &identity.whole()).map(Bytes::from);
            drop(permit);
            made.inspect(keep)
        };
        let made = task::spawn_blocking(compress).await.ok()?;
        made.inspect_err(|error| warn!(%error, "a document cannot be compressed")).ok()
    }
}

/// Puts a response together. HEAD gets the length that GET would have, and no body.
pub(crate) fn response(
    status: StatusCode,
    headers: HeaderMap,
    length: Option<usize>,
    body: impl Into<Remainder>,
    now: SystemTime,
) -> Response<Full<Remainder>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    // hyper's is up to a second old, and a document must not be newer than its reply (RFC 9110 §8.8.2.1).
    if let Ok(date) = HeaderValue::try_from(httpdate::fmt_http_date(now)) {
        response.headers_mut().insert(DATE, date);
    }
    if let Some(length) = length {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}
