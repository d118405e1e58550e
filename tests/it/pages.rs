//! Pages: what a person sees who opens an address.

use scraper::{Html, Selector};

use crate::site::{Site, post};

fn page(site: &Site, path: &str) -> Html {
    let response = site.get(path);
    assert_eq!(response.status, 200, "/{path}: {} {}", String::from_utf8_lossy(&response.body), site.log());
    assert_eq!(response.headers["content-type"], "text/html; charset=utf-8");
    Html::parse_document(&String::from_utf8(response.body).unwrap())
}

fn texts(page: &Html, selector: &str) -> Vec<String> {
    let text = |element: scraper::ElementRef<'_>| element.text().collect::<String>();
    page.select(&Selector::parse(selector).unwrap())
        .map(|element| text(element).split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

fn attributes(page: &Html, selector: &str, attribute: &str) -> Vec<String> {
    page.select(&Selector::parse(selector).unwrap())
        .map(|element| element.attr(attribute).unwrap_or("-").to_owned())
        .collect()
}

fn titles(site: &Site, path: &str) -> Vec<String> {
    texts(&page(site, path), "article h2")
}

/// A post of the minute `number` before noon.
fn dated(title: &str, categories: &str, number: u32) -> String {
    let minutes = 12 * 60 - number;
    post(title, categories, &format!("2024-05-01 {:02}:{:02}:00", minutes / 60, minutes % 60))
}

#[test]
fn older_posts_are_reached_page_by_page() {
    let mut site = Site::new();
    for number in 0..75 {
        let text = dated(&format!("Post {number}"), "[a, page]", number);
        site = site.post(&format!("{number}.md"), &text);
    }
    let site = site.start();
    site.until("all", || site.status()["posts"]["published"] == 75);

    let numbers = |from: u32, to: u32| (from..to).map(|number| format!("Post {number}")).collect::<Vec<_>>();
    assert_eq!(titles(&site, "categories/a/"), numbers(0, 30));
    assert_eq!(titles(&site, "categories/a/page/2/"), numbers(30, 60));
    // Beyond every window: these were never rendered for a feed.
    assert_eq!(titles(&site, "categories/a/page/3/"), numbers(60, 75));
    let third = page(&site, "categories/a/page/3/");
    assert!(texts(&third, ".summary")[14].contains("Post 74的正文"));
    assert_eq!(attributes(&third, "a[rel=prev]", "href"), ["../../../../categories/a/page/2/"]);
    assert_eq!(attributes(&third, "meta[name=robots]", "content"), ["noindex"]);
    assert_eq!(attributes(&page(&site, "page/3/"), ".feeds a", "href")[0], "../../rss.xml");

    for absent in ["categories/a/page/4/", "categories/a/page/0/", "categories/a/page/02/", "page/x/", "tags/a/page/2/"]
    {
        assert_eq!(site.get(absent).status, 404, "{absent}");
    }
    for (first, folder) in
        [("categories/a/page/1/", "/categories/a/"), ("page/1/", "/"), ("categories/a", "/categories/a/")]
    {
        let moved = site.get(first);
        assert_eq!((moved.status, moved.headers["location"].as_str()), (301, folder), "{first}");
    }
    // A category that is called like the folder of pages stands beside it.
    assert_eq!(titles(&site, "categories/a/page_/").len(), 30);
}

#[test]
fn a_page_tells_where_it_is_and_leads_on() {
    let tagged = |title: &str, author: &str| {
        dated(title, "[社交媒体, 知乎]\ntags: [rust]", 1).replace("知乎\ndate", &format!("{author}\ndate"))
    };
    let site = Site::new()
        .configured("title: 订阅\nlanguage: zh-CN\nbase_url: https://example.org/feeds/\n")
        .post("a.md", &tagged("One", "Ada"))
        .post("b.md", &tagged("Two", "Ada"))
        .post("c.md", &dated("Three", "[社交媒体]\nlanguage: en", 2).replace("知乎\ndate", "Solo\ndate"))
        .start();
    site.until("all", || site.status()["posts"]["published"] == 3);

    let root = page(&site, "");
    assert_eq!(attributes(&root, "html", "lang"), ["zh-CN"]);
    assert_eq!(texts(&root, ".tree > ul > li > a"), ["社交媒体 3"]);
    assert_eq!(texts(&root, ".tree li li > a"), ["知乎 2"]);
    assert_eq!(attributes(&root, "article", "lang"), ["-", "-", "en"]);
    let authors = page(&site, "authors/Ada/");
    assert_eq!(texts(&authors, "h1"), ["Ada"]);
    assert_eq!(texts(&page(&site, "tags/rust/"), "article h2").len(), 2);
    assert_eq!(site.get("authors/Solo/").status, 404);
    // Only who has a page is linked.
    let links = attributes(&root, ".byline > a", "href");
    assert_eq!(links, ["authors/Ada/", "authors/Ada/"]);

    let category = page(&site, "categories/社交媒体/知乎/");
    assert_eq!(texts(&category, ".trail a"), ["订阅", "社交媒体"]);
    assert_eq!(attributes(&category, "[aria-current]", "href").len(), 1);
    // Every link stays below the address that the proxy gave us, and none is broken.
    for path in ["", "feeds/", "categories/社交媒体/知乎/", "categories/社交媒体/direct/", "search/?q=Two"] {
        let page = page(&site, path);
        let base = url::Url::parse("http://localhost/feeds/").unwrap();
        let own = base.join(path.trim_start_matches("feeds/")).unwrap();
        for href in attributes(&page, "[href]", "href").iter().chain(&attributes(&page, "[src]", "src")) {
            assert!(!href.starts_with('/') && !href.contains("example.org"), "{href} on {path}");
            let target = own.join(href).unwrap();
            assert!(target.as_str().starts_with(base.as_str()), "{target} on {path}");
            let answer = site.get(target.path().trim_start_matches('/'));
            assert_eq!(answer.status, 200, "{target} on {path}");
        }
    }
}

#[test]
fn a_post_without_a_link_has_a_page_that_forbids_scripts() {
    let text =
        dated("A & B <3", "[x]\ntags: [t]", 1).replace("的正文", "<script>alert(1)</script><b onclick=alert(1)>b</b>");
    let site = Site::new().post("a.md", &text).start();
    site.until("it", || site.status()["posts"]["published"] == 1);
    let link = attributes(&page(&site, ""), "h2 a", "href").remove(0);
    assert!(link.starts_with("posts/"), "{link}");
    let shown = page(&site, &link);
    assert_eq!(texts(&shown, "h1"), ["A & B <3"]);
    assert_eq!(texts(&shown, ".trail a")[1], "x");
    assert_eq!(texts(&shown, ".filed dd"), ["x", "t"]);
    assert!(attributes(&shown, "script, [onclick]", "src").is_empty());
    assert!(attributes(&shown, "meta[http-equiv]", "content")[0].contains("script-src 'none'"));
    let policy = site.get(&link).headers["content-security-policy"].clone();
    assert!(policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(site.get("rss.xml").headers["content-security-policy"].starts_with("script-src 'none'"));
    let style = attributes(&shown, "link[rel=stylesheet]", "href").remove(0).replace("../", "");
    assert_eq!(site.get(&style).headers["content-type"], "text/css; charset=utf-8");
    assert_eq!(site.get("assets/style-0123456789.css").status, 404);
}

#[test]
fn titles_are_found_as_soon_as_they_are_published_and_no_longer() {
    let site = Site::new()
        .post("a.md", &dated("俄罗斯装甲部队进逼", "[新闻, 国际]", 1))
        .post("b.md", &dated("Ownership & borrowing", "[rust]", 2))
        .post("c.md", &dated("Secret 装甲", "[rust]\ndraft: true", 3))
        .start();
    site.until("both", || site.status()["posts"]["published"] == 2);
    let found = |query: &str| titles(&site, &format!("search/?q={query}"));
    assert_eq!(found("装甲"), ["俄罗斯装甲部队进逼"]);
    assert_eq!(found("%E5%86%9B"), Vec::<String>::new());
    assert_eq!(found("OWNER"), ["Ownership & borrowing"]);
    assert_eq!(found("逼"), ["俄罗斯装甲部队进逼"]);
    assert_eq!(found("secret"), Vec::<String>::new());
    assert_eq!(texts(&page(&site, "search/?q=%E5%9B%BD%E9%99%85"), ".children a"), ["新闻 / 国际"]);
    assert_eq!(texts(&page(&site, "search/?q=装甲"), "h2 mark"), ["装甲"]);

    site.write("b.md", &dated("Lifetimes", "[rust]", 2));
    site.until("an edit", || found("lifetimes") == ["Lifetimes"] && found("ownership").is_empty());
    site.write("c.md", &dated("Secret 装甲", "[rust]", 3));
    site.until("a draft comes out", || found("装甲") == ["俄罗斯装甲部队进逼", "Secret 装甲"]);
    site.write("a.md", &dated("俄罗斯装甲部队进逼", "[x]\ndraft: true", 1));
    site.until("a post goes in", || found("装甲") == ["Secret 装甲"]);

    let response = site.get("search/?q=装甲");
    assert!(!response.headers["cache-control"].contains("300"), "{response:?}");
    assert_eq!(site.get("search").headers["location"], "/search/");
    assert!(texts(&page(&site, "search/"), "main > p")[0].starts_with("Posts that have all the words"));
}

#[test]
fn no_query_breaks_the_search() {
    let site = Site::new().post("a.md", &dated("A post", "[x]", 1)).start();
    site.until("it", || site.status()["posts"]["published"] == 1);
    for query in [
        "q=",
        "q=%22",
        "q=*",
        "q=NEAR(a",
        "q=a+OR+b",
        "q=title:a",
        "q=%00",
        "q=%FF%FE",
        "q=%27%29%3B--",
        "q=-a",
        "q=%5E",
        "q=%3Cscript%3Ealert(1)%3C/script%3E",
        "q=%3C%2Ftitle%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "q=%25%5F",
        "q=a&page=-1",
        "q=a&page=999999999999999999999",
        "q=a&page=100",
        "q=a&q=b",
        "a=b",
        "",
        "&&&==",
        "q=%E0%A4%A",
        "q=\u{202e}a",
    ] {
        let page = page(&site, &format!("search/?{query}"));
        assert!(attributes(&page, "script", "src").is_empty(), "{query}");
        assert_eq!(texts(&page, "h1").len(), 1, "{query}");
    }
    let long = page(&site, &format!("search/?q={}", "b".repeat(300)));
    assert_eq!(attributes(&long, "input", "value")[0].len(), 100);
}

#[test]
fn texts_are_found_where_that_is_configured() {
    let mut site = Site::new().configured("search: text\n");
    for number in 0..60 {
        let text = dated(&format!("Post {number}"), "[x]", number)
            .replace("的正文", &format!("说些量子纠缠的事 word{number}x <i title='hidden'>"));
        site = site.post(&format!("{number}.md"), &text);
    }
    let mut site = site.start();
    let found = |site: &Site, query: &str| titles(site, &format!("search/?q={query}"));
    site.until("a text", || found(&site, "纠缠").len() == 30 && found(&site, "word59x") == ["Post 59"]);
    assert_eq!(found(&site, "word7x+量子"), ["Post 7"]);
    assert_eq!(found(&site, "Post+word7x"), ["Post 7"]);
    assert!(found(&site, "hidden").is_empty());
    assert_eq!(titles(&site, "search/?q=纠缠&page=2").len(), 30);
    assert!(texts(&page(&site, "status/"), ".facts dd").contains(&"titles and texts".to_owned()));

    site.write("7.md", &dated("Post 7", "[x]", 7));
    site.until("a text goes", || found(&site, "word7x").is_empty());
    site.stop();
    site.configure("search: titles\n");
    site.restart();
    assert!(found(&site, "纠缠").is_empty());
    assert_eq!(found(&site, "Post+7"), ["Post 7"]);
    site.stop();
    site.configure("search: off\n");
    site.restart();
    assert_eq!(site.get("search/?q=a").status, 404);
    assert!(attributes(&page(&site, ""), "form", "action").is_empty());
}

#[test]
fn the_administrator_sees_counts_and_what_was_rejected() {
    let site =
        Site::new().post("good.md", &dated("Good", "[x]", 1)).post("bad/<b>.md", "---\ntitle: [\n---\ntext").start();
    site.until("both", || site.status()["posts"]["rejected"] == 1);
    let status = page(&site, "status/");
    assert!(texts(&status, ".counts li").contains(&"1 published".to_owned()));
    assert!(texts(&status, ".counts li").contains(&"1 rejected".to_owned()));
    assert_eq!(texts(&status, "h3 code"), ["bad/<b>.md"]);
    assert!(texts(&status, ".problem li b")[0].starts_with("line "), "{:?}", texts(&status, ".problem li"));
    let facts = texts(&status, ".facts dt");
    for fact in ["Version", "Running since", "Last scan", "Memory", "Catalog", "SQLite", "Search"] {
        assert!(facts.iter().any(|found| found == fact), "{fact} in {facts:?}");
    }
    assert!(texts(&status, ".facts dd").iter().any(|fact| fact.ends_with("MiB")));
    assert_eq!(site.get("status").status, 301);
    assert_eq!(site.get("status/").headers["cache-control"], "no-store");
}

#[test]
fn a_thousand_categories_do_not_make_a_page_huge() {
    let mut site = Site::new();
    for number in 0..120 {
        let lists: Vec<String> = (0..10).map(|n| format!("[分类{number}, 子类{n}]")).collect();
        site = site
            .post(&format!("{number}.md"), &dated(&format!("P{number}"), &format!("[{}]", lists.join(", ")), number));
    }
    let site = site.start();
    site.until("all", || site.status()["posts"]["published"] == 120);
    for path in ["", "categories/分类7/", "categories/分类7/子类3/"] {
        let response = site.get(path);
        assert!(response.body.len() < 110_000, "{path}: {}", response.body.len());
        let tree = texts(&page(&site, path), ".tree li > a").len();
        assert!((40..=60).contains(&tree), "{path}: {tree}");
    }
    let open = page(&site, "categories/分类99/子类3/");
    assert_eq!(texts(&open, ".tree [aria-current]"), ["子类3 1"]);
    assert_eq!(texts(&open, ".tree details[open] > ul > li > a").len(), 10);
    assert_eq!(texts(&open, ".tree .more"), ["80 more: search for their names"]);
    assert_eq!(texts(&page(&site, "search/?q=分类119"), ".children a")[0], "分类119");
}

#[test]
fn what_is_private_is_on_no_page_and_not_found() {
    let names = "categories: {names: {Diary: {access: [alice]}}}\n";
    let tokens = format!("tokens: {{alice: {}}}\n", "0".repeat(64));
    let mut site = Site::new()
        .configured(&format!("search: text\n{names}{tokens}feeds: {{mine: {{title: Mine, any: ['category:家']}}}}\n"))
        .post("open.md", &dated("Open words", "[家]", 2));
    for number in 0..40 {
        let text = dated(&format!("Hidden words {number}"), "[家, Diary]", number);
        site = site.post(&format!("{number}.md"), &text);
    }
    let mut site = site.start();
    site.until("a text", || titles(&site, "search/?q=words+正文") == ["Open words"]);
    for path in ["", "categories/家/", "search/?q=words", "search/?q=hidden", "search/?q=Diary"] {
        let body = String::from_utf8(site.get(path).body).unwrap();
        assert!(!body.contains("Hidden") && (path.contains("Diary") || !body.contains("Diary")), "{path}");
    }
    assert!(attributes(&page(&site, "search/?q=Diary"), ".children a", "href").is_empty());
    for path in ["categories/家/Diary/page/2/", "categories/家/Diary/page/1/", "categories/家/Diary/2022/page/2/"] {
        let answer = site.get(path);
        assert!(matches!(answer.status, 401 | 404), "{path}: {}", answer.status);
    }
    // A feed of one's own has a page like others.
    let link = attributes(&page(&site, ""), ".tree > ul > li > a", "href").remove(1);
    assert_eq!(link, "feeds/mine/");
    assert_eq!(texts(&page(&site, &link), "h1"), ["Mine"]);

    // What becomes private is found no more, and what becomes public is.
    site.stop();
    site.configure(&format!("search: text\ncategories: {{names: {{家: {{access: [alice]}}}}}}\n{tokens}"));
    site.restart();
    site.until("nothing", || titles(&site, "search/?q=words").is_empty() && titles(&site, "search/?q=正文").is_empty());
    site.stop();
    site.configure("search: text\n");
    site.restart();
    site.until("all", || texts(&page(&site, "search/?q=正文"), "main > p")[0].starts_with("41 posts"));
}
