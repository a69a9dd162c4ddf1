//! Finds one frame by an offset table and a few item headers: an image may have 100,000 frames.

use super::EncapsulatedPixelData;
use crate::alloc::try_push;
use crate::item::{Fragment, ItemReader, UNDEFINED};
use crate::offset_table::{self, ExtendedOffsetTable};
use crate::parallel::{CancelCheck, Parallelism};
use crate::source::{ReadResult, Source};
use crate::tag::number::ITEM;

/// A read takes about a microsecond, so that the check of the longest table takes a few milliseconds.
const MAX_CHECKED_ENTRIES: u64 = 4096;

impl EncapsulatedPixelData {
    /// Finds the fragments of frame `index` without walking over the frames before it, if a table gives its offset.
    /// Returns None if only [`Self::build_frame_index`] can find it.
    pub fn find_frame<S: Source>(
        &self,
        source: &S,
        index: usize,
        parallelism: &Parallelism<'_>,
    ) -> ReadResult<Option<Vec<Fragment>>, S> {
        // Such a table is tolerated, but only the walk over all frames reports the warning.
        if self.table.is_cut() {
            return Ok(None);
        }
        let mut items = ItemReader::new(source);
        if let Some(table) = &self.value.extended {
            let entry = self.entry_of(table, &mut items, index)?;
            return Ok(entry.map(|entry| vec![entry]));
        }
        let range = |index| self.table.range(index, self.value.frames, self.value.length);
        let Some((start, end)) = range(index) else { return Ok(None) };
        let mut cancel = CancelCheck::new(parallelism);
        if let Some((before, _)) = index.checked_sub(1).and_then(range) {
            // The previous frame must end where this one starts, not at a delimiter before other elements.
            if self.fragments_between(&mut items, before, Some(start), &mut cancel)?.is_none() {
                return Ok(None);
            }
        }
        if !self.is_table_plausible(&mut items, &mut cancel)? {
            return Ok(None);
        }
        self.fragments_between(&mut items, start, end, &mut cancel)
    }

    /// Whether the Basic Offset Table as a whole can be right, which is checked once.
    ///
    /// The fragments of the last frame must reach the end: if a table is shifted by whole items, its last entry lies
    /// beyond the last item. In a short table, items must start at all entries: as many ascending entries as items then
    /// name no other frame. In a long table, this would take too many reads.
    fn is_table_plausible<S: Source>(
        &self,
        items: &mut ItemReader<'_, S>,
        cancel: &mut CancelCheck<'_>,
    ) -> ReadResult<bool, S> {
        if let Some(plausible) = self.table_plausible.get() {
            return Ok(*plausible);
        }
        let Some(last) = self.table.last() else { return Ok(false) };
        let mut plausible = self.fragments_between(items, last, None, cancel)?.is_some();
        if self.value.frames <= MAX_CHECKED_ENTRIES {
            for offset in self.table.entries() {
                cancel.check()?;
                plausible = plausible && self.item_at(items, offset)?.is_some();
            }
        }
        Ok(*self.table_plausible.get_or_init(|| plausible))
    }

    /// Returns the fragment of frame `index` by the Extended Offset Table, or None if the table is not reliable.
    ///
    /// The table's own arithmetic accounts for every item (PS3.3 C.7.6.3.1.8). The existence of the items is checked
    /// for this frame, for the previous one, and for the last: three headers, regardless of the number of frames.
    fn entry_of<S: Source>(
        &self,
        table: &ExtendedOffsetTable,
        items: &mut ItemReader<'_, S>,
        index: usize,
    ) -> ReadResult<Option<Fragment>, S> {
        let (start, frames) = (self.table.end(), self.value.frames);
        if !table.is_usable(frames) || table.len() as u64 != frames {
            return Ok(None);
        }
        let Some(last) = table.entry(table.len().saturating_sub(1), start) else { return Ok(None) };
        let last = self.item_at(items, last.item())?.filter(|item| offset_table::fits(last, *item));
        let Some(last) = last else { return Ok(None) };
        if !self.is_end(items, last.end())? {
            return Ok(None);
        }
        let mut found = None;
        for number in index.saturating_sub(1)..=index {
            let Some(entry) = table.entry(number, start) else { return Ok(None) };
            let item = self.item_at(items, entry.item())?;
            if !item.is_some_and(|item| offset_table::fits(entry, item)) {
                return Ok(None);
            }
            found = Some(entry);
        }
        Ok(found)
    }

    /// Whether the fragments end at `at`, with the delimiter or with the value.
    fn is_end<S: Source>(&self, items: &mut ItemReader<'_, S>, at: u64) -> ReadResult<bool, S> {
        Ok(at == self.value.length || items.is_delimiter(at)?)
    }

    /// Returns the fragments from `start` to exactly `end`, or to the delimiter if `end` is None; None if anything else
    /// lies between.
    fn fragments_between<S: Source>(
        &self,
        items: &mut ItemReader<'_, S>,
        start: u64,
        end: Option<u64>,
        cancel: &mut CancelCheck<'_>,
    ) -> ReadResult<Option<Vec<Fragment>>, S> {
        let (mut fragments, mut at) = (Vec::new(), start);
        let limit = end.unwrap_or(self.value.length);
        while at < limit {
            cancel.check()?;
            match self.item_at(items, at)? {
                Some(fragment) if fragment.length > 0 => {
                    try_push(&mut fragments, fragment)?;
                    at = fragment.end();
                }
                _ if end.is_none() && items.is_delimiter(at)? => at = limit,
                _ => return Ok(None),
            }
        }
        Ok(Some(fragments).filter(|fragments| at == limit && !fragments.is_empty()))
    }

    /// Returns the fragment whose item starts at `offset`, or None if there is no whole item.
    fn item_at<S: Source>(&self, items: &mut ItemReader<'_, S>, offset: u64) -> ReadResult<Option<Fragment>, S> {
        if offset >= self.value.length {
            return Ok(None);
        }
        let Some((ITEM, length)) = items.at(offset)? else { return Ok(None) };
        let fragment = Fragment::of_item(offset, u64::from(length));
        Ok(fragment.filter(|fragment| length != UNDEFINED && fragment.end() <= self.value.length))
    }
}
