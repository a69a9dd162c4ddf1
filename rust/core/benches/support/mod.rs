//! The input of the benchmarks: generated images with the noise and the background of real ones, and an encoder for
//! RLE Lossless. Constant images would flatter the decoder.
#![allow(clippy::cast_sign_loss, clippy::cast_possible_wrap, reason = "samples are limited before they are cast")]

use std::iter;

/// Steele and Vigna's `SplitMix64`: every run works on the same bytes.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// About normal around 0, between -2 and 2 times `spread`: the sum of four bytes.
    fn around_zero(&mut self, spread: i32) -> i32 {
        let sum: i32 = self.next().to_le_bytes()[..4].iter().map(|byte| i32::from(*byte) - 128).sum();
        sum * spread / 256
    }
}

/// Random bytes.
pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut noise = Noise(1);
    iter::repeat_with(|| noise.next().to_le_bytes()).flatten().take(len).collect()
}

/// A CT slice, 12 bits: tissue with noise in an ellipse, noisy air around it, and nothing outside the circle
/// that the scanner reconstructs.
pub(crate) fn ct(rows: usize, columns: usize, seed: u64) -> Vec<u16> {
    let mut noise = Noise(seed);
    let mut sample = |pixel: usize| {
        let (x, y) = from_center(pixel, rows, columns);
        let level = if x * x + y * y > 1_000_000 {
            return 0;
        } else if 2 * x * x + 4 * y * y > 1_600_000 {
            24
        } else {
            1000 + x / 8 + 200 * i32::from((x / 150 + y / 200) % 2 == 0)
        };
        (level + noise.around_zero(20)).clamp(0, 4095) as u16
    };
    (0..rows * columns).map(&mut sample).collect()
}

/// A magnetic resonance image, 12 bits: tissues on both sides of multiples of 256, so that their high bytes change with
/// the noise, and around them the noise alone.
pub(crate) fn mr(rows: usize, columns: usize, seed: u64) -> Vec<u16> {
    let mut noise = Noise(seed);
    let mut sample = |pixel: usize| {
        let (x, y) = from_center(pixel, rows, columns);
        let level = if 2 * x * x + y * y > 800_000 { 0 } else { 200 + shadow(x, y) / 2 };
        (level + noise.around_zero(24)).unsigned_abs().min(4095) as u16
    };
    (0..rows * columns).map(&mut sample).collect()
}

/// A projection image of `bits`: shadows with little noise inside a collimator, and nothing at all outside.
pub(crate) fn projection(rows: usize, columns: usize, bits: u32, round: bool, seed: u64) -> Vec<u16> {
    let mut noise = Noise(seed);
    let mut sample = |pixel: usize| {
        let (x, y) = from_center(pixel, rows, columns);
        let outside = if round { x * x + y * y > 1_000_000 } else { x.abs().max(y.abs()) > 930 };
        let level = if outside { 0 } else { 100 + shadow(x, y) * 3 / 4 + noise.around_zero(8) };
        (level.clamp(0, 1023) >> (10 - bits)) as u16
    };
    (0..rows * columns).map(&mut sample).collect()
}

/// Overlapping structures, 0 to about 1000: slopes and edges.
fn shadow(x: i32, y: i32) -> i32 {
    let bones = 150 * i32::from((x / 170 + y / 230) % 2 == 0);
    bones + (x * x / 2000 + (y + 1000) / 8 + x * y / 8000).clamp(0, 850)
}

/// A fan of speckle on black, 8 bits.
pub(crate) fn ultrasound(rows: usize, columns: usize, seed: u64) -> Vec<u8> {
    let mut noise = Noise(seed);
    let mut sample = |pixel: usize| {
        let (x, y) = from_center(pixel, rows, columns);
        let in_fan = y > -900 && 2 * x.abs() < y + 1000 && x * x + (y + 1000) * (y + 1000) < 3_600_000;
        if in_fan { (70 - y / 25 + noise.around_zero(60)).clamp(0, 255) as u8 } else { 0 }
    };
    (0..rows * columns).map(&mut sample).collect()
}

/// The position of `pixel`: -1000 to 1000 from left to right and from top to bottom.
fn from_center(pixel: usize, rows: usize, columns: usize) -> (i32, i32) {
    let scaled = |place: usize, places: usize| (2000 * place / places) as i32 - 1000;
    (scaled(pixel % columns, columns), scaled(pixel / columns, rows))
}

/// Returns the bytes of `samples` in little-endian order.
pub(crate) fn little_endian(samples: &[u16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// Byte `which` of each of `samples`, counted from the least significant one.
pub(crate) fn byte_plane(samples: &[u16], which: usize) -> Vec<u8> {
    samples.iter().map(|sample| sample.to_le_bytes()[which]).collect()
}

/// A gray image with a tinge, as color devices send it.
pub(crate) fn rgb(gray: &[u8]) -> Vec<u8> {
    gray.iter().flat_map(|byte| [*byte, byte - byte / 16, byte - byte / 8]).collect()
}

/// Such an image as luminance and chrominance.
pub(crate) fn ybr(gray: &[u8]) -> Vec<u8> {
    gray.iter().flat_map(|byte| [*byte, 128 - byte / 16, 128 + byte / 32]).collect()
}

/// Such an image with one chrominance for each pair of pixels.
pub(crate) fn ybr_422(gray: &[u8]) -> Vec<u8> {
    gray.as_chunks().0.iter().flat_map(|[left, right]| [*left, *right, 128 - left / 16, 128 + left / 32]).collect()
}

/// Every `step`th byte, starting at `first`.
pub(crate) fn every(bytes: &[u8], first: usize, step: usize) -> Vec<u8> {
    bytes.iter().skip(first).step_by(step).copied().collect()
}

/// PS3.5 G.3.1: packs a plane, each row on its own.
pub(crate) fn pack_bits(plane: &[u8], columns: usize) -> Vec<u8> {
    let mut packed = Vec::new();
    for row in plane.chunks(columns) {
        pack_row(row, &mut packed);
    }
    packed.resize(packed.len().next_multiple_of(2), 0);
    packed
}

fn pack_row(row: &[u8], packed: &mut Vec<u8>) {
    let mut literal = 0..0;
    for run in row.chunk_by(|a, b| a == b).flat_map(|run| run.chunks(128)) {
        // Two equal bytes do not end a literal run that has started: it would grow by one header.
        if run.len() > 2 || run.len() == 2 && literal.is_empty() {
            pack_literal(&row[literal.clone()], packed);
            packed.extend([(257 - run.len()) as u8, run[0]]);
            literal = literal.end + run.len()..literal.end + run.len();
        } else {
            literal.end += run.len();
        }
    }
    pack_literal(&row[literal], packed);
}

fn pack_literal(bytes: &[u8], packed: &mut Vec<u8>) {
    for run in bytes.chunks(128) {
        packed.push((run.len() - 1) as u8);
        packed.extend_from_slice(run);
    }
}

/// PS3.5 G.5: a frame of packed segments after their header.
pub(crate) fn rle_frame(segments: &[Vec<u8>]) -> Vec<u8> {
    let starts = segments.iter().scan(64, |end, segment| Some(std::mem::replace(end, *end + segment.len())));
    let numbers = iter::once(segments.len()).chain(starts).chain(iter::repeat(0)).take(16);
    let header = numbers.flat_map(|number| (number as u32).to_le_bytes());
    header.chain(segments.iter().flatten().copied()).collect()
}
