"""`DisplayReader`: the frames of one source, rendered to display values or mapped to modality values."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dicomet._decoding.frame_reader import ArraySpec, FrameReader, check_out
from dicomet._native import DecodePool, Lut, Palette, Transform
from dicomet._parsing.limits import ReadLimits
from dicomet._parsing.parse import parse
from dicomet._parsing.tags import PER_FRAME_GROUPS
from dicomet._utils.arrays import read_only
from dicomet.display import icc
from dicomet.display.attributes import ImageAttributes, Padding
from dicomet.display.elements import DISPLAY_TAGS
from dicomet.display.measure import MeasuredFrame, Measurement, window_between
from dicomet.display.modality import Modality, ValueRange, modality_range
from dicomet.display.overlay_drawing import draw
from dicomet.display.overlay_planes import OVERLAY_TAGS, OverlayNames
from dicomet.display.overlay_reader import OverlayReader
from dicomet.display.transform_spec import TransformSpec, Voi
from dicomet.display.voi_selection import Measured, WindowArguments, select_voi
from dicomet.display.windows import Window
from dicomet.errors import PixelDataError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._parsing.source import Readable

_BYTE = 8
_WITH_SAMPLES = 3
_MEASURED_BY_VALUES = ("minmax", "percentile")


class DisplayOptions(NamedTuple):
    """The display arguments of `to_display`, checked."""

    windows: WindowArguments
    prefer_lut: bool
    dtype: np.dtype
    range: tuple[float, float]


class FrameRendering(NamedTuple):
    """How consecutive frames are rendered. `voi` is a window or a LUT, or names how to measure a window."""

    modality: Modality
    voi: Voi | Measured
    inverse: bool


_COLOR_RENDERING = FrameRendering(None, "full", inverse=False)


class DisplayReader:
    """The frames of a source as stored values, and their display attributes."""

    def __init__(  # noqa: PLR0913 - what to read
        self,
        src: "Readable | Dataset",
        arguments: Mapping[str, Any],
        limits: ReadLimits,
        *,
        more_tags: Iterable[int] = (),
        raw: bool = False,
        overlays: OverlayNames = False,
        frames_vary: bool = True,
    ) -> None:
        """Parse `src`, without its pixel data.

        `more_tags`: elements to read besides those of `DISPLAY_TAGS`, which needs pydicom's parser. `raw`: do not
        convert the colors of stored values, which are then the only values to read. `overlays`: the overlays to draw.
        `frames_vary`: read the functional groups of each frame, of which a slide has some 100,000.
        """
        more = (*more_tags, *(OVERLAY_TAGS if overlays else ()))
        tags = (*(tag for tag in DISPLAY_TAGS if frames_vary or tag != PER_FRAME_GROUPS), *more)
        parsed = parse(src, arguments, tags if more else None, display_tags=tags, max_bytes=limits.max_bytes)
        self.stored = FrameReader(parsed, limits, raw=raw, always_rgb=True)
        self.image = self.stored.description.image
        self.size = self.stored.frame_shape[:2]
        self.is_color = len(self.stored.frame_shape) == _WITH_SAMPLES
        self.is_integer = self.stored.dtype.kind in "iu"
        width = 8 * self.stored.dtype.itemsize
        self.bits_stored = self.image.bits_stored if self.is_integer else width
        # The samples of a codestream have its precision, which may exceed Bits Stored.
        corrected = self.stored.description.options.correct_unused_bits
        self.bits_stored_reliable = corrected and not self.stored.description.codec.is_codestream
        self.bits = self.bits_stored if self.bits_stored_reliable else width
        stored_range = self.stored_range() if self.is_integer else (-np.inf, np.inf)
        self.attributes = ImageAttributes(parsed, self.image, stored_range)
        self._measured: dict[tuple[Measured, tuple[float, float]], Window] = {}
        self.overlays = OverlayReader(parsed, overlays, limits, self.stored.stored_shape[:2])

    def display(
        self, index: int | None, options: DisplayOptions, out: np.ndarray | None, profile: Any = None
    ) -> np.ndarray:
        """Return the display values of a frame, or of all frames, with the selected overlays.

        `profile`: the transform of colors to sRGB, if they are to be converted.
        """
        array = self._rendered(index, options, out)
        if profile is None and not self.overlays.planes:
            return array
        array = array if array.flags.writeable else array.copy()
        if profile is not None:
            icc.to_srgb(array, profile)
        if self.overlays.planes:
            first, count, _ = self.stored.select_frames(index)
            frames = array.view(np.ndarray).reshape(count, *self.display_form(options).frame_shape)
            for number, frame in enumerate(frames, first):
                draw(self.overlays, number, frame, self.stored.description, _brightest(options))
        return array

    def display_form(self, options: DisplayOptions) -> ArraySpec:
        """Return the dtype and the shape of a displayed frame."""
        colors = (3,) if self.is_color or self.attributes.palette() is not None else ()
        return ArraySpec(options.dtype, (*self.size, *colors))

    def _rendered(self, index: int | None, options: DisplayOptions, out: np.ndarray | None) -> np.ndarray:
        form = self.display_form(options)
        first, count, shape = self.stored.select_frames(index, form)
        self.stored.check(first, count, form)
        if self.is_color and self._is_stored_as_displayed(options):
            return self.stored.read(first, count, shape, out)
        array = np.empty(shape, form.dtype) if out is None else check_out(out, shape, form.dtype)
        frames = array.view(np.ndarray).reshape(count, *form.frame_shape)
        palette = None if self.is_color else self.attributes.palette()
        if self.is_palette:
            transform = self._transform(_COLOR_RENDERING, None, options, palette, frames.size // 3)
            self.stored.read_transformed(first, count, transform, frames)
            return array
        for start, number, rendering in self._renderings(first, count, options):
            self._show(start, rendering, options, palette, frames[start - first : start - first + number])
        return array

    def render(self, stored: np.ndarray, options: DisplayOptions) -> np.ndarray:
        """Return the display values of `stored`: stored values of this image in any size, such as a thumbnail.

        The attributes are those of the first frame. A measured window is that of the whole array.
        """
        if self.is_color and self._is_stored_as_displayed(options):
            return stored
        palette = None if self.is_color else self.attributes.palette()
        if self.is_palette:
            rendering, voi = _COLOR_RENDERING, None
        else:
            rendering = self._rendering(0, options)
            voi = self._voi_for(read_only(stored), rendering, options)
        colors = (3,) if self.is_color or palette is not None else ()
        array = np.empty((*stored.shape[:2], *colors), options.dtype)
        transform = self._transform(rendering, voi, options, palette, stored.size)
        transform.apply(read_only(stored), array, workers=self.stored.workers)
        return array

    @property
    def is_palette(self) -> bool:
        """Whether stored values are indices of a palette, which have no window. Those of a supplemental one have."""
        return not (self.is_color or self.attributes.palette() is None or self.attributes.is_supplemental)

    def submit_display(
        self, index: int, voi: Voi | None, options: DisplayOptions, out: np.ndarray, pool: DecodePool
    ) -> Callable[[], object]:
        """Submit the frame `index` to `pool`, which fills `out` with display values, and return a function that waits.

        `voi`: the window or LUT, which colors and indices of a palette do not have.
        """
        self.stored.check(index, 1)
        if self.is_color and self._is_stored_as_displayed(options):
            return self.stored.submit_into(index, 1, out, pool)
        palette, rendering = None if self.is_color else self.attributes.palette(), _COLOR_RENDERING
        if self.is_color:
            voi = self._window(*self.full(None))
        elif not self.is_palette:
            rendering = FrameRendering(self.modality(index), "full", self.attributes.frame(index).inverse)
        transform = self._transform(rendering, voi, options, palette, self.size[0] * self.size[1])
        return self.stored.submit_into(index, 1, out, pool, transform)

    def _voi_for(self, stored: np.ndarray, rendering: FrameRendering, options: DisplayOptions) -> Voi:
        if rendering.voi == "full":
            return self._window(*self.full(rendering.modality))
        if isinstance(rendering.voi, str):
            return self._window_of(partial(iter, [(0, stored)]), rendering.voi, options)
        return rendering.voi

    def _is_stored_as_displayed(self, options: DisplayOptions) -> bool:
        whole_bytes = self.stored.dtype == options.dtype == np.uint8 and self.bits_stored == _BYTE
        return whole_bytes and options.range == (0, 255)

    def _renderings(self, first: int, count: int, options: DisplayOptions) -> Iterator[tuple[int, int, FrameRendering]]:
        """Yield each run of frames with the same rendering: its first frame, its length, and the rendering."""
        if not self.attributes.varies:
            yield first, count, self._rendering(first, options)
            return
        start = first
        for rendering, numbers in groupby(range(first, first + count), lambda number: self._rendering(number, options)):
            alike = len(list(numbers))
            yield start, alike, rendering
            start += alike

    def _rendering(self, index: int, options: DisplayOptions) -> FrameRendering:
        if self.is_color:
            return _COLOR_RENDERING
        modality, voi = self.modality(index), self.voi(index, options)
        if voi in _MEASURED_BY_VALUES:
            # Here, too, so that `check_view` warns about it.
            self._padding(index)
        return FrameRendering(modality, voi, self.attributes.frame(index).inverse)

    def voi(self, index: int, options: DisplayOptions) -> Voi | Measured:
        """Return the window or LUT that `options` select for a frame, or how to measure one. Warn of its problems."""
        attributes, windows = self.attributes.frame(index), options.windows
        choice = select_voi(attributes, windows.window, "window", prefer_lut=options.prefer_lut)
        self.attributes.warn(choice.notices)
        if choice.voi is None and windows.default is not None:
            choice = select_voi(attributes, windows.default, "default", prefer_lut=options.prefer_lut)
            self.attributes.warn(choice.notices)
        if choice.voi is not None:
            return choice.voi
        return "full" if self.is_integer and self.bits_stored <= _BYTE else "minmax"

    def modality(self, index: int) -> Modality:
        """Return the Modality LUT of a frame, and warn once about its problems."""
        modality, notices = self.attributes.frame(index).modality
        self.attributes.warn(notices)
        return modality

    def check_view(self, index: int, options: DisplayOptions) -> None:
        """Read the attributes that `options` needs, and warn about unusable ones. Decodes nothing.

        Raises
        ------
        PixelDataError
            The frame cannot be displayed.

        """
        if not self.is_palette:
            self._rendering(index, options)

    def _show(
        self,
        first: int,
        rendering: FrameRendering,
        options: DisplayOptions,
        palette: Palette | None,
        out: np.ndarray,
    ) -> None:
        """Render a run of frames from `first` into `out`."""
        voi, pixels = rendering.voi, self.size[0] * self.size[1]
        if voi == "full":
            voi = self._window(*self.full(rendering.modality))
        if not isinstance(voi, str):
            transform = self._transform(rendering, voi, options, palette, len(out) * pixels)
            self.stored.read_transformed(first, len(out), transform, out)
            return
        measured = self._window_of_image(voi, options) if options.windows.window_over == "image" else None
        for number, view in self._stored_frames(range(first, first + len(out))):
            window = measured or self._window_of(partial(iter, [(number, view)]), voi, options)
            transform = self._transform(rendering, window, options, palette, pixels)
            transform.apply(view, out[number - first], workers=self.stored.workers)

    def _stored_frames(self, numbers: range) -> Iterator[tuple[int, np.ndarray]]:
        """Yield frames as stored values, one at a time in the same memory, with their numbers."""
        stored = np.empty(self.stored.frame_shape, self.stored.dtype)
        # The binding copies a writeable array before it releases the GIL, but not a read-only one.
        view = read_only(stored)
        for number in numbers:
            self.stored.read(number, 1, stored.shape, stored)
            yield number, view

    def _window_of_image(self, measured: Measured, options: DisplayOptions) -> Window:
        """Return the window measured on all frames, which is measured once."""
        key = measured, options.windows.percentiles
        if key not in self._measured:
            frames = range(self.stored.count)
            self._measured[key] = self._window_of(partial(self._stored_frames, frames), measured, options)
        return self._measured[key]

    def _window_of(
        self, frames: Callable[[], Iterable[tuple[int, np.ndarray]]], measured: Measured, options: DisplayOptions
    ) -> Window:
        """Return the window measured on frames, without their padding; on their padding if there is nothing else."""
        for with_padding in (False, True):
            values = Measurement(None if measured == "minmax" else options.windows.percentiles)
            for number, stored in frames():
                values.add(self.measured_frame(number, stored, with_padding=with_padding))
            ends = values.ends()
            if ends is not None:
                return self._window(*ends)
        return self._window(0.0, 0.0)

    def measured_frame(self, number: int, stored: np.ndarray, *, with_padding: bool = False) -> MeasuredFrame:
        """Return a frame as `Measurement` adds it. `with_padding`: padding counts, too."""
        modality = self.modality(number)
        padding = None if with_padding else self._padding(number)
        return MeasuredFrame(stored, modality, self.transform_spec(modality, np.dtype(np.float64), 0).build(), padding)

    def _padding(self, number: int) -> Padding | None:
        padding, notices = self.attributes.frame(number).padding
        self.attributes.warn(notices)
        return padding

    def _window(self, lowest: float, highest: float) -> Window:
        return window_between(lowest, highest, self.stored.description.element)

    def full(self, modality: Modality) -> ValueRange:
        """Return the lowest and the highest modality value that the image description allows."""
        if not self.is_integer and not isinstance(modality, Lut):
            element = self.stored.description.element
            raise PixelDataError(
                f"{element}: found floats, which have no 'full' range, expected integers", element=element
            )
        return modality_range(modality, self.stored_range())

    def stored_range(self) -> tuple[int, int]:
        """Return the lowest and the highest stored value that Bits Stored allows."""
        if self.stored.dtype.kind == "i":
            return -(1 << (self.bits_stored - 1)), (1 << (self.bits_stored - 1)) - 1
        return 0, (1 << self.bits_stored) - 1

    def transform_spec(self, modality: Modality, dtype: np.dtype, pixels: int) -> TransformSpec:
        """Return the transform to modality values. `pixels`: the expected number of stored values."""
        return TransformSpec(self.image, self.bits, pixels, modality, dtype.name)

    def _transform(
        self, rendering: FrameRendering, voi: Voi | None, options: DisplayOptions, palette: Palette | None, pixels: int
    ) -> Transform:
        transform_spec = self.transform_spec(rendering.modality, options.dtype, pixels)
        return transform_spec._replace(voi=voi, palette=palette, inverse=rendering.inverse, range=options.range).build()


def _brightest(options: DisplayOptions) -> float:
    """Return the highest display value, rounded as display values of integers are."""
    return options.range[1] if options.dtype.kind == "f" else math.floor(options.range[1] + 0.5)
