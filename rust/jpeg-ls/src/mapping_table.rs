//! C.2.4.1.2 and C.2.4.1.3: mapping tables, which replace decoded samples.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result, Unsupported};
use crate::sample::Sample;
use dicomet_codec::Segment;

/// A mapping table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MappingTable {
    /// Table identifier, TID.
    pub(crate) id: u8,
    /// Bytes of an entry, Wt.
    pub(crate) width: u8,
    entries: Vec<u16>,
}

/// The tables that hold at some place of the codestream.
#[derive(Debug, Clone, Default)]
pub(crate) struct MappingTables(Vec<Arc<MappingTable>>);

impl MappingTables {
    /// C.2.4.1.2: a new table, which replaces one with its identifier.
    pub(crate) fn define(&mut self, segment: &mut Segment<'_>) -> Result<()> {
        let (id, width) = head(segment)?;
        let mut table = MappingTable { id, width, entries: Vec::new() };
        table.append(segment)?;
        self.0.retain(|other| other.id != id);
        self.0.push(Arc::new(table));
        Ok(())
    }

    /// C.2.4.1.3: more entries of a table.
    pub(crate) fn extend(&mut self, segment: &mut Segment<'_>) -> Result<()> {
        let (id, width) = head(segment)?;
        let Some(table) = self.0.iter_mut().find(|table| table.id == id) else {
            return Err(Error::of(segment, ErrorKind::TableMissing { number: id }));
        };
        if table.width != width {
            let expected = "that of the table's first segment";
            return Err(segment.parameter("width of table entries", width, expected).into());
        }
        Arc::make_mut(table).append(segment)
    }

    /// The table of a scan's component, which `number` 0 has not.
    pub(crate) fn get(&self, number: u8, segment: &Segment<'_>) -> Result<Option<Arc<MappingTable>>> {
        if number == 0 {
            return Ok(None);
        }
        let found = self.0.iter().find(|table| table.id == number);
        found.map(|table| Some(Arc::clone(table))).ok_or_else(|| Error::of(segment, ErrorKind::TableMissing { number }))
    }
}

/// TID and Wt.
fn head(segment: &mut Segment<'_>) -> Result<(u8, u8)> {
    let id = segment.u8()?;
    if id == 0 {
        return Err(segment.parameter("mapping table identifier", id, "1 to 255").into());
    }
    let width = segment.u8()?;
    match width {
        0 => Err(segment.parameter("width of table entries", width, "1 to 255").into()),
        1 | 2 => Ok((id, width)),
        _ => Err(Error::of(segment, ErrorKind::Unsupported(Unsupported::MappingTable(width)))),
    }
}

impl MappingTable {
    fn append(&mut self, segment: &mut Segment<'_>) -> Result<()> {
        let bytes = segment.take(segment.rest().len())?;
        if self.width == 1 {
            self.entries.extend(bytes.iter().map(|byte| u16::from(*byte)));
            return Ok(());
        }
        let (pairs, rest) = bytes.as_chunks();
        if !rest.is_empty() {
            let (found, expected) = (bytes.len(), bytes.len() + 1);
            return Err(Error::of(segment, ErrorKind::SegmentLength { found, expected }));
        }
        self.entries.extend(pairs.iter().map(|pair| u16::from_be_bytes(*pair)));
        Ok(())
    }

    /// Replaces samples by their entries.
    pub(crate) fn map<S: Sample>(&self, samples: &[S], out: &mut [S]) -> std::result::Result<(), ErrorKind> {
        for (sample, out) in samples.iter().zip(out) {
            let sample: u16 = (*sample).into();
            let Some(entry) = self.entries.get(usize::from(sample)) else {
                let (number, entries, sample) = (self.id, self.entries.len(), u32::from(sample));
                return Err(ErrorKind::TableTooShort { number, entries, sample });
            };
            *out = S::truncate(*entry);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(tables: &mut MappingTables, continued: bool, parameters: &[u8]) -> Result<()> {
        let bytes = [&[0, parameters.len() as u8 + 2], parameters].concat();
        let mut segment = Segment::new(&bytes, 0).unwrap();
        if continued { tables.extend(&mut segment) } else { tables.define(&mut segment) }
    }

    fn table(tables: &MappingTables, number: u8) -> Result<Option<Arc<MappingTable>>> {
        tables.get(number, &Segment::new(&[0, 2], 0).unwrap())
    }

    #[test]
    fn entries_replace_samples() {
        let mut tables = MappingTables::default();
        apply(&mut tables, false, &[5, 1, 7, 8]).unwrap();
        apply(&mut tables, false, &[6, 2, 1, 2, 3, 4]).unwrap();
        apply(&mut tables, true, &[5, 1, 9]).unwrap();
        let mut out = [0u8; 3];
        let bytes = table(&tables, 5).unwrap().unwrap();
        assert_eq!(bytes.map(&[2u8, 0, 1], &mut out), Ok(()));
        assert_eq!(out, [9, 7, 8]);
        assert_eq!(bytes.map(&[3u8], &mut out), Err(ErrorKind::TableTooShort { number: 5, entries: 3, sample: 3 }));
        let mut out = [0u16; 2];
        table(&tables, 6).unwrap().unwrap().map(&[1u16, 0], &mut out).unwrap();
        assert_eq!(out, [0x304, 0x102]);
        assert_eq!(table(&tables, 0), Ok(None));
        assert!(table(&tables, 7).is_err());
    }

    #[test]
    fn parameters_that_contradict_are_errors() {
        let mut tables = MappingTables::default();
        apply(&mut tables, false, &[5, 2, 7, 8]).unwrap();
        for (continued, parameters) in [
            (false, &[0, 1][..]),
            (false, &[5, 0]),
            (false, &[5]),
            (false, &[5, 2, 1]),
            (true, &[5, 1, 1]),
            (true, &[6, 2, 1, 1]),
        ] {
            assert!(apply(&mut tables, continued, parameters).is_err(), "{parameters:?}");
        }
        let error = apply(&mut tables, false, &[5, 3, 1, 2, 3]).unwrap_err();
        assert_eq!(error.unsupported(), Some(Unsupported::MappingTable(3)));
    }
}
