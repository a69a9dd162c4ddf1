"""The entry points ``pylibjpeg.pixel_data_decoders`` for JPEG, JPEG-LS, JPEG 2000 and RLE Lossless, in both versions.

Version 2 of the protocol tries the plugins of a transfer syntax in the order of their package names, so that this one
comes before pylibjpeg-libjpeg, pylibjpeg-openjpeg and pylibjpeg-rle wherever these are installed; in version 1, either
may be chosen. dicomet decodes a frame only if the result is theirs, and passes every other frame on with the same
arguments. Where the other plugin is not installed, dicomet decodes whatever it can. Imports nothing from pydicom, which
may be importing this module.
"""

from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from dicomet._native import Codestream
from dicomet._parsing.transfer_syntax import JPEG, JPEG_2000, JPEG_LS, Codec
from dicomet.dropin.codestream_codec import decode_words
from dicomet.dropin.environment import enabled
from dicomet.dropin.jpeg_2000_segments import read_styles
from dicomet.dropin.jpeg_ls_segments import read_scan
from dicomet.dropin.jpeg_segments import UnusualFrameError, read_segments, why_lossless_differs
from dicomet.dropin.rle_codec import decode_planes
from dicomet.errors import PixelDataError

ARRAY_VERSION, BYTEARRAY_VERSION = 1, 2
# pylibjpeg-libjpeg converts other colors in version 1.
UNCONVERTED = frozenset({"MONOCHROME1", "MONOCHROME2", "YBR_FULL", "YBR_FULL_422"})
KEYWORDS = {
    "rows": "Rows",
    "columns": "Columns",
    "samples_per_pixel": "SamplesPerPixel",
    "bits_allocated": "BitsAllocated",
}
DESCRIPTION = ("rows", "columns", "samples_per_pixel")


class NotDecodedError(Exception):
    """A frame that dicomet does not decode, and why."""


class Other(NamedTuple):
    """The plugin that decodes the remaining frames.

    Its module, its package, and whether its arrays own their memory.
    """

    module: str
    package: str
    owns_data: bool

    @property
    def is_installed(self) -> bool:
        """Whether the plugin can be imported."""
        return _is_installed(self.module)

    def decode(self, reason: str, src: bytes, ds: Any, version: int, options: dict[str, Any]) -> Any:
        """Call the plugin. `reason`: why dicomet does not decode the frame."""
        try:
            function = import_module(f"{self.module}.utils").decode_pixel_data
        except ImportError as error:
            message = f"{reason}; {self.package}, which may decode the frame, is not installed"
            raise RuntimeError(message) from error
        return function(src, ds, version, **options)


@cache
def _is_installed(module: str) -> bool:
    return find_spec(module) is not None


RLE = Other("rle", "pylibjpeg-rle", owns_data=False)
LIBJPEG = Other("libjpeg", "pylibjpeg-libjpeg", owns_data=True)
OPENJPEG = Other("openjpeg", "pylibjpeg-openjpeg", owns_data=True)


def decode_pixel_data(src: bytes, ds: Any = None, version: int = ARRAY_VERSION, **options: Any) -> Any:
    """Return one decoded frame in RLE Lossless, as pylibjpeg-rle does.

    Parameters
    ----------
    src : bytes
        One encoded frame.
    ds : pydicom.dataset.Dataset, optional
        The description of the image, for `version` 1.
    version : int
        1 returns an array of bytes, 2 a bytearray.
    **options
        The description of the image: ``rows``, ``columns``, ``samples_per_pixel``, ``bits_allocated``.

    Raises
    ------
    ValueError and others
        As pylibjpeg-rle does.
    RuntimeError
        dicomet does not decode the frame, and pylibjpeg-rle is not installed.

    """
    return _decode(_rle_frame, RLE, src, ds, version, options)


def decode_jpeg(src: bytes, ds: Any = None, version: int = ARRAY_VERSION, **options: Any) -> Any:
    """Return the components of one JPEG frame, as pylibjpeg-libjpeg does; parameters as for `decode_pixel_data`.

    The samples are words of 8 or 16 bits, the smaller size that holds the precision. Where pylibjpeg-libjpeg is
    installed, dicomet decodes lossless frames only, because the values of lossy ones are others.

    Raises
    ------
    RuntimeError
        The frame cannot be decoded.

    """
    return _decode(_jpeg_frame, LIBJPEG, src, ds, version, options)


def decode_jpeg_ls(src: bytes, ds: Any = None, version: int = ARRAY_VERSION, **options: Any) -> Any:
    """Return the components of one JPEG-LS frame, as pylibjpeg-libjpeg does; as `decode_jpeg`.

    Where pylibjpeg-libjpeg is installed, dicomet decodes plain frames only, about which all decoders agree.
    """
    return _decode(_jpeg_ls_frame, LIBJPEG, src, ds, version, options)


def decode_jpeg_2000(src: bytes, ds: Any = None, version: int = ARRAY_VERSION, **options: Any) -> Any:
    """Return the samples of one JPEG 2000 or HTJ2K frame, as pylibjpeg-openjpeg does; as `decode_jpeg`.

    Where pylibjpeg-openjpeg is installed, dicomet decodes plain reversible frames only, which have one right result.
    """
    return _decode(_jpeg_2000_frame, OPENJPEG, src, ds, version, options)


def _decode(  # noqa: PLR0913, PLR0917 - the arguments of a plugin
    frame_of: Callable[[bytes, Any, int, dict[str, Any]], bytearray],
    other: Other,
    src: bytes,
    ds: Any,
    version: int,
    options: dict[str, Any],
) -> Any:
    reason = "dicomet is switched off by DICOMET in the environment"
    if enabled():
        try:
            frame = frame_of(src, ds, version, options)
        except (NotDecodedError, PixelDataError, MemoryError) as error:
            reason = str(error)
        else:
            return _array(frame, owns_data=other.owns_data) if version == ARRAY_VERSION else frame
    return other.decode(reason, src, ds, version, options)


def _array(frame: bytearray, *, owns_data: bool) -> np.ndarray:
    array = np.frombuffer(frame, np.uint8)
    return array.copy() if owns_data else array


def _rle_frame(src: bytes, ds: Any, version: int, options: dict[str, Any]) -> bytearray:
    description = _description(src, ds, version, options, [*KEYWORDS])
    if options.get("byteorder", "<") != "<" or description["bits_allocated"] not in (8, 16, 32, 64):
        raise NotDecodedError("dicomet decodes RLE Lossless with 8, 16, 32 or 64 bits allocated, in little endian")
    frame, _ = decode_planes(src, **description, strict=True)
    return frame


def _jpeg_frame(src: bytes, ds: Any, version: int, options: dict[str, Any]) -> bytearray:
    return _codestream_frame(JPEG, src, ds, version, options)


def _jpeg_ls_frame(src: bytes, ds: Any, version: int, options: dict[str, Any]) -> bytearray:
    return _codestream_frame(JPEG_LS, src, ds, version, options)


def _codestream_frame(codec: Codec, src: bytes, ds: Any, version: int, options: dict[str, Any]) -> bytearray:
    description = _description(src, ds, version, options, [*DESCRIPTION])
    frame_of = partial(decode_words, src, codec.name, **description)
    if not LIBJPEG.is_installed:
        return frame_of()[0]
    if version == ARRAY_VERSION:
        term = options.get("photometric_interpretation")
        if (ds.get("PhotometricInterpretation", term) if ds else term) not in UNCONVERTED:
            raise NotDecodedError("colors that pylibjpeg-libjpeg may convert")
    header = Codestream.read(src)
    try:
        reason = _why_other(codec, header, src, description["columns"])
    except UnusualFrameError as unusual:
        reason = str(unusual)
    if reason:
        raise NotDecodedError(reason)
    return _without_warnings(frame_of)


def _jpeg_2000_frame(src: bytes, ds: Any, version: int, options: dict[str, Any]) -> bytearray:
    description = _description(src, ds, version, options, [*DESCRIPTION])
    frame_of = partial(decode_words, src, JPEG_2000.name, **description)
    if not OPENJPEG.is_installed:
        return frame_of()[0]
    try:
        is_reversible = read_styles(src).reversible
    except UnusualFrameError as unusual:
        raise NotDecodedError(str(unusual)) from None
    if not is_reversible:
        raise NotDecodedError("irreversible JPEG 2000")
    header = Codestream.read(src)
    if version == ARRAY_VERSION and (header is None or not _agrees(ds, header)):
        raise NotDecodedError("a description of the image about which pylibjpeg-openjpeg may warn")
    return _without_warnings(frame_of)


def _agrees(ds: Any, header: Codestream) -> bool:
    """Return whether a data set says of the samples what the codestream does."""
    found = (ds.get("BitsStored"), ds.get("PixelRepresentation")) if ds else ()
    return found == (header.precision, int(header.signed))


def _without_warnings(frame_of: Callable[[], tuple[bytearray, list[str]]]) -> bytearray:
    frame, warnings = frame_of()
    if warnings:
        raise NotDecodedError(warnings[0])
    return frame


def _why_other(codec: Codec, header: Codestream | None, src: bytes, columns: int) -> str | None:
    """Return why pylibjpeg-libjpeg may have other values; None if it has the same."""
    if codec is JPEG_LS:
        read_scan(src)
        has_colors = header is not None and (header.jfif or header.adobe_transform is not None or header.hp_transform)
        return "a JPEG-LS frame with a marker about its colors" if has_colors else None
    if header is None or not header.lossless:
        return "other than lossless JPEG"
    return why_lossless_differs(read_segments(src), header, columns)


def _description(src: bytes, ds: Any, version: int, options: dict[str, Any], names: list[str]) -> dict[str, int]:
    """Return the description of the image; in version 1, elements of the data set override options."""
    if type(src) is not bytes or version not in (ARRAY_VERSION, BYTEARRAY_VERSION):
        raise NotDecodedError("a frame that is not bytes, or an unknown version of the protocol")
    found = {name: options.get(name) for name in names}
    if version == ARRAY_VERSION and ds is not None:
        found = {name: ds.get(KEYWORDS[name], value) for name, value in found.items()}
    described = {name: value for name, value in found.items() if type(value) is int and value > 0}
    if len(described) < len(names):
        missing = ", ".join(name for name in names if name not in described)
        raise NotDecodedError(f"the description of the image lacks a usable value of {missing}")
    return described
