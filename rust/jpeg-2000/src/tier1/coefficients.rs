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

/// The bit-planes of a code-block and the windows that they belong to.
#[derive(Clone, Copy)]
struct Planes<'a> {
    windows: &'a Windows,
    words: &'a [u64],
    end: End,
}

impl Planes<'_> {
    /// The bits of window `index` in bit-plane `plane`.
    #[inline(always)]
    fn bits(&self, plane: usize, index: usize) -> u64 {
        self.words.get(plane * self.windows.windows.len() + index).copied().unwrap_or(0)
    }

    /// The significant coefficients of window `index`, and those of which the last bit-plane is decoded.
    #[inline(always)]
    fn reached(&self, index: usize) -> (u64, u64) {
        let Window { significant, visited, .. } = self.windows.windows[index];
        (significant, if self.end.partial { significant & visited } else { significant })
    }

    /// The magnitudes of window `index` with half of the last bit-plane, without the zeros that `end.plane` stands for.
    #[inline(always)]
    fn magnitudes<C: Coefficient>(&self, index: usize) -> Bits<C::Magnitude> {
        let ((significant, reached), last) = (self.reached(index), self.end.plane);
        let mut values = [[C::Magnitude::default(); COLUMNS]; ROWS];
        let count = self.words.len() / self.windows.windows.len();
        let highest = (last..count).rev().find(|plane| self.bits(*plane, index) != 0).unwrap_or(last);
        for plane in (last + 1..=highest).rev() {
            append::<C>(&mut values, self.bits(plane, index));
        }
        append::<C>(&mut values, self.bits(last, index) | significant & !reached);
        append::<C>(&mut values, reached);
        values
    }

    /// H.1: as [`Self::magnitudes`], with the region of interest scaled down, that is all coefficients of at least 2^`shift`, and
    /// with all zeros.
    fn magnitudes_of_region<C: Coefficient>(&self, index: usize) -> Bits<C::Magnitude> {
        let ((significant, reached), last) = (self.reached(index), self.end.plane);
        let mut planes = [0; MAX_PLANES + 1];
        for (plane, to) in planes[1..].iter_mut().enumerate().skip(last) {
            *to = self.bits(plane, index);
        }
        planes[last] = reached;
        planes[last + 1] |= significant & !reached;
        let (lower, upper) = planes.split_at(planes.len().min(self.end.shift + 1));
        let region = upper.iter().fold(0, |all, bits| all | bits);
        let half = lower.iter().fold(0, |all, bits| all | bits) & region;
        let mut values = [[C::Magnitude::default(); COLUMNS]; ROWS];
        for plane in (0..planes.len().min(C::PLANES + 1)).rev() {
            let own = planes[plane] & !region | planes.get(plane + self.end.shift).unwrap_or(&0) & region;
            append::<C>(&mut values, if plane == 0 { own | half } else { own });
        }
        values
    }
}

/// Writes the coefficients of a code-block; `planes` from bit-plane 0 on.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt")))]
pub(super) fn write<C: Coefficient>(windows: &Windows, planes: &[u64], end: End, width: usize, out: &mut [C]) {
    let planes = Planes { windows, words: planes, end };
    for (stripe, rows) in out.chunks_mut(width * ROWS).enumerate() {
        for (column, index) in windows.stripe(stripe).enumerate() {
            let Window { significant, negative, inside, .. } = windows.windows[index];
            if significant & inside == 0 {
                rows.chunks_mut(width).for_each(|row| store(row, column * COLUMNS, [C::default(); COLUMNS]));
                continue;
            }
            let (values, zeros) = match end.shift {
                0 => (planes.magnitudes::<C>(index), end.plane as u32),
                _ => (planes.magnitudes_of_region::<C>(index), 0),
            };
            let mut signs = [[0u32; COLUMNS]; ROWS];
            append::<i32>(&mut signs, negative);
            for (row, (values, signs)) in rows.chunks_mut(width).zip(values.iter().zip(&signs)) {
                let mut line = [C::default(); COLUMNS];
                for (to, (&value, &sign)) in line.iter_mut().zip(values.iter().zip(signs)) {
                    *to = C::new(value, zeros, sign != 0);
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
