"""Decoding a request into an array that equals pydicom's in values, dtype, shape, strides and flags."""

from typing import Any

import numpy as np

from dicomet._decoding.encapsulated import extended_offset_table
from dicomet._native import Codestream, EncapsulatedPixelData
from dicomet._native import FrameIndex as EncodedFrames
from dicomet.dropin.request import Request
from dicomet.dropin.same_jpeg_ls import is_planar
from dicomet.dropin.same_values import RETURN_BYTES, check_frame
from dicomet.dropin.shape import Declined

ITEM_HEADER = 8


class PydicomFrames:
    """The frames of one request."""

    def __init__(self, request: Request) -> None:
        """Store the request; reads nothing."""
        self.request = request
        self._shape = request.shape
        self._form = request.form
        self._found: FrameLocator | None = None

    @property
    def count(self) -> int:
        """Number of Frames."""
        return self._shape.number_of_frames

    def whole(self) -> tuple[np.ndarray, dict[str, Any]]:
        """Return all frames, and pydicom's description of them."""
        return self._decoded(0, self._shape.number_of_frames), self.request.properties(as_frame=False)

    def frame(self, index: int, *, is_next: bool = False) -> tuple[np.ndarray, dict[str, Any]]:
        """Return one frame, and pydicom's description of it. `is_next`: of an iteration over all frames."""
        if type(index) is not int or not 0 <= index < self._shape.number_of_frames:
            raise Declined("an index without a frame")
        array = self._decoded(index, 1)
        if is_next and self.request.coder.plugin in RETURN_BYTES and not array.flags.owndata:
            array = array.copy()
        return array, self.request.properties(as_frame=True)

    def _decoded(self, first: int, count: int) -> np.ndarray:
        if self._shape.codec == "native":
            return self._native(first, count)
        return self._rle(first, count) if self._shape.codec == "RLE" else self._codestreams(first, count)

    def _native(self, first: int, count: int) -> np.ndarray:
        request, shape, form = self.request, self._shape, self._form
        if shape.bits_allocated == 1 and count == 1 and first * shape.rows * shape.columns % 8:
            raise Declined("a frame of single bits that does not begin on a byte")
        if request.file is not None and request.file.tell() != request.position:
            raise Declined("a file that has been moved between two frames")
        array, memory = self._result(count)
        form.decoder.native_frames(request.value, first, memory, workers=None)
        return array

    def _rle(self, first: int, count: int) -> np.ndarray:
        form = self._form
        frames, place = self._located(first, count)
        frames.check_bounds(form.image, place, count, codec="RLE Lossless", number=0)
        array, memory = self._result(count)
        _, warnings, _ = form.decoder.decode_frames(
            self.request.value, frames, place, memory, codec="RLE Lossless", number=first, workers=None
        )
        if warnings:
            raise Declined("RLE Lossless that does not conform exactly to the standard")
        return array

    def _codestreams(self, first: int, count: int) -> np.ndarray:
        frames, place = self._located(first, count)
        headers = [self._checked_header(frames, place + number, first + number) for number in range(count)]
        array, memory = self._result(count)
        rows, done = memory.reshape(count, -1), 0
        while done < count:
            decoded, warnings, _ = self._form.decoder.decode_frames(
                self.request.value,
                frames,
                place + done,
                rows[done:],
                codec=headers[done],
                number=first + done,
                workers=None,
            )
            if warnings or not decoded:
                raise Declined(f"{self._shape.codec} that does not conform exactly to the standard")
            done += decoded
        if not is_planar(self.request.coder.plugin, headers, self._shape):
            return array
        planes, _ = self._result(count, planar=True)
        planes[...] = array
        return planes

    def _checked_header(self, frames: EncodedFrames, place: int, number: int) -> Codestream:
        request = self.request
        frame = frames.read(request.value, place)
        header = self._form.image.check_codestream(frame, number, self._shape.codec)
        check_frame(frame, header, request.shape, request.coder)
        return header

    def _located(self, first: int, count: int) -> tuple[EncodedFrames, int]:
        if self._found is None:
            self._found = FrameLocator(self.request)
        return self._found.all() if count > 1 else self._found.one(first)

    def _result(self, count: int, *, planar: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Return an array for `count` frames, and its memory as one dimension. `planar`: in planes in any case."""
        shape, dtype = self._shape, self._form.dtype
        size = self._form.image.check_result(count) // dtype.itemsize
        sides: tuple[int, ...] = (shape.rows, shape.columns)
        order: tuple[int, ...] = (0, 1)
        planar = planar or shape.planar_result
        if planar:
            sides, order = (shape.samples_per_pixel, *sides), (1, 2, 0)
        elif shape.samples_per_pixel > 1:
            sides, order = (*sides, shape.samples_per_pixel), (0, 1, 2)
        if count > 1:
            sides, order = (count, *sides), (0, *(axis + 1 for axis in order))
        if not shape.owns_data:
            memory = np.empty(size, dtype)
            return memory.reshape(sides).transpose(order), memory
        memory = np.empty(sides, dtype)
        if planar:
            # A copy in the order of its source owns its memory; a transposed view does not.
            memory = np.empty_like(memory.transpose(order), order="K")
            return memory, memory.transpose(tuple(np.argsort(order))).reshape(-1)
        return memory, memory.reshape(-1)


class FrameLocator:
    """The places of the frames in encapsulated pixel data, where pydicom finds the same."""

    def __init__(self, request: Request) -> None:
        """Read the Basic Offset Table."""
        self._length = request.value.length
        self._expected = request.shape.number_of_frames
        self._places = EncapsulatedPixelData(
            request.value,
            delimited=False,
            frames=self._expected,
            codestreams=False,
            extended=extended_offset_table(request.extended_offsets),
        )
        self._frames: EncodedFrames | None = None

    def one(self, index: int) -> tuple[EncodedFrames, int]:
        """Return a frame index, and the position of frame `index` in it."""
        found = self._places.find_frame(index) if self._frames is None else None
        return self.all(index) if found is None else (found, 0)

    def all(self, index: int = 0) -> tuple[EncodedFrames, int]:
        """Return the index of all frames, and the position of frame `index` in it."""
        if self._frames is None:
            found = self._places.build_frame_index()
            found.raise_defect()
            if found.warnings or len(found) != self._expected:
                raise Declined("fragments that are not those of Number of Frames, or damaged")
            # The core ignores a remainder that is too short for an item; pydicom has its own rules for it.
            if 0 < self._length - found.end < ITEM_HEADER:
                raise Declined("bytes after the last fragment")
            self._frames = found
        return self._frames, index
