//! A.1.1 and A.2: dimensions of components, and how data units lie in MCUs.

use crate::frame::FrameInfo;

/// Dimensions of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plane {
    /// Sampling factors, Hi and Vi: data units of an MCU of interleaved components.
    pub(crate) horizontal: usize,
    pub(crate) vertical: usize,
    /// Samples in a row, xi.
    pub(crate) width: usize,
    /// Rows of samples, yi.
    pub(crate) height: usize,
    /// Data units in a row, and rows of them, of a scan of this component alone (A.2.2).
    pub(crate) units_wide: usize,
    pub(crate) units_high: usize,
}

/// Dimensions of the frame in samples, data units and MCUs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Samples along each side of a data unit.
    pub(crate) unit: usize,
    /// Greatest sampling factors, Hmax and Vmax.
    pub(crate) horizontal: usize,
    pub(crate) vertical: usize,
    /// MCUs of interleaved components in a row, and rows of them (A.2.3).
    pub(crate) mcus_wide: usize,
    pub(crate) mcus_high: usize,
    pub(crate) planes: Vec<Plane>,
}

impl Geometry {
    pub(crate) fn new(frame: &FrameInfo) -> Self {
        let (width, height, unit) = (frame.width as usize, frame.height as usize, frame.process.data_unit());
        // A.2.2: a component alone is not interleaved, whatever its factors are.
        let alone = frame.components.len() == 1;
        let factor = |factor: u8| if alone { 1 } else { usize::from(factor) };
        let factors = || frame.components.iter().map(|c| (factor(c.horizontal), factor(c.vertical)));
        let horizontal = factors().map(|(h, _)| h).max().unwrap_or(1);
        let vertical = factors().map(|(_, v)| v).max().unwrap_or(1);
        let plane = |(h, v): (usize, usize)| {
            let (width, height) = ((width * h).div_ceil(horizontal), (height * v).div_ceil(vertical));
            let (units_wide, units_high) = (width.div_ceil(unit), height.div_ceil(unit));
            Plane { horizontal: h, vertical: v, width, height, units_wide, units_high }
        };
        Self {
            width,
            height,
            unit,
            horizontal,
            vertical,
            mcus_wide: width.div_ceil(horizontal * unit),
            mcus_high: height.div_ceil(vertical * unit),
            planes: factors().map(plane).collect(),
        }
    }

    /// Rows of the image that a row of MCUs has.
    pub(crate) fn mcu_rows(&self) -> usize {
        self.vertical * self.unit
    }

    /// Data units in a row of a component, with those that complete the last MCU (A.2.4).
    pub(crate) fn padded_units(&self, component: usize) -> usize {
        self.mcus_wide * self.planes[component].horizontal
    }

    /// Data units of all components without padding: the fewest that any arrangement in scans has.
    pub(crate) fn data_units(&self) -> u64 {
        self.planes.iter().map(|plane| plane.units_wide as u64 * plane.units_high as u64).sum()
    }
}

/// A data unit of an MCU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Index of the component in the scan.
    pub(crate) component: usize,
    /// Its place among the component's data units of the MCU.
    pub(crate) column: usize,
    pub(crate) row: usize,
}

/// The order of data units in a scan.
#[derive(Debug, Clone)]
pub(crate) struct ScanLayout {
    pub(crate) mcus_wide: usize,
    pub(crate) mcus_high: usize,
    /// MCU rows of the scan in each MCU row of the frame; more than one only in a scan of one component.
    pub(crate) rows_per_frame_row: usize,
    /// Data units of an MCU in their order.
    pub(crate) units: Vec<Unit>,
    /// Data units of each component in an MCU, horizontally and vertically.
    pub(crate) factors: Vec<(usize, usize)>,
}

impl ScanLayout {
    /// The layout of a scan of these components of the frame.
    pub(crate) fn new(geometry: &Geometry, components: &[usize]) -> Self {
        if let [component] = *components {
            let plane = &geometry.planes[component];
            return Self {
                mcus_wide: plane.units_wide,
                mcus_high: plane.units_high,
                rows_per_frame_row: plane.vertical,
                units: vec![Unit { component: 0, column: 0, row: 0 }],
                factors: vec![(1, 1)],
            };
        }
        let factors: Vec<_> = components.iter().map(|&index| &geometry.planes[index]).collect();
        let factors: Vec<_> = factors.into_iter().map(|plane| (plane.horizontal, plane.vertical)).collect();
        let units = factors.iter().enumerate().flat_map(|(component, &(h, v))| {
            (0..v).flat_map(move |row| (0..h).map(move |column| Unit { component, column, row }))
        });
        let (mcus_wide, mcus_high) = (geometry.mcus_wide, geometry.mcus_high);
        Self { mcus_wide, mcus_high, rows_per_frame_row: 1, units: units.collect(), factors }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Component, Process};

    pub(crate) fn frame(width: u32, height: u32, factors: &[(u8, u8)], process: Process) -> FrameInfo {
        let component = |(id, &(horizontal, vertical))| Component { id, horizontal, vertical, quantization: 0 };
        let components = (1..).zip(factors).map(component).collect();
        let (restart_interval, jfif, adobe_transform) = (0, false, None);
        FrameInfo { process, precision: 8, width, height, components, restart_interval, jfif, adobe_transform }
    }

    #[test]
    fn components_have_the_dimensions_of_a_1_1() {
        let frame = frame(35, 17, &[(2, 2), (1, 1), (1, 2)], Process::Baseline);
        let geometry = Geometry::new(&frame);
        assert_eq!((geometry.mcus_wide, geometry.mcus_high, geometry.mcu_rows()), (3, 2, 16));
        let sizes: Vec<_> = geometry.planes.iter().map(|p| (p.width, p.height, p.units_wide, p.units_high)).collect();
        assert_eq!(sizes, [(35, 17, 5, 3), (18, 9, 3, 2), (18, 17, 3, 3)]);
        assert_eq!([0, 1].map(|component| geometry.padded_units(component)), [6, 3]);
        assert_eq!(geometry.data_units(), 15 + 6 + 9);
    }

    #[test]
    fn interleaved_units_follow_a_2_3() {
        let geometry = Geometry::new(&frame(35, 17, &[(2, 2), (1, 1), (1, 2)], Process::Baseline));
        let order: Vec<_> =
            ScanLayout::new(&geometry, &[0, 2]).units.iter().map(|u| (u.component, u.row, u.column)).collect();
        assert_eq!(order, [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (1, 0, 0), (1, 1, 0)]);
        let alone = ScanLayout::new(&geometry, &[0]);
        assert_eq!((alone.mcus_wide, alone.mcus_high, alone.rows_per_frame_row, alone.units.len()), (5, 3, 2, 1));
    }

    #[test]
    fn factors_of_a_single_component_mean_nothing() {
        let geometry = Geometry::new(&frame(9, 9, &[(2, 2)], Process::Lossless));
        assert_eq!((geometry.mcus_wide, geometry.mcus_high, geometry.mcu_rows()), (9, 9, 1));
    }
}
