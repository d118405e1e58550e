//! Language tags: a text in, whether it is one out. Knows the grammar of RFC 5646, not the registry of its words.

/// Where in a tag a subtag stands; each comes after those above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Subtag {
    Start,
    /// `zh`; a language of two or three letters may be followed by extended ones.
    Language,
    LongLanguage,
    /// `yue` in `zh-yue`.
    Extended,
    Script,
    Region,
    Variant,
    /// `u` in `de-u-co-phonebk`: more has to follow.
    Singleton,
    Extension,
    /// `x`: more has to follow.
    PrivateStart,
    Private,
}

/// Whether a text is a language tag (RFC 5646 §2.1); the irregular ones of old (`i-klingon`) are none.
#[must_use]
pub fn is_language_tag(text: &str) -> bool {
    let end = text.split('-').try_fold(Subtag::Start, Subtag::then);
    end.is_some_and(|end| !matches!(end, Subtag::Singleton | Subtag::PrivateStart))
}

impl Subtag {
    /// What the next part of the tag is.
    fn then(self, part: &str) -> Option<Self> {
        let of = |is: fn(&u8) -> bool| part.bytes().all(|byte| is(&byte));
        let (letters, digits) = (of(u8::is_ascii_alphabetic), of(u8::is_ascii_digit));
        if !of(u8::is_ascii_alphanumeric) || !(1..=8).contains(&part.len()) {
            return None;
        }
        let private = part.eq_ignore_ascii_case("x");
        match (self, part.len()) {
            (Self::PrivateStart | Self::Private, _) => Some(Self::Private),
            (Self::Start, 1) if private => Some(Self::PrivateStart),
            (Self::Start, 2 | 3) if letters => Some(Self::Language),
            (Self::Start, 4..) if letters => Some(Self::LongLanguage),
            (Self::Start | Self::Singleton, 1) => None,
            (_, 1) if private => Some(Self::PrivateStart),
            (_, 1) => Some(Self::Singleton),
            (Self::Singleton | Self::Extension, _) => Some(Self::Extension),
            (Self::Language | Self::Extended, 3) if letters => Some(Self::Extended),
            (before, 4) if letters && before < Self::Script && before > Self::Start => Some(Self::Script),
            (before, 2) if letters && before < Self::Region && before > Self::Start => Some(Self::Region),
            (before, 3) if digits && before < Self::Region && before > Self::Start => Some(Self::Region),
            (before, 5..) if before > Self::Start => Some(Self::Variant),
            (before, 4) if part.starts_with(|c: char| c.is_ascii_digit()) && before > Self::Start => {
                Some(Self::Variant)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_keep_the_grammar() {
        for good in [
            "zh",
            "zh-CN",
            "ZH-cn",
            "zh-Hans-CN",
            "zh-yue-HK",
            "de-1996",
            "sl-rozaj-biske",
            "es-419",
            "tlh",
            "english",
            "de-u-co-phonebk",
            "en-a-bbb-x-a",
            "x-whatever",
            "zh-x-a",
        ] {
            assert!(is_language_tag(good), "{good}");
        }
        for bad in [
            "",
            "z",
            "-",
            "zh-",
            "-zh",
            "zh--CN",
            "zh_CN",
            "english language",
            "i-klingon",
            "en-US-US",
            "en-US-Latn",
            "en-a",
            "en-x",
            "x",
            "123",
            "12",
            "4lng",
            "中文",
            "en-verylongtag",
            "abcd-efg",
        ] {
            assert!(!is_language_tag(bad), "{bad}");
        }
    }
}
