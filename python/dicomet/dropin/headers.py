"""The header that pydicom reads from a file before it decodes without a data set, read by the scanner instead."""

import functools
import logging
from collections.abc import Callable
from typing import Any, BinaryIO

from pydicom import config
from pydicom.dataset import Dataset
from pydicom.pixels import utils
from pydicom.pixels.decoders import base
from pydicom.uid import UID

from dicomet._native import Source
from dicomet._parsing.header import scan_file
from dicomet._parsing.parsed import KEYWORDS
from dicomet.dropin.request import is_plain_file

Common = Callable[..., tuple[Dataset, dict[str, Any]]]
# Bytes read from a file; pydicom parses files whose pixel data begins later.
HEAD = 1 << 16
LOGGER = logging.getLogger("pydicom")


def replacement(original: Common) -> Common:
    """Return a replacement for pydicom's `_array_common`."""

    @functools.wraps(original)
    def array_common(f: BinaryIO, specific_tags: list[Any], **kwargs: Any) -> tuple[Dataset, dict[str, Any]]:
        options = _scanned(f, specific_tags, kwargs)
        return original(f, specific_tags, **kwargs) if options is None else (Dataset(), options)

    return array_common


def _scanned(file: BinaryIO, specific_tags: list[Any], options: dict[str, Any]) -> dict[str, Any] | None:
    """Return the options that pydicom reads from a plain file, left at the value of its pixel data.

    Return None if pydicom must read the file, whose position is then unchanged.
    """
    # Calls with `ds_out` need other tags, for a data set that must be filled.
    if not is_plain_file(file) or set(specific_tags) != utils._DEFAULT_TAGS or config.use_IS_numpy:  # noqa: SLF001
        return None
    # pydicom logs the elements that it reads at the level DEBUG.
    if LOGGER.isEnabledFor(logging.DEBUG) or file.tell() != 0:
        return None
    header = scan_file(Source.from_buffer(file.read(HEAD)), options)
    if header is None or header.transfer_syntax not in base._PIXEL_DATA_DECODERS:  # noqa: SLF001
        file.seek(0)
        return None
    file.seek(header.offset)
    found = {name: value for name, value in header.attributes.items() if name != "high_bit" or name in options}
    found["transfer_syntax_uid"] = UID(header.transfer_syntax)
    found["pixel_keyword"] = KEYWORDS[header.tag]
    if header.vr is not None:
        found["pixel_vr"] = header.vr
    return found
