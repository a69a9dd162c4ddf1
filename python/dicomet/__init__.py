"""DICOM pixel data into NumPy arrays at memory speed, as a drop-in for pydicom's ``pixel_array``.

>>> import dicomet
>>> array = dicomet.pixel_array("ct.dcm")

>>> import pydicom
>>> dicomet.install()
>>> array = pydicom.dcmread("ct.dcm").pixel_array
"""

import importlib as _importlib
import typing as _typing
import warnings as _warnings

from dicomet._native import __version__, debug_build
from dicomet.errors import MissingElementError, PixelDataError, UnsupportedTransferSyntaxError

if _typing.TYPE_CHECKING:
    from dicomet.convert.api import Converted, convert_file
    from dicomet.display.api import modality_values, to_display
    from dicomet.dropin.api import install, stats, uninstall
    from dicomet.many import pixel_arrays
    from dicomet.open_image import OpenImage, open  # noqa: A004
    from dicomet.pixels import iter_pixels, pixel_array

if debug_build:
    _warnings.warn("this is a debug build of dicomet, which is slow: build with --release", stacklevel=2)

__all__ = [
    "Converted",
    "MissingElementError",
    "OpenImage",
    "PixelDataError",
    "UnsupportedTransferSyntaxError",
    "__version__",
    "convert_file",
    "install",
    "iter_pixels",
    "modality_values",
    "open",
    "pixel_array",
    "pixel_arrays",
    "stats",
    "to_display",
    "uninstall",
]

# Imported when they are asked for: they import NumPy or pydicom, which itself may be importing a plugin of dicomet's.
_LAZY = {
    "Converted": "dicomet.convert.api",
    "OpenImage": "dicomet.open_image",
    "convert_file": "dicomet.convert.api",
    "install": "dicomet.dropin.api",
    "iter_pixels": "dicomet.pixels",
    "modality_values": "dicomet.display.api",
    "open": "dicomet.open_image",
    "pixel_array": "dicomet.pixels",
    "pixel_arrays": "dicomet.many",
    "stats": "dicomet.dropin.api",
    "to_display": "dicomet.display.api",
    "uninstall": "dicomet.dropin.api",
}


def __getattr__(name: str) -> object:
    """Import a public function."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(_importlib.import_module(_LAZY[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Name the public functions before they are imported, too."""
    return sorted({*globals(), *__all__})
