//! Bytes of entropy-coded data, eight at a time.

/// True if any byte of `word` is FF: the usual test for a zero byte, on the complement.
///
/// In the JPEG family, bits are stuffed after an FF byte, and markers begin with one. Where there is none, eight bytes are
/// bits of the data.
#[inline(always)]
#[must_use]
pub fn has_byte_ff(word: u64) -> bool {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    (!word).wrapping_sub(LOW) & word & HIGH != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_byte_of_ones_is_found(word: u64, ones in any::<u8>()) {
            let mut bytes = word.to_be_bytes();
            bytes[usize::from(ones % 8)] = if ones < 128 { 0xFF } else { bytes[0] };
            prop_assert_eq!(has_byte_ff(u64::from_be_bytes(bytes)), bytes.contains(&0xFF));
        }
    }
}
