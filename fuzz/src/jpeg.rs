//! JPEG codestreams, as they are or from the encoder of the crate's tests with changes: what is decoded is what a plain
//! decoder finds, in every way of decoding.

mod bits;
mod generated;
mod plain;
mod scans;
/// The encoder of the crate's tests, and its model of what blocks decode to.
#[allow(clippy::pedantic, reason = "it has the lints of the crate's tests")]
#[path = "../../rust/jpeg/tests/common/mod.rs"]
mod streams;

use crate::codestream_frames;
use crate::input::Input;
use dicomet_core::codestream::Family;
use dicomet_jpeg::{Band, Context, Decoder, Error, FrameInfo, Interleaved, Options, Planar, Result, Sample, Warning};
use std::ops::Range;

pub use generated::seeds;

/// Samples up to which the plain decoder is asked: it takes some 100 ns for each.
const COMPARED_SAMPLES: usize = 1 << 16;
const POISON: u16 = 0xA5A5;

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let generated = input.below(4);
    let (rows, parts) = ([input.byte(), input.byte()], usize::from(input.byte()));
    let stream = match generated {
        0 => generated::mutated(&mut input),
        _ => input.0.to_vec(),
    };
    // One other way for each input: all of them would take five times as long. Threads and frames take longest.
    let way = match parts / 8 {
        0 => Way::Threads,
        1 | 2 => Way::Frames,
        3..=11 => Way::Planes,
        12..=21 => Way::Parts(parts % 8 + 1),
        _ => Way::Rows(rows),
    };
    check(&stream, &way);
    if matches!(way, Way::Threads | Way::Frames) {
        codestream_frames::check(&stream, Family::Jpeg, matches!(way, Way::Threads));
    }
}

/// The way of decoding that is compared with the usual one.
enum Way {
    /// Two threads, and frames on three. Starting them takes longer than decoding.
    Threads,
    Frames,
    Planes,
    /// A range of rows, in 1/256 of the height.
    Rows([u8; 2]),
    Parts(usize),
}

type Decoded = Result<(Vec<u16>, Vec<Warning>)>;

fn check(stream: &[u8], way: &Way) {
    let decoder = match Decoder::new(stream) {
        Ok(decoder) => decoder,
        Err(error) => return check_error(&error, stream),
    };
    let info = decoder.info();
    let samples = info.width as usize * info.height as usize * info.components.len();
    if samples > 1 << 22 {
        return;
    }
    let found = if info.sample_bits() == 8 { decode::<u8>(&decoder, way) } else { decode::<u16>(&decoder, way) };
    if matches!(way, Way::Threads) {
        assert_eq!(on_two_threads(stream), found, "workers");
    }
    match found {
        Ok((pixels, _)) if samples <= COMPARED_SAMPLES => {
            let expected = plain::decode(stream).unwrap_or_else(|reason| panic!("the plain decoder found no {reason}"));
            assert!(pixels == expected.pixels, "{info:?}");
        }
        Ok(_) => {}
        Err(error) => check_error(&error, stream),
    }
}

/// The place of an error is in the stream, and its message is one line.
fn check_error(error: &Error, stream: &[u8]) {
    assert!(error.offset <= stream.len() as u64, "{error}");
    assert!(!error.to_string().contains('\n'));
}

/// The image, after a comparison with another way of decoding it on one thread.
fn decode<S: Sample>(decoder: &Decoder<'_>, way: &Way) -> Decoded {
    let height = u64::from(decoder.info().height);
    let found = whole::<S>(decoder);
    match *way {
        Way::Planes => assert_eq!(planes::<S>(decoder), found, "planes"),
        Way::Rows(rows) => {
            let [a, b] = rows.map(|row| (u64::from(row) * height / 255) as u32);
            check_rows::<S>(decoder, a.min(b)..a.max(b), &found);
        }
        Way::Parts(parts) => check_parts::<S>(decoder, parts, &found),
        Way::Threads | Way::Frames => {}
    }
    found
}

fn row_samples(info: &FrameInfo) -> usize {
    info.width as usize * info.components.len()
}

fn whole<S: Sample>(decoder: &Decoder<'_>) -> Decoded {
    let stride = row_samples(decoder.info());
    let mut out = vec![POISON; stride * decoder.info().height as usize];
    let warnings = decoder.decode::<S>(&mut Context::new(), &mut Interleaved::new(&mut out, stride, 0))?;
    Ok((out, warnings))
}

fn on_two_threads(stream: &[u8]) -> Decoded {
    let options = Options { workers: 2, ..Options::default() };
    let decoder = Decoder::with_options(stream, options).expect("it is the same stream");
    if decoder.info().sample_bits() == 8 { whole::<u8>(&decoder) } else { whole::<u16>(&decoder) }
}

/// The same by planes of native bytes, with memory that another decoder used.
fn planes<S: Sample>(decoder: &Decoder<'_>) -> Decoded {
    let info = decoder.info();
    let (width, height) = (info.width as usize, info.height as usize);
    let mut planes = vec![vec![POISON.to_ne_bytes(); width * height]; info.components.len()];
    let (mut context, mut warnings) = (Context::new(), Vec::new());
    for _ in 0..2 {
        let outs = planes.iter_mut().map(|plane| &mut plane[..]).collect();
        warnings = decoder.decode::<S>(&mut context, &mut Planar::new(outs, width, 0))?;
    }
    let pixels = (0..width * height).flat_map(|at| planes.iter().map(move |plane| u16::from_ne_bytes(plane[at])));
    Ok((pixels.collect(), warnings))
}

/// A range of rows has the samples of the whole image. An error after its end need not be found.
fn check_rows<S: Sample>(decoder: &Decoder<'_>, rows: Range<u32>, whole: &Decoded) {
    let stride = row_samples(decoder.info());
    let (mut next, mut out) = (rows.start as usize, Vec::new());
    let mut sink = |band: &Band<'_, S>| {
        assert_eq!(band.first_row(), next, "rows in order, each once");
        next += band.rows();
        for row in 0..band.rows() {
            for x in 0..band.width() {
                out.extend((0..band.components()).map(|component| -> u16 { band.row(component, row)[x].into() }));
            }
        }
    };
    let found = decoder.decode_rows::<S>(rows.clone(), &mut Context::new(), &mut sink);
    match (found, whole) {
        (Ok(_), Ok((pixels, _))) => {
            assert_eq!(next, rows.end as usize);
            assert!(out == pixels[rows.start as usize * stride..rows.end as usize * stride], "rows {rows:?}");
        }
        (Err(error), Ok(_)) => panic!("rows {rows:?}: {error}"),
        (_, Err(_)) => {}
    }
}

/// All parts have the samples of the whole image, and one of them has an error if it has one.
fn check_parts<S: Sample>(decoder: &Decoder<'_>, parts: usize, whole: &Decoded) {
    let stride = row_samples(decoder.info());
    let found = decoder.split(parts).and_then(|split| {
        let ranges = split.ranges();
        assert!(ranges.len() <= parts && ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, decoder.info().height));
        let mut out = vec![POISON; stride * decoder.info().height as usize];
        for (part, range) in ranges.iter().enumerate().rev() {
            let rows = &mut out[range.start as usize * stride..range.end as usize * stride];
            let mut sink = Interleaved::new(rows, stride, range.start as usize);
            split.decode::<S>(part, &mut Context::new(), &mut sink)?;
        }
        Ok(out)
    });
    match (found, whole) {
        (Ok(out), Ok((pixels, _))) => assert!(out == *pixels, "{parts} parts"),
        (Err(_), Err(_)) => {}
        (found, _) => panic!("{parts} parts: {:?}, whole: {:?}", found.err(), whole.as_ref().err()),
    }
}
