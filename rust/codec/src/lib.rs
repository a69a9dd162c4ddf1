//! What image decoders in safe Rust share: where rows go, what memory they may take, and the syntax of the JPEG family.
//!
//! * [`RowSink`] receives finished rows as a [`Band`], from the first to the last. [`Interleaved`] and [`Planar`] write them
//!   to memory as any [`Store`] of their [`Sample`] type.
//! * [`Budget`] limits allocated memory, and makes a failed allocation an error. [`Pool`] keeps memory for the next image.
//! * [`StopCheck`] lets the caller end decoding.
//! * [`Marker`], [`marker_at`], [`find_marker`] and [`find_scan_end`] read the markers that JPEG and JPEG-LS share. A
//!   [`Stuffing`] is how their data avoids them. [`Segment`] reads parameters within their bounds. [`has_byte_ff`] tests eight
//!   bytes of entropy-coded data at once.
//!
//! Each of these has an error type of its own. [`CodestreamError`] converts them into the problems of a codec, with marker,
//! scan and offset. Nothing here panics on any input.
//!
//! ```
//! use dicomet_codec::{Band, Interleaved, PlaneRows, RowSink};
//!
//! let rows = [PlaneRows { samples: &[1u8, 2, 3, 4], stride: 2 }, PlaneRows { samples: &[5, 6, 7, 8], stride: 2 }];
//! let mut pixels = [0u16; 8];
//! Interleaved::new(&mut pixels, 4, 0).rows(&Band::new(0, 2, 2, &rows));
//! assert_eq!(pixels, [1, 5, 2, 6, 3, 7, 4, 8]);
//! ```
//!
//! The only `unsafe` code is that of the macro of `multiversion`, for run-time dispatch to AVX2.
#![forbid(unsafe_code)]
#![allow(clippy::inline_always, reason = "what is inlined is compiled for the instructions of its caller")]

mod budget;
mod bytes;
mod error;
mod marker;
mod pool;
mod sample;
mod segment;
mod sink;
mod stop;

pub use budget::{Budget, MemoryExceeded};
pub use bytes::has_byte_ff;
pub use error::{CodestreamError, CodestreamErrorKind};
pub use marker::{Located, Marker, Stuffing, find_marker, find_scan_end, marker_at};
pub use pool::Pool;
pub use sample::Sample;
pub use segment::{Segment, SegmentError, SegmentErrorKind};
pub use sink::{Band, Interleaved, Planar, PlaneRows, RowSink, Store, split_rows};
pub use stop::{Interrupted, StopCheck, check as check_stop};

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
