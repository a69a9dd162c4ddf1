"""The public function `overlays`."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Unpack

import numpy as np

from dicomet._decoding.options import DecodingOptions, checks_arguments
from dicomet._parsing.limits import ReadLimits
from dicomet.display.overlay_planes import OverlayNames, check_names
from dicomet.display.reader import DisplayReader
from dicomet.errors import with_filename

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._parsing.source import Readable


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """An overlay of an image (PS3.3 C.9.2, C.9.3).

    Attributes
    ----------
    array : numpy.ndarray
        The pixels, as bool: of shape ``(rows, columns)``, or ``(frames, rows, columns)`` for several frames.
    group : int
        The repeating group, such as ``0x6000``.
    type : str
        Overlay Type: ``"G"`` for graphics, ``"R"`` for a region of interest; empty if it is missing.
    subtype, label, description : str
        Overlay Subtype, Overlay Label and Overlay Description; empty if they are missing.
    origin : tuple of int
        Overlay Origin: the row and the column of the image at which the overlay begins. The first row and column are
        1, as in the standard; the overlay may begin, and end, outside of the image.
    first_frame : int or None
        The frame of the image, counted from 0, to which the first frame of the overlay belongs; the following ones
        belong to the following ones. None: the overlay applies to every frame.

    """

    array: np.ndarray = field(repr=False)
    group: int
    type: str
    subtype: str = field(repr=False)
    label: str = field(repr=False)
    description: str = field(repr=False)
    origin: tuple[int, int]
    first_frame: int | None


@checks_arguments
def overlays(
    src: "Readable | Dataset",
    names: OverlayNames = True,  # noqa: FBT002 - as the argument of `to_display`
    *,
    decoding_plugin: str = "",
    workers: int | None = None,
    max_bytes: int | None = None,
    **kwargs: Unpack[DecodingOptions],
) -> tuple[Overlay, ...]:
    """Return the overlays of an image (PS3.3 C.9.2), in the order of their groups.

    Overlays in Overlay Data have the pixels that pydicom's `Dataset.overlay_array` returns. Those in unused bits of
    Pixel Data (retired; PS3.3-2004 C.9.2), as in older files, are decoded with the image and belong to its frames.

    Parameters
    ----------
    src, decoding_plugin, workers, **kwargs
        As for `pixel_array`.
    names : bool or sequence of str
        Return all overlays, or those with these names: Overlay Label, in any case, or the group in hexadecimal digits,
        such as ``"6000"``. The others are not read.
    max_bytes : int, optional
        The largest array of an overlay in bytes, a byte for each pixel.

    Returns
    -------
    tuple of Overlay
        Empty if the file has none. A group without Overlay Data is left out, with a warning.

    Raises
    ------
    PixelDataError
        As `pixel_array` does; or an overlay is invalid, or does not exist.
    OSError
        `src` cannot be read.

    """
    names = check_names(names, "names")
    with with_filename(src):
        limits = ReadLimits(decoding_plugin, workers, max_bytes)
        reader = DisplayReader(src, {**kwargs}, limits, overlays=names).overlays
        return tuple(
            Overlay(
                array=reader.array(plane),
                group=plane.group,
                type=plane.type,
                subtype=plane.subtype,
                label=plane.label,
                description=plane.description,
                origin=plane.origin,
                first_frame=plane.first_image_frame,
            )
            for plane in reader.planes
        )
