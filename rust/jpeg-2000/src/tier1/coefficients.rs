//! E.1.1, H.1: from bit-planes to coefficients.

use super::windows::{COLUMNS, FIRST, ROWS, STRIDE, Window, Windows};
use crate::code_block::MAX_PLANES;
use crate::coefficient::Coefficient;

/// The bits of a window, by rows.
type Bits<L> = [[L; COLUMNS]; ROWS];

/// Where decoding has ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// The last bit-plane, from 0.
    pub(super) plane: usize,
    /// Only the significance pass of the last bit-plane is decoded.
    pub(super) partial: bool,
    /// s of H.1.
    pub(super) shift: usize,
}

/// Bit-planes of a window from the fraction bit on, and the lowest one that is not empty.
struct Planes {
    planes: [u64; MAX_PLANES + 1],
    count: usize,
    lowest: usize,
}

impl Planes {
    /// The bit-planes of window `index`, with half of the last one.
    #[inline(always)]
    fn new(windows: &Windows, planes: &[u64], index: usize, end: End) -> Self {
        let mut result = Self { planes: [0; MAX_PLANES + 1], count: 0, lowest: end.plane };
        let Window { significant, visited, .. } = windows.windows[index];
        let reached = if end.partial { significant & visited } else { significant };
        let bits = planes.iter().skip(index).step_by(windows.windows.len());
        for (position, (to, &bits)) in result.planes[1..].iter_mut().zip(bits).enumerate().skip(end.plane) {
            *to = bits;
            if bits != 0 {
                result.count = position + 2;
            }
        }
        result.planes[end.plane] = reached;
        result.planes[end.plane + 1] |= significant & !reached;
        result.count = result.count.max(end.plane + 2);
        if end.shift > 0 {
            result.unshift(end.shift);
        }
        result
    }

    /// H.1: scales the region of interest down, that is all coefficients of at least 2^`shift`.
    fn unshift(&mut self, shift: usize) {
        let planes = self.planes;
        let (lower, upper) = planes.split_at(planes.len().min(shift + 1));
        let region = upper.iter().fold(0, |all, bits| all | bits);
        let half = lower.iter().fold(0, |all, bits| all | bits) & region;
        for (index, to) in self.planes.iter_mut().enumerate() {
            *to = *to & !region | planes.get(index + shift).unwrap_or(&0) & region;
        }
        self.planes[0] |= half;
        self.lowest = 0;
    }
}

/// Writes the coefficients of a code-block; `planes` from bit-plane 0 on.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt")))]
pub(super) fn write<C: Coefficient>(windows: &Windows, planes: &[u64], end: End, width: usize, out: &mut [C]) {
    for (stripe, rows) in out.chunks_mut(width * ROWS).enumerate() {
        for (column, index) in windows.stripe(stripe).enumerate() {
            let planes = Planes::new(windows, planes, index, end);
            let mut values = [[C::Magnitude::default(); COLUMNS]; ROWS];
            for &bits in planes.planes[planes.lowest..planes.count.min(C::PLANES + 1)].iter().rev() {
                append::<C>(&mut values, bits);
            }
            let mut signs = [[0u32; COLUMNS]; ROWS];
            append::<i32>(&mut signs, windows.windows[index].negative);
            for (row, (values, signs)) in rows.chunks_mut(width).zip(values.iter().zip(&signs)) {
                let mut line = [C::default(); COLUMNS];
                for (to, (&value, &sign)) in line.iter_mut().zip(values.iter().zip(signs)) {
                    *to = C::new(value, planes.lowest as u32, sign != 0);
                }
                store(row, column * COLUMNS, line);
            }
        }
    }
}

/// Writes the columns of `line` that are in `row`.
#[inline(always)]
fn store<C: Copy>(row: &mut [C], start: usize, line: [C; COLUMNS]) {
    let row = row.get_mut(start..).unwrap_or_default();
    if let Some(row) = row.first_chunk_mut::<COLUMNS>() {
        *row = line;
    } else {
        let count = row.len();
        row.copy_from_slice(&line[..count]);
    }
}

/// Appends the bits of a window to magnitudes.
#[inline(always)]
fn append<C: Coefficient>(values: &mut Bits<C::Magnitude>, bits: u64) {
    let (low, high) = ((bits >> FIRST) as u32, (bits >> (FIRST + 4 * STRIDE)) as u32);
    for (row, values) in values.iter_mut().enumerate() {
        for (column, value) in values.iter_mut().enumerate() {
            let half = if column < 4 { low } else { high };
            *value = C::append(*value, half, row as u32 + STRIDE * (column as u32 % 4));
        }
    }
}
