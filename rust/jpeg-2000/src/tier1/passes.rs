//! D.3, D.4: the coding passes of a code-block in their order.

use super::cleanup::cleanup_pass;
use super::coefficients::{End, write};
use super::contexts::{Contexts, UNIFORM};
use super::raw::{RawReader, raw_refinement_pass, raw_significance_pass};
use super::refinement::refinement_pass;
use super::significance::significance_pass;
use super::windows::Windows;
use crate::code_block::{BlockError, CodeBlock, Damage, Outcome, Segment, Style, check};
use crate::coefficient::Coefficient;
use crate::mq::MqDecoder;
use crate::mq::unstuff::{Unstuffed, unstuff};

/// Passes with the MQ coder before the first raw pass (Table D.9).
const PASSES_BEFORE_BYPASS: usize = 10;

/// The three coding passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Cleanup,
    Significance,
    Refinement,
}

/// A coding pass.
#[derive(Debug, Clone, Copy)]
struct Pass {
    number: usize,
    kind: Kind,
    plane: usize,
    raw: bool,
}

impl Pass {
    fn new(number: usize, style: Style, planes: usize) -> Self {
        let kind = match number % 3 {
            0 => Kind::Cleanup,
            1 => Kind::Significance,
            _ => Kind::Refinement,
        };
        let raw = style.bypass() && number >= PASSES_BEFORE_BYPASS && kind != Kind::Cleanup;
        Self { number, kind, plane: planes.saturating_sub(1 + number.div_ceil(3)), raw }
    }

    /// Table D.9: whether the codeword segment must be terminated after this pass. An encoder may end a code-block after any other
    /// pass, too, by cutting its segment there.
    fn is_terminated(self, style: Style) -> bool {
        let is_last = self.kind == Kind::Cleanup && self.plane == 0;
        let is_before_change = self.number + 1 >= PASSES_BEFORE_BYPASS && self.kind != Kind::Significance;
        is_last || style.terminate_all() || style.bypass() && is_before_change
    }
}

/// A decoder of code-blocks, and its memory.
#[derive(Default)]
pub(crate) struct Tier1 {
    contexts: Contexts,
    windows: Windows,
    planes: Vec<u64>,
    bits: Vec<u8>,
}

impl Tier1 {
    /// Decodes a code-block.
    pub(crate) fn decode<C: Coefficient>(
        &mut self,
        block: &CodeBlock<'_>,
        out: &mut [C],
    ) -> Result<Outcome, BlockError> {
        let total = check::<C>(block, out.len())?;
        if total == 0 {
            out.fill(C::default());
            return Ok(Outcome::default());
        }
        self.windows.reset(block.width, block.height);
        self.planes.clear();
        self.planes.resize(self.windows.windows.len() * usize::from(block.bit_planes), 0);
        let outcome = self.decode_segments(block)?;
        let last = Pass::new(total - 1, block.style, usize::from(block.bit_planes));
        let partial = last.kind == Kind::Significance;
        let end = End { plane: last.plane, partial, shift: usize::from(block.roi_shift) };
        write(&self.windows, &self.planes, end, block.width, out);
        Ok(outcome)
    }

    fn decode_segments(&mut self, block: &CodeBlock<'_>) -> Result<Outcome, BlockError> {
        self.contexts.start(block.band);
        let (mut outcome, mut number) = (Outcome::default(), 0);
        for segment in block.segments {
            let passes = number..number + usize::from(segment.passes);
            number = passes.end;
            let passes = passes.map(|number| Pass::new(number, block.style, usize::from(block.bit_planes)));
            let damage = match passes.clone().next() {
                None => None,
                Some(first) => {
                    if let Some(other) = passes.clone().find(|pass| pass.raw != first.raw) {
                        return Err(BlockError::MixedSegment { pass: other.number as u16 });
                    }
                    if first.raw {
                        self.raw_segment(block, segment, passes)
                    } else {
                        self.mq_segment(block, segment, passes)
                    }
                }
            };
            outcome.damage = outcome.damage.or(damage);
        }
        Ok(outcome)
    }

    /// Decodes a codeword segment of the MQ coder.
    fn mq_segment(
        &mut self,
        block: &CodeBlock<'_>,
        segment: &Segment<'_>,
        passes: impl Iterator<Item = Pass>,
    ) -> Option<Damage> {
        let (causal, style, contexts) = (block.style.causal(), block.style, &mut self.contexts);
        let Unstuffed { count, overflow } = unstuff::<true>(segment.data, &mut self.bits);
        let mut mq = MqDecoder::new(&self.bits, overflow);
        let (size, mut damage, mut last) = (self.windows.windows.len(), None, None);
        for pass in passes {
            let (windows, plane) = (&mut self.windows, &mut self.planes[pass.plane * size..][..size]);
            match pass.kind {
                Kind::Cleanup => mq = cleanup_pass(&mq, contexts, windows, plane, causal),
                Kind::Significance => mq = significance_pass(&mq, contexts, windows, plane, causal),
                Kind::Refinement => mq = refinement_pass(&mq, contexts, windows, plane),
            }
            last = Some(pass);
            if pass.kind == Kind::Cleanup && style.segmentation_symbols() {
                damage = damage.or(segmentation_symbol(&mut mq, contexts, pass.number as u16));
            }
            if style.reset() {
                contexts.reset();
            }
        }
        if let (Some(Damage::SegmentationSymbol { pass, is_at_cut, .. }), Some(last)) = (&mut damage, last) {
            *is_at_cut = last.number as u16 == *pass && !last.is_terminated(style);
        }
        let ends_predictably = || mq.ends_predictably(count, self.bits.len());
        damage.or(check_termination(style, last, ends_predictably))
    }

    /// Decodes a raw codeword segment.
    fn raw_segment(
        &mut self,
        block: &CodeBlock<'_>,
        segment: &Segment<'_>,
        passes: impl Iterator<Item = Pass>,
    ) -> Option<Damage> {
        let Unstuffed { count, .. } = unstuff::<false>(segment.data, &mut self.bits);
        let mut reader = RawReader::new(&self.bits, count);
        let (size, mut last) = (self.windows.windows.len(), None);
        for pass in passes {
            let (windows, plane) = (&mut self.windows, &mut self.planes[pass.plane * size..][..size]);
            reader = match pass.kind {
                Kind::Significance => raw_significance_pass(reader, windows, plane, block.style.causal()),
                _ => raw_refinement_pass(reader, windows, plane),
            };
            last = Some(pass);
        }
        check_termination(block.style, last, || reader.ends_predictably())
    }
}

/// D.4.2: checks a codeword segment that ends with pass `last`.
fn check_termination(style: Style, last: Option<Pass>, ends_predictably: impl FnOnce() -> bool) -> Option<Damage> {
    let last = last.filter(|pass| style.predictable() && pass.is_terminated(style))?;
    (!ends_predictably()).then_some(Damage::PredictableTermination { pass: last.number as u16 })
}

/// D.5: the symbol after a cleanup pass.
fn segmentation_symbol(mq: &mut MqDecoder<'_>, contexts: &mut Contexts, pass: u16) -> Option<Damage> {
    let found = (0..4).fold(0, |bits, _| bits << 1 | contexts.decode(mq, UNIFORM as u8) as u8);
    (found != 0b1010).then_some(Damage::SegmentationSymbol { pass, found, is_at_cut: false })
}
