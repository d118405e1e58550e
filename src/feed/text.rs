//! What XML can carry.
