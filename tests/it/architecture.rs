//! The invariants of ARCHITECTURE.md, read off the source.

use std::{fs, path::Path};

/// The source of a module without its tests, each file with its path.
fn sources(module: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut paths = vec![root.join(module), root.join(format!("{module}.rs"))];
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(fs::read_dir(&path).unwrap().flatten().map(|entry| entry.path()));
        } else if path.is_file() && path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            found.push((path.strip_prefix(&root).unwrap().display().to_string(), lines));
        }
    }
    assert!(!found.is_empty(), "no module {module}");
    found
}

fn never(modules: &[&str], words: &[&str]) {
    for (path, code) in modules.iter().flat_map(|module| sources(module)) {
        for word in words {
            assert!(!code.contains(word), "{path} must not know {word}");
        }
    }
}

#[test]
fn the_pure_stages_do_no_io_and_know_no_clock() {
    never(
        &["post", "feed", "uri", "bytes", "rope"],
        &[
            "std::fs",
            "std::io::",
            "std::net",
            "std::thread",
            "tokio",
            "tracing",
            "rusqlite",
            "Utc::now",
            "SystemTime::now",
            "Instant::now",
        ],
    );
}

#[test]
fn the_pure_stages_know_no_later_stage() {
    let later = ["catalog", "watch", "publish", "serve", "site", "pipeline", "daemon", "config", "cli"];
    let words: Vec<String> = later.iter().map(|module| format!("crate::{module}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    never(&["post"], &words);
    never(&["post"], &["crate::feed"]);
    never(&["feed"], &words);
    never(&["feed"], &["crate::post"]);
}

#[test]
fn the_outside_worlds_do_not_know_each_other() {
    let worlds = ["watch", "publish", "serve", "site"];
    for world in worlds {
        for other in worlds.into_iter().filter(|other| *other != world) {
            never(&[world], &[&format!("crate::{other}")]);
        }
        never(&[world], &["crate::pipeline", "crate::daemon", "crate::cli", "crate::catalog"]);
    }
}

#[test]
fn each_outside_world_has_one_module() {
    let all = [
        "bytes", "catalog", "cli", "config", "cores", "daemon", "feed", "meters", "pipeline", "post", "publish",
        "sandbox", "serve", "site", "systemd", "uri", "watch",
    ];
    for (library, owner) in [
        ("rusqlite", "catalog"),
        ("use notify", "watch"),
        ("use hyper", "serve"),
        ("sd_notify", "systemd"),
        ("use landlock", "sandbox"),
        ("serde_yaml", "config"),
    ] {
        let others: Vec<&str> = all.into_iter().filter(|module| *module != owner).collect();
        never(&others, &[library]);
    }
    never(&["serve"], &["std::fs", "crate::site", "askama"]);
}
