//! A JPEG decoder (ISO/IEC 10918-1 | ITU-T T.81) in safe Rust, for the processes that medical and scientific images use.
//!
//! * Sequential DCT (baseline and extended) and progressive DCT with 8 and 12 bits, lossless with 2 to 16 bits, all
//!   predictors and point transforms; Huffman coding; 1 to 3 components; restart intervals, all interleavings and sampling
//!   factors, DNL. Arithmetic coding, the hierarchical mode and 4 components are refused by name
//!   ([`Error::unsupported`]).
//! * DCT samples are bit-identical to those of libjpeg-turbo's defaults (the accurate integer IDCT, "fancy" upsampling);
//!   lossless ones are exact. They are the components' samples as they are coded, such as YCbCr: no color is converted.
//! * No sample is made up: a scan that ends early and restart markers that are lost are errors, with marker, scan and byte
//!   offset. What does not change samples, such as bytes after EOI, is a [`Warning`].
//! * Rows leave as they are finished, through a [`RowSink`], so that a caller can convert colors while they are in the cache.
//!   Besides the result, sequential and lossless decoding take some rows of memory, progressive decoding the coefficients.
//!   Memory and time are bounded by the input and the result, whatever the bytes are.
//!
//! ```
//! use dicomet_jpeg::{Context, Decoder, Interleaved};
//!
//! fn decode(data: &[u8]) -> dicomet_jpeg::Result<Vec<u16>> {
//!     let decoder = Decoder::new(data)?;
//!     let info = decoder.info();
//!     let row = info.width as usize * info.components.len();
//!     let mut pixels = vec![0; row * info.height as usize];
//!     let mut context = Context::new(); // for many images: keeps tables and memory
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
//! # Several threads
//!
//! [`Decoder::split`] divides an image at restart markers into parts that any executor can decode. With
//! [`Options::workers`] a second thread decodes a long lossless scan without restart markers ahead.
//!
//! # Structure
//!
//! Files are named after the procedures of the standard. `parser`, `segment`, `frame`, `scan` and `tables` read the segments
//! of Annex B; `geometry` lays out data units and MCUs (A.2); `bits` and `huffman` decode codes (Annexes C and F.2.2),
//! `restart` divides them into intervals. `sequential` (F), `progressive` (G) and `lossless` (H) decode scans; `plan` and
//! `scans` decode the scans of a frame side by side. `idct` (A.3.3) and `upsample` (A.1.1) make samples of coefficients, in
//! the rows that `row_buffer` holds and `emit` gives to the sinks of `sink`.
//!
//! There is no `unsafe` code but in what the macro of `multiversion` makes for run-time dispatch to AVX2 and BMI2. Results do
//! not depend on it.
#![forbid(unsafe_code)]
#![allow(clippy::inline_always, reason = "what is inlined is compiled for the instructions of its caller")]
#![allow(clippy::cast_sign_loss, reason = "arithmetic modulo 2^16, and values that are limited before")]

mod bits;
mod blocks;
mod budget;
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
mod parser;
mod plan;
mod progressive;
mod restart;
mod row_buffer;
mod sample;
mod scan;
mod scans;
mod segment;
mod sequential;
mod sink;
mod split;
mod tables;
mod upsample;
mod warning;

pub use context::Context;
pub use decoder::{Decoder, Options};
pub use error::{Error, ErrorKind, Result, Unsupported};
pub use frame::{Component, FrameInfo, Process};
pub use marker::Marker;
pub use sample::Sample;
pub use sink::{Band, Interleaved, Planar, RowSink, Store};
pub use split::Split;
pub use warning::Warning;
