//! A tag's name → what kind of thing it shows. Names are those of Hexo, Jekyll and Hugo and of their common themes and
//! plugins; a tag that has none of them is dropped.

use std::borrow::Cow;

/// What a tag shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Its content, as it stands.
    Raw,
    /// Nothing, not even its content.
    Comment,
    /// Its content, as code.
    Code,
    /// A file of code, which is not at hand.
    CodeFile,
    /// Its content, as a quotation.
    Quote,
    /// A picture.
    Picture,
    /// A link with an address of its own, or to a file.
    Link,
    /// A link to another post.
    PostLink,
    /// The address of another post or file.
    PostAddress,
    /// A link to a file beside the post.
    AssetLink,
    /// The address of a file beside the post.
    AssetAddress,
    /// A film or a sound.
    Film,
    /// Something on a site that is known by its id.
    Elsewhere(&'static str),
    /// A page in the page.
    Page,
    /// A name for a value.
    Assign,
    /// Another way through a tag that was told of already.
    Branch,
    /// Another file, which may be one of the above.
    Include,
}

impl Family {
    /// The family of a tag; `None` if it is not known.
    pub(super) fn of(name: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte != b'-' && !byte.is_ascii_uppercase();
        let name = if name.bytes().all(is_plain) {
            Cow::Borrowed(name)
        } else {
            Cow::Owned(name.to_ascii_lowercase().replace('-', "_"))
        };
        Some(match &*name {
            "raw" | "verbatim" => Self::Raw,
            "comment" => Self::Comment,
            "highlight" | "code" | "codeblock" | "code_block" | "high" => Self::Code,
            // `{{< code-rust >}}`; not what holds several pieces of code.
            name if name.starts_with("code_") && !name.contains("tab") && !name.contains("group") => Self::Code,
            "include_code" => Self::CodeFile,
            "blockquote" | "quote" | "pullquote" | "centerquote" | "cq" | "quote_block" => Self::Quote,
            "img" | "image" | "asset_img" | "figure" | "picture" | "fig" => Self::Picture,
            "link" => Self::Link,
            "post_link" => Self::PostLink,
            "post_path" | "post_url" | "ref" | "relref" => Self::PostAddress,
            "asset_link" => Self::AssetLink,
            "asset_path" => Self::AssetAddress,
            "video" | "audio" | "dplayer" | "aplayer" | "mp4" | "mp3" => Self::Film,
            "youtube" | "youtuber" | "youtubeplayer" => Self::Elsewhere("https://www.youtube.com/watch?v="),
            "vimeo" | "vimeoplayer" => Self::Elsewhere("https://vimeo.com/"),
            "bilibili" | "bili" => Self::Elsewhere("https://www.bilibili.com/video/"),
            "gist" => Self::Elsewhere("https://gist.github.com/"),
            "tweet" | "twitter" | "x" => Self::Elsewhere("https://x.com/i/web/status/"),
            "instagram" => Self::Elsewhere("https://www.instagram.com/p/"),
            "iframe" | "pdf" | "jsfiddle" => Self::Page,
            "assign" | "set" => Self::Assign,
            "else" | "elsif" | "elif" | "elseif" | "when" | "break" | "continue" | "increment" | "decrement" => {
                Self::Branch
            }
            "include" | "include_relative" | "include_cached" => Self::Include,
            _ => return None,
        })
    }

    /// The family of an included file by its name: `youtube.html`, `figure`.
    pub(super) fn of_file(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or_default();
        let family = Self::of(name.split('.').next().unwrap_or_default())?;
        matches!(family, Self::Picture | Self::Film | Self::Elsewhere(_)).then_some(family)
    }
}
