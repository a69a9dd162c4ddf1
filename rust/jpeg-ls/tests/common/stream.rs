//! Annex C: the segments of a codestream.

use super::preset::Preset;
use super::scan::{Interleave, Part, encode};
use super::tables::MappingTable;
use super::{Grid, segment, transform};

/// A component of the frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    pub id: u8,
    pub horizontal: usize,
    pub vertical: usize,
}

impl Component {
    /// Components of the size of the image.
    pub fn full_size(count: usize) -> Vec<Self> {
        (1..=count).map(|id| Self { id: id as u8, horizontal: 1, vertical: 1 }).collect()
    }
}

/// Columns and lines of each component.
pub fn sizes(components: &[Component], width: usize, height: usize) -> Vec<(usize, usize)> {
    let horizontal = components.iter().map(|component| component.horizontal).max().unwrap();
    let vertical = components.iter().map(|component| component.vertical).max().unwrap();
    let size = |component: &Component| {
        let width = (width * component.horizontal).div_ceil(horizontal);
        (width, (height * component.vertical).div_ceil(vertical))
    };
    components.iter().map(size).collect()
}

/// Where the size of the image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// In the frame header.
    Frame,
    /// In an LSE segment of type 4 with this number of bytes, before or after the frame header.
    Oversize { bytes: u8, first: bool },
    /// The number of lines follows the first scan.
    Dnl,
}

/// A scan and the segments before it.
#[derive(Debug, Clone)]
pub struct Scan {
    pub components: Vec<usize>,
    pub interleave: Interleave,
    pub near: u8,
    /// Mapping table of each component, 0 for none.
    pub tables: Vec<u8>,
    /// Written before the scan header, and in effect starting at it.
    pub preset: Option<Preset>,
    /// A restart interval in MCU rows, starting at this scan, and the bytes of its number.
    pub restart: Option<(usize, u8)>,
    /// The bit that completes bytes.
    pub pad: u32,
    /// Bytes FF before the marker after the scan.
    pub fill: usize,
}

impl Scan {
    /// A scan with default parameters.
    pub fn new(components: &[usize], interleave: Interleave, near: u8) -> Self {
        let tables = vec![0; components.len()];
        Self { components: components.to_vec(), interleave, near, tables, preset: None, restart: None, pad: 0, fill: 0 }
    }
}

/// What an image is encoded from.
#[derive(Debug, Clone)]
pub struct Stream {
    pub precision: u8,
    pub width: usize,
    pub height: usize,
    pub components: Vec<Component>,
    pub planes: Vec<Grid>,
    pub size: Size,
    /// Segments after SOI.
    pub head: Vec<u8>,
    pub tables: Vec<MappingTable>,
    /// Entries in the first segment of each table.
    pub first_entries: usize,
    /// The number of an HP color transform, 0 for none and no segment.
    pub transform: u8,
    /// Whether LSE segments that apply to the first scan precede the frame header.
    pub preset_first: bool,
    pub scans: Vec<Scan>,
}

/// A codestream and the samples that it has.
pub struct Encoded {
    pub bytes: Vec<u8>,
    /// The samples with mapping tables applied and without color transform.
    pub planes: Vec<Grid>,
}

impl Stream {
    /// An image whose components have its size, in one scan or one for each component.
    pub fn new(precision: u8, planes: Vec<Grid>, interleave: Interleave, near: u8) -> Self {
        let all: Vec<usize> = (0..planes.len()).collect();
        let scans = match interleave {
            Interleave::None => all.iter().map(|component| Scan::new(&[*component], interleave, near)).collect(),
            _ => vec![Scan::new(&all, interleave, near)],
        };
        Self {
            precision,
            width: planes[0].width,
            height: planes[0].height(),
            components: Component::full_size(planes.len()),
            planes,
            size: Size::Frame,
            head: Vec::new(),
            tables: Vec::new(),
            first_entries: usize::MAX,
            transform: 0,
            preset_first: false,
            scans,
        }
    }

    pub fn encode(&self) -> Encoded {
        let mut planes = self.planes.clone();
        if self.transform > 0 {
            transform::forward(&mut planes, self.transform, self.precision);
        }
        let mut bytes = vec![0xFF, 0xD8];
        bytes.extend(self.headers());
        let (mut preset, mut interval) = (Preset::default(), 0);
        for (number, scan) in self.scans.iter().enumerate() {
            if let Some(changed) = scan.preset {
                preset = changed;
                if number > 0 || !self.preset_first {
                    bytes.extend(preset.segment());
                }
            }
            if let Some((lines, size)) = scan.restart {
                interval = lines;
                bytes.extend(segment(0xDD, &(lines as u32).to_be_bytes()[4 - usize::from(size)..]));
            }
            bytes.extend(self.scan_header(scan));
            let effective = preset.effective(self.precision, scan.near.into());
            bytes.extend(self.entropy_coded(scan, &mut planes, effective, interval));
            bytes.extend(vec![0xFF; scan.fill]);
            if number == 0 && self.size == Size::Dnl {
                bytes.extend(segment(0xDC, &(self.height as u16).to_be_bytes()));
            }
        }
        bytes.extend([0xFF, 0xD9]);
        self.map(&mut planes);
        if self.transform > 0 {
            transform::inverse(&mut planes, self.transform, self.precision);
        }
        Encoded { bytes, planes }
    }

    fn entropy_coded(
        &self,
        scan: &Scan,
        planes: &mut [Grid],
        preset: super::preset::Effective,
        interval: usize,
    ) -> Vec<u8> {
        let mut taken: Vec<_> = planes.iter_mut().map(Some).collect();
        let part = |index: &usize| {
            let lines = if scan.components.len() > 1 { self.components[*index].vertical } else { 1 };
            Part { plane: taken[*index].take().unwrap(), lines }
        };
        let mut parts: Vec<_> = scan.components.iter().map(part).collect();
        encode(&mut parts, scan.interleave, preset, interval, scan.pad)
    }

    /// Segments before the first scan.
    fn headers(&self) -> Vec<u8> {
        let mut bytes = self.head.clone();
        if self.transform > 0 {
            bytes.extend(transform::marker(self.transform));
        }
        let preset = self.scans.first().and_then(|scan| scan.preset);
        if let (Some(preset), true) = (preset, self.preset_first) {
            bytes.extend(preset.segment());
        }
        let (width, height) = match self.size {
            Size::Frame => (self.width, self.height),
            Size::Oversize { .. } => (0, 0),
            Size::Dnl => (self.width, 0),
        };
        let frame = frame(self.precision, width, height, &self.components);
        match self.size {
            Size::Oversize { bytes: size, first } => {
                let oversize = oversize(size, self.width, self.height);
                bytes.extend(if first { [oversize, frame] } else { [frame, oversize] }.concat());
            }
            _ => bytes.extend(frame),
        }
        for table in &self.tables {
            bytes.extend(table.segments(self.first_entries));
        }
        bytes
    }

    fn scan_header(&self, scan: &Scan) -> Vec<u8> {
        let ids: Vec<u8> = scan.components.iter().map(|index| self.components[*index].id).collect();
        scan_header(&ids, &scan.tables, scan.near, scan.interleave as u8)
    }

    /// Replaces samples by the entries of their mapping tables.
    fn map(&self, planes: &mut [Grid]) {
        for scan in &self.scans {
            for (index, number) in scan.components.iter().zip(&scan.tables) {
                if let Some(table) = self.tables.iter().find(|table| table.id == *number) {
                    table.apply(&mut planes[*index]);
                }
            }
        }
    }
}

/// C.2.2: the frame header.
pub fn frame(precision: u8, width: usize, height: usize, components: &[Component]) -> Vec<u8> {
    let mut parameters = vec![precision];
    parameters.extend((height as u16).to_be_bytes());
    parameters.extend((width as u16).to_be_bytes());
    parameters.push(components.len() as u8);
    for component in components {
        parameters.extend([component.id, (component.horizontal << 4 | component.vertical) as u8, 0]);
    }
    segment(0xF7, &parameters)
}

/// C.2.3: the scan header.
pub fn scan_header(ids: &[u8], tables: &[u8], near: u8, interleave: u8) -> Vec<u8> {
    let mut parameters = vec![ids.len() as u8];
    for (id, table) in ids.iter().zip(tables) {
        parameters.extend([*id, *table]);
    }
    parameters.extend([near, interleave, 0]);
    segment(0xDA, &parameters)
}

/// C.2.4.1.4: the size of an image in numbers of `bytes` bytes.
pub fn oversize(bytes: u8, width: usize, height: usize) -> Vec<u8> {
    let number = |value: usize| (value as u64).to_be_bytes()[8 - usize::from(bytes)..].to_vec();
    segment(0xF8, &[vec![4, bytes], number(height), number(width)].concat())
}

/// H.5: a SPIFF header with a directory that ends at once, for a color space of three components or one.
pub fn spiff(precision: u8, width: usize, height: usize, components: usize) -> Vec<u8> {
    let color_space = if components == 3 { 10 } else { 8 };
    let mut header = [&b"SPIFF\0\x02\x00\x00"[..], &[components as u8]].concat();
    header.extend([height as u32, width as u32].map(u32::to_be_bytes).as_flattened());
    header.extend([color_space, precision, 6, 1]);
    header.extend([96u32, 96].map(u32::to_be_bytes).as_flattened());
    // The end of the directory contains the SOI of the codestream.
    [segment(0xE8, &header), segment(0xE8, &[0, 0, 0, 1, 0xFF, 0xD8])].concat()
}
