//! PS3.5 Annex G: encodes one frame in RLE Lossless, as short as possible.
//!
//! A row is packed from left to right in one pass. Two numbers describe every packing of the bytes so far: its length,
//! and the number of bytes for which its last literal run has room. The best packing is the shortest, and among the
//! shortest the one with most room; a longer one is never better, because one byte opens a new literal run. So each run
//! of equal bytes can be packed for good when it is reached: as a replicate run if it has three bytes or more, or two
//! if no literal run has room for both; else as part of a literal run.

use super::{HEADER_BYTES, MAX_RUN, SHORT_COPY_BYTES};
use crate::alloc::{try_reserve, zeroed};
use crate::error::{Error, ErrorKind, Result};
use crate::image::{ByteOrder, in_range};
use crate::planes;
use crate::tag::{COLUMNS, PIXEL_DATA, ROWS, SAMPLES_PER_PIXEL};

/// The format of a frame's samples, not yet validated. Pixels are interleaved (Planar Configuration 0).
#[derive(Debug, Clone, Copy)]
pub struct EncodeParams {
    /// Rows.
    pub rows: i64,
    /// Columns.
    pub columns: i64,
    /// Samples per Pixel.
    pub samples_per_pixel: i64,
    /// Bytes of a sample.
    pub sample_bytes: i64,
    /// Byte order of the samples.
    pub order: ByteOrder,
}

/// A frame whose format has been validated.
#[derive(Debug)]
struct Frame<'a> {
    src: &'a [u8],
    columns: usize,
    pixel_bytes: usize,
    sample_bytes: usize,
    order: ByteOrder,
}

/// Encodes one frame (PS3.5 G.3 to G.5).
pub fn encode_frame(src: &[u8], params: &EncodeParams) -> Result<Vec<u8>> {
    let frame = Frame::new(src, params)?;
    let mut out = zeroed(HEADER_BYTES)?;
    let count = frame.pixel_bytes as u32;
    out[..4].copy_from_slice(&count.to_le_bytes());
    let mut buffers = RowBuffers::new(frame.columns)?;
    for segment in 0..frame.pixel_bytes {
        let offset = segment_offset(segment, out.len())?;
        out[4 + 4 * segment..8 + 4 * segment].copy_from_slice(&offset.to_le_bytes());
        frame.pack_segment(segment, &mut buffers, &mut out)?;
    }
    Ok(out)
}

/// Checks that an offset fits into the 32 bits of the header.
fn segment_offset(segment: usize, offset: usize) -> Result<u32> {
    u32::try_from(offset).map_err(|_| {
        let kind = ErrorKind::SegmentOffset { found: offset as u64, expected: "at most 4294967295" };
        Error::pixel_data(kind).in_segment(segment)
    })
}

impl<'a> Frame<'a> {
    fn new(src: &'a [u8], params: &EncodeParams) -> Result<Self> {
        let rows = in_range(ROWS, params.rows, 1, 65535, "1 to 65535")?;
        let columns = in_range(COLUMNS, params.columns, 1, 65535, "1 to 65535")?;
        let samples = in_range(SAMPLES_PER_PIXEL, params.samples_per_pixel, 1, 15, "1 to 15")?;
        let sample_bytes = in_range(PIXEL_DATA, params.sample_bytes, 1, 15, "1 to 15 bytes for a sample")?;
        let pixel_bytes = samples * sample_bytes;
        let expected = "at most 15 bytes for a pixel, one for each RLE segment";
        in_range(PIXEL_DATA, i64::from(pixel_bytes), 1, 15, expected)?;
        let (found, expected) = (src.len() as u64, u64::from(rows) * u64::from(columns) * u64::from(pixel_bytes));
        if found != expected {
            return Err(Error::pixel_data(ErrorKind::Length { found, expected }));
        }
        Ok(Self {
            src,
            columns: columns as usize,
            pixel_bytes: pixel_bytes as usize,
            sample_bytes: sample_bytes as usize,
            order: params.order,
        })
    }

    /// Offset in a pixel of the byte of a segment: segments are ordered by sample, most significant byte first (G.2).
    fn byte_of(&self, segment: usize) -> usize {
        match self.order {
            ByteOrder::Big => segment,
            ByteOrder::Little => {
                let byte = segment % self.sample_bytes;
                segment - byte + (self.sample_bytes - 1 - byte)
            }
        }
    }

    /// PS3.5 G.3.1 and G.4: packs each row separately, and pads to an even number of bytes.
    fn pack_segment(&self, segment: usize, buffers: &mut RowBuffers, out: &mut Vec<u8>) -> Result<()> {
        let byte = self.byte_of(segment);
        for pixels in self.src.chunks_exact(self.columns * self.pixel_bytes) {
            planes::gather_bytes(pixels, self.pixel_bytes, byte, &mut buffers.row[..self.columns]);
            append(out, buffers.pack(self.columns))?;
        }
        if !out.len().is_multiple_of(2) {
            append(out, &[0])?;
        }
        Ok(())
    }
}

/// Bytes after a row that may be read without checking the length of the row.
const ROW_PADDING_BYTES: usize = 2 + TRIPLE_SEARCH_BYTES;
/// Two bytes more than the longest run: each of its bytes can be the first of three.
const TRIPLE_SEARCH_BYTES: usize = MAX_RUN + 2;

/// Buffers for one row, unpacked and packed.
struct RowBuffers {
    row: Vec<u8>,
    packed: Vec<u8>,
}

impl RowBuffers {
    fn new(columns: usize) -> Result<Self> {
        let longest = columns + columns.div_ceil(MAX_RUN);
        Ok(Self { row: zeroed(columns + ROW_PADDING_BYTES)?, packed: zeroed(longest + 1 + MAX_RUN)? })
    }

    /// Packs the first `columns` bytes of the row.
    fn pack(&mut self, columns: usize) -> &[u8] {
        // Padding that ends any run at the last byte.
        let last = self.row[columns - 1];
        self.row[columns] = !last;
        self.row[columns + 1] = last;
        let packed = pack_row(&self.row, columns, &mut self.packed);
        &self.packed[..packed]
    }
}

/// PS3.5 G.3.1. Returns the number of bytes written.
fn pack_row(row: &[u8], columns: usize, packed: &mut [u8]) -> usize {
    let (mut read, mut written) = (0, 0);
    while read < columns {
        let run = run_length(row, read);
        if run == 1 {
            let count = literal_length(row, read, columns);
            write_literal(&row[read..], count, &mut packed[written..]);
            read += count;
            written += 1 + count;
        } else {
            // A single remaining byte starts a literal run, which has room for more.
            let count = run - usize::from(run % MAX_RUN == 1);
            written += write_replicates(row[read], count, &mut packed[written..]);
            read += count;
        }
    }
    written
}

/// Returns the number of equal bytes from `at`.
fn run_length(row: &[u8], at: usize) -> usize {
    let value = row[at];
    let rest = &row[at + 1..];
    if rest[0] != value {
        return 1;
    }
    let mut run = 1;
    for word in rest.as_chunks::<8>().0 {
        let differ = u64::from_le_bytes(*word) ^ u64::from_le_bytes([value; 8]);
        if differ != 0 {
            return run + (differ.trailing_zeros() / 8) as usize;
        }
        run += 8;
    }
    run
}

/// Returns the best length of the literal run that starts at `at`.
fn literal_length(row: &[u8], at: usize, columns: usize) -> usize {
    let window = &row[at + 1..at + 1 + TRIPLE_SEARCH_BYTES];
    let count = match find_triple(window) {
        Some(place) if place + 1 < MAX_RUN => place + 1,
        // Two equal bytes for which there is no more room.
        _ if window[MAX_RUN - 2] == window[MAX_RUN - 1] => MAX_RUN - 1,
        _ => MAX_RUN,
    };
    let count = count.min(columns - at);
    // If a run is one byte longer than a multiple of the longest run, that byte is cheaper here.
    count + usize::from(count < MAX_RUN && leaves_one(row, at + count))
}

/// Whether packing the run at `at` as replicate runs leaves a single byte.
fn leaves_one(row: &[u8], at: usize) -> bool {
    row[at] == row[at + MAX_RUN] && {
        let run = run_length(row, at);
        run > MAX_RUN && run % MAX_RUN == 1
    }
}

/// Returns the position of the first three equal bytes in `window`.
fn find_triple(window: &[u8]) -> Option<usize> {
    const LOWEST: u64 = u64::MAX / 255;
    (0..MAX_RUN).step_by(8).find_map(|at| {
        let [first, second, third] = [0, 1, 2].map(|next| word_at(window, at + next));
        let differ = (first ^ second) | (second ^ third);
        // The highest bit of each zero byte, and possibly of bytes above one; only the lowest is used.
        let zero = differ.wrapping_sub(LOWEST) & !differ & (LOWEST << 7);
        (zero != 0).then(|| at + (zero.trailing_zeros() / 8) as usize)
    })
}

fn word_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

/// Copies of constant size: see [`SHORT_COPY_BYTES`].
fn write_literal(from: &[u8], count: usize, to: &mut [u8]) {
    to[0] = (count - 1) as u8;
    let copied = if count > SHORT_COPY_BYTES { MAX_RUN } else { SHORT_COPY_BYTES };
    to[1..=copied].copy_from_slice(&from[..copied]);
}

fn write_replicates(value: u8, count: usize, to: &mut [u8]) -> usize {
    let mut written = 0;
    let mut left = count;
    while left > 0 {
        let run = left.min(MAX_RUN);
        to[written] = (257 - run) as u8;
        to[written + 1] = value;
        written += 2;
        left -= run;
    }
    written
}

fn append(out: &mut Vec<u8>, bytes: &[u8]) -> Result<()> {
    try_reserve(out, bytes.len())?;
    out.extend_from_slice(bytes);
    Ok(())
}

#[cfg(test)]
mod tests;
