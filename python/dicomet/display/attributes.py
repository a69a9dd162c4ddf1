"""How the frames of an image are to be seen, as its data set says (PS3.3 C.7.6.3.1, C.11), learnt once."""

from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from dicomet._native import Lut, Palette
from dicomet.display import elements as tags
from dicomet.display.elements import NAMES, Elements, group_of, has_groups, items, of_dataset, of_header
from dicomet.errors import MissingElementError, PixelDataError, shown
from dicomet.transfer_syntax import EXPLICIT_VR_BIG_ENDIAN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydicom.dataset import Dataset

    from dicomet.parsed import Parsed

Modality = tuple[float, float] | Lut | None
# Center, width and function.
Window = tuple[float, float, str]

# No modality has such values, and float32 none that are made of them.
MOST = 1e30
PALETTES = frozenset({"PALETTE COLOR", "PALETTE_COLOR"})
FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


class View(NamedTuple):
    """A view of an image (PS3.3 C.11.2): its explanation, and a window, or what makes the table of an item."""

    name: str
    voi: "Window | Callable[[], Lut]"


class Attributes(NamedTuple):
    """How a frame is to be seen. What nobody asks for is not looked at, and need not be right.

    `modality`: slope and intercept, or a table.
    """

    modality: Modality
    luts: tuple[View, ...]
    elements: Elements
    photometric_interpretation: str

    @property
    def windows(self) -> tuple[View, ...]:
        """The windows of the file."""
        return _windows(self.elements)

    @property
    def inverse(self) -> bool:
        """The lowest value is the brightest."""
        return _is_inverse(self.elements, self.photometric_interpretation)

    @property
    def padding(self) -> tuple[int, int] | None:
        """The stored values, from and to, that are no pixels."""
        return _padding(self.elements)


class ImageAttributes:
    """How an image is to be seen."""

    def __init__(self, parsed: "Parsed") -> None:
        """Look at what all frames have in common."""
        self._parsed = parsed
        self._dataset = parsed.dataset
        self._big_endian = parsed.transfer_syntax == EXPLICIT_VR_BIG_ENDIAN
        self._photometric = str(parsed.options.get("photometric_interpretation"))
        self._varies = self._dataset is not None and has_groups(self._dataset)
        self._modality_lut = self._first_lut()
        self._of_all: Attributes | None = None
        self._palette: Palette | None = None

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
                self._palette = palette_of(self._dataset, big_endian=self._big_endian)
        return self._palette

    @property
    def is_supplemental(self) -> bool:
        """Greys below the first value of the palette, and colours from there on (PS3.3 C.8.16.2.1.1.1)."""
        if self._dataset is None or self._photometric in PALETTES:
            return False
        with self._reading():
            presentation = str(self._dataset.get("PixelPresentation", None)).strip()
            return presentation in ("COLOR", "MIXED") and "RedPaletteColorLookupTableDescriptor" in self._dataset

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
                raise PixelDataError(f"{name}: found {shown(profile)}, expected bytes", element=name)
            return profile or None

    @contextmanager
    def _reading(self) -> "Iterator[None]":
        """Turn what pydicom raises for a malformed data set into the one exception."""
        if self._dataset is None:
            yield
            return
        from dicomet.data_set import as_pixel_data_error  # noqa: PLC0415 - imports pydicom

        with as_pixel_data_error():
            yield

    def _first_lut(self) -> Lut | None:
        with self._reading():
            found = () if self._dataset is None else items(self._dataset, tags.MODALITY_LUT_SEQUENCE)
            return self._lut(found[0], is_exact=True) if found else None

    def _lut(self, item: "Dataset", *, is_exact: bool = False) -> Lut:
        from dicomet.display.tables import lut_of  # noqa: PLC0415 - few images have tables

        with self._reading():
            return lut_of(item, big_endian=self._big_endian, is_exact=is_exact)

    def _attributes(self, index: int) -> Attributes:
        signed = self._parsed.options.get("pixel_representation") == 1
        if self._dataset is None:
            return _of_header(self._parsed.display, signed, self._photometric)
        with self._reading():
            elements = of_dataset(self._dataset, index, signed=signed)
            attributes = _of_elements(elements, self._photometric)
            group = group_of(self._dataset, index, tags.FRAME_VOI_LUT_SEQUENCE)
            luts = self._luts(self._dataset if group is None else group)
            return attributes._replace(modality=self._modality_lut or attributes.modality, luts=luts)

    def _luts(self, dataset: "Dataset") -> tuple[View, ...]:
        found = items(dataset, tags.VOI_LUT_SEQUENCE)
        return tuple(View(str(item.get("LUTExplanation", None) or ""), partial(self._lut, item)) for item in found)


@lru_cache(maxsize=256)
def _of_header(display: tuple[tuple[int, bytes], ...], signed: bool, photometric_interpretation: str) -> Attributes:  # noqa: FBT001
    """Return how an image is to be seen that has no tables: once for the files of a series."""
    return _of_elements(of_header(display, signed=signed), photometric_interpretation)


def _of_elements(elements: Elements, photometric_interpretation: str) -> Attributes:
    return Attributes(_rescale(elements), (), elements, photometric_interpretation)


def _rescale(elements: Elements) -> tuple[float, float] | None:
    slope, intercept = elements.number(tags.RESCALE_SLOPE), elements.number(tags.RESCALE_INTERCEPT)
    if slope is None or intercept is None or (slope, intercept) == (1, 0):
        return None
    if not (abs(slope) <= MOST and abs(intercept) <= MOST):
        name = NAMES[tags.RESCALE_INTERCEPT if abs(slope) <= MOST else tags.RESCALE_SLOPE]
        message = f"{name}: found {intercept if abs(slope) <= MOST else slope:g}, expected at most {MOST:g}"
        raise PixelDataError(message, element=name)
    return slope, intercept


def _windows(elements: Elements) -> tuple[View, ...]:
    centers, widths = elements.numbers(tags.WINDOW_CENTER), elements.numbers(tags.WINDOW_WIDTH)
    names = elements.texts.get(tags.WINDOW_EXPLANATION, ())
    function = elements.term(tags.VOI_LUT_FUNCTION) or "LINEAR"
    if centers and widths and function not in FUNCTIONS:
        name = NAMES[tags.VOI_LUT_FUNCTION]
        message = f"{name}: found {shown(function)}, expected one of {', '.join(FUNCTIONS)}"
        raise PixelDataError(message, element=name)
    return tuple(
        View(names[number] if number < len(names) else "", (center, width, function))
        for number, (center, width) in enumerate(zip(centers, widths, strict=False))
    )


def _is_inverse(elements: Elements, photometric_interpretation: str) -> bool:
    """PS3.3 C.11.6.1.2, C.7.6.3.1.2: the shape counts, where there is one, as it says what MONOCHROME1 says."""
    shape = elements.term(tags.PRESENTATION_LUT_SHAPE)
    if shape not in (None, "IDENTITY", "INVERSE"):
        name = NAMES[tags.PRESENTATION_LUT_SHAPE]
        raise PixelDataError(f"{name}: found {shown(shape)}, expected IDENTITY or INVERSE", element=name)
    return photometric_interpretation == "MONOCHROME1" if shape is None else shape == "INVERSE"


def _padding(elements: Elements) -> tuple[int, int] | None:
    """PS3.3 C.7.5.1.1.2: one value, or all from one to another."""
    value = elements.number(tags.PIXEL_PADDING_VALUE)
    if value is None:
        return None
    limit = elements.number(tags.PIXEL_PADDING_RANGE_LIMIT)
    ends = sorted((int(value), int(value if limit is None else limit)))
    return ends[0], ends[1]
