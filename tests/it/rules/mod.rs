//! The rules of the formats, as checks of our own.
//!
//! In: a document's bytes and the address under which it was fetched. Out: [`Finding`]s, each naming the document, the
//! [`Rule`] and the place. Judged are the bytes themselves and a strict reading of them, never what a forgiving parser
//! makes of them; nothing of what is judged here is written by the code that is judged.
//!
//! Every rule names its source, and `tests.rs` holds a document that breaks it.

mod atom;
mod compare;
mod history;
mod html;
mod json;
mod media;
mod opml;
mod rss;
mod tests;
mod text;
mod xml;

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{LazyLock, Mutex},
};

pub(crate) use compare::Told;

/// Declares the rules: each with its source and what it demands.
macro_rules! rules {
    ($($rule:ident: $source:literal, $demand:literal;)+) => {
        /// What a document must keep.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Rule { $($rule),+ }

        impl Rule {
            /// Every rule there is.
            pub(crate) const ALL: &[Self] = &[$(Self::$rule),+];

            /// Where it is written, and what it says.
            const fn words(self) -> (&'static str, &'static str) {
                match self { $(Self::$rule => ($source, $demand)),+ }
            }
        }
    };
}

rules! {
    Utf8: "RFC 3629; RFC 8259 §8.1", "the bytes are UTF-8, and nothing says otherwise";
    Character: "XML 1.0 §2.2, §4.1", "no character that XML cannot carry, as itself or as a reference";
    Doctype: "RFC 4287 §2; Security of XML readers", "no document type declaration";
    CdataEnd: "XML 1.0 §2.4", "`]]>` stands at the end of a CDATA section only";
    WellFormed: "XML 1.0 §2.1; Namespaces in XML §3", "well-formed, every prefix declared";
    Namespace: "RSS Profile, Namespace Elements; RFC 4287 §1.2", "elements are of known namespaces";
    KnownDocument: "RSS 2.0; RFC 4287 §2; OPML 2.0; JSON Feed 1.1", "the root says which format this is";
    Uri: "RFC 3986 §4.3; RFC 3987 §3.1", "an address is absolute and encoded as a URI";
    Iri: "RFC 4287 §4.2.6; RFC 3987 §2.2", "an id is an absolute IRI";
    Language: "RFC 5646 §2.1", "a language tag is well-formed";
    PlainText: "RSS Profile, item title; RFC 4287 §3.1.1.1; JSON Feed 1.1, items", "no markup in plain text, no white space around it";
    Mail: "RSS 2.0, author", "an author in RSS is a mail address";
    MediaType: "RFC 6838 §4.2", "a media type is one";

    HtmlSyntax: "HTML, serialising fragments", "tags nest, attributes are quoted, references are known";
    HtmlReference: "HTML, character references", "no reference to a character that is none";
    HtmlScript: "RSS Profile, item description; RFC 4287 §8.1", "no element or attribute that runs, styles or frames";
    HtmlAddress: "RSS Profile, item description; JSON Feed 1.1, content_html", "no relative or active address in content";

    RssShape: "RSS 2.0, Required channel elements", "an `rss` of version 2.0 with one channel";
    RssRequired: "RSS 2.0, Required channel elements", "channel has title, link and description";
    RssOnce: "RSS 2.0; RSS Profile, element cardinalities", "an element that may come once comes once";
    RssElement: "RSS 2.0", "an element without a namespace is one of RSS, where RSS has it";
    RssItem: "RSS 2.0, Elements of item", "an item has a title or a description, and no element is empty";
    RssDate: "RSS Profile, Data types; RFC 822 §5", "RFC 822 dates with the right weekday and a four-digit year";
    RssGuid: "RSS Profile, item guid", "an item has a guid that claims to be an address only if it is one";
    RssGuidUnique: "RSS Profile, item guid", "no guid comes twice";
    RssSelf: "RSS Profile, atom:link", "one atom:link `self`, equal to the fetched address";
    RssOrder: "RSS Profile, item", "newest item first";
    RssBuildDate: "RSS 2.0, lastBuildDate", "the channel is not older than its items";
    RssDomain: "RSS 2.0, category", "a category has a name, its domain is an address";
    RssEnclosure: "RSS Profile, item enclosure", "an enclosure has url, length and type";
    RssDocs: "RSS Profile, docs", "docs is the address of the specification";
    RssImage: "RSS Profile, image", "an image has url, title and link, and repeats the channel's";
    Media: "Media RSS 1.5.1, media:content, media:thumbnail", "elements of Media RSS have the attributes they need, and no others";

    AtomShape: "RFC 4287 §4.1.1, §4.1.2", "a `feed` whose elements stand where the RFC has them";
    AtomRequired: "RFC 4287 §4.1.1, §4.1.2", "feed and entry have one id, one title, one updated";
    AtomOnce: "RFC 4287 §4.1.1, §4.1.2", "an element that may come once comes once";
    AtomIdUnique: "RFC 4287 §4.1.1", "no id comes twice";
    AtomDate: "RFC 4287 §3.3; RFC 3339 §5.6", "RFC 3339 dates, in whole seconds";
    AtomUpdated: "RFC 4287 §4.2.9, §4.2.15", "an entry is not updated before it was published, nor after its feed";
    AtomSelf: "RFC 4287 §4.1.1, §4.2.7.2", "one link `self`, equal to the fetched address";
    AtomAuthor: "RFC 4287 §4.1.1, §3.2", "an author, with one name, on the entry or its feed";
    AtomAlternate: "RFC 4287 §4.1.1, §4.1.2", "an entry without content has an alternate link; no two of one type";
    AtomText: "RFC 4287 §3.1, §4.1.3", "text and content have a type, and hold what it says";
    AtomCategory: "RFC 4287 §4.2.2", "a category has a term";
    AtomOrder: "DESIGN, Order", "newest entry first";

    JsonSyntax: "RFC 8259", "an object without a key that comes twice";
    JsonVersion: "JSON Feed 1.1, Top-level", "`version` is the address of version 1.1";
    JsonRequired: "JSON Feed 1.1, Top-level, items", "title and items; an item has an id";
    JsonType: "JSON Feed 1.1", "known fields have their type; unknown ones begin with `_`";
    JsonIdUnique: "JSON Feed 1.1, items", "no id comes twice";
    JsonDate: "JSON Feed 1.1, items; RFC 3339 §5.6", "RFC 3339 dates, in whole seconds, modified not before published";
    JsonSelf: "JSON Feed 1.1, feed_url", "feed_url is equal to the fetched address";
    JsonNext: "JSON Feed 1.1, next_url", "next_url is another document";
    JsonContent: "JSON Feed 1.1, items", "an item has content_html or content_text";
    JsonAuthor: "JSON Feed 1.1, authors", "an author has a name, a url or an avatar; `author` is deprecated";
    JsonAttachment: "JSON Feed 1.1, attachments", "an attachment has url and mime_type";
    JsonOrder: "JSON Feed 1.1, items; DESIGN, Order", "newest item first";

    OpmlShape: "OPML 2.0, What is an OPML document", "an `opml` of version 2.0 with one head, then one body";
    OpmlOutline: "OPML 2.0, outline", "a body has an outline, and every outline a text";
    OpmlFeed: "OPML 2.0, Subscription lists", "a leaf is of type rss with an xmlUrl, and nothing else is";
    OpmlTwice: "OPML 2.0, Subscription lists", "no feed comes twice";

    HistoryCurrent: "RFC 5005 §4", "an archive says which document is current; only an archive has one after it";
    HistoryArchive: "RFC 5005 §2, §4", "fh:archive is an empty element of the feed, without fh:complete";
    HistoryLink: "RFC 5005 §4", "an archive link comes once and leads to another document";
    HistoryOverlap: "DESIGN, Archives", "no two archive documents of a feed share an id";

    SameFeed: "DESIGN, What an entry carries", "the formats of one feed have the same entries in the same order";
    SameWords: "DESIGN, What an entry carries", "the formats of one feed say the same of an entry";
}

/// A rule that a document does not keep.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The address under which it was fetched.
    pub(crate) document: String,
    pub(crate) rule: Rule,
    /// Which element, and what it holds.
    pub(crate) place: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, demand) = self.rule.words();
        write!(f, "{}: {:?}: {demand} ({source}): {}", self.document, self.rule, self.place)
    }
}

/// A document under judgement, and what was found in it.
pub(crate) struct Judge<'a> {
    /// The address under which it was fetched.
    address: &'a str,
    findings: Vec<Finding>,
}

impl Judge<'_> {
    /// Notes the rule where it does not hold.
    fn demand(&mut self, rule: Rule, holds: bool, place: impl FnOnce() -> String) {
        if !holds {
            let place: String = place().chars().take(300).collect();
            self.findings.push(Finding { document: self.address.to_owned(), rule, place });
        }
    }
}

/// Judges one document: an RSS, Atom, JSON Feed or OPML document, whatever its name.
pub(crate) fn judge(address: &str, bytes: &[u8]) -> Vec<Finding> {
    read(address, bytes).0
}

/// Judges a document, and says what it tells of its entries, unless it is no feed.
fn read(address: &str, bytes: &[u8]) -> (Vec<Finding>, Option<Told>) {
    let mut judge = Judge { address, findings: Vec::new() };
    let told = match std::str::from_utf8(bytes) {
        Ok(text) if text.starts_with('{') => json::judge(&mut judge, text),
        Ok(text) => xml::judge(&mut judge, text),
        Err(error) => {
            judge.demand(Rule::Utf8, false, || error.to_string());
            None
        }
    };
    (judge.findings, told)
}

/// Judges all documents of an output folder, by their encoded paths below `base`: each alone, the formats of one feed
/// beside each other, and the archives of one feed together.
pub(crate) fn judge_all(base: &str, documents: &BTreeMap<String, Vec<u8>>) -> Verdict {
    let mut verdict = Verdict { documents: documents.len(), ..Verdict::default() };
    let mut told = BTreeMap::new();
    for (path, bytes) in documents {
        let address = [base, path].concat();
        let (findings, feed) = read(&address, bytes);
        verdict.findings.extend(findings);
        if let Some(feed) = feed {
            verdict.entries += feed.entries.len();
            told.insert(address, feed);
        }
    }
    verdict.findings.extend(compare::formats(&told));
    verdict.findings.extend(history::overlaps(&told));
    Verdict { told, ..verdict }
}

/// What came of judging several documents.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) documents: usize,
    pub(crate) entries: usize,
    pub(crate) findings: Vec<Finding>,
    /// What each feed tells, by its address.
    pub(crate) told: BTreeMap<String, Told>,
}

impl Verdict {
    /// Fails the test that produced the documents, if anything was found.
    pub(crate) fn assert_nothing_found(&self) {
        let shown: Vec<String> = self.findings.iter().take(20).map(ToString::to_string).collect();
        assert!(shown.is_empty(), "{} findings\n{}", self.findings.len(), shown.join("\n"));
    }
}

/// Fails the test unless the document keeps the rules. What was judged before is not judged again: tests poll.
pub(crate) fn assert_valid(address: &str, bytes: &[u8]) {
    static JUDGED: LazyLock<(RandomState, Mutex<HashSet<u64>>)> = LazyLock::new(Default::default);
    let (hasher, judged) = &*JUDGED;
    let hash = hasher.hash_one((address, bytes));
    if judged.lock().unwrap().contains(&hash) {
        return;
    }
    Verdict { findings: judge(address, bytes), ..Verdict::default() }.assert_nothing_found();
    judged.lock().unwrap().insert(hash);
}
