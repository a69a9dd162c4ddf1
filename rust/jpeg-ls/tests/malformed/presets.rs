//! C.2.4.1.1: preset coding parameters.

use super::common::preset::Preset;
use super::common::segment;
use super::{check, decode, error, find, gray, insert};
use dicomet_jpeg_ls::{ErrorKind, Unsupported};

const LSE: u8 = 0xF8;

fn with(preset: Preset, near: u8) -> Vec<u8> {
    let mut stream = gray();
    stream.scans[0].near = near;
    let encoded = stream.encode().bytes;
    insert(&encoded, find(&encoded, 0xDA).0, &preset.segment())
}

#[test]
fn parameters_out_of_range_are_errors() {
    let preset = |maxval, thresholds, reset| Preset { maxval, thresholds, reset };
    for (preset, near, text) in [
        (preset(256, [0; 3], 0), 0, "MAXVAL"),
        (preset(65535, [0; 3], 0), 0, "MAXVAL"),
        (preset(0, [3, 7, 256], 0), 0, "T3"),
        (preset(100, [3, 7, 101], 0), 0, "T3"),
        (preset(0, [3, 2, 21], 0), 0, "T2"),
        (preset(0, [3, 7, 6], 0), 0, "T3"),
        (preset(0, [3, 7, 21], 0), 3, "T1"),
        (preset(0, [0; 3], 1), 0, "RESET"),
        (preset(0, [0; 3], 2), 0, "RESET"),
        (preset(0, [0; 3], 256), 0, "RESET"),
        (preset(5, [0; 3], 0), 3, "NEAR"),
    ] {
        let error = error(&with(preset, near));
        assert!(error.to_string().contains(text), "{preset:?}: {error}");
    }
}

#[test]
fn other_types_and_lengths_are_errors() {
    let stream = gray().encode().bytes;
    let (at, _) = find(&stream, 0xDA);
    for parameters in [&[][..], &[1], &[1, 0, 255, 0, 3, 0, 7, 0, 21, 0], &[1, 0, 255, 0, 3, 0, 7, 0, 21, 0, 64, 0]] {
        check(&error(&insert(&stream, at, &segment(LSE, parameters))), LSE, "segment length");
    }
    check(&error(&insert(&stream, at, &segment(LSE, &[0; 11]))), LSE, "LSE");
    for id in 5..=13 {
        let kind = error(&insert(&stream, at, &segment(LSE, &[id; 11]))).kind;
        assert_eq!(kind, ErrorKind::Unsupported(Unsupported::Extension(id)));
    }
}

/// The parameters apply to all scans after them.
#[test]
fn explicit_defaults_change_nothing() {
    let stream = gray().encode().bytes;
    let expected = decode(&stream).unwrap();
    for preset in [Preset::default(), Preset { maxval: 255, thresholds: [3, 7, 21], reset: 64 }] {
        for at in [2, find(&stream, 0xDA).0] {
            assert!(decode(&insert(&stream, at, &preset.segment())).unwrap() == expected);
        }
    }
    let other = Preset { reset: 63, ..Preset::default() };
    assert!(decode(&insert(&stream, 2, &other.segment())) != Ok(expected));
}
