//! A.8 and Annex B: the order of samples in a scan.

use super::Grid;
use super::coder::{Coder, Neighbors};
use super::preset::Effective;

/// ILV of a scan header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interleave {
    None,
    Line,
    Sample,
}

/// The samples of a component in the scan.
pub struct Part<'a> {
    pub plane: &'a mut Grid,
    /// The component's lines in an MCU.
    pub lines: usize,
}

/// Rows above and at the current sample, each with a sample before and after.
struct Lines {
    above: Vec<i32>,
    current: Vec<i32>,
    run_index: usize,
}

impl Lines {
    fn new(width: usize) -> Self {
        Self { above: vec![0; width + 2], current: vec![0; width + 2], run_index: 0 }
    }

    /// A.2.2: the samples outside of the line.
    fn begin(&mut self) {
        std::mem::swap(&mut self.above, &mut self.current);
        let end = self.above.len() - 1;
        self.above[end] = self.above[end - 1];
        self.current[0] = self.above[1];
    }

    /// The neighbors of sample `x`, from 1.
    fn at(&self, x: usize) -> Neighbors {
        Neighbors { a: self.current[x - 1], b: self.above[x], c: self.above[x - 1], d: self.above[x + 1] }
    }
}

/// The bytes of a scan with its restart markers. The planes become the reconstructed samples.
pub fn encode(parts: &mut [Part<'_>], interleave: Interleave, preset: Effective, interval: usize, pad: u32) -> Vec<u8> {
    let mcu_rows = parts.iter().map(|part| part.plane.height().div_ceil(part.lines)).max().unwrap();
    let length = if interval == 0 { mcu_rows } else { interval };
    let (mut bytes, mut first, mut restart) = (Vec::new(), 0, 0u8);
    while first < mcu_rows {
        if first > 0 {
            bytes.extend([0xFF, 0xD0 | restart]);
            restart = (restart + 1) & 7;
        }
        let rows = first..(first + length).min(mcu_rows);
        let mut coder = Coder::new(preset);
        let mut lines: Vec<_> = parts.iter().map(|part| Lines::new(part.plane.width)).collect();
        for row in rows {
            if interleave == Interleave::Sample {
                sample_interleaved_line(&mut coder, &mut lines, parts, row);
                continue;
            }
            for (part, lines) in parts.iter_mut().zip(&mut lines) {
                let end = ((row + 1) * part.lines).min(part.plane.height());
                (row * part.lines..end).for_each(|y| line(&mut coder, lines, part.plane.row_mut(y)));
            }
        }
        coder.bits.pad(pad);
        bytes.extend(coder.bits.bytes);
        first += length;
    }
    bytes
}

/// A.8: a line of one component.
fn line(coder: &mut Coder, lines: &mut Lines, row: &mut [u16]) {
    lines.begin();
    let (width, near) = (row.len(), coder.preset.near);
    let mut x = 1;
    while x <= width {
        let at = lines.at(x);
        if !coder.is_run(at) {
            lines.current[x] = coder.regular(row[x - 1].into(), at);
            x += 1;
            continue;
        }
        let start = x;
        while x <= width && (i32::from(row[x - 1]) - at.a).abs() <= near {
            lines.current[x] = at.a;
            x += 1;
        }
        let order = coder.run(x - start, x > width, &mut lines.run_index);
        if x <= width {
            lines.current[x] = coder.interruption(row[x - 1].into(), at.a, lines.above[x], true, order);
            x += 1;
        }
    }
    store(lines, row);
}

/// B.3: a line of all components. A run is one of all of them.
fn sample_interleaved_line(coder: &mut Coder, lines: &mut [Lines], parts: &mut [Part<'_>], y: usize) {
    lines.iter_mut().for_each(Lines::begin);
    let (width, near) = (parts[0].plane.width, coder.preset.near);
    let mut x = 1;
    while x <= width {
        if !lines.iter().all(|lines| coder.is_run(lines.at(x))) {
            for (lines, part) in lines.iter_mut().zip(&*parts) {
                lines.current[x] = coder.regular(part.plane.at(x - 1, y).into(), lines.at(x));
            }
            x += 1;
            continue;
        }
        let start = x;
        let continues = |x: usize, lines: &[Lines]| {
            let mut pairs = lines.iter().zip(&*parts);
            pairs.all(|(lines, part)| (i32::from(part.plane.at(x - 1, y)) - lines.current[start - 1]).abs() <= near)
        };
        while x <= width && continues(x, lines) {
            for lines in lines.iter_mut() {
                lines.current[x] = lines.current[start - 1];
            }
            x += 1;
        }
        let order = coder.run(x - start, x > width, &mut lines[0].run_index);
        if x <= width {
            for (lines, part) in lines.iter_mut().zip(&*parts) {
                let (a, b) = (lines.current[x - 1], lines.above[x]);
                lines.current[x] = coder.interruption(part.plane.at(x - 1, y).into(), a, b, false, order);
            }
            x += 1;
        }
    }
    lines.iter().zip(parts).for_each(|(lines, part)| store(lines, part.plane.row_mut(y)));
}

fn store(lines: &Lines, row: &mut [u16]) {
    for (sample, value) in row.iter_mut().zip(&lines.current[1..]) {
        *sample = *value as u16;
    }
}
