"""Frames to RLE Lossless: other decoders read them, and no valid encoding is shorter."""

import itertools
import os
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
from files import ROOTS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.pixels.decoders.rle import _rle_decode_frame
from pydicom.pixels.encoders import native as pydicom_native

import dicomet
from dicomet import _native

try:
    from rle.rle import decode_frame
    from rle.utils import encode_pixel_data
except ImportError:
    decode_frame = encode_pixel_data = None

PROPERTY = settings(
    max_examples=400,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
FORMATS = [(samples, size) for samples in (1, 3) for size in (1, 2, 4, 8) if samples * size <= 15]


@dataclass(frozen=True)
class Frame:
    """Unsigned samples of the shape (rows, columns, samples), in the order of nearly every file."""

    samples: np.ndarray

    @property
    def bits_allocated(self) -> int:
        return self.samples.itemsize * 8

    @property
    def planar(self) -> bytes:
        """As decoders give it: a plane for each sample."""
        return np.moveaxis(self.samples, -1, 0).tobytes()

    def encoded(self, *, big_endian: bool = False) -> bytes:
        order = ">" if big_endian else "<"
        rows, columns, samples = self.samples.shape
        return _native.encode_rle(
            self.samples.astype(self.samples.dtype.newbyteorder(order)).tobytes(),
            rows=rows,
            columns=columns,
            samples_per_pixel=samples,
            sample_bytes=self.samples.itemsize,
            big_endian=big_endian,
        )

    def encoded_by_pydicom(self) -> bytes:
        _, columns, samples = self.samples.shape
        runner = SimpleNamespace(
            bits_allocated=self.bits_allocated,
            samples_per_pixel=samples,
            columns=columns,
            get_option=lambda _, default: default,
        )
        return pydicom_native._encode_frame(self.samples.tobytes(), runner)

    def encoded_by_pylibjpeg(self) -> bytes:
        rows, columns, samples = self.samples.shape
        options = {"rows": rows, "columns": columns, "samples_per_pixel": samples}
        return encode_pixel_data(self.samples.tobytes(), byteorder="<", bits_allocated=self.bits_allocated, **options)


@st.composite
def frames(draw) -> Frame:
    """Few pixels, or rows longer than a longest run; noise, few values, or runs."""
    few = st.integers(1, 20)
    rows, columns = draw(st.one_of(st.tuples(few, few), st.tuples(st.integers(1, 3), st.integers(100, 700))))
    samples, size = draw(st.sampled_from(FORMATS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = rng.integers(0, draw(st.sampled_from([1, 2, 3, 8, 256])), (rows, columns, samples, size), np.uint8)
    flat = values.reshape(-1, samples * size)
    fresh = rng.random(len(flat)) < draw(st.sampled_from([0.01, 0.1, 0.5, 1]))
    flat[:] = flat[np.maximum.accumulate(np.where(fresh, np.arange(len(flat)), 0))]
    return Frame(values.view(f"<u{size}")[..., 0])


def check(frame: Frame) -> None:
    encoded, (rows, columns, samples) = frame.encoded(), frame.samples.shape
    assert frame.encoded(big_endian=True) == encoded
    assert _rle_decode_frame(encoded, rows, columns, samples, frame.bits_allocated) == frame.planar
    assert len(encoded) <= len(frame.encoded_by_pydicom())
    if decode_frame is not None:
        assert decode_frame(encoded, rows * columns, frame.bits_allocated, "<") == frame.planar
        assert len(encoded) <= len(frame.encoded_by_pylibjpeg())


@PROPERTY
@given(frames())
def test_frames_come_back_and_are_short(frame):
    check(frame)


@PROPERTY
@given(frames())
def test_header(frame):
    """PS3.5 G.5: the count, that many even offsets in ascending order, starting at 64, and zeros."""
    encoded, (_, _, samples) = frame.encoded(), frame.samples.shape
    count, *offsets = np.frombuffer(encoded[:64], "<u4").tolist()
    assert count == samples * frame.samples.itemsize
    ends = [*offsets[:count], len(encoded)]
    assert ends[0] == 64
    assert all(start < end for start, end in itertools.pairwise(ends))
    assert all(end % 2 == 0 for end in ends)
    assert not any(offsets[count:])


NAMES = (
    "CT_small",
    "MR_small",
    "MR_small_bigendian",
    "SC_rgb_rle",
    "SC_rgb_rle_16bit",
    "SC_rgb_rle_32bit",
    "rtdose_rle",
)


@pytest.mark.parametrize("name", NAMES)
def test_real_frames(name):
    dataset = pydicom.dcmread(ROOTS["pydicom"] / f"{name}.dcm")
    samples = dataset.pixel_array
    samples = samples if int(dataset.get("NumberOfFrames", 1)) == 1 else samples[0]
    samples = samples.reshape(dataset.Rows, dataset.Columns, dataset.SamplesPerPixel)
    little_endian = samples.astype(samples.dtype.newbyteorder("<"))
    check(Frame(little_endian.view(f"<u{samples.itemsize}")))


GOOD = {"rows": 2, "columns": 3, "samples_per_pixel": 1, "sample_bytes": 2, "big_endian": False}


@pytest.mark.parametrize("source", [bytes, bytearray, memoryview, lambda data: np.frombuffer(data, "<u2").copy()])
def test_sources(source):
    data = bytes(range(12))
    assert _native.encode_rle(source(data), **GOOD) == Frame(np.frombuffer(data, "<u2").reshape(2, 3, 1)).encoded()


def test_every_count_of_segments():
    for samples, size in itertools.product(range(1, 16), range(1, 16)):
        arguments = {**GOOD, "samples_per_pixel": samples, "sample_bytes": size}
        data = bytes(6 * samples * size)
        if samples * size <= 15:
            assert _native.encode_rle(data, **arguments)[0] == samples * size
        else:
            with pytest.raises(dicomet.PixelDataError, match=f"found {samples * size}, expected at most 15 bytes"):
                _native.encode_rle(data, **arguments)


@pytest.mark.parametrize("length", [0, 11, 13])
def test_sources_of_another_length(length):
    with pytest.raises(dicomet.PixelDataError, match=f"Pixel Data: found {length} bytes, expected 12"):
        _native.encode_rle(bytes(length), **GOOD)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": 0}, "Rows: found 0, expected 1 to 65535"),
        ({"rows": -2}, "Rows: found -2, expected 1 to 65535"),
        ({"columns": 0}, "Columns: found 0, expected 1 to 65535"),
        ({"columns": 65536}, "Columns: found 65536, expected 1 to 65535"),
        ({"samples_per_pixel": 0}, "Samples per Pixel: found 0, expected 1 to 15"),
        ({"sample_bytes": 0}, "Pixel Data: found 0, expected 1 to 15 bytes for a sample"),
        ({"sample_bytes": 2**63 - 1}, "expected 1 to 15 bytes for a sample"),
        ({"rows": 65535, "columns": 65535}, "found 12 bytes, expected 8589672450"),
    ],
)
def test_numbers_that_cannot_be(change, message):
    with pytest.raises(dicomet.PixelDataError, match=message):
        _native.encode_rle(bytes(12), **{**GOOD, **change})


@pytest.mark.parametrize("name", ["rows", "columns", "samples_per_pixel", "sample_bytes"])
def test_what_is_no_number(name):
    for value in (2.0, "2", None):
        with pytest.raises(TypeError, match=name):
            _native.encode_rle(bytes(12), **{**GOOD, name: value})
    with pytest.raises(OverflowError):
        _native.encode_rle(bytes(12), **{**GOOD, name: 2**64})


def test_what_is_no_source():
    with pytest.raises(TypeError):
        _native.encode_rle("text", **GOOD)
    with pytest.raises(ValueError, match="not contiguous"):
        _native.encode_rle(np.zeros((3, 4), np.uint16)[:, ::2], **GOOD)
