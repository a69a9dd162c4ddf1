//! 7.3.5, 7.3.6: the first step of the cleanup pass, significance, known bits and exponent offsets of all quads from MEL and VLC.

use super::codewords;
use super::mel::Mel;
use super::offsets;
use super::unstuff::{self, LAST_BEFORE_MARKERS, STUFFED_BITS, check_stuffing};
use crate::code_block::BlockError;

/// Entries by the context and the next seven bits. Each part is where the next step needs it: the length of the codeword in
/// the lowest six bits, which is what a shift uses; whether an offset follows in bit [`OFFSET`]; what the codeword contributes to
/// the context of the next quad, as in an index ([`CONTEXT`]); and the codeword as [`Columns`] in the upper half.
type Table = [u32; 1024];

const OFFSET: u32 = 1 << 6;
const CONTEXT: u32 = 7 << 7;

static INITIAL_ROW: Table = table(&codewords::INITIAL_ROW, true);
static OTHER_ROWS: Table = table(&codewords::OTHER_ROWS, false);

/// The significance of a sample.
const fn significance(codeword: u32, sample: u32) -> u32 {
    codeword >> (4 + sample) & 1
}

const fn table(codewords: &codewords::Table, is_initial: bool) -> Table {
    let mut table = [0; 1024];
    let mut index = 0;
    while index < 1024 {
        let codeword = codewords[index].0 as u32;
        let context = if is_initial {
            significance(codeword, 0)
                | significance(codeword, 1)
                | significance(codeword, 2) << 1
                | significance(codeword, 3) << 2
        } else {
            (significance(codeword, 2) | significance(codeword, 3)) << 1
        };
        let several = if (codeword >> 4 & 15).count_ones() > 1 { SEVERAL | SEVERAL << 2 } else { 0 };
        let offset = codeword >> 3 & 1;
        table[index] = codeword & 7 | offset << 6 | context << 7 | (codeword & 0xFFF0 | several as u32) << 16;
        index += 1;
    }
    table
}

/// The bit of a column that tells that several samples of the quad are significant.
pub(super) const SEVERAL: u16 = 2;

/// The columns of a quad: significance of the upper and the lower sample in bits 4 and 5, their known bits in bits 8 and 9,
/// where they are known in bits 12 and 13, and [`SEVERAL`].
type Columns = [u16; 2];

/// Quads of a code-block, by rows with a quad before and at least one after each.
#[derive(Default)]
pub(super) struct Quads {
    /// Quads in a row, rows.
    pub(super) size: (usize, usize),
    /// Columns of the quads.
    pub(super) columns: Vec<Columns>,
    /// Exponent offsets, for each column.
    pub(super) offsets: Vec<[u8; 2]>,
    /// Bits of VLC.
    bits: Vec<u8>,
    /// What the row above contributes to the index of quads.
    above: Vec<u32>,
}

impl Quads {
    /// Entries of a row.
    pub(super) fn pitch(&self) -> usize {
        self.size.0 + 3
    }

    /// Decodes the suffix of a cleanup segment. An error if VLC ends before the last quad (7.1.4), if a byte after FF is above
    /// its limit, or if a sample outside of the code-block is significant.
    pub(super) fn decode(&mut self, width: usize, height: usize, suffix: &[u8]) -> Result<(), BlockError> {
        self.size = (width.div_ceil(2), height.div_ceil(2));
        let count = self.pitch() * self.size.1;
        self.columns.clear();
        self.columns.resize(count, [0; 2]);
        self.offsets.clear();
        self.offsets.resize(count, [0; 2]);
        self.above.clear();
        self.above.resize(self.pitch(), 0);
        let Some((data, last)) = suffix.split_last_chunk::<2>() else { return Ok(()) };
        let last = last[0] | 0x0F;
        let first = if last >> 4 & 7 == 7 { (7, 3) } else { (last >> 4, 4) };
        let (found, greatest) = unstuff::backward(data, last, first, &mut self.bits);
        let mut mel = Mel::new(suffix);
        let needed = decode_rows(self, &mut mel);
        if needed > found {
            return Err(BlockError::CodewordsEnd { found, needed });
        }
        // The last byte counts as FF (7.1.4).
        let greatest = if last == 0xFF { 0xFF } else { greatest };
        check_stuffing("MEL and VLC", greatest, LAST_BEFORE_MARKERS)?;
        check_stuffing("MEL", mel.stuffed(), STUFFED_BITS)?;
        if self.has_outside_samples(width, height) { Err(BlockError::OutsideSample) } else { Ok(()) }
    }

    /// Whether samples to the right of or below the code-block are significant.
    fn has_outside_samples(&self, width: usize, height: usize) -> bool {
        const UPPER_OR_LOWER: u16 = 0x30;
        const LOWER: u16 = 0x20;
        let rows = || self.columns.chunks_exact(self.pitch());
        let is_right = width % 2 == 1 && rows().any(|row| row[self.size.0][1] & UPPER_OR_LOWER != 0);
        let is_below = |row: &[Columns]| row.as_flattened().iter().any(|column| column & LOWER != 0);
        is_right || height % 2 == 1 && rows().next_back().is_some_and(is_below)
    }
}

/// Decodes all rows. Returns the number of bits of VLC.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt")))]
fn decode_rows(quads: &mut Quads, mel: &mut Mel<'_>) -> usize {
    let pitch = quads.pitch();
    let mut reader = Reader { bits: 0, count: 0, data: &quads.bits, next: 0 };
    let rows = quads.columns.chunks_exact_mut(pitch).zip(quads.offsets.chunks_exact_mut(pitch));
    let mut previous: Option<&mut [Columns]> = None;
    for (columns, offsets) in rows {
        if let Some(previous) = previous {
            contexts(previous, &mut quads.above);
            reader = decode_row::<false>(reader, mel, &quads.above, columns, offsets);
        } else {
            reader = decode_row::<true>(reader, mel, &quads.above, columns, offsets);
        }
        previous = Some(columns);
    }
    (reader.next * 8).saturating_sub(reader.count as usize)
}

/// What a row of quads contributes to the contexts of the next one.
#[inline(always)]
fn contexts(row: &[Columns], above: &mut [u32]) {
    let lower = |columns: Columns| (u32::from(columns[0]) >> 5 & 1, u32::from(columns[1]) >> 5 & 1);
    for (above, three) in above[1..].iter_mut().zip(row.windows(3)) {
        let (west, center, east) = (lower(three[0]), lower(three[1]), lower(three[2]));
        *above = (west.1 | center.0) << 7 | (center.1 | east.0) << 9;
    }
}

/// Reads bits, lowest first.
#[derive(Clone, Copy)]
struct Reader<'a> {
    bits: u64,
    count: u32,
    data: &'a [u8],
    next: usize,
}

/// Whole bytes are loaded: at least 56 bits, and the rest of the last byte below 8, which the lower three bits of the count keep.
const FULL: u32 = 56;

impl Reader<'_> {
    /// Loads bits so that there are at least [`FULL`].
    #[inline(always)]
    fn refill(&mut self) {
        let rest = self.data.get(self.next..).unwrap_or_default();
        let word = rest.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        self.bits |= word << (self.count & 63);
        self.next = self.next.wrapping_add((63 - (self.count & 63)) as usize / 8);
        self.count |= FULL;
    }

    #[inline(always)]
    fn skip(&mut self, count: u32) {
        self.bits >>= count & 63;
        self.count = self.count.wrapping_sub(count);
    }
}

/// Decodes a row of quads.
#[inline(always)]
fn decode_row<'a, const INITIAL: bool>(
    mut reader: Reader<'a>,
    mel: &mut Mel<'_>,
    above: &[u32],
    columns: &mut [Columns],
    offsets: &mut [[u8; 2]],
) -> Reader<'a> {
    let quads = columns.len() - 3;
    let above = above[1..].as_chunks::<2>().0;
    let columns = columns[1..].as_chunks_mut::<2>().0;
    let offsets = offsets[1..].as_chunks_mut::<2>().0;
    let mut west = 0;
    for (pair, ((above, columns), offsets)) in above.iter().zip(columns).zip(offsets).enumerate() {
        let left = quads.wrapping_sub(pair * 2);
        if left == 0 || left > quads {
            break;
        }
        reader.refill();
        let first = decode_quad::<INITIAL>(&mut reader, mel, above[0] | west);
        let second = if left == 1 { 0 } else { decode_quad::<INITIAL>(&mut reader, mel, above[1] | first) };
        west = second;
        *columns = [first, second].map(|entry| [(entry >> 16) as u16, (entry >> 18) as u16]);
        let pair = decode_offsets::<INITIAL>(&mut reader, mel, first & OFFSET | (second & OFFSET) << 1);
        *offsets = [[pair.0 as u8; 2], [pair.1 as u8; 2]];
    }
    reader
}

/// Decodes the codeword of a quad; 0 if MEL tells that it is insignificant. Only the bits [`CONTEXT`] of `context` count.
#[inline(always)]
fn decode_quad<const INITIAL: bool>(reader: &mut Reader<'_>, mel: &mut Mel<'_>, context: u32) -> u32 {
    let context = context & CONTEXT;
    if context == 0 && !mel.event() {
        return 0;
    }
    let table = if INITIAL { &INITIAL_ROW } else { &OTHER_ROWS };
    let entry = table[(context | (reader.bits & 127) as u32) as usize];
    reader.skip(entry & 63);
    entry
}

/// Decodes the offsets of a pair of quads. `mode` is that of [`offsets::Table`], times 64.
#[inline(always)]
fn decode_offsets<const INITIAL: bool>(reader: &mut Reader<'_>, mel: &mut Mel<'_>, mode: u32) -> (u32, u32) {
    let table = if INITIAL { &offsets::INITIAL_ROW } else { &offsets::OTHER_ROWS };
    let mode = if INITIAL && mode == 3 << 6 && mel.event() { 4 << 6 } else { mode };
    let entry = table[(mode & 7 << 6 | (reader.bits & 63) as u32) as usize];
    let mut offsets = entry.offsets(reader.bits);
    reader.skip(entry.length());
    let added = if mode == 4 << 6 { 2 } else { 0 };
    if offsets::has_extension(offsets, added) {
        let length = offsets::extend(&mut offsets.0, reader.bits, added);
        reader.skip(length);
        let length = offsets::extend(&mut offsets.1, reader.bits, added);
        reader.skip(length);
    }
    offsets
}
