//! From the rows of tiles to rows of the image.

use std::thread;

use dicomet_codec::{Band, Budget, PlaneRows, RowSink, check_stop};

use crate::components::Target;
use crate::context::Context;
use crate::decoder::{Options, RowSample};
use crate::error::Result;
use crate::geometry::Rect;
use crate::prepare::PreparedTile;
use crate::siz::Component;
use crate::supply::{Consumer, Order, Supply};
use crate::tile_rows::{Place, TileRows};
use crate::warning::Warning;

/// Samples between two calls of the sink: few enough for the second-level cache.
const STRIP_SAMPLES: usize = if cfg!(test) { 1 << 6 } else { 1 << 16 };

/// Decodes rows of tiles.
pub(crate) struct Emitter<'a> {
    /// The area of the result.
    pub(crate) area: Rect,
    pub(crate) components: &'a [Component],
    pub(crate) options: &'a Options<'a>,
    pub(crate) workers: usize,
}

impl Emitter<'_> {
    /// Passes a row of tiles to a sink.
    pub(crate) fn emit<S: RowSample>(
        &self,
        tiles: &[PreparedTile<'_>],
        context: &mut Context,
        mut budget: Budget,
        sink: &mut dyn RowSink<S>,
        warnings: &mut Vec<Warning>,
    ) -> Result<()> {
        let Some(first) = tiles.first() else { return Ok(()) };
        let (area, width) = (first.area(0), self.area.width());
        if area.height() == 0 || width == 0 {
            return Ok(());
        }
        let strip = (STRIP_SAMPLES / width).clamp(1, area.height());
        let mut samples = Vec::new();
        budget.grow(&mut samples, width * strip * self.components.len())?;
        let first_row = (area.y0 - self.area.y0) as usize;
        self.with_supply(tiles, Order::Together, context, budget, warnings, |supply, consumer| {
            let mut rows: Vec<_> = (0..tiles.len()).map(|tile| TileRows::new(supply, tile, self.components)).collect();
            for start in (0..area.height()).step_by(strip) {
                check_stop(self.options.stop)?;
                let count = strip.min(area.height() - start);
                for (tile, rows) in tiles.iter().zip(&mut rows) {
                    let offset = (tile.area(0).x0 - self.area.x0) as usize;
                    let mut places = places(&mut samples, width * strip, offset, width, tile.area(0).width());
                    rows.write(0, count, &mut places, consumer)?;
                }
                pass(&samples, width * strip, first_row + start, count, width, sink);
            }
            for rows in rows {
                rows.free(supply);
            }
            Ok(())
        })
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
        self.with_supply(tiles, Order::ByComponent, context, budget, warnings, |supply, consumer| {
            for (tile, prepared) in tiles.iter().enumerate() {
                let mut rows = TileRows::new(supply, tile, self.components);
                let mut first = 0;
                while first < self.components.len() {
                    let (group, area) = (rows.group(first), prepared.area(first));
                    if !area.is_empty() {
                        let mut places = places_in_planes(&mut planes[group.clone()], area);
                        rows.write(first, area.height(), &mut places, consumer)?;
                    }
                    first = group.end;
                }
                rows.free(supply);
            }
            Ok(())
        })
    }

    /// Calls `work` with the rows of code-blocks of some tiles, which other threads help to decode.
    fn with_supply<'t>(
        &self,
        tiles: &'t [PreparedTile<'t>],
        order: Order,
        context: &mut Context,
        budget: Budget,
        warnings: &mut Vec<Warning>,
        work: impl FnOnce(&Supply<'_>, &mut Consumer<'_>) -> Result<()>,
    ) -> Result<()> {
        let supply = Supply::new(tiles, order, context.take_memory(), budget);
        let threads = self.workers.min(supply.len()).max(1);
        let [own, others @ ..] = context.workers(threads) else { return Ok(()) };
        let done = thread::scope(|scope| {
            for worker in others {
                // If a thread cannot be started, the others do its work.
                let help = || supply.help(worker, threads);
                if thread::Builder::new().spawn_scoped(scope, help).is_err() {
                    break;
                }
            }
            let mut consumer = Consumer { supply: &supply, worker: own, stop: self.options.stop, warnings: Vec::new() };
            let done = work(&supply, &mut consumer);
            supply.end();
            warnings.append(&mut consumer.warnings);
            done
        });
        context.keep_memory(supply.into_memory());
        done
    }
}

/// Passes `count` rows of all components to a sink. Components are `plane` samples apart.
fn pass<S: RowSample>(samples: &[S], plane: usize, row: usize, count: usize, width: usize, sink: &mut dyn RowSink<S>) {
    let planes: Vec<_> = samples.chunks(plane).map(|samples| PlaneRows { samples, stride: width }).collect();
    sink.rows(&Band::new(row, count, width, &planes));
}

/// The places of a tile's components in `samples`, of which each component has `plane`.
fn places<S>(samples: &mut [S], plane: usize, offset: usize, stride: usize, width: usize) -> Vec<Place<'_, S>> {
    let place = |samples| Place { samples, stride, width };
    samples.chunks_mut(plane).map(|plane| place(&mut plane[offset..])).collect()
}

/// The places of the components of a tile in their planes.
fn places_in_planes<T>(planes: &mut [(Rect, Vec<T>)], area: Rect) -> Vec<Place<'_, T>> {
    let mut places = Vec::new();
    for (plane, samples) in planes {
        let stride = plane.width();
        let start = (area.y0 - plane.y0) as usize * stride + (area.x0 - plane.x0) as usize;
        places.push(Place { samples: &mut samples[start..], stride, width: area.width() });
    }
    places
}
