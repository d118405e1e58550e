//! Signals → events.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use super::{Error, Event};

/// Turns signals into events, on a thread of its own: one that ends the program must not wait for a long scan.
pub(super) fn listen(stop: Arc<AtomicBool>) -> Result<mpsc::UnboundedReceiver<Event>, Error> {
    let (events, receiver) = mpsc::unbounded_channel();
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let registered = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?)
    };
    let listen = async move {
        let (mut terminate, mut interrupt, mut hangup) = registered;
        loop {
            let event = tokio::select! {
                _ = terminate.recv() => Event::Stop,
                _ = interrupt.recv() => Event::Stop,
                _ = hangup.recv() => Event::Reload,
            };
            if matches!(event, Event::Stop) {
                stop.store(true, Ordering::Relaxed);
            }
            if events.send(event).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(listen))?;
    Ok(receiver)
}
