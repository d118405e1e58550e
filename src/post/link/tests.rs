use proptest::prelude::*;

use super::*;
use crate::post::date::{DateOrder, StampRule};

const DATES: DateRules = DateRules { timezone: Timezone::UTC, order: DateOrder::Unset, stamps: StampRule::SameZone };

/// A post for one row of a table.
#[derive(Clone, Default)]
struct Facts {
    path: &'static str,
    title: &'static str,
    date: &'static str,
    slug: Option<&'static str>,
    permalink: Option<&'static str>,
    link: Option<&'static str>,
    categories: &'static [&'static [&'static str]],
    keys: &'static [(&'static str, &'static str)],
}

impl Facts {
    /// The address under a pattern.
    fn link(&self, site: Option<&str>, pattern: Option<(&str, Dialect)>) -> Option<String> {
        let key = |key: &str| self.keys.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned());
        let categories: Vec<CategoryPath> =
            self.categories.iter().map(|path| path.iter().map(|name| (*name).to_owned()).collect()).collect();
        let facts = LinkFacts {
            path: Path::new(self.path),
            title: self.title,
            slug: self.slug,
            permalink: self.permalink,
            link: self.link,
            published: self.date.parse().unwrap(),
            categories: &categories,
            key: &key,
        };
        let rules = LinkRules {
            site_url: site.map(|site| site.parse().unwrap()),
            permalink: pattern.map(|(pattern, dialect)| Permalink::parse(pattern, dialect).unwrap()),
            timezone: None,
        };
        link(&facts, &rules, &DATES)
    }

    #[track_caller]
    fn check(&self, dialect: Dialect, pattern: &str, expected: &str) {
        let found = self.link(Some("https://example.org/"), Some((pattern, dialect)));
        let expected = format!("https://example.org{expected}");
        assert_eq!(found.as_deref(), Some(expected.as_str()), "{pattern}");
    }
}

#[test]
fn hexo_patterns() {
    let post = Facts {
        path: "lorem/hello-world.md",
        title: "Hello: Wörld & Node.js",
        date: "2013-07-04T07:01:34",
        categories: &[&["other"], &["foo", "Bar Baz"]],
        keys: &[("date", "2013-07-04 07:01:34"), ("lang", "tw"), ("id", "42"), ("urlname", "你好")],
        ..Facts::default()
    };
    for (pattern, expected) in [
        (":year/:month/:day/:title/", "/2013/07/04/lorem/hello-world/"),
        (":year/:month/:day/:name/", "/2013/07/04/hello-world/"),
        (":year/:i_month/:i_day/:hour:minute:second.html", "/2013/7/4/070134.html"),
        (":title.html", "/lorem/hello-world.html"),
        ("/:timestamp/", "/1372921294/"),
        (":category/:title/", "/foo/Bar-Baz/lorem/hello-world/"),
        (":post_title/", "/hello-world-node-js/"),
        (":lang/:id/:name", "/tw/42/hello-world"),
        ("posts/:urlname/", "/posts/%E4%BD%A0%E5%A5%BD/"),
        ("archives//:year//:name/", "/archives/2013/hello-world/"),
    ] {
        post.check(Dialect::Hexo, pattern, expected);
    }
    assert_eq!(post.link(Some("https://example.org/"), Some((":abbrlink/", Dialect::Hexo))), None);

    let plain = Facts { categories: &[], path: "你好 100%?.md", ..post };
    plain.check(Dialect::Hexo, ":category/:title/", "/uncategorized/%E4%BD%A0%E5%A5%BD%20100%25%3F/");
}

#[test]
fn hexos_hash_is_that_of_its_documentation() {
    let post = Facts {
        path: "hello-world.md",
        title: "Hello World",
        date: "2013-07-14T17:01:34",
        keys: &[("date", "2013-07-14 17:01:34")],
        ..Facts::default()
    };
    post.check(Dialect::Hexo, ":title-:hash/", "/hello-world-a2c8ac003b43/");
}

#[test]
fn hexo_cuts_a_date_off_only_where_new_post_name_did() {
    let site = Some("https://hexo.io/");
    let undated = Facts {
        path: "2021-12-26-hexo-6-0-0-released.md",
        title: "Hexo 6.0.0 Released",
        date: "2021-12-26T00:00:00",
        ..Facts::default()
    };
    let found = undated.link(site, Some(("news/:year/:month/:day/:title/", Dialect::Hexo)));
    assert_eq!(found.as_deref(), Some("https://hexo.io/news/2021/12/26/hexo-6-0-0-released/"));

    let dated = Facts {
        path: "2014-07-13-hexo-2-8-released.md",
        date: "2014-07-13T16:09:34",
        keys: &[("date", "2014-07-13 16:09:34")],
        ..undated
    };
    let found = |pattern| dated.link(site, Some((pattern, Dialect::Hexo)));
    assert_eq!(
        found("https://hexo.io/news/:year/:month/:day/:undated_title/").as_deref(),
        Some("https://hexo.io/news/2014/07/13/hexo-2-8-released/")
    );
    assert_eq!(found("news/:title/").as_deref(), Some("https://hexo.io/news/2014-07-13-hexo-2-8-released/"));
}

#[test]
fn jekyll_patterns() {
    let post = Facts {
        path: "2013-05-06-Jekyll-1.0.0 Released!.markdown",
        title: "Jekyll 1.0.0 Released",
        date: "2013-05-06T02:12:52",
        categories: &[&["News"], &["C++ Tips"], &["news"]],
        ..Facts::default()
    };
    for (pattern, expected) in [
        ("date", "/news/c++%20tips/2013/05/06/Jekyll-1.0.0-Released!.html"),
        ("pretty", "/news/c++%20tips/2013/05/06/Jekyll-1.0.0-Released!/"),
        ("ordinal", "/news/c++%20tips/2013/126/Jekyll-1.0.0-Released!.html"),
        ("weekdate", "/news/c++%20tips/2013/W19/Mon/Jekyll-1.0.0-Released!.html"),
        ("none", "/news/c++%20tips/Jekyll-1.0.0-Released!.html"),
        ("/:slugified_categories/:slug/", "/news/c-tips/jekyll-1-0-0-released/"),
        ("/:short_year/:i_month/:i_day/:title", "/13/5/6/Jekyll-1.0.0-Released!"),
        ("/:hour-:minute-:second/:slug:output_ext", "/02-12-52/jekyll-1-0-0-released.html"),
        ("/:short_month/:long_month/:long_day/:slug", "/May/May/Monday/jekyll-1-0-0-released"),
        ("/:w_year/:week/:w_day/:slug", "/2013/19/1/jekyll-1-0-0-released"),
        ("/:year_:month/:name/", "/2013_05/2013-05-06-jekyll-1-0-0-released/"),
    ] {
        post.check(Dialect::Jekyll, pattern, expected);
    }
    Facts { slug: Some("One Oh"), ..post.clone() }.check(Dialect::Jekyll, "/:title-:slug/", "/One-Oh-one-oh/");
    let below = Facts { path: "z_category/_posts/2008-09-23-类别.md", categories: &[&["foo"]], ..post };
    below.check(Dialect::Jekyll, "none", "/z_category/foo/%E7%B1%BB%E5%88%AB.html");
}

#[test]
fn jekylls_own_news() {
    let pattern = Some(("/news/:year/:month/:day/:title/", Dialect::Jekyll));
    for (path, date, expected) in [
        ("2013-05-06-jekyll-1-0-0-released.markdown", "2013-05-06T02:12:52", "2013/05/06/jekyll-1-0-0-released/"),
        ("2023-01-29-jekyll-3-9-3-released.markdown", "2023-01-29T18:30:22", "2023/01/29/jekyll-3-9-3-released/"),
    ] {
        let post = Facts { path, date, ..Facts::default() };
        let found = post.link(Some("https://jekyllrb.com"), pattern).unwrap();
        assert_eq!(found, format!("https://jekyllrb.com/news/{expected}"));
    }
}

#[test]
fn hugo_patterns() {
    let post = Facts {
        path: "posts/2024/My First_Post.md",
        title: "C++ & Émile: what’s  new - in 2024?",
        date: "2024-03-08T09:05:00",
        keys: &[("series", "Big Things")],
        ..Facts::default()
    };
    for (pattern, expected) in [
        ("/:year/:month/:day/:title/", "/2024/03/08/c++-%C3%A9mile-whats-new-in-2024/"),
        ("/:monthname/:weekday/:weekdayname/:yearday/:slug/", "/march/5/friday/68/c++-%C3%A9mile-whats-new-in-2024/"),
        ("/:section/:filename/", "/posts/my-first_post/"),
        ("/:sections/:contentbasename", "/posts/2024/my-first_post/"),
        ("/:sections[1:]/:slugorfilename", "/2024/my-first_post/"),
        ("/:sections[last]/:sections[0]/:sections[9]/:slugorcontentbasename/", "/2024/posts/my-first_post/"),
        ("/Blog/:filename.html", "/blog/my-first_post.html"),
        ("/:series/:filename/", "/big-things/my-first_post/"),
        (r"/a\:b/:filename/", "/a:b/my-first_post/"),
    ] {
        post.check(Dialect::Hugo, pattern, expected);
    }
    let slug = Facts { slug: Some("Own Slug"), ..post.clone() };
    slug.check(Dialect::Hugo, "/:slug/:slugorfilename/:title/", "/own-slug/own-slug/c++-%C3%A9mile-whats-new-in-2024/");
    let bundle = Facts { path: "posts/hello/index.zh.md", ..post.clone() };
    bundle.check(Dialect::Hugo, "/:sections/:filename/", "/posts/hello/");
    let with_url = Facts { keys: &[("url", "/Some/Where.html")], ..post };
    with_url.check(Dialect::Hugo, "/:title/", "/Some/Where.html");
}

#[test]
fn the_front_matter_beats_the_pattern() {
    let site = Some("https://example.org/blog");
    let post = Facts { path: "2024-03-18-title.md", date: "2024-03-18T10:00:00", ..Facts::default() };
    let check = |post: &Facts, site, pattern, expected: Option<&str>| {
        assert_eq!(post.link(site, pattern).as_deref(), expected, "{:?} {:?} {pattern:?}", post.link, post.permalink);
    };
    let hexo = Some((":title/", Dialect::Hexo));
    let jekyll = Some(("date", Dialect::Jekyll));
    let with = |permalink| Facts { permalink: Some(permalink), ..post.clone() };

    check(&post, site, None, None);
    check(&post, None, hexo, None);
    check(
        &with("/fr/newsletters/2025/12/19/"),
        site,
        None,
        Some("https://example.org/blog/fr/newsletters/2025/12/19/"),
    );
    check(
        &with("my_category/permalinked-post"),
        site,
        jekyll,
        Some("https://example.org/blog/my_category/permalinked-post"),
    );
    check(&with("/a/../b//./c"), site, hexo, Some("https://example.org/blog/a/b/c"));
    check(
        &with("/%2e%2e/%E4%BD%A0 好?p=1#x"),
        site,
        hexo,
        Some("https://example.org/blog/%E4%BD%A0%20%E5%A5%BD?p=1#x"),
    );
    check(&with("/100%/:title/"), site, hexo, Some("https://example.org/blog/100%25/:title/"));
    check(&with("/:year/:slug:output_ext"), site, jekyll, Some("https://example.org/blog/2024/title.html"));
    check(&with("pretty"), site, jekyll, Some("https://example.org/blog/2024/03/18/title/"));
    check(&with("https://Other.example/x y/"), None, None, Some("https://other.example/x%20y/"));
    check(&with(" "), site, hexo, Some("https://example.org/blog/title/"));
    check(&with("/"), site, hexo, Some("https://example.org/blog/"));

    let linked = |link| Facts { link: Some(link), permalink: Some("/x/"), ..post.clone() };
    check(&linked("https://知乎.example/问题"), site, hexo, Some("https://xn--djqu72h.example/%E9%97%AE%E9%A2%98"));
    check(&linked("/relative"), site, hexo, Some("https://example.org/blog/x/"));
    check(&linked("javascript:alert(1)"), site, hexo, Some("https://example.org/blog/x/"));
}

#[test]
fn a_pattern_that_is_none_says_why() {
    let check = |pattern: &str, dialect, message: &str| {
        assert_eq!(Permalink::parse(pattern, dialect).expect_err(pattern).to_string(), message);
    };
    check(" ", Dialect::Hexo, "the permalink pattern is empty: write one like `/:year/:month/:day/:title/`");
    check("/:/x", Dialect::Hexo, "`:` is no variable: its name starts with a letter, like `:title`");
    check("/:2006/:title/", Dialect::Hugo, "`:2006` is no variable: its name starts with a letter, like `:title`");
    check("/:sections[a]/", Dialect::Hugo, "`[a]` is no range: write one like `[0]`, `[1:]` or `[last]`");
    check("/:sections[1", Dialect::Hugo, "`[1` is no range: write one like `[0]`, `[1:]` or `[last]`");
    assert!(Permalink::parse("https://example.org:8080/:title/", Dialect::Hexo).is_ok());
}

proptest! {
    #[test]
    fn every_address_is_an_uri_below_its_site(path in "[^\u{0}]{0,20}", pattern in "/?(:title|:name|:category|:slug|:sections|[a-z%?#. 好/])*", title in "\\PC*") {
        let key = |_: &str| None;
        let categories = [vec![title.clone(), "..".to_owned()]];
        let facts = LinkFacts {
            path: Path::new(&path),
            title: &title,
            slug: None,
            permalink: None,
            link: None,
            published: DATE,
            categories: &categories,
            key: &key,
        };
        for dialect in [Dialect::Hexo, Dialect::Jekyll, Dialect::Hugo] {
            let Ok(permalink) = Permalink::parse(&pattern, dialect) else { continue };
            let rules = LinkRules { site_url: Url::parse("https://example.org/blog/").ok(), permalink: Some(permalink), timezone: None };
            let Some(found) = link(&facts, &rules, &DATES) else { continue };
            prop_assert!(found.starts_with("https://example.org/blog/"), "{}", found);
            prop_assert!(found.is_ascii() && !found.contains(' '), "{}", found);
            let below = found.split(['?', '#']).next().unwrap_or_default().trim_start_matches("https://");
            prop_assert!(!below.contains("//"), "{}", found);
        }
    }
}

/// The moment of posts whose moment does not matter.
const DATE: NaiveDateTime = chrono::DateTime::UNIX_EPOCH.naive_utc();
