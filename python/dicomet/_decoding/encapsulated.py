"""Encapsulated frames (PS3.5 A.4). dicomet decodes them itself, or calls a plugin of pydicom."""

import sys
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np

from dicomet._decoding.codestream import Decoding, codestream_decoding
from dicomet._decoding.color_rule import ColorDecision
from dicomet._decoding.description import ImageDescription
from dicomet._decoding.resolution import check_reduced_size, reduced
from dicomet._native import Codestream, DecodePool, Decoder, EncapsulatedPixelData, FrameIndex, Source, Transform
from dicomet._parsing.parsed import Parsed
from dicomet._parsing.source import Buffer
from dicomet._parsing.tags import NUMBER_OF_FRAMES, PIXEL_DATA
from dicomet._parsing.transfer_syntax import BUILT_IN, JPEG_2000, name_of
from dicomet._utils.warn import WarnOnce, warn, warn_all
from dicomet.errors import PixelDataError, short_repr

_NOT_CHECKED: tuple[int, Codestream | None] = -1, None


class EncapsulatedFrames:
    """The frames of encapsulated pixel data, whose fragments are located on demand."""

    def __init__(self, description: ImageDescription, parsed: Parsed, value: Source, decoding_plugin: str) -> None:
        """Prepare to read frames of `value`, that of `parsed`. Only the Basic Offset Table is read here."""
        self._decoding_plugin = decoding_plugin
        if not description.codec.has_plugins and self._is_by_named_plugin:
            name = name_of(description.transfer_syntax)
            message = f"'decoding_plugin': found {decoding_plugin!r}, expected {BUILT_IN!r}: no plugin decodes {name}"
            raise PixelDataError(message)
        if description.options.on_truncation != "error" and self._is_by_named_plugin:
            raise PixelDataError("'on_truncation': found 'decode', expected 'error' with 'decoding_plugin'")
        self._description = description
        self._image = description.image
        self._value = value
        self._warn_once = WarnOnce()
        self._pixel_data: EncapsulatedPixelData | _OneFrame
        if parsed.is_one_frame:
            self._pixel_data = _OneFrame(value)
        else:
            self._pixel_data = EncapsulatedPixelData(
                value,
                delimited=parsed.delimited,
                frames=description.image.number_of_frames,
                codestreams=description.codec.is_codestream and description.codec.has_end_marker,
                extended=extended_offset_table(parsed.attributes.get("extended_offsets")),
            )
        self._found: FrameIndex | None = None
        self._count: int | None = None
        self._cached_decoder: Decoder | None = None
        # Pairs, which another thread replaces as a whole.
        self._checked = _NOT_CHECKED
        self._last_decoding: tuple[Codestream | None, Decoding | None] = None, None

    def reduce(self) -> ImageDescription:
        """Discard resolution levels of all frames as the caller requests. Return the description of the result.

        For a size, no level is discarded if a plugin decodes, or if the header of the first frame is damaged.
        """
        is_size = not isinstance(self._description.options.reduce, int)
        if is_size and self._is_by_named_plugin:
            return self._description
        try:
            header = self._header(0) if self._description.codec.name == JPEG_2000.name else None
        except PixelDataError:
            if is_size:
                return self._description
            raise
        self._description = reduced(self._description, header)
        if self._description.reduce and self._is_by_named_plugin:
            message = f"'reduce': found {self._description.reduce}, expected 0 with 'decoding_plugin': plugins do not"
            raise PixelDataError(f"{message} discard resolution levels")
        return self._description

    @property
    def _is_by_named_plugin(self) -> bool:
        return self._decoding_plugin not in ("", BUILT_IN)

    def _build_index(self) -> FrameIndex:
        """Return the index of all frames, built by a walk over all item headers on the first call."""
        found = self._found
        if found is None:
            # Without a lock: a warning handler or a file object may re-enter, and in a forked child the thread that
            # holds the lock may not exist.
            self._found = found = self._pixel_data.build_frame_index()
            if self._warn_once.is_first("frame index"):
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
        frames.raise_defect()
        found, expected = len(frames), self._image.number_of_frames
        if found == expected:
            return found
        includes_excess = self._description.allow_excess_frames
        fate = "all of them are returned" if includes_excess else "the others are left out"
        if self._warn_once.is_first("number of frames"):
            warn(f"{NUMBER_OF_FRAMES.label}: found {found} frames, expected {expected}: {fate}")
        return found if includes_excess else expected

    def _locate(self, first: int, count: int) -> tuple[FrameIndex, int]:
        """Return an index of frames, and the position of frame `first` in it.

        If only one frame is requested and an offset table gives its place, the index has only this frame.
        """
        if self._found is None and count == 1 and first < self._image.number_of_frames:
            found = self._pixel_data.find_frame(first)
            if found is not None:
                return found, 0
        frames = self._build_index()
        if first + count > len(frames):
            frames.raise_defect()
        return frames, first

    def _frame(self, index: int) -> Buffer:
        """Return the bytes of frame `index`."""
        frames, number = self._locate(index, 1)
        return frames.read(self._value, number)

    def check(self, first: int, count: int) -> None:
        """Check that the compressed bytes may hold these frames, before memory is allocated for the result."""
        codec = self._description.codec
        if codec.is_codestream:
            self._checked = first, self._header(first)
            return
        frames, place = self._locate(first, count)
        frames.check_bounds(self._image, place, count, codec=codec.name, number=first)

    def _header(self, index: int) -> Codestream:
        """Return the checked header of the codestream of frame `index`."""
        frames, place = self._locate(index, 1)
        return frames.read_header(self._value, place, self._image, number=index, family=self._description.codec.name)

    def decode(
        self, first: int, count: int, out: np.ndarray, workers: int | None, transform: Transform | None = None
    ) -> None:
        """Decode `count` frames, starting at `first`, into `out`. Apply `transform` if there is one."""
        frames, done = out.reshape(count, -1), 0
        while done < count:
            done += self._decode_run(first + done, frames[done:], workers, transform)

    def _decode_run(self, first: int, out: np.ndarray, workers: int | None, transform: Transform | None) -> int:
        """Decode frames with the same decoder, starting at `first`, into `out`. Return their number."""
        decoding = self._decoding(first)
        if decoding is None:
            self._decode_by_plugin(first, out[0], workers, transform)
            return 1
        frames, place = self._locate(first, len(out))
        decoder = decoding.decoder.with_transform(transform)
        decoded, warnings, unsupported = decoder.decode_frames(
            self._value, frames, place, out, codec=decoding.codec, number=first, workers=workers
        )
        if not decoded and unsupported:
            self._decode_by_plugin(first, out[0], workers, transform, unsupported)
            return 1
        self._warn_of_frames(decoding, warnings)
        if not decoded:
            message = f"{PIXEL_DATA.label}, frame {first}: found another header when the frame was read again"
            raise PixelDataError(message, element=PIXEL_DATA.label, frame=first)
        return decoded

    def submit(
        self, first: int, count: int, out: np.ndarray, pool: DecodePool, transform: Transform | None = None
    ) -> Callable[[], None]:
        """Submit frames to `pool`. Return a function that waits for them, and decodes those that are left."""
        decoding = self._decoding(first)
        if decoding is None:
            return lambda: self.decode(first, count, out, 1, transform)
        frames, place = self._locate(first, count)
        decoder = decoding.decoder.with_transform(transform)
        future = pool.decode_frames(decoder, self._value, frames, place, out, codec=decoding.codec, number=first)

        def wait() -> None:
            decoded, warnings, _ = future.result()
            if decoded:
                self._warn_of_frames(decoding, warnings)
            if decoded < count:
                self.decode(first + decoded, count - decoded, out.reshape(count, -1)[decoded:], 1, transform)

        return wait

    def _decoding(self, first: int) -> Decoding | None:
        """Return how frame `first`, and the following frames with the same header, are decoded. None for a plugin."""
        description = self._description
        if not description.codec.is_codestream:
            return Decoding(self._decoder, description.codec.name, [])
        if not description.codec.is_built_in or self._is_by_named_plugin:
            return None
        (checked, header), self._checked = self._checked, _NOT_CHECKED
        return self._decoding_of(header if header is not None and checked == first else self._header(first), first)

    def _decoding_of(self, header: Codestream, index: int) -> Decoding | None:
        """Return how frames with this header are decoded; None for a plugin. Most frames have equal headers."""
        last, decoding = self._last_decoding
        if last != header:
            if self._description.reduce:
                check_reduced_size(self._description, self._image, header, index)
            decoding = None if header.unsupported else codestream_decoding(header, self._description)
            self._last_decoding = header, decoding
        return decoding

    def _decode_by_plugin(
        self,
        index: int,
        out: np.ndarray,
        workers: int | None,
        transform: Transform | None,
        unsupported: str | None = None,
    ) -> None:
        """Decode frame `index` by a plugin. `unsupported`: why dicomet does not, if its header does not show it."""
        from dicomet._decoding import codestream_plugins  # noqa: PLC0415 - imports pydicom

        frame, plugin = self._frame(index), self._decoding_plugin
        decoded = codestream_plugins.decode(frame, index, self._description, plugin, unsupported)
        self._warn_once(decoded.warnings)
        decoded.decoder.with_transform(transform).decode_codec_output(decoded.words, out, workers=workers)

    def color(self, index: int) -> ColorDecision:
        """Return the meaning of the components of frame `index`, and warn about a contradiction."""
        description = self._description
        header = self._header(index) if description.codec.is_codestream else None
        color = description.decide_color(header)
        warning = description.color_warning(color)
        self._warn_once([warning] if warning else [])
        return color

    def unsupported(self, index: int) -> str | None:
        """Return what keeps dicomet from decoding frame `index`, if its header shows something; otherwise None."""
        return self._header(index).unsupported if self._description.codec.is_codestream else None

    def precision(self, index: int) -> int | None:
        """Return the bits per sample of the codestream of frame `index`; None for other frames."""
        return self._header(index).precision if self._description.codec.is_codestream else None

    def _warn_of_frames(self, decoding: Decoding, warnings: list[str]) -> None:
        """Warn about tolerated deviations: for the first RLE frame only, for codestreams once per kind."""
        if self._description.codec.is_codestream:
            self._warn_once([*decoding.warnings, *warnings])
        elif warnings and self._warn_once.is_first("decoded frames"):
            warn_all(warnings)

    @property
    def _decoder(self) -> Decoder:
        if self._cached_decoder is None:
            self._cached_decoder = self._description.build_decoder()
        return self._cached_decoder


class _OneFrame:
    """The structure of a value that is one frame, without items."""

    def __init__(self, value: Source) -> None:
        self._index = FrameIndex.single(value.length)

    def build_frame_index(self) -> FrameIndex:
        return self._index

    def find_frame(self, index: int) -> FrameIndex:  # noqa: ARG002 - there is only one
        return self._index


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
