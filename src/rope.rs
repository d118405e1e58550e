//! Bytes in pieces that others hold too: what a document is until somebody needs it whole.
//!
//! Pieces in, a [`Rope`] out, whose length and digest are known before anybody puts it together. Most of a feed's bytes stand in
//! several documents: none of them has a copy of its own.

use std::sync::{Arc, OnceLock};

use ::bytes::Bytes;

use crate::bytes;

/// What a digest is made of at a time: much less, and BLAKE3 cannot work on many parts at once; much more, and it leaves the
/// memory that is near the processor.
const BLOCK: usize = 64 * 1024;

/// Some bytes. To copy one costs next to nothing.
#[derive(Debug, Clone)]
pub struct Rope(Arc<Strands>);

#[derive(Debug)]
struct Strands {
    pieces: Vec<Bytes>,
    length: usize,
    /// Once it was asked for.
    digest: OnceLock<[u8; 16]>,
}

impl Rope {
    /// The bytes of all pieces, one after the other.
    #[must_use]
    pub fn new(pieces: Vec<Bytes>) -> Self {
        let length = pieces.iter().map(Bytes::len).sum();
        Self(Arc::new(Strands { pieces, length, digest: OnceLock::new() }))
    }

    /// How many bytes they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.length
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.length == 0
    }

    /// The digest of the bytes, as [`bytes::digest`] has it; made once.
    #[must_use]
    pub fn digest(&self) -> [u8; 16] {
        *self.0.digest.get_or_init(|| digest(&self.0.pieces))
    }

    /// The bytes in one piece, if they are there so.
    #[must_use]
    pub fn in_one(&self) -> Option<&Bytes> {
        match &*self.0.pieces {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The bytes in one piece.
    #[must_use]
    pub fn whole(&self) -> Bytes {
        self.in_one().cloned().unwrap_or_else(|| {
            let mut whole = Vec::with_capacity(self.len());
            self.append_to(&mut whole);
            whole.into()
        })
    }

    /// Appends the bytes.
    pub fn append_to(&self, to: &mut Vec<u8>) {
        to.reserve(self.len());
        self.0.pieces.iter().for_each(|piece| to.extend_from_slice(piece));
    }
}

/// However they are cut.
impl PartialEq for Rope {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.digest() == other.digest()
    }
}

impl Eq for Rope {}

impl From<Vec<u8>> for Rope {
    fn from(bytes: Vec<u8>) -> Self {
        // Without the room that they were made in: caches count what bytes are, not what they could be.
        Self::new(vec![bytes.into_boxed_slice().into()])
    }
}

impl From<Bytes> for Rope {
    fn from(bytes: Bytes) -> Self {
        Self::new(vec![bytes])
    }
}

fn digest(pieces: &[Bytes]) -> [u8; 16] {
    if let [only] = pieces {
        return bytes::digest(only);
    }
    let mut hasher = blake3::Hasher::new();
    let mut block = Vec::with_capacity(BLOCK);
    for piece in pieces {
        if block.len() + piece.len() > BLOCK {
            hasher.update(&block);
            block.clear();
        }
        if piece.len() > BLOCK {
            hasher.update(piece);
        } else {
            block.extend_from_slice(piece);
        }
    }
    hasher.update(&block);
    bytes::half(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A rope is its bytes, wherever it is cut.
        #[test]
        fn bytes_are_the_same_in_pieces(lengths in prop::collection::vec(0..3 * BLOCK / 2, 0..6)) {
            let pieces: Vec<Bytes> =
                lengths.iter().zip(0_u8..).map(|(length, byte)| Bytes::from(vec![byte; *length])).collect();
            let whole = pieces.concat();
            let rope = Rope::new(pieces);

            prop_assert_eq!(rope.len(), whole.len());
            prop_assert_eq!(rope.digest(), bytes::digest(&whole));
            prop_assert_eq!(&rope.whole(), &whole);
            prop_assert_eq!(rope, Rope::from(whole));
        }
    }
}
