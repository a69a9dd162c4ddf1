use super::*;
use crate::codestream::jpeg_2000_writer::{PACKET, TilePart, Writer as CodestreamWriter};
use crate::error::{CodecError, CodecWarning, Unsupported};
use dicomet_jpeg::Warning;
use dicomet_jpeg_2000 as jpeg_2000;
use proptest::prelude::*;

/// A scan's bits, with stuffed bytes, and ones as padding.
#[derive(Default)]
struct Writer {
    bits: Vec<bool>,
    bytes: Vec<u8>,
}

impl Writer {
    fn put(&mut self, value: u32, count: u32) {
        self.bits.extend((0..count).rev().map(|place| value >> place & 1 == 1));
    }

    fn flush(&mut self) {
        for bits in std::mem::take(&mut self.bits).chunks(8) {
            let byte = (0..8).fold(0, |byte, place| byte << 1 | u8::from(*bits.get(place).unwrap_or(&true)));
            self.bytes.push(byte);
            if byte == 0xFF {
                self.bytes.push(0);
            }
        }
    }

    fn restart(&mut self, number: usize) {
        self.flush();
        self.bytes.extend([0xFF, 0xD0 + (number % 8) as u8]);
    }
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u16 + 2).to_be_bytes();
    [&[0xFF, marker][..], &length, content].concat()
}

/// Lossless JPEG of one column for each row of categories; category n has the code n in 5 bits.
fn lossless(categories: &[u8], restart_interval: u16) -> Vec<u8> {
    let [r1, r0] = (categories.len() as u16).to_be_bytes();
    let counts = [0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let symbols: Vec<u8> = (0..17).collect();
    let mut writer = Writer::default();
    for (number, &category) in categories.iter().enumerate() {
        let interval = usize::from(restart_interval);
        if interval > 0 && number > 0 && number % interval == 0 {
            writer.restart(number / interval - 1);
        }
        writer.put(category.into(), 5);
        writer.put(0x5A5A, if category < 16 { category.into() } else { 0 });
    }
    writer.flush();
    let mut frame = vec![0xFF, 0xD8];
    frame.extend(segment(0xC3, &[16, r1, r0, 0, 1, 1, 7, 0x11, 0]));
    frame.extend(segment(0xC4, &[&[0][..], &counts, &symbols].concat()));
    frame.extend(segment(0xDD, &restart_interval.to_be_bytes()));
    frame.extend(segment(0xDA, &[1, 7, 0, 1, 0, 0]));
    frame.extend(writer.bytes);
    frame.extend(END);
    frame
}

/// A codestream of `tiles` tiles, from tile-parts `(tile, Psot if it is not the length, number of tile-parts, packets)`.
fn jpeg_2000(tiles: u32, parts: &[(u16, Option<u32>, u8, &[u8])]) -> Vec<u8> {
    let part = |&(tile, length, count, packets)| TilePart { tile, length, count, header: &[], packets };
    let parts: Vec<_> = parts.iter().map(part).collect();
    CodestreamWriter { size: [8 * tiles, 8, 0, 0], ..CodestreamWriter::default() }.write(&parts)
}

fn check(frame: &[u8], family: Family) -> Result<CompleteCodestream> {
    super::check(frame, family, &Parallelism::of(1))
}

fn kind(frame: &[u8], family: Family) -> ErrorKind {
    check(frame, family).unwrap_err().kind
}

proptest! {
    #[test]
    fn lossless_streams_are_whole_or_cut(categories in prop::collection::vec(0u8..17, 1..40), interval in 0u16..9) {
        let frame = lossless(&categories, interval);
        let whole = check(&frame, Family::Jpeg).unwrap();
        prop_assert!(whole.ended && whole.warnings.is_empty() && whole.end == frame.len() - 2);
        prop_assert_eq!(whole.repaired(&frame).unwrap(), None);
        for cut in 2..frame.len() - 2 {
            let ended = [&frame[..cut], &END].concat();
            prop_assert!(check(&ended, Family::Jpeg).is_err(), "{}", cut);
            prop_assert!(check(&frame[..cut], Family::Jpeg).is_err(), "{}", cut);
            prop_assert!(check(&[&frame[..cut], &[0]].concat(), Family::Jpeg).is_err(), "{}", cut);
        }
        let longer = [&frame[..frame.len() - 2], &[0, 0xFF, 0, 1][..], &END].concat();
        let warnings = check(&longer, Family::Jpeg).unwrap().warnings;
        prop_assert!(matches!(warnings[..], [ErrorKind::Deviation(CodecWarning::Jpeg(Warning::ExcessData { .. }))]), "{:?}", warnings);
    }

    #[test]
    fn any_bytes_are_whole_or_not(start in 0usize..3, cut in 0usize..200, bytes in prop::collection::vec(prop_oneof![Just(0xFFu8), Just(0u8), any::<u8>()], 0..80)) {
        let start_bytes = [lossless(&[3; 9], 2), jpeg_2000(1, &[(0, None, 1, &PACKET)]), vec![0xFF, 0xD8]];
        let start_bytes = &start_bytes[start][..cut.min(start_bytes[start].len())];
        let frame = [start_bytes, &bytes].concat();
        for family in [Family::Jpeg, Family::JpegLs, Family::Jpeg2000] {
            if let Ok(whole) = check(&frame, family) {
                prop_assert!(whole.end <= frame.len());
                let repaired = whole.repaired(&frame).unwrap();
                prop_assert!(repaired.is_none_or(|frame| frame.ends_with(&END)));
            }
        }
    }
}

#[test]
fn an_end_marker_is_put_in_place() {
    let frame = lossless(&[5, 6, 7], 0);
    let cut = &frame[..frame.len() - 2];
    for padding in [&[][..], &[0], &[0; 9], &[0xFF], &[0xFF, 0xFF]] {
        let padded = [cut, padding].concat();
        let whole = check(&padded, Family::Jpeg).unwrap();
        assert_eq!(whole, CompleteCodestream { end: cut.len(), ended: false, warnings: vec![ErrorKind::NoEndMarker] });
        assert_eq!(whole.repaired(&padded).unwrap(), Some(frame.clone()));
    }
    let trailing = [&frame[..], &[0, 0, 9, 0]].concat();
    assert_eq!(check(&trailing, Family::Jpeg).unwrap().warnings, [ErrorKind::TrailingBytes { bytes: 4 }]);
}

#[test]
fn restart_markers_in_their_order() {
    let frame = lossless(&[4; 20], 3);
    let second = frame.windows(2).position(|bytes| bytes == [0xFF, 0xD1]).unwrap();
    for other in [0xD0, 0xD2, 0xD7] {
        let mut damaged = frame.clone();
        damaged[second + 1] = other;
        let error = check(&damaged, Family::Jpeg).unwrap_err();
        assert_eq!(error.offset, Some(second as u64));
        assert!(error.to_string().contains("expected RST1"), "{error}");
    }
    let missing = [&frame[..second], &frame[second + 2..]].concat();
    assert!(check(&missing, Family::Jpeg).is_err());
}

#[test]
fn parts_of_tiles() {
    let whole = [
        jpeg_2000(1, &[(0, None, 1, &PACKET)]),
        jpeg_2000(1, &[(0, Some(0), 0, &PACKET)]),
        jpeg_2000(2, &[(1, None, 2, &[]), (0, None, 0, &PACKET), (1, None, 0, &PACKET)]),
    ];
    for frame in &whole {
        let checked = check(frame, Family::Jpeg2000).unwrap();
        assert!(checked.ended && checked.warnings.is_empty());
        for cut in 0..frame.len() - 2 {
            assert!(check(&frame[..cut], Family::Jpeg2000).is_err(), "{cut}");
        }
    }
    let frame = &whole[0];
    for cut in 0..frame.len() - 2 {
        assert!(check(&[&frame[..cut], &END].concat(), Family::Jpeg2000).is_err(), "{cut}");
    }
    let without_end = &frame[..frame.len() - 2];
    assert_eq!(check(without_end, Family::Jpeg2000).unwrap().repaired(without_end).unwrap().as_ref(), Some(frame));
    let lost = jpeg_2000(2, &[(0, None, 1, &PACKET)]);
    assert!(matches!(codec_error(&lost), CodecError::Jpeg2000(jpeg_2000::ErrorKind::TileMissing)));
    let longer = [&PACKET[..], &[9]].concat();
    let deviations = [
        (jpeg_2000(1, &[(0, Some(60), 1, &PACKET)]), 0),
        (jpeg_2000(1, &[(0, None, 1, &longer)]), 1),
        (jpeg_2000(1, &[(0, None, 2, &PACKET)]), 0),
    ];
    for (frame, count) in deviations {
        let checked = check(&frame, Family::Jpeg2000).unwrap();
        assert_eq!((checked.end, checked.ended, checked.warnings.len()), (frame.len() - 2, true, count));
    }
}

fn codec_error(frame: &[u8]) -> CodecError {
    match kind(frame, Family::Jpeg2000) {
        ErrorKind::Codec { kind, .. } => *kind,
        other => panic!("{other}"),
    }
}

#[test]
fn components_of_jpeg_ls() {
    let scan = |component| [segment(0xDA, &[1, component, 0, 0, 0, 0]), vec![0x12, 0x34]].concat();
    let start = [vec![0xFF, 0xD8], segment(0xF7, &[8, 0, 1, 0, 1, 2, 1, 0x11, 0, 2, 0x11, 0])].concat();
    let frame = [start.clone(), scan(1), scan(2), END.to_vec()].concat();
    assert!(check(&frame, Family::JpegLs).unwrap().ended);
    let half = [start.clone(), scan(1), END.to_vec()].concat();
    let not_coded = CodecError::JpegLs(dicomet_jpeg_ls::ErrorKind::NotCoded { component: 1 });
    assert_eq!(kind(&half, Family::JpegLs), ErrorKind::Codec { place: String::new(), kind: Box::new(not_coded) });
    // With a point transform, which is not decoded.
    let scan = |component| [segment(0xDA, &[1, component, 0, 0, 0, 1]), vec![0x12, 0x34]].concat();
    let whole = check(&[start.clone(), scan(1), scan(2), END.to_vec()].concat(), Family::JpegLs).unwrap();
    assert!(whole.ended && matches!(whole.warnings[..], [ErrorKind::Unchecked(Unsupported::JpegLs(_))]));
    let half = [start, scan(1), END.to_vec()].concat();
    assert_eq!(kind(&half, Family::JpegLs), ErrorKind::Components { found: 1, expected: 2 });
}

#[test]
fn only_the_end_marker_of_a_process_that_is_not_decoded() {
    for marker in [0xC9, 0xCB, 0xC5] {
        let mut frame = lossless(&[4; 9], 3);
        frame[3] = marker;
        let whole = check(&frame, Family::Jpeg).unwrap();
        assert_eq!((whole.end, whole.ended), (frame.len() - 2, true));
        assert!(matches!(whole.warnings[..], [ErrorKind::Unchecked(_)]));
        assert!(check(&[&frame[..], &[0]].concat(), Family::Jpeg).unwrap().ended);
        let cut = &frame[..frame.len() - 2];
        for padding in [&[][..], &[0], &[0xFF]] {
            let error = check(&[cut, padding].concat(), Family::Jpeg).unwrap_err();
            assert!(error.to_string().contains("before the end marker"), "{error}");
        }
    }
}

#[test]
fn decoding_can_be_interrupted() {
    let stopped = Parallelism { interrupted: &|| true, ..Parallelism::of(1) };
    let error = super::check(&lossless(&[4; 9], 3), Family::Jpeg, &stopped).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Interrupted);
}
