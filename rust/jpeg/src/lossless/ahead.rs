//! One scan without restart markers on two threads.
//!
//! Huffman decoders synchronize by themselves: one that begins anywhere in the data soon finds the beginnings of codes. So a
//! second thread decodes from some place ahead, and notes where each of its first codes begins. When the first thread
//! comes exactly to one of these places, all that the second one has decoded from there is what it would decode itself,
//! and it takes it over. If it comes to none of them, it goes on alone. The result is the same either way.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope};

use super::differences::{decode_one, decode_run};
use crate::bits::BitReader;
use crate::error::ErrorKind;
use crate::huffman::lossless::LosslessTable;
use crate::marker::find_scan_end;

/// Bytes of a scan that each thread decodes one part of, in turn; a shorter scan is not worth a thread.
const ROUND_BYTES: usize = if cfg!(any(test, feature = "tiny")) { 1 << 9 } else { 1 << 18 };
/// The second thread's part of a round in 1/16: it only decodes, while the first one also predicts for both.
const AHEAD_SHARE: usize = 9;
/// Places that are noted: synchronization takes some 20 codes, seldom more than 100.
const NOTED_PLACES: usize = 1 << 9;
/// Differences that the second thread decodes at once.
const BATCH: usize = 1 << 10;
/// Differences that are kept for the first thread at most.
const GREATEST_CHUNK: usize = 1 << 18;
/// Bytes of a code and its additional bits, at most.
const GREATEST_CODE: usize = 4;

/// What the second thread has decoded from one place on.
struct Chunk<'a> {
    /// Where the first differences begin, in order.
    places: Vec<(usize, u32)>,
    differences: Vec<u16>,
    /// The bits after the last difference.
    end: BitReader<'a>,
}

/// The first thread's view of the second one.
pub(super) struct Ahead<'a> {
    chunks: Receiver<Option<Chunk<'a>>>,
    /// The offsets that the next chunks begin with, in reverse order. The last one is that of the current chunk.
    starts: Vec<usize>,
    /// The current chunk, once the first thread has come to it.
    chunk: Option<Chunk<'a>>,
    /// Its next difference, once the first thread has come to one of its places.
    next: Option<usize>,
    /// Its places that have been passed.
    passed: usize,
}

impl<'a> Ahead<'a> {
    /// Starts the second thread. None if the scan, whose data begins at `first`, is too short for it.
    pub(super) fn start<'scope>(
        data: &'a [u8],
        first: usize,
        table: Arc<LosslessTable>,
        scope: &'scope Scope<'scope, '_>,
    ) -> Option<Self>
    where
        'a: 'scope,
    {
        let end = find_scan_end(data, first).map_or(data.len(), |found| found.offset);
        let rounds = (end - first) / ROUND_BYTES;
        let round = (end - first).checked_div(rounds)?;
        let own = round - round * AHEAD_SHARE / 16;
        // Not with a stuffed byte.
        let aligned = |at: usize| at + usize::from(data.get(at - 1) == Some(&0xFF));
        let ends: Vec<_> = (1..=rounds).map(|number| first + number * round).collect();
        let starts: Vec<_> = ends.iter().map(|end| aligned(end - round + own)).collect();
        let (sender, chunks) = sync_channel(1);
        let parts: Vec<_> = starts.iter().copied().zip(ends).collect();
        let work = move || decode_ahead(data, &parts, &table, &sender);
        Builder::new().spawn_scoped(scope, work).ok()?;
        let starts = starts.into_iter().rev().collect();
        Some(Self { chunks, starts, chunk: None, next: None, passed: 0 })
    }

    /// Goes to the next chunk.
    fn advance(&mut self) {
        self.starts.pop();
        (self.chunk, self.next, self.passed) = (None, None, 0);
    }

    /// Differences that are surely before the current chunk.
    fn before(&self, reader: &BitReader<'_>) -> usize {
        self.starts.last().map_or(usize::MAX, |start| start.saturating_sub(reader.position()) / GREATEST_CODE)
    }

    /// True if the next `count` differences are surely before the current chunk.
    pub(super) fn is_far(&self, reader: &BitReader<'_>, count: usize) -> bool {
        self.next.is_none() && self.before(reader) >= count
    }

    /// Decodes differences, or takes them from the second thread.
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

    /// Takes differences from `next` on. Returns how many there are.
    fn take(&mut self, next: usize, reader: &mut BitReader<'a>, out: &mut [u16]) -> usize {
        let Some(chunk) = &self.chunk else { return 0 };
        let left = &chunk.differences[next..];
        let count = left.len().min(out.len());
        out[..count].copy_from_slice(&left[..count]);
        self.next = Some(next + count);
        if count == left.len() {
            *reader = chunk.end;
            self.advance();
        }
        count
    }

    /// Compares the place of the next bit with those of the current chunk.
    fn meet(&mut self, reader: &BitReader<'_>) {
        if self.chunk.is_none() {
            self.chunk = self.chunks.recv().ok().flatten();
        }
        let Some(chunk) = &self.chunk else { return self.advance() };
        let place = reader.place();
        self.passed += chunk.places[self.passed..].iter().take_while(|other| **other < place).count();
        match chunk.places.get(self.passed) {
            Some(other) if *other == place => self.next = Some(self.passed),
            Some(_) => {}
            // They have not met.
            None => self.advance(),
        }
    }
}

/// The second thread: decodes each part, given by where it begins and ends.
fn decode_ahead<'a>(
    data: &'a [u8],
    parts: &[(usize, usize)],
    table: &LosslessTable,
    sender: &SyncSender<Option<Chunk<'a>>>,
) {
    for (start, end) in parts {
        // The first thread may have met an error.
        if sender.send(decode_chunk(data, *start, *end, table)).is_err() {
            return;
        }
    }
}

/// Decodes from `start` to somewhat before `limit`. None if it finds bits that are no code before the first thread can
/// have met it.
fn decode_chunk<'a>(data: &'a [u8], start: usize, limit: usize, table: &LosslessTable) -> Option<Chunk<'a>> {
    let mut end = BitReader::new(data, start);
    let (mut places, mut differences) = (Vec::new(), Vec::new());
    places.try_reserve_exact(NOTED_PLACES).ok()?;
    differences.try_reserve_exact(NOTED_PLACES).ok()?;
    while places.len() < NOTED_PLACES && end.position() + GREATEST_CODE < limit {
        places.push(end.place());
        differences.push(decode_one(&mut end, table)?);
    }
    let mut long = false;
    // No batch comes to the end of the scan.
    while end.position() + GREATEST_CODE * BATCH < limit && differences.len() < GREATEST_CHUNK {
        let (before, count) = (end, differences.len());
        differences.try_reserve(BATCH).ok()?;
        differences.resize(count + BATCH, 0);
        if decode_run::<u16, false>(&mut end, table, 0, &mut differences[count..], &mut long).is_err() {
            // The first thread comes to them, too, if they are wrong.
            differences.truncate(count);
            end = before;
            break;
        }
    }
    Some(Chunk { places, differences, end })
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
                let mut ahead = Ahead::start(&data, 5, Arc::clone(&table), scope).unwrap();
                let (mut both, mut other, mut long) = (vec![0; count], BitReader::new(&data, 5), false);
                let mut result = Ok(());
                for part in both.chunks_mut(700) {
                    taken += usize::from(ahead.next.is_some());
                    result = result.and_then(|()| ahead.decode(&mut other, &table, part, &mut long));
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
