//! ISO/IEC 18181-1 E.4: the coded ICC profile before the first frame, which is skipped.

use jxl_bitstream::Bitstream;
use jxl_coding::Decoder;

use crate::error::{Error, Result};

/// Limit of a profile, coded or not: real ones have up to some megabytes.
const MAX_BYTES: u64 = 16 << 20;
/// Contexts of the entropy code.
const CONTEXTS: u32 = 41;
const PART: &str = "ICC profile";

/// Skips the profile. Its size is checked, because a decoder allocates what the profile itself states.
pub(crate) fn skip(bits: &mut Bitstream<'_>) -> Result<()> {
    let invalid = |error: jxl_coding::Error| Error::invalid(PART, error);
    let coded = bits.read_u64().map_err(|error| Error::invalid(PART, error))?;
    check(coded)?;
    let mut decoder = Decoder::parse(bits, CONTEXTS).map_err(invalid)?;
    decoder.begin(bits).map_err(invalid)?;
    let (mut size, mut before) = (Size::default(), [0u8; 2]);
    for index in 0..coded {
        let symbol = decoder.read_varint(bits, context(index, before)).map_err(invalid)?;
        let byte = u8::try_from(symbol).map_err(|_| Error::invalid(PART, "a symbol that is no byte"))?;
        check(size.push(byte))?;
        before = [byte, before[0]];
    }
    decoder.finalize().map_err(invalid)
}

fn check(found: u64) -> Result<()> {
    if found > MAX_BYTES { Err(Error::Profile { found, expected: MAX_BYTES }) } else { Ok(()) }
}

/// The first number of the coded profile: the size of the profile (E.4.3), in groups of seven bits.
#[derive(Default)]
struct Size {
    value: u64,
    groups: u32,
    complete: bool,
}

impl Size {
    /// Adds a byte, and returns the number as far as it is known.
    fn push(&mut self, byte: u8) -> u64 {
        if !self.complete && self.groups < 9 {
            self.value |= u64::from(byte & 0x7F) << (7 * self.groups);
            self.groups += 1;
            self.complete = byte < 0x80;
        }
        self.value
    }
}

/// The context of a byte, from the last byte and the one before it (E.4.1).
fn context(index: u64, [last, before]: [u8; 2]) -> u32 {
    if index <= 128 {
        return 0;
    }
    let first = match last {
        b'a'..=b'z' | b'A'..=b'Z' => 0,
        b'0'..=b'9' | b'.' | b',' => 1,
        0 | 1 => u32::from(last) + 2,
        2..16 => 4,
        241..=254 => 5,
        255 => 6,
        _ => 7,
    };
    let second = match before {
        b'a'..=b'z' | b'A'..=b'Z' => 0,
        b'0'..=b'9' | b'.' | b',' => 1,
        0..16 => 2,
        241..=255 => 3,
        _ => 4,
    };
    1 + first + 8 * second
}
