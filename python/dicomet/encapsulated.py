"""Frames in fragments (PS3.5 A.4): RLE Lossless, encapsulated uncompressed, and those that a JPEG codec decodes."""

import struct
from functools import cached_property
from typing import Any

import numpy as np

from dicomet import jpeg
from dicomet._native import Encapsulated, Plan
from dicomet.description import Description
from dicomet.errors import PixelDataError
from dicomet.value import Buffer, Value
from dicomet.warn import warn_of_all

Fragments = list[tuple[int, int]]


class EncapsulatedFrames:
    """Frames whose place must be found first."""

    def __init__(self, description: Description, value: Value, decoding_plugin: str) -> None:
        """Prepare for `value`, of which nothing is read yet."""
        self._description = description
        self._image = description.image
        self._value = value
        self._decoding_plugin = decoding_plugin
        self._places = Encapsulated(
            value.read,
            length=value.length,
            delimited=value.delimited,
            frames=description.image.number_of_frames,
            jpeg=description.coding == "JPEG",
            extended=_extended_offset_table(description.options.get("extended_offsets")),
        )

    @cached_property
    def _found(self) -> list[Fragments]:
        """Every frame, found by a walk over all item headers."""
        found, warnings = self._places.find_frames()
        warn_of_all(warnings)
        expected = self._image.number_of_frames
        if len(found) > expected:
            kept = self._description.allow_excess_frames
            fate = "all of them are returned" if kept else "the others are left out"
            warn_of_all([f"(0028,0008) Number of Frames: found {len(found)} frames, expected {expected}: {fate}"])
            if not kept:
                del found[expected:]
        return found

    @property
    def count(self) -> int:
        """How many frames there are."""
        return len(self._found)

    def _fragments(self, index: int) -> Fragments:
        if "_found" not in self.__dict__ and index < self._image.number_of_frames:
            fragments = self._places.find_frame(index)
            if fragments is not None:
                return fragments
        return self._found[index]

    def _frame(self, index: int) -> Buffer:
        """Return the bytes of frame `index`."""
        fragments = [self._value.read(offset, length) for offset, length in self._fragments(index)]
        return fragments[0] if len(fragments) == 1 else b"".join(fragments)

    def check(self, first: int, count: int) -> None:
        """Check that the compressed bytes can hold these frames, before memory is allocated for them."""
        coding = self._description.coding
        if coding == "JPEG":
            jpeg.check(self._frame(first), first, self._description)
            return
        for index in range(first, first + count):
            length = sum(length for _, length in self._fragments(index))
            if coding == "RLE":
                self._image.check_rle_bound(length)
            else:
                self._check_uncompressed(index, length)

    def _check_uncompressed(self, index: int, length: int) -> None:
        expected = -(-self._image.native_frame_range(0)[1] // 8)
        if length < expected:
            message = f"(7FE0,0010) Pixel Data, frame {index}: found {length} bytes, expected {expected}"
            raise PixelDataError(message, element="(7FE0,0010) Pixel Data", frame=index)

    def decode(self, first: int, count: int, out: np.ndarray) -> None:
        """Decode `count` frames from `first` on into `out`."""
        if self._description.coding == "RLE":
            frames = [self._frame(index) for index in range(first, first + count)]
            warn_of_all(self._own_plan.rle_frames(frames, first, out))
            return
        for place, index in zip(out.reshape(count, -1), range(first, first + count), strict=True):
            frame = self._frame(index)
            if self._description.coding == "JPEG":
                jpeg.decode(frame, index, self._description, self._decoding_plugin, place)
            else:
                self._own_plan.native_frames(frame, 0, place)

    @cached_property
    def _own_plan(self) -> Plan:
        description = self._description
        return Plan.native(
            description.image,
            big_endian=False,
            paired=False,
            correct_unused_bits=description.correct_unused_bits,
            conversion=description.conversion(description.options["photometric_interpretation"]),
        )


def _extended_offset_table(extended_offsets: tuple[Any, Any] | None) -> tuple[list[int], list[int]] | None:
    """Return Extended Offset Table and its lengths (PS3.3 C.7.6.3.1.8) as numbers; an odd rest of bytes is left out."""
    if extended_offsets is None:
        return None
    offsets, lengths = (_numbers(table) for table in extended_offsets)
    return offsets, lengths


def _numbers(table: Any) -> list[int]:
    if isinstance(table, bytes | bytearray | memoryview):
        count = len(table) // 8
        return list(struct.unpack_from(f"<{count}Q", table))
    return [] if table is None else list(table)
