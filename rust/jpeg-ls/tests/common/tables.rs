//! C.2.4.1.2 and C.2.4.1.3: mapping tables.

use super::{Grid, segment};

/// A mapping table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingTable {
    /// TID
    pub id: u8,
    /// Wt, the bytes of an entry.
    pub width: u8,
    pub entries: Vec<u16>,
}

impl MappingTable {
    /// The segments of the table: the first `first` entries in one of type 2, and the others in one of type 3.
    pub fn segments(&self, first: usize) -> Vec<u8> {
        let (start, rest) = self.entries.split_at(first.min(self.entries.len()));
        let mut bytes = self.segment(2, start);
        if !rest.is_empty() {
            bytes.extend(self.segment(3, rest));
        }
        bytes
    }

    fn segment(&self, kind: u8, entries: &[u16]) -> Vec<u8> {
        let mut parameters = vec![kind, self.id, self.width];
        for entry in entries {
            let bytes = u64::from(*entry).to_be_bytes();
            parameters.extend(&bytes[8 - usize::from(self.width)..]);
        }
        segment(0xF8, &parameters)
    }

    /// The entries that the samples select.
    pub fn apply(&self, plane: &mut Grid) {
        plane.values.iter_mut().for_each(|sample| *sample = self.entries[usize::from(*sample)]);
    }
}
