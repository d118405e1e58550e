//! Stories of posts that come, change, move and go.
