"""Overlay planes (PS3.3 C.9.2, C.9.3): the elements of each repeating group 60xx, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dicomet._parsing.tags import (
    IMAGE_FRAME_ORIGIN,
    OVERLAY_BIT_POSITION,
    OVERLAY_BITS_ALLOCATED,
    OVERLAY_COLUMNS,
    OVERLAY_DATA,
    OVERLAY_DESCRIPTION,
    OVERLAY_FRAMES,
    OVERLAY_GROUPS,
    OVERLAY_LABEL,
    OVERLAY_ORIGIN,
    OVERLAY_PLANE,
    OVERLAY_ROWS,
    OVERLAY_SUBTYPE,
    OVERLAY_TYPE,
    Tag,
    in_group,
)
from dicomet._utils.warn import Notice
from dicomet.display.element_values import integer, integers, required, text, value_of
from dicomet.errors import MissingElementError, PixelDataError, short_repr

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

OVERLAY_TAGS = tuple(in_group(tag, group) for group in OVERLAY_GROUPS for tag in OVERLAY_PLANE)
"""What pydicom's parser reads for overlays, besides the elements of the image."""
OverlayNames = bool | Sequence[str]
"""Which overlays of a file: all, none, or those of these names."""


class PackedBits(NamedTuple):
    """Overlay Data: a bit for each pixel, the least significant bit of a byte first, without gaps between frames."""

    value: bytes


class UnusedBit(NamedTuple):
    """A bit above those of the samples in Pixel Data, in which older files have an overlay (PS3.3-2004 C.9.2)."""

    position: int


@dataclass(frozen=True, slots=True)
class OverlayPlane:
    """An overlay plane of an image. See `dicomet.overlays` for the public attributes.

    `frames`: Number of Frames in Overlay; None for an overlay that applies to every frame of the image.
    """

    group: int
    type: str
    subtype: str
    label: str
    description: str
    rows: int
    columns: int
    origin: tuple[int, int]
    frames: int | None
    first_frame: int
    bits: PackedBits | UnusedBit
    notices: tuple[Notice, ...] = ()

    @property
    def is_roi(self) -> bool:
        """Whether the plane marks a region of interest, not graphics."""
        return self.type == "R"

    @property
    def first_image_frame(self) -> int | None:
        """The frame of the image to which the first frame of the overlay belongs; None if it applies to every frame."""
        if isinstance(self.bits, UnusedBit):
            return 0
        return None if self.frames is None else self.first_frame

    def frame_of(self, index: int) -> int | None:
        """Return the frame of the overlay for frame `index` of the image; None if it has none for that frame."""
        if self.frames is None:
            return 0
        number = index - self.first_frame
        return number if 0 <= number < self.frames else None


def check_names(names: OverlayNames, argument: str) -> OverlayNames:
    """Check an argument that selects overlays, and return it.

    Raises
    ------
    TypeError
        It is neither a bool nor a sequence of names.

    """
    if isinstance(names, bool):
        return names
    if isinstance(names, str) or not isinstance(names, Sequence):
        found = repr(names) if isinstance(names, str) else type(names).__name__
        raise TypeError(f"{argument!r}: found {found}, expected True, False, or a list of names")
    chosen = tuple(names)
    if not all(isinstance(name, str) for name in chosen):
        raise TypeError(f"{argument!r}: found {short_repr(chosen)}, expected names, which are texts")
    return chosen


def planes_of(
    dataset: "Dataset", names: OverlayNames, *, big_endian: bool
) -> tuple[tuple[OverlayPlane, ...], tuple[Notice, ...]]:
    """Return the overlay planes of a data set, and notices about groups without an overlay.

    `names`: True for all planes, or the names of the planes to return: an Overlay Label, in any case, or a group in
    hexadecimal digits, such as ``"6000"``. A plane that is not selected is not read.

    Raises
    ------
    PixelDataError
        A selected plane cannot be read, or there is none of that name.

    """
    groups = groups_of(dataset)
    if names is True:
        without = [group for group in groups if not _has_bits(dataset, group)]
        planes = tuple(_plane(dataset, group, big_endian=big_endian) for group in groups if group not in without)
        return planes, tuple(map(_nothing_to_draw, without))
    chosen = [_group_named(dataset, groups, name) for name in names or ()]
    return tuple(_plane(dataset, group, big_endian=big_endian) for group in dict.fromkeys(chosen)), ()


def groups_of(dataset: "Dataset") -> tuple[int, ...]:
    """Return the repeating groups that describe an overlay."""
    described = (OVERLAY_ROWS, OVERLAY_DATA)
    return tuple(group for group in OVERLAY_GROUPS if any(in_group(tag, group) in dataset for tag in described))


def _group_named(dataset: "Dataset", groups: Sequence[int], name: str) -> int:
    wanted = name.strip().casefold()
    labels = {group: text(dataset, in_group(OVERLAY_LABEL, group)) for group in groups}
    for group, label in labels.items():
        if wanted and wanted in {label.casefold(), f"{group:04x}"}:
            return group
    element = OVERLAY_LABEL.label.replace("6000", "60xx")
    found = ", ".join(short_repr(label or f"{group:04X}") for group, label in labels.items()) or "no overlays"
    raise PixelDataError(f"{element}: found {found}, expected {short_repr(name)}", element=element)


def _nothing_to_draw(group: int) -> Notice:
    name = in_group(OVERLAY_DATA, group).label
    return Notice(name, f"{name}: found no value, expected one; there is no overlay to draw")


def _is_embedded(dataset: "Dataset", group: int) -> bool:
    return (integer(dataset, in_group(OVERLAY_BITS_ALLOCATED, group)) or 1) > 1


def _has_bits(dataset: "Dataset", group: int) -> bool:
    return value_of(dataset, in_group(OVERLAY_DATA, group)) is not None or _is_embedded(dataset, group)


def _plane(dataset: "Dataset", group: int, *, big_endian: bool) -> OverlayPlane:
    def of_group(tag: Tag) -> Tag:
        return in_group(tag, group)

    rows, columns, frames = (_count(dataset, of_group(tag)) for tag in (OVERLAY_ROWS, OVERLAY_COLUMNS, OVERLAY_FRAMES))
    rows, columns = required(rows, of_group(OVERLAY_ROWS)), required(columns, of_group(OVERLAY_COLUMNS))
    top, left = integers(dataset, of_group(OVERLAY_ORIGIN), 2) or (1, 1)
    bits, notices = _bits(dataset, group, rows * columns * (frames or 1), big_endian=big_endian)
    return OverlayPlane(
        group=group,
        type=text(dataset, of_group(OVERLAY_TYPE)).upper(),
        subtype=text(dataset, of_group(OVERLAY_SUBTYPE)),
        label=text(dataset, of_group(OVERLAY_LABEL)),
        description=text(dataset, of_group(OVERLAY_DESCRIPTION)),
        rows=rows,
        columns=columns,
        origin=(top, left),
        frames=frames,
        first_frame=(_count(dataset, of_group(IMAGE_FRAME_ORIGIN)) or 1) - 1,
        bits=bits,
        notices=notices,
    )


def _count(dataset: "Dataset", tag: Tag) -> int | None:
    """Return a number that is 1 or more; None if the element is missing or empty."""
    number = integer(dataset, tag)
    if number is not None and number < 1:
        raise PixelDataError(f"{tag.label}: found {short_repr(number)}, expected 1 or more", element=tag.label)
    return number


def _bits(
    dataset: "Dataset", group: int, pixels: int, *, big_endian: bool
) -> tuple[PackedBits | UnusedBit, tuple[Notice, ...]]:
    tag = in_group(OVERLAY_DATA, group)
    value = value_of(dataset, tag)
    if value is None and _is_embedded(dataset, group):
        position = in_group(OVERLAY_BIT_POSITION, group)
        return UnusedBit(required(integer(dataset, position), position)), ()
    if value is None:
        raise MissingElementError(f"Missing required element: {tag.label}", element=tag.label)
    if not isinstance(value, bytes | bytearray):
        raise PixelDataError(f"{tag.label}: found {short_repr(value)}, expected bytes", element=tag.label)
    expected = -(-pixels // 8)
    if len(value) < expected:
        message = f"{tag.label}: found {len(value)} bytes, expected {short_repr(expected)}"
        raise PixelDataError(message, element=tag.label)
    notices: tuple[Notice, ...] = ()
    if len(value) > expected + expected % 2:
        message = f"{tag.label}: found {len(value)} bytes, expected {expected}; the rest is not used"
        notices = (Notice(tag.label, message),)
    if big_endian and dataset[tag].VR == "OW":
        # PS3.5 8.1.2: the pixels begin at the least significant bit of each word.
        value = _bytes_swapped(value)
    return PackedBits(bytes(value)), notices


def _bytes_swapped(value: bytes | bytearray) -> bytes:
    swapped = bytearray(value + b"\0" * (len(value) % 2))
    swapped[::2], swapped[1::2] = swapped[1::2], swapped[::2]
    return bytes(swapped)
