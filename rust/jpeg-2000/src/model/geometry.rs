//! B.3 to B.7: areas, by the equations of the text.

use super::image::{ComponentModel, Model};
use crate::code_block::Band;

/// An area: x0, y0, x1, y1.
pub(crate) type Area = [i64; 4];

fn ceil(value: i64, divisor: i64) -> i64 {
    -(-value).div_euclid(divisor)
}

/// A code-block: its area in the subband, and the precinct that it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) area: Area,
    /// Column and row of the code-block in its precinct.
    pub(crate) place: (usize, usize),
}

/// A subband of a resolution.
#[derive(Debug, Clone)]
pub(crate) struct Subband {
    pub(crate) band: Band,
    pub(crate) area: Area,
    /// By precinct: the code-blocks, row by row, and how many are in a row.
    pub(crate) precincts: Vec<(Vec<Block>, usize)>,
}

/// A resolution of a tile-component.
#[derive(Debug, Clone)]
pub(crate) struct Resolution {
    pub(crate) area: Area,
    pub(crate) wide: i64,
    pub(crate) high: i64,
    pub(crate) subbands: Vec<Subband>,
}

impl Model {
    /// Columns and rows of tiles.
    pub(crate) fn tiles(&self) -> (i64, i64) {
        let [_, _, x1, y1] = self.area.map(i64::from);
        let [tx, ty, width, height] = self.tile.map(i64::from);
        (ceil(x1 - tx, width), ceil(y1 - ty, height))
    }

    /// B-7 to B-10.
    pub(crate) fn tile_area(&self, number: i64) -> Area {
        let [x0, y0, x1, y1] = self.area.map(i64::from);
        let [tx, ty, width, height] = self.tile.map(i64::from);
        let (p, q) = (number % self.tiles().0, number / self.tiles().0);
        [
            (tx + p * width).max(x0),
            (ty + q * height).max(y0),
            (tx + (p + 1) * width).min(x1),
            (ty + (q + 1) * height).min(y1),
        ]
    }
}

impl ComponentModel {
    /// B-12.
    pub(crate) fn area(&self, [x0, y0, x1, y1]: Area) -> Area {
        let (dx, dy) = (i64::from(self.dx), i64::from(self.dy));
        [ceil(x0, dx), ceil(y0, dy), ceil(x1, dx), ceil(y1, dy)]
    }

    /// The exponents of the precinct size of a resolution: `precinct` in its subbands.
    pub(crate) fn precinct_at(&self, resolution: u32) -> (u32, u32) {
        let more = u32::from(resolution > 0);
        (self.precinct.0 + more, self.precinct.1 + more)
    }

    /// The resolutions of the component in a tile.
    pub(crate) fn resolutions(&self, tile: Area) -> Vec<Resolution> {
        (0..=self.levels).map(|resolution| self.resolution(self.area(tile), resolution)).collect()
    }

    fn resolution(&self, component: Area, number: u32) -> Resolution {
        // B-14.
        let area = component.map(|bound| ceil(bound, 1 << (self.levels - number)));
        let (px, py) = self.precinct_at(number);
        // B-16.
        let count = |start: i64, end: i64, log: u32| {
            if end > start { ceil(end, 1 << log) - start.div_euclid(1 << log) } else { 0 }
        };
        let (mut wide, mut high) = (count(area[0], area[2], px), count(area[1], area[3], py));
        if wide == 0 || high == 0 {
            (wide, high) = (0, 0);
        }
        let bands: &[(Band, i64, i64)] = match number {
            0 => &[(Band::Ll, 0, 0)],
            _ => &[(Band::Hl, 1, 0), (Band::Lh, 0, 1), (Band::Hh, 1, 1)],
        };
        let level = self.levels - number + u32::from(number > 0);
        let subbands = bands.iter().map(|(band, xo, yo)| {
            // B-15.
            let offset = |high: i64| if number == 0 { 0 } else { (1 << (level - 1)) * high };
            let bound = |bound: i64, high: i64| ceil(bound - offset(high), 1 << level);
            let [x0, y0, x1, y1] = component;
            let of_band = [bound(x0, *xo), bound(y0, *yo), bound(x1, *xo), bound(y1, *yo)];
            let first = (area[0].div_euclid(1 << px), area[1].div_euclid(1 << py));
            let precincts =
                (0..wide * high).map(|index| self.blocks(of_band, (first.0 + index % wide, first.1 + index / wide)));
            Subband { band: *band, area: of_band, precincts: precincts.collect() }
        });
        Resolution { area, wide, high, subbands: subbands.collect() }
    }

    /// The code-blocks of a subband in a precinct, which is in this column and row of all precincts from 0.
    fn blocks(&self, band: Area, precinct: (i64, i64)) -> (Vec<Block>, usize) {
        // B-17: at most as large as the precinct, whose size in the subband is `precinct`.
        let (width, height) = (1 << self.block.0.min(self.precinct.0), 1 << self.block.1.min(self.precinct.1));
        let (start_x, start_y) = (precinct.0 << self.precinct.0, precinct.1 << self.precinct.1);
        let (end_x, end_y) = (start_x + (1 << self.precinct.0), start_y + (1 << self.precinct.1));
        let mut blocks = Vec::new();
        let (mut first, mut wide) = (None, 0);
        for y in (start_y..end_y).step_by(height) {
            for x in (start_x..end_x).step_by(width) {
                let area =
                    [x.max(band[0]), y.max(band[1]), (x + width as i64).min(band[2]), (y + height as i64).min(band[3])];
                if area[0] < area[2] && area[1] < area[3] {
                    let (first_x, first_y) = *first.get_or_insert((x, y));
                    let place = ((x - first_x) as usize / width, (y - first_y) as usize / height);
                    wide = wide.max(place.0 + 1);
                    blocks.push(Block { area, place });
                }
            }
        }
        (blocks, wide)
    }
}
