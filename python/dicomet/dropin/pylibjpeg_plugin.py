"""The entry point ``pylibjpeg.pixel_data_decoders`` for RLE Lossless.

pylibjpeg tries its plugins in the order of their package names, so that this one comes before pylibjpeg-rle wherever
both are installed. Frames that do not conform exactly to the standard are left to pylibjpeg-rle.
Imports nothing from pydicom, which may be importing this module.
"""

from typing import Any

from dicomet.dropin.environment import enabled
from dicomet.dropin.rle_codec import decode_planes
from dicomet.errors import PixelDataError

BYTEARRAY_VERSION = 2


def decode_pixel_data(src: bytes, ds: Any = None, version: int = 1, **options: Any) -> Any:
    """Return one decoded frame, as pylibjpeg-rle does.

    Parameters
    ----------
    src : bytes
        One encoded frame.
    ds : pydicom.dataset.Dataset, optional
        The description of the image, for `version` 1.
    version : int
        1 returns an array of bytes, 2 a bytearray.
    **options
        The description of the image, for `version` 2: ``rows``, ``columns``, ``samples_per_pixel``, ``bits_allocated``.

    Raises
    ------
    ValueError and others
        As pylibjpeg-rle does.
    ImportError
        The frame must be left to pylibjpeg-rle, which is not installed.

    """
    frame = _decoded(src, options) if version == BYTEARRAY_VERSION and enabled() else None
    if frame is not None:
        return frame
    try:
        from rle.utils import decode_pixel_data as decode_by_rle  # noqa: PLC0415 - few frames need it
    except ImportError as error:
        raise ImportError("this frame in RLE Lossless needs pylibjpeg-rle: pip install pylibjpeg-rle") from error
    return decode_by_rle(src, ds, version, **options)


def _decoded(src: bytes, options: dict[str, Any]) -> bytearray | None:
    """Return the frame, or None if pylibjpeg-rle must handle it."""
    names = ("rows", "columns", "samples_per_pixel", "bits_allocated")
    description = {name: options.get(name) for name in names}
    if type(src) is not bytes or any(type(value) is not int for value in description.values()):
        return None
    if options.get("byteorder", "<") != "<" or description["bits_allocated"] not in (8, 16, 32, 64):
        return None
    try:
        frame, _ = decode_planes(src, **description, strict=True)  # type: ignore[arg-type]
    except (PixelDataError, MemoryError):
        return None
    return frame
