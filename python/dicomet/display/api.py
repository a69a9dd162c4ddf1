"""The public functions `to_display` and `modality_values`."""

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from dicomet._decoding.options import DecodingOptions, checks_arguments
from dicomet._parsing.limits import ReadLimits
from dicomet.display import icc
from dicomet.display.overlay_planes import OverlayNames, check_names
from dicomet.display.reader import DisplayOptions, DisplayReader
from dicomet.display.values import modality_frames
from dicomet.display.voi_selection import WindowArguments, WindowOver, WindowSpec, number_pair
from dicomet.errors import with_filename

if TYPE_CHECKING:
    from numpy.typing import DTypeLike
    from pydicom.dataset import Dataset

    from dicomet._parsing.source import Readable

RANGES = {np.dtype(np.uint8): (0.0, 255.0), np.dtype(np.uint16): (0.0, 65535.0), np.dtype(np.float32): (0.0, 1.0)}
FLOAT_MAX = float(np.finfo(np.float32).max)


@checks_arguments
def to_display(  # noqa: PLR0913 - the steps of the pipeline
    src: "Readable | Dataset",
    *,
    index: int | None = None,
    window: WindowSpec = None,
    default: WindowSpec = None,
    prefer_lut: bool = True,
    percentiles: tuple[float, float] = (1.0, 99.0),
    window_over: WindowOver = "frame",
    dtype: "DTypeLike" = np.uint8,
    range: tuple[float, float] | None = None,  # noqa: A002 - NumPy's name
    icc_profile: bool = False,
    overlays: OverlayNames = False,
    out: np.ndarray | None = None,
    decoding_plugin: str = "",
    workers: int | None = None,
    max_bytes: int | None = None,
    **kwargs: Unpack[DecodingOptions],
) -> np.ndarray:
    """Return the display values of an image (PS3.4 N.2): uint8, uint16 or float32, gray or RGB.

    Parameters
    ----------
    src : path, binary file object, bytes-like or pydicom.dataset.Dataset
        As for `pixel_array`.
    index : int, optional
        Return only this frame. It counts as for `pixel_array`.
    window : optional
        The range of values to show (PS3.3 C.11.2). None: the first usable view of the file, with a warning if views
        were skipped. An integer: the index of a view of the file, from 0; negative numbers count from the end. A
        string: the view with this Window Center & Width Explanation or LUT Explanation, or one of ``"minmax"``,
        ``"percentile"`` and ``"full"`` (all values that Bits Stored allows). A tuple ``(center, width)`` or ``(center,
        width, function)``: a custom window, applied after the Modality LUT, such as ``(40, 400)`` for Hounsfield units.
        The function is ``"LINEAR"`` (the default), ``"LINEAR_EXACT"`` or ``"SIGMOID"``. The standard does not define
        LINEAR with a width below 1; it is applied as LINEAR_EXACT, with a warning. ``"minmax"`` and ``"percentile"``
        are measured without the pixels that have Pixel Padding Value.
    default : optional
        The window for a file without a usable view, with the same values as `window`. None: ``"full"`` for up to 8
        bits, otherwise ``"minmax"``.
    prefer_lut : bool
        If a file has both a VOI LUT and a window, use the VOI LUT, as pydicom does.
    percentiles : tuple of float
        The lower and the upper percentile, 0 to 100, for ``"percentile"``.
    window_over : {"frame", "image"}
        The values on which ``"minmax"`` and ``"percentile"`` are measured: those of each frame by itself; or those of
        all frames together, so that all frames get the same window and a film of them does not flicker. With
        ``"image"``, all frames are decoded, one at a time, even for one `index`.
    dtype : numpy.uint8, numpy.uint16 or numpy.float32
        Dtype of the result.
    range : tuple of float, optional
        The output values for the darkest and the brightest pixel. By default the full range of an integer `dtype`, and
        0 to 1 for float32.
    icc_profile : bool
        Convert colors to sRGB with the ICC profile of the file, if it has one. Needs Pillow.
    overlays : bool or sequence of str
        Draw the overlays of the file (PS3.3 C.9.2) with the brightest value of `range`: True for all of them, or their
        names, as for `overlays`. Graphics are drawn as they are, a region of interest as its outline, at Overlay Origin
        and in the frames to which they belong. A file without overlays is displayed as it is.
    out, decoding_plugin, workers, max_bytes, **kwargs
        As for `pixel_array`.

    Returns
    -------
    numpy.ndarray
        Array of shape ``([frames, ]rows, columns)``, or ``([frames, ]rows, columns, 3)`` for color: RGB, YBR, PALETTE
        COLOR, and Supplemental Palette Color. All equations are evaluated in float64, from the stored value to the
        result, and rounded once, half up. MONOCHROME1, or Presentation LUT Shape INVERSE, reverses the range.

    Raises
    ------
    PixelDataError
        As `pixel_array` does; or an element that `window` needs is invalid (the Modality LUT, the polarity, the view
        with the given index or name); or the file has no such view; or an overlay to draw is invalid or does not exist;
        or the colors cannot be converted to RGB (PS3.3
        C.7.6.3.1.2).
    ValueError, TypeError
        An argument is invalid.
    OSError
        `src` cannot be read.

    """
    windows = WindowArguments(window, default, percentiles, window_over)
    options = display_options(windows, dtype, prefer_lut=prefer_lut, ends=range)
    overlays = check_names(overlays, "overlays")
    with with_filename(src):
        limits = ReadLimits(decoding_plugin, workers, max_bytes)
        more_tags = icc.PROFILE_TAGS if icc_profile else ()
        frames = DisplayReader(src, {**kwargs}, limits, more_tags=more_tags, overlays=overlays)
        profile = _profile(frames, options) if icc_profile else None
        return frames.display(index, options, out, profile)


@checks_arguments
def modality_values(  # noqa: PLR0913 - the arguments of `pixel_array`
    src: "Readable | Dataset",
    *,
    index: int | None = None,
    dtype: "DTypeLike | None" = None,
    out: np.ndarray | None = None,
    decoding_plugin: str = "",
    workers: int | None = None,
    max_bytes: int | None = None,
    **kwargs: Unpack[DecodingOptions],
) -> np.ndarray:
    """Return the values after the Modality LUT (PS3.3 C.11.1), for instance the Hounsfield units of a CT image.

    Parameters
    ----------
    src, index, out, decoding_plugin, workers, max_bytes, **kwargs
        As for `pixel_array`.
    dtype : optional
        Dtype of the result: float32, float64, or an integer type that holds all values. By default the narrowest
        integer type that holds every value that the image description allows, if slope and intercept are whole
        numbers; otherwise float32.

    Returns
    -------
    numpy.ndarray
        Array of the same shape as that of `pixel_array`. In an enhanced image, each frame has the slope and intercept
        of its functional groups. If only one of the two is present, the other defaults to 1 (slope) or 0 (intercept),
        with a warning. Colors are RGB, as in `to_display`.

    Raises
    ------
    PixelDataError, OSError
        As `pixel_array` does; or an element of the Modality LUT is invalid.
    ValueError
        An integer `dtype` does not hold every possible value.

    """
    wanted = None if dtype is None else np.dtype(dtype).newbyteorder("=")
    with with_filename(src):
        frames = DisplayReader(src, {**kwargs}, ReadLimits(decoding_plugin, workers, max_bytes))
        return modality_frames(frames, index, wanted, out)


def display_options(
    windows: WindowArguments,
    dtype: "DTypeLike",
    *,
    prefer_lut: bool = True,
    ends: tuple[float, float] | None = None,
) -> DisplayOptions:
    """Check the display arguments of `to_display`, and return them."""
    found = _checked_dtype(dtype)
    return DisplayOptions(
        windows=windows.checked(),
        prefer_lut=bool(prefer_lut),
        dtype=found,
        range=_checked_range(ends, found),
    )


def _checked_dtype(dtype: "DTypeLike") -> np.dtype:
    found = np.dtype(dtype).newbyteorder("=")
    if found not in RANGES:
        raise ValueError(f"'dtype': found {found}, expected uint8, uint16 or float32")
    return found


def _checked_range(ends: tuple[float, float] | None, dtype: np.dtype) -> tuple[float, float]:
    if ends is None:
        return RANGES[dtype]
    low, high = number_pair(ends, "range")
    lowest, highest = RANGES[dtype] if dtype.kind == "u" else (-FLOAT_MAX, FLOAT_MAX)
    if not (lowest <= low <= highest and lowest <= high <= highest):
        raise ValueError(f"'range': found {low:g} to {high:g}, expected values that {dtype} has")
    return low, high


def _profile(frames: DisplayReader, options: DisplayOptions) -> Any:
    """Return the transform to sRGB for a color image with an ICC profile, otherwise None."""
    if options.dtype != np.uint8 or options.range != RANGES[options.dtype]:
        low, high = options.range
        raise ValueError(
            f"'icc_profile': found dtype {options.dtype} and range ({low:g}, {high:g}), expected uint8 and (0, 255)"
        )
    profile = frames.attributes.icc_profile()
    is_color = frames.is_color or frames.attributes.palette() is not None
    return icc.srgb_transform(profile) if profile is not None and is_color else None
