//! Initial inputs that a fuzzer would take long to find.

use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::io::Write;

/// The seeds of each target that has any.
#[must_use]
pub fn all() -> [(&'static str, Vec<Vec<u8>>); 12] {
    [
        ("scan", scan()),
        ("named_elements", named_elements()),
        ("tile_positions", tile_positions()),
        ("rle", rle()),
        ("native", native()),
        ("deflate", deflate()),
        ("deflated", deflated()),
        ("codestream", codestream()),
        ("display", display()),
        ("output", output()),
        ("jpeg", crate::jpeg::seeds()),
        ("jpeg_ls", crate::jpeg_ls::seeds()),
    ]
}

/// The encoding of elements.
#[derive(Clone, Copy)]
struct Writing {
    implicit: bool,
    big: bool,
}

impl Writing {
    fn number<const N: usize>(self, mut bytes: [u8; N]) -> [u8; N] {
        if self.big {
            bytes.reverse();
        }
        bytes
    }

    fn header(self, tag: u32, vr: [u8; 2], length: u32) -> Vec<u8> {
        let group = self.number(((tag >> 16) as u16).to_le_bytes());
        let element = self.number((tag as u16).to_le_bytes());
        let long = self.number(length.to_le_bytes());
        let short = self.number((length as u16).to_le_bytes());
        match (&vr, tag >> 16) {
            _ if self.implicit || tag >> 16 == 0xFFFE => [&group[..], &element, &long].concat(),
            (b"OB" | b"OW" | b"SQ" | b"UN", _) => [&group[..], &element, &vr, &[0, 0], &long].concat(),
            _ => [&group[..], &element, &vr, &short].concat(),
        }
    }

    fn element(self, tag: u32, vr: [u8; 2], value: &[u8]) -> Vec<u8> {
        [&self.header(tag, vr, value.len() as u32)[..], value].concat()
    }

    fn sequence(self, tag: u32, items: &[Vec<u8>], undefined: bool) -> Vec<u8> {
        let length = |bytes: &[u8]| if undefined { u32::MAX } else { bytes.len() as u32 };
        let mut bytes = Vec::new();
        for item in items {
            bytes.extend([self.header(0xFFFE_E000, *b"  ", length(item)), item.clone()].concat());
            if undefined {
                bytes.extend(self.header(0xFFFE_E00D, *b"  ", 0));
            }
        }
        let end = if undefined { self.header(0xFFFE_E0DD, *b"  ", 0) } else { Vec::new() };
        [self.header(tag, *b"SQ", length(&bytes)), bytes, end].concat()
    }

    fn us(self, tag: u32, number: u16) -> Vec<u8> {
        self.element(tag, *b"US", &self.number(number.to_le_bytes()))
    }

    /// A data set with sequences of both kinds, and a private element of `hole` bytes, which are missing. Also returns
    /// their offset.
    fn data_set(self, hole: u16, undefined: bool) -> (Vec<u8>, usize) {
        let mut bytes = self.element(0x0008_0005, *b"CS", b"ISO_IR 100");
        bytes.extend(self.sequence(0x0008_1140, &[self.us(0x0008_1197, 3)], undefined));
        bytes.extend(self.header(0x0009_1010, *b"OB", u32::from(hole)));
        let place = bytes.len();
        if undefined && !self.implicit {
            // Fragments, as in an icon.
            bytes.extend(self.header(0x0009_1011, *b"OB", u32::MAX));
            bytes.extend(self.element(0xFFFE_E000, *b"  ", &[1, 2]));
            bytes.extend(self.header(0xFFFE_E0DD, *b"  ", 0));
        }
        bytes.extend(self.us(0x0028_0002, 1));
        bytes.extend(self.element(0x0028_0004, *b"CS", b"MONOCHROME2 "));
        bytes.extend(self.element(0x0028_0008, *b"IS", b"12"));
        for (tag, number) in [(0x10, 5), (0x11, 7), (0x100, 16), (0x101, 12), (0x102, 11), (0x103, 1)] {
            bytes.extend(self.us(0x0028_0000 | tag, number));
        }
        bytes.extend(self.element(0x7FE0_0010, *b"OW", &[0; 70]));
        (bytes, place)
    }
}

fn scan() -> Vec<Vec<u8>> {
    let meta = Writing { implicit: false, big: false };
    let mut seeds = Vec::new();
    let syntaxes = [("1.2.840.10008.1.2.1\0", 0), ("1.2.840.10008.1.2\0", 1), ("1.2.840.10008.1.2.2\0", 2)];
    for ((uid, number), hole) in syntaxes.into_iter().flat_map(|syntax| [0, 90, 4090, 9000].map(|hole| (syntax, hole)))
    {
        let writing = Writing { implicit: number == 1, big: number == 2 };
        let (data_set, place) = writing.data_set(hole, hole % 4 == 0);
        let group = [
            meta.element(0x0002_0001, *b"OB", &[0, 1]),
            meta.element(0x0002_0002, *b"UI", b"1.2.840.10008.5.1.4.1.1.7\0"),
            meta.element(0x0002_0010, *b"UI", uid.as_bytes()),
        ]
        .concat();
        let length = meta.element(0x0002_0000, *b"UL", &(group.len() as u32).to_le_bytes());
        let beginnings = [
            (0, [&[0; 128][..], b"DICM", &length, &group].concat()),
            (2, [&[0; 128][..], b"DICM", &group].concat()),
            (3, Vec::new()),
            (4, Vec::new()),
        ];
        for (start, beginning) in beginnings {
            let mut seed = vec![start, number];
            for number in [(beginning.len() + place) as u16, hole, 1000] {
                seed.extend(number.to_le_bytes());
            }
            seeds.push([seed, beginning, data_set.clone()].concat());
        }
    }
    seeds
}

/// The files of `scan`, for several choices of elements.
fn named_elements() -> Vec<Vec<u8>> {
    let files = scan().into_iter().filter(|seed| seed[0] != 4).enumerate();
    files.map(|(number, seed)| [&[(number as u8).wrapping_mul(37), number as u8, 0][..], &seed[2..]].concat()).collect()
}

/// Functional groups in all encodings, with a hole in a group that is skipped.
fn tile_positions() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, hole) in (0..3).flat_map(|number| [0, 90, 4090, 9000].map(|hole| (number, hole))) {
        let (writing, undefined) = (Writing { implicit: number == 1, big: number == 2 }, hole % 4 == 0);
        let (mut bytes, mut place) = (Vec::new(), 0);
        for (frame, path) in [(1, *b"a "), (33, *b"b "), (65, *b"a ")] {
            let long = |tag, number: u32| writing.element(tag, *b"SL", &writing.number(number.to_le_bytes()));
            let position = [
                writing.element(0x0040_074A, *b"DS", b"-1.5"),
                long(0x0048_021E, frame),
                long(0x0048_021F, frame.wrapping_neg()),
            ];
            let identifier = writing.element(0x0048_0106, *b"SH", &path);
            let before = [
                writing.sequence(0x0048_0207, &[identifier], undefined),
                writing.sequence(0x0048_021A, &[position.concat(), long(0x0048_021F, 7)], !undefined),
                writing.header(0x0009_1010, *b"OB", u32::from(hole)),
            ]
            .concat();
            let length = if undefined { u32::MAX } else { before.len() as u32 + u32::from(hole) };
            bytes.extend(writing.header(0xFFFE_E000, *b"  ", length));
            bytes.extend(before);
            place = bytes.len();
            let missing = if frame == 65 { 0 } else { hole };
            bytes.extend(vec![0; usize::from(missing)]);
            if undefined {
                bytes.extend(writing.header(0xFFFE_E00D, *b"  ", 0));
            }
        }
        if undefined {
            bytes.extend(writing.header(0xFFFE_E0DD, *b"  ", 0));
        }
        let mut seed = vec![u8::from(writing.implicit), u8::from(writing.big), u8::from(!undefined), 0, 0];
        for number in [place as u16, hole, 1000] {
            seed.extend(number.to_le_bytes());
        }
        seeds.push([seed, bytes].concat());
    }
    seeds
}

/// The bytes of a description, from Bits Allocated onward, in the order of `Picture::take`.
fn picture(bits: u8, samples: u8, term: u8, conversion: u8, planar: u8) -> Vec<u8> {
    let (rows, columns) = if planar == 0 { (7, 19) } else { (5, 10) };
    vec![
        bits,
        bits % 3,
        rows,
        columns,
        samples,
        1,
        0,
        bits % 2,
        planar,
        term,
        0,
        0,
        planar,
        0,
        1,
        conversion,
        0,
        planar,
        0,
        0,
    ]
}

fn rle() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (bits, samples) in [(0, 0), (0, 1), (1, 0), (1, 1), (4, 0), (4, 1), (5, 0), (2, 0)] {
        for planar in [0, 1] {
            let mut seed = vec![0];
            seed.extend(picture(bits, samples, samples, 0, planar));
            // First frame, count, workers and short reads; then frames that are built.
            seed.extend([1, 1, 0, 9, 0]);
            for _ in 0..2 {
                seed.extend([1, 0, 0, 0, 0, 1, 2, 10, 20, 30, 0xF0, 5, 128, 0x90, 8, 1, 4, 4]);
            }
            seeds.push(seed);
        }
    }
    let runs: Vec<u8> = (0..40u8).flat_map(|i| [3, i, i + 1, i + 2, i + 3, 200 + i, i, 128, 127 + i % 2]).collect();
    seeds.push([&[0xFF, 0xA0, 0x0F], &runs[..]].concat());
    seeds
}

fn deflated() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (bits, samples, term) in [(0, 0, 0), (0, 1, 1), (1, 0, 0), (2, 0, 0), (3, 1, 1), (4, 0, 0), (0, 1, 3)] {
        for planar in [0, 1] {
            let mut seed = picture(bits, samples, term, 0, planar);
            // First frame, count, workers and short reads; then frames that are built, whole or not.
            seed.extend([1, 2, 0, 9, 0]);
            for (change, padding) in [(0, 0), (10, 1), (129, 2)] {
                seed.extend([0, change, padding]);
                seed.extend((0..20u8).map(|i| i * 7));
            }
            seeds.push(seed);
        }
    }
    let raw = [&picture(0, 0, 0, 0, 0)[..], &[0, 0, 0, 9, 0, 1], &[1, 9, 0, 0xF6, 0xFF], &[5; 9]].concat();
    seeds.push(raw);
    seeds
}

fn native() -> Vec<Vec<u8>> {
    let value: Vec<u8> = (0..60u8).map(|i| i.wrapping_mul(151)).collect();
    let mut seeds = Vec::new();
    for bits in 0..6 {
        for (samples, term, conversion) in [(0, 0, 0), (1, 1, 0), (1, 2, 1), (1, 3, 1), (1, 1, 2)] {
            for planar in [0, 1] {
                for codec in [0, 1] {
                    let head = picture(bits, samples, term, conversion, planar);
                    seeds.push([&head[..], &[0, 1, codec, 1, 1, 0, 0, 0], &value].concat());
                }
            }
        }
    }
    seeds
}

fn deflate() -> Vec<Vec<u8>> {
    let text: Vec<u8> = (0..900u32).map(|i| ((i * i) >> 5) as u8).collect();
    let repeated = [&text[..300], &[7; 600], &text[..500]].concat();
    let mut seeds = Vec::new();
    for level in [0, 1, 6, 9] {
        for bytes in [&text[..], &repeated, &[9; 5000], b"short", b""] {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
            encoder.write_all(bytes).expect("memory");
            seeds.push([&[0, 0x20, 3][..], &encoder.finish().expect("memory")].concat());
        }
    }
    seeds
}

fn codestream() -> Vec<Vec<u8>> {
    let head = |bits, samples| picture(bits, samples, samples, 0, 0);
    let jfif = [0xFF, 0xE0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0];
    let adobe = [0xFF, 0xEE, 0, 14, b'A', b'd', b'o', b'b', b'e', 0, 100, 0, 0, 0, 0, 1];
    let mut seeds = Vec::new();
    for samples in [0, 1] {
        let components = 1 + 2 * samples;
        let described = [[1, 0x21, 0], [2, 0x11, 0], [3, 0x11, 0]][..usize::from(components)].concat();
        for marker in [0xC0, 0xC1, 0xC3, 0xF7, 0xDA] {
            let segments =
                [0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xFF, marker, 0, 8 + 3 * components, 8, 0, 8, 0, 11, components];
            let frame = [&segments[..], &described].concat();
            seeds.push([&head(0, samples)[..], &[0], &frame].concat());
            seeds.push([&head(0, samples)[..], &[0], &jfif, &adobe, &frame].concat());
        }
        let mut siz = vec![0, 38 + 3 * components, 0, 0];
        for word in [11u32, 8, 0, 0, 11, 8, 0, 0] {
            siz.extend(word.to_be_bytes());
        }
        siz.extend([0, components]);
        siz.extend([[0x8B, 1, 1], [0x8B, 2, 1], [0x8B, 2, 1]][..usize::from(components)].concat());
        let cod = [0xFF, 0x52, 0, 12, 0, 0, 0, 1, 1, 0, 4, 4, 0, 1];
        let tile = [0xFF, 0x90, 0, 10, 0, 0, 0, 0, 0, 28, 0, 1];
        seeds.push([&head(1, samples)[..], &[1], &siz, &cod, &tile, &cod, &[0xFF, 0x93, 0xFF, 0xD9]].concat());
    }
    seeds
}

fn display() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    // A discrete, a linear and an indirect segment, in words and in bytes.
    let segments = [0u16, 3, 7, 8, 9, 1, 4, 500, 2, 2, 0, 0];
    seeds.push([&[0, 1, 14, 0][..], &segments.map(u16::to_le_bytes).concat()].concat());
    seeds.push(vec![0, 0, 14, 0, 0, 3, 7, 8, 9, 1, 4, 50, 2, 2, 0, 0, 0, 0, 0]);
    let values: Vec<u8> = (0..64u8).map(|i| i.wrapping_mul(151)).collect();
    for sample in 0..10 {
        seeds.push([&[1, sample, 2, 5, 1], &values[..]].concat());
    }
    for bits in [0, 1, 4, 5] {
        for modality in 0..3 {
            for rendering in 0..5 {
                // Sample type, range, Modality LUT or rescale, inverse and rendering, and the numbers of these.
                let numbers = [3, 9, 2, 1, 0, 2, 0, 9, 0, 4, 1, 3, 3, 1, 0, 40, 0, 90, 0, 5, 0, 7, 4, 200, 5];
                let head = picture(bits, 0, 0, 0, 0);
                seeds.push([&[2][..], &head, &[0, rendering, 4, modality, 5], &numbers, &values].concat());
            }
        }
    }
    seeds
}

fn output() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for channels in 0..2 {
        for bits in 0..2 {
            for repeat in [0, 3] {
                seeds.push([&[1, 7, 19, 7, 11, channels, bits, 0, repeat], &b"some samples"[..]].concat());
            }
        }
        for (sample, filter) in (0..3).flat_map(|sample| (0..4).map(move |filter| (sample, filter))) {
            seeds.push([&[0, 7, 19, 7, 11, 7, 5, 7, 30, channels, sample, filter, 0, 0], &b"samples"[..]].concat());
        }
    }
    seeds
}
