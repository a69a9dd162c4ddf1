//! One scan without restart markers on two threads.
//!
//! Huffman decoders synchronize by themselves: one that starts at any bit soon finds the start of a code. So a second thread
//! decodes from a later place on, and records where each of its first codes starts. If the first thread reaches exactly one of
//! these places, the second thread has decoded from there what the first one would decode, and the first thread uses these
//! differences. If it reaches none of them, it continues alone. The result is the same in both cases.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope};

use super::differences::{decode_one, decode_run};
use crate::bits::BitReader;
use crate::error::ErrorKind;
use crate::huffman::lossless::LosslessTable;
use crate::marker::find_marker;
use crate::sample::Sample;

/// Bytes of a round, of which each thread decodes one part. A shorter scan is not worth a thread.
pub(super) const ROUND_BYTES: usize = if cfg!(any(test, feature = "tiny")) { 1 << 9 } else { 1 << 18 };
/// The second thread's part of a round in 1/16. Predictions from the left alone are little work for the first thread. The
/// others, which it computes for both, take a third of the time of decoding.
const AHEAD_SHARES: [usize; 2] = [9, 11];
/// Recorded places: synchronization takes some 20 codes, rarely more than 100, but never happens within a run of equal codes,
/// such as the background of a row.
const RECORDED_PLACES: usize = if cfg!(any(test, feature = "tiny")) { 1 << 9 } else { 1 << 12 };
/// Chunks in a row that were not reached, after which the second thread ends: in noise, whose codes have nearly the same
/// length, it would never be of use.
const MAX_MISSED: usize = 3;
/// Differences that the second thread decodes at once.
const BATCH: usize = 1 << 10;
/// Greatest number of differences in a chunk.
const MAX_CHUNK: usize = 1 << 18;
/// Bytes of a code and its additional bits, at most.
const MAX_CODE: usize = 4;

/// Differences that the second thread has decoded, starting at one place.
struct Chunk<'a> {
    /// The bit positions of the first differences, in order.
    places: Vec<(usize, u32)>,
    /// The cumulative sums of the differences: a prediction from the left needs these, wherever rows start.
    sums: Vec<u16>,
    /// The bits after the last difference.
    end: BitReader<'a>,
}

/// The first thread's view of the second one.
pub(super) struct Speculation<'a> {
    chunks: Option<Receiver<Option<Chunk<'a>>>>,
    /// The offsets that the next chunks begin with, in reverse order. The last one is that of the current chunk.
    starts: Vec<usize>,
    /// The current chunk, once the first thread has reached it.
    chunk: Option<Chunk<'a>>,
    /// Its next difference, once the first thread has reached one of its places.
    next: Option<usize>,
    /// The number of its places before the first thread's position.
    passed: usize,
    /// Chunks in a row that the first thread did not reach.
    missed: usize,
}

impl<'a> Speculation<'a> {
    /// Starts the second thread. None if the scan, whose data begins at `first`, is too short for it.
    pub(super) fn start<'scope>(
        data: &'a [u8],
        first: usize,
        table: Arc<LosslessTable>,
        selection: u8,
        scope: &'scope Scope<'scope, '_>,
    ) -> Option<Self>
    where
        'a: 'scope,
    {
        let end = find_marker(data, first).map_or(data.len(), |found| found.offset);
        let rounds = (end - first) / ROUND_BYTES;
        let round = (end - first).checked_div(rounds)?;
        let own = round - round * AHEAD_SHARES[usize::from(selection > 1)] / 16;
        // Not with a stuffed byte.
        let aligned = |at: usize| at + usize::from(data.get(at - 1) == Some(&0xFF));
        let ends: Vec<_> = (1..=rounds).map(|number| first + number * round).collect();
        let starts: Vec<_> = ends.iter().map(|end| aligned(end - round + own)).collect();
        let (sender, chunks) = sync_channel(1);
        let parts: Vec<_> = starts.iter().copied().zip(ends).collect();
        let work = move || decode_parts(data, &parts, &table, &sender);
        Builder::new().spawn_scoped(scope, work).ok()?;
        let starts = starts.into_iter().rev().collect();
        Some(Self { chunks: Some(chunks), starts, chunk: None, next: None, passed: 0, missed: 0 })
    }

    /// Continues with the next chunk.
    fn advance(&mut self) {
        self.starts.pop();
        (self.chunk, self.next, self.passed) = (None, None, 0);
    }

    /// A lower bound for the differences before the current chunk.
    fn before(&self, reader: &BitReader<'_>) -> usize {
        self.starts.last().map_or(usize::MAX, |start| start.saturating_sub(reader.position()) / MAX_CODE)
    }

    /// True if the next `count` differences are certainly before the current chunk.
    pub(super) fn is_far(&self, reader: &BitReader<'_>, count: usize) -> bool {
        self.next.is_none() && self.before(reader) >= count
    }

    /// Decodes differences, or copies those of the second thread.
    pub(super) fn decode(
        &mut self,
        reader: &mut BitReader<'a>,
        table: &LosslessTable,
        differences: &mut [u16],
        long: &mut bool,
    ) -> std::result::Result<(), ErrorKind> {
        let mut done = 0;
        while done < differences.len() {
            let rest = &mut differences[done..];
            if let Some(next) = self.next {
                done += self.take(next, reader, rest);
                continue;
            }
            let count = self.before(reader).clamp(1, rest.len());
            decode_run::<u16, false>(reader, table, 0, &mut rest[..count], long)?;
            done += count;
            if self.before(reader) == 0 {
                self.meet(reader);
            }
        }
        Ok(())
    }

    /// Copies differences starting at `next`. Returns their number.
    fn take(&mut self, next: usize, reader: &mut BitReader<'a>, out: &mut [u16]) -> usize {
        let Some(chunk) = &self.chunk else { return 0 };
        let sums = &chunk.sums[next..];
        let count = sums.len().min(out.len());
        let before = next.checked_sub(1).map_or(0, |before| chunk.sums[before]);
        for (difference, (sum, before)) in out.iter_mut().zip(sums.iter().zip([before].iter().chain(sums))) {
            *difference = sum.wrapping_sub(*before);
        }
        self.pass(next + count, reader);
        count
    }

    /// Computes samples that are predicted from the left, the first one from `start`. False if the chunk has too few.
    pub(super) fn sum<S: Sample>(&mut self, start: u16, reader: &mut BitReader<'a>, samples: &mut [S]) -> bool {
        let (Some(chunk), Some(next)) = (&self.chunk, self.next) else { return false };
        let Some(sums) = chunk.sums.get(next..next + samples.len()) else { return false };
        let before = next.checked_sub(1).map_or(0, |before| chunk.sums[before]);
        add(sums, start.wrapping_sub(before), samples);
        self.pass(next + samples.len(), reader);
        true
    }

    /// Continues at difference `next` of the chunk, or with the next chunk.
    fn pass(&mut self, next: usize, reader: &mut BitReader<'a>) {
        self.next = Some(next);
        if let Some(chunk) = self.chunk.take_if(|chunk| chunk.sums.len() == next) {
            *reader = chunk.end;
            self.advance();
        }
    }

    /// Moves the reader to where it would be without the second thread. That matters if the scan ends within a chunk, because
    /// its data is longer than its samples.
    pub(super) fn finish(self, reader: &mut BitReader<'a>, table: &LosslessTable) {
        for _ in self.passed..self.next.unwrap_or(self.passed) {
            if decode_one(reader, table).is_none() {
                return;
            }
        }
    }

    /// Looks for the position of the next bit among those of the current chunk.
    fn meet(&mut self, reader: &BitReader<'_>) {
        if self.chunk.is_none() {
            self.chunk = self.chunks.as_ref().and_then(|chunks| chunks.recv().ok().flatten());
        }
        let Some(chunk) = &self.chunk else { return self.advance() };
        let place = reader.place();
        self.passed += chunk.places[self.passed..].iter().take_while(|other| **other < place).count();
        match chunk.places.get(self.passed) {
            Some(other) if *other == place => (self.next, self.missed) = (Some(self.passed), 0),
            Some(_) => {}
            None => self.miss(),
        }
    }

    /// Continues without the current chunk, which the first thread has not reached at any of its places.
    fn miss(&mut self) {
        self.missed += 1;
        if self.missed == MAX_MISSED {
            self.chunks = None;
            self.starts.clear();
        }
        self.advance();
    }
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn add<S: Sample>(sums: &[u16], offset: u16, samples: &mut [S]) {
    for (sample, sum) in samples.iter_mut().zip(sums) {
        *sample = S::truncate(sum.wrapping_add(offset));
    }
}

/// The second thread: decodes each part, given by its start and end.
fn decode_parts<'a>(
    data: &'a [u8],
    parts: &[(usize, usize)],
    table: &LosslessTable,
    sender: &SyncSender<Option<Chunk<'a>>>,
) {
    for (start, end) in parts {
        // The first thread may have ended with an error.
        if sender.send(decode_chunk(data, *start, *end, table)).is_err() {
            return;
        }
    }
}

/// Decodes from `start` to shortly before `limit`. None if it finds an invalid code or the end of the data among the recorded
/// places.
fn decode_chunk<'a>(data: &'a [u8], start: usize, limit: usize, table: &LosslessTable) -> Option<Chunk<'a>> {
    let mut end = BitReader::new(data, start);
    let (mut places, mut sums) = (Vec::new(), Vec::new());
    places.try_reserve_exact(RECORDED_PLACES).ok()?;
    sums.try_reserve_exact(RECORDED_PLACES).ok()?;
    let mut sum = 0u16;
    while places.len() < RECORDED_PLACES && end.position() + MAX_CODE < limit {
        places.push(end.place());
        sum = sum.wrapping_add(decode_one(&mut end, table)?);
        sums.push(sum);
        if end.is_exhausted() {
            return None;
        }
    }
    let mut long = false;
    // No batch reaches the end of the scan.
    while end.position() + MAX_CODE * BATCH < limit && sums.len() < MAX_CHUNK {
        let (before, count) = (end, sums.len());
        sums.try_reserve(BATCH).ok()?;
        sums.resize(count + BATCH, 0);
        let decoded = decode_run::<u16, true>(&mut end, table, sum, &mut sums[count..], &mut long);
        if decoded.is_err() || end.is_exhausted() {
            // If this is an error, the first thread finds it, too.
            sums.truncate(count);
            end = before;
            break;
        }
        sum = sums.last().copied().unwrap_or_default();
    }
    Some(Chunk { places, sums, end })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::huffman::tests::spec;

    /// Differences of noise, by the bits themselves.
    #[test]
    fn differences_are_those_of_one_thread() {
        let lengths = [0, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        let table = Arc::new(LosslessTable::new(&spec(lengths, &[0, 3, 2, 1, 5, 4, 9, 6, 12, 16]).unwrap()));
        for seed in 0..40u32 {
            let mut state = seed;
            let mut noise = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            };
            let data: Vec<u8> = (0..20_000)
                .flat_map(|_| {
                    let byte = noise() & 0xF7;
                    [byte]
                })
                .collect();
            let count = 8000 + seed as usize * 100;
            let (mut alone, mut reader, mut long) = (vec![0; count], BitReader::new(&data, 5), false);
            let decoded = decode_run::<u16, false>(&mut reader, &table, 0, &mut alone, &mut long);
            let mut taken = 0;
            std::thread::scope(|scope| {
                let mut speculation = Speculation::start(&data, 5, Arc::clone(&table), 1, scope).unwrap();
                let (mut both, mut other, mut long) = (vec![0; count], BitReader::new(&data, 5), false);
                let mut result = Ok(());
                for part in both.chunks_mut(700) {
                    taken += usize::from(speculation.next.is_some());
                    result = result.and_then(|()| speculation.decode(&mut other, &table, part, &mut long));
                }
                assert_eq!(result.is_ok(), decoded.is_ok());
                if result.is_ok() {
                    assert!(both == alone);
                    assert_eq!(other.place(), reader.place());
                }
            });
            assert!(decoded.is_err() || taken > 3, "{taken}");
        }
    }
}
