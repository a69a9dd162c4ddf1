//! ISO/IEC 18181-2, 9: the boxes around a codestream.

use std::borrow::Cow;

use crate::error::{Error, Result};

/// The first bytes of a codestream (18181-1 D.1).
const CODESTREAM: [u8; 2] = [0xFF, 0x0A];
/// The signature box, with which a container begins.
pub(crate) const SIGNATURE: [u8; 12] = *b"\0\0\0\x0CJXL \x0D\x0A\x87\x0A";
/// Marks the last part of a codestream, beside its index.
const LAST_PART: u32 = 1 << 31;

/// A codestream, and what the boxes around it say.
#[derive(Debug)]
pub(crate) struct Container<'a> {
    /// The codestream, assembled from its parts.
    pub(crate) codestream: Cow<'a, [u8]>,
    /// Whether there is a box `jbrd`: the image was a JPEG codestream, which can be reconstructed.
    pub(crate) recompressed: bool,
}

/// Whether `frame` begins with a codestream or a container.
pub(crate) fn begins(frame: &[u8]) -> bool {
    frame.starts_with(&CODESTREAM) || frame.starts_with(&SIGNATURE)
}

impl<'a> Container<'a> {
    /// Reads the boxes of `frame`, or accepts it as a codestream without boxes.
    pub(crate) fn read(frame: &'a [u8]) -> Result<Self> {
        if frame.starts_with(&CODESTREAM) {
            return Ok(Self { codestream: Cow::Borrowed(frame), recompressed: false });
        }
        if !frame.starts_with(&SIGNATURE) {
            return Err(Error::NotJpegXl);
        }
        let mut boxes = Boxes { frame, at: SIGNATURE.len() };
        let (mut parts, mut recompressed) = (Parts::default(), false);
        while let Some(found) = boxes.next()? {
            match &found.kind {
                b"jxlc" => parts.push(found.offset, 0, true, found.content)?,
                b"jxlp" => parts.push_part(&found)?,
                b"jbrd" => recompressed = true,
                _ => {}
            }
        }
        Ok(Self { codestream: parts.finish(frame.len())?, recompressed })
    }
}

/// A box: its offset in the frame, its type and its content.
struct Box<'a> {
    offset: usize,
    kind: [u8; 4],
    content: &'a [u8],
}

/// The boxes that are left.
struct Boxes<'a> {
    frame: &'a [u8],
    at: usize,
}

impl<'a> Boxes<'a> {
    /// Returns the next box; None at the end, which zeros may pad.
    fn next(&mut self) -> Result<Option<Box<'a>>> {
        let offset = self.at;
        let rest = self.frame.get(offset..).unwrap_or_default();
        if rest.len() < 8 && rest.iter().all(|&byte| byte == 0) {
            return Ok(None);
        }
        let defect = |what| Error::Container { what, offset };
        let (kind, start, end) = extent(rest).ok_or_else(|| defect("a box whose length is impossible"))?;
        let content = rest.get(start..end).ok_or_else(|| defect("a box that ends after the data"))?;
        self.at = offset + end;
        Ok(Some(Box { offset, kind, content }))
    }
}

/// Returns the type of a box, and where its content starts and ends in `rest`.
fn extent(rest: &[u8]) -> Option<([u8; 4], usize, usize)> {
    let &[s3, s2, s1, s0, k0, k1, k2, k3] = rest.first_chunk()?;
    let (start, end) = match u32::from_be_bytes([s3, s2, s1, s0]) {
        // The last box extends to the end of the data.
        0 => (8, rest.len()),
        1 => (16, usize::try_from(u64::from_be_bytes(*rest.get(8..)?.first_chunk()?)).ok()?),
        length => (8, length as usize),
    };
    (start <= end).then_some(([k0, k1, k2, k3], start, end))
}

/// The parts of a codestream, in order.
#[derive(Default)]
struct Parts<'a> {
    contents: Vec<&'a [u8]>,
    complete: bool,
}

impl<'a> Parts<'a> {
    /// Adds the part in a box `jxlp`, which begins with its index.
    fn push_part(&mut self, found: &Box<'a>) -> Result<()> {
        let defect = || Error::Container { what: "a part of the codestream without index", offset: found.offset };
        let (index, content) = found.content.split_first_chunk::<4>().ok_or_else(defect)?;
        let index = u32::from_be_bytes(*index);
        self.push(found.offset, index & !LAST_PART, index & LAST_PART != 0, content)
    }

    fn push(&mut self, offset: usize, index: u32, last: bool, content: &'a [u8]) -> Result<()> {
        if self.complete || index as usize != self.contents.len() {
            return Err(Error::Container { what: "a part of the codestream out of order", offset });
        }
        self.contents.push(content);
        self.complete = last;
        Ok(())
    }

    fn finish(self, end: usize) -> Result<Cow<'a, [u8]>> {
        if !self.complete {
            return Err(Error::Container { what: "the end, and no last part of the codestream", offset: end });
        }
        let codestream = match &self.contents[..] {
            [one] => Cow::Borrowed(*one),
            parts => {
                let (mut joined, length) = (Vec::new(), parts.iter().map(|part| part.len()).sum::<usize>());
                joined.try_reserve_exact(length).map_err(|_| Error::Memory(length as u64))?;
                for part in parts {
                    joined.extend_from_slice(part);
                }
                Cow::Owned(joined)
            }
        };
        if codestream.starts_with(&CODESTREAM) { Ok(codestream) } else { Err(Error::NotJpegXl) }
    }
}
