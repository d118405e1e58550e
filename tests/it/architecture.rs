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

/// Every path that code names: what its `use` trees bring in, each whole, and what it names where it stands.
fn paths(code: &str) -> String {
    let begins_a_line = |before: &str| {
        let line = before.rsplit('\n').next().unwrap_or_default().trim();
        line.is_empty() || line.starts_with("pub")
    };
    let mut paths = String::new();
    for statement in code.split(';') {
        match statement.rsplit_once("use ").filter(|(before, _)| begins_a_line(before)) {
            Some((before, tree)) => {
                paths.push_str(before);
                flatten("", tree, &mut paths);
            }
            None => paths.push_str(statement),
        }
    }
    paths
}

/// Writes each path of a `use` tree into a line of its own, with `::` behind it.
fn flatten(above: &str, tree: &str, paths: &mut String) {
    let tree = tree.trim();
    let Some((path, branches)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree).trim_end_matches("::self");
        paths.extend([above, path, "::\n"]);
        return;
    };
    let (above, mut depth) = (format!("{above}{}", path.trim()), 0);
    for branch in branches.trim_end().strip_suffix('}').unwrap().split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    }) {
        if !branch.trim().is_empty() {
            flatten(&above, branch, paths);
        }
    }
}

fn is_in_a_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether paths have a word as it stands, and not as a part of a longer name.
fn has(paths: &str, word: &str) -> bool {
    paths.match_indices(word).any(|(at, _)| {
        let (before, after) = (paths[..at].chars().next_back(), paths[at + word.len()..].chars().next());
        !before.is_some_and(is_in_a_name) && (word.ends_with(':') || !after.is_some_and(is_in_a_name))
    })
}

fn never(modules: &[&str], words: &[&str]) {
    for (path, code) in modules.iter().flat_map(|module| sources(module)) {
        let paths = paths(&code);
        for word in words {
            assert!(!has(&paths, word), "{path} must not know {word}");
        }
    }
}

#[test]
fn what_a_use_brings_in_is_seen_however_it_is_written() {
    let check =
        |code: &str, word: &str, expected: bool| assert_eq!(has(&paths(code), word), expected, "{word}: {code}");

    for code in [
        "use std::fs;",
        "use std::fs::File;",
        "use std::{fs, io};",
        "pub(crate) use std::{\n    collections::BTreeMap,\n    fs::{self, File},\n};",
        "use std::{io::{self, Read}, fs as files};",
        "fn f() { std::fs::read(path) }",
    ] {
        check(code, "std::fs", true);
        check(code, "std::net", false);
    }
    check("use std::fsx;", "std::fs", false);
    check("use hyper_util::rt;", "hyper::", false);
    check("use {hyper::body, tokio::net};", "hyper::", true);
    check("    pub use hyper;", "hyper::", true);
    check("/// In use {\nlet use_of = 1;", "hyper::", false);
    check("fn f() { other_hyper::f() }", "hyper::", false);
    check("let now = x.map_or_else(Utc::now, |x| x);", "Utc::now", true);
}

#[test]
fn the_pure_stages_do_no_io_and_know_no_clock() {
    never(
        &["post", "feed", "uri", "bytes", "rope"],
        &[
            "std::fs",
            "io::stdin",
            "io::stdout",
            "io::stderr",
            "std::net",
            "std::thread",
            "tokio::",
            "tracing::",
            "rusqlite::",
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
        "rope", "sandbox", "serve", "site", "systemd", "uri", "watch",
    ];
    for (library, owner) in [
        ("rusqlite::", "catalog"),
        ("notify::", "watch"),
        ("hyper::", "serve"),
        ("hyper_util::", "serve"),
        ("sd_notify::", "systemd"),
        ("landlock::", "sandbox"),
        ("serde_yaml::", "config"),
    ] {
        let others: Vec<&str> = all.into_iter().filter(|module| *module != owner).collect();
        never(&others, &[library]);
    }
}

#[test]
fn serve_renders_nothing_and_opens_nothing() {
    let opens = ["fs::read", "fs::metadata", "fs::open", "File::open", "File::options", "OpenOptions", "tokio::fs"];
    never(&["serve"], &opens);
    never(&["serve"], &["crate::site", "askama::"]);
}
