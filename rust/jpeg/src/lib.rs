//! A JPEG decoder (ISO/IEC 10918-1 | ITU-T T.81) in safe Rust, for the processes that medical and scientific images use.
//!
//! * Sequential DCT (baseline and extended) and progressive DCT with 8 and 12 bits; lossless with 2 to 16 bits, all
//!   predictors and point transforms. Huffman coding, 1 to 3 components, restart intervals, all interleavings and sampling
//!   factors, DNL. Arithmetic coding, the hierarchical mode and 4 components are errors with a name
//!   ([`Error::unsupported`]).
//! * DCT samples are bit-identical to those of libjpeg-turbo's defaults (the accurate integer IDCT, "fancy" upsampling);
//!   lossless samples are exact. They are the samples of the coded components, such as YCbCr: colors are not converted.
//! * No sample is invented: missing entropy-coded data and missing restart markers are errors, with marker, scan and byte
//!   offset. Deviations that do not change samples, such as bytes after EOI, are a [`Warning`].
//! * A [`RowSink`] receives rows as soon as they are finished, so that a caller can convert colors while they are in the
//!   cache. In addition to the result, sequential and lossless decoding allocate some rows, progressive decoding the
//!   coefficients. For any input, memory and time are bounded by the sizes of the input and the result.
//!
//! ```
//! use dicomet_jpeg::{Context, Decoder, Interleaved};
//!
//! fn decode(data: &[u8]) -> dicomet_jpeg::Result<Vec<u16>> {
//!     let decoder = Decoder::new(data)?;
//!     let info = decoder.info();
//!     let row = info.width as usize * info.components.len();
//!     let mut pixels = vec![0; row * info.height as usize];
//!     let mut context = Context::new(); // reused for many images: tables and memory
//!     let mut sink = Interleaved::new(&mut pixels, row, 0);
//!     match info.sample_bits() {
//!         8 => decoder.decode::<u8>(&mut context, &mut sink)?,
//!         _ => decoder.decode::<u16>(&mut context, &mut sink)?,
//!     };
//!     Ok(pixels)
//! }
//!
//! let error = decode(b"no JPEG").unwrap_err();
//! assert_eq!(error.to_string(), "offset 0: found no start of image (FF D8), expected a JPEG codestream");
//! ```
//!
//! # Headers, errors and warnings
//!
//! [`Decoder::new`] reads the headers up to the first scan; [`Decoder::info`] returns the process, precision, size,
//! components with their sampling factors, and the JFIF and Adobe segments. An [`Error`] has a kind, and where they apply the
//! marker, the scan and the byte offset. [`Warning::is_padding`] distinguishes padding after EOI from other data there.
//!
//! # Several threads
//!
//! [`Decoder::split`] divides an image at restart markers into parts that any executor can decode. With
//! [`Options::workers`], a second thread decodes the later part of a long lossless scan without restart markers.
//!
//! # Structure
//!
//! Files are named after the procedures of the standard. `parser`, `frame`, `scan` and `tables` read the segments
//! of Annex B; `geometry` contains the arrangement of data units and MCUs (A.2); `bits` and `huffman` decode codes (Annexes C
//! and F.2.2); `restart` divides them into intervals. `sequential` (F), `progressive` (G) and `lossless` (H) decode scans;
//! `plan` finds the scans of a frame, which `scans` decodes in parallel, row by row. `idct` (A.3.3) and `upsample` (A.1.1)
//! compute samples; `emit` passes the rows of each `row_buffer` to a sink.
//! What other codecs need as well is in the crate `dicomet-codec`: sinks, memory, markers and segments.
//!
//! The only `unsafe` code is that of the macro of `multiversion`, for run-time dispatch to AVX2 and BMI2. The dispatch does
//! not change results.
#![forbid(unsafe_code)]
#![allow(clippy::inline_always, reason = "what is inlined is compiled for the instructions of its caller")]
#![allow(clippy::cast_sign_loss, reason = "arithmetic modulo 2^16, and values that are limited before")]

mod bits;
mod blocks;
mod context;
mod decoder;
mod emit;
mod error;
mod frame;
mod geometry;
mod huffman;
mod idct;
mod lossless;
mod marker;
mod narrow;
mod parser;
mod plan;
mod progressive;
mod restart;
mod row_buffer;
mod sample;
mod scan;
mod scans;
mod sequential;
mod split;
mod tables;
mod upsample;
mod warning;

pub use context::Context;
pub use decoder::{Decoder, Options};
pub use dicomet_codec::{Band, Interleaved, Marker, Planar, RowSink, Store};
pub use error::{Error, ErrorKind, Result, Unsupported};
pub use frame::{Component, FrameInfo, Process};
pub use sample::Sample;
pub use split::Split;
pub use warning::Warning;

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
