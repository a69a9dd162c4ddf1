//! Compares every table and every single sample with the plain pipeline.

#![allow(clippy::cast_sign_loss, clippy::float_cmp, reason = "small numbers of the test's own; exact")]

use super::*;
use crate::image::{Attributes, PixelElement};
use crate::lut::Lut;
use crate::voi::{Function, Window};

fn image(bits_allocated: i64, bits_stored: i64, signed: bool, element: PixelElement) -> Image {
    let attributes = Attributes {
        rows: 1,
        columns: 1,
        samples_per_pixel: 1,
        number_of_frames: 1,
        bits_allocated,
        bits_stored,
        high_bit: None,
        pixel_representation: i64::from(signed),
        planar_configuration: 0,
        photometric_interpretation: "MONOCHROME2".to_owned(),
        element,
    };
    Image::new(&attributes).unwrap()
}

fn pipelines(sample: SampleType) -> Vec<Pipeline> {
    let window = |function| Voi::Window(Window { center: 40.0, width: 400.0, function });
    let palette = || Palette::new(3, [&[0, 500, 65535], &[9, 8, 7], &[30000, 20000, 10000]], 16).unwrap();
    let lut = || Lut::new(-3, vec![0, 5, 17, 4095], 12).unwrap();
    let range = Range { low: 0.0, high: 200.0 };
    let rescale = Modality::Rescale { slope: 0.1, intercept: -3.3 };
    let looks = [
        Rendering::Value,
        Rendering::Gray { voi: window(Function::Linear), inverse: false },
        Rendering::Gray { voi: window(Function::Sigmoid), inverse: true },
        Rendering::Gray { voi: Voi::Lut(lut()), inverse: false },
        Rendering::Palette(palette()),
        Rendering::Supplemental { palette: palette(), voi: window(Function::LinearExact), inverse: true },
    ];
    let modalities = [Modality::Identity, rescale, Modality::Lut(lut())];
    let each = modalities.iter().flat_map(|modality| looks.iter().map(move |rendering| (modality, rendering)));
    each.map(|(modality, rendering)| Pipeline {
        modality: modality.clone(),
        rendering: rendering.clone(),
        range,
        sample,
    })
    .collect()
}

#[test]
fn a_table_equals_the_result_of_each_sample() {
    for (allocated, bits, signed) in [(8, 8, false), (8, 5, true), (16, 12, true), (16, 10, false), (16, 16, true)] {
        let image = image(allocated, bits, signed, PixelElement::PixelData);
        let stored = SampleType::of(&image);
        let (low, high) = stored_values(image.kind(), bits as u8);
        let mut words = vec![0; (high - low + 1) as usize * stored.bytes()];
        stored.write(&(low..=high).map(f64::from).collect::<Vec<_>>(), &mut words);
        for sample in [SampleType::Uint8, SampleType::Uint16, SampleType::Float32, SampleType::Float64] {
            for pipeline in pipelines(sample) {
                let table = Transform::new(&image, pipeline.clone(), bits as u8, u64::MAX).unwrap();
                let single = Transform::new(&image, pipeline.clone(), bits as u8, 0).unwrap();
                assert!(!table.table.is_empty() && single.table.is_empty());
                let mut results = [(); 2].map(|()| vec![0xAA; (high - low + 1) as usize * table.sample_bytes()]);
                table.apply(&words, &mut results[0]);
                single.apply(&words, &mut results[1]);
                assert!(results[0] == results[1], "{allocated} {bits} {signed} {pipeline:?}");
                table.apply_parallel(&Parallelism::of(3), &words, &mut results[1]).unwrap();
                assert!(results[0] == results[1]);
            }
        }
    }
}

#[test]
fn colors_and_grays() {
    let image = image(8, 8, false, PixelElement::PixelData);
    let palette = Palette::new(100, [&[0, 255], &[10, 20], &[255, 0]], 8).unwrap();
    let window = Window { center: 50.0, width: 100.0, function: Function::LinearExact };
    let range = Range { low: 0.0, high: 255.0 };
    let rendering = Rendering::Supplemental { palette, voi: Voi::Window(window), inverse: false };
    let pipeline = Pipeline { modality: Modality::Identity, rendering, range, sample: SampleType::Uint8 };
    let transform = Transform::new(&image, pipeline, 8, 256).unwrap();
    let mut out = [0; 12];
    transform.apply(&[0, 99, 100, 101], &mut out);
    assert_eq!(out, [0, 0, 0, 252, 252, 252, 0, 10, 255, 255, 20, 0]);
}

#[test]
fn floats_are_worked_out_one_by_one() {
    let image = image(32, 0, false, PixelElement::FloatPixelData);
    let pipeline = Pipeline {
        modality: Modality::Rescale { slope: 2.0, intercept: 1.0 },
        rendering: Rendering::Value,
        range: Range { low: 0.0, high: 1.0 },
        sample: SampleType::Float64,
    };
    let transform = Transform::new(&image, pipeline, 32, 1 << 40).unwrap();
    let mut out = [0; 8];
    transform.apply(&0.25_f32.to_ne_bytes(), &mut out);
    assert_eq!(f64::from_ne_bytes(out), 1.5);
}
