//! C.2: the order of segments, from SOI to EOI.

use crate::error::{Error, ErrorKind, Result, Unsupported};
use crate::frame::{self, ColorTransform, FrameInfo};
use crate::mapping_table::MappingTables;
use crate::presets::Presets;
use crate::scan::{self, ScanHeader};
use dicomet_codec::{Located, Marker, Segment, Stuffing, find_scan_end, marker_at};

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

/// Reads segments, and stores the parameters that they define.
#[derive(Clone)]
pub(crate) struct Parser<'a> {
    data: &'a [u8],
    /// Offset of the next marker.
    pub(crate) position: usize,
    pub(crate) frame: Option<FrameInfo>,
    /// Lines between restart markers, 0 for none.
    pub(crate) restart_interval: u32,
    /// Number of scan headers that have been read.
    pub(crate) scans: u32,
    presets: Presets,
    tables: MappingTables,
    /// Height and width of an LSE segment.
    oversize: Option<(u32, u32)>,
    transform: ColorTransform,
    spiff: bool,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Result<Self> {
        if !data.starts_with(&[0xFF, Marker::SOI.0]) {
            return Err(Error::new(ErrorKind::NotJpeg, 0));
        }
        Ok(Self {
            data,
            position: 2,
            frame: None,
            restart_interval: 0,
            scans: 0,
            presets: Presets::default(),
            tables: MappingTables::default(),
            oversize: None,
            transform: ColorTransform::None,
            spiff: false,
        })
    }

    /// Reads segments to the next scan or the end.
    pub(crate) fn next(&mut self) -> Result<Event> {
        loop {
            let Some(Located { marker, offset }) = self.next_marker()? else { return Ok(Event::EndOfData) };
            self.position = offset + 2;
            if marker == Marker::EOI {
                return Ok(Event::End { end: self.position });
            }
            self.check_allowed(marker, offset)?;
            let in_segment = |error: Error| error.in_segment(marker);
            let mut segment = Segment::new(self.data, self.position).map_err(|error| in_segment(error.into()))?;
            self.position = segment.end();
            if marker == Marker::SOS {
                return self.scan(segment, offset);
            }
            self.define(marker, &mut segment).map_err(in_segment)?;
            if !is_informative(marker) {
                segment.finish().map_err(|error| in_segment(error.into()))?;
            }
        }
    }

    /// The next marker; none at the end of the data.
    fn next_marker(&self) -> Result<Option<Located>> {
        let rest = self.data.get(self.position..).unwrap_or_default();
        if rest.iter().all(|&byte| byte == 0xFF) {
            return Ok(None);
        }
        let found = marker_at(self.data, self.position, Stuffing::ZeroBit);
        let syntax = || ErrorKind::Syntax { found: format!("the byte {:02X}", rest[0]), expected: "a marker" };
        found.map(Some).ok_or_else(|| Error::new(syntax(), self.position))
    }

    fn define(&mut self, marker: Marker, segment: &mut Segment<'a>) -> Result<()> {
        match marker {
            Marker::SOF55 => self.define_frame(segment),
            Marker::LSE => self.define_presets(segment),
            Marker::DNL => self.define_lines(segment),
            Marker::DRI => {
                self.restart_interval = frame::restart_interval(segment)?;
                Ok(())
            }
            Marker::APP8 => self.application_data_8(segment),
            _ => Ok(()),
        }
    }

    /// An error for markers that begin no segment, or none that is decoded (Table C.1).
    fn check_allowed(&self, marker: Marker, offset: usize) -> Result<()> {
        let kind = match marker.0 {
            // A codestream has one frame, whatever its process is.
            code if self.frame.is_some() && (code == Marker::SOF55.0 || is_other_process(code)) => second_frame(),
            code if is_other_process(code) => ErrorKind::Unsupported(Unsupported::Process(marker)),
            0xDA | 0xDC | 0xDD | 0xE0..=0xEF | 0xF7 | 0xF8 | 0xFE => return Ok(()),
            _ => {
                let kind = ErrorKind::Syntax { found: marker.to_string(), expected: "a segment of JPEG-LS or EOI" };
                return Err(Error::new(kind, offset));
            }
        };
        Err(Error::new(kind, offset).in_segment(marker))
    }

    fn define_frame(&mut self, segment: &mut Segment<'a>) -> Result<()> {
        self.frame = Some(frame::parse(segment)?);
        Ok(())
    }

    /// C.2.4.1: LSE.
    fn define_presets(&mut self, segment: &mut Segment<'a>) -> Result<()> {
        let id = segment.u8()?;
        match id {
            1 => {
                self.presets = Presets::parse(segment)?;
                Ok(())
            }
            2 => self.tables.define(segment),
            3 => self.tables.extend(segment),
            4 => self.define_size(segment),
            5..=13 => Err(Error::of(segment, ErrorKind::Unsupported(Unsupported::Extension(id)))),
            _ => Err(segment.parameter("LSE type", id, "1 to 4").into()),
        }
    }

    /// C.2.4.1.4: dimensions of an image with more than 65535 lines or columns.
    fn define_size(&mut self, segment: &mut Segment<'a>) -> Result<()> {
        let bytes = segment.u8()?;
        if !matches!(bytes, 2..=4) {
            return Err(segment.parameter("bytes of a dimension", bytes, "2 to 4").into());
        }
        let bytes = usize::from(bytes);
        let size = (frame::size(segment, bytes)?, frame::size(segment, bytes)?);
        if self.scans > 0 || self.oversize.is_some() {
            let (found, expected) = ("an image size".to_owned(), "one, before the first scan");
            return Err(Error::of(segment, ErrorKind::Syntax { found, expected }));
        }
        self.oversize = Some(size);
        Ok(())
    }

    /// C.2.6: DNL follows the first scan. Its number was read before that scan was decoded; it cannot change.
    fn define_lines(&mut self, segment: &mut Segment<'a>) -> Result<()> {
        let lines = frame::number_of_lines(segment)?;
        let height = self.frame.as_ref().map(|frame| frame.height);
        if self.scans != 1 || height.is_none_or(|height| height != lines) {
            return Err(segment.parameter("number of lines", lines, "that of the frame, after the first scan").into());
        }
        Ok(())
    }

    /// A color transform or a SPIFF header (Annex F of ISO/IEC 10918-3). Other contents have no effect.
    fn application_data_8(&mut self, segment: &mut Segment<'a>) -> Result<()> {
        let rest = segment.rest();
        if rest.starts_with(b"SPIFF\0") {
            self.spiff |= self.scans == 0;
        } else if let [b'm', b'r', b'f', b'x', number] = *rest {
            segment.take(rest.len())?;
            let transforms = [ColorTransform::None, ColorTransform::Hp1, ColorTransform::Hp2, ColorTransform::Hp3];
            let unsupported = || Error::of(segment, ErrorKind::Unsupported(Unsupported::ColorTransform(number)));
            let transform = *transforms.get(usize::from(number)).ok_or_else(unsupported)?;
            if self.scans > 0 && transform != self.transform {
                let (found, expected) = ("a color transform".to_owned(), "none after the first scan");
                return Err(Error::of(segment, ErrorKind::Syntax { found, expected }));
            }
            self.transform = transform;
        }
        Ok(())
    }

    fn scan(&mut self, mut segment: Segment<'a>, marker: usize) -> Result<Event> {
        let (number, data) = (self.scans, self.position);
        if self.frame.is_none() {
            let kind = ErrorKind::Syntax { found: "a scan".to_owned(), expected: "a frame header before it" };
            return Err(Error::new(kind, marker).in_scan(number));
        }
        self.scans += 1;
        if number == 0 {
            self.complete_frame(data)?;
        }
        let Some(frame) = &self.frame else { return Ok(Event::EndOfData) };
        let header = scan::parse(&mut segment, frame, self.presets, &self.tables);
        let header = header.and_then(|header| Ok(segment.finish().map(|()| header)?));
        Ok(Event::Scan { header: header.map_err(|error| error.in_scan(number))?, marker, data })
    }

    /// Adds the parameters of other segments to the frame: those before the first scan, and the number of lines after it.
    fn complete_frame(&mut self, data: usize) -> Result<()> {
        let Some(frame) = &mut self.frame else { return Ok(()) };
        frame.restart_interval = self.restart_interval;
        frame.transform = self.transform;
        frame.spiff = self.spiff;
        let (mut width, mut height) = (frame.width, frame.height);
        if let Some((lines, columns)) = self.oversize {
            height = combined(height, lines, "lines", data)?;
            width = combined(width, columns, "samples per line", data)?;
        }
        if width == 0 {
            let kind = ErrorKind::Parameter { name: "samples per line", found: 0, expected: "at least 1" };
            return Err(Error::new(kind, data).in_segment(Marker::SOF55));
        }
        if height == 0 {
            height = lines_after_scan(self.data, data)?;
        }
        frame.set_size(width, height);
        Ok(())
    }
}

/// The size of the frame header or that of an LSE segment. Either can be absent (0).
fn combined(frame: u32, oversize: u32, name: &'static str, offset: usize) -> Result<u32> {
    match (frame, oversize) {
        (0, size) | (size, 0) => Ok(size),
        (frame, oversize) if frame == oversize => Ok(frame),
        _ => {
            let kind =
                ErrorKind::Parameter { name, found: oversize, expected: "that of the frame header, unless it is 0" };
            Err(Error::new(kind, offset).in_segment(Marker::LSE))
        }
    }
}

/// The number of lines in a DNL segment after the first scan, whose data is at `data`.
fn lines_after_scan(bytes: &[u8], data: usize) -> Result<u32> {
    let missing = || {
        let expected = "DNL after the first scan, as the frame header gives no number of lines";
        Error::new(ErrorKind::EndOfData { expected }, data)
    };
    let found = find_scan_end(bytes, data, Stuffing::ZeroBit).filter(|found| found.marker == Marker::DNL);
    let lines = found.ok_or_else(missing).and_then(|found| {
        let mut segment = Segment::new(bytes, found.offset + 2)?;
        let lines = frame::number_of_lines(&mut segment)?;
        Ok(segment.finish().map(|()| lines)?)
    });
    lines.map_err(|error| error.in_segment(Marker::DNL))
}

fn second_frame() -> ErrorKind {
    ErrorKind::Syntax { found: "another one".to_owned(), expected: "one frame header, before the first scan" }
}

/// True for the frame headers of other processes: those of ISO/IEC 10918-1, and SOF57 of ISO/IEC 14495-2.
fn is_other_process(code: u8) -> bool {
    matches!(code, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF9)
}

/// True for segments whose contents do not influence samples, apart from color transforms.
fn is_informative(marker: Marker) -> bool {
    matches!(marker.0, 0xE0..=0xEF | 0xFE)
}
