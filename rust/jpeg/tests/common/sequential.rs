//! A sequential DCT encoder of given coefficients, from the text of Annex F.

use super::{Event, Grid, Noise, Shape, frame, scan, scan_header, segment, size_and_bits};

/// A block's coefficients in zigzag order.
pub type Block = [i16; 64];

pub struct Dct<'a> {
    pub precision: u8,
    pub shape: &'a Shape,
    /// Blocks of each component, with those that complete the MCUs.
    pub blocks: &'a [Grid<Block>],
    /// Quantization table of each component in zigzag order.
    pub quantization: &'a [[u16; 64]],
    /// MCUs, 0 for none.
    pub restart_interval: usize,
}

impl Dct<'_> {
    /// The segments before the first scan.
    pub fn head(&self, marker: u8) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xD8];
        for (index, table) in self.quantization.iter().enumerate() {
            let mut parameters = vec![0x10 | index as u8];
            parameters.extend(table.iter().flat_map(|step| step.to_be_bytes()));
            bytes.extend(segment(0xDB, &parameters));
        }
        bytes.extend(segment(0xDD, &(self.restart_interval as u16).to_be_bytes()));
        bytes.extend(frame(marker, self.precision, self.shape.width, self.shape.height, &self.shape.factors));
        bytes
    }

    /// A stream with the components of each scan.
    pub fn encode(&self, scans: &[Vec<usize>], noise: &mut Noise) -> Vec<u8> {
        let mut bytes = self.head(0xC1);
        for components in scans {
            bytes.extend(scan(&scan_header(components, 0, 63, 0, 0), &self.events(components), noise));
        }
        bytes.extend([0xFF, 0xD9]);
        bytes
    }

    fn events(&self, components: &[usize]) -> Vec<Event> {
        let mut events = Vec::new();
        let mut predictions = [0; 4];
        for (number, mcu) in self.shape.scan_order(components).into_iter().enumerate() {
            if self.restart_interval > 0 && number > 0 && number % self.restart_interval == 0 {
                events.push(Event::Restart);
                predictions = [0; 4];
            }
            for (component, x, y) in mcu {
                let block = self.blocks[component].at(x, y);
                dc_events(component, i32::from(block[0]), &mut predictions, &mut events);
                ac_events(component as u8, &block, &mut events);
            }
        }
        events
    }
}

pub fn dc_events(component: usize, value: i32, predictions: &mut [i32; 4], events: &mut Vec<Event>) {
    let (size, bits) = size_and_bits(value - predictions[component]);
    predictions[component] = value;
    events.extend([Event::Symbol(0, component as u8, size), Event::Bits(bits, u32::from(size))]);
}

fn ac_events(table: u8, block: &Block, events: &mut Vec<Event>) {
    let mut run = 0;
    for value in &block[1..] {
        if *value == 0 {
            run += 1;
            continue;
        }
        while run > 15 {
            events.push(Event::Symbol(1, table, 0xF0));
            run -= 16;
        }
        let (size, bits) = size_and_bits(i32::from(*value));
        events.extend([Event::Symbol(1, table, run << 4 | size), Event::Bits(bits, u32::from(size))]);
        run = 0;
    }
    if run > 0 {
        events.push(Event::Symbol(1, table, 0));
    }
}

/// Blocks of all components: some flat, some with few coefficients, some full.
pub fn blocks(shape: &Shape, precision: u8, noise: &mut Noise) -> Vec<Grid<Block>> {
    let range = 1i64 << (precision - 5);
    (0..shape.factors.len())
        .map(|component| {
            let (width, height) = shape.padded(component);
            let noise = std::cell::RefCell::new(&mut *noise);
            Grid::new(width, height, |_, _| {
                let mut noise = noise.borrow_mut();
                let filled = [1, 1, 3, 10, 20, 64][noise.below(6)];
                let dense = noise.below(3) == 0;
                let mut block = [0; 64];
                for (k, value) in block.iter_mut().enumerate().take(filled) {
                    let scale = if k == 0 { 4 * range } else { range / (1 + k as i64 / 4) + 1 };
                    if k == 0 || dense || noise.below(4) == 0 {
                        *value = ((noise.next() >> 8) as i64 % (2 * scale + 1) - scale) as i16;
                    }
                }
                block
            })
        })
        .collect()
}

/// Quantization tables of small steps.
pub fn quantization(count: usize, noise: &mut Noise) -> Vec<[u16; 64]> {
    (0..count).map(|_| std::array::from_fn(|k| 1 + noise.below(2 + k / 4) as u16)).collect()
}
