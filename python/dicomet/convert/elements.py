"""What a conversion needs of a data set besides its pixel data. Imports pydicom, so that it is imported on demand."""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dicomet._native import Source
from dicomet._parsing.element_reader import PER_FRAME, SHARED, ElementReader, tag_of
from dicomet._parsing.parser_errors import as_pixel_data_error
from dicomet._parsing.pydicom_parser import read_elements
from dicomet._utils.warn import warn
from dicomet.convert.formats import DEFAULT_FRAME_TIME
from dicomet.display import icc
from dicomet.display.pixel_spacing import KEYWORDS as SPACINGS
from dicomet.display.pixel_spacing import MAX_ASPECT, PixelSpacing, pixel_aspect, pixel_spacing
from dicomet.info import ELEMENTS

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# PS3.3 C.7.6.5: frames per second, and ms per frame.
RATES, TIMES = ("RecommendedDisplayFrameRate", "CineRate"), ("FrameTime",)
# What programs show: 100 frames per second to one in 10 seconds.
MIN_FRAME_TIME, MAX_FRAME_TIME = 10.0, 10_000.0


class Elements:
    """The elements of one source, read on demand by pydicom's parser."""

    def __init__(self, source: "Source | Dataset", keywords: Sequence[str] = ()) -> None:
        """Store the source. `keywords`: those that the caller asks for."""
        self._source = source
        self._keywords = keywords

    @cached_property
    def _dataset(self) -> "Dataset":
        if not isinstance(self._source, Source):
            return self._source
        names = (*ELEMENTS, *SPACINGS, *RATES, *TIMES, *self._keywords, SHARED, PER_FRAME)
        return read_elements(self._source, [*map(tag_of, names), *icc.PROFILE_TAGS])

    @cached_property
    def _reader(self) -> ElementReader:
        return ElementReader(self._dataset, [])

    def aspect(self) -> float:
        """Return the height of a pixel / its width; 1, with a warning, if it is an error."""
        aspect = pixel_aspect(self._reader.value)
        if 1 / MAX_ASPECT <= aspect <= MAX_ASPECT:
            return aspect
        warn(
            f"the pixels are {aspect:g} times as high as wide, expected at most {MAX_ASPECT}: they are left as they are"
        )
        return 1.0

    def spacing(self) -> PixelSpacing | None:
        """Return the spacing of the first frame."""
        return pixel_spacing(self._reader.value)

    def frame_time(self) -> float:
        """Return the time for which a frame is shown, in ms."""
        times = [self._reader.own(keyword) for keyword in TIMES]
        rates = [self._reader.own(keyword) for keyword in RATES]
        found = [*(1000 / rate for rate in rates if rate and rate > 0), *(time for time in times if time and time > 0)]
        return min(max(found[0], MIN_FRAME_TIME), MAX_FRAME_TIME) if found else DEFAULT_FRAME_TIME

    def icc_profile(self) -> bytes | None:
        """Return the ICC profile of RGB values, if there is one.

        Raises
        ------
        PixelDataError
            It cannot be used.

        """
        with as_pixel_data_error():
            profile = icc.profile_of(self._dataset)
        return None if profile is None else icc.checked_profile(profile)

    def reported(self) -> dict[str, Any]:
        """Return elements that do not identify a patient, and those that the caller asks for, as JSON values."""
        values = {keyword: self._reader.value(keyword) for keyword in ELEMENTS}
        return {keyword: value for keyword, value in values.items() if value is not None} | {
            keyword: self._requested_value(keyword) for keyword in self._keywords
        }

    def _requested_value(self, keyword: str) -> Any:
        """Return the value of an element in the DICOM JSON Model (PS3.18 F.2), one of a VM of 1 without its list."""
        if keyword not in self._dataset:
            return self._reader.value(keyword)
        with as_pixel_data_error():
            found = self._dataset[keyword].to_json_dict(None, 0)
        values = found.get("Value", found.get("InlineBinary"))
        values = _finite(values)
        return values[0] if isinstance(values, list) and len(values) == 1 else values


def _finite(value: Any) -> Any:
    """Return a JSON value without NaN and infinities, which JSON does not have: they become None."""
    if isinstance(value, list):
        return [_finite(one) for one in value]
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
