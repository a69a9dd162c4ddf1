//! Streams of a plain encoder decode to the result of a plain model.

#![allow(clippy::unwrap_used, reason = "a test that fails")]

mod common;

use common::lossless::{Lossless, samples};
use common::model::{dct_pixels, interleave};
use common::sequential::{Dct, blocks, quantization};
use common::{Factors, Grid, Noise, Shape};
use dicomet_jpeg::{Context, Decoder, Error, Interleaved, Options, Planar, Warning};
use proptest::prelude::*;

/// The samples of each pixel next to each other, in 16 bits, after a comparison with the result in parts and planes.
fn decode(stream: &[u8]) -> Result<(Vec<u16>, Vec<Warning>), Error> {
    let decoder = Decoder::new(stream)?;
    let info = decoder.info();
    let stride = info.width as usize * info.components.len();
    let mut out = vec![0xA5A5; stride * info.height as usize];
    let mut context = Context::new();
    let eight = info.sample_bits() == 8;
    let warnings = if eight {
        decoder.decode::<u8>(&mut context, &mut Interleaved::new(&mut out, stride, 0))
    } else {
        decoder.decode::<u16>(&mut context, &mut Interleaved::new(&mut out, stride, 0))
    };
    for parts in [2, 3, 7] {
        let (found, expected) = (decode_in_parts(&decoder, parts), warnings.as_ref().map(|_| out.clone()));
        assert_eq!(found.is_err(), expected.is_err(), "{parts} parts, {found:?}");
        if let (Ok(found), Ok(expected)) = (found, expected) {
            assert!(found == expected, "{parts} parts");
        }
    }
    warnings.map(|warnings| (out, warnings))
}

fn decode_in_parts(decoder: &Decoder<'_>, parts: usize) -> Result<Vec<u16>, Error> {
    let info = decoder.info();
    let (width, height, components) = (info.width as usize, info.height as usize, info.components.len());
    let split = decoder.split(parts)?;
    let mut planes = vec![vec![0xA5A5; width * height]; components];
    assert_eq!(split.ranges().first().map(|range| range.start), Some(0));
    assert_eq!(split.ranges().last().map(|range| range.end), Some(info.height));
    // In reverse order, so that a dependency between parts would show.
    for (part, range) in split.ranges().iter().enumerate().rev() {
        let rows = range.start as usize * width..range.end as usize * width;
        let part_planes = planes.iter_mut().map(|plane| &mut plane[rows.clone()]).collect();
        let mut sink = Planar::new(part_planes, width, range.start as usize);
        if info.sample_bits() == 8 {
            split.decode::<u8>(part, &mut Context::new(), &mut sink)?;
        } else {
            split.decode::<u16>(part, &mut Context::new(), &mut sink)?;
        }
    }
    Ok((0..width * height).flat_map(|pixel| planes.iter().map(move |plane| plane[pixel])).collect())
}

fn factors() -> impl Strategy<Value = Vec<Factors>> {
    let factor = prop_oneof![3 => Just(1usize), 3 => Just(2usize), 1 => 1usize..=4];
    let factors = (factor.clone(), factor).prop_map(|(horizontal, vertical)| Factors { horizontal, vertical });
    prop::collection::vec(factors, 1..=3).prop_map(|mut factors| {
        if let [only] = &mut factors[..] {
            *only = Factors { horizontal: 1, vertical: 1 };
        }
        factors
    })
}

fn fits_an_mcu(factors: &[Factors]) -> bool {
    factors.iter().map(|factors| factors.horizontal * factors.vertical).sum::<usize>() <= 10
}

/// The components of each scan.
fn arrangement(components: usize, number: usize) -> Vec<Vec<usize>> {
    match (components, number % 4) {
        (2, 1) => vec![vec![0], vec![1]],
        (2, 2) => vec![vec![1], vec![0]],
        (3, 1) => vec![vec![0], vec![1, 2]],
        (3, 2) => vec![vec![2], vec![0, 1]],
        (3, 3) => vec![vec![1], vec![0], vec![2]],
        _ => vec![(0..components).collect()],
    }
}

fn restart_interval(number: usize, shape: &Shape, scans: &[Vec<usize>]) -> usize {
    // Rows of the MCUs that there are, or of those of any length.
    let (wide, _) = shape.mcus();
    match number % 4 {
        0 => 0,
        1 => wide,
        2 if scans.len() == 1 => 2 * wide,
        _ => 1 + number / 4 % 40,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(debug_assertions) { 256 } else { 2000 }, ..ProptestConfig::default() })]

    #[test]
    fn sequential(
        (width, height) in (1usize..70, 1usize..70),
        factors in factors(),
        twelve: bool,
        (order, restarts) in (0usize..4, 0usize..160),
        seed: u64,
    ) {
        prop_assume!(fits_an_mcu(&factors));
        let mut noise = Noise(seed);
        let precision = if twelve { 12 } else { 8 };
        let shape = Shape { width, height, unit: 8, factors };
        let scans = arrangement(shape.factors.len(), order);
        let blocks = blocks(&shape, precision, &mut noise);
        let quantization = quantization(shape.factors.len(), &mut noise);
        let restart_interval = restart_interval(restarts, &shape, &scans);
        let image = Dct { precision, shape: &shape, blocks: &blocks, quantization: &quantization, restart_interval };
        let (found, warnings) = decode(&image.encode(&scans, &mut noise)).unwrap();
        prop_assert_eq!(warnings, []);
        prop_assert!(found == dct_pixels(&shape, &blocks, &quantization, precision));
    }

    #[test]
    fn progressive(
        (width, height) in (1usize..70, 1usize..50),
        factors in factors(),
        twelve: bool,
        restarts in 0usize..160,
        seed: u64,
    ) {
        prop_assume!(fits_an_mcu(&factors));
        let mut noise = Noise(seed);
        let precision = if twelve { 12 } else { 8 };
        let shape = Shape { width, height, unit: 8, factors };
        let mut blocks = blocks(&shape, precision, &mut noise);
        forget_padding(&shape, &mut blocks);
        let quantization = quantization(shape.factors.len(), &mut noise);
        let restart_interval = restart_interval(restarts, &shape, &[Vec::new(), Vec::new()]);
        let image = Dct { precision, shape: &shape, blocks: &blocks, quantization: &quantization, restart_interval };
        let steps = common::progressive::script(shape.factors.len(), &mut noise);
        let (found, warnings) = decode(&image.encode_progressive(&steps, &mut noise)).unwrap();
        prop_assert_eq!(warnings, []);
        prop_assert!(found == dct_pixels(&shape, &blocks, &quantization, precision));
    }

    #[test]
    fn lossless(
        (width, height) in (1usize..70, 1usize..40),
        factors in factors(),
        (full_size, one_table) in any::<(bool, bool)>(),
        (precision, point_transform) in (2u8..=16).prop_flat_map(|precision| (Just(precision), prop_oneof![3 => Just(0), 1 => 0..precision])),
        predictors in [1u8..=7, 1u8..=7, 1u8..=7],
        (order, restarts) in (0usize..4, 0usize..160),
        seed: u64,
    ) {
        prop_assume!(fits_an_mcu(&factors));
        let mut noise = Noise(seed);
        let factors = if full_size { common::lossless::full_size(factors.len()) } else { factors };
        let shape = Shape { width, height, unit: 1, factors };
        let scans: Vec<_> = arrangement(shape.factors.len(), order).into_iter().zip(predictors).collect();
        let restart_interval = restart_interval(restarts, &shape, &arrangement(shape.factors.len(), order));
        let tall = |scan: &[usize]| scan.len() > 1 && scan.iter().any(|index| shape.factors[*index].vertical > 1);
        let within_rows = !restart_interval.is_multiple_of(shape.mcus().0);
        prop_assume!(!(within_rows && scans.iter().any(|(components, _)| tall(components))));
        let samples = samples(&shape, precision, &mut noise);
        let image = Lossless { precision, shape: &shape, samples: &samples, scans, point_transform, one_table, restart_interval };
        let (found, warnings) = decode(&image.encode(&mut noise)).unwrap();
        prop_assert_eq!(warnings, []);
        let cleared = samples.iter().map(|plane| {
            let values = plane.values.iter().map(|sample| sample >> point_transform << point_transform).collect();
            Grid { width: plane.width, values }
        });
        prop_assert!(found == interleave(&shape, &cleared.collect::<Vec<_>>(), false));
    }
}

/// Blocks that complete the MCUs are only in scans of several components: without a meaning, and not in all of them.
fn forget_padding(shape: &Shape, blocks: &mut [Grid<common::sequential::Block>]) {
    for (component, grid) in blocks.iter_mut().enumerate() {
        let (width, height) = shape.size(component);
        *grid = Grid::new(grid.width, grid.height(), |x, y| {
            if x < width.div_ceil(8) && y < height.div_ceil(8) { grid.at(x, y) } else { [0; 64] }
        });
    }
}

/// Scans of this size have a second thread, which changes nothing.
#[test]
fn two_threads_give_what_one_does() {
    for (components, predictor, precision) in [(1, 1, 16), (1, 6, 12), (3, 1, 8), (3, 4, 16)] {
        let mut noise = Noise(u64::from(predictor));
        let (width, height) = (1024, 1000 / components);
        let shape = Shape { width, height, unit: 1, factors: common::lossless::full_size(components) };
        let samples = samples(&shape, precision, &mut noise);
        let scans = vec![((0..components).collect(), predictor)];
        let image = Lossless {
            precision,
            shape: &shape,
            samples: &samples,
            scans,
            point_transform: 0,
            one_table: true,
            restart_interval: 0,
        };
        let stream = image.encode(&mut noise);
        for cut in [stream.len(), stream.len() * 3 / 4] {
            let decode = |workers| {
                let decoder = Decoder::with_options(&stream[..cut], Options { workers, ..Options::default() })?;
                let mut out = vec![0u16; width * height * components];
                let mut sink = Interleaved::new(&mut out, width * components, 0);
                match precision {
                    8 => decoder.decode::<u8>(&mut Context::new(), &mut sink)?,
                    _ => decoder.decode::<u16>(&mut Context::new(), &mut sink)?,
                };
                Ok::<_, Error>(out)
            };
            assert!(decode(2) == decode(1), "{components} {predictor}");
        }
    }
}

/// H.1.2.1: predictions are added modulo 2^16, so only the samples that exceed the precision lose bits.
#[test]
fn lossless_samples_above_the_precision_are_reported() {
    for (predictor, precision) in (1..=7).flat_map(|predictor| [(predictor, 7), (predictor, 8), (predictor, 12)]) {
        let mut noise = Noise(u64::from(predictor));
        let shape = Shape { width: 13, height: 9, unit: 1, factors: common::lossless::full_size(1) };
        let samples = [Grid::new(13, 9, |_, _| noise.below(1 << (precision + 2)) as u16)];
        let scans = vec![(vec![0], predictor)];
        let (point_transform, one_table, restart_interval) = (0, true, 0);
        let image = Lossless {
            precision,
            shape: &shape,
            samples: &samples,
            scans,
            point_transform,
            one_table,
            restart_interval,
        };
        let (found, warnings) = decode(&image.encode(&mut noise)).unwrap();
        let mask = if precision <= 8 { 0xFF } else { 0xFFFF };
        let expected: Vec<_> = samples[0].values.iter().map(|sample| sample & mask).collect();
        assert_eq!(found, expected, "{predictor}");
        assert_eq!(warnings, [Warning::ExceedsPrecision { precision }], "{predictor}");
    }
}
