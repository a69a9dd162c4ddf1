//! B.3: lines of several components whose samples are interleaved.

use crate::arithmetic::{Arithmetic, Modular, Near};
use crate::bits::{Bits, Interval};
use crate::context::ScanState;
use crate::error::ErrorKind;
use crate::gradients::{BLOCK, GradientTable, Prepared};
use crate::line::{Coding, Line, SHORT_BLOCK, value};
use crate::model::{Interruption, Model};
use crate::regular::RegularMode;
use crate::run::RunMode;
use crate::sample::Sample;

/// Pixels that are prepared at a time.
const PIXELS: usize = BLOCK / 4;

/// Decodes a line of all components. `run_index` is `RUNindex`.
pub(crate) fn decode<S: Sample>(
    lines: &mut [Line<'_, S>],
    coding: Coding<'_>,
    interval: &mut Interval<'_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    match lines {
        [a, b] => decode_line([a, b], coding, interval, run_index),
        [a, b, c] => decode_line([a, b, c], coding, interval, run_index),
        [a, b, c, d] => decode_line([a, b, c, d], coding, interval, run_index),
        _ => Ok(()),
    }
}

fn decode_line<S: Sample, const C: usize>(
    lines: [&mut Line<'_, S>; C],
    coding: Coding<'_>,
    interval: &mut Interval<'_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    let noisy = coding.state.noise.is_high(coding.parameters);
    match (coding.parameters.is_modular(), noisy) {
        (true, true) => decode_modular::<S, C, true>(lines, coding, interval, run_index),
        (true, false) => decode_modular::<S, C, false>(lines, coding, interval, run_index),
        (false, true) => decode_near::<S, C, true>(lines, coding, interval, run_index),
        (false, false) => decode_near::<S, C, false>(lines, coding, interval, run_index),
    }
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt")))]
fn decode_modular<S: Sample, const C: usize, const NOISY: bool>(
    lines: [&mut Line<'_, S>; C],
    coding: Coding<'_>,
    interval: &mut Interval<'_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    decode_pixels::<S, Modular, C, NOISY>(lines, coding, interval, run_index)
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt")))]
fn decode_near<S: Sample, const C: usize, const NOISY: bool>(
    lines: [&mut Line<'_, S>; C],
    coding: Coding<'_>,
    interval: &mut Interval<'_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    decode_pixels::<S, Near, C, NOISY>(lines, coding, interval, run_index)
}

#[inline(always)]
fn decode_pixels<S: Sample, A: Arithmetic, const C: usize, const NOISY: bool>(
    lines: [&mut Line<'_, S>; C],
    coding: Coding<'_>,
    interval: &mut Interval<'_>,
    run_index: &mut u8,
) -> Result<(), ErrorKind> {
    let Coding { parameters, table, state } = coding;
    let ScanState { model, prepared, buffer, noise } = state;
    let Some((prepared, _)) = prepared.split_first_chunk_mut::<C>() else { return Ok(()) };
    let first = interval.bits_read();
    let mut decoder = PixelDecoder::<A, C, NOISY> {
        regular: RegularMode::new(parameters),
        run: RunMode::new(parameters),
        table,
        model,
        prepared,
        bits: interval.bits(buffer),
        run_index: *run_index,
        run_pixels: 0,
    };
    let width = lines[0].samples.len();
    let decoded = decoder.decode(lines);
    *run_index = decoder.run_index;
    let regular = width.saturating_sub(decoder.run_pixels).saturating_mul(C);
    decoder.bits.store();
    noise.update(interval.bits_read().wrapping_sub(first), regular);
    decoded
}

struct PixelDecoder<'s, 'a, A, const C: usize, const NOISY: bool> {
    regular: RegularMode<A>,
    run: RunMode<A>,
    table: &'s GradientTable,
    model: &'s mut Model,
    prepared: &'s mut [Prepared; C],
    bits: Bits<'s, 'a>,
    run_index: u8,
    /// Pixels in runs.
    run_pixels: usize,
}

impl<A: Arithmetic, const C: usize, const NOISY: bool> PixelDecoder<'_, '_, A, C, NOISY> {
    #[inline(always)]
    fn decode<S: Sample>(&mut self, mut lines: [&mut Line<'_, S>; C]) -> Result<(), ErrorKind> {
        let width = lines[0].samples.len().saturating_sub(2);
        for line in &mut lines {
            // A.2.1: the sample to the left of the first one is the one above it.
            line.samples[0] = line.above[1];
        }
        let (mut next, mut longest) = (0, PIXELS);
        while next < width {
            if lines.iter().all(|line| self.table.is_run(&line.above[next..], line.samples[next])) {
                next = self.decode_run(next, &mut lines)?;
                longest = SHORT_BLOCK;
                continue;
            }
            let count = longest.min(width - next);
            for (prepared, line) in self.prepared.iter_mut().zip(&lines) {
                prepared.prepare(&line.above[next..next + count + 2], self.table);
            }
            next = self.decode_block(next, count, &mut lines)?;
            longest = (2 * longest).min(PIXELS);
        }
        for line in lines {
            // The sample to the right of the last one, for the line below.
            line.samples[width + 1] = line.samples[width];
        }
        Ok(())
    }

    /// Decodes at least `count` pixels that are prepared: a run can be longer. Returns the number of the pixel after them.
    #[inline(always)]
    fn decode_block<S: Sample>(
        &mut self,
        first: usize,
        count: usize,
        lines: &mut [&mut Line<'_, S>; C],
    ) -> Result<usize, ErrorKind> {
        let entries = self.table.entries();
        let end = count.min(PIXELS);
        let mut next = 0;
        loop {
            let mut left: [u32; C] = std::array::from_fn(|component| value(lines[component].samples[first + next]));
            let blocks = lines.each_mut().map(|line| &mut line.samples[first + 1..=first + end]);
            while next < end {
                let mut contexts = [0; C];
                for component in 0..C {
                    let prepared = &self.prepared[component];
                    let entry = entries[prepared.offsets[next].wrapping_add(left[component]) as usize];
                    contexts[component] = usize::from(prepared.rows[next]).wrapping_add(usize::from(entry));
                }
                if contexts == [0; C] {
                    break;
                }
                for component in 0..C {
                    let (prepared, context) = (&self.prepared[component], contexts[component]);
                    let mut sign = prepared.sign(next, left[component]);
                    if !A::LOSSLESS && context == 0 {
                        // Gradients that are not zero, but quantized to zero, have no sign.
                        sign = 0;
                    }
                    let prediction = prepared.predict(next, left[component]);
                    let bits = &mut self.bits;
                    let sample = self.regular.decode::<NOISY>(bits, self.model, context, sign, prediction)?;
                    left[component] = sample;
                    blocks[component][next] = S::truncate(sample as u16);
                }
                next += 1;
            }
            if next >= end {
                return Ok(first + next);
            }
            next = self.decode_run(first + next, lines)? - first;
        }
    }

    /// A.7 and B.3: decodes a run from pixel `next`, and the pixel that interrupts it. Returns the number of the pixel after them.
    #[inline(always)]
    fn decode_run<S: Sample>(&mut self, next: usize, lines: &mut [&mut Line<'_, S>; C]) -> Result<usize, ErrorKind> {
        let (run, context, index) = (self.run, &mut self.model.interruption[0], &mut self.run_index);
        let end = self.bits.call(|interval, buffer, position| {
            let mut bits = Bits::new(interval, buffer, position);
            let end = decode_run(run, &mut bits, context, index, next, lines);
            (end, bits.position())
        })?;
        self.run_pixels += end - next;
        Ok(end)
    }
}

/// A.7 and B.3, not inlined, so that the loop of the regular mode has all registers.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt")))]
fn decode_run<S: Sample, A: Arithmetic, const C: usize>(
    run: RunMode<A>,
    bits: &mut Bits<'_, '_>,
    context: &mut Interruption,
    index: &mut u8,
    next: usize,
    lines: &mut [&mut Line<'_, S>; C],
) -> Result<usize, ErrorKind> {
    let width = lines[0].samples.len().saturating_sub(2);
    let length = RunMode::<A>::decode_length(bits, index, width.saturating_sub(next))?;
    let end = next + length;
    for line in &mut *lines {
        let left = line.samples[next];
        line.samples[next + 1..=end].fill(left);
    }
    if end == width {
        return Ok(end);
    }
    for Line { above, samples } in lines.iter_mut().map(|line| &mut **line) {
        let (left, above) = (value(samples[next]), value(above[end + 1]));
        let sample = run.decode_sample(bits, context, *index, left, above)?;
        samples[end + 1] = S::truncate(sample as u16);
    }
    *index = index.saturating_sub(1);
    Ok(end + 1)
}
