"""The values of JPEG XL (PS3.5 A.4.12): the original where it is coded without loss, else those of libjxl; those of the
JPEG decoder for recompressed JPEG.
"""

import itertools

import jpeg_streams
import jpeg_xl_streams as streams
import numpy as np
import oracle
import pytest
from jpeg_streams import by_libjpeg, by_pillow, quietly, raw, same, texture
from jpeg_xl_streams import LOSSY, RECOMPRESSION, dicom, lossless, lossy, recompressed

import dicomet

SIDES = [(1, 1), (1, 9), (9, 1), (7, 8), (31, 33), (64, 64), (100, 37), (255, 257), (300, 520)]
"""One group of 256 x 256 and several."""


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("bits", range(1, 17))
def test_lossless_is_the_original(bits, samples):
    for rows, columns in SIDES:
        original = texture(rows, columns, bits, samples)
        found = dicomet.pixel_array(dicom([lossless(original, bits)], original.shape, bits))
        assert same(found, original), (rows, columns)


@pytest.mark.parametrize("effort", [1, 3, 7, 9])
@pytest.mark.parametrize(("bits", "samples"), [(8, 1), (8, 3), (16, 1), (12, 3)])
def test_lossless_is_the_original_whatever_the_tools_of_the_encoder(bits, samples, effort):
    rng = np.random.default_rng(effort)
    flat = np.full((70, 91, samples), 2**bits // 3)
    few = rng.integers(0, 4, (70, 91, samples)) * (2**bits // 4)
    noise = rng.integers(0, 2**bits, (70, 91, samples))
    for values in (flat, few, noise, texture(270, 91, bits, samples).reshape(270, 91, samples)):
        original = np.squeeze(values.astype("u1" if bits <= 8 else "u2"))
        found = dicomet.pixel_array(dicom([lossless(original, bits, effort=effort)], original.shape, bits))
        assert same(found, original)


def test_16_bits_without_a_container():
    """Encoders write a container for more than 12 bits, but its boxes say nothing that is needed."""
    for samples in (1, 3):
        original = texture(270, 300, 16, samples)
        stream = lossless(original, 16)
        assert stream.startswith(streams.SIGNATURE)
        assert same(dicomet.pixel_array(dicom([streams.bare(stream)], original.shape, 16)), original)


def test_containers():
    original = texture(60, 50, 8, 3)
    codestream = lossless(original, 8)
    comment = streams.box(b"xml ", b"<no/>" * 1000)
    for stream in (
        streams.boxed(streams.box(b"jxlc", codestream)),
        streams.boxed(comment, streams.box(b"jxll", b"\x05"), streams.box(b"jxlc", codestream), comment),
        streams.boxed(comment, b"\0\0\0\0jxlc" + codestream),
        streams.boxed(b"\0\0\0\x01jxlc" + (16 + len(codestream)).to_bytes(8, "big") + codestream, comment),
        streams.in_parts(codestream, 1),
        streams.in_parts(codestream, 7),
        streams.in_parts(codestream, len(codestream)),
        streams.boxed(streams.box(b"jxlc", codestream)) + b"\0",
    ):
        assert same(dicomet.pixel_array(dicom([stream], original.shape, 8)), original)


@pytest.mark.parametrize(("bits", "samples"), [(8, 1), (8, 3), (12, 1), (16, 1), (16, 3)])
@pytest.mark.parametrize("level", [20, 60, 90, 99])
def test_lossy_is_within_1_of_libjxl(bits, samples, level):
    for rows, columns in SIDES[3:]:
        stream = lossy(texture(rows, columns, bits, samples), bits, level)
        expected = streams.by_libjxl(stream)
        found = dicomet.pixel_array(dicom([stream], expected.shape, bits, syntax=LOSSY))
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        assert np.abs(found.astype(int) - expected.astype(int)).max() <= 1


@pytest.mark.parametrize("effort", [3, 9])
def test_lossy_is_within_1_of_libjxl_whatever_the_tools_of_the_encoder(effort):
    """Patterns that repeat, drawn from a frame of their own."""
    samples = np.zeros((300, 300, 3), np.uint8)
    for row, column in itertools.product(range(0, 300, 20), repeat=2):
        samples[row + 3 : row + 9, column + 2 : column + 8] = 200, row % 255, 30
    stream = lossy(samples, 8, 80, effort=effort)
    expected = streams.by_libjxl(stream)
    found = dicomet.pixel_array(dicom([stream], expected.shape, 8, syntax=LOSSY))
    assert np.abs(found.astype(int) - expected.astype(int)).max() <= 1


# Recompressed JPEG

KINDS = {
    "gray": (1, {}),
    "4:4:4": (3, {"subsampling": "4:4:4"}),
    "4:2:2": (3, {"subsampling": "4:2:2"}),
    "4:2:0": (3, {"subsampling": "4:2:0"}),
    "RGB": (3, {"keep_rgb": True}),
}


def components_of(jpeg: bytes, kind: str) -> np.ndarray:
    """The components as libjpeg-turbo decodes them."""
    if kind == "RGB":
        return streams.imagecodecs.jpeg8_decode(jpeg, colorspace="rgb", outcolorspace="rgb")
    return by_libjpeg(jpeg)


@pytest.mark.parametrize("progressive", [False, True], ids=["sequential", "progressive"])
@pytest.mark.parametrize("kind", KINDS)
def test_recompressed_jpeg_has_the_samples_of_the_jpeg(kind, progressive):
    samples, options = KINDS[kind]
    for (rows, columns), quality in itertools.product([*SIDES[1:-1], (130, 2060)], (30, 95)):
        jpeg = by_pillow(texture(rows, columns, 8, samples), quality=quality, progressive=progressive, **options)
        expected = components_of(jpeg, kind)
        term = "RGB" if kind == "RGB" else "YBR_FULL_422" if samples == 3 else "MONOCHROME2"
        data = dicom([recompressed(jpeg)], expected.shape, 8, syntax=RECOMPRESSION, photometric=term)
        assert same(raw(data), expected), (rows, columns, quality)
        # What dicomet decodes from the JPEG codestream itself.
        of_jpeg = jpeg_streams.dicom([jpeg], 8, photometric=term, syntax=jpeg_streams.JPEGBaseline8Bit)
        assert same(dicomet.pixel_array(data), dicomet.pixel_array(of_jpeg))
        if term == "YBR_FULL_422":
            assert same(dicomet.pixel_array(data), oracle.ybr_to_rgb(expected))


@pytest.mark.parametrize("quality", [1, 10, 50, 75, 100])
def test_recompressed_jpeg_of_noise(quality):
    """All coefficients and quantization steps: the largest ones, too."""
    rng = np.random.default_rng(quality)
    samples = rng.choice(np.array([0, 255], np.uint8), (64, 80, 3))
    for options in ({"subsampling": "4:4:4"}, {"subsampling": "4:2:0"}):
        jpeg = by_pillow(samples, quality=quality, **options)
        data = dicom([recompressed(jpeg)], samples.shape, 8, syntax=RECOMPRESSION, photometric="YBR_FULL_422")
        assert same(raw(data), by_libjpeg(jpeg))


@pytest.mark.parametrize(
    "options",
    [{"restart_marker_rows": 1}, {"restart_marker_blocks": 3}, {"comment": b"comment" * 99}, {"qtables": None}],
)
def test_recompressed_jpeg_with_other_segments(options):
    if "qtables" in options:
        # Steps beyond 8 bits, and different tables for all components.
        options = {"qtables": [[1 + k for k in range(64)], [255] * 64, [7] * 64]}
    samples = texture(40, 61, 8, 3)
    jpeg = by_pillow(samples, **options)
    data = dicom([recompressed(jpeg)], samples.shape, 8, syntax=RECOMPRESSION, photometric="YBR_FULL_422")
    assert same(raw(data), by_libjpeg(jpeg))


def test_recompressed_jpeg_with_a_profile():
    """The codestream has the ICC profile, entropy-coded, before its frame."""
    samples = texture(40, 61, 8, 3)
    jpeg = streams.with_profile(samples)
    stream = recompressed(jpeg)
    assert streams.header(stream).recompressed
    data = dicom([stream], samples.shape, 8, syntax=RECOMPRESSION, photometric="YBR_FULL_422")
    assert same(raw(data), by_libjpeg(jpeg))


def test_recompressed_jpeg_without_the_data_to_reconstruct_it():
    """A decoder of JPEG XL gives other values than one of JPEG, and says so."""
    samples = texture(40, 61, 8, 3)
    stream = streams.bare(recompressed(by_pillow(samples, subsampling="4:2:0")))
    assert not streams.header(stream).recompressed
    data = dicom([stream], samples.shape, 8, syntax=RECOMPRESSION, photometric="YBR_FULL_422")
    with pytest.warns(UserWarning, match="without the data to reconstruct the JPEG codestream"):
        found = dicomet.pixel_array(data)
    assert np.abs(found.astype(int) - streams.by_libjxl(stream).astype(int)).max() <= 1


@pytest.mark.parametrize("syntax", streams.SYNTAXES)
def test_the_codestream_decides_what_it_is(syntax):
    """Whatever the transfer syntax says: the data to reconstruct a JPEG codestream makes it one."""
    samples = texture(40, 61, 8, 3)
    jpeg = by_pillow(samples, subsampling="4:4:4")
    data = dicom([recompressed(jpeg)], samples.shape, 8, syntax=syntax, photometric="YBR_FULL_422")
    assert same(raw(data), by_libjpeg(jpeg))
    gray = texture(40, 61, 12)
    data = dicom([lossless(gray, 12)], gray.shape, 12, syntax=syntax)
    assert same(quietly(dicomet.pixel_array, data), gray)
