//! A.6: parameters of the main header and of tile-part headers, and which of them apply.

use dicomet_codec::Segment;

use crate::coding_style::{self, ComponentStyle, TileStyle};
use crate::error::{Error, ErrorKind, Result};
use crate::marker::Marker;
use crate::poc::{self, Volume};
use crate::quantization::{self, Quantization};
use crate::roi;

/// The parameters of a component.
#[derive(Debug, Clone)]
pub(crate) struct ComponentParameters {
    pub(crate) style: ComponentStyle,
    pub(crate) quantization: Quantization,
    pub(crate) roi_shift: u8,
}

/// The parameters that apply to a tile.
#[derive(Debug, Clone)]
pub(crate) struct Parameters {
    pub(crate) style: TileStyle,
    pub(crate) components: Vec<ComponentParameters>,
    /// The progressions of its packets.
    pub(crate) volumes: Vec<Volume>,
}

impl Parameters {
    /// The resolutions of all components.
    pub(crate) fn resolutions(&self) -> u64 {
        self.components.iter().map(|component| u64::from(component.style.levels) + 1).sum()
    }
}

/// A value and where it comes from: one of a tile precedes one of the main header, and one of a component the default.
#[derive(Debug, Clone)]
struct Ranked<T> {
    rank: u8,
    value: Option<T>,
}

impl<T> Default for Ranked<T> {
    fn default() -> Self {
        Self { rank: 0, value: None }
    }
}

impl<T> Ranked<T> {
    fn set(&mut self, rank: u8, value: T) {
        if rank >= self.rank {
            *self = Self { rank, value: Some(value) };
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Collected {
    style: Ranked<ComponentStyle>,
    quantization: Ranked<Quantization>,
    roi_shift: Ranked<u8>,
}

/// Collects the parameters of the main header, and then of a tile's headers.
#[derive(Debug, Clone)]
pub(crate) struct Collector {
    style: Option<TileStyle>,
    components: Vec<Collected>,
    changes: Vec<Volume>,
    in_tile: bool,
    /// Whether the changes are those of the tile.
    tile_changes: bool,
    /// COD and QCD of the current headers: each has one.
    defined: (bool, bool),
}

impl Collector {
    pub(crate) fn new(components: usize) -> Self {
        Self {
            style: None,
            components: vec![Collected::default(); components],
            changes: Vec::new(),
            in_tile: false,
            tile_changes: false,
            defined: (false, false),
        }
    }

    /// The collector for the headers of a tile, after those of the main header.
    pub(crate) fn for_tile(&self) -> Self {
        Self { in_tile: true, defined: (false, false), ..self.clone() }
    }

    /// Reads a segment with parameters. False if it has none.
    pub(crate) fn read(&mut self, marker: Marker, segment: Segment<'_>) -> Result<bool> {
        let offset = segment.offset();
        self.read_segment(marker, segment, offset).map_err(|error| error.in_segment(marker))
    }

    fn read_segment(&mut self, marker: Marker, segment: Segment<'_>, offset: usize) -> Result<bool> {
        let count = self.components.len();
        let default_rank = if self.in_tile { 2 } else { 0 };
        match marker {
            Marker::COD => {
                once(&mut self.defined.0, offset)?;
                let (style, component) = coding_style::parse_default(segment)?;
                self.style = Some(style);
                self.components.iter_mut().for_each(|collected| collected.style.set(default_rank, component));
            }
            Marker::COC => {
                let (index, style) = coding_style::parse_component(segment, count)?;
                self.components[index].style.set(default_rank + 1, style);
            }
            Marker::QCD => {
                once(&mut self.defined.1, offset)?;
                let quantization = quantization::parse_default(segment)?;
                let set = |collected: &mut Collected| collected.quantization.set(default_rank, quantization.clone());
                self.components.iter_mut().for_each(set);
            }
            Marker::QCC => {
                let (index, quantization) = quantization::parse_component(segment, count)?;
                self.components[index].quantization.set(default_rank + 1, quantization);
            }
            Marker::RGN => {
                let (index, shift) = roi::parse(segment, count)?;
                self.components[index].roi_shift.set(default_rank, shift);
            }
            Marker::POC => {
                if self.in_tile && !self.tile_changes {
                    self.changes.clear();
                    self.tile_changes = true;
                }
                poc::parse(segment, count, &mut self.changes)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The parameters that apply. `offset` is that of the end of the headers.
    pub(crate) fn finish(&self, offset: usize) -> Result<Parameters> {
        let missing = |marker: Marker| {
            let kind = ErrorKind::EndOfData { expected: "this segment in the main header" };
            Error::new(kind, offset).in_segment(marker)
        };
        let style = self.style.ok_or_else(|| missing(Marker::COD))?;
        let component = |collected: &Collected| {
            Ok(ComponentParameters {
                style: collected.style.value.ok_or_else(|| missing(Marker::COD))?,
                quantization: collected.quantization.value.clone().ok_or_else(|| missing(Marker::QCD))?,
                roi_shift: collected.roi_shift.value.unwrap_or_default(),
            })
        };
        let components = self.components.iter().map(component).collect::<Result<_>>()?;
        let volumes = if self.changes.is_empty() {
            vec![Volume::all(style.progression, style.layers)]
        } else {
            self.changes.clone()
        };
        Ok(Parameters { style, components, volumes })
    }
}

/// An error if a segment occurs twice in the same headers.
fn once(defined: &mut bool, offset: usize) -> Result<()> {
    if std::mem::replace(defined, true) {
        let kind = ErrorKind::Syntax { found: "a second one".to_owned(), expected: "one segment of this kind" };
        return Err(Error::new(kind, offset));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(collector: &mut Collector, marker: Marker, bytes: &[u8]) -> Result<bool> {
        let mut data = (bytes.len() as u16 + 2).to_be_bytes().to_vec();
        data.extend(bytes);
        collector.read(marker, Segment::new(&data, 0).unwrap())
    }

    const COD: [u8; 10] = [0, 0, 0, 1, 0, 0, 4, 4, 0, 1];

    #[test]
    fn tiles_precede_the_main_header_and_components_the_default() {
        let mut main = Collector::new(3);
        read(&mut main, Marker::COC, &[1, 0, 0, 3, 4, 0, 1]).unwrap();
        read(&mut main, Marker::COD, &COD).unwrap();
        read(&mut main, Marker::QCD, &[0, 8]).unwrap();
        assert!(!read(&mut main, Marker::COM, &[0, 0]).unwrap());
        let widths = |collector: &Collector| {
            let parameters = collector.finish(0).unwrap();
            [0, 1, 2].map(|index: usize| parameters.components[index].style.block_width)
        };
        assert_eq!(widths(&main), [6, 5, 6]);
        let mut tile = main.for_tile();
        read(&mut tile, Marker::COC, &[2, 0, 0, 2, 4, 0, 1]).unwrap();
        assert_eq!(widths(&tile), [6, 5, 4]);
        read(&mut tile, Marker::COD, &[0, 0, 0, 1, 0, 0, 1, 4, 0, 1]).unwrap();
        assert_eq!(widths(&tile), [3, 3, 4]);
        assert!(read(&mut tile, Marker::COD, &COD).is_err());
    }

    #[test]
    fn both_defaults_are_necessary() {
        let mut collector = Collector::new(1);
        read(&mut collector, Marker::COD, &COD).unwrap();
        assert_eq!(collector.finish(9).unwrap_err().marker, Some(Marker::QCD));
        assert_eq!(Collector::new(1).finish(9).unwrap_err().marker, Some(Marker::COD));
    }

    #[test]
    fn changes_of_a_tile_replace_those_of_the_main_header() {
        let mut main = Collector::new(1);
        read(&mut main, Marker::COD, &COD).unwrap();
        read(&mut main, Marker::QCD, &[0, 8]).unwrap();
        assert_eq!(main.finish(0).unwrap().volumes.len(), 1);
        read(&mut main, Marker::POC, &[0, 0, 0, 1, 1, 1, 0].repeat(3)).unwrap();
        let mut tile = main.for_tile();
        assert_eq!(tile.finish(0).unwrap().volumes.len(), 3);
        for count in 1..3 {
            read(&mut tile, Marker::POC, &[0, 0, 0, 1, 1, 1, 2]).unwrap();
            assert_eq!(tile.finish(0).unwrap().volumes.len(), count);
        }
    }
}
