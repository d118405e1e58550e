//! The rules, tried: good documents in which nothing is found, and for each rule a change that it must find.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Rule, judge, judge_all, text};

const BASE: &str = "https://f.example/c/";

const RSS: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"><channel>
<title>知乎 &amp; co</title><link>https://f.example/c/</link><description>All &lt;3</description><language>zh-CN</language>
<lastBuildDate>Fri, 25 Feb 2022 09:06:40 GMT</lastBuildDate><docs>https://www.rssboard.org/rss-specification</docs>
<image><url>https://f.example/i.png</url><title>知乎 &amp; co</title><link>https://f.example/c/</link></image>
<atom:link href="https://f.example/c/rss.xml" rel="self" type="application/rss+xml"/>
<item><title>Vec&lt;A&gt; &amp;amp; &lt;b</title><link>https://e.example/a?b=1&amp;c=%E7%9F%A5</link><description><![CDATA[1 &lt; 2 &amp;amp; ]]&gt;]]></description><category domain="https://f.example/c/">a/b</category><category>a</category><guid isPermaLink="false">urn:x:1</guid><pubDate>Fri, 25 Feb 2022 08:54:46 GMT</pubDate><content:encoded><![CDATA[<p>1 &lt; 2 ]]]]><![CDATA[> <a href="https://e.example/" title="&quot;">x</a><br><img src="https://e.example/i.png" srcset="https://e.example/i.png 1x, https://e.example/j.png 2x" alt=""></p>]]></content:encoded><enclosure url="https://e.example/a.mp3" length="12" type="audio/mpeg"/><media:content medium="image" url="https://e.example/i.png"/><media:thumbnail url="https://e.example/i.png"/><dc:creator>A &amp; B</dc:creator></item>
<item><title>2</title><link>https://e.example/2</link><description>two</description><guid isPermaLink="true">https://e.example/2</guid><pubDate>Thu, 24 Feb 2022 08:54:46 +0000</pubDate></item>
</channel></rss>"#;

const ATOM: &str = r#"<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xml:lang="zh-CN"><title>知乎 &amp; co</title><id>https://f.example/c/</id><updated>2022-02-25T09:06:40Z</updated><author><name>A</name></author><subtitle>All &lt;3</subtitle><icon>https://f.example/i.png</icon>
<link href="https://f.example/c/" rel="alternate" type="text/html"/><link href="https://f.example/c/atom.xml" rel="self" type="application/atom+xml"/>
<entry><title xml:lang="zh">Vec&lt;A&gt; &amp;amp; &lt;b</title><id>urn:x:1</id><updated>2022-02-25T09:06:40+00:00</updated><author><name>A &amp; B</name></author><category term="a/b" scheme="https://f.example/c/" label="b"/><category term="a"/><link href="https://e.example/a?b=1&amp;c=%E7%9F%A5"/><published>2022-02-25T08:54:46Z</published><summary>1 &lt; 2 &amp;amp; ]]&gt;</summary><content type="html">&lt;p&gt;1 &amp;lt; 2 ]]&gt; &lt;a href="https://e.example/" title="&amp;quot;"&gt;x&lt;/a&gt;&lt;br&gt;&lt;img src="https://e.example/i.png" srcset="https://e.example/i.png 1x, https://e.example/j.png 2x" alt=""&gt;&lt;/p&gt;</content><media:thumbnail url="https://e.example/i.png"/></entry>
<entry><title>2</title><id>https://e.example/2</id><updated>2022-02-24T08:54:46Z</updated><link href="https://e.example/2"/><published>2022-02-24T08:54:46Z</published><summary>two</summary></entry>
</feed>"#;

const JSON: &str = r#"{"version":"https://jsonfeed.org/version/1.1","title":"知乎 & co","home_page_url":"https://f.example/c/","feed_url":"https://f.example/c/feed.json","description":"All <3","next_url":"https://f.example/c/2.json","authors":[{"name":"A"}],"language":"zh-CN","items":[
{"id":"urn:x:1","url":"https://e.example/a?b=1&c=%E7%9F%A5","title":"Vec<A> &amp; <b","content_html":"<p>1 &lt; 2 ]]> <a href=\"https://e.example/\" title=\"&quot;\">x</a><br><img src=\"https://e.example/i.png\" srcset=\"https://e.example/i.png 1x, https://e.example/j.png 2x\" alt=\"\"></p>","summary":"1 < 2 &amp; ]]>","image":"https://e.example/i.png","date_published":"2022-02-25T08:54:46Z","date_modified":"2022-02-25T09:06:40Z","authors":[{"name":"A & B"}],"tags":["a/b","a"],"language":"zh","attachments":[{"url":"https://e.example/a.mp3","mime_type":"audio/mpeg","size_in_bytes":12}],"_x":1},
{"id":"https://e.example/2","url":"https://e.example/2","title":"2","content_text":"two","summary":"two","date_published":"2022-02-24T08:54:46Z","date_modified":"2022-02-24T08:54:46Z"}]}"#;

const OPML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0"><head><title>All</title></head><body><outline text="a"><outline type="rss" text="b" xmlUrl="https://f.example/b/rss.xml" htmlUrl="https://f.example/b/"/></outline><outline type="rss" text="c" xmlUrl="https://f.example/c/rss.xml"/></body></opml>"#;

/// The archive of the feed in RSS: the same entries, elsewhere.
fn archive() -> String {
    let links = r#"<atom:link href="https://f.example/c/1/rss.xml" rel="self"/><atom:link href="https://f.example/c/rss.xml" rel="current"/><atom:link href="https://f.example/c/0/rss.xml" rel="prev-archive"/><atom:link href="https://f.example/c/2/rss.xml" rel="next-archive"/><fh:archive/>"#;
    RSS.replace("<rss ", r#"<rss xmlns:fh="http://purl.org/syndication/history/1.0" "#)
        .replace(r#"<atom:link href="https://f.example/c/rss.xml" rel="self" type="application/rss+xml"/>"#, links)
}

/// A document, by the name under which it is fetched below [`BASE`].
fn good(name: &str) -> String {
    match name {
        "rss.xml" => RSS.to_owned(),
        "atom.xml" => ATOM.to_owned(),
        "feed.json" => JSON.to_owned(),
        "opml.xml" => OPML.to_owned(),
        "1/rss.xml" => archive(),
        other => panic!("no document {other}"),
    }
}

const NAMES: [&str; 5] = ["rss.xml", "atom.xml", "feed.json", "opml.xml", "1/rss.xml"];

/// The rule, the document, what is taken out of it, and what is put there instead.
#[rustfmt::skip]
const BAD: &[(Rule, &str, &str, &str)] = &[
    (Rule::Utf8, "rss.xml", "encoding=\"utf-8\"", "encoding=\"gb18030\""),
    (Rule::Character, "rss.xml", "All", "\u{1}"),
    (Rule::Character, "rss.xml", "All", "&#1;"),
    (Rule::Character, "atom.xml", "All", "&#x0;"),
    (Rule::Character, "atom.xml", "All", "&#xD800;"),
    (Rule::Character, "opml.xml", "All", "&#xFFFE;"),
    (Rule::Character, "opml.xml", "text=\"a\"", "text=\"&#8;\""),
    (Rule::Character, "feed.json", "All", "\\u0001"),
    (Rule::Character, "feed.json", "\"a/b\"", "\"\u{ffff}\""),
    (Rule::Doctype, "rss.xml", "<rss ", "<!DOCTYPE rss>\n<rss "),
    (Rule::CdataEnd, "rss.xml", " ]]&gt;]]>", " ]]>]]>"),
    (Rule::WellFormed, "rss.xml", "</channel>", ""),
    (Rule::WellFormed, "rss.xml", "xmlns:media=\"http://search.yahoo.com/mrss/\"", ""),
    (Rule::WellFormed, "atom.xml", "All", "&nbsp;"),
    (Rule::WellFormed, "atom.xml", "All", "a & b"),
    (Rule::WellFormed, "opml.xml", "text=\"a\"", "text=\"a\" text=\"a\""),
    (Rule::Namespace, "rss.xml", "http://search.yahoo.com/mrss/", "http://search.yahoo.com/mrss"),
    (Rule::KnownDocument, "rss.xml", "rss", "rdf"),
    (Rule::Uri, "rss.xml", "https://e.example/2</link>", "https://e.example/知</link>"),
    (Rule::Uri, "rss.xml", "https://e.example/2</link>", "/2</link>"),
    (Rule::Uri, "rss.xml", "media:thumbnail url=\"https://", "media:thumbnail url=\"//"),
    (Rule::Uri, "atom.xml", "<link href=\"https://e.example/2\"", "<link href=\"https://e.example/a b\""),
    (Rule::Uri, "atom.xml", "scheme=\"https://f.example/c/\"", "scheme=\"https://f.example/%zz\""),
    (Rule::Uri, "feed.json", "https://e.example/i.png\",\"date", "https://e.example/[\",\"date"),
    (Rule::Uri, "feed.json", "\"home_page_url\":\"https://f.example/c/", "\"home_page_url\":\"https:///c/"),
    (Rule::Uri, "opml.xml", "htmlUrl=\"https://f.example/", "htmlUrl=\"https://f.example/^"),
    (Rule::Iri, "rss.xml", "urn:x:1", "1"),
    (Rule::Iri, "atom.xml", "urn:x:1", "urn:x:a b"),
    (Rule::Language, "rss.xml", "zh-CN", "zh_CN"),
    (Rule::Language, "atom.xml", "xml:lang=\"zh\"", "xml:lang=\"\""),
    (Rule::Language, "feed.json", "\"zh\"", "\"chinese-\""),
    (Rule::PlainText, "rss.xml", "All &lt;3", "All &lt;b&gt;3&lt;/b&gt;"),
    (Rule::PlainText, "rss.xml", "<title>2<", "<title> 2<"),
    (Rule::PlainText, "rss.xml", ">a/b<", ">a&lt;br/&gt;b<"),
    (Rule::PlainText, "atom.xml", "label=\"b\"", "label=\"&lt;i&gt;b\""),
    (Rule::PlainText, "atom.xml", "<name>A</name>", "<name>&lt;a href='>'&gt;A</name>"),
    (Rule::PlainText, "feed.json", "All <3", "All <em>3</em>"),
    (Rule::PlainText, "feed.json", "\"a\"]", "\"<SCRIPT>\"]"),
    (Rule::Mail, "rss.xml", "<dc:creator>A &amp; B</dc:creator>", "<author>A</author>"),
    (Rule::MediaType, "rss.xml", "\"application/rss+xml\"", "\"rss\""),
    (Rule::MediaType, "atom.xml", "\"text/html\"", "\"html page\""),
    (Rule::HtmlSyntax, "rss.xml", "<br>", "<br <"),
    (Rule::HtmlSyntax, "rss.xml", "<p>1", "<p><i>1"),
    (Rule::HtmlSyntax, "atom.xml", "alt=\"\"", "alt=x"),
    (Rule::HtmlSyntax, "atom.xml", "1 &amp;lt; 2", "1 &amp; 2"),
    (Rule::HtmlSyntax, "feed.json", "1 &lt; 2", "1 &dashv; 2"),
    (Rule::HtmlReference, "feed.json", "1 &lt; 2", "1 &#0; 2"),
    (Rule::HtmlReference, "rss.xml", "1 &lt; 2 ]]", "1 &#xD800; 2 ]]"),
    (Rule::HtmlScript, "rss.xml", "<br>", "<script></script>"),
    (Rule::HtmlScript, "atom.xml", "&lt;br", "&lt;br style=\"\""),
    (Rule::HtmlScript, "feed.json", "<br", "<br onclick=\\\"\\\""),
    (Rule::HtmlAddress, "rss.xml", "<a href=\"https://e.example/", "<a href=\"#x"),
    (Rule::HtmlAddress, "rss.xml", "img src=\"https://", "img src=\"//"),
    (Rule::HtmlAddress, "atom.xml", "a href=\"https://e.example/", "a href=\"java&amp;#115;cript:x"),
    (Rule::HtmlAddress, "atom.xml", "https://e.example/j.png 2x", "j.png 2x"),
    (Rule::HtmlAddress, "feed.json", "<p>1", "<p><q cite=\\\"x\\\"></q>1"),
    (Rule::HtmlAddress, "feed.json", "<p>1", "<p><video poster=\\\"data:,x\\\"></video>1"),
    (Rule::RssShape, "rss.xml", "version=\"2.0\"", "version=\"0.92\""),
    (Rule::RssRequired, "rss.xml", "<description>All &lt;3</description>", ""),
    (Rule::RssRequired, "rss.xml", "<title>知乎 &amp; co</title><link>https://f.example/c/</link><description>", "<title></title><link>https://f.example/c/</link><description>"),
    (Rule::RssOnce, "rss.xml", "<title>2</title>", "<title>2</title><title>2</title>"),
    (Rule::RssOnce, "rss.xml", "<language>", "<language>zh</language><language>"),
    (Rule::RssElement, "rss.xml", "<title>2</title>", "<summary>2</summary>"),
    (Rule::RssElement, "rss.xml", "<title>2</title>", "2"),
    (Rule::RssItem, "rss.xml", "<title>2</title><link>https://e.example/2</link><description>two</description>", ""),
    (Rule::RssItem, "rss.xml", "<title>2</title>", "<title></title>"),
    (Rule::RssDate, "rss.xml", "Fri, 25 Feb 2022 08", "Sat, 25 Feb 2022 08"),
    (Rule::RssDate, "rss.xml", "Fri, 25 Feb 2022 08:54:46 GMT", "Fri, 25 Feb 22 08:54:46 GMT"),
    (Rule::RssDate, "rss.xml", "Fri, 25 Feb 2022 08:54:46 GMT", "2022-02-25T08:54:46Z"),
    (Rule::RssGuid, "rss.xml", "<guid isPermaLink=\"false\">urn:x:1</guid>", ""),
    (Rule::RssGuid, "rss.xml", "<guid isPermaLink=\"false\">", "<guid>"),
    (Rule::RssGuidUnique, "rss.xml", "https://e.example/2</guid>", "urn:x:1</guid>"),
    (Rule::RssSelf, "rss.xml", "href=\"https://f.example/c/rss.xml\"", "href=\"https://f.example/c/rss.xml?\""),
    (Rule::RssSelf, "rss.xml", "rel=\"self\"", "rel=\"alternate\""),
    (Rule::RssOrder, "rss.xml", "Thu, 24 Feb 2022 08:54:46", "Fri, 25 Feb 2022 08:54:47"),
    (Rule::RssBuildDate, "rss.xml", "25 Feb 2022 09:06:40", "25 Feb 2022 08:06:40"),
    (Rule::RssDomain, "rss.xml", "domain=\"https://f.example/c/\"", "domain=\"c\""),
    (Rule::RssDomain, "rss.xml", ">a/b<", "> <"),
    (Rule::RssEnclosure, "rss.xml", "length=\"12\"", "length=\"\""),
    (Rule::RssEnclosure, "rss.xml", "length=\"12\" ", ""),
    (Rule::RssDocs, "rss.xml", "https://www.rssboard.org/rss-specification", "https://f.example/"),
    (Rule::RssImage, "rss.xml", "<url>https://f.example/i.png</url>", ""),
    (Rule::Media, "rss.xml", "medium=\"image\"", "medium=\"picture\""),
    (Rule::Media, "rss.xml", "medium=\"image\"", "medium=\"image\" alt=\"x\""),
    (Rule::Media, "atom.xml", "<media:thumbnail url=\"https://e.example/i.png\"/>", "<media:thumbnail/>"),
    (Rule::Media, "atom.xml", "<media:thumbnail ", "<media:thumb "),
    (Rule::AtomShape, "atom.xml", "<summary>two</summary>", "<description>two</description>"),
    (Rule::AtomShape, "atom.xml", "<summary>two</summary>", "two"),
    (Rule::AtomRequired, "atom.xml", "<title>2</title>", ""),
    (Rule::AtomRequired, "atom.xml", "<updated>2022-02-24T08:54:46Z</updated>", ""),
    (Rule::AtomOnce, "atom.xml", "<summary>two</summary>", "<summary>two</summary><summary>two</summary>"),
    (Rule::AtomIdUnique, "atom.xml", "<id>https://e.example/2</id>", "<id>urn:x:1</id>"),
    (Rule::AtomDate, "atom.xml", "2022-02-25T08:54:46Z", "2022-02-25T08:54:46.5Z"),
    (Rule::AtomDate, "atom.xml", "2022-02-25T08:54:46Z", "2022-02-25 08:54:46Z"),
    (Rule::AtomDate, "atom.xml", "2022-02-25T08:54:46Z", "2022-02-30T08:54:46Z"),
    (Rule::AtomUpdated, "atom.xml", "2022-02-25T08:54:46Z", "2022-02-25T09:06:41Z"),
    (Rule::AtomUpdated, "atom.xml", "<updated>2022-02-25T09:06:40Z", "<updated>2022-02-25T09:06:39Z"),
    (Rule::AtomSelf, "atom.xml", "c/atom.xml", "c/feed"),
    (Rule::AtomAuthor, "atom.xml", "<author><name>A</name></author>", ""),
    (Rule::AtomAuthor, "atom.xml", "<name>A</name>", ""),
    (Rule::AtomAlternate, "atom.xml", "<link href=\"https://e.example/2\"/>", ""),
    (Rule::AtomAlternate, "atom.xml", "<link href=\"https://e.example/2\"/>", "<link href=\"https://e.example/2\"/><link href=\"https://e.example/3\"/>"),
    (Rule::AtomText, "atom.xml", "<summary>two</summary>", "<summary><b xmlns=\"http://www.w3.org/2005/Atom\"/></summary>"),
    (Rule::AtomText, "atom.xml", "<title>2", "<title type=\"text/plain\">2"),
    (Rule::AtomCategory, "atom.xml", "term=\"a\"", "term=\"\""),
    (Rule::AtomOrder, "atom.xml", "2022-02-24T08:54:46Z", "2022-02-25T08:54:47Z"),
    (Rule::JsonSyntax, "feed.json", "\"_x\":1", "\"_x\":1,\"_x\":1"),
    (Rule::JsonSyntax, "feed.json", "\"_x\":1", "\"_x\":1,"),
    (Rule::JsonSyntax, "feed.json", "\"_x\":1", "\"_x\":\"\\ud800\""),
    (Rule::JsonVersion, "feed.json", "version/1.1", "version/1"),
    (Rule::JsonRequired, "feed.json", "\"items\"", "\"_items\""),
    (Rule::JsonRequired, "feed.json", "\"id\":\"urn:x:1\",", ""),
    (Rule::JsonType, "feed.json", "\"title\":\"2\"", "\"title\":2"),
    (Rule::JsonType, "feed.json", "\"_x\"", "\"x\""),
    (Rule::JsonType, "feed.json", "[\"a/b\",\"a\"]", "\"a\""),
    (Rule::JsonIdUnique, "feed.json", "\"id\":\"https://e.example/2\"", "\"id\":\"urn:x:1\""),
    (Rule::JsonDate, "feed.json", "2022-02-25T08:54:46Z", "2022-02-25"),
    (Rule::JsonDate, "feed.json", "2022-02-25T09:06:40Z", "2022-02-25T08:06:40Z"),
    (Rule::JsonSelf, "feed.json", "c/feed.json", "c/Feed.json"),
    (Rule::JsonNext, "feed.json", "c/2.json", "c/feed.json"),
    (Rule::JsonContent, "feed.json", "\"content_text\":\"two\",", ""),
    (Rule::JsonAuthor, "feed.json", "{\"name\":\"A\"}", "{}"),
    (Rule::JsonAuthor, "feed.json", "\"_x\":1", "\"author\":{\"name\":\"A\"}"),
    (Rule::JsonAttachment, "feed.json", "\"mime_type\":\"audio/mpeg\",", ""),
    (Rule::JsonOrder, "feed.json", "2022-02-24T08:54:46Z", "2022-02-25T08:54:47Z"),
    (Rule::OpmlShape, "opml.xml", "version=\"2.0\"", "version=\"1.0\""),
    (Rule::OpmlShape, "opml.xml", "<head><title>All</title></head>", ""),
    (Rule::OpmlOutline, "opml.xml", "text=\"b\"", ""),
    (Rule::OpmlFeed, "opml.xml", "xmlUrl=\"https://f.example/c/rss.xml\"", ""),
    (Rule::OpmlFeed, "opml.xml", "type=\"rss\" text=\"c\"", "text=\"c\""),
    (Rule::OpmlTwice, "opml.xml", "https://f.example/b/rss.xml", "https://f.example/c/rss.xml"),
    (Rule::HistoryCurrent, "1/rss.xml", "rel=\"current\"", "rel=\"related\""),
    (Rule::HistoryCurrent, "1/rss.xml", "<fh:archive/>", ""),
    (Rule::HistoryArchive, "1/rss.xml", "<fh:archive/>", "<fh:archive/><fh:complete/>"),
    (Rule::HistoryArchive, "1/rss.xml", "<fh:archive/>", "<fh:archive>1</fh:archive>"),
    (Rule::HistoryLink, "1/rss.xml", "c/0/rss.xml", "c/1/rss.xml"),
    (Rule::HistoryLink, "1/rss.xml", "c/0/rss.xml", "c/2/rss.xml"),
    (Rule::SameFeed, "feed.json", "urn:x:1", "urn:x:2"),
    (Rule::SameFeed, "feed.json", "\"version\":", "\"version\""),
    (Rule::SameWords, "rss.xml", "All &lt;3", "All &amp;lt;3"),
    (Rule::SameWords, "rss.xml", "1 &lt; 2 &amp;amp;", "1 &lt; 2 &amp;amp;amp;"),
    (Rule::SameWords, "atom.xml", "Vec&lt;A&gt; &amp;amp;", "Vec&lt;A&gt; &amp;amp;amp;"),
    (Rule::SameWords, "atom.xml", "<name>A &amp; B", "<name>A &amp;amp; B"),
    (Rule::SameWords, "feed.json", "1 &lt; 2", "1 &amp;lt; 2"),
    (Rule::SameWords, "feed.json", "08:54:46", "08:54:45"),
    (Rule::SameWords, "feed.json", "\"zh\"", "\"zh-TW\""),
];

/// The documents, one of them changed.
fn documents(changed: &str, from: &str, to: &str) -> BTreeMap<String, Vec<u8>> {
    let document = |name: &str| {
        let text = good(name);
        assert!(name != changed || text.contains(from), "{name} has no {from}");
        (name.to_owned(), if name == changed { text.replace(from, to) } else { text }.into_bytes())
    };
    // The archive of one format alone has its own rules, and its own test.
    NAMES.iter().filter(|name| **name == changed || !name.contains('/')).map(|name| document(name)).collect()
}

fn rules(findings: &[Finding]) -> BTreeSet<Rule> {
    findings.iter().map(|finding| finding.rule).collect()
}

#[test]
fn good_documents_keep_every_rule() {
    for name in NAMES {
        let found = judge(&[BASE, name].concat(), good(name).as_bytes());
        assert!(found.is_empty(), "{found:#?}");
    }
    let verdict = judge_all(BASE, &documents("rss.xml", "", ""));
    assert_eq!((verdict.documents, verdict.entries, &verdict.findings[..]), (4, 6, &[][..]));
}

#[test]
fn each_rule_finds_what_breaks_it() {
    let mut tried = BTreeSet::new();
    for &(rule, name, from, to) in BAD {
        let found = judge_all(BASE, &documents(name, from, to)).findings;
        assert!(rules(&found).contains(&rule), "{rule:?}: {from:?} → {to:?}: {found:#?}");
        let finding = found.iter().find(|finding| finding.rule == rule).unwrap();
        assert!(finding.document.starts_with(BASE) && !finding.place.is_empty(), "{finding}");
        tried.insert(rule);
    }
    assert!(rules(&judge(BASE, b"<rss>\xff</rss>")).contains(&Rule::Utf8));
    // One entry in two archives of a feed.
    let second = archive().replace("/c/1/", "/c/3/").into_bytes();
    let archives = BTreeMap::from([("1/rss.xml".to_owned(), archive().into_bytes()), ("3/rss.xml".to_owned(), second)]);
    assert!(rules(&judge_all(BASE, &archives).findings).contains(&Rule::HistoryOverlap));
    tried.insert(Rule::HistoryOverlap);
    let untried: Vec<_> = Rule::ALL.iter().filter(|rule| !tried.contains(rule)).collect();
    assert!(untried.is_empty(), "nothing shows that these can fail: {untried:?}");
}

#[test]
fn a_finding_names_document_rule_source_and_place() {
    let found = judge("https://f.example/c/rss.xml", RSS.replace("Thu, 24", "Wed, 24").as_bytes());
    let words = "https://f.example/c/rss.xml: RssDate: RFC 822 dates with the right weekday and a four-digit year (RSS Profile, \
                 Data types; RFC 822 §5): rss/channel/item[2]/pubDate \"Wed, 24 Feb 2022 08:54:46 +0000\"";
    assert_eq!(found.first().map(ToString::to_string).as_deref(), Some(words));
}

#[test]
fn language_tags_are_those_of_rfc_5646() {
    for good in
        ["zh", "zh-CN", "zh-Hans-CN", "zh-yue-HK", "de-1996", "sl-rozaj-biske", "es-419", "en-a-bbb-x-a", "x-whatever"]
    {
        assert!(text::is_language(good), "{good}");
    }
    for bad in ["", "z", "zh_CN", "zh-", "-zh", "english language", "zh-CN-CN", "en-a", "en-x", "123", "中文"] {
        assert!(!text::is_language(bad), "{bad}");
    }
}

#[test]
fn addresses_are_those_of_rfc_3986() {
    for good in [
        "https://e.org",
        "http://[::1]:8080/a?b#c",
        "urn:uuid:x",
        "mailto:a@b.c",
        "tag:e.org,2022:a/b",
        "https://u@e.org:80/%41",
    ] {
        assert!(text::is_uri(good), "{good}");
    }
    for bad in [
        "",
        "/a",
        "a",
        "//e.org/",
        "https://",
        "https:///a",
        "http:a",
        "https://e.org/%4",
        "https://e.org/知",
        "https://e.org/a|b",
        "https://e.org/#a#b",
        "https://e.org:x/",
        "https://e.org/[a]",
        "1a:b",
        "https://e.org/a\"b",
    ] {
        assert!(!text::is_uri(bad), "{bad}");
    }
    assert!(
        text::is_iri("https://例え.jp/知?a=é#x")
            && !text::is_iri("https://e.org/\u{202e}x")
            && !text::is_iri("https://e.org/\u{fffe}")
    );
}

#[test]
fn dates_are_read_to_the_second() {
    assert_eq!(text::rfc822("Fri, 25 Feb 2022 08:54:46 GMT"), Some(1_645_779_286));
    assert_eq!(text::rfc822("Fri, 25 Feb 2022 16:54:46 +0800"), Some(1_645_779_286));
    assert_eq!(text::rfc822("Mon, 01 Jan 0001 00:00:00 GMT"), Some(-62_135_596_800));
    for bad in [
        "Fri, 25 Feb 2022 08:54 GMT",
        "Fri, 25 Feb 2022 24:00:00 GMT",
        "Fri, 25 Feb 2022 08:54:46 CST",
        "25 Feb 2022 08:54:46 GMT",
        "Sat, 01 Jan +10000 00:00:00 GMT",
    ] {
        assert_eq!(text::rfc822(bad), None, "{bad}");
    }
    assert_eq!(text::rfc3339("2022-02-25T08:54:46Z"), Some(1_645_779_286));
    for bad in ["2022-02-25t08:54:46z", "2022-02-25T08:54:46", "2022-02-25T08:54:46.0Z", "12022-02-25T08:54:46Z"] {
        assert_eq!(text::rfc3339(bad), None, "{bad}");
    }
}
