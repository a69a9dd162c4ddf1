//! The rows of a tile: synthesis of its components, and their samples.

use std::ops::Range;

use crate::components::{Limits, Target, finish, finish_transformed};
use crate::error::Result;
use crate::siz::Component;
use crate::supply::{Consumer, Supply};
use crate::values::ValueType;
use crate::wavelet::synthesis::Synthesis;

/// Where rows of a component go.
#[derive(Debug)]
pub(crate) struct Place<'a, S> {
    /// Starts with the first sample of the first row.
    pub(crate) samples: &'a mut [S],
    /// Samples from a row to the next.
    pub(crate) stride: usize,
}

impl<S> Place<'_, S> {
    fn row(&mut self, row: usize, columns: &Range<usize>) -> &mut [S] {
        &mut self.samples[row * self.stride..][columns.clone()]
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
    fn new(supply: &'a Supply<'a>, tile: usize, component: usize, first: usize) -> Self {
        match supply.tiles[tile].value_type(component) {
            ValueType::I32 => Self::I32(Synthesis::new(supply, tile, component, first)),
            ValueType::I64 => Self::I64(Synthesis::new(supply, tile, component, first)),
            ValueType::F32 => Self::F32(Synthesis::new(supply, tile, component, first)),
            ValueType::F64 => Self::F64(Synthesis::new(supply, tile, component, first)),
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

/// Rows of components of a tile, which are requested in order.
#[derive(Debug)]
pub(crate) struct TileRows<'a> {
    rows: Vec<ComponentRows<'a>>,
    limits: Vec<Limits>,
    /// Whether the first three components are transformed.
    is_transformed: bool,
    /// By component, the columns of the tile in the rows of the image.
    columns: Vec<Range<usize>>,
}

impl<'a> TileRows<'a> {
    /// The rows of `components`, starting with row `first`. They include all three components that are transformed, or none of
    /// these. `of_image` are the components of the image.
    pub(crate) fn new(
        supply: &'a Supply<'a>,
        tile: usize,
        components: Range<usize>,
        of_image: &[Component],
        first: usize,
    ) -> Self {
        let is_transformed = components.start == 0 && supply.tiles[tile].tile.style.transforms_components;
        let limits = of_image[components.clone()].iter().copied().map(Limits::new).collect();
        let columns = components.clone().map(|component| {
            let (area, leftmost) = (supply.tiles[tile].area(component), supply.tiles[0].area(component));
            let start = (area.x0 - leftmost.x0) as usize;
            start..start + area.width()
        });
        let columns = columns.collect();
        let rows = components.map(|component| ComponentRows::new(supply, tile, component, first)).collect();
        Self { rows, limits, is_transformed, columns }
    }

    /// Returns the memory to the supply.
    pub(crate) fn free(self, supply: &Supply<'_>) {
        self.rows.into_iter().for_each(|rows| rows.free(supply));
    }

    /// Writes the next row of the components to row `row` of `places`, which are as many.
    pub(crate) fn write<S: Target>(
        &mut self,
        row: usize,
        places: &mut [Place<'_, S>],
        consumer: &mut Consumer<'_>,
    ) -> Result<()> {
        let Self { rows, limits, is_transformed, columns } = self;
        let mut first = 0;
        if let ([a, b, c, ..], [red, green, blue, ..], true) = (&mut rows[..], &mut places[..], *is_transformed) {
            let rows = [a.row(consumer)?, b.row(consumer)?, c.row(consumer)?];
            // The areas and separations of the three are equal (`prepare::check`).
            let columns = &columns[0];
            let out = [red.row(row, columns), green.row(row, columns), blue.row(row, columns)];
            finish_transformed(rows, [limits[0], limits[1], limits[2]], out);
            first = 3;
        }
        for index in first..rows.len() {
            let out = places[index].row(row, &columns[index]);
            if !out.is_empty() {
                finish(rows[index].row(consumer)?, limits[index], out);
            }
        }
        Ok(())
    }
}
