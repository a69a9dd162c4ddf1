//! Valid codestreams of all processes, and changes to them.

use super::plain;
use super::streams::lossless::{Lossless, full_size, samples};
use super::streams::progressive::script;
use super::streams::sequential::{Dct, blocks, quantization};
use super::streams::{Factors, Noise, Shape};
use crate::input::Input;
use dicomet_jpeg::Decoder;

/// A codestream.
struct Parameters {
    process: usize,
    precision: u8,
    width: usize,
    height: usize,
    factors: Vec<Factors>,
    /// The order of the scans.
    scans: usize,
    restart_interval: usize,
    predictor: u8,
    point_transform: u8,
    seed: u64,
}

impl Parameters {
    fn take(input: &mut Input<'_>) -> Self {
        let process = input.below(3);
        let precision = if process == 2 { 2 + input.below(15) as u8 } else { input.one_of(&[8, 12]) };
        let (width, height) = (1 + input.below(40), 1 + input.below(40));
        let factors = match input.below(8) {
            0..=2 => full_size(1),
            3 => full_size(2),
            4 | 5 => full_size(3),
            6 => [(2, 2), (1, 1), (1, 1)].map(factors).to_vec(),
            _ => (0..3).map(|_| factors((1 + input.below(2), 1 + input.below(3)))).collect(),
        };
        let factors = if factors.iter().map(|of| of.horizontal * of.vertical).sum::<usize>() > 10 {
            full_size(3)
        } else {
            factors
        };
        let restart_interval = input.one_of(&[0, 0, 1, 3, 7, width]);
        Self {
            process,
            precision,
            width,
            height,
            factors,
            scans: input.below(3),
            restart_interval,
            predictor: 1 + input.below(7) as u8,
            point_transform: input.one_of(&[0, 0, 0, 1]),
            seed: u64::from(input.u16()),
        }
    }

    fn encode(self) -> Vec<u8> {
        let Self { process, precision, width, height, factors, restart_interval, .. } = self;
        let mut noise = Noise(self.seed);
        let count = factors.len();
        let scans = match (count, self.scans) {
            (2 | 3, 1) => (0..count).map(|component| vec![component]).collect(),
            (3, 2) => vec![vec![0], vec![1, 2]],
            _ => vec![(0..count).collect()],
        };
        let shape = Shape { width, height, unit: if process == 2 { 1 } else { 8 }, factors };
        if process == 2 {
            let samples = samples(&shape, precision, &mut noise);
            let scans = scans.into_iter().map(|components| (components, self.predictor)).collect();
            let (point_transform, one_table) = (self.point_transform, self.seed.is_multiple_of(2));
            let (shape, samples) = (&shape, &samples[..]);
            Lossless { precision, shape, samples, scans, point_transform, one_table, restart_interval }
                .encode(&mut noise)
        } else {
            let (blocks, quantization) = (blocks(&shape, precision, &mut noise), quantization(count, &mut noise));
            let (shape, blocks, quantization) = (&shape, &blocks[..], &quantization[..]);
            let image = Dct { precision, shape, blocks, quantization, restart_interval };
            if process == 0 {
                image.encode(&scans, &mut noise)
            } else {
                let steps = script(count, &mut noise);
                image.encode_progressive(&steps, &mut noise)
            }
        }
    }
}

fn factors((horizontal, vertical): (usize, usize)) -> Factors {
    Factors { horizontal, vertical }
}

/// A codestream with the changes that the rest of the input describes. Without any it must be decoded.
pub(crate) fn mutated(input: &mut Input<'_>) -> Vec<u8> {
    let parameters = Parameters::take(input);
    let tall = parameters.process == 2 && parameters.factors.iter().any(|of| of.vertical > 1);
    let mut stream = parameters.encode();
    if input.0.is_empty() && !tall {
        let decoder = Decoder::new(&stream).expect("a valid codestream");
        assert!(decoder.info().height > 0 && plain::decode(&stream).is_ok());
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

/// Valid codestreams, small ones of each process.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut noise = Noise(11);
    let mut seeds = Vec::new();
    for number in 0..48u8 {
        let mut parameters: Vec<u8> = (0..16).map(|_| noise.next() as u8).collect();
        parameters[0] = number % 3;
        let stream = Parameters::take(&mut Input(&parameters)).encode();
        let ways = [noise.next() as u8, noise.next() as u8, number];
        if stream.len() < 2000 {
            seeds.push([&[1][..], &ways, &stream].concat());
        }
        seeds.push([&[0][..], &ways, &parameters].concat());
    }
    seeds
}
