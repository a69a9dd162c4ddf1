//! A plain decoder of ISO/IEC 14495-1: one bit and one sample at a time, and the whole image in memory.

use super::bits::{end_of_interval, marker_after};
use super::frame::{Frame, Plane, inverse};
use super::lines::{Order, Part, interval};
use super::samples::Parameters;
use std::collections::BTreeMap;

/// Samples up to which a codestream is decoded: it takes some 100 ns for each.
const MOST_SAMPLES: usize = 1 << 16;

/// A codestream that this decoder does not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It contradicts the standard; in what.
    Invalid(&'static str),
    /// It has more than [`MOST_SAMPLES`] samples.
    Large,
}

impl From<&'static str> for Refusal {
    fn from(reason: &'static str) -> Self {
        Self::Invalid(reason)
    }
}

pub(crate) type Result<T> = std::result::Result<T, Refusal>;

/// The state between two segments.
#[derive(Default)]
struct Decoder {
    at: usize,
    frame: Option<Frame>,
    /// Height and width of an LSE segment of type 4.
    oversize: Option<(usize, usize)>,
    /// MAXVAL, T1, T2, T3 and RESET, zero for defaults.
    preset: [u16; 5],
    /// Wt and the bytes of mapping tables by TID.
    tables: BTreeMap<u8, (u8, Vec<u8>)>,
    restart_interval: usize,
    /// The number of an HP color transform.
    transform: u8,
    scans: usize,
}

/// The components that a codestream decodes to, each of its own size.
pub(crate) fn decode(data: &[u8]) -> Result<Vec<Plane>> {
    if !data.starts_with(&[0xFF, 0xD8]) {
        return Err("SOI".into());
    }
    let mut decoder = Decoder { at: 2, ..Decoder::default() };
    loop {
        while data.get(decoder.at..).is_some_and(|rest| rest.starts_with(&[0xFF, 0xFF])) {
            decoder.at += 1;
        }
        match data.get(decoder.at..).unwrap_or_default() {
            [] | [0xFF] | [0xFF, 0xD9, ..] => break,
            [0xFF, code, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let segment = data.get(decoder.at + 4..decoder.at + 2 + length).ok_or("segment")?;
                decoder.at += 2 + length;
                decoder.segment(*code, segment, data)?;
            }
            _ => return Err("marker".into()),
        }
    }
    decoder.planes()
}

/// A number of at most four bytes.
pub(crate) fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

impl Decoder {
    fn segment(&mut self, code: u8, segment: &[u8], data: &[u8]) -> Result<()> {
        match (code, segment) {
            (0xF7, _) if self.frame.is_none() => self.frame = Some(Frame::new(segment)?),
            (0xF8, [1, rest @ ..]) => {
                let bytes: &[u8; 10] = rest.try_into().map_err(|_| "LSE")?;
                self.preset = std::array::from_fn(|index| u16::from_be_bytes([bytes[2 * index], bytes[2 * index + 1]]));
            }
            (0xF8, [2, id @ 1..=255, width @ 1..=2, rest @ ..]) if rest.len().is_multiple_of((*width).into()) => {
                self.tables.insert(*id, (*width, rest.to_vec()));
            }
            (0xF8, [3, id, width, rest @ ..]) if rest.len().is_multiple_of((*width).max(1).into()) => {
                let (before, entries) = self.tables.get_mut(id).ok_or("table")?;
                if before != width {
                    return Err("Wt".into());
                }
                entries.extend(rest);
            }
            (0xF8, [4, bytes @ 2..=4, rest @ ..]) if self.scans == 0 && self.oversize.is_none() => {
                let (height, width) = rest.split_at_checked(usize::from(*bytes)).ok_or("LSE")?;
                if height.len() != width.len() {
                    return Err("LSE".into());
                }
                self.oversize = Some((number(height), number(width)));
            }
            (0xF8, _) => return Err("LSE".into()),
            (0xDD, [_, _] | [_, _, _] | [_, _, _, _]) => self.restart_interval = number(segment),
            (0xE8, [b'm', b'r', b'f', b'x', transform @ 0..=3]) => {
                if self.scans > 0 && self.transform != *transform {
                    return Err("transform".into());
                }
                self.transform = *transform;
            }
            (0xE8, [b'm', b'r', b'f', b'x', _]) => return Err("transform".into()),
            (0xDA, _) => self.scan(segment, data)?,
            // It was read at the first scan.
            (0xDC, [_, _] | [_, _, _] | [_, _, _, _])
                if self.scans == 1 && self.frame.as_ref().is_some_and(|frame| frame.height == number(segment)) => {}
            (0xFE | 0xE0..=0xEF, _) => {}
            _ => return Err("marker".into()),
        }
        Ok(())
    }

    /// The size from LSE or DNL segments, and planes of it.
    fn complete_frame(&mut self, data: &[u8]) -> Result<()> {
        let frame = self.frame.as_mut().ok_or("frame")?;
        if let Some((height, width)) = self.oversize {
            // Zero is the other number.
            for (of_frame, found) in [(&mut frame.height, height), (&mut frame.width, width)] {
                if *of_frame != 0 && found != 0 && *of_frame != found {
                    return Err("size".into());
                }
                *of_frame = (*of_frame).max(found);
            }
        }
        if frame.height == 0 {
            let mut end = self.at;
            loop {
                end = marker_after(data, end);
                while data.get(end..).is_some_and(|rest| rest.starts_with(&[0xFF, 0xFF])) {
                    end += 1;
                }
                match data.get(end..).unwrap_or_default() {
                    [0xFF, 0xD0..=0xD7, ..] => end += 2,
                    [0xFF, 0xDC, 0, length @ 4..=6, lines @ ..] => {
                        frame.height = number(lines.get(..usize::from(*length) - 2).ok_or("DNL")?);
                        break;
                    }
                    _ => return Err("DNL".into()),
                }
            }
        }
        if frame.width == 0 || frame.height == 0 {
            return Err("size".into());
        }
        let pixels = frame.width.saturating_mul(frame.height);
        if pixels.saturating_mul(frame.components.len()) > MOST_SAMPLES {
            return Err(Refusal::Large);
        }
        Ok(())
    }

    fn scan(&mut self, header: &[u8], data: &[u8]) -> Result<()> {
        if self.scans == 0 {
            self.complete_frame(data)?;
        }
        self.scans += 1;
        let (&count, header) = header.split_first().ok_or("SOS")?;
        let (selectors, parameters) = header.split_at_checked(2 * usize::from(count)).ok_or("SOS")?;
        let [near, order, shift] = *parameters else { return Err("SOS".into()) };
        if shift & 15 != 0 {
            return Err("point transform".into());
        }
        let order = match (order, count) {
            (0, 1) => Order::Component,
            (1, 2..=4) => Order::Line,
            (2, 2..=4) => Order::Sample,
            _ => return Err("ILV".into()),
        };
        let mut frame = self.frame.take().ok_or("frame")?;
        let parameters = self.parameters(frame.precision, near)?;
        let mut planes = Vec::new();
        for [id, table] in selectors.as_chunks::<2>().0 {
            let index = frame.components.iter().position(|component| component.id == *id).ok_or("component")?;
            if frame.components[index].plane.is_some() || planes.iter().any(|(other, _)| *other == index) {
                return Err("component twice".into());
            }
            frame.components[index].table = *table;
            planes.push((index, frame.empty_plane(index)));
        }
        self.intervals(data, &frame, &mut planes, order, parameters)?;
        for (index, mut plane) in planes {
            self.map(&mut plane, frame.components[index].table)?;
            frame.components[index].plane = Some(plane);
        }
        self.frame = Some(frame);
        Ok(())
    }

    /// C.2.4.1.1
    fn parameters(&self, precision: u8, near: u8) -> Result<Parameters> {
        let [maxval, t1, t2, t3, reset] = self.preset.map(i64::from);
        let or = |given: i64, default: i64| if given == 0 { default } else { given };
        let (maxval, near) = (or(maxval, (1 << precision) - 1), i64::from(near));
        let limit = |value: i64, least: i64| if value > maxval || value < least { least } else { value };
        let [d1, d2, d3] = if maxval >= 128 {
            let factor = (maxval.min(4095) + 128) / 256;
            [factor + 2 + 3 * near, factor * 4 + 3 + 5 * near, factor * 17 + 4 + 7 * near]
        } else {
            let factor = 256 / (maxval + 1);
            [
                i64::max(2, 3 / factor + 3 * near),
                i64::max(3, 7 / factor + 5 * near),
                i64::max(4, 21 / factor + 7 * near),
            ]
        };
        // Each bound is the threshold in force, given or default.
        let t1 = or(t1, limit(d1, near + 1));
        let t2 = or(t2, limit(d2, t1));
        let t3 = or(t3, limit(d3, t2));
        let reset = or(reset, 64);
        let ordered = near < t1 && t1 <= t2 && t2 <= t3 && t3 <= maxval;
        if maxval >= 1 << precision
            || near > i64::min(255, maxval / 2)
            || !ordered
            || reset < 3
            || reset > maxval.max(255)
        {
            return Err("LSE".into());
        }
        Ok(Parameters { maxval, near, t1, t2, t3, reset })
    }

    fn intervals(
        &mut self,
        data: &[u8],
        frame: &Frame,
        planes: &mut [(usize, Plane)],
        order: Order,
        parameters: Parameters,
    ) -> Result<()> {
        let several = planes.len() > 1;
        let indices: Vec<_> = planes.iter().map(|(index, _)| *index).collect();
        let lines = |index: usize| if several { frame.components[index].vertical } else { 1 };
        let mut parts: Vec<_> = planes.iter_mut().map(|(index, plane)| Part { plane, lines: lines(*index) }).collect();
        let factors = |index: usize| (frame.components[index].horizontal, frame.components[index].vertical);
        if order == Order::Sample && indices.iter().any(|index| factors(*index) != factors(indices[0])) {
            return Err("sampling factors".into());
        }
        let rows = parts.iter().map(|part| part.plane.height.div_ceil(part.lines)).max().ok_or("components")?;
        let length = if self.restart_interval == 0 { rows } else { self.restart_interval };
        for (number, first) in (0..rows).step_by(length).enumerate() {
            let restart = 0xD0 | (number as u8).wrapping_sub(1) & 7;
            if number > 0 && !self.take_marker(data, restart) {
                return Err("restart marker".into());
            }
            let end = end_of_interval(data, self.at);
            interval(&mut parts, order, parameters, (first, (first + length).min(rows)), &data[self.at..end])?;
            // What follows the last sample is not decoded.
            self.at = marker_after(data, end);
        }
        // One restart marker after the last interval is tolerated.
        if self.restart_interval > 0 {
            self.take_marker(data, 0xD0 | (rows.div_ceil(length) as u8).wrapping_sub(1) & 7);
        }
        Ok(())
    }

    /// Passes a marker and the fill bytes before it if it has this code.
    fn take_marker(&mut self, data: &[u8], code: u8) -> bool {
        let rest = &data[self.at..];
        let fill = rest.iter().take_while(|byte| **byte == 0xFF).count();
        let found = fill > 0 && rest.get(fill) == Some(&code);
        self.at += if found { fill + 1 } else { 0 };
        found
    }

    /// C.2.4.1.2: replaces samples by entries of the mapping table.
    fn map(&self, plane: &mut Plane, table: u8) -> Result<()> {
        if table == 0 {
            return Ok(());
        }
        let (width, entries) = self.tables.get(&table).ok_or("mapping table")?;
        let width = usize::from(*width);
        if !matches!(width, 1 | 2) {
            return Err("Wt".into());
        }
        for sample in &mut plane.samples {
            let entry = entries.get(usize::from(*sample) * width..).and_then(|rest| rest.get(..width));
            *sample = number(entry.ok_or("entry")?) as u16;
        }
        Ok(())
    }

    fn planes(self) -> Result<Vec<Plane>> {
        let frame = self.frame.ok_or("frame")?;
        let mut planes = Vec::new();
        for component in frame.components {
            planes.push(component.plane.ok_or("scan")?);
        }
        if let (1..=3, [first, second, third]) = (self.transform, &mut planes[..]) {
            let samples = first.samples.iter_mut().zip(&mut second.samples).zip(&mut third.samples);
            for ((first, second), third) in samples {
                let pixel = [*first, *second, *third].map(i64::from);
                [*first, *second, *third] = inverse(self.transform, pixel, 1 << frame.precision);
            }
        }
        Ok(planes)
    }
}
