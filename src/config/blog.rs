//! A blog's own configuration → ours: Hexo's and Jekyll's `_config.yml`, Hugo's `hugo.toml`, Zola's `config.toml`.

use std::{
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

use super::{places::Places, raw::Preset};

/// Files that tell what kind of blog a folder holds.
const FILES: [&str; 4] = ["_config.yml", "_config.yaml", "hugo.toml", "config.toml"];

/// Why no configuration could be made.
#[derive(Debug, thiserror::Error)]
pub enum BlogError {
    /// No blog that is known here.
    #[error(
        "{0} holds no `_config.yml`, `hugo.toml` or `config.toml`: name the folder of a Hexo, Jekyll, Hugo or Zola blog"
    )]
    NoBlog(PathBuf),
    /// Its configuration cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its configuration cannot be understood.
    #[error("{path}: this is no valid TOML: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        message: String,
    },
}

/// What a blog's configuration tells.
#[derive(Debug, Default, PartialEq, Eq)]
struct Blog {
    preset: Preset,
    posts: PathBuf,
    title: Option<String>,
    description: Option<String>,
    author: Option<String>,
    site_url: Option<String>,
    permalink: Option<String>,
    timezone: Option<String>,
    language: Option<String>,
}

/// Writes a configuration for the blog in a folder, which must be an absolute path.
///
/// # Errors
/// When the folder holds no blog, or its configuration cannot be read.
pub fn of_blog(folder: &Path) -> Result<String, BlogError> {
    let path = FILES.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    let path = path.ok_or_else(|| BlogError::NoBlog(folder.to_owned()))?;
    let text = fs::read_to_string(&path).map_err(|source| BlogError::Unreadable { path: path.clone(), source })?;
    let blog = if path.extension().is_some_and(|end| end == "toml") {
        let table = text.parse::<toml::Table>();
        of_toml(&table.map_err(|error| BlogError::Syntax { path, message: error.message().to_owned() })?)
    } else {
        of_yaml(&Places::of(&text), folder.join("source/_posts").is_dir())
    };
    Ok(write(&Blog { posts: folder.join(&blog.posts), ..blog }))
}

/// Hexo's or Jekyll's, told apart by keys that only Hexo has.
fn of_yaml(keys: &Places, has_hexo_folder: bool) -> Blog {
    let text = |key: &str| keys.text(key).filter(|text| !text.is_empty()).map(str::to_owned);
    let hexo = has_hexo_folder || ["source_dir", "new_post_name", "public_dir"].iter().any(|key| text(key).is_some());
    let source = text(if hexo { "source_dir" } else { "source" });
    let source = source.unwrap_or_else(|| String::from(if hexo { "source" } else { "" }));
    let base = text("baseurl").filter(|_| !hexo).unwrap_or_default();
    Blog {
        preset: if hexo { Preset::Hexo } else { Preset::Jekyll },
        posts: Path::new(&source).join("_posts"),
        title: text("title"),
        description: text("description"),
        author: text("author").or_else(|| text("author.name")),
        site_url: text("url").map(|url| format!("{}{base}", url.trim_end_matches('/'))),
        permalink: text("permalink"),
        timezone: text("timezone"),
        language: ["language", "language[0]", "lang", "locale"].iter().find_map(|key| text(key)),
    }
}

/// Zola's, which has a `base_url`, or Hugo's, which has a `baseURL` in any case.
fn of_toml(table: &toml::Table) -> Blog {
    let text = |name: &str| {
        let found = table.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str());
        found.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let zola = table.contains_key("base_url");
    // One pattern for all sections can be taken over; several need several folders.
    let permalinks = table.get("permalinks").and_then(toml::Value::as_table);
    let permalinks = permalinks.map(|all| all.get("page").and_then(toml::Value::as_table).unwrap_or(all));
    let mut patterns = permalinks.into_iter().flat_map(toml::Table::values).filter_map(toml::Value::as_str);
    let permalink = patterns.next().filter(|first| patterns.all(|other| other == *first));
    Blog {
        preset: if zola { Preset::Zola } else { Preset::Hugo },
        posts: PathBuf::from(text("contentDir").unwrap_or_else(|| String::from("content"))),
        title: text("title"),
        description: text("description"),
        author: text("author"),
        site_url: text("base_url").or_else(|| text("baseURL")),
        permalink: permalink.map(str::to_owned),
        timezone: text("timeZone"),
        language: ["languageCode", "locale", "default_language", "defaultContentLanguage"]
            .iter()
            .find_map(|key| text(key)),
    }
}

/// The configuration, with a word on each decision that was taken.
fn write(blog: &Blog) -> String {
    let mut out =
        String::from("# Written by `feedwright config init`; `feedwright config default` explains every key.\n\n");
    let mut line = |indent: &str, key: &str, value: Option<&str>| {
        if let Some(value) = value {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{indent}{key}: {}", quoted(value));
        }
    };
    let site_url = blog.site_url.as_deref().filter(|url| super::web_address(url).is_ok());
    let language = blog.language.as_deref().map(|tag| tag.replace('_', "-"));
    let timezone = blog.timezone.as_deref().filter(|zone| zone.parse::<chrono_tz::Tz>().is_ok());
    line("", "title", blog.title.as_deref());
    line("", "description", blog.description.as_deref());
    line("", "language", language.as_deref());
    line("", "author", blog.author.as_deref());
    line(
        "# Where the feeds will live on the web.\n#",
        "base_url",
        site_url.map(|url| format!("{}/feeds/", url.trim_end_matches('/'))).as_deref(),
    );
    out.push_str("posts:\n");
    let mut line = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            let _ = writeln!(out, "    {key}: {}", quoted(value));
        }
    };
    let preset = serde_json::to_value(blog.preset).ok();
    line("path", Some(&blog.posts.to_string_lossy()));
    line("preset", preset.as_ref().and_then(serde_json::Value::as_str));
    line("site_url", site_url);
    line("permalink", blog.permalink.as_deref().filter(|_| site_url.is_some()));
    line("timezone", timezone);
    line("language", language.as_deref());
    if blog.preset != Preset::Jekyll {
        out.push_str("    # The ids that the blog's own feeds use, so that nobody is shown anything twice.\n");
        out.push_str("    ids: permalink\n");
    }
    out.replace("posts:\n    path", "posts:\n  - path")
}

/// A text as YAML, in quotes (JSON's, which YAML reads) where it is more than letters and plain signs.
#[must_use]
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    let inner = text.contains(|c: char| !plain(c));
    if !inner && text.starts_with(|c: char| c.is_alphabetic() || c == '/') && !matches!(text, "true" | "false" | "null")
    {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
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
        let text = "title: 'It''s: mine'\nurl: https://e.org\nbaseurl: /blog\npermalink: pretty\nauthor: {name: Ann}\nlang: en\n";
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
}
