use chrono::NaiveDate;

use super::*;

struct Sample {
    path: &'static str,
    title: &'static str,
    slug: Option<&'static str>,
    permalink: Option<&'static str>,
    link: Option<&'static str>,
    categories: Vec<CategoryPath>,
}

const PLAIN: Sample =
    Sample { path: "", title: "Hello, World!", slug: None, permalink: None, link: None, categories: Vec::new() };

fn check(dialect: Dialect, pattern: &str, sample: &Sample, expected: &str) {
    let rules = LinkRules {
        site_url: Some("https://blog.example.org/sub/".parse().unwrap()),
        permalink: Some(Permalink::parse(pattern, dialect).unwrap()),
    };
    let key = |name: &str| (name == "lang").then(|| String::from("zh"));
    let facts = LinkFacts {
        path: sample.path.as_ref(),
        title: sample.title,
        slug: sample.slug,
        permalink: sample.permalink,
        link: sample.link,
        published: NaiveDate::from_ymd_opt(2013, 5, 6).unwrap().and_hms_opt(2, 12, 52).unwrap(),
        categories: &sample.categories,
        key: &key,
    };
    assert_eq!(link(&facts, &rules).as_deref(), Some(expected), "{pattern} of {}", sample.path);
}

#[test]
fn hexo() {
    let nested = Sample { path: "2013/hello-world.md", categories: vec![vec!["A b".into(), "c".into()]], ..PLAIN };
    for (pattern, expected) in [
        (":year/:month/:day/:title/", "https://blog.example.org/sub/2013/05/06/2013/hello-world/"),
        (":year/:i_month/:i_day/:name.html", "https://blog.example.org/sub/2013/5/6/hello-world.html"),
        (":category/:name/", "https://blog.example.org/sub/A-b/c/hello-world/"),
        ("/:lang/:post_title/", "https://blog.example.org/sub/zh/Hello-World/"),
        (":hour:minute:second/:timestamp", "https://blog.example.org/sub/021252/1367806372"),
    ] {
        check(Dialect::Hexo, pattern, &nested, expected);
    }
    let chinese = Sample { path: "_posts/知乎 热榜.md", ..PLAIN };
    let encoded = "https://blog.example.org/sub/%E7%9F%A5%E4%B9%8E%20%E7%83%AD%E6%A6%9C/";
    check(Dialect::Hexo, ":title/", &chinese, encoded);
    let plain = Sample { path: "x.md", ..PLAIN };
    check(Dialect::Hexo, ":category/:name", &plain, "https://blog.example.org/sub/uncategorized/x");
}

#[test]
fn jekyll() {
    let post = Sample { path: "docs/_posts/2013-05-06-Hello_World!.markdown", categories: vec![vec!["Release".into()]], ..PLAIN };
    for (pattern, expected) in [
        ("date", "https://blog.example.org/sub/docs/release/2013/05/06/Hello_World!.html"),
        ("pretty", "https://blog.example.org/sub/docs/release/2013/05/06/Hello_World!/"),
        ("ordinal", "https://blog.example.org/sub/docs/release/2013/126/Hello_World!.html"),
        ("weekdate", "https://blog.example.org/sub/docs/release/2013/W19/Mon/Hello_World!.html"),
        ("none", "https://blog.example.org/sub/docs/release/Hello_World!.html"),
        ("/news/:year/:month/:day/:slug/", "https://blog.example.org/sub/news/2013/05/06/hello-world/"),
        (":short_year/:i_month/:w_day", "https://blog.example.org/sub/13/5/1"),
    ] {
        check(Dialect::Jekyll, pattern, &post, expected);
    }
}

#[test]
fn hugo() {
    let bundle = Sample { path: "post/travel/my-trip/index.md", title: "My Trip: Día 1", ..PLAIN };
    for (pattern, expected) in [
        ("/:sections/:slugorcontentbasename/", "https://blog.example.org/sub/post/travel/my-trip/"),
        ("/:section/:title/", "https://blog.example.org/sub/post/my-trip-d%C3%ADa-1/"),
        ("/:year/:monthname/:yearday/", "https://blog.example.org/sub/2013/may/126/"),
    ] {
        check(Dialect::Hugo, pattern, &bundle, expected);
    }
}

#[test]
fn the_post_itself_decides_first() {
    let pattern = ":year/:title/";
    for (sample, expected) in [
        (Sample { link: Some("https://elsewhere.example/a b"), ..PLAIN }, "https://elsewhere.example/a%20b"),
        (Sample { permalink: Some("about/me.html"), ..PLAIN }, "https://blog.example.org/sub/about/me.html"),
        (Sample { permalink: Some("/about/"), ..PLAIN }, "https://blog.example.org/sub/about/"),
        (Sample { permalink: Some("https://x.example/y"), ..PLAIN }, "https://x.example/y"),
        (Sample { permalink: Some("/../../etc/"), ..PLAIN }, "https://blog.example.org/sub/etc/"),
        (Sample { slug: Some("mine"), ..PLAIN }, "https://blog.example.org/sub/2013/mine/"),
    ] {
        check(Dialect::Hexo, pattern, &sample, expected);
    }
    let own = Sample { permalink: Some("/x/:year/"), ..PLAIN };
    check(Dialect::Jekyll, "pretty", &own, "https://blog.example.org/sub/x/2013/");
}

#[test]
fn patterns_that_are_none() {
    assert_eq!(Permalink::parse(" ", Dialect::Hexo), Err(PermalinkError::Empty));
    assert_eq!(Permalink::parse("/about/", Dialect::Hugo), Err(PermalinkError::Constant("/about/".into())));
}
