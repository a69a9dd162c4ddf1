//! A.1.1: upsampling of components to the size of the image.
//!
//! The standard leaves the method open. Factors of 2 are interpolated as in libjpeg ("fancy upsampling"): a triangle filter
//! with centered samples, which rounds up and down in turn. For other factors, integral or not, samples are repeated, as in
//! the lossless process and in components that are at most 2 samples wide.

use crate::frame::Process;
use crate::geometry::Geometry;
use crate::row_buffer::RowBuffer;
use crate::sample::Sample;

/// The upsampling method of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// The component has the size of the image.
    None,
    /// Twice as many columns, interpolated (h2v1).
    Columns,
    /// Twice as many rows, interpolated (h1v2).
    Rows,
    /// Both (h2v2).
    Both,
    /// Samples are repeated.
    Repeat,
}

/// The upsampling of a component.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upsampling {
    pub(crate) method: Method,
    /// Samples in a row, and rows of samples.
    width: usize,
    height: usize,
    /// Sampling factors of the component, and the greatest ones.
    horizontal: (usize, usize),
    vertical: (usize, usize),
}

impl Upsampling {
    pub(crate) fn new(geometry: &Geometry, component: usize, process: Process) -> Self {
        let plane = &geometry.planes[component];
        let horizontal = (plane.horizontal, geometry.horizontal);
        let vertical = (plane.vertical, geometry.vertical);
        let doubled = |(own, greatest): (usize, usize)| 2 * own == greatest;
        let same = |(own, greatest): (usize, usize)| own == greatest;
        let interpolated = process != Process::Lossless;
        let wide = interpolated && plane.width > 2;
        let method = match () {
            () if same(horizontal) && same(vertical) => Method::None,
            () if doubled(horizontal) && same(vertical) && wide => Method::Columns,
            () if same(horizontal) && doubled(vertical) && interpolated => Method::Rows,
            () if doubled(horizontal) && doubled(vertical) && wide => Method::Both,
            () => Method::Repeat,
        };
        Self { method, width: plane.width, height: plane.height, horizontal, vertical }
    }

    /// True if a row depends on its neighbors.
    pub(crate) fn needs_neighbors(&self) -> bool {
        matches!(self.method, Method::Rows | Method::Both)
    }

    /// The first and last row of the component that rows `first` to `end` of the image depend on.
    pub(crate) fn rows(&self, first: usize, end: usize) -> (usize, usize) {
        let (own, greatest) = self.vertical;
        let (first, last) = (first * own / greatest, end.saturating_sub(1) * own / greatest);
        let reach = usize::from(self.needs_neighbors());
        (first.saturating_sub(reach), (last + reach).min(self.height.saturating_sub(1)))
    }

    /// The component's row for row `row` of the image.
    pub(crate) fn source<'a, S: Sample>(&self, buffer: &'a RowBuffer<S>, row: usize) -> &'a [S] {
        &buffer.row(row * self.vertical.0 / self.vertical.1)[..self.width]
    }

    /// Row `row` of the image, into `out`, which has room for twice the component's width and for the image's.
    pub(crate) fn upsample<S: Sample>(&self, buffer: &RowBuffer<S>, row: usize, sums: &mut [u16], out: &mut [S]) {
        let own = row * self.vertical.0 / self.vertical.1;
        let near = &buffer.row(own)[..self.width];
        // The nearest other row; at the first and last row the same one.
        let far = || {
            let other = if row.is_multiple_of(2) { own.saturating_sub(1) } else { (own + 1).min(self.height - 1) };
            &buffer.row(other)[..self.width]
        };
        match self.method {
            Method::None => out[..self.width].copy_from_slice(near),
            Method::Columns => double_columns(near, out),
            Method::Rows => interpolate_rows(near, far(), 1 + (row & 1) as u16, out),
            Method::Both => {
                sum_rows(near, far(), sums);
                double_sums(&sums[..self.width], out);
            }
            Method::Repeat => repeat(near, self.horizontal, out),
        }
    }
}

/// Three parts of one sample and one of another. It does not overflow, and is not checked, so that it is vectorized.
#[inline(always)]
fn weigh_thrice(near: u16, far: u16) -> u16 {
    near.wrapping_mul(3).wrapping_add(far)
}

/// Samples that are doubled together: left and right ones in arrays of their own, so that both loops are vectorized.
const BLOCK: usize = 64;

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn double_columns<S: Sample>(row: &[S], out: &mut [S]) {
    double(
        row,
        out,
        |near, far| weigh_thrice(near, far).wrapping_add(1) >> 2,
        |near, far| weigh_thrice(near, far).wrapping_add(2) >> 2,
    );
}

/// Two samples for each value of a row, from the value and its neighbors; at the ends the value is its own neighbor.
#[inline(always)]
fn double<T: Copy + Default + Into<u16>, S: Sample>(
    row: &[T],
    out: &mut [S],
    left: impl Fn(u16, u16) -> u16,
    right: impl Fn(u16, u16) -> u16,
) {
    let pairs = &mut out.as_chunks_mut::<2>().0[..row.len()];
    let ([first, ..], [.., last]) = (row, row) else { return };
    let ends = [(*first).into(), (*last).into()];
    let mut start = 1;
    while let Some(values) = row.get(start - 1..start + BLOCK + 1).and_then(<[T]>::first_chunk::<{ BLOCK + 2 }>) {
        let (mut lefts, mut rights) = ([S::default(); BLOCK], [S::default(); BLOCK]);
        for i in 0..BLOCK {
            lefts[i] = S::truncate(left(values[i + 1].into(), values[i].into()));
            rights[i] = S::truncate(right(values[i + 1].into(), values[i + 2].into()));
        }
        for (pair, (left, right)) in pairs[start..start + BLOCK].iter_mut().zip(lefts.iter().zip(&rights)) {
            *pair = [*left, *right];
        }
        start += BLOCK;
    }
    for (pair, values) in pairs[start.min(row.len())..].iter_mut().zip(row[start - 1..].windows(3)) {
        let [before, own, after] = [0, 1, 2].map(|index| values[index].into());
        *pair = [S::truncate(left(own, before)), S::truncate(right(own, after))];
    }
    pairs[0][0] = S::truncate(left(ends[0], ends[0]));
    pairs[row.len() - 1][1] = S::truncate(right(ends[1], ends[1]));
    if let [first, second, ..] = row {
        pairs[0][1] = S::truncate(right((*first).into(), (*second).into()));
    }
    if let [.., before, last] = row {
        pairs[row.len() - 1][0] = S::truncate(left((*last).into(), (*before).into()));
    }
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn interpolate_rows<S: Sample>(near: &[S], far: &[S], bias: u16, out: &mut [S]) {
    for (out, (near, far)) in out.iter_mut().zip(near.iter().zip(far)) {
        *out = S::truncate(weigh_thrice((*near).into(), (*far).into()).wrapping_add(bias) >> 2);
    }
}

/// 3/4 of one row and 1/4 of the other, times 4.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn sum_rows<S: Sample>(near: &[S], far: &[S], sums: &mut [u16]) {
    for (sum, (near, far)) in sums.iter_mut().zip(near.iter().zip(far)) {
        *sum = weigh_thrice((*near).into(), (*far).into());
    }
}

/// 3/4 and 1/4 of neighboring sums, over 4. At most 12 bits, so that 16 hold all products.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn double_sums<S: Sample>(sums: &[u16], out: &mut [S]) {
    double(
        sums,
        out,
        |near, far| weigh_thrice(near, far).wrapping_add(8) >> 4,
        |near, far| weigh_thrice(near, far).wrapping_add(7) >> 4,
    );
}

/// Sample `x` of the image is sample `x * own / greatest` of the component.
fn repeat<S: Sample>(row: &[S], (own, greatest): (usize, usize), out: &mut [S]) {
    if greatest.is_multiple_of(own) {
        for (samples, sample) in out.chunks_mut(greatest / own).zip(row) {
            samples.fill(*sample);
        }
    } else {
        for (samples, group) in out.chunks_mut(greatest).zip(row.chunks(own)) {
            for (x, sample) in samples.iter_mut().enumerate() {
                *sample = group[(x * own / greatest).min(group.len() - 1)];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Component, FrameInfo};
    use dicomet_codec::Budget;
    use proptest::prelude::*;

    /// The whole image, sample by sample, from the filter's weights.
    fn plain(samples: &[Vec<u16>], upsampling: &Upsampling, x: usize, y: usize) -> u16 {
        let (own_x, own_y) =
            (x * upsampling.horizontal.0 / upsampling.horizontal.1, y * upsampling.vertical.0 / upsampling.vertical.1);
        let other = |own: usize, place: usize, size: usize| {
            if place.is_multiple_of(2) { own.saturating_sub(1) } else { (own + 1).min(size - 1) }
        };
        let (far_x, far_y) = (other(own_x, x, upsampling.width), other(own_y, y, upsampling.height));
        let at = |x: usize, y: usize| u32::from(samples[y][x]);
        let value = match upsampling.method {
            Method::None | Method::Repeat => at(own_x, own_y),
            Method::Columns => (3 * at(own_x, own_y) + at(far_x, own_y) + 1 + (x & 1) as u32) / 4,
            Method::Rows => (3 * at(own_x, own_y) + at(own_x, far_y) + 1 + (y & 1) as u32) / 4,
            Method::Both => {
                let sum = |x| 3 * at(x, own_y) + at(x, far_y);
                (3 * sum(own_x) + sum(far_x) + 8 - (x & 1) as u32) / 16
            }
        };
        value as u16
    }

    fn frame(width: u32, height: u32, factors: [(u8, u8); 2], process: Process) -> FrameInfo {
        let component = |(id, (horizontal, vertical))| Component { id, horizontal, vertical, quantization: 0 };
        let components = (1..).zip(factors).map(component).collect();
        let (restart_interval, jfif, adobe_transform) = (0, false, None);
        FrameInfo { process, precision: 8, width, height, components, restart_interval, jfif, adobe_transform }
    }

    proptest! {
        #[test]
        fn rows_are_those_of_the_plain_filter(
            (width, height) in (1u32..40, 1u32..12),
            factors in [(1u8..=4, 1u8..=4), (1u8..=4, 1u8..=4)],
            lossless: bool,
            seed: u64,
        ) {
            let process = if lossless { Process::Lossless } else { Process::Baseline };
            let geometry = Geometry::new(&frame(width, height, factors, process));
            for component in 0..2 {
                let upsampling = Upsampling::new(&geometry, component, process);
                let plane = geometry.planes[component];
                let mut state = seed;
                let mut noise = || { state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(9); (state >> 52) as u16 };
                let samples: Vec<Vec<u16>> = (0..plane.height).map(|_| (0..plane.width).map(|_| noise()).collect()).collect();
                let mut buffer = RowBuffer::<u16>::new(Vec::new(), plane.width, plane.height, 0, &mut Budget::new(None)).unwrap();
                buffer.samples_mut().copy_from_slice(&samples.concat());
                let (mut sums, mut out) = (vec![0; plane.width], vec![0xA5A5; 2 * plane.width + 4 + geometry.width]);
                for y in 0..geometry.height {
                    upsampling.upsample(&buffer, y, &mut sums, &mut out);
                    for (x, found) in out.iter().enumerate().take(geometry.width) {
                        prop_assert_eq!(*found, plain(&samples, &upsampling, x, y), "{:?} {} {}", upsampling, x, y);
                    }
                    let (first, last) = upsampling.rows(y, y + 1);
                    let own = y * upsampling.vertical.0 / upsampling.vertical.1;
                    prop_assert!(first <= own && own <= last && last < plane.height);
                }
            }
        }
    }
}
