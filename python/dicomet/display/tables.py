"""Look-up tables of a data set: Modality and VOI LUT (PS3.3 C.11.1.1, C.11.2.1.1), palettes (C.7.9)."""

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomet._native import Lut, Palette, expand_segmented
from dicomet.errors import MissingElementError, PixelDataError, shown

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

LUT_DESCRIPTOR, LUT_DATA = 0x00283002, 0x00283006
MOST_ENTRIES = 65536
_COLORS = ("Red", "Green", "Blue")
_DESCRIPTOR, _DATA, _SEGMENTED = 0x00281101, 0x00281201, 0x00281221
_BYTE = 8


def lut_of(item: "Dataset", *, big_endian: bool, is_exact: bool) -> Lut:
    """Return the table of an item of the Modality or VOI LUT Sequence.

    `is_exact`: entries of more bits than the descriptor says are an error, and not the brightest that there is.

    Raises
    ------
    PixelDataError
        Descriptor or data are missing, or contradict each other.

    """
    count, first, bits = _descriptor(item, LUT_DESCRIPTOR, "(0028,3002) LUT Descriptor")
    name = "(0028,3006) LUT Data"
    most_packed = count + 1 if bits == _BYTE else 0
    entries = _entries(item, LUT_DATA, name, most_packed, big_endian=big_endian)[:count].astype(np.uint16)
    if len(entries) < count:
        raise PixelDataError(f"{name}: found {len(entries)} entries, expected {count}", element=name)
    lut, highest = Lut(first, entries.tobytes(), bits=bits), int(entries.max())
    if is_exact and highest >= 1 << bits:
        raise PixelDataError(f"{name}: found the entry {highest}, expected at most {bits} bits", element=name)
    return lut


def palette_of(dataset: "Dataset", *, big_endian: bool) -> Palette:
    """Return the palette of an image. Its Alpha table, which is for blending, is not used.

    Raises
    ------
    PixelDataError
        As `lut_of` does.

    """
    of_red = None
    wide, colors = False, []
    for color, name in enumerate(_COLORS):
        descriptor = f"(0028,{_DESCRIPTOR + color & 0xFFFF:04X}) {name} Palette Color Lookup Table Descriptor"
        found = count, first, bits = _descriptor(dataset, _DESCRIPTOR + color, descriptor)
        of_red = of_red or found
        if found != of_red:
            # PS3.3 C.7.6.3.1.5: the same for all three.
            message = f"{descriptor}: found {list(found)}, expected {list(of_red)} as of Red"
            raise PixelDataError(message, element=descriptor)
        entries = _segmented if _SEGMENTED + color in dataset else _plain
        colors.append(entries(dataset, color, count, bits, big_endian=big_endian))
        wide |= bits > _BYTE and colors[-1].itemsize > 1
    # Entries of 8 bits may lie in words of 16.
    wide = wide or any(color.max(initial=0) >= 1 << _BYTE for color in colors)
    words = [color.astype(np.uint16).tobytes() for color in colors]
    return Palette(first, *words, bits=16 if wide else 8)


def _plain(dataset: "Dataset", color: int, count: int, bits: int, *, big_endian: bool) -> np.ndarray:
    name = f"(0028,{_DATA + color & 0xFFFF:04X}) {_COLORS[color]} Palette Color Lookup Table Data"
    most_packed = count + 1 if bits == _BYTE or count > 1 else 0
    entries = _entries(dataset, _DATA + color, name, most_packed, big_endian=big_endian)[:count]
    if len(entries) < count:
        raise PixelDataError(f"{name}: found {len(entries)} entries, expected {count} of {bits} bits", element=name)
    return entries


def _segmented(dataset: "Dataset", color: int, count: int, bits: int, *, big_endian: bool) -> np.ndarray:
    name = f"(0028,{_SEGMENTED + color & 0xFFFF:04X}) Segmented {_COLORS[color]} Palette Color Lookup Table Data"
    wide = bits > _BYTE
    segments = _entries(dataset, _SEGMENTED + color, name, 0 if wide else sys.maxsize, big_endian=big_endian)
    entries = expand_segmented(segments.astype(np.uint16).tobytes(), wide=wide, count=count)
    return np.array(entries, np.uint16 if wide else np.uint8)


def _entries(dataset: "Dataset", tag: int, name: str, most_packed: int, *, big_endian: bool) -> np.ndarray:
    """Return the numbers of a value: words, or bytes where it has at most so many bytes."""
    data = _value(dataset, tag, name)
    if not isinstance(data, bytes):
        return _words(data, name)
    words = np.frombuffer(data[: len(data) // 2 * 2], ">u2" if big_endian else "<u2")
    if len(data) > most_packed:
        return words.astype(np.uint16)
    if big_endian and dataset[tag].VR == "OW":
        # PS3.5 7.3: two in each word.
        return words.astype("<u2").view(np.uint8)
    return np.frombuffer(data, np.uint8)


def _descriptor(dataset: "Dataset", tag: int, name: str) -> tuple[int, int, int]:
    """Return how many entries there are, the first input, and the bits of an entry."""
    value = _value(dataset, tag, name)
    try:
        count, first, bits = (int(number) for number in value)
    except (TypeError, ValueError, OverflowError):
        count, first, bits = 0, MOST_ENTRIES, 0
    if abs(first) >= MOST_ENTRIES:
        raise PixelDataError(f"{name}: found {shown(value)}, expected three numbers of 16 bits", element=name)
    return count % MOST_ENTRIES or MOST_ENTRIES, first, max(0, min(bits, 255))


def _words(data: Any, name: str) -> np.ndarray:
    """Return the entries of a value of VR US or SS."""
    try:
        return np.atleast_1d(np.asarray(data, np.int64)).astype(np.uint16)
    except (TypeError, ValueError, OverflowError):
        raise PixelDataError(f"{name}: found {shown(data)}, expected numbers of 16 bits", element=name) from None


def _value(dataset: "Dataset", tag: int, name: str) -> Any:
    value = dataset[tag].value if tag in dataset else None
    if value is None:
        raise MissingElementError(f"Missing required element: {name}", element=name)
    return value
