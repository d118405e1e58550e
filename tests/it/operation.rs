//! What the administrator sees: the log, and `/metrics`.

use std::collections::BTreeMap;

use crate::site::{Site, post};

const DATE: &str = "Fri, 25 Feb 2022 08:54:46 GMT";

/// The values of `/metrics` by their names with labels, without the name of the program.
fn metrics(site: &Site) -> BTreeMap<String, f64> {
    let answer = site.get("metrics");
    assert!(answer.headers["content-type"].starts_with("application/openmetrics-text"));
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.ends_with("# EOF\n"));
    let values = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.strip_prefix("feedwright_").expect(line).to_owned(), value.parse().unwrap())
    });
    values.collect()
}

#[test]
fn metrics_count_what_happens() {
    let site = Site::new()
        .post("a.md", &post("A", "[x, y]", DATE))
        .post("bad.md", "---\ntitle: [\n---\n")
        .post("worse.md", "---\ntitle: [\n---\n")
        .post("open.md", "---\ntitle: A\n")
        .post("draft.md", &post("D", "[x]\ndraft: true", DATE))
        .start();
    site.until_equal("the file that is never finished", &3, || site.status()["posts"]["rejected"].as_u64().unwrap());
    let before = metrics(&site);
    for (name, value) in [
        ("posts{state=\"published\"}", 1.0),
        ("posts{state=\"draft\"}", 1.0),
        ("posts{state=\"rejected\"}", 3.0),
        ("rejects{code=\"syntax\"}", 2.0),
        ("rejects{code=\"unclosed\"}", 1.0),
        ("feeds", 3.0),
        ("degraded", 0.0),
        ("unwritten", 0.0),
    ] {
        assert_eq!(before.get(name), Some(&value), "{name} in {before:#?}");
    }
    assert!(before["catalog_bytes"] > 1e4 && before["resident_memory_bytes"] > 1e6);
    assert!(before["last_scan_timestamp_seconds"] > 1.7e9);
    assert!(before["rescans_total{reason=\"start\"}"] >= 1.0);

    site.write("b.md", &post("B", "[x]", "2022-02-24"));
    site.shows("", &["A", "B"]);
    assert_eq!(site.get("nothing").status, 404);
    site.signal("HUP");
    site.until("a walk after the reload", || metrics(&site).contains_key("rescans_total{reason=\"reload\"}"));
    let after = metrics(&site);
    assert!(after["events_total"] > before.get("events_total").copied().unwrap_or(0.0));
    assert!(after["publish_latency_seconds_count"] >= 1.0 && after["publish_latency_seconds_sum"] > 0.0);
    assert!(after["publish_latency_seconds_bucket{le=\"+Inf\"}"] >= 1.0);
    assert!(after["responses_total{status=\"404\"}"] >= 1.0);
    let answered = "responses_total{status=\"200\"}";
    assert!(after[answered] > before[answered]);
}

#[test]
fn a_flood_of_remarks_is_summed_up() {
    let mut site = Site::new();
    for number in 0..100 {
        site.write(&format!("{number}.md"), "---\ntitle: [\n---\n");
    }
    site = site.start();
    site.until_equal("all of them", &100, || site.status()["problems"].as_array().unwrap().len());
    let log = site.log();
    assert_eq!(log.lines().filter(|line| line.contains(".md:")).count(), 20, "{log}");
    assert!(log.contains("and 80 more such remarks (80 syntax)"), "{log}");
}

#[test]
fn a_full_feed_is_said_to_be_once() {
    let site = Site::new()
        .configured("    window: {entries: 2, max_entries: 2}\n")
        .post("a.md", &post("A", "[x]", DATE))
        .start();
    let told = |site: &Site| site.log().matches("/categories/x/ is full").count();
    assert_eq!(told(&site), 0);
    for (name, minute) in [("b", 55), ("c", 56), ("d", 57), ("e", 58)] {
        let title = name.to_uppercase();
        site.write(&format!("{name}.md"), &post(&title, "[x]", &format!("Fri, 25 Feb 2022 08:{minute}:46 GMT")));
        site.until("it to be served", || site.titles("categories/x/").is_some_and(|titles| titles.contains(&title)));
    }
    assert_eq!(told(&site), 1, "{}", site.log());
}

#[test]
fn every_thread_is_confined() {
    let mut site = Site::new().post("a.md", &post("A", "[x]", DATE)).start();
    let look = |site: &Site| {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", site.process())).unwrap();
        let mut threads = Vec::new();
        for task in tasks {
            // A thread may end just then.
            let Ok(status) = std::fs::read_to_string(task.unwrap().path().join("status")) else { continue };
            let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
            // That of the allocator begins before `main`, and opens nothing.
            let is_ours = line("Name:") != "jemalloc_bg_thd";
            assert!(line("NoNewPrivs:") == "1" || !is_ours, "{status}");
            threads.push(line("Name:"));
        }
        threads
    };
    assert!(look(&site).contains(&"log".to_owned()), "a thread of the catalog");
    // Rules are put on after the catalog was opened, which has work to do for new settings, too.
    site.configure("    categories: {aliases: {x: y}}\n");
    site.restart();
    look(&site);
    site.until_equal("the new name", &Some(vec!["A".to_owned()]), || site.titles("categories/y/"));
    assert!(look(&site).contains(&"log".to_owned()));
}
