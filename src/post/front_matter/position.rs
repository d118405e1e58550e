//! Byte offsets → lines and columns as people count them.

/// The lines of a text, for looking up many offsets.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    first: u32,
}

impl<'a> Lines<'a> {
    /// `first` is the number of the text's first line in its file.
    pub(super) fn new(text: &'a str, first: u32) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(breaks).collect(), first }
    }

    /// Line and column (in characters, from 1) of a byte offset.
    pub(super) fn position(&self, offset: usize) -> (u32, u32) {
        let index = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts.get(index).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        (self.first.saturating_add(count(index)), count(column).saturating_add(1))
    }
}

/// A count as a line or column; no file that is read has more than `u32` can hold.
pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
