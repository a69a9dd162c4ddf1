//! Codestreams of JPEG 2000, compared with the planes of `dicomet-jpeg-2000`.

use super::*;
use crate::codestream::Codestream;
use crate::codestream::jpeg_2000_writer::{PACKET, TilePart, Writer};
use crate::image::{Attributes, PixelElement};
use dicomet_jpeg_2000 as codec;

fn image_of(header: &Codestream, bits_allocated: u8) -> Image {
    Image::new(&Attributes {
        rows: header.rows.into(),
        columns: header.columns.into(),
        samples_per_pixel: header.components.len() as i64,
        number_of_frames: 1,
        bits_allocated: bits_allocated.into(),
        bits_stored: bits_allocated.into(),
        high_bit: None,
        pixel_representation: header.signed.into(),
        planar_configuration: 0,
        photometric_interpretation: if header.components.len() == 3 { "RGB" } else { "MONOCHROME2" }.to_owned(),
        element: PixelElement::PixelData,
    })
    .unwrap()
}

/// Decodes a frame to words of as many bits as its precision needs.
fn decoded(frame: &[u8], output: OutputFormat, workers: usize) -> Result<(Vec<u8>, Warnings)> {
    let header = Codestream::read(frame).unwrap();
    let bits = header.precision.next_power_of_two().max(8);
    let image = header.reduced(&image_of(&header, bits), output.reduce.into())?;
    let decoder = Decoder::for_codec_output(&image, bits, false, None, Conversion::None, header.precision)?;
    let decoder = decoder.with_output(output);
    let mut out = vec![0; image.frame_bytes()?];
    let warnings = decoder.codestream_frame(&header, frame, &mut out, &Parallelism::of(workers))?;
    Ok((out, warnings))
}

/// The samples of all planes at full size, in native words.
fn expected(frame: &[u8], options: codec::Options<'_>) -> Vec<u8> {
    let decoder = codec::Decoder::with_options(frame, options).unwrap();
    let (planes, _) = decoder.decode_planes::<i64>(&mut codec::Context::new()).unwrap();
    let info = decoder.info();
    let width = info.sample_bits() as usize / 8;
    let (rows, columns) = (planes.iter().map(|plane| plane.height).max(), planes.iter().map(|plane| plane.width).max());
    let mut words = Vec::new();
    for (row, column) in (0..rows.unwrap()).flat_map(|row| (0..columns.unwrap()).map(move |column| (row, column))) {
        for (plane, component) in planes.iter().zip(&info.components) {
            let least = |separation: fn(&codec::Component) -> u8| info.components.iter().map(separation).min().unwrap();
            let (x, y) =
                (component.dx / least(|component| component.dx), component.dy / least(|component| component.dy));
            let (row, column) =
                ((row / u32::from(y)).min(plane.height - 1), (column / u32::from(x)).min(plane.width - 1));
            let sample = plane.samples[(row * plane.width + column) as usize];
            words.extend(match width {
                1 => (sample as u8).to_ne_bytes().to_vec(),
                2 => (sample as u16).to_ne_bytes().to_vec(),
                4 => (sample as u32).to_ne_bytes().to_vec(),
                _ => (sample as u64).to_ne_bytes().to_vec(),
            });
        }
    }
    words
}

#[test]
fn samples_of_all_precisions_and_sizes() {
    let components = [
        vec![[7, 1, 1]],
        vec![[0x8B, 1, 1]],
        vec![[15, 2, 2]],
        vec![[16, 1, 1]],
        vec![[0x93, 1, 1]],
        vec![[37, 1, 1]],
        vec![[7, 1, 1]; 3],
        vec![[7, 1, 1], [7, 2, 1], [7, 2, 2]],
        vec![[11, 2, 2], [11, 4, 2], [11, 4, 4]],
        vec![[31, 1, 1], [31, 3, 1], [31, 4, 1]],
    ];
    for (components, wavelet, levels) in
        components.iter().flat_map(|found| [(found, 1, 0), (found, 1, 2), (found, 0, 1)])
    {
        let writer = Writer {
            size: [23, 19, 0, 0],
            tile_columns: 23,
            components: components.clone(),
            wavelet,
            levels,
            transform: 0,
        };
        let frame = writer.write_tile();
        for reduce in 0..=levels {
            let options = codec::Options { reduce, ..codec::Options::default() };
            let output = OutputFormat { reduce, ..OutputFormat::default() };
            let samples = expected(&frame, options);
            assert!(levels > 0 || samples.iter().any(|byte| *byte != samples[0]), "{writer:?}");
            for workers in [1, 3] {
                assert_eq!(decoded(&frame, output, workers).unwrap().0, samples, "{writer:?}, {reduce}");
            }
        }
        let output = OutputFormat { reduce: levels + 1, ..OutputFormat::default() };
        let kind = ErrorKind::ResolutionLevels { found: i64::from(levels) + 1, expected: levels.into() };
        assert_eq!(decoded(&frame, output, 1).unwrap_err().kind, kind);
    }
}

/// 15444-1 B.2: the sample at a point of the reference grid, or the one before it.
#[test]
fn samples_of_images_with_an_offset_are_repeated() {
    let components = vec![[7, 1, 1], [7, 2, 1], [7, 4, 1]];
    let writer = Writer { size: [23, 8, 5, 0], tile_columns: 23, components, ..Writer::default() };
    let frame = writer.write_tile();
    let (found, _) = decoded(&frame, OutputFormat::default(), 1).unwrap();
    let decoder = codec::Decoder::new(&frame).unwrap();
    let (planes, _) = decoder.decode_planes::<i32>(&mut codec::Context::new()).unwrap();
    for (place, pixel) in found.chunks(3).enumerate() {
        let (row, point) = (place / 18, 5 + place % 18);
        for ((plane, separation), sample) in planes.iter().zip([1, 2, 4]).zip(pixel) {
            let column = (point / separation).saturating_sub(5usize.div_ceil(separation)).min(plane.width as usize - 1);
            assert_eq!(plane.samples[row * plane.width as usize + column], i32::from(*sample), "{place}");
        }
    }
}

#[test]
fn what_is_there_of_a_cut_codestream_if_the_caller_permits() {
    let writer = Writer { levels: 1, ..Writer::default() };
    let length = Some(14 + PACKET.len() as u32 + 9);
    let part = |packets| TilePart { tile: 0, length, count: 1, header: &[], packets };
    let cut = writer.write(&[part(&PACKET)]);
    let error = decoded(&cut, OutputFormat::default(), 1).unwrap_err();
    assert!(error.to_string().contains("tile 0, component 0, resolution 1: `packets`"), "{error}");
    let output = OutputFormat { on_truncation: OnTruncation::Decode, ..OutputFormat::default() };
    let (samples, warnings) = decoded(&cut, output, 1).unwrap();
    let options = codec::Options { on_truncation: OnTruncation::Decode, ..codec::Options::default() };
    assert_eq!(samples, expected(&cut, options));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].to_string().contains("tile 0: found no data of component 0 from resolution 1"),
        "{}",
        warnings[0]
    );
}

#[test]
fn decoding_can_be_interrupted() {
    let stopped = Parallelism { interrupted: &|| true, ..Parallelism::of(1) };
    let frame = Writer::default().write_tile();
    let header = Codestream::read(&frame).unwrap();
    let image = image_of(&header, 8);
    let decoder = Decoder::for_codec_output(&image, 8, false, None, Conversion::None, 8).unwrap();
    let error = decoder.codestream_frame(&header, &frame, &mut [0; 64], &stopped).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Interrupted);
}
