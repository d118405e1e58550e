//! Byte offsets → lines and columns as people count them.

use std::cell::Cell;

/// The lines of a text, for looking up many offsets.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    first: u32,
    /// The last offset that was looked up and the characters before it on its line: a line may hold thousands of values.
    last: Cell<(usize, usize)>,
}

impl<'a> Lines<'a> {
    /// `first` is the number of the text's first line in its file.
    pub(super) fn new(text: &'a str, first: u32) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(breaks).collect(), first, last: Cell::new((0, 0)) }
    }

    /// Line and column (in characters, from 1) of a byte offset.
    pub(super) fn position(&self, offset: usize) -> (u32, u32) {
        let index = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts.get(index).copied().unwrap_or(0);
        let (from, before) =
            Some(self.last.get()).filter(|(last, _)| (start..=offset).contains(last)).unwrap_or((start, 0));
        let column = before + self.text.get(from..offset).map_or(0, |between| between.chars().count());
        self.last.set((offset, column));
        (self.first.saturating_add(count(index)), count(column).saturating_add(1))
    }
}

/// A count as a line or column; no file that is read has more than `u32` can hold.
pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_told_in_any_order() {
        let text = "ab\n知乎 c\n\nd";
        let all: Vec<(usize, (u32, u32))> = vec![
            (0, (5, 1)),
            (1, (5, 2)),
            (2, (5, 3)),
            (3, (6, 1)),
            (6, (6, 2)),
            (9, (6, 3)),
            (10, (6, 4)),
            (11, (6, 5)),
            (12, (7, 1)),
            (13, (8, 1)),
        ];
        let lines = Lines::new(text, 5);
        for step in [1, 3, 7] {
            for number in 0..all.len() {
                let (offset, expected) = all[number * step % all.len()];
                assert_eq!(lines.position(offset), expected, "{offset}");
            }
        }
    }
}
