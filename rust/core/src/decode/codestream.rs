//! Frames that are codestreams (PS3.5 A.4.1, A.4.3, A.4.4, A.4.12): the decoder of each family.

use super::{Decoder, Warnings};
use crate::codestream::{Codestream, Family};
use crate::error::Result;
use crate::parallel::Parallelism;

impl Decoder {
    /// Decodes one frame, whose header has been checked, into `out`, which has the format of the result.
    pub(super) fn codestream_frame(
        &self,
        header: &Codestream,
        frame: &[u8],
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> Result<Warnings> {
        match header.family {
            Family::Jpeg => self.jpeg_frame(frame, out, parallelism),
            Family::JpegLs => self.jpeg_ls_frame(frame, out, parallelism),
            Family::JpegXl => self.jpeg_xl_frame(header, frame, out, parallelism),
            Family::Jpeg2000 => self.jpeg_2000_frame(frame, out, parallelism),
        }
    }
}
