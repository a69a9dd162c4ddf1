//! Color conversion and subsampling, after the samples are placed.

use super::*;

#[test]
fn colors_are_converted_after_they_are_ordered() {
    let ybr = [[10, 20, 30], [40, 50, 60], [70, 80, 90], [100, 110, 120]];
    let rgb: Vec<u8> = ybr.into_iter().flat_map(color::ybr_to_rgb).collect();
    let planar: Vec<u8> = (0..3).flat_map(|sample| ybr.map(|pixel| pixel[sample])).collect();
    for (src, planar) in [(ybr.concat(), 0), (planar, 1)] {
        let decoder =
            Decoder::native(&color("YBR_FULL", planar, 8), ByteOrder::Little, false, true, Conversion::YbrToRgb)
                .unwrap();
        let mut out = [0xA5; 12];
        native(&decoder, &src, 0, &mut out).unwrap();
        assert_eq!(out[..], rgb);
    }
}

#[test]
fn subsampled_frames_are_expanded_and_converted() {
    let src = [10, 40, 20, 30, 70, 100, 80, 90];
    let full = [[10, 20, 30], [40, 20, 30], [70, 80, 90], [100, 80, 90]];
    let rgb: Vec<u8> = full.into_iter().flat_map(color::ybr_to_rgb).collect();
    for (conversion, expected) in [(Conversion::None, full.concat()), (Conversion::YbrToRgb, rgb)] {
        let decoder =
            Decoder::native(&color("YBR_FULL_422", 0, 8), ByteOrder::Little, false, true, conversion).unwrap();
        let mut out = [0xA5; 12];
        native(&decoder, &src, 0, &mut out).unwrap();
        assert_eq!(out[..], expected);
    }
}

#[test]
fn subsampled_frames_of_any_length() {
    for (columns, frames) in (2..60).step_by(2).zip([1, 2, 3].into_iter().cycle()) {
        let attributes = Attributes {
            rows: 1,
            columns,
            samples_per_pixel: 3,
            number_of_frames: frames,
            bits_allocated: 16,
            bits_stored: 16,
            high_bit: None,
            pixel_representation: 0,
            planar_configuration: 0,
            photometric_interpretation: "YBR_FULL_422".into(),
            element: PixelElement::PixelData,
        };
        let decoder =
            Decoder::native(&Image::new(&attributes).unwrap(), ByteOrder::NATIVE, false, true, Conversion::None)
                .unwrap();
        let src = noise((columns * frames) as usize * 4);
        let word = |index: usize| [src[2 * index], src[2 * index + 1]];
        let pixel = |index: usize| {
            let pair = index / 2 * 4;
            [word(pair + index % 2), word(pair + 2), word(pair + 3)].concat()
        };
        let expected: Vec<u8> = (0..(columns * frames) as usize).flat_map(pixel).collect();
        let mut out = vec![0xA5; expected.len()];
        native(&decoder, &src, 0, &mut out).unwrap();
        assert_eq!(out, expected);
    }
}

#[test]
fn colors_of_any_depth_and_order() {
    for (bits, width) in [(8, 1), (16, 2), (32, 4)] {
        let src = noise(4 * 3 * width);
        let mut expected = src.clone();
        color::convert_deep_ybr_to_rgb(&mut expected, width, bits, ByteOrder::NATIVE);
        for planar in [0, 1] {
            let stored = if planar == 1 {
                (0..3)
                    .flat_map(|sample| (0..4).flat_map(move |pixel| (0..width).map(move |i| (pixel, sample, i))))
                    .map(|(pixel, sample, i)| src[(pixel * 3 + sample) * width + i])
                    .collect()
            } else {
                src.clone()
            };
            for order in [ByteOrder::Little, ByteOrder::Big] {
                let mut value = stored.clone();
                if order != ByteOrder::NATIVE {
                    value.chunks_mut(width).for_each(<[u8]>::reverse);
                }
                let image = color("YBR_FULL", planar, i64::from(bits));
                let decoder = Decoder::native(&image, order, false, true, Conversion::YbrToRgb).unwrap();
                let mut out = vec![0xA5; src.len()];
                native(&decoder, &value, 0, &mut out).unwrap();
                assert_eq!(out, expected, "{bits} {planar} {order:?}");
            }
        }
    }
}

#[test]
fn conversions_that_are_not_defined() {
    let refused = |bits, conversion| {
        let decoder = Decoder::native(&color("RGB", 0, bits), ByteOrder::Little, false, true, conversion);
        matches!(decoder.map_err(|error| error.kind), Err(ErrorKind::Unsupported(_) | ErrorKind::Unconvertible))
    };
    let cases = [(8, [false; 3]), (16, [false, true, true]), (32, [false, true, true]), (64, [true; 3])];
    for (bits, expected) in cases {
        let all = [Conversion::YbrToRgb, Conversion::PartialYbrToRgb, Conversion::RgbToYbr];
        assert_eq!(all.map(|conversion| refused(bits, conversion)), expected, "{bits}");
    }
}

#[test]
fn planes_are_converted_like_pixels() {
    let planes: [Vec<u8>; 3] = [(0..4).map(|i| i * 60).collect(), vec![3, 90, 178, 250], vec![200, 78, 5, 128]];
    for conversion in [Conversion::YbrToRgb, Conversion::RgbToYbr] {
        let decoder = Decoder::native(&color("YBR_FULL", 0, 8), ByteOrder::Little, false, true, conversion).unwrap();
        let (mut pixels, mut converted) = ([0; 12], [0; 12]);
        rle(&decoder, &[&rle_frame(&planes)], 0, &mut pixels).unwrap();
        let decoder = decoder.with_output(OutputFormat { planar: true, ..OutputFormat::default() });
        rle(&decoder, &[&rle_frame(&planes)], 0, &mut converted).unwrap();
        let transposed: Vec<u8> = (0..3).flat_map(|sample| pixels.chunks(3).map(move |pixel| pixel[sample])).collect();
        assert_eq!(converted[..], transposed);
    }
}
