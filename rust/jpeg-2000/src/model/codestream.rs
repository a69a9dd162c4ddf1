//! Annex A: the codestream.

use super::geometry::Area;
use super::image::{Change, Image, Model, Numbers, Packed};
use super::packets::{CodedTile, Packet, magnitude_bits};
use super::wavelet::{Plane, transform};

/// A marker segment.
fn segment(code: u8, contents: &[u8]) -> Vec<u8> {
    [&[0xFF, code][..], &(contents.len() as u16 + 2).to_be_bytes(), contents].concat()
}

impl Model {
    /// Encodes an image.
    pub(crate) fn encode(&self, image: &Image) -> Vec<u8> {
        self.encode_layers(image, self.layers)
    }

    /// Encodes an image, without packets of layers from `layers` onward.
    pub(crate) fn encode_layers(&self, image: &Image, layers: u32) -> Vec<u8> {
        let mut numbers = Numbers(!self.seed);
        let count = self.tiles().0 * self.tiles().1;
        let mut tiles: Vec<Vec<Packet>> = Vec::new();
        for number in 0..count {
            let area = self.tile_area(number);
            let planes = self.planes(image, area);
            tiles.push(CodedTile::new(self, area, &planes, &mut numbers).packets(layers));
        }
        let parts = self.tile_parts(tiles, &mut numbers);
        let mut stream = self.main_header();
        if self.packed == Packed::Main {
            let headers =
                |packets: &Vec<Packet>| packets.iter().flat_map(|packet| packet.header.clone()).collect::<Vec<_>>();
            let all = parts.iter().flat_map(|(_, packets)| {
                let headers = headers(packets);
                [&(headers.len() as u32).to_be_bytes()[..], &headers].concat()
            });
            self.packed_segments(0x60, &all.collect::<Vec<_>>(), 0, &mut numbers, &mut stream);
        }
        let mut written = vec![0u8; count as usize];
        let mut headers = vec![0usize; count as usize];
        for (tile, packets) in &parts {
            let total = parts.iter().filter(|(other, _)| other == tile).count();
            self.tile_part(*tile, &mut written[*tile], total, packets, &mut headers[*tile], &mut numbers, &mut stream);
        }
        stream.extend([0xFF, 0xD9]);
        stream
    }

    /// The components of a tile after the level shift and the component transformation.
    pub(crate) fn planes(&self, image: &Image, tile: Area) -> Vec<Plane> {
        let mut planes: Vec<_> = self
            .components
            .iter()
            .zip(&image.planes)
            .map(|(component, samples)| {
                let [x0, y0, x1, _] = component.area(self.area.map(i64::from));
                let shift = if component.signed { 0 } else { 1 << (component.precision - 1) };
                Plane::new(component.area(tile), |x, y| samples[((y - y0) * (x1 - x0) + x - x0) as usize] - shift)
            })
            .collect();
        if self.transform {
            for place in 0..planes[0].values.len() {
                let values = transform([0, 1, 2].map(|index| planes[index].values[place]));
                for (plane, value) in planes.iter_mut().zip(values) {
                    plane.values[place] = value;
                }
            }
        }
        planes
    }

    /// Tile-parts of `part` packets, of the tiles in turn.
    fn tile_parts(&self, tiles: Vec<Vec<Packet>>, numbers: &mut Numbers) -> Vec<(usize, Vec<Packet>)> {
        let mut rest: Vec<_> = tiles.into_iter().map(|packets| packets.into_iter().peekable()).collect();
        let mut parts = Vec::new();
        let mut round = 0;
        while round == 0 || rest.iter_mut().any(|packets| packets.peek().is_some()) {
            for (tile, packets) in rest.iter_mut().enumerate() {
                // At most 255 tile-parts of a tile.
                let count = if round > 150 { usize::MAX } else { self.part + numbers.below(3) as usize };
                let part: Vec<_> = packets.take(count).collect();
                if round == 0 || !part.is_empty() {
                    parts.push((tile, part));
                }
            }
            round += 1;
        }
        parts
    }

    fn main_header(&self) -> Vec<u8> {
        let mut stream = vec![0xFF, 0x4F];
        let [x0, y0, x1, y1] = self.area;
        let [tx, ty, width, height] = self.tile;
        let mut siz = vec![0, 0];
        siz.extend([x1, y1, x0, y0, width, height, tx, ty].iter().flat_map(|value| value.to_be_bytes()));
        siz.extend((self.components.len() as u16).to_be_bytes());
        for component in &self.components {
            siz.extend([
                component.precision - 1 | u8::from(component.signed) << 7,
                component.dx as u8,
                component.dy as u8,
            ]);
        }
        stream.extend(segment(0x51, &siz));
        // The default is that of the last component, which needs no segment of its own.
        let last = self.components.len() - 1;
        let flags = 1 | u8::from(self.sop) << 1 | u8::from(self.eph) << 2;
        let [high, low] = (self.layers as u16).to_be_bytes();
        let style = self.component_style(last);
        stream.extend(segment(
            0x52,
            &[&[flags, self.progression, high, low, u8::from(self.transform)][..], &style].concat(),
        ));
        stream.extend(segment(0x5C, &self.quantization(last)));
        for index in 0..last {
            let number = index as u8;
            stream.extend(segment(0x53, &[&[number, 1][..], &self.component_style(index)].concat()));
            stream.extend(segment(0x5D, &[&[number][..], &self.quantization(index)].concat()));
        }
        for (index, component) in self.components.iter().enumerate().filter(|(_, component)| component.roi_shift > 0) {
            stream.extend(segment(0x5E, &[index as u8, 0, component.roi_shift as u8]));
        }
        if !self.changes.0.is_empty() && !self.changes.1 {
            stream.extend(segment(0x5F, &changes(&self.changes.0)));
        }
        stream.extend([0xFF, 0x30]);
        stream.extend(segment(0x64, b"\0\x01a test"));
        stream
    }

    fn component_style(&self, index: usize) -> Vec<u8> {
        let component = &self.components[index];
        let (width, height) = (component.block.0 as u8 - 2, component.block.1 as u8 - 2);
        let mut style = vec![component.levels as u8, width, height, self.style.0, 1];
        style.extend((0..=component.levels).map(|resolution| {
            let (x, y) = component.precinct_at(resolution);
            (x | y << 4) as u8
        }));
        style
    }

    /// Mb = 2 + exponent - 1 for all subbands.
    fn quantization(&self, index: usize) -> Vec<u8> {
        let exponent = magnitude_bits(self, index) as u8 - 1;
        let mut bytes = vec![2 << 5];
        bytes.extend((0..=3 * self.components[index].levels).map(|_| exponent << 3));
        bytes
    }

    /// PPM or PPT: packet headers in segments of any length, in any order, with indices from `first`. Returns the next index.
    fn packed_segments(
        &self,
        code: u8,
        headers: &[u8],
        first: usize,
        numbers: &mut Numbers,
        stream: &mut Vec<u8>,
    ) -> usize {
        // A tile has 256 indices for its 152 tile-parts.
        let most = if first < 100 { 3 } else { 1 };
        let size = (headers.len() / most + 1).max(40) + numbers.below(9) as usize;
        let mut segments: Vec<_> = headers.chunks(size).enumerate().collect();
        let count = segments.len();
        segments.rotate_left(numbers.below(count.max(1) as u64) as usize);
        for (index, part) in segments {
            let index = u8::try_from(first + index).expect("there are indices for all segments");
            stream.extend(segment(code, &[&[index][..], part].concat()));
        }
        first + count
    }

    fn tile_part(
        &self,
        tile: usize,
        number: &mut u8,
        total: usize,
        packets: &[Packet],
        packed: &mut usize,
        numbers: &mut Numbers,
        stream: &mut Vec<u8>,
    ) {
        let mut header = Vec::new();
        if *number == 0 && !self.changes.0.is_empty() && self.changes.1 {
            header.extend(segment(0x5F, &changes(&self.changes.0)));
        }
        if self.packed == Packed::TileParts {
            let headers: Vec<_> = packets.iter().flat_map(|packet| packet.header.clone()).collect();
            *packed = self.packed_segments(0x61, &headers, *packed, numbers, &mut header);
        }
        let mut body = Vec::new();
        for (index, packet) in packets.iter().enumerate() {
            if self.sop {
                body.extend([0xFF, 0x91, 0, 4, 0, index as u8]);
            }
            if self.packed == Packed::No {
                body.extend(&packet.header);
            }
            body.extend(&packet.body);
        }
        let length = 12 + header.len() + 2 + body.len();
        let mut sot = (tile as u16).to_be_bytes().to_vec();
        sot.extend((length as u32).to_be_bytes());
        sot.extend([*number, if total < 255 { total as u8 } else { 0 }]);
        *number += 1;
        stream.extend(segment(0x90, &sot));
        stream.extend(header);
        stream.extend([0xFF, 0x93]);
        stream.extend(body);
    }
}

fn changes(changes: &[Change]) -> Vec<u8> {
    let change = |((first, end), components, layers, order): &Change| {
        let [high, low] = (*layers as u16).to_be_bytes();
        [*first as u8, components.0 as u8, high, low, *end as u8, components.1 as u8, *order]
    };
    changes.iter().flat_map(change).collect()
}
