use super::*;

/// The configuration made of a blog with one file, without the comments.
fn made(name: &str, text: &str, folders: &[&str]) -> String {
    let blog = tempfile::tempdir().unwrap();
    fs::write(blog.path().join(name), text).unwrap();
    for folder in folders {
        fs::create_dir_all(blog.path().join(folder)).unwrap();
    }
    let made = of_blog(blog.path()).unwrap();
    crate::config::load::parse(&made).unwrap();
    let made = made.replace(&*blog.path().to_string_lossy(), "DIR");
    made.lines().filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[test]
fn hexo() {
    let text = "title: 我的博客\nurl: https://blog.example.org\nroot: /\npermalink: :year/:title/\nlanguage: [zh_CN]\ntimezone: Asia/Shanghai\nauthor: 李雷\n";
    let expected = "title: 我的博客\nlanguage: zh-CN\nauthor: 李雷\nposts:\n  - path: DIR/source/_posts\n    preset: hexo\n    \
         site_url: \"https://blog.example.org\"\n    permalink: \":year/:title/\"\n    timezone: Asia/Shanghai\n    \
         language: zh-CN\n    ids: permalink";
    assert_eq!(made("_config.yml", text, &["source/_posts"]), expected);
}

#[test]
fn jekyll() {
    let text =
        "title: 'It''s: mine'\nurl: https://e.org\nbaseurl: /blog\npermalink: pretty\nauthor: {name: Ann}\nlang: en\n";
    let expected = "title: \"It's: mine\"\nlanguage: en\nauthor: Ann\nposts:\n  - path: DIR/_posts\n    preset: jekyll\n    \
         site_url: \"https://e.org/blog\"\n    permalink: pretty\n    language: en";
    assert_eq!(made("_config.yml", text, &["_posts"]), expected);
}

#[test]
fn hugo() {
    let text =
        "baseURL = 'https://e.org/'\ntitle = 'Mine'\nlanguageCode = 'de'\n[permalinks]\npost = '/:year/:slug/'\n";
    let expected = "title: Mine\nlanguage: de\nposts:\n  - path: DIR/content\n    preset: hugo\n    \
         site_url: \"https://e.org/\"\n    permalink: \"/:year/:slug/\"\n    language: de\n    ids: permalink";
    assert_eq!(made("hugo.toml", text, &[]), expected);
}

#[test]
fn zola() {
    let text = "base_url = 'https://e.org'\ntitle = 'true'\ndefault_language = 'fr'\n";
    let expected = "title: \"true\"\nlanguage: fr\nposts:\n  - path: DIR/content\n    preset: zola\n    \
         site_url: \"https://e.org\"\n    language: fr\n    ids: permalink";
    assert_eq!(made("config.toml", text, &[]), expected);
}

#[test]
fn no_blog() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(of_blog(folder.path()), Err(BlogError::NoBlog(_))));
    fs::write(folder.path().join("config.toml"), "= nothing").unwrap();
    assert!(matches!(of_blog(folder.path()), Err(BlogError::Syntax { .. })));
}
