//! A plain encoder, for streams that no other encoder writes, and a plain model of the decoded samples.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "small numbers")]
#![allow(clippy::unwrap_used, reason = "a test that fails")]

pub mod lossless;
pub mod model;
pub mod progressive;
pub mod sequential;

/// Numbers that depend on a seed alone.
#[derive(Clone)]
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// The contents of a scan, before its Huffman tables are known.
#[derive(Debug, Clone, Copy)]
pub enum Event {
    /// A symbol of a table: the class (0 for DC and lossless, 1 for AC), the destination and the symbol.
    Symbol(u8, u8, u8),
    /// Additional bits: value and number.
    Bits(u32, u32),
    /// The end of a restart interval.
    Restart,
}

/// The size of a difference or coefficient, and its additional bits (F.1.2.1).
pub fn size_and_bits(value: i32) -> (u8, u32) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    let bits = if value < 0 { value - 1 } else { value };
    (size as u8, bits as u32 & ((1u32 << size) - 1))
}

/// A Huffman table with codes of random lengths.
pub struct Table {
    pub counts: [u8; 16],
    pub symbols: Vec<u8>,
    codes: Vec<(u32, u32)>,
}

impl Table {
    /// A table of the symbols, which must not be more than 255.
    pub fn random(mut symbols: Vec<u8>, noise: &mut Noise) -> Self {
        symbols.sort_unstable();
        symbols.dedup();
        // Leaves of a tree, which are split until there is one more than is needed: the code of ones alone is not used.
        let mut lengths = vec![0u32];
        while lengths.len() < symbols.len() + 1 {
            let place = noise.below(lengths.len());
            if lengths[place] < 12 || (lengths[place] < 16 && noise.below(4) == 0) {
                lengths[place] += 1;
                lengths.push(lengths[place]);
            }
        }
        lengths.sort_unstable();
        lengths.pop();
        for place in (1..symbols.len()).rev() {
            symbols.swap(place, noise.below(place + 1));
        }
        let mut counts = [0; 16];
        for length in &lengths {
            counts[*length as usize - 1] += 1;
        }
        let (mut codes, mut next, mut before) = (Vec::new(), 0u32, 0);
        for length in lengths {
            next <<= length - before;
            codes.push((next, length));
            (next, before) = (next + 1, length);
        }
        Self { counts, symbols, codes }
    }

    fn code(&self, symbol: u8) -> (u32, u32) {
        self.codes[self.symbols.iter().position(|other| *other == symbol).unwrap()]
    }
}

/// Entropy-coded bytes.
#[derive(Default)]
pub struct BitWriter {
    pub bytes: Vec<u8>,
    bits: u64,
    count: u32,
}

impl BitWriter {
    pub fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            self.bits = self.bits << 1 | u64::from(value >> bit & 1);
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.bits as u8);
                if self.bits as u8 == 0xFF {
                    self.bytes.push(0);
                }
                (self.bits, self.count) = (0, 0);
            }
        }
    }

    /// Fills the last byte with ones.
    pub fn pad(&mut self) {
        while self.count != 0 {
            self.put(1, 1);
        }
    }
}

/// A marker segment.
pub fn segment(marker: u8, parameters: &[u8]) -> Vec<u8> {
    let length = (parameters.len() + 2) as u16;
    [&[0xFF, marker][..], &length.to_be_bytes(), parameters].concat()
}

/// A component: identifier, sampling factors.
#[derive(Debug, Clone, Copy)]
pub struct Factors {
    pub horizontal: usize,
    pub vertical: usize,
}

/// The frame header.
pub fn frame(marker: u8, precision: u8, width: usize, height: usize, factors: &[Factors]) -> Vec<u8> {
    let mut parameters = vec![precision];
    parameters.extend((height as u16).to_be_bytes());
    parameters.extend((width as u16).to_be_bytes());
    parameters.push(factors.len() as u8);
    for (index, factors) in factors.iter().enumerate() {
        parameters.extend([index as u8 + 1, (factors.horizontal << 4 | factors.vertical) as u8, index as u8]);
    }
    segment(marker, &parameters)
}

/// The scan header; components of the scan by their index in the frame, each with the tables of its index.
pub fn scan_header(components: &[usize], start: u8, end: u8, high: u8, low: u8) -> Vec<u8> {
    let mut parameters = vec![components.len() as u8];
    for index in components {
        parameters.extend([*index as u8 + 1, (index << 4 | index) as u8]);
    }
    parameters.extend([start, end, high << 4 | low]);
    segment(0xDA, &parameters)
}

/// The tables that the events need, and the scan.
pub fn scan(header: &[u8], events: &[Event], noise: &mut Noise) -> Vec<u8> {
    let mut tables: Vec<((u8, u8), Table)> = Vec::new();
    for destination in (0..2).flat_map(|class| (0..4).map(move |number| (class, number))) {
        let symbols = events.iter().filter_map(|event| match *event {
            Event::Symbol(class, number, symbol) if (class, number) == destination => Some(symbol),
            _ => None,
        });
        let symbols: Vec<u8> = symbols.collect();
        if !symbols.is_empty() {
            tables.push((destination, Table::random(symbols, noise)));
        }
    }
    let mut bytes = Vec::new();
    for ((class, number), table) in &tables {
        bytes.extend(segment(0xC4, &[&[class << 4 | number][..], &table.counts, &table.symbols].concat()));
    }
    bytes.extend(header);
    let (mut writer, mut restarts) = (BitWriter::default(), 0u8);
    for event in events {
        match *event {
            Event::Symbol(class, number, symbol) => {
                let table = &tables.iter().find(|(destination, _)| *destination == (class, number)).unwrap().1;
                let (code, length) = table.code(symbol);
                writer.put(code, length);
            }
            Event::Bits(value, count) => writer.put(value, count),
            Event::Restart => {
                writer.pad();
                writer.bytes.extend([0xFF, 0xD0 | restarts]);
                restarts = (restarts + 1) & 7;
            }
        }
    }
    writer.pad();
    bytes.extend(writer.bytes);
    bytes
}

/// Samples or data units of a component: rows of equal length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid<T> {
    pub width: usize,
    pub values: Vec<T>,
}

impl<T: Copy> Grid<T> {
    pub fn new(width: usize, height: usize, mut value: impl FnMut(usize, usize) -> T) -> Self {
        let values = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| value(x, y)).collect();
        Self { width, values }
    }

    pub fn at(&self, x: usize, y: usize) -> T {
        self.values[y * self.width + x]
    }

    pub fn height(&self) -> usize {
        self.values.len() / self.width
    }
}

/// Dimensions of a frame in samples and data units (A.1.1, A.2).
#[derive(Debug, Clone)]
pub struct Shape {
    pub width: usize,
    pub height: usize,
    /// Samples along each side of a data unit.
    pub unit: usize,
    pub factors: Vec<Factors>,
}

impl Shape {
    pub fn greatest(&self) -> Factors {
        let horizontal = self.factors.iter().map(|factors| factors.horizontal).max().unwrap();
        let vertical = self.factors.iter().map(|factors| factors.vertical).max().unwrap();
        Factors { horizontal, vertical }
    }

    /// The samples of a component.
    pub fn size(&self, component: usize) -> (usize, usize) {
        let (own, greatest) = (self.factors[component], self.greatest());
        let width = (self.width * own.horizontal).div_ceil(greatest.horizontal);
        (width, (self.height * own.vertical).div_ceil(greatest.vertical))
    }

    /// MCUs of interleaved components.
    pub fn mcus(&self) -> (usize, usize) {
        let greatest = self.greatest();
        let across = |size: usize, factor: usize| size.div_ceil(factor * self.unit);
        (across(self.width, greatest.horizontal), across(self.height, greatest.vertical))
    }

    /// The data units of a component with those that complete the MCUs.
    pub fn padded(&self, component: usize) -> (usize, usize) {
        let (mcus, own) = (self.mcus(), self.factors[component]);
        (mcus.0 * own.horizontal, mcus.1 * own.vertical)
    }

    /// The data units of a scan, MCU by MCU: component, column and row.
    pub fn scan_order(&self, components: &[usize]) -> Vec<Vec<(usize, usize, usize)>> {
        if let [component] = *components {
            let (width, height) = self.size(component);
            let (width, height) = (width.div_ceil(self.unit), height.div_ceil(self.unit));
            return (0..height).flat_map(|y| (0..width).map(move |x| vec![(component, x, y)])).collect();
        }
        let (wide, high) = self.mcus();
        let mut order = Vec::new();
        for (y, x) in (0..high).flat_map(|y| (0..wide).map(move |x| (y, x))) {
            let mut mcu = Vec::new();
            for &component in components {
                let own = self.factors[component];
                for (v, h) in (0..own.vertical).flat_map(|v| (0..own.horizontal).map(move |h| (v, h))) {
                    mcu.push((component, x * own.horizontal + h, y * own.vertical + v));
                }
            }
            order.push(mcu);
        }
        order
    }
}
