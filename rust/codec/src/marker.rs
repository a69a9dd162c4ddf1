//! Markers of ISO/IEC 10918-1 (B.1.1) and ISO/IEC 14495-1 (C.1.1), and the search for them.

use std::fmt;

/// The second byte of a marker (ISO/IEC 10918-1, Table B.1; ISO/IEC 14495-1, Table C.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Marker(pub u8);

impl Marker {
    /// Temporary private use in arithmetic coding.
    pub const TEM: Self = Self(0x01);
    /// Start of frame: baseline sequential DCT.
    pub const SOF0: Self = Self(0xC0);
    /// Start of frame: extended sequential DCT.
    pub const SOF1: Self = Self(0xC1);
    /// Start of frame: progressive DCT.
    pub const SOF2: Self = Self(0xC2);
    /// Start of frame: lossless.
    pub const SOF3: Self = Self(0xC3);
    /// Define Huffman tables.
    pub const DHT: Self = Self(0xC4);
    /// Define arithmetic coding conditionings.
    pub const DAC: Self = Self(0xCC);
    /// Restart, the first of eight.
    pub const RST0: Self = Self(0xD0);
    /// Restart, the last of eight.
    pub const RST7: Self = Self(0xD7);
    /// Start of image.
    pub const SOI: Self = Self(0xD8);
    /// End of image.
    pub const EOI: Self = Self(0xD9);
    /// Start of scan.
    pub const SOS: Self = Self(0xDA);
    /// Define quantization tables.
    pub const DQT: Self = Self(0xDB);
    /// Define number of lines.
    pub const DNL: Self = Self(0xDC);
    /// Define restart interval.
    pub const DRI: Self = Self(0xDD);
    /// Define hierarchical progression.
    pub const DHP: Self = Self(0xDE);
    /// Expand reference components.
    pub const EXP: Self = Self(0xDF);
    /// The first of 16 application segments.
    pub const APP0: Self = Self(0xE0);
    /// The application segment of HP's color transforms of JPEG-LS.
    pub const APP8: Self = Self(0xE8);
    /// The application segment that Adobe uses.
    pub const APP14: Self = Self(0xEE);
    /// Start of frame: JPEG-LS.
    pub const SOF55: Self = Self(0xF7);
    /// Parameters of JPEG-LS presets, mapping tables and oversize images.
    pub const LSE: Self = Self(0xF8);
    /// Comment.
    pub const COM: Self = Self(0xFE);

    /// True for RST0 to RST7.
    #[must_use]
    pub fn is_restart(self) -> bool {
        (Self::RST0.0..=Self::RST7.0).contains(&self.0)
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.0;
        match *self {
            Self::TEM => f.write_str("TEM"),
            Self::DHT => f.write_str("DHT"),
            Self::DAC => f.write_str("DAC"),
            Self::SOI => f.write_str("SOI"),
            Self::EOI => f.write_str("EOI"),
            Self::SOS => f.write_str("SOS"),
            Self::DQT => f.write_str("DQT"),
            Self::DNL => f.write_str("DNL"),
            Self::DRI => f.write_str("DRI"),
            Self::DHP => f.write_str("DHP"),
            Self::EXP => f.write_str("EXP"),
            Self::COM => f.write_str("COM"),
            Self(0xC8) => f.write_str("JPG"),
            Self(0xC0..=0xCF) => write!(f, "SOF{}", code & 15),
            Self(0xD0..=0xD7) => write!(f, "RST{}", code & 7),
            Self(0xE0..=0xEF) => write!(f, "APP{}", code & 15),
            Self::SOF55 => f.write_str("SOF55"),
            Self::LSE => f.write_str("LSE"),
            _ => write!(f, "FF{code:02X}"),
        }
    }
}

impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A marker in the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located {
    /// The marker.
    pub marker: Marker,
    /// The offset of the byte FF that precedes the code.
    pub offset: usize,
}

/// The lowest marker code that can follow an FF byte of entropy-coded data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stuffing {
    /// A zero byte follows each FF byte of the data (ISO/IEC 10918-1, B.1.1.5).
    ZeroByte,
    /// A zero bit follows each FF byte of the data (ISO/IEC 14495-1, C.2.3), or bytes up to 8F (ISO/IEC 15444-1, B.10.1).
    ZeroBit,
}

impl Stuffing {
    /// True if `code` after an FF byte makes a marker.
    #[inline]
    #[must_use]
    pub fn is_code(self, code: u8) -> bool {
        match self {
            Self::ZeroByte => code != 0,
            Self::ZeroBit => code >= 0x80,
        }
    }
}

/// Reads the marker at `position`, which any number of fill bytes FF may precede (B.1.1.2).
///
/// Returns none if the byte at `position` is not FF, if stuffed bits follow, or at the end of the data.
#[inline]
#[must_use]
pub fn marker_at(data: &[u8], position: usize, stuffing: Stuffing) -> Option<Located> {
    let rest = data.get(position..)?;
    let fill = rest.iter().position(|&byte| byte != 0xFF)?;
    let code = rest[fill];
    (fill > 0 && stuffing.is_code(code)).then(|| Located { marker: Marker(code), offset: position + fill - 1 })
}

/// Returns the first marker at or after `position`, past entropy-coded bytes and stuffed bits.
#[must_use]
pub fn find_marker(data: &[u8], mut position: usize, stuffing: Stuffing) -> Option<Located> {
    loop {
        position += memchr::memchr(0xFF, data.get(position..)?)?;
        if let Some(found) = marker_at(data, position, stuffing) {
            return Some(found);
        }
        position += 2;
    }
}

/// Returns the first marker at or after `position` that ends a scan: any but RST0 to RST7.
#[must_use]
pub fn find_scan_end(data: &[u8], mut position: usize, stuffing: Stuffing) -> Option<Located> {
    loop {
        let found = find_marker(data, position, stuffing)?;
        if !found.marker.is_restart() {
            return Some(found);
        }
        position = found.offset + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Stuffing::{ZeroBit, ZeroByte};

    #[test]
    fn fill_bytes_precede_a_marker() {
        assert_eq!(marker_at(&[0xFF, 0xFF, 0xD9], 0, ZeroByte), Some(Located { marker: Marker::EOI, offset: 1 }));
        assert_eq!(marker_at(&[0xFF, 0x00, 0xFF, 0xD9], 0, ZeroByte), None);
        assert_eq!(marker_at(&[0xFF, 0xFF], 0, ZeroByte), None);
        assert_eq!(marker_at(&[0xD9], 0, ZeroByte), None);
    }

    #[test]
    fn search_passes_stuffing_and_restarts() {
        let data = [1, 0xFF, 0, 2, 0xFF, 0xD3, 3, 0xFF, 0xFF, 0xDA];
        assert_eq!(find_marker(&data, 0, ZeroByte), Some(Located { marker: Marker(0xD3), offset: 4 }));
        assert_eq!(find_scan_end(&data, 0, ZeroByte), Some(Located { marker: Marker::SOS, offset: 8 }));
        assert_eq!(find_scan_end(&data[..9], 0, ZeroByte), None);
        assert_eq!(find_marker(&data, 99, ZeroByte), None);
    }

    #[test]
    fn search_passes_stuffed_bits() {
        let data = [1, 0xFF, 0x7F, 2, 0xFF, 0, 3, 0xFF, 0xFF, 0xD9];
        assert_eq!(find_marker(&data, 0, ZeroBit), Some(Located { marker: Marker::EOI, offset: 8 }));
        assert_eq!(find_marker(&data, 0, ZeroByte), Some(Located { marker: Marker(0x7F), offset: 1 }));
    }

    #[test]
    fn names_are_those_of_the_tables() {
        let names =
            [0xC0, 0xC4, 0xC8, 0xCC, 0xD7, 0xDD, 0xEE, 0xFE, 0xF7, 0xF8, 0x02].map(|code| Marker(code).to_string());
        assert_eq!(names, ["SOF0", "DHT", "JPG", "DAC", "RST7", "DRI", "APP14", "COM", "SOF55", "LSE", "FF02"]);
    }
}
