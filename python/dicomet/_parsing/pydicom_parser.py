"""Parsing by pydicom: of a data set that the caller has read, or of a file that the scanner does not take.

The only module that looks into a data set. It imports pydicom, so that other modules import it only when they need it.
"""

import copy
import io
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, BinaryIO, cast

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import _read_file_meta_info, dcmread, read_preamble
from pydicom.pixels.utils import as_pixel_options
from pydicom.uid import UID

from dicomet._native import Source
from dicomet._parsing.code_string import term_of
from dicomet._parsing.decode_options import DecodeOptions
from dicomet._parsing.dicom_file import HEAD, is_plausible, not_dicom
from dicomet._parsing.elements_before_pixel_data import (
    IMAGE_PIXEL_TAGS,
    UNDEFINED_LENGTH,
    ValueLocations,
    no_pixel_data,
    read_element_header,
    read_up_to_pixel_data,
)
from dicomet._parsing.header import Header
from dicomet._parsing.parsed import KEYWORDS, Parsed
from dicomet._parsing.parser_errors import as_pixel_data_error
from dicomet._parsing.source import PARSER_LIMIT, as_file, source_of_file
from dicomet._parsing.tags import (
    EXTENDED_OFFSET_TABLE,
    EXTENDED_OFFSET_TABLE_LENGTHS,
    HIGH_BIT,
    NUMBER_OF_FRAMES,
    PHOTOMETRIC_INTERPRETATION,
    PIXEL_DATA_ELEMENTS,
    TRANSFER_SYNTAX_UID,
    label_of,
)
from dicomet._parsing.transfer_syntax import check_not_referenced, is_deflated
from dicomet._utils.warn import warn
from dicomet.errors import MissingElementError, PixelDataError, short_repr


def parse_dataset(dataset: Dataset, overrides: Mapping[str, Any], options: DecodeOptions) -> Parsed:
    """Return the description and the pixel data of `dataset`, which the caller has read."""
    with as_pixel_data_error():
        transfer_syntax = (getattr(dataset, "file_meta", None) or {}).get("TransferSyntaxUID", None)
        is_named = bool(transfer_syntax)
    if not is_named:
        raise MissingElementError(
            f"Unable to decode the pixel data as the dataset's 'file_meta' has no {TRANSFER_SYNTAX_UID.quoted} element",
            element=TRANSFER_SYNTAX_UID.label,
        )
    transfer_syntax = _uid(transfer_syntax)
    check_not_referenced(transfer_syntax)
    found = [tag for tag in KEYWORDS if tag in dataset]
    if not found:
        raise no_pixel_data("The dataset")
    if len(found) > 1:
        raise MissingElementError(
            "One and only one of 'Pixel Data', 'Float Pixel Data' or 'Double Float Pixel Data' may be present in the "
            "dataset"
        )
    with as_pixel_data_error():
        element = dataset[found[0]]
        value = _dataset_value(element.value, KEYWORDS[found[0]])
        undefined_length = bool(getattr(element, "is_undefined_length", False))
    return Parsed(
        attributes=_attributes(dataset, overrides),
        options=options,
        transfer_syntax=str(transfer_syntax),
        keyword=KEYWORDS[found[0]],
        vr=element.VR,
        value=value,
        undefined_length=undefined_length,
        dataset=dataset,
        is_dataset=True,
    )


def described_by(dataset: Dataset) -> tuple[dict[str, Any], str | None, list[tuple[str, str]]]:
    """Return what `dataset`, which may have no pixel data, says about its frames.

    These are the attributes, the transfer syntax (None if it has none), and keyword and VR of each pixel data element.
    """
    with as_pixel_data_error():
        transfer_syntax = (getattr(dataset, "file_meta", None) or {}).get("TransferSyntaxUID", None)
        elements = [(keyword, dataset[tag].VR) for tag, keyword in KEYWORDS.items() if tag in dataset]
    return _attributes(dataset, {"number_of_frames": 1}), transfer_syntax, elements


def _dataset_value(value: Any, keyword: str) -> Source:
    if isinstance(value, bytes | bytearray | memoryview):
        return Source.from_buffer(value)
    if isinstance(value, io.BufferedIOBase):
        file = cast("BinaryIO", value)
        source = source_of_file(file)
        return source.part(file.tell(), source.length)
    found = "no value" if value is None else type(value).__name__
    label = PIXEL_DATA_ELEMENTS[keyword].label
    raise PixelDataError(f"{label}: found {found}, expected bytes", element=label)


def _uid(value: Any) -> UID:
    if isinstance(value, str):
        return UID(value)
    found = f"{TRANSFER_SYNTAX_UID.label}: found {short_repr(value)}, expected one UID"
    raise PixelDataError(found, element=TRANSFER_SYNTAX_UID.label)


def parse_header(
    source: Source, overrides: Mapping[str, Any], specific_tags: Iterable[int] | None
) -> tuple[Source, Header]:
    """Parse the header of a file by pydicom.

    Return also the source that the offsets refer to: for a deflated file, the inflated one.
    """
    if not overrides.get("transfer_syntax_uid"):
        _check_is_dicom(source)
    file = as_file(source)
    with as_pixel_data_error():
        read_preamble(file, force=True)
        file_meta = _read_file_meta_info(file)
    transfer_syntax = _transfer_syntax(file_meta, overrides)
    check_not_referenced(transfer_syntax)
    if is_deflated(transfer_syntax):
        source = source.deflate_stream(file.tell())
        file = as_file(source)
    return source, _read_header(source, file, file_meta, transfer_syntax, overrides, specific_tags)


def read_elements(source: Source, tags: Iterable[int], locations: ValueLocations | None = None) -> Dataset:
    """Return the elements `tags` of a file, with the File Meta Information, without a check of the image description.

    Set the `locations` of other sequences.

    Raises
    ------
    PixelDataError
        The source is not a DICOM file, or pydicom's parser fails before the pixel data.

    """
    _check_is_dicom(source)
    file = as_file(source)
    with as_pixel_data_error():
        read_preamble(file, force=True)
        file_meta = _read_file_meta_info(file)
        if not file_meta.get("TransferSyntaxUID", None):
            # pydicom guesses the encoding, but never a deflated one.
            beginning = io.BytesIO(source.read(0, PARSER_LIMIT))
            return dcmread(beginning, force=True, stop_before_pixels=True, specific_tags=list(tags))
    transfer_syntax = _transfer_syntax(file_meta, {})
    if is_deflated(transfer_syntax):
        source = source.deflate_stream(file.tell())
        file = as_file(source)
    return read_up_to_pixel_data(source, file, file_meta, transfer_syntax, tags, locations)


def _check_is_dicom(source: Source) -> None:
    """Raise if the first bytes are not those of a DICOM file, and name the format that they look like."""
    head = bytes(source.read(0, HEAD))
    if not is_plausible(head):
        raise MissingElementError(not_dicom(head), element=TRANSFER_SYNTAX_UID.label)


def _transfer_syntax(file_meta: FileMetaDataset, overrides: Mapping[str, Any]) -> UID:
    with as_pixel_data_error():
        named = overrides.get("transfer_syntax_uid") or file_meta.get("TransferSyntaxUID", None)
    if not named:
        raise MissingElementError(
            f"no {TRANSFER_SYNTAX_UID.label}, which every DICOM file has; of a data set alone, "
            "'transfer_syntax_uid' is required",
            element=TRANSFER_SYNTAX_UID.label,
        )
    return _uid(named)


def _read_header(  # noqa: PLR0913, PLR0917 - the results of the steps before
    source: Source,
    file: BinaryIO,
    file_meta: FileMetaDataset,
    transfer_syntax: UID,
    overrides: Mapping[str, Any],
    specific_tags: Iterable[int] | None,
) -> Header:
    """Read the data set up to the pixel data by pydicom, then the header of the pixel data element."""
    dataset = read_up_to_pixel_data(source, file, file_meta, transfer_syntax, specific_tags)
    tag, vr, length = read_element_header(file, dataset, transfer_syntax, source.length)
    return Header(
        attributes=_attributes(dataset, overrides),
        transfer_syntax=str(transfer_syntax),
        tag=tag,
        vr=vr,
        offset=file.tell(),
        length=None if length == UNDEFINED_LENGTH else length,
        dataset=dataset,
    )


def _attributes(dataset: Dataset, overrides: Mapping[str, Any]) -> dict[str, Any]:
    with as_pixel_data_error():
        try:
            merged = as_pixel_options(_without_half_a_table(dataset), **overrides)
        except Exception:
            _check_elements(dataset)
            raise
    term = merged.get("photometric_interpretation")
    if isinstance(term, str) and term.startswith(" "):
        merged["photometric_interpretation"] = term_of(term, PHOTOMETRIC_INTERPRETATION.label)
    if HIGH_BIT in dataset and "high_bit" not in merged:
        # High Bit does not change the samples, so that an unreadable one is ignored.
        with suppress(Exception):
            merged["high_bit"] = dataset[HIGH_BIT].value
    return merged


def _check_elements(dataset: Dataset) -> None:
    """Raise an error that names the first unreadable element of the image; pydicom's error has only the value."""
    for tag in sorted(IMAGE_PIXEL_TAGS & dataset.keys()):
        try:
            value = dataset[tag].value
            if tag == NUMBER_OF_FRAMES and value is not None:
                int(value)
        except (MemoryError, Warning):
            raise
        except Exception as error:
            raw = dataset.get_item(tag).value
            found = short_repr(raw.decode("latin-1") if isinstance(raw, bytes) else raw)
            element = label_of(tag)
            message = f"{element}: found {found}, expected a value of VR {dictionary_VR(tag)}"
            raise PixelDataError(message, element=element) from error


def _without_half_a_table(dataset: Dataset) -> Dataset:
    """Return `dataset` without an Extended Offset Table that has no lengths (PS3.3 C.7.6.3.1.8), with a warning."""
    if EXTENDED_OFFSET_TABLE not in dataset or EXTENDED_OFFSET_TABLE_LENGTHS in dataset:
        return dataset
    warn(
        f"{EXTENDED_OFFSET_TABLE.label}: found no {EXTENDED_OFFSET_TABLE_LENGTHS.label}, expected both; the table is "
        "not used"
    )
    found = copy.copy(dataset)
    del found[EXTENDED_OFFSET_TABLE]
    return found
