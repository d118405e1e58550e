//! What the service manager is told (sd_notify).
