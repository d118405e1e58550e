//! A blog's own configuration → ours: Hexo's and Jekyll's `_config.yml`, Hugo's `hugo.toml` (YAML and JSON too, and
//! `config/_default/`), Zola's `config.toml`.
//!
//! What is taken over is what decides ids and links, and how many entries a feed shows: so that a subscriber is shown
//! nothing twice and nothing old. `keys` reads the file, `generators` knows what its keys mean.

mod generators;
mod keys;
#[cfg(test)]
mod tests;

use std::{
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

use granit_parser::Parser;

use super::{Future, raw::Preset};
use crate::post::date::Timezone;
use keys::Keys;

/// Files that tell what kind of blog a folder holds, without their endings.
const FILES: [&str; 5] = ["_config", "hugo", "config/_default/hugo", "config/_default/config", "config"];

/// The endings that these have.
const ENDINGS: [&str; 4] = ["yml", "yaml", "toml", "json"];

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
    #[error("{path}: this cannot be read: {message}; the blog's generator cannot read it either: mend it first")]
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
    future: Option<Future>,
    exclude: Vec<String>,
    /// How many entries its feeds have.
    entries: u32,
    /// What could not be taken over.
    remarks: Vec<String>,
}

/// Writes a configuration for the blog in a folder, which must be an absolute path.
///
/// # Errors
/// When the folder holds no blog, or its configuration cannot be read.
pub fn of_blog(folder: &Path) -> Result<String, BlogError> {
    let files = FILES.iter().flat_map(|name| ENDINGS.iter().map(move |end| folder.join(format!("{name}.{end}"))));
    let path = files.into_iter().find(|path| path.is_file()).ok_or_else(|| BlogError::NoBlog(folder.to_owned()))?;
    let mut keys = read(&path)?;
    let stem = path.file_stem().unwrap_or_default();
    if path.parent().is_some_and(|parent| parent.ends_with("config/_default")) {
        for (name, file) in beside(&path)? {
            keys.add(Some(&name), read(&file)?);
        }
    }
    let blog = if stem == "_config" {
        // Told apart by what only Hexo has.
        let hexo = ["source_dir", "new_post_name", "public_dir"].iter().any(|key| keys.text(key).is_some());
        let hexo = hexo || folder.join("source/_posts").is_dir();
        if hexo { generators::hexo(&keys) } else { generators::jekyll(&keys) }
    } else if keys.text("base_url").is_some() {
        generators::zola(&keys)
    } else {
        generators::hugo(&keys)
    };
    Ok(write(&Blog { posts: folder.join(&blog.posts), ..blog }))
}

/// The other files of Hugo's configuration folder, each with the key that it stands for.
fn beside(path: &Path) -> Result<Vec<(String, PathBuf)>, BlogError> {
    let unreadable = |source| BlogError::Unreadable { path: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(path.parent().unwrap_or(path)).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let name = file.file_stem().and_then(|name| name.to_str()).map(str::to_owned);
        let is_one = file.extension().is_some_and(|end| ENDINGS.iter().any(|known| end == *known));
        files.extend(name.filter(|_| is_one && file != path).map(|name| (name, file)));
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Keys, BlogError> {
    let text = fs::read_to_string(path).map_err(|source| BlogError::Unreadable { path: path.to_owned(), source })?;
    if path.extension().is_none_or(|end| end != "toml") {
        if let Some(error) = Parser::new_from_str(&text).find_map(Result::err) {
            return Err(BlogError::Syntax { path: path.to_owned(), message: error.to_string() });
        }
        return Ok(Keys::of_yaml(&text));
    }
    let table = text.parse::<toml::Table>();
    let syntax =
        |error: toml::de::Error| BlogError::Syntax { path: path.to_owned(), message: error.message().to_owned() };
    Ok(Keys::of_toml(&table.map_err(syntax)?))
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
    let timezone = blog.timezone.as_deref().filter(|zone| Timezone::named(zone).is_some());
    line("", "title", blog.title.as_deref());
    line("", "description", blog.description.as_deref());
    line("", "language", language.as_deref());
    line("", "author", blog.author.as_deref());
    line(
        "# Where the feeds will live on the web.\n#",
        "base_url",
        site_url.map(|url| format!("{}/feeds/", url.trim_end_matches('/'))).as_deref(),
    );
    if site_url.is_none() {
        out.push_str("# The blog does not say where it is. Add `site_url` below: without it, ids and links are not the blog's.\n");
    }
    for remark in &blog.remarks {
        let _ = writeln!(out, "# Look here: {}.", remark.replace(char::is_control, " "));
    }
    let _ = writeln!(out, "# As many entries as the blog's feeds have, so that nobody is shown older ones.");
    let _ = writeln!(out, "window: {{entries: {}}}", blog.entries);
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
    line("future", blog.future.map(|_| "publish"));
    if !blog.exclude.is_empty() {
        let globs: Vec<_> = blog.exclude.iter().map(|glob| quoted(glob)).collect();
        let _ = writeln!(out, "    # With asset folders, these are no posts.\n    exclude: [{}]", globs.join(", "));
    }
    if blog.preset != Preset::Jekyll {
        out.push_str("    # The ids that the blog's own feeds use, so that nobody is shown anything twice.\n");
        out.push_str("    ids: permalink\n");
    }
    if blog.preset == Preset::Hexo {
        out.push_str(
            "    # The zone that is set where the blog is built, if it is another: Hexo's addresses are in it.\n",
        );
        out.push_str("    #permalink_timezone: UTC\n");
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
