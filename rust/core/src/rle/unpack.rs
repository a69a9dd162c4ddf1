//! PS3.5 G.3.2: unpacks runs, a whole segment at once or a strip of its plane at a time.

mod kernels;

use super::MAX_RUN;
use crate::error::Error;
use crate::parallel::CancelCheck;
use kernels::{NO_OP, RunCursor, unpack, unpack_two};
use std::convert::Infallible;

/// The outcome of unpacking a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decoded {
    /// Bytes of the segment that were read.
    pub read: usize,
    /// Bytes written.
    pub written: usize,
    /// Bytes by which the last run extends beyond the output.
    pub excess: usize,
}

/// Bytes unpacked between two checks for cancellation.
const CANCEL_CHECK_BYTES: usize = if crate::SMALL_BUFFERS { 500 } else { 1 << 24 };

/// Bytes reserved after a strip: its last run is written as a whole, and the part beyond the strip starts the next one.
pub(crate) const RUN_OVERRUN: usize = MAX_RUN;

/// Unpacks the runs of `segment` until `out` is full or the segment ends.
pub fn decode_segment(segment: &[u8], out: &mut [u8]) -> Decoded {
    let Ok(decoded) = decode_in_steps(segment, out, || Ok::<_, Infallible>(()));
    decoded
}

/// Same as [`decode_segment`], with periodic checks for cancellation.
pub(crate) fn decode_segment_cancellable(
    segment: &[u8],
    out: &mut [u8],
    cancel: &mut CancelCheck<'_>,
) -> Result<Decoded, Error> {
    decode_in_steps(segment, out, || cancel.check())
}

fn decode_in_steps<E>(
    segment: &[u8],
    out: &mut [u8],
    mut between: impl FnMut() -> Result<(), E>,
) -> Result<Decoded, E> {
    let room = out.len();
    let mut decoded = Decoded { read: 0, written: 0, excess: 0 };
    loop {
        // Runs are written while there is room for a longest run: a step ends after some run.
        let (read, end) = (decoded.read, room.min(decoded.written.saturating_add(CANCEL_CHECK_BYTES)));
        let step = RunCursor { src: &segment[read..], out: &mut out[decoded.written..end] };
        let (unread, unwritten) = unpack(step).left();
        (decoded.read, decoded.written) = (segment.len() - unread, end - unwritten);
        if end == room || decoded.read == read {
            break;
        }
        between()?;
    }
    decode_tail(segment, out, room, room, &mut decoded);
    Ok(decoded)
}

/// A segment that is unpacked a strip of its plane at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unpacker<'a> {
    segment: &'a [u8],
    plane_bytes: usize,
    /// Bytes of the plane in the strips so far.
    done: usize,
    /// `written` may exceed `done`: the rest lies after the last strip.
    decoded: Decoded,
}

impl<'a> Unpacker<'a> {
    pub(crate) fn new(segment: &'a [u8], plane_bytes: usize) -> Self {
        Self { segment, plane_bytes, done: 0, decoded: Decoded { read: 0, written: 0, excess: 0 } }
    }

    /// Unpacks and discards the rest. Returns the outcome for the whole segment.
    pub(crate) fn finish(&mut self, buffer: &mut [u8]) -> Decoded {
        while self.done < self.plane_bytes && fill_strips(std::slice::from_mut(self), buffer) {}
        self.decoded
    }

    /// Bytes of the next strip.
    fn strip(&self, buffer: &[u8]) -> usize {
        (buffer.len() - RUN_OVERRUN).min(self.plane_bytes - self.done)
    }

    /// Starts the next strip with the bytes written beyond the last one. Returns the kernel's input, and its output: a
    /// run that starts in the strip has room as a whole.
    fn begin<'b>(&self, buffer: &'b mut [u8]) -> RunCursor<'a, 'b> {
        if self.done > 0 {
            // All strips but the last are as long as the buffer.
            buffer.copy_within(buffer.len() - RUN_OVERRUN.., 0);
        }
        let end = self.strip(buffer) + RUN_OVERRUN - 1;
        RunCursor { src: &self.segment[self.decoded.read..], out: &mut buffer[self.decoded.written - self.done..end] }
    }

    /// Unpacks what the kernels have left over. Returns whether the strip is full.
    fn end(&mut self, (unread, unwritten): (usize, usize), buffer: &mut [u8]) -> bool {
        let (strip, room) = (self.strip(buffer), self.plane_bytes - self.done);
        let written = strip + RUN_OVERRUN - 1 - unwritten;
        let mut decoded = Decoded {
            read: self.segment.len() - unread,
            written: written.min(room),
            excess: self.decoded.excess.max(written.saturating_sub(room)),
        };
        decode_tail(self.segment, buffer, strip, room, &mut decoded);
        let full = decoded.written >= strip;
        self.decoded = Decoded { written: self.done + decoded.written, ..decoded };
        if full {
            self.done += strip;
        }
        full
    }
}

/// Fills the next strip of every segment. `buffers` has room for a strip of each segment followed by [`RUN_OVERRUN`]
/// bytes, which must not change until the next strip. Returns whether all strips are full.
pub(crate) fn fill_strips(unpackers: &mut [Unpacker], buffers: &mut [u8]) -> bool {
    let size = buffers.len() / unpackers.len().max(1);
    let mut full = true;
    for (unpackers, buffers) in unpackers.chunks_mut(2).zip(buffers.chunks_mut(2 * size)) {
        full &= match unpackers {
            [first, second] => fill_two([first, second], buffers.split_at_mut(size)),
            rest => rest.iter_mut().all(|unpacker| fill_one(unpacker, &mut buffers[..size])),
        };
    }
    full
}

fn fill_one(unpacker: &mut Unpacker, buffer: &mut [u8]) -> bool {
    let left = unpack(unpacker.begin(buffer)).left();
    unpacker.end(left, buffer)
}

fn fill_two([first, second]: [&mut Unpacker; 2], (one, two): (&mut [u8], &mut [u8])) -> bool {
    let cursors = unpack_two(first.begin(one), second.begin(two));
    let (left_of_one, left_of_two) = (unpack(cursors.0).left(), unpack(cursors.1).left());
    let full = first.end(left_of_one, one);
    second.end(left_of_two, two) && full
}

/// A run, as its header byte announces it (PS3.5 G.3.1).
pub(super) enum Run {
    /// This many literal bytes follow.
    Literal(usize),
    /// The next byte is repeated this many times.
    Replicate(usize),
    /// No output.
    NoOp,
}

impl Run {
    pub(super) fn new(header: u8) -> Self {
        match header {
            0..=127 => Self::Literal(usize::from(header) + 1),
            NO_OP => Self::NoOp,
            129..=255 => Self::Replicate(257 - usize::from(header)),
        }
    }
}

/// Continues run by run, checking every length, until `end` bytes are written or the segment ends. The last run is cut
/// at `room` bytes.
fn decode_tail(segment: &[u8], out: &mut [u8], end: usize, room: usize, decoded: &mut Decoded) {
    let room = room.min(out.len());
    while decoded.written < end {
        let Some((&header, rest)) = segment.get(decoded.read..).and_then(<[u8]>::split_first) else { return };
        let to = &mut out[decoded.written..room];
        let left = to.len();
        let (count, copied, packed) = match Run::new(header) {
            Run::Literal(count) => (count, copy_literal(rest, count, to), count),
            Run::Replicate(count) => (count, rest.first().map_or(0, |byte| replicate(*byte, count, to)), 1),
            Run::NoOp => (0, 0, 0),
        };
        decoded.read = segment.len().min(decoded.read + 1 + packed);
        decoded.written += copied;
        if count > left {
            decoded.excess = count - left;
            return;
        }
    }
}

fn copy_literal(from: &[u8], run: usize, to: &mut [u8]) -> usize {
    let count = run.min(from.len()).min(to.len());
    to[..count].copy_from_slice(&from[..count]);
    count
}

fn replicate(byte: u8, run: usize, to: &mut [u8]) -> usize {
    let count = run.min(to.len());
    to[..count].fill(byte);
    count
}

#[cfg(test)]
pub(crate) mod tests;
