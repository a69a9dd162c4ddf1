"""The color rule: each row of its table, and what every way of reading makes of it.

The codestreams have known components (`codestreams`). The right colors follow from these by `oracle`, in fractions.
"""

import io
import itertools
import re
import warnings
from functools import cache

import codestreams
import numpy as np
import oracle
import pydicom
import pytest
from codestreams import JFIF, SHORT_ADOBE, adobe, hp_transform
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

import dicomet
from dicomet._decoding import color_rule
from dicomet._decoding.color_rule import Components, decide
from dicomet._native import Codestream
from dicomet.convert.api import convert_file
from dicomet.info import describe
from dicomet.loaders.loading import FrameLoader

pytest.importorskip("libjpeg")
pytest.importorskip("openjpeg")
pytest.importorskip("jpeg_ls")

RGB, YCBCR, PARTIAL, UNKNOWN = (
    Components.RGB,
    Components.YCBCR,
    Components.PARTIAL_YCBCR,
    Components.UNKNOWN,
)
FULL_TERMS = ("YBR_FULL", "YBR_FULL_422")
PARTIAL_TERMS = ("YBR_PARTIAL_422", "YBR_PARTIAL_420")
TRANSFORMED_TERMS = ("YBR_ICT", "YBR_RCT")
OTHER_TERMS = ("HSV", "ARGB", "CMYK", "XYB", "MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
TERMS = ("RGB", *FULL_TERMS, *PARTIAL_TERMS, *TRANSFORMED_TERMS, *OTHER_TERMS)
NUMBER_IDS = ((1, 2, 3), (0, 1, 2), (5, 9, 200))
LETTER_IDS = (tuple(b"RGB"), tuple(b"rgb"))

rng = np.random.default_rng(20)
BLOCKS = rng.integers(30, 226, (2, 2, 3), dtype=np.uint8)
PIXELS = BLOCKS.repeat(8, axis=0).repeat(8, axis=1)
# OpenJPEG wants some pixels for its five levels.
SOFT = rng.integers(30, 226, (8, 8, 3), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)
PLANES = tuple(np.moveaxis(BLOCKS, -1, 0))
HALF = ((2, 1), (1, 1), (1, 1))
HALF_PLANES = (rng.integers(30, 226, (2, 4)), PLANES[1], PLANES[2])


@cache
def dct(segments=b"", ids=(1, 2, 3)):
    return codestreams.dct_jpeg(PLANES, segments, ids)


@cache
def half_dct(segments=b"", ids=(1, 2, 3)):
    return codestreams.dct_jpeg(HALF_PLANES, segments, ids, HALF)


@cache
def lossless(segments=b"", ids=(1, 2, 3)):
    return codestreams.lossless_jpeg(PIXELS, 8, segments, ids)


@cache
def jpeg_ls(segments=b"", ids=(1, 2, 3)):
    return codestreams.jpeg_ls(PIXELS, 8, segments, ids)


@cache
def j2k(*, mct, lossy=False):
    return codestreams.jpeg_2000(SOFT, 8, mct=mct, lossy=lossy)


@cache
def half_j2k(separation=(2, 1)):
    components = [rng.integers(60, 190, size, dtype=np.uint8) for size in ((128, 128), *[(128, 64)] * 2)]
    if separation != (2, 1):
        size = -(-128 // separation[1]), -(-128 // separation[0])
        components[1:] = [rng.integers(90, 160, size, dtype=np.uint8) for _ in range(2)]
    return codestreams.subsampled_jpeg_2000(components, 8, (128, 128), ((1, 1), separation, separation))


def by_term(term):
    """What a term says, where no codestream says otherwise."""
    if term in FULL_TERMS:
        return YCBCR
    return PARTIAL if term in PARTIAL_TERMS else RGB if term == "RGB" else UNKNOWN


def native_rows(term):
    """Yield row, codestream, term, components, and whether data set and codestream contradict each other."""
    yield {RGB: "N1", YCBCR: "N2", PARTIAL: "N3", UNKNOWN: "N4"}[by_term(term)], None, term, by_term(term), False


def stated_rows(term):
    """The same for JPEG and JPEG-LS that state something."""
    is_full, is_rgb = term in FULL_TERMS, term == "RGB"
    for number, more in itertools.product((1, 2, 3), (b"", JFIF)):
        yield "J1", jpeg_ls(hp_transform(number) + more), term, RGB, not is_rgb
    for make, ids in itertools.product((dct, half_dct, lossless, jpeg_ls), (*NUMBER_IDS, *LETTER_IDS)):
        for more in (b"", adobe(0), adobe(1), adobe(2), SHORT_ADOBE):
            yield "J2", make(JFIF + more, ids), term, YCBCR, not is_full
        yield "J3", make(adobe(0), ids), term, RGB, not is_rgb
        yield "J4", make(adobe(1), ids), term, YCBCR, not is_full
        yield "J5", make(adobe(2), ids), term, YCBCR, True
    for make, ids in itertools.product((dct, half_dct, lossless, jpeg_ls), LETTER_IDS):
        for nothing in (b"", SHORT_ADOBE):
            yield "J6", make(nothing, ids), term, RGB, not is_rgb


def silent_rows(term):
    """The same for JPEG and JPEG-LS that state nothing."""
    said = by_term(term)
    for make, ids, more in itertools.product(
        (dct, half_dct, lossless, jpeg_ls), NUMBER_IDS, (b"", SHORT_ADOBE, hp_transform(0))
    ):
        stream = make(more, ids)
        if said is RGB:
            yield ("J7", stream, term, YCBCR, True) if make is half_dct else ("J8", stream, term, RGB, False)
        elif said is not UNKNOWN:
            yield ("J9" if said is YCBCR else "J10"), stream, term, said, False
        elif make in {dct, half_dct}:
            yield "J11", stream, term, YCBCR, True
        else:
            yield "J12", stream, term, UNKNOWN, False


def jpeg_2000_rows(term):
    """The same for JPEG 2000."""
    said = by_term(term)
    for lossy, color_space in itertools.product((False, True), COLOR_SPACES):
        stream = boxed(j2k(mct=True, lossy=lossy), color_space)
        yield "K1", stream, term, RGB, term not in {"RGB", *TRANSFORMED_TERMS}
    for color_space in COLOR_SPACES:
        half, stream = (boxed(each, color_space) for each in (half_j2k(), j2k(mct=False)))
        if term in {"RGB", "YBR_RCT"}:
            yield "K2", half, term, YCBCR, True
        if term == "YBR_ICT":
            yield "K6", stream, term, RGB if color_space == 16 else YCBCR, True
        elif term == "YBR_RCT":
            yield "K7", stream, term, YCBCR if color_space == 18 else RGB, True
        else:
            row = {RGB: "K3", YCBCR: "K4", PARTIAL: "K5", UNKNOWN: "K8"}[said]
            yield row, stream, term, said, False
            if said is not RGB:
                yield row, half, term, said, False


COLOR_SPACES = (None, 16, 18)


def boxed(stream, color_space):
    """The codestream, in boxes where a color space is given."""
    return stream if color_space is None else codestreams.jp2(stream, (64, 64), color_space)


def table():
    """Yield all rows."""
    for term in TERMS:
        for rows in (native_rows, stated_rows, silent_rows, jpeg_2000_rows):
            yield from rows(term)


TABLE = list(table())


@pytest.mark.parametrize("row", sorted({row for row, *_ in TABLE}))
def test_row(row):
    for _, stream, term, components, contradicts in (case for case in TABLE if case[0] == row):
        header = None if stream is None else Codestream.read(stream)
        decision = decide(term, 3, header)
        assert decision.components is components, (term, decision)
        assert (decision.contradiction is not None) == contradicts, (term, decision)
        assert decision.subsampled == (header is not None and header.is_subsampled)
        if contradicts:
            assert f"found {term}" in decision.contradiction
            assert decision.reason in decision.contradiction
            assert components.value in decision.contradiction


def test_every_row_of_the_docstring_is_tested():
    documented = re.findall(r"^([NJK]\d+) ", color_rule.__doc__, re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) == {row for row, *_ in TABLE}


@pytest.mark.parametrize("term", ["MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "PALETTE_COLOR"])
def test_one_sample_is_never_a_color(term):
    expected = Components.PALETTE if term.startswith("PALETTE") else Components.GRAY
    for header in (None, Codestream.read(dct(JFIF)), Codestream.read(j2k(mct=True))):
        assert decide(term, 1, header) == (expected, False, color_rule.PHOTOMETRIC_INTERPRETATION, None)


# Every way of reading


def data_set(transfer_syntax, pixels, term, *, bits=8, allocated=8, frames=1, planar=0):  # noqa: PLR0913
    """A data set with `pixels`: the codestreams of the frames, or samples of shape (rows, columns, 3)."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(transfer_syntax)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7.4"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = generate_uid()
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, term, planar
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = allocated, bits, bits - 1, 0
    ds.NumberOfFrames = frames
    if isinstance(pixels, np.ndarray):
        ds.Rows, ds.Columns = pixels.shape[:2]
        image = oracle.Image(pixels[np.newaxis], allocated, bits, photometric=term, planar=planar)
        if ds.file_meta.TransferSyntaxUID == RLELossless:
            packed = [oracle.odd_runs(plane, np.random.default_rng(1)) for plane in oracle.byte_planes(image)]
            ds.PixelData = encapsulate([oracle.rle_frame(packed)])
        else:
            ds.PixelData = oracle.native(image, big_endian=ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian)
    else:
        header = Codestream.read(pixels)
        assert header is not None
        ds.Rows, ds.Columns = sizes(pixels)
        ds.PixelData = encapsulate([pixels] * frames)
    ds["PixelData"].VR = "OB" if allocated == 8 or ds.file_meta.TransferSyntaxUID.is_compressed else "OW"
    ds["PixelData"].is_undefined_length = ds.file_meta.TransferSyntaxUID.is_encapsulated
    return ds


def sizes(stream):
    """Rows and columns of the codestreams of this module."""
    if stream[:2] == b"\xff\xd8":
        start = re.search(rb"\xff[\xc0\xc1\xc3\xf7]\x00\x11", stream).end()
        return int.from_bytes(stream[start + 1 : start + 3], "big"), int.from_bytes(
            stream[start + 3 : start + 5], "big"
        )
    start = stream.index(b"\xff\x51") + 6
    return int.from_bytes(stream[start + 4 : start + 8], "big"), int.from_bytes(stream[start : start + 4], "big")


def as_bytes(ds):
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def readings(ds, tmp_path):
    """Yield the name and a call of every way to the stored values of a one-frame image."""
    data = as_bytes(ds)
    path = tmp_path / "image.dcm"
    path.write_bytes(data)

    def opened():
        with dicomet.open(path) as image:
            return image[0]

    yield "path", lambda: dicomet.pixel_array(path)
    yield "bytes", lambda: dicomet.pixel_array(data)
    yield "file object", lambda: dicomet.pixel_array(io.BytesIO(data))
    yield "data set", lambda: dicomet.pixel_array(pydicom.dcmread(path))
    yield "index", lambda: dicomet.pixel_array(path, index=0)
    yield "iter_pixels", lambda: next(iter(dicomet.iter_pixels(path)))
    yield "open", opened
    yield "pixel_arrays", lambda: next(iter(dicomet.pixel_arrays([path])))


def displays(ds, tmp_path):
    """Yield the name and a call of every way to what is shown."""
    path = tmp_path / "image.dcm"
    path.write_bytes(as_bytes(ds))
    target = tmp_path / "image.npy"

    def converted(values):
        target.unlink(missing_ok=True)
        convert_file(path, target, values=values)
        return np.load(target)

    yield "to_display", lambda: dicomet.to_display(path)
    yield "data set", lambda: dicomet.to_display(pydicom.dcmread(path))
    yield "loader", lambda: FrameLoader()(path)
    yield "stored values of a loader", lambda: FrameLoader(values="stored")(path)
    yield "convert", lambda: converted("display")
    yield "convert stored values", lambda: converted("stored")


def recorded(call):
    """The result, and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    return result, [str(warning.message) for warning in caught]


CONTRADICTIONS = {
    "J3 Adobe 0": (JPEGBaseline8Bit, dct(adobe(0)), PIXELS, "YBR_FULL_422", RGB),
    "J6 R G B": (JPEGBaseline8Bit, dct(b"", b"RGB"), PIXELS, "YBR_FULL_422", RGB),
    "J6 r g b": (JPEGBaseline8Bit, dct(b"", b"rgb"), PIXELS, "YBR_FULL", RGB),
    "J2 JFIF": (JPEGBaseline8Bit, dct(JFIF), PIXELS, "RGB", YCBCR),
    "J2 JFIF before Adobe": (JPEGBaseline8Bit, dct(adobe(0) + JFIF), PIXELS, "RGB", YCBCR),
    "J2 JFIF before identifiers": (JPEGBaseline8Bit, dct(JFIF, b"RGB"), PIXELS, "RGB", YCBCR),
    "J4 Adobe 1": (JPEGBaseline8Bit, dct(adobe(1)), PIXELS, "RGB", YCBCR),
    "J4 Adobe before identifiers": (JPEGBaseline8Bit, dct(adobe(1), b"RGB"), PIXELS, "RGB", YCBCR),
    "J5 Adobe 2": (JPEGBaseline8Bit, dct(adobe(2)), PIXELS, "YBR_FULL", YCBCR),
    "J11": (JPEGBaseline8Bit, dct(), PIXELS, "YBR_ICT", YCBCR),
    "J3 lossless": (JPEGLosslessSV1, lossless(adobe(0)), PIXELS, "YBR_FULL", RGB),
    "J2 lossless": (JPEGLosslessSV1, lossless(JFIF), PIXELS, "RGB", YCBCR),
    "J6 JPEG-LS": (JPEGLSLossless, jpeg_ls(b"", b"RGB"), PIXELS, "YBR_FULL", RGB),
    "J4 JPEG-LS": (JPEGLSLossless, jpeg_ls(adobe(1)), PIXELS, "RGB", YCBCR),
    "K1 YBR_FULL": (JPEG2000Lossless, j2k(mct=True), SOFT, "YBR_FULL", RGB),
    "K1 YBR_FULL_422": (JPEG2000, j2k(mct=True), SOFT, "YBR_FULL_422", RGB),
    "K1 boxes": (JPEG2000, codestreams.jp2(j2k(mct=True), (64, 64), 18), SOFT, "YBR_FULL_422", RGB),
    "K6": (JPEG2000, j2k(mct=False), SOFT, "YBR_ICT", YCBCR),
    "K6 boxes": (JPEG2000, codestreams.jp2(j2k(mct=False), (64, 64), 16), SOFT, "YBR_ICT", RGB),
    "K7": (JPEG2000Lossless, j2k(mct=False), SOFT, "YBR_RCT", RGB),
    "K7 boxes": (JPEG2000, codestreams.jp2(j2k(mct=False), (64, 64), 18), SOFT, "YBR_RCT", YCBCR),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_contradiction_is_decided_by_the_codestream_and_told_once(name, tmp_path):
    transfer_syntax, stream, components, term, meaning = CONTRADICTIONS[name]
    expected = oracle.ybr_to_rgb(components) if meaning is YCBCR else components
    ds = data_set(transfer_syntax, stream, term)
    for way, call in (*readings(ds, tmp_path), *displays(ds, tmp_path)):
        array, messages = recorded(call)
        assert np.array_equal(array, expected), way
        assert len(messages) == 1, (way, messages)
        assert f"found {term}, expected a term for {meaning.value}" in messages[0], way
    array, messages = recorded(lambda: dicomet.pixel_array(ds, raw=True))
    assert np.array_equal(array, components)
    assert len(messages) == 1


def test_a_contradiction_in_every_frame_is_told_once():
    ds = data_set(JPEGBaseline8Bit, dct(adobe(0)), "YBR_FULL", frames=5)
    with pytest.warns(UserWarning, match="transform 0") as caught:
        assert np.array_equal(dicomet.pixel_array(ds), np.stack([PIXELS] * 5))
    assert len(caught) == 1
    with pytest.warns(UserWarning, match="transform 0") as caught:
        assert len(list(dicomet.iter_pixels(ds))) == 5
    assert len(caught) == 1


AGREEMENTS = {
    "J9": (JPEGBaseline8Bit, dct(), PIXELS, "YBR_FULL_422", YCBCR),
    "J8": (JPEGBaseline8Bit, dct(), PIXELS, "RGB", RGB),
    "J8 short Adobe": (JPEGBaseline8Bit, dct(SHORT_ADOBE), PIXELS, "RGB", RGB),
    "J3": (JPEGBaseline8Bit, dct(adobe(0)), PIXELS, "RGB", RGB),
    "J4": (JPEGBaseline8Bit, dct(adobe(1)), PIXELS, "YBR_FULL_422", YCBCR),
    "J8 lossless": (JPEGLosslessSV1, lossless(), PIXELS, "RGB", RGB),
    "J9 lossless": (JPEGLosslessSV1, lossless(), PIXELS, "YBR_FULL", YCBCR),
    "J8 JPEG-LS": (JPEGLSLossless, jpeg_ls(), PIXELS, "RGB", RGB),
    "J9 JPEG-LS": (JPEGLSLossless, jpeg_ls(), PIXELS, "YBR_FULL", YCBCR),
    "K1 YBR_RCT": (JPEG2000Lossless, j2k(mct=True), SOFT, "YBR_RCT", RGB),
    "K1 RGB": (JPEG2000Lossless, j2k(mct=True), SOFT, "RGB", RGB),
    "K3": (JPEG2000Lossless, j2k(mct=False), SOFT, "RGB", RGB),
    "K4": (JPEG2000, j2k(mct=False), SOFT, "YBR_FULL", YCBCR),
    "K3 boxes": (JPEG2000, codestreams.jp2(j2k(mct=False), (64, 64), 18), SOFT, "RGB", RGB),
    "K4 boxes": (JPEG2000, codestreams.jp2(j2k(mct=False), (64, 64), 18), SOFT, "YBR_FULL", YCBCR),
}


@pytest.mark.parametrize("name", AGREEMENTS)
def test_an_agreement_is_not_told(name, tmp_path):
    transfer_syntax, stream, components, term, meaning = AGREEMENTS[name]
    expected = oracle.ybr_to_rgb(components) if meaning is YCBCR else components
    ds = data_set(transfer_syntax, stream, term)
    for way, call in (*readings(ds, tmp_path), *displays(ds, tmp_path)):
        array, messages = recorded(call)
        assert np.array_equal(array, expected), way
        assert messages == [], way
    for options in ({"raw": True}, {"as_rgb": False}):
        array, messages = recorded(lambda options=options: dicomet.pixel_array(ds, **options))
        assert np.array_equal(array, components)
        assert messages == []


@pytest.mark.parametrize("plugin", ["pylibjpeg", "pillow", "gdcm", "pyjpegls"])
@pytest.mark.parametrize("name", [*CONTRADICTIONS, *AGREEMENTS])
def test_every_plugin_gives_the_same(name, plugin):
    transfer_syntax, stream, components, term, meaning = (CONTRADICTIONS | AGREEMENTS)[name]
    decoder = pydicom.pixels.get_decoder(transfer_syntax)
    if plugin not in decoder.available_plugins:
        pytest.skip(f"{plugin} does not decode {transfer_syntax.name}, or is not installed")
    ds = data_set(transfer_syntax, stream, term)
    array, _ = recorded(lambda: dicomet.pixel_array(ds, decoding_plugin=plugin))
    assert np.array_equal(array, oracle.ybr_to_rgb(components) if meaning is YCBCR else components)
    array, _ = recorded(lambda: dicomet.pixel_array(ds, raw=True, decoding_plugin=plugin))
    assert np.array_equal(array, components)


MARKERS = st.tuples(st.booleans(), st.booleans(), st.sampled_from([None, 0, 1, 2]))


@settings(max_examples=60, deadline=None)
@given(
    markers=MARKERS,
    ids=st.sampled_from([*NUMBER_IDS, *LETTER_IDS]),
    term=st.sampled_from(TERMS),
    luma=st.tuples(st.integers(1, 4), st.integers(1, 4)) | st.none(),
)
def test_any_markers_identifiers_and_sampling_factors(markers, ids, term, luma):
    """The result is what the rule says of the header, which the rows prove. Lossless without `luma`."""
    jfif, short, transform = markers
    segments = (JFIF if jfif else b"") + (SHORT_ADOBE if short else b"")
    segments += b"" if transform is None else adobe(transform)
    if luma is None:
        stream, components, transfer_syntax = lossless(segments, ids), PIXELS, JPEGLosslessSV1
    else:
        # All blocks of a component are alike, so that it does not matter how chrominance is upsampled.
        values = BLOCKS[0, 0]
        planes = [
            np.full((2 * luma[1], 2 * luma[0]), values[0]),
            np.full((2, 2), values[1]),
            np.full((2, 2), values[2]),
        ]
        stream = codestreams.dct_jpeg(planes, segments, ids, (luma, (1, 1), (1, 1)))
        components, transfer_syntax = np.full((16 * luma[1], 16 * luma[0], 3), values), JPEGBaseline8Bit
    decision = decide(term, 3, Codestream.read(stream))
    ds = data_set(transfer_syntax, stream, term)
    array, messages = recorded(lambda: dicomet.pixel_array(ds))
    if decision.components is YCBCR:
        assert np.array_equal(array, oracle.ybr_to_rgb(components))
    else:
        assert np.array_equal(array, components)
    is_left = decision.components in {UNKNOWN, PARTIAL}
    assert len(messages) == int(is_left or decision.contradiction is not None)
    if decision.components is UNKNOWN:
        with pytest.raises(dicomet.PixelDataError, match=r"\(0028,0004\) Photometric Interpretation: found"):
            dicomet.to_display(ds)
    else:
        shown, _ = recorded(lambda: dicomet.to_display(ds))
        convert = {YCBCR: oracle.ybr_to_rgb, PARTIAL: oracle.partial_ybr_to_rgb}
        assert np.array_equal(shown, convert.get(decision.components, np.copy)(components))


# JPEG 2000 with components of different size (CP-2650)

SEPARATIONS = [(2, 1), (2, 2), (1, 2), (4, 1), (4, 2), (1, 4), (4, 4), (3, 1)]


@pytest.mark.parametrize("size", [(256, 256), (259, 261)], ids=["even", "odd"])
@pytest.mark.parametrize("separation", SEPARATIONS, ids=str)
def test_subsampled_jpeg_2000_is_converted_once(separation, size, tmp_path):
    separations = ((1, 1), separation, separation)
    shapes = [(-(-size[0] // y), -(-size[1] // x)) for x, y in separations]
    components = [rng.integers(60, 190, shape, dtype=np.uint8) for shape in shapes]
    stream = codestreams.subsampled_jpeg_2000(components, 8, size, separations)
    expected = oracle.ybr_to_rgb(codestreams.replicated(components, size, separations)).astype(int)
    for term, told in (("YBR_FULL_422", 0), ("YBR_FULL", 0), ("RGB", 1), ("YBR_RCT", 1), ("YBR_ICT", 1)):
        ds = data_set(JPEG2000, stream, term)
        ways = [*readings(ds, tmp_path), *displays(ds, tmp_path)]
        # The ways differ in nothing that depends on the term.
        for way, call in ways if term == "YBR_FULL_422" else ways[:1]:
            array, messages = recorded(call)
            # OpenJPEG converts two of the separations in integers that are rounded down.
            assert np.abs(array - expected).max() <= 1, (term, way)
            assert len(messages) == told, (term, way, messages)


@pytest.mark.parametrize("options", [{"raw": True}, {"as_rgb": False}], ids=str)
@pytest.mark.parametrize("separation", SEPARATIONS, ids=str)
def test_components_of_subsampled_jpeg_2000(separation, options):
    """They are there, replicated, or refused where the plugin returns RGB alone; never RGB in their place."""
    separations, size = ((1, 1), separation, separation), (256, 256)
    components = [rng.integers(60, 190, (256 // y, -(-256 // x)), dtype=np.uint8) for x, y in separations]
    ds = data_set(JPEG2000, codestreams.subsampled_jpeg_2000(components, 8, size, separations), "YBR_FULL_422")
    if separation in {(2, 1), (2, 2)}:
        with pytest.raises(dicomet.PixelDataError, match="frame 0: the plugin 'pylibjpeg' returns RGB"):
            dicomet.pixel_array(ds, **options)
    else:
        assert np.array_equal(dicomet.pixel_array(ds, **options), codestreams.replicated(components, size, separations))


def test_pillow_is_not_asked_for_subsampled_jpeg_2000():
    ds = data_set(JPEG2000, half_j2k(), "YBR_FULL_422")
    with pytest.raises(dicomet.PixelDataError, match="pillow: misplaces the samples of subsampled components"):
        dicomet.pixel_array(ds, decoding_plugin="pillow")


def test_components_of_different_depth_are_refused():
    stream = bytearray(j2k(mct=False))
    stream[stream.index(b"\xff\x51") + 43] = 8
    ds = data_set(JPEG2000, bytes(stream), "RGB")
    with pytest.raises(dicomet.PixelDataError, match="frame 0: the codestream has components of different bit depth"):
        dicomet.pixel_array(ds)


@pytest.mark.parametrize("transform", [1, 2, 3])
def test_hp_transform_is_inverted_or_refused(transform):
    ds = data_set(JPEGLSLossless, jpeg_ls(hp_transform(transform)), "RGB")
    r, g, b = np.moveaxis(PIXELS.astype(int), -1, 0)
    if transform == 1:
        expected = [r + g - 128, g, b + g - 128]
    elif transform == 2:
        red = (r + g - 128) % 256
        expected = [red, g, b + ((red + g) >> 1) - 128]
    else:
        green = (r - ((g + b) >> 2) + 64) % 256
        expected = [b + green - 128, green, g + green - 128]
    assert np.array_equal(dicomet.pixel_array(ds), np.stack(expected, axis=-1) % 256)
    with pytest.raises(dicomet.PixelDataError, match=f"pylibjpeg: does not invert the HP color transform {transform}"):
        dicomet.pixel_array(ds, decoding_plugin="pylibjpeg")


# Terms that `pixel_array` does not convert

NATIVE = [ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless]


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("transfer_syntax", NATIVE, ids=lambda uid: uid.name)
@pytest.mark.parametrize("term", PARTIAL_TERMS)
def test_partial_range_is_shown_as_rgb(term, transfer_syntax, planar, tmp_path):
    ds = data_set(transfer_syntax, PIXELS, term, planar=planar)
    for way, call in readings(ds, tmp_path):
        array, messages = recorded(call)
        assert np.array_equal(array, PIXELS), way
        assert len(messages) == 1, way
        assert f"found {term}" in messages[0], way
        assert "YCbCr of partial range, not RGB" in messages[0], way
    for way, call in displays(ds, tmp_path):
        array, messages = recorded(call)
        assert np.array_equal(array, oracle.partial_ybr_to_rgb(PIXELS)), way
        assert messages == [], way
    assert recorded(lambda: dicomet.pixel_array(ds, raw=True))[1] == []


@pytest.mark.parametrize("transfer_syntax", NATIVE, ids=lambda uid: uid.name)
@pytest.mark.parametrize("term", [*TRANSFORMED_TERMS, *OTHER_TERMS])
def test_what_cannot_be_converted_is_not_shown(term, transfer_syntax, tmp_path):
    ds = data_set(transfer_syntax, PIXELS, term)
    for way, call in readings(ds, tmp_path):
        array, messages = recorded(call)
        assert np.array_equal(array, PIXELS), way
        assert len(messages) == 1, way
        assert f"found {term}" in messages[0], way
    for way, call in displays(ds, tmp_path):
        with pytest.raises(dicomet.PixelDataError, match=rf"\(0028,0004\) Photometric Interpretation: found {term}"):
            call()
        assert way


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_ybr_full_of_any_depth(data):
    """The offset of chrominance is 2^(Bits Stored - 1), whatever is allocated (PS3.3 C.7.6.3.1.2)."""
    allocated = data.draw(st.sampled_from([8, 16, 32]))
    bits = data.draw(st.integers(1, allocated))
    transfer_syntax = data.draw(st.sampled_from(NATIVE))
    term = data.draw(st.sampled_from(["YBR_FULL", "YBR_FULL_422"][: 1 + (transfer_syntax != RLELossless)]))
    planar = data.draw(st.integers(0, 1)) if term == "YBR_FULL" and transfer_syntax != RLELossless else 0
    dtype = np.dtype(f"u{allocated // 8}")
    values = np.random.default_rng(data.draw(st.integers(0, 9))).integers(0, 2**bits, (4, 6, 3), dtype, endpoint=False)
    if term == "YBR_FULL_422":
        values[:, 1::2, 1:] = values[:, 0::2, 1:]
    ds = data_set(transfer_syntax, values, term, bits=bits, allocated=allocated, planar=planar)
    expected = oracle.ybr_to_rgb(values, bits)
    assert np.array_equal(dicomet.pixel_array(ds), expected)
    if allocated == bits == 16:
        assert np.array_equal(dicomet.to_display(ds, dtype="uint16"), expected)


@pytest.mark.parametrize("bits", [9, 12, 16])
@pytest.mark.parametrize("kind", ["lossless", "JPEG-LS", "JPEG 2000"])
def test_ybr_full_of_deep_codestreams(kind, bits):
    values = rng.integers(0, 2**bits, (64, 64, 3), dtype=np.uint16)
    transfer_syntax, stream = {
        "lossless": (JPEGLosslessSV1, lambda: codestreams.lossless_jpeg(values, bits)),
        "JPEG-LS": (JPEGLSLossless, lambda: codestreams.jpeg_ls(values, bits)),
        "JPEG 2000": (JPEG2000Lossless, lambda: codestreams.jpeg_2000(values, bits, mct=False)),
    }[kind]
    ds = data_set(transfer_syntax, stream(), "YBR_FULL", bits=bits, allocated=16)
    assert np.array_equal(dicomet.pixel_array(ds), oracle.ybr_to_rgb(values, bits))
    assert np.array_equal(dicomet.pixel_array(ds, raw=True), values)


# What `describe` tells


def test_describe_tells_what_the_rule_decided():
    told = describe(as_bytes(data_set(JPEGBaseline8Bit, half_dct(adobe(0)), "YBR_FULL_422")))
    assert (told["colors"], told["subsampled"]) == ("RGB", True)
    assert told["colors_decided_by"] == "the Adobe marker of the codestream (transform 0)"
    (warning,) = told["warnings"]
    assert "found YBR_FULL_422, expected a term for RGB components by the Adobe marker" in warning
    told = describe(as_bytes(data_set(ExplicitVRLittleEndian, PIXELS, "YBR_FULL")))
    assert (told["colors"], told["subsampled"], told["warnings"]) == ("YCbCr", False, [])
    assert told["colors_decided_by"] == "(0028,0004) Photometric Interpretation"
    told = describe(as_bytes(data_set(RLELossless, PIXELS, "YBR_ICT")))
    assert told["colors"] == "not known"
    assert len(told["warnings"]) == 1


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("columns", [1, 2, 6])
def test_the_drop_in_keeps_the_offset_of_pydicom(bits, columns):
    values = rng.integers(0, 2**bits, (5, columns, 3), dtype=np.uint8)
    data = as_bytes(data_set(ExplicitVRLittleEndian, values, "YBR_FULL", bits=bits))
    expected = pydicom.dcmread(io.BytesIO(data)).pixel_array
    dicomet.install()
    try:
        assert np.array_equal(pydicom.dcmread(io.BytesIO(data)).pixel_array, expected)
    finally:
        dicomet.uninstall()
