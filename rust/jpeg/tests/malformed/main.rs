//! Streams that are damaged or hostile: a clear error or a warning, never a panic, an endless loop or memory without bound.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails")]

#[path = "../common/mod.rs"]
mod common;
mod entropy_coded;
mod limits;
mod progression;
mod segments;

use common::lossless::{Lossless, full_size, samples};
use common::progressive::Step;
use common::sequential::{Dct, blocks, quantization};
use common::{Factors, Noise, Shape};
use dicomet_jpeg::{Context, Decoder, Error, Interleaved, Options, Warning};

type Decoded = Result<(Vec<u16>, Vec<Warning>), Error>;

fn decode(stream: &[u8]) -> Decoded {
    decode_with(stream, Options::default())
}

fn decode_with(stream: &[u8], options: Options<'_>) -> Decoded {
    let decoder = Decoder::with_options(stream, options)?;
    let info = decoder.info();
    let stride = info.width as usize * info.components.len();
    let mut out = vec![0xA5A5; stride * info.height as usize];
    let (mut context, eight) = (Context::new(), info.sample_bits() == 8);
    let mut sink = Interleaved::new(&mut out, stride, 0);
    let warnings = if eight {
        decoder.decode::<u8>(&mut context, &mut sink)?
    } else {
        decoder.decode::<u16>(&mut context, &mut sink)?
    };
    Ok((out, warnings))
}

fn error(stream: &[u8]) -> Error {
    decode(stream).expect_err("it is damaged")
}

const SUBSAMPLED: [Factors; 3] = [
    Factors { horizontal: 2, vertical: 2 },
    Factors { horizontal: 1, vertical: 1 },
    Factors { horizontal: 1, vertical: 1 },
];

fn shape(unit: usize) -> Shape {
    Shape { width: 43, height: 37, unit, factors: if unit == 8 { SUBSAMPLED.to_vec() } else { full_size(3) } }
}

fn with_dct<T>(precision: u8, restart_interval: usize, encode: impl FnOnce(Dct<'_>, &mut Noise) -> T) -> T {
    let (shape, mut noise) = (shape(8), Noise(7));
    let (blocks, quantization) = (blocks(&shape, precision, &mut noise), quantization(3, &mut noise));
    let image = Dct { precision, shape: &shape, blocks: &blocks, quantization: &quantization, restart_interval };
    encode(image, &mut noise)
}

fn sequential(restart_interval: usize) -> Vec<u8> {
    with_dct(8, restart_interval, |image, noise| image.encode(&[vec![0, 1, 2]], noise))
}

fn progressive() -> Vec<u8> {
    with_dct(12, 5, |image, noise| {
        let steps = common::progressive::script(3, noise);
        image.encode_progressive(&steps, noise)
    })
}

fn lossless(restart_interval: usize) -> Vec<u8> {
    let (shape, mut noise) = (shape(1), Noise(9));
    let samples = samples(&shape, 12, &mut noise);
    let scans = vec![(vec![0, 1, 2], 4)];
    let image = Lossless {
        precision: 12,
        shape: &shape,
        samples: &samples,
        scans,
        point_transform: 0,
        one_table: false,
        restart_interval,
    };
    image.encode(&mut noise)
}

fn mixed() -> Vec<u8> {
    with_dct(8, 4, |image, noise| image.encode(&[vec![1], vec![0, 2]], noise))
}

fn all() -> [Vec<u8>; 5] {
    [sequential(3), progressive(), lossless(0), lossless(43), mixed()]
}

/// The places of the segments: marker, offset of the marker, length with the marker.
fn segments(stream: &[u8]) -> Vec<(u8, usize, usize)> {
    let (mut at, mut found) = (2, Vec::new());
    while at + 4 <= stream.len() {
        let length = 2 + usize::from(u16::from_be_bytes([stream[at + 2], stream[at + 3]]));
        found.push((stream[at + 1], at, length));
        at += length;
        if stream[at - length + 1] == 0xDA {
            while at + 1 < stream.len() && (stream[at] != 0xFF || matches!(stream[at + 1], 0 | 0xD0..=0xD7)) {
                at += 1;
            }
        }
    }
    found
}

fn find(stream: &[u8], marker: u8) -> (usize, usize) {
    segments(stream).into_iter().find(|(code, ..)| *code == marker).map(|(_, at, length)| (at, length)).unwrap()
}

fn insert(stream: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    [&stream[..at], bytes, &stream[at..]].concat()
}

fn step(components: &[usize], start: u8, end: u8, high: u8, low: u8) -> Step {
    Step { components: components.to_vec(), start, end, high, low }
}
