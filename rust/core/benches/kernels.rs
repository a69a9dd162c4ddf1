//! Throughput of every kernel and of decoding whole frames, in bytes of the result per second, compared with a plain
//! copy of the same number of bytes; for the encoder, in bytes of its source.
//!
//! `cargo bench -p dicomet-core`, or `cargo bench -p dicomet-core -- rle` for the groups with that name.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark has no users, and may panic")]

mod support;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use dicomet_core::color::{self, Arithmetic, convert_rgb_to_ybr as rgb_to_ybr, convert_ybr_to_rgb as ybr_to_rgb};
use dicomet_core::decode::{Codec, Conversion, Decoder};
use dicomet_core::image::{Attributes, ByteOrder, Image, PixelElement};
use dicomet_core::item::Fragment;
use dicomet_core::parallel::Parallelism;
use dicomet_core::rle::encode::{EncodeParams, encode_frame};
use dicomet_core::{bits, planes, rle};

/// Bytes of a kernel's result: source and result stay in a second-level cache of 512 KiB, and all sizes of a pixel
/// (1 to 24 bytes) divide it.
const OUT: usize = 3 << 16;

/// From a source to a result.
type Run = Box<dyn Fn(&[u8], &mut [u8])>;

/// One measurement: `run` with each of `sources` in turn.
struct Case {
    name: &'static str,
    sources: Vec<Vec<u8>>,
    run: Run,
}

/// The parameters of a kernel go through `black_box` in `run`, so that it is not compiled for them alone.
fn case(name: &'static str, src: Vec<u8>, run: impl Fn(&[u8], &mut [u8]) + 'static) -> Case {
    Case { name, sources: vec![src], run: Box::new(run) }
}

/// A kernel that works in place on warm memory, as `Decoder` calls it: on its own result repeatedly. This equals fresh
/// samples if the time of the kernel does not depend on their values.
fn in_place(name: &'static str, run: impl Fn(&mut [u8]) + 'static) -> Case {
    case(name, Vec::new(), move |_, out| run(out))
}

/// A kernel that works in place and changes its samples: it gets a fresh copy each time, which is part of the
/// measurement.
fn on_a_copy(name: &'static str, src: Vec<u8>, run: impl Fn(&mut [u8]) + 'static) -> Case {
    case(name, src, move |src, out| {
        out.copy_from_slice(src);
        run(out);
    })
}

fn unpacking() -> Vec<Case> {
    vec![
        case("unpack_1, on a byte", support::noise(OUT / 8), |src, out| bits::unpack_1(src, black_box(0), out)),
        case("unpack_1, off a byte", support::noise(OUT / 8 + 1), |src, out| bits::unpack_1(src, black_box(3), out)),
        case("unpack_12, on a byte", support::noise(OUT / 4 * 3), |src, out| bits::unpack_12(src, black_box(0), out)),
        case("unpack_12, off a byte", support::noise(OUT / 4 * 3 + 1), |src, out| {
            bits::unpack_12(src, black_box(4), out);
        }),
        case("widen 8 to 16, unsigned", support::noise(OUT / 2), |src, out| widen(src, out, false)),
        case("widen 8 to 16, signed", support::noise(OUT / 2), |src, out| widen(src, out, true)),
    ]
}

fn widen(src: &[u8], out: &mut [u8], signed: bool) {
    bits::widen(src, black_box(1), out, black_box(2), black_box(signed));
}

fn words() -> Vec<Case> {
    vec![
        in_place("swap_pairs", bits::swap_pairs),
        in_place("swap_words of 2", |out| bits::swap_words(out, black_box(2))),
        in_place("swap_words of 4", |out| bits::swap_words(out, black_box(4))),
        in_place("swap_words of 8", |out| bits::swap_words(out, black_box(8))),
        in_place("correct_unused, 12 of 16, unsigned", |out| sign_extend_or_mask(out, false)),
        in_place("correct_unused, 12 of 16, signed", |out| sign_extend_or_mask(out, true)),
    ]
}

fn sign_extend_or_mask(out: &mut [u8], signed: bool) {
    bits::sign_extend_or_mask(out, black_box(2), black_box(12), black_box(signed));
}

fn interleaving() -> Vec<Case> {
    let samples = |name, width| {
        case(name, support::noise(OUT), move |src, out| {
            planes::interleave_samples(parts(src), black_box(width), out);
        })
    };
    vec![
        samples("interleave_samples, 3 of 1 byte", 1),
        samples("interleave_samples, 3 of 2 bytes", 2),
        interleave_bytes::<2>("interleave_bytes, 2 planes"),
        interleave_bytes::<3>("interleave_bytes, 3 planes"),
        interleave_bytes::<4>("interleave_bytes, 4 planes"),
        interleave_bytes::<6>("interleave_bytes, 6 planes"),
        gather_bytes("gather_bytes, 2 planes", 2),
        gather_bytes("gather_bytes, 3 planes", 3),
        gather_bytes("gather_bytes, 4 planes", 4),
        gather_bytes("gather_bytes, 6 planes", 6),
    ]
}

fn interleave_bytes<const N: usize>(name: &'static str) -> Case {
    case(name, support::noise(OUT), |src, out| planes::interleave_bytes(black_box(&parts::<N>(src)), out))
}

/// All planes of the source, one after the other, in rows of 512 pixels as the encoder reads them.
fn gather_bytes(name: &'static str, planes: usize) -> Case {
    case(name, support::noise(OUT), move |src, out| {
        for (plane, out) in out.chunks_exact_mut(src.len() / planes).enumerate() {
            for (row, out) in src.chunks_exact(512 * planes).zip(out.chunks_exact_mut(512)) {
                planes::gather_bytes(row, black_box(planes), plane, out);
            }
        }
    })
}

fn parts<const N: usize>(src: &[u8]) -> [&[u8]; N] {
    let part = src.len() / N;
    std::array::from_fn(|i| &src[i * part..(i + 1) * part])
}

fn colors() -> Vec<Case> {
    let gray = support::ultrasound(OUT / 3 / 256, 256, 0);
    vec![
        case("expand_422", support::noise(OUT / 3 * 2), |src, out| color::upsample_422(src, black_box(1), out)),
        on_a_copy("convert_ybr_to_rgb", support::ybr(&gray), |pixels| ybr_to_rgb(pixels, Arithmetic::Exact)),
        on_a_copy("convert_ybr_to_rgb, float", support::ybr(&gray), |pixels| ybr_to_rgb(pixels, Arithmetic::Float)),
        on_a_copy("convert_ybr_to_rgb, fused", support::ybr(&gray), |pixels| {
            ybr_to_rgb(pixels, Arithmetic::FusedFloat);
        }),
        on_a_copy("convert_rgb_to_ybr", support::rgb(&gray), |pixels| rgb_to_ybr(pixels, Arithmetic::Exact)),
        on_a_copy("convert_rgb_to_ybr, float", support::rgb(&gray), |pixels| rgb_to_ybr(pixels, Arithmetic::Float)),
        on_a_copy("convert_rgb_to_ybr, fused", support::rgb(&gray), |pixels| {
            rgb_to_ybr(pixels, Arithmetic::FusedFloat);
        }),
    ]
}

/// Enough different images that the branch predictor cannot learn their runs.
const IMAGES: u64 = 16;

fn segments() -> Vec<Case> {
    let (rows, columns) = (OUT / 512, 512);
    let segment = |name, plane: &dyn Fn(u64) -> Vec<u8>| {
        let sources = (0..IMAGES).map(|seed| support::pack_bits(&plane(seed), columns)).collect();
        let run: Run = Box::new(|src, out| assert_eq!(rle::decode_segment(src, out).written, out.len()));
        Case { name, sources, run }
    };
    let ct = |seed, byte| support::byte_plane(&support::ct(rows, columns, seed), byte);
    vec![
        segment("decode_segment, CT, high bytes", &|seed| ct(seed, 1)),
        segment("decode_segment, CT, low bytes", &|seed| ct(seed, 0)),
        segment("decode_segment, ultrasound", &|seed| support::ultrasound(rows, columns, seed)),
        segment("decode_segment, constant", &|_| vec![7; OUT]),
    ]
}

fn encoding() -> Vec<Case> {
    let frame = |name, samples: usize, sample_bytes: usize, source: &dyn Fn(usize, u64) -> Vec<u8>| {
        let rows = OUT / 512 / samples / sample_bytes;
        let [height, samples_per_pixel, sample_bytes] =
            [rows, samples, sample_bytes].map(|n| i64::try_from(n).unwrap());
        let layout =
            EncodeParams { rows: height, columns: 512, samples_per_pixel, sample_bytes, order: ByteOrder::Little };
        let sources = (0..IMAGES).map(|seed| source(rows, seed)).collect();
        let run: Run = Box::new(move |src, _| {
            black_box(encode_frame(src, black_box(&layout)).unwrap());
        });
        Case { name, sources, run }
    };
    let ct = |rows, seed| support::ct(rows, 512, seed);
    vec![
        frame("encode_frame, CT", 1, 2, &|rows, seed| support::little_endian(&ct(rows, seed))),
        frame("encode_frame, CT, high bytes", 1, 1, &|rows, seed| support::byte_plane(&ct(rows, seed), 1)),
        frame("encode_frame, CT, low bytes", 1, 1, &|rows, seed| support::byte_plane(&ct(rows, seed), 0)),
        frame("encode_frame, ultrasound", 1, 1, &|rows, seed| support::ultrasound(rows, 512, seed)),
        frame("encode_frame, ultrasound, RGB", 3, 1, &|rows, seed| support::rgb(&support::ultrasound(rows, 512, seed))),
        frame("encode_frame, noise", 1, 1, &|_, _| support::noise(OUT)),
        frame("encode_frame, constant", 1, 1, &|_, _| vec![7; OUT]),
    ]
}

/// The parameters that differ between the images.
#[derive(Clone, Copy)]
struct Format {
    rows: i64,
    columns: i64,
    bits: (i64, i64),
    signed: bool,
    planar: bool,
    photometric: &'static str,
}

const CT: Format =
    Format { rows: 512, columns: 512, bits: (16, 16), signed: true, planar: false, photometric: "MONOCHROME2" };
const RGB: Format = Format { rows: 480, columns: 640, bits: (8, 8), signed: false, planar: false, photometric: "RGB" };

impl Format {
    fn decoder(&self, conversion: Conversion) -> Decoder {
        let image = Image::new(&Attributes {
            rows: self.rows,
            columns: self.columns,
            samples_per_pixel: if self.photometric == "MONOCHROME2" { 1 } else { 3 },
            number_of_frames: 1,
            bits_allocated: self.bits.0,
            bits_stored: self.bits.1,
            high_bit: None,
            pixel_representation: self.signed.into(),
            planar_configuration: self.planar.into(),
            photometric_interpretation: self.photometric.to_owned(),
            element: PixelElement::PixelData,
        });
        Decoder::native(&image.unwrap(), ByteOrder::Little, false, true, conversion).unwrap()
    }
}

/// One frame through `Decoder`, with the bytes of its result.
type Frame = (Case, usize);

fn frame(name: &'static str, sources: Vec<Vec<u8>>, decoder: Decoder, decode: fn(&Decoder, &[u8], &mut [u8])) -> Frame {
    let bytes = decoder.image().frame_bytes().unwrap();
    (Case { name, sources, run: Box::new(move |src, out| decode(&decoder, src, out)) }, bytes)
}

fn native(decoder: &Decoder, src: &[u8], out: &mut [u8]) {
    decoder.native_frames(&src, black_box(0), out, &Parallelism::of(1)).unwrap();
}

fn rle(decoder: &Decoder, src: &[u8], out: &mut [u8]) {
    let frame = [Fragment { offset: 0, length: src.len() as u64 }];
    assert!(
        decoder
            .decode_frames(&Codec::RleLossless, &src, |_| &frame, 0, out, &Parallelism::of(1))
            .unwrap()
            .warnings
            .is_empty()
    );
}

fn native_frames() -> Vec<Frame> {
    let ways = [
        ("native, 16 of 16", CT, Conversion::None),
        ("native, 12 of 16, signed", Format { bits: (16, 12), ..CT }, Conversion::None),
        ("native, 12 of 16, unsigned", Format { bits: (16, 12), signed: false, ..CT }, Conversion::None),
        ("native, 12 of 12", Format { bits: (12, 12), signed: false, ..CT }, Conversion::None),
        ("native, 1 bit", Format { bits: (1, 1), signed: false, ..CT }, Conversion::None),
        ("native, RGB", RGB, Conversion::None),
        ("native, RGB, planar", Format { planar: true, ..RGB }, Conversion::None),
        ("native, YBR_FULL", Format { photometric: "YBR_FULL", ..RGB }, Conversion::YbrToRgb),
        ("native, YBR_FULL, planar", Format { photometric: "YBR_FULL", planar: true, ..RGB }, Conversion::YbrToRgb),
        ("native, YBR_FULL_422", Format { photometric: "YBR_FULL_422", ..RGB }, Conversion::YbrToRgb),
    ];
    let case = |(name, format, conversion): (_, Format, _)| {
        frame(name, vec![samples(format.photometric, 0)], format.decoder(conversion), native)
    };
    ways.map(case).into()
}

/// At least the bytes of a native frame; packed formats use only the first of them.
fn samples(photometric: &str, seed: u64) -> Vec<u8> {
    let gray = support::ultrasound(480, 640, seed);
    match photometric {
        "MONOCHROME2" => support::little_endian(&support::ct(512, 512, seed)),
        "RGB" => support::rgb(&gray),
        "YBR_FULL" => support::ybr(&gray),
        _ => support::ybr_422(&gray),
    }
}

fn rle_frames() -> Vec<Frame> {
    let ct = |seed| support::ct(512, 512, seed);
    let gray = Format { signed: false, ..CT };
    let radiograph = Format { rows: 2140, columns: 1760, bits: (16, 10), ..gray };
    let angiogram = Format { rows: 1024, columns: 1024, ..radiograph };
    let unconverted = |format: &Format| format.decoder(Conversion::None);
    let words = |name, images, format: &Format, samples: &dyn Fn(u64) -> Vec<u16>| {
        let columns = usize::try_from(format.columns).unwrap();
        frame(name, (0..images).map(|seed| rle_words(&samples(seed), columns)).collect(), unconverted(format), rle)
    };
    let rgb = |seed| [0, 1, 2].map(|sample| support::pack_bits(&support::every(&samples("RGB", seed), sample, 3), 640));
    let rgb = (0..IMAGES).map(|seed| support::rle_frame(&rgb(seed))).collect();
    let xa = |bits, seed| support::projection(1024, 1024, bits, true, seed);
    let xa_8 = |seed| support::rle_frame(&[support::pack_bits(&support::byte_plane(&xa(8, seed), 0), 1024)]);
    vec![
        words("RLE, 16 of 16", IMAGES, &CT, &ct),
        words("RLE, 12 of 16, signed", IMAGES, &Format { bits: (16, 12), ..CT }, &ct),
        frame("RLE, RGB", rgb, unconverted(&RGB), rle),
        words("RLE, MR", IMAGES, &Format { rows: 256, columns: 256, bits: (16, 12), ..gray }, &|seed| {
            support::mr(256, 256, seed)
        }),
        words("RLE, CR, 10 of 16", 4, &radiograph, &|seed| support::projection(2140, 1760, 10, false, seed)),
        words("RLE, XA, 10 of 16", 8, &angiogram, &|seed| xa(10, seed)),
        frame("RLE, XA, 8 of 8", (0..8).map(xa_8).collect(), unconverted(&Format { bits: (8, 8), ..angiogram }), rle),
    ]
}

/// A frame of one sample per pixel: its high bytes, and its low bytes.
fn rle_words(samples: &[u16], columns: usize) -> Vec<u8> {
    support::rle_frame(&[1, 0].map(|byte| support::pack_bits(&support::byte_plane(samples, byte), columns)))
}

/// Measures a copy of `out_bytes` bytes, and `cases`, which all have results of this size.
fn measure(criterion: &mut Criterion, group: &str, out_bytes: usize, cases: Vec<Case>) {
    let copy = case("memcpy", support::noise(out_bytes), |src, out| out.copy_from_slice(src));
    let mut group = criterion.benchmark_group(group);
    group.throughput(Throughput::Bytes(out_bytes as u64));
    for Case { name, sources, run } in std::iter::once(copy).chain(cases) {
        let (mut out, mut turn) = (support::noise(out_bytes), sources.iter().cycle());
        group
            .bench_function(name, |bencher| bencher.iter(|| run(black_box(turn.next().unwrap()), black_box(&mut out))));
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
    let kernels = [
        ("unpacking", unpacking()),
        ("words", words()),
        ("interleaving", interleaving()),
        ("colors", colors()),
        ("rle segments", segments()),
        ("rle encoding", encoding()),
    ];
    for (group, cases) in kernels {
        measure(&mut criterion, group, OUT, cases);
    }
    for (case, out_bytes) in native_frames().into_iter().chain(rle_frames()) {
        measure(&mut criterion, &format!("frame: {}", case.name), out_bytes, vec![case]);
    }
    criterion.final_summary();
}
