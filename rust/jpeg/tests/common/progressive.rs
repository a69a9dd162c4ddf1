//! A progressive DCT encoder of given coefficients, from the text of Annex G.

use super::sequential::{Block, Dct, dc_events};
use super::{Event, Noise, scan, scan_header, size_and_bits};

/// A scan: components, band and bit positions.
#[derive(Debug, Clone)]
pub struct Step {
    pub components: Vec<usize>,
    pub start: u8,
    pub end: u8,
    pub high: u8,
    pub low: u8,
}

/// A random order of scans that is legal and complete.
pub fn script(components: usize, noise: &mut Noise) -> Vec<Step> {
    let mut first = Vec::new();
    let mut chains: Vec<Vec<Step>> = Vec::new();
    let groups = match (components, noise.below(3)) {
        (3, 1) => vec![vec![0, 1], vec![2]],
        (_, 2) => (0..components).map(|index| vec![index]).collect(),
        _ => vec![(0..components).collect()],
    };
    for group in groups {
        let low = noise.below(4) as u8;
        let mut steps = refinements(&group, 0, 0, low).into_iter();
        first.extend(steps.next());
        chains.push(steps.collect());
    }
    for component in 0..components {
        let mut start = 1;
        while start < 64 {
            let end = (start + noise.below(64)).min(63);
            chains.push(refinements(&[component], start as u8, end as u8, noise.below(4) as u8));
            start = end + 1;
        }
    }
    let mut steps = first;
    chains.retain(|chain| !chain.is_empty());
    while !chains.is_empty() {
        let place = noise.below(chains.len());
        steps.push(chains[place].remove(0));
        chains.retain(|chain| !chain.is_empty());
    }
    steps
}

fn refinements(components: &[usize], start: u8, end: u8, low: u8) -> Vec<Step> {
    let step = |high, low| Step { components: components.to_vec(), start, end, high, low };
    let mut steps = vec![step(0, low)];
    steps.extend((0..low).rev().map(|low| step(low + 1, low)));
    steps
}

impl Dct<'_> {
    /// A progressive stream.
    pub fn encode_progressive(&self, steps: &[Step], noise: &mut Noise) -> Vec<u8> {
        let mut bytes = self.head(0xC2);
        for step in steps {
            let header = scan_header(&step.components, step.start, step.end, step.high, step.low);
            let events = if step.start == 0 { self.dc_scan(step) } else { self.ac_scan(step) };
            bytes.extend(scan(&header, &events, noise));
        }
        bytes.extend([0xFF, 0xD9]);
        bytes
    }

    fn dc_scan(&self, step: &Step) -> Vec<Event> {
        let mut events = Vec::new();
        let mut predictions = [0; 4];
        for (number, mcu) in self.shape.scan_order(&step.components).into_iter().enumerate() {
            if self.restart_interval > 0 && number > 0 && number % self.restart_interval == 0 {
                events.push(Event::Restart);
                predictions = [0; 4];
            }
            for (component, x, y) in mcu {
                let value = i32::from(self.blocks[component].at(x, y)[0]) >> step.low;
                if step.high == 0 {
                    dc_events(component, value, &mut predictions, &mut events);
                } else {
                    events.push(Event::Bits(value as u32 & 1, 1));
                }
            }
        }
        events
    }

    fn ac_scan(&self, step: &Step) -> Vec<Event> {
        let mut scan =
            AcScan { step, table: step.components[0] as u8, events: Vec::new(), ended: 0, corrections: Vec::new() };
        for (number, mcu) in self.shape.scan_order(&step.components).into_iter().enumerate() {
            if self.restart_interval > 0 && number > 0 && number % self.restart_interval == 0 {
                scan.write_ended();
                scan.events.push(Event::Restart);
            }
            let (component, x, y) = mcu[0];
            let block = self.blocks[component].at(x, y);
            if step.high == 0 { scan.first(&block) } else { scan.refine(&block) }
        }
        scan.write_ended();
        scan.events
    }
}

struct AcScan<'a> {
    step: &'a Step,
    table: u8,
    events: Vec<Event>,
    /// Blocks that have ended and are not yet written, and their correction bits.
    ended: u32,
    corrections: Vec<u32>,
}

impl AcScan<'_> {
    /// G.1.2.2: `EOBn` and its additional bits; then the correction bits of the ended blocks.
    fn write_ended(&mut self) {
        if self.ended > 0 {
            let run = self.ended.ilog2();
            self.events.extend([Event::Symbol(1, self.table, (run << 4) as u8), Event::Bits(self.ended, run)]);
        }
        self.ended = 0;
        let corrections = std::mem::take(&mut self.corrections);
        self.events.extend(corrections.into_iter().map(|bit| Event::Bits(bit, 1)));
    }

    fn end_block(&mut self, corrections: Vec<u32>) {
        self.ended += 1;
        self.corrections.extend(corrections);
        if self.ended == 0x7FFF {
            self.write_ended();
        }
    }

    fn scaled(&self, value: i16) -> i32 {
        let magnitude = i32::from(value).abs() >> self.step.low;
        if value < 0 { -magnitude } else { magnitude }
    }

    fn first(&mut self, block: &Block) {
        let mut run = 0;
        for k in self.step.start..=self.step.end {
            let value = self.scaled(block[usize::from(k)]);
            if value == 0 {
                run += 1;
                continue;
            }
            self.write_ended();
            while run > 15 {
                self.events.push(Event::Symbol(1, self.table, 0xF0));
                run -= 16;
            }
            let (size, bits) = size_and_bits(value);
            self.events.extend([Event::Symbol(1, self.table, run << 4 | size), Event::Bits(bits, u32::from(size))]);
            run = 0;
        }
        if run > 0 {
            self.end_block(Vec::new());
        }
    }

    /// G.1.2.3, Figure G.7.
    fn refine(&mut self, block: &Block) {
        let values: Vec<i32> = (self.step.start..=self.step.end).map(|k| self.scaled(block[usize::from(k)])).collect();
        let last = values.iter().rposition(|value| value.abs() == 1);
        let (mut run, mut corrections) = (0, Vec::new());
        for (place, value) in values.iter().enumerate() {
            match value.abs() {
                0 => run += 1,
                1 => {
                    self.write_ended();
                    self.events.push(Event::Symbol(1, self.table, run << 4 | 1));
                    self.events.push(Event::Bits(u32::from(*value > 0), 1));
                    self.events.extend(corrections.drain(..).map(|bit| Event::Bits(bit, 1)));
                    run = 0;
                }
                magnitude => corrections.push(magnitude as u32 & 1),
            }
            // A run of sixteen zeros counts only if a new coefficient follows.
            if run == 16 && last.is_some_and(|last| last > place) {
                self.write_ended();
                self.events.push(Event::Symbol(1, self.table, 0xF0));
                self.events.extend(corrections.drain(..).map(|bit| Event::Bits(bit, 1)));
                run = 0;
            }
        }
        if run > 0 || !corrections.is_empty() {
            self.end_block(corrections);
        }
    }
}
