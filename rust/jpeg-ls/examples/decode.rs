//! Decodes JPEG-LS files: `decode FILE [OUTPUT]` writes raw samples, 16-bit ones in native order, and prints a description.
//!
//! `decode --serve` answers requests on its standard input: the length of a codestream as four bytes, least significant first,
//! then the codestream. The answer is its length in the same form, a line of text, and the samples. `decode --time FILE`
//! decodes once for each line of its standard input and prints the time in nanoseconds, so that a benchmark can
//! alternate with another decoder on a busy machine.

use std::error::Error;
use std::io::{Read, Write};
use std::time::Instant;

use dicomet_jpeg_ls::{Context, Decoder, Interleaved, Sample, Store};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--serve"] => serve(),
        ["--time", file] => time(&std::fs::read(file)?),
        [file] => {
            println!("{}", decode(&std::fs::read(file)?, &mut Context::new())?.0);
            Ok(())
        }
        [file, output] => {
            let (text, samples) = decode(&std::fs::read(file)?, &mut Context::new())?;
            println!("{text}");
            Ok(std::fs::write(output, samples)?)
        }
        _ => Err("usage: decode FILE [OUTPUT] | --serve | --time FILE".into()),
    }
}

/// A description, and the samples of each pixel side by side.
fn decode(data: &[u8], context: &mut Context) -> dicomet_jpeg_ls::Result<(String, Vec<u8>)> {
    let decoder = Decoder::new(data)?;
    let info = decoder.info();
    let samples = info.width as usize * info.height as usize * info.components.len();
    let (warnings, out) = if info.sample_bits() == 8 {
        let mut out = vec![0xA5u8; samples];
        (decode_into::<u8, u8>(&decoder, context, &mut out)?, out)
    } else {
        let mut out = vec![[0xA5u8; 2]; samples];
        (decode_into::<u16, [u8; 2]>(&decoder, context, &mut out)?, out.into_flattened())
    };
    let (width, height, components) = (info.width, info.height, info.components.len());
    let (bits, near, interleave) = (info.precision, info.near, info.interleave);
    let text = format!("{width} x {height} x {components}, {bits} bits, NEAR {near}, interleave {interleave:?}");
    Ok((format!("{text}, warnings {warnings:?}"), out))
}

fn decode_into<S: Sample, T: Store<S>>(
    decoder: &Decoder<'_>,
    context: &mut Context,
    out: &mut [T],
) -> dicomet_jpeg_ls::Result<Vec<dicomet_jpeg_ls::Warning>> {
    let stride = decoder.info().width as usize * decoder.info().components.len();
    decoder.decode(context, &mut Interleaved::new(out, stride, 0))
}

fn serve() -> Result<(), Box<dyn Error>> {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let (mut context, mut length) = (Context::new(), [0; 4]);
    while input.read_exact(&mut length).is_ok() {
        let mut data = vec![0; u32::from_le_bytes(length) as usize];
        input.read_exact(&mut data)?;
        let (text, samples) =
            decode(&data, &mut context).unwrap_or_else(|error| (format!("error: {error}"), Vec::new()));
        let answer = [text.as_bytes(), b"\n", &samples].concat();
        output.write_all(&u32::try_from(answer.len())?.to_le_bytes())?;
        output.write_all(&answer)?;
        output.flush()?;
    }
    Ok(())
}

fn time(data: &[u8]) -> Result<(), Box<dyn Error>> {
    let info = Decoder::new(data)?.info().clone();
    let samples = info.width as usize * info.height as usize * info.components.len();
    let (mut bytes, mut words) = (vec![0u8; samples], vec![0u16; samples]);
    let mut context = Context::new();
    for line in std::io::stdin().lines() {
        line?;
        let begin = Instant::now();
        let decoder = Decoder::new(data)?;
        if info.sample_bits() == 8 {
            decode_into::<u8, u8>(&decoder, &mut context, &mut bytes)?;
        } else {
            decode_into::<u16, u16>(&decoder, &mut context, &mut words)?;
        }
        println!("{}", begin.elapsed().as_nanos());
    }
    Ok(())
}
