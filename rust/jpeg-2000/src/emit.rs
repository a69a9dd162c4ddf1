//! From the rows of tiles to rows of the image.

use std::ops::Range;
use std::sync::Mutex;

use dicomet_codec::{Band, Budget, PlaneRows, RowSink, check_stop, split_rows};

use crate::components::Target;
use crate::context::Context;
use crate::decoder::{Options, RowSample};
use crate::error::Result;
use crate::geometry::Rect;
use crate::prepare::PreparedTile;
use crate::siz::Component;
use crate::strips::{Strip, Threads, strips};
use crate::supply::{Consumer, Demand, Order, Supply, lock};
use crate::tile_rows::{Place, TileRows};
use crate::warning::Warning;

/// Samples between two calls of the sink: few enough for the second-level cache.
const BAND_SAMPLES: usize = if crate::SMALL_BUFFERS { 1 << 6 } else { 1 << 16 };

/// Decodes rows of tiles.
pub(crate) struct Emitter<'a> {
    /// The area of the result.
    pub(crate) area: Rect,
    pub(crate) components: &'a [Component],
    pub(crate) options: &'a Options<'a>,
    pub(crate) workers: usize,
}

impl Emitter<'_> {
    /// Passes a row of tiles to sinks, one for each of `strips`.
    pub(crate) fn emit<S: RowSample, K: RowSink<S> + Send + ?Sized>(
        &self,
        tiles: &[PreparedTile<'_>],
        strips: Vec<(Range<usize>, &mut K)>,
        context: &mut Context,
        budget: Budget,
        warnings: &mut Vec<Warning>,
    ) -> Result<()> {
        let buffers = Mutex::new(Vec::new());
        let strip = |(rows, sink): (Range<usize>, _)| {
            let demands = demands(tiles, 0..self.components.len(), &rows);
            let buffers = &buffers;
            let work = move |consumer: &mut Consumer<'_>| {
                let mut samples = lock(buffers).pop().unwrap_or_default();
                self.emit_strip(rows, sink, &mut samples, consumer)?;
                lock(buffers).push(samples);
                Ok(())
            };
            Strip { demands, work }
        };
        let strips = strips.into_iter().map(strip).collect();
        self.threads().run(tiles, Order::Together, strips, context, budget, warnings)
    }

    /// Passes `rows` of a row of tiles to a sink. `samples` is memory for reuse.
    fn emit_strip<S: RowSample, K: RowSink<S> + ?Sized>(
        &self,
        rows: Range<usize>,
        sink: &mut K,
        samples: &mut Vec<S>,
        consumer: &mut Consumer<'_>,
    ) -> Result<()> {
        let supply = consumer.supply;
        let (Some(first), width) = (supply.tiles.first(), self.area.width()) else { return Ok(()) };
        if rows.is_empty() || width == 0 {
            return Ok(());
        }
        let band = (BAND_SAMPLES / width).clamp(1, rows.len());
        let size = width * band * self.components.len();
        if samples.len() < size {
            supply.grow(samples, size)?;
        }
        let samples = &mut samples[..size];
        let first_row = (first.area(0).y0 - self.area.y0) as usize;
        let mut of_tiles = self.rows_of_tiles(supply, 0..self.components.len(), rows.start);
        for start in rows.clone().step_by(band) {
            check_stop(self.options.stop)?;
            let count = band.min(rows.end - start);
            let mut places: Vec<_> =
                samples.chunks_mut(width * band).map(|samples| Place { samples, stride: width }).collect();
            write_rows(&mut of_tiles, count, &mut places, consumer)?;
            pass(samples, width * band, first_row + start, count, width, sink);
        }
        free(of_tiles, supply);
        Ok(())
    }

    /// The rows of components of all tiles in a row of tiles, starting with row `first`.
    fn rows_of_tiles<'s>(&self, supply: &'s Supply<'s>, components: Range<usize>, first: usize) -> Vec<TileRows<'s>> {
        let rows = |tile| TileRows::new(supply, tile, components.clone(), self.components, first);
        (0..supply.tiles.len()).map(rows).collect()
    }

    /// Writes a row of tiles to the planes of all components, each with its area.
    pub(crate) fn write_planes<T: Target>(
        &self,
        tiles: &[PreparedTile<'_>],
        context: &mut Context,
        budget: Budget,
        planes: &mut [(Rect, Vec<T>)],
        warnings: &mut Vec<Warning>,
    ) -> Result<()> {
        let (mut strips, mut rest, mut first) = (Vec::new(), planes, 0);
        while !rest.is_empty() {
            // Components that are transformed in one of the tiles are written together.
            let is_transformed = first == 0 && tiles.iter().any(|tile| tile.tile.style.transforms_components);
            let (planes, others) = rest.split_at_mut(if is_transformed { 3 } else { 1 });
            let components = first..first + planes.len();
            for (rows, mut parts) in self.parts_of_planes(tiles, first, planes) {
                let (demands, components) = (demands(tiles, components.clone(), &rows), components.clone());
                let work = move |consumer: &mut Consumer<'_>| {
                    let mut of_tiles = self.rows_of_tiles(consumer.supply, components, rows.start);
                    write_rows(&mut of_tiles, rows.len(), &mut parts, consumer)?;
                    free(of_tiles, consumer.supply);
                    Ok(())
                };
                strips.push(Strip { demands, work });
            }
            (rest, first) = (others, components.end);
        }
        self.threads().run(tiles, Order::ByComponent, strips, context, budget, warnings)
    }

    /// The strips of components of a row of tiles, starting with `first`: their rows, and the parts of their planes.
    fn parts_of_planes<'p, T>(
        &self,
        tiles: &[PreparedTile<'_>],
        first: usize,
        planes: &'p mut [(Rect, Vec<T>)],
    ) -> Vec<(Range<usize>, Vec<Place<'p, T>>)> {
        let Some(area) = tiles.first().map(|tile| tile.area(first)) else { return Vec::new() };
        let mut parts: Vec<_> = strips(area.height(), self.workers).map(|rows| (rows, Vec::new())).collect();
        for (plane, samples) in planes {
            let width = plane.width();
            let (_, samples) = samples.split_at_mut((area.y0 - plane.y0) as usize * width);
            let (samples, _) = split_rows(samples, width, parts.iter().map(|(rows, _)| rows.len()));
            for ((_, places), samples) in parts.iter_mut().zip(samples) {
                places.push(Place { samples, stride: width });
            }
        }
        parts
    }

    fn threads(&self) -> Threads<'_> {
        Threads { count: self.workers, stop: self.options.stop }
    }
}

/// What `rows` of some components of a row of tiles need.
fn demands(tiles: &[PreparedTile<'_>], components: Range<usize>, rows: &Range<usize>) -> Vec<Demand> {
    let of_tile = |tile| components.clone().map(move |component| Demand { tile, component, rows: rows.clone() });
    (0..tiles.len()).flat_map(of_tile).collect()
}

/// Writes the next `count` rows of the tiles to `places`.
fn write_rows<T: Target>(
    tiles: &mut [TileRows<'_>],
    count: usize,
    places: &mut [Place<'_, T>],
    consumer: &mut Consumer<'_>,
) -> Result<()> {
    // All tiles row by row, so that of several errors the first is the same with any strips.
    (0..count).try_for_each(|row| tiles.iter_mut().try_for_each(|tile| tile.write(row, places, consumer)))
}

/// Returns the memory of all tiles to the supply.
fn free(tiles: Vec<TileRows<'_>>, supply: &Supply<'_>) {
    for tile in tiles {
        tile.free(supply);
    }
}

/// Passes `count` rows of all components to a sink. Components are `plane` samples apart.
fn pass<S: RowSample, K: RowSink<S> + ?Sized>(
    samples: &[S],
    plane: usize,
    row: usize,
    count: usize,
    width: usize,
    sink: &mut K,
) {
    let planes: Vec<_> = samples.chunks(plane).map(|samples| PlaneRows { samples, stride: width }).collect();
    sink.rows(&Band::new(row, count, width, &planes));
}
