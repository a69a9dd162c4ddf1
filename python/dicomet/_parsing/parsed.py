"""What decoding needs of a data set, whoever has parsed it."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, NamedTuple

from dicomet._native import Source
from dicomet.errors import PIXEL_DATA

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

KEYWORDS = {0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00010: "PixelData"}
ELEMENT_LABELS = {
    "FloatPixelData": "(7FE0,0008) Float Pixel Data",
    "DoubleFloatPixelData": "(7FE0,0009) Double Float Pixel Data",
    "PixelData": PIXEL_DATA,
}


class Parsed(NamedTuple):
    """What decoding needs of a data set.

    `options` has the names and values of pydicom's decoding options, with those of the caller over those of the data
    set, and ``high_bit``. `warning` is what is wrong with the element, but does not matter where the samples are there.
    `key`: equal ones describe equal images, where it is not None. `display`: what a plain file says of how it is to be
    seen, where that was asked for; any other file says it in its `dataset`.
    """

    options: dict[str, Any]
    transfer_syntax: str
    keyword: str
    vr: str | None
    value: Source
    undefined_length: bool
    dataset: "Dataset | None"
    is_dataset: bool
    warning: str | None = None
    key: Hashable = None
    display: tuple[tuple[int, bytes], ...] = ()

    @property
    def delimited(self) -> bool:
        """The Sequence Delimitation Item (PS3.5 A.4) belongs to the bytes of the value: no parser has removed it."""
        return self.undefined_length and not self.is_dataset

    @property
    def element(self) -> str:
        """The pixel data element, as it is named in messages."""
        return ELEMENT_LABELS[self.keyword]
