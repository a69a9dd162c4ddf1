//! JPEG 2000 and HTJ2K codestreams: the same result in every way of decoding, written as a whole, or one error.

use crate::input::Input;
use dicomet_jpeg_2000::{
    ComponentPlane, Context, Decoder, Error, Interleaved, OnTruncation, Options, Planar, Result, RowSample, Warning,
};

/// Samples up to which a codestream is decoded.
const MAX_SAMPLES: u64 = 1 << 16;
/// The limit of memory that the decoder gets.
const MAX_MEMORY: u64 = 64 << 20;
const POISON: u16 = 0xA5A5;

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let (reduce, way) = (input.below(4) as u8, Way::new(input.below(16)));
    let on_truncation = if input.flag() { OnTruncation::Decode } else { OnTruncation::Error };
    let stream = input.0;
    let options = Options { max_memory: Some(MAX_MEMORY), reduce, on_truncation, ..Options::default() };
    let decoder = match Decoder::with_options(stream, options) {
        Ok(decoder) => decoder,
        Err(error) => return check_error(&error, stream),
    };
    let info = decoder.info();
    let samples = u64::from(info.full_width) * u64::from(info.full_height) * info.components.len() as u64;
    if samples > MAX_SAMPLES {
        return;
    }
    let mut context = Context::new();
    let planes = decoder.decode_planes::<i64>(&mut context);
    check_planes(&decoder, &planes, stream);
    match way {
        Way::Threads => {
            let parallel = Decoder::with_options(stream, Options { workers: 3, ..options }).expect("the same headers");
            assert_eq!(parallel.decode_planes::<i64>(&mut context), planes);
            match info.sample_bits() {
                8 => check_strips::<u8>(&decoder, &parallel, &mut context),
                _ => check_strips::<u16>(&decoder, &parallel, &mut context),
            }
        }
        Way::Again => assert_eq!(decoder.decode_planes::<i64>(&mut context), planes),
        Way::Narrow if info.components.iter().all(|component| component.precision <= 31) => {
            check_narrow(&planes, decoder.decode_planes::<i32>(&mut context));
        }
        Way::Narrow => {}
        Way::Rows if info.sample_bits() == 8 => check_rows::<u8>(&decoder, &planes, &mut context),
        Way::Rows => check_rows::<u16>(&decoder, &planes, &mut context),
    }
}

/// The way of decoding that is compared with that of planes of `i64`: one for each input, as all would take thrice as long.
enum Way {
    /// Three threads. Starting them takes longer than decoding.
    Threads,
    /// With memory that was used before.
    Again,
    /// In 32 bits.
    Narrow,
    /// As rows, in two memory layouts.
    Rows,
}

impl Way {
    fn new(number: usize) -> Self {
        match number {
            0 => Self::Threads,
            1..=4 => Self::Again,
            5..=9 => Self::Narrow,
            _ => Self::Rows,
        }
    }
}

type Planes<T> = Result<(Vec<ComponentPlane<T>>, Vec<Warning>)>;

/// The place of an error is in the stream, and its message is one line.
fn check_error(error: &Error, stream: &[u8]) {
    assert!(error.offset <= stream.len() as u64, "{error}");
    assert!(!error.to_string().contains('\n'));
}

/// Samples are in the range of their component.
fn check_planes(decoder: &Decoder<'_>, planes: &Planes<i64>, stream: &[u8]) {
    let (planes, warnings) = match planes {
        Ok(found) => found,
        Err(error) => return check_error(error, stream),
    };
    assert!(warnings.iter().all(|warning| !warning.to_string().contains('\n')));
    for (plane, component) in planes.iter().zip(&decoder.info().components) {
        assert_eq!(plane.samples.len() as u64, u64::from(plane.width) * u64::from(plane.height));
        let (bits, signed) = (u32::from(component.precision), component.signed);
        let (least, most) = if signed { (-1 << (bits - 1), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) };
        assert!(plane.samples.iter().all(|sample| (least..=most).contains(sample)), "{component:?}");
    }
}

/// Arithmetic in 32 bits has the same results.
fn check_narrow(wide: &Planes<i64>, narrow: Planes<i32>) {
    let widened = narrow.map(|(planes, warnings)| {
        let widen = |ComponentPlane { x0, y0, width, height, samples }: ComponentPlane<i32>| ComponentPlane {
            x0,
            y0,
            width,
            height,
            samples: samples.into_iter().map(i64::from).collect(),
        };
        (planes.into_iter().map(widen).collect(), warnings)
    });
    assert_eq!(widened, *wide);
}

fn in_order(warnings: &[Warning]) -> Vec<String> {
    let mut texts: Vec<_> = warnings.iter().map(Warning::to_string).collect();
    texts.sort_unstable();
    texts
}

/// Rows have the samples of the planes, in two memory layouts.
fn check_rows<S: RowSample>(decoder: &Decoder<'_>, planes: &Planes<i64>, context: &mut Context) {
    let info = decoder.info();
    let (width, height, count) = (info.width as usize, info.height as usize, info.components.len());
    let stride = width * count;
    let mut pixels = vec![POISON; stride * height];
    let found = decoder.decode::<S>(context, &mut Interleaved::new(&mut pixels, stride, 0));
    let mut bytes = vec![vec![POISON.to_ne_bytes(); width * height]; count];
    let outs = bytes.iter_mut().map(|plane| &mut plane[..]).collect();
    let planar = decoder.decode::<S>(context, &mut Planar::new(outs, width, 0));
    assert_eq!(planar, found);
    let planes = match (found, planes) {
        (Ok(warnings), Ok((planes, expected))) => {
            // The order is that of the components.
            assert_eq!(in_order(&warnings), in_order(expected));
            planes
        }
        // Of several errors, which one comes first depends on the order of the components.
        (Err(_), Err(_)) => return,
        (Err(error), Ok(_)) => return assert!(error.unsupported().is_some(), "{error}"),
        (Ok(_), Err(expected)) => panic!("{expected}"),
    };
    for (index, plane) in planes.iter().enumerate() {
        // Two's complement with all bits of the type.
        let word = |sample: &i64| if S::BITS == 8 { u16::from(*sample as u8) } else { *sample as u16 };
        assert!(plane.samples.iter().map(word).eq(pixels.iter().skip(index).step_by(count).copied()));
        assert!(plane.samples.iter().map(word).eq(bytes[index].iter().copied().map(u16::from_ne_bytes)));
    }
}

/// Strips that several threads decode have the same samples, warnings or error as one strip.
fn check_strips<S: RowSample>(one: &Decoder<'_>, parallel: &Decoder<'_>, context: &mut Context) {
    let (width, height) = (one.info().width as usize, one.info().height as usize);
    let stride = width * one.info().components.len();
    let [mut expected, mut found] = [(); 2].map(|()| vec![POISON; stride * height]);
    let whole = one.decode::<S>(context, &mut Interleaved::new(&mut expected, stride, 0));
    let mut sinks = Interleaved::strips(&mut found, stride, &parallel.strips());
    assert_eq!(parallel.decode_strips::<S, _>(context, &mut sinks), whole);
    assert!(whole.is_err() || found == expected);
}
