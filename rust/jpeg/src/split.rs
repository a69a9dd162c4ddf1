//! Parts of an image that start at restart markers and are decoded independently.

use std::ops::Range;

use crate::context::Context;
use crate::decoder::Decoder;
use crate::error::Result;
use crate::frame::Process;
use crate::geometry::{Geometry, ScanLayout};
use crate::plan::{PlannedScan, ScanPlan, restart_offsets};
use crate::sample::Sample;
use crate::warning::Warning;
use dicomet_codec::RowSink;

/// An image is not split if more than 1 in this number of a part's rows would be decoded twice.
const MAX_OVERHEAD: usize = 4;

/// An image in parts that any thread can decode, each thread with its own context.
///
/// There is only one part if the scans have no restart intervals, too few, or wrong restart markers, and in the progressive
/// process, whose scans cover the whole image.
pub struct Split<'d, 'a> {
    decoder: &'d Decoder<'a>,
    /// The scans, and the offsets of their restart markers; none if there is one part.
    restarts: Option<(ScanPlan<'a>, Vec<Vec<usize>>)>,
    ranges: Vec<Range<u32>>,
}

impl std::fmt::Debug for Split<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Split").field("ranges", &self.ranges).finish_non_exhaustive()
    }
}

impl<'d, 'a> Split<'d, 'a> {
    pub(crate) fn new(decoder: &'d Decoder<'a>, parts: usize) -> Result<Self> {
        let whole = std::iter::once(0..decoder.info.height).collect();
        // All scans need restart intervals, so the first one decides without a search for the others.
        if parts < 2 || decoder.info.process == Process::Progressive || decoder.info.restart_interval == 0 {
            return Ok(Self { decoder, restarts: None, ranges: whole });
        }
        let plan = decoder.plan()?;
        let offsets = plan.scans.iter().map(|scan| restart_offsets(decoder.data, scan, &decoder.geometry));
        let (Some(offsets), Some(starts)) = (offsets.collect::<Option<Vec<_>>>(), starts(decoder, &plan, parts)) else {
            return Ok(Self { decoder, restarts: None, ranges: whole });
        };
        let ends = starts.iter().copied().skip(1).chain([decoder.info.height]);
        let ranges = starts.iter().zip(ends).map(|(start, end)| *start..end).collect();
        Ok(Self { decoder, restarts: Some((plan, offsets)), ranges })
    }

    /// The rows of each part, from the first to the last.
    #[must_use]
    pub fn ranges(&self) -> &[Range<u32>] {
        &self.ranges
    }

    /// Decodes a part and passes its rows to `sink`, as [`Decoder::decode`] would.
    ///
    /// The number of parts changes neither the samples nor whether there is an error. A part that does not exist has no rows.
    pub fn decode<S: Sample>(
        &self,
        part: usize,
        context: &mut Context,
        sink: &mut dyn RowSink<S>,
    ) -> Result<Vec<Warning>> {
        self.decoder.check_type::<S>()?;
        match (&self.restarts, self.ranges.get(part)) {
            (Some((plan, restarts)), Some(range)) => {
                let wanted = range.start as usize..range.end as usize;
                S::decode_part(self.decoder, wanted, plan, restarts, context, sink)
            }
            (None, Some(_)) => self.decoder.decode(context, sink),
            (_, None) => Ok(Vec::new()),
        }
    }
}

/// The first row of each part. None if the restart intervals do not allow more than one.
fn starts(decoder: &Decoder<'_>, plan: &ScanPlan<'_>, parts: usize) -> Option<Vec<u32>> {
    let geometry = &decoder.geometry;
    // For each scan, MCUs of an interval and of a row of the frame's MCUs.
    let intervals: Vec<_> = plan.scans.iter().map(|scan| intervals(scan, geometry)).collect();
    let rows = geometry.mcus_high.div_ceil(parts);
    let step = if geometry.unit == 1 {
        // A lossless row depends on the row before, unless an interval begins with it.
        rows.next_multiple_of(
            intervals.iter().try_fold(1, |step, (interval, in_row)| common(step, *interval, *in_row))?,
        )
    } else {
        // An interval that begins before the part is decoded from its beginning.
        let overhead = intervals.iter().map(|(interval, in_row)| interval.div_ceil(*in_row).saturating_sub(1)).max()?;
        (overhead <= rows / MAX_OVERHEAD).then_some(rows)?
    };
    let starts = (0..geometry.mcus_high).step_by(step).map(|row| (row * geometry.mcu_rows()) as u32);
    Some(starts.collect())
}

/// MCUs of a restart interval, and those in a row of the frame's MCUs.
fn intervals(scan: &PlannedScan, geometry: &Geometry) -> (usize, usize) {
    let layout = ScanLayout::new(geometry, &scan.start.components());
    (usize::from(scan.tables.restart_interval), layout.mcus_wide * layout.rows_per_frame_row)
}

/// The least multiple of `step` rows with which an interval ends; none if intervals end within rows.
fn common(step: usize, interval: usize, in_row: usize) -> Option<usize> {
    let rows = (interval > 0 && interval.is_multiple_of(in_row)).then(|| interval / in_row)?;
    (1..=rows).map(|times| times * step).find(|multiple| multiple.is_multiple_of(rows))
}
