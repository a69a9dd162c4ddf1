"""The decoding options that the public functions share, most of them with pydicom, and the check of argument names.

pydicom silently accepts unknown keyword arguments, so that a typo such as ``indx=0`` gives another array. Here an
unknown name is a `TypeError` at run time, and an error for type checkers.
"""

import functools
import inspect
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, Literal, TypedDict, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])


class DecodingOptions(TypedDict, total=False):
    """The keyword arguments of pydicom's decoders, with pydicom's names (``pydicom.pixels.DecodeRunner``).

    The options up to `pixel_vr` override the data set, for files with missing or wrong elements. `reduce` and
    `on_truncation` are dicomet's own.
    """

    bits_allocated: int
    """(0028,0100) Bits Allocated."""
    bits_stored: int
    """(0028,0101) Bits Stored."""
    columns: int
    """(0028,0011) Columns."""
    number_of_frames: int
    """(0028,0008) Number of Frames."""
    photometric_interpretation: str
    """(0028,0004) Photometric Interpretation."""
    pixel_keyword: str
    """``"PixelData"``, ``"FloatPixelData"`` or ``"DoubleFloatPixelData"``."""
    pixel_representation: int
    """(0028,0103) Pixel Representation: 0 for unsigned, 1 for signed."""
    planar_configuration: int
    """(0028,0006) Planar Configuration."""
    rows: int
    """(0028,0010) Rows."""
    samples_per_pixel: int
    """(0028,0002) Samples per Pixel."""
    transfer_syntax_uid: str
    """(0002,0010) Transfer Syntax UID."""
    extended_offsets: tuple[bytes, bytes] | tuple[list[int], list[int]]
    """(7FE0,0001) Extended Offset Table and (7FE0,0002) Extended Offset Table Lengths."""
    pixel_vr: str
    """The VR of the pixel data element, ``"OB"`` or ``"OW"``, which Explicit VR Big Endian needs."""
    allow_excess_frames: bool
    """Return also the frames in excess of Number of Frames, if there are any."""
    correct_unused_bits: bool
    """Clear the bits above Bits Stored, or fill them with the sign (PS3.5 8.1.1). True by default."""
    view_only: bool
    """Return a read-only view of the stored samples if they are the result already."""
    be_swap_ow: bool
    """Swap the bytes of 8-bit samples in 16-bit words."""
    rle_segment_order: str
    """The byte order of RLE segments, for pydicom's plugin ``"pydicom"``."""
    byteorder: str
    """The byte order of RLE segments, for pydicom's plugin ``"pylibjpeg"``."""
    apply_jls_sign_correction: bool
    """Interpret JPEG-LS samples as signed or unsigned by Pixel Representation. True by default."""
    apply_j2k_sign_correction: bool
    """Interpret JPEG 2000 samples as signed or unsigned by Pixel Representation. True by default."""
    as_rgb: bool
    """Convert ``YBR_FULL`` and ``YBR_FULL_422`` to RGB. True by default."""
    force_rgb: bool
    """Convert from YCbCr to RGB regardless of Photometric Interpretation."""
    force_ybr: bool
    """Convert from RGB to YCbCr regardless of Photometric Interpretation."""
    reduce: int | tuple[int, int]
    """JPEG 2000 and HTJ2K: the number of resolution levels to discard. Each halves rows and columns (rounded up, except
    for images with an offset on the reference grid), and reduces the time to about a quarter. The samples are those of
    the low-pass filter of the wavelet transformation, not of an average. More levels than the codestream has are an
    error, and so is any level for other codecs. Or ``(rows, columns)``: as many levels as leave at least this size,
    for all codecs: none where there are none, nor for indices of a palette."""
    on_truncation: Literal["error", "decode"]
    """JPEG 2000 and HTJ2K: what to do with a codestream whose data is incomplete: ``"error"``, the default, or
    ``"decode"``: decode what there is, with a warning. Missing samples are then those of lower quality or resolution,
    or gray. Of other codecs, incomplete frames are always an error."""
    use_pdh: bool
    """An option of ``Dataset.pixel_array_options``; no effect in dicomet."""


OPTION_NAMES = frozenset(DecodingOptions.__annotations__)


def argument_names(function: Callable[..., Any]) -> frozenset[str]:
    """Return the argument names of `function`, with the decoding options if it has ``**kwargs``."""
    parameters = inspect.signature(function).parameters.values()
    names = frozenset(parameter.name for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD)
    return names | OPTION_NAMES if len(names) < len(parameters) else names


def checks_arguments(function: Function) -> Function:
    """Decorate a public function so that an unknown argument raises a `TypeError` that suggests the nearest name."""
    known = argument_names(function)
    where = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if not known.issuperset(kwargs):
            raise unknown_argument(where, kwargs, known)
        return function(*args, **kwargs)

    return cast("Function", checked)


def unknown_argument(where: str, given: Iterable[str], known: Iterable[str]) -> TypeError:
    """Return the error for the first name in `given` that is not `known`."""
    name = next(name for name in given if name not in known)
    nearest = get_close_matches(name.lower(), sorted(known), n=1)
    hint = f", did you mean {nearest[0]!r}?" if nearest else ""
    return TypeError(f"{where}() has no argument {name!r}{hint}")
