//! The lines of an interval: A.2.2, A.7.1 and Annex B.

use super::bits::Bits;
use super::frame::Plane;
use super::plain::Result;
use super::samples::{J, Neighbors, Parameters, Samples};

/// ILV
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Component,
    Line,
    Sample,
}

/// A component while an interval is decoded.
pub(crate) struct Part<'a> {
    pub(crate) plane: &'a mut Plane,
    /// Its lines in an MCU.
    pub(crate) lines: usize,
}

/// The samples around a place of a plane. Lines before `first` are zero.
struct Surroundings {
    first: usize,
}

impl Surroundings {
    /// Rb of the sample, also for places outside of the line.
    fn above(&self, plane: &Plane, x: i64, y: usize) -> i64 {
        if y <= self.first {
            return 0;
        }
        if x < 0 {
            // Rc at the start of a line is what Ra was at the start of the line before.
            return self.before(plane, 0, y - 1);
        }
        plane.at((x as usize).min(plane.width - 1), y - 1)
    }

    /// Ra of the sample.
    fn before(&self, plane: &Plane, x: usize, y: usize) -> i64 {
        if x == 0 { self.above(plane, 0, y) } else { plane.at(x - 1, y) }
    }

    fn neighbors(&self, plane: &Plane, x: usize, y: usize) -> Neighbors {
        let column = x as i64;
        let above = |column| self.above(plane, column, y);
        Neighbors(self.before(plane, x, y), above(column), above(column - 1), above(column + 1))
    }
}

/// Decodes the MCU rows from `first` to `end`.
pub(crate) fn interval(
    parts: &mut [Part<'_>],
    order: Order,
    parameters: Parameters,
    (first, end): (usize, usize),
    bytes: &[u8],
) -> Result<()> {
    let mut samples = Samples::new(parameters, Bits::new(bytes));
    let mut run_index = vec![0; parts.len()];
    for row in first..end {
        if order == Order::Sample {
            pixels(&mut samples, parts, &Surroundings { first }, row, &mut run_index[0])?;
            continue;
        }
        for (part, run_index) in parts.iter_mut().zip(&mut run_index) {
            let around = Surroundings { first: first * part.lines };
            let lines = row * part.lines..((row + 1) * part.lines).min(part.plane.height);
            for y in lines {
                line(&mut samples, part.plane, &around, y, run_index)?;
            }
        }
    }
    Ok(())
}

/// One line of one component.
fn line(
    samples: &mut Samples<'_>,
    plane: &mut Plane,
    around: &Surroundings,
    y: usize,
    run_index: &mut usize,
) -> Result<()> {
    let mut x = 0;
    while x < plane.width {
        let neighbors = around.neighbors(plane, x, y);
        if !samples.is_flat(neighbors) {
            plane.set(x, y, samples.regular(neighbors)?);
            x += 1;
            continue;
        }
        let (length, j) = run(samples, plane.width - x, run_index)?;
        for _ in 0..length {
            plane.set(x, y, neighbors.0);
            x += 1;
        }
        if let Some(j) = j {
            plane.set(x, y, samples.after_run(neighbors.0, around.above(plane, x as i64, y), true, j)?);
            x += 1;
        }
    }
    Ok(())
}

/// B.3: one line of all components.
fn pixels(
    samples: &mut Samples<'_>,
    parts: &mut [Part<'_>],
    around: &Surroundings,
    y: usize,
    run_index: &mut usize,
) -> Result<()> {
    let width = parts[0].plane.width;
    let mut x = 0;
    while x < width {
        let neighbors: Vec<_> = parts.iter().map(|part| around.neighbors(part.plane, x, y)).collect();
        if !neighbors.iter().all(|neighbors| samples.is_flat(*neighbors)) {
            for (part, neighbors) in parts.iter_mut().zip(neighbors) {
                part.plane.set(x, y, samples.regular(neighbors)?);
            }
            x += 1;
            continue;
        }
        let (length, j) = run(samples, width - x, run_index)?;
        for (part, Neighbors(a, ..)) in parts.iter_mut().zip(&neighbors) {
            (x..x + length).for_each(|x| part.plane.set(x, y, *a));
        }
        x += length;
        if let Some(j) = j {
            for (part, Neighbors(a, ..)) in parts.iter_mut().zip(&neighbors) {
                let above = around.above(part.plane, x as i64, y);
                part.plane.set(x, y, samples.after_run(*a, above, false, j)?);
            }
            x += 1;
        }
    }
    Ok(())
}

/// A.7.1: the length of a run, and J if a sample follows it in the line.
fn run(samples: &mut Samples<'_>, rest: usize, run_index: &mut usize) -> Result<(usize, Option<i64>)> {
    let mut length = 0;
    while length < rest {
        let j = J[*run_index];
        if samples.bits.bit()? == 1 {
            if length + (1 << j) > rest {
                return Ok((rest, None));
            }
            length += 1 << j;
            *run_index = 31.min(*run_index + 1);
        } else {
            length += samples.bits.take(j)? as usize;
            if length >= rest {
                return Err("run".into());
            }
            *run_index = run_index.saturating_sub(1);
            return Ok((length, Some(j)));
        }
    }
    Ok((length, None))
}
