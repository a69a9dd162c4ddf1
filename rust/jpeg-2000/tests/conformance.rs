//! The streams of ISO/IEC 15444-4 (and those of HTJ2K) in the folder `conformance` of `DICOMET_TEST_DATA`, with the
//! largest errors that a decoder may have.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a test that fails")]

use std::path::{Path, PathBuf};

use dicomet_jpeg_2000::{ComponentPlane, Context, Decoder, Options};

/// The folder with the streams; none, with a message, if it is absent.
fn folder() -> Option<PathBuf> {
    let data =
        std::env::var_os("DICOMET_TEST_DATA").map_or_else(|| PathBuf::from("../../../shared/data"), PathBuf::from);
    let folder = data.join("conformance");
    if !folder.exists() {
        println!("skipped: there is no folder {}", folder.display());
    }
    folder.exists().then_some(folder)
}

/// An image in the PGX format: `PG ML +8 128 128`, and samples.
struct Pgx {
    width: usize,
    height: usize,
    samples: Vec<i64>,
}

fn pgx(path: &Path) -> Pgx {
    let bytes = std::fs::read(path).unwrap();
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    let header = String::from_utf8(bytes[..end].to_vec()).unwrap().replace(['+', '-'], " $0");
    let is_signed = bytes[..end].contains(&b'-');
    let words: Vec<_> =
        header.split_whitespace().map(|word| word.trim_start_matches("$0")).filter(|word| !word.is_empty()).collect();
    let big = words[1] == "ML";
    let [bits, width, height] = [2, 3, 4].map(|index| words[index].parse::<usize>().unwrap());
    let size = bits.div_ceil(8).next_power_of_two();
    let sample = |bytes: &[u8]| {
        let fold = |value: i64, byte: &u8| value << 8 | i64::from(*byte);
        let value = if big { bytes.iter().fold(0, fold) } else { bytes.iter().rev().fold(0, fold) };
        if is_signed { value << (64 - 8 * size) >> (64 - 8 * size) } else { value }
    };
    let samples = bytes[end + 1..].chunks_exact(size).map(sample).collect::<Vec<_>>();
    assert_eq!(samples.len(), width * height);
    Pgx { width, height, samples }
}

fn decode(path: &Path, reduce: u8, workers: usize) -> Result<Vec<ComponentPlane<i64>>, String> {
    let data = std::fs::read(path).map_err(|error| error.to_string())?;
    let decoder = Decoder::with_options(&data, Options { reduce, workers, ..Options::default() })
        .map_err(|error| error.to_string())?;
    let (planes, warnings) = decoder.decode_planes::<i64>(&mut Context::new()).map_err(|error| error.to_string())?;
    if warnings.is_empty() { Ok(planes) } else { Err(format!("{warnings:?}")) }
}

#[test]
fn errors_are_within_the_tolerances_of_15444_4() {
    let Some(folder) = folder().map(|folder| folder.join("jpeg-2000")) else { return };
    let table = std::fs::read_to_string(folder.join("tolerances.tsv")).unwrap();
    let mut failures = Vec::new();
    let mut count = 0;
    for line in table.lines().skip(1) {
        let [file, reduce, component, reference, largest, mean] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let planes = match decode(&folder.join(file), reduce.parse().unwrap(), 1) {
            Ok(planes) => planes,
            Err(error) => {
                failures.push(format!("{file}: {error}"));
                continue;
            }
        };
        let reference = pgx(&folder.join("references").join(reference));
        let plane = &planes[component.parse::<usize>().unwrap()];
        if (plane.width as usize, plane.height as usize) != (reference.width, reference.height) {
            failures.push(format!(
                "{file} {component}: {} x {}, expected {} x {}",
                plane.width, plane.height, reference.width, reference.height
            ));
            continue;
        }
        let differences: Vec<_> = plane.samples.iter().zip(&reference.samples).map(|(a, b)| (a - b).abs()).collect();
        let found = differences.iter().max().copied().unwrap_or_default();
        let square = differences.iter().map(|value| (value * value) as f64).sum::<f64>() / differences.len() as f64;
        if found > largest.parse().unwrap() || square > mean.parse().unwrap() {
            failures.push(format!("{file} {component}: largest {found} > {largest}, mean square {square} > {mean}"));
        }
        count += 1;
    }
    assert!(failures.is_empty(), "{} of {count} failed:\n{}", failures.len(), failures.join("\n"));
    println!("{count} components");
}
