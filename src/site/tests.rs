use chrono::TimeZone as _;
use proptest::prelude::*;
use scraper::{Html, Selector};

use super::*;

fn entry<'a>(title: &'a str, image: Option<&'a Image>) -> Entry<'a> {
    Entry {
        title,
        link: "https://www.zhihu.com/question/1?a=1&b=2",
        published: Utc.with_ymd_and_hms(2022, 2, 25, 8, 54, 46).unwrap(),
        authors: &[],
        summary: "焚海炖鱼的回答 基辅是否可能爆发巷战，主要取决于泽连斯基",
        image,
    }
}

fn category(entries: Vec<Entry<'_>>) -> FeedPage<'_> {
    FeedPage {
        path: "categories/社交媒体/",
        title: "社交媒体",
        description: "社交媒体的全部文章",
        language: Some("zh-CN"),
        trail: vec![Place { name: "我的订阅", path: "" }, Place { name: "分类", path: "categories/" }],
        children: vec![
            Child { place: Place { name: "知乎", path: "categories/社交媒体/知乎/" }, posts: 12 },
            Child { place: Place { name: "a:b?c#d", path: "categories/社交媒体/a:b?c#d/" }, posts: 1 },
        ],
        entries,
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
    page.select(&selector).map(|element| element.text().collect::<String>().trim().to_owned()).collect()
}

#[test]
fn a_category_shows_its_feeds_its_place_and_its_entries() {
    let image = Image { url: "https://pic3.zhimg.com/a.jpg?x=1&y=2".to_owned(), alt: "坦克 \"T\"".to_owned() };
    let authors = ["知乎".to_owned(), "B & C".to_owned()];
    let page = feed_page(&category(vec![
        Entry { authors: &authors, ..entry("俄罗斯 <装甲> & 'T-72' \"进逼\"", Some(&image)) },
        entry("Second", None),
    ]));

    assert_eq!(attributes(&page, "html", "lang"), ["zh-CN"]);
    assert_eq!(texts(&page, "title"), ["社交媒体"]);
    assert_eq!(attributes(&page, "link[rel=alternate]", "href"), ["rss.xml", "atom.xml", "feed.json"]);
    assert_eq!(
        attributes(&page, "link[rel=alternate]", "type"),
        ["application/rss+xml", "application/atom+xml", "application/feed+json"]
    );
    assert_eq!(attributes(&page, ".feeds a", "href"), ["rss.xml", "atom.xml", "feed.json"]);
    assert_eq!(texts(&page, ".feeds a"), ["RSS", "Atom", "JSON Feed"]);
    assert_eq!(attributes(&page, ".trail a", "href"), ["../../", "../../categories/"]);
    assert_eq!(
        attributes(&page, ".children a", "href"),
        [
            "../../categories/%E7%A4%BE%E4%BA%A4%E5%AA%92%E4%BD%93/%E7%9F%A5%E4%B9%8E/",
            "../../categories/%E7%A4%BE%E4%BA%A4%E5%AA%92%E4%BD%93/a:b%3Fc%23d/",
        ]
    );
    assert_eq!(texts(&page, ".children li"), ["知乎 12", "a:b?c#d 1"]);
    assert_eq!(attributes(&page, ".children small", "title"), ["12 posts", "1 post"]);
    assert_eq!(texts(&page, "h2"), ["俄罗斯 <装甲> & 'T-72' \"进逼\"", "Second"]);
    assert_eq!(attributes(&page, "h2 a", "href")[0], "https://www.zhihu.com/question/1?a=1&b=2");
    assert_eq!(attributes(&page, "time", "datetime")[0], "2022-02-25T08:54:46Z");
    assert_eq!(texts(&page, ".byline"), ["2022-02-25 08:54 UTC · 知乎 · B & C", "2022-02-25 08:54 UTC"]);
    assert_eq!(attributes(&page, "img", "src"), ["https://pic3.zhimg.com/a.jpg?x=1&y=2"]);
    assert_eq!(attributes(&page, "img", "alt"), ["坦克 \"T\""]);
    assert_eq!(attributes(&page, "img", "loading"), ["lazy"]);
    assert_eq!(attributes(&page, "img", "referrerpolicy"), ["no-referrer"]);
    assert_eq!(attributes(&page, "link[rel=stylesheet]", "href"), ["../../assets/style.css"]);
    assert_eq!(attributes(&page, "footer a", "href"), ["../../opml.xml"]);
}

#[test]
fn the_root_has_no_way_up_and_an_empty_feed_says_so() {
    let page = feed_page(&FeedPage { path: "", language: None, trail: vec![], children: vec![], ..category(vec![]) });
    assert_eq!(attributes(&page, "html", "lang"), ["-"]);
    assert_eq!(attributes(&page, "link[rel=stylesheet]", "href"), ["assets/style.css"]);
    assert!(attributes(&page, "nav", "class").is_empty());
    assert_eq!(texts(&page, "main p"), ["No posts yet."]);
    assert_eq!(Place { name: "", path: "" }.href(""), "./");
}

#[test]
fn a_post_is_shown_with_its_content_and_kept_out_of_search_engines() {
    let post = PostPage {
        path: "posts/2022/转发/",
        entry: entry("转发 <3", None),
        content: "<p>正文 <b>粗</b></p>",
        canonical: Some("https://t.example.org/1?a=1&b=2"),
        language: Some("zh"),
        places: vec![Place { name: "我的订阅", path: "" }, Place { name: "知乎", path: "categories/知乎/" }],
    };
    let page = post_page(&post);
    assert_eq!(texts(&page, "h1"), ["转发 <3"]);
    assert_eq!(texts(&page, "article p b"), ["粗"]);
    assert_eq!(attributes(&page, "meta[name=robots]", "content"), ["noindex"]);
    assert_eq!(attributes(&page, "link[rel=canonical]", "href"), ["https://t.example.org/1?a=1&b=2"]);
    assert_eq!(attributes(&page, "nav a", "href"), ["../../../", "../../../categories/%E7%9F%A5%E4%B9%8E/"]);

    let page = post_page(&PostPage { canonical: None, ..post });
    assert!(attributes(&page, "link[rel=canonical]", "href").is_empty());
    assert!(attributes(&page, "footer", "class").is_empty());
}

#[test]
fn pages_allow_no_script_and_only_our_style() {
    let page = feed_page(&category(vec![entry("a", None)]));
    let policy = attributes(&page, "meta[http-equiv=Content-Security-Policy]", "content");
    assert!(policy[0].starts_with("default-src 'none'; style-src 'self';"), "{policy:?}");
    assert!(attributes(&page, "style, script, [style]", "class").is_empty());
    assert!(!STYLESHEET.contains("url(") && !STYLESHEET.contains("@import"));
}

proptest! {
    /// Text stays text, wherever it stands.
    #[test]
    fn no_text_becomes_markup(text in "[<>\"'&a-c;#=/ 知]{1,30}") {
        let image = Image { url: format!("https://example.org/{text}"), alt: text.clone() };
        let authors = [text.clone()];
        let plain = Entry { summary: &text, authors: &authors, ..entry(&text, Some(&image)) };
        let name = Place { name: &text, path: "categories/a/" };
        let page = feed_page(&FeedPage {
            title: &text,
            description: &text,
            trail: vec![name],
            children: vec![Child { place: name, posts: 2 }],
            ..category(vec![plain])
        });
        let trimmed = text.trim().to_owned();
        prop_assert_eq!(&texts(&page, "h1")[0], &trimmed);
        prop_assert_eq!(&texts(&page, "h2")[0], &trimmed);
        prop_assert_eq!(&texts(&page, ".trail a")[0], &trimmed);
        prop_assert_eq!(&attributes(&page, "img", "alt")[0], &text);
        prop_assert_eq!(&attributes(&page, "meta[name=description]", "content")[0], &text);
        let elements = |page: &str| texts(page, "*").len();
        let harmless = feed_page(&category(vec![entry("a", Some(&image))]));
        // One parent and one child fewer than there.
        prop_assert_eq!(elements(&page) + 5, elements(&harmless));
    }
}
