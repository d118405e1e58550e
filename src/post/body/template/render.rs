//! What each family of tags writes.

use super::{
    super::Target,
    Arguments, Dialect, Expansion, Family, Remark, Tag, opens_line,
    write::{self, address_start, attribute},
};
use crate::post;

/// Endings of files that a browser plays.
const FILMS: &[&str] = &["mp4", "webm", "ogv", "m4v", "mov"];
const SOUNDS: &[&str] = &["mp3", "m4a", "ogg", "oga", "opus", "wav", "flac", "aac"];

impl<'a> Expansion<'a> {
    /// Code, on one line, so that Markdown does not read it.
    pub(super) fn code(&mut self, tag: &Tag<'a>, arguments: &Arguments<'a>, start: usize, content: &str) {
        let name = tag.name.to_ascii_lowercase();
        let first = arguments.plain.first().copied();
        let language = arguments
            .named(&["lang", "language"])
            .or_else(|| name.strip_prefix("code-"))
            .or_else(|| first.filter(|_| matches!(&*name, "highlight" | "high") || tag.dialect == Dialect::Hugo));
        // Hexo's `codeblock` begins with a title, and may name where the code is from.
        let titled = tag.dialect == Dialect::Liquid && matches!(&*name, "codeblock" | "code");
        let (urls, words): (Vec<&str>, Vec<&str>) =
            arguments.plain.iter().copied().filter(|_| titled).partition(|word| is_web(word));
        let title = words.join(" ");
        let captioned = !title.is_empty() || !urls.is_empty();
        if captioned {
            self.out.push_str("<figure><figcaption>");
            self.linked(urls.first().copied(), &title);
            self.out.push_str("</figcaption>");
        }
        self.out.push_str("<pre><code");
        if let Some(language) = language.filter(|language| !language.contains(|c: char| c.is_whitespace() || c == '='))
        {
            attribute(&mut self.out, "class", &format!("language-{language}"));
        }
        self.out.push('>');
        let indent = self.line_start(start);
        let content = content.strip_prefix('\r').unwrap_or(content);
        let content = content.strip_prefix('\n').unwrap_or(content);
        for (number, line) in content.trim_end().lines().enumerate() {
            if number > 0 {
                self.plain("\n");
            }
            self.plain(without_indent(line, &indent));
        }
        self.out.push_str("</code></pre>");
        if captioned {
            self.out.push_str("</figure>");
        }
    }

    /// A text, linked where there is an address; the address if there is no text.
    fn linked(&mut self, url: Option<&str>, text: &str) {
        match url {
            Some(url) => {
                write::link(&mut self.out, url, None);
                self.plain(if text.trim().is_empty() { url } else { text });
                self.out.push_str("</a>");
            }
            None => self.plain(text),
        }
    }

    /// The start of a quotation, or all of it where no end follows.
    pub(super) fn quote(&mut self, tag: &Tag<'a>, arguments: &Arguments<'a>, start: usize, end: usize) -> bool {
        let closed = self.scanner.end_of(tag.name, tag.dialect, end).is_some();
        let named = |keys: &[&str]| arguments.named(keys);
        let mut words = tag.arguments.trim();
        let (mut author, mut source, mut url) =
            (named(&["author", "by"]), named(&["source", "title", "cite"]), named(&["link", "url", "src"]));
        let text = named(&["text", "content"]);
        if author.is_none() && source.is_none() && url.is_none() && text.is_none() {
            words = words.trim_matches(['"', '\'']);
            let is_blockquote = !matches!(tag.name, "pullquote" | "centerquote" | "cq");
            if closed && is_blockquote {
                (author, source, url) = Self::attribution(words);
            }
        }
        let mut footer = String::new();
        if author.is_some() || source.is_some() || url.is_some() {
            let out = std::mem::take(&mut self.out);
            self.out.push_str("<footer>");
            self.plain(author.unwrap_or_default());
            if source.is_some() || url.is_some() {
                self.out.push_str(if author.is_some() { " — <cite>" } else { "<cite>" });
                self.linked(url, source.unwrap_or_default());
                self.out.push_str("</cite>");
            }
            self.out.push_str("</footer>");
            footer = std::mem::replace(&mut self.out, out);
        }
        if closed {
            self.open_line(start);
            self.out.push_str("<blockquote>");
            self.blank_line(start);
            self.quotes.push((tag.name, footer));
            return true;
        }
        let text = text.unwrap_or(words);
        if text.is_empty() {
            return false;
        }
        self.out.push_str("<blockquote>");
        write::rich(&mut self.out, text);
        self.out.push_str(&footer);
        self.out.push_str("</blockquote>");
        self.end_block(start, end);
        true
    }

    /// Hexo's `Author, Source http://link Title of the link`.
    fn attribution(words: &'a str) -> (Option<&'a str>, Option<&'a str>, Option<&'a str>) {
        let some = |text: &'a str| Some(text.trim().trim_end_matches(',')).filter(|text| !text.is_empty());
        let parts = words.split_once("http://").or_else(|| words.split_once("https://"));
        if let Some((before, _)) = parts {
            let link = words.get(before.len()..).unwrap_or_default();
            let (url, title) = link.split_at(link.find(char::is_whitespace).unwrap_or(link.len()));
            let (author, source) = before.split_once(',').unwrap_or((before, ""));
            return (some(author), some(title).or(some(source)), some(url));
        }
        let (author, source) = words.split_once(',').unwrap_or((words, ""));
        (some(author), some(source), None)
    }

    /// The end of a quotation and of all that were opened in it. Others were dropped at their start.
    pub(super) fn end_quote(&mut self, name: &str, start: usize) {
        // Zola's `{% end %}` has no name.
        let is_it = |(open, _): &(&str, String)| name.is_empty() || *open == name;
        let Some(index) = self.quotes.iter().rev().take(64).position(is_it) else { return };
        for _ in 0..=index {
            let Some((_, footer)) = self.quotes.pop() else { return };
            self.open_line(start);
            self.out.push_str(&footer);
            self.out.push_str("</blockquote>");
            self.blank_line(start);
        }
    }

    /// A line of its own for what stands for the tag at `at`: a block of HTML begins there, even in a paragraph.
    fn open_line(&mut self, at: usize) {
        if !opens_line(self.text, at) {
            self.blank_line(at);
        }
    }

    /// A blank line, so that Markdown is read behind a block of HTML.
    fn blank_line(&mut self, at: usize) {
        if self.reads_markdown(at) {
            let line = self.line_start(at);
            for _ in 0..2 {
                self.out.push('\n');
                self.out.push_str(&line);
            }
        }
    }

    /// Writes what stands alone. False if it cannot be shown.
    pub(super) fn show(
        &mut self,
        family: Family,
        tag: &Tag<'a>,
        arguments: &Arguments<'a>,
        start: usize,
        end: usize,
    ) -> bool {
        match family {
            Family::Picture => {
                let shown = self.picture(tag, arguments);
                if shown {
                    self.end_block(start, end);
                }
                shown
            }
            Family::Link => self.link(tag, arguments, start),
            Family::PostLink => {
                let Some(written) = arguments.plain.first() else { return false };
                let title: Vec<&str> = arguments.plain.iter().skip(1).copied().collect();
                let title = title.join(" ");
                // Hexo: whether to escape the title.
                let title = title.strip_suffix("true").or_else(|| title.strip_suffix("false")).unwrap_or(&title).trim();
                self.post_link(written, title, start)
            }
            Family::PostAddress => match arguments.named_or_first(&["path"]) {
                Some(written) => self.post_address(written, start),
                None => false,
            },
            Family::AssetLink => {
                let Some((file, title)) = arguments.plain.split_first() else { return false };
                let title: Vec<&str> =
                    title.iter().copied().filter(|word| !matches!(*word, "true" | "false")).collect();
                let title = title.join(" ");
                self.linked(Some(file), if title.is_empty() { file } else { &title });
                true
            }
            Family::AssetAddress => match arguments.plain.first() {
                Some(file) => {
                    write::address(&mut self.out, file);
                    true
                }
                None => false,
            },
            Family::CodeFile => {
                let Some(file) = arguments.plain.last() else { return false };
                self.out.push_str("<code>");
                self.plain(file);
                self.out.push_str("</code>");
                // The file itself is not shown, and that is worth a remark.
                false
            }
            Family::Film => self.film(arguments),
            Family::Elsewhere(site) => self.elsewhere(site, arguments),
            Family::Page => {
                let url = arguments
                    .named(&["src", "url"])
                    .or_else(|| arguments.plain.iter().copied().find(|word| is_address(word)));
                let Some(url) = url else { return false };
                self.linked(Some(url), arguments.named(&["title"]).unwrap_or_default());
                true
            }
            _ => false,
        }
    }

    fn picture(&mut self, tag: &Tag<'a>, arguments: &Arguments<'a>) -> bool {
        let named = |keys: &[&str]| arguments.named(keys);
        let plain = &arguments.plain;
        // Hexo puts classes before the address.
        let at = plain.iter().position(|word| is_picture(word));
        let src =
            named(&["src", "url", "image_path", "file", "path", "image", "link_to"]).filter(|src| is_picture(src));
        let Some(src) = src.or_else(|| at.and_then(|at| plain.get(at).copied())) else { return false };
        let behind: Vec<&str> = match at {
            Some(at) => plain.iter().skip(at + 1).copied().skip_while(|word| is_size(word)).collect(),
            None => plain.clone(),
        };
        let is_hexo = tag.dialect == Dialect::Liquid && matches!(tag.name, "img" | "asset_img");
        let (title, positional_alt, caption) = match (&*behind, is_hexo) {
            // `'"title" "alt"'`
            ([one], true) if one.contains('"') => {
                let both = Arguments::read(one).plain;
                (both.first().copied(), both.get(1).copied(), None)
            }
            ([title, alt, ..], true) => (Some(*title), Some(*alt), None),
            ([title], true) => (Some(*title), None, None),
            ([caption, ..], false) => (None, None, Some(*caption)),
            ([], _) => (None, None, None),
        };
        let caption = named(&["caption", "description", "desc"]).or(caption);
        // Hugo shows a figure's title above its caption.
        let heading = named(&["title"]).filter(|_| tag.name == "figure" && tag.dialect == Dialect::Hugo);
        let credit = named(&["attr"]);
        let figure = caption.is_some() || heading.is_some() || credit.is_some();
        if figure {
            self.out.push_str("<figure>");
        }
        let link = named(&["link", "href"]);
        if let Some(link) = link {
            write::link(&mut self.out, link, None);
        }
        self.out.push_str("<img");
        attribute(&mut self.out, "src", src);
        let alt = named(&["alt"]).or(positional_alt).or(title).unwrap_or_default();
        attribute(&mut self.out, "alt", alt);
        if let Some(title) = named(&["title"]).or(title).filter(|_| heading.is_none()) {
            attribute(&mut self.out, "title", title);
        }
        let (width, height) =
            (named(&["width"]).filter(|size| is_size(size)), named(&["height"]).filter(|size| is_size(size)));
        for (name, size) in [("width", width), ("height", height)] {
            if let Some(size) = size {
                attribute(&mut self.out, name, size.trim_end_matches("px"));
            }
        }
        self.out.push('>');
        if link.is_some() {
            self.out.push_str("</a>");
        }
        if figure {
            self.out.push_str("<figcaption>");
            let mut first = true;
            for text in [heading, caption, credit].into_iter().flatten() {
                if !std::mem::take(&mut first) {
                    self.out.push(' ');
                }
                match named(&["attrlink"]).filter(|_| Some(text) == credit) {
                    Some(url) => self.linked(Some(url), text),
                    None => write::rich(&mut self.out, text),
                }
            }
            self.out.push_str("</figcaption></figure>");
        }
        true
    }

    /// Hexo's `link text url [external] [title]`, or Jekyll's `link path`.
    fn link(&mut self, tag: &Tag<'a>, arguments: &Arguments<'a>, start: usize) -> bool {
        let plain = &arguments.plain;
        if let ([path], None) = (&**plain, arguments.named(&["url", "href"]))
            && tag.dialect == Dialect::Liquid
            && !is_web(path)
        {
            return self.post_address(path, start);
        }
        let at = plain.iter().position(|word| is_address(word));
        let url = arguments.named(&["url", "href"]).or_else(|| at.and_then(|at| plain.get(at).copied()));
        let Some(url) = url else { return false };
        let text = plain.get(..at.unwrap_or(plain.len())).unwrap_or_default().join(" ");
        let text = arguments.named(&["text", "title", "name"]).unwrap_or(text.trim_end_matches(','));
        let title: Vec<&str> = plain.iter().skip(at.map_or(plain.len(), |at| at + 1)).copied().collect();
        let title =
            title.iter().copied().filter(|word| !matches!(*word, "true" | "false")).collect::<Vec<_>>().join(" ");
        write::link(&mut self.out, url, Some(&*title).filter(|title| !title.is_empty()));
        self.plain(if text.is_empty() { url } else { text });
        self.out.push_str("</a>");
        true
    }

    fn post_link(&mut self, written: &'a str, title: &str, start: usize) -> bool {
        let (name, place) = post_name(written);
        match self.post(name, start) {
            Some(Target { title: known, link }) => {
                write::link(&mut self.out, &(link + place), None);
                self.plain(if title.is_empty() { &known } else { title });
                self.out.push_str("</a>");
            }
            None => self.plain(if title.is_empty() { name } else { title }),
        }
        true
    }

    /// The address of a post, or of a file of the site.
    fn post_address(&mut self, written: &'a str, start: usize) -> bool {
        let (name, place) = post_name(written);
        if name.is_empty() {
            // `ref "#heading"`
            self.out.push_str(place);
            return true;
        }
        let address = if is_file(written) {
            Some(self.values.below_site(written))
        } else {
            self.post(name, start).map(|target| target.link + place)
        };
        match (address, address_start(&self.out)) {
            (Some(address), _) => write::address(&mut self.out, &address),
            (None, Some(_)) => self.no_address(),
            (None, None) => self.plain(name),
        }
        true
    }

    fn post(&mut self, name: &'a str, start: usize) -> Option<Target> {
        let found = self.posts?(name);
        if found.is_none() {
            self.remarks.tell(self.text, start, name, Remark::Post);
        }
        found.filter(|target| self.has_room(target.link.len() + target.title.len()))
    }

    fn film(&mut self, arguments: &Arguments<'a>) -> bool {
        let url = arguments.named(&["src", "url", "file", "path", "mp4", "webm"]);
        // `{% dplayer "url=a.mp4" %}`
        let mut plain = arguments.plain.iter().map(|word| word.strip_prefix("url=").unwrap_or(word));
        let Some(url) = url.or_else(|| plain.find(|word| is_address(word))) else { return false };
        let name = match ending(url) {
            Some(end) if FILMS.iter().any(|film| film.eq_ignore_ascii_case(end)) => "video",
            Some(end) if SOUNDS.iter().any(|sound| sound.eq_ignore_ascii_case(end)) => "audio",
            _ => {
                self.linked(Some(url), arguments.named(&["title"]).unwrap_or_default());
                return true;
            }
        };
        self.out.push('<');
        self.out.push_str(name);
        attribute(&mut self.out, "src", url);
        if let Some(poster) = arguments.named(&["poster", "pic", "cover"]).filter(|_| name == "video") {
            attribute(&mut self.out, "poster", poster);
        }
        self.out.push_str(" controls></");
        self.out.push_str(name);
        self.out.push('>');
        true
    }

    /// A link to what other sites show: a film, a post, a file.
    fn elsewhere(&mut self, site: &str, arguments: &Arguments<'a>) -> bool {
        let Some(id) = arguments.named_or_first(&["id", "video_id", "videoid", "bvid", "src", "url"]) else {
            return false;
        };
        let is_id =
            |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/'));
        let url = if is_web(id) {
            id.to_owned()
        } else if is_id(id) {
            // Hugo's `gist user id`.
            let second = arguments.plain.get(1).filter(|_| site.contains("gist")).filter(|second| is_id(second));
            second.map_or_else(|| format!("{site}{id}"), |second| format!("{site}{id}/{second}"))
        } else {
            return false;
        };
        self.linked(Some(&url), arguments.named(&["title"]).unwrap_or_default());
        true
    }
}

/// The name by which a post is looked up, and the `#place` or `?query` behind it.
fn post_name(written: &str) -> (&str, &str) {
    let written = written.trim();
    let (path, place) = written.split_at(written.find(['#', '?']).unwrap_or(written.len()));
    let path = path.trim_matches('/');
    let path = path.rsplit_once("_posts/").map_or(path, |(_, path)| path);
    let path = path.strip_prefix("./").unwrap_or(path);
    let path = path.rsplit_once('.').filter(|(_, end)| is_post(end)).map_or(path, |(stem, _)| stem);
    let path = ["/_index", "/index"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path);
    (path, place)
}

/// Whether this names a file that is no post, as Jekyll's `link` may.
fn is_file(written: &str) -> bool {
    ending(written)
        .is_some_and(|end| !is_post(end) && end.len() <= 5 && end.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

fn is_post(ending: &str) -> bool {
    post::markup(ending.as_bytes()).is_some()
}

fn ending(url: &str) -> Option<&str> {
    let path = url.split(['?', '#']).next()?;
    Some(path.rsplit('/').next()?.rsplit_once('.')?.1)
}

fn is_web(word: &str) -> bool {
    word.starts_with("https://") || word.starts_with("http://") || word.starts_with("//")
}

fn is_address(word: &str) -> bool {
    let is_file = |end: &str| (1..=5).contains(&end.len()) && end.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_web(word)
        || ["/", "#", "./", "../", "mailto:"].iter().any(|start| word.starts_with(start))
        || ending(word).is_some_and(is_file)
}

/// Whether this is a picture's address: a name without an ending is one that only the site's theme can find.
fn is_picture(word: &str) -> bool {
    const ENDINGS: &[&str] =
        &["jpg", "jpeg", "png", "gif", "webp", "avif", "svg", "bmp", "heic", "jfif", "apng", "ico"];
    is_web(word) || ending(word).is_some_and(|end| ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(end)))
}

fn is_size(word: &str) -> bool {
    let digits = word.trim_end_matches("px").trim_end_matches('%');
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A line without as much of an indentation as it has.
fn without_indent<'l>(line: &'l str, indent: &str) -> &'l str {
    let same = line.bytes().zip(indent.bytes()).take_while(|(one, other)| one == other).count();
    line.get(same..).unwrap_or(line)
}
