//! Bytes in pieces that others hold too: what a document is until somebody needs it whole.
//!
//! Pieces in, a [`Rope`] out, whose length and digest are known before anybody puts it together. Most of a feed's bytes stand in
//! several documents: none of them has a copy of its own, and none hashes them again. Nor has one who takes a document slowly: a
//! [`Remainder`] is what is left of it for him.

use std::sync::{Arc, OnceLock};

use ::bytes::{Buf, Bytes};

use crate::bytes;

/// Some bytes that others may hold too.
#[derive(Debug, Clone)]
pub struct Piece {
    bytes: Bytes,
    /// Once it was asked for.
    digest: OnceLock<[u8; 16]>,
}

impl Piece {
    /// Some bytes by a digest that no others have.
    #[must_use]
    pub fn known(bytes: Bytes, digest: [u8; 16]) -> Self {
        Self { digest: digest.into(), bytes }
    }

    /// A digest that no other bytes have: that by which they are known, else that of [`bytes::digest`].
    pub fn digest(&self) -> [u8; 16] {
        *self.digest.get_or_init(|| bytes::digest(&self.bytes))
    }

    /// How many bytes they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl From<Bytes> for Piece {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, digest: OnceLock::new() }
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Some bytes. To copy one costs next to nothing.
#[derive(Debug, Clone)]
pub struct Rope(Arc<Strands>);

/// The bytes of a rope that somebody has not taken yet.
#[derive(Debug, Clone)]
pub struct Remainder {
    rope: Rope,
    /// How many they are.
    length: usize,
    /// The piece that the next one is in, and how many before it are.
    at: (usize, usize),
}

impl<T: Into<Rope>> From<T> for Remainder {
    /// All bytes of a rope.
    fn from(rope: T) -> Self {
        let rope = rope.into();
        let mut all = Self { length: rope.len(), rope, at: (0, 0) };
        // Past pieces without bytes.
        all.advance(0);
        all
    }
}

impl Buf for Remainder {
    fn remaining(&self) -> usize {
        self.length
    }

    fn chunk(&self) -> &[u8] {
        let (piece, taken) = self.at;
        self.rope.0.pieces.get(piece).and_then(|piece| piece.as_ref().get(taken..)).unwrap_or_default()
    }

    fn advance(&mut self, count: usize) {
        self.length = self.length.saturating_sub(count);
        let (piece, taken) = &mut self.at;
        *taken += count;
        while let Some(all) = self.rope.0.pieces.get(*piece).map(Piece::len)
            && *taken >= all
        {
            *piece += 1;
            *taken -= all;
        }
    }
}

#[derive(Debug)]
struct Strands {
    pieces: Vec<Piece>,
    length: usize,
    /// Once it was asked for.
    digest: OnceLock<[u8; 16]>,
}

impl Rope {
    /// The bytes of all pieces, one after the other.
    #[must_use]
    pub fn new(pieces: Vec<Piece>) -> Self {
        let length = pieces.iter().map(Piece::len).sum();
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

    /// A digest of the lengths and digests of the pieces: who cuts as before has it again, and other bytes have another one. It
    /// is not that of the bytes in one piece. Made once.
    #[must_use]
    pub fn digest(&self) -> [u8; 16] {
        *self.0.digest.get_or_init(|| {
            let mut said = Vec::with_capacity(self.0.pieces.len() * 24);
            for piece in &self.0.pieces {
                said.extend_from_slice(&(piece.len() as u64).to_le_bytes());
                said.extend_from_slice(&piece.digest());
            }
            bytes::digest(said)
        })
    }

    /// Whether they are these bytes, however they are cut.
    #[must_use]
    pub fn is(&self, mut bytes: &[u8]) -> bool {
        let starts = self.0.pieces.iter().all(|piece| {
            let rest = bytes.strip_prefix(piece.as_ref());
            bytes = rest.unwrap_or(bytes);
            rest.is_some()
        });
        starts && bytes.is_empty()
    }

    /// The bytes of each piece.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.0.pieces.iter().map(AsRef::as_ref)
    }

    /// The bytes in one piece, if they are there so.
    #[must_use]
    pub fn in_one(&self) -> Option<&Bytes> {
        match &*self.0.pieces {
            [only] => Some(&only.bytes),
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
        self.pieces().for_each(|piece| to.extend_from_slice(piece));
    }
}

/// However they are cut.
impl PartialEq for Rope {
    fn eq(&self, other: &Self) -> bool {
        other.is(&self.whole())
    }
}

impl Eq for Rope {}

impl From<Vec<u8>> for Rope {
    fn from(bytes: Vec<u8>) -> Self {
        // Without the room that they were made in: caches count what bytes are, not what they could be.
        Bytes::from(bytes.into_boxed_slice()).into()
    }
}

impl From<Bytes> for Rope {
    fn from(bytes: Bytes) -> Self {
        Self::new(vec![bytes.into()])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rope(pieces: &[Vec<u8>]) -> Rope {
        Rope::new(pieces.iter().map(|piece| Bytes::copy_from_slice(piece).into()).collect())
    }

    proptest! {
        /// A rope is its bytes, wherever it is cut, and no others.
        #[test]
        fn bytes_are_the_same_in_pieces(
            pieces in prop::collection::vec(prop::collection::vec(0..3_u8, 0..6), 0..6),
            others in prop::collection::vec(0..3_u8, 0..20),
        ) {
            let whole = pieces.concat();
            let rope = rope(&pieces);

            prop_assert_eq!(rope.len(), whole.len());
            prop_assert_eq!(&rope.whole(), &whole);
            prop_assert!(rope.is(&whole));
            prop_assert_eq!(&rope, &Rope::from(whole.clone()));
            prop_assert_eq!(rope.is(&others), whole == others);
            prop_assert!(!rope.is(&[&whole[..], &[0]].concat()));
        }

        /// Who takes a rope by and by gets its bytes, and never a part without any before the end.
        #[test]
        fn what_remains_are_the_bytes_that_were_not_taken(
            pieces in prop::collection::vec(prop::collection::vec(0..9_u8, 0..6), 0..6),
            at_once in 1..8_usize,
        ) {
            let whole = pieces.concat();
            let mut rest = Remainder::from(rope(&pieces));
            let mut taken = Vec::new();
            while rest.has_remaining() {
                prop_assert_eq!(rest.remaining(), whole.len() - taken.len());
                prop_assert!(!rest.chunk().is_empty());
                // As `writev` does, over the ends of pieces.
                let count = at_once.min(rest.remaining());
                let next = rest.clone().copy_to_bytes(count);
                taken.extend_from_slice(&next);
                rest.advance(count);
            }
            prop_assert_eq!(taken, whole);
        }

        /// Its digest is that of its pieces, in their order.
        #[test]
        fn other_pieces_have_another_digest(
            pieces in prop::collection::vec(prop::collection::vec(0..3_u8, 0..3), 0..4),
            others in prop::collection::vec(prop::collection::vec(0..3_u8, 0..3), 0..4),
        ) {
            prop_assert_eq!(rope(&pieces).digest() == rope(&others).digest(), pieces == others);
            prop_assert_eq!(rope(&pieces).digest(), rope(&pieces).digest());
        }
    }
}
