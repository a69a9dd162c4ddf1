//! The color transforms of HP's encoder, in an APP8 segment "mrfx".

use super::{Grid, segment};

/// The segment that names the transform.
pub fn marker(number: u8) -> Vec<u8> {
    segment(0xE8, &[&b"mrfx"[..], &[number]].concat())
}

/// Three planes of 8 or 16 bits with the transform of this number, modulo 2^bits.
pub fn forward(planes: &mut [Grid], number: u8, bits: u8) {
    change(planes, bits, |[r, g, b], half| match number {
        1 => [r - g + half, g, b - g + half],
        2 => [r - g + half, g, b - ((r + g) >> 1) - half],
        _ => {
            let mask = 2 * half - 1;
            let (v2, v3) = ((b - g + half) & mask, (r - g + half) & mask);
            [g + ((v2 + v3) >> 2) - half / 2, v2, v3]
        }
    });
}

/// The inverse of [`forward`].
pub fn inverse(planes: &mut [Grid], number: u8, bits: u8) {
    change(planes, bits, |[v1, v2, v3], half| {
        let mask = 2 * half - 1;
        match number {
            1 => [v1 + v2 - half, v2, v3 + v2 - half],
            2 => {
                let r = (v1 + v2 - half) & mask;
                [r, v2, v3 + ((r + v2) >> 1) - half]
            }
            _ => {
                let g = (v1 - ((v2 + v3) >> 2) + half / 2) & mask;
                [v3 + g - half, g, v2 + g - half]
            }
        }
    });
}

fn change(planes: &mut [Grid], bits: u8, pixel: impl Fn([i32; 3], i32) -> [i32; 3]) {
    let [first, second, third] = planes else { return };
    let samples = first.values.iter_mut().zip(&mut second.values).zip(&mut third.values);
    for ((a, b), c) in samples {
        let changed = pixel([i32::from(*a), i32::from(*b), i32::from(*c)], 1 << (bits - 1));
        [*a, *b, *c] = changed.map(|value| (value & ((1 << bits) - 1)) as u16);
    }
}
