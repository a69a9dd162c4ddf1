//! Headers of JPEG 2000, alone and in boxes.

use super::*;
use crate::codestream::jpeg_2000_writer::{TilePart, Writer};

/// A codestream of two tile-parts; the header of the second has a COD with `tile_transform`.
pub(super) fn jpeg_2000(
    size: [u32; 4],
    components: &[[u8; 3]],
    transform: u8,
    wavelet: u8,
    tile_transform: Option<u8>,
) -> Vec<u8> {
    let components = components.to_vec();
    let writer = Writer { size, tile_columns: size[0], components, transform, wavelet, levels: 5 };
    let cod = tile_transform.map(|transform| writer.cod(transform)).unwrap_or_default();
    let part = |header| TilePart { tile: 0, length: None, count: 2, header, packets: &[1, 2, 3] };
    writer.write(&[part(&[]), part(&cod)])
}

#[test]
fn jpeg_2000_header() {
    let frame = jpeg_2000([130, 70, 2, 6], &[[0x8B, 1, 1]], 0, 1, None);
    let expected = Codestream {
        family: Family::Jpeg2000,
        rows: 64,
        columns: 128,
        components: vec![Component { id: 0, sampling: (1, 1), precision: 12, signed: true }],
        precision: 12,
        signed: true,
        details: Details::Jpeg2000(jpeg_2000::Details {
            reversible: true,
            decomposition_levels: 5,
            first_sample: (6, 2),
            ..Default::default()
        }),
        unsupported: None,
        max_samples_per_byte: None,
    };
    assert_eq!(Codestream::read(&frame), Some(expected));
}

/// 15444-1 (B-2): odd origins and separations.
#[test]
fn columns_of_the_widest_component() {
    for (end, origin, separations, expected) in
        [(65, 0, [1, 2, 2], 65), (65, 0, [2, 2, 2], 33), (65, 3, [2, 4, 4], 31), (64, 1, [3, 3, 3], 21)]
    {
        let components = separations.map(|separation| [7, separation, separation]);
        let header = Codestream::read(&jpeg_2000([end, end, origin, origin], &components, 0, 1, None)).unwrap();
        assert_eq!((header.columns, header.rows), (expected, expected));
        assert_eq!(header.is_subsampled(), separations[0] != separations[1]);
    }
}

/// 15444-1 (B-15): rounded up on the reference grid.
#[test]
fn sizes_of_lower_resolutions() {
    let header = Codestream::read(&jpeg_2000([130, 70, 3, 6], &[[7, 1, 1]], 0, 1, None)).unwrap();
    assert_eq!(header.discardable_levels(), 5);
    let sizes = [(64, 127), (32, 63), (16, 32), (8, 16), (4, 8), (2, 4)];
    for (reduce, size) in (0..).zip(sizes) {
        assert_eq!(header.reduced_size(reduce), Some(size), "{reduce}");
    }
    assert_eq!(header.reduced_size(6), None);
    let narrow = Codestream::read(&jpeg_2000([4, 70, 1, 0], &[[7, 1, 1]], 0, 1, None)).unwrap();
    assert_eq!((narrow.discardable_levels(), narrow.reduced_size(1), narrow.reduced_size(2)), (1, Some((35, 1)), None));
    let jpeg = Codestream::read(&jpeg(&[], 0xC0, 2, GRAY)).unwrap();
    assert_eq!((jpeg.reduced_size(0), jpeg.reduced_size(1)), (Some((jpeg.rows, jpeg.columns)), None));
}

#[test]
fn color_statements_of_jpeg_2000() {
    let tiles = [None, Some(0), Some(1)];
    for (transform, wavelet, tile) in (0..2).flat_map(|t| (0..2).flat_map(move |w| tiles.map(move |tile| (t, w, tile))))
    {
        let frame = jpeg_2000([8, 8, 0, 0], &[[7, 1, 1]; 3], transform, wavelet, tile);
        let expected = jpeg_2000::Details {
            component_transform: transform == 1 || tile == Some(1),
            reversible: wavelet == 1,
            decomposition_levels: 5,
            ..Default::default()
        };
        assert_eq!(Codestream::read(&frame).unwrap().details, Details::Jpeg2000(expected));
        // The same without an end marker, or with a length of 0 for the last tile-part.
        assert_eq!(Codestream::read(&frame[..frame.len() - 2]).unwrap().details, Details::Jpeg2000(expected));
    }
}

pub(super) fn boxed(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes(), &name[..], content].concat()
}

#[test]
fn boxes_around_jpeg_2000() {
    let codestream = jpeg_2000([8, 8, 0, 0], &[[7, 1, 1]; 3], 0, 1, None);
    let enumerated = |space: u32| boxed(*b"colr", &[&[1, 0, 0][..], &space.to_be_bytes()].concat());
    let profile = boxed(*b"colr", &[2, 0, 0, 1, 2, 3, 4]);
    let size = boxed(*b"ihdr", &[0; 14]);
    let cases = [
        (vec![size.clone(), enumerated(16)], Some(16)),
        (vec![size.clone(), profile.clone(), enumerated(18), enumerated(16)], Some(18)),
        (vec![size.clone(), profile], None),
        (vec![size.clone(), boxed(*b"colr", &[1, 0, 0, 0, 0, 18])], None),
        (vec![size], None),
    ];
    for (header, color_space) in cases {
        let boxes = [boxed(*b"jP  ", &[13, 10, 0x87, 10]), boxed(*b"ftyp", b"jp2 "), boxed(*b"jp2h", &header.concat())];
        let frame = [boxes.concat(), vec![0, 0, 0, 0], b"jp2c".to_vec(), codestream.clone()].concat();
        let expected = jpeg_2000::Details {
            reversible: true,
            boxed: true,
            color_space,
            decomposition_levels: 5,
            ..Default::default()
        };
        assert_eq!(Codestream::read(&frame).unwrap().details, Details::Jpeg2000(expected));
        assert_eq!(jpeg_2000::without_boxes(&frame), codestream);
    }
}

#[test]
fn components_that_differ() {
    let image = Image::new(&attributes(8, 3)).unwrap();
    for components in [[[7, 1, 1], [8, 1, 1], [7, 1, 1]], [[7, 1, 1], [7, 1, 1], [0x87, 1, 1]]] {
        let frame = jpeg_2000([64, 8, 0, 0], &components, 0, 1, None);
        let error = Codestream::check(&frame, Family::Jpeg2000, &image).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Unsupported(_)), "{error}");
    }
    assert!(
        Codestream::check(&jpeg_2000([64, 8, 0, 0], &[[7, 1, 1]; 3], 0, 1, None), Family::Jpeg2000, &image).is_ok()
    );
}
