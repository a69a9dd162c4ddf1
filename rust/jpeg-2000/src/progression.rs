//! B.12: the order of packets.

use std::ops::Range;

use dicomet_codec::{Budget, MemoryExceeded};

use crate::poc::Volume;
use crate::tile::Tile;

/// The progression order (Table A.16), from the outermost to the innermost loop: Layer, Resolution, Component, Position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Progression {
    /// Layer, resolution, component, position.
    #[default]
    Lrcp,
    /// Resolution, layer, component, position.
    Rlcp,
    /// Resolution, position, component, layer.
    Rpcl,
    /// Position, component, resolution, layer.
    Pcrl,
    /// Component, position, resolution, layer.
    Cprl,
}

impl Progression {
    /// The order with this number.
    pub(crate) fn new(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Lrcp,
            1 => Self::Rlcp,
            2 => Self::Rpcl,
            3 => Self::Pcrl,
            4 => Self::Cprl,
            _ => return None,
        })
    }
}

/// A precinct of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PrecinctId {
    pub(crate) component: u16,
    pub(crate) resolution: u8,
    /// Its column and row in the resolution.
    pub(crate) x: u32,
    pub(crate) y: u32,
    /// Its number in the tile.
    pub(crate) number: u32,
}

/// A packet: the contribution of a layer to a precinct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) precinct: PrecinctId,
    pub(crate) layer: u16,
}

/// The packets of a tile in their order.
///
/// Each volume is a list of precincts in groups. In a group, the packets of layer 0 precede those of layer 1, and so on.
pub(crate) struct PacketOrder<'a> {
    tile: &'a Tile,
    /// The volumes after the current one.
    volumes: &'a [Volume],
    progression: Progression,
    layer_end: u16,
    /// Layers of each precinct of the tile that were returned.
    layers: Vec<u16>,
    /// The precincts of the current volume.
    precincts: Vec<PrecinctId>,
    group: Range<usize>,
    layer: u16,
    next: usize,
}

impl<'a> PacketOrder<'a> {
    pub(crate) fn new(
        tile: &'a Tile,
        volumes: &'a [Volume],
        budget: &mut Budget,
    ) -> std::result::Result<Self, MemoryExceeded> {
        let (mut layers, mut precincts, progression) = (Vec::new(), Vec::new(), Progression::default());
        budget.grow(&mut layers, tile.precincts)?;
        // No volume has more than all precincts.
        budget.grow(&mut precincts, tile.precincts)?;
        precincts.clear();
        Ok(Self { tile, volumes, progression, layer_end: 0, layers, precincts, group: 0..0, layer: 0, next: 0 })
    }

    /// Layers of each precinct that were returned.
    pub(crate) fn layers(&self) -> &[u16] {
        &self.layers
    }

    /// Takes back a packet that is not there.
    pub(crate) fn take_back(&mut self, packet: Packet) {
        self.layers[packet.precinct.number as usize] = packet.layer;
    }

    /// Starts the next group of precincts. False if there is none.
    fn next_group(&mut self) -> bool {
        while self.group.end == self.precincts.len() {
            let Some((volume, others)) = self.volumes.split_first() else { return false };
            self.volumes = others;
            self.progression = volume.progression;
            self.layer_end = volume.layer_end.min(self.tile.style.layers);
            precincts(self.tile, volume, &mut self.precincts);
            self.group = 0..0;
        }
        let start = self.group.end;
        let others = &self.precincts[start..];
        let length = match self.progression {
            Progression::Lrcp => others.len(),
            Progression::Rlcp => others.partition_point(|precinct| precinct.resolution == others[0].resolution),
            _ => 1,
        };
        let lowest = others[..length].iter().map(|precinct| self.layers[precinct.number as usize]).min();
        (self.layer, self.next) = (lowest.unwrap_or_default(), start);
        self.group = start..start + length;
        true
    }
}

impl Iterator for PacketOrder<'_> {
    type Item = Packet;

    fn next(&mut self) -> Option<Packet> {
        loop {
            if self.next == self.group.end {
                (self.layer, self.next) = (self.layer.saturating_add(1), self.group.start);
            }
            if self.group.is_empty() || self.layer >= self.layer_end {
                if !self.next_group() {
                    return None;
                }
                continue;
            }
            let precinct = self.precincts[self.next];
            self.next += 1;
            let returned = &mut self.layers[precinct.number as usize];
            if *returned == self.layer {
                *returned += 1;
                return Some(Packet { precinct, layer: self.layer });
            }
        }
    }
}

/// Replaces `found` by the precincts of a volume in the order of its progression.
fn precincts(tile: &Tile, volume: &Volume, found: &mut Vec<PrecinctId>) {
    found.clear();
    for (index, component) in tile.components.iter().enumerate() {
        if !(volume.component_start..volume.component_end).contains(&(index as u16)) {
            continue;
        }
        for (number, resolution) in component.resolutions.iter().enumerate() {
            if !(volume.resolution_start..volume.resolution_end).contains(&(number as u8)) {
                continue;
            }
            let grid = &resolution.precincts;
            let ids = (0..grid.cells()).map(|cell| PrecinctId {
                component: index as u16,
                resolution: number as u8,
                x: (cell % u64::from(grid.wide)) as u32,
                y: (cell / u64::from(grid.wide)) as u32,
                number: (resolution.first_precinct as u64 + cell) as u32,
            });
            found.extend(ids);
        }
    }
    // Numbers are in the order of components, resolutions and positions. Sorting needs no memory.
    match volume.progression {
        Progression::Lrcp | Progression::Rlcp => {
            found.sort_unstable_by_key(|precinct| (precinct.resolution, precinct.number));
        }
        Progression::Rpcl => found.sort_unstable_by_key(|precinct| {
            (precinct.resolution, position(tile, precinct), precinct.component, precinct.number)
        }),
        Progression::Pcrl => {
            found.sort_unstable_by_key(|precinct| (position(tile, precinct), precinct.component, precinct.number));
        }
        Progression::Cprl => {
            found.sort_unstable_by_key(|precinct| (precinct.component, position(tile, precinct), precinct.number));
        }
    }
}

/// The position on the reference grid, y and x, at which a precinct's packets occur (B.12.1.3 to B.12.1.5): that of its first
/// sample, or the start of the tile if the precinct starts before it.
fn position(tile: &Tile, precinct: &PrecinctId) -> (u64, u64) {
    let component = &tile.components[usize::from(precinct.component)];
    let resolution = &component.resolutions[usize::from(precinct.resolution)];
    let levels = component.style.levels - precinct.resolution;
    let on_grid = |start: u64, first: u32, factor: u8, tile_start: u32| {
        if start < first.into() { tile_start.into() } else { (start << levels) * u64::from(factor) }
    };
    let grid = &resolution.precincts;
    (
        on_grid(grid.row_start(precinct.y), resolution.area.y0, component.dy, tile.area.y0),
        on_grid(grid.column_start(precinct.x), resolution.area.x0, component.dx, tile.area.x0),
    )
}
