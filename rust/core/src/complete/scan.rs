//! ISO/IEC 10918-1 F.2.2, G.1.2, H.1.2: reads the codes of a scan, only as far as their lengths require.

use super::damaged;
use super::huffman::{Bits, Failure, Table};
use super::jpeg::{Frame, Process, State};
use super::markers::{RST0, end_of_data};
use super::progressive::Band;
use crate::error::{Error, ErrorKind, Result};

/// The result of a step of the walk.
pub(super) type Walked<T = ()> = std::result::Result<T, Failure>;

/// A component of a scan, and its tables.
struct Member {
    index: usize,
    dc: usize,
    ac: usize,
}

/// The scan header (10918-1 B.2.3).
pub(super) struct Part {
    members: Vec<Member>,
    first: usize,
    last: usize,
    high: u8,
}

impl Part {
    /// Reads the header, checks it against the frame header, and records there what the scan will contain.
    pub(super) fn read(content: &[u8], frame: &mut Frame, state: &State, start: usize) -> Result<Self> {
        let wrong = |what| damaged(what, start);
        let parsed =
            Self::parse(content, frame).ok_or_else(|| wrong("a scan header that does not fit the frame header"))?;
        let (part, low) = parsed;
        if !part.members.iter().all(|member| part.has_tables(member, frame.process, state)) {
            return Err(wrong("a scan without its Huffman tables"));
        }
        for member in &part.members {
            let component = &mut frame.components[member.index];
            let new = if frame.process == Process::Progressive {
                component.progress.give(part.first, part.last, part.high, low).is_some()
            } else {
                !std::mem::replace(&mut component.given, true)
            };
            if !new {
                return Err(wrong("a scan that gives samples a second time, or out of order"));
            }
        }
        Ok(part)
    }

    fn parse(content: &[u8], frame: &Frame) -> Option<(Self, u8)> {
        let (&count, rest) = content.split_first()?;
        let (members, parameters) = rest.split_at_checked(2 * usize::from(count))?;
        let &[first, last, approximation] = parameters.first_chunk()?;
        let member = |&[id, tables]: &[u8; 2]| {
            let index = frame.find(id)?;
            Some(Member { index, dc: usize::from(tables >> 4), ac: usize::from(tables & 0x0F) })
        };
        let members = members.as_chunks().0.iter().map(member).collect::<Option<Vec<_>>>()?;
        let repeated =
            members.iter().enumerate().any(|(at, one)| members[..at].iter().any(|two| one.index == two.index));
        let part = Self { members, first: first.into(), last: last.into(), high: approximation >> 4 };
        let band = part.first <= part.last && part.last < 64;
        // DC coefficients have scans of their own, and AC coefficients have scans of one component (10918-1 G.1.1.1).
        let separate = if part.first == 0 { part.last == 0 } else { part.members.len() == 1 };
        let allowed = frame.process != Process::Progressive || band && separate;
        (!part.members.is_empty() && !repeated && allowed).then_some((part, approximation & 0x0F))
    }

    fn has_tables(&self, member: &Member, process: Process, state: &State) -> bool {
        let dc = state.dc.get(member.dc).is_some_and(Option::is_some);
        let ac = state.ac.get(member.ac).is_some_and(Option::is_some);
        match process {
            Process::Sequential => dc && ac,
            Process::Lossless => dc,
            Process::Progressive if self.first > 0 => ac,
            Process::Progressive => dc || self.high > 0,
        }
    }
}

/// The outcome of walking a scan.
pub(super) struct Read {
    /// The offset after its last code.
    pub(super) end: usize,
    /// The offset of the next marker.
    pub(super) next: usize,
    /// Bytes that belong to no code.
    pub(super) excess: u64,
}

/// Walks scan number `number`, whose data starts at byte `at`.
pub(super) fn walk(
    part: &Part,
    bytes: &[u8],
    at: usize,
    number: u64,
    frame: &mut Frame,
    state: &State,
) -> Result<Read> {
    let mut walker = Walker::new(part, frame, state);
    let units = walker.units();
    let interval = if state.restart_interval == 0 { units } else { state.restart_interval };
    let (mut done, mut at, mut excess, mut restarts) = (0, at, 0, 0u8);
    loop {
        let next = end_of_data(bytes, at, |byte| byte == 0);
        let mut bits = Bits::new(&bytes[at..next]);
        walker.run = 0;
        let wanted = interval.min(units - done);
        for unit in done..done + wanted {
            walker.unit(&mut bits, unit).map_err(|failure| match failure {
                Failure::Short => short(number, unit, units, next),
                Failure::Invalid => damaged("a code that is not allowed", at + bits.used()),
            })?;
        }
        done += wanted;
        let end = at + bits.used();
        let fill = bytes[next..].iter().take_while(|&&byte| byte == 0xFF).count();
        let marker = bytes.get(next + fill).copied();
        let closed = fill > 0 && marker.is_some();
        // Bytes of only zero or one bits are padding (F.1.2.3), and so is everything that follows in a frame without an
        // end marker.
        let rest = if closed { &bytes[end..next] } else { &[] };
        let padding = rest.iter().take_while(|byte| matches!(byte, 0x00 | 0xFF)).count();
        excess += (rest.len() - padding) as u64;
        if done >= units {
            return Ok(Read { end: if closed { next } else { end }, next, excess });
        }
        match marker {
            Some(marker) if closed && marker == RST0 + restarts => at = next + fill + 1,
            Some(marker) if closed && (RST0..RST0 + 8).contains(&marker) => {
                return Err(damaged("a restart marker that is out of order", next));
            }
            _ => return Err(short(number, done, units, next)),
        }
        restarts = (restarts + 1) % 8;
    }
}

fn short(scan: u64, found: usize, expected: usize, offset: usize) -> Error {
    let (found, expected, offset) = (found as u64, expected as u64, offset as u64);
    Error::pixel_data(ErrorKind::ScanShort { scan, found, expected, offset })
}

/// A component of the scan, with what reading its data units requires.
struct ScanComponent<'a> {
    dc: Option<&'a Table>,
    ac: Option<&'a Table>,
    sampling: (usize, usize),
    stride: usize,
    nonzero: &'a mut [u64],
}

struct Walker<'a> {
    process: Process,
    part: &'a Part,
    lanes: Vec<ScanComponent<'a>>,
    /// Columns and rows of MCUs; of data units if the scan has one component.
    grid: (usize, usize),
    /// Remaining blocks whose band is empty (EOBRUN of 10918-1 G.1.2.2).
    run: u32,
}

impl<'a> Walker<'a> {
    fn new(part: &'a Part, frame: &'a mut Frame, state: &'a State) -> Self {
        let single = part.members.len() == 1;
        let grid = if single { frame.components[part.members[0].index].own } else { frame.units };
        let mut components: Vec<_> = frame.components.iter_mut().map(Some).collect();
        let mut lanes = Vec::new();
        for member in &part.members {
            let Some(component) = components[member.index].take() else { continue };
            lanes.push(ScanComponent {
                dc: state.dc.get(member.dc).and_then(Option::as_ref),
                ac: state.ac.get(member.ac).and_then(Option::as_ref),
                sampling: if single { (1, 1) } else { component.sampling },
                stride: component.stride,
                nonzero: &mut component.progress.nonzero,
            });
        }
        Self { process: frame.process, part, lanes, grid, run: 0 }
    }

    fn units(&self) -> usize {
        self.grid.0 * self.grid.1
    }

    /// Reads an MCU.
    fn unit(&mut self, bits: &mut Bits<'_>, unit: usize) -> Walked {
        let (process, first, last, high) = (self.process, self.part.first, self.part.last, self.part.high);
        for lane in &mut self.lanes {
            let data_units = lane.sampling.0 * lane.sampling.1;
            match process {
                Process::Lossless => {
                    let dc = lane.dc.ok_or(Failure::Invalid)?;
                    for _ in 0..data_units {
                        difference(bits, dc)?;
                    }
                }
                Process::Sequential => {
                    let (dc, ac) = (lane.dc.ok_or(Failure::Invalid)?, lane.ac.ok_or(Failure::Invalid)?);
                    for _ in 0..data_units {
                        block(bits, dc, ac)?;
                    }
                }
                Process::Progressive if first == 0 && high == 0 => {
                    let dc = lane.dc.ok_or(Failure::Invalid)?;
                    for _ in 0..data_units {
                        dc_coefficient(bits, dc)?;
                    }
                }
                Process::Progressive if first == 0 => {
                    bits.take(data_units as u32)?;
                }
                Process::Progressive => {
                    let ac = lane.ac.ok_or(Failure::Invalid)?;
                    let place = unit / self.grid.0 * lane.stride + unit % self.grid.0;
                    let nonzero = lane.nonzero.get_mut(place).ok_or(Failure::Invalid)?;
                    let mut band = Band { bits, ac, last, run: &mut self.run, nonzero };
                    if high == 0 { band.first(first)? } else { band.refine(first)? }
                }
            }
        }
        Ok(())
    }
}

/// H.1.2.2: category 16 has no additional bits.
fn difference(bits: &mut Bits<'_>, table: &Table) -> Walked {
    let category = bits.symbol(table, |category| if category < 16 { category.into() } else { 0 })?;
    if category > 16 { Err(Failure::Invalid) } else { Ok(()) }
}

/// F.1.2.1: reads a DC difference.
fn dc_coefficient(bits: &mut Bits<'_>, table: &Table) -> Walked {
    let category = bits.symbol(table, |category| if category < 16 { category.into() } else { 0 })?;
    if category > 15 { Err(Failure::Invalid) } else { Ok(()) }
}

/// F.1.2.2: reads the run of zeros and the category of each AC coefficient.
fn block(bits: &mut Bits<'_>, dc: &Table, ac: &Table) -> Walked {
    dc_coefficient(bits, dc)?;
    let mut at = 1;
    while at < 64 {
        let symbol = bits.symbol(ac, |symbol| u32::from(symbol & 0x0F))?;
        match (symbol >> 4, symbol & 0x0F) {
            (15, 0) => at += 16,
            (_, 0) => break,
            (run, _) => {
                at += usize::from(run) + 1;
                if at > 64 {
                    return Err(Failure::Invalid);
                }
            }
        }
    }
    Ok(())
}
