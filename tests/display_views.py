"""Views of an image, usable or not, for the tests of `to_display`."""

import warnings

import numpy as np
from display_images import image, lut_item, raw_element
from pydicom.dataset import Dataset

CENTER, WIDTH, NAME, FUNCTION = 0x00281050, 0x00281051, 0x00281055, 0x00281056
STORED = np.arange(0, 4096, 64, dtype=np.uint16).reshape(8, 8)


def caught(call, *arguments, **options) -> tuple[np.ndarray, list[str]]:
    """Return the result of a call, and the texts of its warnings."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        return call(*arguments, **options), [str(one.message) for one in found if "dicomet" not in one.filename]


def with_windows(pairs, function: str | None = None, stored: np.ndarray = STORED) -> Dataset:
    ds = image(stored, 12)
    if pairs:
        raw_element(ds, CENTER, "DS", "\\".join(center for center, _ in pairs).encode())
        raw_element(ds, WIDTH, "DS", "\\".join(width for _, width in pairs).encode())
        raw_element(ds, NAME, "LO", "\\".join(f"VIEW {number}" for number in range(len(pairs))).encode())
    if function is not None:
        raw_element(ds, FUNCTION, "CS", function.encode())
    return ds


def table(kind: str, explanation: str) -> Dataset:
    """Return an item of the VOI LUT Sequence: one that inverts 12 bits, or one that cannot be used."""
    item = lut_item(0, np.arange(4096)[::-1], 12, words=True)
    item.LUTExplanation = explanation
    if kind == "no descriptor":
        del item.LUTDescriptor
    elif kind == "no data":
        del item.LUTData
    elif kind == "too few entries":
        item.LUTData = item.LUTData[:100]
    elif kind == "7 bits":
        item.LUTDescriptor = [4096, 0, 7]
    elif kind == "descriptor of texts":
        item.add_new(0x00283002, "UC", ["a", "b", "c"])
    return item
