use chrono::{FixedOffset, TimeZone as _, Utc};
use proptest::prelude::*;
use scraper::{Html, Selector};

use super::*;

const RSS: &str = "application/rss+xml";

fn frame<'a>(path: &'a str, language: Option<&'a str>) -> Frame<'a> {
    Frame { path, site: "我的订阅", language, search: Some("") }
}

fn entry<'a>(title: &'a str, image: Option<&'a str>) -> Entry<'a> {
    Entry {
        title: title.into(),
        link: Link::Away("https://www.zhihu.com/question/1?a=1&b=2"),
        published: FixedOffset::east_opt(8 * 3600).unwrap().with_ymd_and_hms(2022, 2, 25, 0, 54, 46).unwrap(),
        authors: vec![],
        categories: vec![],
        summary: "焚海炖鱼的回答 基辅是否可能爆发巷战，主要取决于泽连斯基".into(),
        image,
        language: None,
    }
}

fn branch(name: &str, posts: u64, fold: Fold, below: Vec<Branch>) -> Branch {
    let path = format!("categories/{name}/");
    Branch { name: name.to_owned(), path, posts, fold, below: Tree { branches: below, more: 0 } }
}

fn category(entries: Vec<Entry<'_>>) -> FeedPage<'_> {
    FeedPage {
        frame: frame("categories/社交媒体/", Some("zh-CN")),
        folder: "categories/社交媒体/",
        title: "社交媒体",
        description: "社交媒体的全部文章",
        includes: Includes { entries: 50, hours: 48, texts: Texts::Whole, source: Source::Branch("社交媒体") },
        trail: vec![Place { name: "我的订阅", path: "" }, Place { name: "上级", path: "categories/上级/" }],
        tree: Tree {
            branches: vec![
                branch("社交媒体", 12, Fold::Here, vec![branch("a:b?c#d", 1, Fold::Closed, vec![])]),
                branch("其他", 3, Fold::Closed, vec![branch("下", 3, Fold::Closed, vec![])]),
            ],
            more: 7,
        },
        children: Tree { branches: vec![branch("a:b?c#d", 1, Fold::Closed, vec![])], more: 0 },
        selections: vec![Place { name: "专题 <1>", path: "feeds/one/" }],
        posts: 12,
        entries,
        numbering: Numbering { number: 1, last: 1 },
    }
}

fn post<'a>(title: &'a str, content: &'a str) -> PostPage<'a> {
    PostPage {
        frame: frame("posts/2022/转发/", Some("zh")),
        entry: entry(title, None),
        content,
        canonical: Some("https://t.example.org/1?a=1&b=2"),
        trail: vec![Place { name: "我的订阅", path: "" }, Place { name: "知乎", path: "categories/知乎/" }],
        tags: vec![Name { name: "标签", path: Some("tags/标签/") }, Name { name: "lonely", path: None }],
    }
}

fn search<'a>(query: &'a str, entries: Vec<Entry<'a>>) -> SearchPage<'a> {
    SearchPage {
        frame: Frame { search: Some(query), ..frame("search/", None) },
        asked: Asked::Words,
        found: 61,
        progress: Some((3, 10)),
        categories: vec![Place { name: "知乎 / 热榜", path: "categories/知乎/热榜/" }],
        entries,
        numbering: Numbering { number: 2, last: 3 },
    }
}

fn status<'a>(path: &'a str, message: &'a str) -> StatusPage<'a> {
    StatusPage {
        frame: frame("status/", Some("en")),
        alarms: vec![message.to_owned()],
        facts: vec![("Version", message.to_owned())],
        counts: vec![("published", 3)],
        problems: vec![Problem {
            path,
            status: "rejected",
            remarks: vec![(Some("line 3, column 1".to_owned()), message, Some(message)), (None, "b", None)],
        }],
        more: 4,
        now: Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap(),
    }
}

/// The values of an attribute of all that match, in order.
fn attributes(page: &str, selector: &str, attribute: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    let selector = Selector::parse(selector).unwrap();
    page.select(&selector).map(|element| element.attr(attribute).unwrap_or("-").to_owned()).collect()
}

fn texts(page: &str, selector: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    let selector = Selector::parse(selector).unwrap();
    let text = |element: scraper::ElementRef<'_>| element.text().collect::<String>();
    page.select(&selector).map(|element| text(element).split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_category_shows_its_feeds_its_place_and_its_entries() {
    let page = feed_page(&category(vec![
        Entry {
            authors: vec![Name { name: "知乎", path: Some("authors/知乎/") }, Name { name: "B & C", path: None }],
            categories: vec![Name { name: "热榜", path: Some("categories/热榜/") }],
            ..entry("俄罗斯 <装甲> & 'T-72' \"进逼\"", Some("https://pic3.zhimg.com/a.jpg?x=1&y=2"))
        },
        Entry { link: Link::Here("posts/1/"), language: Some("en"), ..entry("Second", None) },
    ]));

    assert_eq!(attributes(&page, "html", "lang"), ["zh-CN"]);
    assert_eq!(texts(&page, "title"), ["社交媒体 · 我的订阅"]);
    assert_eq!(attributes(&page, "link[rel=alternate]", "href"), ["rss.xml", "atom.xml", "feed.json"]);
    assert_eq!(
        attributes(&page, "link[rel=alternate]", "type"),
        [RSS, "application/atom+xml", "application/feed+json"]
    );
    assert_eq!(attributes(&page, ".feeds a", "href"), ["rss.xml", "atom.xml", "feed.json"]);
    assert_eq!(texts(&page, ".feeds a"), ["RSS", "Atom", "JSON Feed"]);
    assert_eq!(attributes(&page, ".feeds button", "hidden"), ["", "", ""]);
    assert!(texts(&page, ".hint")[0].contains("“社交媒体”及其下级分类的最新 50 篇文章，以及最近 48 小时"));
    assert_eq!(attributes(&page, ".trail a", "href"), ["../../", "../../categories/%E4%B8%8A%E7%BA%A7/"]);
    assert_eq!(
        attributes(&page, ".tree a", "href"),
        [
            "../../categories/%E7%A4%BE%E4%BA%A4%E5%AA%92%E4%BD%93/",
            "../../categories/a:b%3Fc%23d/",
            "../../categories/%E5%85%B6%E4%BB%96/",
            "../../categories/%E4%B8%8B/",
            "../../feeds/one/",
        ]
    );
    assert_eq!(attributes(&page, ".tree a", "aria-current"), ["page", "-", "-", "-", "-"]);
    assert_eq!(attributes(&page, ".tree details", "open"), ["", "-"]);
    assert_eq!(texts(&page, ".tree > ul > li > a"), ["社交媒体 12", "其他 3", "专题 <1>"]);
    assert_eq!(attributes(&page, ".tree small", "title")[1], "1 篇文章");
    assert_eq!(texts(&page, ".more"), ["另有 7 个，可按名称搜索"]);
    assert_eq!(texts(&page, "article h2"), ["俄罗斯 <装甲> & 'T-72' \"进逼\"", "Second"]);
    assert_eq!(attributes(&page, "h2 a", "href"), ["https://www.zhihu.com/question/1?a=1&b=2", "../../posts/1/"]);
    assert_eq!(attributes(&page, "article", "lang"), ["-", "en"]);
    assert_eq!(attributes(&page, "time", "datetime")[0], "2022-02-25T00:54:46+08:00");
    assert_eq!(texts(&page, ".byline"), ["2022-02-25 知乎 B & C 热榜", "2022-02-25"]);
    assert_eq!(
        attributes(&page, ".byline a", "href"),
        ["../../authors/%E7%9F%A5%E4%B9%8E/", "../../categories/%E7%83%AD%E6%A6%9C/"]
    );
    assert_eq!(attributes(&page, "img", "src"), ["https://pic3.zhimg.com/a.jpg?x=1&y=2"]);
    for (attribute, value) in [("alt", ""), ("loading", "lazy"), ("referrerpolicy", "no-referrer"), ("width", "144")] {
        assert_eq!(attributes(&page, "img", attribute), [value]);
    }
    assert_eq!(texts(&page, ".tile"), ["俄"]);
    assert_eq!(attributes(&page, "link[rel=stylesheet]", "href"), [format!("../../{}", style().path)]);
    assert_eq!(attributes(&page, "link[rel=icon]", "href"), [format!("../../{}", icon().path)]);
    assert_eq!(attributes(&page, "footer a", "href"), ["../../opml.xml"]);
    assert_eq!(attributes(&page, "form", "action"), ["../../search/"]);
    assert!(attributes(&page, "meta[name=robots], link[rel=next], link[rel=prev], .pages", "rel").is_empty());
}

#[test]
fn older_posts_are_on_pages_of_their_own() {
    let numbered = |path, number, last| {
        let numbering = Numbering { number, last };
        feed_page(&FeedPage { frame: frame(path, None), numbering, ..category(vec![entry("a", None)]) })
    };
    let second = numbered("categories/社交媒体/page/2/", 2, 3);
    let folder = "../../../../categories/%E7%A4%BE%E4%BA%A4%E5%AA%92%E4%BD%93/";
    assert_eq!(attributes(&second, "link[rel=prev], a[rel=prev]", "href"), [folder, folder]);
    assert_eq!(
        attributes(&second, "link[rel=next], a[rel=next]", "href"),
        [3, 3].map(|n| format!("{folder}page/{n}/"))
    );
    assert_eq!(attributes(&second, "meta[name=robots]", "content"), ["noindex"]);
    assert_eq!(attributes(&second, ".feeds a", "href")[0], format!("{folder}rss.xml"));
    assert_eq!(texts(&second, ".pages span"), ["Page 2 of 3"]);
    assert_eq!(texts(&second, "title"), ["社交媒体 · Page 2 of 3 · 我的订阅"]);

    let first = numbered("categories/社交媒体/", 1, 3);
    assert_eq!(attributes(&first, "a[rel=next]", "href"), ["page/2/"]);
    assert!(attributes(&first, "meta[name=robots], [rel=prev]", "rel").is_empty());
    let last = numbered("categories/社交媒体/page/3/", 3, 3);
    assert!(attributes(&last, "[rel=next]", "rel").is_empty());
}

#[test]
fn the_root_has_no_way_up_and_an_empty_feed_says_so() {
    let page = feed_page(&FeedPage {
        frame: Frame { search: None, ..frame("", None) },
        folder: "",
        title: "我的订阅",
        trail: vec![],
        tree: Tree::default(),
        children: Tree::default(),
        ..category(vec![])
    });
    assert_eq!(attributes(&page, "html", "lang"), ["en"]);
    // Nobody knows the language of what is not ours.
    assert_eq!(attributes(&page, "h1", "lang"), [""]);
    assert_eq!(texts(&page, "title"), ["我的订阅"]);
    assert_eq!(attributes(&page, "link[rel=stylesheet]", "href"), [style().path.as_str()]);
    assert!(attributes(&page, "nav, form", "class").is_empty());
    assert_eq!(texts(&page, "main > p"), ["No posts yet."]);
    assert_eq!(attributes(&page, ".home", "href"), ["./"]);
}

#[test]
fn what_a_feed_includes_is_said_in_words() {
    let say = |language, entries, hours, texts, source| {
        Words::of(language).includes(&Includes { entries, hours, texts, source })
    };
    for (said, expected) in [
        (
            say(None, 50, 48, Texts::Whole, Source::Branch("News")),
            "The feed has the newest 50 posts and all of the last 48 hours, with whole texts, from News and the categories below it.",
        ),
        (
            say(Some("en-GB"), 1, 0, Texts::Summaries, Source::Tag("rust")),
            "The feed has the newest post, as summaries, tagged rust.",
        ),
        (
            say(Some("de"), 5, 1, Texts::Whole, Source::Author("Ada")),
            "The feed has the newest 5 posts and all of the last hour, with whole texts, by Ada.",
        ),
        (say(Some("zh"), 5, 0, Texts::Summaries, Source::All), "订阅源收录全部分类的最新 5 篇文章，附摘要。"),
    ] {
        assert_eq!(said, expected);
    }
}

#[test]
fn a_post_is_shown_with_its_content_and_kept_out_of_search_engines() {
    let page = post_page(&post("转发 <3", "<p>正文 <b>粗</b></p>"));
    assert_eq!(attributes(&page, "html", "lang"), ["zh"]);
    assert_eq!(texts(&page, "h1"), ["转发 <3"]);
    assert_eq!(texts(&page, "article p b"), ["粗"]);
    assert_eq!(texts(&page, "time"), ["2022-02-25 00:54"]);
    assert_eq!(attributes(&page, "meta[name=robots]", "content"), ["noindex"]);
    assert_eq!(attributes(&page, "link[rel=canonical]", "href"), ["https://t.example.org/1?a=1&b=2"]);
    assert_eq!(attributes(&page, "nav a", "href"), ["../../../", "../../../categories/%E7%9F%A5%E4%B9%8E/"]);
    assert_eq!(texts(&page, ".filed dd"), ["标签", "lonely"]);
    assert_eq!(attributes(&page, ".filed a", "href"), ["../../../tags/%E6%A0%87%E7%AD%BE/"]);

    let page = post_page(&PostPage { canonical: None, tags: vec![], ..post("a", "") });
    assert!(attributes(&page, "link[rel=canonical], .filed dd, .filed dt", "href").is_empty());
}

#[test]
fn finds_are_marked_and_pages_of_them_keep_the_query() {
    let found = Entry {
        title: Marked { text: "在知乎，<知乎>", marks: vec![3..9, 13..19] },
        summary: Marked { text: "知与知", marks: vec![0..3, 6..9] },
        ..entry("", None)
    };
    let page = search_page(&search("知乎 \"<&+", vec![found]));
    assert_eq!(texts(&page, "mark"), ["知乎", "知乎", "知", "知"]);
    assert_eq!(texts(&page, "article h2"), ["在知乎，<知乎>"]);
    assert_eq!(attributes(&page, "input", "value"), ["知乎 \"<&+"]);
    assert_eq!(texts(&page, "h1"), ["Search: 知乎 \"<&+"]);
    assert_eq!(texts(&page, "main > p")[0], "61 posts found, newest first.");
    assert!(texts(&page, ".hint")[0].contains("3 of 10"));
    let query = "?q=%E7%9F%A5%E4%B9%8E+%22%3C%26%2B";
    assert_eq!(attributes(&page, ".pages a", "href"), [query.to_owned(), format!("{query}&page=3")]);
    assert_eq!(attributes(&page, ".children a", "href"), ["../categories/%E7%9F%A5%E4%B9%8E/%E7%83%AD%E6%A6%9C/"]);
    assert_eq!(attributes(&page, "meta[name=robots]", "content"), ["noindex"]);
    // Marks that are no parts of the text mark nothing.
    let odd = Marked { text: "知乎", marks: vec![1..2, 3..6, 9..12] };
    assert_eq!(odd.parts().iter().filter(|part| part.is_marked).map(|part| part.text).collect::<Vec<_>>(), ["乎"]);
}

#[test]
fn a_long_summary_is_cut_on_lists() {
    let long = "字".repeat(500);
    let page = feed_page(&category(vec![Entry { summary: long.as_str().into(), ..entry("a", None) }]));
    assert_eq!(texts(&page, ".summary")[0].chars().count(), 141);
}

#[test]
fn the_administrator_sees_what_is_wrong_where() {
    let page = status_page(&status("rust/bad.md", "never closed"));
    assert_eq!(texts(&page, "h3 code"), ["rust/bad.md"]);
    assert_eq!(texts(&page, ".problem li"), ["line 3, column 1 never closednever closed", "b"]);
    assert!(texts(&page, "main > p").contains(&"4 more: see status.json.".to_owned()));
    assert_eq!(attributes(&page, "main a", "href"), ["../status.json", "../metrics", "../status.json"]);
}

#[test]
fn pages_allow_no_script_but_ours_and_only_our_style() {
    let policy = |page: &str| attributes(page, "meta[http-equiv=Content-Security-Policy]", "content")[0].clone();
    let feed = feed_page(&category(vec![entry("a", None)]));
    assert!(policy(&feed).starts_with("default-src 'none'; style-src 'self'; script-src 'self';"), "{}", policy(&feed));
    assert_eq!(attributes(&feed, "script", "src"), [format!("../../{}", script().path)]);
    let others = [post_page(&post("a", "")), search_page(&search("a", vec![])), status_page(&status("a", "b"))];
    for page in &others {
        assert!(policy(page).contains("script-src 'none'"));
        assert!(attributes(page, "script", "src").is_empty());
    }
    for page in others.iter().chain([&feed]) {
        assert!(attributes(page, "style, [style], [onclick]", "class").is_empty());
        assert_eq!(texts(page, "h1").len(), 1);
    }
    assert!(!style().content.contains("url(") && !style().content.contains("@import"));
    assert!(style().path.len() > "assets/style-.css".len() && style().path != script().path);
}

#[test]
fn a_page_of_thirty_entries_is_small() {
    let link = format!("https://www.example.org/2024/{}", "a".repeat(60));
    let path = "categories/社交媒体/知乎/知乎热榜/";
    let title = "俄罗斯装甲部队正由东向西、由北向南进逼基辅";
    let summary = "焚海炖鱼的回答".repeat(30);
    let entry = Entry {
        link: Link::Away(&link),
        categories: vec![Name { name: "知乎热榜", path: Some(path) }],
        summary: summary.as_str().into(),
        ..entry(title, Some(&link))
    };
    let page = feed_page(&category(vec![entry; 50]));
    assert!(page.len() < 70_000, "{}", page.len());
}

proptest! {
    /// Text stays text, wherever it stands.
    #[test]
    fn no_text_becomes_markup(text in "[<>\"'&a-c;#=/ 知]{1,30}") {
        let image = format!("https://example.org/{text}");
        let hostile = |title: &'static str| Entry {
            link: Link::Away(&image),
            authors: vec![Name { name: &text, path: Some("authors/a/") }],
            categories: vec![Name { name: &text, path: None }],
            summary: text.as_str().into(),
            ..if title.is_empty() { entry(&text, Some(&image)) } else { entry(title, Some(&image)) }
        };
        let place = Place { name: &text, path: "categories/a/" };
        let words: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let elements = |page: &str| texts(page, "*").len();

        let feed = |text: &str, entry| feed_page(&FeedPage {
            frame: Frame { path: "tags/a/", site: text, language: None, search: Some(text) },
            title: text,
            description: text,
            includes: Includes { entries: 5, hours: 0, texts: Texts::Whole, source: Source::Tag(text) },
            trail: vec![Place { name: text, ..place }],
            tree: Tree { branches: vec![branch(text, 1, Fold::Open, vec![branch(text, 1, Fold::Here, vec![])])], more: 1 },
            ..category(vec![entry])
        });
        let page = feed(&text, hostile(""));
        prop_assert_eq!(elements(&page), elements(&feed("a", hostile("a"))));
        for selector in ["h1", "article h2", ".trail a", ".byline a", ".byline .in", ".home"] {
            prop_assert_eq!(&texts(&page, selector)[0], &words);
        }
        prop_assert_eq!(&attributes(&page, "img", "src")[0], &image);
        prop_assert_eq!(&attributes(&page, "input", "value")[0], &text);
        prop_assert_eq!(&attributes(&page, "meta[name=description]", "content")[0], &text);

        let shown = post_page(&PostPage { entry: hostile(""), canonical: Some(&image), trail: vec![place], tags: vec![Name { name: &text, path: None }], ..post("", "") });
        prop_assert_eq!(&texts(&shown, "h1")[0], &words);
        prop_assert_eq!(&attributes(&shown, "link[rel=canonical]", "href")[0], &image);
        prop_assert_eq!(&texts(&shown, "dd")[1], &words);

        let found = search_page(&SearchPage { categories: vec![place], ..search(&text, vec![hostile("")]) });
        prop_assert_eq!(&attributes(&found, "input", "value")[0], &text);
        prop_assert_eq!(&texts(&found, ".children a")[0], &words);
        prop_assert_eq!(elements(&found), elements(&search_page(&search("a", vec![hostile("a")]))));

        let said = status_page(&status(&text, &text));
        prop_assert_eq!(&texts(&said, "h3 code")[0], &words);
        prop_assert_eq!(&texts(&said, ".facts dd")[0], &words);
        prop_assert_eq!(elements(&said), elements(&status_page(&status("a", "a"))));
    }
}
