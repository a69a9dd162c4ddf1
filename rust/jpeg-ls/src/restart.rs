//! C.2.5: restart intervals of a scan.

use crate::bits::{Buffer, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::warning::Warning;
use dicomet_codec::Marker;

/// The bits of a scan, one restart interval after the other.
pub(crate) struct Intervals<'a> {
    data: &'a [u8],
    pub(crate) interval: Interval<'a>,
    /// Lines, or rows of MCUs, of an interval. 0 if the scan has only one.
    length: u32,
    /// Those left in the current interval.
    left: u32,
    /// RST markers read, modulo 8.
    passed: u8,
    /// Number of the scan, for errors.
    scan: u32,
    pub(crate) warnings: Vec<Warning>,
}

impl<'a> Intervals<'a> {
    pub(crate) fn new(data: &'a [u8], interval: Interval<'a>, length: u32, scan: u32) -> Self {
        Self { data, interval, length, left: length, passed: 0, scan, warnings: Vec::new() }
    }

    /// True if the scan has restart intervals.
    pub(crate) fn has_restarts(&self) -> bool {
        self.length > 0
    }

    /// Consumes a line or row of MCUs. If the current interval has none left, starts the next one, and returns true.
    pub(crate) fn advance(&mut self, line: usize, lines: usize, buffer: &mut Buffer) -> Result<bool> {
        if self.length == 0 {
            return Ok(false);
        }
        let restart = self.left == 0;
        if restart {
            self.restart(line, lines, buffer)?;
        }
        self.left -= 1;
        Ok(restart)
    }

    fn restart(&mut self, line: usize, lines: usize, buffer: &mut Buffer) -> Result<()> {
        let position = self.end_interval(line, lines)?;
        let expected = Marker(Marker::RST0.0 + self.passed);
        let found = self.data.get(position..).and_then(<[u8]>::first_chunk);
        if found != Some(&[0xFF, expected.0]) {
            let found = found.map_or("the end of the data".to_owned(), |bytes| Marker(bytes[1]).to_string());
            return Err(self.error(ErrorKind::Restart { found, expected }, position));
        }
        self.passed = (self.passed + 1) & 7;
        self.interval = Interval::new(self.data, position + 2, buffer);
        self.left = self.length;
        Ok(())
    }

    /// An error if the data ended before line `line` did.
    pub(crate) fn check(&self, line: usize, lines: usize) -> Result<()> {
        if self.interval.is_exhausted() {
            return Err(self.error(ErrorKind::DataEndsEarly { line, lines }, self.interval.end().offset));
        }
        Ok(())
    }

    /// The error for data that cannot be decoded; if the data has ended, that is the error.
    pub(crate) fn defect(&self, kind: ErrorKind, line: usize, lines: usize) -> Error {
        self.check(line, lines).err().unwrap_or_else(|| self.error(kind, self.interval.place().0))
    }

    /// The offset of the marker after the current interval, which must be complete.
    fn end_interval(&mut self, line: usize, lines: usize) -> Result<usize> {
        self.check(line, lines)?;
        let end = self.interval.end();
        if end.excess > 0 {
            let (offset, count, padding) = (end.offset as u64, end.excess as u64, end.padding);
            self.warn(Warning::ExcessData { scan: self.scan, offset, count, padding });
        }
        if !end.zero_bits {
            self.warn(Warning::PaddingBits { scan: self.scan, offset: end.offset as u64 });
        }
        Ok(end.offset)
    }

    /// The offset of the marker that ends the scan. A restart marker after the last interval is passed.
    pub(crate) fn end_scan(&mut self, lines: usize) -> Result<usize> {
        let position = self.end_interval(lines, lines)?;
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
