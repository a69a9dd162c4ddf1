//! The sample types.

use crate::context::{Context, Pooled};
use crate::decoder::Decoder;
use crate::error::Result;
use crate::output::Output;
use crate::warning::Warning;

/// A [`dicomet_codec::Sample`] with what this decoder needs of it: `u8` for up to 8 bits, `u16` for more.
#[allow(private_bounds, reason = "seals the trait")]
pub trait Sample: dicomet_codec::Sample + Pooled + Compiled {}

impl Sample for u8 {}

impl Sample for u16 {}

/// The entry of the decoder, compiled in this crate: in the caller's crate, generic functions would not inline the kernels
/// without link-time optimization.
pub(crate) trait Compiled: Sized {
    /// Decodes all rows and passes them to `output`.
    fn decode(decoder: &Decoder<'_>, context: &mut Context, output: &mut dyn Output<Self>) -> Result<Vec<Warning>>;
}

impl Compiled for u8 {
    fn decode(decoder: &Decoder<'_>, context: &mut Context, output: &mut dyn Output<Self>) -> Result<Vec<Warning>> {
        decoder.decode_rows(context, output)
    }
}

impl Compiled for u16 {
    fn decode(decoder: &Decoder<'_>, context: &mut Context, output: &mut dyn Output<Self>) -> Result<Vec<Warning>> {
        decoder.decode_rows(context, output)
    }
}
