//! The configuration is read again.

use std::net::SocketAddr;

use super::{Daemon, http, watcher};
use crate::{
    config::{ConfigError, Settings},
    meters::Rescan,
    pipeline, systemd,
};

impl Daemon<'_> {
    /// Takes new settings, if there is nothing wrong with them, and looks at everything.
    pub(super) fn reload(
        &mut self,
        load: &dyn Fn() -> Result<Settings, ConfigError>,
        address: SocketAddr,
    ) -> Result<(), pipeline::Error> {
        systemd::reloading();
        let is_within_another = std::mem::replace(&mut self.reloading, true);
        // A folder may have another number from now on; the scan finds what is left.
        self.unsettled.clear();
        self.untaken.clear();
        match load() {
            Ok(settings) => {
                let before = self.pipeline.settings();
                if settings.listen != before.listen
                    || settings.output != before.output
                    || settings.state != before.state
                    || settings.cache_bytes != before.cache_bytes
                    || settings.admin.address() != before.admin.address()
                {
                    tracing::warn!(
                        "listen, admin's address, output, state and cache_size take effect with the next start"
                    );
                }
                let adopted = self.pipeline.reconfigure(http::at_address(settings, address));
                self.http.send_replace(http::settings(self.pipeline.settings(), &self.meters));
                let watcher = watcher(&self.pipeline, &self.meters, &self.changed);
                for before in self.leaving.iter().chain([&self.watcher]) {
                    watcher.take_over(before);
                }
                let before = std::mem::replace(&mut self.watcher, watcher);
                // One whose watches do not stand yet tells of less than the one before it.
                if std::mem::replace(&mut self.watched, false) || self.leaving.is_none() {
                    self.leaving = Some(before);
                }
                self.pulse.forget_watcher();
                self.shut_out = self.shut_out();
                if let Some(words) = &self.shut_out {
                    tracing::error!("{words}");
                }
                adopted?;
                tracing::info!("the configuration was read again");
            }
            Err(error) => {
                tracing::error!("the old configuration stays: {error}");
                self.reloading = is_within_another;
                systemd::ready(&self.status());
            }
        }
        self.scan(Rescan::Reload)
    }

    /// Which posts folders lie outside of what the program let itself read at its start.
    fn shut_out(&self) -> Option<String> {
        let outside = self.pipeline.settings().folders.iter().filter(|folder| !self.sandbox.lets_read(&folder.path));
        let outside: Vec<_> = outside.map(|folder| folder.path.display().to_string()).collect();
        (!outside.is_empty()).then(|| {
            format!(
                "{} cannot be read, because the program shut itself out of all that it did not need at its start: start it \
                 again (`systemctl restart feedwright`)",
                outside.join(" and ")
            )
        })
    }
}
