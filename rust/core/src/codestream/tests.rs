use super::*;
use crate::image::{Attributes, PixelElement};
use crate::parallel::Parallelism;
use dicomet_jpeg::Unsupported as Process;
use proptest::prelude::*;

mod jpeg_2000_headers;
use jpeg_2000_headers::{boxed, jpeg_2000};

const JFIF: &[u8] = b"\xFF\xE0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0";

fn adobe(transform: u8) -> Vec<u8> {
    [b"\xFF\xEE\x00\x0EAdobe\0\x64\0\0\0\0".as_slice(), &[transform]].concat()
}

/// SOI, `segments` and a frame header of 2 x 64 pixels with `components`: identifier and sampling factors.
fn jpeg(segments: &[u8], marker: u8, rows: u16, components: &[[u8; 2]]) -> Vec<u8> {
    let count = components.len() as u8;
    let [r1, r0] = rows.to_be_bytes();
    let mut frame = [&[0xFF, 0xD8], segments, &[0xFF, marker, 0, 8 + 3 * count, 8, r1, r0, 0, 64, count]].concat();
    for &[id, sampling] in components {
        frame.extend([id, sampling, 0]);
    }
    frame
}

const GRAY: &[[u8; 2]] = &[[1, 0x11]];
const COLORS: &[[u8; 2]] = &[[1, 0x11], [2, 0x11], [3, 0x11]];

fn colors(frame: &[u8]) -> jpeg::Colors {
    match Codestream::read(frame).unwrap().details {
        Details::Jpeg(details) => details.colors,
        Details::JpegLs(details) => details.colors,
        details => panic!("{details:?}"),
    }
}

#[test]
fn jpeg_header_after_other_segments() {
    let frame =
        [&[0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2][..], &[0xFF, 0xFF, 0xC1, 0, 11, 12, 1, 0, 2, 3, 1, 1, 0x11, 0]].concat();
    let expected = Codestream {
        family: Family::Jpeg,
        rows: 256,
        columns: 515,
        components: vec![Component { id: 1, sampling: (1, 1), precision: 12, signed: false }],
        precision: 12,
        signed: false,
        details: Details::Jpeg(jpeg::Details::default()),
        unsupported: None,
        max_samples_per_byte: Some(3072),
    };
    assert_eq!(Codestream::read(&frame), Some(expected));
}

#[test]
fn components_of_a_frame_header() {
    let frame = jpeg(&[], 0xC0, 2, &[[b'R', 0x41], [0, 0x12], [255, 0x22]]);
    let header = Codestream::read(&frame).unwrap();
    let found: Vec<_> = header.components.iter().map(|component| (component.id, component.sampling)).collect();
    assert_eq!(found, [(82, (4, 1)), (0, (1, 2)), (255, (2, 2))]);
    assert!(header.is_subsampled());
    assert!(!Codestream::read(&jpeg(&[], 0xC0, 2, &[[1, 0x22]; 3])).unwrap().is_subsampled());
    // A header that ends before its components is not a header.
    for length in 0..frame.len() {
        assert_eq!(Codestream::read(&frame[..length]), None, "{length}");
    }
}

#[test]
fn color_statements_of_jpeg() {
    for (marker, lossless) in [(0xC0, false), (0xC1, false), (0xC2, false), (0xC3, true), (0xF7, false)] {
        for jfif in [false, true] {
            for adobe_transform in [None, Some(0), Some(1), Some(2), Some(255)] {
                for hp_transform in [None, Some(0), Some(3)] {
                    let mut segments = if jfif { JFIF.to_vec() } else { Vec::new() };
                    segments.extend(adobe_transform.map(adobe).unwrap_or_default());
                    segments.extend(hp_transform.map_or_else(Vec::new, |t| [b"\xFF\xE8\0\x07mrfx", &[t][..]].concat()));
                    let expected = jpeg::Colors { jfif, adobe_transform, hp_transform };
                    let frame = jpeg(&segments, marker, 2, COLORS);
                    assert_eq!(colors(&frame), expected);
                    let details = Codestream::read(&frame).unwrap().details;
                    assert_eq!(lossless, matches!(details, Details::Jpeg(details) if details.lossless));
                    // The same between frame header and scan header; segments after the scan header are ignored.
                    let [mut before_scan, mut after_scan] = [(); 2].map(|()| jpeg(&[], marker, 2, COLORS));
                    before_scan.extend(&segments);
                    assert_eq!(colors(&before_scan), expected);
                    after_scan.extend([0xFF, 0xDA, 0, 2]);
                    after_scan.extend(&segments);
                    assert_eq!(colors(&after_scan), jpeg::Colors::default());
                }
            }
        }
    }
}

#[test]
fn short_application_segments_state_nothing() {
    for whole in [JFIF.to_vec(), adobe(1), b"\xFF\xE8\0\x07mrfx\x01".to_vec()] {
        for length in 4..whole.len() {
            let mut short = whole[..length].to_vec();
            short[3] = (length - 2) as u8;
            assert_eq!(colors(&jpeg(&short, 0xC0, 2, COLORS)), jpeg::Colors::default(), "{short:?}");
        }
        assert_ne!(colors(&jpeg(&whole, 0xC0, 2, COLORS)), jpeg::Colors::default());
    }
    let other = b"\xFF\xE0\x00\x10JFXX\0\x01\x01\0\0\x01\0\x01\0\0";
    assert_eq!(colors(&jpeg(other, 0xC0, 2, COLORS)), jpeg::Colors::default());
}

#[test]
fn neutral_colors() {
    let scan = b"\xFF\xDA\0\x02\x11\xFF\0\x22\xFF\xD9".as_slice();
    let comment = b"\xFF\xFE\0\x04ab".as_slice();
    let neutral = |segments: &[&[u8]], marker| {
        let frame = [&jpeg(&segments.concat(), marker, 2, COLORS)[..], scan].concat();
        jpeg::with_neutral_colors(&frame).unwrap().unwrap()
    };
    for marker in [0xC0, 0xC3, 0xF7] {
        let adobe_0 = if marker == 0xF7 { Vec::new() } else { adobe(0) };
        let expected = [&jpeg(&[&adobe_0, comment].concat(), marker, 2, COLORS)[..], scan].concat();
        for segments in
            [&[comment][..], &[JFIF, comment], &[comment, &adobe(1)], &[JFIF, &adobe(1), comment, &adobe(0)]]
        {
            assert_eq!(neutral(segments, marker), expected);
        }
    }
    assert_eq!(jpeg::with_neutral_colors(&jpeg_2000([8, 8, 0, 0], &[[7, 1, 1]; 3], 0, 1, None)), Ok(None));
    assert_eq!(jpeg::with_neutral_colors(&[0xFF, 0xD8, 0xFF, 0xD9]), Ok(None));
}

fn attributes(rows: i64, samples_per_pixel: i64) -> Attributes {
    Attributes {
        rows,
        columns: 64,
        samples_per_pixel,
        number_of_frames: 1,
        bits_allocated: 16,
        bits_stored: 8,
        high_bit: None,
        pixel_representation: 0,
        planar_configuration: 0,
        photometric_interpretation: if samples_per_pixel == 1 { "MONOCHROME2" } else { "RGB" }.to_owned(),
        element: PixelElement::PixelData,
    }
}

#[test]
fn a_large_image_in_few_bytes() {
    for (marker, most) in [(0xC0, Some(48 * 17)), (0xC2, Some(48 * 17)), (0xC3, Some(17)), (0xF7, None)] {
        let check = |rows: u16| {
            let family = if marker == 0xF7 { Family::JpegLs } else { Family::Jpeg };
            let frame = jpeg(&[], marker, rows, GRAY);
            assert_eq!(frame.len(), 15);
            let image = Image::new(&attributes(i64::from(rows), 1)).unwrap();
            Codestream::check(&[&frame[..], &[0, 0]].concat(), family, &image)
        };
        assert!(check(most.unwrap_or(65535)).is_ok());
        if let Some(most) = most {
            let expected = (u64::from(most) + 1) * 64;
            assert_eq!(check(most + 1), Err(Error::pixel_data(ErrorKind::Implausible { found: 17, expected })));
        }
    }
}

#[test]
fn only_the_codestreams_of_the_transfer_syntax() {
    let image = Image::new(&attributes(2, 1)).unwrap();
    let all = [Family::Jpeg, Family::JpegLs, Family::Jpeg2000];
    for (marker, found) in [(0xC1, all[0]), (0xC5, all[0]), (0xC9, all[0]), (0xCF, all[0]), (0xF7, all[1])] {
        let frame = jpeg(&[], marker, 2, GRAY);
        for expected in all {
            let checked = Codestream::check(&frame, expected, &image).map(|codestream| codestream.family);
            let wrong = Error::pixel_data(ErrorKind::Family { found: found.name(), expected: expected.name() });
            assert_eq!(checked, if found == expected { Ok(found) } else { Err(wrong) });
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_not(jpeg: bool, bytes in prop::collection::vec(prop_oneof![Just(0xFFu8), any::<u8>()], 0..80)) {
        let start: &[u8] = if jpeg { &[0xFF, 0xD8] } else { &[0xFF, 0x4F, 0xFF, 0x51] };
        let frame = [start, &bytes].concat();
        let _ = Codestream::read(&frame);
        let _ = jpeg::with_neutral_colors(&frame);
    }

    #[test]
    fn a_damaged_header_is_read_or_not(at in 0..200usize, byte: u8, cut in 0..200usize) {
        let boxes = [boxed(*b"jP  ", &[]), boxed(*b"jp2h", &boxed(*b"colr", &[1, 0, 0, 0, 0, 0, 16]))].concat();
        let mut frame = [boxes, jpeg_2000([8, 8, 0, 0], &[[7, 1, 1]; 3], 1, 1, Some(0))].concat();
        let at = at % frame.len();
        frame[at] = byte;
        frame.truncate(cut);
        let _ = Codestream::read(&frame);
    }
}

#[test]
fn processes_that_are_not_decoded_have_names() {
    let unsupported = |frame: &[u8]| Codestream::read(frame).unwrap().unsupported;
    for (marker, what) in [
        (0xC0, None),
        (0xC3, None),
        (0xC5, Some(Unsupported::Jpeg(Process::Hierarchical))),
        (0xC9, Some(Unsupported::Jpeg(Process::Arithmetic))),
        (0xCB, Some(Unsupported::Jpeg(Process::Arithmetic))),
        (0xCE, Some(Unsupported::Jpeg(Process::Arithmetic))),
        (0xF7, None),
    ] {
        assert_eq!(unsupported(&jpeg(&[], marker, 2, GRAY)), what, "{marker:X}");
    }
    // The size of a hierarchical image is in DHP.
    let dhp = [0xFF, 0xDE, 0, 11, 8, 0, 4, 0, 128, 1, 1, 0x11, 0];
    let header = Codestream::read(&jpeg(&dhp, 0xC0, 2, GRAY)).unwrap();
    assert_eq!(
        (header.rows, header.columns, header.unsupported),
        (4, 128, Some(Unsupported::Jpeg(Process::Hierarchical)))
    );
}

/// A file that counts the bytes that are read.
struct Counted<'a>(&'a [u8], std::sync::atomic::AtomicUsize);

impl Source for Counted<'_> {
    type Error = Error;

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.1.fetch_add(buffer.len(), std::sync::atomic::Ordering::Relaxed);
        self.0.read_at(offset, buffer)
    }
}

#[test]
fn only_the_beginning_of_a_long_frame_is_read() {
    let image = Image::new(&attributes(2, 1)).unwrap();
    let scan = [&[0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0][..], &[0x55; 4000]].concat();
    let comment = |bytes: u8| [&[0xFF, 0xFE, 0, bytes + 2][..], &vec![7; usize::from(bytes)]].concat();
    for (segments, long) in [(vec![], false), (comment(3), false), (comment(4), true), (comment(200), true)] {
        let frame = [jpeg(&segments, 0xC0, 2, GRAY), scan.clone()].concat();
        let parts = [(0, 3), (3, 0), (3, frame.len() as u64 - 3)];
        let fragments = parts.map(|(offset, length)| Fragment { offset, length });
        let (file, parallelism) = (Counted(&frame, 0.into()), Parallelism::of(1));
        let cancel = &mut CancelCheck::new(&parallelism);
        let header = Codestream::check_fragments(&file, &fragments, Family::Jpeg, &image, cancel);
        assert_eq!(header, Codestream::check(&frame, Family::Jpeg, &image));
        assert!(header.is_ok());
        let read = file.1.into_inner() as u64;
        assert_eq!(read, BEGINNING_BYTES + if long { frame.len() as u64 } else { 0 }, "{}", segments.len());
    }
    // Without a header the error is that of the whole frame.
    for frame in [vec![], vec![0xFF, 0xD8], vec![0; 5000], jpeg(&[], 0xC0, 0, GRAY)] {
        let fragments = [Fragment { offset: 0, length: frame.len() as u64 }];
        let (file, parallelism) = (Counted(&frame, 0.into()), Parallelism::of(1));
        let cancel = &mut CancelCheck::new(&parallelism);
        let header = Codestream::check_fragments(&file, &fragments, Family::Jpeg, &image, cancel);
        assert_eq!(header, Codestream::check(&frame, Family::Jpeg, &image));
        assert!(header.is_err());
    }
}
