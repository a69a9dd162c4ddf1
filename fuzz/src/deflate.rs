//! Ranges of an inflated stream, in any order, compared with another library.

use crate::input::Input;
use crate::sources::File;
use dicomet_core::Result;
use dicomet_core::deflate::{Inflater, MAX_BYTES_PER_BYTE};
use dicomet_core::parallel::Parallelism;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use std::io::Write;

const MOST: usize = 1 << 16;
/// Ranges that one inflater reads from one stream.
const PARTS: usize = 6;

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let deflated = input.flag();
    let parts: Vec<(usize, usize)> = (0..PARTS).map(|_| (usize::from(input.u16()), usize::from(input.u16()))).collect();
    let own;
    let stream = if deflated {
        own = deflate(input.0);
        &own
    } else {
        input.0
    };
    let whole = read(&mut Inflater::default(), stream, 0, MOST);
    match (&whole, decompress_to_vec_with_limit(stream, MOST)) {
        (Ok(found), Ok(expected)) => assert!(*found == expected),
        // The limit was reached before the end of the stream, or before a defect.
        (Ok(found), Err(_)) => assert!(found.len() == MOST),
        (Err(error), Ok(_)) => panic!("{error}"),
        (Err(_), Err(_)) => {}
    }
    if deflated {
        assert_eq!(whole.as_deref(), Ok(&input.0[..input.0.len().min(MOST)]));
    }
    let mut inflater = Inflater::default();
    for (offset, length) in parts {
        let part = read(&mut inflater, stream, offset, length);
        let fresh = read(&mut Inflater::default(), stream, offset, length);
        assert_eq!(part.as_ref().ok(), fresh.as_ref().ok());
        let Ok(part) = part else {
            assert!(whole.is_err() || offset + length > MOST);
            continue;
        };
        assert!((offset + part.len()) as u64 <= stream.len() as u64 * MAX_BYTES_PER_BYTE || part.is_empty());
        if let Ok(whole) = &whole {
            let expected = whole.get(offset..).unwrap_or_default();
            let both = expected.len().min(length);
            assert!(part.get(..both) == Some(&expected[..both]));
        }
        let file = File::new(stream);
        assert_eq!(Inflater::default().read(&file, offset as u64, length, &Parallelism::of(1)).as_ref(), Ok(&part));
    }
    if let (Ok(whole), true) = (whole, deflated) {
        // Bytes after the end of the stream are ignored.
        assert_eq!(read(&mut Inflater::default(), &[stream, &[0]].concat(), 0, MOST), Ok(whole));
    }
}

fn read(inflater: &mut Inflater, stream: &[u8], offset: usize, limit: usize) -> Result<Vec<u8>> {
    inflater.read(&stream, offset as u64, limit, &Parallelism::of(1))
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}
