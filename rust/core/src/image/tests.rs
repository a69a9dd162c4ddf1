use super::*;
use crate::tag::{BITS_ALLOCATED, BITS_STORED, PIXEL_REPRESENTATION};

fn attributes() -> Attributes {
    Attributes {
        rows: 3,
        columns: 4,
        samples_per_pixel: 1,
        number_of_frames: 2,
        bits_allocated: 16,
        bits_stored: 12,
        high_bit: Some(11),
        pixel_representation: 1,
        planar_configuration: 0,
        photometric_interpretation: "MONOCHROME2".into(),
        element: PixelElement::PixelData,
    }
}

#[test]
fn arithmetic_of_a_plain_image() {
    let image = Image::new(&attributes()).unwrap();
    assert_eq!((image.frame_pixels(), image.frame_bytes().unwrap()), (12, 24));
    assert_eq!(image.native_frame_range(1).unwrap(), (192, 384));
    assert_eq!(image.count_native_frames(48).unwrap(), 2);
    assert_eq!(image.count_native_frames(72).unwrap(), 3);
    assert!(image.warning().is_none());
}

#[test]
fn every_attribute_is_checked() {
    type Spoil = fn(&mut Attributes);
    let wrong: [(Tag, Spoil); 11] = [
        (ROWS, |a| a.rows = 0),
        (COLUMNS, |a| a.columns = 65536),
        (SAMPLES_PER_PIXEL, |a| a.samples_per_pixel = 4),
        (NUMBER_OF_FRAMES, |a| a.number_of_frames = -1),
        (BITS_ALLOCATED, |a| a.bits_allocated = 24),
        (BITS_STORED, |a| a.bits_stored = 0),
        (BITS_STORED, |a| a.bits_stored = 17),
        (HIGH_BIT, |a| a.high_bit = Some(16)),
        (PIXEL_REPRESENTATION, |a| a.pixel_representation = 2),
        (PHOTOMETRIC_INTERPRETATION, |a| a.photometric_interpretation = "RGB".into()),
        (PHOTOMETRIC_INTERPRETATION, |a| a.photometric_interpretation = String::new()),
    ];
    for (element, spoil) in wrong {
        let mut attributes = attributes();
        spoil(&mut attributes);
        assert_eq!(Image::new(&attributes).unwrap_err().element, Some(element));
    }
}

#[test]
fn odd_high_bit_is_reported() {
    let attributes = Attributes { high_bit: Some(15), ..attributes() };
    assert_eq!(Image::new(&attributes).unwrap().warning().unwrap().element, Some(HIGH_BIT));
}

#[test]
fn subsampled_frames_are_two_thirds() {
    let mut attributes = Attributes {
        samples_per_pixel: 3,
        bits_allocated: 8,
        bits_stored: 8,
        high_bit: Some(7),
        pixel_representation: 0,
        photometric_interpretation: "YBR_FULL_422".into(),
        ..attributes()
    };
    let image = Image::new(&attributes).unwrap();
    assert_eq!(image.native_frame_bits().unwrap(), 3 * 4 * 2 * 8);
    assert!(matches!(image.count_native_frames(72).unwrap_err().kind, ErrorKind::NotSubsampled { .. }));
    attributes.columns = 3;
    assert_eq!(Image::new(&attributes).unwrap().native_frame_bits().unwrap_err().element, Some(COLUMNS));
}

#[test]
fn the_largest_description_does_not_overflow() {
    let attributes = Attributes {
        rows: 65535,
        columns: 65535,
        samples_per_pixel: 3,
        number_of_frames: i64::from(i32::MAX),
        bits_allocated: 64,
        bits_stored: 64,
        high_bit: None,
        photometric_interpretation: "RGB".into(),
        ..attributes()
    };
    let image = Image::new(&attributes).unwrap();
    assert!(image.count_native_frames(1 << 40).is_err());
    assert!(image.result_bytes(image.number_of_frames()).is_err());
}
