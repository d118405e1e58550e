//! A drop-in for `feedwright.service` that lets the unit reach the configured folders.

use std::{collections::BTreeSet, fmt::Write, path::Path};

use super::{Listen, Settings};

/// The drop-in's text. Binds name the *parent* of each posts folder: a crawler that deletes its folder and makes it
/// again would leave a bind mount of the folder itself on the dead one for ever.
#[must_use]
pub fn drop_in(settings: &Settings) -> String {
    let parents: BTreeSet<&Path> =
        settings.folders.iter().map(|folder| folder.path.parent().unwrap_or(&folder.path)).collect();
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
    let home =
        parents.iter().any(|parent| ["/home", "/root", "/run/user"].iter().any(|hidden| parent.starts_with(hidden)));
    if home {
        text.push_str("# Posts lie in a home folder; all other homes stay hidden.\nProtectHome=tmpfs\n");
    }
    text.push_str("# The parent of each posts folder, so that the folder itself may be deleted and made again.\n");
    for parent in &parents {
        // In a bind, a colon would begin the destination.
        let path = quoted(parent);
        let _ = if home {
            writeln!(text, "BindReadOnlyPaths={}", path.replace(':', "\\\\:"))
        } else {
            writeln!(text, "ReadOnlyPaths={path}")
        };
    }
    if !settings.output.starts_with(&settings.state) {
        text.push_str("# Where the feeds are written.\n");
        let _ = writeln!(text, "ReadWritePaths={}", quoted(&settings.output));
    }
    if let Listen::Address(address) = settings.listen {
        if address.port() != 8080 {
            let _ = writeln!(text, "# The port of `listen`.\nSocketBindAllow=tcp:{}", address.port());
        }
        if !address.ip().is_loopback() {
            text.push_str("# `listen` is open to other machines.\nIPAddressAllow=any\n");
        }
    }
    text
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
