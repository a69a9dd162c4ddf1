//! Decodes JPEG 2000 files: `decode FILE [OUTPUT]` writes raw samples and prints a description: those of each pixel side by
//! side with 8 or 16 bits, or, for components of different sizes, more components or more bits, each component with 64 bits.
//! All are in native order. `--reduce N` and `--workers N` before these set the decoder's options; `--decode-truncated`, too.
//!
//! `decode --serve` answers requests on its standard input: the length of a codestream as four bytes, least significant first,
//! then the codestream. The answer is its length in the same form, a line of text, and the samples. `decode --time FILE`
//! decodes once for each line of its standard input and prints the time in nanoseconds, so that a benchmark can alternate with
//! another decoder on a busy machine.

use std::error::Error;
use std::io::{Read, Write};
use std::time::Instant;

use dicomet_jpeg_2000::{Context, Decoder, Interleaved, OnTruncation, Options, RowSample, Store, Warning};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut words: Vec<_> = arguments.iter().map(String::as_str).collect();
    let mut options = Options::default();
    loop {
        match words[..] {
            ["--reduce", number, ..] => options.reduce = number.parse()?,
            ["--workers", number, ..] => options.workers = number.parse()?,
            ["--decode-truncated", ..] => options.on_truncation = OnTruncation::Decode,
            _ => break,
        }
        words.drain(..if words[0] == "--decode-truncated" { 1 } else { 2 });
    }
    match words[..] {
        ["--serve"] => serve(options),
        ["--time", file] => time(&std::fs::read(file)?, options),
        [file] => {
            println!("{}", decode(&std::fs::read(file)?, options, &mut Context::new())?.0);
            Ok(())
        }
        [file, output] => {
            let (text, samples) = decode(&std::fs::read(file)?, options, &mut Context::new())?;
            println!("{text}");
            Ok(std::fs::write(output, samples)?)
        }
        _ => {
            Err("usage: decode [--reduce N] [--workers N] [--decode-truncated] (FILE [OUTPUT] | --serve | --time FILE)"
                .into())
        }
    }
}

/// A description, and the samples.
fn decode(data: &[u8], options: Options<'_>, context: &mut Context) -> dicomet_jpeg_2000::Result<(String, Vec<u8>)> {
    let decoder = Decoder::with_options(data, options)?;
    let info = decoder.info();
    let samples = info.width as usize * info.height as usize * info.components.len();
    let size = (info.components[0].dx, info.components[0].dy);
    let are_rows = info.components.len() <= 3
        && info.components.iter().all(|component| (component.dx, component.dy) == size && component.precision <= 16);
    let (warnings, out) = if !are_rows {
        let (planes, warnings) = decoder.decode_planes::<i64>(context)?;
        (warnings, planes.iter().flat_map(|plane| &plane.samples).flat_map(|sample| sample.to_ne_bytes()).collect())
    } else if info.sample_bits() == 8 {
        let mut out = vec![0xA5u8; samples];
        (decode_into::<u8, u8>(&decoder, context, &mut out)?, out)
    } else {
        let mut out = vec![[0xA5u8; 2]; samples];
        (decode_into::<u16, [u8; 2]>(&decoder, context, &mut out)?, out.into_flattened())
    };
    Ok((format!("rows {are_rows}, {info:?}, warnings {warnings:?}"), out))
}

fn decode_into<S: RowSample, T: Store<S>>(
    decoder: &Decoder<'_>,
    context: &mut Context,
    out: &mut [T],
) -> dicomet_jpeg_2000::Result<Vec<Warning>> {
    let stride = decoder.info().width as usize * decoder.info().components.len();
    decoder.decode_strips(context, &mut Interleaved::strips(out, stride, &decoder.strips()))
}

fn serve(options: Options<'_>) -> Result<(), Box<dyn Error>> {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let (mut context, mut length) = (Context::new(), [0; 4]);
    while input.read_exact(&mut length).is_ok() {
        let mut data = vec![0; u32::from_le_bytes(length) as usize];
        input.read_exact(&mut data)?;
        let (text, samples) =
            decode(&data, options, &mut context).unwrap_or_else(|error| (format!("error: {error}"), Vec::new()));
        let answer = [text.as_bytes(), b"\n", &samples].concat();
        output.write_all(&u32::try_from(answer.len())?.to_le_bytes())?;
        output.write_all(&answer)?;
        output.flush()?;
    }
    Ok(())
}

fn time(data: &[u8], options: Options<'_>) -> Result<(), Box<dyn Error>> {
    let info = Decoder::with_options(data, options)?.info().clone();
    let samples = info.width as usize * info.height as usize * info.components.len();
    let (mut bytes, mut words) = (vec![0u8; samples], vec![0u16; samples]);
    let mut context = Context::new();
    for line in std::io::stdin().lines() {
        line?;
        let begin = Instant::now();
        let decoder = Decoder::with_options(data, options)?;
        if info.sample_bits() == 8 {
            decode_into::<u8, u8>(&decoder, &mut context, &mut bytes)?;
        } else {
            decode_into::<u16, u16>(&decoder, &mut context, &mut words)?;
        }
        println!("{}", begin.elapsed().as_nanos());
    }
    Ok(())
}
