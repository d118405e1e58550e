//! Split a file at its front matter and parse it into a small tree of raw text.
