//! The errors of `dicomet-jpeg-xl`.

use super::codec::CodecError;
use super::{Error, ErrorKind};
use dicomet_jpeg_xl as jpeg_xl;

impl From<jpeg_xl::Error> for Error {
    fn from(error: jpeg_xl::Error) -> Self {
        match error {
            jpeg_xl::Error::Interrupted => ErrorKind::Interrupted.into(),
            jpeg_xl::Error::Memory(bytes) => ErrorKind::Memory { bytes }.into(),
            error => {
                let kind = ErrorKind::Codec { place: String::new(), kind: Box::new(CodecError::JpegXl(error)) };
                Self::pixel_data(kind)
            }
        }
    }
}
