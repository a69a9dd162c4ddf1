//! The sample types.

use std::ops::Range;

use crate::context::{Context, Pooled};
use crate::decoder::Decoder;
use crate::error::Result;
use crate::frame::Process;
use crate::idct::Arithmetic;
use crate::plan::ScanPlan;
use crate::warning::Warning;
use dicomet_codec::RowSink;

/// A [`dicomet_codec::Sample`] with what this decoder needs of it: `u8` for precisions up to 8 bits, `u16` for others.
#[allow(private_bounds, reason = "seals the trait")]
pub trait Sample: dicomet_codec::Sample + Arithmetic + Pooled + Compiled {}

impl Sample for u8 {}

impl Sample for u16 {}

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
