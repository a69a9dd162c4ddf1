//! What is encoded, and how.

use proptest::prelude::*;

use crate::code_block::Style;

/// A component, and its coding style.
#[derive(Debug, Clone)]
pub(crate) struct ComponentModel {
    pub(crate) precision: u8,
    pub(crate) signed: bool,
    pub(crate) dx: u32,
    pub(crate) dy: u32,
    pub(crate) levels: u32,
    /// Exponents of the code-block size.
    pub(crate) block: (u32, u32),
    /// Exponents of the precinct size, for all resolutions; those above the lowest have at least 1.
    pub(crate) precinct: (u32, u32),
    pub(crate) roi_shift: u32,
}

/// Where packet headers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packed {
    /// In the packets.
    No,
    Main,
    TileParts,
}

/// A progression: resolutions, components, layers (each the end, after the start of the first two), and the order.
pub(crate) type Change = ((u32, u32), (usize, usize), u32, u8);

/// How an image is encoded.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// The image area: x0, y0, x1, y1.
    pub(crate) area: [u32; 4],
    /// The tiles' origin and size.
    pub(crate) tile: [u32; 4],
    pub(crate) components: Vec<ComponentModel>,
    pub(crate) style: Style,
    pub(crate) layers: u32,
    pub(crate) progression: u8,
    /// Progression order changes; in the header of the first tile-part of each tile if true.
    pub(crate) changes: (Vec<Change>, bool),
    pub(crate) transform: bool,
    pub(crate) sop: bool,
    pub(crate) eph: bool,
    pub(crate) packed: Packed,
    /// Packets of a tile-part. Tile-parts of the tiles alternate.
    pub(crate) part: usize,
    /// Numbers for all other choices.
    pub(crate) seed: u64,
}

/// The samples of the components, at their own sizes.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) planes: Vec<Vec<i64>>,
}

/// A sequence of numbers (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    /// A number below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (value ^ (value >> 31)) % limit
    }
}

impl Model {
    /// Samples with edges and noise, or mostly one value.
    pub(crate) fn image(&self) -> Image {
        let mut numbers = Numbers(self.seed);
        let planes = self.components.iter().map(|component| {
            let [x0, y0, x1, y1] = self.area;
            let width = x1.div_ceil(component.dx) - x0.div_ceil(component.dx);
            let height = y1.div_ceil(component.dy) - y0.div_ceil(component.dy);
            let half = 1i64 << (component.precision - 1);
            let (min, max) = if component.signed { (-half, half - 1) } else { (0, 2 * half - 1) };
            let noise = [1, 4, 1 << component.precision][numbers.below(3) as usize];
            let sample = |place: u32| {
                let (x, y) = (i64::from(place % width), i64::from(place / width));
                let edge = if (x / 5 + y / 7) % 3 == 0 { half } else { 0 };
                (min + edge + numbers.below(noise) as i64).min(max)
            };
            (0..width * height).map(sample).collect()
        });
        Image { planes: planes.collect() }
    }
}

fn component() -> impl Strategy<Value = ComponentModel> {
    let sizes = (prop::sample::select(vec![1u32, 1, 1, 2, 3]), prop::sample::select(vec![1u32, 1, 1, 2, 3]));
    let coding = (0u32..4, (2u32..5, 2u32..5), (1u32..7, 1u32..7), prop::bool::weighted(0.2));
    (1u8..17, any::<bool>(), sizes, coding).prop_map(|(precision, signed, (dx, dy), (levels, block, precinct, roi))| {
        let roi_shift = if roi { u32::from(precision) + 5 } else { 0 };
        ComponentModel { precision, signed, dx, dy, levels, block, precinct, roi_shift }
    })
}

/// Progressions that contain all packets, in the end.
fn changes(layers: u32, components: usize) -> impl Strategy<Value = Vec<Change>> {
    let change = ((0u32..3, 1u32..5), (0..components, 1..=components), 1..=layers, 0u8..5);
    let some = prop::collection::vec(change, 0..4).prop_map(|changes| {
        let is_valid = |change: &Change| change.0.0 < change.0.1 && change.1.0 < change.1.1;
        changes.into_iter().filter(is_valid).collect::<Vec<_>>()
    });
    (some, 0u8..5).prop_map(move |(mut some, order)| {
        if !some.is_empty() {
            some.push(((0, 33), (0, components), layers, order));
        }
        some
    })
}

prop_compose! {
    fn areas()(x0 in 0u32..40, y0 in 0u32..40, width in 1u32..50, height in 1u32..40, tile_width in 7u32..60, tile_height in 7u32..60, before in (0u32..7, 0u32..7)) -> ([u32; 4], [u32; 4]) {
        let tile = [x0.saturating_sub(before.0), y0.saturating_sub(before.1), tile_width, tile_height];
        ([x0, y0, x0 + width, y0 + height], tile)
    }
}

/// Any image and coding.
pub(crate) fn images() -> impl Strategy<Value = Model> {
    let components = (prop::collection::vec(component(), 1..4), 1u32..4);
    components.prop_flat_map(|(components, layers)| {
        let packed = prop::sample::select(vec![Packed::No, Packed::No, Packed::Main, Packed::TileParts]);
        let coding = (changes(layers, components.len()), areas(), 0u8..64, 0u8..5, any::<[bool; 4]>());
        (coding, packed, 1usize..20, any::<u64>()).prop_map(move |(coding, packed, part, seed)| {
            let (changes, (area, tile), style, progression, [transform, sop, eph, in_tile]) = coding;
            let mut components = components.clone();
            let transform = transform && components.len() == 3;
            if transform {
                let first = components[0].clone();
                for component in &mut components {
                    if component.roi_shift > 0 {
                        component.roi_shift = u32::from(first.precision) + 5;
                    }
                    (component.dx, component.dy, component.precision) = (first.dx, first.dy, first.precision);
                }
            }
            let (style, changes) = (Style(style), (changes, in_tile));
            Model {
                area,
                tile,
                components,
                style,
                layers,
                progression,
                changes,
                transform,
                sop,
                eph,
                packed,
                part,
                seed,
            }
        })
    })
}
