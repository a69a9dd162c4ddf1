//! All ways of decoding, compared with each other, and the time that they take.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(clippy::panic, reason = "a test that fails")]

use dicomet_jpeg_ls::{Context, Decoder, Error, Interleaved, Options, Planar, Sample, Warning};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// The samples of each component, of its own size, and the warnings.
pub type Components = Result<(Vec<Vec<u16>>, Vec<Warning>), Error>;

/// The components, which are also those of the interleaved image and of planes if all have the size of the image.
pub fn decode(stream: &[u8]) -> Components {
    decode_with(stream, Options::default())
}

pub fn decode_with(stream: &[u8], options: Options<'_>) -> Components {
    let decoder = Decoder::with_options(stream, options)?;
    if decoder.info().sample_bits() == 8 { in_all_ways::<u8>(&decoder) } else { in_all_ways::<u16>(&decoder) }
}

fn in_all_ways<S: Sample>(decoder: &Decoder<'_>) -> Components {
    let mut context = Context::new();
    let found = components::<S>(decoder, &mut context);
    assert_eq!(components::<S>(decoder, &mut context), found, "a context that was used before");
    match (interleaved::<S>(decoder, &mut context), &found) {
        (Ok((pixels, warnings)), Ok((planes, expected))) => {
            assert_eq!(warnings, *expected);
            let of_pixel = |pixel: usize| planes.iter().map(move |plane| plane[pixel]);
            assert!((0..planes[0].len()).flat_map(of_pixel).eq(pixels), "pixels");
            assert_eq!(as_planes::<S>(decoder, &mut context), found, "planes");
        }
        (Err(error), Err(expected)) => assert!(error == *expected || error.unsupported().is_some(), "{error}"),
        (Err(error), Ok(_)) => assert!(error.unsupported().is_some(), "{error}"),
        (Ok(_), Err(error)) => panic!("{error}"),
    }
    found
}

fn components<S: Sample>(decoder: &Decoder<'_>, context: &mut Context) -> Components {
    let mut planes = vec![Vec::new(); decoder.info().components.len()];
    let mut rows = vec![0; planes.len()];
    let warnings = decoder.decode_components::<S>(context, &mut |component: usize, row: usize, samples: &[S]| {
        assert_eq!(rows[component], row, "rows come in order");
        rows[component] += 1;
        planes[component].extend(samples.iter().map(|sample| -> u16 { (*sample).into() }));
    })?;
    Ok((planes, warnings))
}

/// The samples of each pixel next to each other.
fn interleaved<S: Sample>(decoder: &Decoder<'_>, context: &mut Context) -> Result<(Vec<u16>, Vec<Warning>), Error> {
    let info = decoder.info();
    let stride = info.width as usize * info.components.len();
    let mut out = vec![0xA5A5; stride * info.height as usize];
    let warnings = decoder.decode::<S>(context, &mut Interleaved::new(&mut out, stride, 0))?;
    Ok((out, warnings))
}

fn as_planes<S: Sample>(decoder: &Decoder<'_>, context: &mut Context) -> Components {
    let info = decoder.info();
    let (width, height) = (info.width as usize, info.height as usize);
    let mut planes = vec![vec![0xA5A5; width * height]; info.components.len()];
    let outs = planes.iter_mut().map(|plane| &mut plane[..]).collect();
    let warnings = decoder.decode::<S>(context, &mut Planar::new(outs, width, 0))?;
    Ok((planes, warnings))
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time that this thread has run; where the system does not count it, time as such.
pub fn busy() -> Duration {
    let start = *START;
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat");
    let nanoseconds = counted.ok().and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

/// Panics if more than `milliseconds` have passed since `begin`, or forty times as many without optimization.
pub fn assert_within(milliseconds: u64, begin: Duration, what: &str) {
    let (passed, factor) = (busy().saturating_sub(begin), if cfg!(debug_assertions) { 40 } else { 1 });
    assert!(passed < Duration::from_millis(milliseconds * factor), "{what}: {passed:?}");
}
