//! PS3.5 7.5: values of undefined length, which must be walked to find their end.

use super::dictionary::is_sequence;
use super::read_buffer::{ElementHeader, Encoding, ITEM_GROUP, ReadBuffer};
use super::{ScanError, UNDEFINED};
use crate::tag::number::{ITEM, ITEM_DELIMITATION_ITEM, SEQUENCE_DELIMITATION_ITEM};

/// Nesting depth of sequences and items above which a file is unusual.
pub(super) const MAX_DEPTH: usize = 32;

/// The scope that contains the next element.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope {
    /// A sequence; items follow.
    Sequence,
    /// A sequence that ends at this offset.
    SequenceUpTo(u64),
    /// Fragments, such as those of an icon (PS3.5 A.4): items of defined length, whose content is not data elements.
    Fragments,
    /// An item of undefined length.
    Item,
    /// An item that ends at this offset.
    ItemUpTo(u64),
}

/// The open scopes, outermost first, each with the encoding of its elements.
#[derive(Debug, Default)]
pub(super) struct Nesting(Vec<(Scope, Encoding)>);

impl Nesting {
    /// Opens the value of `element`, whose length is undefined.
    pub(super) fn open(&mut self, element: &ElementHeader, encoding: Encoding) -> Result<(), ScanError> {
        let scope = match element.vr.as_ref() {
            // PS3.5 6.2.2, notes: a sequence in implicit VR stays a sequence if its VR is unknown.
            Some(b"SQ" | b"UN") => Scope::Sequence,
            Some(b"OB" | b"OW") => Scope::Fragments,
            None if is_sequence(element.tag) => Scope::Sequence,
            // Private elements are in no dictionary: an item shows that this is a sequence; anything else is unusual.
            None if is_private(element.tag) => Scope::Sequence,
            _ => return Err(ScanError::NeedsFullParser),
        };
        self.push(scope, encoding)
    }

    /// Opens a sequence of defined or undefined length, to step through its items.
    pub(super) fn open_sequence(&mut self, element: &ElementHeader, encoding: Encoding) -> Result<(), ScanError> {
        if element.vr.is_some_and(|vr| vr != *b"SQ") {
            return Err(ScanError::NeedsFullParser);
        }
        let has_end = element.length != UNDEFINED;
        self.push(if has_end { Scope::SequenceUpTo(element.end()) } else { Scope::Sequence }, encoding)
    }

    /// The number of open scopes.
    pub(super) fn depth(&self) -> usize {
        self.0.len()
    }

    fn push(&mut self, scope: Scope, encoding: Encoding) -> Result<(), ScanError> {
        if self.0.len() >= MAX_DEPTH {
            return Err(ScanError::NeedsFullParser);
        }
        self.0.push((scope, encoding));
        Ok(())
    }

    /// Closes the items and sequences that end at `at`, and returns the innermost scope.
    pub(super) fn innermost(&mut self, at: u64) -> Result<Option<(Scope, Encoding)>, ScanError> {
        loop {
            match self.0.last().copied() {
                Some((Scope::ItemUpTo(end) | Scope::SequenceUpTo(end), _)) if at == end => drop(self.0.pop()),
                Some((Scope::ItemUpTo(end) | Scope::SequenceUpTo(end), _)) if at > end => {
                    return Err(ScanError::NeedsFullParser);
                }
                innermost => return Ok(innermost),
            }
        }
    }

    /// Steps until all scopes are closed. A step for which the buffer is too short has no effect.
    pub(super) fn run(&mut self, at: &mut u64, buffer: &ReadBuffer<'_>) -> Result<(), ScanError> {
        while let Some((scope, encoding)) = self.innermost(*at)? {
            *at = self.step((scope, encoding), &buffer.element(*at, encoding)?, buffer)?;
        }
        Ok(())
    }

    /// Steps over `element` in the innermost scope, and returns the offset at which to continue.
    pub(super) fn step(
        &mut self,
        (scope, encoding): (Scope, Encoding),
        element: &ElementHeader,
        buffer: &ReadBuffer<'_>,
    ) -> Result<u64, ScanError> {
        match (scope, element.tag, element.length) {
            // PS3.5 7.5.1, 7.5.2: an item, or the end of the sequence.
            (Scope::Sequence | Scope::SequenceUpTo(_), ITEM, 0) => {}
            (Scope::Sequence | Scope::SequenceUpTo(_), ITEM, length) => {
                let item = if length == UNDEFINED { Scope::Item } else { Scope::ItemUpTo(element.end()) };
                self.push(item, encoding_of_item(element, buffer, encoding)?)?;
                return Ok(element.value);
            }
            // PS3.5 A.4: a fragment, or the end of the fragments.
            (Scope::Fragments, ITEM, length) if length != UNDEFINED => {}
            (Scope::Sequence | Scope::Fragments, SEQUENCE_DELIMITATION_ITEM, 0)
            | (Scope::Item, ITEM_DELIMITATION_ITEM, 0) => drop(self.0.pop()),
            (Scope::Item | Scope::ItemUpTo(_), tag, length) if tag >> 16 != ITEM_GROUP => {
                element.check_character_set(buffer)?;
                if length == UNDEFINED {
                    self.open(element, encoding)?;
                    return Ok(element.value);
                }
            }
            _ => return Err(ScanError::NeedsFullParser),
        }
        Ok(element.end())
    }
}

/// PS3.5 6.2.2, notes: a sequence of VR UN contains implicit VR, regardless of the transfer syntax. Parsers check every
/// item of any sequence for that; but in implicit VR all items are implicit.
fn encoding_of_item(item: &ElementHeader, buffer: &ReadBuffer<'_>, encoding: Encoding) -> Result<Encoding, ScanError> {
    Ok(Encoding { implicit: encoding.implicit || !buffer.has_vr(item.value)?, ..encoding })
}

/// PS3.5 7.8: private elements have an odd group number.
fn is_private(tag: u32) -> bool {
    tag >> 16 & 1 == 1
}
