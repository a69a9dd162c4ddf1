"""What a file says in front of its pixel data (PS3.5 7), found without building a data set where all is plain."""

import sys
from collections.abc import Hashable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from dicomet._native import Source, find_pixel_data
from dicomet._parsing.transfer_syntax import CODECS, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# By pydicom's names of the options.
OPTION_NAMES = {
    0x00280002: "samples_per_pixel",
    0x00280006: "planar_configuration",
    0x00280010: "rows",
    0x00280011: "columns",
    0x00280100: "bits_allocated",
    0x00280101: "bits_stored",
    0x00280102: "high_bit",
    0x00280103: "pixel_representation",
}


class Header(NamedTuple):
    """What stands in front of the pixel data.

    `options` has the names and values of pydicom's decoding options, those of the caller over those of the file, and
    ``high_bit``; they must not be changed. `key`: what the scanner has found, where that alone describes the image.
    `offset` is where the pixel data's value begins, `length` is None where it is undefined. `dataset`
    is what pydicom has read, if it had to. `display`: what says how the image is to be seen, where that was asked for.
    """

    options: dict[str, Any]
    transfer_syntax: str
    tag: int
    vr: str | None
    offset: int
    length: int | None
    dataset: "Dataset | None" = None
    key: Hashable = None
    display: tuple[tuple[int, bytes], ...] = ()


def scan(source: Source, options: dict[str, Any], *, display: bool = False) -> tuple[Source, Header] | None:
    """Return the header of a file, which may begin in any way, or None where pydicom has to judge it.

    Return also the bytes in which the pixel data lies: those of a deflated file are others. `display`: find out how the
    image is to be seen, too.
    """
    given = options.get("transfer_syntax_uid") or None
    if not (given is None or (isinstance(given, str) and given.isascii())) or not reads_by_default():
        return None
    found = find_pixel_data(source, start="forced", transfer_syntax=given, display=display)
    if isinstance(found, int):
        source = source.deflate_stream(found)
        syntax = DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
        found = find_pixel_data(source, start="data set", transfer_syntax=syntax, display=display)
    header = header_of(found, options)
    return None if header is None else (source, header)


def scan_file(head: Source, options: dict[str, Any]) -> Header | None:
    """Return the header of a plain file, of which `head` is the beginning, or None."""
    if "transfer_syntax_uid" in options or not reads_by_default():
        return None
    return header_of(find_pixel_data(head, start="file", transfer_syntax=None), options)


def header_of(found: tuple[Any, ...] | int | None, options: dict[str, Any]) -> Header | None:
    """Return what the scanner has found by pydicom's names."""
    if not isinstance(found, tuple):
        return None
    key, offset, length, display = found
    transfer_syntax, _, _, _, tag, vr = key
    if transfer_syntax not in CODECS:
        return None
    if options:
        return Header({**_by_name(key), **options}, transfer_syntax, tag, vr, offset, length, display=display)
    return Header(_by_name(key), transfer_syntax, tag, vr, offset, length, key=key, display=display)


@lru_cache(maxsize=256)
def _by_name(key: tuple[Any, ...]) -> dict[str, Any]:
    """Return what describes an image by the names of pydicom's options: once for the files of a series."""
    _, numbers, photometric_interpretation, number_of_frames, _, _ = key
    described: dict[str, Any] = {OPTION_NAMES[tag]: number for tag, number in numbers}
    described["number_of_frames"] = number_of_frames or 1
    if photometric_interpretation is not None:
        described["photometric_interpretation"] = photometric_interpretation
    return described


def reads_by_default() -> bool:
    """Tell whether pydicom reads data sets as it does without anybody's hooks, of which there are none without it."""
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
