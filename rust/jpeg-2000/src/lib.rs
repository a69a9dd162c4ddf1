//! A decoder of JPEG 2000 (ISO/IEC 15444-1) and High-Throughput JPEG 2000 (ISO/IEC 15444-15) in safe Rust.
//!
//! [`Decoder::new`] reads the main header and finds the tile-parts; [`Decoder::info`] returns its parameters.
//! [`Decoder::decode`] passes rows to a [`RowSink`], [`Decoder::decode_planes`] returns components of any size and precision.
//! No sample is invented: see [`OnTruncation`].
//!
//! # Structure
//!
//! Files are named after the stages of the standard. `codestream`, `tile_part`, `parameters` and the files of segments read
//! headers (Annex A), `boxes` finds the codestream in a file (I). `geometry` and `tile` contain areas (B), `progression`,
//! `packet`, `tag_tree` and `codeword_segments` the packets (B.9 to B.12), which `tile_data` reads. `mq` and `tier1` (C, D) and
//! `ht` decode code-blocks; `blocks` dequantizes them (E). `strips` divides rows among threads, and `supply`
//! hands out rows of code-blocks to `wavelet` (F); `components` computes samples (G), and `emit` passes them on.
//!
//! The only `unsafe` code is that of the macro of `multiversion`, for run-time dispatch to AVX2 and BMI2.
#![forbid(unsafe_code)]
#![allow(clippy::inline_always, reason = "what is inlined is compiled for the instructions of its caller")]

mod block_decoder;
mod blocks;
mod boxes;
mod capabilities;
mod code_block;
mod codestream;
mod codeword_segments;
mod coding_style;
mod coefficient;
mod components;
mod context;
mod decoder;
mod dequantization;
mod emit;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod geometry;
mod ht;
mod info;
mod marker;
#[cfg(test)]
#[allow(clippy::all, clippy::pedantic, reason = "a model for tests")]
mod model;
mod mq;
#[cfg(any(test, feature = "fuzzing"))]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]
#[cfg_attr(not(test), allow(dead_code, reason = "encoders are for tests"))]
mod oracle;
mod packed_headers;
mod packet;
mod packet_bits;
mod parameters;
mod poc;
mod precinct;
mod prepare;
mod progression;
mod quantization;
mod roi;
mod siz;
mod strips;
mod supply;
mod tag_tree;
mod tier1;
mod tile;
mod tile_data;
mod tile_part;
mod tile_rows;
mod values;
mod warning;
mod wavelet;

/// Small images cross the bands and strips of large ones, in tests and fuzz targets.
const SMALL_BUFFERS: bool = cfg!(any(test, feature = "tiny"));

pub use code_block::Damage;
pub use context::Context;
pub use decoder::{ComponentPlane, Decoder, OnTruncation, Options, PlaneSample, RowSample, min_bytes};
pub use dicomet_codec::{Band, Interleaved, Planar, PlaneRows, RowSink, Sample, StopCheck, Store};
pub use error::{Error, ErrorKind, Result, TilePlace, Unsupported};
pub use info::ImageInfo;
pub use marker::Marker;
pub use progression::Progression;
pub use siz::Component;
pub use warning::Warning;

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
