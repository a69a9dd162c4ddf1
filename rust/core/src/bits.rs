//! PS3.5 8.1.1 and Annex D: the layout of sample bits in bytes.
//!
//! Native frames with 1 or 12 Bits Allocated are bit streams, least significant bit first, that continue across rows
//! and frames. Wider samples are whole words, whose bits above Bits Stored may have any value (formerly overlays).

/// Bits Allocated 1: unpacks each bit of `src`, starting at `first_bit`, into one byte, 0 or 1.
///
/// `src` must contain at least `first_bit + out.len()` bits; samples beyond its end are left unwritten.
pub fn unpack_1(src: &[u8], first_bit: usize, out: &mut [u8]) {
    let (src, shift) = (src.get(first_bit / 8..).unwrap_or_default(), first_bit % 8);
    let groups = out.as_chunks_mut::<8>().0;
    let count = groups.len().min(src.len().saturating_sub(1));
    let mut aligned = [0; ALIGNED_BYTES];
    for (index, groups) in groups[..count].chunks_mut(ALIGNED_BYTES).enumerate() {
        align(&src[index * ALIGNED_BYTES..=index * ALIGNED_BYTES + groups.len()], shift, &mut aligned);
        spread(&aligned, groups);
    }
    let done = 8 * count;
    for (sample, bit) in out[done..].iter_mut().zip(shift + done..) {
        let Some(byte) = src.get(bit / 8) else { return };
        *sample = byte >> (bit % 8) & 1;
    }
}

/// Source bytes that are aligned before they are spread: two plain loops, each of which the compiler vectorizes.
const ALIGNED_BYTES: usize = 512;

/// Shifts each byte right by `shift` and fills it with bits of the next byte. `bytes` has one byte more than the
/// result.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn align(bytes: &[u8], shift: usize, aligned: &mut [u8; ALIGNED_BYTES]) {
    for ((byte, low), high) in aligned.iter_mut().zip(bytes).zip(&bytes[1..]) {
        *byte = (u16::from_le_bytes([*low, *high]) >> shift) as u8;
    }
}

/// Spreads the eight bits of a byte to eight bytes: each byte of the product keeps one bit, and adding 0x7F carries it
/// to the top of that byte.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn spread(bytes: &[u8; ALIGNED_BYTES], groups: &mut [[u8; 8]]) {
    for (samples, byte) in groups.iter_mut().zip(bytes) {
        let spread = (u64::from(*byte) * 0x0101_0101_0101_0101) & 0x8040_2010_0804_0201;
        *samples = (((spread + 0x7F7F_7F7F_7F7F_7F7F) >> 7) & 0x0101_0101_0101_0101).to_le_bytes();
    }
}

/// Bits Allocated 12: unpacks two samples in three bytes into 16-bit words in native byte order.
///
/// `first_bit` is a multiple of 4. `src` must contain at least `first_bit / 4 + 3 * out.len() / 2` half bytes; samples
/// beyond its end are left unwritten.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
pub fn unpack_12(src: &[u8], first_bit: usize, out: &mut [u8]) {
    let (src, shift) = (src.get(first_bit / 8..).unwrap_or_default(), first_bit % 8);
    let (samples, mut bit) = (out.as_chunks_mut::<2>().0, shift);
    let (groups, _) = samples.as_chunks_mut::<4>();
    for (group, window) in groups.iter_mut().zip(src.windows(8).step_by(6)) {
        if let Some(bytes) = window.first_chunk() {
            *group = four_words(u64::from_le_bytes(*bytes) >> shift);
        }
        bit += 48;
    }
    for sample in &mut samples[(bit - shift) / 12..] {
        let Some(&[low, high]) = src.get(bit / 8..).and_then(<[u8]>::first_chunk) else { return };
        let word = u16::from_le_bytes([low, high]);
        *sample = (word >> (bit % 8) & 0x0FFF).to_ne_bytes();
        bit += 12;
    }
}

/// Returns the lowest four 12-bit samples as words. All four are moved at once, least significant first.
fn four_words(bits: u64) -> [[u8; 2]; 4] {
    let sample = |number: u32| (bits & 0xFFF << (12 * number)) << (4 * number);
    let bytes = (sample(0) | sample(1) | sample(2) | sample(3)).to_le_bytes();
    let mut words = [[0; 2]; 4];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u16::from_le_bytes(*bytes).to_ne_bytes();
    }
    words
}

/// PS3.5 7.3: swaps the bytes of each pair, for bytes sent as big-endian words (OW). A final odd byte is unchanged.
pub fn swap_pairs(bytes: &mut [u8]) {
    swap_words(bytes, 2);
}

/// Reverses the bytes of each word of `width` bytes.
pub fn swap_words(bytes: &mut [u8], width: usize) {
    match width {
        2 => swap_each(bytes, |word| u16::from_ne_bytes(word).swap_bytes().to_ne_bytes()),
        4 => swap_each(bytes, |word| u32::from_ne_bytes(word).swap_bytes().to_ne_bytes()),
        8 => swap_each(bytes, |word| u64::from_ne_bytes(word).swap_bytes().to_ne_bytes()),
        _ => {}
    }
}

fn swap_each<const W: usize>(bytes: &mut [u8], swap: impl Fn([u8; W]) -> [u8; W]) {
    for word in bytes.as_chunks_mut::<W>().0 {
        *word = swap(*word);
    }
}

/// Sets the bits above the lowest `bits` of each native word of `width` bytes: to the sign bit if `signed`, else to 0.
/// Two shifts in the word's own type do both.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
pub fn sign_extend_or_mask(bytes: &mut [u8], width: usize, bits: u8, signed: bool) {
    macro_rules! shift {
        ($unsigned:ty, $signed:ty) => {{
            const WIDTH: usize = size_of::<$unsigned>();
            let shift = <$unsigned>::BITS.saturating_sub(u32::from(bits));
            let words = bytes.as_chunks_mut::<WIDTH>().0;
            if shift == 0 || shift >= <$unsigned>::BITS {
                return;
            }
            if signed {
                for word in words {
                    *word = (<$signed>::from_ne_bytes(*word) << shift >> shift).to_ne_bytes();
                }
            } else {
                for word in words {
                    *word = (<$unsigned>::from_ne_bytes(*word) << shift >> shift).to_ne_bytes();
                }
            }
        }};
    }
    match width {
        1 => shift!(u8, i8),
        2 => shift!(u16, i16),
        4 => shift!(u32, i32),
        _ => shift!(u64, i64),
    }
}

/// Copies words of `from` bytes into words of `to >= from` bytes, both native, with sign or zero extension.
pub fn widen(src: &[u8], from: usize, out: &mut [u8], to: usize, signed: bool) {
    macro_rules! extend {
        ($narrow:ty, $wide:ty) => {
            for (word, wide) in src.as_chunks().0.iter().zip(out.as_chunks_mut().0) {
                *wide = <$wide>::from(<$narrow>::from_ne_bytes(*word)).to_ne_bytes();
            }
        };
    }
    match (from, to, signed) {
        (1, 2, false) => extend!(u8, u16),
        (1, 4, false) => extend!(u8, u32),
        (1, 8, false) => extend!(u8, u64),
        (2, 4, false) => extend!(u16, u32),
        (2, 8, false) => extend!(u16, u64),
        (4, 8, false) => extend!(u32, u64),
        (1, 2, true) => extend!(i8, i16),
        (1, 4, true) => extend!(i8, i32),
        (1, 8, true) => extend!(i8, i64),
        (2, 4, true) => extend!(i16, i32),
        (2, 8, true) => extend!(i16, i64),
        (4, 8, true) => extend!(i32, i64),
        _ => out.copy_from_slice(src),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn unpack_1_is_a_shift(src in prop::collection::vec(any::<u8>(), 1..40), skip in 0usize..16, cut in 0usize..16) {
            let bits = src.len() * 8;
            prop_assume!(skip + cut < bits);
            let mut out = vec![0xA5; bits - skip - cut];
            unpack_1(&src, skip, &mut out);
            let oracle: Vec<u8> = (skip..bits - cut).map(|i| src[i / 8] >> (i % 8) & 1).collect();
            prop_assert_eq!(out, oracle);
        }

        #[test]
        fn unpack_12_is_a_shift(src in prop::collection::vec(any::<u8>(), 3..40), odd in 0usize..2) {
            let samples = (src.len() * 2 - odd) / 3;
            let mut out = vec![0xA5; samples * 2];
            unpack_12(&src, odd * 4, &mut out);
            let bit = |i: usize| u16::from(src[i / 8] >> (i % 8) & 1);
            let oracle: Vec<u8> = (0..samples)
                .flat_map(|s| (0..12).map(|b| bit(odd * 4 + s * 12 + b) << b).sum::<u16>().to_ne_bytes())
                .collect();
            prop_assert_eq!(out, oracle);
        }

        #[test]
        fn correct_unused_is_arithmetic_modulo(value: u64, width in prop::sample::select(vec![1usize, 2, 4, 8]), bits in 1u8..=64, signed: bool) {
            let allocated = width as u32 * 8;
            prop_assume!(u32::from(bits) <= allocated);
            let mut bytes = native(u128::from(value), width);
            sign_extend_or_mask(&mut bytes, width, bits, signed);
            let low = u128::from(value) % (1 << bits);
            let oracle = if signed && low >> (bits - 1) == 1 { low.wrapping_sub(1 << bits) } else { low };
            prop_assert_eq!(bytes, native(oracle, width));
        }

        #[test]
        fn widen_keeps_the_number(value: u64, from in prop::sample::select(vec![1usize, 2, 4]), to in prop::sample::select(vec![2usize, 4, 8]), signed: bool) {
            prop_assume!(from <= to);
            let low = u128::from(value) % (1 << (from * 8));
            let oracle = if signed && low >> (from * 8 - 1) == 1 { low.wrapping_sub(1 << (from * 8)) } else { low };
            let mut out = vec![0xA5; to];
            widen(&native(low, from), from, &mut out, to, signed);
            prop_assert_eq!(out, native(oracle, to));
        }
    }

    /// Returns the lowest `width` bytes of a number, in native byte order.
    fn native(value: u128, width: usize) -> Vec<u8> {
        let mut bytes = value.to_le_bytes()[..width].to_vec();
        if cfg!(target_endian = "big") {
            bytes.reverse();
        }
        bytes
    }

    #[test]
    fn swaps() {
        let mut bytes = *b"abcdefghi";
        swap_pairs(&mut bytes);
        assert_eq!(&bytes, b"badcfehgi");
        for (width, swapped) in [(1, b"abcdefgh"), (2, b"badcfehg"), (4, b"dcbahgfe"), (8, b"hgfedcba")] {
            let mut bytes = *b"abcdefgh";
            swap_words(&mut bytes, width);
            assert_eq!(&bytes, swapped);
        }
    }
}
