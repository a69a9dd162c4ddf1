//! The streams of ITU-T T.87, and odd and malformed ones of the `CharLS` project.
//!
//! They are in the folder `conformance/jpeg-ls` of the folder that the environment variable `DICOMET_TEST_DATA` names, by
//! default `../shared/data` beside the repository. Tests pass without any check if it does not exist.

#![allow(clippy::unwrap_used, clippy::cast_possible_wrap, reason = "a test that fails")]

mod common;
mod decoding;

use common::preset::Preset;
use common::scan::Interleave;
use common::stream::{Component, Stream};
use common::{Grid, interleave};
use decoding::{assert_within, busy, decode};
use dicomet_jpeg_ls::{ErrorKind, Warning};
use std::fs;
use std::path::{Path, PathBuf};

/// The folder, or a message that says why the test is skipped.
fn folder(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("DICOMET_TEST_DATA").map_or(root, PathBuf::from);
    let folder = root.join("conformance/jpeg-ls").join(name);
    let exists = folder.is_dir();
    if !exists {
        eprintln!("skipped: {} does not exist", folder.display());
    }
    exists.then_some(folder)
}

/// The planes of a PGM or PPM file.
fn planes(path: &Path) -> Vec<Grid> {
    let data = fs::read(path).unwrap();
    let (mut at, mut words) = (0, Vec::new());
    while words.len() < 4 {
        let end = at + data[at..].iter().position(u8::is_ascii_whitespace).unwrap();
        match &data[at..end] {
            [] => at += 1,
            [b'#', ..] => at += data[at..].iter().position(|byte| *byte == b'\n').unwrap(),
            word => {
                words.push(String::from_utf8(word.to_vec()).unwrap());
                at = end;
            }
        }
    }
    let [width, height, maxval] = [1, 2, 3].map(|index| words[index].parse::<usize>().unwrap());
    let components = if words[0] == "P6" { 3 } else { 1 };
    let bytes = if maxval > 255 { 2 } else { 1 };
    let sample = |place: usize| {
        let bytes = &data[at + 1 + place * bytes..][..bytes];
        bytes.iter().fold(0, |value, byte| value << 8 | u16::from(*byte))
    };
    let plane = |component| Grid::new(width, height, |x, y| sample((y * width + x) * components + component));
    (0..components).map(plane).collect()
}

/// What T.87's streams are encoded from.
fn t87(folder: &Path, name: &str) -> Stream {
    let file = |name: &str| planes(&folder.join(name));
    let near = if name.ends_with("e3") { 3 } else { 0 };
    match &name[..4] {
        "t16e" => Stream::new(12, file("test16.pgm"), Interleave::None, near),
        "t8c0" => Stream::new(8, file("test8.ppm"), Interleave::None, near),
        "t8c1" => Stream::new(8, file("test8.ppm"), Interleave::Line, near),
        "t8c2" => Stream::new(8, file("test8.ppm"), Interleave::Sample, near),
        "t8nd" => {
            let mut stream = Stream::new(8, file("test8bs2.pgm"), Interleave::None, near);
            stream.scans[0].preset = Some(Preset { maxval: 255, thresholds: [9; 3], reset: 31 });
            stream
        }
        _ => {
            let planes = ["test8r.pgm", "test8gr4.pgm", "test8bs2.pgm"].map(file).concat();
            let mut stream = Stream::new(8, planes, Interleave::Line, near);
            let factors = [(1, 2, 4), (2, 2, 1), (3, 1, 2)];
            stream.components =
                factors.map(|(id, horizontal, vertical)| Component { id, horizontal, vertical }).to_vec();
            stream
        }
    }
}

#[test]
fn streams_of_t87() {
    let Some(folder) = folder("t87") else { return };
    let names = ["t8c0", "t8c1", "t8c2", "t8nd", "t8ss", "t16"];
    for name in names.iter().flat_map(|name| ["e0", "e3"].map(|near| format!("{name}{near}"))) {
        let data = fs::read(folder.join(format!("{name}.jls"))).unwrap();
        let original = t87(&folder, &name);
        let (found, warnings) = decode(&data).unwrap();
        assert_eq!(warnings, [], "{name}");
        let encoded = original.encode();
        // Which also proves that the encoder of these tests follows the standard.
        assert!(encoded.bytes == data, "{name}");
        assert!(found.iter().eq(encoded.planes.iter().map(|plane| &plane.values)), "{name}");
        let samples = found.iter().flatten().zip(original.planes.iter().flat_map(|plane| &plane.values));
        let error = samples.map(|(sample, other)| sample.abs_diff(*other)).max();
        assert_eq!(error, Some(if name.ends_with("e3") { 3 } else { 0 }), "{name}");
    }
    let (found, _) = decode(&fs::read(folder.join("t16e3.jls")).unwrap()).unwrap();
    assert!(found[0] == planes(&folder.join("t16e3.pgm"))[0].values);
}

#[test]
fn odd_streams_of_charls() {
    let Some(folder) = folder("charls") else { return };
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let (banny, warnings) = decode(&read("banny.jls")).unwrap();
    assert_eq!(warnings, []);
    for transformed in ["banny-hp1.jls", "banny-hp2.jls", "banny-hp3.jls"] {
        assert!(decode(&read(transformed)).unwrap().0 == banny, "{transformed}");
    }
    // Restart intervals of 5, 7 and 300 lines.
    let originals = folder.with_file_name("t87");
    for (name, original) in [
        ("test8_ilv_none_rm_7.jls", "test8.ppm"),
        ("test8_ilv_line_rm_7.jls", "test8.ppm"),
        ("test8_ilv_sample_rm_7.jls", "test8.ppm"),
        ("test8_ilv_sample_rm_300.jls", "test8.ppm"),
        ("test16_rm_5.jls", "test16.pgm"),
    ] {
        let (found, warnings) = decode(&read(name)).unwrap();
        assert_eq!(warnings, [], "{name}");
        assert!(found.iter().eq(planes(&originals.join(original)).iter().map(|plane| &plane.values)), "{name}");
    }
    let (found, _) = decode(&read("8bit-monochrome-2x2.jls")).unwrap();
    assert_eq!(found[0].len(), 4);
    // HP's encoder writes "mrfx" without a transform, and its image has the same pixels when encoded again.
    let (found, warnings) = decode(&read("tulips-gray-8bit-512-512-hp-encoder.jls")).unwrap();
    assert_eq!(warnings, []);
    let again = Stream::new(8, vec![Grid { width: 512, values: found[0].clone() }], Interleave::None, 0).encode();
    assert!(interleave(&again.planes) == found[0]);
}

#[test]
fn malformed_streams_of_charls() {
    let Some(folder) = folder("charls") else { return };
    let error = |name: &str| {
        let data = fs::read(folder.join(name)).unwrap();
        let begin = busy();
        let error = decode(&data).unwrap_err();
        assert_within(if data.len() < 10_000 { 50 } else { 500 }, begin, name);
        assert!(error.offset <= data.len() as u64);
        error.kind
    };
    // An encoder that does not write the bit after a byte FF.
    assert!(matches!(error("ff_in_entropy_data.jls"), ErrorKind::InvalidCode));
    assert_eq!(error("fuzzy-input-bad-run-mode-golomb-code.jls"), ErrorKind::TableMissing { number: 63 });
    assert!(matches!(error("fuzzy-input-no-valid-bits-at-the-end.jls"), ErrorKind::InvalidCode));
    for name in ["fuzzy_input_golomb_16.jls", "no_start_byte_after_encoded_scan.jls"] {
        assert!(matches!(error(name), ErrorKind::Parameter { name: "component selector", found: 0, .. }), "{name}");
    }
}

#[test]
fn bytes_before_eoi_and_after_it_are_warnings() {
    let Some(folder) = folder("t87") else { return };
    let data = fs::read(folder.join("t8nde0.jls")).unwrap();
    let (expected, _) = decode(&data).unwrap();
    let (data, eoi) = data.split_at(data.len() - 2);
    let (found, warnings) = decode(&[data, &[0, 0, 0], eoi, &[0]].concat()).unwrap();
    assert!(found == expected);
    let offset = data.len() as u64 + 3;
    let excess = Warning::ExcessData { scan: 0, offset, count: 3, padding: true };
    assert_eq!(warnings, [excess, Warning::TrailingBytes { offset: offset + 2, count: 1, padding: true }]);
}
