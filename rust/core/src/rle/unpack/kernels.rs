//! The kernels that unpack runs, as long as input and output have room for a longest run.
//!
//! In real segments the type and the length of a run are hard to predict, so branches on them cost more than they save:
//! every run is written as a longest run, and the next run starts at its actual end.

#![allow(
    clippy::inline_always,
    reason = "functions called by a kernel must be compiled for the same processor as the kernel"
)]

use super::super::MAX_RUN;

/// The header without a run. Writers do not use it, so a branch on it is always predicted.
pub(super) const NO_OP: u8 = 128;

/// Output bytes of a run, by arithmetic instead of the branches of [`super::Run`].
#[inline(always)]
fn run_length(header: u8) -> usize {
    if header == NO_OP { 0 } else { isize::from(header.cast_signed()).unsigned_abs() + 1 }
}

/// Bytes from a header to the next.
#[inline(always)]
fn step_length(header: u8) -> u8 {
    if header == NO_OP { 1 } else { header.cast_signed().max(0).cast_unsigned() + 2 }
}

/// Bytes of a header and of the longest run that can follow it.
const RUN_BYTES: usize = 1 + MAX_RUN;

/// All bits set if the byte after a header is repeated. A table in memory, because the compiler would turn a
/// computation that it can see through into a branch.
static REPEATED: [i8; 256] = {
    let mut masks = [0; 256];
    let mut header = 128;
    while header < masks.len() {
        masks[header] = -1;
        header += 1;
    }
    masks
};

/// Writes at least the `length` bytes of a run: `FIRST` bytes, or a longest run if it is longer. The next run
/// overwrites the excess.
#[inline(always)]
fn write_run<const FIRST: usize>(window: &[u8; RUN_BYTES], to: &mut [u8; MAX_RUN], length: usize) {
    let repeated = i64::from(REPEATED[usize::from(window[0])]).cast_unsigned();
    let (kept, value) = (!repeated, u64::from_ne_bytes([window[1]; 8]) & repeated);
    // An array of its own: the compiler must assume that `to` overlaps `window`.
    let mut words = [[0; 8]; MAX_RUN / 8];
    for (word, from) in words.iter_mut().zip(window[1..=FIRST].as_chunks().0) {
        *word = (u64::from_ne_bytes(*from) & kept | value).to_ne_bytes();
    }
    to[..FIRST].copy_from_slice(&words.as_flattened()[..FIRST]);
    if FIRST < MAX_RUN && length > FIRST {
        write_run::<MAX_RUN>(window, to, length);
    }
}

/// The remaining input and output. The kernels continue while both have room for a longest run.
pub(super) struct RunCursor<'a, 'b> {
    pub(super) src: &'a [u8],
    pub(super) out: &'b mut [u8],
}

impl RunCursor<'_, '_> {
    /// Returns the number of remaining bytes of input and output.
    pub(super) fn left(&self) -> (usize, usize) {
        (self.src.len(), self.out.len())
    }

    /// Unpacks one run.
    #[inline(always)]
    fn step(&mut self) -> bool {
        let Some(window) = self.src.first_chunk() else { return false };
        let out = std::mem::take(&mut self.out);
        let Some(to) = out.first_chunk_mut() else {
            self.out = out;
            return false;
        };
        let header = window[0];
        if header == NO_OP {
            self.src = &self.src[1..];
            self.out = out;
            return true;
        }
        write_run::<MAX_RUN>(window, to, MAX_RUN);
        // Computed in words as wide as addresses: each further instruction here delays the next run.
        self.src = &self.src[isize::from(header.cast_signed()).max(0).cast_unsigned() + 2..];
        self.out = &mut out[run_length(header)..];
        true
    }
}

/// Alternates between the runs of two segments, so that neither waits for the header that the other is reading.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
pub(super) fn unpack_two<'a, 'b>(
    one: RunCursor<'a, 'b>,
    two: RunCursor<'a, 'b>,
) -> (RunCursor<'a, 'b>, RunCursor<'a, 'b>) {
    // Separate variables stay in registers.
    let mut one = RunCursor { src: one.src, out: one.out };
    let mut two = RunCursor { src: two.src, out: two.out };
    while one.step() && two.step() {}
    (one, two)
}

/// Bytes of a segment for which the distance to the next header is computed at once, as if each byte were a header. One
/// addition and one load then lead from header to header.
const BLOCK_BYTES: usize = 512;
/// Runs up to this length are written without the excess, if fewer than [`FEW_LONG_RUNS`] runs of the block are longer.
const SHORT_RUN_BYTES: usize = 32;
/// If the previous block has fewer long runs than this, the next one is expected to have few, too.
const FEW_LONG_RUNS: usize = BLOCK_BYTES / 64;

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
pub(super) fn unpack<'a, 'b>(mut cursor: RunCursor<'a, 'b>) -> RunCursor<'a, 'b> {
    let (mut steps, mut long_runs) = ([0; BLOCK_BYTES], BLOCK_BYTES);
    while let Some(block) = cursor.src.first_chunk() {
        for (step, header) in steps.iter_mut().zip(block) {
            *step = step_length(*header);
        }
        let out = std::mem::take(&mut cursor.out);
        let done = if long_runs < FEW_LONG_RUNS {
            unpack_block::<SHORT_RUN_BYTES>(block, &steps, out)
        } else {
            unpack_block::<MAX_RUN>(block, &steps, out)
        };
        cursor.src = &cursor.src[done.read..];
        cursor.out = &mut out[done.written..];
        long_runs = done.long_runs;
        if done.read < BLOCK_BYTES {
            return cursor;
        }
    }
    let mut cursor = RunCursor { src: cursor.src, out: cursor.out };
    while cursor.step() {}
    cursor
}

struct BlockOutcome {
    read: usize,
    written: usize,
    long_runs: usize,
}

#[inline(always)]
fn unpack_block<const FIRST: usize>(
    block: &[u8; BLOCK_BYTES + MAX_RUN],
    steps: &[u8; BLOCK_BYTES],
    out: &mut [u8],
) -> BlockOutcome {
    let (mut at, mut long_runs) = (0, 0);
    let room = out.len();
    let mut out = out;
    while let Some(step) = steps.get(at) {
        let (Some(to), Some(window)) = (out.first_chunk_mut(), block[at..].first_chunk()) else { break };
        let length = run_length(window[0]);
        write_run::<FIRST>(window, to, length);
        long_runs += usize::from(length > SHORT_RUN_BYTES);
        out = &mut out[length..];
        at += usize::from(*step);
    }
    BlockOutcome { read: at, written: room - out.len(), long_runs }
}
