//! F.1.1.5.2 and F.2.1.3.1: restart intervals of a scan.

use crate::bits::BitReader;
use crate::error::{Error, ErrorKind, Result};
use crate::warning::Warning;
use dicomet_codec::Marker;

/// The bits of a scan, one restart interval after the other.
pub(crate) struct Intervals<'a> {
    data: &'a [u8],
    pub(crate) reader: BitReader<'a>,
    /// MCUs of an interval, 0 if the scan has only one.
    length: usize,
    /// MCUs left in the current interval.
    left: usize,
    /// RST markers read, modulo 8.
    passed: u8,
    /// Row and column of the first MCU to read.
    pub(crate) start: (usize, usize),
    /// Number of the scan, for errors.
    scan: u32,
    pub(crate) warnings: Vec<Warning>,
}

impl<'a> Intervals<'a> {
    pub(crate) fn new(data: &'a [u8], position: usize, length: u16, scan: u32) -> Self {
        let length = usize::from(length);
        let reader = BitReader::new(data, position);
        Self { data, reader, length, left: length, passed: 0, start: (0, 0), scan, warnings: Vec::new() }
    }

    /// Moves to the interval of an MCU. `restarts` has the offsets of the restart markers.
    pub(crate) fn seek(&mut self, mcu: usize, mcus_wide: usize, restarts: &[usize]) {
        let interval = mcu.checked_div(self.length).unwrap_or_default().min(restarts.len());
        if let Some(restart) = interval.checked_sub(1).and_then(|before| restarts.get(before)) {
            let first = interval * self.length;
            self.start = (first / mcus_wide, first % mcus_wide);
            self.reader = BitReader::new(self.data, restart + 2);
            self.left = self.length;
            self.passed = (interval & 7) as u8;
        }
    }

    /// True if the scan has restart intervals.
    pub(crate) fn has_restarts(&self) -> bool {
        self.length > 0
    }

    /// True if no interval ends within a row of MCUs.
    pub(crate) fn are_whole_rows(&self, mcus_wide: usize) -> bool {
        self.length.is_multiple_of(mcus_wide)
    }

    /// The first MCU of a row to read.
    pub(crate) fn first_column(&self, row: usize) -> usize {
        if row == self.start.0 { self.start.1 } else { 0 }
    }

    /// Starts the next interval if the current one has no MCU left. True if it did: predictions are reset.
    pub(crate) fn restart_if_due(&mut self, row: usize, rows: usize) -> Result<bool> {
        if self.length == 0 || self.left > 0 {
            return Ok(false);
        }
        let position = self.end_interval(row, rows)?;
        let expected = Marker(Marker::RST0.0 + self.passed);
        let found = self.data.get(position..).and_then(<[u8]>::first_chunk);
        if found != Some(&[0xFF, expected.0]) {
            let found = found.map_or("the end of the data".to_owned(), |bytes| Marker(bytes[1]).to_string());
            return Err(self.error(ErrorKind::Restart { found, expected }, position));
        }
        self.passed = (self.passed + 1) & 7;
        self.reader = BitReader::new(self.data, position + 2);
        self.left = self.length;
        Ok(true)
    }

    /// Consumes up to `mcus` MCUs of the current interval, and returns their number.
    pub(crate) fn take(&mut self, mcus: usize) -> usize {
        if self.length == 0 {
            return mcus;
        }
        let taken = mcus.min(self.left);
        self.left -= taken;
        taken
    }

    /// True if the current interval has no MCU left.
    pub(crate) fn is_complete(&self) -> bool {
        self.length > 0 && self.left == 0
    }

    /// An error if the data ended before row `row` of MCUs did. To be called before the samples of the row are used.
    pub(crate) fn check(&self, row: usize, rows: usize) -> Result<()> {
        if self.reader.is_exhausted() {
            return Err(self.error(ErrorKind::DataEndsEarly { row, rows }, self.reader.end().offset));
        }
        Ok(())
    }

    /// The error for data that cannot be decoded; if the data has ended, that is the error.
    pub(crate) fn defect(&self, kind: ErrorKind, row: usize, rows: usize) -> Error {
        self.check(row, rows).err().unwrap_or_else(|| self.error(kind, self.reader.place().0))
    }

    /// The offset of the marker after the current interval, which must be complete.
    pub(crate) fn end_interval(&mut self, row: usize, rows: usize) -> Result<usize> {
        self.check(row, rows)?;
        let end = self.reader.end();
        if end.excess > 0 {
            let (offset, count, padding) = (end.offset as u64, end.excess as u64, end.padding);
            self.warn(Warning::ExcessData { scan: self.scan, offset, count, padding });
        }
        Ok(end.offset)
    }

    /// The offset of the marker that ends the scan. A restart marker after the last interval is passed.
    pub(crate) fn end_scan(&mut self, rows: usize) -> Result<usize> {
        let position = self.end_interval(rows, rows)?;
        match self.data.get(position..).and_then(<[u8]>::first_chunk) {
            Some(&[0xFF, code]) if Marker(code).is_restart() => {
                let (marker, offset) = (Marker(code), position as u64);
                if self.length == 0 || code & 7 != self.passed {
                    let kind = ErrorKind::Syntax { found: marker.to_string(), expected: "the end of the scan" };
                    return Err(self.error(kind, position));
                }
                self.warn(Warning::RestartAfterScan { marker, offset });
                Ok(position + 2)
            }
            _ => Ok(position),
        }
    }

    /// Adds a warning, unless the scan has one of its kind already: thousands would be of no use.
    fn warn(&mut self, warning: Warning) {
        if !self.warnings.iter().any(|other| other.is_like(&warning)) {
            self.warnings.push(warning);
        }
    }

    fn error(&self, kind: ErrorKind, offset: usize) -> Error {
        Error::new(kind, offset).in_scan(self.scan)
    }
}
