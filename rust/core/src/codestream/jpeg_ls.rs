//! ISO/IEC 14495-1 C.2: what the headers of JPEG-LS say in addition to those of 10918-1.

use super::jpeg::Colors;
use super::{Codestream, Family};
use dicomet_jpeg_ls::Decoder;

/// The statements of a JPEG-LS codestream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Details {
    /// The application segments about colors.
    pub colors: Colors,
    /// NEAR of the first scan: the largest difference from the original; 0 for lossless.
    pub near: u8,
    /// Interleave mode of the first scan: 0 none, 1 line, 2 sample.
    pub interleave: u8,
    /// Bytes of an entry of the mapping table of the first scan's first component, if it has one.
    pub mapping: Option<u8>,
}

/// C.1.1: the marker of preset parameters.
const LSE: u8 = 0xF8;
/// C.2.4.1.2: the type of LSE that defines a mapping table.
const MAPPING_TABLE: u8 = 2;
/// A bit codes a run of at most 2^15 samples (A.7.1.2), of each of three interleaved components.
pub(super) const MAX_SAMPLES_PER_BYTE: u64 = 8 * (1 << 15) * 3;

/// The marker segments before the data of the first scan.
#[derive(Default)]
pub(super) struct Headers {
    /// The identifiers of mapping tables, and the bytes of their entries.
    tables: Vec<(u8, u8)>,
    details: Details,
}

impl Headers {
    /// Reads LSE and the scan header. Ignores one that is too short, which the decoder refuses.
    pub(super) fn read(&mut self, marker: u8, segment: &[u8]) {
        match (marker, segment) {
            (LSE, [MAPPING_TABLE, table, width, ..]) => self.tables.push((*table, *width)),
            // C.2.3: the components, each with its mapping table, NEAR and ILV.
            (super::jpeg::SOS, [count, rest @ ..]) => {
                let Some((components, &[near, interleave, ..])) = rest.split_at_checked(2 * usize::from(*count)) else {
                    return;
                };
                let mapping = components.get(1).and_then(|selected| {
                    self.tables.iter().rev().find(|(table, _)| table == selected).map(|(_, width)| *width)
                });
                self.details = Details { near, interleave, mapping, ..Details::default() };
            }
            _ => {}
        }
    }

    /// Completes the header, of which the frame header is known.
    pub(super) fn complete(self, header: &mut Codestream, colors: Colors, frame: &[u8]) {
        debug_assert_eq!(header.family, Family::JpegLs);
        header.details = super::Details::JpegLs(Details { colors, ..self.details });
        if let Some(width) = self.details.mapping {
            // Samples are entries of the table.
            header.precision = header.precision.max(width.saturating_mul(8));
            header.components.iter_mut().for_each(|component| component.precision = header.precision);
        }
        if header.rows == 0 || header.columns == 0 {
            // LSE of type 4 or DNL has the size (C.2.4.1.4, C.2.6).
            if let Ok(decoder) = Decoder::new(frame) {
                (header.rows, header.columns) = (decoder.info().height, decoder.info().width);
            }
        }
    }
}
