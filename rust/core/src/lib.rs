//! Decodes DICOM pixel data into samples in memory; one file per procedure of the standard.
//!
//! The path of a frame: [`image`] describes the samples, [`encapsulation`] locates the frame's bytes, and [`decode`]
//! combines [`rle`], `dicomet-jpeg`, [`bits`], [`planes`] and [`color`] and writes each sample once, to its place in the
//! result.
//!
//! This crate neither depends on Python nor opens files. No function panics on any input, and no allocation is larger
//! than the input justifies. The only `unsafe` code is what the macro of `multiversion` generates for run-time CPU
//! dispatch.
#![forbid(unsafe_code)]

mod alloc;
pub mod bits;
pub mod codestream;
pub mod color;
pub mod complete;
pub mod decode;
pub mod deflate;
pub mod display;
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
pub mod sample_type;
pub mod scan;
mod scratch;
pub mod source;
pub mod tag;
pub mod voi;

pub use error::{Error, Result};

/// In tests, strip sizes, tile sizes and minimum sizes per thread are so small that every image crosses their
/// boundaries.
const SMALL_BUFFERS: bool = cfg!(any(test, feature = "tiny"));

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
