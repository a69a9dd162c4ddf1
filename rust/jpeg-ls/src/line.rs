//! A.8 and B.2: lines of one component, alone or in turn with those of others.

use crate::arithmetic::{Arithmetic, Modular, Near};
use crate::bits::{BitReader, Bits};
use crate::error::ErrorKind;
use crate::gradients::{BLOCK, GradientTable, Prepared};
use crate::model::Model;
use crate::presets::Parameters;
use crate::regular::RegularMode;
use crate::run::RunMode;
use crate::sample::Sample;

/// A line to decode, and the one above it. Both have one more sample on each side.
pub(crate) struct Line<'l, S> {
    pub(crate) above: &'l [S],
    pub(crate) samples: &'l mut [S],
}

/// What the lines of a scan share.
pub(crate) struct Coding<'s> {
    pub(crate) parameters: &'s Parameters,
    pub(crate) table: &'s GradientTable,
    pub(crate) model: &'s mut Model,
    pub(crate) prepared: &'s mut Prepared,
}

/// Decodes a line. `run_index` is `RUNindex` of its component.
pub(crate) fn decode<S: Sample>(
    line: Line<'_, S>,
    coding: Coding<'_>,
    reader: &mut BitReader<'_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    if coding.parameters.is_modular() {
        decode_modular(line, coding, reader, run_index)
    } else {
        decode_near(line, coding, reader, run_index)
    }
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt")))]
fn decode_modular<S: Sample>(
    line: Line<'_, S>,
    coding: Coding<'_>,
    reader: &mut BitReader<'_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    let mut bits = reader.bits();
    let result = decode_line::<S, Modular>(line, coding, &mut bits, run_index);
    reader.position = bits.position;
    result
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt")))]
fn decode_near<S: Sample>(
    line: Line<'_, S>,
    coding: Coding<'_>,
    reader: &mut BitReader<'_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    let mut bits = reader.bits();
    let result = decode_line::<S, Near>(line, coding, &mut bits, run_index);
    reader.position = bits.position;
    result
}

#[inline(always)]
fn decode_line<S: Sample, A: Arithmetic>(
    line: Line<'_, S>,
    coding: Coding<'_>,
    bits: &mut Bits<'_, '_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    let Line { above, samples } = line;
    let Coding { parameters, table, model, prepared } = coding;
    let (regular, run) = (RegularMode::<A>::new(parameters), RunMode::<A>::new(parameters));
    let width = samples.len().saturating_sub(2).min(above.len().saturating_sub(2));
    // A.2.1: the sample to the left of the first one is the one above it.
    samples[0] = above[1];
    let mut next = 0;
    while next < width {
        let first = next;
        let count = BLOCK.min(width - first);
        prepared.prepare(&above[first..first + count + 2], table);
        let mut left = value(samples[first]);
        while next < first + count {
            let (sample, at) = (next - first, next + 1);
            let row = usize::from(prepared.rows[sample]);
            let entries = &table.entries()[prepared.offsets[sample] as usize..];
            let context = row + usize::from(entries[left as usize]);
            if context == 0 {
                let length = RunMode::<A>::decode_length(bits, run_index, width - next)?;
                samples[at..at + length].fill(S::truncate(left as u16));
                next += length;
                if next < width {
                    let above = value(above[next + 1]);
                    left = run.decode_interruption(bits, &mut model.interruption, *run_index, left, above)?;
                    *run_index = run_index.saturating_sub(1);
                    samples[next + 1] = S::truncate(left as u16);
                    next += 1;
                }
                continue;
            }
            let sign = (prepared.signs[sample] - left) >> 31;
            let prediction = predict(left, value(above[at]), value(above[at - 1]));
            left = regular.decode(bits, model, context, sign, prediction)?;
            samples[at] = S::truncate(left as u16);
            next += 1;
        }
    }
    // The sample to the right of the last one, for the line below.
    samples[width + 1] = samples[width];
    Ok(())
}

/// A.4.1: the median of Ra, Rb and Ra + Rb - Rc.
#[inline(always)]
pub(crate) fn predict(left: i32, above: i32, above_left: i32) -> i32 {
    let gradient = above - above_left;
    above.max(left + gradient.min(0)).min(left + gradient.max(0))
}

#[inline(always)]
pub(crate) fn value<S: Sample>(sample: S) -> i32 {
    i32::from(sample.into())
}
