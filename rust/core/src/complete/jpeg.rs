//! ISO/IEC 10918-1 with Huffman coding: walks the marker segments, and checks that the scans contain all components.

use super::huffman::Table;
use super::markers::{DHT, DNL, DRI, EOI, Markers, SOI, SOS, Segment};
use super::progressive::Progress;
use super::scan::{self, Part};
use super::{Whole, damaged};
use crate::codestream::Codestream;
use crate::codestream::jpeg::is_frame_header;
use crate::error::{Error, ErrorKind, Result};

/// The coding process, according to the frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Process {
    /// SOF0 and SOF1.
    Sequential,
    /// SOF2.
    Progressive,
    /// SOF3.
    Lossless,
}

impl Process {
    /// Samples along a side of a data unit (10918-1 3.1.34).
    fn unit(self) -> usize {
        if self == Self::Lossless { 1 } else { 8 }
    }
}

/// A component, and which of its data the scans have contained so far.
pub(super) struct Component {
    id: u8,
    /// Horizontal and vertical data units of an MCU (10918-1 A.2.3).
    pub(super) sampling: (usize, usize),
    /// Columns and rows of data units that the image needs, for scans of one component.
    pub(super) own: (usize, usize),
    /// Data units in a row, including those that only complete the last MCU.
    pub(super) stride: usize,
    /// Sequential and lossless: whether a scan has contained this component.
    pub(super) given: bool,
    /// Progressive processes only.
    pub(super) progress: Progress,
}

/// The frame header (10918-1 B.2.2).
pub(super) struct Frame {
    pub(super) process: Process,
    rows: usize,
    pub(super) components: Vec<Component>,
    /// Columns and rows of MCUs, for scans of several components.
    pub(super) units: (usize, usize),
}

/// Huffman tables and restart interval, which stay valid until they are redefined.
#[derive(Default)]
pub(super) struct State {
    pub(super) dc: [Option<Table>; 4],
    pub(super) ac: [Option<Table>; 4],
    pub(super) restart_interval: usize,
    /// Bytes of all scans that belong to no code.
    excess: u64,
}

/// Walks all scans.
pub(super) fn check(frame: &[u8]) -> Result<Whole> {
    let mut markers = Markers::new(frame, 2);
    let mut walk = Walk { frame, header: None, state: State::default(), scans: 0, end: frame.len() };
    while let Some(segment) = markers.next()? {
        if segment.marker == EOI {
            walk.end = segment.start;
            break;
        }
        walk.read(&segment, &mut markers)?;
    }
    walk.finish()
}

struct Walk<'a> {
    frame: &'a [u8],
    header: Option<Frame>,
    state: State,
    /// Scans so far.
    scans: u64,
    /// Where the last scan ends.
    end: usize,
}

impl Walk<'_> {
    fn read(&mut self, segment: &Segment<'_>, markers: &mut Markers<'_>) -> Result<()> {
        let wrong = |what| damaged(what, segment.start);
        match segment.marker {
            SOI if self.header.is_some() => return Err(wrong("a second start of an image")),
            DHT => self.state.define(segment.content).ok_or_else(|| wrong("a wrong Huffman table"))?,
            DRI => {
                let interval = segment.content.first_chunk().ok_or_else(|| wrong("a wrong restart interval"))?;
                self.state.restart_interval = usize::from(u16::from_be_bytes(*interval));
            }
            DNL => {
                let rows = segment.content.first_chunk().map(|rows| usize::from(u16::from_be_bytes(*rows)));
                if self.header.as_ref().is_some_and(|header| Some(header.rows) != rows) {
                    return Err(wrong("another number of lines (DNL) than in the frame header"));
                }
            }
            SOS => self.read_scan(segment, markers)?,
            marker if is_frame_header(marker) && self.header.is_some() => {
                return Err(wrong("a second frame header"));
            }
            marker if is_frame_header(marker) => {
                // The header that has been checked against the data set: memory is allocated by it.
                let checked = Codestream::read(self.frame).ok_or_else(|| Error::pixel_data(ErrorKind::NoCodestream))?;
                let header = Frame::read(marker, segment.content, &checked);
                self.header = Some(header.ok_or_else(|| wrong("a wrong frame header"))??);
            }
            _ => {}
        }
        Ok(())
    }

    fn read_scan(&mut self, segment: &Segment<'_>, markers: &mut Markers<'_>) -> Result<()> {
        let wrong = || damaged("a scan in front of the frame header", segment.start);
        let header = self.header.as_mut().ok_or_else(wrong)?;
        let part = Part::read(segment.content, header, &self.state, segment.start)?;
        let read = scan::walk(&part, self.frame, markers.at, self.scans, header, &self.state)?;
        self.state.excess = self.state.excess.saturating_add(read.excess);
        self.scans += 1;
        (markers.at, self.end) = (read.next, read.end);
        Ok(())
    }

    fn finish(self) -> Result<Whole> {
        let header = self.header.ok_or_else(|| Error::pixel_data(ErrorKind::NoCodestream))?;
        let mut whole = Whole::at(self.frame, self.end);
        if self.state.excess > 0 {
            whole.warnings.push(ErrorKind::ScanExcess { bytes: self.state.excess });
        }
        header.check_given(&mut whole)?;
        Ok(whole)
    }
}

impl Frame {
    /// Returns None for an invalid header, and for other sizes than those of `checked`.
    fn read(marker: u8, content: &[u8], checked: &Codestream) -> Option<Result<Self>> {
        let process = match marker {
            0xC0 | 0xC1 => Process::Sequential,
            0xC2 => Process::Progressive,
            0xC3 => Process::Lossless,
            _ => return None,
        };
        let (&[_, r1, r0, c1, c0, count], components) = content.split_first_chunk()?;
        let components = components.as_chunks::<3>().0.get(..usize::from(count))?;
        let rows = usize::from(u16::from_be_bytes([r1, r0]));
        let columns = usize::from(u16::from_be_bytes([c1, c0]));
        let sampling = |&[_, factors, _]: &[u8; 3]| (usize::from(factors >> 4), usize::from(factors & 0x0F));
        let checked_sampling = checked.components.iter().map(|component| {
            let (h, v) = component.sampling;
            (usize::from(h), usize::from(v))
        });
        let is_checked = (rows, columns) == (checked.rows as usize, checked.columns as usize);
        if !is_checked || !components.iter().map(sampling).eq(checked_sampling) {
            return None;
        }
        if !components.iter().map(sampling).all(|(h, v)| (1..=4).contains(&h) && (1..=4).contains(&v)) {
            return None;
        }
        let most_h = components.iter().map(|component| sampling(component).0).max()?;
        let most_v = components.iter().map(|component| sampling(component).1).max()?;
        let unit = process.unit();
        let units = (columns.div_ceil(unit * most_h), rows.div_ceil(unit * most_v));
        let component = |bytes: &[u8; 3]| {
            let (h, v) = sampling(bytes);
            // A scan of one component has no more data units than the component needs (10918-1 A.2.2).
            let own = ((columns * h).div_ceil(most_h).div_ceil(unit), (rows * v).div_ceil(most_v).div_ceil(unit));
            let blocks = (units.0 * h).saturating_mul(units.1 * v);
            let progress = Progress::new(if process == Process::Progressive { blocks } else { 0 })?;
            Ok(Component { id: bytes[0], sampling: (h, v), own, stride: units.0 * h, given: false, progress })
        };
        let components = components.iter().map(component).collect::<Result<_>>();
        Some(components.map(|components| Self { process, rows, components, units }))
    }

    /// Returns the index of the component with this identifier.
    pub(super) fn find(&self, id: u8) -> Option<usize> {
        self.components.iter().position(|component| component.id == id)
    }

    /// Checks that the scans contain all components. A progressive image with an end marker may be coarser than its
    /// frame header allows; one without may have lost its last scans.
    fn check_given(&self, whole: &mut Whole) -> Result<()> {
        let progressive = self.process == Process::Progressive;
        let given = |component: &&Component| if progressive { component.progress.has_dc() } else { component.given };
        let (found, expected) = (self.components.iter().filter(given).count() as u64, self.components.len() as u64);
        if found != expected {
            return Err(Error::pixel_data(ErrorKind::Components { found, expected }));
        }
        if progressive && !self.components.iter().all(|component| component.progress.is_exact()) {
            if !whole.ended {
                return Err(damaged("the end of the data, before the last scan of a progressive image", whole.end));
            }
            whole.warnings.push(ErrorKind::Unrefined);
        }
        Ok(())
    }
}

impl State {
    /// Reads DHT (10918-1 B.2.4.2).
    fn define(&mut self, mut content: &[u8]) -> Option<()> {
        while let Some((&[class_and_id], rest)) = content.split_first_chunk() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let total = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(total)?;
            let tables = match class_and_id >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return None,
            };
            *tables.get_mut(usize::from(class_and_id & 0x0F))? = Some(Table::new(*counts, symbols)?);
            content = rest;
        }
        Some(())
    }
}
