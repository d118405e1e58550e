//! Bytes → text, whatever the encoding.
