//! B.9 to B.12: packets of a tile, and their order.

use super::geometry::{Area, Resolution};
use super::image::{Change, Model, Numbers};
use super::wavelet::{Plane, subbands};
use crate::oracle::blocks::encode;
use crate::packet_bits::tests::stuffed;
use crate::tag_tree::tests::Encoder;

/// A packet: header and body.
pub(crate) struct Packet {
    pub(crate) header: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

/// A code-block: what is left to send of each of its codeword segments (bytes and passes), and the state of its header.
struct Coded {
    place: (usize, usize),
    /// By layer, pieces: passes, bytes.
    layers: Vec<Vec<(u8, Vec<u8>)>>,
    zero_planes: u16,
    length_bits: u32,
    is_included: bool,
}

/// The code-blocks of a precinct in a subband.
struct CodedPrecinct {
    blocks: Vec<Coded>,
    inclusion: Option<Encoder>,
    zero_planes: Option<Encoder>,
}

/// A tile whose code-blocks are encoded: by component, resolution and precinct, the subbands.
pub(crate) struct CodedTile<'a> {
    model: &'a Model,
    area: Area,
    /// By component and resolution.
    resolutions: Vec<Vec<Resolution>>,
    precincts: Vec<Vec<Vec<Vec<CodedPrecinct>>>>,
}

/// The magnitude bits of all subbands of a component (Mb). Guard bits: 2.
pub(crate) fn magnitude_bits(model: &Model, component: usize) -> u32 {
    u32::from(model.components[component].precision) + 4
}

impl<'a> CodedTile<'a> {
    /// Encodes the `planes` of a tile, after the level shift and component transformation.
    pub(crate) fn new(model: &'a Model, area: Area, planes: &[Plane], numbers: &mut Numbers) -> Self {
        let component = |(index, plane): (usize, &Plane)| {
            let coding = &model.components[index];
            let mut bands = subbands(plane, coding.levels);
            // From LL to the highest resolution.
            let lowest = bands.pop().unwrap();
            let mut by_resolution: Vec<Vec<Plane>> = bands.chunks(3).map(<[_]>::to_vec).collect();
            by_resolution.push(vec![lowest]);
            by_resolution.reverse();
            let resolutions = coding.resolutions(area).into_iter().zip(by_resolution);
            let coded = resolutions.map(|(resolution, planes)| {
                assert!(resolution.subbands.iter().zip(&planes).all(|(subband, plane)| subband.area == plane.area));
                let count = (resolution.wide * resolution.high) as usize;
                let subband = |precinct: usize, numbers: &mut Numbers| {
                    let of_subband = resolution.subbands.iter().zip(&planes);
                    of_subband
                        .map(|(subband, plane)| {
                            let (blocks, wide) = &subband.precincts[precinct];
                            let coded = blocks.iter().map(|block| {
                                let place = Plane::new(block.area, |x, y| plane.at(x, y));
                                coded_block(model, index, subband.band, &place, block.place, numbers)
                            });
                            CodedPrecinct::new(coded.collect(), *wide)
                        })
                        .collect::<Vec<_>>()
                };
                (0..count).map(|precinct| subband(precinct, numbers)).collect::<Vec<_>>()
            });
            coded.collect::<Vec<_>>()
        };
        let precincts = planes.iter().enumerate().map(component).collect();
        let resolutions = model.components.iter().map(|component| component.resolutions(area)).collect();
        Self { model, area, resolutions, precincts }
    }

    /// All packets of the layers before `layers`, in the order of the progressions.
    pub(crate) fn packets(mut self, layers: u32) -> Vec<Packet> {
        let all = ((0, 33), (0, self.model.components.len()), self.model.layers, self.model.progression);
        let changes = if self.model.changes.0.is_empty() { vec![all] } else { self.model.changes.0.clone() };
        let (mut sent, mut packets) = (std::collections::HashSet::new(), Vec::new());
        for change in &changes {
            for packet in self.order(change) {
                // A packet is included once.
                if packet.0 < layers && sent.insert(packet) {
                    packets.push(self.packet(packet));
                }
            }
        }
        packets
    }

    /// B.12.1: layer, resolution, component, precinct; by loops over all positions.
    fn order(&self, change: &Change) -> Vec<(u32, u32, usize, usize)> {
        let ((first, end), components, layers, progression) = change.clone();
        let highest = self.model.components.iter().map(|component| component.levels + 1).max().unwrap();
        let (resolutions, components) = (first..end.min(highest), components.0..components.1);
        let layers = 0..layers;
        let positions = || {
            let [x0, y0, x1, y1] = self.area;
            (y0..y1).flat_map(move |y| (x0..x1).map(move |x| (x, y)))
        };
        let all = |r: u32, c: usize| 0..self.precincts[c].get(r as usize).map_or(0, Vec::len);
        let mut order = Vec::new();
        match progression {
            0 => layers.for_each(|l| {
                resolutions.clone().for_each(|r| {
                    components.clone().for_each(|c| order.extend(all(r, c).map(|k| (l, r, c, k))));
                });
            }),
            1 => resolutions.for_each(|r| {
                layers.clone().for_each(|l| {
                    components.clone().for_each(|c| order.extend(all(r, c).map(|k| (l, r, c, k))));
                });
            }),
            2 => resolutions.for_each(|r| {
                for at in positions() {
                    for c in components.clone() {
                        order.extend(
                            self.precinct_at(r, c, at).iter().flat_map(|k| layers.clone().map(move |l| (l, r, c, *k))),
                        );
                    }
                }
            }),
            3 => positions().for_each(|at| {
                for c in components.clone() {
                    for r in resolutions.clone() {
                        order.extend(
                            self.precinct_at(r, c, at).iter().flat_map(|k| layers.clone().map(move |l| (l, r, c, *k))),
                        );
                    }
                }
            }),
            _ => components.for_each(|c| {
                for at in positions() {
                    for r in resolutions.clone() {
                        order.extend(
                            self.precinct_at(r, c, at).iter().flat_map(|k| layers.clone().map(move |l| (l, r, c, *k))),
                        );
                    }
                }
            }),
        }
        order
    }

    /// B.12.1.3: the precinct whose packets occur at a position of the reference grid.
    fn precinct_at(&self, r: u32, c: usize, (x, y): (i64, i64)) -> Option<usize> {
        let component = &self.model.components[c];
        let levels = component.levels.checked_sub(r)?;
        let resolution = &self.resolutions[c][r as usize];
        let (px, py) = component.precinct_at(r);
        let is_start = |at: i64, d: i64, log: u32, tile: i64, first: i64| {
            at % (d << (log + levels)) == 0 || (at == tile && (first << levels) % (1 << (log + levels)) != 0)
        };
        let (dx, dy) = (i64::from(component.dx), i64::from(component.dy));
        let [x0, y0, ..] = resolution.area;
        if resolution.wide == 0 || !is_start(y, dy, py, self.area[1], y0) || !is_start(x, dx, px, self.area[0], x0) {
            return None;
        }
        // B-20.
        let column = |at: i64, d: i64, log: u32, first: i64| {
            let position = -(-at).div_euclid(d << levels);
            position.div_euclid(1 << log) - first.div_euclid(1 << log)
        };
        let k = column(x, dx, px, x0) + resolution.wide * column(y, dy, py, y0);
        let is_inside = column(x, dx, px, x0) < resolution.wide && column(y, dy, py, y0) < resolution.high;
        is_inside.then_some(k as usize)
    }

    /// B.10: a packet.
    fn packet(&mut self, (layer, r, c, k): (u32, u32, usize, usize)) -> Packet {
        let subbands = &mut self.precincts[c][r as usize][k];
        let is_empty =
            subbands.iter().all(|subband| subband.blocks.iter().all(|block| block.layers[layer as usize].is_empty()));
        if is_empty && (layer + r + k as u32) % 2 == 0 {
            return Packet { header: self.with_eph(vec![0]), body: Vec::new() };
        }
        let (mut bits, mut body) = (vec![true], Vec::new());
        for subband in subbands {
            subband.header(layer as usize, &mut bits, &mut body);
        }
        Packet { header: self.with_eph(stuffed(&bits)), body }
    }

    fn with_eph(&self, mut header: Vec<u8>) -> Vec<u8> {
        if self.model.eph {
            header.extend([0xFF, 0x92]);
        }
        header
    }
}

impl CodedPrecinct {
    fn new(blocks: Vec<Coded>, wide: usize) -> Self {
        let tree = |value: fn(&Coded) -> u16| {
            let values: Vec<_> = blocks.iter().map(value).collect();
            (!values.is_empty()).then(|| Encoder::new(wide, &values))
        };
        let first = |block: &Coded| {
            block.layers.iter().position(|layer| !layer.is_empty()).unwrap_or(block.layers.len()) as u16
        };
        let (inclusion, zero_planes) = (tree(first), tree(|block| block.zero_planes));
        Self { blocks, inclusion, zero_planes }
    }

    fn header(&mut self, layer: usize, bits: &mut Vec<bool>, body: &mut Vec<u8>) {
        let (Some(inclusion), Some(zero_planes)) = (&mut self.inclusion, &mut self.zero_planes) else { return };
        for block in &mut self.blocks {
            let (x, y) = block.place;
            let pieces = &block.layers[layer];
            if block.is_included {
                bits.push(!pieces.is_empty());
            } else {
                inclusion.encode(x, y, layer as u16 + 1, bits);
                if !pieces.is_empty() {
                    zero_planes.encode(x, y, u16::MAX, bits);
                    block.is_included = true;
                }
            }
            if !pieces.is_empty() {
                passes(pieces.iter().map(|(passes, _)| u32::from(*passes)).sum(), bits);
                lengths(pieces, &mut block.length_bits, bits);
                body.extend(pieces.iter().flat_map(|(_, bytes)| bytes));
            }
        }
    }
}

fn put(value: u32, count: u32, bits: &mut Vec<bool>) {
    bits.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
}

/// Table B.4.
fn passes(count: u32, bits: &mut Vec<bool>) {
    match count {
        1 => put(0, 1, bits),
        2 => put(0b10, 2, bits),
        3..=5 => put(0b1100 + count - 3, 4, bits),
        6..=36 => put(0b1111 << 5 | (count - 6), 9, bits),
        _ => put(0b1_1111_1111 << 7 | (count - 37), 16, bits),
    }
}

/// B.10.7: Lblock grows as far as necessary.
fn lengths(pieces: &[(u8, Vec<u8>)], length_bits: &mut u32, bits: &mut Vec<bool>) {
    let size = |length: usize| usize::BITS - length.leading_zeros();
    let more =
        |(passes, bytes): &(u8, Vec<u8>)| size(bytes.len()).saturating_sub(*length_bits + u32::from(*passes).ilog2());
    let more = pieces.iter().map(more).max().unwrap();
    *length_bits += more;
    bits.extend((0..more).map(|_| true));
    bits.push(false);
    for (passes, bytes) in pieces {
        put(bytes.len() as u32, *length_bits + u32::from(*passes).ilog2(), bits);
    }
}

/// Encodes a code-block, and divides its passes into layers.
fn coded_block(
    model: &Model,
    component: usize,
    band: crate::code_block::Band,
    plane: &Plane,
    place: (usize, usize),
    numbers: &mut Numbers,
) -> Coded {
    let [x0, y0, x1, y1] = plane.area;
    let (bits, shift) = (magnitude_bits(model, component), model.components[component].roi_shift);
    let mut in_region =
        |value: &i64| if shift > 0 && numbers.below(3) == 0 { i128::from(*value) << shift } else { i128::from(*value) };
    let coefficients: Vec<_> = plane.values.iter().map(&mut in_region).collect();
    let largest = coefficients.iter().map(|value| value.unsigned_abs()).max().unwrap_or_default();
    let planes = u128::BITS - largest.leading_zeros();
    assert!(planes <= bits + shift, "{planes} {bits}");
    let mut layers: Vec<Vec<(u8, Vec<u8>)>> = vec![Vec::new(); model.layers as usize];
    if planes > 0 {
        let total = 3 * planes as usize - 2;
        let size = ((x1 - x0) as usize, (y1 - y0) as usize);
        let segments = encode(size, (band, model.style), &coefficients, planes, total);
        let mut ends: Vec<_> = (1..model.layers).map(|_| numbers.below(total as u64 + 1) as usize).collect();
        ends.sort_unstable();
        ends.push(total);
        divide(segments, &ends, &mut layers, numbers);
    }
    let zero_planes = (bits + shift - planes) as u16;
    Coded { place, layers, zero_planes, length_bits: 3, is_included: false }
}

/// Divides codeword segments at the passes `ends`, and their bytes anywhere.
fn divide(segments: Vec<(Vec<u8>, u8)>, ends: &[usize], layers: &mut [Vec<(u8, Vec<u8>)>], numbers: &mut Numbers) {
    let (mut done, mut layer) = (0, 0);
    for (mut bytes, mut passes) in segments {
        while passes > 0 {
            while ends[layer] == done {
                layer += 1;
            }
            let count = (ends[layer] - done).min(usize::from(passes));
            let rest = if count == usize::from(passes) { 0 } else { numbers.below(bytes.len() as u64 + 1) as usize };
            let tail = bytes.split_off(bytes.len() - rest);
            layers[layer].push((count as u8, bytes));
            (bytes, passes, done) = (tail, passes - count as u8, done + count);
        }
    }
}
