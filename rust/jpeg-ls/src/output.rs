//! From decoded planes to the rows that the caller receives.

use crate::color_transform;
use crate::error::{Error, Result};
use crate::frame::{ColorTransform, FrameInfo};
use crate::mapping_table::MappingTable;
use crate::plan::PlannedScan;
use crate::planes::Plane;
use crate::sample::Sample;
use dicomet_codec::{Band, Budget, PlaneRows, RowSink};
use std::sync::Arc;

/// Rows of a component in a band.
pub(crate) struct ComponentRows<'a, S> {
    pub(crate) rows: PlaneRows<'a, S>,
    pub(crate) first: usize,
    pub(crate) count: usize,
    pub(crate) width: usize,
}

/// Receives bands of rows of all components, each of its own size.
pub(crate) trait Output<S> {
    fn band(&mut self, components: &[ComponentRows<'_, S>]);
}

/// For components of the same size: up to three.
pub(crate) struct Bands<'s, S>(pub(crate) &'s mut dyn RowSink<S>);

impl<S: Sample> Output<S> for Bands<'_, S> {
    fn band(&mut self, components: &[ComponentRows<'_, S>]) {
        let Some(&ComponentRows { first, count, width, .. }) = components.first() else { return };
        let mut planes = [PlaneRows::default(); 3];
        for (plane, component) in planes.iter_mut().zip(components) {
            *plane = component.rows;
        }
        self.0.rows(&Band::new(first, count, width, &planes[..components.len().min(3)]));
    }
}

/// For components of any size: their index, the number of the row, its samples.
pub(crate) struct Rows<'s, S>(pub(crate) &'s mut dyn FnMut(usize, usize, &[S]));

impl<S: Sample> Output<S> for Rows<'_, S> {
    fn band(&mut self, components: &[ComponentRows<'_, S>]) {
        for (index, component) in components.iter().enumerate() {
            let ComponentRows { rows, first, count, width } = *component;
            for (number, row) in rows.samples.chunks(rows.stride).take(count).enumerate() {
                (self.0)(index, first + number, &row[..width]);
            }
        }
    }
}

/// Applies what follows decoding: mapping tables and color transforms.
pub(crate) struct Finish<S> {
    transform: ColorTransform,
    /// The table of each component.
    tables: Vec<Option<Arc<MappingTable>>>,
    /// Finished rows of the components that need it. Those of others are empty.
    planes: Vec<Plane<S>>,
    /// For errors: the scan of each component, and where its data begins.
    places: Vec<(u32, usize)>,
}

impl<S: Sample> Finish<S> {
    /// `rows` gives the rows of each component's plane.
    pub(crate) fn new(
        info: &FrameInfo,
        scans: &[PlannedScan],
        rows: impl Fn(usize) -> usize,
        budget: &mut Budget,
    ) -> Result<Self> {
        let count = info.components.len();
        let (mut tables, mut places) = (vec![None; count], vec![(0, 0); count]);
        for scan in scans {
            for component in &scan.header.components {
                tables[component.index].clone_from(&component.table);
                places[component.index] = (scan.number, scan.data.start);
            }
        }
        let mut planes = Vec::new();
        for (index, component) in info.components.iter().enumerate() {
            let needed = tables[index].is_some() || info.transform != ColorTransform::None;
            let rows = if needed { rows(index) } else { 0 };
            let width = if needed { component.width as usize } else { 0 };
            planes.push(Plane::new(Vec::new(), width, rows, budget)?);
        }
        Ok(Self { transform: info.transform, tables, planes, places })
    }

    /// The rows of a component after [`Self::apply`]; `decoded` is its plane.
    pub(crate) fn rows<'p>(&'p self, component: usize, decoded: &'p Plane<S>) -> PlaneRows<'p, S> {
        if self.tables[component].is_some() || self.transform != ColorTransform::None {
            return self.planes[component].rows();
        }
        decoded.rows()
    }

    /// Finishes the first `count` rows of each component.
    pub(crate) fn apply(&mut self, decoded: &[Plane<S>], count: impl Fn(usize) -> usize) -> Result<()> {
        if self.transform != ColorTransform::None
            && let ([first, second, third], [red, green, blue]) = (decoded, &mut self.planes[..])
        {
            for row in 0..count(0) {
                let rows = [first.row(row), second.row(row), third.row(row)];
                let out = [red.row_mut(row), green.row_mut(row), blue.row_mut(row)];
                color_transform::invert(self.transform, rows, out);
            }
        }
        for (index, decoded) in decoded.iter().enumerate() {
            let Some(table) = &self.tables[index] else { continue };
            let (scan, offset) = self.places[index];
            for row in 0..count(index) {
                table
                    .map(decoded.row(row), self.planes[index].row_mut(row))
                    .map_err(|kind| Error::new(kind, offset).in_scan(scan))?;
            }
        }
        Ok(())
    }
}
