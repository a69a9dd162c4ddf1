//! A.8 and B.2: lines of one component, alone or in turn with those of others.

use crate::arithmetic::{Arithmetic, Modular, Near};
use crate::bits::{Bits, Interval};
use crate::context::ScanState;
use crate::error::ErrorKind;
use crate::gradients::{BLOCK, GradientTable, Prepared};
use crate::model::{Interruption, Model};
use crate::presets::Parameters;
use crate::regular::RegularMode;
use crate::run::RunMode;
use crate::sample::Sample;

/// Samples that are prepared after a run: it may not be the last one.
pub(crate) const SHORT_BLOCK: usize = 16;

/// A line to decode, and the one above it. Both have one more sample on each side.
pub(crate) struct Line<'l, S> {
    pub(crate) above: &'l [S],
    pub(crate) samples: &'l mut [S],
}

/// What the lines of a scan share.
pub(crate) struct Coding<'s> {
    pub(crate) parameters: &'s Parameters,
    pub(crate) table: &'s GradientTable,
    pub(crate) state: &'s mut ScanState,
}

/// Decodes a line. `run_index` is `RUNindex` of its component.
pub(crate) fn decode<S: Sample>(
    line: Line<'_, S>,
    coding: Coding<'_>,
    interval: &mut Interval<'_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    let noisy = coding.state.noise.is_high(coding.parameters);
    match (coding.parameters.is_modular(), noisy) {
        (true, true) => decode_modular::<S, true>(line, coding, interval, run_index),
        (true, false) => decode_modular::<S, false>(line, coding, interval, run_index),
        (false, true) => decode_near::<S, true>(line, coding, interval, run_index),
        (false, false) => decode_near::<S, false>(line, coding, interval, run_index),
    }
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt")))]
fn decode_modular<S: Sample, const NOISY: bool>(
    line: Line<'_, S>,
    coding: Coding<'_>,
    interval: &mut Interval<'_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    decode_line::<S, Modular, NOISY>(line, coding, interval, run_index)
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt")))]
fn decode_near<S: Sample, const NOISY: bool>(
    line: Line<'_, S>,
    coding: Coding<'_>,
    interval: &mut Interval<'_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    decode_line::<S, Near, NOISY>(line, coding, interval, run_index)
}

#[inline(always)]
fn decode_line<S: Sample, A: Arithmetic, const NOISY: bool>(
    line: Line<'_, S>,
    coding: Coding<'_>,
    interval: &mut Interval<'_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    let Coding { parameters, table, state } = coding;
    let ScanState { model, prepared: [prepared, ..], buffer, noise } = state;
    let first = interval.bits_read();
    let mut decoder = LineDecoder::<A, NOISY> {
        regular: RegularMode::new(parameters),
        run: RunMode::new(parameters),
        table,
        model,
        prepared,
        bits: interval.bits(buffer),
        run_index: *run_index,
        run_samples: 0,
    };
    let width = line.samples.len();
    let decoded = decoder.decode(line);
    *run_index = decoder.run_index;
    let regular = width.saturating_sub(decoder.run_samples);
    decoder.bits.store();
    noise.update(interval.bits_read().wrapping_sub(first), regular);
    decoded
}

struct LineDecoder<'s, 'a, A, const NOISY: bool> {
    regular: RegularMode<A>,
    run: RunMode<A>,
    table: &'s GradientTable,
    model: &'s mut Model,
    prepared: &'s mut Prepared,
    bits: Bits<'s, 'a>,
    run_index: u8,
    /// Samples in runs.
    run_samples: usize,
}

impl<A: Arithmetic, const NOISY: bool> LineDecoder<'_, '_, A, NOISY> {
    #[inline(always)]
    fn decode<S: Sample>(&mut self, line: Line<'_, S>) -> Result<(), ErrorKind> {
        let Line { above, samples } = line;
        let width = samples.len().saturating_sub(2).min(above.len().saturating_sub(2));
        // A.2.1: the sample to the left of the first one is the one above it.
        samples[0] = above[1];
        let (mut next, mut longest) = (0, BLOCK);
        while next < width {
            if self.table.is_run(&above[next..], samples[next]) {
                next += self.decode_run(&above[next..], &mut samples[next..])?;
                longest = SHORT_BLOCK;
                continue;
            }
            let count = longest.min(width - next);
            self.prepared.prepare(&above[next..next + count + 2], self.table);
            next += self.decode_block(count, &above[next..], &mut samples[next..])?;
            longest = (2 * longest).min(BLOCK);
        }
        // The sample to the right of the last one, for the line below.
        samples[width + 1] = samples[width];
        Ok(())
    }

    /// Decodes at least `count` samples that are prepared: a run can be longer. Returns their number. The lines have one more
    /// sample to the left.
    #[inline(always)]
    fn decode_block<S: Sample>(&mut self, count: usize, above: &[S], samples: &mut [S]) -> Result<usize, ErrorKind> {
        let entries = self.table.entries();
        let end = count.min(BLOCK);
        let mut left = value(samples[0]);
        let mut next = 0;
        loop {
            let block = &mut samples[1..=end];
            while next < end {
                let entry = entries[self.prepared.offsets[next].wrapping_add(left) as usize];
                let context = usize::from(self.prepared.rows[next]).wrapping_add(usize::from(entry));
                if context == 0 {
                    break;
                }
                let sign = self.prepared.sign(next, left);
                let prediction = self.prepared.predict(next, left);
                left = self.regular.decode::<NOISY>(&mut self.bits, self.model, context, sign, prediction)?;
                block[next] = S::truncate(left as u16);
                next += 1;
            }
            if next >= end {
                return Ok(next);
            }
            next += self.decode_run(&above[next..], &mut samples[next..])?;
            left = value(samples[next]);
        }
    }

    /// A.7: decodes a run and the sample that interrupts it. Returns the number of samples. The lines have one more sample to
    /// the left.
    #[inline(always)]
    fn decode_run<S: Sample>(&mut self, above: &[S], samples: &mut [S]) -> Result<usize, ErrorKind> {
        let (run, contexts, index) = (self.run, &mut self.model.interruption, &mut self.run_index);
        let length = self.bits.call(|interval, buffer, position| {
            let mut bits = Bits::new(interval, buffer, position);
            let length = decode_run(run, &mut bits, contexts, index, Line { above, samples });
            (length, bits.position())
        })?;
        self.run_samples += length;
        Ok(length)
    }
}

/// A.7: decodes a run and the sample that interrupts it. Returns the number of samples. The lines have one more sample to the
/// left.
///
/// Not inlined, so that the loop of the regular mode has all registers.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt")))]
fn decode_run<S: Sample, A: Arithmetic>(
    run: RunMode<A>,
    bits: &mut Bits<'_, '_>,
    contexts: &mut [Interruption; 2],
    index: &mut u8,
    line: Line<'_, S>,
) -> Result<usize, ErrorKind> {
    let Line { above, samples } = line;
    let left = value(samples[0]);
    let width = samples.len().saturating_sub(2);
    let length = RunMode::<A>::decode_length(bits, index, width)?;
    samples[1..=length].fill(S::truncate(left as u16));
    if length == width {
        return Ok(length);
    }
    let sample = run.decode_interruption(bits, contexts, *index, left, value(above[length + 1]))?;
    *index = index.saturating_sub(1);
    samples[length + 1] = S::truncate(sample as u16);
    Ok(length + 1)
}

#[inline(always)]
pub(crate) fn value<S: Sample>(sample: S) -> u32 {
    u32::from(sample.into())
}
