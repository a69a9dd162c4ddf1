"""Encapsulated frames (PS3.5 A.4): RLE Lossless, encapsulated uncompressed, and codestreams, which plugins decode."""

import sys
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np

from dicomet._decoding.color_rule import ColorDecision
from dicomet._decoding.description import ImageDescription
from dicomet._native import DecodePool, Decoder, EncapsulatedPixelData, FrameIndex, Source, Transform
from dicomet._parsing.source import Buffer
from dicomet._parsing.transfer_syntax import CODESTREAMS
from dicomet._utils.warn import Once, OncePerKind, warn, warn_all
from dicomet.errors import PIXEL_DATA, PixelDataError, short_repr


class EncapsulatedFrames:
    """The frames of encapsulated pixel data, whose fragments are located on demand."""

    def __init__(
        self,
        description: ImageDescription,
        value: Source,
        decoding_plugin: str,
        *,
        delimited: bool,
        extended_offsets: tuple[Any, Any] | None = None,
    ) -> None:
        """Prepare to read frames of `value`. Only the Basic Offset Table is read here."""
        self._description = description
        self._image = description.image
        self._value = value
        self._decoding_plugin = decoding_plugin
        self._first_found, self._first_counted, self._first_decoded = Once(), Once(), Once()
        self._warn_of_kind = OncePerKind()
        self._places = EncapsulatedPixelData(
            value,
            delimited=delimited,
            frames=description.image.number_of_frames,
            jpeg=description.codec in CODESTREAMS,
            extended=extended_offset_table(extended_offsets),
        )
        self._found: FrameIndex | None = None
        self._count: int | None = None
        self._cached_decoder: Decoder | None = None

    def _build_index(self) -> FrameIndex:
        """Return the index of all frames, built by a walk over all item headers on the first call."""
        found = self._found
        if found is None:
            # Without a lock: a warning handler or a file object may re-enter, and in a forked child the thread that
            # holds the lock may not exist.
            self._found = found = self._places.build_frame_index()
            if self._first_found():
                warn_all(found.warnings)
        return found

    # Not `functools.cached_property`, which before CPython 3.12 has one lock for all images.
    @property
    def count(self) -> int:
        """The number of frames."""
        if self._count is None:
            self._count = self._count_frames()
        return self._count

    def _count_frames(self) -> int:
        frames = self._build_index()
        frames.check_whole()
        found, expected = len(frames), self._image.number_of_frames
        if found == expected:
            return found
        kept = self._description.allow_excess_frames
        fate = "all of them are returned" if kept else "the others are left out"
        if self._first_counted():
            warn(f"(0028,0008) Number of Frames: found {found} frames, expected {expected}: {fate}")
        return found if kept else expected

    def _locate(self, first: int, count: int) -> tuple[FrameIndex, int]:
        """Return an index of frames, and the position of frame `first` in it.

        If only one frame is requested and an offset table gives its place, the index has only this frame.
        """
        if self._found is None and count == 1 and first < self._image.number_of_frames:
            found = self._places.find_frame(first)
            if found is not None:
                return found, 0
        frames = self._build_index()
        if first + count > len(frames):
            frames.check_whole()
        return frames, first

    def _frame(self, index: int) -> Buffer:
        """Return the bytes of frame `index`."""
        frames, number = self._locate(index, 1)
        return frames.read(self._value, number)

    def check(self, first: int, count: int) -> None:
        """Check that the compressed bytes may hold these frames, before memory is allocated for the result."""
        codec = self._description.codec
        if codec in CODESTREAMS:
            self._image.check_codestream(self._frame(first), first, codec)
            return
        frames, place = self._locate(first, count)
        if codec == "RLE":
            frames.check_rle_bounds(self._image, place, count, number=first)
            return
        for index in range(count):
            self._check_uncompressed(first + index, frames.frame_bytes(place + index))

    def _check_uncompressed(self, index: int, length: int) -> None:
        expected = -(-self._image.native_frame_range(0)[1] // 8)
        if length < expected:
            message = f"{PIXEL_DATA}, frame {index}: found {length} bytes, expected {expected}"
            raise PixelDataError(message, element=PIXEL_DATA, frame=index)

    def decode(
        self, first: int, count: int, out: np.ndarray, workers: int | None, transform: Transform | None = None
    ) -> None:
        """Decode `count` frames, starting at `first`, into `out`. Apply `transform` if there is one."""
        if self._description.codec == "RLE":
            frames, place = self._locate(first, count)
            plan = self._decoder.with_transform(transform)
            warnings = plan.rle_frames(self._value, frames, place, out, number=first, workers=workers)
            self._warn_of_frames(warnings)
            return
        decode = self._decode_jpeg if self._description.codec in CODESTREAMS else self._decode_uncompressed
        for index, samples in enumerate(out.reshape(count, -1), first):
            decode(index, samples, workers, transform)

    def submit(self, first: int, count: int, out: np.ndarray, team: DecodePool) -> Callable[[], object]:
        """Submit RLE Lossless frames to `team`. Return a function that waits for the result, or else decodes itself."""
        if self._description.codec != "RLE":
            return lambda: self.decode(first, count, out, 1)
        frames, place = self._locate(first, count)
        task = team.rle_frames(self._decoder, self._value, frames, place, out, number=first)
        return lambda: self._warn_of_frames(task.result())

    def _decode_uncompressed(
        self, index: int, out: np.ndarray, workers: int | None, transform: Transform | None
    ) -> None:
        plan = self._decoder.with_transform(transform)
        plan.native_frames(Source.from_buffer(self._frame(index)), 0, out, workers=workers)

    def _decode_jpeg(self, index: int, out: np.ndarray, workers: int | None, transform: Transform | None) -> None:
        from dicomet._decoding import jpeg_plugins as jpeg  # noqa: PLC0415 - imports pydicom

        frame, description = self._frame(index), self._description
        decoded = jpeg.decode(frame, index, description, self._decoding_plugin)
        self._warn_of_kind(decoded.warnings)
        decoded.plan.with_transform(transform).words(decoded.words, out, workers=workers)

    def color(self, index: int) -> ColorDecision:
        """Return the meaning of the components of frame `index`, and warn about a contradiction."""
        description, header = self._description, None
        if description.codec in CODESTREAMS:
            header = self._image.check_codestream(self._frame(index), index, description.codec)
        color = description.decide_color(header)
        warning = description.color_warning(color)
        self._warn_of_kind([warning] if warning else [])
        return color

    def _warn_of_frames(self, warnings: list[str]) -> None:
        """Warn about tolerated deviations of an RLE frame, for the first such frame only."""
        if warnings and self._first_decoded():
            warn_all(warnings)

    @property
    def _decoder(self) -> Decoder:
        if self._cached_decoder is None:
            self._cached_decoder = self._description.native_decoder()
        return self._cached_decoder


def extended_offset_table(extended_offsets: tuple[Any, Any] | None) -> tuple[Buffer, Buffer] | None:
    """Return the Extended Offset Table and its lengths (PS3.3 C.7.6.3.1.8) as stored: 64-bit, little endian."""
    if extended_offsets is None:
        return None
    try:
        offsets, lengths = (_table_bytes(table) for table in extended_offsets)
    except (TypeError, ValueError, OverflowError):
        element = "(7FE0,0001) Extended Offset Table"
        raise PixelDataError(
            f"{element}: found {short_repr(extended_offsets)}, expected two lists of 64-bit numbers", element=element
        ) from None
    return offsets, lengths


def _table_bytes(table: Any) -> Buffer:
    if table is None:
        return b""
    if isinstance(table, bytes | bytearray | memoryview):
        return table
    frame_numbers = array("Q", table)
    if sys.byteorder == "big":
        frame_numbers.byteswap()
    return frame_numbers.tobytes()
