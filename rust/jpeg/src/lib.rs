//! A JPEG decoder (ISO/IEC 10918-1) in safe Rust, with the files named after the standard's procedures.
#![forbid(unsafe_code)]
#![allow(clippy::inline_always, reason = "what is inlined is compiled for the instructions of its caller")]
#![allow(clippy::cast_sign_loss, reason = "arithmetic modulo 2^16, and values that are limited before")]

mod band;
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
mod sample;
mod scan;
mod scans;
mod segment;
mod sequential;
mod split;
mod strip;
mod tables;
mod upsample;
mod warning;

pub use band::{Band, Interleaved, Planar, RowSink, Store};
pub use context::Context;
pub use decoder::{Decoder, Options};
pub use error::{Error, ErrorKind, Result, Unsupported};
pub use frame::{Component, FrameInfo, Process};
pub use marker::Marker;
pub use sample::Sample;
pub use split::Split;
pub use warning::Warning;
