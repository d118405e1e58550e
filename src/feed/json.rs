//! JSON Feed 1.1.
