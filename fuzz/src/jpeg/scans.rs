//! The entropy-coded data of one restart interval, by the flow charts of Annexes F, G and H.

use super::bits::{Bits, Table};
use super::plain::{Frame, Result};
use super::streams::sequential::Block;

/// A scan header, with the DC and AC table of each component.
pub(crate) struct Scan {
    pub(crate) components: Vec<usize>,
    pub(crate) tables: Vec<[Option<Table>; 2]>,
    pub(crate) start: u8,
    pub(crate) end: u8,
    pub(crate) high: u8,
    pub(crate) low: u8,
}

/// The data units of an MCU: component, column and row.
type Mcu = Vec<(usize, usize, usize)>;

impl Scan {
    fn symbol(&self, component: usize, class: usize, bits: &mut Bits) -> Result<u8> {
        let place = self.components.iter().position(|other| *other == component).ok_or("component")?;
        self.tables[place][class].as_ref().ok_or("Huffman table")?.symbol(bits)
    }

    /// F.2.2.1.
    fn dc(&self, component: usize, predictions: &mut [i32; 4], bits: &mut Bits) -> Result<i32> {
        let size = self.symbol(component, 0, bits)?;
        if size > 15 {
            return Err("size");
        }
        predictions[component] += bits.value(size)?;
        Ok(predictions[component])
    }
}

fn block(frame: &mut Frame, (component, x, y): (usize, usize, usize)) -> &mut Block {
    let grid = &mut frame.blocks[component];
    let place = y * grid.width + x;
    &mut grid.values[place]
}

/// F.2.2: the blocks of a sequential scan.
pub(crate) fn sequential(frame: &mut Frame, scan: &Scan, mcus: &[Mcu], bits: &mut Bits) -> Result<()> {
    let mut predictions = [0; 4];
    for unit in mcus.iter().flatten() {
        let mut coefficients = [0; 64];
        coefficients[0] = scan.dc(unit.0, &mut predictions, bits)? as i16;
        let mut k = 0;
        while k < 63 {
            let symbol = scan.symbol(unit.0, 1, bits)?;
            match (symbol >> 4, symbol & 15) {
                (0, 0) => break,
                (15, 0) if k + 16 < 63 => k += 16,
                (_, 0) => return Err("symbol"),
                (run, size) => {
                    k += usize::from(run) + 1;
                    *coefficients.get_mut(k).ok_or("coefficient")? = bits.value(size)? as i16;
                }
            }
        }
        *block(frame, *unit) = coefficients;
    }
    Ok(())
}

/// Annex G: the blocks of a progressive scan.
pub(crate) fn progressive(frame: &mut Frame, scan: &Scan, mcus: &[Mcu], bits: &mut Bits) -> Result<()> {
    let (mut predictions, mut ended) = ([0; 4], 0);
    for unit in mcus.iter().flatten() {
        if scan.start == 0 {
            let value = if scan.high == 0 {
                scan.dc(unit.0, &mut predictions, bits)?.wrapping_shl(scan.low.into()) as i16
            } else {
                block(frame, *unit)[0] | (bits.bit()? << scan.low) as i16
            };
            block(frame, *unit)[0] = value;
        } else if scan.high == 0 {
            first(scan, unit.0, &mut ended, block(frame, *unit), bits)?;
        } else {
            refine(scan, unit.0, &mut ended, block(frame, *unit), bits)?;
        }
    }
    if ended > 0 { Err("blocks after the end of the interval") } else { Ok(()) }
}

/// G.1.2.2. `ended` is the number of blocks without more coefficients.
fn first(scan: &Scan, component: usize, ended: &mut u32, block: &mut Block, bits: &mut Bits) -> Result<()> {
    let (mut k, end) = (usize::from(scan.start), usize::from(scan.end));
    while *ended == 0 && k <= end {
        let symbol = scan.symbol(component, 1, bits)?;
        match (symbol >> 4, symbol & 15) {
            (15, 0) => k += 16,
            (run, 0) => *ended = (1 << run) + bits.take(run)?,
            (run, size) => {
                k += usize::from(run);
                let value = bits.value(size)?.wrapping_shl(scan.low.into()) as i16;
                *block[..=end].get_mut(k).ok_or("coefficient")? = value;
                k += 1;
            }
        }
        if k > end + 1 {
            return Err("zeros");
        }
    }
    *ended = ended.saturating_sub(1);
    Ok(())
}

/// G.1.2.3, Figure G.7.
fn refine(scan: &Scan, component: usize, ended: &mut u32, block: &mut Block, bits: &mut Bits) -> Result<()> {
    let (mut k, end) = (usize::from(scan.start), usize::from(scan.end));
    while k <= end && *ended == 0 {
        let symbol = scan.symbol(component, 1, bits)?;
        let (mut run, value) = match (symbol >> 4, symbol & 15) {
            (15, 0) => (15, 0),
            (run, 0) => {
                *ended = (1 << run) + bits.take(run)?;
                break;
            }
            (run, 1) => (run, bits.value(1)? << scan.low),
            _ => return Err("size"),
        };
        // Zeros of the run, and the place after it.
        loop {
            let coefficient = block[..=end].get_mut(k).ok_or("coefficient")?;
            k += 1;
            if *coefficient != 0 {
                correct(coefficient, scan.low, bits)?;
            } else if run > 0 {
                run -= 1;
            } else {
                *coefficient = value as i16;
                break;
            }
        }
    }
    if *ended > 0 {
        for coefficient in block[..=end].iter_mut().skip(k).filter(|coefficient| **coefficient != 0) {
            correct(coefficient, scan.low, bits)?;
        }
        *ended -= 1;
    }
    Ok(())
}

fn correct(coefficient: &mut i16, low: u8, bits: &mut Bits) -> Result<()> {
    let step = ((bits.bit()?) << low) as i16;
    *coefficient = coefficient.wrapping_add(if *coefficient < 0 { step.wrapping_neg() } else { step });
    Ok(())
}

/// Annex H: the samples of a lossless scan.
pub(crate) fn lossless(frame: &mut Frame, scan: &Scan, mcus: &[Mcu], bits: &mut Bits) -> Result<()> {
    // The first sample of each component in the interval, to know its first line.
    let mut begins = vec![None; frame.samples.len()];
    for (component, x, y) in mcus.iter().flatten().copied() {
        let begin = *begins[component].get_or_insert((x, y));
        let size = scan.symbol(component, 0, bits)?;
        let difference = match size {
            0..=15 => bits.value(size)?,
            16 => 0x8000,
            _ => return Err("size"),
        };
        let initial = 1 << (frame.precision - scan.low - 1);
        let grid = &mut frame.samples[component];
        let at = |x: usize, y: usize| i32::from(grid.at(x, y));
        let prediction = match () {
            () if (x, y) == begin => initial,
            () if y == begin.1 => at(x - 1, y),
            () if x == 0 => at(x, y - 1),
            () => predict(scan.start, at(x - 1, y), at(x, y - 1), at(x - 1, y - 1)),
        };
        let place = y * grid.width + x;
        grid.values[place] = (prediction + difference) as u16;
        frame.point_transforms[component] = scan.low;
    }
    Ok(())
}

/// Table H.1.
fn predict(selection: u8, a: i32, b: i32, c: i32) -> i32 {
    match selection {
        1 => a,
        2 => b,
        3 => c,
        4 => a + b - c,
        5 => a + ((b - c) >> 1),
        6 => b + ((a - c) >> 1),
        _ => (a + b) >> 1,
    }
}
