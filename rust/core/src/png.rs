//! PNG (ISO/IEC 15948): encodes one image of samples in memory.
//!
//! Every row passes the filter `Up` and then `fdeflate`, whose single Huffman code is designed for such differences.
//! Compared with an adaptive choice of filters, this costs at most a tenth of the size and takes half the time, and
//! `Up` is the filter that decoders undo fastest (figures: `benches/README.md`). Noise, which would grow, is stored
//! uncompressed.

use crate::alloc::try_reserve;
use crate::bits;
use crate::error::{Error, ErrorKind, Result};
use crate::image::in_range;
use crate::tag::{BITS_ALLOCATED, COLUMNS, ROWS, SAMPLES_PER_PIXEL};
use png::{BitDepth, ColorType, DeflateCompression, Encoder, EncodingError, Filter};
use std::io::{self, Write};

/// Bytes of an IDAT chunk.
const IDAT_CHUNK_BYTES: usize = if crate::SMALL_BUFFERS { 12 } else { 1 << 16 };
/// Bytes of samples that are byte-swapped at a time.
const SWAP_BYTES: usize = if crate::SMALL_BUFFERS { 12 } else { 1 << 13 };

/// The format of the samples, not yet validated. Pixels are interleaved, in native byte order, row by row.
#[derive(Debug, Clone, Copy)]
pub struct PngParams {
    /// Columns of the image.
    pub width: i64,
    /// Rows of the image.
    pub height: i64,
    /// 1 for gray, 3 for RGB.
    pub channels: i64,
    /// Bits per sample, 8 or 16.
    pub bits: i64,
}

/// A validated format.
#[derive(Debug, Clone, Copy)]
struct PngHeader {
    width: u32,
    height: u32,
    color: ColorType,
    depth: BitDepth,
}

/// Encodes one image.
pub fn encode(samples: &[u8], params: &PngParams) -> Result<Vec<u8>> {
    let header = PngHeader::new(samples, params)?;
    let packed = header.encode(samples, DeflateCompression::FdeflateUltraFast)?;
    if packed.len() <= samples.len() {
        return Ok(packed);
    }
    drop(packed);
    header.encode(samples, DeflateCompression::NoCompression)
}

impl PngHeader {
    fn new(samples: &[u8], params: &PngParams) -> Result<Self> {
        let width = in_range(COLUMNS, params.width, 1, 65535, "1 to 65535")?;
        let height = in_range(ROWS, params.height, 1, 65535, "1 to 65535")?;
        let color = match params.channels {
            1 => ColorType::Grayscale,
            3 => ColorType::Rgb,
            found => return Err(Error::new(SAMPLES_PER_PIXEL, ErrorKind::Value { found, expected: "1 or 3" })),
        };
        let (depth, bytes) = match params.bits {
            8 => (BitDepth::Eight, 1),
            16 => (BitDepth::Sixteen, 2),
            found => return Err(Error::new(BITS_ALLOCATED, ErrorKind::Value { found, expected: "8 or 16" })),
        };
        let expected = u64::from(width) * u64::from(height) * color.samples() as u64 * bytes;
        match samples.len() as u64 {
            found if found == expected => Ok(Self { width, height, color, depth }),
            found => Err(ErrorKind::Length { found, expected }.into()),
        }
    }

    fn encode(&self, samples: &[u8], compression: DeflateCompression) -> Result<Vec<u8>> {
        let mut sink = Sink::default();
        let done = self.write(samples, compression, &mut sink);
        match (sink.missing, done) {
            (None, Ok(())) => Ok(sink.bytes),
            (Some(error), _) => Err(error),
            (None, Err(_)) => Err(ErrorKind::Unsupported("the image cannot be encoded as PNG").into()),
        }
    }

    fn write(
        &self,
        samples: &[u8],
        compression: DeflateCompression,
        sink: &mut Sink,
    ) -> std::result::Result<(), EncodingError> {
        let mut encoder = Encoder::new(sink, self.width, self.height);
        encoder.set_color(self.color);
        encoder.set_depth(self.depth);
        encoder.set_deflate_compression(compression);
        encoder.set_filter(if matches!(compression, DeflateCompression::NoCompression) {
            Filter::NoFilter
        } else {
            Filter::Up
        });
        let mut writer = encoder.write_header()?;
        // Written in pieces: the writer for a whole image allocates infallibly.
        let mut stream = writer.stream_writer_with_size(IDAT_CHUNK_BYTES)?;
        self.write_samples(samples, &mut stream)?;
        stream.finish()?;
        writer.finish()
    }

    /// The most significant byte comes first (ISO/IEC 15948, 7.1).
    fn write_samples(&self, samples: &[u8], out: &mut impl Write) -> io::Result<()> {
        if cfg!(target_endian = "big") || self.depth == BitDepth::Eight {
            return out.write_all(samples);
        }
        let mut swapped = [0; SWAP_BYTES];
        samples.chunks(SWAP_BYTES).try_for_each(|piece| {
            let swapped = &mut swapped[..piece.len()];
            swapped.copy_from_slice(piece);
            bits::swap_pairs(swapped);
            out.write_all(swapped)
        })
    }
}

/// Collects the output, as far as there is memory. Writing never fails, because `fdeflate` panics on a failed write.
#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    missing: Option<Error>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.missing.is_none() {
            match try_reserve(&mut self.bytes, bytes.len()) {
                Ok(()) => self.bytes.extend_from_slice(bytes),
                Err(error) => {
                    self.bytes = Vec::new();
                    self.missing = Some(error);
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(file: &[u8]) -> (u32, u32, ColorType, BitDepth, Vec<u8>) {
        let mut reader = png::Decoder::new(io::Cursor::new(file)).read_info().unwrap();
        let mut samples = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut samples).unwrap();
        reader.finish().unwrap();
        (info.width, info.height, info.color_type, info.bit_depth, samples)
    }

    proptest! {
        #[test]
        fn encoded_images_decode_to_the_same(
            width in 1_u32..40, height in 1_u32..12, rgb: bool, sixteen: bool, noise: bool, seed: u64,
        ) {
            let (channels, bytes) = (if rgb { 3 } else { 1 }, if sixteen { 2 } else { 1 });
            let count = width as usize * height as usize * channels * bytes;
            let mut state = seed | 1;
            let samples: Vec<u8> = (0..count)
                .map(|place| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    if noise { (state >> 40) as u8 } else { (place / 5) as u8 }
                })
                .collect();
            let params = PngParams {
                width: width.into(),
                height: height.into(),
                channels: if rgb { 3 } else { 1 },
                bits: if sixteen { 16 } else { 8 },
            };
            let found = decoded(&encode(&samples, &params).unwrap());
            let mut big_endian = samples;
            if sixteen && cfg!(target_endian = "little") {
                bits::swap_pairs(&mut big_endian);
            }
            let color = if rgb { ColorType::Rgb } else { ColorType::Grayscale };
            let depth = if sixteen { BitDepth::Sixteen } else { BitDepth::Eight };
            prop_assert_eq!(found, (width, height, color, depth, big_endian));
        }
    }

    #[test]
    fn noise_is_stored() {
        let mut state = 1_u64;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as u8
        };
        let samples: Vec<u8> = (0..200 * 100).map(|_| noise()).collect();
        let params = PngParams { width: 200, height: 100, channels: 1, bits: 8 };
        let header = PngHeader::new(&samples, &params).unwrap();
        let packed = header.encode(&samples, DeflateCompression::FdeflateUltraFast).unwrap();
        assert!(encode(&samples, &params).unwrap().len() < packed.len());
    }

    #[test]
    fn parameters_that_do_not_fit_are_refused() {
        let params = PngParams { width: 3, height: 2, channels: 1, bits: 8 };
        for (wrong, says) in [
            (PngParams { width: 0, ..params }, "(0028,0011) Columns: found 0, expected 1 to 65535"),
            (PngParams { height: 65536, ..params }, "(0028,0010) Rows: found 65536, expected 1 to 65535"),
            (PngParams { channels: 4, ..params }, "(0028,0002) Samples per Pixel: found 4, expected 1 or 3"),
            (PngParams { bits: 12, ..params }, "(0028,0100) Bits Allocated: found 12, expected 8 or 16"),
            (PngParams { bits: 16, ..params }, "found 6 bytes, expected 12"),
        ] {
            assert_eq!(encode(&[0; 6], &wrong).unwrap_err().to_string(), says);
        }
    }
}
