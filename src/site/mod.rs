//! HTML pages, from compiled templates.
