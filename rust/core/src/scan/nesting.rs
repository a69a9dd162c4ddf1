//! PS3.5 7.5: values of undefined length, which must be walked to find their end.

use super::dictionary::is_sequence;
use super::read_buffer::{Element, Encoding, ITEM_GROUP, Window};
use super::{Stop, UNDEFINED};
use crate::tag::number::{ITEM, ITEM_DELIMITATION_ITEM, SEQUENCE_DELIMITATION_ITEM};

/// Nesting depth of sequences and items above which a file is unusual.
pub(super) const MAX_DEPTH: usize = 32;

/// The scope that contains the next element.
#[derive(Debug, Clone, Copy)]
pub(super) enum Open {
    /// A sequence; items follow.
    Sequence,
    /// Fragments, such as those of an icon (PS3.5 A.4): items of defined length, whose content is not data elements.
    Fragments,
    /// An item of undefined length.
    Item,
    /// An item that ends at this offset.
    ItemUpTo(u64),
}

/// The open scopes, outermost first, each with the encoding of its elements.
#[derive(Debug, Default)]
pub(super) struct Nested(Vec<(Open, Encoding)>);

impl Nested {
    /// Opens the value of `element`, whose length is undefined.
    pub(super) fn open(&mut self, element: &Element, encoding: Encoding) -> Result<(), Stop> {
        let open = match element.vr.as_ref() {
            // PS3.5 6.2.2, notes: a sequence in implicit VR stays a sequence if its VR is unknown.
            Some(b"SQ" | b"UN") => Open::Sequence,
            Some(b"OB" | b"OW") => Open::Fragments,
            None if is_sequence(element.tag) => Open::Sequence,
            // Private elements are in no dictionary: an item shows that this is a sequence; anything else is unusual.
            None if is_private(element.tag) => Open::Sequence,
            _ => return Err(Stop::Unusual),
        };
        self.push(open, encoding)
    }

    fn push(&mut self, open: Open, encoding: Encoding) -> Result<(), Stop> {
        if self.0.len() >= MAX_DEPTH {
            return Err(Stop::Unusual);
        }
        self.0.push((open, encoding));
        Ok(())
    }

    /// Closes the items that end at `at`, and returns the innermost scope.
    pub(super) fn innermost(&mut self, at: u64) -> Result<Option<(Open, Encoding)>, Stop> {
        loop {
            match self.0.last().copied() {
                Some((Open::ItemUpTo(end), _)) if at == end => drop(self.0.pop()),
                Some((Open::ItemUpTo(end), _)) if at > end => return Err(Stop::Unusual),
                innermost => return Ok(innermost),
            }
        }
    }

    /// Steps until all scopes are closed. A step for which the window is too short has no effect.
    pub(super) fn run(&mut self, at: &mut u64, window: &Window<'_>) -> Result<(), Stop> {
        while let Some((open, encoding)) = self.innermost(*at)? {
            *at = self.step((open, encoding), &window.element(*at, encoding)?, window)?;
        }
        Ok(())
    }

    /// Steps over `element` in the innermost scope, and returns the offset at which to continue.
    pub(super) fn step(
        &mut self,
        (open, encoding): (Open, Encoding),
        element: &Element,
        window: &Window<'_>,
    ) -> Result<u64, Stop> {
        match (open, element.tag, element.length) {
            // PS3.5 7.5.1, 7.5.2: an item, or the end of the sequence.
            (Open::Sequence, ITEM, 0) => {}
            (Open::Sequence, ITEM, length) => {
                let item = if length == UNDEFINED { Open::Item } else { Open::ItemUpTo(element.end()) };
                self.push(item, encoding_of_item(element, window, encoding)?)?;
                return Ok(element.value);
            }
            // PS3.5 A.4: a fragment, or the end of the fragments.
            (Open::Fragments, ITEM, length) if length != UNDEFINED => {}
            (Open::Sequence | Open::Fragments, SEQUENCE_DELIMITATION_ITEM, 0)
            | (Open::Item, ITEM_DELIMITATION_ITEM, 0) => drop(self.0.pop()),
            (Open::Item | Open::ItemUpTo(_), tag, length) if tag >> 16 != ITEM_GROUP => {
                element.check_character_set(window)?;
                if length == UNDEFINED {
                    self.open(element, encoding)?;
                    return Ok(element.value);
                }
            }
            _ => return Err(Stop::Unusual),
        }
        Ok(element.end())
    }
}

/// PS3.5 6.2.2, notes: a sequence of VR UN contains implicit VR, regardless of the transfer syntax. Parsers check every
/// item of any sequence for that; but in implicit VR all items are implicit.
fn encoding_of_item(item: &Element, window: &Window<'_>, encoding: Encoding) -> Result<Encoding, Stop> {
    Ok(Encoding { implicit: encoding.implicit || !window.has_vr(item.value)?, ..encoding })
}

/// PS3.5 7.8: private elements have an odd group number.
fn is_private(tag: u32) -> bool {
    tag >> 16 & 1 == 1
}
