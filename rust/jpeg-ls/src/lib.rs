//! A JPEG-LS decoder (ISO/IEC 14495-1 | ITU-T T.87) in safe Rust.
//!
//! * Lossless and near-lossless, 2 to 16 bits, any MAXVAL; components interleaved by line, by sample or not at all, and
//!   mixed scans; restart intervals, presets, mapping tables and large dimensions (LSE 1 to 4), DNL, HP color transforms.
//! * Values are exact, also near-lossless. No sample is invented: missing data and codes that no encoder writes are errors,
//!   with marker, scan and byte offset. Deviations that do not change samples are a [`Warning`].
//! * A [`RowSink`] receives rows as soon as they are finished. For any input, memory and time are bounded by the sizes of the
//!   input and the result.
//!
//! ```
//! use dicomet_jpeg_ls::{Context, Decoder, Interleaved};
//!
//! fn decode(data: &[u8]) -> dicomet_jpeg_ls::Result<Vec<u16>> {
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
//! assert_eq!(error.to_string(), "offset 0: found no start of image (FF D8), expected a JPEG-LS codestream");
//! ```
//!
//! # Structure
//!
//! Files are named after the clauses of the standard. `parser`, `frame`, `scan`, `presets` and `mapping_table` read the
//! segments of Annex C; `plan` finds the scans of a frame, which `scans` decodes in parallel, row by row. `bits` and `golomb`
//! decode codes (A.1, A.5.3), `gradients` and `model` find and update contexts (A.3, A.6), `regular`, `run` and `arithmetic`
//! decode samples (A.4, A.5, A.7). `line` and `pixel` are the interleave modes (Annex B), `restart` the restart intervals
//! (C.2.5); `output` passes rows on.
//!
//! The only `unsafe` code is that of the macro of `multiversion`, for run-time dispatch to AVX2 and BMI2. The dispatch does
//! not change results.
#![forbid(unsafe_code)]
#![allow(clippy::inline_always, reason = "what is inlined is compiled for the instructions of its caller")]
#![allow(clippy::cast_sign_loss, reason = "arithmetic modulo 2^16, and values that are limited before")]

mod arithmetic;
mod bits;
mod color_transform;
mod context;
mod decoder;
mod error;
mod frame;
mod golomb;
mod gradients;
mod line;
mod mapping_table;
mod model;
mod output;
mod parser;
mod pixel;
mod plan;
mod planes;
mod presets;
mod regular;
mod restart;
mod run;
mod sample;
mod scan;
mod scans;
mod warning;

pub use context::Context;
pub use decoder::{Decoder, Options};
pub use dicomet_codec::{Band, Interleaved, Marker, Planar, RowSink, Store};
pub use error::{Error, ErrorKind, Result, Unsupported};
pub use frame::{ColorTransform, Component, FrameInfo, Interleave};
pub use sample::Sample;
pub use warning::Warning;

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
