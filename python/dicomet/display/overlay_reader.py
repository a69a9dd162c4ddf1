"""`OverlayReader`: the pixels of the overlays of one source, from Overlay Data or from unused bits of Pixel Data."""

from dataclasses import replace
from functools import cached_property

import numpy as np

from dicomet._decoding.frame_reader import FrameReader
from dicomet._native import Image
from dicomet._parsing.limits import ReadLimits, check_max_bytes
from dicomet._parsing.parsed import Parsed
from dicomet._parsing.tags import (
    OVERLAY_BIT_POSITION,
    OVERLAY_COLUMNS,
    OVERLAY_DATA,
    OVERLAY_ROWS,
    SAMPLES_PER_PIXEL,
    in_group,
)
from dicomet._parsing.transfer_syntax import EXPLICIT_VR_BIG_ENDIAN
from dicomet._utils.warn import WarnOnce
from dicomet.display.overlay_planes import OverlayNames, OverlayPlane, PackedBits, planes_of
from dicomet.errors import PixelDataError


class OverlayReader:
    """The selected overlay planes of a source.

    `planes`: what the file says about each of them. `size`: rows and columns of the image at full resolution.
    """

    def __init__(self, parsed: Parsed, names: OverlayNames, limits: ReadLimits, size: tuple[int, ...]) -> None:
        """Read the elements of the planes, and warn about their problems.

        Raises
        ------
        PixelDataError
            A selected plane cannot be read, or there is none of that name.

        """
        self._parsed, self._limits, self.size = parsed, limits, size
        self._max_bytes = check_max_bytes(limits.max_bytes)
        self.planes: tuple[OverlayPlane, ...] = ()
        if names and parsed.dataset is not None:
            big_endian = parsed.transfer_syntax == EXPLICIT_VR_BIG_ENDIAN
            self.planes, notices = planes_of(parsed.dataset, names, big_endian=big_endian)
            WarnOnce()([*notices, *(notice for plane in self.planes for notice in plane.notices)])

    def array(self, plane: OverlayPlane) -> np.ndarray:
        """Return all pixels of a plane, as bool of shape ``([frames, ]rows, columns)``."""
        packed = isinstance(plane.bits, PackedBits)
        frames = (plane.frames or 1) if packed else self._with_unused_bits.count
        self._check_size(plane, frames * plane.rows * plane.columns)
        if isinstance(plane.bits, PackedBits):
            pixels = _unpacked(plane.bits.value, 0, frames * plane.rows * plane.columns)
            return pixels.reshape((frames, plane.rows, plane.columns) if frames > 1 else (plane.rows, plane.columns))
        _check_embedded(plane, plane.bits.position, self._with_unused_bits.description.image)
        self._with_unused_bits.check_presence(0, frames)
        masks = np.empty((frames, plane.rows, plane.columns), bool)
        for index, mask in enumerate(masks):
            mask[...] = self._unused_bit(plane, plane.bits.position, index)
        return masks if frames > 1 else masks[0]

    def rows(self, plane: OverlayPlane, index: int, rows: range) -> np.ndarray | None:
        """Return the pixels of `rows` of a plane for frame `index` of the image; None if it has none for that frame."""
        if not isinstance(plane.bits, PackedBits):
            return self._unused_bit(plane, plane.bits.position, index)[rows.start : rows.stop]
        number = plane.frame_of(index)
        if number is None:
            return None
        first = (number * plane.rows + rows.start) * plane.columns
        return _unpacked(plane.bits.value, first, len(rows) * plane.columns).reshape(len(rows), plane.columns)

    def _check_size(self, plane: OverlayPlane, size: int) -> None:
        if self._max_bytes is not None and size > self._max_bytes:
            name = in_group(OVERLAY_DATA, plane.group).label
            message = f"{name}: found an array of {size} bytes, expected at most the {self._max_bytes} of 'max_bytes'"
            raise PixelDataError(message, element=name)

    @cached_property
    def _with_unused_bits(self) -> FrameReader:
        """The frames as they are stored: all bits of each sample, at full resolution."""
        options = replace(self._parsed.options, correct_unused_bits=False, reduce=0, view_only=False)
        return FrameReader(self._parsed._replace(options=options), self._limits, raw=True)

    def _unused_bit(self, plane: OverlayPlane, position: int, index: int) -> np.ndarray:
        frames = self._with_unused_bits
        _check_embedded(plane, position, frames.description.image)
        precision = frames.precision(index)
        if precision is not None and precision <= position:
            name = in_group(OVERLAY_BIT_POSITION, plane.group).label
            message = f"{name}: found {position} of samples of {precision} bits, which have no overlay"
            raise PixelDataError(message, element=name, frame=index)
        bits: np.ndarray = (frames.read(index, 1, frames.frame_shape) >> position) & 1
        return bits.astype(bool)


def _check_embedded(plane: OverlayPlane, position: int, image: Image) -> None:
    """Check that a plane is as large as the image, and lies in bits that the samples do not use."""
    if image.samples_per_pixel != 1:
        name = SAMPLES_PER_PIXEL.label
        raise PixelDataError(f"{name}: found 3 with an overlay in unused bits, expected 1", element=name)
    sides = ((OVERLAY_ROWS, plane.rows, image.rows), (OVERLAY_COLUMNS, plane.columns, image.columns))
    for tag, found, expected in sides:
        if found != expected:
            name = in_group(tag, plane.group).label
            raise PixelDataError(f"{name}: found {found}, expected {expected} as of the image", element=name)
    if not image.bits_stored <= position < image.bits_allocated:
        name = in_group(OVERLAY_BIT_POSITION, plane.group).label
        unused = f"from Bits Stored ({image.bits_stored}) up to Bits Allocated ({image.bits_allocated})"
        raise PixelDataError(f"{name}: found {position}, expected an unused bit, {unused}", element=name)


def _unpacked(value: bytes, first: int, count: int) -> np.ndarray:
    """Return `count` bits as bool, starting at bit `first`."""
    start = first // 8
    packed = np.frombuffer(value, np.uint8)[start : -(-(first + count) // 8)]
    skipped = first - 8 * start
    return np.unpackbits(packed, bitorder="little")[skipped : skipped + count].view(bool)
