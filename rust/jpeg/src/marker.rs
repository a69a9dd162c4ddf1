//! B.1.1: marker codes, and the search for markers.

use std::fmt;

/// The second byte of a marker (Table B.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Marker(pub u8);

impl Marker {
    pub(crate) const TEM: Self = Self(0x01);
    pub(crate) const SOF0: Self = Self(0xC0);
    pub(crate) const SOF1: Self = Self(0xC1);
    pub(crate) const SOF2: Self = Self(0xC2);
    pub(crate) const SOF3: Self = Self(0xC3);
    pub(crate) const DHT: Self = Self(0xC4);
    pub(crate) const DAC: Self = Self(0xCC);
    pub(crate) const RST0: Self = Self(0xD0);
    pub(crate) const RST7: Self = Self(0xD7);
    pub(crate) const SOI: Self = Self(0xD8);
    pub(crate) const EOI: Self = Self(0xD9);
    pub(crate) const SOS: Self = Self(0xDA);
    pub(crate) const DQT: Self = Self(0xDB);
    pub(crate) const DNL: Self = Self(0xDC);
    pub(crate) const DRI: Self = Self(0xDD);
    pub(crate) const DHP: Self = Self(0xDE);
    pub(crate) const EXP: Self = Self(0xDF);
    pub(crate) const APP0: Self = Self(0xE0);
    pub(crate) const APP14: Self = Self(0xEE);
    pub(crate) const COM: Self = Self(0xFE);

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
            Self(0xF7) => f.write_str("SOF55"),
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
pub(crate) struct Located {
    pub(crate) marker: Marker,
    /// The offset of the byte FF that precedes the code.
    pub(crate) offset: usize,
}

/// Reads the marker at `position`, which any number of fill bytes FF may precede (B.1.1.2).
///
/// Returns none if the byte at `position` is not FF, if a stuffed zero byte follows, or at the end of the data.
pub(crate) fn marker_at(data: &[u8], position: usize) -> Option<Located> {
    let rest = data.get(position..)?;
    let fill = rest.iter().position(|&byte| byte != 0xFF)?;
    let code = rest[fill];
    (fill > 0 && code != 0).then(|| Located { marker: Marker(code), offset: position + fill - 1 })
}

/// The first marker at or after `position`, past entropy-coded bytes and stuffed zeros.
pub(crate) fn find_marker(data: &[u8], mut position: usize) -> Option<Located> {
    loop {
        position += memchr::memchr(0xFF, data.get(position..)?)?;
        if let Some(found) = marker_at(data, position) {
            return Some(found);
        }
        position += 2;
    }
}

/// The first marker at or after `position` that ends a scan: any but RST0 to RST7.
pub(crate) fn find_scan_end(data: &[u8], mut position: usize) -> Option<Located> {
    loop {
        let found = find_marker(data, position)?;
        if !found.marker.is_restart() {
            return Some(found);
        }
        position = found.offset + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fill_bytes_precede_a_marker() {
        assert_eq!(marker_at(&[0xFF, 0xFF, 0xD9], 0), Some(Located { marker: Marker::EOI, offset: 1 }));
        assert_eq!(marker_at(&[0xFF, 0x00, 0xFF, 0xD9], 0), None);
        assert_eq!(marker_at(&[0xFF, 0xFF], 0), None);
        assert_eq!(marker_at(&[0xD9], 0), None);
    }

    #[test]
    fn search_passes_stuffing_and_restarts() {
        let data = [1, 0xFF, 0, 2, 0xFF, 0xD3, 3, 0xFF, 0xFF, 0xDA];
        assert_eq!(find_marker(&data, 0), Some(Located { marker: Marker(0xD3), offset: 4 }));
        assert_eq!(find_scan_end(&data, 0), Some(Located { marker: Marker::SOS, offset: 8 }));
        assert_eq!(find_scan_end(&data[..9], 0), None);
        assert_eq!(find_marker(&data, 99), None);
    }

    #[test]
    fn names_are_those_of_table_b_1() {
        let names = [0xC0, 0xC4, 0xC8, 0xCC, 0xD7, 0xDD, 0xEE, 0xFE, 0xF7, 0x02].map(|code| Marker(code).to_string());
        assert_eq!(names, ["SOF0", "DHT", "JPG", "DAC", "RST7", "DRI", "APP14", "COM", "SOF55", "FF02"]);
    }
}
