//! The tree of categories.

use askama::Template;

use super::{href, words::Words, write};

/// Some of the categories, in the order in which they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    /// The categories.
    pub branches: Vec<Branch>,
    /// How many there are beside these.
    pub more: usize,
}

/// A category in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Plain text.
    pub name: String,
    /// Its folder, in our form.
    pub path: String,
    /// How many posts are in it and below it.
    pub posts: u64,
    /// How it stands to the page that shows the tree.
    pub fold: Fold,
    /// The categories below it.
    pub below: Tree,
}

/// How a category stands to the page that shows the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// The page is this category's.
    Here,
    /// The page is of a category below this one.
    Open,
    /// Anything else.
    Closed,
}

#[derive(Template)]
#[template(path = "tree.html")]
struct TreeTemplate<'a> {
    root: &'a str,
    words: &'static Words,
    tree: &'a Tree,
}

impl Tree {
    /// Nested lists. Trusted HTML.
    pub(super) fn html(&self, root: &str, words: &'static Words) -> String {
        write(&TreeTemplate { root, words, tree: self })
    }
}

impl Branch {
    fn href(&self, root: &str) -> String {
        href(root, &self.path)
    }
}
