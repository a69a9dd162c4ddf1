//! PS3.3 C.11.1.1, C.11.2.1.1: a lookup table of the Modality LUT Sequence or VOI LUT Sequence.

use crate::error::{Error, ErrorKind, Result};
use crate::tag::{LUT_DATA, LUT_DESCRIPTOR};

/// Entries for consecutive input values starting at `first`; lower inputs map to the first entry, higher inputs to the
/// last.
#[derive(Debug, Clone, PartialEq)]
pub struct Lut {
    first: f64,
    entries: Vec<u16>,
    bits: u8,
}

impl Lut {
    /// Creates a table for inputs from `first`, with entries of `bits` bits.
    pub fn new(first: i32, entries: Vec<u16>, bits: u8) -> Result<Self> {
        if !(8..=16).contains(&bits) {
            let kind = ErrorKind::Value { found: i64::from(bits), expected: "8 to 16 bits for each entry" };
            return Err(Error::new(LUT_DESCRIPTOR, kind));
        }
        if entries.is_empty() {
            return Err(Error::new(LUT_DATA, ErrorKind::Value { found: 0, expected: "1 to 65536 entries" }));
        }
        Ok(Self { first: f64::from(first), entries, bits })
    }

    /// Returns the entry for `input`, ignoring its fraction.
    #[must_use]
    #[expect(clippy::cast_sign_loss, reason = "negative numbers and NaN become 0")]
    pub fn at(&self, input: f64) -> u16 {
        let index = (input - self.first) as usize;
        let last = self.entries.len() - 1;
        self.entries.get(index.min(last)).copied().unwrap_or_default()
    }

    /// The largest value an entry may have.
    #[must_use]
    pub fn max_entry(&self) -> u16 {
        u16::MAX >> 16u8.saturating_sub(self.bits)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "exact")]
    use super::*;

    #[test]
    fn inputs_outside_take_the_first_and_the_last_entry() {
        let lut = Lut::new(-2, vec![10, 20, 30], 8).unwrap();
        for (input, entry) in [
            (f64::NEG_INFINITY, 10),
            (-3.0, 10),
            (-2.0, 10),
            (-1.5, 10),
            (-1.0, 20),
            (0.0, 30),
            (0.9, 30),
            (1.0, 30),
            (300.0, 30),
            (f64::INFINITY, 30),
            (f64::NAN, 10),
        ] {
            assert_eq!(lut.at(input), entry, "{input}");
        }
    }

    #[test]
    fn the_highest_entry_is_that_of_the_bits() {
        for (bits, highest) in [(8, 255), (10, 1023), (12, 4095), (16, 65535)] {
            assert_eq!(Lut::new(0, vec![0], bits).unwrap().max_entry(), highest);
        }
    }

    #[test]
    fn invalid_tables_are_refused() {
        for bits in [0, 7, 17, 255] {
            let error = Lut::new(0, vec![0], bits).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("(0028,3002) LUT Descriptor: found {bits}, expected 8 to 16 bits for each entry")
            );
        }
        assert!(Lut::new(0, vec![], 8).is_err());
    }
}
