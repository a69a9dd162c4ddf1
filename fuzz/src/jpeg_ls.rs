//! JPEG-LS codestreams, as they are or from the encoder of the crate's tests with changes: what is decoded, and what is an
//! error, is what a plain decoder finds, in every way of decoding.

mod bits;
mod frame;
mod generated;
mod lines;
mod plain;
mod samples;
/// The encoder of the crate's tests.
#[allow(clippy::pedantic, reason = "it has the lints of the crate's tests")]
#[path = "../../rust/jpeg-ls/tests/common/mod.rs"]
mod streams;

use crate::input::Input;
use dicomet_jpeg_ls::{Context, Decoder, Error, Interleaved, Planar, Result, Sample, Warning};
use frame::Plane;
use plain::Refusal;

pub use generated::seeds;

const POISON: u16 = 0xA5A5;

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let stream = match input.below(4) {
        0 => generated::mutated(&mut input),
        _ => input.0.to_vec(),
    };
    check(&stream);
}

type Components = Result<(Vec<Vec<u16>>, Vec<Warning>)>;

fn check(stream: &[u8]) {
    let expected = plain::decode(stream);
    if matches!(expected, Err(Refusal::Large)) {
        return;
    }
    let decoder = match Decoder::new(stream) {
        Ok(decoder) => decoder,
        Err(error) => return check_error(&error, stream, &expected),
    };
    let eight = decoder.info().sample_bits() == 8;
    match if eight { in_all_ways::<u8>(&decoder) } else { in_all_ways::<u16>(&decoder) } {
        Ok((found, _)) => {
            let expected = expected.unwrap_or_else(|reason| panic!("the plain decoder: {reason:?}"));
            assert!(found.iter().eq(expected.iter().map(|plane| &plane.samples)), "{:?}", decoder.info());
        }
        Err(error) => check_error(&error, stream, &expected),
    }
}

/// The plain decoder refuses the stream, too. The place of an error is in the stream, and its message is one line.
fn check_error(error: &Error, stream: &[u8], expected: &std::result::Result<Vec<Plane>, Refusal>) {
    assert!(error.offset <= stream.len() as u64, "{error}");
    assert!(!error.to_string().contains('\n'));
    assert!(expected.is_err() || error.unsupported().is_some(), "{error}");
}

/// The samples of each component, after a comparison of all ways of decoding.
fn in_all_ways<S: Sample>(decoder: &Decoder<'_>) -> Components {
    let mut context = Context::new();
    let found = components::<S>(decoder, &mut context);
    // The same context, which another decoder used.
    assert_eq!(components::<S>(decoder, &mut context), found, "context");
    match (whole::<S>(decoder), &found) {
        (Err(error), Ok(_)) => assert!(error.unsupported().is_some(), "{error}"),
        (Ok((pixels, warnings)), Ok((planes, expected))) => {
            assert_eq!(warnings, *expected);
            assert!(pixels == interleaved(planes), "pixels");
            let (planes, warnings) = planar::<S>(decoder, &mut context).expect("the same stream");
            assert_eq!((planes, warnings), found.clone().expect("it is"), "planes");
        }
        (Err(error), Err(expected)) => {
            assert!(error == *expected || error.unsupported().is_some(), "{error}, {expected}");
        }
        (Ok(_), Err(expected)) => panic!("{expected}"),
    }
    found
}

fn interleaved(planes: &[Vec<u16>]) -> Vec<u16> {
    (0..planes[0].len()).flat_map(|pixel| planes.iter().map(move |plane| plane[pixel])).collect()
}

/// Each component by itself. Its rows come in order, each once.
fn components<S: Sample>(decoder: &Decoder<'_>, context: &mut Context) -> Components {
    let mut planes = vec![Vec::new(); decoder.info().components.len()];
    let mut rows = vec![0; planes.len()];
    let warnings = decoder.decode_components::<S>(context, &mut |component: usize, row: usize, samples: &[S]| {
        assert_eq!(rows[component], row);
        rows[component] += 1;
        planes[component].extend(samples.iter().map(|sample| -> u16 { (*sample).into() }));
    })?;
    Ok((planes, warnings))
}

/// The samples of each pixel next to each other.
fn whole<S: Sample>(decoder: &Decoder<'_>) -> Result<(Vec<u16>, Vec<Warning>)> {
    let info = decoder.info();
    let stride = info.width as usize * info.components.len();
    let mut out = vec![POISON; stride * info.height as usize];
    let warnings = decoder.decode::<S>(&mut Context::new(), &mut Interleaved::new(&mut out, stride, 0))?;
    Ok((out, warnings))
}

/// Planes of native bytes.
fn planar<S: Sample>(decoder: &Decoder<'_>, context: &mut Context) -> Components {
    let info = decoder.info();
    let (width, height) = (info.width as usize, info.height as usize);
    let mut planes = vec![vec![POISON.to_ne_bytes(); width * height]; info.components.len()];
    let outs = planes.iter_mut().map(|plane| &mut plane[..]).collect();
    let warnings = decoder.decode::<S>(context, &mut Planar::new(outs, width, 0))?;
    let planes = planes.into_iter().map(|plane| plane.into_iter().map(u16::from_ne_bytes).collect());
    Ok((planes.collect(), warnings))
}
