"""Reading the frames of a source with the requested values, size and color."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from dicomet._decoding.frame_reader import FrameSelection
from dicomet._parsing.decode_options import reduce_for
from dicomet._parsing.limits import ReadLimits
from dicomet._parsing.parse import is_dataset
from dicomet._parsing.source import open_source
from dicomet._utils.arrays import COLOR, GRAY, MAX_SIDE, in_proportion, resize_image, with_channels
from dicomet._utils.warn import warn
from dicomet.convert.options import Options
from dicomet.display import icc
from dicomet.display.api import display_options
from dicomet.display.overlay_planes import check_names
from dicomet.display.reader import DisplayOptions, DisplayReader
from dicomet.display.values import modality_dtype, modality_frames
from dicomet.display.voi_selection import WindowArguments
from dicomet.errors import PixelDataError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._parsing.source import Readable
    from dicomet.convert.elements import Elements

COLOR_NDIM = 3


class FrameSource:
    """The frames of one source. `numbers` are the selected frames, out of `count`."""

    def __init__(self, src: "Readable | Dataset", options: Options) -> None:
        """Parse the header.

        Raises
        ------
        FrameIndexError
            There is no frame of the requested number.
        PixelDataError, OSError
            As `dicomet.open` does.

        """
        self._options = options
        reduce = reduce_for(options.size, options.interpolation)
        source = src if is_dataset(src) else open_source(src)
        self._source = source
        self._frames = DisplayReader(
            source,
            {"reduce": reduce},
            ReadLimits(workers=options.workers),
            raw=options.raw,
            overlays=check_names(options.overlays, "overlays"),
        )
        self.count = self._frames.stored.count
        self.numbers = self._selected(options.frames)
        # Of the whole image: a lower resolution may have other proportions, by its rounding.
        rows, columns = self._frames.stored.stored_shape[:2]
        self.stored_size = rows, columns
        self.size = self._size()
        profile = self._profile()
        self._to_srgb = icc.srgb_transform(profile) if profile is not None and options.icc_profile == "apply" else None
        self.icc_profile = profile if self._to_srgb is None else None
        self._read = self._reader()

    def read(self, numbers: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield frames of shape ``(rows, columns)`` or ``(rows, columns, 3)``, with one in memory at a time."""
        for number in numbers:
            yield resize_image(self._read(number), self.size, self._options.interpolation)

    @cached_property
    def elements(self) -> "Elements":
        """The elements that do not describe the pixel data."""
        from dicomet.convert.elements import Elements  # noqa: PLC0415 - imports pydicom

        return Elements(self._source, self._options.sidecar or ())

    def _size(self) -> tuple[int, int]:
        """Return rows and columns of the results."""
        size = self._options.size
        if isinstance(size, tuple):
            return size
        rows, columns = self.stored_size
        if self._options.square:
            rows, columns = with_square_pixels(rows, columns, self.elements.aspect())
        return (rows, columns) if size is None else in_proportion(rows, columns, size)

    def _profile(self) -> bytes | None:
        """Return the ICC profile of results in RGB."""
        options = self._options
        if options.icc_profile == "drop" or options.raw or (options.channels == GRAY and options.icc_profile == "keep"):
            return None
        if not self._frames.is_color and (options.values != "display" or self._frames.attributes.palette() is None):
            return None
        try:
            return self.elements.icc_profile()
        except PixelDataError as error:
            if options.icc_profile == "apply":
                raise
            warn(f"{error.reason}: it is left out")
            return None

    def _selected(self, frames: FrameSelection) -> range:
        number = self._frames.stored.selected(frames)
        return range(self.count) if number is None else range(number, number + 1)

    def _reader(self) -> Callable[[int], np.ndarray]:
        options = self._options
        if options.values == "display":
            windows = WindowArguments(options.window, window_over=options.window_over)
            return partial(self._displayed, display_options(windows, options.dtype or "uint8"))
        if options.values == "stored":
            return self._stored
        # One dtype for all frames, although each may have its own slope.
        wanted = None if options.dtype is None else np.dtype(options.dtype)
        return partial(self._modality, modality_dtype(self._frames, self.numbers, wanted))

    def _modality(self, dtype: np.dtype, number: int) -> np.ndarray:
        return _without_axis(modality_frames(self._frames, number, dtype, None))

    def _stored(self, number: int) -> np.ndarray:
        frames = self._frames.stored
        return _without_axis(frames.read(number, 1, frames.frame_shape))

    def _displayed(self, display: DisplayOptions, number: int) -> np.ndarray:
        options, frame = self._options, self._frames.display(number, display, None, self._to_srgb)
        if options.channels == GRAY and frame.ndim == COLOR_NDIM:
            return with_channels(frame, GRAY, frame.ndim)[..., 0]
        if options.channels == COLOR and frame.ndim != COLOR_NDIM:
            return with_channels(frame, COLOR, frame.ndim)
        return frame


def _without_axis(frame: np.ndarray) -> np.ndarray:
    return frame[..., 0] if frame.shape[2:] == (1,) else frame


def with_square_pixels(rows: int, columns: int, aspect: float) -> tuple[int, int]:
    """Return the size of an image with square pixels; `aspect` is the height of a pixel / its width.

    The side with the larger spacing grows, so that no detail is lost.

    Raises
    ------
    ValueError
        A side would be too long.

    """
    size = (round(rows * aspect), columns) if aspect > 1 else (rows, round(columns / aspect))
    if max(size) > MAX_SIDE:
        raise ValueError(f"square: found {size[0]} rows and {size[1]} columns, expected at most {MAX_SIDE}")
    return size
