"""DICOM pixel data into NumPy arrays at memory speed, as a drop-in for pydicom's ``pixel_array``.

>>> import dicomet
>>> array = dicomet.pixel_array("ct.dcm")
"""

import warnings as _warnings

from dicomet._native import __version__, debug_build
from dicomet.errors import MissingElementError, PixelDataError, UnsupportedTransferSyntaxError
from dicomet.pixels import iter_pixels, pixel_array

if debug_build:
    _warnings.warn("this is a debug build of dicomet, which is slow: build with --release", stacklevel=2)

__all__ = [
    "MissingElementError",
    "PixelDataError",
    "UnsupportedTransferSyntaxError",
    "__version__",
    "iter_pixels",
    "pixel_array",
]
