//! RLE Lossless frames of single bits, and bytes after the last run.

use super::*;

#[test]
fn rle_bits_are_distinguished_by_length() {
    let attributes = Attributes {
        rows: 3,
        columns: 5,
        samples_per_pixel: 1,
        number_of_frames: 1,
        bits_allocated: 1,
        bits_stored: 1,
        high_bit: None,
        pixel_representation: 0,
        planar_configuration: 0,
        photometric_interpretation: "MONOCHROME2".into(),
        element: PixelElement::PixelData,
    };
    let case = Case { attributes, big: false, correct: true, seed: 3 };
    for plane in [case.native(), case.result()] {
        let mut out = [0xA5; 15];
        rle(&case.decoder(), &[&rle_frame(&[plane])], 0, &mut out).unwrap();
        assert_eq!(out[..], case.result());
    }
    let mut out = [0xA5; 15];
    let error = rle(&case.decoder(), &[&rle_frame(&[vec![1; 9]])], 7, &mut out).unwrap_err();
    assert_eq!((error.frame, error.segment), (Some(7), Some(0)));
}

#[test]
fn only_a_strict_decoder_refuses_bytes_after_a_plane() {
    let decoder = |strict| {
        Decoder::native(&color("RGB", 0, 8), ByteOrder::Little, false, true, Conversion::None)
            .unwrap()
            .with_output(OutputFormat { strict, ..OutputFormat::default() })
    };
    let planes = [vec![1; 4], vec![2; 4], vec![3; 4]];
    let with_rest = |rest: &[u8]| [&rle_frame(&planes)[..], rest].concat();
    let mut unused_offset = rle_frame(&planes);
    unused_offset[20] = 77;
    let mut out = [0; 12];
    for frame in [&[][..], &[0]].map(with_rest) {
        rle(&decoder(true), &[&frame], 0, &mut out).unwrap();
    }
    for (frame, warnings) in
        [(with_rest(&[0, 0]), 0), (with_rest(&[128]), 0), (with_rest(&[1, 5, 5]), 1), (unused_offset, 0)]
    {
        rle(&decoder(true), &[&frame], 0, &mut out).unwrap_err();
        assert_eq!(rle(&decoder(false), &[&frame], 0, &mut out).unwrap().len(), warnings);
    }
    let mut too_long = planes;
    too_long[2].push(3);
    rle(&decoder(true), &[&rle_frame(&too_long)], 0, &mut out).unwrap_err();
    assert_eq!(rle(&decoder(false), &[&rle_frame(&too_long)], 0, &mut out).unwrap().len(), 1);
}
