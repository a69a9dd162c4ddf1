//! B.9, A.8: reading the packets of a tile from its tile-parts.

use std::ops::Range;

use dicomet_codec::Budget;

use super::{PacketSource, ReadOptions, TileData};
use crate::codeword_segments::HeaderError;
use crate::decoder::OnTruncation;
use crate::error::{Error, ErrorKind, Result, Unsupported};
use crate::marker::{Marker, marker_at};
use crate::packet::{BlockPiece, read_header};
use crate::packet_bits::PacketBits;
use crate::poc::Volume;
use crate::precinct::Precinct;
use crate::progression::{Packet, PacketOrder, PrecinctId};
use crate::tile::{Tile, TileComponent};
use crate::warning::Warning;

/// More precincts than bytes are an error, as each has a packet; a permitted truncation may have removed some.
const PRECINCTS_PER_BYTE_IF_CUT: u64 = 64;

/// Why a packet is not complete.
enum Failure {
    /// The data of the tile ends before the packet or within it.
    EndOfData {
        within: bool,
    },
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Reads all packets of a tile.
pub(crate) fn read(
    tile: &Tile,
    volumes: &[Volume],
    source: &PacketSource<'_>,
    options: ReadOptions,
    budget: &mut Budget,
    warnings: &mut Vec<Warning>,
) -> Result<TileData> {
    check_precincts(tile.number, tile.precincts as u64, source, options.on_truncation)?;
    let mut precincts = Vec::new();
    budget.grow_with(&mut precincts, tile.precincts, None)?;
    let data = TileData { precincts, contributions: Vec::new() };
    let position = source.parts.first().map_or(0, |part| part.start);
    let (pieces, reduce) = (Vec::new(), options.reduce);
    let mut reader = Reader { tile, source, reduce, part: 0, position, header_position: 0, pieces, data };
    let mut order = PacketOrder::new(tile, volumes, budget)?;
    let (mut count, mut used) = (0, packets(tile, reduce));
    while used > 0 {
        let Some(packet) = order.next() else {
            reader.check_order(count, order.layers(), options, warnings)?;
            break;
        };
        match reader.packet(packet, budget) {
            Ok(()) => {
                count += 1;
                used -= u64::from(reader.is_used(&packet.precinct));
            }
            Err(Failure::Error(error)) => {
                let PrecinctId { component, resolution, .. } = packet.precinct;
                return Err(error.in_resolution(tile.number, component, resolution));
            }
            Err(Failure::EndOfData { within }) => {
                order.take_back(packet);
                let PrecinctId { component, resolution, .. } = packet.precinct;
                let end = End { component, resolution, count, is_cut: within || source.is_cut };
                match reader.fewest_layers(order.layers()) {
                    None => warnings.push(Warning::TilePartLength { tile: tile.number }),
                    Some(found) => reader.check_end(&end, found, options, warnings)?,
                }
                return Ok(reader.data);
            }
        }
    }
    if reduce == 0 {
        reader.finish(warnings);
    }
    Ok(reader.data)
}

/// The number of packets of all resolutions but the `reduce` highest.
fn packets(tile: &Tile, reduce: u8) -> u64 {
    let of = |component: &TileComponent| -> u64 {
        let used = usize::from(component.style.levels + 1).saturating_sub(reduce.into());
        component.resolutions.iter().take(used).map(|resolution| resolution.precincts.cells()).sum()
    };
    tile.components.iter().map(of).sum::<u64>() * u64::from(tile.style.layers)
}

/// An error if a tile has more precincts than bytes, before anything is allocated for them: the header of a packet has at least
/// one. An encoder may have stopped after any layer.
pub(crate) fn check_precincts(
    tile: u32,
    precincts: u64,
    source: &PacketSource<'_>,
    on_truncation: OnTruncation,
) -> Result<()> {
    let bytes = match &source.headers {
        Some(headers) => headers.len(),
        None => source.parts.iter().map(std::iter::ExactSizeIterator::len).sum(),
    } as u64;
    let expected = match on_truncation {
        OnTruncation::Error => precincts,
        OnTruncation::Decode => (precincts / PRECINCTS_PER_BYTE_IF_CUT).saturating_sub(1024),
    };
    if bytes < expected {
        let kind = ErrorKind::TooShort { name: "packet headers", found: bytes, expected };
        let offset = source.parts.first().map_or(0, |part| part.start);
        return Err(Error::new(kind, offset).in_tile(tile));
    }
    Ok(())
}

struct Reader<'a> {
    tile: &'a Tile,
    source: &'a PacketSource<'a>,
    reduce: u8,
    /// The current tile-part, and the position in its body.
    part: usize,
    position: usize,
    /// The position in packed headers.
    header_position: usize,
    /// The pieces of the current packet.
    pieces: Vec<BlockPiece>,
    data: TileData,
}

impl Reader<'_> {
    /// The end of the current tile-part.
    fn end(&self) -> usize {
        self.source.parts.get(self.part).map_or(self.position, |part| part.end)
    }

    /// Reads a packet.
    fn packet(&mut self, packet: Packet, budget: &mut Budget) -> std::result::Result<(), Failure> {
        self.start_packet()?;
        let PrecinctId { component, resolution, x, y, number } = packet.precinct;
        let source = self.source;
        let (headers, position) = match &source.headers {
            Some(headers) => (&headers[..], self.header_position),
            None => (&source.data[..self.end()], self.position),
        };
        self.pieces.clear();
        let mut bits = PacketBits::new(headers, position);
        let mut header = || -> std::result::Result<usize, HeaderError> {
            if bits.bit()? {
                let component = &self.tile.components[usize::from(component)];
                let resolution = &component.resolutions[usize::from(resolution)];
                let style = component.style.block_style;
                let slot = &mut self.data.precincts[number as usize];
                if slot.is_none() {
                    *slot = Some(Box::new(Precinct::new(resolution, (x, y), style, budget)?));
                }
                if let Some(precinct) = slot {
                    read_header(&mut bits, precinct, packet.layer, style, &mut self.pieces)?;
                }
            }
            Ok(bits.clone().finish()?)
        };
        let end = header().map_err(|error| self.failure(error))?;
        let end = if marker_at(headers, end) == Some(Marker::EPH) { end + 2 } else { end };
        match source.headers {
            Some(_) => self.header_position = end,
            None => self.position = end,
        }
        self.body(packet.precinct)
    }

    fn failure(&self, error: HeaderError) -> Failure {
        let kind = match error {
            HeaderError::Ends => return Failure::EndOfData { within: true },
            HeaderError::Invalid(found, expected) => ErrorKind::PacketHeader { found, expected },
            HeaderError::MixedSegments => ErrorKind::Unsupported(Unsupported::MixedSegments),
            HeaderError::Memory(memory) => return Failure::Error(memory.into()),
        };
        Failure::Error(Error::new(kind, self.position))
    }

    /// Moves to the next tile-part with data, and past SOP.
    fn start_packet(&mut self) -> std::result::Result<(), Failure> {
        while self.position >= self.end() {
            let packed_is_left =
                self.source.headers.as_ref().is_some_and(|headers| self.header_position < headers.len());
            let Some(next) = self.source.parts.get(self.part + 1) else {
                // With packed headers, a packet without data needs no byte of the tile-part.
                return if packed_is_left { Ok(()) } else { Err(Failure::EndOfData { within: false }) };
            };
            if packed_is_left && self.source.parts[self.part + 1..].iter().all(Range::is_empty) {
                return Ok(());
            }
            (self.part, self.position) = (self.part + 1, next.start);
        }
        // A packet header cannot begin with the code of SOP, because a 0 bit follows its byte FF.
        if marker_at(&self.source.data[..self.end()], self.position) == Some(Marker::SOP) {
            self.position = (self.position + 6).min(self.end());
        }
        Ok(())
    }

    fn is_used(&self, precinct: &PrecinctId) -> bool {
        let levels = self.tile.components[usize::from(precinct.component)].style.levels;
        precinct.resolution + self.reduce <= levels
    }

    /// The body of the packet: bytes of code-blocks, in the order of the header.
    fn body(&mut self, precinct: PrecinctId) -> std::result::Result<(), Failure> {
        let (is_used, end) = (self.is_used(&precinct), self.end());
        for piece in &self.pieces {
            let length = piece.piece.length as usize;
            if end - self.position < length {
                return Err(Failure::EndOfData { within: true });
            }
            if is_used {
                self.data.contribute(precinct.number as usize, piece, self.position);
            }
            self.position += length;
        }
        Ok(())
    }

    /// The progression order changes (A.6.6) contain no more packets: they should have those of all layers and precincts.
    fn check_order(&self, count: u64, layers: &[u16], options: ReadOptions, warnings: &mut Vec<Warning>) -> Result<()> {
        let Some(found) = self.fewest_layers(layers) else { return Ok(()) };
        let first = self.incomplete(layers).find_map(|precinct| self.resolution_of(precinct));
        let (component, resolution) =
            first.map_or((0, 0), |(component, resolution)| (component as u16, resolution as u8));
        self.check_end(&End { component, resolution, count, is_cut: self.source.is_cut }, found, options, warnings)
    }

    /// The precincts of which packets with data may be missing, where `layers` of each were read.
    fn incomplete(&self, layers: &[u16]) -> impl Iterator<Item = usize> {
        (0..layers.len()).filter(|precinct| layers[*precinct] < self.tile.style.layers && !self.is_complete(*precinct))
    }

    /// The fewest layers of a precinct of which packets with data may be missing; none if there is no such precinct.
    fn fewest_layers(&self, layers: &[u16]) -> Option<u16> {
        self.incomplete(layers).map(|precinct| layers[precinct]).min()
    }

    /// The packets end before the last one.
    fn check_end(&self, end: &End, found: u16, options: ReadOptions, warnings: &mut Vec<Warning>) -> Result<()> {
        let (number, layers) = (self.tile.number, self.tile.style.layers);
        let End { component, resolution, .. } = *end;
        if found > 0 && !end.is_cut {
            warnings.push(Warning::FewerLayers { tile: number, found, expected: layers });
        } else if options.on_truncation == OnTruncation::Decode {
            warnings.push(Warning::Truncated { tile: number, resolution: Some((component, resolution)) });
        } else {
            let expected = self.tile.precincts as u64 * u64::from(layers);
            let kind = ErrorKind::DataEndsEarly { found: end.count, expected };
            return Err(Error::new(kind, self.position).in_resolution(number, component, resolution));
        }
        Ok(())
    }

    /// The component and the number of the resolution that a precinct belongs to.
    fn resolution_of(&self, precinct: usize) -> Option<(usize, usize)> {
        let mut components = self.tile.components.iter().enumerate();
        components.find_map(|(index, component)| {
            let number =
                component.resolutions.iter().position(|resolution| resolution.numbers().contains(&precinct))?;
            Some((index, number))
        })
    }

    /// Whether all code-blocks of a precinct have all their coding passes, or are not used.
    fn is_complete(&self, precinct: usize) -> bool {
        let Some((component, number)) = self.resolution_of(precinct) else { return false };
        let component = &self.tile.components[component];
        let resolution = &component.resolutions[number];
        if number + usize::from(self.reduce) > usize::from(component.style.levels) {
            return true;
        }
        let Some(content) = &self.data.precincts[precinct] else {
            let (x, y) = resolution.place_of(precinct);
            return resolution.subbands.iter().all(|subband| subband.blocks_of(resolution, x, y).0.cells() == 0);
        };
        let shift = component.roi_shift;
        content.subbands.iter().zip(&resolution.subbands).all(|(state, subband)| {
            let planes = subband.step.magnitude_bits + shift;
            state.blocks.iter().all(|block| {
                let passes: u32 =
                    self.data.contributions(block).map(|contribution| u32::from(contribution.passes)).sum();
                let planes = block.zero_planes.map_or(0, |zero| planes.saturating_sub(zero));
                planes > 0 && passes == 3 * u32::from(planes) - 2
            })
        })
    }

    /// All packets are read.
    fn finish(&self, warnings: &mut Vec<Warning>) {
        let others: usize = self.source.parts.iter().skip(self.part + 1).map(std::iter::ExactSizeIterator::len).sum();
        let count = (self.end() - self.position + others) as u64;
        if count > 0 {
            warnings.push(Warning::ExcessData { tile: self.tile.number, count });
        }
    }
}

/// Where the data of a tile ends.
struct End {
    /// The component and the resolution of a packet that is missing.
    component: u16,
    resolution: u8,
    /// The packets that were read.
    count: u64,
    is_cut: bool,
}
