//! The sockets that HTTP is served on, and the thread that serves them.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
};

use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::{
    runtime,
    sync::{mpsc, watch},
};

use super::{Error, pulse::Answering};
use crate::{
    config::{Admin, Listen, Settings},
    meters::Meters,
    serve::{self, Ask, Shelf},
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
        meters: meters.clone(),
        ..serve::Settings::new(settings.base_url.as_ref(), settings.max_age)
    }
}

/// The sockets that HTTP is served on.
pub(super) struct Listeners {
    pub(super) feeds: TcpListener,
    /// The administrator's own, if there is one.
    pub(super) admins: Option<TcpListener>,
    /// Tells the loop that the thread is alive.
    pub(super) answering: Answering,
}

/// Serves until `stopped` closes.
pub(super) fn serve(
    listeners: Listeners,
    news: watch::Receiver<serve::Settings>,
    shelf: &Arc<Shelf>,
    ask: &mpsc::Sender<Ask>,
    stopped: &watch::Receiver<()>,
) -> Result<thread::JoinHandle<()>, Error> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    // Sockets belong to the runtime in which they are registered.
    let inside = runtime.enter();
    let serving = |listener, news| -> Result<_, Error> {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let mut stopped = stopped.clone();
        let shutdown = async move {
            // It only ever closes.
            let _ = stopped.changed().await;
        };
        Ok(serve::run(listener, Arc::clone(shelf), ask.clone(), shutdown, news))
    };
    let alone = serve::Settings { admin: serve::Admin::Alone, ..news.borrow().clone() };
    let admins = match listeners.admins {
        Some(listener) => {
            tracing::info!("status and metrics are served at http://{}/", listener.local_addr()?);
            Some(serving(listener, watch::channel(alone).1)?)
        }
        None => None,
    };
    let feeds = serving(listeners.feeds, news)?;
    drop(inside);
    let both = async {
        match admins {
            Some(admins) => {
                tokio::join!(feeds, admins);
            }
            None => feeds.await,
        }
    };
    let answering = listeners.answering;
    let all = async move {
        tokio::select! {
            () = both => {}
            () = answering.run() => {}
        }
    };
    Ok(thread::Builder::new().name("http".into()).spawn(move || runtime.block_on(all))?)
}
