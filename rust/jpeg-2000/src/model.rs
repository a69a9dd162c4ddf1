//! An encoder for tests, written from the text of the standard, without regard to speed: it makes what other encoders do not
//! (POC, PPM, PPT, any arrangement of tile-parts, precincts and layers). It shares no code with the decoder.

mod codestream;
mod geometry;
mod image;
mod packets;
mod wavelet;

pub(crate) use image::{Image, Model, images};

mod tests;
