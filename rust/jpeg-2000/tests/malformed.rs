//! The malformed streams in the folder `conformance/jpeg-2000/malformed` of `DICOMET_TEST_DATA`: a result or an error, with
//! bounded memory and work.

#![allow(clippy::unwrap_used, reason = "a test that fails")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use dicomet_jpeg_2000::{Context, Decoder, OnTruncation, Options, Result};

const MAX_MEMORY: u64 = 64 << 20;
/// Checks for a stop: one before each code-block and every few rows. Each file has a few kilobytes.
const MAX_CHECKS: u64 = 100_000;

/// The files; none, with a message, if they are absent.
fn files() -> Vec<PathBuf> {
    let data =
        std::env::var_os("DICOMET_TEST_DATA").map_or_else(|| PathBuf::from("../../../shared/data"), PathBuf::from);
    let folder = data.join("conformance/jpeg-2000/malformed");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: there is no folder {}", folder.display());
        return Vec::new();
    };
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The number of samples.
fn decode(data: &[u8], options: Options<'_>) -> Result<usize> {
    let (planes, _) = Decoder::with_options(data, options)?.decode_planes::<i64>(&mut Context::new())?;
    Ok(planes.iter().map(|plane| plane.samples.len()).sum())
}

/// The largest memory of this process so far, where the system tells it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? << 10)
}

#[test]
fn malformed_streams_are_errors_or_decoded_within_bounds() {
    for path in files() {
        let data = std::fs::read(&path).unwrap();
        for on_truncation in [OnTruncation::Error, OnTruncation::Decode] {
            for (reduce, workers) in [(0, 1), (0, 2), (1, 1)] {
                let checks = AtomicU64::new(0);
                let stop = || {
                    checks.fetch_add(1, Ordering::Relaxed);
                    false
                };
                let max_memory = Some(MAX_MEMORY);
                let result = decode(&data, Options { max_memory, workers, stop: Some(&stop), reduce, on_truncation });
                let checks = checks.into_inner();
                println!("{} {on_truncation:?} {reduce} {workers}: {result:?}, {checks} checks", path.display());
                assert!(checks < MAX_CHECKS);
            }
        }
    }
    if let Some(peak) = peak_memory() {
        assert!(peak < 3 * MAX_MEMORY, "{peak}");
    }
}
