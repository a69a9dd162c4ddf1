//! Streams of the plain encoder decode to the samples that it reconstructs.

#![allow(clippy::unwrap_used, reason = "a test that fails")]

mod common;
mod decoding;

use common::parameters::{Choices, stream};
use common::picture::{KINDS, picture};
use common::preset::Preset;
use common::scan::Interleave;
use common::stream::{Encoded, Stream};
use common::{Grid, Noise};
use decoding::decode;
use dicomet_jpeg_ls::Warning;
use proptest::prelude::*;

fn check(stream: &Stream) -> Encoded {
    let encoded = stream.encode();
    let (planes, warnings) = decode(&encoded.bytes).unwrap();
    let padded = stream.scans.iter().any(|scan| scan.pad == 1);
    assert!(warnings.iter().all(|warning| padded && matches!(warning, Warning::PaddingBits { .. })), "{warnings:?}");
    assert!(planes.iter().eq(encoded.planes.iter().map(|plane| &plane.values)), "{:?}", stream.scans);
    encoded
}

/// The greatest difference of two images.
fn greatest_error(planes: &[Grid], others: &[Grid]) -> u16 {
    let samples = planes.iter().zip(others).flat_map(|(plane, other)| plane.values.iter().zip(&other.values));
    samples.map(|(sample, other)| sample.abs_diff(*other)).max().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(debug_assertions) { 256 } else { 2000 }, ..ProptestConfig::default() })]

    /// Scans, interleaving, restart intervals, presets, tables, transforms, sizes, and components of other sizes.
    #[test]
    fn any_stream(choices in prop::collection::vec(any::<u8>(), 0..60)) {
        check(&stream(&mut Choices(&choices), 70, true));
    }

    #[test]
    fn images_of_up_to_three_components(choices in prop::collection::vec(any::<u8>(), 0..60)) {
        let stream = stream(&mut Choices(&choices), 70, false);
        let encoded = check(&stream);
        let near = stream.scans.iter().map(|scan| u16::from(scan.near)).max().unwrap();
        if stream.tables.is_empty() && stream.transform == 0 {
            prop_assert!(greatest_error(&encoded.planes, &stream.planes) <= near);
        }
    }
}

/// All bits and kinds of pictures, lossless and with each small and great NEAR.
#[test]
fn bits_near_and_interleaving() {
    let mut noise = Noise(1);
    for (precision, kind) in (2..=16).flat_map(|precision| (0..KINDS).map(move |kind| (precision, kind))) {
        let maxval = ((1u32 << precision) - 1) as u16;
        let greatest = (maxval / 2).min(255) as u8;
        for (near, interleave) in [0, 1, 2, greatest]
            .into_iter()
            .filter(|near| *near <= greatest)
            .flat_map(|near| [Interleave::None, Interleave::Line, Interleave::Sample].map(|order| (near, order)))
        {
            let planes = (0..3).map(|_| picture(kind, (31, 17), maxval, &mut noise)).collect();
            let stream = Stream::new(precision, planes, interleave, near);
            let encoded = check(&stream);
            assert!(greatest_error(&encoded.planes, &stream.planes) <= near.into());
        }
    }
}

/// Runs of all lengths, up to 2^15 samples for one bit.
#[test]
fn long_runs() {
    for (number, interleave) in [Interleave::None, Interleave::Line, Interleave::Sample].into_iter().enumerate() {
        let mut noise = Noise(number as u64);
        let plane = |_| Grid::new(40_000, 12, |x, y| u16::from(y > 3 && x > 38_000 && noise.once_in(400)));
        let count = if interleave == Interleave::None { 1 } else { 2 };
        let planes: Vec<_> = (0..count).map(plane).collect();
        let encoded = check(&Stream::new(12, planes, interleave, 0));
        assert!(encoded.bytes.len() < 4000);
    }
}

/// Contexts that are halved at each number of samples, and predictions that are corrected up to their limits.
#[test]
fn resets_and_bias() {
    let mut noise = Noise(7);
    for reset in [3, 4, 5, 63, 64, 65, 255] {
        for kind in [1, 2, 6] {
            let planes = vec![picture(kind, (120, 90), 4095, &mut noise)];
            let mut stream = Stream::new(12, planes, Interleave::None, 0);
            stream.scans[0].preset = Some(Preset { reset, ..Preset::default() });
            check(&stream);
        }
    }
    // Each line is darker than what its neighbors let expect.
    let ramp = Grid::new(200, 60, |x, y| (60_000 - 200 * y - 150 * x) as u16);
    check(&Stream::new(16, vec![ramp], Interleave::None, 0));
}
