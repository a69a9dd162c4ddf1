//! D.6: raw significance propagation and magnitude refinement passes.

use super::windows::{Window, Windows, later_neighbors, neighbors};

/// Reads the bits of a raw segment.
#[derive(Clone, Copy)]
pub(super) struct RawReader<'a> {
    /// Bytes without stuffing, with 1 bits at the end.
    data: &'a [u8],
    /// Bits that have been read.
    read: usize,
    /// Bits of the segment.
    count: usize,
}

impl<'a> RawReader<'a> {
    pub(super) fn new(data: &'a [u8], count: usize) -> Self {
        Self { data, read: 0, count }
    }

    /// The next bit; 1 after the end.
    fn bit(&mut self) -> u64 {
        let byte = self.data.get(self.read / 8).copied().unwrap_or(0xFF);
        let bit = byte >> (7 - self.read % 8) & 1;
        self.read += 1;
        u64::from(bit)
    }

    /// D.6: whether the segment ends as predictable termination does: with 0, 1, 0, ... in the rest of the last byte, or
    /// without a last byte FF.
    pub(super) fn ends_predictably(mut self) -> bool {
        let Some(rest) = self.count.checked_sub(self.read) else { return self.read - self.count <= 8 };
        rest < 8 && (0..rest as u64).all(|index| self.bit() == index & 1)
    }
}

/// Decodes a significance propagation pass; the coefficients that become significant are set in `plane`.
pub(super) fn raw_significance_pass<'a>(
    mut reader: RawReader<'a>,
    windows: &mut Windows,
    plane: &mut [u64],
    causal: bool,
) -> RawReader<'a> {
    for index in windows.positions() {
        let Window { significant: before, inside, .. } = windows.windows[index];
        let (mut significant, mut negative) = (before, 0);
        let mut visited = neighbors(before) & inside & !before;
        let mut left = visited;
        while left != 0 {
            let position = left.trailing_zeros();
            left &= left - 1;
            if reader.bit() == 1 {
                significant |= 1 << position;
                negative |= reader.bit() << position;
                let more = later_neighbors(position) & inside & !significant;
                visited |= more;
                left |= more;
            }
        }
        windows.windows[index].visited = visited;
        plane[index] |= significant & !before;
        windows.add(index, significant & !before, negative, causal);
    }
    reader
}

/// Decodes a magnitude refinement pass into `plane`.
pub(super) fn raw_refinement_pass<'a>(
    mut reader: RawReader<'a>,
    windows: &mut Windows,
    plane: &mut [u64],
) -> RawReader<'a> {
    for index in windows.positions() {
        let window = &mut windows.windows[index];
        let mut left = window.significant & window.inside & !window.visited;
        window.refined |= left;
        let mut bits = 0;
        while left != 0 {
            bits |= reader.bit() << left.trailing_zeros();
            left &= left - 1;
        }
        plane[index] |= bits;
    }
    reader
}
