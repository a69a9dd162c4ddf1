"""Modality values (PS3.3 C.11.1), and the dtypes that hold them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from dicomet._decoding.frame_reader import ArraySpec, check_out
from dicomet._native import DecodePool, extrema
from dicomet._utils.arrays import read_only
from dicomet.display.modality import Modality
from dicomet.errors import PixelDataError

if TYPE_CHECKING:
    from dicomet.display.reader import DisplayReader

Values = Literal["display", "stored", "modality"]
"""What `dicomet.to_display`, `dicomet.pixel_array` or `dicomet.modality_values` returns."""
VALUES: tuple[Values, ...] = get_args(Values)
INTEGERS = tuple(np.dtype(name) for name in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "int64"))
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
DTYPES = tuple(dtype.name for dtype in (*INTEGERS, *FLOATS))
"""The dtypes for modality values: an integer type for whole values within its range, or a float type."""
# Values are computed in float64, which represents every integer up to this one.
_MAX = 2.0**53
_FLOAT32_BITS = 24


def modality_frames(
    frames: "DisplayReader", index: int | None, dtype: np.dtype | None, out: np.ndarray | None
) -> np.ndarray:
    """Return the modality values of a frame, or of all frames."""
    first, count, _ = frames.stored.select_frames(index, ArraySpec(np.dtype(np.uint8), frames.stored.frame_shape))
    modalities = _modality_by_frame(frames, range(first, first + count))
    wanted = _dtype(frames, modalities, dtype)
    form = ArraySpec(wanted, frames.stored.frame_shape)
    first, count, shape = frames.stored.select_frames(index, form)
    frames.stored.check(first, count, form)
    array = np.empty(shape, wanted) if out is None else check_out(out, shape, wanted)
    if len(set(modalities)) == 1:
        _read(frames, first, count, modalities[0], array)
        return array
    each = array.view(np.ndarray).reshape(count, *form.frame_shape)
    for number, (modality, frame) in enumerate(zip(modalities, each, strict=True), first):
        _read(frames, number, 1, modality, frame)
    return array


def modality_dtype(frames: "DisplayReader", numbers: range, dtype: np.dtype | None) -> np.dtype:
    """Return one dtype for the frames `numbers`, which may be read one by one: the caller's, or the narrowest."""
    return _dtype(frames, _modality_by_frame(frames, numbers), dtype)


def _modality_by_frame(frames: "DisplayReader", numbers: range) -> list[Modality]:
    """Return the Modality LUT of each frame, or a single one that all frames share."""
    alike = numbers if frames.attributes.varies else numbers[:1]
    return [None if frames.is_color else frames.modality(number) for number in alike]


def _dtype(frames: "DisplayReader", modalities: list[Modality], dtype: np.dtype | None) -> np.dtype:
    return _narrowest(frames, modalities) if dtype is None else _check_fits(frames, modalities, dtype)


def _read(frames: "DisplayReader", first: int, count: int, modality: Modality, out: np.ndarray) -> None:
    if modality is None and out.dtype == frames.stored.dtype:
        frames.stored.read(first, count, out.shape, out)
        return
    transform = frames.transform_spec(modality, out.dtype, out.size).build()
    if frames.bits_stored_reliable or out.dtype.kind == "f":
        frames.stored.read_transformed(first, count, transform, out)
        return
    stored = frames.stored.read(first, count, out.shape)
    _check_bits(stored, frames)
    transform.apply(read_only(stored), out, workers=frames.stored.workers)


def submit_modality(frames: "DisplayReader", index: int, out: np.ndarray, pool: DecodePool) -> Callable[[], object]:
    """Submit the frame `index` to `pool`, which fills `out`, in whose dtype the caller has checked that values fit.

    Return a function that waits for the modality values.
    """
    frames.stored.check(index, 1)
    modality = None if frames.is_color else frames.modality(index)
    if modality is None and out.dtype == frames.stored.dtype:
        return frames.stored.submit_into(index, 1, out, pool)
    transform = frames.transform_spec(modality, out.dtype, out.size).build()
    if frames.bits_stored_reliable or out.dtype.kind == "f":
        return frames.stored.submit_into(index, 1, out, pool, transform)
    stored = np.empty(out.shape, frames.stored.dtype)
    wait = frames.stored.submit_into(index, 1, stored, pool)

    def finish() -> None:
        wait()
        _check_bits(stored, frames)
        transform.apply(read_only(stored), out, workers=1)

    return finish


def _check_bits(stored: np.ndarray, frames: "DisplayReader") -> None:
    """Check that samples are within Bits Stored before a conversion narrows them: a codestream may have more bits."""
    low, high = frames.stored_range()
    found = extrema(stored, dtype=stored.dtype.name, excluded=None)  # type: ignore[arg-type]
    if found is not None and not (low <= found[0] and found[1] <= high):
        element = frames.stored.description.element
        message = f"{element}: found samples from {found[0]:g} to {found[1]:g}, expected {low} to {high} by Bits Stored"
        raise PixelDataError(f"{message} (use a float dtype)", element=element)


def _narrowest(frames: "DisplayReader", modalities: list[Modality]) -> np.dtype:
    if not frames.is_integer:
        return frames.stored.dtype
    ends = _range(frames, modalities)
    if ends is None:
        return FLOATS[frames.bits_stored > _FLOAT32_BITS]
    for dtype in INTEGERS:
        if _holds(dtype, ends):
            return dtype
    # Values of more than 53 bits keep the stored dtype if nothing transforms them; otherwise they are rounded.
    return frames.stored.dtype if not any(modalities) else FLOATS[1]


def _check_fits(frames: "DisplayReader", modalities: list[Modality], dtype: np.dtype) -> np.dtype:
    """Return the caller's dtype, if it holds every value that the image description allows."""
    if dtype in FLOATS or (dtype == frames.stored.dtype and not any(modalities)):
        return dtype
    if dtype not in INTEGERS:
        raise ValueError(f"'dtype': found {dtype}, expected one of {', '.join(DTYPES)}")
    ends = _range(frames, modalities) if frames.is_integer else None
    if ends is None or not _holds(dtype, ends):
        values = "values that are not whole" if ends is None else f"values from {ends[0]:g} to {ends[1]:g}"
        raise ValueError(f"'dtype': found {dtype} for {values}, expected {_narrowest(frames, modalities)}")
    return dtype


def _holds(dtype: np.dtype, ends: tuple[float, float]) -> bool:
    info = np.iinfo(dtype)
    return max(-_MAX, float(info.min)) <= ends[0] and ends[1] <= min(_MAX, float(info.max))


def _range(frames: "DisplayReader", modalities: list[Modality]) -> tuple[float, float] | None:
    """Return the lowest and the highest possible value, or None if values may have a fraction."""
    for modality in modalities:
        if isinstance(modality, tuple) and not (modality[0].is_integer() and modality[1].is_integer()):
            return None
    ends = [frames.full(modality) for modality in set(modalities)]
    return min(low for low, _ in ends), max(high for _, high in ends)
