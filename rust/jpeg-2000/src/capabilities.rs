//! A.5.2, and A.2 of ISO/IEC 15444-15: extended capabilities (CAP).

use dicomet_codec::Segment;

use crate::error::{Error, Result, Unsupported};

/// Pcap: the bit of ISO/IEC 15444-15.
const PART_15: u32 = 1 << (32 - 15);

/// An error if a part is necessary that this crate does not decode.
pub(crate) fn check(mut segment: Segment<'_>) -> Result<()> {
    let parts = segment.u32()?;
    if parts & !PART_15 != 0 {
        let what = Unsupported::Extension("extensions of a part other than ISO/IEC 15444-15 (CAP)");
        return Err(Error::unsupported_at(what, segment.offset()));
    }
    if parts & PART_15 != 0 {
        segment.u16()?;
    }
    Ok(segment.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_part_15_is_decoded() {
        let check = |bytes: &[u8]| check(Segment::new(bytes, 0).unwrap());
        assert_eq!(check(&[0, 8, 0, 2, 0, 0, 0, 0]), Ok(()));
        assert_eq!(check(&[0, 6, 0, 0, 0, 0]), Ok(()));
        assert!(check(&[0, 6, 0, 2, 0, 0]).is_err());
        assert!(check(&[0, 8, 0x40, 0, 0, 0, 0, 0]).unwrap_err().unsupported().is_some());
    }
}
