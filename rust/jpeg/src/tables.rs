//! B.2.4: quantization tables, Huffman tables and the restart interval.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::huffman::HuffmanSpec;
use crate::idct::LANES;
use dicomet_codec::Segment;

/// A quantization table in the order of rows.
pub(crate) type Quantization = [u16; 64];

/// Figure A.6: the place in a block, row by row, of each coefficient in zigzag order.
pub(crate) const NATURAL: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// The place of each coefficient, in zigzag order, in the flattened lanes of eight blocks.
pub(crate) static PLACES: [u16; 64] = {
    let (mut places, mut k) = ([0; 64], 0);
    while k < 64 {
        places[k] = NATURAL[k] as u16 * LANES as u16;
        k += 1;
    }
    places
};

/// The tables that hold at some place of the codestream.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    dc: [Option<Arc<HuffmanSpec>>; 4],
    ac: [Option<Arc<HuffmanSpec>>; 4],
    quantization: [Option<Arc<Quantization>>; 4],
    /// MCUs between restart markers, 0 for none.
    pub(crate) restart_interval: u16,
}

impl Tables {
    /// B.2.4.1: DQT.
    pub(crate) fn define_quantization(&mut self, mut segment: Segment<'_>) -> Result<()> {
        while !segment.is_empty() {
            let (precision, number) = segment.nibbles()?;
            if precision > 1 {
                return Err(segment.parameter("quantization table precision", precision, "0 or 1").into());
            }
            if number > 3 {
                return Err(segment.parameter("quantization table", number, "0 to 3").into());
            }
            let mut table = [0; 64];
            for place in NATURAL {
                table[usize::from(place)] = if precision == 0 { u16::from(segment.u8()?) } else { segment.u16()? };
            }
            self.quantization[usize::from(number)] = Some(Arc::new(table));
        }
        Ok(())
    }

    /// B.2.4.2: DHT.
    pub(crate) fn define_huffman(&mut self, mut segment: Segment<'_>) -> Result<()> {
        while !segment.is_empty() {
            let (class, number) = segment.nibbles()?;
            if class > 1 {
                return Err(segment.parameter("Huffman table class", class, "0 or 1").into());
            }
            if number > 3 {
                return Err(segment.parameter("Huffman table", number, "0 to 3").into());
            }
            let spec = Arc::new(HuffmanSpec::parse(&mut segment)?);
            let tables = if class == 0 { &mut self.dc } else { &mut self.ac };
            tables[usize::from(number)] = Some(spec);
        }
        Ok(())
    }

    /// B.2.4.4: DRI.
    pub(crate) fn define_restart_interval(&mut self, mut segment: Segment<'_>) -> Result<()> {
        self.restart_interval = segment.u16()?;
        Ok(segment.finish()?)
    }

    pub(crate) fn dc(&self, number: u8, offset: usize) -> Result<&HuffmanSpec> {
        defined(&self.dc, "DC Huffman", number, offset).map(AsRef::as_ref)
    }

    pub(crate) fn ac(&self, number: u8, offset: usize) -> Result<&HuffmanSpec> {
        defined(&self.ac, "AC Huffman", number, offset).map(AsRef::as_ref)
    }

    pub(crate) fn quantization(&self, number: u8, offset: usize) -> Result<&Arc<Quantization>> {
        defined(&self.quantization, "quantization", number, offset)
    }
}

fn defined<'a, T>(tables: &'a [Option<T>; 4], table: &'static str, number: u8, offset: usize) -> Result<&'a T> {
    let missing = || Error::new(ErrorKind::TableMissing { table, number }, offset);
    tables.get(usize::from(number)).and_then(Option::as_ref).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zigzag_visits_every_place_along_diagonals() {
        let mut visited = [false; 64];
        for pair in NATURAL.windows(2) {
            let diagonal = |place: u8| place / 8 + place % 8;
            assert!(diagonal(pair[1]) - diagonal(pair[0]) <= 1);
        }
        for place in NATURAL {
            visited[usize::from(place)] = true;
        }
        assert_eq!(visited, [true; 64]);
    }
}
