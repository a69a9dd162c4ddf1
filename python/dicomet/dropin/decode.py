"""A request, decoded into an array of exactly pydicom's form: values, dtype, shape, strides, flags."""

from typing import Any

import numpy as np

from dicomet._native import Encapsulated
from dicomet.dropin.request import Request
from dicomet.dropin.shape import HandOver
from dicomet.encapsulated import Fragments, extended_offset_table, joined
from dicomet.native import NativeSamples
from dicomet.value import Buffer, FileValue

ITEM_HEADER = 8


class Frames:
    """The frames of one request."""

    def __init__(self, request: Request) -> None:
        """Prepare; nothing is read yet."""
        self.request = request
        self._shape = request.shape
        self._form = request.form
        self._found: Places | None = None

    @property
    def count(self) -> int:
        """Number of Frames."""
        return self._shape.number_of_frames

    def whole(self) -> tuple[np.ndarray, dict[str, Any]]:
        """Return all frames, and what pydicom says of them."""
        return self._decoded(0, self._shape.number_of_frames), self.request.properties(as_frame=False)

    def frame(self, index: int) -> tuple[np.ndarray, dict[str, Any]]:
        """Return one frame, and what pydicom says of it."""
        if type(index) is not int or not 0 <= index < self._shape.number_of_frames:
            raise HandOver("an index that is no frame's")
        return self._decoded(index, 1), self.request.properties(as_frame=True)

    def _decoded(self, first: int, count: int) -> np.ndarray:
        """Return frames, and leave a file where it was."""
        value = self.request.value
        place = value.file.tell() if isinstance(value, FileValue) else 0
        try:
            return self._native(first, count) if self._shape.coding == "native" else self._rle(first, count)
        finally:
            if isinstance(value, FileValue) and value.file.tell() != place:
                value.file.seek(place)

    def _native(self, first: int, count: int) -> np.ndarray:
        request, shape, form = self.request, self._shape, self._form
        if shape.bits_allocated == 1 and count == 1 and first * shape.rows * shape.columns % 8:
            raise HandOver("a frame of single bits that does not begin on a byte")
        value = request.value
        if isinstance(value, FileValue) and value.file.tell() != value.start:
            raise HandOver("a file that has been moved between two frames")
        samples = NativeSamples(
            form.image, form.plan, request.value, element=shape.keyword, paired=shape.words_of_bytes
        )
        array, memory = self._result(count)
        samples.decode(first, count, memory)
        return array

    def _rle(self, first: int, count: int) -> np.ndarray:
        if self._found is None:
            self._found = Places(self.request)
        frames = self._found.whole() if count > 1 else [self._found.frame(first)]
        for index, frame in enumerate(frames):
            self._form.image.check_rle_bound(len(frame), index)
        array, memory = self._result(count)
        if self._form.plan.rle_frames(frames, first, memory):
            raise HandOver("RLE Lossless that is not exactly as the standard wants it")
        return array

    def _result(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return an array for `count` frames, and its memory in one dimension."""
        shape, dtype = self._shape, self._form.dtype
        size = self._form.image.check_result(count) // dtype.itemsize
        sides: tuple[int, ...] = (shape.rows, shape.columns)
        order: tuple[int, ...] = (0, 1)
        if shape.planar_result:
            sides, order = (shape.samples_per_pixel, *sides), (1, 2, 0)
        elif shape.samples_per_pixel > 1:
            sides, order = (*sides, shape.samples_per_pixel), (0, 1, 2)
        if count > 1:
            sides, order = (count, *sides), (0, *(axis + 1 for axis in order))
        if not shape.owns_data:
            memory = np.empty(size, dtype)
            return memory.reshape(sides).transpose(order), memory
        memory = np.empty(sides, dtype)
        if shape.planar_result:
            # A copy in the order of its source owns its memory, unlike a transposed view.
            memory = np.empty_like(memory.transpose(order), order="K")
            return memory, memory.transpose(tuple(np.argsort(order))).reshape(-1)
        return memory, memory.reshape(-1)


class Places:
    """Where the frames of encapsulated pixel data lie, as far as pydicom finds them in the same places."""

    def __init__(self, request: Request) -> None:
        """Read the Basic Offset Table."""
        self._value = request.value
        self._expected = request.shape.number_of_frames
        self._places = Encapsulated(
            self._value.read,
            length=self._value.length,
            delimited=False,
            frames=self._expected,
            jpeg=False,
            extended=extended_offset_table(request.extended_offsets),
        )
        self._fragments: list[Fragments] | None = None

    def frame(self, index: int) -> Buffer:
        """Return the bytes of one frame."""
        if self._fragments is None:
            found = self._places.find_frame(index)
            if found is not None:
                return joined(self._value, found)
        return joined(self._value, self._all()[index])

    def whole(self) -> list[Buffer]:
        """Return the bytes of every frame."""
        if isinstance(self._value, FileValue):
            # Once, in place of twice for every frame.
            self._value = self._value.load()
        return [joined(self._value, fragments) for fragments in self._all()]

    def _all(self) -> list[Fragments]:
        if self._fragments is None:
            found = self._places.find_frames()
            found.check_whole()
            if found.warnings or len(found) != self._expected:
                raise HandOver("fragments that are not those of Number of Frames, or damaged")
            self._fragments = [found.frame(index) for index in range(len(found))]
            self._check_end(self._fragments)
        return self._fragments

    def _check_end(self, frames: list[Fragments]) -> None:
        """Hand over a rest too short for an item, which the core does not look at: pydicom judges it by itself."""
        end = max(offset + length for fragments in frames for offset, length in fragments)
        if 0 < self._value.length - end < ITEM_HEADER:
            raise HandOver("bytes behind the last fragment")
