//! Valid codestreams of all kinds, and changes to them.

use super::plain;
use super::streams::Noise;
use super::streams::parameters::{Choices, stream};
use crate::input::Input;
use dicomet_jpeg_ls::Decoder;

/// Bytes of the choices of a codestream.
const CHOICES: usize = 48;
/// Greatest width and height.
const SIZE: usize = 40;

/// A codestream with the changes that the rest of the input describes. Without any it must be decoded.
pub(crate) fn mutated(input: &mut Input<'_>) -> Vec<u8> {
    let image = stream(&mut Choices(input.take(CHOICES)), SIZE, true);
    let encoded = image.encode();
    let mut stream = encoded.bytes;
    if input.0.is_empty() {
        Decoder::new(&stream).expect("a valid codestream");
        let planes = plain::decode(&stream).expect("a valid codestream");
        assert!(planes.iter().map(|plane| &plane.samples).eq(encoded.planes.iter().map(|plane| &plane.values)));
    }
    while !input.0.is_empty() {
        let place = usize::from(input.u16()) % stream.len().max(1);
        match (input.below(6), input.byte()) {
            (_, _) if stream.is_empty() => {}
            (0, value) => stream.insert(place, value),
            (1, _) => drop(stream.remove(place)),
            (2, value) => stream[place] ^= 1 << (value & 7),
            (3, _) => stream.truncate(place),
            (4, value) => stream.splice(place..place, [0xFF, value]).for_each(drop),
            (_, value) => stream[place] = value,
        }
    }
    stream
}

/// Valid codestreams, small ones of each kind.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut noise = Noise(13);
    let mut seeds = Vec::new();
    for _ in 0..60 {
        let choices: Vec<u8> = (0..CHOICES).map(|_| noise.next() as u8).collect();
        let stream = stream(&mut Choices(&choices), SIZE, true).encode().bytes;
        if stream.len() < 2000 {
            seeds.push([&[1][..], &stream].concat());
        }
        seeds.push([&[0][..], &choices].concat());
    }
    seeds
}
