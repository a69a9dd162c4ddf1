"""`describe`: the properties of an image, without decoding it, and without anything that identifies the patient."""

import contextlib
import math
import os
import sys
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.uid import UID

from dicomet._decoding.description import ImageDescription
from dicomet._decoding.frame_reader import FrameReader
from dicomet._decoding.pixel_matrix import PixelMatrix
from dicomet._decoding.plugins import installed, missing_plugin, missing_plugin_for
from dicomet._native import find_delimiter
from dicomet._parsing.dicom_file import is_named_dicom, may_be_dicom
from dicomet._parsing.element_reader import OVERLAY, PER_FRAME, SHARED, TABLES, ElementReader, tag_of
from dicomet._parsing.limits import ReadLimits
from dicomet._parsing.parse import is_dataset, parse
from dicomet._parsing.parsed import Parsed
from dicomet._parsing.pydicom_parser import read_elements
from dicomet._parsing.slide_elements import SlideElements, read_slide_elements
from dicomet._parsing.source import open_source
from dicomet._parsing.tags import OVERLAY_GROUPS, PIXEL_DATA, in_group
from dicomet._parsing.transfer_syntax import TERMS, is_deflated, name_of
from dicomet._utils.redact import redact
from dicomet.display.api import display_options
from dicomet.display.reader import DisplayReader
from dicomet.display.voi_selection import WindowArguments
from dicomet.errors import MissingElementError, PixelDataError, one_line, with_filename

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomet._parsing.source import Readable

# The only elements of a data set that are reported: none of them identifies a patient (PS3.15 E.1).
ELEMENTS = (
    *("SOPClassUID", "Modality", "BurnedInAnnotation"),
    *("SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
    *("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"),
    *("RescaleIntercept", "RescaleSlope", "RescaleType"),
    *("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction"),
    *("PresentationLUTShape", "PixelPresentation"),
    "RedPaletteColorLookupTableDescriptor",
    *("DoseGridScaling", "DoseUnits"),
    *("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio"),
)
PROFILES = ("ICCProfile", "OpticalPathSequence")


def describe(src: "Readable | Dataset") -> dict[str, Any]:
    """Return the properties of an image as a dict, without decoding it, ready for `json.dumps`.

    Nothing in the result identifies the patient: no name, ID or dates, no free text except the names of windows, lookup
    tables, mappings and overlays, and no UID except those of the SOP Class and the transfer syntax. The file is named
    as `src` names it. The call records the warnings of the whole process while it runs, so that only one thread may
    call it at a time.

    Parameters
    ----------
    src : path, binary file object, bytes-like or pydicom.dataset.Dataset
        As for `pixel_array`. Its pixel data is not decoded; of encapsulated pixel data (PS3.5 A.4), only the item
        headers and the header of the first frame are read.

    Returns
    -------
    dict
        The keys are always the same. Keys in CamelCase are keywords of PS3.6, with the value of the element, or None
        if it is missing; windows are always lists, and a sequence of lookup tables or of mappings to real world values
        is a list with a dict for each item, in which ``unit`` is the code of a mapping's unit, or else its meaning, and
        ``table_entries`` the number of values of its table, or None.
        Elements in the functional groups of an enhanced image (PS3.3 C.7.6.16.2) are reported like those at the top
        level. The other keys are:

        ``overlays``: a list with a dict for each overlay, with its ``group`` and elements, or None.
        ``icc_profile_bytes``: the length of the ICC Profile of the image or of its first optical path, or None.
        ``file``: the path, or None. ``sop_class``, ``transfer_syntax``: names. ``decoded_by``: ``["dicomet"]``, or the
        names of pydicom's installed plugins for the transfer syntax, or for the kind of JPEG that the header of the
        first frame shows (arithmetic coding, the hierarchical mode). ``missing_plugin``: how to install a plugin if
        none is installed. ``colors``: the meaning of the samples of the first frame by the color rule (``"gray"``,
        ``"palette index"``, ``"RGB"``, ``"YCbCr"``, ``"YCbCr of partial range"``, ``"not known"``);
        ``colors_decided_by``: the part of the codestream or the data set that decides this; ``subsampled``: whether
        the codestream has fewer samples of some components. A contradiction between data set and codestream is among
        the warnings. ``array_shape``, ``array_dtype``, ``array_bytes``: those of the result of `pixel_array`.
        ``pixel_matrix``: of a tiled image (`OpenImage.pixel_matrix`), a dict with the numbers ``rows``, ``columns``,
        ``tile_rows``, ``tile_columns``, ``grid_rows`` and ``grid_columns`` (the tiles that cover the matrix),
        ``optical_paths`` and ``focal_planes``; otherwise None. ``pixel_data_bytes``: the length of the stored value.
        ``compression_ratio``: the size of the samples in native form divided by ``pixel_data_bytes``; None in native
        form. ``of_first_frame``: those of the keywords above whose value is that of the first frame, and may differ for
        other frames. ``warnings``: a list of messages, among them the elements of the first frame that `to_display`
        ignores, or the reason why it cannot show the frame. ``error``: the reason why `pixel_array` will raise, as far
        as it is known, or None.

    Raises
    ------
    TypeError
        `src` is not a supported source.

    """
    info: dict[str, Any] = {"file": os.fspath(src) if isinstance(src, str | os.PathLike) else None}
    with _warnings_recorded() as messages:
        try:
            opened = src if is_dataset(src) else open_source(src)
            slide = _slide_elements(opened, messages)
            elements = _add_elements(opened, messages, is_slide=slide is not None)
            array = _add_array(opened)
            if array["error"] is None:
                _check_view(opened, messages, is_slide=slide is not None)
                array["pixel_matrix"] = None if slide is None else _pixel_matrix(opened, slide, messages)
        except OSError as error:
            elements, array = _nothing(), _no_array(error.strerror or str(error))
        except PixelDataError as error:
            elements, array = _nothing(), _no_array(str(error))
    info.update(elements)
    info.update(array)
    why = info.pop("error")
    info["warnings"] = list(dict.fromkeys(redact(message, TERMS) for message in messages if message != why))
    info["error"] = why and redact(why, TERMS)
    return info


def undescribed(file: str, error: str) -> dict[str, Any]:
    """Return the description of a path that cannot be read: the keys of `describe`, with `error`."""
    return {"file": file, **_nothing(), "warnings": [], **_no_array(error)}


@contextlib.contextmanager
def _warnings_recorded() -> Iterator[list[str]]:
    """Collect the messages of warnings instead of showing them."""
    messages: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield messages
        finally:
            messages.extend(one_line(str(warning.message)) for warning in caught)


def _nothing() -> dict[str, Any]:
    return {
        "sop_class": None,
        "TransferSyntaxUID": None,
        "transfer_syntax": None,
        **dict.fromkeys((*ELEMENTS, *TABLES, "overlays", "icc_profile_bytes")),
        "of_first_frame": [],
    }


def _no_array(error: str | None) -> dict[str, Any]:
    names = (
        "decoded_by",
        "missing_plugin",
        "colors",
        "colors_decided_by",
        "subsampled",
        "array_shape",
        "array_dtype",
        "array_bytes",
        "pixel_matrix",
    )
    return {**dict.fromkeys((*names, "pixel_data_bytes", "compression_ratio")), "error": error}


def _add_elements(src: Any, messages: list[str], *, is_slide: bool) -> dict[str, Any]:
    """Return the elements of `src`, and add to `messages` which of them cannot be read.

    Of a slide, whose functional groups may have 100,000 items, without those of each frame.
    """
    info = _nothing()
    try:
        dataset = src if is_dataset(src) else read_elements(src, _tags(is_slide=is_slide))
    except PixelDataError as error:
        messages.append(str(error))
        return info
    reader = ElementReader(dataset, messages)
    info.update({keyword: reader.value(keyword) for keyword in ELEMENTS})
    info.update({keyword: reader.tables(keyword) for keyword in TABLES})
    info["overlays"] = reader.overlays()
    info["icc_profile_bytes"] = _profile_bytes(reader, messages)
    info["of_first_frame"] = reader.of_first_frame
    meta = ElementReader(getattr(dataset, "file_meta", None) or {}, messages)
    info["TransferSyntaxUID"] = meta.own("TransferSyntaxUID")
    uid = info["TransferSyntaxUID"]
    info["transfer_syntax"] = name_of(uid) if isinstance(uid, str) else None
    info["SOPClassUID"] = info["SOPClassUID"] or meta.own("MediaStorageSOPClassUID")
    info["sop_class"] = _name(info["SOPClassUID"])
    return info


def _tags(*, is_slide: bool) -> list[int]:
    groups = (SHARED,) if is_slide else (SHARED, PER_FRAME)
    keywords = (*ELEMENTS, *TABLES, *groups, *PROFILES)
    return [*map(tag_of, keywords), *(in_group(tag, group) for group in OVERLAY_GROUPS for tag in OVERLAY)]


def _profile_bytes(reader: ElementReader, messages: list[str]) -> int | None:
    """Return the length of the ICC Profile of the image, or of its first optical path (PS3.3 C.11.15, C.8.12.5)."""
    profile, paths = PROFILES
    of_paths = [ElementReader(path, messages) for path in reader.items(paths)[:1]]
    return next((length for each in (reader, *of_paths) if (length := each.length(profile))), None)


def _name(uid: Any) -> str | None:
    return UID(uid).name if isinstance(uid, str) else None


def _add_array(src: Any) -> dict[str, Any]:
    """Return the properties of the result of `pixel_array`, as far as they are known without decoding."""
    info = _no_array(None)
    try:
        parsed = parse(src, {})
        info["pixel_data_bytes"] = _stored_bytes(parsed)
        # Nothing is allocated, so that no limit applies.
        frames = FrameReader(parsed, ReadLimits(max_bytes=sys.maxsize))
        info.update(_decoder_of_syntax(frames.description))
        shape = _shape(frames)
        info.update(_decoder_of_frame(frames))
        color = frames.first_color()
        info.update(colors=color.components.value, colors_decided_by=color.reason, subsampled=color.subsampled)
    except PixelDataError as error:
        info["error"] = str(error)
        return info
    size = math.prod(shape) * frames.dtype.itemsize
    info.update(array_shape=list(shape), array_dtype=frames.dtype.name, array_bytes=size)
    info["compression_ratio"] = _ratio(frames.description, math.prod(shape), info["pixel_data_bytes"])
    return info


def _check_view(src: Any, messages: list[str], *, is_slide: bool) -> None:
    """Add to `messages` why `to_display` cannot show the first frame; it warns itself of elements that it ignores."""
    try:
        frames = DisplayReader(src, {}, ReadLimits(max_bytes=sys.maxsize), frames_vary=not is_slide)
        frames.check_view(0, display_options(WindowArguments(), np.uint8))
    except PixelDataError as error:
        messages.append(str(error))


def _slide_elements(src: Any, messages: list[str]) -> SlideElements | None:
    """Return the elements of a tiled image; None if the image is not tiled, or with a message if they are damaged."""
    try:
        return read_slide_elements(src)
    except MissingElementError:
        return None
    except PixelDataError as error:
        messages.append(str(error))
        return None


def _pixel_matrix(src: Any, elements: SlideElements, messages: list[str]) -> dict[str, int] | None:
    """Return the size of the total pixel matrix; None, with a message, if its description is damaged."""
    try:
        frames = FrameReader(parse(src, {}), ReadLimits(max_bytes=sys.maxsize))
        matrix = PixelMatrix(frames, elements, with_filename(src))
    except PixelDataError as error:
        messages.append(str(error))
        return None
    names = ("rows", "columns", "tile_rows", "tile_columns", "grid_rows", "grid_columns")
    numbers = (*matrix.shape[:2], *matrix.tile_shape, *matrix.grid_shape)
    planes = {"optical_paths": len(matrix.optical_paths), "focal_planes": len(matrix.focal_planes)}
    return dict(zip(names, numbers, strict=True)) | planes


def _stored_bytes(parsed: Parsed) -> int | None:
    """Return the length of the stored value; None if only inflating it would give the length."""
    if not parsed.undefined_length or parsed.is_dataset:
        return parsed.value.length
    if is_deflated(parsed.transfer_syntax):
        return None
    end = find_delimiter(parsed.value, tag=PIXEL_DATA, vr="OB", value=0, big_endian=False)
    return parsed.value.length if end is None else end


def _decoder_of_frame(frames: FrameReader) -> dict[str, Any]:
    """Return the decoder where the header of the first frame rules out that of the transfer syntax."""
    unsupported, transfer_syntax = frames.first_unsupported(), frames.description.transfer_syntax
    if unsupported is None or not frames.description.codec.is_built_in:
        return {}
    plugins = installed(transfer_syntax, unsupported)
    missing = None if plugins else missing_plugin_for(unsupported, transfer_syntax)
    return {"decoded_by": plugins or None, "missing_plugin": missing}


def _decoder_of_syntax(description: ImageDescription) -> dict[str, Any]:
    if description.codec.is_built_in:
        return {"decoded_by": ["dicomet"]}
    plugins = installed(description.transfer_syntax)
    if plugins:
        return {"decoded_by": plugins}
    return {"missing_plugin": missing_plugin(description.transfer_syntax).removeprefix(f"{PIXEL_DATA.label}: ")}


def _shape(frames: FrameReader) -> tuple[int, ...]:
    """Return the shape of the array; raise if a check that needs no decoding fails."""
    if is_deflated(frames.description.transfer_syntax):
        # Counting the frames would inflate the value.
        count = frames.description.image.number_of_frames
        return (count, *frames.frame_shape) if count > 1 else frames.frame_shape
    _, count, shape = frames.select_frames(None)
    frames.check(0, count)
    return shape


def _ratio(description: ImageDescription, samples: int, stored: int | None) -> float | None:
    if not description.codec.is_encapsulated or not stored:
        return None
    return round(samples * description.image.bits_allocated / 8 / stored, 2)


def is_no_image(src: "Readable") -> bool:
    """Return whether `src` has nothing to decode: a data set without pixel data, or not DICOM unless its name says so.

    Raises
    ------
    OSError
        `src` cannot be read.

    """
    with _warnings_recorded():
        try:
            parse(src, {})
        except MissingElementError:
            name = os.fsdecode(src) if isinstance(src, str | os.PathLike) else None
            return name is None or not is_named_dicom(name) or may_be_dicom(name)
        except PixelDataError:
            return False
    return False
