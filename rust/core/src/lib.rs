//! DICOM pixel data to samples in memory, one file per procedure of the standard.
//!
//! The way of a frame: [`image`] says what the samples are, [`encapsulation`] where a frame's bytes lie,
//! [`decode`] puts [`rle`], [`bits`], [`planes`] and [`color`] together and writes each sample once, into
//! its place in the result.
//!
//! Nothing here knows Python or opens a file. No function panics on any input, and nothing is allocated that the input
//! cannot justify. There is no `unsafe` code but in what the macro of `multiversion` makes for run-time CPU dispatch.
#![forbid(unsafe_code)]

pub mod bits;
pub mod codestream;
pub mod color;
pub mod complete;
pub mod decode;
pub mod deflate;
pub mod display;
pub mod element;
pub mod encapsulation;
pub mod error;
pub mod image;
pub mod item;
pub mod lut;
pub mod modality;
pub mod offset_table;
pub mod palette;
pub mod parallel;
pub mod planes;
pub mod png;
pub mod resize;
pub mod rle;
mod scratch;
pub mod source;
pub mod voi;

pub use error::{Error, Result};

/// Sizes of bands and pieces, and of what is worth a thread, are so small that every image crosses them: in tests.
const SMALL_BUFFERS: bool = cfg!(any(test, feature = "tiny"));
