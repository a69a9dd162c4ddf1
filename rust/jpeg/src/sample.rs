//! The sample types.

use std::ops::Range;

use crate::context::{Context, Pooled};
use crate::decoder::Decoder;
use crate::error::Result;
use crate::frame::Process;
use crate::idct::Arithmetic;
use crate::plan::ScanPlan;
use crate::sink::RowSink;
use crate::warning::Warning;

/// A sample of the result: `u8` for precisions up to 8 bits, `u16` for others. No other type can implement it.
#[allow(private_bounds, reason = "seals the trait")]
pub trait Sample: Primitive + Arithmetic + Pooled + Compiled {
    /// Bits of the type.
    const BITS: u32;
}

impl Sample for u8 {
    const BITS: u32 = 8;
}

impl Sample for u16 {
    const BITS: u32 = 16;
}

/// The entries of the decoder, compiled in this crate: in the caller's crate, generic functions would not inline the
/// kernels without link-time optimization, which is 17 times as slow for 12 bits.
pub(crate) trait Compiled: Sized {
    /// [`Decoder::decode_rows`], for rows that exist.
    fn decode_rows(
        decoder: &Decoder<'_>,
        wanted: Range<usize>,
        context: &mut Context,
        sink: &mut dyn RowSink<Self>,
    ) -> Result<Vec<Warning>>;

    /// Rows of a sequential or lossless frame.
    fn decode_part<'a>(
        decoder: &Decoder<'a>,
        wanted: Range<usize>,
        plan: &ScanPlan<'a>,
        restarts: &[Vec<usize>],
        context: &mut Context,
        sink: &mut dyn RowSink<Self>,
    ) -> Result<Vec<Warning>>;
}

impl Compiled for u8 {
    fn decode_rows(
        decoder: &Decoder<'_>,
        wanted: Range<usize>,
        context: &mut Context,
        sink: &mut dyn RowSink<Self>,
    ) -> Result<Vec<Warning>> {
        if decoder.info.process == Process::Lossless {
            return decoder
                .decode_narrowed(context, sink, |context, sink| decoder.decode_existing_rows(wanted, context, sink));
        }
        decoder.decode_existing_rows(wanted, context, sink)
    }

    fn decode_part<'a>(
        decoder: &Decoder<'a>,
        wanted: Range<usize>,
        plan: &ScanPlan<'a>,
        restarts: &[Vec<usize>],
        context: &mut Context,
        sink: &mut dyn RowSink<Self>,
    ) -> Result<Vec<Warning>> {
        if decoder.info.process == Process::Lossless {
            return decoder.decode_narrowed(context, sink, |context, sink| {
                decoder.decode_part(wanted, plan, restarts, context, sink)
            });
        }
        decoder.decode_part(wanted, plan, restarts, context, sink)
    }
}

impl Compiled for u16 {
    fn decode_rows(
        decoder: &Decoder<'_>,
        wanted: Range<usize>,
        context: &mut Context,
        sink: &mut dyn RowSink<Self>,
    ) -> Result<Vec<Warning>> {
        decoder.decode_existing_rows(wanted, context, sink)
    }

    fn decode_part<'a>(
        decoder: &Decoder<'a>,
        wanted: Range<usize>,
        plan: &ScanPlan<'a>,
        restarts: &[Vec<usize>],
        context: &mut Context,
        sink: &mut dyn RowSink<Self>,
    ) -> Result<Vec<Warning>> {
        decoder.decode_part(wanted, plan, restarts, context, sink)
    }
}

/// The operations that the arithmetic needs.
pub(crate) trait Primitive: Copy + Default + PartialEq + Into<u16> + Send + Sync + 'static {
    /// The lowest bits of `value`.
    fn truncate(value: u16) -> Self;
}

impl Primitive for u8 {
    #[inline]
    fn truncate(value: u16) -> Self {
        value as Self
    }
}

impl Primitive for u16 {
    #[inline]
    fn truncate(value: u16) -> Self {
        value
    }
}
