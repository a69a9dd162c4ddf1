//! A lossless encoder, from the text of Annex H.

use super::{Event, Factors, Grid, Noise, Shape, frame, scan, scan_header, segment, size_and_bits};

pub struct Lossless<'a> {
    pub precision: u8,
    pub shape: &'a Shape,
    /// Samples of each component, with those that complete the MCUs.
    pub samples: &'a [Grid<u16>],
    /// Components of each scan, and its predictor.
    pub scans: Vec<(Vec<usize>, u8)>,
    pub point_transform: u8,
    /// All components have the same Huffman table.
    pub one_table: bool,
    /// MCUs, 0 for none.
    pub restart_interval: usize,
}

impl Lossless<'_> {
    pub fn encode(&self, noise: &mut Noise) -> Vec<u8> {
        let Shape { width, height, factors, .. } = self.shape;
        let mut bytes = vec![0xFF, 0xD8];
        bytes.extend(segment(0xDD, &(self.restart_interval as u16).to_be_bytes()));
        bytes.extend(frame(0xC3, self.precision, *width, *height, factors));
        for (components, predictor) in &self.scans {
            let mut header = scan_header(components, *predictor, 0, 0, self.point_transform);
            for index in components {
                let tables = &mut header[6 + 2 * components.iter().position(|other| other == index).unwrap_or(0)];
                *tables = self.table(*index) << 4;
            }
            bytes.extend(scan(&header, &self.events(components, *predictor), noise));
        }
        bytes.extend([0xFF, 0xD9]);
        bytes
    }

    fn table(&self, component: usize) -> u8 {
        if self.one_table { 0 } else { component as u8 }
    }

    fn events(&self, components: &[usize], predictor: u8) -> Vec<Event> {
        let mut events = Vec::new();
        // The first sample of each component in the interval, to know its first line.
        let mut begins = vec![None; self.samples.len()];
        for (number, mcu) in self.shape.scan_order(components).into_iter().enumerate() {
            if self.restart_interval > 0 && number > 0 && number % self.restart_interval == 0 {
                events.push(Event::Restart);
                begins.fill(None);
            }
            for (component, x, y) in mcu {
                let begin = *begins[component].get_or_insert((x, y));
                let prediction = self.prediction(component, x, y, begin, predictor);
                let sample = i32::from(self.samples[component].at(x, y) >> self.point_transform);
                let difference = (sample - prediction) as u16;
                if difference == 0x8000 {
                    events.push(Event::Symbol(0, self.table(component), 16));
                    continue;
                }
                let (size, bits) = size_and_bits(i32::from(difference as i16));
                events.extend([Event::Symbol(0, self.table(component), size), Event::Bits(bits, u32::from(size))]);
            }
        }
        events
    }

    /// H.1.2.1.
    #[allow(clippy::many_single_char_names, reason = "the names of Table H.1")]
    fn prediction(&self, component: usize, x: usize, y: usize, begin: (usize, usize), predictor: u8) -> i32 {
        let at = |x: usize, y: usize| i32::from(self.samples[component].at(x, y) >> self.point_transform);
        if (x, y) == begin {
            return 1 << (self.precision - self.point_transform - 1);
        }
        if y == begin.1 {
            return at(x - 1, y);
        }
        if x == 0 {
            return at(x, y - 1);
        }
        let (a, b, c) = (at(x - 1, y), at(x, y - 1), at(x - 1, y - 1));
        match predictor {
            1 => a,
            2 => b,
            3 => c,
            4 => a + b - c,
            5 => a + ((b - c) >> 1),
            6 => b + ((a - c) >> 1),
            _ => (a + b) >> 1,
        }
    }
}

/// Samples of all components: smooth, noisy or both.
pub fn samples(shape: &Shape, precision: u8, noise: &mut Noise) -> Vec<Grid<u16>> {
    let greatest = (1u32 << precision) - 1;
    (0..shape.factors.len())
        .map(|component| {
            let (width, height) = shape.padded(component);
            let (kind, base, slope) = (noise.below(3), noise.next() as u32, noise.below(9) as u32);
            let noise = std::cell::RefCell::new(noise.clone());
            Grid::new(width, height, |x, y| {
                let random = noise.borrow_mut().next() as u32;
                let smooth = base.wrapping_add(slope * (x + 2 * y) as u32).wrapping_add(random & 3);
                (if kind == 0 || (kind == 1 && x % 16 > 7) { random } else { smooth } & greatest) as u16
            })
        })
        .collect()
}

/// Equal factors for `count` components.
pub fn full_size(count: usize) -> Vec<Factors> {
    vec![Factors { horizontal: 1, vertical: 1 }; count]
}
