//! B.7, B.10.7: code-blocks from their contributions to coefficients.

use std::ops::Range;

use crate::block_decoder::BlockDecoder;
use crate::code_block::{BlockError, CodeBlock, Coder, Damage, Segment, Style};
use crate::codeword_segments::{BlockCoder, passes_to_end};
use crate::error::{Error, ErrorKind, Result};
use crate::precinct::BlockState;
use crate::prepare::{BlockRow, PreparedTile};
use crate::tile::{Subband, TileComponent};
use crate::tile_data::Contribution;
use crate::values::Values;
use crate::warning::Warning;

/// The largest code-block.
const MAX_SAMPLES: usize = 4096;

/// What a thread needs to decode code-blocks.
#[derive(Default)]
pub(crate) struct BlockWorker {
    decoder: BlockDecoder,
    /// The data of a code-block that is in several packets.
    joined: Vec<u8>,
    values: Vec<i32>,
    wide_values: Vec<i64>,
}

impl BlockWorker {
    /// Decodes a row of code-blocks and dequantizes its coefficients. `out` has those of the rows of the subband, one after the
    /// other.
    pub(crate) fn decode_row(
        &mut self,
        tile: &PreparedTile<'_>,
        row: BlockRow,
        out: &mut Values,
        warnings: &mut Vec<Warning>,
    ) -> Result<()> {
        let component = &tile.tile.components[usize::from(row.component)];
        let subband = &component.resolutions[usize::from(row.resolution)].subbands[usize::from(row.subband)];
        let (stride, factor) = (subband.area.width(), tile.factor(row));
        for block in tile.blocks(row) {
            let start = (block.area.x0 - subband.area.x0) as usize;
            let place = Place { start, stride, width: block.area.width(), height: block.area.height() };
            let Some(state) = block.state else {
                place.clear(out);
                continue;
            };
            let offset = tile.data.contributions(state).next().map_or(0, |contribution| contribution.offset);
            let error = |kind| Error::new(kind, offset).in_resolution(tile.tile.number, row.component, row.resolution);
            match self.decode_block(tile, (component, subband), state, &place, factor, out).map_err(error)? {
                None => {}
                Some(damage @ Damage::SegmentationSymbol { is_at_cut: false, .. }) => {
                    return Err(error(ErrorKind::CodeBlock(damage.to_string())));
                }
                Some(damage) => {
                    let (tile, component, resolution) = (tile.tile.number, row.component, row.resolution);
                    warnings.push(Warning::Damaged { tile, component, resolution, damage });
                }
            }
        }
        Ok(())
    }

    fn decode_block(
        &mut self,
        tile: &PreparedTile<'_>,
        (component, subband): (&TileComponent, &Subband),
        state: &BlockState,
        place: &Place,
        factor: f64,
        out: &mut Values,
    ) -> std::result::Result<Option<Damage>, ErrorKind> {
        let mut joined = std::mem::take(&mut self.joined);
        let segments = segments(tile, state, component.style.block_style, &mut joined);
        let block = code_block(component, subband, state, place, &segments)?;
        let damage = self.decode_values(&block, place, factor, out);
        drop(segments);
        self.joined = joined;
        damage
    }

    #[allow(clippy::cast_precision_loss, reason = "coefficients have no more bits than the type for their precision")]
    fn decode_values(
        &mut self,
        block: &CodeBlock<'_>,
        place: &Place,
        factor: f64,
        out: &mut Values,
    ) -> std::result::Result<Option<Damage>, ErrorKind> {
        let size = block.width * block.height;
        let failed = |error: BlockError| ErrorKind::CodeBlock(error.to_string());
        let outcome = if let Values::I32(_) | Values::F32(_) = out {
            self.values.resize(MAX_SAMPLES.max(size), 0);
            self.decoder.decode(block, &mut self.values[..size]).map_err(failed)?
        } else {
            self.wide_values.resize(MAX_SAMPLES.max(size), 0);
            self.decoder.decode_wide(block, &mut self.wide_values[..size]).map_err(failed)?
        };
        match out {
            Values::I32(out) => halve(&self.values[..size], place, out),
            Values::F32(out) => scale(&self.values[..size], place, factor as f32, out),
            Values::I64(out) => place.fill(&self.wide_values[..size], out, |value| value / 2),
            Values::F64(out) => place.fill(&self.wide_values[..size], out, |value| value as f64 * factor),
        }
        Ok(outcome.damage)
    }
}

/// The place of a code-block in the rows of its subband.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The first coefficient.
    start: usize,
    /// Coefficients from a row to the next.
    stride: usize,
    width: usize,
    height: usize,
}

impl Place {
    #[inline(always)]
    fn fill<T: Copy, U>(&self, values: &[T], out: &mut [U], convert: impl Fn(T) -> U) {
        let rows = out[self.start..].chunks_mut(self.stride).zip(values.chunks_exact(self.width));
        for (out, values) in rows {
            for (out, value) in out.iter_mut().zip(values) {
                *out = convert(*value);
            }
        }
    }

    /// Sets all coefficients to 0.
    fn clear(&self, out: &mut Values) {
        fn clear<T: Copy + Default>(place: &Place, out: &mut [T]) {
            for row in out[place.start..].chunks_mut(place.stride).take(place.height) {
                row[..place.width].fill(T::default());
            }
        }
        match out {
            Values::I32(out) => clear(self, out),
            Values::I64(out) => clear(self, out),
            Values::F32(out) => clear(self, out),
            Values::F64(out) => clear(self, out),
        }
    }
}

/// Removes the fraction bit: half of the last bit-plane, if it is complete.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
fn halve(values: &[i32], place: &Place, out: &mut [i32]) {
    place.fill(values, out, |value| value.wrapping_sub(value >> 31) >> 1);
}

#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2")))]
#[allow(clippy::cast_precision_loss, reason = "coefficients have no more bits than the type for their precision")]
fn scale(values: &[i32], place: &Place, factor: f32, out: &mut [f32]) {
    place.fill(values, out, |value| value as f32 * factor);
}

fn code_block<'a>(
    component: &TileComponent,
    subband: &Subband,
    state: &BlockState,
    place: &Place,
    segments: &'a [Segment<'a>],
) -> std::result::Result<CodeBlock<'a>, ErrorKind> {
    let zero_planes = state.zero_planes.unwrap_or_default();
    let planes = subband.step.magnitude_bits + component.roi_shift;
    let Some(bit_planes) = planes.checked_sub(zero_planes) else {
        let text = format!("found {zero_planes} zero bit-planes, expected at most {planes}");
        return Err(ErrorKind::CodeBlock(text));
    };
    Ok(CodeBlock {
        width: place.width,
        height: place.height,
        band: subband.band,
        style: Style(component.style.block_style),
        coder: if state.passes.coder == BlockCoder::Mq { Coder::Mq } else { Coder::Ht },
        bit_planes,
        magnitude_bits: subband.step.magnitude_bits,
        roi_shift: component.roi_shift,
        segments,
    })
}

/// The codeword segments of a code-block. `joined` receives the data of code-blocks in several packets.
fn segments<'a>(tile: &PreparedTile<'a>, state: &BlockState, style: u8, joined: &'a mut Vec<u8>) -> Vec<Segment<'a>> {
    let ranges = segment_ranges(tile, state, style);
    let contributions = || tile.data.contributions(state);
    let data = if contributions().nth(1).is_none() || is_contiguous(contributions()) {
        let start = contributions().next().map_or(0, |contribution| contribution.offset);
        &tile.bytes[start..]
    } else {
        joined.clear();
        for contribution in contributions() {
            joined.extend_from_slice(&tile.bytes[contribution.offset..][..contribution.length as usize]);
        }
        joined
    };
    ranges.into_iter().map(|(range, passes)| Segment { data: &data[range], passes }).collect()
}

fn is_contiguous(contributions: impl Iterator<Item = Contribution> + Clone) -> bool {
    let next = contributions.clone().skip(1);
    contributions.zip(next).all(|(first, second)| first.offset + first.length as usize == second.offset)
}

/// The segments' ranges in the joined data of the code-block, and their passes.
fn segment_ranges(tile: &PreparedTile<'_>, state: &BlockState, style: u8) -> Vec<(Range<usize>, u8)> {
    let coder = state.passes.coder;
    let mut ranges: Vec<(Range<usize>, u8)> = Vec::new();
    // Placeholder passes precede the first pass with data of an HT code-block.
    let (mut is_placeholder, mut placeholders) = (coder != BlockCoder::Mq, 0u16);
    let (mut count, mut end, mut left) = (0u16, 0usize, 0u16);
    for contribution in tile.data.contributions(state) {
        let (start, mut passes) = (end, u16::from(contribution.passes));
        end += contribution.length as usize;
        if is_placeholder {
            let is_first = contribution.length > 0;
            placeholders += passes - u16::from(is_first);
            if !is_first {
                continue;
            }
            if placeholders > 0 {
                ranges.push((0..0, placeholders as u8));
            }
            (is_placeholder, count, passes) = (false, placeholders, 1);
        }
        if left == 0 {
            left = passes_to_end(coder, style, count);
            ranges.push((start..start, 0));
        }
        if let Some((range, total)) = ranges.last_mut() {
            range.end = end;
            *total += passes as u8;
        }
        count += passes;
        left = left.saturating_sub(passes);
    }
    ranges
}
