//! Display values: segmented palette data, and any pipeline over any samples, by table and by single samples, both
//! compared with plain equations.

use crate::display_oracle::{self, Gray, Steps, Table, Window};
use crate::image_oracle::{Picture, extended};
use crate::input::Input;
use crate::sources::POISONS;
use dicomet_core::display::{Pipeline, Rendering, Transform, extrema, histogram};
use dicomet_core::image::SampleKind;
use dicomet_core::lut::Lut;
use dicomet_core::modality::Modality;
use dicomet_core::palette::{Palette, expand_segmented};
use dicomet_core::sample_type::SampleType;
use dicomet_core::voi::{self, Range, Voi};

const SAMPLES: [SampleType; 10] = [
    SampleType::Uint8,
    SampleType::Uint16,
    SampleType::Float32,
    SampleType::Float64,
    SampleType::Int8,
    SampleType::Int16,
    SampleType::Uint32,
    SampleType::Int32,
    SampleType::Uint64,
    SampleType::Int64,
];

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    match input.below(4) {
        0 => segments(input),
        1 => ranges(input),
        _ => transform(input),
    }
}

fn segments(mut input: Input<'_>) {
    let (wide, count) = (input.flag(), usize::from(input.u16()));
    let words: Vec<u16> = if wide {
        input.0.as_chunks().0.iter().map(|word| u16::from_le_bytes(*word)).collect()
    } else {
        input.0.iter().copied().map(u16::from).collect()
    };
    // Test the count that the segments expand to, as well, so that many inputs succeed.
    let all = display_oracle::expanded(&words, wide, 1 << 16, true);
    for count in [Some(count), all.as_ref().map(Vec::len)].into_iter().flatten() {
        assert_eq!(
            expand_segmented(&words, wide, count).ok(),
            display_oracle::expanded(&words, wide, count, false),
            "{words:?}"
        );
    }
}

/// Minimum, maximum and histogram.
fn ranges(mut input: Input<'_>) {
    let sample = input.one_of(&SAMPLES);
    let (from, to, leaves_out) = (input.below(8), input.below(8), input.flag());
    let words = input.0;
    let values: Vec<f64> =
        words.chunks_exact(sample.bytes()).map(|word| display_oracle::number(sample, word)).collect();
    // 64-bit integers have no exact range in float64.
    let exact = !matches!(sample, SampleType::Uint64 | SampleType::Int64);
    let at = |index: usize| values.get(index).copied().filter(|value| value.is_finite());
    let excluded = at(from).zip(at(to)).filter(|_| leaves_out && exact);
    let counted = values.iter().copied().filter(|value| value.is_finite());
    let counted: Vec<f64> =
        counted.filter(|value| excluded.is_none_or(|(low, high)| *value < low || *value > high)).collect();
    let expected = (!counted.is_empty()).then(|| {
        let lowest = counted.iter().copied().fold(f64::INFINITY, f64::min);
        (lowest, counted.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    });
    assert_eq!(extrema(sample, words, excluded), expected, "{sample:?} {excluded:?} {values:?}");
    for wide in [false, true] {
        let counts = histogram(words, wide).expect("memory");
        let width = if wide { 2 } else { 1 };
        for word in words.chunks_exact(width).take(8) {
            let same = words.chunks_exact(width).filter(|other| *other == word).count();
            let bits = if wide { usize::from(u16::from_ne_bytes([word[0], word[1]])) } else { word[0].into() };
            assert_eq!(counts[bits], same as u64);
        }
        assert_eq!(counts.iter().sum::<u64>(), (words.len() / width) as u64);
    }
}

fn transform(mut input: Input<'_>) {
    let picture = Picture::take(&mut input);
    let Some(image) = picture.image() else { return };
    let Some((pipeline, steps)) = pipeline(&mut input) else { return };
    let stored = SampleType::of(&image);
    // A table of all 16-bit words is slow.
    let bits = input.byte();
    let bits = if bits < 8 { 16 } else { bits % 12 + 1 }.min(8 * stored.bytes() as u8);
    let transforms = [0, 1 << 16].map(|pixels| Transform::new(&image, pipeline.clone(), bits, pixels));
    let [Ok(single), Ok(table)] = &transforms else {
        return assert!(
            transforms.iter().all(Result::is_err) && image.samples_per_pixel() != 1 && pipeline.samples() != 1
        );
    };
    let words = words(input.0, stored, bits, image.kind());
    let width = stored.bytes();
    let expected: Vec<Vec<f64>> =
        words.chunks_exact(width).map(|word| steps.displayed(display_oracle::number(stored, word))).collect();
    assert_eq!(single.sample_bytes(), pipeline.samples() * pipeline.sample.bytes());
    for (transform, poison) in [(single, POISONS[0]), (table, POISONS[1])] {
        let mut out = vec![poison; words.len() / width * transform.sample_bytes()];
        transform.apply(&words, &mut out);
        for ((found, word), expected) in
            out.chunks_exact(transform.sample_bytes()).zip(words.chunks_exact(width)).zip(&expected)
        {
            let agree = display_oracle::agree(pipeline.sample, found, expected);
            assert!(agree, "{found:?} {expected:?} of {word:?} by {pipeline:?}, {bits} bits of {stored:?}");
        }
        // Words outside the declared bits, and sizes that do not match, must not panic.
        transform.apply(input.0, &mut out);
        let fewer = out.len() / 2;
        transform.apply(&words, &mut out[..fewer]);
    }
}

/// Words with only the lowest `bits` significant; floats and words wider than 16 bits are unchanged.
fn words(bytes: &[u8], stored: SampleType, bits: u8, kind: SampleKind) -> Vec<u8> {
    let width = stored.bytes();
    let all = bytes.chunks_exact(width).take(64);
    if width > 2 {
        return all.flatten().copied().collect();
    }
    let word =
        |bytes: &[u8]| extended(bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)), bits, kind);
    all.flat_map(|bytes| if width == 1 { vec![word(bytes) as u8] } else { (word(bytes) as u16).to_ne_bytes().to_vec() })
        .collect()
}

/// A pipeline, and the same steps as equations; `None` where a table is invalid.
fn pipeline(input: &mut Input<'_>) -> Option<(Pipeline, Steps)> {
    let sample = if input.flag() { input.one_of(&SAMPLES) } else { input.one_of(&SAMPLES[..4]) };
    let (low, high) = match input.below(6) {
        0 => (0.0, 1.0),
        1 => (0.0, 65535.0),
        2 => (255.0, 0.0),
        3 => (number(input), number(input)),
        _ => (0.0, 255.0),
    };
    let (modality, rescale) = match input.below(4) {
        0 => (Modality::Identity, display_oracle::Modality::Identity),
        1 => {
            let (lut, table) = lut(input)?;
            (Modality::Lut(lut), display_oracle::Modality::Table(table))
        }
        _ => {
            let (slope, intercept) = (number(input), number(input));
            (Modality::Rescale { slope, intercept }, display_oracle::Modality::Rescale { slope, intercept })
        }
    };
    let inverse = input.flag();
    let (rendering, steps) = match input.below(8) {
        0 => (Rendering::Value, (None, None)),
        1 => {
            let (palette, colors) = palette(input)?;
            (Rendering::Palette(palette), (None, Some(colors)))
        }
        2 | 3 => {
            let (palette, colors) = palette(input)?;
            let (voi, gray) = voi(input)?;
            (Rendering::Supplemental { palette, voi, inverse }, (Some(gray), Some(colors)))
        }
        _ => {
            let (voi, gray) = voi(input)?;
            (Rendering::Gray { voi, inverse }, (Some(gray), None))
        }
    };
    let (gray, colors) = steps;
    let steps = Steps { modality: rescale, gray, colors, inverse, low, high };
    Some((Pipeline { modality, rendering, range: Range { low, high }, sample }, steps))
}

fn voi(input: &mut Input<'_>) -> Option<(Voi, Gray)> {
    if input.below(4) == 0 {
        let (lut, table) = lut(input)?;
        return Some((Voi::Lut(lut), Gray::Table(table)));
    }
    let (center, width) = (number(input), number(input));
    let (function, kind) = match input.below(3) {
        0 => (voi::Function::Sigmoid, Window::Sigmoid),
        1 => (voi::Function::LinearExact, Window::LinearExact),
        _ => (voi::Function::Linear, Window::Linear),
    };
    Some((Voi::Window(voi::Window { center, width, function }), Gray::Window { center, width, kind }))
}

fn first(input: &mut Input<'_>) -> i32 {
    match input.below(8) {
        0 => i32::from(input.u16()) << 16,
        1 => i32::from(input.u16()),
        2 => i32::from(input.u16().cast_signed()),
        _ => i32::from(input.byte().cast_signed()),
    }
}

fn lut(input: &mut Input<'_>) -> Option<(Lut, Table)> {
    let (first, bits, count) = (first(input), input.below(12) as u8 + 7, input.below(9));
    let entries: Vec<u16> = (0..count).map(|_| input.u16()).collect();
    let lut = Lut::new(first, entries.clone(), bits);
    assert_eq!(lut.is_ok(), (8..=16).contains(&bits) && count > 0);
    Some((lut.ok()?, Table { first: f64::from(first), entries, bits }))
}

fn palette(input: &mut Input<'_>) -> Option<(Palette, [Table; 3])> {
    let (first, bits) = (first(input), input.one_of(&[8, 16, 8, 16, 12]));
    let counts = [input.below(9), input.below(9), input.below(9)];
    let colors = counts.map(|count| (0..count).map(|_| input.u16() >> (16 - bits)).collect::<Vec<u16>>());
    let palette = Palette::new(first, [&colors[0], &colors[1], &colors[2]], bits);
    let count = counts[0].min(counts[1]).min(counts[2]);
    assert_eq!(palette.is_ok(), bits != 12 && count > 0);
    let table = |entries: Vec<u16>| Table { first: f64::from(first), entries: entries[..count].to_vec(), bits };
    Some((palette.ok()?, colors.map(table)))
}

/// A number that a file may contain, plausible or not.
fn number(input: &mut Input<'_>) -> f64 {
    match input.below(8) {
        0 => f64::from_bits(input.u64()),
        1 => input.one_of(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e300, 1e-300, 1.0, 4096.0]),
        2 => f64::from(input.u16().cast_signed()) / 7.0,
        3 => f64::from(input.byte()) / 16.0,
        4 => f64::from(input.u16()),
        _ => f64::from(input.byte().cast_signed()),
    }
}
