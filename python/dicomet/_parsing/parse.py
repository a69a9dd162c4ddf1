"""From a source to its image description and its pixel data element.

A plain file is scanned for the few elements that matter (`header.py`); all else pydicom parses (`data_set.py`). What is
taken is in `Parsed`, and nothing later looks into a data set again.
"""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeGuard

from dicomet._parsing.header import scan
from dicomet._parsing.parsed import ELEMENT_LABELS, KEYWORDS, Parsed
from dicomet._parsing.source import Readable, open_source

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def parse(
    src: "Readable | Dataset",
    options: dict[str, Any],
    specific_tags: Iterable[int] | None = None,
    *,
    display_tags: Iterable[int] | None = None,
) -> Parsed:
    """Parse `src` up to its pixel data, and read nothing of that.

    `specific_tags`: what `ds_out` wants besides. `display_tags`: what display wants besides, if it wants anything.
    """
    if is_dataset(src):
        from dicomet._parsing.pydicom_parser import parse_dataset  # noqa: PLC0415 - imports pydicom

        return parse_dataset(src, options)
    source = open_source(src)
    # The elements of `ds_out` have to be pydicom's.
    found = scan(source, options, display=display_tags is not None) if specific_tags is None else None
    if found is None:
        from dicomet._parsing.pydicom_parser import parse_header  # noqa: PLC0415 - imports pydicom

        found = parse_header(source, options, specific_tags if display_tags is None else display_tags)
    source, header = found
    available = source.length - header.offset
    warning = None
    if header.length is not None:
        if header.length > available:
            warning = (
                f"{ELEMENT_LABELS[KEYWORDS[header.tag]]}: found {available} bytes to the end of the file, expected "
            )
            warning += str(header.length)
        available = min(available, header.length)
    return Parsed(
        options=header.options,
        transfer_syntax=header.transfer_syntax,
        keyword=KEYWORDS[header.tag],
        vr=header.vr,
        value=source.part(header.offset, available),
        undefined_length=header.length is None,
        dataset=header.dataset,
        is_dataset=False,
        warning=warning,
        key=header.key,
        display=header.display,
    )


def is_dataset(src: object) -> "TypeGuard[Dataset]":
    """Tell whether `src` is a pydicom data set, without importing pydicom: there is none before somebody has."""
    data_set = getattr(sys.modules.get("pydicom.dataset"), "Dataset", None)
    return data_set is not None and isinstance(src, data_set)
