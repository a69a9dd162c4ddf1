//! Results do not depend on the number of threads, and an interruption stops them.

use super::*;

#[test]
fn many_frames_on_many_threads_give_the_same() {
    let case = Case {
        attributes: Attributes {
            rows: 64,
            columns: 300,
            samples_per_pixel: 3,
            number_of_frames: 1,
            bits_allocated: 16,
            bits_stored: 12,
            high_bit: None,
            pixel_representation: 1,
            planar_configuration: 0,
            photometric_interpretation: "RGB".into(),
            element: PixelElement::PixelData,
        },
        big: false,
        correct: true,
        seed: 5,
    };
    let plane = |frame, segment: u64| -> Vec<u8> {
        let byte = 1 - segment as usize % 2;
        (0..64 * 300).map(|pixel| case.sample(frame, pixel, segment / 2).to_le_bytes()[byte]).collect()
    };
    let frames: Vec<Vec<u8>> =
        (0..30).map(|frame| rle_frame(&(0..6).map(|segment| plane(frame, segment)).collect::<Vec<_>>())).collect();
    let mut frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    let frame_bytes = case.image().frame_bytes().unwrap();
    let (mut together, mut alone) = (vec![0xA5; 30 * frame_bytes], vec![0; 30 * frame_bytes]);
    rle(&case.decoder(), &frames, 0, &mut together).unwrap();
    for (frame, out) in frames.iter().zip(alone.chunks_exact_mut(frame_bytes)) {
        rle(&case.decoder(), &[frame], 0, out).unwrap();
    }
    assert!(together == alone);
    frames[17] = &frames[17][..200];
    frames[23] = &[];
    assert_eq!(rle(&case.decoder(), &frames, 100, &mut together).unwrap_err().frame, Some(117));
}

#[test]
fn an_interruption_ends_a_frame() {
    let image = large(16, 1, 200, 1);
    let decoder = Decoder::native(&image, ByteOrder::Little, false, true, Conversion::None).unwrap();
    let frame = rle_frame(&[noise(200_200), noise(200_200)]);
    let fragments = [Fragment { offset: 0, length: frame.len() as u64 }];
    let mut out = vec![0xA5; 400_400];
    let stopped = Parallelism { interrupted: &|| true, ..Parallelism::default() };
    let error = decode_rle(&decoder, &frame.as_slice(), |_| &fragments, 0, &mut out, &stopped).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Interrupted);
    assert!(out.iter().all(|byte| *byte == 0xA5));
}

/// An image large enough for several threads: `frames` of `rows` x 1001 pixels.
fn large(bits_allocated: i64, samples_per_pixel: i64, rows: i64, number_of_frames: i64) -> Image {
    let attributes = Attributes {
        rows,
        columns: 1001,
        samples_per_pixel,
        number_of_frames,
        bits_allocated,
        bits_stored: bits_allocated,
        high_bit: None,
        pixel_representation: 0,
        planar_configuration: i64::from(samples_per_pixel == 3),
        photometric_interpretation: if samples_per_pixel == 3 { "RGB" } else { "MONOCHROME2" }.into(),
        element: PixelElement::PixelData,
    };
    Image::new(&attributes).unwrap()
}

#[test]
fn large_images_on_many_threads_give_the_same() {
    // One frame in strips, and several frames at once.
    for (rows, frames) in [(3000, 1), (500, 9)] {
        let pixels = rows as usize * 1001;
        let image = large(8, 3, rows, frames);
        let decoder = Decoder::native(&image, ByteOrder::Little, false, true, Conversion::None).unwrap();
        let src = noise(pixels * 3 * frames as usize);
        let mut out = vec![0xA5; src.len()];
        native(&decoder, &src, 0, &mut out).unwrap();
        for (frame, out) in src.chunks(pixels * 3).zip(out.chunks(pixels * 3)) {
            assert!(out.chunks(3).enumerate().all(|(i, p)| p == [frame[i], frame[pixels + i], frame[2 * pixels + i]]));
        }

        // The second frame of single bits starts inside a byte.
        let image = large(1, 1, rows + 1, frames);
        let decoder = Decoder::native(&image, ByteOrder::Little, false, true, Conversion::None).unwrap();
        let pixels = pixels + 1001;
        let src = noise((pixels * (frames as usize + 1)).div_ceil(8));
        let mut out = vec![0xA5; pixels * frames as usize];
        native(&decoder, &src, 1, &mut out).unwrap();
        assert!(out.iter().enumerate().all(|(i, bit)| *bit == src[(i + pixels) / 8] >> ((i + pixels) % 8) & 1));
        // The error names the first missing frame.
        let error = native(&decoder, &src[..src.len() / 2], 1, &mut out).unwrap_err();
        assert_eq!(error.frame, Some((src.len() as u64 / 2 * 8 + 7) / pixels as u64));
    }
}
