//! What one thread answers at once: the documents that it was asked for lately, with the heads of their replies.
//!
//! A request in, a response out, if nothing has to be decoded, looked for, made or waited for; all else is left to
//! [`super::answer`], which says the same, only later.
//!
//! Invariant: nothing is answered from memory that was filled before the last change of the shelf or of the settings.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::SystemTime,
};

use http_body_util::Full;
use hyper::{Response, body::Bytes, http::request::Parts};

use super::{
    Document, SEARCH,
    answer::Answerer,
    encoding::{self, Coding},
    links::Beside,
    respond::{self, Head, Rules},
};

/// Targets that are remembered at a time. Past that all are forgotten: to find one anew takes microseconds.
const TARGETS: usize = 256;

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
    heads: [OnceLock<Head>; 3],
}

impl Known {
    pub(crate) fn new(path: String, document: Arc<Document>, beside: Beside) -> Self {
        Self { path, document, beside, heads: Default::default() }
    }

    fn head(&self, coding: Coding, now: SystemTime, rules: &Rules) -> &Head {
        let [identity, gzip, brotli] = &self.heads;
        let head = match coding {
            Coding::Identity => identity,
            Coding::Gzip => gzip,
            Coding::Brotli => brotli,
        };
        head.get_or_init(|| Head::new(&self.path, &self.document, coding, self.beside, now, rules))
    }
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

    /// The response, if it can be had at once.
    pub(crate) fn at_once(&self, request: &Parts, peer: IpAddr) -> Option<Response<Full<Bytes>>> {
        respond::sound(request).continue_value()?;
        let (known, rules) = self.known(request)?;
        let Known { path, document, .. } = &*known;
        let is_search = path == SEARCH && request.uri.query().is_some();
        if is_search || respond::is_redirected(request, document) || !rules.shows(path, request, peer) {
            return None;
        }
        let now = SystemTime::now();
        if document.last_modified.is_some_and(|modified| modified > now) {
            // Its replies are about to change.
            return None;
        }
        let coding = encoding::negotiate(&request.headers, document.length);
        let reply = known.head(coding, now, &rules).reply(request, Arc::clone(document), now);
        // Before the client is counted, so that it is not counted twice where they are not kept.
        let mut bytes = self.answerer.kept(&reply.payload)?;
        let reply = match self.answerer.refusal(request, peer, &reply, &rules) {
            None => reply,
            Some(refusal) => {
                bytes = self.answerer.kept(&refusal.payload)?;
                refusal
            }
        };
        Some(self.answerer.finish(request, reply, bytes))
    }

    /// What the target of a request leads to, if that is on the shelf.
    fn known(&self, request: &Parts) -> Option<(Arc<Known>, Arc<Rules>)> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        // Before anything is looked for: a change that comes meanwhile makes this the number of a version that is past.
        let version = self.answerer.version();
        if memory.filled_from != version {
            *memory = Memory { filled_from: version, rules: self.answerer.rules(), targets: HashMap::new() };
        }
        let Memory { rules, targets, .. } = &mut *memory;
        let target = request.uri.path();
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
