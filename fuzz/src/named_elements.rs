//! The header scanner for elements that a caller names: any bytes, with a gap, compared with a plain walk.

use crate::input::Input;
use crate::scan::SCAN_BUFFER_BYTES;
use crate::scan_oracle::top_level;
use crate::sources::{File, Liar};
use dicomet_core::parallel::Parallelism;
use dicomet_core::scan::{NamedElements, ScanError, ScanScope, Start, scan_elements, scan_source};
use std::sync::atomic::Ordering;

/// Elements of the seeds and of some VRs, a sequence, and a private element.
const TAGS: [u32; 10] = [
    0x0008_0005,
    SEQUENCE,
    0x0009_1010,
    0x0009_1011,
    0x0020_0032,
    0x0028_0002,
    0x0028_0008,
    0x0028_0009,
    0x0028_0010,
    0x0028_0106,
];
const SEQUENCE: u32 = 0x0008_1140;
const UNDEFINED: u32 = u32::MAX;

/// Runs one input.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let chosen = input.u16();
    let mut tags: Vec<u32> = (0..TAGS.len()).filter(|bit| chosen >> bit & 1 == 1).map(|bit| TAGS[bit]).collect();
    if input.flag() {
        tags.push(u32::from(input.u16()) << 16 | u32::from(input.u16()));
    }
    let (place, hole, most) = (usize::from(input.u16()), usize::from(input.u16()), usize::from(input.u16()));
    let (before, after) = input.0.split_at(place.min(input.0.len()));
    let bytes = [before, &vec![0; hole % 20_000], after].concat();
    let bytes = bytes.as_slice();

    let found = scan_elements(&bytes, &tags, &Parallelism::of(1)).expect("it reads");
    if let Ok(found) = &found {
        check(found, &tags, bytes);
    }
    from_file(bytes, &tags, &found);
    without_tags(bytes, &found);
    // If the source breaks its contract, a result is that of the bytes, or there is none.
    let short = Liar { bytes, most, more: 0 };
    let short = scan_elements(&short, &tags, &Parallelism::of(1)).expect("it reads");
    assert!(short == found || short.is_err() || most == 0, "{short:?} {found:?}");
    let _ = scan_elements(&Liar { bytes, most, more: 9 }, &tags, &Parallelism::of(1));
}

/// The elements are those that a plain walk finds, in their order, with their values.
fn check(found: &NamedElements<'_>, tags: &[u32], bytes: &[u8]) {
    let (all, has_pixel_data) = top_level(bytes, &found.transfer_syntax).expect("a plain walk finds the same");
    assert_eq!(found.has_pixel_data, has_pixel_data);
    let named: Vec<_> = all.iter().filter(|element| tags.contains(&element.tag)).collect();
    assert_eq!(found.elements.len(), named.len(), "{found:?}");
    for (found, element) in found.elements.iter().zip(named) {
        assert_eq!((found.tag, found.vr), (element.tag, element.vr));
        let is_sequence = element.length == UNDEFINED
            || element.vr == Some(*b"SQ")
            || element.vr.is_none() && element.tag == SEQUENCE;
        let value = if is_sequence { &[][..] } else { &bytes[element.value..][..element.length as usize] };
        // In implicit VR, other sequences are known from the dictionary.
        let is_empty = element.vr.is_none() && !TAGS.contains(&element.tag) && found.value.is_empty();
        assert!(is_empty || found.value == value, "{found:?} {value:?}");
    }
}

/// A file gives the same result as its bytes, and is read once.
fn from_file(bytes: &[u8], tags: &[u32], found: &Result<NamedElements<'_>, ScanError>) {
    let file = File::new(bytes);
    assert_eq!(&scan_elements(&file, tags, &Parallelism::of(1)).expect("it reads"), found);
    let (calls, read) = (file.calls.into_inner(), file.read.load(Ordering::Relaxed));
    // The last call finds the end of the file.
    assert!(
        calls <= 3 + bytes.len() / (SCAN_BUFFER_BYTES / 2) && read <= SCAN_BUFFER_BYTES + 2 * bytes.len(),
        "{calls} {read}"
    );
}

/// Without names, a scan finds the same end, and takes every header that a scan for decoding takes.
fn without_tags(bytes: &[u8], found: &Result<NamedElements<'_>, ScanError>) {
    let none = scan_elements(&bytes, &[], &Parallelism::of(1)).expect("it reads");
    if let Ok(found) = found {
        let none = none.as_ref().expect("there are fewer reasons to refuse");
        assert_eq!(
            (&none.transfer_syntax, none.has_pixel_data, none.elements.len()),
            (&found.transfer_syntax, found.has_pixel_data, 0)
        );
    }
    let start = Start::Forced { transfer_syntax: None };
    if let Ok(header) = scan_source(&bytes, &start, ScanScope::Stored, &Parallelism::of(1)).expect("it reads") {
        let none = none.expect("it has the same headers");
        assert_eq!((none.transfer_syntax, none.has_pixel_data), (header.transfer_syntax, true));
    }
}
