//! Replays every stored input on the stable toolchain, without libFuzzer.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn inputs(kind: &str, target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(kind).join(target);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn read(kind: &str, target: &str) -> Vec<(String, Vec<u8>)> {
    let paths = inputs(kind, target);
    paths.into_iter().map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

/// Runs all inputs, and names one that fails.
fn replay(run: fn(&[u8]), inputs: &[(String, Vec<u8>)]) {
    for (name, input) in inputs {
        let outcome = std::panic::catch_unwind(|| run(input));
        assert!(outcome.is_ok(), "{name}: {input:?}");
    }
}

#[test]
fn regressions() {
    for (target, run) in dicomet_fuzz::TARGETS {
        replay(run, &read("regressions", target));
    }
}

/// Replays the stored inputs, and each with random changes, as in libFuzzer, but reproducible.
#[test]
fn corpora() {
    let mut seeds: BTreeMap<_, _> = dicomet_fuzz::seeds::all().into();
    for (target, run) in dicomet_fuzz::TARGETS {
        let mut inputs = read("corpus", target);
        assert!(inputs.len() >= 10, "{target}: {} inputs", inputs.len());
        let seeds = seeds.remove(target).unwrap_or_default().into_iter().enumerate();
        inputs.extend(seeds.map(|(number, seed)| (format!("{target}, seed {number}"), seed)));
        replay(run, &inputs);
        let mut noise = Noise(1);
        for (name, input) in inputs {
            let changed = (0..40).map(|number| (format!("{name}, change {number}"), noise.change(&input)));
            replay(run, &changed.collect::<Vec<_>>());
        }
    }
}

#[test]
fn nothing_and_noise() {
    let mut noise = Noise(2);
    for (target, run) in dicomet_fuzz::TARGETS {
        let any = (0..200).map(|count| (target.to_owned(), (0..3 * count).map(|_| noise.next() as u8).collect()));
        replay(run, &any.collect::<Vec<_>>());
    }
}

struct Noise(u64);

impl Noise {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed >> 32) as usize
    }

    fn change(&mut self, input: &[u8]) -> Vec<u8> {
        let mut changed = input.to_vec();
        for _ in 0..=self.next() % 3 {
            let place = self.next() % (changed.len() + 1);
            match (self.next() % 4, changed.get_mut(place)) {
                (0, _) => changed.insert(place, self.next() as u8),
                (1, Some(_)) => drop(changed.remove(place)),
                (2, Some(byte)) => *byte ^= 1 << (self.next() % 8),
                (_, Some(byte)) => *byte = self.next() as u8,
                (_, None) => {}
            }
        }
        changed
    }
}
