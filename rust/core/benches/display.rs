//! The steps after decoding: display, PNG files and resizing, in bytes of the source per second, or in the time that
//! building a table takes.
//!
//! `cargo bench -p dicomet-core --bench display`
#![allow(
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "small numbers of its own"
)]
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark has no users, and may panic")]

#[allow(dead_code, reason = "used by the other benchmark")]
mod support;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use dicomet_core::display::{Pipeline, Rendering, Transform, extrema, histogram};
use dicomet_core::image::{Attributes, Image, PixelElement};
use dicomet_core::modality::Modality;
use dicomet_core::palette::Palette;
use dicomet_core::sample_type::SampleType;
use dicomet_core::voi::{Function, Range, Voi, Window};
use dicomet_core::{png, resize};

const SIDE: usize = 512;
/// Pixel counts for which a table is built, and is not.
const MANY: u64 = 1 << 20;
const FEW: u64 = 0;

fn image(bits: i64) -> Image {
    let attributes = Attributes {
        rows: 512,
        columns: 512,
        samples_per_pixel: 1,
        number_of_frames: 1,
        bits_allocated: if bits > 8 { 16 } else { 8 },
        bits_stored: bits,
        high_bit: None,
        pixel_representation: 0,
        planar_configuration: 0,
        photometric_interpretation: "MONOCHROME2".to_owned(),
        element: PixelElement::PixelData,
    };
    Image::new(&attributes).unwrap()
}

fn window(function: Function) -> Voi {
    Voi::Window(Window { center: 40.0, width: 400.0, function })
}

fn gray(sample: SampleType, function: Function) -> Pipeline {
    let high = if sample == SampleType::Uint8 { 255.0 } else { 1.0 };
    Pipeline {
        modality: Modality::Rescale { slope: 1.0, intercept: -1024.0 },
        rendering: Rendering::Gray { voi: window(function), inverse: false },
        range: Range { low: 0.0, high },
        sample,
    }
}

fn colored() -> Pipeline {
    let entries: Vec<u16> = (0..256).map(|entry| entry * 257).collect();
    let palette = Palette::new(0, [&entries, &entries, &entries], 16).unwrap();
    Pipeline {
        modality: Modality::Identity,
        rendering: Rendering::Palette(palette),
        ..gray(SampleType::Uint8, Function::Linear)
    }
}

fn transforms(criterion: &mut Criterion) {
    let ct = support::little_endian(&support::ct(SIDE, SIDE, 0));
    let ultrasound = support::ultrasound(SIDE, SIDE, 0);
    let cases: [(&str, &[u8], i64, Pipeline, u64); 7] = [
        ("table, u16 to u8", &ct, 12, gray(SampleType::Uint8, Function::Linear), MANY),
        ("table, u16 to f32", &ct, 12, gray(SampleType::Float32, Function::Linear), MANY),
        ("table, palette, u8 to RGB", &ultrasound, 8, colored(), MANY),
        ("one by one, u16 to u8", &ct, 16, gray(SampleType::Uint8, Function::Linear), FEW),
        ("one by one, u16 to f32", &ct, 16, gray(SampleType::Float32, Function::Linear), FEW),
        ("one by one, sigmoid, u16 to u8", &ct, 16, gray(SampleType::Uint8, Function::Sigmoid), FEW),
        ("one by one, palette, u8 to RGB", &ultrasound, 8, colored(), FEW),
    ];
    let mut group = criterion.benchmark_group("display");
    for (name, stored, bits, pipeline, pixels) in cases {
        let transform = Transform::new(&image(bits), pipeline, bits as u8, pixels).unwrap();
        let mut out = vec![0; SIDE * SIDE * transform.sample_bytes()];
        group.throughput(Throughput::Bytes(stored.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| transform.apply(black_box(stored), black_box(&mut out))));
    }
    group.finish();
}

fn tables(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("display tables");
    let cases = [
        ("12 bits to u8", 12, gray(SampleType::Uint8, Function::Linear)),
        ("16 bits to u8", 16, gray(SampleType::Uint8, Function::Linear)),
        ("16 bits to f32", 16, gray(SampleType::Float32, Function::Linear)),
        ("16 bits to u8, sigmoid", 16, gray(SampleType::Uint8, Function::Sigmoid)),
        ("8 bits to RGB", 8, colored()),
        ("16 bits to RGB", 16, colored()),
    ];
    for (name, bits, pipeline) in cases {
        let image = image(bits);
        group.bench_function(name, |bencher| {
            bencher.iter(|| Transform::new(&image, black_box(&pipeline).clone(), bits as u8, MANY).unwrap());
        });
    }
    group.finish();
}

fn ranges(criterion: &mut Criterion) {
    let ct = support::little_endian(&support::ct(SIDE, SIDE, 0));
    let ultrasound = support::ultrasound(SIDE, SIDE, 0);
    let mut group = criterion.benchmark_group("ranges");
    group.throughput(Throughput::Bytes(ct.len() as u64));
    for (name, sample) in [("extrema, u16", SampleType::Uint16), ("extrema, f32", SampleType::Float32)] {
        group.bench_function(name, |bencher| bencher.iter(|| extrema(black_box(sample), black_box(&ct), None)));
    }
    group.bench_function("histogram, u16", |bencher| bencher.iter(|| histogram(black_box(&ct), true).unwrap()));
    group.throughput(Throughput::Bytes(ultrasound.len() as u64));
    group.bench_function("histogram, u8", |bencher| bencher.iter(|| histogram(black_box(&ultrasound), false).unwrap()));
    group.finish();
}

fn files(criterion: &mut Criterion) {
    let side = SIDE as i64;
    let layout = png::PngParams { width: side, height: side, channels: 1, bits: 8 };
    let ultrasound = support::ultrasound(SIDE, SIDE, 0);
    let ct: Vec<u8> = support::ct(SIDE, SIDE, 0).iter().flat_map(|sample| sample.to_ne_bytes()).collect();
    let cases = [
        ("encode_png, 8 bits", ultrasound.clone(), layout),
        ("encode_png, 16 bits", ct, png::PngParams { bits: 16, ..layout }),
        ("encode_png, RGB", support::rgb(&ultrasound), png::PngParams { channels: 3, ..layout }),
        ("encode_png, noise", support::noise(SIDE * SIDE), layout),
    ];
    let mut group = criterion.benchmark_group("files");
    for (name, samples, params) in cases {
        group.throughput(Throughput::Bytes(samples.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| png::encode(black_box(&samples), &params).unwrap()));
    }
    group.finish();
}

fn sizes(criterion: &mut Criterion) {
    use resize::{Filter, Size};
    let gray = support::ultrasound(SIDE, SIDE, 0);
    let ct: Vec<u8> = support::ct(SIDE, SIDE, 0).iter().flat_map(|sample| sample.to_ne_bytes()).collect();
    let floats: Vec<u8> = gray.iter().flat_map(|&sample| f32::from(sample).to_ne_bytes()).collect();
    let cases = [
        ("resize to 224, bilinear, u8", &gray, 1, SampleType::Uint8, Filter::Bilinear),
        ("resize to 224, bilinear, u16", &ct, 1, SampleType::Uint16, Filter::Bilinear),
        ("resize to 224, bilinear, RGB", &support::rgb(&gray), 3, SampleType::Uint8, Filter::Bilinear),
        ("resize to 224, bilinear, f32", &floats, 1, SampleType::Float32, Filter::Bilinear),
        ("resize to 224, lanczos, u8", &gray, 1, SampleType::Uint8, Filter::Lanczos),
        ("resize to 224, nearest, u8", &gray, 1, SampleType::Uint8, Filter::Nearest),
    ];
    let mut group = criterion.benchmark_group("sizes");
    for (name, src, channels, sample, filter) in cases {
        let size = |side| Size { rows: side, columns: side };
        let params = resize::ResizeParams { from: size(SIDE as i64), to: size(224), channels, sample, filter };
        let mut out = vec![0; src.len() / (SIDE * SIDE) * 224 * 224];
        group.throughput(Throughput::Bytes(src.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| resize::resize(black_box(src), black_box(&mut out), &params).unwrap());
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(50)
        .nresamples(5000)
        .configure_from_args();
    for measure in [transforms, tables, ranges, files, sizes] {
        measure(&mut criterion);
    }
    criterion.final_summary();
}
