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
from dicomet.errors import FrameIndexError, MissingElementError, PixelDataError, UnsupportedTransferSyntaxError

if _typing.TYPE_CHECKING:
    from dicomet import dask as dask
    from dicomet import info as info
    from dicomet import keras as keras
    from dicomet import monai as monai
    from dicomet import tf as tf
    from dicomet import torch as torch
    from dicomet._decoding.decode_frame import decode_frame
    from dicomet._decoding.options import DecodingOptions
    from dicomet._decoding.pixel_array import iter_pixels, pixel_array
    from dicomet._decoding.prefetch import pixel_arrays
    from dicomet._parsing.multipart import FramePart, frame_parts
    from dicomet.convert.api import Converted, convert_file
    from dicomet.display.api import modality_values, to_display
    from dicomet.display.open_image import OpenImage, open  # noqa: A004
    from dicomet.dropin.api import install, stats, uninstall

if debug_build:
    _warnings.warn("this is a debug build of dicomet, which is slow: build with --release", stacklevel=2)

__all__ = [
    "Converted",
    "DecodingOptions",
    "FrameIndexError",
    "FramePart",
    "MissingElementError",
    "OpenImage",
    "PixelDataError",
    "UnsupportedTransferSyntaxError",
    "__version__",
    "convert_file",
    "decode_frame",
    "frame_parts",
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

# Imported on first access: these modules import NumPy or pydicom, and pydicom itself may be importing dicomet's plugin.
_LAZY = {
    "Converted": "dicomet.convert.api",
    "DecodingOptions": "dicomet._decoding.options",
    "FramePart": "dicomet._parsing.multipart",
    "OpenImage": "dicomet.display.open_image",
    "convert_file": "dicomet.convert.api",
    "decode_frame": "dicomet._decoding.decode_frame",
    "frame_parts": "dicomet._parsing.multipart",
    "install": "dicomet.dropin.api",
    "iter_pixels": "dicomet._decoding.pixel_array",
    "modality_values": "dicomet.display.api",
    "open": "dicomet.display.open_image",
    "pixel_array": "dicomet._decoding.pixel_array",
    "pixel_arrays": "dicomet._decoding.prefetch",
    "stats": "dicomet.dropin.api",
    "to_display": "dicomet.display.api",
    "uninstall": "dicomet.dropin.api",
}
# Public modules, also imported on first access. Not in `__all__`: a star import must not import every framework.
_MODULES = frozenset({"dask", "info", "keras", "monai", "tf", "torch"})


def __getattr__(name: str) -> object:
    """Import a public function or module."""
    if name in _MODULES:
        return _module(name)
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(_importlib.import_module(_LAZY[name]), name)
    globals()[name] = found
    return found


def _module(name: str) -> object:
    try:
        return _importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        # `hasattr` and `inspect.getmembers`, and therefore `help(dicomet)`, expect this exception. Its message says
        # what to install.
        raise AttributeError(str(error)) from error


def __dir__() -> list[str]:
    """Return the public names, whether they are imported yet or not."""
    return sorted({*__all__, *_MODULES})
