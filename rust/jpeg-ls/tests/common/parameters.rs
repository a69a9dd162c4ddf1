//! Any valid codestream, from a sequence of choices.

use super::picture::{KINDS, picture};
use super::preset::Preset;
use super::scan::Interleave;
use super::stream::{Component, Scan, Size, Stream, sizes, spiff};
use super::tables::MappingTable;
use super::{Noise, segment};

/// Choices that bytes make. After their end, each choice is the first one, so that every sequence is valid.
pub struct Choices<'a>(pub &'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        let number = if end > 256 { self.byte() | self.byte() << 8 } else { self.byte() };
        number % end
    }

    /// A number in the range.
    pub fn between(&mut self, least: i32, greatest: i32) -> i32 {
        least + self.below((greatest - least + 1) as usize) as i32
    }

    /// True once in `of` times.
    pub fn once_in(&mut self, of: usize) -> bool {
        self.below(of) == of - 1
    }
}

/// A stream whose width and height are at most `size`. With `any_components`, there may be more than three components, and
/// components of another size than the image.
pub fn stream(choices: &mut Choices<'_>, size: usize, any_components: bool) -> Stream {
    let precision = [8, 12, 16, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13, 14, 15][choices.below(15)];
    let (width, mut height) = (1 + choices.below(size), 1 + choices.below(size));
    let interleave = [Interleave::None, Interleave::Line, Interleave::Sample][choices.below(3)];
    let components = components(choices, interleave, any_components);
    let vertical = components.iter().map(|component| component.vertical).max().unwrap();
    if interleave == Interleave::Line {
        height = height.next_multiple_of(vertical);
    }
    let mut noise = Noise(choices.below(1 << 16) as u64);
    let greatest = (1i32 << precision) - 1;
    let (has_preset, other_maxval) = (choices.once_in(3), choices.once_in(4));
    let maxval = if has_preset && other_maxval { choices.between(1, greatest) } else { greatest };
    let mut picture = |shape| picture(choices.below(KINDS), shape, maxval as u16, &mut noise);
    let planes = sizes(&components, width, height).into_iter().map(&mut picture).collect();
    let mut stream = Stream::new(precision, planes, interleave, 0);
    (stream.width, stream.height, stream.components) = (width, height, components);
    let count = stream.planes.len();
    if (count, interleave, vertical) == (3, Interleave::None, 1) {
        mixed(choices, &mut stream.scans);
    }
    for scan in &mut stream.scans {
        scan_parameters(choices, scan, maxval, has_preset);
    }
    stream.preset_first = has_preset && choices.once_in(2);
    segments(choices, &mut stream);
    let one_of_three = count == 3 && stream.scans.len() == 1 && vertical == 1;
    if one_of_three && matches!(precision, 8 | 16) && maxval == greatest {
        stream.transform = choices.below(4) as u8;
    }
    if stream.transform == 0 {
        tables(choices, &mut stream, maxval as usize, &mut noise);
    }
    stream
}

fn components(choices: &mut Choices<'_>, interleave: Interleave, any: bool) -> Vec<Component> {
    let count = if interleave == Interleave::None { [1, 3, 2] } else { [3, 3, 2] }[choices.below(3)];
    let other = if any { choices.below(4) } else { 0 };
    let factors: &[(usize, usize)] = match (other, interleave) {
        (1, _) => return Component::full_size(4),
        (2, Interleave::None) => return Component::full_size(7),
        (2, Interleave::Line) => &[(2, 4), (2, 1), (1, 2)],
        (3, Interleave::None | Interleave::Line) => &[(3, 1), (1, 2)],
        _ => return Component::full_size(count),
    };
    let component = |(id, &(horizontal, vertical))| Component { id, horizontal, vertical };
    (10..).zip(factors).map(component).collect()
}

/// Three scans, or two that differ in their interleaving.
fn mixed(choices: &mut Choices<'_>, scans: &mut Vec<Scan>) {
    let interleave = [Interleave::Line, Interleave::Sample][choices.below(2)];
    match choices.below(6) {
        0..=2 => {}
        3 => scans.swap(0, 2),
        4 => *scans = vec![Scan::new(&[0], Interleave::None, 0), Scan::new(&[1, 2], interleave, 0)],
        _ => *scans = vec![Scan::new(&[2, 0], interleave, 0), Scan::new(&[1], Interleave::None, 0)],
    }
}

fn scan_parameters(choices: &mut Choices<'_>, scan: &mut Scan, maxval: i32, has_preset: bool) {
    let greatest = (maxval / 2).min(255);
    let near = [0, 1, 2, 3, greatest / 2, greatest][choices.below(6)].min(greatest);
    scan.near = near as u8;
    if has_preset {
        let mut preset = Preset { maxval: maxval as u16, ..Preset::default() };
        if choices.once_in(2) {
            let t1 = choices.between(near + 1, maxval);
            let t2 = choices.between(t1, maxval);
            preset.thresholds = [t1, t2, choices.between(t2, maxval)].map(|threshold| threshold as u16);
        }
        let resets = [0, 3, 4, 31, 63, 255, maxval.max(255)];
        preset.reset = resets[choices.below(resets.len())] as u16;
        scan.preset = Some(preset);
    }
    if choices.once_in(4) {
        let bytes = 2 + choices.below(3) as u8;
        scan.restart = Some((choices.below(9), bytes));
    }
    scan.pad = choices.below(2) as u32;
    scan.fill = [0, 0, 0, 1, 5][choices.below(5)];
}

/// Where the size is, and segments that a decoder skips.
fn segments(choices: &mut Choices<'_>, stream: &mut Stream) {
    stream.size = match choices.below(8) {
        5 => Size::Oversize { bytes: 2 + choices.below(3) as u8, first: false },
        6 => Size::Oversize { bytes: 2 + choices.below(3) as u8, first: true },
        7 => Size::Dnl,
        _ => Size::Frame,
    };
    stream.head = match choices.below(6) {
        4 => spiff(stream.precision, stream.width, stream.height, stream.planes.len()),
        5 => [segment(0xFE, b"a comment \xFF\xF7"), vec![0xFF, 0xFF], segment(0xE0, b"JFIF\0")].concat(),
        _ => Vec::new(),
    };
}

/// Mapping tables for the components of some scans.
fn tables(choices: &mut Choices<'_>, stream: &mut Stream, maxval: usize, noise: &mut Noise) {
    if !choices.once_in(4) || maxval > 4095 {
        return;
    }
    let width = 1 + choices.below(2) as u8;
    let count = 1 + choices.below(2);
    let entry = |noise: &mut Noise| noise.next() as u16 & if width == 1 { 0xFF } else { 0xFFFF };
    for id in [7, 255].into_iter().take(count) {
        let entries = (0..=maxval).map(|_| entry(noise)).collect();
        stream.tables.push(MappingTable { id, width, entries });
    }
    stream.first_entries = [usize::MAX, 1, maxval][choices.below(3)];
    for table in stream.scans.iter_mut().flat_map(|scan| &mut scan.tables) {
        *table = stream.tables[choices.below(count)].id;
    }
}
