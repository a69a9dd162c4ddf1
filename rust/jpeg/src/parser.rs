//! B.2: the order of segments, from SOI to EOI.

use crate::error::{Error, ErrorKind, Result, Unsupported};
use crate::frame::{self, FrameInfo, Process};
use crate::marker::{find_scan_end, marker_at};
use crate::scan::{self, ScanHeader};
use crate::tables::Tables;
use dicomet_codec::{Located, Marker, Segment};

/// The next scan, or the end.
#[derive(Debug)]
pub(crate) enum Event {
    /// A scan, whose entropy-coded data begins at `data`.
    Scan { header: ScanHeader, marker: usize, data: usize },
    /// EOI; `end` is the offset of the byte after it.
    End { end: usize },
    /// The data ends where a marker should be.
    EndOfData,
}

/// Reads segments, and stores the tables and parameters that they define.
#[derive(Clone)]
pub(crate) struct Parser<'a> {
    data: &'a [u8],
    /// Offset of the next marker.
    pub(crate) position: usize,
    pub(crate) tables: Tables,
    pub(crate) frame: Option<FrameInfo>,
    /// Number of scan headers that have been read.
    pub(crate) scans: u32,
    jfif: bool,
    adobe_transform: Option<u8>,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Result<Self> {
        if !data.starts_with(&[0xFF, Marker::SOI.0]) {
            return Err(Error::new(ErrorKind::NotJpeg, 0));
        }
        let (tables, frame) = (Tables::default(), None);
        Ok(Self { data, position: 2, tables, frame, scans: 0, jfif: false, adobe_transform: None })
    }

    /// Reads segments to the next scan or the end.
    pub(crate) fn next(&mut self) -> Result<Event> {
        loop {
            let Some(Located { marker, offset }) = self.next_marker()? else { return Ok(Event::EndOfData) };
            self.position = offset + 2;
            match marker {
                Marker::EOI => return Ok(Event::End { end: self.position }),
                Marker::TEM => continue,
                _ => {}
            }
            self.check_single_frame(marker, offset)?;
            check_allowed(marker, offset)?;
            let segment =
                Segment::new(self.data, self.position).map_err(|error| Error::from(error).in_segment(marker))?;
            self.position = segment.end();
            match marker {
                Marker::SOS => return self.scan(segment, offset),
                _ => self.define(marker, segment).map_err(|error| error.in_segment(marker))?,
            }
        }
    }

    /// The next marker; none at the end of the data.
    fn next_marker(&self) -> Result<Option<Located>> {
        let rest = self.data.get(self.position..).unwrap_or_default();
        if rest.iter().all(|&byte| byte == 0xFF) {
            return Ok(None);
        }
        let found = marker_at(self.data, self.position);
        let syntax = || ErrorKind::Syntax { found: format!("the byte {:02X}", rest[0]), expected: "a marker" };
        found.map(Some).ok_or_else(|| Error::new(syntax(), self.position))
    }

    fn define(&mut self, marker: Marker, segment: Segment<'a>) -> Result<()> {
        match marker {
            Marker::SOF0 | Marker::SOF1 | Marker::SOF2 | Marker::SOF3 => self.define_frame(marker, segment),
            Marker::DQT => self.tables.define_quantization(segment),
            Marker::DHT => self.tables.define_huffman(segment),
            Marker::DRI => self.tables.define_restart_interval(segment),
            Marker::DNL => self.define_lines(&segment),
            Marker::APP0 => {
                self.jfif |= segment.rest().len() >= 14 && segment.rest().starts_with(b"JFIF\0");
                Ok(())
            }
            Marker::APP14 => {
                // A shorter one has no transform flag.
                if let Some(transform) = segment.rest().get(11).filter(|_| segment.rest().starts_with(b"Adobe")) {
                    self.adobe_transform = Some(*transform);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// B.2.2: a second frame header is an error, not a kind of JPEG that is not decoded.
    fn check_single_frame(&self, marker: Marker, offset: usize) -> Result<()> {
        let is_frame_header = matches!(marker.0, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF7);
        if self.frame.is_none() || !is_frame_header {
            return Ok(());
        }
        let expected = "one frame header, before the first scan";
        let kind = ErrorKind::Syntax { found: format!("another one, {marker}"), expected };
        Err(Error::new(kind, offset).in_segment(marker))
    }

    fn define_frame(&mut self, marker: Marker, segment: Segment<'a>) -> Result<()> {
        let process = Process::of(marker).map_err(|what| frame::unsupported(what, marker, self.position))?;
        self.frame = Some(frame::parse(segment, process)?);
        Ok(())
    }

    /// B.2.5: DNL follows the first scan. Its number was read before that scan was decoded; it cannot change.
    fn define_lines(&mut self, segment: &Segment<'a>) -> Result<()> {
        let lines = frame::number_of_lines(segment.clone())?;
        let height = self.frame.as_ref().map(|frame| frame.height);
        if self.scans != 1 || height.is_none_or(|height| height != lines) {
            return Err(segment.parameter("number of lines", lines, "that of the frame, after the first scan").into());
        }
        Ok(())
    }

    fn scan(&mut self, segment: Segment<'a>, marker: usize) -> Result<Event> {
        let data = self.position;
        let number = self.scans;
        if self.frame.is_none() {
            let kind = ErrorKind::Syntax { found: "a scan".to_owned(), expected: "a frame header before it" };
            return Err(Error::new(kind, marker).in_scan(number));
        }
        self.scans += 1;
        if number == 0 {
            self.complete_frame(data)?;
        }
        let Some(frame) = &self.frame else { return Ok(Event::EndOfData) };
        let header = scan::parse(segment, frame).map_err(|error| error.in_scan(number))?;
        Ok(Event::Scan { header, marker, data })
    }

    /// Adds the parameters of other segments to the frame: those before the first scan, and the number of lines after it.
    fn complete_frame(&mut self, data: usize) -> Result<()> {
        let Some(frame) = &mut self.frame else { return Ok(()) };
        frame.restart_interval = self.tables.restart_interval;
        frame.jfif = self.jfif;
        frame.adobe_transform = self.adobe_transform;
        if frame.height > 0 {
            return Ok(());
        }
        let missing = || {
            let expected = "DNL after the first scan, as the frame header gives no number of lines";
            Error::new(ErrorKind::EndOfData { expected }, data).in_segment(Marker::DNL)
        };
        let found = find_scan_end(self.data, data).filter(|found| found.marker == Marker::DNL).ok_or_else(missing)?;
        let lines = Segment::new(self.data, found.offset + 2).map_err(Error::from).and_then(frame::number_of_lines);
        frame.height = lines.map_err(|error| error.in_segment(Marker::DNL))?;
        Ok(())
    }
}

/// An error for markers that begin no segment, or none that is decoded.
fn check_allowed(marker: Marker, offset: usize) -> Result<()> {
    match marker.0 {
        0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xDE | 0xDF | 0xF7 => {
            let what = match marker {
                Marker::DHP | Marker::EXP => Unsupported::Hierarchical,
                _ => Process::of(marker).err().unwrap_or(Unsupported::Hierarchical),
            };
            Err(frame::unsupported(what, marker, offset))
        }
        0xC0..=0xC4 | 0xCC | 0xDA..=0xDD | 0xE0..=0xEF | 0xFE => Ok(()),
        _ => {
            let kind = ErrorKind::Syntax { found: marker.to_string(), expected: "a segment or EOI" };
            Err(Error::new(kind, offset))
        }
    }
}
