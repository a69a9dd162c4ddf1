//! JPEG XL (ISO/IEC 18181) as medical images use it: one image of one or three integer components of up to 16 bits, in a
//! codestream or in a container.
//!
//! * [`Header::read`] reads the headers of the image and of all frames, and finds codestreams that have been cut. What has
//!   no place in such an image (floating-point samples, extra channels, animations, previews, splines) is an error with
//!   a name.
//! * [`decode`] decodes samples: exact where they are coded without loss, else those that the standard defines, by the
//!   crate `jxl` of the JPEG XL project.
//! * [`to_jpeg`] returns a JPEG codestream with the samples of the one that a recompressed codestream was made from. The
//!   samples of [`decode`] would differ from those of a JPEG decoder: by some levels, and, with the prediction of chroma
//!   from luma, by as much as a quantization step.
//!
//! Memory besides the result is limited: to some 100 bytes per pixel for frames that are kept for others, which are at most
//! 8 times the image; to 16 MiB and 16 bytes per pixel for [`to_jpeg`]; and to about 150 MiB for the palettes of a group on
//! each thread. Usual images take 2 to 10 bytes per pixel.
//!
//! Orientation and color profiles are ignored: the samples are those that were coded, and XYB becomes RGB of the profile
//! (sRGB for an ICC profile).
#![forbid(unsafe_code)]

mod chroma;
mod coefficients;
mod container;
mod error;
mod guard;
mod header;
mod icc;
mod jpeg;
mod pixels;
mod runner;

pub use dicomet_codec::StopCheck;
pub use error::{Error, Result, Unsupported};
pub use header::{ColorTransform, Header};

use coefficients::Coefficients;
use guard::guarded;
use header::Parsed;
use runner::Stop;

/// Options of decoding.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// Number of threads; 0 and 1 for that of the caller alone.
    pub workers: usize,
    /// Called by the caller's thread from time to time; true ends the work.
    pub stop: Option<StopCheck<'a>>,
}

/// Whether `frame` begins with a codestream or a container of JPEG XL.
#[must_use]
pub fn is_jpeg_xl(frame: &[u8]) -> bool {
    container::begins(frame)
}

/// Decodes the samples of `frame` into `out`, row by row, with interleaved components: bytes for up to 8 bits, native
/// words of two bytes for more. `out` has exactly the size of all samples. Returns the number of bytes after the
/// codestream, if they are no padding.
pub fn decode(frame: &[u8], options: &Options<'_>, out: &mut [u8]) -> Result<usize> {
    let stop = Stop::new(options.stop);
    guarded("samples", || {
        let parsed = Parsed::read(frame)?;
        pixels::decode(&parsed, out, options.workers, &stop)?;
        Ok(parsed.trailing())
    })
}

/// Returns a JPEG codestream with the samples of the one that `frame` was made from, and what [`decode`] returns. It has
/// no color markers: its components are YCbCr if [`Header::transform`] says so, else RGB.
pub fn to_jpeg(frame: &[u8], options: &Options<'_>) -> Result<(Vec<u8>, usize)> {
    let stop = Stop::new(options.stop);
    guarded("coefficients", || {
        let parsed = Parsed::read(frame)?;
        let size = (parsed.image.size.width, parsed.image.size.height);
        Ok((jpeg::write(&Coefficients::read(&parsed, &stop)?, size, &stop)?, parsed.trailing()))
    })
}

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
