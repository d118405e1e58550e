use super::*;

/// The configuration made of a blog's files, without comments, title and author.
fn made(files: &[(&str, &str)]) -> (String, String) {
    let blog = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = blog.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let made = of_blog(blog.path()).unwrap();
    crate::config::load::parse(&made).unwrap();
    let made = made.replace(&*blog.path().to_string_lossy(), "DIR");
    let is_comment = |line: &&str| line.trim_start().starts_with('#');
    let lines = |comments: bool| {
        made.lines().filter(|line| is_comment(line) == comments).collect::<Vec<_>>().join("\n").trim().to_owned()
    };
    (lines(false), lines(true))
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &str) {
    let expected: Vec<_> = expected.trim().lines().map(|line| line.strip_prefix("        ").unwrap_or(line)).collect();
    assert_eq!(made(files).0, expected.join("\n"));
}

#[test]
fn hexo() {
    check(
        &[(
            "_config.yml",
            "title: 我的博客\ndescription: ''\nauthor: 李雷\nlanguage: [zh_CN, en]\ntimezone: Asia/Shanghai\nurl: https://blog.example.org\n\
             root: /\npermalink: :year/:title/\npermalink_defaults:\npretty_urls:\n  trailing_index: true\n  trailing_html: true\n\
             source_dir: source\nnew_post_name: :title.md\npost_asset_folder: false\nfuture: true\n",
        )],
        r#"
        title: 我的博客
        language: zh-CN
        author: 李雷
        window: {entries: 20}
        posts:
          - path: DIR/source/_posts
            preset: hexo
            site_url: "https://blog.example.org"
            permalink: ":year/:title/"
            timezone: Asia/Shanghai
            language: zh-CN
            future: publish
            ids: permalink"#,
    );
    check(
        &[("_config.yml", "url: https://e.org/blog\nroot: /blog/\nfuture: false\nfeed: {limit: 0}\nsource_dir: src\n")],
        r#"
        window: {entries: 500}
        posts:
          - path: DIR/src/_posts
            preset: hexo
            site_url: "https://e.org/blog"
            ids: permalink"#,
    );
}

#[test]
fn hexos_settings_change_its_pattern() {
    for (settings, pattern) in [
        ("permalink: posts/:title.html\npretty_urls: {trailing_html: false}", Some("posts/:title")),
        ("permalink: posts/:title.html\npretty_urls: {trailing_index: false}", Some("posts/:title.html")),
        ("permalink: :title/index.html\npretty_urls: {trailing_index: false, trailing_html: false}", Some(":title/")),
        ("permalink: :title/index.html\npretty_urls: {trailing_html: false}", Some(":title/index.html")),
        ("permalink: :year/:title\npost_asset_folder: true", Some(":year/:title/")),
        ("permalink: :year/:title.html\npost_asset_folder: true", Some(":year/:title.html")),
        ("new_post_name: :year-:month-:day-:title.md", Some(":year/:month/:day/:undated_title/")),
        ("permalink: :name/\nnew_post_name: :year-:month-:day-:title.md", Some(":undated_title/")),
        ("new_post_name: :title.md", None),
    ] {
        let (made, _) = made(&[("_config.yml", &format!("public_dir: public\nurl: https://e.org\n{settings}\n"))]);
        let found = made.lines().find_map(|line| line.trim().strip_prefix("permalink: "));
        assert_eq!(found.map(|text| text.trim_matches('"')), pattern, "{settings}");
    }
}

#[test]
fn what_cannot_be_taken_over_is_said() {
    for (name, settings, remark) in [
        (
            "_config.yml",
            "url: https://e.org\npublic_dir: p\npermalink: :category/:title/\ncategory_map: {a: b}",
            "`category_map`",
        ),
        (
            "_config.yml",
            "url: https://e.org\npublic_dir: p\npermalink: :lang/:title/\npermalink_defaults: {lang: en}",
            "`permalink_defaults`",
        ),
        ("_config.yml", "public_dir: p", "Add `site_url`"),
        ("_config.yml", "title: x", "Add `site_url`"),
        ("_config.yml", "url: https://e.org/", "Jekyll doubles"),
        (
            "hugo.toml",
            "baseURL = 'https://e.org'\n[permalinks]\na = '/:title/'\nb = '/:slug/'",
            "a (/:title/), b (/:slug/)",
        ),
        ("config.toml", "base_url = 'https://e.org'", "Zola respells"),
    ] {
        let (_, comments) = made(&[(name, settings)]);
        assert!(comments.contains(remark), "{settings}: {comments}");
    }
    let (_, comments) = made(&[("_config.yml", "url: https://e.org\npublic_dir: p\ncategory_map: {a: b}")]);
    assert!(!comments.contains("Look here"), "{comments}");
}

#[test]
fn with_asset_folders_only_new_posts_endings_are_posts() {
    let (made, _) = made(&[("_config.yml", "public_dir: p\nurl: https://e.org\npost_asset_folder: true\n")]);
    assert!(made.contains(r#"exclude: ["*.markdown", "*.mdown", "*.html", "*.htm"]"#), "{made}");
}

#[test]
fn jekyll() {
    check(
        &[(
            "_config.yml",
            "title: 'It''s: mine'\nurl: https://e.org\nbaseurl: /blog/\npermalink: pretty\nauthor: {name: Ann}\nlang: en\n\
             timezone: America/New_York\nplugins: [jekyll-feed]\n",
        )],
        r#"
        title: "It's: mine"
        language: en
        author: Ann
        window: {entries: 10}
        posts:
          - path: DIR/_posts
            preset: jekyll
            site_url: "https://e.org/blog"
            permalink: pretty
            timezone: America/New_York
            language: en"#,
    );
    let rest = "url: https://e.org\nbaseurl: ''\nfeed: {posts_limit: 30}\nfuture: true\n";
    for (settings, folder, pattern) in [
        ("collections_dir: all\n", "DIR/all/_posts", None),
        ("source: ./src\npermalink: /:title/\n", "DIR/./src/_posts", Some("/:title/")),
        (
            "permalink: /a/:title\ncollections: {posts: {permalink: '/b/:title', output: true}}\n",
            "DIR/_posts",
            Some("/b/:title"),
        ),
        (
            "permalink: /a/:title\ndefaults:\n- scope: {path: '', type: pages}\n  values: {permalink: /p/}\n- scope: {path: ''}\n  \
             values: {layout: x}\n- scope: {path: '', type: posts}\n  values: {permalink: '/c/:title'}\n",
            "DIR/_posts",
            Some("/c/:title"),
        ),
    ] {
        let (made, _) = made(&[("_config.yml", &format!("{rest}{settings}"))]);
        let value = |key: &str| {
            let found = made.lines().find_map(|line| line.trim_start_matches([' ', '-']).strip_prefix(key));
            found.map(|text| text.trim_matches('"').to_owned())
        };
        assert_eq!(value("path: ").as_deref(), Some(folder), "{made}");
        assert_eq!(value("permalink: ").as_deref(), pattern, "{made}");
        assert_eq!(
            (value("window: ").as_deref(), value("future: ").as_deref()),
            (Some("{entries: 30}"), Some("publish"))
        );
    }
}

#[test]
fn hugo_in_every_spelling() {
    let expected = r#"
        title: Mine
        language: de
        author: Ann
        window: {entries: 15}
        posts:
          - path: DIR/content
            preset: hugo
            site_url: "https://e.org/"
            permalink: "/:year/:slug/"
            timezone: Europe/Berlin
            language: de
            ids: permalink"#;
    let toml = "baseURL = 'https://e.org/'\ntitle = 'Mine'\nlanguageCode = 'de'\ntimeZone = 'Europe/Berlin'\n[permalinks]\nposts = '/:year/:slug/'\n\
                tags = '/t/:slug/'\n[params]\nauthor = 'Ann'\n[services.rss]\nlimit = 15\n";
    check(&[("hugo.toml", toml)], expected);
    check(&[("config.toml", toml)], expected);
    check(&[("config/_default/hugo.toml", toml)], expected);
    let yaml = "baseurl: https://e.org/\ntitle: Mine\nlanguageCode: de\ntimeZone: Europe/Berlin\npermalinks:\n  page:\n    posts: /:year/:slug/\n  \
                section:\n    posts: /other/\nparams: {author: {name: Ann}}\nservices: {rss: {limit: 15}}\n";
    check(&[("hugo.yaml", yaml)], expected);
    let json = r#"{"baseURL": "https://e.org/", "title": "Mine", "languageCode": "de", "timeZone": "Europe/Berlin",
        "permalinks": {"posts": "/:year/:slug/"}, "params": {"author": "Ann"}, "services": {"rss": {"limit": 15}}}"#;
    check(&[("hugo.json", json)], expected);
    check(
        &[
            (
                "config/_default/config.yaml",
                "baseURL: https://e.org/\ntitle: Mine\ntimeZone: Europe/Berlin\nlanguageCode: de\n",
            ),
            ("config/_default/permalinks.toml", "posts = '/:year/:slug/'\n"),
            ("config/_default/params.yml", "author: Ann\n"),
            ("config/_default/services.json", r#"{"rss": {"limit": 15}}"#),
        ],
        expected,
    );
}

#[test]
fn hugos_ugly_addresses() {
    for (settings, pattern) in [
        ("uglyURLs = true", r#""/:sections/:slugorcontentbasename.html""#),
        ("uglyURLs = true\npermalinks.posts = '/p/:slug/'", r#""/p/:slug.html""#),
    ] {
        let (made, _) = made(&[("hugo.toml", &format!("baseURL = 'https://e.org'\n{settings}\n"))]);
        assert!(made.contains(&format!("permalink: {pattern}")), "{made}");
    }
}

#[test]
fn zola() {
    check(
        &[("config.toml", "base_url = 'https://e.org'\ntitle = 'true'\ndefault_language = 'fr'\nfeed_limit = 20\n")],
        r#"
        title: "true"
        language: fr
        window: {entries: 20}
        posts:
          - path: DIR/content
            preset: zola
            site_url: "https://e.org"
            language: fr
            future: publish
            ids: permalink"#,
    );
}

#[test]
fn no_blog() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(of_blog(folder.path()), Err(BlogError::NoBlog(_))));
    fs::write(folder.path().join("config.toml"), "= nothing").unwrap();
    assert!(matches!(of_blog(folder.path()), Err(BlogError::Syntax { .. })));
}

#[test]
fn a_configuration_that_is_no_yaml_is_refused() {
    let blog = tempfile::tempdir().unwrap();
    for text in ["title: My: Blog\nurl: https://e.org\n", "title: [\n"] {
        fs::write(blog.path().join("_config.yml"), text).unwrap();
        let error = of_blog(blog.path()).unwrap_err().to_string();
        assert!(error.contains("_config.yml: this cannot be read: "), "{error}");
    }
}
