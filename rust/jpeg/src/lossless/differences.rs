//! H.1.2.2: the differences of a lossless scan.

use crate::bits::BitReader;
use crate::error::ErrorKind;
use crate::huffman::lossless::LosslessTable;
use crate::sample::Sample;

/// Average number of bits from which most differences do not fit into the table of pairs.
const LONG_BITS: usize = 11;

/// H.1.2.2: decodes differences that share a table or, if `SUM`, the cumulative sums of `start` and the differences. `long`
/// tells whether the previous differences took many bits, and is updated for the next ones.
pub(super) fn decode_run<S: Sample, const SUM: bool>(
    reader: &mut BitReader<'_>,
    table: &LosslessTable,
    start: u16,
    samples: &mut [S],
    long: &mut bool,
) -> std::result::Result<(), ErrorKind> {
    let (before, count) = (reader.bits_read(), samples.len());
    if *long {
        decode_long::<S, SUM>(reader, table, start, samples)?;
    } else {
        decode_pairs::<S, SUM>(reader, table, start, samples)?;
    }
    *long = reader.bits_read().saturating_sub(before) >= LONG_BITS * count;
    Ok(())
}

/// Decodes differences with the table of pairs.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2")))]
fn decode_pairs<S: Sample, const SUM: bool>(
    reader: &mut BitReader<'_>,
    table: &LosslessTable,
    start: u16,
    samples: &mut [S],
) -> std::result::Result<(), ErrorKind> {
    let (mut bits, mut left) = (*reader, start);
    let mut rest = samples;
    while let Some((eight, _)) = rest.split_first_chunk_mut::<8>() {
        let Some(count) = decode_up_to_eight::<S, SUM>(&mut bits, table, &mut left, eight) else {
            *reader = bits;
            return Err(ErrorKind::InvalidCode);
        };
        rest = &mut rest[count..];
    }
    *reader = bits;
    decode_singly::<S, SUM>(reader, table, left, rest)
}

/// Decodes differences of many bits: two for a refill, without a branch unless a code is longer than usual.
#[cfg_attr(not(feature = "baseline"), multiversion::multiversion(targets("x86_64+avx2+bmi1+bmi2")))]
fn decode_long<S: Sample, const SUM: bool>(
    reader: &mut BitReader<'_>,
    table: &LosslessTable,
    start: u16,
    samples: &mut [S],
) -> std::result::Result<(), ErrorKind> {
    let (mut bits, mut left) = (*reader, start);
    let (pairs, rest) = samples.as_chunks_mut::<2>();
    for pair in pairs {
        bits.refill();
        for sample in pair {
            let code = table.short_code(bits.window());
            let difference = if code.length() > 0 {
                bits.take_coded(code.length(), code.size()) as u16
            } else if let Some(difference) = decode_one(&mut bits, table) {
                bits.refill();
                difference
            } else {
                *reader = bits;
                return Err(ErrorKind::InvalidCode);
            };
            left = if SUM { left.wrapping_add(difference) } else { difference };
            *sample = S::truncate(left);
        }
    }
    *reader = bits;
    decode_singly::<S, SUM>(reader, table, left, rest)
}

/// Decodes the last differences, which are too few for the other loops.
#[inline(always)]
fn decode_singly<S: Sample, const SUM: bool>(
    reader: &mut BitReader<'_>,
    table: &LosslessTable,
    start: u16,
    samples: &mut [S],
) -> std::result::Result<(), ErrorKind> {
    let mut left = start;
    for sample in samples {
        let difference = decode_one(reader, table).ok_or(ErrorKind::InvalidCode)?;
        left = if SUM { left.wrapping_add(difference) } else { difference };
        *sample = S::truncate(left);
    }
    Ok(())
}

/// Four look-ups of one or two differences each, after one refill.
#[inline(always)]
fn decode_up_to_eight<S: Sample, const SUM: bool>(
    bits: &mut BitReader<'_>,
    table: &LosslessTable,
    left: &mut u16,
    eight: &mut [S; 8],
) -> Option<usize> {
    bits.refill();
    let mut count = 0usize;
    for _ in 0..4 {
        let pair = table.look_up(bits.window());
        if pair.is_none() {
            let difference = decode_one(bits, table)?;
            *left = if SUM { left.wrapping_add(difference) } else { difference };
            eight[count & 7] = S::truncate(*left);
            return Some(count + 1);
        }
        bits.skip(pair.length());
        // Both are written: an absent second one is overwritten by the next difference.
        let (first, second) =
            if SUM { (left.wrapping_add(pair.first()), pair.second()) } else { (pair.first(), pair.second()) };
        *left = if SUM { first.wrapping_add(second) } else { second };
        eight[count & 7] = S::truncate(first);
        eight[(count + 1) & 7] = S::truncate(*left);
        count = count.wrapping_add(pair.count());
    }
    Some(count)
}

/// One difference of any length.
#[inline(always)]
pub(super) fn decode_one(bits: &mut BitReader<'_>, table: &LosslessTable) -> Option<u16> {
    if bits.count() < 32 {
        bits.refill();
    }
    let (size, length) = table.code(bits.window())?;
    bits.skip(length);
    Some(if size == 16 { 0x8000 } else { bits.take_extended(size) as u16 })
}

/// Decodes differences of interleaved components, one table after the other.
pub(super) fn decode_in_turns(
    reader: &mut BitReader<'_>,
    tables: &[&LosslessTable],
    differences: &mut [u16],
) -> std::result::Result<(), ErrorKind> {
    for (difference, table) in differences.iter_mut().zip(tables.iter().cycle()) {
        *difference = decode_one(reader, table).ok_or(ErrorKind::InvalidCode)?;
    }
    Ok(())
}
