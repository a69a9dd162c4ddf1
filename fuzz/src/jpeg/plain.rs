//! A plain decoder of ISO/IEC 10918-1: whole segments, one bit and one coefficient at a time, and the whole image in
//! memory. It checks what the entropy-coded data says, and takes header fields as they are.

use super::bits::{Bits, Table, end_of_scan, interval};
use super::scans::{Scan, lossless, progressive, sequential};
use super::streams::model::{dct_pixels, interleave};
use super::streams::sequential::Block;
use super::streams::{Factors, Grid, Shape};

/// What a codestream decodes to.
pub(crate) struct Image {
    /// The samples of each pixel next to each other.
    pub(crate) pixels: Vec<u16>,
}

/// A codestream that this decoder does not accept; the reason.
pub(crate) type Result<T> = std::result::Result<T, &'static str>;

/// The frame header, and what its scans have sent.
pub(crate) struct Frame {
    /// The low nibble of SOF0 to SOF3.
    pub(crate) process: u8,
    pub(crate) precision: u8,
    pub(crate) shape: Shape,
    ids: Vec<u8>,
    quantization: Vec<usize>,
    /// The quantization table of each component's first scan.
    steps: Vec<Option<[u16; 64]>>,
    pub(crate) blocks: Vec<Grid<Block>>,
    pub(crate) samples: Vec<Grid<u16>>,
    /// Left shift of lossless samples.
    pub(crate) point_transforms: Vec<u8>,
}

/// The state between two segments.
#[derive(Default)]
struct Decoder {
    at: usize,
    frame: Option<Frame>,
    /// Tables by class and destination.
    huffman: [[Option<Table>; 4]; 2],
    quantization: [Option<[u16; 64]>; 4],
    restart_interval: usize,
}

/// Decodes a codestream.
pub(crate) fn decode(data: &[u8]) -> Result<Image> {
    let mut decoder = Decoder { at: 2, ..Decoder::default() };
    if !data.starts_with(&[0xFF, 0xD8]) {
        return Err("SOI");
    }
    loop {
        while data.get(decoder.at) == Some(&0xFF) && data.get(decoder.at + 1) == Some(&0xFF) {
            decoder.at += 1;
        }
        match data.get(decoder.at..).unwrap_or_default() {
            [] | [0xFF] | [0xFF, 0xD9, ..] => break,
            [0xFF, 0x01, ..] => decoder.at += 2,
            [0xFF, code, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let segment = data.get(decoder.at + 4..decoder.at + 2 + length).ok_or("segment")?;
                decoder.at += 2 + length;
                decoder.segment(*code, segment, data)?;
            }
            _ => return Err("marker"),
        }
    }
    decoder.frame.ok_or("frame")?.image()
}

impl Decoder {
    fn segment(&mut self, code: u8, mut segment: &[u8], data: &[u8]) -> Result<()> {
        match code {
            0xC0..=0xC3 => self.frame = Some(Frame::new(code & 3, segment)?),
            0xC4 => {
                while let Some((&selector, rest)) = segment.split_first() {
                    let table;
                    (table, segment) = Table::parse(rest).ok_or("DHT")?;
                    let class = self.huffman.get_mut(usize::from(selector >> 4)).ok_or("class")?;
                    *class.get_mut(usize::from(selector & 15)).ok_or("destination")? = Some(table);
                }
            }
            0xDB => {
                while let Some((&selector, rest)) = segment.split_first() {
                    let wide = usize::from(selector >> 4) + 1;
                    let (steps, rest) = rest.split_at_checked(64 * wide).ok_or("DQT")?;
                    let value = |k: usize| {
                        steps[k * wide..][..wide].iter().fold(0, |value, byte| value << 8 | u16::from(*byte))
                    };
                    let table = self.quantization.get_mut(usize::from(selector & 15)).ok_or("destination")?;
                    *table = Some(std::array::from_fn(value));
                    segment = rest;
                }
            }
            0xDD => self.restart_interval = usize::from(u16::from_be_bytes(segment.try_into().map_err(|_| "DRI")?)),
            0xDA => self.scan(segment, data)?,
            _ => {}
        }
        Ok(())
    }

    fn scan(&mut self, header: &[u8], data: &[u8]) -> Result<()> {
        let frame = self.frame.as_mut().ok_or("frame")?;
        if frame.shape.height == 0 {
            frame.set_height(end_of_scan(data, self.at))?;
        }
        let (&count, header) = header.split_first().ok_or("SOS")?;
        let (selectors, parameters) = header.split_at_checked(2 * usize::from(count)).ok_or("SOS")?;
        let [start, end, bits] = *parameters else { return Err("SOS") };
        let mut scan = Scan { components: Vec::new(), tables: Vec::new(), start, end, high: bits >> 4, low: bits & 15 };
        for selector in selectors.as_chunks::<2>().0 {
            let component = frame.ids.iter().position(|id| *id == selector[0]).ok_or("component")?;
            let table = |class: usize, number: u8| self.huffman[class].get(usize::from(number)).cloned().flatten();
            scan.components.push(component);
            scan.tables.push([table(0, selector[1] >> 4), table(1, selector[1] & 15)]);
            if frame.steps[component].is_none() {
                frame.steps[component] = self.quantization[frame.quantization[component]];
            }
        }
        let mcus = frame.shape.scan_order(&scan.components);
        let length = if self.restart_interval == 0 { mcus.len() } else { self.restart_interval };
        for (number, mcus) in mcus.chunks(length).enumerate() {
            let restart = 0xD0 | (number as u8).wrapping_sub(1) & 7;
            if number > 0 && !take_marker(data, &mut self.at, restart) {
                return Err("restart marker");
            }
            let bytes;
            (bytes, self.at) = interval(data, self.at);
            let mut bits = Bits::new(bytes);
            match frame.process {
                2 => progressive(frame, &scan, mcus, &mut bits),
                3 => lossless(frame, &scan, mcus, &mut bits),
                _ => sequential(frame, &scan, mcus, &mut bits),
            }?;
        }
        // One restart marker after the last interval is tolerated.
        if self.restart_interval > 0 {
            take_marker(data, &mut self.at, 0xD0 | (mcus.len().div_ceil(length) as u8).wrapping_sub(1) & 7);
        }
        Ok(())
    }
}

/// Passes the marker at `at` if it has this code.
fn take_marker(data: &[u8], at: &mut usize, code: u8) -> bool {
    let found = data.get(*at..).is_some_and(|rest| rest.starts_with(&[0xFF, code]));
    *at += 2 * usize::from(found);
    found
}

impl Frame {
    fn new(process: u8, segment: &[u8]) -> Result<Self> {
        let [precision, y1, y0, x1, x0, count, rest @ ..] = segment else { return Err("SOF") };
        let [height, width] = [[*y1, *y0], [*x1, *x0]].map(|bytes| usize::from(u16::from_be_bytes(bytes)));
        let parameters = rest.as_chunks::<3>().0;
        if parameters.len() != usize::from(*count) {
            return Err("SOF");
        }
        let factors = parameters.iter().map(|[_, factors, _]| Factors {
            horizontal: if *count == 1 { 1 } else { usize::from(factors >> 4) },
            vertical: if *count == 1 { 1 } else { usize::from(factors & 15) },
        });
        let unit = if process == 3 { 1 } else { 8 };
        let mut frame = Self {
            process,
            precision: *precision,
            shape: Shape { width, height, unit, factors: factors.collect() },
            ids: parameters.iter().map(|[id, ..]| *id).collect(),
            quantization: parameters.iter().map(|[.., table]| usize::from(*table)).collect(),
            steps: vec![None; parameters.len()],
            blocks: Vec::new(),
            samples: Vec::new(),
            point_transforms: vec![0; parameters.len()],
        };
        if height > 0 {
            frame.allocate();
        }
        Ok(frame)
    }

    /// B.2.5: the number of lines in a DNL segment.
    fn set_height(&mut self, segment: &[u8]) -> Result<()> {
        let [0xFF, 0xDC, 0, 4, high, low, ..] = segment else { return Err("DNL") };
        self.shape.height = usize::from(u16::from_be_bytes([*high, *low]));
        self.allocate();
        Ok(())
    }

    fn allocate(&mut self) {
        let sizes: Vec<_> = (0..self.ids.len()).map(|component| self.shape.padded(component)).collect();
        if self.process == 3 {
            self.samples = sizes.into_iter().map(|(width, height)| Grid::new(width, height, |_, _| 0)).collect();
        } else {
            self.blocks = sizes.into_iter().map(|(width, height)| Grid::new(width, height, |_, _| [0; 64])).collect();
        }
    }

    fn image(self) -> Result<Image> {
        let pixels = if self.process == 3 {
            let mask = if self.precision <= 8 { 0xFF } else { 0xFFFF };
            let shifted = self.samples.iter().zip(&self.point_transforms).map(|(grid, shift)| {
                let values = grid.values.iter().map(|sample| (sample << shift) & mask).collect();
                Grid { width: grid.width, values }
            });
            interleave(&self.shape, &shifted.collect::<Vec<_>>(), false)
        } else {
            let steps: Option<Vec<_>> = self.steps.into_iter().collect();
            dct_pixels(&self.shape, &self.blocks, &steps.ok_or("quantization table")?, self.precision)
        };
        Ok(Image { pixels })
    }
}
