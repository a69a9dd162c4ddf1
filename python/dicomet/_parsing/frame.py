"""One frame from anywhere: its bytes, described by arguments, a data set, or DICOM JSON metadata (PS3.18 F)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dicomet._parsing import tags
from dicomet._parsing.decode_options import split
from dicomet._parsing.media_type import transfer_syntax_of
from dicomet._parsing.parse import is_dataset
from dicomet._parsing.parsed import KEYWORDS, Parsed
from dicomet._parsing.source import Readable, open_source
from dicomet._parsing.tags import Tag
from dicomet.errors import MissingElementError, PixelDataError, short_repr

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Metadata = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""One instance in the DICOM JSON Model: an object, or an array of one object."""

_DESCRIBING = (*(tag for tag in tags.IMAGE_PIXEL if tag != tags.NUMBER_OF_FRAMES), tags.HIGH_BIT)

# Of the DICOM JSON Model, in which a key is a tag in 8 hexadecimal digits (PS3.18 F.2.2).
_KEYS = {tag: f"{tag:08X}" for tag in (*_DESCRIBING, tags.TRANSFER_SYNTAX_UID)}
_ELEMENT_KEYS = {f"{tag:08X}": keyword for tag, keyword in KEYWORDS.items()}
_NOT_OF_A_FRAME = frozenset({"allow_excess_frames", "extended_offsets", "number_of_frames"})


class FrameDescription(NamedTuple):
    """What the caller's description says about a frame.

    `attributes`: by pydicom's option names. `elements`: keyword and VR of each pixel data element.
    """

    attributes: dict[str, Any]
    transfer_syntax: Any = None
    elements: Sequence[tuple[str, str | None]] = ()


def parse_frame(
    data: Readable,
    description: "Dataset | Metadata | None",
    arguments: Mapping[str, Any],
    *,
    media_type: str | None = None,
    max_bytes: int | None = None,
) -> Parsed:
    """Return the frame `data` with its description. `arguments`, with pydicom's names, override `description`."""
    overrides, options = split({name: value for name, value in arguments.items() if name not in _NOT_OF_A_FRAME})
    described = _describe(description)
    transfer_syntax = (
        overrides.get("transfer_syntax_uid")
        or (None if media_type is None else transfer_syntax_of(media_type))
        or described.transfer_syntax
    )
    transfer_syntax = _checked_uid(transfer_syntax)
    keyword, vr = _element(described.elements, arguments.get("pixel_keyword"))
    vr = arguments.get("pixel_vr", vr)
    attributes = {**described.attributes, **overrides, "number_of_frames": 1}
    return Parsed(
        attributes=attributes,
        options=options,
        transfer_syntax=transfer_syntax,
        keyword=keyword,
        vr=vr,
        value=open_source(data, max_bytes),
        undefined_length=False,
        dataset=None,
        is_dataset=False,
        key=(transfer_syntax, keyword, vr, *attributes.items()) if _is_plain(attributes) else None,
        is_one_frame=True,
    )


def _is_plain(attributes: Mapping[str, Any]) -> bool:
    """Return whether frames with equal attributes have equal descriptions: 1.0 equals 1, but is not a valid value."""
    return all(type(value) in {int, str} for value in attributes.values())


def _describe(description: "Dataset | Metadata | None") -> FrameDescription:
    if description is None:
        return FrameDescription({})
    if is_dataset(description):
        from dicomet._parsing.pydicom_parser import described_by  # noqa: PLC0415 - imports pydicom

        return FrameDescription(*described_by(description))
    instances = description if isinstance(description, list | tuple) else [description]
    if len(instances) != 1 or not isinstance(instances[0], Mapping):
        found = f"{len(instances)} items" if len(instances) != 1 else type(instances[0]).__name__
        expected = "a pydicom Dataset, or one instance in the DICOM JSON Model"
        raise TypeError(f"'description': found {found}, expected {expected}")
    return _of_json(instances[0])


def _of_json(instance: Mapping[str, Any]) -> FrameDescription:
    values = {tag: _value(instance.get(key), tag) for tag, key in _KEYS.items()}
    transfer_syntax = values.pop(tags.TRANSFER_SYNTAX_UID)
    elements = [(keyword, _vr(instance[key])) for key, keyword in _ELEMENT_KEYS.items() if key in instance]
    attributes = {tag.option_name: value for tag, value in values.items() if value is not None}
    return FrameDescription(attributes, transfer_syntax, elements)


def _value(element: Any, tag: Tag) -> Any:
    """Return the value of an element; None if it is missing or empty."""
    values = element.get("Value", []) if isinstance(element, Mapping) else [] if element is None else element
    if not isinstance(values, list | tuple) or len(values) > 1:
        expected = "an object whose 'Value' has one item"
        raise PixelDataError(f"{tag.label}: found {short_repr(element)}, expected {expected}", element=tag.label)
    return values[0] if values else None


def _vr(element: Any) -> str | None:
    vr = element.get("vr") if isinstance(element, Mapping) else None
    return vr if isinstance(vr, str) else None


def _element(found: Sequence[tuple[str, str | None]], named: Any) -> tuple[str, str | None]:
    """Return keyword and VR of the pixel data element: the one of the description, unless the caller names another."""
    if named is not None:
        if named not in tags.PIXEL_DATA_ELEMENTS:
            expected = " or ".join(map(repr, tags.PIXEL_DATA_ELEMENTS))
            raise ValueError(f"'pixel_keyword': found {short_repr(named)}, expected {expected}")
        return named, dict(found).get(named)
    if len(found) > 1:
        message = f"found {', '.join(keyword for keyword, _ in found)}, expected one pixel data element"
        raise PixelDataError(f"{message}, or 'pixel_keyword'")
    return found[0] if found else (tags.PIXEL_DATA.keyword, None)


def _checked_uid(transfer_syntax: Any) -> str:
    element = tags.TRANSFER_SYNTAX_UID.label
    if not transfer_syntax:
        needed = "of a frame, 'transfer_syntax_uid' or 'media_type' is required if its description has none"
        raise MissingElementError(f"no {element}: {needed}", element=element)
    if not isinstance(transfer_syntax, str):
        raise PixelDataError(f"{element}: found {short_repr(transfer_syntax)}, expected one UID", element=element)
    return str(transfer_syntax)
