"""Frames in fragments (PS3.5 A.4): RLE Lossless, encapsulated uncompressed, and those that a JPEG codec decodes."""

import struct
from array import array
from functools import cached_property
from typing import Any

import numpy as np

from dicomet import jpeg
from dicomet._native import Encapsulated, Frames, Plan
from dicomet.description import Description
from dicomet.errors import PIXEL_DATA, PixelDataError, shown
from dicomet.value import Buffer, Value
from dicomet.warn import warn, warn_of_all

Fragments = list[tuple[int, int]]


class EncapsulatedFrames:
    """Frames whose place must be found first."""

    def __init__(self, description: Description, value: Value, decoding_plugin: str) -> None:
        """Prepare for `value`, of which nothing is read yet."""
        self._description = description
        self._image = description.image
        self._value = value
        self._decoding_plugin = decoding_plugin
        self._warned = False
        self._places = Encapsulated(
            value.read,
            length=value.length,
            delimited=value.delimited,
            frames=description.image.number_of_frames,
            jpeg=description.coding == "JPEG",
            extended=extended_offset_table(description.options.get("extended_offsets")),
        )

    @cached_property
    def _found(self) -> Frames:
        """Every frame, found by a walk over all item headers."""
        found = self._places.find_frames()
        warn_of_all(found.warnings)
        return found

    @cached_property
    def count(self) -> int:
        """How many frames there are."""
        self._found.check_whole()
        found, expected = len(self._found), self._image.number_of_frames
        if found == expected:
            return found
        kept = self._description.allow_excess_frames
        fate = "all of them are returned" if kept else "the others are left out"
        warn(f"(0028,0008) Number of Frames: found {found} frames, expected {expected}: {fate}")
        return found if kept else expected

    def _fragments(self, index: int) -> Fragments:
        if "_found" not in self.__dict__ and index < self._image.number_of_frames:
            fragments = self._places.find_frame(index)
            if fragments is not None:
                return fragments
        if index >= len(self._found):
            self._found.check_whole()
        return self._found.frame(index)

    def _frame(self, index: int) -> Buffer:
        """Return the bytes of frame `index`."""
        return joined(self._value, self._fragments(index))

    def check(self, first: int, count: int) -> None:
        """Check that the compressed bytes can hold these frames, before memory is allocated for them."""
        coding = self._description.coding
        if coding == "JPEG":
            self._image.check_codestream(self._frame(first), first)
            return
        for index in range(first, first + count):
            length = sum(length for _, length in self._fragments(index))
            if coding == "RLE":
                self._image.check_rle_bound(length, index)
            else:
                self._check_uncompressed(index, length)

    def _check_uncompressed(self, index: int, length: int) -> None:
        expected = -(-self._image.native_frame_range(0)[1] // 8)
        if length < expected:
            message = f"{PIXEL_DATA}, frame {index}: found {length} bytes, expected {expected}"
            raise PixelDataError(message, element=PIXEL_DATA, frame=index)

    def decode(self, first: int, count: int, out: np.ndarray) -> None:
        """Decode `count` frames from `first` on into `out`."""
        if self._description.coding == "RLE":
            frames = [self._frame(index) for index in range(first, first + count)]
            self._warn_of_frames(self._own_plan.rle_frames(frames, first, out))
            return
        for place, index in zip(out.reshape(count, -1), range(first, first + count), strict=True):
            frame = self._frame(index)
            if self._description.coding == "JPEG":
                jpeg.decode(frame, index, self._description, self._decoding_plugin, place)
            else:
                self._own_plan.native_frames(frame, 0, place)

    def _warn_of_frames(self, warnings: list[str]) -> None:
        """Warn of what was tolerated in a frame, but of the first such frame only."""
        if warnings and not self._warned:
            self._warned = True
            warn_of_all(warnings)

    @cached_property
    def _own_plan(self) -> Plan:
        return self._description.native_plan()


def joined(value: Value, fragments: Fragments) -> Buffer:
    """Return the bytes of one frame; one fragment is not copied."""
    parts = [value.read(offset, length) for offset, length in fragments]
    return parts[0] if len(parts) == 1 else b"".join(parts)


def extended_offset_table(extended_offsets: tuple[Any, Any] | None) -> tuple[list[int], list[int]] | None:
    """Return Extended Offset Table and its lengths (PS3.3 C.7.6.3.1.8) as numbers; an odd rest of bytes is left out."""
    if extended_offsets is None:
        return None
    try:
        offsets, lengths = (_numbers(table) for table in extended_offsets)
    except (TypeError, ValueError, OverflowError):
        element = "(7FE0,0001) Extended Offset Table"
        raise PixelDataError(
            f"{element}: found {shown(extended_offsets)}, expected two lists of 64-bit numbers", element=element
        ) from None
    return offsets, lengths


def _numbers(table: Any) -> list[int]:
    if table is None:
        return []
    if isinstance(table, bytes | bytearray | memoryview):
        return list(struct.unpack_from(f"<{len(table) // 8}Q", table))
    return array("Q", table).tolist()
