"""A codestream that ends early: no plugin's invented samples are returned, whichever plugin decodes it."""

import warnings
from collections.abc import Iterator
from functools import cache

import encoders
import numpy as np
import pytest
from encoders import EOI
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder

import dicomet

FAMILIES = [
    *("baseline", "baseline, restarts", "baseline, 4:2:0", "extended", "progressive", "progressive, 4:2:0", "lossless"),
    *("JPEG-LS", "JPEG-LS near", "JPEG 2000", "JPEG 2000 lossy", "HTJ2K", "HTJ2K lossy"),
]
SHAPE = (40, 36)


@cache
def gray() -> np.ndarray:
    steps = np.random.default_rng(4).integers(-40, 41, SHAPE)
    samples = (np.cumsum(steps, 1) + 2000).clip(0, 4095).astype(np.uint16)
    # Rows that repeat what is there already are easily invented.
    samples[30:39] = samples[29]
    return samples


@cache
def family(name: str):
    return encoders.every_family(gray())[name]


def image_of(name: str, frames: list[bytes]) -> Dataset:
    syntax, _, bits, samples = family(name)
    allocated = 8 if bits <= 8 else 16
    return encoders.data_set(syntax, frames, shape=SHAPE, allocated=allocated, stored=bits, samples=samples)


def decoded_and_warned(name: str, frames: list[bytes], **options: object) -> tuple[np.ndarray, str]:
    """The array, and all warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        array = dicomet.pixel_array(image_of(name, frames), **options)
    return array, " ".join(str(warning.message) for warning in caught)


def decoded(name: str, frames: list[bytes], **options: object) -> np.ndarray:
    return decoded_and_warned(name, frames, **options)[0]


def plugins(name: str) -> list[str]:
    return ["", *get_decoder(family(name)[0]).available_plugins]


def lengths(stream: bytes) -> Iterator[int]:
    """All lengths at the end, where little is missing, and some in front."""
    yield from range(2, len(stream) - 200, 37)
    yield from range(max(2, len(stream) - 200), len(stream))


def pairs():
    return [pytest.param(name, plugin, id=f"{name}-{plugin or 'any'}") for name in FAMILIES for plugin in plugins(name)]


@pytest.mark.parametrize(("name", "plugin"), pairs())
@pytest.mark.parametrize("end", [b"", EOI], ids=["cut", "cut, and ended"])
def test_no_sample_is_invented(name, plugin, end):
    stream = family(name)[1]
    try:
        whole = decoded(name, [stream], decoding_plugin=plugin)
    except dicomet.PixelDataError as error:
        pytest.skip(str(error))
    refused, count = set(), 0
    for length in lengths(stream):
        try:
            array, warned = decoded_and_warned(name, [stream[:length] + end], decoding_plugin=plugin)
        except dicomet.PixelDataError as error:
            refused.add(error.frame)
            count += 1
        else:
            # A progressive image may end with any scan. That it has lost some is not certain, but dicomet warns.
            assert np.array_equal(array, whole) or "lowest bits" in warned, length
            count += "lowest bits" in warned
    assert refused == {0}
    assert count >= len(list(lengths(stream))) - 3


@pytest.mark.parametrize("name", FAMILIES)
def test_other_frames_are_decoded(name):
    stream = family(name)[1]
    frames = [stream, stream[: len(stream) // 2], stream]
    whole = decoded(name, [stream])
    others = (dicomet.modality_values,) if whole.ndim == 2 else ()
    for function in (dicomet.pixel_array, dicomet.to_display, *others):
        with pytest.raises(dicomet.PixelDataError, match="frame 1"):
            function(image_of(name, frames))
    for index in (0, 2):
        assert np.array_equal(decoded(name, frames, index=index), whole)


@pytest.mark.parametrize("padding", [b"", b"\0", b"\xff", b"\0" * 5], ids=bytes.hex)
@pytest.mark.parametrize("name", FAMILIES)
def test_end_marker_alone_is_missing(name, padding):
    """All samples are there: decoded, with a warning. Of a last byte that may be padding that cannot be known."""
    stream = family(name)[1]
    assert stream.endswith(EOI)
    if "JPEG-LS" in name and padding == b"\xff":
        pytest.skip("FF and the zero that makes its length even are data of JPEG-LS")
    if stream.endswith(b"\0" + EOI):
        with pytest.raises(dicomet.PixelDataError, match="no end marker, and a last byte that may be padding"):
            decoded(name, [stream[:-2] + padding])
        return
    if name == "baseline, restarts":
        assert stream.count(b"\xff\xd0") == 1
    for plugin in plugins(name):
        try:
            whole = decoded(name, [stream], decoding_plugin=plugin)
        except dicomet.PixelDataError:
            continue
        array, warned = decoded_and_warned(name, [stream[:-2] + padding], decoding_plugin=plugin)
        assert warned.startswith("(7FE0,0010) Pixel Data, frame 0: the codestream has no end marker")
        assert np.array_equal(array, whole)


@pytest.mark.parametrize("name", FAMILIES)
def test_padding_after_the_end(name, recwarn):
    stream = family(name)[1]
    whole = decoded(name, [stream])
    for padding in (b"\0", b"\xff\xff", b"\0" * 7):
        assert np.array_equal(decoded(name, [stream + padding]), whole)
    assert not [warning for warning in recwarn if "the codestream" in str(warning.message)]


def test_a_restart_marker_is_lost_or_out_of_order():
    stream = family("baseline, restarts")[1]
    first = stream.index(b"\xff\xd0")
    for damaged in (stream[:first] + stream[first + 2 :], stream.replace(b"\xff\xd1", b"\xff\xd2", 1)):
        with pytest.raises(dicomet.PixelDataError, match=r"frame 0, offset \d+: SOS, scan 0: `restart marker`"):
            decoded("baseline, restarts", [damaged])
