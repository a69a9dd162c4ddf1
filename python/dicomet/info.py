"""What an image is, told without decoding it, and without saying whose it is: `describe`."""

import contextlib
import math
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydicom.datadict import dictionary_description, dictionary_VM, dictionary_VR, tag_for_keyword
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID
from pydicom.valuerep import PersonName

from dicomet._native import find_delimiter
from dicomet.data_set import read_elements
from dicomet.description import Description
from dicomet.dicom_file import is_named_dicom, may_be_dicom
from dicomet.errors import PIXEL_DATA, MissingElementError, PixelDataError, in_one_line, shown
from dicomet.frames import Frames
from dicomet.jpeg import missing_plugin
from dicomet.parse import is_dataset, parse
from dicomet.parsed import Parsed
from dicomet.redact import is_text_of, redacted
from dicomet.source import open_source
from dicomet.transfer_syntax import CODESTREAMS, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet.source import Readable

# What is told of a data set, and nothing else: no element here identifies a patient (PS3.15 E.1).
ELEMENTS = (
    *("SOPClassUID", "Modality", "BurnedInAnnotation"),
    *("SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
    *("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"),
    *("RescaleIntercept", "RescaleSlope", "RescaleType"),
    *("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction"),
    *("PresentationLUTShape", "PixelPresentation"),
    "RedPaletteColorLookupTableDescriptor",
    *("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio"),
)
# Of each item of a sequence of lookup tables.
TABLES = {
    "ModalityLUTSequence": ("LUTDescriptor", "ModalityLUTType", "LUTExplanation"),
    "VOILUTSequence": ("LUTDescriptor", "LUTExplanation"),
}
# PS3.3 C.7.6.16.2: where an enhanced image has what others have at the top.
MACROS = {
    **dict.fromkeys(("RescaleIntercept", "RescaleSlope", "RescaleType"), "PixelValueTransformationSequence"),
    **dict.fromkeys(
        ("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction"), "FrameVOILUTSequence"
    ),
    "PixelSpacing": "PixelMeasuresSequence",
}
SHARED, PER_FRAME = "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"
TEXT = "a text that is not told"
NUMBERS = frozenset({"DS", "IS", "US", "US or SS"})


def describe(src: "Readable | Dataset") -> dict[str, Any]:
    """Return what is known of an image before it is decoded, ready for `json.dumps`.

    Nothing in it identifies the patient: no name, ID or dates, no text that somebody has typed but for the names of
    windows and lookup tables, and no UID but those of the SOP Class and the transfer syntax. The file is named as `src`
    names it. Warnings are collected for the whole process meanwhile: not a function for several threads at once.

    Parameters
    ----------
    src : path, binary file object, bytes-like or pydicom.dataset.Dataset
        As for `pixel_array`. Its pixel data is not decoded; of encapsulated pixel data (PS3.5 A.4) item headers and the
        first frame's header are read.

    Returns
    -------
    dict
        The keys are always the same. Those in CamelCase are keywords of PS3.6, with the values of the elements, or None
        where they are missing; windows are always lists, and of the sequences of lookup tables there is a list with a
        dict for each item. What enhanced images have in their functional groups (PS3.3 C.7.6.16.2) is told as if it
        stood at the top. The others are:

        ``file``: the path, or None. ``sop_class``, ``transfer_syntax``: names. ``decoded_by``: ``["dicomet"]``, or the
        names of the installed plugins of pydicom that can. ``missing_plugin``: what is to be installed where there is
        none. ``array_shape``, ``array_dtype``, ``array_bytes``: of what `pixel_array` gives. ``pixel_data_bytes``: as
        stored. ``compression_ratio``: what the samples take in native form, by that; None in native form.
        ``of_first_frame``: keywords above that are of the first frame, and may be others for the next.
        ``warnings``: a list of texts. ``error``: why `pixel_array` will raise, as far as that can be known, or None.

    Raises
    ------
    TypeError
        `src` is none of what can be read.

    """
    told: dict[str, Any] = {"file": os.fspath(src) if isinstance(src, str | os.PathLike) else None}
    with _recorded() as messages:
        try:
            opened = src if is_dataset(src) else open_source(src)
            elements = _tell_elements(opened, messages)
            array = _tell_array(opened)
        except OSError as error:
            elements, array = _nothing(), _no_array(error.strerror or str(error))
    told.update(elements)
    told.update(array)
    why = told.pop("error")
    told["warnings"] = list(dict.fromkeys(redacted(message) for message in messages if message != why))
    told["error"] = why and redacted(why)
    return told


@contextlib.contextmanager
def _recorded() -> Iterator[list[str]]:
    """Keep what is warned of, in place of printing it."""
    messages: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield messages
        finally:
            messages.extend(in_one_line(str(warning.message)) for warning in caught)


def _nothing() -> dict[str, Any]:
    return {
        "sop_class": None,
        "TransferSyntaxUID": None,
        "transfer_syntax": None,
        **dict.fromkeys((*ELEMENTS, *TABLES)),
        "of_first_frame": [],
    }


def _no_array(error: str | None) -> dict[str, Any]:
    names = ("decoded_by", "missing_plugin", "array_shape", "array_dtype", "array_bytes")
    return {**dict.fromkeys((*names, "pixel_data_bytes", "compression_ratio")), "error": error}


def _tell_elements(src: Any, messages: list[str]) -> dict[str, Any]:
    """Return the elements of `src`, and say in `messages` which of them cannot be read."""
    told = _nothing()
    try:
        dataset = src if is_dataset(src) else read_elements(src, _tags())
    except PixelDataError as error:
        messages.append(str(error))
        return told
    reader = _Elements(dataset, messages)
    told.update({keyword: reader.value(keyword) for keyword in ELEMENTS})
    told.update({keyword: reader.tables(keyword) for keyword in TABLES})
    told["of_first_frame"] = reader.of_first_frame
    meta = _Elements(getattr(dataset, "file_meta", None) or {}, messages)
    told["TransferSyntaxUID"] = meta.own("TransferSyntaxUID")
    told["transfer_syntax"] = _name(told["TransferSyntaxUID"])
    told["SOPClassUID"] = told["SOPClassUID"] or meta.own("MediaStorageSOPClassUID")
    told["sop_class"] = _name(told["SOPClassUID"])
    return told


def _tags() -> list[int]:
    return [_tag(keyword) for keyword in (*ELEMENTS, *TABLES, SHARED, PER_FRAME)]


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise LookupError(keyword)
    return tag


def _name(uid: Any) -> str | None:
    return UID(uid).name if isinstance(uid, str) else None


class _Elements:
    """The elements of a data set, as values of JSON. What cannot be read is None, and told."""

    def __init__(self, dataset: "Mapping[Any, Any] | Dataset", messages: list[str]) -> None:
        self._dataset = dataset
        self._messages = messages
        self.of_first_frame: list[str] = []

    def value(self, keyword: str) -> Any:
        """Return the value of an element at the top, or in the functional groups."""
        value = self.own(keyword)
        if value is None and keyword in MACROS:
            value = self._of_groups(SHARED, keyword)
            if value is None:
                value = self._of_groups(PER_FRAME, keyword)
                if value is not None:
                    self.of_first_frame.append(keyword)
        return value

    def own(self, keyword: str) -> Any:
        """Return the value of an element of this data set itself, if it is of the VR and the VM of PS3.6."""
        tag, element = _tag(keyword), self._get(keyword)
        value = None if element is None else _of_json(element.value)
        if value is None:
            if element is not None and isinstance(element.value, PersonName):
                self._tell_unreadable(tag, TEXT)
            return None
        values = value if isinstance(value, list) else [value]
        one = dictionary_VM(tag) == "1"
        if (one and len(values) > 1) or not _is_of(dictionary_VR(tag), element.VR, values):
            self._tell_unreadable(tag, TEXT if any(isinstance(each, str) for each in values) else shown(value))
            return None
        return value if one else values

    def tables(self, keyword: str) -> list[dict[str, Any]] | None:
        """Return what is told of the items of a sequence of lookup tables."""
        items = [_Elements(item, self._messages) for item in self.items(keyword)]
        return [{name: item.own(name) for name in TABLES[keyword]} for item in items] or None

    def items(self, keyword: str) -> Sequence[Any]:
        """Return the items of a sequence; none where there is no sequence."""
        element = self._get(keyword)
        items = None if element is None else element.value
        return items if isinstance(items, Sequence) and not isinstance(items, str | bytes) else ()

    def _of_groups(self, groups: str, keyword: str) -> Any:
        for group in self.items(groups)[:1]:
            for macro in _Elements(group, self._messages).items(MACROS[keyword])[:1]:
                return _Elements(macro, self._messages).own(keyword)
        return None

    def _get(self, keyword: str) -> Any:
        tag = _tag(keyword)
        try:
            # Its value is made here.
            return self._dataset[tag] if tag in self._dataset else None  # noqa: SIM401 - a KeyError has other causes
        except Exception:  # noqa: BLE001 - the parser raises many kinds, and one bad element must not hide the others
            self._tell_unreadable(tag, "what cannot be read")
            return None

    def _tell_unreadable(self, tag: int, found: str) -> None:
        name = f"({tag >> 16:04X},{tag & 0xFFFF:04X}) {dictionary_description(tag)}"
        expected = f"VR {dictionary_VR(tag)} and VM {dictionary_VM(tag)}"
        self._messages.append(f"{name}: found {found}, expected a value of {expected}")


def _is_of(vr: str, found_vr: str, values: list[Any]) -> bool:
    """Tell whether values can be of a VR. Texts of another VR are not: they may be meant for any element."""
    if vr in NUMBERS:
        return all(isinstance(each, int | float | None) for each in values)
    return vr == found_vr and all(each is None or (isinstance(each, str) and is_text_of(vr, each)) for each in values)


def _of_json(value: Any) -> Any:
    """Return the value of an element as JSON has it: numbers, text and lists of these; None for nothing."""
    if isinstance(value, str):
        return in_one_line(str(value)) or None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_of_json(one) for one in value] or None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    # JSON has no infinity.
    return number if math.isfinite(number) else None


def _tell_array(src: Any) -> dict[str, Any]:
    """Return what `pixel_array` will give, as far as it can be known without decoding."""
    told = _no_array(None)
    try:
        parsed = parse(src, {})
        told["pixel_data_bytes"] = _stored_bytes(parsed)
        # Nothing is allocated, so that no limit counts.
        frames = Frames(parsed, raw=False, decoding_plugin="", workers=None, max_bytes=sys.maxsize, whole=False)
        told.update(_tell_decoder(frames.description))
        shape = _shape(frames)
    except PixelDataError as error:
        told["error"] = str(error)
        return told
    size = math.prod(shape) * frames.dtype.itemsize
    told.update(array_shape=list(shape), array_dtype=frames.dtype.name, array_bytes=size)
    told["compression_ratio"] = _ratio(frames.description, math.prod(shape), told["pixel_data_bytes"])
    return told


def _stored_bytes(parsed: Parsed) -> int | None:
    """Return the length of the value; None where only inflating it would tell."""
    if not parsed.undefined_length or parsed.is_dataset:
        return parsed.value.length
    if parsed.transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        return None
    end = find_delimiter(parsed.value, tag=0x7FE00010, vr="OB", value=0, big_endian=False)
    return parsed.value.length if end is None else end


def _tell_decoder(description: Description) -> dict[str, Any]:
    if description.coding not in CODESTREAMS:
        return {"decoded_by": ["dicomet"]}
    plugins = get_decoder(UID(description.transfer_syntax)).available_plugins
    if plugins:
        return {"decoded_by": list(plugins)}
    return {"missing_plugin": missing_plugin(description.transfer_syntax).removeprefix(f"{PIXEL_DATA}: ")}


def _shape(frames: Frames) -> tuple[int, ...]:
    """Return the shape of the array, and raise for what can be seen to be wrong."""
    if frames.description.transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        # To count would be to inflate.
        count = frames.description.image.number_of_frames
        return (count, *frames.frame_shape) if count > 1 else frames.frame_shape
    _, count, shape = frames.span(None)
    frames.check(0, count)
    return shape


def _ratio(description: Description, samples: int, stored: int | None) -> float | None:
    if description.coding == "native" or not stored:
        return None
    bits: int = description.options["bits_allocated"]
    return round(samples * bits / 8 / stored, 2)


def is_no_image(src: "Readable") -> bool:
    """Tell whether `src` has nothing to decode: not DICOM, unless its name says so, or a data set without pixel data.

    Raises
    ------
    OSError
        `src` cannot be read.

    """
    with _recorded():
        try:
            parse(src, {})
        except MissingElementError:
            path = os.fsdecode(src) if isinstance(src, str | os.PathLike) else ""
            return not is_named_dicom(path) or may_be_dicom(path)
        except PixelDataError:
            return False
    return False
