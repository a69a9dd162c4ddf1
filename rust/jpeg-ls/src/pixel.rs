//! B.3: lines of several components whose samples are interleaved.

use crate::arithmetic::{Arithmetic, Modular, Near};
use crate::bits::{BitReader, Bits};
use crate::error::ErrorKind;
use crate::gradients::{BLOCK, GradientTable, Prepared};
use crate::line::{Line, predict, value};
use crate::model::Model;
use crate::presets::Parameters;
use crate::regular::RegularMode;
use crate::run::RunMode;
use crate::sample::Sample;

/// Pixels that are prepared at a time.
const PIXELS: usize = BLOCK / 4;

/// What the lines of a scan share.
pub(crate) struct PixelCoding<'s> {
    pub(crate) parameters: &'s Parameters,
    pub(crate) table: &'s GradientTable,
    pub(crate) model: &'s mut Model,
    pub(crate) prepared: &'s mut [Prepared],
}

/// Decodes a line of all components. `run_index` is `RUNindex`.
pub(crate) fn decode<S: Sample>(
    lines: &mut [Line<'_, S>],
    coding: PixelCoding<'_>,
    reader: &mut BitReader<'_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    let modular = coding.parameters.is_modular();
    match lines {
        [a, b] if modular => decode_modular([a, b], coding, reader, run_index),
        [a, b, c] if modular => decode_modular([a, b, c], coding, reader, run_index),
        [a, b, c, d] if modular => decode_modular([a, b, c, d], coding, reader, run_index),
        [a, b] => decode_near([a, b], coding, reader, run_index),
        [a, b, c] => decode_near([a, b, c], coding, reader, run_index),
        [a, b, c, d] => decode_near([a, b, c, d], coding, reader, run_index),
        _ => Ok(()),
    }
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt")))]
fn decode_modular<S: Sample, const C: usize>(
    lines: [&mut Line<'_, S>; C],
    coding: PixelCoding<'_>,
    reader: &mut BitReader<'_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    let mut bits = reader.bits();
    let result = decode_pixels::<S, Modular, C>(lines, coding, &mut bits, run_index);
    reader.position = bits.position;
    result
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt")))]
fn decode_near<S: Sample, const C: usize>(
    lines: [&mut Line<'_, S>; C],
    coding: PixelCoding<'_>,
    reader: &mut BitReader<'_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    let mut bits = reader.bits();
    let result = decode_pixels::<S, Near, C>(lines, coding, &mut bits, run_index);
    reader.position = bits.position;
    result
}

#[inline(always)]
fn decode_pixels<S: Sample, A: Arithmetic, const C: usize>(
    mut lines: [&mut Line<'_, S>; C],
    coding: PixelCoding<'_>,
    bits: &mut Bits<'_, '_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    let PixelCoding { parameters, table, model, prepared } = coding;
    let (regular, run) = (RegularMode::<A>::new(parameters), RunMode::<A>::new(parameters));
    let Some((prepared, _)) = prepared.split_first_chunk_mut::<C>() else { return Ok(()) };
    let width = lines[0].samples.len().saturating_sub(2);
    for line in &mut lines {
        // A.2.1: the sample to the left of the first one is the one above it.
        line.samples[0] = line.above[1];
    }
    let mut next = 0;
    while next < width {
        let first = next;
        let count = PIXELS.min(width - first);
        let mut left = [0; C];
        for component in 0..C {
            prepared[component].prepare(&lines[component].above[first..first + count + 2], table);
            left[component] = value(lines[component].samples[first]);
        }
        while next < first + count {
            let (sample, at) = (next - first, next + 1);
            let mut contexts = [0; C];
            for component in 0..C {
                let prepared = &prepared[component];
                let entries = &table.entries()[prepared.offsets[sample] as usize..];
                contexts[component] =
                    usize::from(prepared.rows[sample]) + usize::from(entries[left[component] as usize]);
            }
            if contexts == [0; C] {
                let length = RunMode::<A>::decode_length(bits, run_index, width - next)?;
                for component in 0..C {
                    lines[component].samples[at..at + length].fill(S::truncate(left[component] as u16));
                }
                next += length;
                if next < width {
                    for component in 0..C {
                        let above = value(lines[component].above[next + 1]);
                        let context = &mut model.interruption[0];
                        left[component] = run.decode_sample(bits, context, *run_index, left[component], above)?;
                        lines[component].samples[next + 1] = S::truncate(left[component] as u16);
                    }
                    *run_index = run_index.saturating_sub(1);
                    next += 1;
                }
                continue;
            }
            for component in 0..C {
                let line = &mut *lines[component];
                let mut sign = (prepared[component].signs[sample] - left[component]) >> 31;
                if !A::LOSSLESS && contexts[component] == 0 {
                    // Gradients that are not zero, but quantized to zero, have no sign.
                    sign = 0;
                }
                let prediction = predict(left[component], value(line.above[at]), value(line.above[at - 1]));
                left[component] = regular.decode(bits, model, contexts[component], sign, prediction)?;
                line.samples[at] = S::truncate(left[component] as u16);
            }
            next += 1;
        }
    }
    for line in lines {
        // The sample to the right of the last one, for the line below.
        line.samples[width + 1] = line.samples[width];
    }
    Ok(())
}
