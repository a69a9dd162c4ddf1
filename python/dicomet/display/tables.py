"""Lookup tables of a data set: Modality and VOI LUTs (PS3.3 C.11.1.1, C.11.2.1.1), and palettes (C.7.9)."""

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dicomet._native import Lut, Palette, expand_segmented
from dicomet._parsing.tags import (
    LUT_DATA,
    LUT_DESCRIPTOR,
    PALETTE_DATA,
    PALETTE_DESCRIPTORS,
    SEGMENTED_PALETTE_DATA,
    Tag,
)
from dicomet._utils.warn import Notice
from dicomet.display.modality import ValueRange
from dicomet.errors import MissingElementError, PixelDataError, short_repr

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MAX_ENTRIES = 65536
_BYTE = 8
_DESCRIPTOR_BYTES = 6


class Table(NamedTuple):
    """A usable table, with a notice if its entries have fewer bits than its descriptor says."""

    lut: Lut
    notices: tuple[Notice, ...]


class Colors(NamedTuple):
    """A usable palette, with a notice if its entries have fewer bits than its descriptors say."""

    palette: Palette
    notices: tuple[Notice, ...]


def lut_of(item: "Dataset", inputs: ValueRange, *, big_endian: bool, is_exact: bool) -> Table:
    """Return the table of an item of the Modality or VOI LUT Sequence.

    `inputs`: the lowest and the highest input of the lookup. `is_exact`: entries with more bits than the descriptor
    says are an error; otherwise they are clamped to the brightest value.

    Raises
    ------
    PixelDataError
        The descriptor or the data are missing, or contradict each other.

    """
    count, first, bits = _descriptor(item, LUT_DESCRIPTOR, inputs, big_endian=big_endian)
    name = LUT_DATA.label
    most_packed = count + 1 if bits == _BYTE else 0
    entries = _entries(item, LUT_DATA, most_packed, big_endian=big_endian)[:count].astype(np.uint16)
    if len(entries) < count:
        raise PixelDataError(f"{name}: found {len(entries)} entries, expected {count}", element=name)
    lut, max_entry = Lut(first, entries.tobytes(), bits=bits), int(entries.max())
    if is_exact and max_entry >= 1 << bits:
        raise PixelDataError(f"{name}: found the entry {max_entry}, expected at most {bits} bits", element=name)
    return Table(lut, _narrow(name, max_entry, bits))


def palette_of(dataset: "Dataset", inputs: ValueRange, *, big_endian: bool) -> Colors:
    """Return the palette of an image, without its Alpha table, which is for blending.

    Raises
    ------
    PixelDataError
        As `lut_of` does.

    """
    of_red = None
    wide, colors = False, []
    for color, descriptor in enumerate(PALETTE_DESCRIPTORS):
        found = count, first, bits = _descriptor(dataset, descriptor, inputs, big_endian=big_endian)
        of_red = of_red or found
        if found != of_red:
            # PS3.3 C.7.6.3.1.5: the three descriptors are the same.
            message = f"{descriptor.label}: found {list(found)}, expected {list(of_red)} as of Red"
            raise PixelDataError(message, element=descriptor.label)
        segmented = SEGMENTED_PALETTE_DATA[color]
        if segmented in dataset:
            colors.append(_segmented(dataset, segmented, count, bits, big_endian=big_endian))
        else:
            colors.append(_plain(dataset, PALETTE_DATA[color], count, bits, big_endian=big_endian))
        wide |= bits > _BYTE and colors[-1].itemsize > 1
    max_entry = int(max(color.max(initial=0) for color in colors))
    # Entries that are declared as 8 bits may be stored in 16-bit words, so the values count, too.
    wide = wide or max_entry >= 1 << _BYTE
    words = [color.astype(np.uint16).tobytes() for color in colors]
    notices = _narrow(PALETTE_DATA[0].label, max_entry, 16) if wide else ()
    return Colors(Palette(first, *words, bits=16 if wide else 8), notices)


def _narrow(name: str, max_entry: int, bits: int) -> tuple[Notice, ...]:
    """Return a notice if no entry uses the descriptor's highest bit: the image is then darker than intended."""
    found = max_entry.bit_length()
    if found >= bits:
        return ()
    message = f"{name}: found entries of {found} bits, expected {bits} as the descriptor says; the image may be dark"
    return (Notice(name, message),)


def _plain(dataset: "Dataset", tag: Tag, count: int, bits: int, *, big_endian: bool) -> np.ndarray:
    most_packed = count + 1 if bits == _BYTE or count > 1 else 0
    entries = _entries(dataset, tag, most_packed, big_endian=big_endian)[:count]
    if len(entries) < count:
        message = f"{tag.label}: found {len(entries)} entries, expected {count} of {bits} bits"
        raise PixelDataError(message, element=tag.label)
    return entries


def _segmented(dataset: "Dataset", tag: Tag, count: int, bits: int, *, big_endian: bool) -> np.ndarray:
    wide = bits > _BYTE
    segments = _entries(dataset, tag, 0 if wide else sys.maxsize, big_endian=big_endian)
    entries = expand_segmented(segments.astype(np.uint16).tobytes(), wide=wide, count=count)
    return np.array(entries, np.uint16 if wide else np.uint8)


def _entries(dataset: "Dataset", tag: Tag, most_packed: int, *, big_endian: bool) -> np.ndarray:
    """Return the entries of a value: bytes if it has at most `most_packed` bytes, otherwise 16-bit words."""
    data = _value(dataset, tag)
    if not isinstance(data, bytes):
        return _words(data, tag.label)
    words = np.frombuffer(data[: len(data) // 2 * 2], ">u2" if big_endian else "<u2")
    if len(data) > most_packed:
        return words.astype(np.uint16)
    if big_endian and dataset[tag].VR == "OW":
        # PS3.5 7.3: each big-endian OW word holds two byte entries, in swapped order.
        return words.astype("<u2").view(np.uint8)
    return np.frombuffer(data, np.uint8)


def _descriptor(dataset: "Dataset", tag: Tag, inputs: ValueRange, *, big_endian: bool) -> tuple[int, int, int]:
    """Return the number of entries, the first input, and the bits per entry."""
    value = _value(dataset, tag)
    numbers = np.frombuffer(value, ">u2" if big_endian else "<u2") if _is_three_words(value) else value
    try:
        count, first, bits = (int(number) for number in numbers)
        is_known = all(-0x8000 <= number <= 0xFFFF for number in (count, first, bits))  # noqa: PLR2004 - 16 bits
    except (TypeError, ValueError, OverflowError):
        is_known = False
    if not is_known:
        message = f"{tag.label}: found {short_repr(value)}, expected three numbers of 16 bits"
        raise PixelDataError(message, element=tag.label)
    count = count % MAX_ENTRIES or MAX_ENTRIES
    return count, _first_input(first % MAX_ENTRIES, count, inputs), max(0, min(bits, 255))


def _is_three_words(value: Any) -> bool:
    """Tell whether a descriptor is three words in raw bytes, because its VR (OW, OB, UN) is not a numeric one."""
    return isinstance(value, bytes) and len(value) == _DESCRIPTOR_BYTES


def _first_input(first: int, count: int, inputs: ValueRange) -> int:
    """Return the first input, whose 16 bits are signed if inputs can be negative (PS3.3 C.11.1.1.1, C.11.2.1.1).

    Implicit VR has no other sign information, and in explicit VR some writers choose the wrong VR. The other sign is
    used only if the table would otherwise cover no input, and covers some with the other sign.
    """
    other = first - MAX_ENTRIES if first >= MAX_ENTRIES // 2 else first
    if inputs[0] < 0:
        first, other = other, first
    return other if not _is_reached(first, count, inputs) and _is_reached(other, count, inputs) else first


def _is_reached(first: int, count: int, inputs: ValueRange) -> bool:
    """Tell whether the inputs reach the table, so that they have different entries."""
    return first < inputs[1] and first + count - 1 > inputs[0]


def _words(data: Any, name: str) -> np.ndarray:
    """Return the entries of a value of VR US or SS."""
    try:
        return np.atleast_1d(np.asarray(data, np.int64)).astype(np.uint16)
    except (TypeError, ValueError, OverflowError):
        raise PixelDataError(f"{name}: found {short_repr(data)}, expected numbers of 16 bits", element=name) from None


def _value(dataset: "Dataset", tag: Tag) -> Any:
    value = dataset[tag].value if tag in dataset else None
    if value is None:
        raise MissingElementError(f"Missing required element: {tag.label}", element=tag.label)
    return value
