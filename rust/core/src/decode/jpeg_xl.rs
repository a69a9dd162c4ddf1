//! Frames in JPEG XL (PS3.5 A.4.12; ISO/IEC 18181).

use super::{Decoder, TILE_PIXELS, Warnings};
use crate::alloc::zeroed;
use crate::codestream::{Codestream, Details};
use crate::error::{Error, ErrorKind, Result};
use crate::parallel::{self, Parallelism};
use dicomet_jpeg_xl as jpeg_xl;

impl Decoder {
    /// Decodes one frame into `out`, which has the format of the result. If it is a recompressed JPEG codestream, the
    /// samples are those of that codestream.
    pub(super) fn jpeg_xl_frame(
        &self,
        header: &Codestream,
        frame: &[u8],
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> Result<Warnings> {
        let recompressed = matches!(header.details, Details::JpegXl(details) if details.recompressed);
        let workers = parallel::threads_for_bytes(parallelism, out.len());
        let trailing = parallelism.with_stop(|stop| -> Result<usize> {
            let options = jpeg_xl::Options { workers, stop: Some(stop) };
            if !recompressed {
                return self.jpeg_xl_samples(frame, &options, out, parallelism);
            }
            let (jpeg, trailing) = jpeg_xl::to_jpeg(frame, &options)?;
            self.jpeg_frame(&jpeg, out, parallelism)?;
            Ok(trailing)
        })?;
        let warning = (trailing > 0).then(|| Error::pixel_data(ErrorKind::TrailingBytes { bytes: trailing as u64 }));
        Ok(warning.into_iter().collect())
    }

    /// Decodes samples in the result itself, if they have their places there. Returns the number of bytes after the
    /// codestream.
    fn jpeg_xl_samples(
        &self,
        frame: &[u8],
        options: &jpeg_xl::Options<'_>,
        out: &mut [u8],
        parallelism: &Parallelism<'_>,
    ) -> Result<usize> {
        if self.has_result_layout() && self.transform.is_none() {
            let trailing = jpeg_xl::decode(frame, options, out)?;
            out.chunks_mut(TILE_PIXELS * self.pixel_bytes()).for_each(|tile| self.postprocess(tile));
            return Ok(trailing);
        }
        let bytes = usize::try_from(self.frame_bits() / 8).map_err(|_| Error::pixel_data(ErrorKind::TooLarge))?;
        let mut words = zeroed(bytes)?;
        let trailing = jpeg_xl::decode(frame, options, &mut words)?;
        self.decode_codec_output(&words, out, parallelism)?;
        Ok(trailing)
    }
}
