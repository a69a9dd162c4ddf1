//! The header scanner: any bytes, with a gap, from memory and from a file, compared with a plain walk.

use crate::input::Input;
use crate::scan_oracle::walk;
use crate::sources::{File, Liar};
use dicomet_core::parallel::Parallelism;
use dicomet_core::scan::{PixelDataHeader, ScanError, ScanScope, Start, find_delimiter, scan, scan_from, scan_source};
use std::sync::atomic::Ordering;

const TRANSFER_SYNTAXES: [&str; 5] =
    ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99", "1.2.3"];
/// The maximum number of bytes in one read of a scan, which advances by more than half of it.
pub const SCAN_BUFFER_BYTES: usize = if cfg!(feature = "tiny") { 1 << 12 } else { 1 << 14 };

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let start = start(&mut input);
    let (place, hole, most) = (usize::from(input.u16()), usize::from(input.u16()), usize::from(input.u16()));
    let (before, after) = input.0.split_at(place.min(input.0.len()));
    let bytes = [before, &vec![0; hole % 20_000], after].concat();

    let found = scan_from(&bytes, &start, ScanScope::Stored);
    if start == (Start::File { transfer_syntax: None }) {
        assert_eq!(found, scan(&bytes));
    }
    match &found {
        Ok(header) => check(header, &bytes, &start),
        Err(ScanError::Deflated(at)) => assert!(*at <= bytes.len() as u64),
        Err(ScanError::UnexpectedEof | ScanError::NeedsFullParser) => {}
    }
    from_file(&bytes, &start, ScanScope::Stored, &found);
    from_file(&bytes, &start, ScanScope::Display, &displayed(&bytes, &start, &found));
    skipped(&mut Input(data), &bytes);
    // If the source breaks its contract, a result is that of the bytes, or there is none.
    let short = scan_source(&Liar { bytes: &bytes, most, more: 0 }, &start, ScanScope::Stored, &Parallelism::of(1))
        .expect("it reads");
    assert!(
        short == found || matches!(short, Err(ScanError::UnexpectedEof | ScanError::NeedsFullParser)),
        "{short:?} {found:?}"
    );
    let _ = scan_source(&Liar { bytes: &bytes, most, more: 9 }, &start, ScanScope::Display, &Parallelism::of(1));
}

fn start(input: &mut Input<'_>) -> Start<'static> {
    let (kind, transfer_syntax) = (input.below(5), input.one_of(&TRANSFER_SYNTAXES));
    match kind {
        0 => Start::File { transfer_syntax: None },
        1 => Start::File { transfer_syntax: Some(transfer_syntax) },
        2 => Start::Forced { transfer_syntax: None },
        3 => Start::Forced { transfer_syntax: Some(transfer_syntax) },
        _ => Start::DataSet { transfer_syntax },
    }
}

/// A scan for display finds the same and more, or leaves the header to the full parser.
fn displayed(
    bytes: &[u8],
    start: &Start<'_>,
    stored: &Result<PixelDataHeader, ScanError>,
) -> Result<PixelDataHeader, ScanError> {
    let found = scan_from(bytes, start, ScanScope::Display);
    let without = found.clone().map(|header| PixelDataHeader { display: Vec::new(), ..header });
    assert!(without == *stored || found == Err(ScanError::NeedsFullParser), "{found:?} {stored:?}");
    found
}

/// A value of undefined length ends before its delimiter, in a file as in memory.
fn skipped(input: &mut Input<'_>, bytes: &[u8]) {
    let vr = input.one_of(&[None, Some(*b"SQ"), Some(*b"UN"), Some(*b"OB"), Some(*b"UT")]);
    let tag = input.one_of(&[0x0008_1140, 0x0009_1010, 0x0008_0018]);
    let (value, big_endian) = (u64::from(input.u16()) % (bytes.len() as u64 + 1), input.flag());
    let find = |found: Result<Option<u64>, dicomet_core::Error>| found.expect("it reads");
    let found = find(find_delimiter(&bytes, (tag, vr), value, big_endian, &Parallelism::of(1)));
    let file = File::new(bytes);
    assert_eq!(find(find_delimiter(&file, (tag, vr), value, big_endian, &Parallelism::of(1))), found);
    assert!(file.read.load(Ordering::Relaxed) <= SCAN_BUFFER_BYTES + 2 * bytes.len());
    if let Some(at) = found {
        let delimiter = if big_endian { [0xFF, 0xFE, 0xE0, 0xDD] } else { [0xFE, 0xFF, 0xDD, 0xE0] };
        assert!(at >= value && bytes[at as usize..][..8] == [&delimiter[..], &[0; 4]].concat());
    }
}

/// A file gives the same result as its bytes, and is read once.
fn from_file(bytes: &[u8], start: &Start<'_>, scope: ScanScope, found: &Result<PixelDataHeader, ScanError>) {
    let file = File::new(bytes);
    let of_file = scan_source(&file, start, scope, &Parallelism::of(1)).expect("it reads");
    let first_window = &bytes[..bytes.len().min(SCAN_BUFFER_BYTES)];
    // File Meta Information that exceeds the first window is left to the full parser.
    let long_meta =
        bytes.len() >= SCAN_BUFFER_BYTES && scan_from(first_window, start, scope) == Err(ScanError::UnexpectedEof);
    assert!(of_file == *found || of_file == Err(ScanError::NeedsFullParser) && long_meta, "{of_file:?} {found:?}");
    let (calls, read) = (file.calls.into_inner(), file.read.load(Ordering::Relaxed));
    assert!(
        calls <= 2 + bytes.len() / (SCAN_BUFFER_BYTES / 2) && read <= SCAN_BUFFER_BYTES + 2 * bytes.len(),
        "{calls} {read}"
    );
}

/// Values of the header occur in the bytes, and a plain walk finds the same header.
fn check(header: &PixelDataHeader, bytes: &[u8], start: &Start<'_>) {
    let given = match *start {
        Start::File { transfer_syntax } | Start::Forced { transfer_syntax } => transfer_syntax,
        Start::DataSet { transfer_syntax } => Some(transfer_syntax),
    };
    let named =
        bytes.windows(header.transfer_syntax.len().max(1)).any(|text| text == header.transfer_syntax.as_bytes());
    assert!(given.map_or(named || header.transfer_syntax.is_empty(), |given| given == header.transfer_syntax));
    assert!(header.offset <= bytes.len() as u64);
    assert_eq!(walk(bytes, start, &header.transfer_syntax).as_ref(), Some(header));
}
