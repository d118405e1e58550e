//! Titles are plain text.
