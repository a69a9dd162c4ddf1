//! Sinks: where finished rows go.

use std::ops::Range;

use crate::sample::Sample;

/// Finished rows of the image. Each component has the size of the image.
#[derive(Debug)]
pub struct Band<'a, S> {
    first_row: usize,
    rows: usize,
    width: usize,
    planes: [PlaneRows<'a, S>; 3],
    components: usize,
}

/// Rows of one component.
#[derive(Debug, Clone, Copy)]
pub struct PlaneRows<'a, S> {
    /// The samples, starting with those of the first row.
    pub samples: &'a [S],
    /// Samples from a row to the next.
    pub stride: usize,
}

impl<S> Default for PlaneRows<'_, S> {
    fn default() -> Self {
        Self { samples: &[], stride: 0 }
    }
}

impl<'a, S: Copy> Band<'a, S> {
    /// `rows` rows of `width` samples in each of the first three `planes`, starting with row `first_row` of the image.
    #[inline]
    #[must_use]
    pub fn new(first_row: usize, rows: usize, width: usize, planes: &[PlaneRows<'a, S>]) -> Self {
        let mut band = Self { first_row, rows, width, planes: Default::default(), components: planes.len().min(3) };
        for (own, plane) in band.planes.iter_mut().zip(planes) {
            *own = *plane;
        }
        band
    }

    /// Number of the first row, from 0, in the image.
    #[inline]
    #[must_use]
    pub fn first_row(&self) -> usize {
        self.first_row
    }

    /// Number of rows.
    #[inline]
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Samples in a row of a component.
    #[inline]
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of components.
    #[inline]
    #[must_use]
    pub fn components(&self) -> usize {
        self.components
    }

    /// The samples of a component in a row of the band, from 0. Empty if there is no such component or row.
    #[inline]
    #[must_use]
    pub fn row(&self, component: usize, row: usize) -> &'a [S] {
        let plane = self.planes[..self.components].get(component).copied().unwrap_or_default();
        let samples = plane.samples.get(row.saturating_mul(plane.stride)..).filter(|_| row < self.rows);
        samples.and_then(|samples| samples.get(..self.width)).unwrap_or_default()
    }
}

/// Receives finished rows, from the first row to the last.
///
/// If decoding ends with an error, the rows received before belong to an incomplete image.
pub trait RowSink<S> {
    /// Receives the rows of a band.
    fn rows(&mut self, band: &Band<'_, S>);
}

impl<S, F: FnMut(&Band<'_, S>)> RowSink<S> for F {
    fn rows(&mut self, band: &Band<'_, S>) {
        self(band);
    }
}

/// A sample in the caller's memory: `u8`, `u16`, or the two bytes of a `u16` in native order.
///
/// `u8` samples can be stored as any of them, `u16` samples as 16 bits.
pub trait Store<S>: Copy + Send {
    /// The sample as it is stored.
    fn of(sample: S) -> Self;
}

impl<S: Sample> Store<S> for u16 {
    #[inline]
    fn of(sample: S) -> Self {
        sample.into()
    }
}

impl<S: Sample> Store<S> for [u8; 2] {
    #[inline]
    fn of(sample: S) -> Self {
        sample.into().to_ne_bytes()
    }
}

impl Store<u8> for u8 {
    #[inline]
    fn of(sample: u8) -> Self {
        sample
    }
}

/// Writes the components of each pixel next to each other.
#[derive(Debug)]
pub struct Interleaved<'a, T> {
    out: &'a mut [T],
    stride: usize,
    first_row: usize,
}

impl<'a, T> Interleaved<'a, T> {
    /// Writes the rows starting with `first_row` to `out`, whose rows are `stride` samples apart. Omits rows that do not fit.
    #[must_use]
    pub fn new(out: &'a mut [T], stride: usize, first_row: usize) -> Self {
        Self { out, stride, first_row }
    }

    /// A sink for each of `strips`, which follow each other from the first row of `out`, as many as fit.
    #[must_use]
    pub fn strips(out: &'a mut [T], stride: usize, strips: &[Range<u32>]) -> Vec<Self> {
        let (parts, _) = split_rows(out, stride, strips.iter().map(ExactSizeIterator::len));
        parts.into_iter().zip(strips).map(|(out, rows)| Self::new(out, stride, rows.start as usize)).collect()
    }
}

impl<S: Sample, T: Store<S>> RowSink<S> for Interleaved<'_, T> {
    fn rows(&mut self, band: &Band<'_, S>) {
        for row in 0..band.rows {
            let Some(out) = row_of(self.out, self.stride, band.first_row + row, self.first_row) else { continue };
            match band.components {
                1 => copy(band.row(0, row), out),
                2 => interleave_two([band.row(0, row), band.row(1, row)], out),
                _ => interleave_three([band.row(0, row), band.row(1, row), band.row(2, row)], out),
            }
        }
    }
}

/// Writes each component as a plane of its own.
#[derive(Debug)]
pub struct Planar<'a, T> {
    planes: Vec<&'a mut [T]>,
    stride: usize,
    first_row: usize,
}

impl<'a, T> Planar<'a, T> {
    /// Writes the rows starting with `first_row` to one plane for each component, whose rows are `stride` samples apart. Omits
    /// rows that do not fit.
    #[must_use]
    pub fn new(planes: Vec<&'a mut [T]>, stride: usize, first_row: usize) -> Self {
        Self { planes, stride, first_row }
    }
}

impl<S: Sample, T: Store<S>> RowSink<S> for Planar<'_, T> {
    fn rows(&mut self, band: &Band<'_, S>) {
        for (component, plane) in self.planes.iter_mut().enumerate() {
            for row in 0..band.rows {
                if let Some(out) = row_of(plane, self.stride, band.first_row + row, self.first_row) {
                    copy(band.row(component, row), out);
                }
            }
        }
    }
}

/// Divides `rows`, of `stride` values each, into parts of these numbers of rows, as many as fit; returns the rest, too.
#[must_use]
pub fn split_rows<T>(
    rows: &mut [T],
    stride: usize,
    counts: impl IntoIterator<Item = usize>,
) -> (Vec<&mut [T]>, &mut [T]) {
    let (mut parts, mut rest) = (Vec::new(), rows);
    for count in counts {
        let values = count.saturating_mul(stride);
        if values > rest.len() {
            break;
        }
        let (part, others) = std::mem::take(&mut rest).split_at_mut(values);
        parts.push(part);
        rest = others;
    }
    (parts, rest)
}

/// The memory of row `row`, and all after it.
fn row_of<T>(out: &mut [T], stride: usize, row: usize, first_row: usize) -> Option<&mut [T]> {
    out.get_mut(row.checked_sub(first_row)?.checked_mul(stride)?..)
}

fn copy<S: Sample, T: Store<S>>(row: &[S], out: &mut [T]) {
    for (out, sample) in out.iter_mut().zip(row) {
        *out = T::of(*sample);
    }
}

fn interleave_two<S: Sample, T: Store<S>>([a, b]: [&[S]; 2], out: &mut [T]) {
    for (out, (a, b)) in out.as_chunks_mut().0.iter_mut().zip(a.iter().zip(b)) {
        *out = [T::of(*a), T::of(*b)];
    }
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn interleave_three<S: Sample, T: Store<S>>(row: [&[S]; 3], out: &mut [T]) {
    let [a, b, c] = row;
    for (out, ((a, b), c)) in out.as_chunks_mut().0.iter_mut().zip(a.iter().zip(b).zip(c)) {
        *out = [T::of(*a), T::of(*b), T::of(*c)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn band(planes: [&[u8]; 3], components: usize) -> Band<'_, u8> {
        let planes = planes.map(|samples| PlaneRows { samples, stride: 3 });
        Band::new(5, 2, 2, &planes[..components])
    }

    #[test]
    fn components_are_interleaved_or_planes() {
        let band = band([&[1, 2, 0, 3, 4, 0], &[5, 6, 0, 7, 8], &[9, 10, 0, 11, 12]], 3);
        let mut out = [0xA5u16; 14];
        Interleaved::new(&mut out, 7, 5).rows(&band);
        assert_eq!(out, [1, 5, 9, 2, 6, 10, 0xA5, 3, 7, 11, 4, 8, 12, 0xA5]);
        let mut out = [[0xA5u8; 4]; 3];
        Planar::new(out.iter_mut().map(|plane| &mut plane[..]).collect(), 2, 5).rows(&band);
        assert_eq!(out, [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]);
        let mut out = [[0u8; 2]; 3];
        Interleaved::new(&mut out, 6, 6).rows(&band);
        assert_eq!(out, [3u16, 7, 11].map(u16::to_ne_bytes));
    }

    #[test]
    fn strips_divide_the_rows() {
        let band = band([&[1, 2, 0, 3, 4, 0], &[], &[]], 1);
        let mut out = [0xA5u8; 8];
        for sink in &mut Interleaved::strips(&mut out, 2, &[4..6, 6..8]) {
            sink.rows(&band);
        }
        assert_eq!(out, [0xA5, 0xA5, 1, 2, 3, 4, 0xA5, 0xA5]);
        assert_eq!(Interleaved::strips(&mut out, 2, &[0..3, 3..5]).len(), 1);
    }

    #[test]
    fn rows_outside_of_the_band_are_empty() {
        let band = band([&[1, 2, 0, 3, 4, 0], &[], &[]], 1);
        assert_eq!((band.row(0, 1), band.row(0, 2), band.row(1, 0)), (&[3, 4][..], &[][..], &[][..]));
        let mut out = [0xA5u8; 3];
        Interleaved::new(&mut out, 2, 5).rows(&band);
        assert_eq!(out, [1, 2, 3]);
    }
}
