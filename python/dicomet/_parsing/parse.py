"""Parsing a source: the description of the image, and its pixel data element.

A file is scanned for the few elements that decoding needs (`header.py`); what the scanner does not take goes to
pydicom's parser (`pydicom_parser.py`). The result is a `Parsed`; later steps do not look into the data set again.
"""

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from dicomet._parsing.decode_options import split
from dicomet._parsing.header import scan
from dicomet._parsing.parsed import KEYWORDS, Parsed
from dicomet._parsing.source import Readable, open_source
from dicomet._parsing.tags import label_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def parse(
    src: "Readable | Dataset",
    arguments: Mapping[str, Any],
    specific_tags: Iterable[int] | None = None,
    *,
    display_tags: Iterable[int] | None = None,
    max_bytes: int | None = None,
) -> Parsed:
    """Parse `src` up to its pixel data, without reading the pixel data itself.

    `arguments`: the caller's keyword arguments, with pydicom's names. `specific_tags`: additional elements for
    `ds_out`; None without it. `display_tags`: additional elements for display values; None if the caller needs stored
    values only. `max_bytes`: the caller's limit, for objects without random access.
    """
    overrides, options = split(arguments)
    if is_dataset(src):
        from dicomet._parsing.pydicom_parser import parse_dataset  # noqa: PLC0415 - imports pydicom

        return parse_dataset(src, overrides, options)
    source = open_source(src, max_bytes)
    # `ds_out` needs pydicom's elements, which the scanner does not build.
    found = scan(source, overrides, display=display_tags is not None) if specific_tags is None else None
    if found is None:
        from dicomet._parsing.pydicom_parser import parse_header  # noqa: PLC0415 - imports pydicom

        found = parse_header(source, overrides, specific_tags if display_tags is None else display_tags)
    source, header = found
    available = source.length - header.offset
    warning = None
    if header.length is not None:
        if header.length > available:
            warning = f"{label_of(header.tag)}: found {available} bytes to the end of the file, expected "
            warning += str(header.length)
        available = min(available, header.length)
    return Parsed(
        attributes=header.attributes,
        options=options,
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
    """Return whether `src` is a pydicom data set, without importing pydicom: before that, no data set exists."""
    data_set = getattr(sys.modules.get("pydicom.dataset"), "Dataset", None)
    return data_set is not None and isinstance(src, data_set)
