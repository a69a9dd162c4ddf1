//! A plain encoder, bit by bit from the text of ISO/IEC 14495-1, for streams that no other encoder writes.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "small numbers")]
#![allow(clippy::unwrap_used, reason = "a test that fails")]

pub mod coder;
pub mod parameters;
pub mod picture;
pub mod preset;
pub mod scan;
pub mod stream;
pub mod tables;
pub mod transform;

/// Numbers that depend on a seed alone.
#[derive(Clone)]
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// True once in `of` times.
    pub fn once_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }
}

/// The samples of a component: rows of equal length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    pub width: usize,
    pub values: Vec<u16>,
}

impl Grid {
    pub fn new(width: usize, height: usize, mut value: impl FnMut(usize, usize) -> u16) -> Self {
        let values = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| value(x, y)).collect();
        Self { width, values }
    }

    pub fn at(&self, x: usize, y: usize) -> u16 {
        self.values[y * self.width + x]
    }

    pub fn height(&self) -> usize {
        self.values.len() / self.width
    }

    pub fn row(&self, y: usize) -> &[u16] {
        &self.values[y * self.width..(y + 1) * self.width]
    }

    pub fn row_mut(&mut self, y: usize) -> &mut [u16] {
        &mut self.values[y * self.width..(y + 1) * self.width]
    }
}

/// The samples of each pixel next to each other.
pub fn interleave(planes: &[Grid]) -> Vec<u16> {
    let pixels = planes[0].values.len();
    (0..pixels).flat_map(|pixel| planes.iter().map(move |plane| plane.values[pixel])).collect()
}

/// A marker segment.
pub fn segment(marker: u8, parameters: &[u8]) -> Vec<u8> {
    let length = (parameters.len() + 2) as u16;
    [&[0xFF, marker][..], &length.to_be_bytes(), parameters].concat()
}
