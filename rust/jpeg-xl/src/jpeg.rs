//! A JPEG codestream (ISO/IEC 10918-1) with given coefficients: one sequential scan, in which all symbols have codes of
//! the same length. It has the samples of the original, and other bytes.

use crate::coefficients::{Block, Coefficients};
use crate::error::{Error, Result};
use crate::runner::Stop;

/// Bits of all codes.
const CODE_BITS: u32 = 8;
const END_OF_BLOCK: u8 = 0x00;
const ZERO_RUN: u8 = 0xF0;
/// The largest number of bits of a difference or coefficient.
const MAX_SIZE: u8 = 15;

/// Returns the JPEG codestream with these coefficients.
pub(crate) fn write(coefficients: &Coefficients, (width, height): (u32, u32), stop: &Stop<'_>) -> Result<Vec<u8>> {
    let mut writer = Writer::default();
    writer.headers(coefficients, (width, height))?;
    let sampling: Vec<_> = (0..coefficients.components).map(|component| coefficients.sampling(component)).collect();
    let most = |factor: fn(&(u8, u8)) -> u8| u32::from(sampling.iter().map(factor).max().unwrap_or(1));
    let (across, down) = (most(|factors| factors.0), most(|factors| factors.1));
    let (columns, rows) = (width.div_ceil(8 * across), height.div_ceil(8 * down));
    let mut predictions = [0; 3];
    let rows_of_group = 32 / down;
    for group_row in 0..coefficients.group_rows() {
        let groups = coefficients.group_row(group_row, stop)?;
        let first = group_row * rows_of_group;
        for row in first..(first + rows_of_group).min(rows) {
            for column in 0..columns {
                for (component, &(h, v)) in sampling.iter().enumerate() {
                    for (y, x) in (0..u32::from(v)).flat_map(|y| (0..u32::from(h)).map(move |x| (y, x))) {
                        let place = (column * u32::from(h) + x, row * u32::from(v) + y);
                        let block = groups.block(component, place.0, place.1)?;
                        writer.block(&block, &mut predictions[component])?;
                    }
                }
            }
        }
    }
    writer.finish()
}

/// Writes a JPEG codestream.
#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    /// Bits that are not yet written: the low ones.
    window: u64,
    count: u32,
}

impl Writer {
    fn headers(&mut self, coefficients: &Coefficients, (width, height): (u32, u32)) -> Result<()> {
        let size = |length: u32| u16::try_from(length).map(u16::to_be_bytes).map_err(|_| too_large(length));
        let (width, height) = (size(width)?, size(height)?);
        self.bytes.extend([0xFF, 0xD8]);
        let count = coefficients.components as u8;
        for component in 0..count {
            self.segment(0xDB, 129)?;
            // Steps of 16 bits, which SOF1 allows, one table for each component.
            self.bytes.push(0x10 | component);
            let table = coefficients.quantization(usize::from(component))?;
            self.bytes.extend(table.iter().flat_map(|step| step.to_be_bytes()));
        }
        self.segment(0xC1, 6 + 3 * u16::from(count))?;
        self.bytes.push(8);
        self.bytes.extend(height.into_iter().chain(width));
        self.bytes.push(count);
        for component in 0..count {
            let (h, v) = coefficients.sampling(usize::from(component));
            self.bytes.extend([component + 1, h << 4 | v, component]);
        }
        self.codes(0x00, &(0..=MAX_SIZE).collect::<Vec<_>>())?;
        let runs = (0..16).flat_map(|run| (1..=MAX_SIZE).map(move |size| run << 4 | size));
        self.codes(0x10, &[END_OF_BLOCK, ZERO_RUN].into_iter().chain(runs).collect::<Vec<_>>())?;
        self.segment(0xDA, 4 + 2 * u16::from(count))?;
        self.bytes.push(count);
        self.bytes.extend((0..count).flat_map(|component| [component + 1, 0]));
        self.bytes.extend([0, 63, 0]);
        Ok(())
    }

    /// Begins a segment of `length` bytes.
    fn segment(&mut self, marker: u8, length: u16) -> Result<()> {
        self.reserve(usize::from(length) + 4)?;
        self.bytes.extend([0xFF, marker]);
        self.bytes.extend((length + 2).to_be_bytes());
        Ok(())
    }

    /// Writes a table in which all symbols have codes of [`CODE_BITS`] bits, in this order.
    fn codes(&mut self, table: u8, symbols: &[u8]) -> Result<()> {
        self.segment(0xC4, 17 + symbols.len() as u16)?;
        self.bytes.push(table);
        let mut counts = [0; 16];
        counts[CODE_BITS as usize - 1] = symbols.len() as u8;
        self.bytes.extend(counts);
        self.bytes.extend(symbols);
        Ok(())
    }

    /// Writes a block. `prediction` is the coefficient of frequency 0 of the component's block before.
    fn block(&mut self, block: &Block, prediction: &mut i32) -> Result<()> {
        self.reserve(block.len() * 8)?;
        let (size, bits) = value(block[0].wrapping_sub(*prediction))?;
        *prediction = block[0];
        self.put(size, CODE_BITS);
        self.put(bits, size);
        let mut run = 0;
        for &coefficient in &block[1..] {
            if coefficient == 0 {
                run += 1;
                continue;
            }
            while run > 15 {
                self.put(1, CODE_BITS);
                run -= 16;
            }
            let (size, bits) = value(coefficient)?;
            self.put(2 + run * u32::from(MAX_SIZE) + size - 1, CODE_BITS);
            self.put(bits, size);
            run = 0;
        }
        if run > 0 {
            self.put(0, CODE_BITS);
        }
        Ok(())
    }

    /// Writes the low `count` bits of `bits`, with a zero after each FF.
    fn put(&mut self, bits: u32, count: u32) {
        self.window = self.window << count | u64::from(bits);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.window >> self.count) as u8;
            self.bytes.push(byte);
            if byte == 0xFF {
                self.bytes.push(0);
            }
        }
        self.window &= (1 << self.count) - 1;
    }

    fn finish(mut self) -> Result<Vec<u8>> {
        self.reserve(16)?;
        self.put(0x7F, 7);
        self.bytes.extend([0xFF, 0xD9]);
        Ok(self.bytes)
    }

    fn reserve(&mut self, bytes: usize) -> Result<()> {
        self.bytes.try_reserve(bytes).map_err(|_| Error::Memory(bytes as u64))
    }
}

/// Returns the number of bits of a value, and these bits (10918-1 F.1.2.1.1).
fn value(value: i32) -> Result<(u32, u32)> {
    let size = 32 - value.unsigned_abs().leading_zeros();
    if size > u32::from(MAX_SIZE) {
        return Err(Error::invalid("coefficients", format!("{value}, expected up to {MAX_SIZE} bits")));
    }
    let bits = if value < 0 { value.wrapping_sub(1) } else { value };
    Ok((size, bits.cast_unsigned() & ((1 << size) - 1)))
}

fn too_large(length: u32) -> Error {
    Error::invalid("image header", format!("{length} rows or columns, expected at most 65535 in a recompressed JPEG"))
}
