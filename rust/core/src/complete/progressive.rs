//! ISO/IEC 10918-1 Annex G: progressive images.

use super::huffman::{Bits, Failure, Table};
use super::scan::Walked;
use crate::alloc::zeroed;
use crate::error::Result;

/// Which bits of a component the scans of a progressive image have contained so far.
pub(super) struct Progress {
    /// For each block, the coefficients that are not zero: a refinement has a bit for each of them (10918-1 G.1.2.3).
    pub(super) nonzero: Vec<u64>,
    /// For each coefficient, the lowest bit seen so far.
    low: [Option<u8>; 64],
}

impl Progress {
    /// Allocates the state of `blocks` blocks.
    pub(super) fn new(blocks: usize) -> Result<Self> {
        Ok(Self { nonzero: zeroed(blocks)?, low: [None; 64] })
    }

    pub(super) fn has_dc(&self) -> bool {
        self.low[0].is_some()
    }

    pub(super) fn is_exact(&self) -> bool {
        self.low.iter().all(|low| *low == Some(0))
    }

    /// Records that a scan contains bits of coefficients `first` to `last`: the highest bits of each first, then one
    /// more bit per scan (10918-1 G.1.1.1.1). This bounds the number of scans, and with it the work.
    pub(super) fn give(&mut self, first: usize, last: usize, high: u8, low: u8) -> Option<()> {
        let before = (high > 0).then_some(high);
        let next = high == 0 || Some(low) == high.checked_sub(1);
        let band = self.low.get_mut(first..=last)?;
        if !next || low > 13 || band.iter().any(|given| *given != before) {
            return None;
        }
        band.fill(Some(low));
        Some(())
    }
}

/// A band of AC coefficients of one block of a progressive image.
pub(super) struct Band<'a, 'b> {
    pub(super) bits: &'a mut Bits<'b>,
    pub(super) ac: &'a Table,
    pub(super) last: usize,
    pub(super) run: &'a mut u32,
    pub(super) nonzero: &'a mut u64,
}

impl Band<'_, '_> {
    /// G.1.2.2: reads the first bits of the coefficients starting at `at`.
    pub(super) fn first(&mut self, mut at: usize) -> Walked {
        if *self.run > 0 {
            *self.run -= 1;
            return Ok(());
        }
        while at <= self.last {
            let symbol = self.bits.symbol(self.ac, |symbol| u32::from(symbol & 0x0F))?;
            match (symbol >> 4, symbol & 0x0F) {
                (15, 0) => at += 16,
                (run, 0) => {
                    *self.run = (1 << run) - 1 + self.bits.take(run.into())?;
                    return Ok(());
                }
                (run, _) => {
                    at += usize::from(run);
                    self.set(at)?;
                    at += 1;
                }
            }
        }
        Ok(())
    }

    /// G.1.2.3: reads one more bit of the coefficients starting at `at`.
    pub(super) fn refine(&mut self, mut at: usize) -> Walked {
        while *self.run == 0 && at <= self.last {
            let symbol = self.bits.symbol(self.ac, |_| 0)?;
            let (zeros, new) = match (symbol >> 4, symbol & 0x0F) {
                (15, 0) => (15, false),
                (run, 0) => {
                    *self.run = (1 << run) + self.bits.take(run.into())?;
                    break;
                }
                (run, 1) => (run, true),
                _ => return Err(Failure::Invalid),
            };
            if new {
                self.bits.take(1)?;
            }
            at = self.skip(at, zeros)?;
            if new {
                self.set(at)?;
            }
            at += 1;
        }
        if *self.run > 0 {
            self.correct(at)?;
            *self.run -= 1;
        }
        Ok(())
    }

    /// Returns the number of the coefficient after `zeros` zero coefficients, starting at `at`. Nonzero coefficients in
    /// between have a bit each.
    fn skip(&mut self, mut at: usize, mut zeros: u8) -> Walked<usize> {
        while at <= self.last {
            if self.is_set(at) {
                self.bits.take(1)?;
            } else if zeros == 0 {
                break;
            } else {
                zeros -= 1;
            }
            at += 1;
        }
        Ok(at)
    }

    /// Reads the correction bits of the nonzero coefficients starting at `at`.
    fn correct(&mut self, at: usize) -> Walked {
        for at in at..=self.last {
            if self.is_set(at) {
                self.bits.take(1)?;
            }
        }
        Ok(())
    }

    fn is_set(&self, at: usize) -> bool {
        *self.nonzero >> at & 1 == 1
    }

    fn set(&mut self, at: usize) -> Walked {
        if at > self.last {
            return Err(Failure::Invalid);
        }
        *self.nonzero |= 1 << at;
        Ok(())
    }
}
