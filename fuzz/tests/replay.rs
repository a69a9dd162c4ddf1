//! Every input that is kept, on the stable toolchain and without libFuzzer.

use std::fs;
use std::path::{Path, PathBuf};

fn inputs(kind: &str, target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(kind).join(target);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn replay(kind: &str, least: usize) {
    for (target, run) in dicomet_fuzz::TARGETS {
        let paths = inputs(kind, target);
        assert!(paths.len() >= least, "{kind}/{target}: {} inputs", paths.len());
        for path in paths {
            let input = fs::read(&path).unwrap();
            let outcome = std::panic::catch_unwind(|| run(&input));
            assert!(outcome.is_ok(), "{}", path.display());
        }
    }
}

#[test]
fn corpora() {
    replay("corpus", 10);
}

#[test]
fn regressions() {
    replay("regressions", 0);
}

#[test]
fn nothing_and_noise() {
    let noise: Vec<u8> = (1..=600u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect();
    for (_, run) in dicomet_fuzz::TARGETS {
        (0..noise.len()).step_by(7).for_each(|count| run(&noise[..count]));
    }
}
