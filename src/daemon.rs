//! The event loop, with the only clock.
