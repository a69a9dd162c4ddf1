//! Inflating with a limit, against another library.

use crate::input::Input;
use dicomet_core::deflate::inflate;
use dicomet_core::parallel::Team;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use std::io::Write;

/// Deflate gives at most 1032 bytes for each.
const MOST: usize = 1 << 16;

/// One input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let (deflated, limit) = (input.flag(), usize::from(input.u16()));
    let own;
    let stream = if deflated {
        own = deflate(input.0);
        &own
    } else {
        input.0
    };
    let team = Team::of(1);
    let whole = inflate(stream, MOST, &team);
    match (&whole, decompress_to_vec_with_limit(stream, MOST)) {
        (Ok(found), Ok(expected)) => assert!(*found == expected),
        (Ok(_), Err(error)) => panic!("{error}"),
        (Err(error), Ok(_)) => panic!("{error}"),
        (Err(_), Err(_)) => {}
    }
    if deflated && input.0.len() <= MOST {
        assert_eq!(whole.as_deref(), Ok(input.0));
    }
    let limited = inflate(stream, limit, &team);
    if let Ok(whole) = whole {
        assert_eq!(limited.as_deref().ok(), (whole.len() <= limit).then_some(whole.as_slice()));
        let exact = inflate(stream, whole.len(), &team);
        assert_eq!(exact.as_ref(), Ok(&whole));
        assert!(whole.is_empty() || inflate(stream, whole.len() - 1, &team).is_err());
        // What follows the stream does not count.
        assert_eq!(inflate(&[stream, &[0]].concat(), MOST, &team), Ok(whole));
    } else {
        assert!(limited.is_err() || limit > MOST);
    }
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}
