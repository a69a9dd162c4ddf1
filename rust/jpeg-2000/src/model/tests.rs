//! Codestreams of the model, decoded.

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::wavelet::{Plane, inverse_transform, subbands};
use super::{Image, Model, images};
use crate::code_block::Style;
use crate::{Context, Decoder, ErrorKind, Interleaved, OnTruncation, Options, Result, Warning};

type Planes = Vec<Vec<i64>>;

fn decode(data: &[u8], options: Options<'_>) -> Result<(Planes, Vec<Warning>)> {
    let (planes, warnings) = Decoder::with_options(data, options)?.decode_planes::<i64>(&mut Context::new())?;
    Ok((planes.into_iter().map(|plane| plane.samples).collect(), warnings))
}

fn same(found: &Planes, expected: &Planes) {
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let place = found.iter().zip(expected).position(|(found, expected)| found != expected);
        let values = place.map(|place| (place, found[place], expected[place]));
        assert_eq!((values, found.len()), (None, expected.len()), "component {index}");
    }
}

/// The image at a resolution of 2^-`reduce`, by the forward transformation alone.
fn reduced(model: &Model, image: &Image, reduce: u32) -> Planes {
    let area = model.area.map(i64::from);
    let planes = model.planes(image, area);
    // A tile at the origin has the subbands of the image.
    assert_eq!(model.tiles(), (1, 1));
    let mut lowest: Vec<Plane> = planes.iter().map(|plane| subbands(plane, reduce).pop().unwrap()).collect();
    if model.transform {
        for place in 0..lowest[0].values.len() {
            let values = inverse_transform([0, 1, 2].map(|index| lowest[index].values[place]));
            for (plane, value) in lowest.iter_mut().zip(values) {
                plane.values[place] = value;
            }
        }
    }
    let samples = lowest.into_iter().zip(&model.components).map(|(plane, component)| {
        let half = 1 << (component.precision - 1);
        let (shift, min) = if component.signed { (0, -half) } else { (half, 0) };
        plane.values.into_iter().map(|value| (value + shift).clamp(min, min + 2 * half - 1)).collect()
    });
    samples.collect()
}

/// The samples of rows, by component: with one sink, or with one for each strip.
fn rows(data: &[u8], options: Options<'_>, in_strips: bool) -> Result<Planes> {
    let decoder = Decoder::with_options(data, options)?;
    let info = decoder.info();
    let count = info.components.len();
    let row = info.width as usize * count;
    let mut samples = vec![0u16; row * info.height as usize];
    let whole = std::iter::once(0..info.height).collect();
    let strips = if in_strips { decoder.strips() } else { whole };
    let mut sinks = Interleaved::strips(&mut samples, row, &strips);
    match (info.sample_bits(), in_strips) {
        (8, true) => decoder.decode_strips::<u8, _>(&mut Context::new(), &mut sinks)?,
        (8, false) => decoder.decode::<u8>(&mut Context::new(), &mut sinks[0])?,
        (_, true) => decoder.decode_strips::<u16, _>(&mut Context::new(), &mut sinks)?,
        (_, false) => decoder.decode::<u16>(&mut Context::new(), &mut sinks[0])?,
    };
    let bits = info.sample_bits();
    let sample = |(sample, signed): (u16, bool)| match (signed, bits) {
        (true, 8) => i64::from(sample as i8),
        (true, _) => i64::from(sample as i16),
        (false, _) => i64::from(sample),
    };
    let component = |index: usize| {
        let signed = info.components[index].signed;
        samples.iter().skip(index).step_by(count).map(|value| sample((*value, signed))).collect()
    };
    Ok((0..count).map(component).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn all_codings_give_the_image(model in images()) {
        let image = model.image();
        let data = model.encode(&image);
        for workers in 1..4 {
            let (planes, warnings) = decode(&data, Options { workers, ..Options::default() }).unwrap();
            prop_assert_eq!(warnings, []);
            same(&planes, &image.planes);
            for in_strips in [false, true] {
                match rows(&data, Options { workers, ..Options::default() }, in_strips) {
                    Ok(planes) => same(&planes, &image.planes),
                    Err(error) => prop_assert!(error.unsupported().is_some()),
                }
            }
        }
    }

    /// A resolution is the LL subband of the forward transformation.
    #[test]
    fn reduced_resolutions_are_low_pass_subbands(model in images(), reduce in 1u32..4) {
        let mut model = model;
        (model.tile, model.area[0], model.area[1]) = ([0, 0, 200, 200], 0, 0);
        for component in &mut model.components {
            component.levels = component.levels.max(reduce);
        }
        let image = model.image();
        let data = model.encode(&image);
        let reduce = reduce as u8;
        let (planes, warnings) = decode(&data, Options { reduce, workers: 2, ..Options::default() }).unwrap();
        prop_assert_eq!(warnings, []);
        same(&planes, &reduced(&model, &image, reduce.into()));
    }

    /// No sample is invented: what is decoded from a part of the codestream is the image. The permission to decode what there
    /// is gives a warning if it is not.
    #[test]
    fn cut_codestreams_are_errors_or_complete(model in images(), place in 0.0f64..1.0) {
        let image = model.image();
        let data = model.encode(&image);
        let data = &data[..(data.len() as f64 * place) as usize];
        if let Ok((planes, _)) = decode(data, Options::default()) {
            same(&planes, &image.planes);
        }
        let permitted = Options { on_truncation: OnTruncation::Decode, ..Options::default() };
        match decode(data, permitted) {
            Ok((planes, warnings)) => {
                let concerns_samples =
                    |warning: &Warning| matches!(warning, Warning::Truncated { .. } | Warning::Damaged { .. });
                let is_reported = warnings.iter().any(concerns_samples);
                prop_assert!(planes == image.planes || is_reported, "{warnings:?}");
            }
            Err(error) => prop_assert!(!matches!(error.kind, ErrorKind::DataEndsEarly { .. }), "{error}"),
        }
    }

    /// Any bytes give samples or an error, the same with any number of threads.
    #[test]
    fn damaged_codestreams_do_no_harm(model in images(), changes in prop::collection::vec((0.0f64..1.0, any::<u8>()), 1..6)) {
        let mut data = model.encode(&model.image());
        for (place, value) in changes {
            let place = (data.len() as f64 * place) as usize;
            data[place] = value;
        }
        let max_memory = Some(64 << 20);
        for on_truncation in [OnTruncation::Error, OnTruncation::Decode] {
            let one = decode(&data, Options { on_truncation, max_memory, ..Options::default() });
            let two = decode(&data, Options { workers: 2, on_truncation, max_memory, ..Options::default() });
            prop_assert_eq!(one, two);
        }
    }
}

#[test]
fn each_strip_needs_a_sink() {
    let data = empty(30, 1, 15, 6);
    let decoder = Decoder::with_options(&data, Options { workers: 2, ..Options::default() }).unwrap();
    let strips = decoder.strips();
    assert_eq!(strips, [0..12, 12..24, 24..30]);
    let mut samples = vec![0u8; 30 * 30];
    for count in [0, 2, 3] {
        let mut sinks = Interleaved::strips(&mut samples, 30, &strips[..count]);
        assert_eq!(decoder.decode_strips::<u8, _>(&mut Context::new(), &mut sinks).is_ok(), count == 3);
    }
    assert_eq!(samples, [128; 900]);
}

/// Narrow tiles with 32 levels have far more resolutions than samples.
#[test]
fn resolutions_must_be_justified() {
    let mut data = vec![0xFF, 0x4F, 0xFF, 0x51, 0, 41, 0, 0];
    data.extend([2000, 1, 0, 0, 1, 1, 0, 0].map(u32::to_be_bytes).as_flattened());
    data.extend([0, 1, 7, 1, 1, 0xFF, 0x52, 0, 12, 0, 0, 0, 1, 0, 32, 4, 4, 0, 1, 0xFF, 0x5C, 0, 100, 0x40]);
    data.extend([8 << 3; 97]);
    data.extend([0xFF, 0x90, 0, 10, 0, 0, 0, 0, 0, 14, 0, 1, 0xFF, 0x93, 0xFF, 0xD9]);
    let options = Options { on_truncation: OnTruncation::Decode, ..Options::default() };
    let error = Decoder::with_options(&data, options).err().unwrap();
    let expected = (2000 * 33 - (1 << 16)) * 64;
    assert_eq!(error.kind, ErrorKind::TooShort { name: "codestream", found: data.len() as u64, expected });
    data[8..12].copy_from_slice(&1900u32.to_be_bytes());
    assert!(decode(&data, options).is_ok());
}

/// Packets of the first layers alone: in intact tile-parts, the encoder stopped there, and the samples are those of a codestream
/// that has no more layers. A cut codestream is an error, or complete.
#[test]
fn fewer_layers_than_the_header_says_are_a_warning() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut found = 0;
    for _ in 0..60 {
        let mut model = images().new_tree(&mut runner).unwrap().current();
        // Bytes are divided anywhere: without the rest, the checks of the coder fail.
        (model.style, model.layers, model.progression) = (Style(0), 3, 0);
        model.changes.0 = Vec::new();
        let image = model.image();
        let data = model.encode_layers(&image, 2);
        let (planes, warnings) = decode(&data, Options::default()).unwrap();
        let is_expected = |warning: &Warning| {
            matches!(warning, Warning::FewerLayers { found: 2, expected: 3, .. } | Warning::TilePartLength { .. })
        };
        assert!(warnings.iter().all(is_expected), "{warnings:?}");
        // An image without packets, because no sample is at a position of its grid, has all of them.
        assert_eq!(warnings.is_empty(), data == model.encode(&image));
        found += usize::from(warnings.iter().any(|warning| matches!(warning, Warning::FewerLayers { .. })));

        let style = data.windows(2).position(|marker| marker == [0xFF, 0x52]).unwrap();
        let mut with_two = data.clone();
        assert_eq!(with_two[style + 6..style + 8], [0, 3]);
        with_two[style + 7] = 2;
        assert_eq!(decode(&with_two, Options::default()), Ok((planes, Vec::new())));

        let cut = &data[..data.len() - 3];
        if let Ok((planes, warnings)) = decode(cut, Options::default()) {
            assert!(!warnings.iter().any(|warning| matches!(warning, Warning::FewerLayers { .. })), "{warnings:?}");
            same(&planes, &image.planes);
        }
    }
    assert!(found > 20);
}

/// Progression order changes that leave out precincts are a truncation, unless these have no data.
#[test]
fn progressions_must_have_all_packets() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut errors = 0;
    for number in 0..60 {
        let mut model = images().new_tree(&mut runner).unwrap().current();
        let (components, layers) = (model.components.len(), model.layers);
        // The lowest resolution, or the first component.
        let lowest = ((0, 1), (0, components), layers, 0);
        let first = ((0, 33), (0, 1), layers, 0);
        model.changes = (vec![if number % 2 == 0 { lowest } else { first }], false);
        let image = model.image();
        let data = model.encode(&image);
        match decode(&data, Options::default()) {
            Ok((planes, _)) => same(&planes, &image.planes),
            // More precincts than bytes of packet headers.
            Err(error) if matches!(error.kind, ErrorKind::TooShort { .. }) => {}
            Err(error) => {
                assert!(matches!(error.kind, ErrorKind::DataEndsEarly { .. }), "{error}");
                let permitted = Options { on_truncation: OnTruncation::Decode, ..Options::default() };
                let (_, warnings) = decode(&data, permitted).unwrap();
                assert!(warnings.iter().any(|warning| matches!(warning, Warning::Truncated { .. })));
                errors += 1;
            }
        }
    }
    assert!(errors > 20);
}

/// A codestream without components' data: SIZ of `size`, one tile, COD with five levels and precincts of 2^`precinct`, and `bytes`
/// packets without code-blocks.
fn empty(size: u32, components: u16, precinct: u8, bytes: usize) -> Vec<u8> {
    let mut data = vec![0xFF, 0x4F, 0xFF, 0x51];
    data.extend((38 + 3 * components).to_be_bytes());
    data.extend([0, 0]);
    data.extend([size, size, 0, 0, size, size, 0, 0].map(u32::to_be_bytes).as_flattened());
    data.extend(components.to_be_bytes());
    data.extend([7, 1, 1].repeat(components.into()));
    data.extend([0xFF, 0x52, 0, 18, 1, 0, 0, 1, 0, 5, 4, 4, 0, 1]);
    data.extend([precinct * 17; 6]);
    data.extend([0xFF, 0x5C, 0, 19, 0x40]);
    data.extend([8 << 3; 16]);
    data.extend([0xFF, 0x90, 0, 10, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF, 0x93]);
    data.extend(vec![0; bytes]);
    data.extend([0xFF, 0xD9]);
    data
}

/// Headers cannot make a caller allocate what the data cannot fill.
#[test]
fn more_packets_or_samples_than_bytes_are_errors() {
    let missing = |data: &[u8]| match Decoder::new(data) {
        Ok(_) => None,
        Err(error) => match error.kind {
            ErrorKind::TooShort { name, .. } => Some(name),
            other => panic!("{other}"),
        },
    };
    // An image of one value, and one of three components.
    assert_eq!(missing(&empty(8192, 1, 15, 6)), None);
    assert_eq!(missing(&empty(4096, 3, 15, 18)), None);
    assert_eq!(missing(&empty(4096, 3, 15, 17)), Some("packet headers"));
    let (planes, warnings) = decode(&empty(1000, 1, 15, 6), Options::default()).unwrap();
    assert!(planes[0].iter().all(|sample| *sample == 128) && planes[0].len() == 1_000_000 && warnings.is_empty());
    // 16384, 4096, 1024, 256, 64 and 16 precincts.
    assert_eq!(missing(&empty(8192, 1, 6, 21_840)), None);
    assert_eq!(missing(&empty(8192, 1, 6, 21_839)), Some("packet headers"));
    assert_eq!(missing(&empty(1 << 15, 1, 15, 6)), Some("codestream"));
    assert_eq!(missing(&empty(u32::MAX, 1, 15, 100)), Some("codestream"));
    assert_eq!(missing(&empty(u32::MAX, 3, 15, 100_000)), Some("codestream"));
    let cut = Options { on_truncation: OnTruncation::Decode, ..Options::default() };
    assert!(decode(&empty(u32::MAX, 1, 1, 100), cut).is_err());
}
