//! Lossless samples of up to 8 bits: decoded with 16 bits, in which predictions are added to differences (H.1.2.1), and passed
//! on as bytes. In bytes, a sample that exceeds its precision would go unnoticed, and change all that are predicted from it.

use dicomet_codec::{Band, PlaneRows, RowSink, Sample};

/// Passes rows of 16-bit samples on as bytes.
pub(crate) struct Narrow<'a> {
    sink: &'a mut dyn RowSink<u8>,
    /// Memory for each component's rows of a band.
    planes: [Vec<u8>; 3],
}

impl<'a> Narrow<'a> {
    pub(crate) fn new(sink: &'a mut dyn RowSink<u8>, planes: [Vec<u8>; 3]) -> Self {
        Self { sink, planes }
    }

    pub(crate) fn into_memory(self) -> [Vec<u8>; 3] {
        self.planes
    }
}

impl RowSink<u16> for Narrow<'_> {
    fn rows(&mut self, band: &Band<'_, u16>) {
        let (width, components) = (band.width(), band.components());
        for (component, plane) in self.planes.iter_mut().enumerate().take(components) {
            for (row, out) in plane.chunks_exact_mut(width.max(1)).enumerate().take(band.rows()) {
                truncate(band.row(component, row), out);
            }
        }
        let planes = self.planes.each_ref().map(|samples| PlaneRows { samples, stride: width });
        self.sink.rows(&Band::new(band.first_row(), band.rows(), width, &planes[..components]));
    }
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn truncate(samples: &[u16], out: &mut [u8]) {
    for (sample, byte) in samples.iter().zip(out) {
        *byte = u8::truncate(*sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_bytes() {
        let samples = [1u16, 2, 0xA5, 0x103, 4, 0xA5];
        let plane = PlaneRows { samples: &samples, stride: 3 };
        let planes = [plane, plane];
        let band = Band::new(7, 2, 2, &planes);
        let mut found = Vec::new();
        let mut sink = |band: &Band<'_, u8>| {
            found.extend(
                (0..2)
                    .flat_map(|row| (0..2).map(move |component| (row, component)))
                    .map(|(row, component)| (band.first_row() + row, component, band.row(component, row).to_vec())),
            );
        };
        Narrow::new(&mut sink, [vec![0; 6], vec![0; 6], Vec::new()]).rows(&band);
        let rows = [(7, 0, vec![1, 2]), (7, 1, vec![1, 2]), (8, 0, vec![3, 4]), (8, 1, vec![3, 4])];
        assert_eq!(found, rows);
    }
}
