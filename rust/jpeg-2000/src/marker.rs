//! A.2: marker codes.

use std::fmt;

/// The second byte of a marker (Table A.2, and Table A.1 of ISO/IEC 15444-15).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Marker(pub u8);

impl Marker {
    /// Start of codestream.
    pub const SOC: Self = Self(0x4F);
    /// Extended capabilities.
    pub const CAP: Self = Self(0x50);
    /// Image and tile size.
    pub const SIZ: Self = Self(0x51);
    /// Coding style default.
    pub const COD: Self = Self(0x52);
    /// Coding style component.
    pub const COC: Self = Self(0x53);
    /// Tile-part lengths.
    pub const TLM: Self = Self(0x55);
    /// Packet lengths in the main header.
    pub const PLM: Self = Self(0x57);
    /// Packet lengths in a tile-part header.
    pub const PLT: Self = Self(0x58);
    /// Profile that the codestream corresponds to.
    pub const CPF: Self = Self(0x59);
    /// Quantization default.
    pub const QCD: Self = Self(0x5C);
    /// Quantization component.
    pub const QCC: Self = Self(0x5D);
    /// Region of interest.
    pub const RGN: Self = Self(0x5E);
    /// Progression order change.
    pub const POC: Self = Self(0x5F);
    /// Packed packet headers in the main header.
    pub const PPM: Self = Self(0x60);
    /// Packed packet headers in a tile-part header.
    pub const PPT: Self = Self(0x61);
    /// Component registration.
    pub const CRG: Self = Self(0x63);
    /// Comment.
    pub const COM: Self = Self(0x64);
    /// Start of tile-part.
    pub const SOT: Self = Self(0x90);
    /// Start of packet.
    pub const SOP: Self = Self(0x91);
    /// End of packet header.
    pub const EPH: Self = Self(0x92);
    /// Start of data.
    pub const SOD: Self = Self(0x93);
    /// End of codestream.
    pub const EOC: Self = Self(0xD9);

    /// The name of the standard; none for codes that it does not define.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::SOC => "SOC",
            Self::CAP => "CAP",
            Self::SIZ => "SIZ",
            Self::COD => "COD",
            Self::COC => "COC",
            Self::TLM => "TLM",
            Self::PLM => "PLM",
            Self::PLT => "PLT",
            Self::CPF => "CPF",
            Self::QCD => "QCD",
            Self::QCC => "QCC",
            Self::RGN => "RGN",
            Self::POC => "POC",
            Self::PPM => "PPM",
            Self::PPT => "PPT",
            Self::CRG => "CRG",
            Self::COM => "COM",
            Self::SOT => "SOT",
            Self::SOP => "SOP",
            Self::EPH => "EPH",
            Self::SOD => "SOD",
            Self::EOC => "EOC",
            _ => return None,
        })
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "FF{:02X}", self.0),
        }
    }
}

impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The marker at `position`; none if there is something else.
pub(crate) fn marker_at(data: &[u8], position: usize) -> Option<Marker> {
    match data.get(position..)?.first_chunk()? {
        [0xFF, code] => Some(Marker(*code)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_table_a_2() {
        let names = [0x4F, 0x50, 0x93, 0xD9, 0x30].map(|code| Marker(code).to_string());
        assert_eq!(names, ["SOC", "CAP", "SOD", "EOC", "FF30"]);
    }

    #[test]
    fn a_marker_is_two_bytes() {
        assert_eq!(marker_at(&[1, 0xFF, 0x90], 1), Some(Marker::SOT));
        assert_eq!(marker_at(&[1, 0xFF, 0x90], 0), None);
        assert_eq!(marker_at(&[0xFF], 0), None);
        assert_eq!(marker_at(&[0xFF, 0x90], 9), None);
    }
}
