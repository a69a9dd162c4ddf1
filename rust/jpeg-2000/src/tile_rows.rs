//! The rows of a tile: synthesis of its components, and their samples.

use std::ops::Range;

use crate::components::{Limits, Target, finish, finish_transformed};
use crate::error::Result;
use crate::siz::Component;
use crate::supply::{Consumer, Supply};
use crate::values::ValueType;
use crate::wavelet::synthesis::Synthesis;

/// Where the rows of a component of a tile go.
#[derive(Debug)]
pub(crate) struct Place<'a, S> {
    /// Starts with the first sample of the first row.
    pub(crate) samples: &'a mut [S],
    /// Samples from a row to the next.
    pub(crate) stride: usize,
    /// Samples of a row.
    pub(crate) width: usize,
}

impl<S> Place<'_, S> {
    fn row(&mut self, row: usize) -> &mut [S] {
        &mut self.samples[row * self.stride..][..self.width]
    }
}

/// The rows of a tile-component.
#[derive(Debug)]
enum ComponentRows<'a> {
    I32(Synthesis<'a, i32>),
    I64(Synthesis<'a, i64>),
    F32(Synthesis<'a, f32>),
    F64(Synthesis<'a, f64>),
}

/// A row of a tile-component.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Row<'a> {
    I32(&'a [i32]),
    I64(&'a [i64]),
    F32(&'a [f32]),
    F64(&'a [f64]),
}

impl<'a> ComponentRows<'a> {
    fn new(supply: &'a Supply<'a>, tile: usize, component: usize) -> Self {
        match supply.tiles[tile].value_type(component) {
            ValueType::I32 => Self::I32(Synthesis::new(supply, tile, component)),
            ValueType::I64 => Self::I64(Synthesis::new(supply, tile, component)),
            ValueType::F32 => Self::F32(Synthesis::new(supply, tile, component)),
            ValueType::F64 => Self::F64(Synthesis::new(supply, tile, component)),
        }
    }

    /// The next row.
    fn row(&mut self, consumer: &mut Consumer<'_>) -> Result<Row<'_>> {
        Ok(match self {
            Self::I32(rows) => Row::I32(rows.row(consumer)?),
            Self::I64(rows) => Row::I64(rows.row(consumer)?),
            Self::F32(rows) => Row::F32(rows.row(consumer)?),
            Self::F64(rows) => Row::F64(rows.row(consumer)?),
        })
    }

    fn free(self, supply: &Supply<'_>) {
        match self {
            Self::I32(rows) => rows.free(supply),
            Self::I64(rows) => rows.free(supply),
            Self::F32(rows) => rows.free(supply),
            Self::F64(rows) => rows.free(supply),
        }
    }
}

/// The rows of a tile's components, which are requested in order.
#[derive(Debug)]
pub(crate) struct TileRows<'a> {
    rows: Vec<ComponentRows<'a>>,
    limits: Vec<Limits>,
    /// Whether the first three components are transformed.
    is_transformed: bool,
}

impl<'a> TileRows<'a> {
    pub(crate) fn new(supply: &'a Supply<'a>, tile: usize, components: &[Component]) -> Self {
        let rows = (0..components.len()).map(|component| ComponentRows::new(supply, tile, component)).collect();
        let limits = components.iter().copied().map(Limits::new).collect();
        Self { rows, limits, is_transformed: supply.tiles[tile].tile.style.transforms_components }
    }

    /// The components that are written together, starting with `first`: the three that are transformed, or one.
    pub(crate) fn group(&self, first: usize) -> Range<usize> {
        if self.is_transformed && first == 0 { 0..3 } else { first..first + 1 }
    }

    /// Returns the memory to the supply.
    pub(crate) fn free(self, supply: &Supply<'_>) {
        self.rows.into_iter().for_each(|rows| rows.free(supply));
    }

    /// Writes the next `count` rows of the components starting with `first`, as many as `places`.
    pub(crate) fn write<S: Target>(
        &mut self,
        first: usize,
        count: usize,
        places: &mut [Place<'_, S>],
        consumer: &mut Consumer<'_>,
    ) -> Result<()> {
        for row in 0..count {
            let (mut component, mut places) = (first, &mut places[..]);
            while !places.is_empty() {
                let group = self.group(component);
                let (own, others) = places.split_at_mut(group.len());
                self.write_row(group.clone(), row, own, consumer)?;
                (component, places) = (group.end, others);
            }
        }
        Ok(())
    }

    fn write_row<S: Target>(
        &mut self,
        group: Range<usize>,
        row: usize,
        places: &mut [Place<'_, S>],
        consumer: &mut Consumer<'_>,
    ) -> Result<()> {
        let limits = &self.limits[group.clone()];
        match (&mut self.rows[group], places) {
            ([first, second, third], [red, green, blue]) => {
                let rows = [first.row(consumer)?, second.row(consumer)?, third.row(consumer)?];
                let out = [red.row(row), green.row(row), blue.row(row)];
                finish_transformed(rows, [limits[0], limits[1], limits[2]], out);
            }
            (rows, places) => {
                for ((rows, place), limits) in rows.iter_mut().zip(places).zip(limits) {
                    finish(rows.row(consumer)?, *limits, place.row(row));
                }
            }
        }
        Ok(())
    }
}
