"""The values of JPEG 2000 and HTJ2K (PS3.5 A.4.4): the original where it is coded reversibly, else those of OpenJPEG
within 1; lower resolutions, and what there is of truncated codestreams.
"""

import io

import encoders
import numpy as np
import pytest
from files import ROOTS
from jpeg_2000_images import with_segment
from jpeg_streams import texture
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import HTJ2K, JPEG2000, JPEG2000MC, UID, HTJ2KLossless, JPEG2000Lossless, JPEG2000MCLossless

import dicomet
from dicomet._parsing.decode_options import reduce_for
from dicomet._utils.arrays import in_proportion
from dicomet.loaders.loading import FrameLoader
from dicomet.loaders.resizing import ImageLoader

imagecodecs = pytest.importorskip("imagecodecs")
openjpeg = pytest.importorskip("openjpeg.utils")

SIDES = [(1, 1), (1, 9), (9, 1), (7, 8), (31, 33), (64, 65), (130, 37)]
LEVELS = 5
"""Decomposition levels of OpenJPEG's encoder, less where an image is smaller."""


def encoded(words: np.ndarray, bits: int) -> bytes:
    """In JPEG 2000, by OpenJPEG: reversibly, and RGB with a component transform."""
    if min(words.shape[:2]) < 1 << LEVELS:
        form = {"codecformat": "j2k", "mct": words.ndim == 3, "resolutions": 1, "level": 0, "reversible": True}
        return bytes(imagecodecs.jpeg2k_encode(words, bitspersample=bits, **form))
    form = {"photometric_interpretation": 1, "use_mct": True} if words.ndim == 3 else {"photometric_interpretation": 2}
    return bytes(openjpeg.encode_array(words, bits_stored=bits, **form))


def irreversible(words: np.ndarray, bits: int, level: int) -> bytes:
    return bytes(
        imagecodecs.jpeg2k_encode(words, bitspersample=bits, level=level, codecformat="j2k", mct=words.ndim == 3)
    )


def image_of(*frames: bytes, of: np.ndarray, bits: int, syntax: UID = JPEG2000Lossless) -> Dataset:
    samples, signed = of.shape[2] if of.ndim == 3 else 1, of.dtype.kind == "i"
    allocated = 8 * of.dtype.itemsize
    image = encoders.data_set(
        syntax, list(frames), shape=of.shape[:2], allocated=allocated, stored=bits, signed=signed, samples=samples
    )
    if samples > 1:
        image.PhotometricInterpretation = "YBR_RCT"
    return image


def ramp(bits: int, *, signed: bool = False) -> np.ndarray:
    found = texture(300, 260, bits, 1)
    return (found.astype(int) - (1 << (bits - 1))).astype(f"i{found.itemsize}") if signed else found


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("bits", range(1, 17))
def test_reversible_is_the_original(bits, samples):
    for rows, columns in SIDES:
        original = texture(rows, columns, bits, samples)
        found = dicomet.pixel_array(image_of(encoded(original, bits), of=original, bits=bits))
        assert found.dtype == original.dtype
        assert np.array_equal(found, original), (rows, columns)


@pytest.mark.parametrize("content", [b"", b"\1", b"\0\0\1"], ids=len)
def test_segments_of_unknown_markers_are_skipped(content):
    """A.1: by their length. After one of odd length, OpenJPEG does not find the tile-parts."""
    original = ramp(8)
    frame = with_segment(encoded(original, 8), 0x62, content)
    assert np.array_equal(dicomet.pixel_array(image_of(frame, of=original, bits=8)), original)


@pytest.mark.parametrize("bits", [2, 7, 8, 12, 16])
def test_signed_samples(bits):
    original = ramp(bits, signed=True)
    found = dicomet.pixel_array(image_of(encoded(original, bits), of=original, bits=bits))
    assert found.dtype == original.dtype
    assert np.array_equal(found, original)


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("bits", [8, 16])
def test_reversible_htj2k_is_the_original(bits, samples):
    for rows, columns in SIDES:
        original = texture(rows, columns, bits, samples)
        stream = bytes(imagecodecs.htj2k_encode(original, reversible=True))
        found = dicomet.pixel_array(image_of(stream, of=original, bits=bits, syntax=HTJ2KLossless))
        assert np.array_equal(found, original), (rows, columns)


def test_samples_of_more_than_16_bits():
    original = np.random.default_rng(1).integers(0, 1 << 24, (40, 33)).astype(np.uint32)
    stream = bytes(imagecodecs.jpeg2k_encode(original, bitspersample=24, reversible=True, codecformat="j2k", level=0))
    found = dicomet.pixel_array(image_of(stream, of=original, bits=24))
    assert found.dtype == np.uint32
    assert np.array_equal(found, original)


@pytest.mark.parametrize("level", [90, 50, 25])
@pytest.mark.parametrize(("bits", "samples"), [(8, 1), (12, 1), (16, 1), (8, 3)])
def test_irreversible_is_within_1_of_openjpeg(bits, samples, level):
    original = texture(300, 260, bits, samples)
    stream = irreversible(original, bits, level)
    found = dicomet.pixel_array(image_of(stream, of=original, bits=bits, syntax=JPEG2000))
    expected = imagecodecs.jpeg2k_decode(stream)
    # OpenJPEG's constant for the high-pass subbands has a relative error of 3e-5.
    assert np.abs(found.astype(int) - expected).max() <= (1 if bits < 16 else 2)


def test_irreversible_htj2k_is_within_1_of_openjpeg():
    original = texture(300, 260, 8, 1)
    stream = bytes(imagecodecs.htj2k_encode(original, reversible=False, level=0.01))
    found = dicomet.pixel_array(image_of(stream, of=original, bits=8, syntax=HTJ2K))
    assert np.abs(found.astype(int) - imagecodecs.jpeg2k_decode(stream)).max() <= 1


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_values_do_not_depend_on_the_number_of_threads(workers):
    original = texture(700, 900, 12, 1)
    stream = irreversible(original, 12, 40)
    image = image_of(stream, stream, of=original, bits=12, syntax=JPEG2000)
    expected = dicomet.pixel_array(image, workers=1)
    assert np.array_equal(dicomet.pixel_array(image, workers=workers), expected)
    assert np.array_equal(dicomet.pixel_array(image, workers=workers, index=1), expected[1])


@pytest.mark.parametrize("syntax", [JPEG2000MCLossless, JPEG2000MC], ids=lambda uid: uid.keyword)
def test_part_2_without_its_extensions(syntax):
    original = ramp(12)
    stream = encoded(original, 12)
    assert np.array_equal(dicomet.pixel_array(image_of(stream, of=original, bits=12, syntax=syntax)), original)
    extended = bytearray(stream)
    extended[stream.index(b"\xff\x51") + 4] |= 0x80
    for plugin in ("", "dicomet"):
        with pytest.raises(dicomet.PixelDataError, match="extensions of ISO/IEC 15444-2"):
            dicomet.pixel_array(image_of(bytes(extended), of=original, bits=12, syntax=syntax), decoding_plugin=plugin)
    with pytest.raises(dicomet.PixelDataError, match="no plugin decodes JPEG 2000 Part 2"):
        dicomet.pixel_array(image_of(stream, of=original, bits=12, syntax=syntax), decoding_plugin="pylibjpeg")


# Lower resolutions


def by_pillow(stream: bytes, reduce: int) -> np.ndarray:
    """The samples at a lower resolution, by OpenJPEG."""
    found = Image.open(io.BytesIO(stream))
    found.reduce = reduce
    return np.asarray(found)


def low_pass(samples: np.ndarray) -> np.ndarray:
    """The low-pass subband of the 5-3 transformation of each row, from the text (ISO/IEC 15444-1 F.4.8.1)."""
    count = samples.shape[1]
    period = [*range(count), *range(count - 2, 0, -1)]
    at = {place: samples[:, period[place % len(period)]].astype(int) for place in range(-2, count + 2)}
    high = {odd: at[odd] - (at[odd - 1] + at[odd + 1]) // 2 for odd in range(-1, count + 1, 2)}
    return np.stack([at[even] + (high[even - 1] + high[even + 1] + 2) // 4 for even in range(0, count, 2)], 1)


@pytest.mark.parametrize(("rows", "columns"), [(300, 260), (257, 131), (33, 47), (65, 32)])
@pytest.mark.parametrize("bits", [5, 8, 12, 16])
def test_lower_resolutions_are_low_pass_subbands(bits, rows, columns):
    original = texture(rows, columns, bits, 1)
    stream = encoded(original, bits)
    image, expected = image_of(stream, of=original, bits=bits), original
    for reduce in range(1, LEVELS + 1):
        # Columns first (F.4.2).
        expected = low_pass(low_pass(expected.T).T)
        limited = expected.clip(0, (1 << bits) - 1)
        assert np.array_equal(dicomet.pixel_array(image, reduce=reduce), limited), reduce


@pytest.mark.parametrize(("rows", "columns"), [(320, 256), (64, 96)])
@pytest.mark.parametrize(("bits", "samples"), [(8, 1), (16, 1), (8, 3)])
def test_lower_resolutions_are_those_of_openjpeg(bits, samples, rows, columns):
    original = texture(rows, columns, bits, samples)
    stream = encoded(original, bits)
    image = image_of(stream, stream, of=original, bits=bits)
    for reduce in range(LEVELS + 1):
        found = dicomet.pixel_array(image, reduce=reduce)
        expected = by_pillow(stream, reduce)
        assert found.dtype == original.dtype
        assert found.shape == (2, -(-rows >> reduce), -(-columns >> reduce), *original.shape[2:])
        assert np.array_equal(found, [expected] * 2), reduce
        with dicomet.open(image, reduce=reduce) as frames:
            assert frames.shape == found.shape
            assert np.array_equal(frames[1], expected)
        assert np.array_equal(next(dicomet.iter_pixels(image, reduce=reduce)), expected)
        assert np.array_equal(next(dicomet.pixel_arrays([image], reduce=reduce)), found)
        assert dicomet.to_display(image, reduce=reduce).shape == found.shape
        out = np.empty_like(found)
        assert dicomet.pixel_array(image, reduce=reduce, out=out) is out


def test_more_resolution_levels_than_there_are():
    original = ramp(12)
    image = image_of(encoded(original, 12), of=original, bits=12)
    with pytest.raises(dicomet.PixelDataError, match="'reduce': found 6, expected 0 to 5, the resolution levels"):
        dicomet.pixel_array(image, reduce=6)


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_RLE.dcm", "MR_small_jpeg_ls_lossless.dcm"])
def test_other_codecs_have_one_resolution(name):
    path = ROOTS["pydicom"] / name
    with pytest.raises(dicomet.PixelDataError, match="'reduce': found 1, expected 0: only JPEG 2000 and HTJ2K"):
        dicomet.pixel_array(path, reduce=1)
    assert np.array_equal(dicomet.pixel_array(path, reduce=(8, 8)), dicomet.pixel_array(path))


@pytest.mark.parametrize(
    ("least", "reduce"),
    [((300, 260), 0), ((151, 130), 0), ((150, 130), 1), ((1, 130), 1), ((75, 65), 2), ((1, 1), 5), ((900, 1), 0)],
    ids=str,
)
def test_the_lowest_resolution_of_at_least_a_size(least, reduce):
    original = ramp(12)
    image = image_of(encoded(original, 12), of=original, bits=12)
    assert np.array_equal(dicomet.pixel_array(image, reduce=least), dicomet.pixel_array(image, reduce=reduce))


@pytest.mark.parametrize("reduce", [-1, 1.5, "2", None, True, 1 << 70, (1,), (0, 4), (4, 4, 4), ("a", 3)], ids=str)
def test_invalid_reduce(reduce):
    with pytest.raises(ValueError, match=r"'reduce': found .*, expected the number of resolution levels"):
        dicomet.pixel_array(ROOTS["pydicom"] / "CT_small.dcm", reduce=reduce)


def test_a_plugin_does_not_reduce():
    original = ramp(12)
    image = image_of(encoded(original, 12), of=original, bits=12)
    with pytest.raises(dicomet.PixelDataError, match="'reduce': found 1, expected 0 with 'decoding_plugin'"):
        dicomet.pixel_array(image, reduce=1, decoding_plugin="pylibjpeg")
    whole = dicomet.pixel_array(image, reduce=(8, 8), decoding_plugin="pylibjpeg")
    assert np.array_equal(whole, original)
    with pytest.raises(dicomet.PixelDataError, match="'on_truncation': found 'decode', expected 'error' with"):
        dicomet.pixel_array(image, on_truncation="decode", decoding_plugin="pylibjpeg")


def test_indices_of_a_palette_are_not_mixed():
    original = ramp(8)
    image = image_of(encoded(original, 8), of=original, bits=8)
    image.PhotometricInterpretation = "PALETTE COLOR"
    assert np.array_equal(dicomet.pixel_array(image, reduce=(8, 8)), original)
    assert dicomet.pixel_array(image, reduce=1).shape == (150, 130)


def test_other_frames_than_a_damaged_one():
    original = ramp(12)
    stream = encoded(original, 12)
    image = image_of(b"damaged, all of it", stream, of=original, bits=12)
    assert np.array_equal(dicomet.pixel_array(image, index=1, reduce=(8, 8)), original)
    with pytest.raises(dicomet.PixelDataError, match="frame 0: found no frame header"):
        dicomet.pixel_array(image, index=1, reduce=1)


def test_frames_with_other_levels():
    original = ramp(12)
    form = {"bitspersample": 12, "level": 0, "reversible": True, "codecformat": "j2k"}
    whole, flat = encoded(original, 12), bytes(imagecodecs.jpeg2k_encode(original, resolutions=2, **form))
    image = image_of(whole, flat, of=original, bits=12)
    found = dicomet.pixel_array(image, reduce=1)
    assert np.array_equal(found[0], found[1])
    with pytest.raises(dicomet.PixelDataError, match="'reduce': found 3, expected 0 to 1"):
        dicomet.pixel_array(image, reduce=3)


def test_converters_and_loaders_decode_at_a_lower_resolution(tmp_path):
    original = texture(1200, 1000, 8, 1)
    path = tmp_path / "image.dcm"
    image_of(encoded(original, 8), of=original, bits=8).save_as(path, implicit_vr=False, little_endian=True)
    lower = dicomet.pixel_array(path, reduce=2)
    dicomet.convert_file(path, tmp_path / "array.npy", size=200)
    found = np.load(tmp_path / "array.npy")
    assert found.shape == in_proportion(1200, 1000, 200) == (240, 200)
    expected = np.asarray(
        Image.fromarray(dicomet.to_display(path, reduce=2)).resize((200, 240), Image.Resampling.BILINEAR)
    )
    assert np.abs(found.astype(int) - expected).max() <= 2
    loader = ImageLoader(
        FrameLoader(reduce=reduce_for((200, 200), "bilinear"), channels=1),
        1,
        (200, 200),
        "bilinear",
        pad=False,
        channels_first=False,
    )
    assert loader(str(path)).shape == (200, 200, 1)
    assert lower.shape == (300, 250)
    assert reduce_for((200, 200), "nearest") == 0
    dicomet.convert_file(path, tmp_path / "nearest.npy", size=200, interpolation="nearest")
    nearest = np.load(tmp_path / "nearest.npy")
    assert np.isin(nearest, dicomet.to_display(path)).all()


# Truncated codestreams


@pytest.mark.filterwarnings("ignore:.*no end marker")
def test_what_there_is_of_a_truncated_codestream():
    original = ramp(12)
    stream = encoded(original, 12)
    for length in (len(stream) // 4, len(stream) // 2, len(stream) - 40):
        image = image_of(stream[:length], of=original, bits=12)
        with pytest.raises(dicomet.PixelDataError, match=r"tile 0, component 0, resolution \d: `packets`"):
            dicomet.pixel_array(image)
        with pytest.warns(UserWarning, match=r"tile 0: found no data of component 0 from resolution \d"):
            found = dicomet.pixel_array(image, on_truncation="decode")
        assert found.shape == original.shape
        error = np.abs(found.astype(int) - original).mean()
        assert error < 400, length
    assert np.array_equal(dicomet.pixel_array(image_of(stream, of=original, bits=12), on_truncation="decode"), original)


@pytest.mark.filterwarnings("ignore:.*no end marker")
def test_a_lower_resolution_of_a_truncated_codestream_is_whole():
    original = ramp(12)
    stream = encoded(original, 12)
    expected = dicomet.pixel_array(image_of(stream, of=original, bits=12), reduce=4)
    ended = image_of(stream[: len(stream) // 2] + encoders.EOI, of=original, bits=12)
    assert np.array_equal(dicomet.pixel_array(ended, reduce=4), expected)
    found = dicomet.pixel_array(
        image_of(stream[: len(stream) // 2], of=original, bits=12), reduce=4, on_truncation="decode"
    )
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("value", ["warn", None, True])
def test_invalid_on_truncation(value):
    with pytest.raises(ValueError, match=r"'on_truncation': found .*, expected 'error' or 'decode'"):
        dicomet.pixel_array(ROOTS["pydicom"] / "CT_small.dcm", on_truncation=value)
