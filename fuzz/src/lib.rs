//! Invariants that must hold for any bytes, one module for each target. README.md describes how to run them.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod code_block;
pub mod codestream;
mod codestream_frames;
pub mod deflate;
pub mod deflated;
pub mod display;
pub mod display_oracle;
pub mod encapsulation;
pub mod encode;
pub mod image_oracle;
pub mod input;
pub mod jpeg;
pub mod jpeg_2000;
pub mod jpeg_ls;
pub mod jpeg_xl;
pub mod named_elements;
pub mod native;
pub mod output;
pub mod packbits_oracle;
pub mod rle;
pub mod scan;
pub mod scan_oracle;
pub mod seeds;
pub mod sources;
pub mod tile_positions;

/// The name of a target, and the function that runs one input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 17] = [
    ("scan", scan::run),
    ("named_elements", named_elements::run),
    ("tile_positions", tile_positions::run),
    ("encapsulation", encapsulation::run),
    ("rle", rle::run),
    ("native", native::run),
    ("deflate", deflate::run),
    ("deflated", deflated::run),
    ("codestream", codestream::run),
    ("encode", encode::run),
    ("display", display::run),
    ("output", output::run),
    ("jpeg", jpeg::run),
    ("jpeg_ls", jpeg_ls::run),
    ("jpeg_xl", jpeg_xl::run),
    ("jpeg_2000", jpeg_2000::run),
    ("code_block", code_block::run),
];
