//! What pages say themselves, in the languages that they speak.

/// The words of one language.
#[derive(Debug)]
pub(super) struct Words {
    /// BCP 47.
    pub(super) language: &'static str,
    pub(super) skip: &'static str,
    pub(super) search: &'static str,
    pub(super) search_field: &'static str,
    pub(super) way: &'static str,
    pub(super) subscribe: &'static str,
    pub(super) hint: &'static str,
    /// Between sentences.
    pub(super) gap: &'static str,
    pub(super) copy: &'static str,
    pub(super) copied: &'static str,
    pub(super) categories: &'static str,
    pub(super) selections: &'static str,
    pub(super) tags: &'static str,
    pub(super) empty: &'static str,
    pub(super) pages: &'static str,
    pub(super) newer: &'static str,
    pub(super) older: &'static str,
    pub(super) original: &'static str,
    pub(super) follow_all: &'static str,
    pub(super) search_help: &'static str,
    pub(super) wordless: &'static str,
    tongue: Tongue,
}

#[derive(Debug, Clone, Copy)]
enum Tongue {
    English,
    Chinese,
}

static ENGLISH: Words = Words {
    language: "en",
    skip: "Skip to the posts",
    search: "Search",
    search_field: "Search posts",
    way: "Breadcrumb",
    subscribe: "Subscribe",
    hint: "Copy one of these addresses into your feed reader; most readers take all three.",
    gap: " ",
    copy: "Copy address",
    copied: "Copied",
    categories: "Categories",
    selections: "Selections",
    tags: "Tags",
    empty: "No posts yet.",
    pages: "Pages",
    newer: "Newer posts",
    older: "Older posts",
    original: "Original",
    follow_all: "Follow all (OPML)",
    search_help: "Posts that have all the words come up, newest first. Two characters of Chinese are enough.",
    wordless: "Type letters or digits to search for.",
    tongue: Tongue::English,
};

static CHINESE: Words = Words {
    language: "zh-CN",
    skip: "跳到正文",
    search: "搜索",
    search_field: "搜索文章",
    way: "当前位置",
    subscribe: "订阅",
    hint: "把其中一个地址复制到阅读器即可，多数阅读器三种格式都支持。",
    gap: "",
    copy: "复制地址",
    copied: "已复制",
    categories: "分类",
    selections: "专题",
    tags: "标签",
    empty: "还没有文章。",
    pages: "分页",
    newer: "较新的文章",
    older: "较早的文章",
    original: "原文",
    follow_all: "订阅全部（OPML）",
    search_help: "列出包含所有词语的文章，最新的在前。两个汉字即可搜索。",
    wordless: "请输入文字或数字。",
    tongue: Tongue::Chinese,
};

/// What a feed shows, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Includes<'a> {
    /// The newest so many …
    pub entries: u32,
    /// … and all within so many hours.
    pub hours: u32,
    /// What each of them carries.
    pub texts: Texts,
    /// Where they are from.
    pub source: Source<'a>,
}

/// What an entry of a feed carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// The whole text.
    Whole,
    /// A summary.
    Summaries,
}

/// Where the posts of a feed are from. Names are plain text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source<'a> {
    /// Everywhere.
    All,
    /// A category with none below it, or its own posts alone.
    Category(&'a str),
    /// A category and all below it.
    Branch(&'a str),
    /// The posts with a tag.
    Tag(&'a str),
    /// The posts of an author.
    Author(&'a str),
    /// What the configuration says.
    Selection,
}

impl Words {
    /// The words for readers of a language: their own, if pages speak it.
    pub(super) fn of(language: Option<&str>) -> &'static Self {
        let primary = language.and_then(|tag| tag.split('-').next()).unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") { &CHINESE } else { &ENGLISH }
    }

    pub(super) fn posts(&self, count: u64) -> String {
        match self.tongue {
            Tongue::English if count == 1 => String::from("1 post"),
            Tongue::English => format!("{count} posts"),
            Tongue::Chinese => format!("{count} 篇文章"),
        }
    }

    pub(super) fn page(&self, number: u64, last: u64) -> String {
        match self.tongue {
            Tongue::English => format!("Page {number} of {last}"),
            Tongue::Chinese => format!("第 {number} 页，共 {last} 页"),
        }
    }

    pub(super) fn below(&self, name: &str) -> String {
        match self.tongue {
            Tongue::English => format!("Categories below {name}"),
            Tongue::Chinese => format!("{name} 的下级分类"),
        }
    }

    pub(super) fn more(&self, count: usize) -> String {
        match self.tongue {
            Tongue::English => format!("{count} more: search for their names"),
            Tongue::Chinese => format!("另有 {count} 个，可按名称搜索"),
        }
    }

    pub(super) fn copy_of(&self, format: &str) -> String {
        match self.tongue {
            Tongue::English => format!(" of the {format} feed"),
            Tongue::Chinese => format!("（{format}）"),
        }
    }

    pub(super) fn results(&self, query: &str) -> String {
        match self.tongue {
            Tongue::English => format!("Search: {query}"),
            Tongue::Chinese => format!("搜索：{query}"),
        }
    }

    pub(super) fn found(&self, count: u64) -> String {
        match (self.tongue, count) {
            (Tongue::English, 0) => String::from("No post was found."),
            (Tongue::English, _) => format!("{} found, newest first.", self.posts(count)),
            (Tongue::Chinese, 0) => String::from("没有找到文章。"),
            (Tongue::Chinese, _) => format!("找到 {}，最新的在前。", self.posts(count)),
        }
    }

    pub(super) fn progress(&self, done: u64, all: u64) -> String {
        match self.tongue {
            Tongue::English => {
                format!("Posts are still being indexed, {done} of {all}: more may be found soon.")
            }
            Tongue::Chinese => format!("文章仍在索引中（{done} / {all}），稍后可能会找到更多。"),
        }
    }

    pub(super) fn includes(&self, includes: &Includes<'_>) -> String {
        let Includes { entries, hours, texts, source } = *includes;
        match self.tongue {
            Tongue::English => {
                let newest = if entries == 1 { String::from("newest post") } else { format!("newest {entries} posts") };
                let recent = match hours {
                    0 => String::new(),
                    1 => String::from(" and all of the last hour"),
                    _ => format!(" and all of the last {hours} hours"),
                };
                let texts = match texts {
                    Texts::Whole => "with whole texts",
                    Texts::Summaries => "as summaries",
                };
                let source = match source {
                    Source::All => String::from("from all categories"),
                    Source::Category(name) => format!("from {name}"),
                    Source::Branch(name) => format!("from {name} and the categories below it"),
                    Source::Tag(name) => format!("tagged {name}"),
                    Source::Author(name) => format!("by {name}"),
                    Source::Selection => String::from("chosen for this feed"),
                };
                format!("The feed has the {newest}{recent}, {texts}, {source}.")
            }
            Tongue::Chinese => {
                let source = match source {
                    Source::All => String::from("全部分类"),
                    Source::Category(name) => format!("“{name}”"),
                    Source::Branch(name) => format!("“{name}”及其下级分类"),
                    Source::Tag(name) => format!("标签“{name}”"),
                    Source::Author(name) => format!("{name} "),
                    Source::Selection => String::from("为此订阅源挑选"),
                };
                let recent = if hours == 0 {
                    String::new()
                } else {
                    format!("，以及最近 {hours} 小时内的全部文章")
                };
                let texts = match texts {
                    Texts::Whole => "附全文",
                    Texts::Summaries => "附摘要",
                };
                format!("订阅源收录{source}的最新 {entries} 篇文章{recent}，{texts}。")
            }
        }
    }
}
