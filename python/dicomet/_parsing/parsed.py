"""The result of parsing, whether by the scanner or by pydicom: all that decoding needs of a data set."""

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dicomet._native import Source
from dicomet._parsing.decode_options import DecodeOptions
from dicomet._parsing.tags import PIXEL_DATA_ELEMENTS

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

KEYWORDS = {int(tag): keyword for keyword, tag in PIXEL_DATA_ELEMENTS.items()}
"""The keywords of the elements that hold samples, by tag."""


class Parsed(NamedTuple):
    """The description of an image, and its pixel data.

    `attributes`: the unchecked values of the Image Pixel module and of the Extended Offset Table, by pydicom's option
    names, where the caller's values override those of the data set. `options`: how the caller wants the image decoded.
    `value`: the bytes of the pixel data element's value; if `is_one_frame`, those of a frame alone, without items.
    `warning`: a defect of the element that does not matter if the requested samples are present. `key`: if it is not
    None, images with equal keys and options have equal descriptions. `display`: the scanned elements that determine
    display values, if they were requested; otherwise `dataset` has them.
    """

    attributes: Mapping[str, Any]
    options: DecodeOptions
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
    is_one_frame: bool = False

    @property
    def delimited(self) -> bool:
        """Whether `value` includes the Sequence Delimitation Item (PS3.5 A.4), which pydicom's parser removes."""
        return self.undefined_length and not self.is_dataset

    @property
    def element(self) -> str:
        """The pixel data element, as messages name it."""
        return PIXEL_DATA_ELEMENTS[self.keyword].label
