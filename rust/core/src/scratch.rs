//! Scratch memory that a thread keeps for its next call.
//!
//! Fresh memory costs page faults and a pass that initializes it: together a tenth of the time that decoding a small
//! RLE Lossless frame takes.

use std::cell::Cell;
use std::thread::LocalKey;

/// Larger buffers are released after a call.
pub(crate) const MAX_KEPT_BYTES: usize = 4 << 20;

thread_local! {
    static KEPT: Cell<[[Vec<u8>; 3]; 2]> = const { Cell::new([const { [const { Vec::new() }; 3] }; 2]) };
}

/// Buffers of one thread. Their contents are undefined: every byte must be written before it is read.
pub(crate) struct Scratch {
    /// Stored bytes: of a frame, or of each plane.
    pub(crate) stored: [Vec<u8>; 3],
    /// The unpacked bytes.
    pub(crate) unpacked: [Vec<u8>; 3],
}

impl Scratch {
    /// Returns the buffers that the thread has kept, or new ones if these are in use.
    pub(crate) fn of_this_thread() -> Self {
        let [stored, unpacked] = KEPT.try_with(Cell::take).unwrap_or_default();
        Self { stored, unpacked }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let buffers = [std::mem::take(&mut self.stored), std::mem::take(&mut self.unpacked)];
        if buffers.as_flattened().iter().map(Vec::capacity).sum::<usize>() <= MAX_KEPT_BYTES {
            // A thread that is exiting keeps nothing.
            let _ = KEPT.try_with(|kept| kept.set(buffers));
        }
    }
}

/// Calls `work` with the value that this thread keeps in `slot`, or with a new one if that is in use.
pub(crate) fn with_kept<T: Default, R>(
    slot: &'static LocalKey<Cell<Option<Box<T>>>>,
    work: impl FnOnce(&mut T) -> R,
) -> R {
    let mut value = slot.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let result = work(&mut value);
    // A thread that is exiting keeps nothing.
    let _ = slot.try_with(|kept| kept.set(Some(value)));
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept() {
        thread_local!(static KEPT: Cell<Option<Box<u8>>> = const { Cell::new(None) });
        let inner = || with_kept(&KEPT, |value| *value);
        assert_eq!(with_kept(&KEPT, |value| (std::mem::replace(value, 7), inner())), (0, 0));
        assert_eq!(with_kept(&KEPT, |value| *value), 7);
    }

    #[test]
    fn small_buffers_are_kept_and_large_ones_are_not() {
        for (bytes, kept) in [(1000, true), (MAX_KEPT_BYTES + 1, false)] {
            let mut scratch = Scratch::of_this_thread();
            scratch.stored[1] = vec![7; bytes];
            assert!(Scratch::of_this_thread().stored[1].is_empty());
            drop(scratch);
            assert_eq!(Scratch::of_this_thread().stored[1] == vec![7; bytes], kept);
        }
    }
}
