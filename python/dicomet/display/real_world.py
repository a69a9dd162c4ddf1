"""The public function `real_world_values`."""

import math
import operator
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, Unpack

import numpy as np

from dicomet._decoding.frame_reader import ArraySpec, check_out
from dicomet._decoding.options import DecodingOptions, checks_arguments
from dicomet._native import extrema
from dicomet._parsing.limits import ReadLimits
from dicomet._parsing.tags import MEASUREMENT_UNITS_SEQUENCE, REAL_WORLD_LUT_DATA, SAMPLES_PER_PIXEL
from dicomet._utils.arrays import read_only
from dicomet.display.modality import Modality
from dicomet.display.reader import DisplayReader
from dicomet.display.real_world_mapping import REAL_WORLD_TAGS, MappingChoice, RealWorldMapping, Unit
from dicomet.display.values import FLOATS
from dicomet.errors import PixelDataError, short_repr, with_filename

if TYPE_CHECKING:
    from numpy.typing import DTypeLike
    from pydicom.dataset import Dataset

    from dicomet._parsing.source import Readable

__all__ = ["RealWorldValues", "Unit", "real_world_values"]


class RealWorldValues(NamedTuple):
    """Quantities, and their unit.

    Attributes
    ----------
    values : numpy.ndarray
        The quantities, as float64 or float32. NaN where the mapping gives a stored value no meaning.
    unit : Unit
        The unit of all values.

    """

    values: np.ndarray
    unit: Unit


@checks_arguments
def real_world_values(  # noqa: PLR0913 - the arguments of `pixel_array`
    src: "Readable | Dataset",
    mapping: MappingChoice = None,
    *,
    index: int | None = None,
    dtype: "DTypeLike" = np.float64,
    out: np.ndarray | None = None,
    decoding_plugin: str = "",
    workers: int | None = None,
    max_bytes: int | None = None,
    **kwargs: Unpack[DecodingOptions],
) -> RealWorldValues:
    """Return the quantities that the stored values stand for, such as activity or dose, and their unit.

    The mapping is an item of the Real World Value Mapping Sequence (PS3.3 C.7.6.16.2.11), in the functional groups of
    each frame, in the shared ones or at the top level, or Dose Grid Scaling (PS3.3 C.8.8.3). It applies to stored
    values; the Modality LUT does not take part.

    Parameters
    ----------
    src, index, out, decoding_plugin, workers, max_bytes, **kwargs
        As for `pixel_array`.
    mapping : int or str, optional
        Which mapping: an LUT Label; or a unit by its code, such as ``"Bq/ml"`` or ``"Gy"``; or the index of the item,
        from 0, where Dose Grid Scaling follows the items. None: the only mapping of the file.
    dtype : numpy.float64 or numpy.float32
        Dtype of the result. Values are computed in float64.

    Returns
    -------
    RealWorldValues
        ``(values, unit)``: an array of the same shape as that of `pixel_array`, and the unit. Stored values below the
        first or above the last value mapped have no real world value, and become NaN.

    Raises
    ------
    PixelDataError
        As `pixel_array` does; or there is no such mapping, or more than one; or it is invalid; or frames have different
        units. A `MissingElementError` for a file without any mapping.
    ValueError, TypeError
        An argument is invalid.
    OSError
        `src` cannot be read.

    """
    wanted, choice = _checked_dtype(dtype), _checked_choice(mapping)
    with with_filename(src):
        limits = ReadLimits(decoding_plugin, workers, max_bytes)
        frames = DisplayReader(src, {**kwargs}, limits, more_tags=REAL_WORLD_TAGS)
        form = ArraySpec(wanted, frames.stored.frame_shape)
        first, count, shape = frames.stored.select_frames(index, form)
        mappings = _mapping_by_frame(frames, range(first, first + count), choice)
        unit = _common_unit(mappings, first)
        frames.stored.check(first, count, form)
        array = np.empty(shape, wanted) if out is None else check_out(out, shape, wanted)
        start, each = first, array.view(np.ndarray).reshape(count, *form.frame_shape)
        for found, alike in groupby(mappings):
            length = len(list(alike)) if len(mappings) > 1 else count
            _map(frames, start, found, each[start - first : start - first + length])
            start += length
    return RealWorldValues(array, unit)


def _checked_dtype(dtype: "DTypeLike") -> np.dtype:
    found = np.dtype(dtype).newbyteorder("=")
    if found not in FLOATS:
        raise ValueError(f"'dtype': found {found}, expected float64 or float32")
    return found


def _checked_choice(mapping: MappingChoice) -> MappingChoice:
    if mapping is None or isinstance(mapping, str):
        return mapping
    try:
        return operator.index(mapping)
    except TypeError:
        expected = "None, a number, a label, or the code of a unit"
        raise TypeError(f"'mapping': found {type(mapping).__name__}, expected {expected}") from None


def _mapping_by_frame(frames: DisplayReader, numbers: range, choice: MappingChoice) -> list[RealWorldMapping]:
    """Return the mapping of each frame, or a single one that all frames share."""
    if frames.is_color:
        name = SAMPLES_PER_PIXEL.label
        raise PixelDataError(f"{name}: found 3, expected 1, of which there are real world values", element=name)
    alike = numbers if frames.attributes.varies else numbers[:1]
    return [frames.attributes.real_world_mapping(number, choice) for number in alike]


def _common_unit(mappings: list[RealWorldMapping], first: int) -> Unit:
    unit = mappings[0].unit
    for number, mapping in enumerate(mappings, first):
        if mapping.unit[:2] != unit[:2]:
            name = MEASUREMENT_UNITS_SEQUENCE.label
            found = f"{short_repr(mapping.unit.code)} for frame {number}"
            message = f"{name}: found {found}, expected {short_repr(unit.code)} as for frame {first}"
            raise PixelDataError(message, element=name, frame=number)
    return unit


def _map(frames: DisplayReader, first: int, mapping: RealWorldMapping, out: np.ndarray) -> None:
    """Fill `out` with the real world values of frames from `first` on."""
    if mapping.table is None and _maps_all(frames, mapping):
        transform = frames.transform_spec(_modality(mapping), out.dtype, out.size).build()
        frames.stored.read_transformed(first, len(out), transform, out)
        return
    for number, frame in enumerate(out, first):
        stored = frames.stored.read(number, 1, frames.stored.frame_shape)
        if mapping.table is None:
            _map_linearly(frames, stored, mapping, frame)
        else:
            _look_up(stored, mapping, frame)


def _maps_all(frames: DisplayReader, mapping: RealWorldMapping) -> bool:
    """Return whether the mapping covers every stored value that the image description allows."""
    if mapping.first == -math.inf and mapping.last == math.inf:
        return True
    if not (frames.is_integer and frames.bits_stored_reliable):
        return False
    low, high = frames.stored_range()
    return mapping.first <= low and high <= mapping.last


def _modality(mapping: RealWorldMapping) -> Modality:
    rescale = (mapping.slope, mapping.intercept)
    return None if rescale == (1, 0) else rescale


def _map_linearly(frames: DisplayReader, stored: np.ndarray, mapping: RealWorldMapping, out: np.ndarray) -> None:
    transform = frames.transform_spec(_modality(mapping), out.dtype, out.size).build()
    transform.apply(read_only(stored), out, workers=frames.stored.workers)
    found = extrema(stored, dtype=stored.dtype.name, excluded=None)  # type: ignore[arg-type]
    # Infinite samples are not among the extrema.
    is_inside = frames.is_integer and found is not None and mapping.first <= found[0] and found[1] <= mapping.last
    if not is_inside:
        out[(stored < mapping.first) | (stored > mapping.last)] = np.nan


def _look_up(stored: np.ndarray, mapping: RealWorldMapping, out: np.ndarray) -> None:
    if stored.dtype.kind not in "iu" or mapping.table is None:
        name = REAL_WORLD_LUT_DATA.label
        raise PixelDataError(f"{name}: found a table for floats, expected slope and intercept", element=name)
    # NaN on both sides of the table, for stored values that it does not map.
    table = np.pad(np.frombuffer(mapping.table, np.float64), 1, constant_values=np.nan)
    indices = np.clip(stored.astype(np.float64) - (mapping.first - 1), 0, len(table) - 1)
    out[...] = table[indices.astype(np.intp)]
