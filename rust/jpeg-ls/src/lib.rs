//! A JPEG-LS decoder (ISO/IEC 14495-1 | ITU-T T.87) in safe Rust.
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
