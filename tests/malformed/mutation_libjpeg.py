"""The samples of mutated JPEG codestreams by libjpeg-turbo, which gets them without their files."""

import io
from typing import Any

import numpy as np
from jpeg_streams import by_libjpeg
from mutations_jpeg import segments
from pydicom.encaps import generate_fragments, parse_basic_offsets

EQUAL, LIMITED, OTHER, REFUSED = "equal", "equal but for samples out of range", "other values", "refused"
SOF3 = 0xC3
OTHER_VALUES = ("lowest bits", "samples of more bits", "arithmetic coding")
"""Warnings with which libjpeg-turbo has other values: it smooths incomplete images, wraps samples,
and is not the plugin that decodes arithmetic coding."""


def independent(stream: bytes, samples: int) -> np.ndarray | None:
    """The components by libjpeg-turbo; None if it refuses."""
    try:
        found = by_libjpeg(stream, samples)
    except Exception:  # noqa: BLE001 - imagecodecs has an exception for each of its modules
        return None
    return found if found.size else None


def without_factors(stream: bytes) -> bytes:
    """A lossless codestream of one component without its sampling factors, which have no effect (10918-1, A.2.2).

    libjpeg-turbo restarts the prediction only in each row of MCUs that these factors would give.
    """
    for segment in segments(stream):
        header = stream[segment.start : segment.end]
        if segment.marker == SOF3 and len(header) == 13:
            return stream[: segment.start + 11] + b"\x11" + stream[segment.start + 12 :]
    return stream


def compared(found: np.ndarray, stream: bytes, stored: int, *, signed: bool = False) -> str:
    """How the samples of one frame, without a conversion of colors, compare with libjpeg-turbo's."""
    expected = independent(without_factors(stream), found.shape[2] if found.ndim > 2 else 1)
    if expected is None:
        return REFUSED
    expected = stored_samples(expected.astype(np.int64), stored, signed=signed)
    if found.shape != expected.shape:
        return OTHER
    different = found != expected
    if not different.any():
        return EQUAL
    return LIMITED if all_near_extremes(found, different, stored) else OTHER


def all_near_extremes(found: np.ndarray, different: np.ndarray, stored: int) -> bool:
    """Whether all samples that differ are in a block with samples at a limit of the range.

    Where coefficients give samples far out of range, which no encoder writes, libjpeg-turbo wraps values that dicomet
    limits: 12-bit samples, and the 16-bit products of its vector instructions.
    """
    extreme = np.isin(found, (0, 2**stored - 1))
    blocks = {(row // 8, column // 8) for row, column in np.argwhere(different)[:, :2].tolist()}
    # Chrominance of half width and height covers two blocks in each direction, and its neighbors are interpolated.
    return all(
        extreme[max(0, 8 * row - 16) : 8 * row + 24, max(0, 8 * column - 16) : 8 * column + 24].any()
        for row, column in blocks
    )


def stored_samples(words: np.ndarray, stored: int, *, signed: bool) -> np.ndarray:
    """The samples of words of which `stored` bits count (PS3.5 8.1.1)."""
    low = words & (2**stored - 1)
    return low - ((low >> (stored - 1)) << stored) if signed else low


def compared_frames(components: np.ndarray, fragments: list[bytes] | None, attributes: dict[str, Any]) -> list[str]:
    """How each frame compares, if each has a fragment of its own; otherwise an empty list."""
    frames = components if components.ndim > 2 + (attributes["samples_per_pixel"] == 3) else components[None]
    if fragments is None or len(frames) != len(fragments):
        return []
    stored, signed = int(attributes["bits_stored"]), int(attributes["pixel_representation"]) == 1
    return [compared(frame, part, stored, signed=signed) for frame, part in zip(frames, fragments, strict=True)]


def fragments_of(data_set: Any) -> list[bytes] | None:
    """The fragments of the pixel data of pydicom's data set; None if it cannot list them."""
    try:
        value = io.BytesIO(data_set.PixelData)
        parse_basic_offsets(value)
        return [fragment for fragment in generate_fragments(value) if fragment]
    except Exception:  # noqa: BLE001 - pydicom raises anything
        return None
