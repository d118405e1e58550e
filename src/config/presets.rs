//! Presets: what each kind of folder sets when nobody says otherwise.

use super::{
    Future, OnDelete, PathReuse,
    raw::{Categories, Flicker, Posts, Preset},
};
use crate::post::{
    category::{ListRule, SplitRule},
    id::IdRule,
    link::Dialect,
};

impl Preset {
    /// The keys that this preset sets; all others keep the built-in defaults.
    pub(super) fn defaults(self) -> Posts {
        let flat = |split| Categories { list: Some(ListRule::Flat), split: Some(split), ..Categories::default() };
        let plain = Posts { preset: Some(self), ..Posts::default() };
        match self {
            Self::Plain => Posts { volatile: Some(vec![Flicker::Date, Flicker::Image]), ..plain },
            Self::Crawler => Posts {
                volatile: Some(vec![Flicker::Date, Flicker::Image]),
                on_delete: Some(OnDelete::Keep),
                path_reuse: Some(PathReuse::New),
                future: Some(Future::Publish),
                ..plain
            },
            Self::Hexo => plain,
            Self::Jekyll => Posts { categories: Some(flat(SplitRule::Blanks)), ids: Some(IdRule::JekyllFeed), ..plain },
            Self::Hugo | Self::Zola => Posts { categories: Some(flat(SplitRule::Never)), ..plain },
        }
    }

    /// The generator's own permalink pattern, for a blog that configures none.
    pub(super) const fn permalink(self) -> Option<&'static str> {
        match self {
            Self::Plain | Self::Crawler => None,
            Self::Hexo => Some(":year/:month/:day/:title/"),
            Self::Jekyll => Some("date"),
            Self::Hugo | Self::Zola => Some("/:sections/:slugorcontentbasename/"),
        }
    }

    /// Whose variables a permalink pattern uses.
    pub(super) const fn dialect(self) -> Dialect {
        match self {
            Self::Plain | Self::Crawler | Self::Hexo => Dialect::Hexo,
            Self::Jekyll => Dialect::Jekyll,
            Self::Hugo | Self::Zola => Dialect::Hugo,
        }
    }
}
