"""The header of a file: the elements before its pixel data (PS3.5 7), scanned without building a data set."""

import sys
from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from dicomet._native import ScannedImage, Source, find_pixel_data
from dicomet._parsing import tags
from dicomet._parsing.transfer_syntax import CODECS, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# pydicom's option names of the elements that the scanner reads as numbers.
OPTION_NAMES = {int(tag): tag.option_name for tag in (*tags.IMAGE_PIXEL, tags.HIGH_BIT) if tag.vr == "US"}


class Header(NamedTuple):
    """The description of the image before its pixel data.

    `attributes`: the values of the Image Pixel module by pydicom's option names, and ``high_bit``, where the caller's
    values override those of the file; headers share it. `offset`: start of the value of the pixel data element, in
    bytes. `length`: None if it is undefined. `dataset`: the elements that pydicom has read, if its parser was needed.
    `key`: the scanner's description, if it alone describes the image. `display`: the elements that determine display
    values, if they were requested.
    """

    attributes: Mapping[str, Any]
    transfer_syntax: str
    tag: int
    vr: str | None
    offset: int
    length: int | None
    dataset: "Dataset | None" = None
    key: Hashable = None
    display: tuple[tuple[int, bytes], ...] = ()


def scan(source: Source, overrides: Mapping[str, Any], *, display: bool = False) -> tuple[Source, Header] | None:
    """Return the header of a file, with or without a preamble; None if pydicom's parser has to read it.

    Return also the source that the offsets refer to: for a deflated file, the inflated one. `display`: scan the
    elements that determine display values, too.
    """
    given = overrides.get("transfer_syntax_uid") or None
    if not (given is None or (isinstance(given, str) and given.isascii())) or not reads_by_default():
        return None
    found = find_pixel_data(source, start="forced", transfer_syntax=given, display=display)
    if isinstance(found, int):
        source = source.deflate_stream(found)
        syntax = DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
        found = find_pixel_data(source, start="data set", transfer_syntax=syntax, display=display)
    header = header_of(found, overrides)
    return None if header is None else (source, header)


def scan_file(head: Source, overrides: Mapping[str, Any]) -> Header | None:
    """Return the header of a file that begins with `head`; None if pydicom's parser has to read it."""
    if "transfer_syntax_uid" in overrides or not reads_by_default():
        return None
    return header_of(find_pixel_data(head, start="file", transfer_syntax=None), overrides)


def header_of(found: tuple[Any, ...] | int | None, overrides: Mapping[str, Any]) -> Header | None:
    """Return the scanner's result as a header with pydicom's option names; None if there is no usable result."""
    if not isinstance(found, tuple):
        return None
    image, offset, length, display = found
    attributes, transfer_syntax, tag, vr = _described(image)
    if transfer_syntax not in CODECS:
        return None
    if overrides:
        return Header({**attributes, **overrides}, transfer_syntax, tag, vr, offset, length, display=display)
    return Header(attributes, transfer_syntax, tag, vr, offset, length, key=image, display=display)


@lru_cache(maxsize=256)
def _described(image: ScannedImage) -> tuple[dict[str, Any], str, int, str | None]:
    """Return the description of an image by pydicom's option names, the transfer syntax, and tag and VR of its samples.

    Cached, because the files of a series share it.
    """
    attributes: dict[str, Any] = {OPTION_NAMES[tag]: number for tag, number in image.numbers}
    attributes["number_of_frames"] = image.number_of_frames or 1
    if image.photometric_interpretation is not None:
        attributes["photometric_interpretation"] = image.photometric_interpretation
    return attributes, image.transfer_syntax, image.tag, image.vr


def reads_by_default() -> bool:
    """Return whether pydicom's parser has its default hooks and settings, as it has if it is not imported yet."""
    config, hooks = sys.modules.get("pydicom.config"), sys.modules.get("pydicom.hooks")
    if config is None or hooks is None:
        return True
    return (
        config.data_element_callback is None
        and config.replace_un_with_known_vr
        and config.settings.infer_sq_for_un_vr
        and hooks.hooks.raw_element_vr is hooks.raw_element_vr
        and hooks.hooks.raw_element_value is hooks.raw_element_value
    )
