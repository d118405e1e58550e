//! What a person should be told about a post file.

use std::fmt;

/// One remark on a file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub level: Level,
    /// What kind of remark it is, stable across versions.
    pub code: Code,
    /// The line in the file, from 1; absent when the remark is about the whole file.
    pub line: Option<u32>,
    /// The column in characters, from 1.
    pub column: Option<u32>,
    /// What was found, in lower case, without a full stop.
    pub message: String,
    /// The cure.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A remark that is worth knowing, about the whole file.
    #[must_use]
    pub fn info(code: Code, message: impl Into<String>) -> Self {
        Self::new(Level::Info, code, message.into())
    }

    /// A remark that the author should look at, about the whole file.
    #[must_use]
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Level::Warning, code, message.into())
    }

    /// Why the file is left out, about the whole of it.
    #[must_use]
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(Level::Error, code, message.into())
    }

    fn new(level: Level, code: Code, message: String) -> Self {
        Self { level, code, line: None, column: None, message, help: None }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, line: u32, column: u32) -> Self {
        (self.line, self.column) = (Some(line), Some(column));
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// How bad a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing.
    Info,
    /// The post is published, but its author should look.
    Warning,
    /// The post is left out.
    Error,
}

/// What kind of remark a [`Diagnostic`] is. Written in kebab case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Code {
    /// The file holds no front matter.
    NoFrontMatter,
    /// The front matter never ends.
    Unclosed,
    /// The front matter cannot be parsed.
    Syntax,
    /// The file is not text.
    Binary,
    /// The file is larger than a post can be.
    TooLarge,
    /// The front matter is larger or deeper than is read, or uses YAML aliases.
    OverLimit,
    /// The file cannot be opened or read, or is no regular file.
    Unreadable,
    /// The front matter was mended before it could be parsed.
    Repaired,
    /// A key stands twice.
    DuplicateKey,
    /// A value has a shape that its key does not take.
    WrongShape,
    /// The file is not UTF-8.
    Encoding,
    /// No title was found.
    NoTitle,
    /// No date was found.
    NoDate,
    /// The date does not exist or cannot be read.
    BadDate,
    /// `dd/mm` or `mm/dd`.
    AmbiguousDate,
    /// The day of the week is not that of the date.
    WrongWeekday,
    /// A zone abbreviation with more than one meaning.
    AmbiguousZone,
    /// The local time does not exist or exists twice.
    ClockChange,
    /// No link could be made of the permalink pattern.
    BadLink,
    /// Two posts claim one id.
    DuplicateId,
    /// Two categories are each the other's parent.
    CategoryOrder,
    /// A template tag or expression that feeds cannot show.
    TemplateTag,
    /// A tag links to a post that there is not.
    UnknownPost,
    /// The markup is too complex to be read safely; the text is shown without it.
    Markup,
    /// The post is held until its time comes.
    Scheduled,
    /// The post is not public.
    Withheld,
}

/// Why one post was left out of the feeds. Never fatal. The path is absent on purpose; the caller adds it once.
///
/// Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// There is a front matter, but its closing line never comes.
    #[error("the front matter opened on line {line} is never closed")]
    Unclosed {
        /// Where it was opened.
        line: u32,
        /// The line that would close it.
        closing: &'static str,
    },
    /// The front matter is not valid YAML, TOML or JSON, and no repair applies.
    #[error("{message}")]
    Syntax {
        /// Where the parser gave up.
        line: u32,
        /// Where the parser gave up.
        column: u32,
        /// What the parser found.
        message: String,
        /// The cure.
        help: String,
    },
    /// The file is not text in any encoding.
    #[error("this is not a text file")]
    Binary,
    /// The file is larger than a post can be.
    #[error("the file has {size} bytes; a post has at most {limit}")]
    TooLarge {
        /// Bytes.
        size: u64,
        /// Bytes.
        limit: u64,
    },
    /// The front matter is larger or deeper than is read.
    #[error("{message}")]
    OverLimit {
        /// Where the limit was passed.
        line: u32,
        /// Which limit.
        message: String,
    },
}

/// As it is written everywhere.
impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        serde::Serialize::serialize(self, out)
    }
}

impl PostError {
    /// The line and column to point at, where there are any.
    #[must_use]
    pub fn position(&self) -> (Option<u32>, Option<u32>) {
        match self {
            Self::Unclosed { line, .. } => (Some(*line), Some(1)),
            Self::Syntax { line, column, .. } => (Some(*line), Some(*column)),
            Self::OverLimit { line, .. } => (Some(*line), None),
            Self::Binary | Self::TooLarge { .. } => (None, None),
        }
    }

    /// The cure.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Unclosed { closing, .. } => format!("add a line with `{closing}` after the last key"),
            Self::Syntax { help, .. } => help.clone(),
            Self::Binary => "move it out of the posts folder, or leave it out with `exclude`".to_owned(),
            Self::TooLarge { .. } => "shorten the post, or put pictures in files of their own".to_owned(),
            Self::OverLimit { .. } => "keep the front matter to the keys of the post".to_owned(),
        }
    }

    fn code(&self) -> Code {
        match self {
            Self::Unclosed { .. } => Code::Unclosed,
            Self::Syntax { .. } => Code::Syntax,
            Self::Binary => Code::Binary,
            Self::TooLarge { .. } => Code::TooLarge,
            Self::OverLimit { .. } => Code::OverLimit,
        }
    }
}

impl From<&PostError> for Diagnostic {
    fn from(error: &PostError) -> Self {
        let (line, column) = error.position();
        Self {
            level: Level::Error,
            code: error.code(),
            line,
            column,
            message: error.to_string(),
            help: Some(error.help()),
        }
    }
}
