//! 7.3.8: the second step of the cleanup pass, magnitudes and signs from `MagSgn`.
//!
//! Each step is a loop over the columns of a row of quads, which is compiled to vector instructions, but for the positions of
//! the bits, which depend on each other.

use super::exponents::{bit_length, bounds};
use super::quads::Quads;
use super::unstuff::{self, STUFFED_BITS, check_stuffing};
use crate::code_block::BlockError;
use crate::coefficient::Coefficient;

/// The greatest exponent bound with which the four samples of a quad can be loaded at once.
const QUAD_BOUND: u8 = 14;
/// The greatest exponent bound with which the two samples of a column have at most 32 bits.
const SHARED_BOUND: u8 = 16;
/// The greatest exponent bound with which they can be loaded at once.
const WORD_BOUND: u8 = 28;

/// Memory for a row of quads: of each column
#[derive(Default)]
pub(super) struct Magnitudes {
    /// all bits of `MagSgn`, instead,
    bits: Vec<u8>,
    /// exponents of the lower samples of the row above, with one before and two after the row,
    exponents: Vec<u8>,
    /// exponent bounds,
    bounds: Vec<u8>,
    columns: Vec<Column>,
    /// bits of `MagSgn` of the upper sample, and, times 256, of both,
    lengths: Vec<u16>,
    /// bits of `MagSgn` from the upper and from the lower sample on.
    upper: Vec<u32>,
    lower: Vec<u32>,
}

/// A column of a quad: significance of the upper and the lower sample (bits 4 and 5), their known bits (8 and 9), where these
/// are known (12 and 13), and the exponent bound (from bit 16 on).
#[derive(Clone, Copy, Default)]
struct Column(u32);

impl Column {
    #[inline(always)]
    fn bit(self, bit: u32) -> u32 {
        self.0 >> bit & 1
    }

    /// All bits, if a sample is significant.
    #[inline(always)]
    fn significant(self, sample: u32) -> u32 {
        self.bit(4 + sample).wrapping_neg()
    }

    /// The bits of `MagSgn` of a sample.
    #[inline(always)]
    fn length(self, sample: u32) -> u32 {
        (self.0 >> 16 & self.significant(sample)).wrapping_sub(self.bit(12 + sample))
    }

    /// The value of a sample, 2 * (magnitude - 1) + sign, of whose bits up to 28 are at the start of `bits`.
    #[inline(always)]
    fn value(self, sample: u32, bits: u32) -> u32 {
        let length = self.length(sample) & 31;
        bits & ((1u32 << length).wrapping_sub(1)) | self.bit(8 + sample) << length
    }

    /// The coefficient of a sample.
    #[inline(always)]
    fn coefficient<C: Coefficient>(self, sample: u32, value: u32, plane: u32) -> C {
        let magnitude = (value | 1).wrapping_add(2) & self.significant(sample);
        C::new(magnitude.into(), plane, value & 1 != 0)
    }
}

impl Magnitudes {
    /// Decodes the coefficients of all quads: `plane` zero bits are appended to each.
    pub(super) fn decode<C: Coefficient>(
        &mut self,
        quads: &Quads,
        prefix: &[u8],
        (plane, limit): (u32, u8),
        width: usize,
        out: &mut [C],
    ) -> Result<(), BlockError> {
        check_stuffing("MagSgn", unstuff::forward(prefix, 0xFF, &mut self.bits), STUFFED_BITS)?;
        let columns = quads.size.0 * 2;
        self.exponents.clear();
        self.exponents.resize(columns + 3, 0);
        self.bounds.resize(columns, 0);
        self.columns.resize(columns, Column(0));
        self.lengths.resize(columns, 0);
        self.upper.resize(columns, 0);
        self.lower.resize(columns, 0);
        decode_rows(self, quads, (plane, limit), width, out)
    }

    /// Decodes a row of quads; returns the position after its bits.
    #[inline(always)]
    fn row<C: Coefficient>(
        &mut self,
        greatest: u8,
        position: usize,
        plane: u32,
        (upper, lower): (&mut [C], &mut [C]),
    ) -> usize {
        let exponents = &mut self.exponents[1..=upper.len()]; // none of a column beyond the code-block
        if greatest > WORD_BOUND {
            return long_samples(&self.columns, &self.bits, (position, plane), exponents, (upper, lower));
        }
        let is_shared = greatest <= SHARED_BOUND;
        let position = if greatest <= QUAD_BOUND {
            load_quads(&self.bits, position, &self.lengths, &mut self.upper)
        } else if is_shared {
            load_words::<true>(&self.bits, position, &self.lengths, &mut self.upper, &mut self.lower)
        } else {
            load_words::<false>(&self.bits, position, &self.lengths, &mut self.upper, &mut self.lower)
        };
        upper_samples(&self.columns, &self.upper, plane, upper);
        if is_shared {
            shift_words(&self.columns, &self.upper, &mut self.lower);
        }
        lower_samples(&self.columns, &self.lower, plane, exponents, lower);
        position
    }
}

/// Decodes all rows.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt")))]
fn decode_rows<C: Coefficient>(
    memory: &mut Magnitudes,
    quads: &Quads,
    (plane, limit): (u32, u8),
    width: usize,
    out: &mut [C],
) -> Result<(), BlockError> {
    let mut position = 0;
    let rows = quads.columns.chunks_exact(quads.pitch()).zip(quads.offsets.chunks_exact(quads.pitch()));
    for ((columns, offsets), out) in rows.zip(out.chunks_mut(2 * width)) {
        let columns = columns[1..=quads.size.0].as_flattened();
        let offsets = offsets[1..=quads.size.0].as_flattened();
        bounds(columns, offsets, &memory.exponents, &mut memory.bounds);
        let greatest = memory.bounds.iter().copied().fold(0, u8::max);
        if greatest > limit {
            return Err(BlockError::ExponentBound { found: greatest, limit });
        }
        fill_columns(columns, &memory.bounds, &mut memory.columns, &mut memory.lengths);
        let (upper, lower) = out.split_at_mut(width.min(out.len()));
        position = memory.row(greatest, position, plane, (upper, lower));
    }
    Ok(())
}

/// Columns with their bounds, and how many bits these have.
#[inline(always)]
fn fill_columns(codewords: &[u16], bounds: &[u8], columns: &mut [Column], lengths: &mut [u16]) {
    for ((column, &codeword), &bound) in columns.iter_mut().zip(codewords).zip(bounds) {
        *column = Column(u32::from(codeword) | u32::from(bound) << 16);
    }
    for (length, column) in lengths.iter_mut().zip(columns) {
        let (upper, lower) = (column.length(0), column.length(1));
        *length = (upper | (upper.wrapping_add(lower)) << 8) as u16;
    }
}

/// Loads the bits of each column from `position` on; returns the position after them. If they are `SHARED`, the bits of the
/// lower sample follow those of the upper one.
#[inline(always)]
fn load_words<const SHARED: bool>(
    bits: &[u8],
    position: usize,
    lengths: &[u16],
    upper: &mut [u32],
    lower: &mut [u32],
) -> usize {
    let mut position = position;
    for ((&length, upper), lower) in lengths.iter().zip(upper).zip(lower) {
        let word = load(bits, position);
        *upper = word as u32;
        if !SHARED {
            *lower = (word >> (length & 63)) as u32;
        }
        position = position.wrapping_add(usize::from(length >> 8));
    }
    position
}

/// As [`load_words`] for columns whose samples share their bits, both columns of a quad at once.
#[inline(always)]
fn load_quads(bits: &[u8], position: usize, lengths: &[u16], words: &mut [u32]) -> usize {
    let mut position = position;
    for (lengths, words) in lengths.as_chunks::<2>().0.iter().zip(words.as_chunks_mut::<2>().0) {
        let [left, right] = lengths.map(|length| usize::from(length >> 8));
        let word = load(bits, position);
        *words = [word as u32, (word >> (left & 63)) as u32];
        position = position.wrapping_add(left + right);
    }
    position
}

/// At least 57 bits from a position on. Bits 1 follow the data.
#[inline(always)]
fn load(bits: &[u8], position: usize) -> u64 {
    let byte = position >> 3;
    let bytes = bits.get(byte..byte + 8).and_then(<[u8]>::first_chunk::<8>);
    bytes.map_or(u64::MAX, |bytes| u64::from_le_bytes(*bytes)) >> (position & 7)
}

/// The bits of the lower samples, after those of the upper ones.
#[inline(always)]
fn shift_words(columns: &[Column], upper: &[u32], lower: &mut [u32]) {
    for ((column, &upper), lower) in columns.iter().zip(upper).zip(lower) {
        *lower = upper >> (column.length(0) & 31);
    }
}

/// Computes the upper samples.
#[inline(always)]
fn upper_samples<C: Coefficient>(columns: &[Column], bits: &[u32], plane: u32, out: &mut [C]) {
    for ((&column, &bits), out) in columns.iter().zip(bits).zip(out) {
        *out = column.coefficient(0, column.value(0, bits), plane);
    }
}

/// Computes the lower samples, of which there are none in the last row if the height is odd, and their exponents.
#[inline(always)]
fn lower_samples<C: Coefficient>(columns: &[Column], bits: &[u32], plane: u32, exponents: &mut [u8], out: &mut [C]) {
    for ((&column, &bits), exponent) in columns.iter().zip(bits).zip(exponents) {
        *exponent = bit_length((column.value(1, bits) | 1) & column.significant(1));
    }
    for ((&column, &bits), out) in columns.iter().zip(bits).zip(out) {
        *out = column.coefficient(1, column.value(1, bits), plane);
    }
}

/// Decodes a row with samples of more than 28 bits; returns the position after it.
fn long_samples<C: Coefficient>(
    columns: &[Column],
    bits: &[u8],
    (position, plane): (usize, u32),
    exponents: &mut [u8],
    (upper, lower): (&mut [C], &mut [C]),
) -> usize {
    let mut position = position;
    for (index, column) in columns.iter().enumerate() {
        for (sample, out) in [(0, &mut *upper), (1, &mut *lower)] {
            let length = column.length(sample);
            let value = number(bits, position, length) | u64::from(column.bit(8 + sample)) << (length & 63);
            position = position.wrapping_add(length as usize);
            let is_significant = column.bit(4 + sample) == 1;
            let magnitude = if is_significant { (value | 1) + 2 } else { 0 };
            if let Some(exponent) = exponents.get_mut(index) {
                *exponent = if is_significant { 64 - (value | 1).leading_zeros() as u8 } else { 0 };
            }
            if let Some(out) = out.get_mut(index) {
                *out = C::new(C::truncate(magnitude), plane, value & 1 == 1);
            }
        }
    }
    position
}

/// A number of up to 63 bits.
fn number(bits: &[u8], position: usize, length: u32) -> u64 {
    let (low, high) = (load(bits, position), load(bits, position.wrapping_add(32)));
    (low & 0xFFFF_FFFF | high << 32) & ((1 << (length & 63)) - 1)
}
