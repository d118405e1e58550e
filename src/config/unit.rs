//! A drop-in for `feedwright.service` that lets the unit reach the configured folders, and the network if it needs it.

use std::{collections::BTreeSet, fmt::Write, path::Path};

use super::{Listen, Settings};
use crate::sandbox::above;

/// Folders that the unit hides: its own stand in their place.
const HIDDEN: [&str; 5] = ["/home", "/root", "/run/user", "/tmp", "/var/tmp"];

/// The drop-in's text. Binds name a folder above each posts folder: one that is deleted and made again, by itself or with
/// its parent, would leave a bind mount of the folder itself on the dead one for ever.
#[must_use]
pub fn drop_in(settings: &Settings) -> String {
    let mut text = String::from(
        "# Save as /etc/systemd/system/feedwright.service.d/folders.conf, for instance with\n\
         #   feedwright config unit | sudo tee /etc/systemd/system/feedwright.service.d/folders.conf\n\
         # and then: sudo systemctl daemon-reload && sudo systemctl restart feedwright\n\
         #\n\
         # If the user `feedwright` may not read the posts, let it in (the second line for files to come):\n",
    );
    for folder in &settings.folders {
        let path = folder.path.display();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "#   sudo setfacl -R -m u:feedwright:rX {path}");
        let _ = writeln!(text, "#   sudo setfacl -R -d -m u:feedwright:rX {path}");
    }
    text.push_str("\n[Service]\n");
    posts(settings, &mut text);
    written(settings, &mut text);
    network(settings, &mut text);
    text
}

fn posts(settings: &Settings, text: &mut String) {
    let hidden: BTreeSet<&Path> = settings
        .folders
        .iter()
        .map(|folder| above(&folder.path))
        .filter(|path| HIDDEN.iter().any(|hidden| path.starts_with(hidden)))
        .collect();
    if hidden.is_empty() {
        text.push_str("# The posts lie where the unit sees them: there is nothing to open.\n");
        return;
    }
    if hidden.iter().any(|path| HIDDEN[..3].iter().any(|home| path.starts_with(home))) {
        text.push_str("# Posts lie in a home folder; all other homes stay hidden.\nProtectHome=tmpfs\n");
    }
    text.push_str(
        "# A folder above the posts, so that theirs, and the one that it is in, may be deleted and made again.\n",
    );
    for path in hidden {
        // In a bind, a colon would begin the destination.
        let _ = writeln!(text, "BindReadOnlyPaths={}", quoted(path).replace(':', "\\\\:"));
    }
}

fn written(settings: &Settings, text: &mut String) {
    let unit = Path::new("/var/lib/feedwright");
    let elsewhere: BTreeSet<&Path> = [&settings.state, &settings.output]
        .into_iter()
        .map(|path| &**path)
        .filter(|path| !path.starts_with(unit))
        .collect();
    for path in elsewhere {
        text.push_str("# Written to; it must be there before the unit starts:\n");
        let _ = writeln!(text, "#   sudo install -d -o feedwright -g feedwright {}", path.display());
        let _ = writeln!(text, "ReadWritePaths={}", quoted(path));
    }
}

fn network(settings: &Settings, text: &mut String) {
    let listen = match settings.listen {
        Listen::Address(address) => Some(address),
        Listen::Passed => None,
    };
    let addresses: Vec<_> = listen.into_iter().chain(settings.admin.address()).collect();
    if addresses.is_empty() {
        return;
    }
    text.push_str("# The configuration names addresses to listen on, and so the unit needs the network.\n");
    if listen.is_some() {
        text.push_str(
            "# feedwright.socket must not hold a port besides: sudo systemctl mask --now feedwright.socket\n",
        );
    }
    text.push_str("PrivateNetwork=no\nRestrictAddressFamilies=AF_INET AF_INET6\n");
    for address in &addresses {
        let _ = writeln!(text, "SocketBindAllow=tcp:{}", address.port());
    }
    let open = addresses.iter().any(|address| !address.ip().is_loopback());
    let _ = writeln!(text, "IPAddressAllow={}", if open { "any" } else { "localhost" });
}

/// A path as systemd reads it: in quotes where it must be, `%` doubled.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string().replace('%', "%%");
    if text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ';' | '#' | ':')) {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        return format!("\"{escaped}\"");
    }
    text
}
