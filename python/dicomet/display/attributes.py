"""The display attributes of an image and its frames (PS3.3 C.7.6.3.1, C.11), read once from the data set."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, partial
from typing import TYPE_CHECKING

from dicomet._native import Image, Palette
from dicomet._parsing import tags
from dicomet._parsing.parser_errors import as_pixel_data_error
from dicomet._parsing.transfer_syntax import EXPLICIT_VR_BIG_ENDIAN
from dicomet._utils.warn import Notice, WarnOnce
from dicomet.display.elements import (
    DisplayAttributes,
    FrameElements,
    decimal,
    has_groups,
    items,
    of_header,
    term,
)
from dicomet.display.icc import profile_of
from dicomet.display.modality import Found, Modality, ValueRange, modality_range, rescale_of
from dicomet.display.pixel_spacing import pixel_aspect
from dicomet.display.windows import MAX_VIEWS, UsableVoi, View, unusable_view, voi_or_error, windows_of
from dicomet.errors import MissingElementError, PixelDataError, short_repr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

    from dicomet._parsing.parsed import Parsed
    from dicomet.display.real_world_mapping import MappingChoice, RealWorldMapping
    from dicomet.display.tables import Table

Padding = tuple[int, int]
"""The first and last stored value that mark padding."""

PALETTES = frozenset({"PALETTE COLOR", "PALETTE_COLOR"})


def _no_modality_lut() -> None:
    return None


def _no_voi_luts(_: Modality) -> tuple[View, ...]:
    return ()


@dataclass(frozen=True)
class Attributes:
    """The display attributes of a frame. Each is read on first access, so an invalid one that is not needed is fine."""

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
        """The VOI LUTs of the frame, usable or not."""
        return self.voi_luts(self.modality.modality)

    @property
    def windows(self) -> tuple[View, ...]:
        """The windows of the frame, usable or not."""
        return windows_of(self.elements)

    @property
    def inverse(self) -> bool:
        """Whether the lowest value is the brightest."""
        return _is_inverse(self.elements, self.photometric_interpretation)

    @property
    def padding(self) -> tuple[Padding | None, tuple[Notice, ...]]:
        """The padding range. An unreadable one is ignored, with a notice: that only widens the measured range."""
        try:
            return _padding(self.elements), ()
        except PixelDataError as error:
            return None, (Notice(error.element or "", f"{error}; it is not used"),)


class ImageAttributes:
    """The display attributes of an image: those of each frame, the palette and the ICC profile."""

    def __init__(self, parsed: "Parsed", image: Image, stored_range: ValueRange) -> None:
        """Store the arguments; read nothing. `stored_range`: the lowest and the highest possible stored value."""
        self.warn = WarnOnce()
        self._parsed = parsed
        self._dataset = parsed.dataset
        self._stored_range = stored_range
        self._big_endian = parsed.transfer_syntax == EXPLICIT_VR_BIG_ENDIAN
        self._photometric = image.photometric_interpretation
        self._signed = image.pixel_representation == 1
        self._is_float = image.dtype.startswith("float")
        self._varies = self._dataset is not None and has_groups(self._dataset)
        self._of_all: Attributes | None = None
        self._palette: Palette | None = None
        # Cache of the last frame's mapping to real world values, with its items and the choice.
        self._mapping: tuple[Sequence[Dataset], MappingChoice, RealWorldMapping] | None = None
        # Cache of the last frame's VOI LUTs, with their items and inputs: frames with the same item share them.
        self._voi: tuple[Sequence[Dataset], ValueRange, tuple[View, ...]] | None = None

    def frame(self, index: int) -> Attributes:
        """Return the display attributes of a frame.

        Raises
        ------
        PixelDataError
            An element has an invalid value.

        """
        if self._varies:
            return self._attributes(index)
        if self._of_all is None:
            self._of_all = self._attributes(0)
        return self._of_all

    @property
    def varies(self) -> bool:
        """Whether frames may differ in their attributes."""
        return self._varies

    def palette(self) -> Palette | None:
        """Return the palette of a PALETTE COLOR image, or a supplemental palette (PS3.3 C.7.6.19), or None."""
        if self._photometric not in PALETTES and not self.is_supplemental:
            return None
        if self._dataset is None:
            # The scanner leaves files with a palette to pydicom's parser, so this file has none.
            element = tags.PALETTE_DESCRIPTORS[0].label
            raise MissingElementError(f"Missing required element: {element}", element=element)
        if self._palette is None:
            from dicomet.display.tables import palette_of  # noqa: PLC0415 - few images have tables

            with self._reading():
                colors = palette_of(self._dataset, self._stored_range, big_endian=self._big_endian)
            self.warn(colors.notices)
            self._palette = colors.palette
        return self._palette

    @property
    def is_supplemental(self) -> bool:
        """Whether values below the palette's first input are gray, and the others colors (PS3.3 C.8.16.2.1.1.1)."""
        if self._dataset is None or self._photometric in PALETTES:
            return False
        if tags.PALETTE_DESCRIPTORS[0] not in self._dataset:
            return False
        with self._reading():
            return str(self._dataset.get("PixelPresentation", None)).strip() in ("COLOR", "MIXED")

    def icc_profile(self) -> bytes | None:
        """Return the ICC Profile of the image, or of its first optical path (PS3.3 C.11.15, C.8.12.5)."""
        dataset = self._dataset
        if dataset is None:
            return None
        with self._reading():
            return profile_of(dataset)

    def pixel_aspect(self) -> float:
        """Return the height of a pixel of the first frame / its width; 1 if the image does not say.

        The elements of `pixel_spacing.KEYWORDS` must have been read.
        """
        from dicomet._parsing.element_reader import ElementReader  # noqa: PLC0415 - imports pydicom

        return 1.0 if self._dataset is None else pixel_aspect(ElementReader(self._dataset, []).value)

    def real_world_mapping(self, index: int, choice: "MappingChoice") -> "RealWorldMapping":
        """Return a mapping of a frame to real world values. `REAL_WORLD_TAGS` must have been read.

        Raises
        ------
        PixelDataError
            The frame has no such mapping, or several; or the mapping is invalid.

        """
        from dicomet.display.real_world_mapping import mapping_items, mapping_of  # noqa: PLC0415 - few have mappings

        if self._dataset is None:
            raise LookupError("the elements of real world values have not been read")
        found = mapping_items(self._dataset, index)
        if self._mapping is None or self._mapping[0] is not found or self._mapping[1] != choice:
            signed = None if self._is_float else self._signed
            self._mapping = found, choice, mapping_of(found, self._dataset, index, choice, signed=signed)
        return self._mapping[2]

    def _reading(self) -> "AbstractContextManager[None]":
        """Convert pydicom's exceptions for a malformed data set into `PixelDataError`."""
        if self._dataset is None:
            return nullcontext()
        return as_pixel_data_error()

    @cached_property
    def _modality_lut(self) -> Found | None:
        """The first item of the Modality LUT Sequence, which applies to all frames."""
        if self._dataset is None:
            return None
        with self._reading():
            found = items(self._dataset, tags.MODALITY_LUT_SEQUENCE)
        return Found(self._table(found[0], self._stored_range, is_exact=True).lut) if found else None

    def _table(self, item: "Dataset", inputs: ValueRange, *, is_exact: bool) -> "Table":
        from dicomet.display.tables import lut_of  # noqa: PLC0415 - few images have tables

        with self._reading():
            return lut_of(item, inputs, big_endian=self._big_endian, is_exact=is_exact)

    def _read_table(self, item: "Dataset", inputs: ValueRange) -> UsableVoi:
        return UsableVoi(*self._table(item, inputs, is_exact=False))

    def _attributes(self, index: int) -> Attributes:
        if self._dataset is None:
            return _of_header(self._parsed.display, self._signed, self._photometric)
        elements = FrameElements(self._dataset, index, signed=self._signed, warn=self.warn)
        return Attributes(elements, self._photometric, lambda: self._modality_lut, partial(self._voi_luts, elements))

    def _voi_luts(self, elements: FrameElements, modality: Modality) -> tuple[View, ...]:
        try:
            found = elements.voi_lut_items()
        except PixelDataError as error:
            return (unusable_view(error),)
        inputs = modality_range(modality, self._stored_range)
        if self._voi is None or self._voi[0] is not found or self._voi[1] != inputs:
            self._voi = found, inputs, tuple(self._view(item, inputs) for item in found[:MAX_VIEWS])
        return self._voi[2]

    def _view(self, item: "Dataset", inputs: ValueRange) -> View:
        read = partial(voi_or_error, partial(self._read_table, item, inputs))
        return View(partial(self._explanation, item), cache(read))

    def _explanation(self, item: "Dataset") -> str:
        try:
            with self._reading():
                return str(item.get("LUTExplanation", None) or "")
        except PixelDataError:
            return ""


@lru_cache(maxsize=256)
def _of_header(display: tuple[tuple[int, bytes], ...], signed: bool, photometric_interpretation: str) -> Attributes:  # noqa: FBT001
    """Return the display attributes of an image without tables, cached for the files of a series."""
    return Attributes(of_header(display, signed=signed), photometric_interpretation)


def _is_inverse(elements: DisplayAttributes, photometric_interpretation: str) -> bool:
    """Tell whether the frame is inverted: by Presentation LUT Shape (PS3.3 C.11.6.1.2), else by MONOCHROME1.

    The shape states the same as the Photometric Interpretation (PS3.3 C.7.6.3.1.2), so it takes precedence.
    """
    shape = term(elements, tags.PRESENTATION_LUT_SHAPE)
    if shape not in (None, "IDENTITY", "INVERSE"):
        name = tags.PRESENTATION_LUT_SHAPE.label
        raise PixelDataError(f"{name}: found {short_repr(shape)}, expected IDENTITY or INVERSE", element=name)
    return photometric_interpretation == "MONOCHROME1" if shape is None else shape == "INVERSE"


def _padding(elements: DisplayAttributes) -> Padding | None:
    """Return the padding range: Pixel Padding Value alone, or up to Pixel Padding Range Limit (PS3.3 C.7.5.1.1.2)."""
    values = elements.texts(tags.PIXEL_PADDING_VALUE)
    if not values:
        return None
    limits = elements.texts(tags.PIXEL_PADDING_RANGE_LIMIT) or values
    value = decimal(values[0], tags.PIXEL_PADDING_VALUE)
    ends = sorted((int(value), int(decimal(limits[0], tags.PIXEL_PADDING_RANGE_LIMIT))))
    return ends[0], ends[1]
