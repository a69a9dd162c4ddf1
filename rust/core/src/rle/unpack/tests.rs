//! Compares strips of any size with the same segment unpacked run by run, whole or damaged.

use super::*;
use proptest::prelude::*;

/// The output of a segment for a plane of `room` bytes, byte by byte.
pub(crate) fn oracle(segment: &[u8], room: usize) -> (Vec<u8>, Decoded) {
    let (mut out, mut read, mut excess) = (Vec::new(), 0, 0);
    while out.len() < room && read < segment.len() && excess == 0 {
        let header = usize::from(segment[read]);
        let rest = &segment[read + 1..];
        let (count, run, packed) = match header {
            0..128 => (header + 1, rest.iter().copied().take(header + 1).collect(), header + 1),
            128 => (0, vec![], 0),
            _ => (257 - header, rest.first().map_or(vec![], |byte| vec![*byte; 257 - header]), 1),
        };
        excess = count.saturating_sub(room - out.len());
        out.extend(run);
        out.truncate(room);
        read = segment.len().min(read + 1 + packed);
    }
    let written = out.len();
    (out, Decoded { read, written, excess })
}

/// Runs as encoders write them; with a small `length`, as in noise.
fn runs(length: usize) -> impl Strategy<Value = Vec<u8>> {
    let run = prop_oneof![
        10 => prop::collection::vec(any::<u8>(), 1..=length)
            .prop_map(|bytes| [&[(bytes.len() - 1) as u8], &bytes[..]].concat()),
        10 => (2..=length.max(2), any::<u8>()).prop_map(|(count, byte)| vec![(257 - count) as u8, byte]),
        1 => Just(vec![128]),
    ];
    prop::collection::vec(run, 0..400).prop_map(|runs| runs.concat())
}

/// Legal segments and random bytes, some with one byte changed, some truncated.
pub(crate) fn segments() -> impl Strategy<Value = Vec<u8>> {
    let segment = prop_oneof![runs(4), runs(30), runs(128), prop::collection::vec(any::<u8>(), 0..3000)];
    (segment, any::<(prop::sample::Index, u8, bool)>(), any::<(prop::sample::Index, bool)>()).prop_map(
        |(mut segment, (place, value, changed), (end, cut))| {
            if cut {
                segment.truncate(end.index(segment.len() + 1));
            }
            if changed && !segment.is_empty() {
                let place = place.index(segment.len());
                segment[place] = value;
            }
            segment
        },
    )
}

/// The size of a plane: about that of the segment's output, or any other size.
pub(crate) fn rooms() -> impl Strategy<Value = (bool, usize)> {
    (any::<bool>(), 1usize..6000)
}

pub(crate) fn plane_bytes(segment: &[u8], (about, size): (bool, usize)) -> usize {
    if about { (oracle(segment, usize::MAX).0.len() + size % 9).saturating_sub(4).max(1) } else { size }
}

proptest! {
    #[test]
    fn whole_segments(segment in segments(), room in rooms()) {
        let (expected, outcome) = oracle(&segment, plane_bytes(&segment, room));
        let mut out = vec![0xA5; plane_bytes(&segment, room)];
        let decoded = decode_segment(&segment, &mut out);
        prop_assert_eq!(decoded, outcome);
        prop_assert!(out[..outcome.written] == expected);
    }

    #[test]
    fn any_strip_size_gives_the_same(
        segments in prop::collection::vec(segments(), 1..6),
        room in rooms(),
        strip in 1usize..=300,
        noise: u8,
    ) {
        let plane_bytes = plane_bytes(&segments[0], room);
        let strip = strip.min(plane_bytes);
        let size = strip + RUN_OVERRUN;
        let mut buffers = vec![noise; size * segments.len()];
        let mut unpackers: Vec<_> = segments.iter().map(|segment| Unpacker::new(segment, plane_bytes)).collect();
        let oracles: Vec<_> = segments.iter().map(|segment| oracle(segment, plane_bytes)).collect();
        let mut done = 0;
        while done < plane_bytes {
            let now = strip.min(plane_bytes - done);
            let full = fill_strips(&mut unpackers, &mut buffers);
            prop_assert_eq!(full, oracles.iter().all(|(bytes, _)| bytes.len() >= done + now));
            if !full {
                break;
            }
            for (buffer, (bytes, _)) in buffers.chunks(size).zip(&oracles) {
                prop_assert!(buffer[..now] == bytes[done..done + now]);
            }
            done += now;
        }
        for ((unpacker, buffer), (_, outcome)) in unpackers.iter_mut().zip(buffers.chunks_mut(size)).zip(&oracles) {
            prop_assert_eq!(unpacker.finish(buffer), *outcome);
        }
    }
}

#[test]
fn a_run_beyond_several_bands_is_cut_at_the_plane() {
    let mut unpacker = Unpacker::new(&[129, 7, 130, 9], 200);
    let mut buffer = [0xA5; 3 + RUN_OVERRUN];
    for _ in 0..66 {
        assert!(fill_strips(std::slice::from_mut(&mut unpacker), &mut buffer));
    }
    assert!(fill_strips(std::slice::from_mut(&mut unpacker), &mut buffer));
    assert_eq!(buffer[..2], [9, 9]);
    assert_eq!(unpacker.finish(&mut buffer), Decoded { read: 4, written: 200, excess: 55 });
}
