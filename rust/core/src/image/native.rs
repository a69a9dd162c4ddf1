//! PS3.5 8.1.1, 8.2: the size of native frames, and the number of them in a value.

use super::{Image, Photometric};
use crate::error::{Error, ErrorKind, Result};
use crate::tag::{BITS_ALLOCATED, COLUMNS, PLANAR_CONFIGURATION};

impl Image {
    /// Bits of a frame in native form (PS3.5 8.1.1, 8.2). Frames follow each other without padding, so a frame need not
    /// start on a byte boundary.
    pub fn native_frame_bits(&self) -> Result<u64> {
        let bits = self.frame_samples() * u64::from(self.bits_allocated);
        if self.photometric != Photometric::YbrFull422 {
            return Ok(bits);
        }
        self.check_subsampling()?;
        Ok(bits / 3 * 2)
    }

    /// Bytes of a frame in native form that stands by itself (PS3.5 A.4.11, A.4.13): the last byte may be incomplete.
    pub fn native_frame_bytes(&self) -> Result<usize> {
        let too_large = |_| Error::new(self.element(), ErrorKind::TooLarge);
        usize::try_from(self.native_frame_bits()?.div_ceil(8)).map_err(too_large)
    }

    /// PS3.3 C.7.6.3.1.2: pairs of pixels in a row share their chrominance samples, so Columns must be even and Planar
    /// Configuration 0.
    fn check_subsampling(&self) -> Result<()> {
        if !self.columns.is_multiple_of(2) {
            let kind = ErrorKind::Value { found: i64::from(self.columns), expected: "an even number for YBR_FULL_422" };
            return Err(Error::new(COLUMNS, kind));
        }
        if self.planar {
            let kind = ErrorKind::Value { found: 1, expected: "0 for YBR_FULL_422" };
            return Err(Error::new(PLANAR_CONFIGURATION, kind));
        }
        if !matches!(self.bits_allocated, 8 | 16 | 32 | 64) {
            let kind = ErrorKind::Value { found: i64::from(self.bits_allocated), expected: "8 or 16 for YBR_FULL_422" };
            return Err(Error::new(BITS_ALLOCATED, kind));
        }
        Ok(())
    }

    /// Returns the start and end of native frame `index`, in bits from the start of the value.
    pub fn native_frame_range(&self, index: u64) -> Result<(u64, u64)> {
        let bits = self.native_frame_bits()?;
        let too_large = || Error::new(self.element(), ErrorKind::TooLarge);
        let start = bits.checked_mul(index).ok_or_else(too_large)?;
        Ok((start, start.checked_add(bits).ok_or_else(too_large)?))
    }

    /// Checks the length of a native value, `found` bytes, against the description. Returns the number of whole frames
    /// that it contains.
    ///
    /// PS3.5 8.1.1: a value of odd length is followed by one padding byte, which may be missing.
    pub fn count_native_frames(&self, found: u64) -> Result<u64> {
        let expected = self.native_bytes()?;
        if found < expected {
            return Err(Error::new(self.element(), ErrorKind::Length { found, expected }));
        }
        self.check_subsampled(found)?;
        let bits = self.native_frame_bits()?;
        Ok(u64::try_from(u128::from(found) * 8 / u128::from(bits)).unwrap_or(u64::MAX))
    }

    /// Refuses a value of `YBR_FULL_422` that is as long as a value without subsampling.
    pub fn check_subsampled(&self, found: u64) -> Result<()> {
        self.check_subsampled_bytes(self.native_bytes().ok(), found)
    }

    /// Refuses a frame of `YBR_FULL_422`, of `found` bytes, that is as long as one without subsampling.
    pub fn check_subsampled_frame(&self, found: u64) -> Result<()> {
        self.check_subsampled_bytes(self.native_frame_bytes().ok().map(|bytes| bytes as u64), found)
    }

    fn check_subsampled_bytes(&self, expected: Option<u64>, found: u64) -> Result<()> {
        let expected = match expected {
            Some(expected) if self.photometric == Photometric::YbrFull422 => expected,
            _ => return Ok(()),
        };
        if found >= expected / 2 * 3 && found > expected + expected % 2 {
            return Err(Error::new(self.element(), ErrorKind::NotSubsampled { found, expected }));
        }
        Ok(())
    }

    /// Bytes of all frames in native form.
    fn native_bytes(&self) -> Result<u64> {
        let bits = u128::from(self.native_frame_bits()?) * u128::from(self.number_of_frames);
        u64::try_from(bits.div_ceil(8)).map_err(|_| Error::new(self.element(), ErrorKind::TooLarge))
    }
}
