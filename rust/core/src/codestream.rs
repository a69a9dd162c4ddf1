//! The headers of JPEG codestreams (PS3.5 A.4.1, A.4.3, A.4.4), read before a codec is called.
//!
//! ISO/IEC 10918-1 B.2.2 and 14495-1 C.2.2 (frame header), 15444-1 A.5.1 (SIZ).

use crate::error::{Error, Problem, Result};
use crate::image::Image;

/// Which standard a codestream follows, by its frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// ISO/IEC 10918-1 with Huffman coding: sequential, progressive (SOF0 to SOF2) and lossless (SOF3).
    Jpeg,
    /// ISO/IEC 10918-1, hierarchical or with arithmetic coding, which only retired transfer syntaxes have.
    OtherJpeg,
    /// ISO/IEC 14495-1: SOF55.
    JpegLs,
    /// ISO/IEC 15444-1 and 15444-15: SIZ.
    Jpeg2000,
}

impl Family {
    /// As messages name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG with Huffman coding",
            Self::OtherJpeg => "hierarchical or arithmetic JPEG",
            Self::JpegLs => "JPEG-LS",
            Self::Jpeg2000 => "JPEG 2000",
        }
    }
}

/// What a codestream says of its image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codestream {
    /// The standard that it follows.
    pub family: Family,
    /// Lines; 0 where only a later marker (DNL) gives them, which is refused: the codec would decide on the size.
    pub rows: u32,
    /// Samples per line.
    pub columns: u32,
    /// Components.
    pub components: u16,
    /// Bits of a sample.
    pub precision: u8,
    /// JPEG 2000 only: samples are signed.
    pub signed: bool,
    /// As many samples as a byte can give at most, where there is such a number: there is none for arithmetic coding, the
    /// runs of JPEG-LS and the empty packets of JPEG 2000.
    pub samples_for_a_byte: Option<u64>,
}

/// ISO/IEC 10918-1 F.1.2, G.1.2: a block of 64 samples takes a bit at least, and with subsampling a pixel's samples
/// share theirs; twice as many to be safe.
const DCT_SAMPLES_FOR_A_BYTE: u64 = 2 * 8 * 64 * 3;
/// ISO/IEC 10918-1 H.1.2.2: a sample takes a bit at least; more, because decoders make up what is missing at the end.
const LOSSLESS_SAMPLES_FOR_A_BYTE: u64 = 64;

impl Codestream {
    /// Reads the first header of `frame`; none where it is neither JPEG nor JPEG 2000.
    #[must_use]
    pub fn read(frame: &[u8]) -> Option<Self> {
        if frame.starts_with(&[0xFF, 0xD8]) { Self::read_jpeg(frame) } else { Self::read_jpeg2000(frame) }
    }

    fn read_jpeg(frame: &[u8]) -> Option<Self> {
        let mut rest = frame.get(2..)?;
        loop {
            let start = rest.iter().position(|&byte| byte != 0xFF)?;
            let marker = rest[start];
            rest = &rest[start + 1..];
            // TEM, RST0 to RST7 and SOI have no segment (ISO/IEC 10918-1 B.1.1.3).
            if matches!(marker, 0x00 | 0x01 | 0xD0..=0xD8) {
                continue;
            }
            let length = usize::from(u16::from_be_bytes(*rest.first_chunk()?));
            let segment = rest.get(2..length.max(2))?;
            match marker {
                // SOF0 to SOF15 without DHT, JPG and DAC, and SOF55 of JPEG-LS
                0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF7 => {
                    return Self::frame_header(marker, segment);
                }
                0xDA => return None,
                _ => rest = &rest[length.max(2)..],
            }
        }
    }

    fn frame_header(marker: u8, segment: &[u8]) -> Option<Self> {
        let (family, samples_for_a_byte) = match marker {
            0xC0..=0xC2 => (Family::Jpeg, Some(DCT_SAMPLES_FOR_A_BYTE)),
            0xC3 => (Family::Jpeg, Some(LOSSLESS_SAMPLES_FOR_A_BYTE)),
            0xF7 => (Family::JpegLs, None),
            _ => (Family::OtherJpeg, None),
        };
        let &[precision, r1, r0, c1, c0, components] = segment.first_chunk()?;
        Some(Self {
            family,
            rows: u32::from(u16::from_be_bytes([r1, r0])),
            columns: u32::from(u16::from_be_bytes([c1, c0])),
            components: u16::from(components),
            precision,
            signed: false,
            samples_for_a_byte,
        })
    }

    fn read_jpeg2000(frame: &[u8]) -> Option<Self> {
        const SOC_SIZ: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
        // A JP2 file around the codestream is not allowed, but occurs.
        let start = frame.windows(4).position(|bytes| bytes == SOC_SIZ)?;
        let siz = frame.get(start + 8..start + 43)?;
        let word = |at: usize| siz.get(at..at + 4).and_then(|b| Some(u32::from_be_bytes(*b.first_chunk()?)));
        let depth = siz[34];
        Some(Self {
            family: Family::Jpeg2000,
            rows: word(4)?.saturating_sub(word(12)?),
            columns: word(0)?.saturating_sub(word(8)?),
            components: u16::from_be_bytes([siz[32], siz[33]]),
            precision: (depth & 0x7F) + 1,
            signed: depth & 0x80 != 0,
            samples_for_a_byte: None,
        })
    }

    /// Reads the header of `frame` and checks it against the transfer syntax and the description, so that no codec is asked for another image
    /// than the result has room for, nor for what only a codec knows.
    pub fn check(frame: &[u8], family: Family, image: &Image) -> Result<Self> {
        if frame.is_empty() {
            return Err(Error::pixel_data(Problem::Length { found: 0, expected: 1 }));
        }
        let codestream = Self::read(frame).ok_or_else(|| Error::pixel_data(Problem::NoCodestream))?;
        if codestream.family != family {
            let problem = Problem::Family { found: codestream.family.name(), expected: family.name() };
            return Err(Error::pixel_data(problem));
        }
        codestream.agrees_with(image)?;
        let (found, expected) = (frame.len() as u64, image.frame_samples());
        if codestream.samples_for_a_byte.is_some_and(|most| found.saturating_mul(most) < expected) {
            return Err(Error::pixel_data(Problem::Implausible { found, expected }));
        }
        Ok(codestream)
    }

    fn agrees_with(&self, image: &Image) -> Result<()> {
        let pairs = [
            ("Rows", self.rows as usize, image.rows()),
            ("Columns", self.columns as usize, image.columns()),
            ("components", usize::from(self.components), image.samples_per_pixel()),
        ];
        for (what, found, expected) in pairs {
            if found != expected {
                let problem = Problem::Codestream { what, found: found as u64, expected: expected as u64 };
                return Err(Error::pixel_data(problem));
            }
        }
        if usize::from(self.precision.div_ceil(8)) > image.sample_bytes() {
            let expected = u64::from(image.bits_allocated());
            let problem = Problem::Codestream { what: "sample bits", found: u64::from(self.precision), expected };
            return Err(Error::pixel_data(problem));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Attributes, PixelElement};
    use proptest::prelude::*;

    #[test]
    fn jpeg_header_behind_other_segments() {
        let frame =
            [&[0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2][..], &[0xFF, 0xFF, 0xC1, 0, 11, 12, 1, 0, 2, 3, 1, 1, 0x11, 0]]
                .concat();
        let expected = Codestream {
            family: Family::Jpeg,
            rows: 256,
            columns: 515,
            components: 1,
            precision: 12,
            signed: false,
            samples_for_a_byte: Some(3072),
        };
        assert_eq!(Codestream::read(&frame), Some(expected));
    }

    fn attributes(rows: i64) -> Attributes {
        Attributes {
            rows,
            columns: 64,
            samples_per_pixel: 1,
            number_of_frames: 1,
            bits_allocated: 8,
            bits_stored: 8,
            high_bit: None,
            pixel_representation: 0,
            planar_configuration: 0,
            photometric_interpretation: "MONOCHROME2".to_owned(),
            element: PixelElement::PixelData,
        }
    }

    #[test]
    fn a_large_image_in_few_bytes() {
        for (marker, most) in [(0xC0, Some(48 * 15)), (0xC2, Some(48 * 15)), (0xC3, Some(15)), (0xF7, None)] {
            let check = |rows: u16| {
                let [r1, r0] = rows.to_be_bytes();
                let frame = [0xFF, 0xD8, 0xFF, marker, 0, 9, 8, r1, r0, 0, 64, 1, 0, 0, 0];
                let family = if marker == 0xF7 { Family::JpegLs } else { Family::Jpeg };
                Codestream::check(&frame, family, &Image::new(&attributes(i64::from(rows))).unwrap())
            };
            assert!(check(most.unwrap_or(65535)).is_ok());
            if let Some(most) = most {
                let expected = (u64::from(most) + 1) * 64;
                assert_eq!(check(most + 1), Err(Error::pixel_data(Problem::Implausible { found: 15, expected })));
            }
        }
    }

    #[test]
    fn only_the_codestreams_of_the_transfer_syntax() {
        let image = Image::new(&attributes(2)).unwrap();
        let all = [Family::Jpeg, Family::OtherJpeg, Family::JpegLs, Family::Jpeg2000];
        for (marker, found) in [(0xC1, all[0]), (0xC5, all[1]), (0xC9, all[1]), (0xCF, all[1]), (0xF7, all[2])] {
            let frame = [0xFF, 0xD8, 0xFF, marker, 0, 9, 8, 0, 2, 0, 64, 1, 0, 0, 0];
            for expected in all {
                let checked = Codestream::check(&frame, expected, &image).map(|codestream| codestream.family);
                let wrong = Error::pixel_data(Problem::Family { found: found.name(), expected: expected.name() });
                assert_eq!(checked, if found == expected { Ok(found) } else { Err(wrong) });
            }
        }
    }

    #[test]
    fn jpeg2000_header() {
        let mut frame = vec![0xFF, 0x4F, 0xFF, 0x51, 0, 41, 0, 0];
        for word in [130u32, 70, 2, 6, 130, 70, 0, 0] {
            frame.extend(word.to_be_bytes());
        }
        frame.extend([0, 1, 0x8B, 1, 1]);
        let expected = Codestream {
            family: Family::Jpeg2000,
            rows: 64,
            columns: 128,
            components: 1,
            precision: 12,
            signed: true,
            samples_for_a_byte: None,
        };
        assert_eq!(Codestream::read(&frame), Some(expected));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_not(jpeg: bool, bytes in prop::collection::vec(prop_oneof![Just(0xFFu8), any::<u8>()], 0..80)) {
            let start: &[u8] = if jpeg { &[0xFF, 0xD8] } else { &[0xFF, 0x4F, 0xFF, 0x51] };
            let _ = Codestream::read(&[start, &bytes].concat());
        }
    }
}
