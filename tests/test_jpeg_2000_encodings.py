"""Codestreams of OpenJPEG's `opj_compress` in all its ways of coding: reversible ones are the original.

Irreversible ones are within 1 of OpenJPEG's samples, or 2 of 16 bits. `EXAMPLES=4000` has as many.
"""

import os
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import NamedTuple

import encoders
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jpeg_streams import texture
from pydicom.uid import JPEG2000, JPEG2000Lossless

import dicomet

imagecodecs = pytest.importorskip("imagecodecs")
ENCODER = shutil.which("opj_compress")
pytestmark = pytest.mark.skipif(ENCODER is None, reason="needs opj_compress, of OpenJPEG's tools")
ALL_STYLES, GUARD_BITS, PLANES, MOST_COEFFICIENTS = 63, 2, 31, 4096
PRECISE = 12
"""Up to this number of bits, both have the same samples but for 1."""


class Coding(NamedTuple):
    """An image, and how it is coded."""

    bits: int
    signed: bool
    samples: int
    size: tuple[int, int]
    reversible: bool
    transform: bool
    is_at_origin: bool
    """Whether the image starts at the origin of the grid, and has one tile."""
    options: list[str]


@st.composite
def codings(draw) -> Coding:
    """Any coding, of which the encoder refuses some."""
    bits, samples, reversible = draw(st.integers(1, 16)), draw(st.sampled_from([1, 1, 3])), draw(st.booleans())
    rows, columns = draw(st.integers(1, 70)), draw(st.integers(1, 70))
    # Of few bits, the encoder exceeds the magnitude bits that it has written.
    transform = samples == 3 and bits > 2 and draw(st.booleans())
    width = draw(st.sampled_from([4, 8, 16, 32, 64]))
    height = draw(st.sampled_from([size for size in (4, 8, 16, 32, 64) if size * width <= MOST_COEFFICIENTS]))
    options = ["-n", str(draw(st.integers(1, 6))), "-b", f"{width},{height}", "-mct", str(int(transform))]
    options += ["-p", draw(st.sampled_from(["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"]))]
    options += ["-M", str(draw(st.integers(0, ALL_STYLES)))]
    options += [] if reversible else ["-I"]
    options += [option for option in ("-SOP", "-EPH", "-PLT", "-TLM") if draw(st.booleans())]
    if draw(st.booleans()):
        options += [
            "-r",
            draw(st.sampled_from(["1", "8,1", "30,10,4,1"] if reversible else ["2", "9,3", "40,20,10,5"])),
        ]
    has_precincts = draw(st.booleans())
    if has_precincts:
        # It halves the last one for each lower resolution.
        sizes = st.sampled_from([32, 64, 128])
        options += ["-c", ",".join(f"[{draw(sizes)},{draw(sizes)}]" for _ in range(draw(st.integers(1, 3))))]
    offset = (draw(st.integers(0, 40)), draw(st.integers(0, 40))) if draw(st.booleans()) else (0, 0)
    options += ["-d", f"{offset[0]},{offset[1]}"]
    has_tiles = draw(st.booleans())
    if has_tiles:
        tile_offset = [draw(st.integers(0, place)) for place in offset]
        tile = [draw(st.integers(place + 1, 80)) for place in offset]
        options += ["-t", f"{tile[0]},{tile[1]}", "-T", f"{tile_offset[0]},{tile_offset[1]}"]
    elif offset == (0, 0) and not has_precincts and draw(st.booleans()):
        # With empty resolutions, which need an offset, the encoder repeats packets in other tile-parts; where a
        # resolution has several precincts, it leaves packets out, and OpenJPEG does not decode the original, either.
        options += ["-TP", draw(st.sampled_from("RLC"))]
    is_at_origin = offset == (0, 0) and not has_tiles
    # Of irreversible coefficients with a shift, OpenJPEG returns the end of the interval, not its middle (E.1.1.2), and
    # with raw segments other samples than it encoded.
    if reversible and is_at_origin and draw(st.integers(0, 4)) == 0:
        component, shift = draw(st.integers(0, samples - 1)), draw(st.integers(1, PLANES - GUARD_BITS - bits - 4))
        options += ["-ROI", f"c={component},U={shift}"]
    return Coding(bits, draw(st.booleans()), samples, (rows, columns), reversible, transform, is_at_origin, options)


def original(coding: Coding) -> np.ndarray:
    """The samples of the image."""
    found = texture(*coding.size, coding.bits, coding.samples)
    return (found.astype(int) - (1 << (coding.bits - 1))).astype(f"i{found.itemsize}") if coding.signed else found


def encoded(samples: np.ndarray, coding: Coding) -> bytes | None:
    """The codestream; None if the encoder refuses the options."""
    rows, columns = coding.size
    form = f"{columns},{rows},{coding.samples},{coding.bits},{'s' if coding.signed else 'u'}"
    with tempfile.TemporaryDirectory() as folder:
        image, stream = Path(folder, "image.rawl"), Path(folder, "image.j2k")
        planes = np.moveaxis(samples.reshape(rows, columns, -1), 2, 0)
        image.write_bytes(planes.astype(planes.dtype.newbyteorder("<")).tobytes())
        command = [str(ENCODER), "-i", str(image), "-o", str(stream), "-F", form, *coding.options]
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
        return stream.read_bytes() if done.returncode == 0 and stream.exists() else None


@settings(
    max_examples=int(os.environ.get("EXAMPLES", "100")),
    derandomize="CI" in os.environ,
    suppress_health_check=list(HealthCheck),
)
@given(codings())
def test_all_ways_of_coding(coding):
    samples = original(coding)
    stream = encoded(samples, coding)
    assume(stream is not None)
    term = "YBR_RCT" if coding.transform else "RGB"
    image = encoders.data_set(
        JPEG2000Lossless if coding.reversible else JPEG2000,
        [stream],
        shape=coding.size,
        allocated=8 if coding.bits <= 8 else 16,
        stored=coding.bits,
        signed=coding.signed,
        samples=coding.samples,
    )
    image.PhotometricInterpretation = "MONOCHROME2" if coding.samples == 1 else term
    with warnings.catch_warnings():
        if not coding.reversible:
            # The encoder leaves too few bytes for the symbol where it cuts a code-block.
            warnings.filterwarnings("ignore", ".* found segmentation symbol")
        found = dicomet.pixel_array(image, raw=True)
    assert found.dtype == samples.dtype
    if coding.reversible and coding.is_at_origin:
        assert np.array_equal(found, samples)
        return
    expected = imagecodecs.jpeg2k_decode(stream).reshape(found.shape)
    if coding.reversible:
        # The encoder does not double the samples of a single column at an odd position (F.4.6).
        assert np.array_equal(found, expected)
    else:
        assert np.abs(found.astype(int) - expected).max() <= (1 if coding.bits <= PRECISE else 2)
