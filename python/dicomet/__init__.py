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
from dicomet.errors import (
    FrameIndexError,
    MissingElementError,
    PixelDataError,
    SeriesError,
    UnsupportedTransferSyntaxError,
)

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
    from dicomet._decoding.pixel_matrix import PixelMatrix
    from dicomet._decoding.prefetch import pixel_arrays
    from dicomet._parsing.multipart import FramePart, frame_parts
    from dicomet._parsing.slide_elements import OpticalPath
    from dicomet.convert.api import Converted, convert_file
    from dicomet.display.api import modality_values, to_display
    from dicomet.display.open_image import OpenImage, open  # noqa: A004
    from dicomet.display.overlays import Overlay, overlays
    from dicomet.display.real_world import RealWorldValues, Unit, real_world_values
    from dicomet.dropin.api import install, stats, uninstall
    from dicomet.loaders.checking import CheckedFile, CheckList, check_files
    from dicomet.series.api import find_series, read_volume
    from dicomet.series.headers import read_headers
    from dicomet.series.issues import SeriesIssue
    from dicomet.series.series import Series
    from dicomet.series.volume import Volume

if debug_build:
    _warnings.warn("this is a debug build of dicomet, which is slow: build with --release", stacklevel=2)

__all__ = [
    "CheckList",
    "CheckedFile",
    "Converted",
    "DecodingOptions",
    "FrameIndexError",
    "FramePart",
    "MissingElementError",
    "OpenImage",
    "OpticalPath",
    "Overlay",
    "PixelDataError",
    "PixelMatrix",
    "RealWorldValues",
    "Series",
    "SeriesError",
    "SeriesIssue",
    "Unit",
    "UnsupportedTransferSyntaxError",
    "Volume",
    "__version__",
    "check_files",
    "convert_file",
    "decode_frame",
    "find_series",
    "frame_parts",
    "install",
    "iter_pixels",
    "modality_values",
    "open",
    "overlays",
    "pixel_array",
    "pixel_arrays",
    "read_headers",
    "read_volume",
    "real_world_values",
    "stats",
    "to_display",
    "uninstall",
]

# Imported on first access: these modules import NumPy or pydicom, and pydicom itself may be importing dicomet's plugin.
_LAZY = {
    "CheckList": "dicomet.loaders.checking",
    "CheckedFile": "dicomet.loaders.checking",
    "Converted": "dicomet.convert.api",
    "DecodingOptions": "dicomet._decoding.options",
    "FramePart": "dicomet._parsing.multipart",
    "OpenImage": "dicomet.display.open_image",
    "OpticalPath": "dicomet._parsing.slide_elements",
    "Overlay": "dicomet.display.overlays",
    "PixelMatrix": "dicomet._decoding.pixel_matrix",
    "RealWorldValues": "dicomet.display.real_world",
    "Series": "dicomet.series.series",
    "SeriesIssue": "dicomet.series.issues",
    "Unit": "dicomet.display.real_world",
    "Volume": "dicomet.series.volume",
    "check_files": "dicomet.loaders.checking",
    "convert_file": "dicomet.convert.api",
    "decode_frame": "dicomet._decoding.decode_frame",
    "find_series": "dicomet.series.api",
    "frame_parts": "dicomet._parsing.multipart",
    "install": "dicomet.dropin.api",
    "iter_pixels": "dicomet._decoding.pixel_array",
    "modality_values": "dicomet.display.api",
    "open": "dicomet.display.open_image",
    "overlays": "dicomet.display.overlays",
    "pixel_array": "dicomet._decoding.pixel_array",
    "pixel_arrays": "dicomet._decoding.prefetch",
    "read_headers": "dicomet.series.headers",
    "read_volume": "dicomet.series.api",
    "real_world_values": "dicomet.display.real_world",
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
