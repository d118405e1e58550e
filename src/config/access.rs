//! Who may read what is not for everybody.

use std::collections::BTreeSet;

/// Who may read a feed or a post.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Access {
    /// Everybody.
    #[default]
    Public,
    /// The holders of these tokens, by name.
    Tokens(BTreeSet<String>),
}

/// A secret that opens private feeds; only its hash is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Whose it is.
    pub name: String,
    /// BLAKE3 of the secret.
    hash: blake3::Hash,
}

impl Access {
    /// Both restrictions together.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Public, access) | (access, Self::Public) => access.clone(),
            (Self::Tokens(a), Self::Tokens(b)) => Self::Tokens(a.intersection(b).cloned().collect()),
        }
    }

    /// Whether everybody who has this access has the other one too, so that what is for those may be shown to these.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Public) => true,
            (Self::Public, Self::Tokens(_)) => false,
            (Self::Tokens(own), Self::Tokens(others)) => own.is_subset(others),
        }
    }

    /// Whether not everybody may read it.
    #[must_use]
    pub fn is_private(&self) -> bool {
        *self != Self::Public
    }

    /// Whether a secret opens it. Each token is compared in constant time, and all of them are.
    #[must_use]
    pub fn opens_to(&self, secret: &str, tokens: &[Token]) -> bool {
        match self {
            Self::Public => true,
            Self::Tokens(names) => {
                let hash = Token::hash(secret);
                // `blake3::Hash` compares in constant time; `|` looks at all.
                tokens.iter().fold(false, |opened, token| opened | (token.hash == hash && names.contains(&token.name)))
            }
        }
    }
}

impl Token {
    /// What stands in the configuration for a secret, which has to be long and random: it is hashed once, not slowly.
    #[must_use]
    pub fn hash(secret: &str) -> blake3::Hash {
        blake3::hash(secret.as_bytes())
    }

    /// A token as the configuration has it.
    pub(super) fn read(name: &str, hash: &str) -> Result<Self, String> {
        let hash = blake3::Hash::from_hex(hash.trim()).map_err(|_| {
            String::from("this is no hash of a token: write what `feedwright config token` prints, never the token")
        })?;
        Ok(Self { name: name.to_owned(), hash })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(names: &[&str]) -> Access {
        Access::Tokens(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn a_feed_shows_only_what_all_its_readers_may_see() {
        let check = |feed: &Access, post: &Access, expected: bool| {
            assert_eq!(feed.is_within(post), expected, "{feed:?} {post:?}");
        };
        check(&Access::Public, &Access::Public, true);
        check(&tokens(&["a"]), &Access::Public, true);
        check(&Access::Public, &tokens(&["a"]), false);
        check(&tokens(&["a"]), &tokens(&["a", "b"]), true);
        check(&tokens(&["a", "b"]), &tokens(&["a"]), false);
        assert_eq!(tokens(&["a", "b"]).and(&tokens(&["b", "c"])), tokens(&["b"]));
        assert_eq!(Access::Public.and(&tokens(&["a"])), tokens(&["a"]));
    }

    #[test]
    fn a_secret_opens_what_its_token_is_named_for() {
        let known = [
            Token { name: "a".into(), hash: Token::hash("first") },
            Token { name: "b".into(), hash: Token::hash("second") },
        ];
        assert!(tokens(&["a"]).opens_to("first", &known));
        assert!(!tokens(&["a"]).opens_to("second", &known));
        assert!(!tokens(&["a", "b"]).opens_to("third", &known));
        assert!(!tokens(&["a"]).opens_to("", &known));
        assert!(!tokens(&[]).opens_to("first", &known));
        assert!(Access::Public.opens_to("", &[]));
    }
}
