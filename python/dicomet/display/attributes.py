"""How the frames of an image are to be seen, as its data set says (PS3.3 C.7.6.3.1, C.11), learnt once."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, partial
from typing import TYPE_CHECKING

from dicomet._native import Palette
from dicomet._parsing.transfer_syntax import EXPLICIT_VR_BIG_ENDIAN
from dicomet._utils.warn import Notice, WarnOnce
from dicomet.display import elements as tags
from dicomet.display.elements import (
    NAMES,
    DisplayAttributes,
    FrameElements,
    decimal,
    has_groups,
    items,
    of_header,
    term,
)
from dicomet.display.modality import Ends, Found, Modality, ends_of, rescale_of
from dicomet.display.windows import MOST_VIEWS, Seen, View, outcome, unusable, windows_of
from dicomet.errors import MissingElementError, PixelDataError, short_repr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

    from dicomet._parsing.parsed import Parsed
    from dicomet.display.tables import Table

Padding = tuple[int, int]
"""The stored values, from and to, that are no pixels."""

PALETTES = frozenset({"PALETTE COLOR", "PALETTE_COLOR"})


def _no_modality_lut() -> None:
    return None


def _no_voi_luts(_: Modality) -> tuple[View, ...]:
    return ()


@dataclass(frozen=True)
class Attributes:
    """How a frame is to be seen. What is not asked for is not read, and need not be right."""

    elements: DisplayAttributes
    photometric_interpretation: str
    modality_lut: Callable[[], Found | None] = _no_modality_lut
    voi_luts: Callable[[Modality], tuple[View, ...]] = _no_voi_luts

    @cached_property
    def modality(self) -> Found:
        """The Modality LUT."""
        return self.modality_lut() or rescale_of(self.elements)

    @property
    def luts(self) -> tuple[View, ...]:
        """The VOI LUTs of the file, usable or not."""
        return self.voi_luts(self.modality.modality)

    @property
    def windows(self) -> tuple[View, ...]:
        """The windows of the file, usable or not."""
        return windows_of(self.elements)

    @property
    def inverse(self) -> bool:
        """The lowest value is the brightest."""
        return _is_inverse(self.elements, self.photometric_interpretation)

    @property
    def padding(self) -> tuple[Padding | None, tuple[Notice, ...]]:
        """Pixel Padding Value. An unreadable one is not used, with a notice: it only widens what is measured."""
        try:
            return _padding(self.elements), ()
        except PixelDataError as error:
            return None, (Notice(error.element or "", f"{error}; it is not used"),)


class ImageAttributes:
    """How an image is to be seen."""

    def __init__(self, parsed: "Parsed", stored_range: Ends) -> None:
        """Read nothing. `stored_range`: the lowest and the highest stored value that there can be."""
        self.warn = WarnOnce()
        self._parsed = parsed
        self._dataset = parsed.dataset
        self._stored_ends = stored_range
        self._big_endian = parsed.transfer_syntax == EXPLICIT_VR_BIG_ENDIAN
        self._photometric = str(parsed.options.get("photometric_interpretation"))
        self._varies = self._dataset is not None and has_groups(self._dataset)
        self._of_all: Attributes | None = None
        self._palette: Palette | None = None
        # The VOI LUTs of the last frame, which those with the same item have, too.
        self._voi: tuple[Sequence[Dataset], Ends, tuple[View, ...]] | None = None

    def frame(self, index: int) -> Attributes:
        """Return how a frame is to be seen.

        Raises
        ------
        PixelDataError
            An element has a value that cannot be.

        """
        if self._varies:
            return self._attributes(index)
        if self._of_all is None:
            self._of_all = self._attributes(0)
        return self._of_all

    @property
    def varies(self) -> bool:
        """Frames may differ."""
        return self._varies

    def palette(self) -> Palette | None:
        """Return the palette of PALETTE COLOR, or a supplemental one (PS3.3 C.7.6.19), if there is one."""
        if self._photometric not in PALETTES and not self.is_supplemental:
            return None
        if self._dataset is None:
            # The scanner leaves files that have one to pydicom.
            element = "(0028,1101) Red Palette Color Lookup Table Descriptor"
            raise MissingElementError(f"Missing required element: {element}", element=element)
        if self._palette is None:
            from dicomet.display.tables import palette_of  # noqa: PLC0415 - few images have tables

            with self._reading():
                colors = palette_of(self._dataset, self._stored_ends, big_endian=self._big_endian)
            self.warn(colors.notices)
            self._palette = colors.palette
        return self._palette

    @property
    def is_supplemental(self) -> bool:
        """Greys below the first value of the palette, and colours from there on (PS3.3 C.8.16.2.1.1.1)."""
        if self._dataset is None or self._photometric in PALETTES:
            return False
        if "RedPaletteColorLookupTableDescriptor" not in self._dataset:
            return False
        with self._reading():
            return str(self._dataset.get("PixelPresentation", None)).strip() in ("COLOR", "MIXED")

    def icc_profile(self) -> bytes | None:
        """Return the ICC Profile of the image, or of its first optical path (PS3.3 C.11.15, C.8.12.5)."""
        dataset = self._dataset
        if dataset is None:
            return None
        with self._reading():
            paths = items(dataset, tags.OPTICAL_PATH_SEQUENCE)
            profile = dataset.get("ICCProfile", None) or (paths[0].get("ICCProfile", None) if paths else None)
            if profile and not isinstance(profile, bytes):
                name = "(0028,2000) ICC Profile"
                raise PixelDataError(f"{name}: found {short_repr(profile)}, expected bytes", element=name)
            return profile or None

    def _reading(self) -> "AbstractContextManager[None]":
        """Turn what pydicom raises for a malformed data set into the one exception."""
        if self._dataset is None:
            return nullcontext()
        from dicomet._parsing.pydicom_parser import as_pixel_data_error  # noqa: PLC0415 - imports pydicom

        return as_pixel_data_error()

    @cached_property
    def _modality_lut(self) -> Found | None:
        """The first item of the Modality LUT Sequence, which all frames have."""
        if self._dataset is None:
            return None
        with self._reading():
            found = items(self._dataset, tags.MODALITY_LUT_SEQUENCE)
        return Found(self._table(found[0], self._stored_ends, is_exact=True).lut) if found else None

    def _table(self, item: "Dataset", inputs: Ends, *, is_exact: bool) -> "Table":
        from dicomet.display.tables import lut_of  # noqa: PLC0415 - few images have tables

        with self._reading():
            return lut_of(item, inputs, big_endian=self._big_endian, is_exact=is_exact)

    def _seen(self, item: "Dataset", inputs: Ends) -> Seen:
        return Seen(*self._table(item, inputs, is_exact=False))

    def _attributes(self, index: int) -> Attributes:
        signed = self._parsed.options.get("pixel_representation") == 1
        if self._dataset is None:
            return _of_header(self._parsed.display, signed, self._photometric)
        elements = FrameElements(self._dataset, index, signed=signed)
        return Attributes(elements, self._photometric, lambda: self._modality_lut, partial(self._voi_luts, elements))

    def _voi_luts(self, elements: FrameElements, modality: Modality) -> tuple[View, ...]:
        try:
            found = elements.voi_lut_items()
        except PixelDataError as error:
            return (unusable(error),)
        inputs = ends_of(modality, self._stored_ends)
        if self._voi is None or self._voi[0] is not found or self._voi[1] != inputs:
            self._voi = found, inputs, tuple(self._view(item, inputs) for item in found[:MOST_VIEWS])
        return self._voi[2]

    def _view(self, item: "Dataset", inputs: Ends) -> View:
        return View(partial(self._explanation, item), cache(partial(outcome, partial(self._seen, item, inputs))))

    def _explanation(self, item: "Dataset") -> str:
        try:
            with self._reading():
                return str(item.get("LUTExplanation", None) or "")
        except PixelDataError:
            return ""


@lru_cache(maxsize=256)
def _of_header(display: tuple[tuple[int, bytes], ...], signed: bool, photometric_interpretation: str) -> Attributes:  # noqa: FBT001
    """Return how an image is to be seen that has no tables: once for the files of a series."""
    return Attributes(of_header(display, signed=signed), photometric_interpretation)


def _is_inverse(elements: DisplayAttributes, photometric_interpretation: str) -> bool:
    """PS3.3 C.11.6.1.2, C.7.6.3.1.2: the shape counts, where there is one, as it says what MONOCHROME1 says."""
    shape = term(elements, tags.PRESENTATION_LUT_SHAPE)
    if shape not in (None, "IDENTITY", "INVERSE"):
        name = NAMES[tags.PRESENTATION_LUT_SHAPE]
        raise PixelDataError(f"{name}: found {short_repr(shape)}, expected IDENTITY or INVERSE", element=name)
    return photometric_interpretation == "MONOCHROME1" if shape is None else shape == "INVERSE"


def _padding(elements: DisplayAttributes) -> Padding | None:
    """PS3.3 C.7.5.1.1.2: one value, or all from one to another."""
    values = elements.texts(tags.PIXEL_PADDING_VALUE)
    if not values:
        return None
    limits = elements.texts(tags.PIXEL_PADDING_RANGE_LIMIT) or values
    value = decimal(values[0], tags.PIXEL_PADDING_VALUE)
    ends = sorted((int(value), int(decimal(limits[0], tags.PIXEL_PADDING_RANGE_LIMIT))))
    return ends[0], ends[1]
