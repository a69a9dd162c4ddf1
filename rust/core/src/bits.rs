//! PS3.5 8.1.1 and Annex D: how a sample's bits lie in bytes.
//!
//! Native frames of 1 or 12 Bits Allocated are streams of bits, least significant first, that go on across rows and
//! frames. Wider samples are whole words, of which the high bits above Bits Stored may hold anything (once: overlays).

/// Bits Allocated 1: one byte, 0 or 1, for each bit of `src` from `first_bit` on.
///
/// `src` must reach at least `first_bit + out.len()` bits; what it lacks is left unwritten.
pub fn unpack_1(src: &[u8], first_bit: usize, out: &mut [u8]) {
    let src = src.get(first_bit / 8..).unwrap_or_default();
    let shift = first_bit % 8;
    if shift == 0 {
        return unpack_bytes(src.iter().copied(), out);
    }
    let next = src.iter().skip(1).copied().chain(std::iter::once(0));
    let shifted = src.iter().zip(next).map(|(&low, high)| (low >> shift) | (high << (8 - shift)));
    unpack_bytes(shifted, out);
}

fn unpack_bytes(src: impl Iterator<Item = u8>, out: &mut [u8]) {
    let mut chunks = out.chunks_exact_mut(8);
    let mut src = src;
    for (samples, byte) in (&mut chunks).zip(&mut src) {
        samples.copy_from_slice(&spread(byte));
    }
    let rest = chunks.into_remainder();
    if let (false, Some(byte)) = (rest.is_empty(), src.next()) {
        let samples = spread(byte);
        rest.copy_from_slice(&samples[..rest.len()]);
    }
}

/// The eight bits of a byte as eight bytes, without a table: each byte of the product keeps one bit, and adding 0x7F
/// carries it to that byte's top.
fn spread(byte: u8) -> [u8; 8] {
    let kept = (u64::from(byte) * 0x0101_0101_0101_0101) & 0x8040_2010_0804_0201;
    (((kept + 0x7F7F_7F7F_7F7F_7F7F) >> 7) & 0x0101_0101_0101_0101).to_le_bytes()
}

/// Bits Allocated 12: two samples in three bytes, to 16-bit words in native byte order.
///
/// `first_bit` is a multiple of 4. `src` must reach at least `first_bit / 4 + 3 * out.len() / 2` half bytes.
pub fn unpack_12(src: &[u8], first_bit: usize, out: &mut [u8]) {
    let mut half_byte = first_bit / 4;
    for sample in out.as_chunks_mut::<2>().0 {
        let (low, high) = (u16::from(src[half_byte / 2]), u16::from(src[half_byte / 2 + 1]));
        let word = low | (high << 8);
        *sample = if half_byte.is_multiple_of(2) { word & 0x0FFF } else { word >> 4 }.to_ne_bytes();
        half_byte += 3;
    }
}

/// Swaps the bytes of each pair: PS3.5 7.3, bytes sent as big-endian words (OW). A last odd byte stays.
pub fn swap_pairs(bytes: &mut [u8]) {
    for pair in bytes.as_chunks_mut::<2>().0 {
        pair.swap(0, 1);
    }
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

/// Gives the bits above the lowest `bits` of each native word of `width` bytes the value they should have: the sign
/// where `signed`, else 0. As two shifts, which is what the words' own type makes of them.
pub fn correct_unused(bytes: &mut [u8], width: usize, bits: u8, signed: bool) {
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

/// Copies words of `from` bytes into words of `to >= from` bytes, both native: sign or zero extended.
pub fn widen(src: &[u8], from: usize, out: &mut [u8], to: usize, signed: bool) {
    for (word, wide) in src.chunks_exact(from).zip(out.chunks_exact_mut(to)) {
        let top = if cfg!(target_endian = "big") { word[0] } else { word[from - 1] };
        let fill = if signed && top & 0x80 != 0 { 0xFF } else { 0 };
        let (low, high) = if cfg!(target_endian = "big") { (to - from, 0) } else { (0, from) };
        wide[low..low + from].copy_from_slice(word);
        wide[high..high + to - from].fill(fill);
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
            correct_unused(&mut bytes, width, bits, signed);
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

    /// The lowest `width` bytes of a number, in the machine's order.
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
