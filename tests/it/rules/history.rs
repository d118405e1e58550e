//! RFC 5005: archives and the links between them. The rules apply to whatever document carries such a link or mark.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::{
    Finding, Judge, Rule, Told,
    xml::{FEED_HISTORY, children, place},
};

/// Judges where a document stands in its feed's history: `feed` is the element that holds the entries, `links` are its
/// relations and addresses. The address of the current document, if this is an archive.
pub(super) fn judge(judge: &mut Judge<'_>, feed: Node<'_, '_>, links: &[(String, String)]) -> Option<String> {
    let is_history = |node: &Node<'_, '_>| node.is_element() && node.tag_name().namespace() == Some(FEED_HISTORY);
    for mark in feed.descendants().filter(is_history) {
        let is_mark = ["archive", "complete"].contains(&mark.tag_name().name());
        let good = is_mark && mark.parent() == Some(feed) && mark.children().next().is_none();
        judge.demand(Rule::HistoryArchive, good, || place(mark));
    }
    let marks = |name| children(feed, Some(FEED_HISTORY), name).count();
    let archive = marks("archive") > 0;
    judge
        .demand(Rule::HistoryArchive, marks("archive") + marks("complete") <= 1, || "marked more than once".to_owned());

    let to =
        |rel: &str| links.iter().filter(|(other, _)| other == rel).map(|(_, href)| href.as_str()).collect::<Vec<_>>();
    let own = to("self");
    let (current, previous, next) = (to("current"), to("prev-archive"), to("next-archive"));
    for led in [&previous, &next] {
        let good = led.len() <= 1 && led.iter().all(|href| !own.contains(href));
        judge.demand(Rule::HistoryLink, good, || format!("{led:?} from {own:?}"));
    }
    let apart = previous.iter().all(|href| !next.contains(href) && !current.contains(href));
    judge.demand(Rule::HistoryLink, apart, || format!("{previous:?} is before and not before {next:?}, {current:?}"));
    if archive {
        let good = current.len() == 1 && current != own;
        judge.demand(Rule::HistoryCurrent, good, || format!("an archive with `current` {current:?}"));
    } else {
        judge.demand(Rule::HistoryCurrent, next.is_empty(), || format!("no archive, and next-archive {next:?}"));
    }
    archive.then(|| current.first().map(|&href| href.to_owned())).flatten()
}

/// Entries that stand in two archive documents of one feed.
pub(super) fn overlaps(told: &BTreeMap<String, Told>) -> Vec<Finding> {
    let mut seen: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for (address, feed) in told {
        let Some(current) = &feed.archive_of else { continue };
        for entry in &feed.entries {
            if let Some(other) = seen.insert((current, &entry.id), address).filter(|other| other != address) {
                let place = format!("{} stands in {other} too", entry.id);
                findings.push(Finding { document: address.clone(), rule: Rule::HistoryOverlap, place });
            }
        }
    }
    findings
}
