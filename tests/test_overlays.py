"""Overlays (PS3.3 C.9): `overlays` against pydicom, and drawn ones against a loop over all pixels."""

import numpy as np
import pydicom
import pytest
from contact_sheets import draw_sheet
from convert_command import convert
from display_files import path_of
from display_images import PROPERTY, as_file
from files import ROOTS
from hypothesis import given
from hypothesis import strategies as st
from info_command import info
from overlay_images import add_overlay, drawn, embedded, frames_image, packed
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLSLossless

import dicomet
from dicomet.info import describe

SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian)
RAMP = np.arange(40, dtype=np.uint16).reshape(1, 5, 8)
CROSS = np.eye(4, dtype=bool) | np.eye(4, dtype=bool)[::-1]


@st.composite
def overlay_cases(draw):
    """Return an image, the pixels of an overlay, its origin, kind and first frame, and a transfer syntax."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 12), st.integers(1, 12)))
    stored = rng.integers(0, 4096, shape).astype(np.uint16)
    frames = draw(st.sampled_from([None, 1, 2, 3]))
    sides = draw(st.tuples(st.integers(1, 15), st.integers(1, 15)))
    mask = rng.random(sides if frames is None else (frames, *sides)) < draw(st.sampled_from([0.1, 0.9]))
    origin = draw(st.tuples(st.integers(-12, 14), st.integers(-12, 14)))
    first = draw(st.sampled_from([None, 1, 2, 4])) if frames is not None else None
    return stored, mask, origin, draw(st.sampled_from("GR")), first, draw(st.sampled_from(SYNTAXES))


@PROPERTY
@given(overlay_cases(), st.sampled_from(["OB", "OW"]))
def test_overlays_are_pydicom_s_and_are_drawn_where_they_belong(case, vr):
    stored, mask, origin, kind, first, syntax = case
    ds = frames_image(stored, 12, syntax)
    add_overlay(
        ds, mask, origin=origin, kind=kind, first_frame=first, vr="OW" if syntax == ImplicitVRLittleEndian else vr
    )
    plain = dicomet.to_display(ds, dtype="uint16").reshape(stored.shape)
    expected = []
    for number, frame in enumerate(plain):
        of_frame = mask if mask.ndim == 2 else None
        if mask.ndim == 3 and 0 <= number - ((first or 1) - 1) < len(mask):
            of_frame = mask[number - ((first or 1) - 1)]
        expected.append(frame if of_frame is None else drawn(frame, of_frame, origin, 65535, roi=kind == "R"))
    for source in (ds, as_file(ds)):
        (overlay,) = dicomet.overlays(source)
        np.testing.assert_array_equal(overlay.array, mask[0] if mask.ndim == 3 and len(mask) == 1 else mask)
        if not (syntax == ExplicitVRBigEndian and vr == "OW"):
            np.testing.assert_array_equal(overlay.array, ds.overlay_array(0x6000))
        assert (overlay.array.dtype, overlay.group, overlay.type, overlay.origin) == (bool, 0x6000, kind, origin)
        assert overlay.first_frame == (None if mask.ndim == 2 else (first or 1) - 1)
        found = dicomet.to_display(source, dtype="uint16", overlays=True)
        np.testing.assert_array_equal(found.reshape(stored.shape), expected)
        last = len(stored) - 1
        np.testing.assert_array_equal(
            dicomet.to_display(source, index=last, dtype="uint16", overlays=["6000"]), expected[last]
        )
    np.testing.assert_array_equal(dicomet.to_display(as_file(ds), dtype="uint16").reshape(stored.shape), plain)


@pytest.mark.parametrize("name", ["examples_overlay.dcm", "MR-SIEMENS-DICOM-WithOverlays.dcm"])
def test_real_files(name):
    path = path_of(name)
    ds = pydicom.dcmread(path)
    (overlay,) = dicomet.overlays(path)
    np.testing.assert_array_equal(overlay.array, ds.overlay_array(0x6000))
    assert overlay.description == ds[0x60000022].value
    plain, found = dicomet.to_display(path), dicomet.to_display(path, overlays=True)
    np.testing.assert_array_equal(found, np.where(overlay.array, 255, plain))
    assert (plain != found).any()


def encode_jpeg_ls(words: np.ndarray) -> bytes:
    encoders = pytest.importorskip("encoders")
    return encoders.jls(words.view(np.uint16), 16, 0)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("syntax", [*SYNTAXES, JPEGLSLossless])
def test_overlays_in_unused_bits(syntax, signed):
    """As older files have them, beside each frame's samples."""
    stored = np.arange(3 * 20 * 30).reshape(3, 20, 30).astype("i2" if signed else "u2") - 900 * signed
    masks = {12: np.zeros(stored.shape, bool), 15: np.zeros(stored.shape, bool)}
    for number in range(3):
        masks[12][number, 2 + number : 9, 3:20] = masks[15][number, 7:, : 2 + number] = True
    ds = embedded(stored, 12, masks, syntax, encode_jpeg_ls if syntax == JPEGLSLossless else None)
    for source in (ds, as_file(ds)):
        np.testing.assert_array_equal(dicomet.pixel_array(source), stored)
        found = dicomet.overlays(source)
        assert [(overlay.group, overlay.first_frame) for overlay in found] == [(0x6000, 0), (0x6002, 0)]
        for overlay, mask in zip(found, masks.values(), strict=True):
            np.testing.assert_array_equal(overlay.array, mask)
        plain = dicomet.to_display(source)
        np.testing.assert_array_equal(dicomet.to_display(source, overlays=["6002"]), np.where(masks[15], 255, plain))
        np.testing.assert_array_equal(
            dicomet.to_display(source, overlays=True, index=1), np.where(masks[12][1] | masks[15][1], 255, plain[1])
        )


def test_a_codestream_without_the_bits_has_no_overlay():
    encoders = pytest.importorskip("encoders")
    masks = {12: np.ones((1, 60, 70), bool)}
    ds = embedded(
        np.zeros((1, 60, 70), np.uint16), 12, masks, JPEGLSLossless, lambda words: encoders.jls(words & 4095, 12, 0)
    )
    with pytest.raises(dicomet.PixelDataError, match=r"\(6000,0102\).*found 12 of samples of 12 bits"):
        dicomet.overlays(ds)


def test_names():
    ds = frames_image(RAMP, 6)
    add_overlay(ds, CROSS, label="Marker")
    add_overlay(ds, np.ones((1, 1), bool), group=0x601E, origin=(5, 8))
    data = as_file(ds)
    assert [overlay.group for overlay in dicomet.overlays(data)] == [0x6000, 0x601E]
    for names, groups in (
        (["MARKER"], [0x6000]),
        (["601e", "marker", "6000"], [0x601E, 0x6000]),
        ([], []),
        (False, []),
        (True, [0x6000, 0x601E]),
    ):
        assert [overlay.group for overlay in dicomet.overlays(data, names)] == groups
    for call in (lambda: dicomet.overlays(data, ["x"]), lambda: dicomet.to_display(data, overlays=["x"])):
        with pytest.raises(
            dicomet.PixelDataError, match=r"\(60xx,1500\) Overlay Label: found 'Marker', '601E', expected 'x'"
        ):
            call()
    for wrong in ("Marker", 6000, None, [0x6000]):
        with pytest.raises(TypeError, match="'overlays': found"):
            dicomet.to_display(data, overlays=wrong)


def test_a_file_without_overlays():
    data = as_file(frames_image(RAMP, 6))
    assert dicomet.overlays(data) == ()
    np.testing.assert_array_equal(dicomet.to_display(data, overlays=True), dicomet.to_display(data))
    with pytest.raises(dicomet.PixelDataError, match="found no overlays, expected '6000'"):
        dicomet.overlays(data, ["6000"])


@pytest.mark.parametrize(
    ("options", "white"),
    [({}, 255), ({"dtype": "float32", "range": (-1, 1)}, 1), ({"range": (200, 3)}, 3), ({"dtype": "uint16"}, 65535)],
)
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_the_brightest_value(options, white, photometric):
    ds = add_overlay(frames_image(RAMP, 6), CROSS, origin=(2, 3))
    ds.PhotometricInterpretation = photometric
    expected = dicomet.to_display(ds, **options)
    expected[1:5, 2:6][CROSS] = white
    np.testing.assert_array_equal(dicomet.to_display(ds, overlays=True, **options), expected)


@pytest.mark.parametrize("name", ["examples_palette.dcm", "SC_rgb_rle_2frame.dcm", "SC_rgb_small_odd.dcm"])
def test_over_colors(name):
    ds = pydicom.dcmread(path_of(name))
    add_overlay(ds, CROSS[:3, :2], origin=(1, 2))
    plain = dicomet.to_display(ds)
    expected = plain.copy()
    expected[..., :3, 1:3, :][..., CROSS[:3, :2], :] = 255
    assert (plain != expected).any()
    for arguments in ({}, {"view_only": True}):
        np.testing.assert_array_equal(dicomet.to_display(ds, overlays=True, **arguments), expected)
        np.testing.assert_array_equal(dicomet.to_display(ds), plain)


def test_the_result_may_be_the_caller_s_array():
    ds = add_overlay(frames_image(RAMP, 6), CROSS)
    out = np.empty((5, 8), np.uint8)
    assert dicomet.to_display(ds, overlays=True, out=out) is out
    np.testing.assert_array_equal(out, dicomet.to_display(ds, overlays=True))


@pytest.mark.parametrize("levels", [1, 2])
def test_at_a_lower_resolution(levels):
    images = pytest.importorskip("jpeg_2000_images")
    ds = images.image([images.by_pillow(images.words(8), num_resolutions=4)], 8)
    mask = np.zeros((images.SHAPE[0], images.SHAPE[1] + 5), bool)
    mask[3, 5], mask[22, 36], mask[10, 20:25], mask[1, 40] = True, True, True, True
    add_overlay(ds, mask)
    plain = dicomet.to_display(ds, reduce=levels)
    expected = plain.copy()
    for row, column in np.argwhere(mask[:, : images.SHAPE[1]]):
        expected[row >> levels, column >> levels] = 255
    np.testing.assert_array_equal(dicomet.to_display(ds, overlays=True, reduce=levels), expected)


def test_a_group_without_data_is_left_out():
    """As anonymization leaves it."""
    ds = add_overlay(frames_image(RAMP, 6), CROSS)
    del ds[0x60003000]
    for source in (ds, as_file(ds)):
        with pytest.warns(UserWarning, match=r"\(6000,3000\) Overlay Data: found no value"):
            assert dicomet.overlays(source) == ()
        with pytest.raises(dicomet.MissingElementError, match=r"\(6000,3000\) Overlay Data"):
            dicomet.overlays(source, ["6000"])


# The elements of an overlay in bits of samples, as large as the image.
IN_SAMPLES = {0x100: ("US", 16), 0x3000: None, 0x10: ("US", 5), 0x11: ("US", 8)}
MALFORMED = {
    "truncated data": ({0x11: ("US", 8)}, "found 2 bytes, expected 4"),
    "huge sides": ({0x10: ("US", 65535), 0x11: ("US", 65535)}, "expected 536854529"),
    "many frames": ({0x15: ("IS", str(2**31 - 1))}, r"found 2 bytes, expected 429496729\d"),
    "no rows": ({0x10: ("US", 0)}, r"\(6000,0010\) Overlay Rows: found 0, expected 1 or more"),
    "rows missing": ({0x10: None}, "Missing required element: .6000,0010. Overlay Rows"),
    "columns missing": ({0x11: ("US", None)}, "Missing required element: .6000,0011. Overlay Columns"),
    "several rows": ({0x10: ("US", [4, 4])}, "expected one integer"),
    "negative frames": ({0x15: ("IS", "-1")}, "Number of Frames in Overlay: found -1"),
    "half an origin": ({0x50: ("SS", 1)}, "Overlay Origin: found .?1.?, expected 2 integers"),
    "data is text": ({0x3000: ("LO", "abc")}, "Overlay Data: found 'abc', expected bytes"),
    "frame origin 0": ({0x51: ("US", 0)}, "Image Frame Origin: found 0"),
    "bits of the samples": ({**IN_SAMPLES, 0x102: ("US", 5)}, "found 5, expected an unused bit"),
    "bits above the samples": ({**IN_SAMPLES, 0x102: ("US", 16)}, "found 16, expected an unused bit"),
    "no bit position": ({**IN_SAMPLES, 0x102: None}, "Missing required element: .6000,0102."),
    "another size": (
        {**IN_SAMPLES, 0x10: ("US", 4), 0x102: ("US", 12)},
        "Overlay Rows: found 4, expected 5 as of the image",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_overlays_are_errors(name, tmp_path):
    elements, says = MALFORMED[name]
    ds = add_overlay(frames_image(RAMP, 6), CROSS)
    add_overlay(ds, CROSS, group=0x6002, label="good")
    for number, entry in elements.items():
        if entry is None:
            del ds[0x60000000 | number]
        else:
            ds.add_new(0x60000000 | number, *entry)
    if name == "rows missing":
        ds.add_new(0x60003000, "OW", packed(CROSS))
    path = tmp_path / "image.dcm"
    path.write_bytes(as_file(ds))
    for source in (ds, path):
        for call in (dicomet.overlays, lambda source: dicomet.to_display(source, overlays=True)):
            with pytest.raises(dicomet.PixelDataError, match=says) as raised:
                call(source)
            assert raised.value.element.startswith("(6000,")
            assert raised.value.filename == (None if source is ds else str(path))
        # It does not hide the other one, nor the image.
        assert len(dicomet.overlays(source, ["good"])) == 1
        assert dicomet.to_display(source).shape == (5, 8)
        dicomet.to_display(source, overlays=["good"])


def test_excess_data_is_tolerated():
    ds = add_overlay(frames_image(RAMP, 6), CROSS)
    ds[0x60003000].value += bytes(10)
    with pytest.warns(UserWarning, match="found 12 bytes, expected 2; the rest is not used"):
        np.testing.assert_array_equal(dicomet.overlays(ds)[0].array, CROSS)
    with pytest.warns(UserWarning, match="excess padding"):
        np.testing.assert_array_equal(ds.overlay_array(0x6000), CROSS)


def test_an_overlay_in_colors_has_no_unused_bits():
    ds = pydicom.dcmread(ROOTS["pydicom"] / "SC_rgb_small_odd.dcm")
    for number, value in ((0x10, 3), (0x11, 3), (0x100, 8), (0x102, 7)):
        ds.add_new(0x60000000 | number, "US", value)
    with pytest.raises(dicomet.PixelDataError, match="Samples per Pixel: found 3 with an overlay in unused bits"):
        dicomet.overlays(ds)


def test_max_bytes():
    ds = add_overlay(frames_image(RAMP, 6), np.ones((100, 100), bool))
    assert dicomet.overlays(ds, max_bytes=10000)[0].array.all()
    with pytest.raises(dicomet.PixelDataError, match="found an array of 10000 bytes, expected at most the 9999"):
        dicomet.overlays(ds, max_bytes=9999)


def test_a_representation_names_no_text():
    ds = add_overlay(frames_image(RAMP, 6), CROSS, label="DOE^JANE")
    assert repr(dicomet.overlays(ds)[0]) == "Overlay(group=24576, type='G', origin=(1, 1), first_frame=None)"


# Commands


@pytest.fixture
def page(tmp_path):
    """A black image of two frames, whose first one has text in an overlay."""
    ds = add_overlay(frames_image(np.zeros((2, 5, 8), np.uint8), 8), CROSS[np.newaxis], label="TEXT", origin=(2, 3))
    path = tmp_path / "page.dcm"
    path.write_bytes(as_file(ds))
    return path


def test_convert(page, tmp_path):
    expected = np.zeros((2, 5, 8), np.uint8)
    expected[0, 1:5, 2:6][CROSS] = 255
    for arguments, array in ((["--overlays"], expected), ([], np.zeros_like(expected))):
        convert(page, "-o", tmp_path / "page.npy", *arguments)
        np.testing.assert_array_equal(np.load(tmp_path / "page.npy"), array)
    dicomet.convert_file(page, tmp_path / "named.npy", overlays=["text"], frames=0)
    np.testing.assert_array_equal(np.load(tmp_path / "named.npy"), expected[0])
    with pytest.raises(dicomet.PixelDataError, match="found 'TEXT', expected 'x'"):
        dicomet.convert_file(page, tmp_path / "no.npy", overlays=["x"])
    for values in ("stored", "modality"):
        with pytest.raises(ValueError, match=f"overlays: does not go with {values} values"):
            dicomet.convert_file(page, tmp_path / "no.npy", overlays=True, values=values)
    with pytest.raises(TypeError, match="'overlays': found 'text'"):
        dicomet.convert_file(page, tmp_path / "no.npy", overlays="text")
    assert not (tmp_path / "no.npy").exists()


def test_show(page, tmp_path, capsys):
    assert draw_sheet(tmp_path / "sheet.png", page, "--overlays").max() == 255
    first = capsys.readouterr().out.splitlines()[0]
    assert first.endswith(", 1 overlay")
    plain = draw_sheet(tmp_path / "sheet.png", page)
    assert np.isin(plain, [0, 96]).all(), "black, and the background of the sheet"


def test_info(page, capsys):
    described = describe(page)
    assert described["overlays"] == [
        {
            "group": "6000",
            "OverlayRows": 4,
            "OverlayColumns": 4,
            "NumberOfFramesInOverlay": 1,
            "ImageFrameOrigin": None,
            "OverlayOrigin": [2, 3],
            "OverlayType": "G",
            "OverlaySubtype": None,
            "OverlayLabel": "TEXT",
            "OverlayBitsAllocated": 1,
            "OverlayBitPosition": 0,
        }
    ]
    assert info(page) == 0
    assert "\noverlays " in (out := capsys.readouterr().out)
    assert "6000 (TEXT) graphics, 4 x 4\n" in out
    assert describe(frames_image(RAMP, 6))["overlays"] is None


def test_names_are_a_sequence():
    with pytest.raises(TypeError, match="'names': found generator"):
        dicomet.overlays(str(ROOTS["pydicom"] / "MR-SIEMENS-DICOM-WithOverlays.dcm"), (name for name in ["6000"]))
