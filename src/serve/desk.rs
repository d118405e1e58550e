//! What one thread answers at once: the documents that it was asked for lately, with the heads of their replies.
//!
//! A request in, a response out, if nothing has to be decoded, looked for, made or waited for; all else is left to
//! [`super::answer`], which says the same, only later. The response is there for hyper to send, and as the bytes that hyper
//! would send.
//!
//! Invariant: nothing is answered from memory that was filled before the last change of the shelf or of the settings.

use std::{
    collections::HashMap,
    net::IpAddr,
    ops::RangeInclusive,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::SystemTime,
};

use http_body_util::Full;
use hyper::{Method, Response, StatusCode};

use super::{
    Document, SEARCH,
    answer::{self, Answerer},
    conditional::Verdict,
    encoding::{self, Coding},
    forms::{Content, Form},
    links::Beside,
    request::Request,
    respond::{self, Head, Rules},
    wire::{self, Clock},
};
use crate::rope::Remainder;

/// Targets that are remembered at a time. Past that all are forgotten: to find one anew takes microseconds.
const TARGETS: usize = 256;

/// How often a document is sent before it is put into a file, which takes as long as to send it a few times.
const OFTEN: u32 = 64;

/// The lengths of documents for which a file is worth its descriptor, and not too large.
const FILED: RangeInclusive<usize> = 16 * 1024..=1024 * 1024;

/// One thread's end of the [`Answerer`] that all threads share.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) answerer: Arc<Answerer>,
    /// Nobody else ever waits for it.
    memory: Mutex<Memory>,
}

/// What targets lead to, as long as nothing changes.
#[derive(Debug)]
struct Memory {
    filled_from: Version,
    rules: Arc<Rules>,
    targets: HashMap<Box<str>, Arc<Known>>,
}

/// What shelf and settings are called as they are now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) shelf: u64,
    pub(crate) rules: u64,
}

/// A document on the shelf, under the path that a target means.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) path: String,
    pub(crate) document: Arc<Document>,
    pub(crate) beside: Beside,
    /// In the order of [`Coding`].
    prepared: [OnceLock<Prepared>; 3],
}

/// A document in one coding, as far as all replies with it are alike.
#[derive(Debug)]
struct Prepared {
    head: Head,
    /// The heads of a 304 and of a 200 as they are sent, up to what differs.
    not_modified: Box<[u8]>,
    whole: Box<[u8]>,
    /// How often it was sent in full.
    sent: AtomicU32,
}

impl Known {
    pub(crate) fn new(path: String, document: Arc<Document>, beside: Beside) -> Self {
        Self { path, document, beside, prepared: Default::default() }
    }

    fn prepared(&self, coding: Coding, now: SystemTime, rules: &Rules) -> &Prepared {
        let [identity, gzip, brotli] = &self.prepared;
        let prepared = match coding {
            Coding::Identity => identity,
            Coding::Gzip => gzip,
            Coding::Brotli => brotli,
        };
        prepared.get_or_init(|| {
            let head = Head::new(&self.path, &self.document, coding, self.beside, now, rules);
            let not_modified = wire::start(StatusCode::NOT_MODIFIED, &head.not_modified);
            let whole = wire::start(StatusCode::OK, &head.whole);
            Prepared { head, not_modified, whole, sent: AtomicU32::new(0) }
        })
    }
}

/// A response that is there: a 304, or a document in full.
#[derive(Debug)]
pub(crate) struct AtOnce {
    known: Arc<Known>,
    coding: Coding,
    rules: Arc<Rules>,
    now: SystemTime,
    /// Absent in a 304.
    whole: Option<Whole>,
}

/// What is sent of a document.
#[derive(Debug)]
struct Whole {
    /// Of the body that GET gets.
    length: usize,
    /// Empty for HEAD.
    body: Content,
}

impl AtOnce {
    /// For hyper to send.
    pub(crate) fn into_response(self) -> Response<Full<Remainder>> {
        let head = &self.prepared().head;
        let (status, headers) = match &self.whole {
            None => (StatusCode::NOT_MODIFIED, head.not_modified.clone()),
            Some(_) => (StatusCode::OK, head.whole.clone()),
        };
        let (length, body) = self.whole.map_or((None, nothing()), |whole| (Some(whole.length), whole.body));
        answer::response(status, headers, length, body.rope(), self.now)
    }

    /// Puts its head into `out` as hyper would send it, and says what follows.
    pub(crate) fn write(self, clock: &mut Clock, out: &mut Vec<u8>) -> Content {
        let prepared = self.prepared();
        let start = if self.whole.is_some() { &prepared.whole } else { &prepared.not_modified };
        wire::head(start, clock.date(self.now), self.whole.as_ref().map(|whole| whole.length), out);
        self.whole.map_or_else(nothing, |whole| whole.body)
    }

    fn prepared(&self) -> &Prepared {
        self.known.prepared(self.coding, self.now, &self.rules)
    }
}

/// No bytes.
fn nothing() -> Content {
    Form::default().into()
}

impl Desk {
    /// A desk at which nothing was asked for yet.
    pub(crate) fn new(answerer: Arc<Answerer>) -> Self {
        let memory = Memory {
            filled_from: answerer.version(),
            rules: answerer.rules(),
            targets: HashMap::with_capacity(TARGETS),
        };
        Self { answerer, memory: Mutex::new(memory) }
    }

    /// The response, if it can be had at once. It is counted.
    pub(crate) fn at_once(&self, request: &impl Request, peer: IpAddr) -> Option<AtOnce> {
        respond::sound(request).continue_value()?;
        let (known, rules) = self.known(request)?;
        let Known { path, document, .. } = &*known;
        let is_search = path == SEARCH && request.query().is_some();
        if is_search || respond::is_redirected(request, document) || !rules.shows(path, request, peer) {
            return None;
        }
        let now = SystemTime::now();
        if document.last_modified.is_some_and(|modified| modified > now) {
            // Its replies are about to change.
            return None;
        }
        let coding = encoding::negotiate(request.fields(), document.length);
        let prepared = known.prepared(coding, now, &rules);
        let whole = match prepared.head.judge(request, document, now) {
            Verdict::NotModified => None,
            Verdict::Send => {
                // Before the client is counted, so that it is not counted twice where they are not kept.
                let content = self.answerer.content(document, coding)?;
                // Who is refused is not counted, and will be refused again.
                self.answerer.admit(request, peer, document, &rules).ok()?;
                let length = content.len();
                let is_often = prepared.sent.fetch_add(1, Ordering::Relaxed) == OFTEN;
                if is_often && FILED.contains(&length) {
                    self.answerer.file(path, document, coding, content.clone().whole());
                }
                let body = if *request.method() == Method::HEAD { nothing() } else { content };
                Some(Whole { length, body })
            }
            Verdict::Failed => return None,
        };
        self.answerer.count(if whole.is_some() { StatusCode::OK } else { StatusCode::NOT_MODIFIED });
        Some(AtOnce { known, coding, rules, now, whole })
    }

    /// What the target of a request leads to, if that is on the shelf.
    fn known(&self, request: &impl Request) -> Option<(Arc<Known>, Arc<Rules>)> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        // Before anything is looked for: a change that comes meanwhile makes this the number of a version that is past.
        let version = self.answerer.version();
        if memory.filled_from != version {
            *memory = Memory { filled_from: version, rules: self.answerer.rules(), targets: HashMap::new() };
        }
        let Memory { rules, targets, .. } = &mut *memory;
        let target = request.path();
        let known = if let Some(known) = targets.get(target) {
            Arc::clone(known)
        } else {
            let paths = respond::paths(request, rules).continue_value()?;
            let known = Arc::new(self.answerer.known(&paths)?);
            if targets.len() >= TARGETS {
                targets.clear();
            }
            targets.insert(target.into(), Arc::clone(&known));
            known
        };
        Some((known, Arc::clone(rules)))
    }
}
