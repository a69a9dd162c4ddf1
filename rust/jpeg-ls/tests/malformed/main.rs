//! Streams that are damaged or hostile: a clear error or a warning, never a panic, an endless loop or memory without bound.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails")]
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "small numbers")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../decoding/mod.rs"]
mod decoding;
mod entropy_coded;
mod headers;
mod limits;
mod presets;
mod tables;

use common::picture::picture;
use common::scan::Interleave;
use common::stream::{Scan, Stream};
use common::{Grid, Noise};
use decoding::decode;
use dicomet_jpeg_ls::{Error, Marker};

const SIZE: (usize, usize) = (43, 37);

fn error(stream: &[u8]) -> Error {
    decode(stream).expect_err("it is damaged")
}

/// The error names the marker and has this text.
fn check(error: &Error, marker: u8, text: &str) {
    assert!(error.to_string().contains(text), "{text}: {error}");
    assert_eq!(error.marker, Some(Marker(marker)), "{error}");
}

fn planes(precision: u8, count: usize) -> Vec<Grid> {
    let mut noise = Noise(precision.into());
    let kinds = [2, 3, 1];
    (0..count).map(|index| picture(kinds[index], SIZE, ((1u32 << precision) - 1) as u16, &mut noise)).collect()
}

/// One component, lossless.
fn gray() -> Stream {
    Stream::new(8, planes(8, 1), Interleave::None, 0)
}

fn color(interleave: Interleave, near: u8) -> Stream {
    Stream::new(8, planes(8, 3), interleave, near)
}

/// Restart intervals of 5 lines.
fn with_restarts(interleave: Interleave) -> Stream {
    let mut stream = color(interleave, 0);
    stream.scans[0].restart = Some((5, 2));
    stream
}

/// A scan of two components and one of the third.
fn mixed() -> Stream {
    let mut stream = Stream::new(12, planes(12, 3), Interleave::None, 0);
    stream.scans = vec![Scan::new(&[1], Interleave::None, 2), Scan::new(&[0, 2], Interleave::Line, 0)];
    stream
}

fn all() -> Vec<Vec<u8>> {
    let streams = [
        gray(),
        color(Interleave::None, 0),
        color(Interleave::Line, 3),
        color(Interleave::Sample, 0),
        with_restarts(Interleave::None),
        with_restarts(Interleave::Line),
        with_restarts(Interleave::Sample),
        mixed(),
    ];
    streams.iter().map(|stream| stream.encode().bytes).collect()
}

/// The places of the segments: marker, offset of the marker, length with the marker.
fn segments(stream: &[u8]) -> Vec<(u8, usize, usize)> {
    let (mut at, mut found) = (2, Vec::new());
    while at + 4 <= stream.len() {
        let length = 2 + usize::from(u16::from_be_bytes([stream[at + 2], stream[at + 3]]));
        found.push((stream[at + 1], at, length));
        at += length;
        if stream[at - length + 1] == 0xDA {
            while at + 1 < stream.len() && (stream[at] != 0xFF || matches!(stream[at + 1], 0..=0x7F | 0xD0..=0xD7)) {
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

/// The bytes before the segment with this marker replaced, and `bytes` instead of it.
fn replace(stream: &[u8], marker: u8, bytes: &[u8]) -> Vec<u8> {
    let (at, length) = find(stream, marker);
    [&stream[..at], bytes, &stream[at + length..]].concat()
}

/// The stream with another byte in its first segment with this marker.
fn change(stream: &[u8], marker: u8, place: usize, value: u8) -> Vec<u8> {
    let mut changed = stream.to_vec();
    changed[find(stream, marker).0 + place] = value;
    changed
}
