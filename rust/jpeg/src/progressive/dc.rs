//! G.1.2.1: scans of DC coefficients.

use std::sync::Arc;

use super::Decoded;
use super::coefficients::CoefficientPlane;
use crate::bits::BitReader;
use crate::error::Result;
use crate::geometry::{ScanLayout, Unit};
use crate::huffman::dct::DctTable;
use crate::restart::Intervals;
use crate::sequential::decode_dc;

/// A component of the scan.
pub(crate) struct DcComponent {
    /// Index of the component in the frame.
    pub(crate) index: usize,
    /// The table of a first scan; a refining one has none.
    pub(crate) table: Option<Arc<DctTable>>,
    /// The coefficient of the block before, in a first scan.
    pub(crate) prediction: i32,
}

/// A scan of DC coefficients, of one or more components.
pub(crate) struct DcScan<'a> {
    pub(crate) intervals: Intervals<'a>,
    pub(crate) layout: ScanLayout,
    pub(crate) components: Vec<DcComponent>,
    /// Bit position of the scan, Al.
    pub(crate) low: u8,
}

/// The block of a data unit of the next MCU.
#[derive(Clone, Copy)]
struct BlockPlace {
    /// Index of the component in the scan.
    component: usize,
    /// Number of the block in its plane.
    block: usize,
    /// Distance to the block in the MCU after it.
    step: usize,
}

impl DcScan<'_> {
    /// Decodes all MCUs, row by row; `check` is called before each row.
    pub(crate) fn decode(
        &mut self,
        planes: &mut [CoefficientPlane],
        check: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let (mcus, rows) = (self.layout.mcus_wide, self.layout.mcus_high);
        for row in 0..rows {
            check()?;
            let mut places = self.places(row, planes);
            let mut first = 0;
            while first < mcus {
                if self.intervals.restart_if_due(row, rows)? {
                    self.components.iter_mut().for_each(|component| component.prediction = 0);
                }
                let count = self.intervals.take(mcus - first);
                first += count;
                decode_run(&mut self.intervals.reader, &mut self.components, &mut places, count, self.low, planes)
                    .map_err(|kind| self.intervals.defect(kind, row, rows))?;
            }
            self.intervals.check(row, rows)?;
        }
        Ok(())
    }

    /// The blocks of the first MCU of a row.
    fn places(&self, row: usize, planes: &[CoefficientPlane]) -> Vec<BlockPlace> {
        let place = |unit: &Unit| {
            let (horizontal, vertical) = self.layout.factors[unit.component];
            let plane = &planes[self.components[unit.component].index];
            let block = plane.number_of(row * vertical + unit.row, unit.column);
            BlockPlace { component: unit.component, block, step: horizontal }
        };
        self.layout.units.iter().map(place).collect()
    }
}

/// Decodes `count` MCUs.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2")))]
fn decode_run(
    reader: &mut BitReader<'_>,
    components: &mut [DcComponent],
    places: &mut [BlockPlace],
    count: usize,
    low: u8,
    planes: &mut [CoefficientPlane],
) -> Decoded<()> {
    for _ in 0..count {
        for place in places.iter_mut() {
            let component = &mut components[place.component];
            let coefficient = planes[component.index].dc_mut(place.block);
            if let Some(table) = &component.table {
                component.prediction = decode_dc(reader, table, component.prediction)?;
                *coefficient = component.prediction.wrapping_shl(u32::from(low)) as i16;
            } else {
                *coefficient |= (reader.take_bit() << (low & 15)) as i16;
            }
            place.block = place.block.wrapping_add(place.step);
        }
    }
    Ok(())
}
