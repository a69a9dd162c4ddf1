//! PS3.3 C.7.6.3.1.3 Planar Configuration: converts planes to interleaved samples.
//!
//! RLE byte planes (PS3.5 G.2) are interleaved in the same way, with bytes instead of samples; the encoder extracts
//! them.

/// Interleaves the words of all planes. A word has `W` bytes; all planes have the same length, and `out` is as long as
/// all of them together.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn interleave_words<const N: usize, const W: usize>(planes: [&[u8]; N], out: &mut [u8]) {
    let planes = planes.map(|plane| plane.as_chunks::<W>().0);
    let words = planes.iter().map(|plane| plane.len()).min().unwrap_or(0);
    let planes = planes.map(|plane| &plane[..words]);
    let out = out.as_chunks_mut::<W>().0.as_chunks_mut::<N>().0;
    for (i, pixel) in out.iter_mut().take(words).enumerate() {
        for (word, plane) in pixel.iter_mut().zip(planes) {
            *word = plane[i];
        }
    }
}

/// Interleaves three planes of words of `width` bytes: Planar Configuration 1 to 0.
pub fn interleave_samples(planes: [&[u8]; 3], width: usize, out: &mut [u8]) {
    match width {
        1 => interleave_words::<3, 1>(planes, out),
        2 => interleave_words::<3, 2>(planes, out),
        4 => interleave_words::<3, 4>(planes, out),
        _ => interleave_words::<3, 8>(planes, out),
    }
}

/// Interleaves byte planes: one for each byte of a pixel, in the order of the result.
///
/// Common plane counts (1 or 3 samples of 1, 2, 4 or 8 bytes) have specialized loops.
pub fn interleave_bytes(planes: &[&[u8]], out: &mut [u8]) {
    macro_rules! fixed {
        ($($count:literal),*) => {
            match planes.len() {
                1 => out.copy_from_slice(planes[0]),
                $($count => if let Ok(planes) = <[&[u8]; $count]>::try_from(planes) {
                    interleave_words::<$count, 1>(planes, out);
                })*
                _ => interleave_any(planes, out),
            }
        };
    }
    fixed!(2, 3, 4, 6, 8, 12, 24);
}

fn interleave_any(planes: &[&[u8]], out: &mut [u8]) {
    for (i, pixel) in out.chunks_exact_mut(planes.len().max(1)).enumerate() {
        for (byte, plane) in pixel.iter_mut().zip(planes) {
            *byte = plane[i];
        }
    }
}

/// Extracts one byte plane: byte `first` of every pixel of `pixel_bytes` bytes, until `out` is full.
pub fn gather_bytes(src: &[u8], pixel_bytes: usize, first: usize, out: &mut [u8]) {
    let src = src.get(first..).unwrap_or(&[]);
    match pixel_bytes {
        1 => copy_bytes(src, out),
        2 => gather_every::<2>(src, out),
        3 => gather_every::<3>(src, out),
        4 => gather_every::<4>(src, out),
        6 => gather_every::<6>(src, out),
        8 => gather_every::<8>(src, out),
        _ => gather_any(src, pixel_bytes, out),
    }
}

fn copy_bytes(src: &[u8], out: &mut [u8]) {
    let count = src.len().min(out.len());
    out[..count].copy_from_slice(&src[..count]);
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn gather_every<const N: usize>(src: &[u8], out: &mut [u8]) {
    let (pixels, rest) = src.as_chunks::<N>();
    let (whole, last) = out.split_at_mut(pixels.len().min(out.len()));
    for (byte, pixel) in whole.iter_mut().zip(pixels) {
        *byte = pixel[0];
    }
    // `src` starts within its first pixel, so its last pixel is incomplete.
    if let (Some(byte), Some(from)) = (last.first_mut(), rest.first()) {
        *byte = *from;
    }
}

fn gather_any(src: &[u8], pixel_bytes: usize, out: &mut [u8]) {
    for (byte, from) in out.iter_mut().zip(src.iter().step_by(pixel_bytes.max(1))) {
        *byte = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn samples_change_places(pixels in 1usize..70, width in prop::sample::select(vec![1usize, 2, 4, 8]), seed: u64) {
            let src = noise(pixels * 3 * width, seed);
            let planes: Vec<&[u8]> = src.chunks_exact(pixels * width).collect();
            let mut out = vec![0xA5; src.len()];
            interleave_samples([planes[0], planes[1], planes[2]], width, &mut out);
            let oracle: Vec<u8> = (0..src.len())
                .map(|i| src[(i / width % 3) * pixels * width + i / (3 * width) * width + i % width])
                .collect();
            prop_assert_eq!(out, oracle);
        }

        #[test]
        fn bytes_change_places(pixels in 1usize..70, count in 1usize..25, seed: u64) {
            let src = noise(pixels * count, seed);
            let planes: Vec<&[u8]> = src.chunks_exact(pixels).collect();
            let mut out = vec![0xA5; src.len()];
            interleave_bytes(&planes, &mut out);
            let oracle: Vec<u8> = (0..src.len()).map(|i| src[(i % count) * pixels + i / count]).collect();
            prop_assert_eq!(out, oracle);
        }
    }

    proptest! {
        #[test]
        fn bytes_are_gathered(pixels in 0usize..70, pixel_bytes in 1usize..25, first in 0usize..25, seed: u64) {
            let (src, first) = (noise(pixels * pixel_bytes, seed), first % pixel_bytes);
            let mut out = vec![0xA5; pixels];
            gather_bytes(&src, pixel_bytes, first, &mut out);
            let oracle: Vec<u8> = (0..pixels).map(|i| src[i * pixel_bytes + first]).collect();
            prop_assert_eq!(out, oracle);
        }
    }

    fn noise(len: usize, seed: u64) -> Vec<u8> {
        (0..len as u64).map(|i| ((i + seed % 1000 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
    }
}
