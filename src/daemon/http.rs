//! The sockets that HTTP is served on, and the threads that serve them: one a core, each with a runtime of its own, all on
//! duplicates of one socket, which may be the service manager's.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    thread,
};

use rustix::{
    fs::{Mode, OFlags},
    net::sockopt::set_socket_send_buffer_size,
};
use tokio::{
    runtime,
    sync::{mpsc, watch},
    task::JoinSet,
};

use super::{
    Error,
    pulse::{Answering, Thread},
};
use crate::{
    config::{Admin, Listen, Settings},
    cores::WORKERS,
    meters::Meters,
    serve::{self, Ask, Server, Shelf},
    systemd,
};

/// Bytes that the kernel holds of a response for one client. It would take megabytes: a thousand clients that read nothing
/// would have it copy a thousand feeds.
const SEND_BUFFER: usize = 128 * 1024;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;

/// Settings in which the feeds live at the address that was really bound, unless they have one of their own.
pub(super) fn at_address(mut settings: Settings, address: SocketAddr) -> Settings {
    if settings.base_url.is_none() {
        if !address.ip().is_loopback() {
            tracing::warn!("links in the feeds point to http://{address}/: set `base_url` to what readers use");
        }
        settings.base_url = url::Url::parse(&format!("http://{address}/")).ok();
    }
    settings
}

pub(super) fn listen(listen: &Listen) -> Result<TcpListener, Error> {
    match listen {
        Listen::Address(address) => bind(*address, "--listen"),
        Listen::Passed => {
            let listener = systemd::passed_listener()?.ok_or(Error::NoSocket)?;
            prepare(&listener)?;
            Ok(listener)
        }
    }
}

pub(super) fn bind(address: SocketAddr, with: &'static str) -> Result<TcpListener, Error> {
    let refused = |source| Error::Listen { address: address.to_string(), with, source };
    let listener = TcpListener::bind(address).map_err(refused)?;
    prepare(&listener)?;
    Ok(listener)
}

/// Makes a socket, and all that are accepted from it, fit for a crowd.
fn prepare(listener: &TcpListener) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    set_socket_send_buffer_size(listener, SEND_BUFFER)?;
    // The standard library asks for 128: more readers than that may come while one document is made.
    rustix::net::listen(listener, BACKLOG)?;
    Ok(())
}

/// What HTTP needs to know of the settings.
pub(super) fn settings(settings: &Settings, meters: &Meters) -> serve::Settings {
    serve::Settings {
        admin: match settings.admin {
            Admin::Loopback => serve::Admin::Loopback,
            Admin::Public => serve::Admin::Public,
            Admin::Address(_) => serve::Admin::Apart,
        },
        limit: settings.poll_limit,
        trusted: settings.trusted_proxies.clone(),
        connections: settings.connections,
        files: Some(nameless_in(settings.state.clone())),
        meters: meters.clone(),
        ..serve::Settings::new(settings.base_url.as_ref(), settings.max_age)
    }
}

/// Makes files without a name on the disk of a folder. There a file lies in larger pages than in memory, and is sent at less
/// cost.
fn nameless_in(folder: PathBuf) -> serve::Files {
    let flags = OFlags::TMPFILE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
    serve::Files(Arc::new(move || Ok(rustix::fs::open(&folder, flags, Mode::RUSR)?.into())))
}

/// The sockets that HTTP is served on.
pub(super) struct Listeners {
    pub(super) feeds: TcpListener,
    /// The administrator's own, if there is one.
    pub(super) admins: Option<TcpListener>,
}

/// Serves until `stopped` closes.
pub(super) fn serve(
    listeners: Listeners,
    news: watch::Receiver<serve::Settings>,
    shelf: &Arc<Shelf>,
    ask: &mpsc::Sender<Ask>,
    stopped: &watch::Receiver<()>,
) -> Result<Vec<Thread>, Error> {
    let alone = serve::Settings { admin: serve::Admin::Alone, ..news.borrow().clone() };
    let new = |news| Server::new(Arc::clone(shelf), ask.clone(), news);
    let feeds = new(news);
    let mut threads = Vec::new();
    for number in 1..*WORKERS {
        let own = vec![(listeners.feeds.try_clone()?, Arc::clone(&feeds))];
        threads.push(spawn(format!("http-{number}"), own, stopped)?);
    }
    let mut first = vec![(listeners.feeds, feeds)];
    if let Some(listener) = listeners.admins {
        tracing::info!("status and metrics are served at http://{}/", listener.local_addr()?);
        first.push((listener, new(watch::channel(alone).1)));
    }
    threads.push(spawn("http".into(), first, stopped)?);
    Ok(threads)
}

/// A thread that serves on these sockets.
fn spawn(
    name: String,
    served: Vec<(TcpListener, Arc<Server>)>,
    stopped: &watch::Receiver<()>,
) -> Result<Thread, Error> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    // Sockets belong to the runtime in which they are registered.
    let inside = runtime.enter();
    let mut loops = JoinSet::new();
    for (listener, server) in served {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let mut stopped = stopped.clone();
        let shutdown = async move {
            // It only ever closes.
            let _ = stopped.changed().await;
        };
        loops.spawn(server.serve(listener, shutdown));
    }
    drop(inside);
    let answering = Answering::default();
    let asked = answering.clone();
    let all = async move {
        tokio::select! {
            _ = loops.join_all() => {}
            () = asked.run() => {}
        }
    };
    let handle = thread::Builder::new().name(name).spawn(move || runtime.block_on(all))?;
    Ok(Thread::new(handle, answering))
}
