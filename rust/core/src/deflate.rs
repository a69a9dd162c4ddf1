//! PS3.5 A.5: inflates the data set of Deflated Explicit VR Little Endian.

use crate::alloc::try_with_capacity;
use crate::error::{Error, ErrorKind};
use crate::parallel::{CancelCheck, Parallelism};
use crate::source::{ReadResult, Source};
use crate::tag::TRANSFER_SYNTAX_UID;
use flate2::{Decompress, FlushDecompress, Status};

/// RFC 1951: a copy of 258 bytes takes at least two bits, so a byte expands to no more than this.
pub const MAX_BYTES_PER_BYTE: u64 = 4 * 258;
/// Bytes inflated between two checks for cancellation.
const STEP_BYTES: usize = if crate::SMALL_BUFFERS { 1 << 6 } else { 1 << 16 };
/// Preceding bytes that are kept: a parser steps back a little.
const RECENT_BYTES: usize = 2 * STEP_BYTES;
/// More than the inflater's own state takes.
const INFLATER_STATE_BYTES: usize = 1 << 17;

/// A deflate stream that is inflated one step at a time, as far as it is read; skipped bytes are discarded.
///
/// Reading bytes before the last few steps inflates the stream again from the start.
#[derive(Debug, Default)]
pub struct Inflater {
    stream: Option<Decompress>,
    /// Input buffer, used if the source is not in memory.
    stored: Vec<u8>,
    /// The last inflated bytes; the first of them has offset `start`.
    recent: Vec<u8>,
    start: u64,
    ended: bool,
    /// Bytes inflated again, because earlier bytes were requested.
    reinflated: u64,
}

/// Limit of the bytes inflated again. A parser steps back if an element is not what it seemed; a malicious file could
/// make it step back indefinitely.
const MAX_REINFLATED_BYTES: u64 = 1 << 28;

impl Inflater {
    /// Fills `buffer` with the output of the raw deflate stream `src` starting at `offset`; fewer bytes only at its
    /// end. `src` must be the same in every call. Bytes after the stream (padding) are ignored. Returns the number of
    /// bytes.
    pub fn read_at<S: Source>(
        &mut self,
        src: &S,
        offset: u64,
        buffer: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> ReadResult<usize, S> {
        self.fill(src, offset, buffer, &mut CancelCheck::new(parallelism))
    }

    fn fill<S: Source>(
        &mut self,
        src: &S,
        offset: u64,
        buffer: &mut [u8],
        cancel: &mut CancelCheck<'_>,
    ) -> ReadResult<usize, S> {
        if offset < self.start {
            self.reinflated = self.reinflated.saturating_add(self.start);
            if self.reinflated > MAX_REINFLATED_BYTES {
                return Err(Error::new(TRANSFER_SYNTAX_UID, ErrorKind::BackAndForth).into());
            }
            self.rewind();
        }
        let mut done = 0;
        loop {
            let rest = &mut buffer[done..];
            let from = usize::try_from(offset.saturating_add(done as u64) - self.start).unwrap_or(usize::MAX);
            let known = self.recent.get(from..).unwrap_or_default();
            let count = known.len().min(rest.len());
            rest[..count].copy_from_slice(&known[..count]);
            done += count;
            if done == buffer.len() || self.ended {
                return Ok(done);
            }
            cancel.check()?;
            self.step(src)?;
        }
    }

    /// Returns up to `limit` bytes starting at `offset`. The caller bounds `limit` by what the source can expand to;
    /// memory is reserved for it, but only touched as bytes are inflated.
    pub fn read<S: Source>(
        &mut self,
        src: &S,
        offset: u64,
        limit: usize,
        parallelism: &Parallelism<'_>,
    ) -> ReadResult<Vec<u8>, S> {
        let (mut out, mut cancel) = (try_with_capacity(limit)?, CancelCheck::new(parallelism));
        while out.len() < limit {
            let (done, room) = (out.len(), STEP_BYTES.min(limit - out.len()));
            out.resize(done + room, 0);
            let count = self.fill(src, offset.saturating_add(done as u64), &mut out[done..], &mut cancel)?;
            out.truncate(done + count);
            if count < room {
                out.shrink_to_fit();
                break;
            }
        }
        Ok(out)
    }

    fn rewind(&mut self) {
        if let Some(stream) = &mut self.stream {
            stream.reset(false);
        }
        self.recent.clear();
        (self.start, self.ended) = (0, false);
    }

    /// Inflates the next few bytes.
    fn step<S: Source>(&mut self, src: &S) -> ReadResult<(), S> {
        if self.recent.len() > RECENT_BYTES {
            let forgotten = self.recent.len() - STEP_BYTES;
            self.recent.drain(..forgotten);
            self.start += forgotten as u64;
        }
        let memory = |_| Error::from(ErrorKind::Memory { bytes: STEP_BYTES as u64 });
        self.recent.try_reserve_exact(RECENT_BYTES + STEP_BYTES - self.recent.len()).map_err(memory)?;
        let inflated = self.inflate(src);
        if inflated.is_err() {
            // Later calls behave as if this call had not been made.
            self.rewind();
        }
        inflated
    }

    fn inflate<S: Source>(&mut self, src: &S) -> ReadResult<(), S> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(new_stream()?),
        };
        let before = (stream.total_in(), stream.total_out());
        let stored = src.bytes_at(before.0, STEP_BYTES, &mut self.stored)?;
        let status = stream
            .decompress_vec(stored, &mut self.recent, FlushDecompress::None)
            .map_err(|error| damaged(&error.to_string()))?;
        self.ended = status == Status::StreamEnd;
        if !self.ended && (stream.total_in(), stream.total_out()) == before {
            return Err(damaged("it ends too early").into());
        }
        Ok(())
    }
}

/// Returns an inflater of a raw deflate stream.
pub(crate) fn new_stream() -> Result<Decompress, Error> {
    // The library would panic if this allocation failed.
    drop(try_with_capacity::<u8>(INFLATER_STATE_BYTES)?);
    Ok(Decompress::new(false))
}

/// The data set as a whole is malformed, or is not deflated as the transfer syntax says.
fn damaged(why: &str) -> Error {
    Error::new(TRANSFER_SYNTAX_UID, ErrorKind::Deflate(why.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::DeflateEncoder};
    use std::io::Write;

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn inflate(src: &[u8], offset: u64, limit: usize, parallelism: &Parallelism<'_>) -> Result<Vec<u8>, Error> {
        Inflater::default().read(&src, offset, limit, parallelism)
    }

    fn examples() -> [Vec<u8>; 3] {
        [vec![], vec![7; 1 << 14], (0..10_000u32).flat_map(|i| (i * i).to_le_bytes()).collect()]
    }

    #[test]
    fn inflate_is_the_inverse() {
        for bytes in examples() {
            let mut deflated = deflate(&bytes);
            assert_eq!(inflate(&deflated, 0, bytes.len(), &Parallelism::default()).unwrap(), bytes);
            deflated.push(0);
            assert_eq!(inflate(&deflated, 0, 1 << 30, &Parallelism::default()).unwrap(), bytes);
        }
    }

    #[test]
    fn any_part_is_read_in_any_order() {
        for bytes in examples() {
            let (deflated, mut inflater) = (deflate(&bytes), Inflater::default());
            let mut buffer = [0; 3 * STEP_BYTES];
            for step in 0..2000_usize {
                let (offset, length) = (step * step * 7 % (bytes.len() + 5), step * 31 % buffer.len());
                let part = bytes.get(offset..).unwrap_or_default();
                let part = &part[..part.len().min(length)];
                let count =
                    inflater.read_at(&&deflated[..], offset as u64, &mut buffer[..length], &Parallelism::default());
                assert_eq!(&buffer[..count.unwrap()], part);
                assert!(inflater.recent.capacity() <= 2 * (RECENT_BYTES + STEP_BYTES));
            }
            assert_eq!(inflater.read_at(&&deflated[..], u64::MAX, &mut buffer, &Parallelism::default()), Ok(0));
        }
    }

    #[test]
    fn no_more_is_inflated_than_is_wanted() {
        let bomb = deflate(&vec![7; 1 << 20]);
        let out = inflate(&bomb, 1000, 5000, &Parallelism::default()).unwrap();
        assert_eq!(out, vec![7; 5000]);
        assert!(out.capacity() <= 5000);
        assert!(inflate(&bomb, 1 << 19, 1 << 30, &Parallelism::default()).unwrap().capacity() <= 1 << 19);
        assert!((bomb.len() as u64) * MAX_BYTES_PER_BYTE >= 1 << 20);
    }

    #[test]
    fn a_defect_is_reported_when_it_is_reached() {
        let deflated = deflate(&vec![7; 1 << 20]);
        let cut = &deflated[..deflated.len() / 2];
        assert!(inflate(cut, 0, 1 << 30, &Parallelism::default()).is_err());
        assert_eq!(inflate(cut, 100, 300, &Parallelism::default()).unwrap(), vec![7; 300]);
        assert!(inflate(&[0xFF; 40], 0, 1 << 30, &Parallelism::default()).is_err());
        assert!(Inflater::default().read_at(&&[][..], 0, &mut [0], &Parallelism::default()).is_err());
    }

    #[test]
    fn it_can_be_interrupted() {
        let stopped = Parallelism { interrupted: &|| true, ..Parallelism::default() };
        let deflated = deflate(&vec![7; 1 << 20]);
        assert_eq!(inflate(&deflated, 0, 5000, &stopped).unwrap_err().kind, ErrorKind::Interrupted);
    }
}
