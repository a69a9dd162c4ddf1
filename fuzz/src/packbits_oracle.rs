//! PS3.5 G.3.2, byte by byte: the plain decoder that `dicomet_core::rle` is compared with.

/// The result of unpacking a segment into limited space.
pub struct Unpacked {
    /// The unpacked bytes.
    pub bytes: Vec<u8>,
    /// Bytes of the segment that were read.
    pub read: usize,
    /// Bytes of the last run, according to its header, that did not fit.
    pub excess: usize,
}

/// Unpacks until there are `room` bytes, or the segment ends.
#[must_use]
pub fn unpack(segment: &[u8], room: usize) -> Unpacked {
    let mut unpacked = Unpacked { bytes: Vec::new(), read: 0, excess: 0 };
    while unpacked.bytes.len() < room && unpacked.read < segment.len() {
        let header = segment[unpacked.read];
        unpacked.read += 1;
        let count = match header {
            0..=127 => usize::from(header) + 1,
            128 => 0,
            129..=255 => 257 - usize::from(header),
        };
        let packed = if header < 128 { count } else { usize::from(header > 128) };
        let before = unpacked.bytes.len();
        for number in 0..count {
            let from = if header < 128 { unpacked.read + number } else { unpacked.read };
            if let (Some(byte), true) = (segment.get(from), unpacked.bytes.len() < room) {
                unpacked.bytes.push(*byte);
            }
        }
        unpacked.excess = (before + count).saturating_sub(room);
        unpacked.read = segment.len().min(unpacked.read + packed);
    }
    unpacked
}
