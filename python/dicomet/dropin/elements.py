"""The elements that describe an image, in a data set that has converted them already.

Reading such an element has no side effect and always the same result. pydicom looks them up again at every step (five
times in its `convert_pixel_data`); here one look-up is enough.
"""

from typing import Any, NamedTuple

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.pixels.utils import _IMAGE_PIXEL

from dicomet._parsing.parsed import KEYWORDS
from dicomet._parsing.tags import IMAGE_PIXEL, TRANSFER_SYNTAX_UID

# The keywords of pydicom's `get_image_pixel_ids`, in its order, in which raw elements are converted.
IDENTIFYING = (*(tag.keyword for tag in IMAGE_PIXEL), *KEYWORDS.values())
TAGS = (*_IMAGE_PIXEL, *KEYWORDS)
NAMES = (*_IMAGE_PIXEL.values(),)
READ = frozenset({DataElement, type(None)})
# Classes known to have no attributes named like elements.
CLASSES = frozenset({Dataset, FileDataset})


class CachedElements(NamedTuple):
    """The elements of `TAGS` (None if absent), and their values."""

    elements: list[DataElement | None]
    values: list[Any]

    def ids(self) -> dict[str, int]:
        """Return the same as pydicom's `get_image_pixel_ids`."""
        return dict(zip(IDENTIFYING, map(id, self.values), strict=True))

    def described(self) -> dict[str, Any]:
        """Return the values that pydicom's `as_pixel_options` takes from the Image Pixel module."""
        elements, values = self
        return {name: values[at] for at, name in enumerate(NAMES) if elements[at] is not None}

    def pixel_data(self) -> dict[int, DataElement]:
        """Return the pixel data elements by tag."""
        found = zip(KEYWORDS, self.elements[len(NAMES) :], strict=True)
        return {tag: element for tag, element in found if element is not None}


def read_before(dataset: Dataset) -> CachedElements | None:
    """Return the elements, or None if one is still raw, or of another class."""
    elements: list[Any] = [*map(dataset._dict.get, TAGS)]  # type: ignore[arg-type]  # noqa: SLF001
    if not READ.issuperset(map(type, elements)):
        return None
    return CachedElements(elements, [None if element is None else element.value for element in elements])


def is_plain(dataset: Any) -> bool:
    """Return whether pydicom's own code handles access to the attributes and elements of `dataset`."""
    kind = type(dataset)
    return (
        issubclass(kind, Dataset)
        and kind.__getattribute__ is object.__getattribute__
        and kind.__getattr__ is Dataset.__getattr__
        and kind.__getitem__ is Dataset.__getitem__
        and kind.__contains__ is Dataset.__contains__
        and vars(dataset).keys().isdisjoint(IDENTIFYING)
        and (kind in CLASSES or not any(hasattr(kind, name) for name in IDENTIFYING))
    )


def transfer_syntax(dataset: Dataset) -> Any:
    """Return Transfer Syntax UID, or None if reading it might have a side effect."""
    file_meta = getattr(dataset, "file_meta", None)
    if type(file_meta) is not FileMetaDataset or "TransferSyntaxUID" in vars(file_meta):
        return None
    element = file_meta._dict.get(TRANSFER_SYNTAX_UID)  # type: ignore[call-overload]  # noqa: SLF001
    return element.value if type(element) is DataElement else None
