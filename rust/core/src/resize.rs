//! Resizing with antialiasing, as in Pillow: each sample of the result is the weighted mean of the source samples under
//! the filter.

use crate::alloc::{filled, try_with_capacity};
use crate::error::{Error, ErrorKind, Result};
use crate::image::in_range;
use crate::sample_type::SampleType;
use crate::tag::{COLUMNS, ROWS, SAMPLES_PER_PIXEL};
use convolution::{resize_columns, resize_rows};
use filter::{BICUBIC, BILINEAR, Kernel, LANCZOS, Weights};

mod convolution;
mod filter;
mod sample;
mod transpose;

pub use filter::Filter;
use sample::{Sample, Sum};

/// The size of an image, not yet validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Rows.
    pub rows: i64,
    /// Columns.
    pub columns: i64,
}

/// The parameters of a resize, not yet validated. Pixels are interleaved.
#[derive(Debug, Clone, Copy)]
pub struct ResizeParams {
    /// The size of the source.
    pub from: Size,
    /// The size of the result.
    pub to: Size,
    /// 1 or 3.
    pub channels: i64,
    /// `Uint8`, `Uint16` or `Float32`, in native byte order.
    pub sample: SampleType,
    /// The filter.
    pub filter: Filter,
}

/// Resizes the image `src` into `out`. An intermediate image has the rows of the source and the columns of the result.
pub fn resize(src: &[u8], out: &mut [u8], params: &ResizeParams) -> Result<()> {
    let resize = match params.sample {
        SampleType::Uint8 => resize_samples::<u8, 1>,
        SampleType::Uint16 => resize_samples::<u16, 2>,
        SampleType::Float32 => resize_samples::<f32, 4>,
        _ => {
            let why = "only samples of type uint8, uint16 or float32 are resized";
            return Err(ErrorKind::Unsupported(why).into());
        }
    };
    resize(src, out, params)
}

fn resize_samples<S: Sample<N>, const N: usize>(src: &[u8], out: &mut [u8], params: &ResizeParams) -> Result<()> {
    let channels = match params.channels {
        1 => 1,
        3 => 3,
        found => return Err(Error::new(SAMPLES_PER_PIXEL, ErrorKind::Value { found, expected: "1 or 3" })),
    };
    let pixel = channels * N;
    let (from, to) = (checked(params.from, pixel, src.len())?, checked(params.to, pixel, out.len())?);
    let kernel = match params.filter {
        Filter::Nearest => return nearest(src, from, out, to, pixel),
        Filter::Bilinear => BILINEAR,
        Filter::Bicubic => BICUBIC,
        Filter::Lanczos => LANCZOS,
    };
    convolve::<S, N>(src.as_chunks().0, from, out.as_chunks_mut().0, to, channels, kernel)
}

/// Copies the pixels that contain the centers of the new pixels. Uses integers: floating point would assign a center
/// exactly between two pixels to either of them.
fn nearest(src: &[u8], from: (u32, u32), out: &mut [u8], to: (u32, u32), pixel: usize) -> Result<()> {
    let below_center =
        |place: u32, from: u32, to: u32| (2 * u64::from(place) + 1) * u64::from(from) / (2 * u64::from(to));
    let mut places = try_with_capacity(to.1 as usize)?;
    places.extend((0..to.1).map(|column| below_center(column, from.1, to.1) as usize * pixel));
    for (row, out) in (0_u32..).zip(out.chunks_exact_mut(to.1 as usize * pixel)) {
        let start = below_center(row, from.0, to.0) as usize * from.1 as usize * pixel;
        let src = &src[start..start + from.1 as usize * pixel];
        for (out, &place) in out.chunks_exact_mut(pixel).zip(&places) {
            out.copy_from_slice(&src[place..place + pixel]);
        }
    }
    Ok(())
}

/// Resizes the rows first, then the columns; between the two steps, integers are rounded and clamped to their range.
fn convolve<S: Sample<N>, const N: usize>(
    src: &[[u8; N]],
    (rows, columns): (u32, u32),
    out: &mut [[u8; N]],
    (out_rows, out_columns): (u32, u32),
    channels: usize,
    kernel: Kernel,
) -> Result<()> {
    let (width, out_width) = (columns as usize * channels, out_columns as usize * channels);
    let rows_pass = |src: &[[u8; N]], out: &mut [[u8; N]]| {
        let weights = Weights::new(kernel, columns, out_columns, S::Sum::weight)?;
        resize_rows::<S, N>(src, width, out, out_width, channels, &weights)
    };
    let columns_pass = |src: &[[u8; N]], out: &mut [[u8; N]]| -> Result<()> {
        let weights = Weights::new(kernel, rows, out_rows, S::Sum::weight)?;
        resize_columns::<S, N>(src, out_width, out, &weights);
        Ok(())
    };
    match (columns == out_columns, rows == out_rows) {
        (true, true) => out.copy_from_slice(src),
        (true, false) => columns_pass(src, out)?,
        (false, true) => rows_pass(src, out)?,
        (false, false) => {
            let samples = (rows as usize).checked_mul(out_width).ok_or_else(|| Error::from(ErrorKind::TooLarge))?;
            let mut between = filled([0; N], samples)?;
            rows_pass(src, &mut between)?;
            columns_pass(&between, out)?;
        }
    }
    Ok(())
}

/// Returns the validated rows and columns of an image of `found` bytes.
fn checked(size: Size, pixel: usize, found: usize) -> Result<(u32, u32)> {
    let rows = in_range(ROWS, size.rows, 1, 65535, "1 to 65535")?;
    let columns = in_range(COLUMNS, size.columns, 1, 65535, "1 to 65535")?;
    let (found, expected) = (found as u64, u64::from(rows) * u64::from(columns) * pixel as u64);
    if found == expected { Ok((rows, columns)) } else { Err(ErrorKind::Length { found, expected }.into()) }
}

#[cfg(test)]
#[allow(clippy::cast_sign_loss, reason = "sizes are positive")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILTERS: [Filter; 4] = [Filter::Nearest, Filter::Bilinear, Filter::Bicubic, Filter::Lanczos];

    fn params(from: (i64, i64), to: (i64, i64), channels: i64, sample: SampleType, filter: Filter) -> ResizeParams {
        let size = |(rows, columns)| Size { rows, columns };
        ResizeParams { from: size(from), to: size(to), channels, sample, filter }
    }

    proptest! {
        #[test]
        fn a_uniform_area_stays_uniform(
            from in (1_i64..60, 1_i64..60), to in (1_i64..60, 1_i64..60), rgb: bool, value: u16, filter in 0_usize..4,
        ) {
            let channels = if rgb { 3 } else { 1 };
            let samples = |(rows, columns): (i64, i64)| (rows * columns * channels) as usize;
            let [byte, _] = value.to_le_bytes();
            for (sample, bytes) in [
                (SampleType::Uint8, &[byte][..]),
                (SampleType::Uint16, &value.to_ne_bytes()),
                (SampleType::Float32, &f32::from(value).to_ne_bytes()),
            ] {
                let mut out = vec![0; bytes.len() * samples(to)];
                resize(&bytes.repeat(samples(from)), &mut out, &params(from, to, channels, sample, FILTERS[filter])).unwrap();
                prop_assert_eq!(out, bytes.repeat(samples(to)));
            }
        }

        #[test]
        fn the_nearest_is_one_of_the_samples(
            from in (1_i64..40, 1_i64..40), to in (1_i64..40, 1_i64..40),
        ) {
            let src: Vec<u8> = (0..from.0 * from.1).map(|place| place as u8).collect();
            let mut out = vec![0; (to.0 * to.1) as usize];
            resize(&src, &mut out, &params(from, to, 1, SampleType::Uint8, Filter::Nearest)).unwrap();
            for (place, &found) in (0_i64..).zip(&out) {
                let nearest = |place: i64, to: i64, from: i64| (2 * place + 1) * from / (2 * to);
                let row = nearest(place / to.1, to.0, from.0);
                let column = nearest(place % to.1, to.1, from.1);
                prop_assert_eq!(found, (row * from.1 + column) as u8);
            }
        }
    }

    #[test]
    fn one_pixel_is_the_mean_of_four() {
        let src: Vec<u8> = [0.0_f32, 2.0, 4.0, 6.0].iter().flat_map(|value| value.to_ne_bytes()).collect();
        let mut out = [0; 4];
        resize(&src, &mut out, &params((2, 2), (1, 1), 1, SampleType::Float32, Filter::Bilinear)).unwrap();
        assert!((f32::from_ne_bytes(out) - 3.0).abs() < 1e-6);
    }

    #[test]
    fn parameters_that_do_not_fit_are_refused() {
        let fits = params((2, 3), (1, 1), 1, SampleType::Uint8, Filter::Bilinear);
        let size = |rows, columns| Size { rows, columns };
        for (wrong, says) in [
            (ResizeParams { from: size(0, 3), ..fits }, "(0028,0010) Rows: found 0, expected 1 to 65535"),
            (ResizeParams { to: size(1, 65536), ..fits }, "(0028,0011) Columns: found 65536, expected 1 to 65535"),
            (ResizeParams { channels: 2, ..fits }, "(0028,0002) Samples per Pixel: found 2, expected 1 or 3"),
            (ResizeParams { sample: SampleType::Uint16, ..fits }, "found 6 bytes, expected 12"),
            (ResizeParams { to: size(1, 2), ..fits }, "found 1 bytes, expected 2"),
        ] {
            assert_eq!(resize(&[0; 6], &mut [0], &wrong).unwrap_err().to_string(), says);
        }
    }
}
