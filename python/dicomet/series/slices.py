"""The slices of a series: the frames of its files, each with its position (PS3.3 C.7.6.2) and what must be equal.

A file with one frame has these elements at the top level of its data set, an enhanced one in its functional groups
(`functional_groups.py`).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dicomet._parsing.header_values import HeaderValues, named_element
from dicomet._parsing.tags import NUMBER_OF_FRAMES
from dicomet.errors import PixelDataError, short_repr
from dicomet.series.functional_groups import frames_of

Vector = tuple[float, float, float]

DISTINGUISHING = (
    *("TemporalPositionIdentifier", "TemporalPositionIndex", "StackID", "ReferencedSegmentNumber"),
    *("DiffusionBValue", "DiffusionGradientOrientation", "EchoNumbers", "EchoTime", "EffectiveEchoTime"),
    *("TriggerTime", "NominalCardiacTriggerDelayTime", "InversionTime", "FlipAngle", "ContrastBolusAgent"),
    *("AcquisitionNumber", "ImageType", "FrameType", "ConvolutionKernel"),
)
"""The elements that may distinguish images at one position, in the order in which they are tried."""
_GEOMETRY = (
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SliceThickness",
    "SpacingBetweenSlices",
)
_PIXELS = (
    *("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "NumberOfFrames"),
    *("BitsAllocated", "BitsStored", "PixelRepresentation", "RescaleSlope", "RescaleIntercept"),
)
_IDENTITY = (
    *("SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "Modality", "SOPInstanceUID", "InstanceNumber"),
    "FrameOfReferenceUID",
)

if TYPE_CHECKING:
    from dicomet.series.sources import SeriesFile
# Those of the elements above that occur in functional groups only.
_OF_FRAMES = frozenset(
    {
        *("TemporalPositionIndex", "StackID", "ReferencedSegmentNumber", "EffectiveEchoTime", "FrameType"),
        "NominalCardiacTriggerDelayTime",
    }
)
# The largest deviation of the direction cosines from unit length and from a right angle.
_COSINE_TOLERANCE = 1e-2


def series_elements() -> tuple[str, ...]:
    """Return the keywords of the elements that finding a series needs."""
    return (*_IDENTITY, *_GEOMETRY, *_PIXELS, *(keyword for keyword in DISTINGUISHING if keyword not in _OF_FRAMES))


@dataclass(frozen=True, slots=True)
class Slice:
    """One frame of a file, with its position in space.

    Attributes
    ----------
    file : path, ArchiveMember or another source
        The file.
    index : int
        The number of the frame in its file, counted from 0.
    position : (float, float, float) or None
        Image Position (Patient): x, y and z of the center of the first pixel, in mm, in LPS (PS3.3 C.7.6.2.1.1).
    orientation : tuple of six floats or None
        Image Orientation (Patient): the direction cosines of a row (from column to column), then of a column.
    pixel_spacing : (float, float) or None
        The distance between rows, and that between columns, in mm.
    thickness : float or None
        Spacing Between Slices, or else Slice Thickness, in mm.
    size : (int, int)
        Rows and columns.
    pixels : tuple
        Samples per Pixel and Photometric Interpretation.
    stored : tuple
        Bits Allocated, Bits Stored and Pixel Representation.
    rescale : tuple
        Rescale Slope and Rescale Intercept.
    frame_of_reference : str or None
        Frame of Reference UID.
    sop_instance_uid : str or None
        SOP Instance UID.
    instance_number : int or None
        Instance Number.
    distinctions : tuple
        The values of `DISTINGUISHING`.

    """

    file: "SeriesFile" = field(compare=False, repr=False)
    index: int
    position: Vector | None
    orientation: tuple[float, ...] | None
    pixel_spacing: tuple[float, float] | None
    thickness: float | None
    size: tuple[int, int]
    pixels: tuple[Any, ...]
    stored: tuple[Any, ...]
    rescale: tuple[Any, ...]
    frame_of_reference: str | None = field(repr=False)
    sop_instance_uid: str | None = field(repr=False)
    instance_number: int | None
    distinctions: tuple[Any, ...] = field(repr=False)

    @property
    def has_geometry(self) -> bool:
        """Whether position, orientation and spacing are known."""
        return None not in (self.position, self.orientation, self.pixel_spacing)

    @property
    def is_localizer(self) -> bool:
        """Whether the third value of Image Type says so (PS3.3 C.8.2.1.1.1)."""
        image_type = self.distinctions[DISTINGUISHING.index("ImageType")]
        return isinstance(image_type, tuple) and "LOCALIZER" in image_type[2:]


def slices_of(file: "SeriesFile", header: HeaderValues) -> Iterator[Slice]:
    """Yield the frames of a file.

    Raises
    ------
    PixelDataError, OSError
        The functional groups cannot be read.

    """
    values = header.values
    count = values["NumberOfFrames"]
    if count is not None and not isinstance(count, int):
        label = NUMBER_OF_FRAMES.label
        raise PixelDataError(f"{label}: found {short_repr(count)}, expected a number", element=label)
    if count is None or (count == 1 and values["ImagePositionPatient"] is not None):
        yield _slice(file, 0, values)
        return
    keywords = (*_GEOMETRY, "RescaleSlope", "RescaleIntercept", *DISTINGUISHING)
    frames = list(frames_of(file, max(count, 1), [named_element(keyword) for keyword in keywords]))
    for index, frame in enumerate(frames):
        found = {keyword: value for keyword, value in frame.items() if value is not None}
        yield _slice(file, index, {**values, **found})
    if not frames:
        # The one position of several frames is not that of each.
        yield _slice(file, 0, {**values, "ImagePositionPatient": None})


def _slice(file: "SeriesFile", index: int, values: Mapping[str, Any]) -> Slice:
    return Slice(
        file=file,
        index=index,
        position=_numbers(values["ImagePositionPatient"], 3),  # type: ignore[arg-type]
        orientation=_orientation(values["ImageOrientationPatient"]),
        pixel_spacing=_positive(values["PixelSpacing"]),
        thickness=_thickness(values),
        size=(whole(values["Rows"]) or 0, whole(values["Columns"]) or 0),
        pixels=(whole(values["SamplesPerPixel"]), values["PhotometricInterpretation"]),
        stored=(values["BitsAllocated"], values["BitsStored"], values["PixelRepresentation"]),
        rescale=(values["RescaleSlope"], values["RescaleIntercept"]),
        frame_of_reference=values["FrameOfReferenceUID"],
        sop_instance_uid=values["SOPInstanceUID"],
        instance_number=whole(values["InstanceNumber"]),
        distinctions=tuple(values.get(keyword) for keyword in DISTINGUISHING),
    )


def whole(value: Any) -> int | None:
    """Return a single integer; None if the value is anything else, as of an element with the VR of another."""
    return value if isinstance(value, int) else None


def text(value: Any) -> str:
    """Return a single text; an empty one if the value is anything else."""
    return value if isinstance(value, str) else ""


def _numbers(value: Any, count: int) -> tuple[float, ...] | None:
    """Return `count` finite numbers; None if the value is anything else."""
    if not isinstance(value, tuple) or len(value) != count:
        return None
    return value if all(isinstance(one, float) and math.isfinite(one) for one in value) else None


def _orientation(value: Any) -> tuple[float, ...] | None:
    """Return the direction cosines, unless they are not two unit vectors at a right angle."""
    cosines = _numbers(value, 6)
    if cosines is None:
        return None
    row, column = cosines[:3], cosines[3:]
    lengths = (math.hypot(*row), math.hypot(*column))
    is_unit = all(abs(length - 1) <= _COSINE_TOLERANCE for length in lengths)
    is_right_angle = abs(sum(one * other for one, other in zip(row, column, strict=True))) <= _COSINE_TOLERANCE
    return cosines if is_unit and is_right_angle else None


def _positive(value: Any) -> tuple[float, float] | None:
    spacing = _numbers(value, 2)
    return (spacing[0], spacing[1]) if spacing is not None and min(spacing) > 0 else None


def _thickness(values: Mapping[str, Any]) -> float | None:
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        value = values[keyword]
        if isinstance(value, float) and math.isfinite(value) and value > 0:
            return value
    return None
